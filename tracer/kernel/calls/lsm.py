"""Linux security modules of a machine that has none but capabilities: lsm_list_modules(2),
lsm_get_self_attr(2), lsm_set_self_attr(2) (security/lsm_syscalls.c, security/security.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.registry import syscall
from tracer.memory.arena import PAGE

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Task

_MODULES = (100,)               # LSM_ID_CAPABILITY, which has no attributes of tasks
_ATTR_UNDEF, _ID_UNDEF, _FLAG_SINGLE = 0, 0, 1


@syscall("lsm_list_modules")
def lsm_list_modules(task: Task, ids: int, size: int, flags: int) -> int:
    if flags:
        raise LinuxError(E.EINVAL)
    room = task.mem.read_int(size, 4)
    need = 8 * len(_MODULES)
    task.mem.write_int(size, need, 4)
    if room < need:
        raise LinuxError(E.E2BIG)
    for i, module in enumerate(_MODULES):
        task.mem.write_int(ids + 8 * i, module, 8)
    return len(_MODULES)


@syscall("lsm_get_self_attr", head="lsm_ctx")
def lsm_get_self_attr(task: Task, attr: int, ctx: int, size: int, flags: int, *,
                      head: Layout) -> int:
    if attr == _ATTR_UNDEF or not size:
        raise LinuxError(E.EINVAL)
    task.mem.read_int(size, 4)
    if flags:
        if flags != _FLAG_SINGLE or not ctx:
            raise LinuxError(E.EINVAL)
        if head.unpack(task.mem.read(ctx, head.size))[0] == _ID_UNDEF:
            raise LinuxError(E.EINVAL)
    task.mem.write_int(size, 0, 4)
    raise LinuxError(E.EOPNOTSUPP)


@syscall("lsm_set_self_attr", head="lsm_ctx")
def lsm_set_self_attr(task: Task, attr: int, ctx: int, size: int, flags: int, *,
                      head: Layout) -> int:
    if flags or size < head.size:
        raise LinuxError(E.EINVAL)
    if size > PAGE:
        raise LinuxError(E.E2BIG)
    _, _, length, context = map(int, head.unpack(task.mem.read(ctx, size))[:4])
    if size < length or length < head.size + context:
        raise LinuxError(E.EINVAL)
    raise LinuxError(E.EOPNOTSUPP)
