"""Moving bytes between files inside the kernel: sendfile, splice, tee, vmsplice,
copy_file_range."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls import transfer
from tracer.kernel.calls.common import (
    LOFF_MAX,
    MAX_NON_LFS,
    MAX_RW_COUNT,
    is_32bit,
    readable,
    send_sigpipe,
    writable,
)
from tracer.kernel.calls.readwrite import import_iovec
from tracer.kernel.inotify import accessed
from tracer.kernel.registry import syscall
from tracer.kernel.task import drop
from tracer.vfs.base import O_APPEND, O_NONBLOCK, PAGE, S_IFDIR, S_IFREG
from tracer.vfs.pipe import Pipe, PipeFile
from tracer.wait import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.layout import Layout
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task
    from tracer.vfs.base import File

    Step = Callable[[], int]        # moves what it can: bytes; EAGAIN when it must wait

SPLICE_F_MOVE, SPLICE_F_NONBLOCK, SPLICE_F_MORE, SPLICE_F_GIFT = 1, 2, 4, 8
_SPLICE_ALL = 15
_U64 = (1 << 64) - 1
_CHUNK = 1 << 16


def _retry(task: Task, step: Step, files: tuple[File, ...], nonblock: bool) -> Result:
    """Try once; wait when it says EAGAIN, unless ``nonblock``."""
    try:
        return _attempt(task, step)
    except LinuxError as error:
        if error.errno != E.EAGAIN or nonblock:
            raise
    return _waiting(task, step, files)


def _attempt(task: Task, step: Step) -> int:
    try:
        return step()
    except LinuxError as error:
        if error.errno == E.EPIPE:
            send_sigpipe(task)
        raise


def _waiting(task: Task, step: Step, files: tuple[File, ...]) -> Blocking:
    for file in files:
        file.refs += 1
    try:
        while True:
            if (yield Wait([q for f in files for q in f.waiters()])) == Wait.SIGNAL:
                raise LinuxError(E.ERESTARTSYS)
            try:
                return _attempt(task, step)
            except LinuxError as error:
                if error.errno != E.EAGAIN:
                    raise
    finally:
        for file in files:
            drop(file)


def _get_offset(task: Task, address: int, size: int = 8) -> int:
    value = task.mem.read_int(address, size)
    return value - (1 << size * 8) if value >> size * 8 - 1 else value


def _prepare_read(task: Task, file: File) -> None:
    if file.inode in task.kernel.shared_files:
        task.kernel.file_read(file.inode)


def _copy(task: Task, file_in: File, pos_in: int, file_out: File, pos_out: int | None,
          count: int) -> int:
    """Copy from a position of one file to another; the number of bytes.

    EAGAIN and other errors only when nothing was copied.
    """
    _prepare_read(task, file_in)
    done = 0
    buffer = memoryview(bytearray(min(count, _CHUNK)))
    while done < count:
        n = file_in.read([buffer[:count - done]], pos_in + done)
        if not n:
            break
        try:
            at = None if pos_out is None else pos_out + done
            moved = file_out.write([buffer[:n]], at)
        except LinuxError:
            if not done:
                raise
            break
        accessed(file_in)
        transfer.written(task, file_out, moved, at)
        done += moved
        if moved < n and not file_out.writes_all:
            break
    return done


# -- sendfile ------------------------------------------------------------------------------------
def _sendfile(task: Task, out_fd: int, in_fd: int, address: int, count: int, size: int,
              limit: int) -> Result:
    """size: bytes of the offset behind ``address``; limit: where the offsets end."""
    pos = _get_offset(task, address, size) if address else 0
    file_in = readable(task, in_fd)
    if address:
        if not file_in.seekable:
            raise LinuxError(E.ESPIPE)
        if pos < 0:
            raise LinuxError(E.EINVAL)
    elif file_in.seekable:
        pos = file_in.seek(0, 1)
    if count >> 63 or pos + count > LOFF_MAX:
        raise LinuxError(E.EINVAL)
    file_out = writable(task, out_fd)
    count = min(count, MAX_RW_COUNT)
    if pos + count > limit:
        if pos >= limit:
            raise LinuxError(E.EOVERFLOW)
        count = limit - pos
    if file_out.flags & O_APPEND and not isinstance(file_out, PipeFile):
        raise LinuxError(E.EINVAL)
    if not file_in.seekable:
        raise LinuxError(E.EINVAL)
    if transfer.kind_of(file_in) == S_IFDIR:
        raise LinuxError(E.EINVAL)
    total = 0

    def step() -> int:
        nonlocal total
        allowed = count - total
        if transfer.kind_of(file_out) == S_IFREG:
            allowed = transfer.limit_write(task, file_out, allowed, None)
        total += _copy(task, file_in, pos + total, file_out, None, allowed)
        if not address:
            file_in.seek(pos + total, 0)
        else:
            task.mem.write_int(address, pos + total, size)
        return total

    return _retry(task, step, (file_out,), bool(file_out.flags & O_NONBLOCK))


@syscall("sendfile")
def sendfile(task: Task, out_fd: int, in_fd: int, offset: int, count: int) -> Result:
    """sendfile(2)."""
    if is_32bit(task):
        return _sendfile(task, out_fd, in_fd, offset, count, 4, MAX_NON_LFS)
    return _sendfile(task, out_fd, in_fd, offset, count, 8, LOFF_MAX)


@syscall("sendfile64")
def sendfile64(task: Task, out_fd: int, in_fd: int, offset: int, count: int) -> Result:
    """sendfile64(2)."""
    return _sendfile(task, out_fd, in_fd, offset, count, 8, LOFF_MAX)


# -- splice --------------------------------------------------------------------------------------
def _room(pipe: Pipe) -> int:
    """Bytes that fit when each page takes a slot; EPIPE, EAGAIN."""
    if not pipe.readers:
        raise LinuxError(E.EPIPE)
    free = pipe.slots - len(pipe.used)
    if free <= 0:
        raise LinuxError(E.EAGAIN)
    return free * PAGE


def _available(pipe: Pipe, count: int) -> bytes:
    """The next bytes; b"" without writers, EAGAIN when they may still come."""
    data = pipe.peek(count)
    if not data and pipe.writers:
        raise LinuxError(E.EAGAIN)
    return data


def _consume(pipe: Pipe, count: int) -> None:
    while count:
        count -= pipe.take([memoryview(bytearray(count))])


@syscall("splice")
def splice(task: Task, fd_in: int, off_in: int, fd_out: int, off_out: int, length: int,
           flags: int) -> Result:
    """splice(2): one of the two is a pipe."""
    if not length:
        return 0
    if flags & ~_SPLICE_ALL:
        raise LinuxError(E.EINVAL)
    task.files.get(fd_in)
    task.files.get(fd_out)
    file_in, file_out = task.files.get(fd_in), task.files.get(fd_out)
    pipe_in = file_in.pipe if isinstance(file_in, PipeFile) else None
    pipe_out = file_out.pipe if isinstance(file_out, PipeFile) else None
    if (pipe_in is not None and off_in) or (pipe_out is not None and off_out):
        raise LinuxError(E.ESPIPE)
    at_out = _get_offset(task, off_out) if off_out else None
    at_in = _get_offset(task, off_in) if off_in else None
    readable(task, fd_in)
    writable(task, fd_out)
    length = min(length, MAX_RW_COUNT)
    nonblock = bool(flags & SPLICE_F_NONBLOCK)
    if pipe_in is not None and pipe_out is not None:
        if pipe_in is pipe_out:
            raise LinuxError(E.EINVAL)
        nonblock |= bool((file_in.flags | file_out.flags) & O_NONBLOCK)
        source, target = pipe_in, pipe_out

        def between() -> int:
            if not target.readers:
                raise LinuxError(E.EPIPE)
            data = _available(source, length)
            if not data:
                return 0
            moved = target.put([memoryview(data)[:_room(target)]])
            _consume(source, moved)
            return moved

        return _retry(task, between, (file_in, file_out), nonblock)
    if pipe_in is not None:
        return _from_pipe(task, file_in, pipe_in, file_out, at_out, off_out, length, nonblock)
    if pipe_out is not None:
        return _to_pipe(task, file_in, at_in, off_in, file_out, pipe_out, length, nonblock)
    raise LinuxError(E.EINVAL)


def _from_pipe(task: Task, file_in: File, pipe: Pipe, file_out: File, pos: int | None,
               address: int, length: int, nonblock: bool) -> Result:
    if pos is not None:
        if not file_out.seekable:
            raise LinuxError(E.EINVAL)
        if pos < 0:
            raise LinuxError(E.EINVAL)
    if file_out.flags & O_APPEND:
        raise LinuxError(E.EINVAL)
    nonblock |= bool(file_in.flags & O_NONBLOCK)

    def step() -> int:
        data = _available(pipe, length)
        if not data:
            return 0
        if transfer.kind_of(file_out) == S_IFREG:
            data = data[:transfer.limit_write(task, file_out, len(data), pos)]
        moved = file_out.write([memoryview(data)], pos)
        transfer.written(task, file_out, moved, pos)
        _consume(pipe, moved)
        if pos is not None:
            task.mem.write_int(address, pos + moved, 8)
        return moved

    return _retry(task, step, (file_in, file_out), nonblock)


def _to_pipe(task: Task, file_in: File, pos: int | None, address: int, file_out: File,
             pipe: Pipe, length: int, nonblock: bool) -> Result:
    if pos is not None and (not file_in.seekable or pos < 0):
        raise LinuxError(E.EINVAL)
    nonblock |= bool(file_out.flags & O_NONBLOCK)
    if transfer.kind_of(file_in) == S_IFDIR:
        raise LinuxError(E.EINVAL)

    def step() -> int:
        count = min(length, _room(pipe))
        _prepare_read(task, file_in)
        buffer = memoryview(bytearray(count))
        n = file_in.read([buffer], pos)
        moved = pipe.put([buffer[:n]]) if n else 0
        if moved:
            accessed(file_in)
        if pos is not None:
            task.mem.write_int(address, pos + moved, 8)
        return moved

    return _retry(task, step, (file_in, file_out), nonblock)


@syscall("tee")
def tee(task: Task, fdin: int, fdout: int, length: int, flags: int) -> Result:
    """tee(2): the bytes stay in the first pipe."""
    if flags & ~_SPLICE_ALL:
        raise LinuxError(E.EINVAL)
    if not length:
        return 0
    file_in, file_out = task.files.get(fdin), task.files.get(fdout)
    readable(task, fdin)
    writable(task, fdout)
    if not isinstance(file_in, PipeFile) or not isinstance(file_out, PipeFile) or (
            file_in.pipe is file_out.pipe):
        raise LinuxError(E.EINVAL)
    source, target = file_in.pipe, file_out.pipe
    nonblock = bool(flags & SPLICE_F_NONBLOCK or (file_in.flags | file_out.flags) & O_NONBLOCK)

    def step() -> int:
        data = _available(source, length)
        return target.put([memoryview(data)[:_room(target)]]) if data else 0

    return _retry(task, step, (file_in, file_out), nonblock)


@syscall("vmsplice", iov="iovec")
def vmsplice(task: Task, fd: int, uiov: int, nr_segs: int, flags: int, *,
             iov: Layout) -> Result:
    """vmsplice(2): the pages are copied, so later stores do not show in the pipe."""
    if flags & ~_SPLICE_ALL:
        raise LinuxError(E.EINVAL)
    file = task.files.get(fd)
    if file.flags & 3 == 3:
        raise LinuxError(E.EBADF)
    buffers = import_iovec(task, uiov, nr_segs, iov)
    if not any(size for _, size in buffers):
        return 0
    if not isinstance(file, PipeFile):
        raise LinuxError(E.EBADF)
    nowait = bool(flags & SPLICE_F_NONBLOCK)
    if file.writes:
        return transfer.write(task, file, buffers, None, nowait)
    return transfer.read(task, file, buffers, None, nowait)


# -- copy_file_range -----------------------------------------------------------------------------
@syscall("copy_file_range")
def copy_file_range(task: Task, fd_in: int, off_in: int, fd_out: int, off_out: int, length: int,
                    flags: int) -> int:
    """copy_file_range(2)."""
    file_in, file_out = task.files.get(fd_in), task.files.get(fd_out)
    pos_in = _get_offset(task, off_in) if off_in else None
    pos_out = _get_offset(task, off_out) if off_out else None
    if flags:
        raise LinuxError(E.EINVAL)
    kinds = transfer.kind_of(file_in), transfer.kind_of(file_out)
    if S_IFDIR in kinds:
        raise LinuxError(E.EISDIR)
    if kinds != (S_IFREG, S_IFREG):
        raise LinuxError(E.EINVAL)
    readable(task, fd_in)
    writable(task, fd_out)
    if file_out.flags & O_APPEND:
        raise LinuxError(E.EBADF)
    assert file_in.inode is not None and file_out.inode is not None
    if file_in.inode.fs is not file_out.inode.fs:
        raise LinuxError(E.EXDEV)
    start_in = file_in.seek(0, 1) if pos_in is None else pos_in
    start_out = file_out.seek(0, 1) if pos_out is None else pos_out
    if any((start & _U64) + length > _U64 for start in (start_in, start_out)):
        raise LinuxError(E.EOVERFLOW)
    if start_in < 0 or start_out < 0:
        raise LinuxError(E.EINVAL)
    count = max(0, min(length, file_in.getattr().size - start_in, MAX_RW_COUNT))
    if count:
        count = transfer.limit_write(task, file_out, count, start_out)
    if file_in.inode is file_out.inode and (
            start_out + count > start_in and start_out < start_in + count):
        raise LinuxError(E.EINVAL)
    transfer.drop_privileges(task, file_out)
    done = _copy(task, file_in, start_in, file_out, start_out, count)
    for file, address, start in ((file_in, off_in, start_in), (file_out, off_out, start_out)):
        if address:
            task.mem.write_int(address, start + done, 8)
        else:
            file.seek(start + done, 0)
    return done
