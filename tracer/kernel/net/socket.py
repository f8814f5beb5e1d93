"""What all sockets have in common, and the machine's network (``Net``)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.constants import (
    BUFFER_DEFAULT,
    MSG_DONTWAIT,
    MSG_PEEK,
    RCV_SHUTDOWN,
    SEND_SHUTDOWN,
    SOCK_STREAM,
    SOL_SOCKET,
)
from tracer.vfs.base import (
    O_NONBLOCK,
    O_RDWR,
    PAGE,
    S_IFSOCK,
    Attr,
    File,
    FileSystem,
    Inode,
    fill_attr,
    makedev,
)
from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from tracer.kernel.kernel import Kernel
    from tracer.kernel.net.netlink import NetlinkSocket
    from tracer.kernel.net.outside import OutgoingTcp, OutgoingUdp
    from tracer.kernel.net.ports import PortTable
    from tracer.kernel.net.udp import RawSocket
    from tracer.kernel.net.unix import UnixSocket
    from tracer.kernel.registry import Result
    from tracer.kernel.task import Task

SOCKFS_MAGIC = 0x534F434B
SO_PEEK_OFF = 42
SIGURG, SI_KERNEL = 23, 0x80

Ucred = tuple[int, int, int]        # pid, uid, gid

# What one message costs in a socket's buffer: struct sk_buff, and the buffer with its
# skb_shared_info in the allocator's size classes.
_SKB, _SHARED_INFO, _SMALL_HEAD = 256, 320, 704


def truesize(linear: int, paged: int = 0) -> int:
    """Bytes of memory that a message counts against the buffer limits."""
    need = (linear + 63 & ~63) + _SHARED_INFO
    if need <= _SMALL_HEAD:
        head = _SMALL_HEAD
    else:
        head = 1024
        while head < need:
            head *= 2
    return _SKB + head + paged


class Outgoing:
    """A message to send.  control: (level, type, data) of the ancillary data."""

    __slots__ = ("control", "creds", "data", "files", "name")

    def __init__(self, data: bytes, name: bytes | None = None,
                 control: Sequence[tuple[int, int, bytes]] = ()) -> None:
        self.data = data
        self.name = name
        self.control = control
        self.files: list[File] = []         # one reference each, until sent or dropped
        self.creds: Ucred | None = None     # SCM_CREDENTIALS


class Received:
    """What a receiving call has got so far.

    length: what the call returns (with MSG_TRUNC more than ``data``).  name: the sender.
    flags: MSG_TRUNC, MSG_EOR, MSG_OOB ...  control: (level, type, data) beside rights and
    credentials.
    """

    __slots__ = ("control", "creds", "data", "files", "flags", "length", "name", "pid")

    def __init__(self) -> None:
        self.pid: int | None = None         # whose pidfd SO_PASSPIDFD adds
        self.data = bytearray()
        self.length = 0
        self.name: bytes | None = None
        self.flags = 0
        self.files: list[File] = []
        self.creds: Ucred | None = None
        self.control: list[tuple[int, int, bytes]] = []


class SockInode(Inode):
    """The inode of one socket in sockfs."""

    __slots__ = ("socket",)

    fs: SockFS
    socket: Socket

    def getxattr(self, name: bytes) -> bytes:
        if name != b"system.sockprotoname":
            return super().getxattr(name)
        from tracer.kernel.fdnames import protocol_name
        return (protocol_name(self.socket) or "").encode() + b"\0"

    def getattr(self) -> Attr:
        return fill_attr(self)

    def setattr(self, **changes: int) -> None:
        self.mode = S_IFSOCK | changes.get("mode", self.mode) & 0o7777
        self.uid = changes.get("uid", self.uid)
        self.gid = changes.get("gid", self.gid)


class SockFS(FileSystem):
    """sockfs: where sockets without a name live."""

    __slots__ = ("next_ino",)

    def __init__(self, dev: int, first: int = 3000) -> None:
        super().__init__("sockfs", SOCKFS_MAGIC, dev)
        self.next_ino = first

    def new_inode(self, uid: int = 0, gid: int = 0) -> SockInode:
        """For one more socket."""
        self.next_ino += 1
        return SockInode(self, self.next_ino - 1, S_IFSOCK | 0o777, uid, gid)

    def statfs(self) -> dict[str, int]:
        return {"f_bsize": PAGE, "f_namelen": 255, "f_frsize": PAGE}


class Net:
    """The network of one machine: its names and ports.  Made on first use."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.fs = SockFS(makedev(0, 8))
        self.abstract: dict[bytes, UnixSocket] = {}     # AF_UNIX names that start with NUL
        self.inodes: dict[Inode, UnixSocket] = {}       # AF_UNIX names in file systems
        self.next_autobind = 0
        self.ports: dict[str, PortTable] = {}           # "tcp", "udp"
        self.netlink: dict[tuple[int, int], NetlinkSocket] = {}     # by protocol and port
        self.raw: list[RawSocket] = []
        self.described: dict[int, str] = {}     # inode number → what -yy shows of a socket
        # with --net=host: sockets behind which stand some of the host's, and the addresses of
        # the host's name servers
        self.outside: dict[OutgoingTcp | OutgoingUdp, None] = kernel.outside
        self.name_servers: frozenset[bytes] = frozenset()
        if kernel.host_network:
            from tracer.vfs.hostsocket import name_servers
            self.name_servers = name_servers()


def network(kernel: Kernel) -> Net:
    """The network of this kernel."""
    found: Net | None = kernel.net
    if found is None:
        found = kernel.net = Net(kernel)
    return found


def credentials(task: Task) -> Ucred:
    """What SO_PEERCRED and SCM_CREDENTIALS tell of a task."""
    return task.tgid, task.creds.euid, task.creds.egid


class Socket(File):
    """A socket.  What a family does not override fails as the kernel's sock_no_*.

    Sending and receiving never wait: they raise EAGAIN, and the caller waits on ``waiters()``.
    ``error`` is the pending one (SO_ERROR); ``shut`` has RCV_SHUTDOWN and SEND_SHUTDOWN.
    ``read_timeout`` and ``write_timeout`` are SO_RCVTIMEO and SO_SNDTIMEO in nanoseconds.
    """

    __slots__ = ("changed", "error", "flows", "net", "options", "peercred", "protocol",
                 "rcvbuf", "rcvlowat", "read_timeout", "shut", "sndbuf", "type", "uid",
                 "write_timeout")

    family = 0
    seekable = False
    name_size = 0               # of a socket address, in recvmsg

    def __init__(self, net: Net, task: Task, kind: int, protocol: int, flags: int = 0) -> None:
        """flags: O_NONBLOCK."""
        inode = net.fs.new_inode(task.creds.fsuid, task.creds.fsgid)
        inode.socket = self
        super().__init__(inode, O_RDWR | flags & O_NONBLOCK)
        self.net = net
        self.type: int = kind
        self.protocol: int = protocol
        self.uid = task.creds.fsuid
        self.options: dict[tuple[int, int], Any] = {}
        self.flows = kind == SOCK_STREAM
        self.error = 0
        self.shut = 0
        self.changed = WaitQueue()
        self.sndbuf: int = BUFFER_DEFAULT
        self.rcvbuf: int = BUFFER_DEFAULT
        self.rcvlowat: int = 1
        self.read_timeout: int | None = None
        self.write_timeout: int | None = None
        self.peercred: Ucred = (0, 0xFFFFFFFF, 0xFFFFFFFF)

    # -- as a file ------------------------------------------------------------------------
    @property
    def writes_all(self) -> bool:  # type: ignore[override]
        return self.flows

    @property
    def raises_sigpipe(self) -> bool:  # type: ignore[override]
        return self.flows

    def name(self) -> bytes:
        assert self.inode is not None
        return b"socket:[%d]" % self.inode.ino

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        if pos is not None:
            raise LinuxError(E.ESPIPE)
        size = sum(map(len, views))
        if not size:
            return 0
        into = Received()
        self.receive(into, size, MSG_DONTWAIT if self.flags & O_NONBLOCK else 0)
        discard(into.files)
        at = 0
        data = into.data
        for view in views:
            part = data[at:at + len(view)]
            view[:len(part)] = part
            at += len(part)
        return at

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        """EPIPE when nobody can receive; the caller sends SIGPIPE."""
        if pos is not None:
            raise LinuxError(E.ESPIPE)
        data = bytes(views[0]) if len(views) == 1 else b"".join(views)
        return self.send(self.net.kernel.current, Outgoing(data),
                         MSG_DONTWAIT if self.flags & O_NONBLOCK else 0)

    def waiters(self) -> Sequence[WaitQueue]:
        return (self.changed,)

    def wake(self) -> None:
        """The socket's state has changed."""
        self.changed.wake()

    def take_error(self) -> int:
        """SO_ERROR: the pending error, which is then forgotten."""
        error, self.error = self.error, 0
        return error

    def check_error(self) -> None:
        """Raise the pending error."""
        if self.error:
            raise LinuxError(self.take_error())

    def peek_offset(self, flags: int) -> int:
        """Where a receive begins to look: SO_PEEK_OFF counts with MSG_PEEK only."""
        if not flags & MSG_PEEK:
            return 0
        offset: int = self.options.get((SOL_SOCKET, SO_PEEK_OFF), 0)
        return max(0, offset)

    def peeked(self, flags: int, count: int) -> None:
        """Move SO_PEEK_OFF on by what MSG_PEEK saw, or back by what was taken."""
        key = SOL_SOCKET, SO_PEEK_OFF
        offset = self.options.get(key, -1)
        if offset >= 0:
            self.options[key] = max(0, offset + (count if flags & MSG_PEEK else -count))

    def signal_urgent(self) -> None:
        """SIGURG for the owner that F_SETOWN gave."""
        owner = self.owner
        if not owner:
            return
        kernel = self.net.kernel
        for process in list(kernel.processes.values()):
            if process.pid == owner or process.pgid == -owner:
                kernel.signals.send_process(process, {"signo": SIGURG, "code": SI_KERNEL,
                                                      "pid": 0, "uid": 0})

    def ioctl(self, task: Any, request: int, arg: int) -> int:
        from tracer.kernel.net.device import ioctl
        return ioctl(task, self, request, arg)

    # -- what families do -------------------------------------------------------------------
    def bind(self, task: Task, address: bytes) -> None:
        """bind(2)."""
        raise LinuxError(E.EOPNOTSUPP)

    def connect(self, task: Task, address: bytes, flags: int) -> Result:
        """connect(2); flags: O_NONBLOCK.  May give a generator that waits."""
        raise LinuxError(E.EOPNOTSUPP)

    def pair(self, other: Socket) -> None:
        """socketpair(2)."""
        raise LinuxError(E.EOPNOTSUPP)

    def listen(self, backlog: int) -> None:
        """listen(2)."""
        raise LinuxError(E.EOPNOTSUPP)

    def accept(self, task: Task) -> Socket:
        """A connection that waits; EAGAIN when there is none."""
        raise LinuxError(E.EOPNOTSUPP)

    def address(self, peer: bool) -> bytes:
        """getsockname(2), getpeername(2)."""
        raise LinuxError(E.EOPNOTSUPP)

    def send(self, task: Task | None, message: Outgoing, flags: int) -> int:
        """Send what there is room for; EAGAIN, EPIPE (the caller sends SIGPIPE)."""
        raise LinuxError(E.EOPNOTSUPP)

    def receive(self, into: Received, size: int, flags: int) -> None:
        """Add to ``into`` up to ``size`` bytes in all.

        Raises EAGAIN while less has come than the call waits for (MSG_WAITALL, SO_RCVLOWAT);
        ``into`` then has what was taken out of the socket so far.
        """
        raise LinuxError(E.EOPNOTSUPP)

    def shutdown(self, how: int) -> None:
        """shutdown(2); how is SHUT_RD, SHUT_WR or SHUT_RDWR."""
        raise LinuxError(E.EOPNOTSUPP)

    def queued(self) -> int:
        """SIOCINQ; EINVAL for a socket that listens."""
        raise LinuxError(E.ENOTTY)

    def unsent(self) -> int:
        """SIOCOUTQ."""
        raise LinuxError(E.ENOTTY)

    def set_option(self, task: Task, level: int, name: int, value: bytes) -> None:
        """setsockopt(2) of levels other than SOL_SOCKET."""
        raise LinuxError(E.EOPNOTSUPP)

    def get_option(self, task: Task, level: int, name: int, size: int,
                   given: Callable[[int], bytes]) -> bytes:
        """getsockopt(2) of levels other than SOL_SOCKET: the value, cut to ``size``.

        given(n): the first n bytes of the caller's buffer.
        """
        raise LinuxError(E.EOPNOTSUPP)

    def is_listening(self) -> bool:
        """SO_ACCEPTCONN."""
        return False

    def cut(self, how: int) -> None:
        """Note a shutdown of RCV_SHUTDOWN or SEND_SHUTDOWN and tell those who wait."""
        self.shut |= how & (RCV_SHUTDOWN | SEND_SHUTDOWN)
        self.wake()


def discard(files: list[File]) -> None:
    """Descriptors in flight that nobody takes are closed."""
    from tracer.kernel.task import drop
    for file in files:
        drop(file)
    files.clear()


def wake_target(size: int, flags: int, lowat: int) -> int:
    """How many bytes a stream's reader waits for (sock_rcvlowat)."""
    from tracer.kernel.net.constants import MSG_WAITALL
    if flags & MSG_WAITALL:
        return size or 1
    if flags & MSG_DONTWAIT:
        return 1
    return min(lowat, size) or 1
