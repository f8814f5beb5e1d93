"""File systems as a whole: statfs, ustat, mounts, quotas, swap, accounting."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import (
    CAP_SYS_ADMIN,
    CAP_SYS_PACCT,
    CAP_SYS_TTY_CONFIG,
    get_path,
    location_of,
    lookup,
)
from tracer.kernel.registry import syscall
from tracer.kernel.task import AT_FDCWD
from tracer.vfs.base import (
    S_IFBLK,
    S_IFDIR,
    S_IFMT,
    S_IFREG,
    ST_NOATIME,
    ST_NODEV,
    ST_NOEXEC,
    ST_NOSUID,
    ST_RDONLY,
    ST_RELATIME,
    makedev,
)

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Task
    from tracer.vfs.namespace import Location, Mount

_ST_VALID = 0x20                # linux/statfs.h
_NUMBER_OF, _NAME_OF, _HOW_MANY = 1, 2, 3       # what sysfs(2) is asked for


# -- statfs --------------------------------------------------------------------------------------
def _put(task: Task, address: int, location: Location, st: Layout) -> int:
    """Store a struct statfs; EOVERFLOW when a 32-bit one cannot hold the numbers."""
    values = dict(location.inode.statfs())
    fsid = values.pop("f_fsid") & 0xFFFFFFFFFFFFFFFF
    flags = values.get("f_flags", 0) | _ST_VALID
    if location.mount is not None:
        flags |= location.mount.flags
    values["f_flags"] = flags
    values["f_fsid.val[0]"], values["f_fsid.val[1]"] = fsid & 0xFFFFFFFF, fsid >> 32
    sizes = {field.name: field.size for field in st.fields}
    for name, value in values.items():
        if sizes.get(name) == 4 and name != "f_type" and value >> 32:
            if name not in ("f_files", "f_ffree") or value != (1 << 64) - 1:
                raise LinuxError(E.EOVERFLOW)
            values[name] = 0xFFFFFFFF
    values["f_type"] &= (1 << sizes["f_type"] * 8) - 1
    task.mem.write(address, st.pack_dict(values))
    return 0


@syscall("statfs", st="statfs")
def statfs(task: Task, pathname: int, buf: int, *, st: Layout) -> int:
    """statfs(2)."""
    return _put(task, buf, lookup(task, AT_FDCWD, get_path(task, pathname)), st)


@syscall("fstatfs", st="statfs")
def fstatfs(task: Task, fd: int, buf: int, *, st: Layout) -> int:
    """fstatfs(2); O_PATH descriptors too."""
    return _put(task, buf, location_of(task, task.files.get_any(fd)), st)


def _check_size(task: Task, size: int, st: Layout) -> None:
    if size not in (st.size, task.abi.statfs64_unpacked):
        raise LinuxError(E.EINVAL)


@syscall("statfs64", st="statfs64")
def statfs64(task: Task, pathname: int, sz: int, buf: int, *, st: Layout) -> int:
    """statfs64(2)."""
    _check_size(task, sz, st)
    return statfs(task, pathname, buf, st=st)


@syscall("fstatfs64", st="statfs64")
def fstatfs64(task: Task, fd: int, sz: int, buf: int, *, st: Layout) -> int:
    """fstatfs64(2)."""
    _check_size(task, sz, st)
    return fstatfs(task, fd, buf, st=st)


@syscall("ustat", st="ustat")
def ustat(task: Task, dev: int, ubuf: int, *, st: Layout) -> int:
    """ustat(2): by device number; EINVAL when nothing is mounted from it."""
    for mount in task.kernel.namespace.mounts:
        if mount.fs.dev == dev:
            values = mount.fs.statfs()
            task.mem.write(ubuf, st.pack_dict({
                "f_tfree": values.get("f_bfree", 0) & 0x7FFFFFFF,
                "f_tinode": values.get("f_ffree", 0) & (1 << st.fields[1].size * 8) - 1}))
            return 0
    raise LinuxError(E.EINVAL)


@syscall("sysfs")
def sysfs(task: Task, option: int, arg1: int, arg2: int) -> int:
    """sysfs(2) (fs/filesystems.c): numbers and names of the types of file systems."""
    from tracer.vfs.proctext import FILESYSTEMS
    known = [line.rpartition(b"\t")[2] for line in FILESYSTEMS.splitlines()]
    if option == _NUMBER_OF:
        name = get_path(task, arg1)
        if name in known:
            return known.index(name)
    elif option == _NAME_OF:
        if arg1 < len(known):
            task.mem.write(arg2, known[arg1] + b"\0")
            return 0
    elif option == _HOW_MANY:
        return len(known)
    raise LinuxError(E.EINVAL)


# -- mount ---------------------------------------------------------------------------------------
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_NOATIME, MS_BIND, MS_MOVE, MS_REC, MS_RELATIME = 1024, 4096, 8192, 16384, 1 << 21
_PROPAGATION = 0x1E0000         # MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED
_MAGIC, _MAGIC_MASK = 0xC0ED0000, 0xFFFF0000
MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW = 1, 2, 4, 8
_ST_FLAGS = ((MS_RDONLY, ST_RDONLY), (MS_NOSUID, ST_NOSUID), (MS_NODEV, ST_NODEV),
             (MS_NOEXEC, ST_NOEXEC), (MS_NOATIME, ST_NOATIME))
# Never those over directories of the host ("overlay"): what is mounted may be one file of them.
_ONE_INSTANCE = frozenset((b"proc", b"sysfs", b"devpts", b"devtmpfs"))
# known to the kernel, but needing a device or hardware that is not there
_NEEDS_DEVICE = frozenset((b"ext2", b"ext3", b"ext4", b"xfs", b"btrfs", b"vfat", b"iso9660",
                            b"squashfs", b"fuseblk", b"erofs"))


def _may_mount(task: Task) -> None:
    """EPERM without CAP_SYS_ADMIN."""
    if not task.creds.capable(CAP_SYS_ADMIN):
        raise LinuxError(E.EPERM)


def _may_change(task: Task) -> None:
    """EPERM where the tree is the host's own: after all that could be wrong with the call."""
    if task.kernel.namespace.root.inode.fs.native:
        raise LinuxError(E.EPERM)


def _mount_flags(flags: int) -> int:
    result = 0 if flags & MS_NOATIME else ST_RELATIME
    for ms, st in _ST_FLAGS:
        if flags & ms:
            result |= st
    return result


def _is_root(location: Location) -> bool:
    return location.mount is not None and location.mount.root is location


@syscall("mount", note="tmpfs, bind mounts and remounting; propagation has no effect")
def mount(task: Task, dev_name: int, dir_name: int, type_: int, flags: int, data: int) -> int:
    """mount(2)."""
    kind = get_path(task, type_) if type_ else b""
    device = get_path(task, dev_name) if dev_name else b""
    if data:
        task.mem.read(data, 1)
    where = lookup(task, AT_FDCWD, get_path(task, dir_name))
    if flags & _MAGIC_MASK == _MAGIC:
        flags &= ~_MAGIC_MASK
    _may_mount(task)
    namespace = task.kernel.namespace
    if flags & MS_REMOUNT:
        if not _is_root(where):
            raise LinuxError(E.EINVAL)
        assert where.mount is not None
        _may_change(task)
        where.mount.flags = _mount_flags(flags)
        return 0
    if flags & MS_BIND:
        if not device:
            raise LinuxError(E.EINVAL)
        source = lookup(task, AT_FDCWD, device)
        if source.mount is None:
            raise LinuxError(E.EINVAL)
        _may_change(task)
        namespace.mount(source.mount.fs, where, source.mount.flags, source.inode)
        return 0
    if flags & _PROPAGATION:
        if not _is_root(where):
            raise LinuxError(E.EINVAL)
        _may_change(task)
        return 0
    if flags & MS_MOVE:
        return _move(task, device, where)
    if not type_:
        raise LinuxError(E.EINVAL)
    if kind in (b"tmpfs", b"ramfs"):
        from tracer.vfs.memfs import MemFS
        _may_change(task)
        device_number = makedev(0, 64 + len(namespace.mounts))
        fs = MemFS(device_number, task.kernel.clock.realtime, name=kind.decode(),
                   source=device or b"none")
        namespace.mount(fs, where, _mount_flags(flags))
        return 0
    for other in namespace.mounts:      # one instance shows again
        if kind in _ONE_INSTANCE and other.fs.name.encode() == kind:
            _may_change(task)
            namespace.mount(other.fs, where, _mount_flags(flags))
            return 0
    if kind == b"overlay":              # without lowerdir=
        _may_change(task)
        raise LinuxError(E.EINVAL)
    if kind not in _NEEDS_DEVICE:
        raise LinuxError(E.ENODEV)
    special = lookup(task, AT_FDCWD, device)
    if special.inode.mode & S_IFMT != S_IFBLK:
        raise LinuxError(E.ENOTBLK)
    _may_change(task)
    raise LinuxError(E.ENXIO)


def _move(task: Task, old: bytes, where: Location) -> int:
    if not old:
        raise LinuxError(E.EINVAL)
    source = lookup(task, AT_FDCWD, old)
    moved = source.mount
    if not _is_root(source) or moved is None or moved.at is None:
        raise LinuxError(E.EINVAL)
    if where.inode.mode & S_IFMT == S_IFDIR != (source.inode.mode & S_IFMT == S_IFDIR):
        raise LinuxError(E.EINVAL)
    here: Location | None = where
    while here is not None:             # not into itself
        if here.mount is moved:
            raise LinuxError(E.ELOOP)
        here = here.mount.at if here.mount is not None else None
    _may_change(task)
    target = where.top()
    moved.at.mounted = None
    moved.at = target
    target.mounted = moved
    if target.parent is not None:
        target.parent.children[target.name] = target
    return 0


def _in_use(task: Task, mount: Mount) -> bool:
    """Whether a task works in the mount or has a file of it open."""
    for other in task.kernel.tasks.values():
        if mount in (other.fs.cwd.mount, other.fs.root.mount):
            return True
        for file in other.files.files.values():
            if file.location is not None and file.location.mount is mount:
                return True
    return False


@syscall("umount2")
def umount2(task: Task, name: int, flags: int) -> int:
    """umount2(2)."""
    if flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW):
        raise LinuxError(E.EINVAL)
    where = lookup(task, AT_FDCWD, get_path(task, name), not flags & UMOUNT_NOFOLLOW)
    _may_mount(task)
    if not _is_root(where):
        raise LinuxError(E.EINVAL)
    gone = where.mount
    assert gone is not None
    if flags & MNT_EXPIRE and flags & (MNT_FORCE | MNT_DETACH):
        raise LinuxError(E.EINVAL)
    if gone.at is None:
        raise LinuxError(E.EINVAL)
    if not flags & MNT_DETACH and _in_use(task, gone):
        raise LinuxError(E.EBUSY)
    _may_change(task)
    if flags & MNT_EXPIRE:
        raise LinuxError(E.EAGAIN)
    task.kernel.namespace.unmount(where)
    return 0


@syscall("umount")
def umount(task: Task, name: int) -> int:
    """umount(2)."""
    return umount2(task, name, 0)


@syscall("pivot_root", note="the root is the first one, which cannot be moved: EINVAL")
def pivot_root(task: Task, new_root: int, put_old: int) -> int:
    """pivot_root(2)."""
    _may_mount(task)
    new = lookup(task, AT_FDCWD, get_path(task, new_root))
    old = lookup(task, AT_FDCWD, get_path(task, put_old))
    for location in (new, old):
        if location.inode.mode & S_IFMT != S_IFDIR:
            raise LinuxError(E.ENOTDIR)
    if new.mount is task.fs.root.mount or old.mount is task.fs.root.mount:
        raise LinuxError(E.EBUSY)
    raise LinuxError(E.EINVAL)


# -- quotas, swap, accounting --------------------------------------------------------------------
_Q_SYNC = 0x800001


@syscall("quotactl", note="no file system has quotas")
def quotactl(task: Task, cmd: int, special: int, id_: int, addr: int) -> int:
    """quotactl(2)."""
    if cmd & 0xFF >= 3:
        raise LinuxError(E.EINVAL)
    if not special:
        if cmd >> 8 == _Q_SYNC:
            return 0
        raise LinuxError(E.ENODEV)
    location = lookup(task, AT_FDCWD, get_path(task, special))
    raise LinuxError(E.ENODEV if location.inode.mode & S_IFMT == S_IFBLK else E.ENOTBLK)


@syscall("quotactl_fd", note="no file system has quotas")
def quotactl_fd(task: Task, fd: int, cmd: int, id_: int, addr: int) -> int:
    """quotactl_fd(2)."""
    task.files.get_any(fd)
    raise LinuxError(E.EINVAL if cmd & 0xFF >= 3 else E.ENOSYS)


@syscall("acct", note="accepted; nothing is recorded")
def acct(task: Task, name: int) -> int:
    """acct(2)."""
    if not task.creds.capable(CAP_SYS_PACCT):
        raise LinuxError(E.EPERM)
    if name:
        location = lookup(task, AT_FDCWD, get_path(task, name))
        kind = location.inode.mode & S_IFMT
        if kind == S_IFDIR:
            raise LinuxError(E.EISDIR)
        if kind != S_IFREG:
            raise LinuxError(E.EACCES)
    return 0


@syscall("swapon", note="no file is a swap area")
def swapon(task: Task, specialfile: int, swap_flags: int) -> int:
    """swapon(2)."""
    if swap_flags & ~0x7FFFF:
        raise LinuxError(E.EINVAL)
    if not task.creds.capable(CAP_SYS_ADMIN):
        raise LinuxError(E.EPERM)
    lookup(task, AT_FDCWD, get_path(task, specialfile))
    raise LinuxError(E.EINVAL)


@syscall("swapoff", note="no file is a swap area")
def swapoff(task: Task, specialfile: int) -> int:
    """swapoff(2)."""
    if not task.creds.capable(CAP_SYS_ADMIN):
        raise LinuxError(E.EPERM)
    lookup(task, AT_FDCWD, get_path(task, specialfile))
    raise LinuxError(E.EINVAL)


@syscall("vhangup", note="no terminal is hung up")
def vhangup(task: Task) -> int:
    """vhangup(2)."""
    if not task.creds.capable(CAP_SYS_TTY_CONFIG):
        raise LinuxError(E.EPERM)
    return 0
