"""stat(2) and its kin, statx, access, readlink."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import (
    AT_EACCESS,
    AT_EMPTY_PATH,
    AT_NO_AUTOMOUNT,
    AT_SYMLINK_NOFOLLOW,
    MAX_NON_LFS,
    get_path,
    is_readonly,
    lookup,
)
from tracer.kernel.registry import syscall
from tracer.kernel.task import AT_FDCWD
from tracer.vfs.base import (
    MAY_EXEC,
    MAY_WRITE,
    S_IFBLK,
    S_IFCHR,
    S_IFIFO,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
    S_IFSOCK,
    ST_NOEXEC,
    Attr,
    Creds,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.layout import Layout
    from tracer.kernel.task import Task
    from tracer.vfs.base import File
    from tracer.vfs.namespace import Location

    Packer = Callable[[Attr], bytes]

_CAP_SETUID_SECURE = 1 << 2     # securebits.h, SECBIT_NO_SETUID_FIXUP

# -- struct stat -----------------------------------------------------------------------------
_packers: dict[tuple[str, str], Packer] = {}

_TIMES = {f"st_{x}time": f"a.{x}time // 1000000000" for x in "amc"} | {
    f"st_{x}time_nsec": f"a.{x}time % 1000000000" for x in "amc"}
_SIGNED = frozenset("bhiq")


def _make_packer(st: Layout) -> Packer:
    """Compile what turns an Attr into the bytes of a structure; it runs at every stat.

    Values are cut to their fields; 16-bit ids that do not fit become 65534 (overflowuid).
    """
    terms = []
    for field in st.fields:
        name = field.name
        if name.startswith("_"):
            continue
        if name in _TIMES:
            term = _TIMES[name]
        elif name in ("st_uid", "st_gid") and field.size == 2:
            term = f"a.{name[3:]} if a.{name[3:]} < 65536 else 65534"
        else:
            term = f"a.{name[3:]}"
        if field.format in _SIGNED:
            half = 1 << field.size * 8 - 1
            term = f"(({term}) + {half} & {(half << 1) - 1}) - {half}"
        else:
            term = f"({term}) & {(1 << field.size * 8) - 1}"
        terms.append(term)
    source = f"lambda a: pack({', '.join(terms)})"
    pack: Packer = eval(source, {"pack": st.pack})      # only names and numbers of ours in it
    for field in st.fields:
        if field.name == "_st_ino":     # the 32-bit number in front, kept for old programs
            return _with_old_ino(pack, field.offset)
    return pack


def _with_old_ino(pack: Packer, at: int) -> Packer:
    def packer(attr: Attr) -> bytes:
        data = pack(attr)
        return data[:at] + (attr.ino & 0xFFFFFFFF).to_bytes(4, "little") + data[at + 4:]
    return packer


def _put(task: Task, address: int, attr: Attr, st: Layout) -> int:
    """Store a struct stat; EOVERFLOW, EFAULT."""
    key = (st.name, st.abi)
    packer = _packers.get(key)
    if packer is None:
        packer = _packers[key] = _make_packer(st)
    if st.size < 88:            # the structures of 32-bit ABIs but stat64
        _check_overflow(attr, st)
    task.mem.write(address, packer(attr))
    return 0


def _check_overflow(attr: Attr, st: Layout) -> None:
    """EOVERFLOW when the inode number, the link count or the size does not fit."""
    old = st.name == "oldstat"
    if attr.ino >> (16 if old else 32) or attr.nlink >> 16 or attr.size > MAX_NON_LFS:
        raise LinuxError(E.EOVERFLOW)


@syscall("stat", st="stat")
@syscall("stat64", st="stat64")
@syscall("oldstat@i386", st="oldstat")
def stat(task: Task, filename: int, statbuf: int, *, st: Layout) -> int:
    """stat(2)."""
    path = get_path(task, filename)
    return _put(task, statbuf, lookup(task, AT_FDCWD, path).inode.getattr(), st)


@syscall("lstat", st="stat")
@syscall("lstat64", st="stat64")
@syscall("oldlstat@i386", st="oldstat")
def lstat(task: Task, filename: int, statbuf: int, *, st: Layout) -> int:
    """lstat(2)."""
    path = get_path(task, filename)
    return _put(task, statbuf, lookup(task, AT_FDCWD, path, False).inode.getattr(), st)


@syscall("fstat", st="stat")
@syscall("fstat64", st="stat64")
@syscall("oldfstat@i386", st="oldstat")
def fstat(task: Task, fd: int, statbuf: int, *, st: Layout) -> int:
    """fstat(2); O_PATH descriptors too."""
    file = task.files.files.get(fd)
    if file is None:
        raise LinuxError(E.EBADF)
    return _put(task, statbuf, file.getattr(), st)


def _by_descriptor(task: Task, dfd: int, filename: int, flags: int) -> File | None:
    """The file itself for AT_EMPTY_PATH with an empty path (or, since Linux 6.11, NULL)."""
    if not flags & AT_EMPTY_PATH or dfd < 0:
        return None
    if filename and task.mem.read(filename, 1) != b"\0":
        return None
    return task.files.get_any(dfd)


@syscall("newfstatat", st="stat")
@syscall("fstatat64", st="stat64")
def fstatat(task: Task, dfd: int, filename: int, statbuf: int, flag: int, *, st: Layout) -> int:
    """fstatat(2)."""
    if flag & ~AT_SYMLINK_NOFOLLOW:
        if flag == AT_EMPTY_PATH:
            file = _by_descriptor(task, dfd, filename, flag)
            if file is not None:
                return _put(task, statbuf, file.getattr(), st)
        path = get_path(task, filename)
        if not path and not flag & AT_EMPTY_PATH:
            raise LinuxError(E.ENOENT)
        if flag & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | _SYNC_TYPE):
            raise LinuxError(E.EINVAL)
    else:
        path = get_path(task, filename)
    if not path and flag & AT_EMPTY_PATH and dfd >= 0:
        return _put(task, statbuf, task.files.get_any(dfd).getattr(), st)
    location = lookup(task, dfd, path, not flag & AT_SYMLINK_NOFOLLOW,
                      bool(flag & AT_EMPTY_PATH))
    return _put(task, statbuf, location.inode.getattr(), st)


# -- statx -----------------------------------------------------------------------------------
_SYNC_TYPE = 0x6000
_RESERVED = 1 << 31
STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID, STATX_MNT_ID_UNIQUE = 0x7FF, 0x800, 0x1000, 0x4000
_ATTR_MOUNT_ROOT = 0x2000
# what is always known: append, immutable, nodump, automount, mount root, dax
_ATTRIBUTES_MASK = 0x10 | 0x20 | 0x40 | 0x1000 | _ATTR_MOUNT_ROOT | 0x200000


def _major(dev: int) -> int:
    return dev >> 8 & 0xFFF


def _minor(dev: int) -> int:
    return dev & 0xFF | dev >> 12 & 0xFFF00


@syscall("statx", st="statx")
def statx(task: Task, dfd: int, filename: int, flags: int, mask: int, buffer: int, *,
          st: Layout) -> int:
    """statx(2)."""
    file = None
    location: Location | None = None
    if flags & AT_EMPTY_PATH and not flags & AT_SYMLINK_NOFOLLOW:
        file = _by_descriptor(task, dfd, filename, flags)
    path = b""
    if file is None:
        path = get_path(task, filename)
        if not path and not flags & AT_EMPTY_PATH:
            raise LinuxError(E.ENOENT)
    if mask & _RESERVED or flags & _SYNC_TYPE == _SYNC_TYPE:
        raise LinuxError(E.EINVAL)
    if flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | _SYNC_TYPE):
        raise LinuxError(E.EINVAL)
    if file is None and not path and dfd >= 0:
        file = task.files.get_any(dfd)
    if file is not None:
        data = file.statx(mask)
        attr = file.getattr() if data is None else None
        location = file.location
    else:
        location = lookup(task, dfd, path, not flags & AT_SYMLINK_NOFOLLOW,
                          bool(flags & AT_EMPTY_PATH))
        data = location.inode.statx(mask)
        attr = location.inode.getattr() if data is None else None
    if attr is not None:
        data = _statx_bytes(attr, location, mask, st)
    assert data is not None
    task.mem.write(buffer, data)
    return 0


def _statx_bytes(attr: Attr, location: Location | None, mask: int, st: Layout) -> bytes:
    mount = location.mount if location is not None else None
    values: dict[str, int | bytes] = {
        "stx_mask": STATX_BASIC_STATS | STATX_MNT_ID | mask & STATX_BTIME,
        "stx_blksize": attr.blksize, "stx_nlink": attr.nlink, "stx_uid": attr.uid,
        "stx_gid": attr.gid, "stx_mode": attr.mode, "stx_ino": attr.ino,
        "stx_size": attr.size, "stx_blocks": attr.blocks,
        "stx_attributes_mask": _ATTRIBUTES_MASK,
        "stx_rdev_major": _major(attr.rdev), "stx_rdev_minor": _minor(attr.rdev),
        "stx_dev_major": _major(attr.dev), "stx_dev_minor": _minor(attr.dev),
        "stx_mnt_id": mount.id if mount is not None else 1,
    }
    if mask & STATX_MNT_ID_UNIQUE:
        values["stx_mask"] = STATX_BASIC_STATS | STATX_MNT_ID_UNIQUE | mask & STATX_BTIME
        values["stx_mnt_id"] = (1 << 31) + (mount.id if mount is not None else 1)
    if mount is not None and location is mount.root:
        values["stx_attributes"] = _ATTR_MOUNT_ROOT
    times = {"atime": attr.atime, "mtime": attr.mtime, "ctime": attr.ctime}
    if mask & STATX_BTIME:
        times["btime"] = attr.btime
    for name, time in times.items():
        values[f"stx_{name}.tv_sec"], values[f"stx_{name}.tv_nsec"] = divmod(time, 10**9)
    return st.pack_dict(values)


# -- access ----------------------------------------------------------------------------------
def _real_creds(task: Task) -> Creds:
    """Who access(2) asks for: the real ids, with the capabilities these would have."""
    creds = task.creds
    if creds.fsuid == creds.uid and creds.fsgid == creds.gid and (
            not creds.uid or not creds.caps):
        return creds
    caps = creds.caps
    if not creds.securebits & _CAP_SETUID_SECURE:
        caps = creds.permitted if creds.uid == 0 else 0
    return Creds(creds.uid, creds.gid, creds.groups, caps)


@syscall("faccessat2")
def faccessat2(task: Task, dfd: int, filename: int, mode: int, flags: int) -> int:
    """faccessat2(2)."""
    if mode & ~7 or flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH):
        raise LinuxError(E.EINVAL)
    creds = task.creds if flags & AT_EACCESS else _real_creds(task)
    path = get_path(task, filename)
    empty = bool(flags & AT_EMPTY_PATH)
    if creds is task.creds:
        location = lookup(task, dfd, path, not flags & AT_SYMLINK_NOFOLLOW, empty)
    else:
        from tracer.kernel.calls.common import base
        if not path and not empty:
            raise LinuxError(E.ENOENT)
        location = task.kernel.namespace.walk(
            task.fs.root, base(task, dfd, path), path, follow=not flags & AT_SYMLINK_NOFOLLOW,
            creds=creds, task=task, empty=empty)
    inode = location.inode
    kind = inode.mode & S_IFMT
    if mode & MAY_EXEC and kind == S_IFREG and location.mount is not None and (
            location.mount.flags & ST_NOEXEC):
        raise LinuxError(E.EACCES)
    if mode & MAY_WRITE and is_readonly(location) and kind not in (
            S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK):
        raise LinuxError(E.EROFS)
    if mode:
        inode.permission(mode, creds)
    return 0


@syscall("access")
def access(task: Task, filename: int, mode: int) -> int:
    """access(2)."""
    return faccessat2(task, AT_FDCWD, filename, mode, 0)


@syscall("faccessat")
def faccessat(task: Task, dfd: int, filename: int, mode: int) -> int:
    """faccessat(2)."""
    return faccessat2(task, dfd, filename, mode, 0)


# -- readlink --------------------------------------------------------------------------------
@syscall("readlinkat")
def readlinkat(task: Task, dfd: int, pathname: int, buf: int, bufsiz: int) -> int:
    """readlinkat(2): the text is cut to the buffer; an empty path means the descriptor."""
    bufsiz &= 0xffffffff            # an int
    if not 0 < bufsiz < 1 << 31:
        raise LinuxError(E.EINVAL)
    path = get_path(task, pathname)
    inode = lookup(task, dfd, path, False, True).inode
    if inode.mode & S_IFMT != S_IFLNK:
        raise LinuxError(E.EINVAL if path else E.ENOENT)
    text = inode.readlink()[:bufsiz]
    task.mem.write(buf, text)
    return len(text)


@syscall("readlink")
def readlink(task: Task, path: int, buf: int, bufsiz: int) -> int:
    """readlink(2)."""
    return readlinkat(task, AT_FDCWD, path, buf, bufsiz)
