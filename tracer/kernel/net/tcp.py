"""TCP between sockets of the sandbox (tcp(7), net/ipv4/tcp.c, af_inet.c).

There are no segments: what is sent is at once in the receiver's buffer, as over a loopback
that never loses anything.
"""
from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.address import Endpoint, family_of, is_any, pack
from tracer.kernel.net.constants import (
    AF_UNSPEC,
    IPPROTO_TCP,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
    MSG_WAITALL,
    RCV_SHUTDOWN,
    SEND_SHUTDOWN,
    SHUTDOWN_MASK,
    SOCK_STREAM,
    SOL_SOCKET,
)
from tracer.kernel.net.inet import InetSocket
from tracer.kernel.net.options import SO_OOBINLINE, SO_SNDBUF, integer, linger
from tracer.kernel.net.ports import TimeWait
from tracer.kernel.net.socket import Net, Outgoing, Received, Socket, wake_target
from tracer.vfs.base import (
    O_NONBLOCK,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    POLLPRI,
    POLLRDHUP,
    POLLRDNORM,
    POLLWRNORM,
)
from tracer.wait import Wait

if TYPE_CHECKING:
    from tracer.kernel.clock import Timer
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task

# net/tcp_states.h
ESTABLISHED, SYN_SENT, FIN_WAIT2, CLOSE, CLOSE_WAIT, LISTEN = 1, 2, 5, 7, 8, 10
UNCONNECTED, CONNECTING, CONNECTED = range(3)       # of the socket, not of the connection

SNDBUF, SNDBUF_LOOPBACK, RCVBUF = 16384, 2626560, 131072    # net.ipv4.tcp_{w,r}mem
SYN_RETRIES = 6
SECOND = 10**9
TIME_WAIT = 60 * SECOND


class TcpSocket(InetSocket):
    """inbox: bytes that have come.  peer: the other end, None once it is gone for good."""

    __slots__ = ("backlog", "done", "in_time_wait", "inbox", "mark", "peer", "pending", "phase",
                 "retry", "shown_port", "state", "taken", "time_wait", "urgent")

    def __init__(self, net: Net, task: Task, family: int, flags: int = 0) -> None:
        super().__init__(net, task, family, SOCK_STREAM, IPPROTO_TCP, flags)
        self.in_time_wait = False       # it ended the connection first, and both have ended it
        self.state = CLOSE
        self.phase = UNCONNECTED
        self.sndbuf, self.rcvbuf = SNDBUF, RCVBUF
        self.inbox = bytearray()
        self.peer: TcpSocket | None = None
        self.pending: deque[TcpSocket] = deque()
        self.backlog = 0
        self.done = False               # the other's FIN has come
        self.shown_port = 0             # getsockname(2) tells a port that was given back
        self.retry: Timer | None = None
        self.time_wait: TimeWait | None = None
        self.taken = 0                  # bytes read so far
        self.mark: int | None = None    # where the urgent byte stands, counted as ``taken``
        self.urgent: int | None = None  # the byte, until MSG_OOB reads it

    def may_bind(self) -> bool:
        return self.state == CLOSE

    # -- connecting -------------------------------------------------------------------------
    def listen(self, backlog: int) -> None:
        if self.phase != UNCONNECTED or self.state not in (CLOSE, LISTEN):
            raise LinuxError(E.EINVAL)
        if self.state == CLOSE:
            if not self.port:
                self.autobind()
            elif self.table.conflict(self, self.port, True):
                raise LinuxError(E.EADDRINUSE)
            self.state = LISTEN
        self.backlog = backlog

    def is_listening(self) -> bool:
        return self.state == LISTEN

    def connect(self, task: Task, address: bytes, flags: int) -> Result:
        if family_of(address) == AF_UNSPEC:
            self._disconnect()
            return 0
        if self.phase == CONNECTED:
            raise LinuxError(E.EISCONN)
        if self.phase == CONNECTING:
            if self.state == SYN_SENT and flags & O_NONBLOCK:
                raise LinuxError(E.EALREADY)
        else:
            if self.state != CLOSE:
                raise LinuxError(E.EISCONN)
            remote = self.destination(address)
            self.settle(remote)
            try:
                self.autobind(True)
            except LinuxError:
                self.unsettle()
                raise
            self.error = 0
            self.shut = 0
            self.done = False
            self.state, self.phase = SYN_SENT, CONNECTING
            self._attempt(0)
            if flags & O_NONBLOCK:
                raise LinuxError(E.EINPROGRESS)
        if self.state == SYN_SENT:
            return self._wait_connect()
        return self._connected()

    def _connected(self) -> int:
        if self.state == CLOSE:
            error = self.take_error() or E.ECONNABORTED
            self._disconnect()
            raise LinuxError(error)
        self.phase = CONNECTED
        return 0

    def _wait_connect(self) -> Blocking:
        timeout = self.write_timeout
        clock = self.net.kernel.clock
        deadline = None if timeout is None else clock.monotonic() + timeout
        while self.state == SYN_SENT:
            reason = yield Wait((self.changed,), deadline)
            if self.state != SYN_SENT:
                break
            if reason == Wait.SIGNAL:
                raise LinuxError(E.ERESTARTSYS if timeout is None else E.EINTR)
            if reason == Wait.TIMEOUT:
                raise LinuxError(E.EINPROGRESS)
        return self._connected()

    def _attempt(self, tries: int) -> None:
        """Send a SYN: refused, answered, or lost because the backlog is full."""
        self.retry = None
        remote = self.remote
        if self.state != SYN_SENT or remote is None:
            return
        if remote == (self.ip, self.port):
            self._established(self)         # to itself
            return
        listener = self._listener(remote)
        if listener is None:
            self._fail(E.ECONNREFUSED)
        elif len(listener.pending) > listener.backlog:
            if tries == SYN_RETRIES:
                self._fail(E.ETIMEDOUT)
                return
            clock = self.net.kernel.clock
            self.retry = clock.at(clock.monotonic() + (SECOND << tries),
                                  lambda: self._attempt(tries + 1))
        else:
            self._established(listener.spawn(self, remote))
            listener.wake()

    def _listener(self, remote: Endpoint) -> TcpSocket | None:
        """Who listens there: an exact address before a wildcard, IPv4 before IPv6."""
        ip, port = remote
        best: TcpSocket | None = None
        best_score = 0
        for holder in self.table.at(port):
            if not isinstance(holder, TcpSocket) or holder.state != LISTEN:
                continue
            if holder.ip == ip:
                score = 3
            elif is_any(holder.ip) and len(holder.ip) == len(ip):
                score = 2
            elif is_any(holder.ip) and len(holder.ip) == 16 and not holder.only6():
                score = 1
            else:
                continue
            if score > best_score:
                best, best_score = holder, score
        return best

    def spawn(self, client: TcpSocket, local: Endpoint) -> TcpSocket:
        """A listener's end of a new connection."""
        task = self.net.kernel.current
        assert task is not None
        new = TcpSocket(self.net, task, self.family)
        new.options = dict(self.options)
        new.uid = self.uid
        new.rcvlowat = self.rcvlowat
        new.read_timeout, new.write_timeout = self.read_timeout, self.write_timeout
        new.sndbuf, new.rcvbuf = self.sndbuf, self.rcvbuf
        new.ip = local[0]
        self.table.claim(new, local[1])
        new.remote = client.ip, client.port
        new.phase = CONNECTED
        new._established(client)
        self.pending.append(new)
        return new

    def _established(self, peer: TcpSocket) -> None:
        self.state = ESTABLISHED
        self.peer = peer
        if not self.options.get((SOL_SOCKET, SO_SNDBUF)):
            self.sndbuf = SNDBUF_LOOPBACK
        self.wake()

    def _fail(self, error: int) -> None:
        self.error = error
        self.state = CLOSE
        self.shut = SHUTDOWN_MASK
        self.unsettle()
        self.give_port()
        self.wake()

    def _disconnect(self) -> None:
        """connect(2) with AF_UNSPEC."""
        if self.retry is not None:
            self.retry.cancel()
        error = 0
        if self.state == LISTEN:
            self._refuse_pending()
        elif self.state != CLOSE:
            error = E.ECONNRESET
            self._reset_peer()
        self.state, self.phase = CLOSE, UNCONNECTED
        self.shut = 0
        self.error = error
        self.done = self.in_time_wait = False
        self.inbox.clear()
        self.unsettle()
        self.give_port()
        self.wake()

    def accept(self, task: Task) -> Socket:
        if self.state != LISTEN:
            raise LinuxError(E.EINVAL)
        if not self.pending:
            raise LinuxError(E.EAGAIN)
        return self.pending.popleft()

    def address(self, peer: bool) -> bytes:
        if peer and self.state in (CLOSE, SYN_SENT, LISTEN):
            raise LinuxError(E.ENOTCONN)
        if not peer and not self.port:
            return pack(self.family, (self.ip, self.shown_port))
        return super().address(peer)

    def give_port(self) -> None:
        self.shown_port = self.port or self.shown_port
        super().give_port()

    # -- sending ----------------------------------------------------------------------------
    def _space(self) -> int:
        """Bytes that may still be sent; what the receiver's window holds does not count."""
        peer = self.peer
        if peer is None:
            return self.sndbuf
        return self.sndbuf + peer.rcvbuf - len(peer.inbox)

    def send(self, task: Task | None, message: Outgoing, flags: int) -> int:
        if self.state not in (ESTABLISHED, CLOSE_WAIT):
            if self.state == SYN_SENT:
                raise LinuxError(E.EAGAIN)
            raise LinuxError(self.take_error() or E.EPIPE)
        if self.error or self.shut & SEND_SHUTDOWN:
            raise LinuxError(self.take_error() or E.EPIPE)
        return self._put(message.data, flags)

    def _put(self, data: bytes, flags: int) -> int:
        """Into the other's buffer; the number of bytes there was room for."""
        peer = self.peer
        if peer is None:                # closed: the answer is a reset
            if data:
                self._was_reset()
            return len(data)
        room = self._space()
        if len(data) > room:
            if room <= 0:
                raise LinuxError(E.EAGAIN)
            data = data[:room]
        if flags & MSG_OOB and data:
            peer.mark = peer.taken + len(peer.inbox) + len(data) - 1
            peer.urgent = data[-1]
            if not integer(peer, SO_OOBINLINE):
                peer.inbox += data[:-1]
            else:
                peer.inbox += data
            peer.signal_urgent()
        else:
            peer.inbox += data
        if data:
            peer.wake()
        return len(data)

    # -- receiving --------------------------------------------------------------------------
    def receive(self, into: Received, size: int, flags: int) -> None:
        if flags & MSG_ERRQUEUE:
            raise LinuxError(E.EAGAIN)
        if self.state == LISTEN:
            raise LinuxError(E.ENOTCONN)
        if flags & MSG_OOB:
            self._receive_urgent(into, size, flags)
            return
        target = wake_target(size, flags, self.rcvlowat)
        inbox = self.inbox
        offset = self.peek_offset(flags)
        ended = self.done or self.error or self.shut & RCV_SHUTDOWN or self.state == CLOSE
        if target > len(inbox) - offset and not ended and not flags & (MSG_WAITALL | MSG_DONTWAIT):
            raise LinuxError(E.EAGAIN)
        if flags & MSG_PEEK:
            into.length = 0
            into.data.clear()
        count = max(0, min(size - into.length, len(inbox) - offset))
        if self.mark is not None and count:
            before = self.mark - self.taken
            if 0 < before < count:
                count, target = before, 0       # a read does not go past the mark
            elif before == 0 and not flags & MSG_PEEK and not integer(self, SO_OOBINLINE):
                self.mark = self.urgent = None
        if count:
            if not flags & MSG_TRUNC:
                into.data += inbox[offset:offset + count]
            into.length += count
            self.peeked(flags, count)
            if not flags & MSG_PEEK:
                full = self.peer is not None and not self.peer._writable()
                del inbox[:count]
                self.taken += count
                if self.mark is not None and self.taken > self.mark:
                    self.mark = self.urgent = None
                if full and self.peer is not None and self.peer._writable():
                    self.peer.wake()
        if into.length >= target or (not size and inbox):
            return
        if into.length and (ended or not target):
            return
        if self.done:
            return
        if self.error:
            raise LinuxError(self.take_error())
        if self.shut & RCV_SHUTDOWN or not target:
            return
        if self.state == CLOSE:
            raise LinuxError(E.ENOTCONN)
        raise LinuxError(E.EAGAIN)

    def _receive_urgent(self, into: Received, size: int, flags: int) -> None:
        if integer(self, SO_OOBINLINE) or self.mark is None or self.urgent is None:
            raise LinuxError(E.EINVAL)
        into.flags |= MSG_OOB
        if size:
            into.data.append(self.urgent)
            into.length = 1
        else:
            into.flags |= MSG_TRUNC
        if not flags & MSG_PEEK:
            self.urgent = None

    def at_mark(self) -> bool:
        """SIOCATMARK."""
        return self.mark is not None and self.mark == self.taken

    def queued(self) -> int:
        if self.state == LISTEN:
            raise LinuxError(E.EINVAL)
        return len(self.inbox)

    def unsent(self) -> int:
        if self.state == LISTEN:
            raise LinuxError(E.EINVAL)
        peer = self.peer
        return max(0, len(peer.inbox) - peer.rcvbuf) if peer is not None else 0

    # -- ending -----------------------------------------------------------------------------
    def _got_fin(self) -> None:
        self.done = True
        if self.state == ESTABLISHED:
            self.state = CLOSE_WAIT
        elif self.state == FIN_WAIT2:
            self.state = CLOSE
            self.in_time_wait = True
        self.cut(RCV_SHUTDOWN)

    def _was_reset(self) -> None:
        """The other side does not know this connection any more."""
        self.error = E.EPIPE if self.state == CLOSE_WAIT else E.ECONNRESET
        self.state = CLOSE
        self.peer = None
        if self.time_wait is not None:
            self.time_wait.until = 0
        self.cut(SHUTDOWN_MASK)

    def _reset_peer(self) -> None:
        peer, self.peer = self.peer, None
        if peer is not None and peer is not self and peer.peer is self:
            peer._was_reset()

    def shutdown(self, how: int) -> None:
        if not 0 <= how <= 2:
            raise LinuxError(E.EINVAL)
        mask = how + 1
        if self.state in (CLOSE, SYN_SENT):
            self.shut |= mask if self.state == CLOSE else 0
            if self.state == SYN_SENT:
                self._disconnect()
                return
            raise LinuxError(E.ENOTCONN)
        if self.state == LISTEN:
            if mask & RCV_SHUTDOWN:
                self._disconnect()
            return
        if mask & SEND_SHUTDOWN and not self.shut & SEND_SHUTDOWN:
            self._send_fin()
        self.cut(mask)

    def _send_fin(self) -> None:
        if self.state == ESTABLISHED:
            self.state = FIN_WAIT2
        elif self.state == CLOSE_WAIT:      # LAST_ACK, but the acknowledgement comes at once
            self.state = CLOSE
            if self.time_wait is not None:
                self.time_wait.until = self.net.kernel.clock.monotonic() + TIME_WAIT
                self.time_wait = None
        if self.peer is not None:
            self.peer._got_fin()

    def _refuse_pending(self) -> None:
        pending, self.pending = self.pending, deque()
        for child in pending:
            child._reset_peer()
            child.give_port()

    def poll(self) -> int:
        if self.state == LISTEN:
            return POLLIN | POLLRDNORM if self.pending else 0
        mask = 0
        if self.shut == SHUTDOWN_MASK or self.state == CLOSE:
            mask |= POLLHUP
        if self.shut & RCV_SHUTDOWN:
            mask |= POLLIN | POLLRDNORM | POLLRDHUP
        if self.state != SYN_SENT:
            if self.inbox and (len(self.inbox) >= self.rcvlowat):
                mask |= POLLIN | POLLRDNORM
            if self.shut & SEND_SHUTDOWN or self._writable():
                mask |= POLLOUT | POLLWRNORM
            if self.urgent is not None:
                mask |= POLLPRI
        if self.error:
            mask |= POLLERR
        return mask

    def _writable(self) -> bool:
        peer = self.peer
        used = max(0, len(peer.inbox) - peer.rcvbuf) if peer is not None else 0
        return self.sndbuf - used >= used >> 1 and self._space() > 0

    def release(self) -> None:
        if self.retry is not None:
            self.retry.cancel()
        if self.state == LISTEN:
            self._refuse_pending()
            self.peer = None
        peer = self.peer
        first = self.state in (ESTABLISHED, FIN_WAIT2)
        left: TimeWait | None = None
        if peer is not None:
            if self.inbox or linger(self) == 0:
                self._reset_peer()
            else:
                if not self.shut & SEND_SHUTDOWN:
                    self._send_fin()
                if peer is not self:
                    if first and peer.peer is self:
                        left = TimeWait(self, None)
                        peer.time_wait = left   # its minute begins when the other closes
                    peer.peer = None
        if self.time_wait is not None:
            self.time_wait.until = self.net.kernel.clock.monotonic() + TIME_WAIT
        elif self.in_time_wait:
            left = TimeWait(self, self.net.kernel.clock.monotonic() + TIME_WAIT)
        if self.port:
            self.table.replace(self, left)
        self.state = CLOSE
        self.shut = SHUTDOWN_MASK
        self.peer = None
        self.wake()
