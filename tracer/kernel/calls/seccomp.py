"""seccomp(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import seccomp as filters
from tracer.kernel.registry import syscall

if TYPE_CHECKING:
    from tracer.kernel.task import Task

SET_MODE_STRICT, SET_MODE_FILTER, GET_ACTION_AVAIL, GET_NOTIF_SIZES = range(4)
_TSYNC, _LOG, _SPEC_ALLOW = 1, 2, 4
_NOTIF_SIZES = (80, 24, 64)     # of struct seccomp_notif, seccomp_notif_resp and seccomp_data
_CAP_SYS_ADMIN = 21
_INSN_SIZE, _INSNS_MAX = 8, 4096


@syscall("seccomp", note="no notifications of user space; a tracer is not asked")
def seccomp(task: Task, op: int, flags: int, uargs: int) -> int:
    if op == SET_MODE_STRICT:
        if flags or uargs:
            raise LinuxError(E.EINVAL)
        filters.set_strict(task)
        return 0
    if op == SET_MODE_FILTER:
        return set_filter(task, flags, uargs)
    if flags or op not in (GET_ACTION_AVAIL, GET_NOTIF_SIZES):
        raise LinuxError(E.EINVAL)
    if op == GET_ACTION_AVAIL:
        if task.mem.read_int(uargs, 4) not in filters.ACTIONS:
            raise LinuxError(E.EOPNOTSUPP)
        return 0
    task.mem.write(uargs, b"".join(size.to_bytes(2, "little") for size in _NOTIF_SIZES))
    return 0


def set_filter(task: Task, flags: int, uargs: int) -> int:
    """SECCOMP_SET_MODE_FILTER, also of prctl(2)."""
    if flags & ~(_TSYNC | _LOG | _SPEC_ALLOW):
        raise LinuxError(E.EINVAL)
    word = task.call_word
    data = task.mem.read(uargs, 2 * word)
    count = int.from_bytes(data[:2], "little")
    if not 0 < count <= _INSNS_MAX:
        raise LinuxError(E.EINVAL)
    if not task.no_new_privs and not task.creds.capable(_CAP_SYS_ADMIN):
        raise LinuxError(E.EACCES)
    code = task.mem.read(int.from_bytes(data[word:], "little"), count * _INSN_SIZE)
    program = filters.check(code)
    if task.seccomp == filters.MODE_STRICT:
        raise LinuxError(E.EINVAL)
    for other in list(task.process.living()) if flags & _TSYNC else (task,):
        if other is not task:
            other.filters, other.no_new_privs = task.filters, task.no_new_privs
        filters.install(other, program)
    return 0
