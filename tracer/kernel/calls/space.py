"""Size and storage of files: truncate, fallocate, fadvise, readahead, cachestat, and what syncs
them."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import inotify
from tracer.kernel.calls.common import (
    LOFF_MAX,
    MAX_NON_LFS,
    get_path,
    is_32bit,
    is_readonly,
    lookup,
    readable,
    send_sigxfsz,
    writable,
)
from tracer.kernel.calls.transfer import kind_of
from tracer.kernel.registry import syscall
from tracer.kernel.task import AT_FDCWD, RLIM_INFINITY, RLIMIT_FSIZE
from tracer.vfs.base import (
    MAY_WRITE,
    O_LARGEFILE,
    PAGE,
    S_IFBLK,
    S_IFDIR,
    S_IFIFO,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
)

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Task
    from tracer.vfs.base import Inode
    from tracer.vfs.namespace import Location

FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE = 1, 2, 8
FALLOC_FL_ZERO_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE = 0x10, 0x20, 0x40
_FALLOC_MODES = 0x7A
_SYNC_FLAGS = 7


# -- truncate ----------------------------------------------------------------------------------
def _new_size(task: Task, old: int, length: int) -> None:
    """inode_newsize_ok: EFBIG, with SIGXFSZ beyond RLIMIT_FSIZE."""
    if length > old:
        limit = task.process.limits[RLIMIT_FSIZE][0]
        if limit != RLIM_INFINITY and length > limit:
            send_sigxfsz(task)
            raise LinuxError(E.EFBIG)


def _resized(task: Task, location: Location | None, inode: Inode | None, old: int,
             new: int) -> None:
    inotify.changed(location, inotify.IN_MODIFY)
    if inode in task.kernel.shared_files:
        task.kernel.file_written(inode, min(old, new), max(old, new))
        if new < old:
            task.kernel.file_cut(inode, new)


@syscall("truncate", "truncate64")
def truncate(task: Task, path: int, length: int) -> int:
    """truncate(2)."""
    if length < 0:
        raise LinuxError(E.EINVAL)
    location = lookup(task, AT_FDCWD, get_path(task, path))
    inode = location.inode
    kind = inode.mode & S_IFMT
    if kind == S_IFDIR:
        raise LinuxError(E.EISDIR)
    if kind != S_IFREG:
        raise LinuxError(E.EINVAL)
    if is_readonly(location):
        raise LinuxError(E.EROFS)
    inode.permission(MAY_WRITE, task.creds)
    task.deny_executed(inode)
    old = inode.getattr().size
    _new_size(task, old, length)
    inode.truncate(length)
    _resized(task, location, inode, old, length)
    return 0


def _ftruncate(task: Task, fd: int, length: int, small: bool) -> int:
    if length < 0:
        raise LinuxError(E.EINVAL)
    file = task.files.get(fd)
    if kind_of(file) != S_IFREG or not (file.flags + 1) & 2:
        raise LinuxError(E.EINVAL)
    if small and length > MAX_NON_LFS and is_32bit(task) and not file.flags & O_LARGEFILE:
        raise LinuxError(E.EINVAL)
    old = file.getattr().size
    _new_size(task, old, length)
    file.setattr(size=length)
    _resized(task, file.location, file.inode, old, length)
    return 0


@syscall("ftruncate")
def ftruncate(task: Task, fd: int, length: int) -> int:
    """ftruncate(2)."""
    return _ftruncate(task, fd, length, True)


@syscall("ftruncate64")
def ftruncate64(task: Task, fd: int, length: int) -> int:
    """ftruncate64(2)."""
    return _ftruncate(task, fd, length, False)


# -- fallocate, advice ---------------------------------------------------------------------------
@syscall("fallocate")
def fallocate(task: Task, fd: int, mode: int, offset: int, length: int) -> int:
    """fallocate(2)."""
    file = task.files.get(fd)
    if offset < 0 or length <= 0:
        raise LinuxError(E.EINVAL)
    which = mode & _FALLOC_MODES
    keep = mode & FALLOC_FL_KEEP_SIZE
    if mode & ~(_FALLOC_MODES | FALLOC_FL_KEEP_SIZE) or which & which - 1 or (
            which == FALLOC_FL_PUNCH_HOLE and not keep) or (
            which in (FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE) and keep):
        raise LinuxError(E.EOPNOTSUPP)
    writable(task, fd)
    kind = kind_of(file)
    if kind == S_IFIFO:
        raise LinuxError(E.ESPIPE)
    if kind == S_IFDIR:
        raise LinuxError(E.EISDIR)
    if kind not in (S_IFREG, S_IFBLK):
        raise LinuxError(E.ENODEV)
    if offset + length > LOFF_MAX:
        raise LinuxError(E.EFBIG)
    if not keep:
        _new_size(task, file.getattr().size, offset + length)
    file.fallocate(mode, offset, length)
    _resized(task, file.location, file.inode, offset, offset + length)
    return 0


def _advise(task: Task, fd: int, offset: int, length: int, advice: int) -> int:
    file = task.files.get(fd)
    if kind_of(file) == S_IFIFO:
        raise LinuxError(E.ESPIPE)
    if length < 0 or not 0 <= advice <= 5:
        raise LinuxError(E.EINVAL)
    return 0


@syscall("fadvise64")
def fadvise64(task: Task, fd: int, offset: int, length: int, advice: int) -> int:
    """posix_fadvise(2): checked, and without effect on files in memory."""
    return _advise(task, fd, offset, length, advice)


@syscall("fadvise64_64")
def fadvise64_64(task: Task, fd: int, *args: int) -> int:
    """posix_fadvise(2) with 64-bit arguments.

    On ARM the advice is the second argument, so that the offsets lie in register pairs.
    """
    from sysnames.lookup import signature
    if signature("fadvise64_64", task.abi.name).items[1].name == "advice":
        advice, offset, length = args
    else:
        offset, length, advice = args
    return _advise(task, fd, offset, length, advice)


@syscall("arm_fadvise64_64")
def arm_fadvise64_64(task: Task, fd: int, advice: int, offset: int, length: int) -> int:
    """posix_fadvise(2) as ARM passes it."""
    return _advise(task, fd, offset, length, advice)


@syscall("readahead")
def readahead(task: Task, fd: int, offset: int, count: int) -> int:
    """readahead(2): there is nothing to wait for."""
    file = readable(task, fd)
    if kind_of(file) not in (S_IFREG, S_IFBLK) or count >> 63:
        raise LinuxError(E.EINVAL)
    return 0


@syscall("cachestat", area="cachestat_range", st="cachestat",
         note="pages of a file count as cached and clean")
def cachestat(task: Task, fd: int, where: int, address: int, flags: int, *, area: Layout,
              st: Layout) -> int:
    """cachestat(2) (mm/filemap.c)."""
    file = task.files.get(fd)
    offset, length = map(int, area.unpack(task.mem.read(where, area.size)))
    if flags:
        raise LinuxError(E.EINVAL)
    pages = 0
    if kind_of(file) == S_IFREG:
        last = -(-file.getattr().size // PAGE)
        end = (offset + length - 1 & (1 << 64) - 1) // PAGE + 1 if length else last
        pages = max(0, min(last, end) - offset // PAGE)
    task.mem.write(address, st.pack(pages, 0, 0, 0, 0))
    return 0


# -- syncing -------------------------------------------------------------------------------------
@syscall("fsync", "fdatasync")
def fsync(task: Task, fd: int) -> int:
    """fsync(2), fdatasync(2)."""
    file = task.files.get(fd)
    if file.inode in task.kernel.shared_files:
        task.kernel.file_read(file.inode)
    file.sync()
    return 0


@syscall("sync")
def sync(task: Task) -> int:
    """sync(2): every write went through already; mapped pages are written back."""
    for inode in list(task.kernel.shared_files):
        task.kernel.file_read(inode)
    return 0


@syscall("syncfs")
def syncfs(task: Task, fd: int) -> int:
    """syncfs(2)."""
    task.files.get(fd)
    return sync(task)


@syscall("sync_file_range")
def sync_file_range(task: Task, fd: int, offset: int, nbytes: int, flags: int) -> int:
    """sync_file_range(2)."""
    file = task.files.get(fd)
    if flags & ~_SYNC_FLAGS or offset < 0 or nbytes < 0 or offset + nbytes > LOFF_MAX:
        raise LinuxError(E.EINVAL)
    if kind_of(file) not in (S_IFREG, S_IFBLK, S_IFDIR, S_IFLNK):
        raise LinuxError(E.ESPIPE)
    return 0


@syscall("sync_file_range2")
def sync_file_range2(task: Task, fd: int, flags: int, offset: int, nbytes: int) -> int:
    """sync_file_range2(2): the arguments in another order."""
    return sync_file_range(task, fd, offset, nbytes, flags)
