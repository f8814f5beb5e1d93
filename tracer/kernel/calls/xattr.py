"""Extended attributes."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import inotify
from tracer.kernel.calls.common import (
    AT_EMPTY_PATH,
    AT_SYMLINK_NOFOLLOW,
    CAP_SYS_ADMIN,
    file_inode,
    get_path,
    is_readonly,
    location_of,
    lookup,
)
from tracer.kernel.calls.open import copy_struct
from tracer.kernel.registry import syscall
from tracer.kernel.task import AT_FDCWD
from tracer.vfs.base import CAP_FOWNER, MAY_READ, MAY_WRITE, S_IFDIR, S_IFMT, S_IFREG, S_ISVTX

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Task
    from tracer.vfs.base import Inode
    from tracer.vfs.namespace import Location

XATTR_CREATE, XATTR_REPLACE = 1, 2
XATTR_NAME_MAX, XATTR_SIZE_MAX, XATTR_LIST_MAX = 255, 65536, 65536
_PREFIXES = (b"user.", b"trusted.", b"security.")


# -- the operations ------------------------------------------------------------------------------
def _name(task: Task, address: int) -> bytes:
    """The attribute's name; EFAULT, ERANGE."""
    name, ended = task.mem.read_string(address, XATTR_NAME_MAX + 1)
    if not name or not ended:
        raise LinuxError(E.ERANGE)
    return name


def _permission(task: Task, inode: Inode, name: bytes, mask: int) -> None:
    """xattr_permission, and whether the file system has the name space."""
    refused = LinuxError(E.EPERM if mask == MAY_WRITE else E.ENODATA)
    if name.startswith(b"trusted."):
        if not task.creds.capable(CAP_SYS_ADMIN):
            raise refused
    elif name.startswith(b"user."):
        kind = inode.mode & S_IFMT
        if kind not in (S_IFREG, S_IFDIR):
            raise refused
        if kind == S_IFDIR and inode.mode & S_ISVTX and mask == MAY_WRITE and (
                task.creds.fsuid != inode.uid and not task.creds.caps & CAP_FOWNER):
            raise LinuxError(E.EPERM)
    if name.startswith((b"user.", b"trusted.")) or not name.startswith(
            (b"security.", b"system.")):
        inode.permission(mask, task.creds)
    if not inode.fs.native and name != b"system.sockprotoname":
        if name in _PREFIXES:
            raise LinuxError(E.EINVAL)
        if not name.startswith(_PREFIXES):
            raise LinuxError(E.EOPNOTSUPP)


def _set(task: Task, location: Location, address: int, value: int, size: int,
         flags: int) -> int:
    if is_readonly(location):
        raise LinuxError(E.EROFS)
    if flags & ~(XATTR_CREATE | XATTR_REPLACE):
        raise LinuxError(E.EINVAL)
    name = _name(task, address)
    if size > XATTR_SIZE_MAX:
        raise LinuxError(E.E2BIG)
    data = task.mem.read(value, size) if size else b""
    _permission(task, location.inode, name, MAY_WRITE)
    location.inode.setxattr(name, data, flags)
    inotify.changed(location, inotify.IN_ATTRIB)
    return 0


def _get(task: Task, inode: Inode, address: int, value: int, size: int) -> int:
    name = _name(task, address)
    _permission(task, inode, name, MAY_READ)
    data = inode.getxattr(name)
    if not size:
        return len(data)
    if len(data) > size:
        raise LinuxError(E.ERANGE)
    task.mem.write(value, data)
    return len(data)


def _list(task: Task, inode: Inode, address: int, size: int) -> int:
    hidden = not task.creds.capable(CAP_SYS_ADMIN)
    data = b"".join(name + b"\0" for name in inode.listxattr()
                    if not hidden or not name.startswith(b"trusted."))
    if not size:
        return len(data)
    if len(data) > size:
        raise LinuxError(E.ERANGE)
    if len(data) > XATTR_LIST_MAX:
        raise LinuxError(E.E2BIG)
    task.mem.write(address, data)
    return len(data)


def _remove(task: Task, location: Location, address: int) -> int:
    if is_readonly(location):
        raise LinuxError(E.EROFS)
    name = _name(task, address)
    _permission(task, location.inode, name, MAY_WRITE)
    location.inode.removexattr(name)
    inotify.changed(location, inotify.IN_ATTRIB)
    return 0


def _path(task: Task, pathname: int, follow: bool) -> Location:
    return lookup(task, AT_FDCWD, get_path(task, pathname), follow)


def _at(task: Task, dfd: int, pathname: int, flags: int) -> Location:
    if flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH):
        raise LinuxError(E.EINVAL)
    path = get_path(task, pathname) if pathname or not flags & AT_EMPTY_PATH else b""
    return lookup(task, dfd, path, not flags & AT_SYMLINK_NOFOLLOW,
                  bool(flags & AT_EMPTY_PATH))


def _args(task: Task, address: int, size: int, layout: Layout) -> tuple[int, int, int]:
    """struct xattr_args: value, size, flags."""
    if size < layout.size:
        raise LinuxError(E.EINVAL)
    if size > 4096:
        raise LinuxError(E.E2BIG)
    value, length, flags = layout.unpack(copy_struct(task, address, size, layout.size))
    assert isinstance(value, int) and isinstance(length, int) and isinstance(flags, int)
    return value, length, flags


# -- the calls -----------------------------------------------------------------------------------
@syscall("setxattr")
def setxattr(task: Task, pathname: int, name: int, value: int, size: int, flags: int) -> int:
    """setxattr(2)."""
    return _set(task, _path(task, pathname, True), name, value, size, flags)


@syscall("lsetxattr")
def lsetxattr(task: Task, pathname: int, name: int, value: int, size: int, flags: int) -> int:
    """lsetxattr(2)."""
    return _set(task, _path(task, pathname, False), name, value, size, flags)


@syscall("fsetxattr")
def fsetxattr(task: Task, fd: int, name: int, value: int, size: int, flags: int) -> int:
    """fsetxattr(2)."""
    return _set(task, location_of(task, task.files.get(fd)), name, value, size, flags)


@syscall("setxattrat", args="xattr_args")
def setxattrat(task: Task, dfd: int, pathname: int, at_flags: int, name: int, uargs: int,
               usize: int, *, args: Layout) -> int:
    """setxattrat(2)."""
    value, size, flags = _args(task, uargs, usize, args)
    return _set(task, _at(task, dfd, pathname, at_flags), name, value, size, flags)


@syscall("getxattr")
def getxattr(task: Task, pathname: int, name: int, value: int, size: int) -> int:
    """getxattr(2)."""
    return _get(task, _path(task, pathname, True).inode, name, value, size)


@syscall("lgetxattr")
def lgetxattr(task: Task, pathname: int, name: int, value: int, size: int) -> int:
    """lgetxattr(2)."""
    return _get(task, _path(task, pathname, False).inode, name, value, size)


@syscall("fgetxattr")
def fgetxattr(task: Task, fd: int, name: int, value: int, size: int) -> int:
    """fgetxattr(2)."""
    return _get(task, file_inode(task, task.files.get(fd)), name, value, size)


@syscall("getxattrat", args="xattr_args")
def getxattrat(task: Task, dfd: int, pathname: int, at_flags: int, name: int, uargs: int,
               usize: int, *, args: Layout) -> int:
    """getxattrat(2)."""
    value, size, flags = _args(task, uargs, usize, args)
    if flags:
        raise LinuxError(E.EINVAL)
    return _get(task, _at(task, dfd, pathname, at_flags).inode, name, value, size)


@syscall("listxattr")
def listxattr(task: Task, pathname: int, address: int, size: int) -> int:
    """listxattr(2)."""
    return _list(task, _path(task, pathname, True).inode, address, size)


@syscall("llistxattr")
def llistxattr(task: Task, pathname: int, address: int, size: int) -> int:
    """llistxattr(2)."""
    return _list(task, _path(task, pathname, False).inode, address, size)


@syscall("flistxattr")
def flistxattr(task: Task, fd: int, address: int, size: int) -> int:
    """flistxattr(2)."""
    return _list(task, file_inode(task, task.files.get(fd)), address, size)


@syscall("listxattrat")
def listxattrat(task: Task, dfd: int, pathname: int, at_flags: int, address: int,
                size: int) -> int:
    """listxattrat(2)."""
    return _list(task, _at(task, dfd, pathname, at_flags).inode, address, size)


@syscall("removexattr")
def removexattr(task: Task, pathname: int, name: int) -> int:
    """removexattr(2)."""
    return _remove(task, _path(task, pathname, True), name)


@syscall("lremovexattr")
def lremovexattr(task: Task, pathname: int, name: int) -> int:
    """lremovexattr(2)."""
    return _remove(task, _path(task, pathname, False), name)


@syscall("fremovexattr")
def fremovexattr(task: Task, fd: int, name: int) -> int:
    """fremovexattr(2)."""
    return _remove(task, location_of(task, task.files.get(fd)), name)


@syscall("removexattrat")
def removexattrat(task: Task, dfd: int, pathname: int, at_flags: int, name: int) -> int:
    """removexattrat(2)."""
    return _remove(task, _at(task, dfd, pathname, at_flags), name)
