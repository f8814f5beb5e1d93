"""AF_NETLINK sockets (netlink(7), net/netlink/af_netlink.c)."""
from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.constants import (
    AF_NETLINK,
    CAP_NET_ADMIN,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
    RCV_SHUTDOWN,
    SOL_NETLINK,
)
from tracer.kernel.net.options import as_int, int_bytes
from tracer.kernel.net.socket import (
    Net,
    Outgoing,
    Received,
    Socket,
    Ucred,
    credentials,
    truesize,
)
from tracer.vfs.base import POLLERR, POLLIN, POLLOUT, POLLRDNORM, POLLWRBAND, POLLWRNORM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracer.kernel.registry import Result
    from tracer.kernel.task import Task

# linux/netlink.h
(NETLINK_ROUTE, NETLINK_UNUSED, NETLINK_USERSOCK, NETLINK_FIREWALL, NETLINK_SOCK_DIAG,
 NETLINK_NFLOG, NETLINK_XFRM, NETLINK_SELINUX, NETLINK_ISCSI, NETLINK_AUDIT,
 NETLINK_FIB_LOOKUP, NETLINK_CONNECTOR, NETLINK_NETFILTER) = range(13)
NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC, NETLINK_CRYPTO = 15, 16, 21
MAX_LINKS = 32
PROTOCOLS = frozenset((
    NETLINK_ROUTE, NETLINK_USERSOCK, NETLINK_SOCK_DIAG, NETLINK_XFRM, NETLINK_SELINUX,
    NETLINK_AUDIT, NETLINK_FIB_LOOKUP, NETLINK_CONNECTOR, NETLINK_NETFILTER,
    NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC, NETLINK_CRYPTO))
_NO_INPUT = frozenset((NETLINK_USERSOCK, NETLINK_KOBJECT_UEVENT, NETLINK_SELINUX))

NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP, NLM_F_CAPPED = 1, 2, 4, 0x300, 0x100
NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE, NLMSG_MIN_TYPE = 1, 2, 3, 16

(NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP, NETLINK_PKTINFO, NETLINK_BROADCAST_ERROR,
 NETLINK_NO_ENOBUFS) = range(1, 6)
(NETLINK_LISTEN_ALL_NSID, NETLINK_LIST_MEMBERSHIPS, NETLINK_CAP_ACK, NETLINK_EXT_ACK,
 NETLINK_GET_STRICT_CHK) = range(8, 13)
_FLAG_OPTIONS = frozenset((NETLINK_PKTINFO, NETLINK_BROADCAST_ERROR, NETLINK_NO_ENOBUFS,
                           NETLINK_LISTEN_ALL_NSID, NETLINK_CAP_ACK, NETLINK_EXT_ACK,
                           NETLINK_GET_STRICT_CHK))
_GROUPS = 64

_HEAD = struct.Struct("<IHHII")
_ADDRESS = struct.Struct("<HHII")


class Request:
    """One netlink message: its header and what follows it."""

    __slots__ = ("body", "flags", "kind", "raw", "seq")

    def __init__(self, raw: bytes) -> None:
        _, self.kind, self.flags, self.seq, _ = _HEAD.unpack_from(raw)
        self.raw = raw
        self.body = raw[16:]

    @property
    def dumps(self) -> bool:
        """Whether all objects are asked for."""
        return bool(self.flags & NLM_F_DUMP == NLM_F_DUMP)


def message(kind: int, flags: int, seq: int, port: int, body: bytes) -> bytes:
    """A message with its header, padded."""
    head = _HEAD.pack(16 + len(body), kind, flags, seq, port)
    return head + body + bytes(-len(body) & 3)


def requests(data: bytes) -> Iterator[Request]:
    """The messages of a datagram, up to the first bad one."""
    at = 0
    while len(data) - at >= 16:
        size = int.from_bytes(data[at:at + 4], "little")
        if size < 16 or size > len(data) - at:
            return
        yield Request(data[at:at + size])
        at += size + 3 & ~3


class NetlinkSocket(Socket):
    """port: its address (nl_pid).  queue: (datagram, sender's port, credentials)."""

    __slots__ = ("groups", "peer", "port", "queue", "used")

    family = AF_NETLINK
    name_size = 12

    def __init__(self, net: Net, task: Task, kind: int, protocol: int, flags: int = 0) -> None:
        super().__init__(net, task, kind, protocol, flags)
        self.port = 0
        self.peer = (0, 0)          # port and groups of connect(2)
        self.groups = 0
        self.queue: deque[tuple[bytes, int, Ucred]] = deque()
        self.used = 0

    # -- addresses --------------------------------------------------------------------------
    def _parse(self, address: bytes) -> tuple[int, int]:
        if len(address) < 12 or int.from_bytes(address[:2], "little") != AF_NETLINK:
            raise LinuxError(E.EINVAL)
        _, _, port, groups = _ADDRESS.unpack_from(address)
        return port, groups

    def _insert(self, port: int) -> None:
        key = self.protocol, port
        if key in self.net.netlink:
            raise LinuxError(E.EADDRINUSE)
        self.net.netlink[key] = self
        self.port = port

    def _autobind(self, task: Task) -> None:
        port, rover = task.tgid, -4096
        while (self.protocol, port & 0xFFFFFFFF) in self.net.netlink:
            rover -= 1
            port = rover
        self._insert(port & 0xFFFFFFFF)

    def bind(self, task: Task, address: bytes) -> None:
        port, groups = self._parse(address)
        if groups and self.protocol not in (
                NETLINK_ROUTE, NETLINK_USERSOCK, NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC,
                NETLINK_SELINUX, NETLINK_SOCK_DIAG) and not task.creds.capable(CAP_NET_ADMIN):
            raise LinuxError(E.EPERM)
        if self.port:
            if port != self.port:
                raise LinuxError(E.EINVAL)
        elif port:
            self._insert(port)
        else:
            self._autobind(task)
        self.groups = groups

    def connect(self, task: Task, address: bytes, flags: int) -> Result:
        if len(address) < 2:
            raise LinuxError(E.EINVAL)
        if address[:2] == b"\0\0":
            self.peer = 0, 0
            return 0
        self.peer = self._parse(address)
        if not self.port:
            self._autobind(task)
        return 0

    def address(self, peer: bool) -> bytes:
        if peer:
            port, groups = self.peer
            return _ADDRESS.pack(AF_NETLINK, 0, port, 1 << groups - 1 if groups else 0)
        return _ADDRESS.pack(AF_NETLINK, 0, self.port, self.groups)

    # -- messages -----------------------------------------------------------------------------
    def send(self, task: Task | None, message: Outgoing, flags: int) -> int:
        if flags & MSG_OOB:
            raise LinuxError(E.EOPNOTSUPP)
        data = message.data
        if not data:
            raise LinuxError(E.ENODATA)
        assert task is not None
        port, groups = self.peer
        if message.name is not None:
            port, groups = self._parse(message.name)
            if (port or groups) and self.protocol != NETLINK_USERSOCK and not (
                    task.creds.capable(CAP_NET_ADMIN)):
                raise LinuxError(E.EPERM)
        if not self.port:
            self._autobind(task)
        if len(data) > self.sndbuf - 32:
            raise LinuxError(E.EMSGSIZE)
        who = credentials(task)
        if groups:
            for (protocol, _), member in list(self.net.netlink.items()):
                if protocol == self.protocol and member is not self and member.groups & groups:
                    member.put(data, self.port, who)
        if port:
            other = self.net.netlink.get((self.protocol, port))
            if other is None:
                raise LinuxError(E.ECONNREFUSED)
            other.put(data, self.port, who)
        elif not groups:
            if self.protocol in _NO_INPUT:
                raise LinuxError(E.ECONNREFUSED)
            self._to_kernel(task, data)
        return len(data)

    def _to_kernel(self, task: Task, data: bytes) -> None:
        for request in requests(data):
            error = 0
            if request.flags & NLM_F_REQUEST and request.kind >= NLMSG_MIN_TYPE:
                try:
                    reply = self._answer(task, request)
                except LinuxError as problem:
                    error = problem.errno
                else:
                    if reply is not None:
                        self.put(reply, 0, (0, 0, 0))
                        if request.dumps:
                            continue        # a dump ends with NLMSG_DONE, not with an ack
            if error or request.flags & NLM_F_ACK:
                self._ack(request, error)

    def _answer(self, task: Task, request: Request) -> bytes | None:
        """The kernel's answer; None for nothing but an ack."""
        if self.protocol == NETLINK_ROUTE:
            from tracer.kernel.net.rtnetlink import answer
            return answer(task, self, request)
        if self.protocol == NETLINK_SOCK_DIAG:
            from tracer.kernel.net.sockdiag import answer as describe
            return describe(task, self, request)
        if self.protocol == NETLINK_GENERIC:
            raise LinuxError(E.ENOENT if request.kind >= 16 else E.EINVAL)
        if not task.creds.capable(CAP_NET_ADMIN):
            raise LinuxError(E.EPERM)
        raise LinuxError(E.EINVAL if self.protocol != NETLINK_AUDIT else E.EOPNOTSUPP)

    def done(self, request: Request) -> bytes:
        """The end of a dump."""
        return message(NLMSG_DONE, NLM_F_MULTI, request.seq, self.port, int_bytes(0))

    def _ack(self, request: Request, error: int) -> None:
        capped = not error or self.options.get((SOL_NETLINK, NETLINK_CAP_ACK))
        original = request.raw[:16] if capped else request.raw
        flags = NLM_F_CAPPED if capped else 0
        self.put(message(NLMSG_ERROR, flags, request.seq, self.port,
                         int_bytes(-error) + original), 0, (0, 0, 0))

    def put(self, data: bytes, sender: int, who: Ucred) -> None:
        """A datagram has come; ENOBUFS is pending when it does not fit."""
        if self.used > self.rcvbuf:
            if not self.options.get((SOL_NETLINK, NETLINK_NO_ENOBUFS)):
                self.error = E.ENOBUFS
        else:
            self.queue.append((data, sender, who))
            self.used += truesize(len(data))
        self.wake()

    def receive(self, into: Received, size: int, flags: int) -> None:
        if flags & (MSG_OOB | MSG_ERRQUEUE):
            raise LinuxError(E.EOPNOTSUPP)
        if not self.queue:
            self.check_error()
            if self.shut & RCV_SHUTDOWN and not flags & MSG_DONTWAIT:
                return
            raise LinuxError(E.EAGAIN)
        data, sender, who = self.queue[0]
        into.data += data[:size]
        into.length = len(into.data)
        if len(data) > size:
            into.flags |= MSG_TRUNC
            if flags & MSG_TRUNC:
                into.length = len(data)
        into.name = _ADDRESS.pack(AF_NETLINK, 0, sender, 0)
        if self.options.get((1, 16)):       # SO_PASSCRED
            into.creds = who
        if self.options.get((SOL_NETLINK, NETLINK_PKTINFO)):
            into.control.append((SOL_NETLINK, NETLINK_PKTINFO, int_bytes(0)))
        if not flags & MSG_PEEK:
            self.queue.popleft()
            self.used -= truesize(len(data))

    # -- options, state -----------------------------------------------------------------------
    def set_option(self, task: Task, level: int, name: int, value: bytes) -> None:
        if level != SOL_NETLINK:
            raise LinuxError(E.ENOPROTOOPT)
        number = as_int(value) if len(value) >= 4 else 0
        if name in (NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP):
            if not 1 <= number <= _GROUPS:
                raise LinuxError(E.EINVAL)
            if name == NETLINK_ADD_MEMBERSHIP:
                self.groups |= 1 << number - 1
            else:
                self.groups &= ~(1 << number - 1)
        elif name in _FLAG_OPTIONS:
            self.options[level, name] = int(bool(number))
        else:
            raise LinuxError(E.ENOPROTOOPT)

    def get_option(self, task: Task, level: int, name: int, size: int,
                   given: Callable[[int], bytes]) -> bytes:
        if level != SOL_NETLINK:
            raise LinuxError(E.ENOPROTOOPT)
        if size < 0:
            raise LinuxError(E.EINVAL)
        if name == NETLINK_LIST_MEMBERSHIPS:
            return int_bytes(self.groups, 8)[:size & ~3]
        if name not in _FLAG_OPTIONS:
            raise LinuxError(E.ENOPROTOOPT)
        if size < 4:
            raise LinuxError(E.EINVAL)
        return int_bytes(self.options.get((level, name), 0))

    def poll(self) -> int:
        mask = POLLOUT | POLLWRNORM | POLLWRBAND
        if self.error:
            mask |= POLLERR
        if self.queue:
            mask |= POLLIN | POLLRDNORM
        return mask

    def release(self) -> None:
        if self.net.netlink.get((self.protocol, self.port)) is self:
            del self.net.netlink[self.protocol, self.port]
        self.wake()
