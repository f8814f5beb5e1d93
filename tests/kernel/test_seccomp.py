"""seccomp(2): filters, what they may have, and what becomes of calls."""
from __future__ import annotations

from struct import pack

import pytest
from machine import BAD, Machine

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import seccomp
from tracer.kernel.seccomp import ALLOW, ERRNO, KILL_PROCESS, TRAP

SET_STRICT, SET_FILTER, AVAILABLE, SIZES = range(4)
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06


def insns(*parts: tuple[int, int, int, int]) -> bytes:
    return b"".join(pack("<HBBI", *part) for part in parts)


def denies(number: int, action: int) -> bytes:
    """A filter that lets all calls through but one."""
    return insns((LOAD, 0, 0, 0), (EQUAL, 0, 1, number), (RETURN, 0, 0, action),
                 (RETURN, 0, 0, ALLOW))


class Filtered(Machine):
    def install(self, code: bytes, flags: int = 0) -> int:
        prog = self.put(pack("<HxxxxxxQ", len(code) // 8, self.put(code)))
        return self.call("seccomp", SET_FILTER, flags, prog)

    def verdict(self, number: int) -> int:
        return seccomp.verdict(self.task, (number, 1, 2, 3, 4, 5, 6), "x", 0xC000003E, 0)


def test_the_strictest_filter_decides() -> None:
    m = Filtered()
    assert m.install(denies(39, ERRNO | 13)) == 0
    assert m.verdict(39) == ERRNO | 13 and m.verdict(40) == ALLOW
    assert m.install(denies(39, KILL_PROCESS)) == 0
    assert m.verdict(39) == KILL_PROCESS
    assert m.install(denies(40, TRAP)) == 0 and m.verdict(40) == TRAP
    assert m.call("prctl", 21, 0, 0, 0, 0) == 2


def test_instructions() -> None:
    program = seccomp.check(insns(
        (0x00, 0, 0, 7), (0x24, 0, 0, 6), (0x07, 0, 0, 0), (0x01, 0, 0, 2), (0x1C, 0, 0, 0),
        (0x02, 0, 0, 3), (0x60, 0, 0, 3), (0x64, 0, 0, 1), (0x54, 0, 0, 0xFF), (0x16, 0, 0, 0)))
    assert seccomp.run(program, bytes(64)) == (7 * 6 - 2) << 1
    jumps = seccomp.check(insns((0x05, 0, 0, 1), (RETURN, 0, 0, 1), (0x80, 0, 0, 0),
                                (0x25, 0, 1, 63), (0x16, 0, 0, 0), (RETURN, 0, 0, 2)))
    assert seccomp.run(jumps, bytes(64)) == 64


@pytest.mark.parametrize("code", (
    insns((LOAD, 0, 0, 64), (RETURN, 0, 0, 0)), insns((LOAD, 0, 0, 2), (RETURN, 0, 0, 0)),
    insns((0x00, 0, 0, 1)), insns((EQUAL, 0, 9, 1), (RETURN, 0, 0, 0)),
    insns((0x60, 0, 0, 16), (RETURN, 0, 0, 0)), insns((0x34, 0, 0, 0), (RETURN, 0, 0, 0)),
    insns((0x28, 0, 0, 0), (RETURN, 0, 0, 0))))
def test_filters_that_are_refused(code: bytes) -> None:
    with pytest.raises(LinuxError) as error:
        seccomp.check(code)
    assert error.value.errno == E.EINVAL


def test_who_may_and_what_else_there_is() -> None:
    m = Filtered()
    assert m.call("seccomp", SET_FILTER, 0, BAD) == -E.EFAULT
    assert m.install(denies(1, 0), 1 << 10) == -E.EINVAL and m.install(b"") == -E.EINVAL
    assert m.call("seccomp", AVAILABLE, 0, m.put(pack("<I", ALLOW))) == 0
    assert m.call("seccomp", AVAILABLE, 0, m.put(pack("<I", 5))) == -E.EOPNOTSUPP
    sizes = m.room(6)
    assert m.call("seccomp", SIZES, 0, sizes) == 0
    assert m.task.mem.read(sizes, 6) == pack("<HHH", 80, 24, 64)
    m.task.creds.effective = 0
    assert m.install(denies(1, 0)) == -E.EACCES
    m.task.no_new_privs = True
    assert m.install(denies(1, 0)) == 0
    assert m.call("seccomp", SET_STRICT, 0, 0) == -E.EINVAL


def test_strict_mode() -> None:
    m = Filtered()
    assert m.call("prctl", 22, 1, 0, 0, 0) == 0
    assert seccomp.verdict(m.task, (0,) * 7, "write", 0, 0) == ALLOW
    assert seccomp.verdict(m.task, (0,) * 7, "open", 0, 0) == seccomp.KILL_THREAD


def test_a_call_that_is_denied() -> None:
    m = Filtered()
    assert seccomp.apply(m.task, ERRNO | 5000, (39,), 0, 0) == -4095
    assert seccomp.apply(m.task, TRAP | 7, (39, 0), 0xC000003E, 0x1234) == 39
    info = m.task.pending.queue[0]
    assert (info["signo"], info["code"], info["errno"], info["syscall"]) == (31, 1, 7, 39)
    assert seccomp.apply(m.task, seccomp.TRACE, (39,), 0, 0) == -E.ENOSYS
