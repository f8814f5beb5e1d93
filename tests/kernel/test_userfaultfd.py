"""userfaultfd(2): registered ranges, supplied pages, faults that are told."""
from __future__ import annotations

from struct import pack, unpack

import pytest
from machine import BAD, DATA, Machine

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel.userfaultfd import UserfaultFile, page_fault
from tracer.memory.vma import PROT_READ, PROT_WRITE, Vma

AREA, PAGE, NONBLOCK = 0x400000, 4096, 0o4000
API, REGISTER, UNREGISTER, WAKE, COPY, ZEROPAGE = (
    0xC018AA3F, 0xC020AA00, 0x8010AA01, 0x8010AA02, 0xC028AA03, 0xC020AA04)


class Uffd(Machine):
    """A machine with a userfaultfd for three pages that do not exist yet."""

    def __init__(self) -> None:
        super().__init__()
        fd = self.call("userfaultfd", NONBLOCK)
        file = self.task.files.get(fd)
        assert isinstance(file, UserfaultFile)
        self.file = file
        self.space = self.task.mem
        self.space.insert(Vma(AREA, AREA + 3 * PAGE, PROT_READ | PROT_WRITE))

    def ask(self, request: int, *words: int) -> int:
        self.arg = self.put(pack(f"<{len(words)}Q", *words))
        return self.finish_ioctl(request, self.arg)

    def finish_ioctl(self, request: int, arg: int) -> int:
        try:
            return self.file.ioctl(self.task, request, arg)
        except LinuxError as error:
            return -error.errno

    def ready(self) -> None:
        assert self.ask(API, 0xAA, 0, 0) == 0
        assert self.ask(REGISTER, AREA, 3 * PAGE, 1, 0) == 0


def test_the_api_comes_first() -> None:
    m = Uffd()
    assert m.ask(REGISTER, AREA, PAGE, 1, 0) == -E.EINVAL
    assert m.ask(API, 0xAB, 0, 0) == -E.EINVAL
    assert m.ask(API, 0xAA, 0, 0) == 0
    assert m.word(m.arg + 16, 8) == 1 << 63 | 3
    assert m.ask(API, 0xAA, 0, 0) == -E.EINVAL
    assert m.finish_ioctl(REGISTER, BAD) == -E.EFAULT


@pytest.mark.parametrize("start, length, mode", (
    (AREA + 1, PAGE, 1), (AREA, 0, 1), (AREA, PAGE, 0), (AREA, PAGE, 2), (1 << 50, PAGE, 1)))
def test_ranges_that_are_refused(start: int, length: int, mode: int) -> None:
    m = Uffd()
    m.ask(API, 0xAA, 0, 0)
    assert m.ask(REGISTER, start, length, mode, 0) == -E.EINVAL


def test_pages_are_supplied_once() -> None:
    m = Uffd()
    m.ready()
    with pytest.raises(Fault):
        m.space.read(AREA, 1)
    m.space.write(DATA + 2 * PAGE, b"x" * PAGE)
    assert m.ask(COPY, AREA, DATA + 2 * PAGE, PAGE, 0, 0) == 0
    assert m.word(m.arg + 32, 8) == PAGE
    assert m.space.read(AREA, 3) == b"xxx"
    m.space.write(AREA, b"y")
    assert m.ask(COPY, AREA, DATA, PAGE, 0, 0) == -E.EEXIST
    assert m.ask(ZEROPAGE, AREA + PAGE, PAGE, 0, 0) == 0
    assert m.space.read(AREA + PAGE, 2) == b"\0\0"
    assert m.ask(COPY, DATA, DATA, PAGE, 0, 0) == -E.ENOENT
    assert m.ask(UNREGISTER, AREA, 3 * PAGE) == 0
    assert m.space.read(AREA + 2 * PAGE, 1) == b"\0"


def test_faults_are_told_and_woken() -> None:
    m = Uffd()
    m.ready()
    wait = page_fault(m.task, AREA + 5, 2)
    assert wait is not None
    woken: list[bool] = []
    wait.queues[0].add(lambda: woken.append(True))
    view = memoryview(bytearray(32))
    assert m.file.read([view]) == 32
    assert unpack("<B7xQQI4x", view) == (0x12, 1, AREA, 0)
    assert m.ask(WAKE, AREA + PAGE, PAGE) == 0 and not woken
    assert m.ask(ZEROPAGE, AREA, PAGE, 0, 0) == 0 and woken


def test_who_may() -> None:
    m = Uffd()
    assert m.call("userfaultfd", 1 << 20) == -E.EINVAL
    m.task.creds.effective = 0
    assert m.call("userfaultfd", 0) == -E.EPERM
    assert m.call("userfaultfd", 1) > 0


def test_a_child_does_not_inherit_it() -> None:
    m = Uffd()
    m.ready()
    assert m.fork(1001).mem.read(AREA, 1) == b"\0"
