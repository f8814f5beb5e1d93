"""Directories: reading them, making, removing and moving names, working and root directory."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel import inotify
from tracer.kernel.calls.common import (
    AT_EMPTY_PATH,
    AT_REMOVEDIR,
    AT_SYMLINK_FOLLOW,
    CAP_DAC_READ_SEARCH,
    CAP_MKNOD,
    CAP_SYS_CHROOT,
    get_path,
    location_of,
    lookup,
    lookup_parent,
)
from tracer.kernel.registry import syscall
from tracer.kernel.task import AT_FDCWD
from tracer.vfs import names
from tracer.vfs.base import (
    MAY_EXEC,
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFIFO,
    S_IFMT,
    S_IFREG,
    S_IFSOCK,
    File,
)
from tracer.vfs.namespace import PATH_MAX

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.layout import Layout
    from tracer.kernel.task import Task
    from tracer.vfs.namespace import Location

    Record = Callable[[int, int, bytes, int], bytes]    # ino, next offset, name, DT_ type


# -- reading ---------------------------------------------------------------------------------
def _directory(task: Task, fd: int) -> File:
    file = task.files.get(fd)
    if file.location is not None and file.location.deleted and (
            file.location.inode.mode & S_IFMT == S_IFDIR):
        raise LinuxError(E.ENOENT)
    return file


def _getdents(task: Task, fd: int, address: int, count: int, record: Record) -> int:
    """As many records as fit; EINVAL when not even one does."""
    file = _directory(task, fd)
    entries = file.readdir()
    parts: list[bytes] = []
    left = count
    pos = file.pos
    while pos < len(entries):
        name, ino, kind = entries[pos]
        data = record(ino, pos + 1, name, kind)
        if len(data) > left:
            if not parts:
                raise LinuxError(E.EINVAL)
            break
        left -= len(data)
        pos += 1
        parts.append(data)
    inotify.accessed(file)
    try:
        task.mem.write(address, b"".join(parts))
    except Fault as fault:
        room = fault.address - address
        total = 0
        for index, data in enumerate(parts):
            if total + len(data) > room:
                if not index:
                    raise
                file.pos += index
                return total
            total += len(data)
    file.pos = pos
    return count - left


@syscall("getdents64", dirent="linux_dirent64")
def getdents64(task: Task, fd: int, address: int, count: int, *, dirent: Layout) -> int:
    """getdents64(2)."""
    head = dirent.offset("d_name")

    def record(ino: int, after: int, name: bytes, kind: int) -> bytes:
        size = head + len(name) + 8 & ~7
        return (dirent.pack(ino, after, size, kind, b"") + name).ljust(size, b"\0")

    return _getdents(task, fd, address, count, record)


@syscall("getdents", dirent="linux_dirent")
def getdents(task: Task, fd: int, address: int, count: int, *, dirent: Layout) -> int:
    """getdents(2): the type is the last byte of a record."""
    head = dirent.offset("d_name")
    word = (head - 2) // 2

    def record(ino: int, after: int, name: bytes, kind: int) -> bytes:
        if ino >> word * 8:
            raise LinuxError(E.EOVERFLOW)
        size = head + len(name) + 1 + word & -word
        data = (dirent.pack(ino, after, size, b"") + name).ljust(size - 1, b"\0")
        return data + bytes((kind,))

    return _getdents(task, fd, address, count, record)


@syscall("readdir", dirent="old_linux_dirent")
def readdir(task: Task, fd: int, address: int, count: int, *, dirent: Layout) -> int:
    """readdir(2), the old call: one entry; 0 at the end."""
    file = _directory(task, fd)
    entries = file.readdir()
    if file.pos >= len(entries):
        return 0
    name, ino, _ = entries[file.pos]
    if ino >> 32:
        raise LinuxError(E.EOVERFLOW)
    task.mem.write(address, dirent.pack(ino, file.pos, len(name), b"") + name + b"\0")
    file.pos += 1
    return 1


# -- making names ----------------------------------------------------------------------------
@syscall("mkdirat")
def mkdirat(task: Task, dfd: int, pathname: int, mode: int) -> int:
    """mkdirat(2)."""
    where, name, slash = lookup_parent(task, dfd, get_path(task, pathname))
    names.create(where, name, S_IFDIR | mode & 0o1777 & ~task.fs.umask, task.creds, 0, slash)
    if inotify.WATCHES:
        inotify.created(where, name)
    return 0


@syscall("mkdir")
def mkdir(task: Task, pathname: int, mode: int) -> int:
    """mkdir(2)."""
    return mkdirat(task, AT_FDCWD, pathname, mode)


@syscall("mknodat")
def mknodat(task: Task, dfd: int, filename: int, mode: int, dev: int) -> int:
    """mknodat(2)."""
    kind = mode & S_IFMT or S_IFREG
    if kind == S_IFDIR:
        raise LinuxError(E.EPERM)
    if kind not in (S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK):
        raise LinuxError(E.EINVAL)
    where, name, slash = lookup_parent(task, dfd, get_path(task, filename))
    device = kind in (S_IFCHR, S_IFBLK)
    if device and dev and not task.creds.capable(CAP_MKNOD):
        try:
            where.child(name)
        except LinuxError:
            raise LinuxError(E.EPERM) from None
    names.create(where, name, kind | mode & 0o7777 & ~task.fs.umask, task.creds,
                 dev if device else 0, slash)
    if inotify.WATCHES:
        inotify.created(where, name)
    return 0


@syscall("mknod")
def mknod(task: Task, filename: int, mode: int, dev: int) -> int:
    """mknod(2)."""
    return mknodat(task, AT_FDCWD, filename, mode, dev)


@syscall("symlinkat")
def symlinkat(task: Task, oldname: int, newdfd: int, newname: int) -> int:
    """symlinkat(2)."""
    target = get_path(task, oldname)
    if not target:
        raise LinuxError(E.ENOENT)
    where, name, slash = lookup_parent(task, newdfd, get_path(task, newname))
    names.symlink(where, name, target, task.creds, slash)
    if inotify.WATCHES:
        inotify.created(where, name)
    return 0


@syscall("symlink")
def symlink(task: Task, oldname: int, newname: int) -> int:
    """symlink(2)."""
    return symlinkat(task, oldname, AT_FDCWD, newname)


@syscall("linkat")
def linkat(task: Task, olddfd: int, oldname: int, newdfd: int, newname: int,
           flags: int) -> int:
    """linkat(2)."""
    if flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH):
        raise LinuxError(E.EINVAL)
    path = get_path(task, oldname)
    if flags & AT_EMPTY_PATH and not path and not task.creds.capable(CAP_DAC_READ_SEARCH):
        raise LinuxError(E.ENOENT)
    old = lookup(task, olddfd, path, bool(flags & AT_SYMLINK_FOLLOW),
                 bool(flags & AT_EMPTY_PATH))
    where, name, slash = lookup_parent(task, newdfd, get_path(task, newname))
    if old.deleted and not old.linkable:
        raise LinuxError(E.ENOENT)
    names.link(old, where, name, task.creds, slash)
    if inotify.WATCHES:
        inotify.notify(old.inode, inotify.IN_ATTRIB)
        inotify.created(where, name)
    return 0


@syscall("link")
def link(task: Task, oldname: int, newname: int) -> int:
    """link(2)."""
    return linkat(task, AT_FDCWD, oldname, AT_FDCWD, newname, 0)


# -- removing and moving ---------------------------------------------------------------------
@syscall("rmdir")
def rmdir(task: Task, pathname: int) -> int:
    """rmdir(2)."""
    return unlinkat(task, AT_FDCWD, pathname, AT_REMOVEDIR)


@syscall("unlink")
def unlink(task: Task, pathname: int) -> int:
    """unlink(2)."""
    return unlinkat(task, AT_FDCWD, pathname, 0)


@syscall("unlinkat")
def unlinkat(task: Task, dfd: int, pathname: int, flag: int) -> int:
    """unlinkat(2)."""
    if flag & ~AT_REMOVEDIR:
        raise LinuxError(E.EINVAL)
    where, name, slash = lookup_parent(task, dfd, get_path(task, pathname))
    victim = _child(where, name) if inotify.WATCHES else None
    if flag:
        names.rmdir(where, name, task.creds)
    else:
        names.unlink(where, name, task.creds, slash)
    if victim is not None:
        inotify.deleted(where, name, victim.inode, task.kernel)
    return 0


def _child(where: Location, name: bytes) -> Location | None:
    try:
        return where.child(name)
    except LinuxError:
        return None


@syscall("renameat2")
def renameat2(task: Task, olddfd: int, oldname: int, newdfd: int, newname: int,
              flags: int) -> int:
    """renameat2(2)."""
    if flags & ~7 or (flags & names.RENAME_EXCHANGE and flags != names.RENAME_EXCHANGE):
        raise LinuxError(E.EINVAL)
    old_path, new_path = get_path(task, oldname), get_path(task, newname)
    old_dir, old_name, old_slash = lookup_parent(task, olddfd, old_path)
    new_dir, new_name, new_slash = lookup_parent(task, newdfd, new_path)
    moved = target = None
    if inotify.WATCHES:
        moved, target = _child(old_dir, old_name), _child(new_dir, new_name)
    names.rename(old_dir, old_name, new_dir, new_name, flags, task.creds, old_slash, new_slash)
    if moved is None or (target is not None and moved.inode is target.inode):
        return 0
    exchange = flags & names.RENAME_EXCHANGE
    inotify.moved(old_dir, old_name, new_dir, new_name, moved.inode,
                  None if target is None or exchange else target.inode)
    if target is not None:
        if exchange:
            inotify.moved(new_dir, new_name, old_dir, old_name, target.inode)
        else:
            inotify.unlinked(target.inode, task.kernel)
    return 0


@syscall("renameat")
def renameat(task: Task, olddfd: int, oldname: int, newdfd: int, newname: int) -> int:
    """renameat(2)."""
    return renameat2(task, olddfd, oldname, newdfd, newname, 0)


@syscall("rename")
def rename(task: Task, oldname: int, newname: int) -> int:
    """rename(2)."""
    return renameat2(task, AT_FDCWD, oldname, AT_FDCWD, newname, 0)


# -- working and root directory ----------------------------------------------------------------
@syscall("getcwd")
def getcwd(task: Task, buf: int, size: int) -> int:
    """getcwd(2): the length with the NUL."""
    cwd = task.fs.cwd
    if cwd.deleted:
        raise LinuxError(E.ENOENT)
    path = cwd.path(task.fs.root) + b"\0"
    if len(path) > PATH_MAX:
        raise LinuxError(E.ENAMETOOLONG)
    if len(path) > size:
        raise LinuxError(E.ERANGE)
    task.mem.write(buf, path)
    return len(path)


def _enter(task: Task, location: Location) -> None:
    if location.inode.mode & S_IFMT != S_IFDIR:
        raise LinuxError(E.ENOTDIR)
    location.inode.permission(MAY_EXEC, task.creds)


@syscall("chdir")
def chdir(task: Task, filename: int) -> int:
    """chdir(2)."""
    location = lookup(task, AT_FDCWD, get_path(task, filename))
    _enter(task, location)
    task.fs.cwd = location
    inotify.wake_lingering()
    return 0


@syscall("fchdir")
def fchdir(task: Task, fd: int) -> int:
    """fchdir(2); O_PATH descriptors too."""
    location = location_of(task, task.files.get_any(fd))
    _enter(task, location)
    task.fs.cwd = location
    inotify.wake_lingering()
    return 0


@syscall("chroot")
def chroot(task: Task, filename: int) -> int:
    """chroot(2)."""
    location = lookup(task, AT_FDCWD, get_path(task, filename))
    _enter(task, location)
    if not task.creds.capable(CAP_SYS_CHROOT):
        raise LinuxError(E.EPERM)
    task.fs.root = location
    return 0


@syscall("umask")
def umask(task: Task, mask: int) -> int:
    """umask(2): the old mask."""
    old = task.fs.umask
    task.fs.umask = mask & 0o777
    return old
