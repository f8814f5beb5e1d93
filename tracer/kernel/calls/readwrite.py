"""read(2), write(2) and their positional and vector forms; lseek(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls import transfer
from tracer.kernel.calls.common import (
    MAX_NON_LFS,
    is_32bit,
    is_32bit_kernel,
    readable,
    send_sigpipe,
    writable,
)
from tracer.kernel.inotify import WATCHES, accessed
from tracer.kernel.registry import syscall
from tracer.kernel.task import RLIM_INFINITY, RLIMIT_FSIZE
from tracer.memory.space import READ, WRITE
from tracer.vfs.base import O_APPEND, O_NONBLOCK, O_PATH, S_IFMT, S_IFREG, S_ISGID, S_ISUID

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.calls.transfer import Buffers
    from tracer.kernel.registry import Result
    from tracer.kernel.task import Task
    from tracer.vfs.base import File

UIO_MAXIOV = 1024
SEEK_MAX = 4            # SEEK_HOLE
# linux/fs.h
RWF_HIPRI, RWF_DSYNC, RWF_SYNC, RWF_NOWAIT, RWF_APPEND, RWF_NOAPPEND, RWF_ATOMIC = (
    1, 2, 4, 8, 16, 32, 64)
_RWF_SUPPORTED = 0x7F

_SMALL = 1 << 16
_DIALOGUE = 8           # so many waits directly after a write show that there will be more
_EAGAIN, _EPIPE, _EBADF = E.EAGAIN, E.EPIPE, E.EBADF
_NOT_READABLE = O_PATH | 1


@syscall("read")
def read(task: Task, fd: int, buf: int, count: int) -> Result:
    """read(2)."""
    file = task.files.files.get(fd)
    if file is None or file.flags & _NOT_READABLE:
        raise LinuxError(_EBADF)
    if count <= _SMALL:
        views = task.mem.views(buf, count, WRITE)
        if views and len(views[0]) == count:
            kernel = task.kernel
            if file.inode in kernel.shared_files:
                kernel.file_read(file.inode)
            try:
                n = file.read(views)
            except LinuxError as error:
                if error.errno != _EAGAIN or file.flags & O_NONBLOCK:
                    raise
            else:
                task.wrote = False
                if n and WATCHES:
                    accessed(file)
                return n
            return transfer.read_wait(task, file, ((buf, count),), None)
    return transfer.read(task, file, ((buf, count),))


@syscall("write")
def write(task: Task, fd: int, buf: int, count: int) -> Result:
    """write(2)."""
    file = task.files.files.get(fd)
    if file is None or not (file.flags + 1) & 2 or file.flags & O_PATH:
        raise LinuxError(_EBADF)
    if count <= _SMALL:
        views = task.mem.views(buf, count, READ)
        if views and len(views[0]) == count:
            inode = file.inode
            if inode is not None and inode.mode & S_IFMT == S_IFREG and (
                    WATCHES or inode in task.kernel.shared_files or inode.mode & (S_ISUID | S_ISGID)
                    or task.process.limits[RLIMIT_FSIZE][0] != RLIM_INFINITY
                    or file.pos > MAX_NON_LFS - _SMALL):
                return transfer.write(task, file, ((buf, count),))
            try:
                n = file.write(views)
            except LinuxError as error:
                if error.errno != _EAGAIN or file.flags & O_NONBLOCK:
                    if error.errno == _EPIPE and file.raises_sigpipe:
                        send_sigpipe(task)
                    raise
                n = 0
            else:
                if n == count or not file.writes_all or file.flags & O_NONBLOCK:
                    if not file.seekable:
                        _speak(task)
                    return n
            return transfer.write_wait(task, file, ((buf, count),), None, n)
    return transfer.write(task, file, ((buf, count),))


def _speak(task: Task) -> None:
    """A task that always waits for an answer to what it writes lets the other side run at once:
    then neither has to be put to sleep and woken."""
    if task.wrote:
        task.dialogue = 0
        return
    task.wrote = True
    if task.dialogue >= _DIALOGUE:
        task.kernel.yield_now()


def _positional(task: Task, fd: int, pos: int) -> File:
    """The checks of pread and pwrite: EINVAL, EBADF, ESPIPE, in this order."""
    if pos < 0:
        raise LinuxError(E.EINVAL)
    file = task.files.get(fd)
    if not file.seekable:
        raise LinuxError(E.ESPIPE)
    return file


@syscall("pread64")
def pread64(task: Task, fd: int, buf: int, count: int, pos: int) -> Result:
    """pread(2)."""
    _positional(task, fd, pos)
    return transfer.read(task, readable(task, fd), ((buf, count),), pos)


@syscall("pwrite64")
def pwrite64(task: Task, fd: int, buf: int, count: int, pos: int) -> Result:
    """pwrite(2)."""
    _positional(task, fd, pos)
    return transfer.write(task, writable(task, fd), ((buf, count),), pos)


# -- vectors -----------------------------------------------------------------------------------
def import_iovec(task: Task, vec: int, vlen: int, iov: Layout) -> Buffers:
    """The buffer list of a vector; EINVAL, EFAULT."""
    if vlen > UIO_MAXIOV:
        raise LinuxError(E.EINVAL)
    size = iov.size
    data = task.mem.read(vec, vlen * size) if vlen else b""
    most = (1 << size * 4 - 1) - 1      # half of the structure is the length: SSIZE_MAX
    buffers = []
    for at in range(0, vlen * size, size):
        address, length = iov.unpack(data[at:at + size])
        assert isinstance(address, int) and isinstance(length, int)
        if length > most:
            raise LinuxError(E.EINVAL)
        buffers.append((address, length))
    return buffers


def _rw_flags(flags: int, write: bool) -> None:
    """kiocb_set_rw_flags: EOPNOTSUPP, EINVAL."""
    if flags & ~_RWF_SUPPORTED:
        raise LinuxError(E.EOPNOTSUPP)
    if flags & RWF_APPEND and flags & RWF_NOAPPEND:
        raise LinuxError(E.EINVAL)
    if flags & RWF_ATOMIC:
        raise LinuxError(E.EOPNOTSUPP)


def _nowait(file: File, flags: int) -> bool:
    """RWF_NOWAIT: pipes and their kin know it, files in memory do not."""
    if not flags & RWF_NOWAIT:
        return False
    if file.seekable:
        raise LinuxError(E.EOPNOTSUPP)
    return True


def _readv(task: Task, file: File, fd: int, vec: int, vlen: int, iov: Layout,
           pos: int | None, flags: int) -> Result:
    readable(task, fd)
    buffers = import_iovec(task, vec, vlen, iov)
    if not any(size for _, size in buffers):
        transfer.check(task, file, buffers, pos)
        return 0
    nowait = False
    if flags:
        _rw_flags(flags, False)
        nowait = _nowait(file, flags)
    return transfer.read(task, file, buffers, pos, nowait)


def _writev(task: Task, file: File, fd: int, vec: int, vlen: int, iov: Layout,
            pos: int | None, flags: int) -> Result:
    writable(task, fd)
    buffers = import_iovec(task, vec, vlen, iov)
    if not any(size for _, size in buffers):
        transfer.check(task, file, buffers, pos)
        return 0
    if not flags:
        return transfer.write(task, file, buffers, pos)
    _rw_flags(flags, True)
    nowait = _nowait(file, flags)
    if not file.seekable or not flags & (RWF_APPEND | RWF_NOAPPEND):
        return transfer.write(task, file, buffers, pos, nowait)
    if flags & RWF_APPEND:
        at = file.getattr().size
    else:
        at = file.seek(0, 1) if pos is None else pos
    before = file.flags
    if before & O_APPEND:
        file.set_flags(before & ~O_APPEND)
    try:
        done = transfer.write(task, file, buffers, at)
    finally:
        if before & O_APPEND:
            file.set_flags(before)
    if pos is None and isinstance(done, int):
        file.seek(at + done, 0)
    return done


@syscall("readv", iov="iovec")
def readv(task: Task, fd: int, vec: int, vlen: int, *, iov: Layout) -> Result:
    """readv(2)."""
    return _readv(task, task.files.get(fd), fd, vec, vlen, iov, None, 0)


@syscall("writev", iov="iovec")
def writev(task: Task, fd: int, vec: int, vlen: int, *, iov: Layout) -> Result:
    """writev(2)."""
    return _writev(task, task.files.get(fd), fd, vec, vlen, iov, None, 0)


def _offset(task: Task, low: int, high: int) -> int:
    """The position in two words: the second one counts for 32-bit tasks only."""
    value = low | high << 32 if is_32bit(task) else low
    return value - (1 << 64) if value >> 63 else value


@syscall("preadv", iov="iovec")
def preadv(task: Task, fd: int, vec: int, vlen: int, pos_l: int, pos_h: int, *,
           iov: Layout) -> Result:
    """preadv(2)."""
    pos = _offset(task, pos_l, pos_h)
    return _readv(task, _positional(task, fd, pos), fd, vec, vlen, iov, pos, 0)


@syscall("pwritev", iov="iovec")
def pwritev(task: Task, fd: int, vec: int, vlen: int, pos_l: int, pos_h: int, *,
            iov: Layout) -> Result:
    """pwritev(2)."""
    pos = _offset(task, pos_l, pos_h)
    return _writev(task, _positional(task, fd, pos), fd, vec, vlen, iov, pos, 0)


@syscall("preadv2", iov="iovec")
def preadv2(task: Task, fd: int, vec: int, vlen: int, pos_l: int, pos_h: int, flags: int, *,
            iov: Layout) -> Result:
    """preadv2(2): at position -1 like readv."""
    pos = _offset(task, pos_l, pos_h)
    if pos == -1:
        return _readv(task, task.files.get(fd), fd, vec, vlen, iov, None, flags)
    return _readv(task, _positional(task, fd, pos), fd, vec, vlen, iov, pos, flags)


@syscall("pwritev2", iov="iovec")
def pwritev2(task: Task, fd: int, vec: int, vlen: int, pos_l: int, pos_h: int, flags: int, *,
             iov: Layout) -> Result:
    """pwritev2(2): at position -1 like writev."""
    pos = _offset(task, pos_l, pos_h)
    if pos == -1:
        return _writev(task, task.files.get(fd), fd, vec, vlen, iov, None, flags)
    return _writev(task, _positional(task, fd, pos), fd, vec, vlen, iov, pos, flags)


# -- position ----------------------------------------------------------------------------------
@syscall("lseek")
def lseek(task: Task, fd: int, offset: int, whence: int) -> int:
    """lseek(2)."""
    file = task.files.files.get(fd)
    if file is None or file.flags & O_PATH:
        raise LinuxError(_EBADF)
    if whence > SEEK_MAX:
        raise LinuxError(E.EINVAL)
    result = file.seek(offset, whence)
    if result > MAX_NON_LFS and is_32bit_kernel(task):
        raise LinuxError(E.EOVERFLOW)
    return result


@syscall("_llseek")
def llseek(task: Task, fd: int, offset_high: int, offset_low: int, result: int,
           whence: int) -> int:
    """_llseek(2): the new position goes to ``*result``."""
    file = task.files.get(fd)
    if whence > SEEK_MAX:
        raise LinuxError(E.EINVAL)
    offset = offset_high << 32 | offset_low
    if offset >> 63:
        offset -= 1 << 64
    task.mem.write(result, file.seek(offset, whence).to_bytes(8, "little"))
    return 0
