"""ioctl(2): the requests for every file; the others are the file's own."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import CAP_SYS_ADMIN, file_inode
from tracer.kernel.registry import syscall
from tracer.vfs.base import (
    O_ASYNC,
    O_NONBLOCK,
    S_IFDIR,
    S_IFIFO,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
    S_IFSOCK,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.kernel.task import Task
    from tracer.vfs.base import File

# asm-generic/ioctls.h, linux/fs.h
FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, FIOASYNC = 0x541B, 0x5421, 0x5450, 0x5451, 0x5452
FIOQSIZE, FIOQSIZE_ARM, FIBMAP, FIGETBSZ = 0x5460, 0x545E, 1, 2
FIFREEZE, FITHAW, FS_IOC_FIEMAP = 0xC0045877, 0xC0045878, 0xC020660B
FICLONE, FICLONERANGE, FIDEDUPERANGE = 0x40049409, 0x4020940D, 0xC0189436
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC32_GETFLAGS, FS_IOC32_SETFLAGS = (
    0x80086601, 0x40086602, 0x80046601, 0x40046602)
FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR = 0x801C581F, 0x401C5820
_FSXATTR_SIZE = 28


def _nonblock(task: Task, fd: int, file: File, arg: int) -> int:
    on = task.mem.read_int(arg, 4)
    file.set_flags(file.flags | O_NONBLOCK if on else file.flags & ~O_NONBLOCK)
    return 0


def _async(task: Task, fd: int, file: File, arg: int) -> int:
    on = task.mem.read_int(arg, 4)
    if bool(on) != bool(file.flags & O_ASYNC):
        if file_inode(task, file).mode & S_IFMT not in (S_IFIFO, S_IFSOCK):
            raise LinuxError(E.ENOTTY)
        from tracer.kernel.calls.fcntl import set_async
        set_async(task, file, bool(on))
    return 0


def _cloexec(task: Task, fd: int, file: File, arg: int) -> int:
    task.files.cloexec.add(fd)
    return 0


def _not_cloexec(task: Task, fd: int, file: File, arg: int) -> int:
    task.files.cloexec.discard(fd)
    return 0


def _queue_size(task: Task, fd: int, file: File, arg: int) -> int:
    attr = file.getattr()
    if attr.mode & S_IFMT not in (S_IFREG, S_IFDIR, S_IFLNK):
        raise LinuxError(E.ENOTTY)
    task.mem.write_int(arg, attr.blocks * 512, 8)
    return 0


def _block_size(task: Task, fd: int, file: File, arg: int) -> int:
    task.mem.write_int(arg, file_inode(task, file).statfs()["f_bsize"], 4)
    return 0


def _bytes_left(task: Task, fd: int, file: File, arg: int) -> int:
    if file_inode(task, file).mode & S_IFMT != S_IFREG:
        return file.ioctl(task, FIONREAD, arg)
    task.mem.write_int(arg, file.getattr().size - file.seek(0, 1), 4)
    return 0


def _freeze(task: Task, fd: int, file: File, arg: int) -> int:
    raise LinuxError(E.EOPNOTSUPP if task.creds.capable(CAP_SYS_ADMIN) else E.EPERM)


def _unsupported(task: Task, fd: int, file: File, arg: int) -> int:
    raise LinuxError(E.EOPNOTSUPP)


def _block_map(task: Task, fd: int, file: File, arg: int) -> int:
    if file_inode(task, file).mode & S_IFMT != S_IFREG:
        return file.ioctl(task, FIBMAP, arg)
    raise LinuxError(E.EINVAL)


def _needs_attributes(task: Task, file: File) -> None:
    """Inodes without attributes of their own (FS_*_FL): ENOTTY."""
    if file_inode(task, file).mode & S_IFMT not in (S_IFREG, S_IFDIR):
        raise LinuxError(E.ENOTTY)


def _get_flags(task: Task, fd: int, file: File, arg: int) -> int:
    _needs_attributes(task, file)
    task.mem.write_int(arg, 0, 4)
    return 0


def _set_flags(task: Task, fd: int, file: File, arg: int) -> int:
    _needs_attributes(task, file)
    if task.mem.read_int(arg, 4):
        raise LinuxError(E.EOPNOTSUPP)
    return 0


def _get_fsxattr(task: Task, fd: int, file: File, arg: int) -> int:
    _needs_attributes(task, file)
    task.mem.write(arg, bytes(_FSXATTR_SIZE))
    return 0


def _set_fsxattr(task: Task, fd: int, file: File, arg: int) -> int:
    _needs_attributes(task, file)
    if any(task.mem.read(arg, _FSXATTR_SIZE)):
        raise LinuxError(E.EOPNOTSUPP)
    return 0


_COMMON: dict[int, Callable[[Task, int, File, int], int]] = {
    FIOCLEX: _cloexec, FIONCLEX: _not_cloexec, FIONBIO: _nonblock, FIOASYNC: _async,
    FIOQSIZE: _queue_size, FIOQSIZE_ARM: _queue_size, FIGETBSZ: _block_size,
    FIONREAD: _bytes_left, FIFREEZE: _freeze, FITHAW: _freeze, FIBMAP: _block_map,
    FS_IOC_FIEMAP: _unsupported, FICLONE: _unsupported, FICLONERANGE: _unsupported,
    FIDEDUPERANGE: _unsupported, FS_IOC_GETFLAGS: _get_flags, FS_IOC32_GETFLAGS: _get_flags,
    FS_IOC_SETFLAGS: _set_flags, FS_IOC32_SETFLAGS: _set_flags,
    FS_IOC_FSGETXATTR: _get_fsxattr, FS_IOC_FSSETXATTR: _set_fsxattr,
}


@syscall("ioctl", note="what terminals, pipes, regular files and random devices know")
def ioctl(task: Task, fd: int, cmd: int, arg: int) -> int:
    """ioctl(2)."""
    file = task.files.get(fd)
    common = _COMMON.get(cmd)
    if common is not None:
        return common(task, fd, file, arg)
    return file.ioctl(task, cmd, arg)
