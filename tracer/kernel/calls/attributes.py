"""Mode, owner, times and size of files."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import inotify
from tracer.kernel.calls.common import (
    AT_EMPTY_PATH,
    AT_SYMLINK_NOFOLLOW,
    CAP_CHOWN,
    CAP_FOWNER,
    CAP_FSETID,
    SECOND,
    get_path,
    get_timespec,
    is_readonly,
    location_of,
    lookup,
)
from tracer.kernel.registry import syscall
from tracer.kernel.task import AT_FDCWD
from tracer.vfs.base import (
    MAY_WRITE,
    S_IFDIR,
    S_IFLNK,
    S_IFMT,
    S_ISGID,
    S_ISUID,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.layout import Layout
    from tracer.kernel.task import Task
    from tracer.vfs.base import Inode
    from tracer.vfs.namespace import Location

    Setter = Callable[..., None]        # Inode.setattr or File.setattr

UTIME_NOW, UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2
_NOBODY = 0xFFFFFFFF            # (uid_t) -1: leave it


def _by_path(task: Task, dfd: int, filename: int, flags: int) -> Location:
    """The location for a change; EROFS."""
    location = lookup(task, dfd, get_path(task, filename), not flags & AT_SYMLINK_NOFOLLOW,
                      bool(flags & AT_EMPTY_PATH))
    if is_readonly(location):
        raise LinuxError(E.EROFS)
    return location


def _by_descriptor(task: Task, fd: int) -> tuple[Location, Setter]:
    file = task.files.get(fd)
    location = location_of(task, file)
    if is_readonly(location):
        raise LinuxError(E.EROFS)
    return location, file.setattr


def _owns(task: Task, inode: Inode) -> bool:
    return task.creds.fsuid == inode.uid or task.creds.capable(CAP_FOWNER)


# -- mode --------------------------------------------------------------------------------------
def _chmod(task: Task, location: Location, setter: Setter, mode: int) -> int:
    inode = location.inode
    if inode.mode & S_IFMT == S_IFLNK:
        raise LinuxError(E.EOPNOTSUPP)
    if not _owns(task, inode):
        raise LinuxError(E.EPERM)
    creds = task.creds
    if not creds.in_group(inode.gid) and not creds.capable(CAP_FSETID):
        mode &= ~S_ISGID
    setter(mode=mode & 0o7777)
    inotify.changed(location, inotify.IN_ATTRIB)
    return 0


@syscall("fchmodat2")
def fchmodat2(task: Task, dfd: int, filename: int, mode: int, flags: int) -> int:
    """fchmodat2(2)."""
    if flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH):
        raise LinuxError(E.EINVAL)
    location = _by_path(task, dfd, filename, flags)
    return _chmod(task, location, location.inode.setattr, mode)


@syscall("fchmodat")
def fchmodat(task: Task, dfd: int, filename: int, mode: int) -> int:
    """fchmodat(2)."""
    return fchmodat2(task, dfd, filename, mode, 0)


@syscall("chmod")
def chmod(task: Task, filename: int, mode: int) -> int:
    """chmod(2)."""
    return fchmodat2(task, AT_FDCWD, filename, mode, 0)


@syscall("fchmod")
def fchmod(task: Task, fd: int, mode: int) -> int:
    """fchmod(2)."""
    return _chmod(task, *_by_descriptor(task, fd), mode)


# -- owner -------------------------------------------------------------------------------------
def _chown(task: Task, location: Location, setter: Setter, user: int, group: int) -> int:
    inode = location.inode
    creds = task.creds
    changes: dict[str, int] = {}
    owner = creds.fsuid == inode.uid
    if user != _NOBODY:
        if not creds.capable(CAP_CHOWN) and not (owner and user == inode.uid):
            raise LinuxError(E.EPERM)
        changes["uid"] = user
    if group != _NOBODY:
        if not creds.capable(CAP_CHOWN) and not (
                owner and (creds.in_group(group) or group == inode.gid)):
            raise LinuxError(E.EPERM)
        changes["gid"] = group
    mode = inode.mode
    if mode & S_IFMT not in (S_IFDIR, S_IFLNK):
        killed = mode & S_ISUID
        if mode & S_ISGID and (mode & 0o010 or not (
                creds.in_group(inode.gid) or creds.capable(CAP_FSETID))):
            killed |= S_ISGID
        if killed:
            changes["mode"] = mode & 0o7777 & ~killed
    if changes or not inode.fs.native:
        setter(**changes)
        inotify.changed(location, inotify.IN_ATTRIB)
    return 0


@syscall("fchownat")
def fchownat(task: Task, dfd: int, filename: int, user: int, group: int, flag: int) -> int:
    """fchownat(2)."""
    if flag & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH):
        raise LinuxError(E.EINVAL)
    location = _by_path(task, dfd, filename, flag)
    return _chown(task, location, location.inode.setattr, user, group)


def _wide(number: int) -> int:
    """A 16-bit id of the old calls, whose 65535 means -1."""
    return _NOBODY if number in (0xFFFF, _NOBODY) else number


@syscall("chown")
def chown(task: Task, filename: int, user: int, group: int) -> int:
    """chown(2); with 16-bit ids on 32-bit ABIs."""
    return fchownat(task, AT_FDCWD, filename, _id(task, user), _id(task, group), 0)


@syscall("lchown")
def lchown(task: Task, filename: int, user: int, group: int) -> int:
    """lchown(2); with 16-bit ids on 32-bit ABIs."""
    return fchownat(task, AT_FDCWD, filename, _id(task, user), _id(task, group),
                    AT_SYMLINK_NOFOLLOW)


@syscall("fchown")
def fchown(task: Task, fd: int, user: int, group: int) -> int:
    """fchown(2); with 16-bit ids on 32-bit ABIs."""
    return _chown(task, *_by_descriptor(task, fd), _id(task, user), _id(task, group))


def _id(task: Task, number: int) -> int:
    from tracer.kernel.calls.common import is_32bit
    return _wide(number) if is_32bit(task) else number


@syscall("chown32")
def chown32(task: Task, filename: int, user: int, group: int) -> int:
    """chown32(2)."""
    return fchownat(task, AT_FDCWD, filename, user, group, 0)


@syscall("lchown32")
def lchown32(task: Task, filename: int, user: int, group: int) -> int:
    """lchown32(2)."""
    return fchownat(task, AT_FDCWD, filename, user, group, AT_SYMLINK_NOFOLLOW)


@syscall("fchown32")
def fchown32(task: Task, fd: int, user: int, group: int) -> int:
    """fchown32(2)."""
    return _chown(task, *_by_descriptor(task, fd), user, group)


# -- times -------------------------------------------------------------------------------------

def _utimes(task: Task, dfd: int, filename: int,
            times: tuple[tuple[int, int], tuple[int, int]] | None, flags: int) -> int:
    """do_utimes: (seconds, nanoseconds) of access and modification, None for now."""
    if not filename and dfd != AT_FDCWD:
        if flags:
            raise LinuxError(E.EINVAL)
        file = task.files.get(dfd)
        location, setter = location_of(task, file), file.setattr
    else:
        if flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH):
            raise LinuxError(E.EINVAL)
        location = lookup(task, dfd, get_path(task, filename), not flags & AT_SYMLINK_NOFOLLOW,
                          bool(flags & AT_EMPTY_PATH))
        setter = location.inode.setattr
    inode = location.inode
    if times is not None:
        for _, nanoseconds in times:
            if nanoseconds not in (UTIME_NOW, UTIME_OMIT) and not 0 <= nanoseconds < SECOND:
                raise LinuxError(E.EINVAL)
        if times[0][1] == times[1][1] == UTIME_NOW:
            times = None
    if is_readonly(location):
        raise LinuxError(E.EROFS)
    now = task.kernel.clock.realtime()
    if times is None:
        if not _owns(task, inode):
            inode.permission(MAY_WRITE, task.creds)
        setter(atime=now, mtime=now)
        inotify.changed(location, inotify.IN_ATTRIB)
        return 0
    if not _owns(task, inode):
        raise LinuxError(E.EPERM)
    changes = {}
    for name, (seconds, nanoseconds) in zip(("atime", "mtime"), times):
        if nanoseconds != UTIME_OMIT:
            changes[name] = now if nanoseconds == UTIME_NOW else seconds * SECOND + nanoseconds
    setter(**changes)
    # fsnotify_change: a single time counts as the access or the change it tells of
    inotify.changed(location, inotify.IN_ATTRIB if len(changes) == 2 else
                    inotify.IN_ACCESS if "atime" in changes else inotify.IN_MODIFY)
    return 0


@syscall("utimensat", ts="timespec")
@syscall("utimensat_time64", ts="timespec64")
def utimensat(task: Task, dfd: int, filename: int, utimes: int, flags: int, *,
              ts: Layout) -> int:
    """utimensat(2)."""
    times = None
    if utimes:
        times = get_timespec(task, utimes, ts), get_timespec(task, utimes + ts.size, ts)
        if times[0][1] == times[1][1] == UTIME_OMIT:
            return 0
    return _utimes(task, dfd, filename, times, flags)


@syscall("futimesat", tv="timeval")
def futimesat(task: Task, dfd: int, filename: int, utimes: int, *, tv: Layout) -> int:
    """futimesat(2)."""
    times = None
    if utimes:
        task.mem.read(utimes, 2 * tv.size)
        pair = get_timespec(task, utimes, tv), get_timespec(task, utimes + tv.size, tv)
        if not (0 <= pair[0][1] < 1000000 and 0 <= pair[1][1] < 1000000):
            raise LinuxError(E.EINVAL)
        times = (pair[0][0], pair[0][1] * 1000), (pair[1][0], pair[1][1] * 1000)
    return _utimes(task, dfd, filename, times, 0)


@syscall("utimes", tv="timeval")
def utimes(task: Task, filename: int, utimes: int, *, tv: Layout) -> int:
    """utimes(2)."""
    return futimesat(task, AT_FDCWD, filename, utimes, tv=tv)


@syscall("utime", buf="utimbuf")
def utime(task: Task, filename: int, times: int, *, buf: Layout) -> int:
    """utime(2)."""
    pair = None
    if times:
        access, change = buf.unpack(task.mem.read(times, buf.size))
        assert isinstance(access, int) and isinstance(change, int)
        pair = (access, 0), (change, 0)
    return _utimes(task, AT_FDCWD, filename, pair, 0)
