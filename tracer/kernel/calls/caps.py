"""capget(2) and capset(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel.calls.ids import commit
from tracer.kernel.calls.sessions import find_task
from tracer.kernel.registry import syscall

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Task

# _LINUX_CAPABILITY_VERSION_1 to _3: how many 32-bit parts each set has
_PARTS = {0x19980330: 1, 0x20071026: 2, 0x20080522: 2}
_NEWEST = 0x20080522


def _version(task: Task, header: int) -> int:
    """The number of parts of a version; writes the newest version where it is unknown, and
    raises EINVAL."""
    parts = _PARTS.get(task.mem.read_int(header, 4))
    if parts is None:
        task.mem.write_int(header, _NEWEST, 4)
        raise LinuxError(E.EINVAL)
    return parts


def _pid(task: Task, header: int) -> int:
    pid = task.mem.read_int(header + 4, 4)
    return pid - (pid >> 31 << 32)


@syscall("capget", data="cap_user_data")
def capget(task: Task, header: int, address: int, *, data: Layout) -> int:
    try:
        parts = _version(task, header)
    except Fault:
        raise
    except LinuxError:
        if not address:                 # a probe for the version
            return 0
        raise
    if not address:
        return 0
    pid = _pid(task, header)
    if pid < 0:
        raise LinuxError(E.EINVAL)
    creds = find_task(task, pid).creds
    sets = creds.effective, creds.permitted, creds.inheritable
    task.mem.write(address, b"".join(
        data.pack(*(s >> shift & 0xFFFFFFFF for s in sets)) for shift in (0, 32)[:parts]))
    return 0


@syscall("capset", data="cap_user_data")
def capset(task: Task, header: int, address: int, *, data: Layout) -> int:
    parts = _version(task, header)
    pid = _pid(task, header)
    if pid and pid != task.pid:
        raise LinuxError(E.EPERM)
    raw = task.mem.read(address, parts * data.size)
    sets = [0, 0, 0]
    for part in range(parts):
        for i, word in enumerate(data.unpack(raw[part * data.size:])):
            sets[i] |= int(word) << 32 * part
    old, new = task.creds, task.creds.copy()
    effective, permitted, inheritable = (s & old.ALL for s in sets)
    if ((not old.capable(8) and inheritable & ~(old.inheritable | old.permitted))
            or inheritable & ~(old.inheritable | old.bounding)
            or permitted & ~old.permitted or effective & ~permitted):
        raise LinuxError(E.EPERM)       # 8 is CAP_SETPCAP
    new.effective, new.permitted, new.inheritable = effective, permitted, inheritable
    new.ambient &= permitted & inheritable
    return commit(task, new)
