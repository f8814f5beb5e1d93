"""Filters of system calls (seccomp(2), kernel/seccomp.c): classic BPF over struct seccomp_data."""
from __future__ import annotations

from struct import iter_unpack, pack
from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from sysnames import signals as S
from tracer.errors import LinuxError

if TYPE_CHECKING:
    from tracer.kernel.task import Task

MODE_STRICT, MODE_FILTER = 1, 2
KILL_THREAD, KILL_PROCESS, TRAP, ERRNO, USER_NOTIF, TRACE, LOG, ALLOW = (
    0, 0x80000000, 0x30000, 0x50000, 0x7FC00000, 0x7FF00000, 0x7FFC0000, 0x7FFF0000)
ACTIONS = (KILL_PROCESS, KILL_THREAD, TRAP, ERRNO, TRACE, LOG, ALLOW)
_ACTION, _DATA = 0xFFFF0000, 0xFFFF
_SYS_SECCOMP = 1
_INSNS_MAX = 4096
_TOTAL_MAX = 1 << 15            # instructions of all filters of a task
_STRICT = frozenset(("read", "write", "exit", "rt_sigreturn", "sigreturn"))
_M32 = 0xFFFFFFFF

Instruction = tuple[int, int, int, int]     # code, jt, jf, k
# linux/bpf_common.h: what a filter may have, without loads
_PLAIN = frozenset((
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0C, 0x14, 0x15, 0x16, 0x1C, 0x1D, 0x24, 0x25,
    0x2C, 0x2D, 0x34, 0x35, 0x3C, 0x3D, 0x44, 0x45, 0x4C, 0x4D, 0x54, 0x5C, 0x60, 0x61, 0x64, 0x6C,
    0x74, 0x7C, 0x80, 0x81, 0x84, 0x87, 0xA4, 0xAC))
_LD_ABS, _LD_LEN, _LDX_LEN, _RET_K, _RET_A = 0x20, 0x80, 0x81, 0x06, 0x16
_DIVISIONS, _SHIFTS, _MEMORY, _JA = (0x34,), (0x64, 0x74), (0x60, 0x61, 0x02, 0x03), 0x05
DATA_SIZE = 64


def check(code: bytes) -> tuple[Instruction, ...]:
    """A filter as instructions; EINVAL for what the kernel does not take."""
    program = tuple(iter_unpack("<HBBI", code))
    count = len(program)
    if not 0 < count <= _INSNS_MAX or program[-1][0] not in (_RET_K, _RET_A):
        raise LinuxError(E.EINVAL)
    for at, (op, jt, jf, k) in enumerate(program):
        jump = at + 1 + (k if op == _JA else max(jt, jf))
        if op == _LD_ABS:
            good = k < DATA_SIZE and not k & 3
        elif op in _MEMORY:
            good = k < 16
        elif op in _SHIFTS:
            good = k < 32
        else:
            good = op in _PLAIN and (op not in _DIVISIONS or k > 0) and (
                op & 7 != 5 or jump < count)
        if not good:
            raise LinuxError(E.EINVAL)
    return program


def run(program: tuple[Instruction, ...], data: bytes) -> int:
    """What a filter returns for struct seccomp_data."""
    a = x = at = 0
    memory = [0] * 16
    while True:
        op, jt, jf, k = program[at]
        at += 1
        kind = op & 7
        if op == _LD_ABS:
            a = int.from_bytes(data[k:k + 4], "little")
        elif kind == 0:
            a = k if op == 0 else DATA_SIZE if op == _LD_LEN else memory[k]
        elif kind == 1:
            x = k if op == 1 else DATA_SIZE if op == _LDX_LEN else memory[k]
        elif kind in (2, 3):
            memory[k] = a if kind == 2 else x
        elif kind == 4:
            right = x if op & 8 else k
            what = op >> 4
            if what == 3 and not right:
                return 0
            a = _calculate(what, a, right)
        elif kind == 5:
            right = x if op & 8 else k
            what = op >> 4
            if op == _JA:
                at += k
            else:
                yes = (a == right if what == 1 else a > right if what == 2 else
                       a >= right if what == 3 else bool(a & right))
                at += jt if yes else jf
        elif kind == 6:
            return a if op == _RET_A else k
        elif op == 0x07:
            x = a
        else:
            a = x


def _calculate(what: int, a: int, right: int) -> int:
    """BPF_ADD and its kin, by their number."""
    if what == 0:
        return a + right & _M32
    if what == 1:
        return a - right & _M32
    if what == 2:
        return a * right & _M32
    if what == 3:
        return a // right
    if what == 4:
        return a | right
    if what == 5:
        return a & right
    if what == 6:
        return a << right & _M32 if right < 32 else 0
    if what == 7:
        return a >> right if right < 32 else 0
    if what == 8:
        return -a & _M32
    return a ^ right


def install(task: Task, program: tuple[Instruction, ...]) -> None:
    """Add a filter to a task; ENOMEM when it has too many."""
    from tracer.kernel.ptrace import guard
    if sum(map(len, task.filters)) + len(program) > _TOTAL_MAX:
        raise LinuxError(E.ENOMEM)
    task.filters = (*task.filters, program)
    task.seccomp = MODE_FILTER
    guard(task.kernel)


def set_strict(task: Task) -> None:
    """Only read, write, exit and sigreturn from now on; EINVAL with filters."""
    from tracer.kernel.ptrace import guard
    if task.seccomp == MODE_FILTER:
        raise LinuxError(E.EINVAL)
    task.seccomp = MODE_STRICT
    guard(task.kernel)


def verdict(task: Task, words: tuple[int, ...], name: str, arch: int, pc: int) -> int:
    """What is to become of a call: the action that goes first, with its data."""
    if task.seccomp == MODE_STRICT:
        return ALLOW if name in _STRICT else KILL_THREAD
    mask = task.call_abi.mask
    arguments = [w & mask for w in (*words[1:7], *[0] * (7 - len(words)))]
    data = pack("<IIQ6Q", words[0] & _M32, arch, pc, *arguments)
    # as signed numbers the strictest action is the least
    return min((run(program, data) for program in reversed(task.filters)),
               key=lambda value: ((value & _ACTION) ^ KILL_PROCESS) - KILL_PROCESS)


def apply(task: Task, action: int, words: tuple[int, ...], arch: int, pc: int) -> int:
    """Do what a verdict other than ALLOW and LOG says; the result of the call."""
    kernel, data = task.kernel, action & _DATA
    kind = action & _ACTION
    if kind == ERRNO:
        return -min(data, 4095)
    if kind == TRAP:
        info: dict[str, Any] = {"signo": S.SIGSYS, "code": _SYS_SECCOMP, "errno": data,
                                "call_addr": pc, "syscall": words[0] & _M32, "arch": arch}
        kernel.signals.force(task, info)
        return words[0]
    if kind in (USER_NOTIF, TRACE):
        return -E.ENOSYS
    whole = kind == KILL_PROCESS or len(list(task.process.living())) == 1
    signo = S.SIGKILL if task.seccomp == MODE_STRICT else S.SIGSYS
    if whole:
        kernel.exits.kill_group(task, signo, signo == S.SIGSYS)
    else:
        kernel.exits.exit_task(task, signo)
    return 0
