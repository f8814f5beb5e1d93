"""Moving bytes between open files and buffers of guest memory: the slow and the waiting paths.

A buffer list is a sequence of (address, size).  What a call does at a bad address follows the
kernel: bytes before it are transferred and counted; EFAULT only when there are none.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import (
    CAP_FSETID,
    LOFF_MAX,
    MAX_NON_LFS,
    MAX_RW_COUNT,
    check_range,
    is_32bit,
    send_sigpipe,
    send_sigxfsz,
)
from tracer.kernel.inotify import IN_MODIFY, WATCHES, accessed
from tracer.kernel.inotify import changed as inotify_changed
from tracer.kernel.task import RLIM_INFINITY, RLIMIT_FSIZE, drop
from tracer.memory.space import READ, WRITE
from tracer.vfs.base import (
    O_APPEND,
    O_LARGEFILE,
    O_NONBLOCK,
    PAGE,
    S_IFCHR,
    S_IFIFO,
    S_IFMT,
    S_IFREG,
    S_IFSOCK,
    S_ISGID,
    S_ISUID,
    makedev,
)
from tracer.wait import Wait

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task
    from tracer.vfs.base import File

    Buffers = Sequence[tuple[int, int]]

CHUNK = 1 << 16         # buffers are made accessible in pieces: a huge one costs no memory
MESSAGE = 1 << 22       # longer than any socket's messages
PIPE_CHUNK = 1 << 20    # no pipe holds more
_NULL = makedev(1, 3)


def kind_of(file: File) -> int:
    """S_IF* of what the file is; 0 without an inode."""
    return file.inode.mode & S_IFMT if file.inode is not None else 0


def check(task: Task, file: File, buffers: Buffers, pos: int | None) -> Buffers:
    """access_ok and rw_verify_area: EFAULT, EINVAL.  The list cut to MAX_RW_COUNT."""
    total = 0
    for address, size in buffers:
        check_range(task, address, size)
        total += size
    if file.seekable and (file.pos if pos is None else pos) + total > LOFF_MAX:
        raise LinuxError(E.EINVAL)
    return truncated(buffers, MAX_RW_COUNT) if total > MAX_RW_COUNT else buffers


def truncated(buffers: Buffers, count: int) -> Buffers:
    """The first ``count`` bytes of a buffer list."""
    result = []
    for address, size in buffers:
        size = min(size, count)
        result.append((address, size))
        count -= size
        if not count:
            break
    return result


def skipped(buffers: Buffers, count: int) -> Buffers:
    """What follows the first ``count`` bytes."""
    result = []
    for address, size in buffers:
        if count < size:
            result.append((address + count, size - count))
            count = 0
        else:
            count -= size
    return result


def _pieces(buffers: Buffers, limit: int) -> Iterator[tuple[list[tuple[int, int]], int]]:
    """The list in parts of at most ``limit`` bytes, with their sizes."""
    piece: list[tuple[int, int]] = []
    room = limit
    for address, size in buffers:
        while size >= room:
            piece.append((address, room))
            yield piece, limit
            address += room
            size -= room
            piece, room = [], limit
        if size:
            piece.append((address, size))
            room -= size
    if room < limit:
        yield piece, limit - room


def _views(task: Task, piece: Buffers, access: int) -> tuple[list[memoryview], int]:
    """The accessible start of a buffer list and its size."""
    views: list[memoryview] = []
    total = 0
    for address, size in piece:
        found = task.mem.views(address, size, access)
        views += found
        got = sum(map(len, found))
        total += got
        if got < size:
            break
    return views, total


# -- reading ---------------------------------------------------------------------------------
def read(task: Task, file: File, buffers: Buffers, pos: int | None = None,
         nowait: bool = False) -> Result:
    """Read into a buffer list, waiting if needed."""
    buffers = check(task, file, buffers, pos)
    try:
        return read_now(task, file, buffers, pos)
    except LinuxError as error:
        if error.errno != E.EAGAIN or nowait or file.flags & O_NONBLOCK:
            raise
    return read_wait(task, file, buffers, pos)


def read_now(task: Task, file: File, buffers: Buffers, pos: int | None) -> int:
    """Read what is there; EAGAIN when the call would have to wait."""
    inode = file.inode
    if inode in task.kernel.shared_files:
        task.kernel.file_read(inode)
    if not any(size for _, size in buffers):
        return file.read((), pos)
    whole = kind_of(file) in (S_IFREG, S_IFCHR)
    done = 0
    for piece, wanted in _pieces(buffers, CHUNK if whole else PIPE_CHUNK):
        views, got = _views(task, piece, WRITE)
        at = None if pos is None else pos + done
        try:
            n = file.read(views, at) if got == wanted else _read_short(
                file, views, got, wanted, at)
        except LinuxError:
            if not done:
                raise
            break
        done += n
        if n < wanted or not whole:
            break
    if done:
        accessed(file)
    return done


def _read_short(file: File, views: list[memoryview], got: int, wanted: int,
                pos: int | None) -> int:
    """Read into a buffer whose end, or all of it, cannot be written."""
    from tracer.vfs.pipe import PipeFile
    if isinstance(file, PipeFile) and file.pipe.used and (
            min(len(file.pipe.used[0]) - file.pipe.offset, wanted) > got):
        raise LinuxError(E.EFAULT)      # a slot that does not fit wholly stays in the pipe
    if got:
        return file.read(views, pos)
    if file.seekable:
        at = file.seek(0, 1) if pos is None else pos
        n = file.read([memoryview(bytearray(1))], at)
    else:
        n = file.read([memoryview(bytearray(min(wanted, PAGE)))], pos)
    if n:
        raise LinuxError(E.EFAULT)
    return 0


def _deadline(task: Task, timeout: int | None) -> int | None:
    """When a wait that begins now ends."""
    return None if timeout is None else task.kernel.clock.monotonic() + timeout


def read_wait(task: Task, file: File, buffers: Buffers, pos: int | None) -> Blocking:
    """Wait until there is something to read."""
    deadline = _deadline(task, file.read_timeout)
    file.refs += 1
    try:
        while True:
            reason = yield Wait(file.waiters(), deadline)
            if reason == Wait.SIGNAL:
                raise LinuxError(E.ERESTARTSYS if deadline is None else E.EINTR)
            try:
                return read_now(task, file, buffers, pos)
            except LinuxError as error:
                if error.errno != E.EAGAIN or reason == Wait.TIMEOUT:
                    raise
    finally:
        drop(file)


# -- writing ---------------------------------------------------------------------------------
def limit_write(task: Task, file: File, count: int, pos: int | None) -> int:
    """How many bytes a regular file may take at its position: generic_write_checks.

    EFBIG, with SIGXFSZ when RLIMIT_FSIZE is the reason.
    """
    if not count:
        return 0
    if file.flags & O_APPEND:
        at = file.getattr().size
    else:
        at = file.seek(0, 1) if pos is None else pos
    limit = task.process.limits[RLIMIT_FSIZE][0]
    if limit != RLIM_INFINITY:
        if at >= limit:
            send_sigxfsz(task)
            raise LinuxError(E.EFBIG)
        count = min(count, limit - at)
    most = LOFF_MAX if file.flags & O_LARGEFILE or not is_32bit(task) else MAX_NON_LFS
    if at >= most:
        raise LinuxError(E.EFBIG)
    return min(count, most - at)


def drop_privileges(task: Task, file: File) -> None:
    """Writing takes set-user-ID away (and set-group-ID from group executables)."""
    inode = file.inode
    if inode is None or task.creds.capable(CAP_FSETID) or inode.fs.native:
        return
    mode = inode.mode
    kill = mode & S_ISUID
    if mode & S_ISGID and mode & 0o010:
        kill |= S_ISGID
    if kill:
        file.setattr(mode=mode & 0o7777 & ~kill)


def write(task: Task, file: File, buffers: Buffers, pos: int | None = None,
          nowait: bool = False) -> Result:
    """Write a buffer list, waiting if needed; SIGPIPE."""
    buffers = check(task, file, buffers, pos)
    total = sum(size for _, size in buffers)
    if kind_of(file) == S_IFREG:
        allowed = limit_write(task, file, total, pos)
        if allowed < total:
            buffers = truncated(buffers, allowed)
            total = allowed
        drop_privileges(task, file)
    try:
        done = write_now(task, file, buffers, pos)
    except LinuxError as error:
        if error.errno == E.EPIPE and file.raises_sigpipe:
            send_sigpipe(task)
            raise
        if error.errno != E.EAGAIN or nowait or file.flags & O_NONBLOCK:
            raise
        done = 0
    else:
        if done >= total or nowait or file.flags & O_NONBLOCK or not file.writes_all:
            return done
    return write_wait(task, file, buffers, pos, done)


def written(task: Task, file: File, count: int, pos: int | None) -> None:
    """Show mappings of the file, and those who watch it, what changed."""
    inode = file.inode
    if WATCHES:
        inotify_changed(file.location, IN_MODIFY)
    if inode in task.kernel.shared_files:
        if pos is None:
            pos = file.pos - count
            if pos < 0:         # the host keeps the position
                pos, count = 0, LOFF_MAX
        task.kernel.file_written(inode, pos, pos + count)


def write_now(task: Task, file: File, buffers: Buffers, pos: int | None) -> int:
    """Write what there is room for; EAGAIN when the call would have to wait, EPIPE."""
    if not any(size for _, size in buffers):
        return file.write((), pos)
    done = 0
    if kind_of(file) == S_IFIFO:
        # how the bytes fall into slots depends on the whole write modulo the page size
        limit = PIPE_CHUNK + sum(size for _, size in buffers) % PAGE
    elif kind_of(file) == S_IFSOCK:
        limit = MESSAGE         # a write is one message
    else:
        limit = CHUNK
    for piece, wanted in _pieces(buffers, limit):
        views, got = _views(task, piece, READ)
        bad = got < wanted
        try:
            if bad:
                n = _write_short(file, views, got, wanted, None if pos is None else pos + done)
            else:
                n = file.write(views, None if pos is None else pos + done)
        except LinuxError:
            if not done:
                raise
            break
        done += n
        if n < wanted:
            break
    if done:
        written(task, file, done, pos)
    return done


def _write_short(file: File, views: list[memoryview], got: int, wanted: int,
                 pos: int | None) -> int:
    """Write from a buffer whose end, or all of it, cannot be read."""
    kind = kind_of(file)
    if kind == S_IFCHR and file.getattr().rdev == _NULL:
        return wanted           # it does not look at the buffer
    if kind == S_IFIFO:         # whole pages only
        got -= got % PAGE
        views = [memoryview(b"".join(views)[:got])] if got else []
    if not got or kind == S_IFSOCK:
        raise LinuxError(E.EFAULT)
    return file.write(views, pos)


def write_wait(task: Task, file: File, buffers: Buffers, pos: int | None, done: int) -> Blocking:
    """Write the rest; a signal or an error after some bytes ends it with their number."""
    total = sum(size for _, size in buffers)
    deadline = _deadline(task, file.write_timeout)
    file.refs += 1
    try:
        while True:
            reason = yield Wait(file.waiters(), deadline)
            if reason == Wait.SIGNAL:
                if done:
                    return done
                raise LinuxError(E.ERESTARTSYS if deadline is None else E.EINTR)
            try:
                done += write_now(task, file, skipped(buffers, done),
                                  None if pos is None else pos + done)
            except LinuxError as error:
                if error.errno == E.EPIPE and file.raises_sigpipe:
                    send_sigpipe(task)
                if error.errno == E.EAGAIN and reason != Wait.TIMEOUT:
                    continue
                if done:
                    return done
                raise
            if done >= total or not file.writes_all:
                return done
    finally:
        drop(file)
