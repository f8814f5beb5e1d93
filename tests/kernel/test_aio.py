"""Asynchronous I/O: contexts, requests, their results in the ring."""
from __future__ import annotations

from struct import pack, unpack

import pytest
from machine import BAD, SECOND, Machine

from sysnames import errno as E
from tracer.kernel.pseudo import pseudo
from tracer.vfs.base import O_RDWR
from tracer.vfs.eventfd import EventFile

ABIS = ("x86_64", "i386", "arm", "aarch64")
PREAD, PWRITE, POLL, RESFD = 0, 1, 5, 1


class Aio(Machine):
    """A machine with descriptor 3, a counter, and a context."""

    def __init__(self, abi: str = "x86_64") -> None:
        super().__init__(abi)
        self.counter = self.eventfd()
        where = self.put(bytes(self.abi.word))
        assert self.call("io_setup", 2, where) == 0
        self.context = self.word(where, self.abi.word)

    def eventfd(self) -> EventFile:
        file = EventFile(pseudo(self.kernel).anon, 0, O_RDWR)
        self.task.files.put(self.task.files.lowest(3, 64), file)
        return file

    def iocb(self, opcode: int, fd: int, buf: int, size: int, data: int = 7, flags: int = 0,
             resfd: int = 0) -> int:
        return self.put(pack("<QIIHhIQQqQII", data, 9, 0, opcode, 0, fd, buf, size, 0, 0, flags,
                             resfd))

    def submit(self, *iocbs: int) -> int:
        word = self.abi.word
        where = self.put(b"".join(i.to_bytes(word, "little") for i in iocbs))
        return self.call("io_submit", self.context, len(iocbs), where)

    def events(self, least: int = 0, timeout: int = 0) -> list[tuple[int, ...]]:
        where = self.room(64)
        count = self.call("io_getevents", self.context, least, 2, where, timeout)
        return [unpack("<QQqq", self.task.mem.read(where + 32 * i, 32)) for i in range(count)]


@pytest.mark.parametrize("abi", ABIS)
def test_requests_end_in_the_ring(abi: str) -> None:
    m = Aio(abi)
    m.task.handlers.actions.clear()
    write = m.iocb(PWRITE, 3, m.put(pack("<Q", 5)), 8, data=1)
    buffer = m.room(8)
    read = m.iocb(PREAD, 3, buffer, 8, data=2)
    assert m.submit(write, read) == 2
    assert m.word(read + 8) == 0                        # the key the kernel gives
    head, tail, magic = (m.word(m.context + at) for at in (8, 12, 16))
    assert (tail - head, magic) == (2, 0xA10A10A1)
    assert m.events() == [(1, write, 8, 0), (2, read, 8, 0)]
    assert m.word(buffer, 8) == 5
    assert m.events() == []


def test_errors_of_a_request_and_of_a_submission() -> None:
    m = Aio()
    assert m.submit(m.iocb(PREAD, 3, m.room(8), 4)) == 1       # too short for a counter
    assert [e[2] for e in m.events()] == [-E.EINVAL]
    assert m.submit(m.iocb(PREAD, 9, m.room(8), 8)) == -E.EBADF
    assert m.submit(m.iocb(42, 3, 0, 0)) == -E.EINVAL
    good = m.iocb(PWRITE, 3, m.put(pack("<Q", 1)), 8)
    assert m.submit(good, BAD) == 1
    assert m.call("io_submit", m.context, -1, 0) == -E.EINVAL
    assert m.call("io_submit", m.context, 1, BAD) == -E.EFAULT
    assert m.call("io_submit", m.context + 1, 1, BAD) == -E.EINVAL


def test_a_poll_waits_and_tells_its_counter() -> None:
    m = Aio()
    told = m.eventfd()
    iocb = m.iocb(POLL, 3, 1, 0, flags=RESFD, resfd=4)
    assert m.submit(iocb) == 1 and m.events() == []
    m.counter.signal()
    assert told.count == 1
    assert m.events() == [(7, iocb, 1, 0)]


def test_waiting_and_cancelling() -> None:
    m = Aio()
    before = m.kernel.clock.monotonic()
    assert m.events(1, m.pack("timespec", 3, 0)) == []
    assert m.kernel.clock.monotonic() - before == 3 * SECOND
    iocb = m.iocb(POLL, 3, 1, 0)
    m.submit(iocb)
    assert m.call("io_cancel", m.context, iocb, 0) == -E.EINPROGRESS
    assert m.events() == [(7, iocb, 0, 0)]
    assert m.call("io_cancel", m.context, iocb, 0) == -E.EINVAL


def test_setup_and_destroy() -> None:
    m = Aio()
    zero = m.put(bytes(8))
    assert m.call("io_setup", 1, BAD) == -E.EFAULT
    assert m.call("io_setup", 0, zero) == -E.EINVAL
    assert m.call("io_setup", 1, m.put(pack("<Q", 1))) == -E.EINVAL
    assert m.call("io_setup", 1 << 20, zero) == -E.EAGAIN
    assert m.call("io_setup", 1 << 30, zero) == -E.EINVAL
    assert m.call("io_destroy", m.context) == 0
    assert m.call("io_destroy", m.context) == -E.EINVAL
    assert m.call("io_getevents", m.context, 0, 1, zero, 0) == -E.EINVAL
