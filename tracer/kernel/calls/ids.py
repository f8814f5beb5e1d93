"""User and group ids (credentials(7)): native, 32-bit and, on 32-bit ABIs, 16-bit calls.

``old_id`` is the id type of the calls with the old names: 16 bits on 32-bit ABIs, where -1 and
ids that do not fit are converted as linux/highuid.h says.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.registry import syscall

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Credentials, Task

CAP_SETGID, CAP_SETUID = 6, 7
_FS_CAPS = 0x1F | 1 << 9 | 1 << 27 | 1 << 32        # CAP_FS_SET of linux/capability.h
NGROUPS_MAX = 65536
KEEP_CAPS, NO_SETUID_FIXUP = 1 << 4, 1 << 2         # SECBIT_*
_NONE = 0xFFFFFFFF
OVERFLOW = 65534


def _in(value: int, id: Layout) -> int:
    """An id argument with -1 widened."""
    return _NONE if id.size == 2 and value == 0xFFFF else value


def _out(value: int, id: Layout) -> int:
    """An id as a result of that width."""
    return OVERFLOW if id.size == 2 and value > 0xFFFF else value


@syscall("getuid", id="old_id")
@syscall("getuid32", id="id")
def getuid(task: Task, *, id: Layout) -> int:
    return _out(task.creds.uid, id)


@syscall("geteuid", id="old_id")
@syscall("geteuid32", id="id")
def geteuid(task: Task, *, id: Layout) -> int:
    return _out(task.creds.euid, id)


@syscall("getgid", id="old_id")
@syscall("getgid32", id="id")
def getgid(task: Task, *, id: Layout) -> int:
    return _out(task.creds.gid, id)


@syscall("getegid", id="old_id")
@syscall("getegid32", id="id")
def getegid(task: Task, *, id: Layout) -> int:
    return _out(task.creds.egid, id)


def _store(task: Task, id: Layout, values: tuple[int, ...], addresses: tuple[int, ...]) -> int:
    for value, address in zip(values, addresses, strict=True):
        task.mem.write_int(address, _out(value, id), id.size)
    return 0


@syscall("getresuid", id="old_id")
@syscall("getresuid32", id="id")
def getresuid(task: Task, ruid: int, euid: int, suid: int, *, id: Layout) -> int:
    creds = task.creds
    return _store(task, id, (creds.uid, creds.euid, creds.suid), (ruid, euid, suid))


@syscall("getresgid", id="old_id")
@syscall("getresgid32", id="id")
def getresgid(task: Task, rgid: int, egid: int, sgid: int, *, id: Layout) -> int:
    creds = task.creds
    return _store(task, id, (creds.gid, creds.egid, creds.sgid), (rgid, egid, sgid))


# -- changing ----------------------------------------------------------------------------------
def _fix_caps(new: Credentials, old: Credentials) -> None:
    """What happens to capabilities when user ids leave or become 0 (cap_task_fix_setuid)."""
    if new.securebits & NO_SETUID_FIXUP:
        return
    if 0 in (old.uid, old.euid, old.suid) and 0 not in (new.uid, new.euid, new.suid):
        if not new.securebits & KEEP_CAPS:
            new.permitted = new.effective = 0
        new.ambient = 0
    if old.euid == 0 and new.euid != 0:
        new.effective = 0
    elif old.euid != 0 and new.euid == 0:
        new.effective = new.permitted


def _fix_fs_caps(new: Credentials, old: Credentials) -> None:
    """The same for setfsuid, which touches the capabilities over files alone."""
    if new.securebits & NO_SETUID_FIXUP:
        return
    if old.fsuid == 0 and new.fsuid != 0:
        new.effective &= ~_FS_CAPS
    elif old.fsuid != 0 and new.fsuid == 0:
        new.effective |= _FS_CAPS & new.permitted


def commit(task: Task, new: Credentials) -> int:
    """Make credentials the task's; a change of what it may access makes it undumpable."""
    old = task.creds
    if ((old.euid, old.egid, old.fsuid, old.fsgid) != (new.euid, new.egid, new.fsuid, new.fsgid)
            or new.permitted & ~old.permitted):
        task.mem.dumpable = 0
        task.pdeath_signal = 0
    task.creds = new
    return 0


@syscall("setuid", id="old_id")
@syscall("setuid32", id="id")
def setuid(task: Task, uid: int, *, id: Layout) -> int:
    uid = _in(uid, id)
    if uid == _NONE:
        raise LinuxError(E.EINVAL)
    old, new = task.creds, task.creds.copy()
    if old.capable(CAP_SETUID):
        new.uid = new.suid = uid
    elif uid not in (old.uid, old.suid):
        raise LinuxError(E.EPERM)
    new.euid = new.fsuid = uid
    _fix_caps(new, old)
    return commit(task, new)


@syscall("setgid", id="old_id")
@syscall("setgid32", id="id")
def setgid(task: Task, gid: int, *, id: Layout) -> int:
    gid = _in(gid, id)
    if gid == _NONE:
        raise LinuxError(E.EINVAL)
    old, new = task.creds, task.creds.copy()
    if old.capable(CAP_SETGID):
        new.gid = new.sgid = gid
    elif gid not in (old.gid, old.sgid):
        raise LinuxError(E.EPERM)
    new.egid = new.fsgid = gid
    return commit(task, new)


@syscall("setreuid", id="old_id")
@syscall("setreuid32", id="id")
def setreuid(task: Task, ruid: int, euid: int, *, id: Layout) -> int:
    ruid, euid = _in(ruid, id), _in(euid, id)
    old, new = task.creds, task.creds.copy()
    if ruid != _NONE:
        new.uid = ruid
        if ruid not in (old.uid, old.euid) and not old.capable(CAP_SETUID):
            raise LinuxError(E.EPERM)
    if euid != _NONE:
        new.euid = euid
        if euid not in (old.uid, old.euid, old.suid) and not old.capable(CAP_SETUID):
            raise LinuxError(E.EPERM)
    if ruid != _NONE or (euid != _NONE and euid != old.uid):
        new.suid = new.euid
    new.fsuid = new.euid
    _fix_caps(new, old)
    return commit(task, new)


@syscall("setregid", id="old_id")
@syscall("setregid32", id="id")
def setregid(task: Task, rgid: int, egid: int, *, id: Layout) -> int:
    rgid, egid = _in(rgid, id), _in(egid, id)
    old, new = task.creds, task.creds.copy()
    if rgid != _NONE:
        if rgid not in (old.gid, old.egid) and not old.capable(CAP_SETGID):
            raise LinuxError(E.EPERM)
        new.gid = rgid
    if egid != _NONE:
        if egid not in (old.gid, old.egid, old.sgid) and not old.capable(CAP_SETGID):
            raise LinuxError(E.EPERM)
        new.egid = egid
    if rgid != _NONE or (egid != _NONE and egid != old.gid):
        new.sgid = new.egid
    new.fsgid = new.egid
    return commit(task, new)


@syscall("setresuid", id="old_id")
@syscall("setresuid32", id="id")
def setresuid(task: Task, ruid: int, euid: int, suid: int, *, id: Layout) -> int:
    ruid, euid, suid = _in(ruid, id), _in(euid, id), _in(suid, id)
    old, new = task.creds, task.creds.copy()
    mine = (_NONE, old.uid, old.euid, old.suid)
    if not (ruid in mine and euid in mine and suid in mine) and not old.capable(CAP_SETUID):
        raise LinuxError(E.EPERM)
    if ruid != _NONE:
        new.uid = ruid
    if euid != _NONE:
        new.euid = euid
    if suid != _NONE:
        new.suid = suid
    new.fsuid = new.euid
    _fix_caps(new, old)
    return commit(task, new)


@syscall("setresgid", id="old_id")
@syscall("setresgid32", id="id")
def setresgid(task: Task, rgid: int, egid: int, sgid: int, *, id: Layout) -> int:
    rgid, egid, sgid = _in(rgid, id), _in(egid, id), _in(sgid, id)
    old, new = task.creds, task.creds.copy()
    mine = (_NONE, old.gid, old.egid, old.sgid)
    if not (rgid in mine and egid in mine and sgid in mine) and not old.capable(CAP_SETGID):
        raise LinuxError(E.EPERM)
    if rgid != _NONE:
        new.gid = rgid
    if egid != _NONE:
        new.egid = egid
    if sgid != _NONE:
        new.sgid = sgid
    new.fsgid = new.egid
    return commit(task, new)


@syscall("setfsuid", id="old_id")
@syscall("setfsuid32", id="id")
def setfsuid(task: Task, uid: int, *, id: Layout) -> int:
    """Returns the previous id, whether it was changed or not."""
    uid = _in(uid, id)
    old = task.creds
    if uid != _NONE and uid != old.fsuid and (
            uid in (old.uid, old.euid, old.suid) or old.capable(CAP_SETUID)):
        new = old.copy()
        new.fsuid = uid
        _fix_fs_caps(new, old)
        commit(task, new)
    return _out(old.fsuid, id)


@syscall("setfsgid", id="old_id")
@syscall("setfsgid32", id="id")
def setfsgid(task: Task, gid: int, *, id: Layout) -> int:
    """Returns the previous id, whether it was changed or not."""
    gid = _in(gid, id)
    old = task.creds
    if gid != _NONE and gid != old.fsgid and (
            gid in (old.gid, old.egid, old.sgid) or old.capable(CAP_SETGID)):
        new = old.copy()
        new.fsgid = gid
        commit(task, new)
    return _out(old.fsgid, id)


# -- supplementary groups ----------------------------------------------------------------------
@syscall("getgroups", id="old_id")
@syscall("getgroups32", id="id")
def getgroups(task: Task, size: int, address: int, *, id: Layout) -> int:
    groups = task.creds.groups
    if size < 0:
        raise LinuxError(E.EINVAL)
    if size:
        if len(groups) > size:
            raise LinuxError(E.EINVAL)
        task.mem.write(address, b"".join(id.pack(_out(g, id)) for g in groups))
    return len(groups)


@syscall("setgroups", id="old_id")
@syscall("setgroups32", id="id")
def setgroups(task: Task, size: int, address: int, *, id: Layout) -> int:
    if not task.creds.capable(CAP_SETGID):
        raise LinuxError(E.EPERM)
    if not 0 <= size <= NGROUPS_MAX:
        raise LinuxError(E.EINVAL)
    data = task.mem.read(address, size * id.size) if size else b""
    groups = []
    for at in range(0, len(data), id.size):
        gid = _in(int.from_bytes(data[at:at + id.size], "little"), id)
        if gid == _NONE:
            raise LinuxError(E.EINVAL)
        groups.append(gid)
    new = task.creds.copy()
    new.groups = tuple(sorted(groups))
    task.creds = new
    return 0
