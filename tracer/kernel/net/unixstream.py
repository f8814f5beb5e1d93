"""AF_UNIX streams: bytes in pieces, and one urgent byte among them."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.constants import (
    MSG_DONTWAIT,
    MSG_OOB,
    MSG_PEEK,
    MSG_WAITALL,
    RCV_SHUTDOWN,
    SEND_SHUTDOWN,
    SOL_SOCKET,
)
from tracer.kernel.net.socket import Outgoing, Received, Ucred, truesize, wake_target
from tracer.kernel.net.unix import CONNECTED, MAX_HEAD, SO_OOBINLINE, SO_PASSCRED, Skb, UnixSocket
from tracer.vfs.base import PAGE

if TYPE_CHECKING:
    from tracer.kernel.task import Task

_PIECE = MAX_HEAD + 32768


class UnixStream(UnixSocket):
    """SOCK_STREAM."""

    __slots__ = ()

    # -- sending ----------------------------------------------------------------------------
    def send(self, task: Task | None, message: Outgoing, flags: int) -> int:
        if not flags & MSG_OOB:
            return self._send(task, message)
        if not message.data:
            raise LinuxError(E.EOPNOTSUPP)
        return self._send_urgent(task, message)

    def _send(self, task: Task | None, message: Outgoing) -> int:
        if message.name:
            raise LinuxError(E.EISCONN if self.state == CONNECTED else E.EOPNOTSUPP)
        other = self.peer
        if other is None:
            raise LinuxError(E.ENOTCONN)
        if self.shut & SEND_SHUTDOWN:
            raise LinuxError(E.EPIPE)
        data = message.data
        done, total = 0, len(data)
        while done < total:
            if other.shut & RCV_SHUTDOWN:
                if done:
                    break
                raise LinuxError(E.EPIPE)
            if self.wmem >= self.sndbuf:
                if done:
                    break
                raise LinuxError(E.EAGAIN)
            size = min(total - done, (self.sndbuf >> 1) - 64, _PIECE)
            paged = max(0, size - MAX_HEAD)
            paged = min(size, paged + PAGE - 1 & -PAGE)
            cost = truesize(size - paged, paged + PAGE - 1 & -PAGE)
            files, message.files = message.files, []
            other.queue.append(Skb(data[done:done + size], self,
                                   self._message_creds(task, message, other), files, cost))
            self.wmem += cost
            done += size
        if done:
            other.wake()
        return done

    def _send_urgent(self, task: Task | None, message: Outgoing) -> int:
        """The last byte stands alone in the receiver's queue and is the urgent one."""
        last = message.data[-1:]
        message.data = message.data[:-1]
        done = self._send(task, message)
        if done < len(message.data):
            return done
        message.data = last
        self._send(task, message)
        other = self.peer
        assert other is not None
        newest = other.queue[-1]
        assert isinstance(newest, Skb)
        other.oob = newest
        other.signal_urgent()
        return done + 1

    # -- receiving --------------------------------------------------------------------------
    def receive(self, into: Received, size: int, flags: int) -> None:
        if flags & MSG_OOB:
            self._receive_urgent(into, size, flags)
        else:
            self._receive(into, size, flags)

    def _receive_urgent(self, into: Received, size: int, flags: int) -> None:
        oob = self.oob
        if oob is None or self.options.get((SOL_SOCKET, SO_OOBINLINE)):
            raise LinuxError(E.EINVAL)
        into.flags |= MSG_OOB
        into.data += oob.data[:size]
        into.length = len(into.data)
        if not flags & MSG_PEEK:
            self.oob = None
            oob.start = 1           # it stays in the queue as a mark

    def _next(self, index: int, copied: bool, peek: int) -> int | None:
        """The next message a stream's reader takes, an index from ``index`` on: it stops
        before the urgent byte, and passes over it when it starts there."""
        queue = self.queue
        while len(queue) > index:
            skb = queue[index]
            assert isinstance(skb, Skb)
            if skb.start == len(skb.data):          # an urgent byte that MSG_OOB has read
                if copied and self.oob is None:
                    return None
                if peek:
                    index += 1
                else:
                    del queue[index]
                    self._consumed(skb)
                continue
            if skb is not self.oob:
                return index
            if copied:
                return None
            inline = self.options.get((SOL_SOCKET, SO_OOBINLINE))
            if not peek:
                self.oob = None
            if inline:
                return index
            if peek:
                index += 1
            else:
                del queue[index]
                self._consumed(skb)
        return None

    def _receive(self, into: Received, size: int, flags: int) -> None:
        if self.state != CONNECTED:
            raise LinuxError(E.EINVAL)
        queue = self.queue
        target = wake_target(size, flags, self.rcvlowat)
        ended = self.error or self.shut & RCV_SHUTDOWN
        peek = flags & MSG_PEEK
        if self.rcvlowat > 1 and not ended and not flags & (MSG_DONTWAIT | MSG_WAITALL) and (
                self._available() < target):
            raise LinuxError(E.EAGAIN)
        if peek:
            into.data.clear()
        index = 0
        whose: Ucred | None = None
        if into.data:
            whose = into.creds
        skip = self.peek_offset(flags)
        while len(into.data) < size:
            found = self._next(index, bool(into.data), peek)
            if found is None:
                if queue and into.data:
                    target = 0
                break
            skb = queue[index := found]
            assert isinstance(skb, Skb)
            if skip >= len(skb.data) - skb.start:
                skip -= len(skb.data) - skb.start
                index += 1
                continue
            if self.options.get((SOL_SOCKET, SO_PASSCRED)):
                creds = self._creds_of(skb)
                if into.data and creds != whose:
                    target = 0
                    break
                whose = into.creds = creds
            start = skb.start + skip
            skip = 0
            part = skb.data[start:start + size - len(into.data)]
            into.data += part
            self.peeked(flags, len(part))
            self._add_pidfd(into, skb)
            if into.name is None and skb.name:
                into.name = skb.name
            if skb.files:
                if peek:
                    into.files = list(skb.files)
                    for file in into.files:
                        file.refs += 1
                else:
                    into.files, skb.files = skb.files, []
            if peek:
                index += 1
            else:
                skb.start = start + len(part)
                if skb.start == len(skb.data):
                    queue.popleft()
                    self._consumed(skb)
            if into.files:
                target = 0
                break
        into.length = len(into.data)
        if into.length >= target or (not size and queue):
            return
        if self.error and not into.length:
            raise LinuxError(self.take_error())
        if ended or not target:
            return
        raise LinuxError(E.EAGAIN)
