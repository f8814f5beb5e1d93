"""ptrace(2): who may trace, stops and their reports, memory, registers, what a tracer is told."""
from __future__ import annotations

from struct import pack, unpack
from typing import Any

import pytest
from machine import BAD, DATA, READONLY, Machine

from sysnames import errno as E
from tracer.abi import userregs
from tracer.errors import Fault
from tracer.kernel import ptrace as tracing
from tracer.kernel.task import BLOCKED, RUNNABLE, Task

ABIS = ("x86_64", "i386", "arm", "aarch64")
TRACEME, PEEKDATA, POKEDATA, CONT, KILL, GETREGS, SETREGS, ATTACH, DETACH, SYSCALL = (
    0, 2, 5, 7, 8, 12, 13, 16, 17, 24)
SETOPTIONS, GETEVENTMSG, GETSIGINFO, SETSIGINFO, GETREGSET, SETREGSET, SEIZE, INTERRUPT = range(
    0x4200, 0x4208)
PEEKSIGINFO, GETSIGMASK, SETSIGMASK, SYSCALL_INFO = 0x4209, 0x420A, 0x420B, 0x420E
SIGUSR1, SIGSTOP, SIGTRAP = 10, 19, 5


class Traced(Machine):
    """A machine with a child that is traced, stopped by a signal."""

    def __init__(self, abi: str = "x86_64") -> None:
        super().__init__(abi)
        self.task.traced = False
        self.child = self.fork(1001)
        self.child.traced = False
        self.child.mem.write(DATA, b"in the child")

    def ask(self, request: int, address: int = 0, data: int = 0) -> int:
        return self.call("ptrace", request, 1001, address, data)

    def stop(self, kind: str = "signal", code: int = SIGUSR1) -> None:
        info = {"signo": code & 0x7F, "code": 0, "pid": 1, "uid": 0}
        tracing.park(self.child, tracing.stop(self.child, kind, code, info))

    def wait(self) -> tuple[int, int]:
        where = self.room(4)
        return self.call("wait4", -1, where, 1, 0), self.word(where)


def traced(abi: str = "x86_64") -> Traced:
    m = Traced(abi)
    assert m.call("ptrace", TRACEME, 0, 0, 0, task=m.child) == 0
    m.stop()
    return m


def test_who_may_trace() -> None:
    m = Traced()
    assert m.ask(CONT) == -E.ESRCH
    assert m.call("ptrace", ATTACH, 1000, 0, 0) == -E.EPERM         # itself
    assert m.call("ptrace", ATTACH, 77, 0, 0) == -E.ESRCH
    assert m.ask(SEIZE, 1) == -E.EIO and m.ask(SEIZE, 0, 1 << 40) == -E.EIO
    assert m.ask(ATTACH) == 0
    assert [i["signo"] for i in m.child.pending.queue] == [SIGSTOP]
    assert m.ask(ATTACH) == -E.EPERM                                # already
    assert m.call("ptrace", TRACEME, 0, 0, 0, task=m.child) == -E.EPERM
    assert m.call("ptrace", TRACEME, 0, 0, 0) == -E.EPERM           # its parent is outside


def test_a_stop_is_reported_once_and_left() -> None:
    m = traced()
    assert m.child.state == BLOCKED
    assert m.wait() == (1001, SIGUSR1 << 8 | 0x7F)
    assert m.wait()[0] == 0
    assert m.ask(CONT, 0, 65) == -E.EIO
    assert m.ask(CONT, 0, SIGUSR1) == 0
    assert m.child.state == RUNNABLE and m.child.ptrace is not None
    assert m.child.ptrace.injected is not None
    assert m.ask(CONT) == -E.ESRCH                                  # it runs


def test_detaching_delivers_the_signal() -> None:
    m = traced()
    assert m.ask(DETACH, 0, 12) == 0
    assert m.child.ptrace is None and m.process.tracees == []
    assert [i["signo"] for i in m.child.pending.queue] == [12]


def test_memory() -> None:
    m = traced()
    where = m.room(8)
    assert m.ask(PEEKDATA, DATA, where) == 0
    assert m.task.mem.read(where, 8) == b"in the c"
    assert m.ask(PEEKDATA, BAD, where) == -E.EIO
    assert m.ask(PEEKDATA, DATA, BAD) == -E.EFAULT
    assert m.ask(POKEDATA, READONLY, 0x1234) == 0                   # copied all the same
    assert m.child.mem.read_int(READONLY, 8) == 0x1234
    assert m.task.mem.read_int(READONLY, 8) == 0
    with pytest.raises(Fault):
        m.child.mem.write(READONLY, b"x")


@pytest.mark.parametrize("abi", ABIS)
def test_registers(abi: str) -> None:
    m = traced(abi)
    word = m.abi.word
    size = len(m.abi.USER_REGS) * word
    buffer = m.room(size)
    vector = m.put(buffer.to_bytes(word, "little") + (size + word).to_bytes(word, "little"))
    m.engine[m.abi.USER_REGS[0]] = 77
    assert m.ask(GETREGSET, 1, vector) == 0
    assert m.word(vector + word, word) == size and m.word(buffer, word) == 77
    m.task.mem.write_int(buffer, 78, word)
    m.task.mem.write_int(vector + word, word, word)
    assert m.ask(SETREGSET, 1, vector) == 0
    assert m.engine[m.abi.USER_REGS[0]] == 78
    m.task.mem.write_int(vector + word, word - 1, word)
    assert m.ask(GETREGSET, 1, vector) == -E.EINVAL
    assert m.ask(GETREGSET, 99, vector) == -E.EINVAL
    assert m.ask(GETREGS, 0, buffer) == (0 if m.abi.HAS_GETREGS else -E.EIO)


def test_the_number_of_a_call_is_kept_apart() -> None:
    m = traced()
    trace = m.child.ptrace
    assert trace is not None and tracing.original(m.child) == -1
    m.ask(CONT)
    trace.words = (39, 1, 2, 3, 4, 5, 6)
    m.stop("entry", SIGTRAP | 0x80)
    assert tracing.original(m.child) == 39
    general = bytearray(userregs.general(m.abi, m.engine, 39))  # type: ignore[arg-type]
    general[15 * 8:16 * 8] = pack("<Q", 110)
    assert m.ask(SETREGS, 0, m.put(bytes(general))) == 0
    assert trace.original == 110
    info = m.room(88)
    assert m.ask(SYSCALL_INFO, 88, info) == 80
    assert unpack("<B3xIQQ7Q", m.task.mem.read(info, 80))[4:] == (110, 1, 2, 3, 4, 5, 6)
    assert m.task.mem.read(info, 8) == pack("<B3xI", 1, 0xC000003E)


def test_signals_and_masks() -> None:
    m = traced()
    info = m.room(128)
    assert m.ask(GETSIGINFO, 0, info) == 0 and m.word(info) == SIGUSR1
    m.task.mem.write_int(info, 12, 4)
    assert m.ask(SETSIGINFO, 0, info) == 0
    assert m.child.ptrace is not None and m.child.ptrace.stop is not None
    assert (m.child.ptrace.stop.info or {})["signo"] == 12
    mask = m.put(pack("<Q", 1 << 11 | 1 << 8))
    assert m.ask(SETSIGMASK, 8, mask) == 0 and m.child.mask == 1 << 11      # never SIGKILL
    assert m.ask(GETSIGMASK, 8, mask) == 0 and m.word(mask, 8) == 1 << 11
    assert m.ask(GETSIGMASK, 4, mask) == -E.EINVAL
    pending: list[dict[str, Any]] = [{"signo": n, "code": 0, "pid": 5, "uid": 0} for n in (12, 14)]
    for each in pending:
        m.child.pending.add(each)
    asked = m.put(pack("<QIi", 1, 0, 4))
    assert m.ask(PEEKSIGINFO, asked, m.room(256)) == 1
    assert m.ask(PEEKSIGINFO, m.put(pack("<QIi", 0, 2, 4)), 0) == -E.EINVAL


def test_options_and_events() -> None:
    m = traced()
    assert m.ask(SETOPTIONS, 0, 1 << 30) == -E.EINVAL
    assert m.ask(SETOPTIONS, 0, tracing.O_FORK) == 0
    m.ask(CONT)
    made = Task(m.kernel, 1002, m.process, m.abi, m.task.mem, m.task.files, m.task.fs,
                m.task.creds)
    steps = tracing.cloned(m.child, made, 0, 17)
    tracing.park(m.child, next(steps))
    assert m.wait() == (1001, (SIGTRAP | 1 << 8) << 8 | 0x7F)
    message = m.room(8)
    assert m.ask(GETEVENTMSG, 0, message) == 0 and m.word(message, 8) == 1002
    assert made.ptrace is not None and [i["signo"] for i in made.pending.queue] == [SIGSTOP]
    assert m.ask(INTERRUPT) == -E.EIO                               # not seized


def test_sigkill_ends_a_stop() -> None:
    m = traced()
    assert m.ask(KILL) == 0
    assert m.child.state == RUNNABLE and m.child.ptrace is not None
    assert m.child.ptrace.stop is None
