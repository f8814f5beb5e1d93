"""AF_UNIX sockets that keep messages apart: datagrams and sequenced packets."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.constants import (
    MSG_DONTWAIT,
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
    RCV_SHUTDOWN,
    SEND_SHUTDOWN,
    SOCK_DGRAM,
    SOCK_SEQPACKET,
)
from tracer.kernel.net.socket import Outgoing, Received, truesize
from tracer.kernel.net.unix import CONNECTED, Skb, UnixSocket, path_name
from tracer.vfs.base import PAGE

if TYPE_CHECKING:
    from tracer.kernel.registry import Result
    from tracer.kernel.task import Task

_MAX_ALLOC = 4 * PAGE - 320     # SKB_MAX_ALLOC


class UnixPacket(UnixSocket):
    """SOCK_DGRAM and SOCK_SEQPACKET; the latter connect as streams do."""

    __slots__ = ()

    # -- connections ------------------------------------------------------------------------
    def connect(self, task: Task, address: bytes, flags: int) -> Result:
        if self.type != SOCK_DGRAM:
            return super().connect(task, address, flags)
        self._connect_dgram(task, address)
        return 0

    def _connect_dgram(self, task: Task, address: bytes) -> None:
        if len(address) < 2:
            raise LinuxError(E.EINVAL)
        other: UnixSocket | None
        if address[:2] == b"\0\0":      # AF_UNSPEC: disconnect
            other = None
        else:
            path_name(address)
            self._autobind_for_creds()
            other = self._find(task, address)
            if other.peer is not None and other.peer is not self:
                raise LinuxError(E.EPERM)
        old = self.peer
        if old is not None and old is not other:
            old.peers.pop(self, None)
            self._forget_queue(old)
        self.peer = other
        if other is not None:
            other.peers[self] = None
            self.peercred = (0, 0xFFFFFFFF, 0xFFFFFFFF)
        self.wake()

    def _forget_queue(self, old: UnixSocket) -> None:
        """Datagrams of others go when the peer changes; the old peer learns of it."""
        if self.queue:
            self._purge()
            if old.peer is self:
                old.error = E.ECONNRESET
                old.wake()

    # -- sending ----------------------------------------------------------------------------
    def send(self, task: Task | None, message: Outgoing, flags: int) -> int:
        if flags & MSG_OOB:
            raise LinuxError(E.EOPNOTSUPP)
        if self.type == SOCK_SEQPACKET:
            self.check_error()
            if self.state != CONNECTED:
                raise LinuxError(E.ENOTCONN)
            message.name = None
        return self._send(task, message)

    def _send(self, task: Task | None, message: Outgoing) -> int:
        if message.name:
            path_name(message.name)
            other = None
        else:
            other = self.peer
            if other is None:
                raise LinuxError(E.ENOTCONN)
        self._autobind_for_creds()
        size = len(message.data)
        if size > self.sndbuf - 32:
            raise LinuxError(E.EMSGSIZE)
        if self.wmem >= self.sndbuf:
            self.check_error()
            if self.shut & SEND_SHUTDOWN:
                raise LinuxError(E.EPIPE)
            self.blocked_on = None
            raise LinuxError(E.EAGAIN)
        self.check_error()
        if self.shut & SEND_SHUTDOWN:
            raise LinuxError(E.EPIPE)
        if other is None:
            assert message.name is not None and task is not None
            other = self._find(task, message.name)
        if self.type != SOCK_SEQPACKET and other.peer is not None and other.peer is not self:
            raise LinuxError(E.EPERM)
        if other.inode is None:         # it was closed
            if self.type == SOCK_SEQPACKET:
                raise LinuxError(E.EPIPE)
            if self.peer is other:
                other.peers.pop(self, None)
                self.peer = None
            raise LinuxError(E.ECONNREFUSED)
        if other.shut & RCV_SHUTDOWN:
            raise LinuxError(E.EPIPE)
        if other.peer is not self and other is not self and other._full():
            self.blocked_on = other
            raise LinuxError(E.EAGAIN)
        paged = 0
        if size > _MAX_ALLOC:
            paged = min(size - _MAX_ALLOC, 17 * PAGE) + PAGE - 1 & -PAGE
        cost = truesize(max(0, size - paged), paged)
        files, message.files = message.files, []
        other.queue.append(Skb(message.data, self, self._message_creds(task, message, other),
                               files, cost))
        self.wmem += cost
        other.wake()
        return size

    # -- receiving --------------------------------------------------------------------------
    def receive(self, into: Received, size: int, flags: int) -> None:
        if flags & MSG_OOB:
            raise LinuxError(E.EOPNOTSUPP)
        if self.type == SOCK_SEQPACKET and self.state != CONNECTED:
            raise LinuxError(E.ENOTCONN)
        if not self.queue:
            self.check_error()
            if self.shut & RCV_SHUTDOWN and (
                    self.type == SOCK_SEQPACKET or not flags & MSG_DONTWAIT):
                return
            raise LinuxError(E.EAGAIN)
        skb = self.queue[0]
        assert isinstance(skb, Skb)
        offset = self.peek_offset(flags)
        if offset:
            for each in self.queue:
                assert isinstance(each, Skb)
                skb = each
                if offset < len(skb.data):
                    break
                offset -= len(skb.data)
            else:
                raise LinuxError(E.EAGAIN)
        data = skb.data[offset:]
        into.data += data[:size]
        into.length = len(into.data)
        self.peeked(flags, into.length if flags & MSG_PEEK else len(data))
        if len(data) > size:
            into.flags |= MSG_TRUNC
            if flags & MSG_TRUNC:
                into.length = len(data)
        into.name = skb.name or None
        into.creds = self._creds_of(skb)
        self._add_pidfd(into, skb)
        if flags & MSG_PEEK:
            into.files = list(skb.files)
            for file in into.files:
                file.refs += 1
            return
        into.files, skb.files = skb.files, []
        self.queue.popleft()
        self._consumed(skb)
        self.room.wake()
