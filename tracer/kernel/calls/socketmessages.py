"""Sending to and receiving from sockets: send, recv, sendmsg, recvmsg and their kin."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel.calls.common import (
    MAX_RW_COUNT,
    check_range,
    duration,
    get_timespec,
    is_32bit,
    send_sigpipe,
)
from tracer.kernel.calls.readwrite import import_iovec
from tracer.kernel.calls.sockets import get_address, get_socket, put_address
from tracer.kernel.calls.transfer import skipped, truncated
from tracer.kernel.net.constants import (
    MSG_BATCH,
    MSG_CMSG_CLOEXEC,
    MSG_CMSG_COMPAT,
    MSG_CTRUNC,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    MSG_NOSIGNAL,
    MSG_OOB,
    MSG_WAITFORONE,
    SOCKADDR_STORAGE,
    UIO_MAXIOV,
)
from tracer.kernel.net.socket import Outgoing, Received, Socket, discard
from tracer.kernel.registry import syscall
from tracer.kernel.task import drop
from tracer.vfs.base import O_NONBLOCK
from tracer.wait import Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sysnames.layout import Layout
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task

    Buffers = Sequence[tuple[int, int]]

_STREAM_CHUNK = 1 << 22     # more fits into no stream's buffers
_INT_MAX = (1 << 31) - 1
# MSG_SPLICE_PAGES, MSG_SENDPAGE_NOPOLICY, MSG_SENDPAGE_DECRYPTED: only the kernel may set them
_INTERNAL_SEND = 0x8000000 | 0x10000 | 0x100000


class Header:
    """A struct msghdr as the caller gave it."""

    __slots__ = ("buffers", "control", "control_size", "name", "name_size", "total")

    def __init__(self, task: Task, address: int, hdr: Layout, iov: Layout) -> None:
        """EFAULT, EINVAL, EMSGSIZE."""
        fields = hdr.unpack(task.mem.read(address, hdr.size))
        name, size, vec, count, control, control_size, _ = map(int, fields)
        if not name:
            size = 0
        if size < 0:
            raise LinuxError(E.EINVAL)
        self.name = name
        self.name_size = min(size, SOCKADDR_STORAGE)
        self.control = control
        self.control_size = control_size
        if count > UIO_MAXIOV:
            raise LinuxError(E.EMSGSIZE)
        buffers = import_iovec(task, vec, count, iov)
        self.total = sum(length for _, length in buffers)
        if self.total > MAX_RW_COUNT:
            buffers = truncated(buffers, MAX_RW_COUNT)
            self.total = MAX_RW_COUNT
        for start, length in buffers:
            check_range(task, start, length)
        self.buffers: Buffers = buffers


def _may_wait(sock: Socket, flags: int) -> int:
    return flags | MSG_DONTWAIT if sock.flags & O_NONBLOCK else flags


def _word(task: Task) -> int:
    return 4 if is_32bit(task) else 8


# -- sending -----------------------------------------------------------------------------------
def _gather(task: Task, sock: Socket, buffers: Buffers, total: int) -> bytes:
    """The bytes to send; of a stream as much as it could take at once."""
    if sock.flows:
        if total > _STREAM_CHUNK:
            buffers = truncated(buffers, _STREAM_CHUNK)
    elif total > max(sock.sndbuf, 0xFFFF):
        raise LinuxError(E.EMSGSIZE)
    read = task.mem.read
    if len(buffers) == 1:
        return read(*buffers[0])
    return b"".join([read(address, size) for address, size in buffers if size])


def _send(task: Task, sock: Socket, message: Outgoing, buffers: Buffers, total: int,
          flags: int) -> Result:
    """Send, waiting if needed.  SIGPIPE."""
    flags = _may_wait(sock, flags)
    try:
        done = sock.send(task, message, flags)
        if done == total or flags & MSG_DONTWAIT or not sock.flows:
            discard(message.files)
            return done
    except LinuxError as error:
        if error.errno != E.EAGAIN or flags & MSG_DONTWAIT:
            discard(message.files)
            _broken(task, sock, error.errno, flags)
            raise
        done = 0
    return _send_wait(task, sock, message, buffers, total, flags, done)


def _broken(task: Task, sock: Socket, errno: int, flags: int) -> None:
    """Streams raise SIGPIPE; sockets that keep messages apart only fail."""
    if errno == E.EPIPE and sock.flows and not flags & MSG_NOSIGNAL:
        send_sigpipe(task)


def _send_wait(task: Task, sock: Socket, message: Outgoing, buffers: Buffers, total: int,
               flags: int, done: int) -> Blocking:
    timeout = sock.write_timeout
    deadline = None if timeout is None else task.kernel.clock.monotonic() + timeout
    rest, left = skipped(buffers, done), total - done
    full = done < len(message.data)
    sock.refs += 1
    try:
        while True:
            reason = Wait.WOKEN
            if full:
                reason = yield Wait(sock.waiters(), deadline)
                if reason == Wait.SIGNAL:
                    if done:
                        return done
                    raise LinuxError(E.ERESTARTSYS if timeout is None else E.EINTR)
            if sock.flows:
                message.data = _gather(task, sock, rest, left)
            try:
                sent = sock.send(task, message, flags)
            except LinuxError as error:
                if error.errno == E.EAGAIN and reason != Wait.TIMEOUT:
                    full = True
                    continue
                if done:
                    return done
                _broken(task, sock, error.errno, flags)
                raise
            done += sent
            left -= sent
            if not left or not sock.flows:
                return done
            rest = skipped(rest, sent)
            full = sent < len(message.data)
    finally:
        discard(message.files)
        drop(sock)


@syscall("send")
def send(task: Task, fd: int, buff: int, length: int, flags: int) -> Result:
    return sendto(task, fd, buff, length, flags, 0, 0)


@syscall("sendto")
def sendto(task: Task, fd: int, buff: int, length: int, flags: int, addr: int,
           addr_len: int) -> Result:
    length = min(length, MAX_RW_COUNT)
    check_range(task, buff, length)
    sock = get_socket(task, fd)
    name = get_address(task, addr, addr_len) if addr else None
    flags &= ~_INTERNAL_SEND
    buffers = ((buff, length),)
    message = Outgoing(_gather(task, sock, buffers, length), name)
    return _send(task, sock, message, buffers, length, flags)


def _sendmsg(task: Task, sock: Socket, address: int, flags: int, hdr: Layout,
             iov: Layout) -> Result:
    header = Header(task, address, hdr, iov)
    name = None
    if header.name and header.name_size:
        name = get_address(task, header.name, header.name_size)
    if header.control_size > _INT_MAX:
        raise LinuxError(E.ENOBUFS)
    control = []
    if header.control_size:
        from tracer.kernel.net import control as ancillary
        from tracer.kernel.net.constants import OPTMEM_MAX
        if header.control_size > OPTMEM_MAX:
            raise LinuxError(E.ENOBUFS)
        control = ancillary.parse(task.mem.read(header.control, header.control_size),
                                  _word(task))
    flags &= ~_INTERNAL_SEND
    message = Outgoing(_gather(task, sock, header.buffers, header.total), name, control)
    if control:
        ancillary.attach(task, sock, message)
    return _send(task, sock, message, header.buffers, header.total, flags)


@syscall("sendmsg", hdr="msghdr", iov="iovec")
def sendmsg(task: Task, fd: int, msg: int, flags: int, *, hdr: Layout, iov: Layout) -> Result:
    if flags & MSG_CMSG_COMPAT:
        raise LinuxError(E.EINVAL)
    return _sendmsg(task, get_socket(task, fd), msg, flags, hdr, iov)


@syscall("sendmmsg", mmsg="mmsghdr", hdr="msghdr", iov="iovec")
def sendmmsg(task: Task, fd: int, address: int, vlen: int, flags: int, *, mmsg: Layout,
             hdr: Layout, iov: Layout) -> Result:
    if flags & MSG_CMSG_COMPAT:
        raise LinuxError(E.EINVAL)
    sock = get_socket(task, fd)
    return _sendmmsg(task, sock, address, min(vlen, UIO_MAXIOV), flags | MSG_BATCH, mmsg, hdr,
                     iov)


def _sendmmsg(task: Task, sock: Socket, address: int, vlen: int, flags: int, mmsg: Layout,
              hdr: Layout, iov: Layout) -> Result:
    """Messages until one cannot be sent; their number, or the first one's error."""
    at = mmsg.offset("msg_len")
    for done in range(vlen):
        try:
            result = _sendmsg(task, sock, address, flags, hdr, iov)
            if not isinstance(result, int):
                return _sendmmsg_wait(task, sock, address, vlen, flags, mmsg, hdr, iov, done,
                                      result)  # type: ignore[arg-type]
            task.mem.write_int(address + at, result, 4)
        except LinuxError:
            if done:
                return done
            raise
        address += mmsg.size
    return vlen


def _sendmmsg_wait(task: Task, sock: Socket, address: int, vlen: int, flags: int, mmsg: Layout,
                   hdr: Layout, iov: Layout, done: int, waiting: Blocking) -> Blocking:
    at = mmsg.offset("msg_len")
    result: Result = waiting
    while True:
        try:
            if not isinstance(result, int):
                result = yield from result  # type: ignore[misc]
            task.mem.write_int(address + at, result, 4)  # type: ignore[arg-type]
        except LinuxError:
            if done:
                return done
            raise
        done += 1
        address += mmsg.size
        if done == vlen:
            return done
        try:
            result = _sendmsg(task, sock, address, flags, hdr, iov)
        except LinuxError:
            return done


# -- receiving ---------------------------------------------------------------------------------
def _receive(task: Task, sock: Socket, size: int, flags: int,
             finish: Callable[[Received], int]) -> Result:
    """Receive, waiting if needed; ``finish`` stores what came and gives the result."""
    into = Received()
    flags = _may_wait(sock, flags)
    try:
        sock.receive(into, size, flags)
    except LinuxError as error:
        if error.errno != E.EAGAIN or flags & MSG_ERRQUEUE:
            raise
        if not flags & MSG_DONTWAIT:
            return _receive_wait(task, sock, into, size, flags, finish)
        if not into.length:
            raise
    return finish(into)


def _receive_wait(task: Task, sock: Socket, into: Received, size: int, flags: int,
                  finish: Callable[[Received], int]) -> Blocking:
    timeout = sock.read_timeout
    deadline = None if timeout is None else task.kernel.clock.monotonic() + timeout
    sock.refs += 1
    try:
        while True:
            reason = yield Wait(sock.waiters(), deadline)
            if reason == Wait.SIGNAL:
                if into.length:
                    return finish(into)
                raise LinuxError(E.ERESTARTSYS if timeout is None else E.EINTR)
            try:
                sock.receive(into, size, flags)
            except LinuxError as error:
                if error.errno == E.EAGAIN and reason != Wait.TIMEOUT:
                    continue
                if not into.length:
                    raise
            return finish(into)
    finally:
        drop(sock)


def _scatter(task: Task, sock: Socket, buffers: Buffers, received: Received) -> int:
    """Store the data; what a stream could not store before a bad address is lost."""
    data = memoryview(received.data)
    done = 0
    try:
        for address, size in buffers:
            part = data[done:done + size]
            if not part:
                break
            task.mem.write(address, part)
            done += len(part)
    except Fault as fault:
        done += max(0, fault.address - address)
        if not done or not sock.flows:
            discard(received.files)
            raise LinuxError(E.EFAULT) from None
        return done
    return received.length


@syscall("recv")
def recv(task: Task, fd: int, ubuf: int, size: int, flags: int) -> Result:
    return recvfrom(task, fd, ubuf, size, flags, 0, 0)


@syscall("recvfrom")
def recvfrom(task: Task, fd: int, ubuf: int, size: int, flags: int, addr: int,
             addr_len: int) -> Result:
    size = min(size, MAX_RW_COUNT)
    check_range(task, ubuf, size)
    sock = get_socket(task, fd)

    def finish(received: Received) -> int:
        result = _scatter(task, sock, ((ubuf, size),), received)
        discard(received.files)
        if addr:
            put_address(task, received.name or b"", addr, addr_len)
        return result

    return _receive(task, sock, size, flags, finish)


def _recvmsg(task: Task, sock: Socket, address: int, flags: int, hdr: Layout, iov: Layout,
             seen: Callable[[int], None] | None = None) -> Result:
    """seen: told of the message's flags."""
    header = Header(task, address, hdr, iov)

    def finish(received: Received) -> int:
        result = _scatter(task, sock, header.buffers, received)
        out = received.flags | flags & MSG_CMSG_CLOEXEC
        used = 0
        if received.files or received.creds or received.control or received.pid is not None:
            from tracer.kernel.net.control import Writer
            writer = Writer(task, header.control, header.control_size, _word(task))
            before = writer.left
            writer.fill(received, flags)
            used = before - writer.left
            out |= writer.flags
        elif not header.control and sock.options.get((1, 16)) and sock.family == 1:
            out |= MSG_CTRUNC
        mem = task.mem
        if header.name:
            put_address(task, received.name or b"", header.name,
                        address + hdr.offset("msg_namelen"))
        mem.write_int(address + hdr.offset("msg_flags"), out, 4)
        mem.write_int(address + hdr.offset("msg_controllen"), used, _word(task))
        if seen is not None:
            seen(out)
        return result

    return _receive(task, sock, header.total, flags, finish)


@syscall("recvmsg", hdr="msghdr", iov="iovec")
def recvmsg(task: Task, fd: int, msg: int, flags: int, *, hdr: Layout, iov: Layout) -> Result:
    if flags & MSG_CMSG_COMPAT:
        raise LinuxError(E.EINVAL)
    return _recvmsg(task, get_socket(task, fd), msg, flags, hdr, iov)


@syscall("recvmmsg", mmsg="mmsghdr", hdr="msghdr", iov="iovec", ts="timespec")
@syscall("recvmmsg_time64", mmsg="mmsghdr", hdr="msghdr", iov="iovec", ts="timespec64")
def recvmmsg(task: Task, fd: int, address: int, vlen: int, flags: int, timeout: int, *,
             mmsg: Layout, hdr: Layout, iov: Layout, ts: Layout) -> Result:
    if flags & MSG_CMSG_COMPAT:
        raise LinuxError(E.EINVAL)
    left = None
    if timeout:
        left = duration(*get_timespec(task, timeout, ts))
    sock = get_socket(task, fd)
    if not flags & MSG_ERRQUEUE:
        sock.check_error()
    return _recvmmsg(task, sock, address, vlen, flags, timeout, left, mmsg, hdr, iov, ts)


def _recvmmsg(task: Task, sock: Socket, address: int, vlen: int, flags: int, timeout: int,
              left: int | None, mmsg: Layout, hdr: Layout, iov: Layout, ts: Layout) -> Blocking:
    clock = task.kernel.clock
    end = None if left is None else clock.monotonic() + left
    at = mmsg.offset("msg_len")
    done = 0
    seen: list[int] = []
    try:
        while done < vlen:
            result = _recvmsg(task, sock, address, flags & ~MSG_WAITFORONE, hdr, iov, seen.append)
            if not isinstance(result, int):
                result = yield from result  # type: ignore[misc]
            task.mem.write_int(address + at, result, 4)
            done += 1
            address += mmsg.size
            if flags & MSG_WAITFORONE:
                flags |= MSG_DONTWAIT
            if end is not None:
                left = max(0, end - clock.monotonic())
                if not left:
                    break
            if seen[-1] & MSG_OOB:
                break
    except LinuxError as error:
        if not done:
            raise
        if error.errno != E.EAGAIN:
            sock.error = error.errno
    if timeout and left is not None and done:
        from tracer.kernel.usertime import write_time
        write_time(task.mem, timeout, ts, left)
    return done
