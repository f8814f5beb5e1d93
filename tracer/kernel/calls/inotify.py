"""inotify_init(2), inotify_add_watch(2), inotify_rm_watch(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import get_path, install, lookup
from tracer.kernel.inotify import (
    IN_ALL_EVENTS,
    IN_DONT_FOLLOW,
    IN_EXCL_UNLINK,
    IN_ISDIR,
    IN_MASK_ADD,
    IN_MASK_CREATE,
    IN_ONESHOT,
    IN_ONLYDIR,
    IN_UNMOUNT,
    InotifyFile,
)
from tracer.kernel.registry import syscall
from tracer.kernel.task import AT_FDCWD
from tracer.vfs.base import MAY_READ, O_CLOEXEC, O_NONBLOCK, S_IFDIR, S_IFMT

if TYPE_CHECKING:
    from tracer.kernel.task import Task

# ALL_INOTIFY_BITS of linux/inotify.h, with IN_Q_OVERFLOW and IN_IGNORED
_VALID = (IN_ALL_EVENTS | IN_UNMOUNT | 0x4000 | 0x8000 | IN_ONLYDIR | IN_DONT_FOLLOW
          | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)


@syscall("inotify_init1")
def inotify_init1(task: Task, flags: int) -> int:
    """inotify_init1(2)."""
    if flags & ~(O_CLOEXEC | O_NONBLOCK):
        raise LinuxError(E.EINVAL)
    from tracer.kernel.pseudo import pseudo
    return install(task, InotifyFile(pseudo(task.kernel).anon.root, flags),
                   bool(flags & O_CLOEXEC))


@syscall("inotify_init")
def inotify_init(task: Task) -> int:
    """inotify_init(2)."""
    return inotify_init1(task, 0)


@syscall("inotify_add_watch", note="accesses by execve and changes by the host are not told")
def inotify_add_watch(task: Task, fd: int, pathname: int, mask: int) -> int:
    """inotify_add_watch(2): the watch descriptor."""
    if not mask & _VALID or mask & ~_VALID:
        raise LinuxError(E.EINVAL)
    file = task.files.get(fd)
    if (mask & IN_MASK_ADD and mask & IN_MASK_CREATE) or not isinstance(file, InotifyFile):
        raise LinuxError(E.EINVAL)
    location = lookup(task, AT_FDCWD, get_path(task, pathname), not mask & IN_DONT_FOLLOW)
    if mask & IN_ONLYDIR and location.inode.mode & S_IFMT != S_IFDIR:
        raise LinuxError(E.ENOTDIR)
    location.inode.permission(MAY_READ, task.creds)
    return file.add(location.inode, mask)


@syscall("inotify_rm_watch")
def inotify_rm_watch(task: Task, fd: int, wd: int) -> int:
    """inotify_rm_watch(2)."""
    file = task.files.get(fd)
    if not isinstance(file, InotifyFile):
        raise LinuxError(E.EINVAL)
    file.remove(wd)
    return 0
