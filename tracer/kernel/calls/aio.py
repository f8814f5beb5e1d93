"""io_setup(2), io_submit(2), io_getevents(2) and their kin."""
from __future__ import annotations

from collections.abc import Generator
from struct import unpack
from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel.aio import EVENT_SIZE, Context, Iocb, Poll, find
from tracer.kernel.calls import transfer
from tracer.kernel.calls.common import get_timespec
from tracer.kernel.dispatch import RESTARTS
from tracer.kernel.registry import syscall
from tracer.vfs.base import POLLERR, POLLHUP
from tracer.vfs.eventfd import EventFile
from tracer.wait import Wait

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task
    from tracer.vfs.base import File

# linux/aio_abi.h
PREAD, PWRITE, FSYNC, FDSYNC, POLL, NOOP, PREADV, PWRITEV = 0, 1, 2, 3, 5, 6, 7, 8
FLAG_RESFD, FLAG_IOPRIO = 1, 2
_IOCB_SIZE = 64
_RWF_SUPPORTED = 0x7F
_SECOND = 10**9


@syscall("io_setup")
def io_setup(task: Task, nr_events: int, ctxp: int) -> int:
    """io_setup(2)."""
    word = task.call_word
    if task.mem.read_int(ctxp, word) or not nr_events:
        raise LinuxError(E.EINVAL)
    context = Context(task, nr_events)
    try:
        # int 0x80 from 64-bit code gets the lower half.
        task.mem.write(ctxp, context.address.to_bytes(8, "little")[:word])
    except Fault:
        context.destroy()
        raise
    return 0


@syscall("io_destroy")
def io_destroy(task: Task, ctx: int) -> int:
    """io_destroy(2)."""
    find(task, ctx).destroy()
    return 0


@syscall("io_submit", iovec="iovec")
def io_submit(task: Task, ctx_id: int, count: int, iocbpp: int, *, iovec: Layout) -> Result:
    """io_submit(2)."""
    if count < 0:
        raise LinuxError(E.EINVAL)
    context = find(task, ctx_id)
    return _submit(task, context, min(count, context.events), iocbpp, iovec)


def _submit(task: Task, context: Context, count: int, pointers: int, iovec: Layout) -> Blocking:
    word = task.call_word
    done = 0
    try:
        while done < count:
            address = task.mem.read_int(pointers + done * word, word)
            yield from _submit_one(task, context, address, iovec)
            done += 1
    except LinuxError as error:
        if not done:
            raise LinuxError(error.errno) from None
    return done


def _submit_one(task: Task, context: Context, address: int,
                iovec: Layout) -> Generator[Any, int, None]:
    """io_submit_one: the checks in its order, then the request itself."""
    fields = unpack("<QIIHhiQQqQIi", task.mem.read(address, _IOCB_SIZE))
    iocb = Iocb(address, *fields)
    if iocb.reserved:
        raise LinuxError(E.EINVAL)
    mask = task.call_abi.mask
    if iocb.buf & ~mask or iocb.nbytes & ~mask or iocb.nbytes > mask >> 1:
        raise LinuxError(E.EINVAL)
    if context.available() <= 0:
        raise LinuxError(E.EAGAIN)
    file = task.files.get(iocb.fd)
    notify: EventFile | None = None
    if iocb.flags & FLAG_RESFD:
        found = task.files.get(iocb.resfd)
        if not isinstance(found, EventFile):
            raise LinuxError(E.EINVAL)
        notify = found
    task.mem.write(address + 8, bytes(4))       # aio_key: KIOCB_KEY
    if iocb.opcode in (PREAD, PWRITE, PREADV, PWRITEV):
        result = yield from _move(task, file, iocb, iovec)
    elif iocb.opcode in (FSYNC, FDSYNC):
        if iocb.buf or iocb.offset or iocb.nbytes or iocb.rw_flags:
            raise LinuxError(E.EINVAL)
        file.sync()
        result = 0
    elif iocb.opcode == POLL:
        _poll(context, file, iocb, notify)
        return
    else:
        raise LinuxError(E.EINVAL)
    if -result in (E.ERESTARTSYS, E.ERESTARTNOINTR) or result in RESTARTS:
        result = -E.EINTR
    context.complete(iocb, result, notify)


def _move(task: Task, file: File, iocb: Iocb, iovec: Layout) -> Generator[Any, int, int]:
    """A read or write: what its result is, an error of its own included."""
    writing = iocb.opcode in (PWRITE, PWRITEV)
    if iocb.flags & FLAG_IOPRIO:
        from tracer.kernel.calls.scheduling import check_io_priority
        check_io_priority(task, iocb.reqprio & 0xFFFF)
    if iocb.rw_flags & ~_RWF_SUPPORTED:
        raise LinuxError(E.EOPNOTSUPP)
    access = file.flags & 3
    if access == (0 if writing else 1) or access == 3:
        raise LinuxError(E.EBADF)
    if iocb.opcode in (PREADV, PWRITEV):
        from tracer.kernel.calls.readwrite import import_iovec
        buffers = import_iovec(task, iocb.buf, iocb.nbytes, iovec)
    else:
        buffers = ((iocb.buf, iocb.nbytes),)
    position = iocb.offset if file.seekable else None
    if position is not None and position < 0:
        raise LinuxError(E.EINVAL)
    transfer.check(task, file, buffers, position)
    try:
        move = transfer.write if writing else transfer.read
        result = move(task, file, buffers, position)
        if isinstance(result, Generator):
            result = yield from result
    except LinuxError as error:
        return -error.errno
    assert isinstance(result, int)
    return result


def _poll(context: Context, file: File, iocb: Iocb, notify: EventFile | None) -> None:
    if iocb.buf & ~0xFFFF or iocb.offset or iocb.nbytes or iocb.rw_flags:
        raise LinuxError(E.EINVAL)
    mask = iocb.buf | POLLERR | POLLHUP
    ready = file.poll() & mask
    if ready:
        context.complete(iocb, ready, notify)
    else:
        Poll(context, iocb, file, mask, notify)


@syscall("io_cancel")
def io_cancel(task: Task, ctx_id: int, iocb: int, result: int) -> int:
    """io_cancel(2): only polls can be outstanding; their event says that nothing came."""
    if task.mem.read_int(iocb + 8, 4):
        raise LinuxError(E.EINVAL)
    poll = find(task, ctx_id).polls.get(iocb)
    if poll is None:
        raise LinuxError(E.EINVAL)
    poll.finish(0)
    raise LinuxError(E.EINPROGRESS)


def _getevents(task: Task, ctx_id: int, least: int, most: int, events: int,
               timeout: int | None, interrupted: int) -> Result:
    """timeout: nanoseconds, None for ever.  interrupted: the errno when a signal comes."""
    context = find(task, ctx_id)
    if not 0 <= least <= most:
        raise LinuxError(E.EINVAL)
    count = _collect(task, context, most, events)
    if count >= least or (timeout is not None and timeout <= 0):
        return count
    deadline = None if timeout is None else task.kernel.clock.monotonic() + timeout
    return _wait(task, context, least, most, events, count, deadline, interrupted)


def _collect(task: Task, context: Context, most: int, events: int) -> int:
    data = context.take(most)
    if data:
        task.mem.write(events, data)
    return len(data) // EVENT_SIZE


def _wait(task: Task, context: Context, least: int, most: int, events: int, count: int,
          deadline: int | None, interrupted: int) -> Blocking:
    while count < least and not context.dead:
        reason = yield Wait((context.changed,), deadline)
        count += _collect(task, context, most - count, events + count * EVENT_SIZE)
        if reason == Wait.TIMEOUT:
            break
        if reason == Wait.SIGNAL:
            if not count:
                raise LinuxError(interrupted)
            break
    return count


def _timeout(task: Task, address: int, ts: Layout) -> int | None:
    """Nanoseconds until then; None for ever.  Nothing is checked, as in Linux."""
    if not address:
        return None
    seconds, nanoseconds = get_timespec(task, address, ts)
    return seconds * _SECOND + nanoseconds


@syscall("io_getevents", ts="timespec")
def io_getevents(task: Task, ctx_id: int, least: int, most: int, events: int, timeout: int, *,
                 ts: Layout) -> Result:
    """io_getevents(2)."""
    return _getevents(task, ctx_id, least, most, events, _timeout(task, timeout, ts), E.EINTR)


@syscall("io_pgetevents", ts="timespec")
@syscall("io_pgetevents_time64", ts="timespec64")
def io_pgetevents(task: Task, ctx_id: int, least: int, most: int, events: int, timeout: int,
                  usig: int, *, ts: Layout) -> Result:
    """io_pgetevents(2): as io_getevents with a signal mask, struct __aio_sigset."""
    length = _timeout(task, timeout, ts)
    if usig:
        from tracer.kernel.calls.poll import signal_mask
        word = task.call_word
        data = task.mem.read(usig, 2 * word)
        signal_mask(task, int.from_bytes(data[:word], "little"),
                    int.from_bytes(data[word:], "little"))
    return _getevents(task, ctx_id, least, most, events, length, E.ERESTARTNOHAND)
