"""open(2): the flags, creation and the checks of do_open in fs/namei.c, in their order."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import (
    CAP_FOWNER,
    MAY_EXEC,
    MAY_READ,
    MAY_WRITE,
    O_ACCMODE,
    O_CLOEXEC,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_NOATIME,
    O_NOCTTY,
    O_NOFOLLOW,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_TMPFILE,
    O_TRUNC,
    ROOT,
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
    S_ISGID,
    ST_NODEV,
    Creds,
    File,
)
from tracer.vfs.namespace import MAX_SYMLINKS, RESOLVE_NO_SYMLINKS, Location, Namespace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# what O_ACCMODE asks for; 3 is "read and write for ioctl only"
_ACCESS = (MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE)
_FORGOTTEN = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC


class PathFile(File):
    """An O_PATH descriptor: a location, no file."""

    __slots__ = ()

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        raise LinuxError(E.EBADF)

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        raise LinuxError(E.EBADF)

    def seek(self, offset: int, whence: int) -> int:
        raise LinuxError(E.EBADF)

    def ioctl(self, task: Any, request: int, arg: int) -> int:
        raise LinuxError(E.EBADF)


def open_file(namespace: Namespace, root: Location, cwd: Location, path: bytes, flags: int,
              mode: int = 0, *, creds: Creds = ROOT, task: Any = None,
              resolve: int = 0) -> File:
    """A new open file; ``file.opening()`` says what to wait for (FIFOs).

    flags: O_* of x86.  mode: permissions of a new file, the umask applied.
    cwd: where relative paths start.  resolve: RESOLVE_* of openat2(2).
    """
    if flags & O_PATH:
        flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC
    elif flags & (O_TMPFILE & ~O_DIRECTORY):
        return _tmpfile(namespace, root, cwd, path, flags, mode, creds, task, resolve)
    elif flags & O_CREAT:
        if flags & O_DIRECTORY:
            raise LinuxError(E.EINVAL)
        return _create(namespace, root, cwd, path, flags, mode, creds, task, resolve)
    location = namespace.walk(root, cwd, path, follow=not flags & O_NOFOLLOW, resolve=resolve,
                              creds=creds, task=task)
    return open_location(location, flags, creds, task)


def open_location(location: Location, flags: int, creds: Creds = ROOT, task: Any = None) -> File:
    """Open what is there."""
    inode = location.inode
    kind = inode.mode & S_IFMT
    if flags & O_DIRECTORY and kind != S_IFDIR:
        raise LinuxError(E.ENOTDIR)
    if flags & O_PATH:
        file: File = PathFile(inode, flags & ~O_CLOEXEC)
        file.location = location
        return file
    if kind == S_IFLNK:
        raise LinuxError(E.ELOOP)
    mask = _ACCESS[flags & O_ACCMODE]
    if flags & O_TRUNC:
        mask |= MAY_WRITE
    mount = location.mount
    if kind == S_IFDIR:
        if mask & MAY_WRITE or flags & O_CREAT:
            raise LinuxError(E.EISDIR)
    elif mount is not None:
        if kind == S_IFREG:
            if mask & MAY_WRITE and mount.readonly:
                raise LinuxError(E.EROFS)
        elif kind in (S_IFCHR, S_IFBLK) and mount.flags & ST_NODEV:
            raise LinuxError(E.EACCES)
    inode.may_open(mask, creds)
    if flags & O_NOATIME and creds.fsuid != inode.uid and not creds.caps & CAP_FOWNER:
        raise LinuxError(E.EPERM)
    if mask & MAY_WRITE and kind == S_IFREG and task is not None:
        task.deny_executed(inode)
    file = inode.open(flags, task)
    if flags & O_TRUNC and kind == S_IFREG and not inode.fs.native:
        inode.truncate(0)
    file.flags &= ~_FORGOTTEN
    if mount is not None or file.location is None:
        file.location = location if mount is not None else None
    return file


def _create(namespace: Namespace, root: Location, cwd: Location, path: bytes, flags: int,
            mode: int, creds: Creds, task: Any, resolve: int) -> File:
    """O_CREAT: a symlink as last component leads on, also when it dangles."""
    for _ in range(MAX_SYMLINKS + 1):
        where, name, slash = namespace.walk_parent(root, cwd, path, resolve=resolve, creds=creds,
                                                   task=task)
        if name in (b".", b"..", b"/"):
            raise LinuxError(E.EEXIST if flags & O_EXCL else E.EISDIR)
        if slash:
            raise LinuxError(E.EISDIR)
        try:
            found = where.child(name).top()
        except LinuxError as error:
            if error.errno != E.ENOENT:
                raise
            return _make(where, name, flags, mode, creds, task)
        if flags & O_EXCL:
            raise LinuxError(E.EEXIST)
        if found.inode.mode & S_IFMT == S_IFLNK:
            if flags & O_NOFOLLOW or resolve & RESOLVE_NO_SYMLINKS:
                raise LinuxError(E.ELOOP)
            goal = found.inode.follow(task)
            if resolve:
                # checks all that is forbidden; what dangles is not created through
                found = namespace.walk(root, cwd, path, resolve=resolve, creds=creds, task=task)
            elif goal is not None:
                found = goal
            else:
                cwd, path = where, found.inode.readlink()
                continue
        return open_location(found, flags, creds, task)
    raise LinuxError(E.ELOOP)


def _make(where: Location, name: bytes, flags: int, mode: int, creds: Creds, task: Any) -> File:
    if where.mount is None or where.mount.readonly:
        raise LinuxError(E.EROFS)
    where.inode.permission(MAY_WRITE | MAY_EXEC, creds)
    gid = where.inode.gid if where.inode.mode & S_ISGID else creds.fsgid
    file = where.inode.create_open(name, S_IFREG | mode & 0o7777, creds.fsuid, gid, flags, task)
    file.flags &= ~_FORGOTTEN
    where.forget(name)
    file.location = where.child(name)
    return file


def _tmpfile(namespace: Namespace, root: Location, cwd: Location, path: bytes, flags: int,
             mode: int, creds: Creds, task: Any, resolve: int) -> File:
    if flags & O_TMPFILE != O_TMPFILE or flags & O_CREAT or flags & O_ACCMODE == O_RDONLY:
        raise LinuxError(E.EINVAL)
    where = namespace.walk(root, cwd, path, follow=not flags & O_NOFOLLOW, resolve=resolve,
                           creds=creds, task=task)
    if where.inode.mode & S_IFMT != S_IFDIR:
        raise LinuxError(E.ENOTDIR)
    if where.mount is None or where.mount.readonly:
        raise LinuxError(E.EROFS)
    where.inode.permission(MAY_WRITE | MAY_EXEC, creds)
    inode = where.inode.tmpfile(S_IFREG | mode & 0o7777, creds.fsuid, creds.fsgid)
    file = inode.open(O_RDWR if inode.fs.native else flags, task)
    file.flags = flags & ~(_FORGOTTEN | O_TMPFILE) | O_TMPFILE
    file.location = Location(where.mount, where, b"#%d" % inode.ino, inode)
    file.location.deleted = True
    file.location.linkable = not flags & O_EXCL
    return file
