"""Descriptors: close, dup, pipe, flock."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import locks
from tracer.kernel.locks import F_RDLCK, F_UNLCK, F_WRLCK
from tracer.kernel.registry import syscall
from tracer.kernel.task import RLIMIT_NOFILE, drop
from tracer.vfs.base import O_CLOEXEC, O_DIRECT, O_NONBLOCK
from tracer.wait import Wait

if TYPE_CHECKING:
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task
    from tracer.vfs.base import File, Inode

CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC = 2, 4


@syscall("close")
def close(task: Task, fd: int) -> int:
    """close(2)."""
    task.files.close(fd)
    return 0


@syscall("close_range")
def close_range(task: Task, fd: int, max_fd: int, flags: int) -> int:
    """close_range(2)."""
    if flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) or fd > max_fd:
        raise LinuxError(E.EINVAL)
    files = task.files
    if flags & CLOSE_RANGE_UNSHARE and files.users > 1:
        files.users -= 1
        files = task.files = files.copy()
    for number in sorted(n for n in files.files if fd <= n <= max_fd):
        if flags & CLOSE_RANGE_CLOEXEC:
            files.cloexec.add(number)
        else:
            files.close(number)
    return 0


# -- dup -------------------------------------------------------------------------------------
@syscall("dup")
def dup(task: Task, fildes: int) -> int:
    """dup(2)."""
    files = task.files
    file = files.get_any(fildes)
    fd = files.lowest(0, task.process.limits[RLIMIT_NOFILE][0])
    files.put(fd, file)
    return fd


def _duplicate(task: Task, oldfd: int, newfd: int, cloexec: bool) -> int:
    files = task.files
    if not 0 <= newfd < task.process.limits[RLIMIT_NOFILE][0]:
        raise LinuxError(E.EBADF)
    files.put(newfd, files.get_any(oldfd), cloexec)
    return newfd


@syscall("dup2")
def dup2(task: Task, oldfd: int, newfd: int) -> int:
    """dup2(2): of equal descriptors nothing is changed."""
    if oldfd == newfd:
        task.files.get_any(oldfd)
        return oldfd
    return _duplicate(task, oldfd, newfd, False)


@syscall("dup3")
def dup3(task: Task, oldfd: int, newfd: int, flags: int) -> int:
    """dup3(2)."""
    flags = task.abi.open_flags_in(flags)
    if flags & ~O_CLOEXEC or oldfd == newfd:
        raise LinuxError(E.EINVAL)
    return _duplicate(task, oldfd, newfd, bool(flags))


# -- pipe ------------------------------------------------------------------------------------
@syscall("pipe2")
def pipe2(task: Task, fildes: int, flags: int) -> int:
    """pipe2(2): the reading end first."""
    flags = task.abi.open_flags_in(flags) if flags else 0
    if flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT):
        raise LinuxError(E.EINVAL)      # O_NOTIFICATION_PIPE (O_EXCL) needs CONFIG_WATCH_QUEUE
    files = task.files
    limit = task.process.limits[RLIMIT_NOFILE][0]
    read = files.lowest(0, limit)
    write = files.lowest(read + 1, limit)
    task.mem.write(fildes, read.to_bytes(4, "little") + write.to_bytes(4, "little"))
    from tracer.kernel.pseudo import pseudo
    from tracer.vfs.pipe import pipe as make
    creds = task.creds
    ends = make(pseudo(task.kernel).pipe, flags, creds.fsuid, creds.fsgid)
    cloexec = bool(flags & O_CLOEXEC)
    files.put(read, ends[0], cloexec)
    files.put(write, ends[1], cloexec)
    return 0


@syscall("pipe")
def pipe(task: Task, fildes: int) -> int:
    """pipe(2)."""
    return pipe2(task, fildes, 0)


# -- flock -----------------------------------------------------------------------------------
LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN, LOCK_MAND = 1, 2, 4, 8, 32
_TYPES = {LOCK_SH: F_RDLCK, LOCK_EX: F_WRLCK, LOCK_UN: F_UNLCK}


@syscall("flock")
def flock(task: Task, fd: int, cmd: int) -> Result:
    """flock(2)."""
    if cmd & LOCK_MAND:
        return 0
    type_ = _TYPES.get(cmd & ~LOCK_NB)
    if type_ is None:
        raise LinuxError(E.EINVAL)
    file = task.files.get(fd)
    if type_ != F_UNLCK and file.flags & 3 == 3:
        raise LinuxError(E.EBADF)
    from tracer.kernel.calls.common import file_inode
    inode = file_inode(task, file)
    held = locks.of(inode)
    if type_ == F_UNLCK:
        if held.flocks.pop(file, None) is not None:
            held.changed.wake()
        return 0
    if held.flocks.get(file) == type_:
        return 0
    if held.flocks.pop(file, None) is not None:     # a change gives the old lock up first
        held.changed.wake()
    if held.flock_conflict(file, type_ == F_WRLCK):
        if cmd & LOCK_NB:
            raise LinuxError(E.EAGAIN)
        return _flock_wait(file, inode, type_)
    held.flocks[file] = type_
    locks.FILES.add(file)
    return 0


def _flock_wait(file: File, inode: Inode, type_: int) -> Blocking:
    held = locks.of(inode)
    file.refs += 1
    try:
        while held.flock_conflict(file, type_ == F_WRLCK):
            if (yield Wait((held.changed,))) == Wait.SIGNAL:
                raise LinuxError(E.ERESTARTSYS)
        held.flocks[file] = type_
        locks.FILES.add(file)
        return 0
    finally:
        drop(file)
