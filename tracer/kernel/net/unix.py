"""AF_UNIX sockets: names, connections and states (unix(7), net/unix/af_unix.c).  How they send and
receive is in `unixstream` and `unixpacket`."""
from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.constants import (
    AF_UNIX,
    RCV_SHUTDOWN,
    SEND_SHUTDOWN,
    SHUTDOWN_MASK,
    SOCK_DGRAM,
    SOCK_RAW,
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
MAX_HEAD = PAGE - 320           # SKB_MAX_HEAD(0)
SO_OOBINLINE, SO_PASSCRED, SO_PASSPIDFD = 10, 16, 76

CLOSED, LISTENING, CONNECTED = range(3)


def path_name(address: bytes) -> tuple[bytes, bool]:
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
        name, abstract = path_name(address)
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
        name, abstract = path_name(address)
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
        new = type(self)(self.net, task, self.type, self.protocol)
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

    def _message_creds(self, task: Task | None, message: Outgoing,
                       other: UnixSocket) -> Ucred | None:
        if message.creds is not None:
            return message.creds
        if task is not None and (self.passes_creds() or other.passes_creds()):
            return task.tgid, task.creds.uid, task.creds.gid
        return None

    # -- messages --------------------------------------------------------------------------
    def _consumed(self, skb: Skb) -> None:
        """A message has left the queue: its sender has room again."""
        sender = skb.sender
        sender.wmem -= skb.truesize
        if sender.wmem << 2 <= sender.sndbuf:
            sender.wake()

    def _creds_of(self, skb: Skb) -> Ucred | None:
        if not self.options.get((SOL_SOCKET, SO_PASSCRED)):
            return None
        return skb.creds or (0, 65534, 65534)

    def _add_pidfd(self, into: Received, skb: Skb) -> None:
        if self.options.get((SOL_SOCKET, SO_PASSPIDFD)) and skb.creds is not None:
            into.pid = skb.creds[0]

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
