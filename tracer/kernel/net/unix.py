"""AF_UNIX sockets: streams, datagrams and sequenced packets (unix(7), net/unix/af_unix.c)."""
from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.constants import (
    AF_UNIX,
    MSG_DONTWAIT,
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
    MSG_WAITALL,
    RCV_SHUTDOWN,
    SEND_SHUTDOWN,
    SHUTDOWN_MASK,
    SOCK_DGRAM,
    SOCK_RAW,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)
from tracer.kernel.net.socket import (
    Net,
    Outgoing,
    Received,
    Socket,
    Ucred,
    credentials,
    discard,
    truesize,
    wake_target,
)
from tracer.vfs.base import (
    MAY_WRITE,
    O_NONBLOCK,
    PAGE,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    POLLPRI,
    POLLRDHUP,
    POLLRDNORM,
    POLLWRBAND,
    POLLWRNORM,
    S_IFMT,
    S_IFSOCK,
)
from tracer.wait import Wait, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task
    from tracer.vfs.base import File, Inode

SUN_PATH = 108
MAX_DGRAM_QLEN = 10             # net.unix.max_dgram_qlen
_MAX_HEAD = PAGE - 320          # SKB_MAX_HEAD(0)
_STREAM_PIECE = _MAX_HEAD + 32768
_MAX_ALLOC = 4 * PAGE - 320     # SKB_MAX_ALLOC
SO_OOBINLINE, SO_PASSCRED, SO_PASSPIDFD = 10, 16, 76

CLOSED, LISTENING, CONNECTED = range(3)


def _path_name(address: bytes) -> tuple[bytes, bool]:
    """The name in a sockaddr_un and whether it is abstract; EINVAL.

    A path ends at its first NUL; an abstract name has all bytes that are given.
    """
    if len(address) <= 2 or len(address) > 2 + SUN_PATH or address[:2] != b"\1\0":
        raise LinuxError(E.EINVAL)
    name = address[2:]
    if name[0]:
        return name.split(b"\0", 1)[0], False
    return name, True


class Skb:
    """One message (or piece of a stream) in a receiver's queue."""

    __slots__ = ("creds", "data", "files", "name", "sender", "start", "truesize")

    def __init__(self, data: bytes, sender: UnixSocket, creds: Ucred | None,
                 files: list[File], size: int) -> None:
        self.data = data
        self.start = 0              # what a stream's readers have already taken
        self.sender = sender
        self.creds = creds
        self.files = files
        self.truesize = size
        self.name = sender.sun      # dgram: the sender's address


class UnixSocket(Socket):
    """peer: whom it is connected to.  queue: what has come (for a listener: connections)."""

    __slots__ = ("backlog", "blocked_on", "bound", "oob", "peer", "peers", "queue", "room", "state",
                 "sun", "wmem")

    family = AF_UNIX
    name_size = 110

    def __init__(self, net: Net, task: Task, kind: int, protocol: int, flags: int = 0) -> None:
        super().__init__(net, task, SOCK_DGRAM if kind == SOCK_RAW else kind, protocol, flags)
        self.state = CLOSED
        self.sun = b""              # sockaddr_un, "" while it has no name
        self.bound: Inode | None = None
        self.peer: UnixSocket | None = None
        self.peers: dict[UnixSocket, None] = {}     # datagram sockets connected to this one
        self.queue: deque[Skb | UnixSocket] = deque()
        self.backlog = MAX_DGRAM_QLEN
        self.wmem = 0               # bytes of own messages in others' queues
        self.room = WaitQueue()     # woken when the queue is no longer full
        self.blocked_on: UnixSocket | None = None
        self.oob: Skb | None = None     # the urgent byte in the queue, until it is read

    # -- names --------------------------------------------------------------------------
    def bind(self, task: Task, address: bytes) -> None:
        if address == b"\1\0":
            self._autobind()
            return
        name, abstract = _path_name(address)
        if abstract:
            if self.sun:
                raise LinuxError(E.EINVAL)
            if name in self.net.abstract:
                raise LinuxError(E.EADDRINUSE)
            self.net.abstract[name] = self
            self.sun = address
            return
        from tracer.kernel.calls.common import lookup_parent
        from tracer.kernel.task import AT_FDCWD
        from tracer.vfs.names import create
        where, last, slash = lookup_parent(task, AT_FDCWD, name)
        mode = S_IFSOCK | 0o777 & ~task.fs.umask
        try:
            if self.sun:            # the name is tried first, as the kernel does
                try:
                    where.child(last)
                except LinuxError as error:
                    if error.errno != E.ENOENT:
                        raise
                    raise LinuxError(E.EINVAL) from None
                raise LinuxError(E.EEXIST)
            location = create(where, last, mode, task.creds, slash=slash)
        except LinuxError as error:
            if error.errno == E.EEXIST:
                raise LinuxError(E.EADDRINUSE) from None
            raise
        self.bound = location.inode
        self.net.inodes[location.inode] = self
        self.sun = b"\1\0" + name + b"\0"

    def _autobind(self) -> None:
        """An abstract name of five hexadecimal digits; nothing happens when it has a name."""
        if self.sun:
            return
        net = self.net
        while True:
            name = b"\0%05x" % net.next_autobind
            net.next_autobind = net.next_autobind + 1 & 0xFFFFF
            if name not in net.abstract:
                break
        net.abstract[name] = self
        self.sun = b"\1\0" + name

    def _find(self, task: Task, address: bytes) -> UnixSocket:
        """The socket that has a name; ECONNREFUSED, EPROTOTYPE, and those of the path."""
        name, abstract = _path_name(address)
        found: UnixSocket | None
        if abstract:
            found = self.net.abstract.get(name)
        else:
            from tracer.kernel.calls.common import lookup
            from tracer.kernel.task import AT_FDCWD
            inode = lookup(task, AT_FDCWD, name).inode
            inode.permission(MAY_WRITE, task.creds)
            found = self.net.inodes.get(inode) if inode.mode & S_IFMT == S_IFSOCK else None
        if found is None:
            raise LinuxError(E.ECONNREFUSED)
        if found.type != self.type:
            raise LinuxError(E.EPROTOTYPE)
        return found

    def address(self, peer: bool) -> bytes:
        if peer:
            if self.peer is None:
                raise LinuxError(E.ENOTCONN)
            return self.peer.sun or b"\1\0"
        return self.sun or b"\1\0"

    # -- connections ----------------------------------------------------------------------
    def pair(self, other: Socket) -> None:
        assert isinstance(other, UnixSocket)
        self.peer, other.peer = other, self
        task = self.net.kernel.current
        assert task is not None
        self.peercred = other.peercred = credentials(task)
        if self.type == SOCK_DGRAM:
            self.peers[other] = other.peers[self] = None
        else:
            self.state = other.state = CONNECTED

    def listen(self, backlog: int) -> None:
        if self.type == SOCK_DGRAM:
            raise LinuxError(E.EOPNOTSUPP)
        if not self.sun or self.state == CONNECTED:
            raise LinuxError(E.EINVAL)
        more = backlog > self.backlog
        self.backlog = backlog
        self.state = LISTENING
        task = self.net.kernel.current
        assert task is not None
        self.peercred = credentials(task)
        if more:
            self.room.wake()

    def is_listening(self) -> bool:
        return self.state == LISTENING

    def _full(self) -> bool:
        return len(self.queue) > self.backlog

    def connect(self, task: Task, address: bytes, flags: int) -> Result:
        if self.type == SOCK_DGRAM:
            self._connect_dgram(task, address)
            return 0
        try:
            self._connect_stream(task, address)
        except LinuxError as error:
            if error.errno != E.EAGAIN or flags & O_NONBLOCK:
                raise
            return self._wait_connect(task, address)
        return 0

    def _wait_connect(self, task: Task, address: bytes) -> Blocking:
        """Until the listener's backlog has room."""
        clock = self.net.kernel.clock
        timeout = self.write_timeout
        deadline = None if timeout is None else clock.monotonic() + timeout
        while True:
            other = self.blocked_on
            assert other is not None
            reason = yield Wait((other.room, self.changed), deadline)
            if reason == Wait.SIGNAL:
                raise LinuxError(E.ERESTARTSYS if timeout is None else E.EINTR)
            try:
                self._connect_stream(task, address)
                return 0
            except LinuxError as error:
                if error.errno != E.EAGAIN or reason == Wait.TIMEOUT:
                    raise

    def _connect_stream(self, task: Task, address: bytes) -> None:
        if len(address) <= 2 or address[:2] != b"\1\0":
            raise LinuxError(E.EINVAL)
        self._autobind_for_creds()
        other = self._find(task, address)
        if other.state != LISTENING or other.shut & RCV_SHUTDOWN:
            raise LinuxError(E.ECONNREFUSED)
        if other._full():
            self.blocked_on = other
            raise LinuxError(E.EAGAIN)
        if self.state != CLOSED:
            raise LinuxError(E.EISCONN if self.state == CONNECTED else E.EINVAL)
        new = UnixSocket(self.net, task, self.type, self.protocol)
        new.state = self.state = CONNECTED
        new.peer, self.peer = self, new
        new.sun = other.sun
        new.peercred = credentials(task)
        self.peercred = other.peercred
        for name in (SO_PASSCRED, SO_PASSPIDFD):
            value = other.options.get((SOL_SOCKET, name))
            if value:
                new.options[SOL_SOCKET, name] = value
        other.queue.append(new)
        other.wake()

    def _autobind_for_creds(self) -> None:
        if self.passes_creds() and not self.sun:
            self._autobind()

    def passes_creds(self) -> bool:
        """SO_PASSCRED or SO_PASSPIDFD."""
        return bool(self.options.get((SOL_SOCKET, SO_PASSCRED))
                    or self.options.get((SOL_SOCKET, SO_PASSPIDFD)))

    def _connect_dgram(self, task: Task, address: bytes) -> None:
        if len(address) < 2:
            raise LinuxError(E.EINVAL)
        other: UnixSocket | None
        if address[:2] == b"\0\0":      # AF_UNSPEC: disconnect
            other = None
        else:
            _path_name(address)
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

    def accept(self, task: Task) -> Socket:
        if self.type == SOCK_DGRAM:
            raise LinuxError(E.EOPNOTSUPP)
        if self.state != LISTENING:
            raise LinuxError(E.EINVAL)
        if not self.queue:
            if self.shut & RCV_SHUTDOWN:
                raise LinuxError(E.EINVAL)
            raise LinuxError(E.EAGAIN)
        new = self.queue.popleft()
        assert isinstance(new, UnixSocket)
        self.room.wake()
        return new

    # -- sending ----------------------------------------------------------------------------
    def send(self, task: Task | None, message: Outgoing, flags: int) -> int:
        if flags & MSG_OOB and (self.type != SOCK_STREAM or not message.data):
            raise LinuxError(E.EOPNOTSUPP)
        if self.type == SOCK_STREAM:
            if flags & MSG_OOB:
                return self._send_urgent(task, message)
            return self._send_stream(task, message)
        if self.type == SOCK_SEQPACKET:
            self.check_error()
            if self.state != CONNECTED:
                raise LinuxError(E.ENOTCONN)
            message.name = None
        return self._send_packet(task, message)

    def _message_creds(self, task: Task | None, message: Outgoing,
                       other: UnixSocket) -> Ucred | None:
        if message.creds is not None:
            return message.creds
        if task is not None and (self.passes_creds() or other.passes_creds()):
            return task.tgid, task.creds.uid, task.creds.gid
        return None

    def _send_stream(self, task: Task | None, message: Outgoing) -> int:
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
            size = min(total - done, (self.sndbuf >> 1) - 64, _STREAM_PIECE)
            paged = max(0, size - _MAX_HEAD)
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
        done = self._send_stream(task, message)
        if done < len(message.data):
            return done
        message.data = last
        self._send_stream(task, message)
        other = self.peer
        assert other is not None
        newest = other.queue[-1]
        assert isinstance(newest, Skb)
        other.oob = newest
        other.signal_urgent()
        return done + 1

    def _send_packet(self, task: Task | None, message: Outgoing) -> int:
        if message.name:
            _path_name(message.name)
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
    def _consumed(self, skb: Skb) -> None:
        """A message has left the queue: its sender has room again."""
        sender = skb.sender
        sender.wmem -= skb.truesize
        if sender.wmem << 2 <= sender.sndbuf:
            sender.wake()

    def receive(self, into: Received, size: int, flags: int) -> None:
        if flags & MSG_OOB:
            if self.type != SOCK_STREAM:
                raise LinuxError(E.EOPNOTSUPP)
            self._receive_urgent(into, size, flags)
            return
        if self.type == SOCK_STREAM:
            self._receive_stream(into, size, flags)
        else:
            if self.type == SOCK_SEQPACKET and self.state != CONNECTED:
                raise LinuxError(E.ENOTCONN)
            self._receive_packet(into, size, flags)

    def _receive_packet(self, into: Received, size: int, flags: int) -> None:
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

    def _creds_of(self, skb: Skb) -> Ucred | None:
        if not self.options.get((SOL_SOCKET, SO_PASSCRED)):
            return None
        return skb.creds or (0, 65534, 65534)

    def _add_pidfd(self, into: Received, skb: Skb) -> None:
        if self.options.get((SOL_SOCKET, SO_PASSPIDFD)) and skb.creds is not None:
            into.pid = skb.creds[0]

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

    def at_mark(self) -> bool:
        """SIOCATMARK."""
        if not self.queue:
            return False
        first = self.queue[0]
        assert isinstance(first, Skb)
        if first is self.oob:
            return True
        return first.start == len(first.data) and (
            self.oob is None or (len(self.queue) > 1 and self.queue[1] is self.oob))

    def _available(self) -> int:
        return sum(len(skb.data) - skb.start for skb in self.queue if isinstance(skb, Skb))

    def _receive_stream(self, into: Received, size: int, flags: int) -> None:
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

    def queued(self) -> int:
        if self.state == LISTENING:
            raise LinuxError(E.EINVAL)
        if self.type != SOCK_DGRAM:
            return self._available()
        first = self.queue[0] if self.queue else None
        return len(first.data) if isinstance(first, Skb) else 0

    def unsent(self) -> int:
        return self.wmem

    # -- state ------------------------------------------------------------------------------
    def shutdown(self, how: int) -> None:
        if not 0 <= how <= 2:
            raise LinuxError(E.EINVAL)
        mask = how + 1
        other = self.peer
        self.cut(mask)
        if other is not None and self.type != SOCK_DGRAM:
            theirs = (SEND_SHUTDOWN if mask & RCV_SHUTDOWN else 0) | (
                RCV_SHUTDOWN if mask & SEND_SHUTDOWN else 0)
            other.cut(theirs)
        self.room.wake()

    def _writable(self) -> bool:
        return self.state != LISTENING and self.wmem << 2 <= self.sndbuf

    def poll(self) -> int:
        mask = 0
        if self.error:
            mask |= POLLERR
        if self.shut == SHUTDOWN_MASK:
            mask |= POLLHUP
        if self.shut & RCV_SHUTDOWN:
            mask |= POLLRDHUP | POLLIN | POLLRDNORM
        if self.queue:
            mask |= POLLIN | POLLRDNORM
        if self.type != SOCK_DGRAM and self.state == CLOSED:
            mask |= POLLHUP
        if self.oob is not None:
            mask |= POLLPRI
        writable = self._writable()
        other = self.peer
        if self.type != SOCK_STREAM and writable and other is not None and (
                other.peer is not self and other._full()):
            self.blocked_on = other
            writable = False
        if writable:
            mask |= POLLOUT | POLLWRNORM | POLLWRBAND
        return mask

    def waiters(self) -> Sequence[WaitQueue]:
        if self.blocked_on is not None:
            return (self.changed, self.blocked_on.room)
        if self.type == SOCK_DGRAM and self.peer is not None:
            return (self.changed, self.peer.room)
        return (self.changed,)

    def _purge(self) -> None:
        queue, self.queue = self.queue, deque()
        for item in queue:
            if isinstance(item, UnixSocket):
                item.release()
            else:
                discard(item.files)
                self._consumed(item)
        self.room.wake()

    def release(self) -> None:
        net = self.net
        if self.sun[2:3] == b"\0" and net.abstract.get(self.sun[2:]) is self:
            del net.abstract[self.sun[2:]]
        if self.bound is not None:
            if net.inodes.get(self.bound) is self:      # an inode number may have been used again
                del net.inodes[self.bound]
            self.bound = None
        unread = any(isinstance(item, Skb) and (item.start < len(item.data) or not item.data)
                     for item in self.queue)
        self.oob = None
        embryo = self.state == LISTENING
        self.shut = SHUTDOWN_MASK
        self.inode = None
        other, self.peer = self.peer, None
        if other is not None:
            if self.type == SOCK_DGRAM:
                other.peers.pop(self, None)
            else:
                if unread:
                    other.error = E.ECONNRESET
                other.cut(SHUTDOWN_MASK)
        for each in self.peers:         # they notice at their next message
            each.wake()
        if embryo:
            waiting = [item for item in self.queue if isinstance(item, UnixSocket)]
            self.queue.clear()
            for item in waiting:
                if item.peer is not None:
                    item.peer.error = E.ECONNRESET
                item.release()
        self._purge()
        self.wake()
