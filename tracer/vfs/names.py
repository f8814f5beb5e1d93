"""Making, removing and moving names: the checks of fs/namei.c in their order.

All functions take a directory's Location and a last component as ``walk_parent`` gives them
(so it may be ``.``, ``..`` or ``/``), change the file system and keep the name cache right.
"""
from __future__ import annotations

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import (
    CAP_FOWNER,
    MAY_EXEC,
    MAY_WRITE,
    ROOT,
    S_IFDIR,
    S_IFMT,
    S_ISGID,
    S_ISVTX,
    Creds,
)
from tracer.vfs.namespace import Location

# linux/fs.h
RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT = 1, 2, 4
_SPECIAL = frozenset((b".", b"..", b"/"))


def _is_dir(location: Location) -> bool:
    return location.inode.mode & S_IFMT == S_IFDIR


def _writable(where: Location) -> None:
    if where.mount is None or where.mount.readonly:
        raise LinuxError(E.EROFS)


def _exists(where: Location, name: bytes) -> Location | None:
    try:
        return where.child(name)
    except LinuxError as error:
        if error.errno != E.ENOENT:
            raise
        return None


def _may_delete(where: Location, victim: Location, directory: bool, creds: Creds) -> None:
    where.inode.permission(MAY_WRITE | MAY_EXEC, creds)
    if where.inode.mode & S_ISVTX and not creds.caps & CAP_FOWNER and creds.fsuid not in (
            victim.inode.uid, where.inode.uid):
        raise LinuxError(E.EPERM)
    if directory:
        if not _is_dir(victim):
            raise LinuxError(E.ENOTDIR)
    elif _is_dir(victim):
        raise LinuxError(E.EISDIR)


def _may_create(where: Location, name: bytes, slash: bool, creds: Creds) -> None:
    """filename_create: the name must be new, the directory writable."""
    if name in _SPECIAL or _exists(where, name) is not None:
        raise LinuxError(E.EEXIST)
    if slash:
        raise LinuxError(E.ENOENT)
    _writable(where)
    where.inode.permission(MAY_WRITE | MAY_EXEC, creds)


def _added(where: Location, name: bytes) -> Location:
    where.forget(name)
    return where.child(name)


def create(where: Location, name: bytes, mode: int, creds: Creds = ROOT, rdev: int = 0,
           slash: bool = False) -> Location:
    """mknod, mkdir and the creating half of open; the umask is already applied to ``mode``.

    slash: the path ended in a slash (allowed for directories only).
    """
    directory = mode & S_IFMT == S_IFDIR
    _may_create(where, name, slash and not directory, creds)
    gid = creds.fsgid
    if where.inode.mode & S_ISGID:
        gid = where.inode.gid
        if directory:
            mode |= S_ISGID
    where.inode.create(name, mode, creds.fsuid, gid, rdev)
    return _added(where, name)


def symlink(where: Location, name: bytes, target: bytes, creds: Creds = ROOT,
            slash: bool = False) -> Location:
    """symlink(2); "" as target is ENOENT."""
    if not target:
        raise LinuxError(E.ENOENT)
    _may_create(where, name, slash, creds)
    gid = where.inode.gid if where.inode.mode & S_ISGID else creds.fsgid
    where.inode.symlink(name, target, creds.fsuid, gid)
    return _added(where, name)


def link(old: Location, where: Location, name: bytes, creds: Creds = ROOT,
         slash: bool = False) -> Location:
    """link(2): a new name for ``old``."""
    if name in _SPECIAL or _exists(where, name) is not None:
        raise LinuxError(E.EEXIST)
    if slash:
        raise LinuxError(E.ENOENT)
    _writable(where)
    if old.mount is not where.mount:
        raise LinuxError(E.EXDEV)
    where.inode.permission(MAY_WRITE | MAY_EXEC, creds)
    if _is_dir(old):
        raise LinuxError(E.EPERM)
    where.inode.link(name, old.inode)
    return _added(where, name)


def _removed(where: Location, name: bytes) -> None:
    where.forget(name)
    for twin in where.twins():
        twin.forget(name)


def unlink(where: Location, name: bytes, creds: Creds = ROOT, slash: bool = False) -> None:
    """unlink(2)."""
    if name in _SPECIAL:
        raise LinuxError(E.EISDIR)
    _writable(where)
    victim = where.child(name)
    if slash:
        raise LinuxError(E.EISDIR if _is_dir(victim) else E.ENOTDIR)
    _may_delete(where, victim, False, creds)
    if victim.mounted is not None:
        raise LinuxError(E.EBUSY)
    where.inode.unlink(name)
    _removed(where, name)


def rmdir(where: Location, name: bytes, creds: Creds = ROOT) -> None:
    """rmdir(2)."""
    if name in _SPECIAL:
        raise LinuxError({b".": E.EINVAL, b"..": E.ENOTEMPTY, b"/": E.EBUSY}[name])
    _writable(where)
    victim = where.child(name)
    _may_delete(where, victim, True, creds)
    if victim.mounted is not None:
        raise LinuxError(E.EBUSY)
    where.inode.rmdir(name)
    _removed(where, name)


def rename(old_dir: Location, old_name: bytes, new_dir: Location, new_name: bytes,
           flags: int = 0, creds: Creds = ROOT, old_slash: bool = False,
           new_slash: bool = False) -> None:
    """rename, renameat2(2)."""
    if flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) or (
            flags & RENAME_EXCHANGE and flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)):
        raise LinuxError(E.EINVAL)
    if old_dir.mount is not new_dir.mount:
        raise LinuxError(E.EXDEV)
    if old_name in _SPECIAL:
        raise LinuxError(E.EBUSY)
    if new_name in _SPECIAL:
        raise LinuxError(E.EEXIST if flags & RENAME_NOREPLACE else E.EBUSY)
    _writable(old_dir)
    old = old_dir.child(old_name)
    new = _exists(new_dir, new_name)
    exchange = bool(flags & RENAME_EXCHANGE)
    if new is not None and flags & RENAME_NOREPLACE:
        raise LinuxError(E.EEXIST)
    if exchange:
        if new is None:
            raise LinuxError(E.ENOENT)
        if new_slash and not _is_dir(new):
            raise LinuxError(E.ENOTDIR)
    if not _is_dir(old) and (old_slash or (not exchange and new_slash)):
        raise LinuxError(E.ENOTDIR)
    if new_dir.is_below(old):
        raise LinuxError(E.EINVAL)
    if new is not None and old_dir.is_below(new):
        raise LinuxError(E.EINVAL if exchange else E.ENOTEMPTY)
    if new is not None and old.inode is new.inode:
        return
    _may_delete(old_dir, old, _is_dir(old), creds)
    if new is None:
        new_dir.inode.permission(MAY_WRITE | MAY_EXEC, creds)
    else:
        _may_delete(new_dir, new, _is_dir(new) if exchange else _is_dir(old), creds)
    if old.mounted is not None or (new is not None and new.mounted is not None):
        raise LinuxError(E.EBUSY)
    if _is_dir(old) and new_dir is not old_dir:
        old.inode.permission(MAY_WRITE, creds)      # its ".." changes
    old_dir.inode.rename(old_name, new_dir.inode, new_name, flags)
    for twin in old_dir.twins():
        twin.forget(old_name)
    for twin in new_dir.twins():
        twin.forget(new_name)
    old_dir.children.pop(old_name, None)
    if exchange:
        assert new is not None
        old_dir.children[old_name] = new
        new.parent, new.name = old_dir, old_name
    elif new is not None:
        new.deleted = True
    new_dir.children[new_name] = old
    old.parent, old.name = new_dir, new_name
