"""UDP and raw sockets on the loopback (udp(7), raw(7))."""
from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.address import (
    Endpoint,
    canonical,
    family_of,
    is_any,
    is_multicast,
    pack,
    parse,
    source_for,
)
from tracer.kernel.net.constants import (
    AF_INET,
    AF_INET6,
    AF_UNSPEC,
    IPPROTO_ICMP,
    IPPROTO_IP,
    IPPROTO_IPV6,
    IPPROTO_UDP,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    MSG_MORE,
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
    RCV_SHUTDOWN,
    SEND_SHUTDOWN,
    SHUTDOWN_MASK,
    SOCK_DGRAM,
    SOCK_RAW,
    SOL_SOCKET,
)
from tracer.kernel.net.inet import InetSocket
from tracer.kernel.net.options import (
    SO_BROADCAST,
    SO_RXQ_OVFL,
    SO_TIMESTAMP_OLD,
    SO_TIMESTAMPNS_OLD,
    int_bytes,
    integer,
)
from tracer.kernel.net.socket import Net, Outgoing, Received, truesize
from tracer.vfs.base import (
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    POLLRDHUP,
    POLLRDNORM,
    POLLWRBAND,
    POLLWRNORM,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.kernel.registry import Result
    from tracer.kernel.task import Task

MAX_UDP4, MAX_UDP6 = 65507, 65527
IP_HDRINCL, IP_PKTINFO, IP_TTL, IP_RECVTTL, IP_TOS, IP_RECVTOS = 3, 8, 2, 12, 1, 13
IPV6_RECVPKTINFO, IPV6_PKTINFO, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT = 49, 50, 51, 52
IPV6_RECVTCLASS, IPV6_TCLASS = 66, 67
IP_RECVERR, IP_RECVORIGDSTADDR, IP_MULTICAST_IF = 11, 20, 32
IPV6_MULTICAST_IF, IPV6_RECVERR = 17, 25
UDP_CORK, UDP_SEGMENT = 1, 103
BROADCAST = b"\xff\xff\xff\xff"
_LOOPBACK_INDEX = 1


class Datagram:
    """data, where it comes from and goes to, when, and what it costs in the buffer."""

    __slots__ = ("cost", "data", "destination", "source", "time", "tos", "ttl")

    def __init__(self, data: bytes, source: Endpoint, destination: Endpoint, time: int,
                 ttl: int = 64, tos: int = 0) -> None:
        self.data = data
        self.source = source
        self.destination = destination
        self.time = time
        self.ttl = ttl
        self.tos = tos
        self.cost = truesize(len(data))


class DatagramSocket(InetSocket):
    """queue: what has come; used: what it costs of the receive buffer."""

    __slots__ = ("dropped", "errors", "queue", "used")

    def __init__(self, net: Net, task: Task, family: int, kind: int, protocol: int,
                 flags: int = 0) -> None:
        super().__init__(net, task, family, kind, protocol, flags)
        self.queue: deque[Datagram] = deque()
        self.used = 0
        self.errors: deque[Datagram] = deque()      # what IP_RECVERR keeps for MSG_ERRQUEUE
        self.dropped = 0

    def connect(self, task: Task, address: bytes, flags: int) -> Result:
        if family_of(address) == AF_UNSPEC:
            self.unsettle()
            self.give_port()
            return 0
        remote = self.destination(address)
        self.autobind(True)
        if self.remote is not None:
            self.unsettle()
        self.settle(remote)
        return 0

    def _target(self, message: Outgoing) -> Endpoint:
        name = message.name
        if name is None:
            if self.remote is None:
                raise LinuxError(E.EDESTADDRREQ)
            return self.remote
        if self.family == AF_INET6 and len(name) >= 16 and family_of(name) == AF_INET:
            # a plain IPv4 address is as good as the mapped one
            name = pack(AF_INET6, (name[4:8], int.from_bytes(name[2:4], "big")))
        elif len(name) >= 16 and family_of(name) == AF_UNSPEC and self.family == AF_INET:
            name = b"\2\0" + name[2:]
        return self.destination(name)

    def _source(self, target: Endpoint) -> Endpoint:
        ip = source_for(target[0]) if is_any(self.ip) else self.ip
        return ip, self.port

    def _option(self, level: int, name: int) -> int:
        value: int = self.options.get((level, name), 0)
        return value

    def put(self, datagram: Datagram) -> None:
        """A datagram has come; dropped when the buffer is full."""
        if self.used > self.rcvbuf:
            self.dropped += 1
            return
        self.used += datagram.cost
        self.queue.append(datagram)
        self.wake()

    def receive(self, into: Received, size: int, flags: int) -> None:
        if flags & MSG_ERRQUEUE:
            self._receive_error(into, size)
            return
        if flags & MSG_OOB and self.type == SOCK_RAW:
            raise LinuxError(E.EOPNOTSUPP)
        if not self.queue:
            self.check_error()
            if self.shut & RCV_SHUTDOWN and not flags & MSG_DONTWAIT:
                return
            raise LinuxError(E.EAGAIN)
        datagram = self.queue[0]
        offset = self.peek_offset(flags)
        if offset:
            for datagram in self.queue:
                if offset < len(datagram.data):
                    break
                offset -= len(datagram.data)
            else:
                raise LinuxError(E.EAGAIN)
        data = datagram.data[offset:]
        self.peeked(flags, min(size, len(data)))
        into.data += data[:size]
        into.length = len(into.data)
        if len(data) > size:
            into.flags |= MSG_TRUNC
            if flags & MSG_TRUNC:
                into.length = len(data)
        into.name = pack(self.family, datagram.source)
        self._control(into, datagram)
        if not flags & MSG_PEEK:
            self.queue.popleft()
            self.used -= datagram.cost

    def _refused(self, data: bytes, target: Endpoint) -> None:
        """Nobody has the port: the answer, port unreachable, comes back at once."""
        level, option = ((IPPROTO_IP, IP_RECVERR) if self.family == AF_INET
                         else (IPPROTO_IPV6, IPV6_RECVERR))
        if self._option(level, option):
            self.errors.append(Datagram(data, target, target, 0))
        elif self.remote != target:
            return
        self.error = E.ECONNREFUSED
        self.wake()

    def _receive_error(self, into: Received, size: int) -> None:
        """MSG_ERRQUEUE: the datagram that failed, and a struct sock_extended_err."""
        if not self.errors:
            raise LinuxError(E.EAGAIN)
        failed = self.errors.popleft()
        self.error = E.ECONNREFUSED if self.errors else 0
        into.data += failed.data[:size]
        into.length = len(into.data)
        into.flags |= MSG_ERRQUEUE | (MSG_TRUNC if len(failed.data) > size else 0)
        into.name = pack(self.family, failed.destination)
        ip = failed.destination[0]
        # origin ICMP or ICMP6; destination unreachable, port unreachable
        origin = bytes((2, 3, 3, 0)) if len(ip) == 4 else bytes((3, 1, 4, 0))
        into.control.append((
            IPPROTO_IP if self.family == AF_INET else IPPROTO_IPV6,
            IP_RECVERR if self.family == AF_INET else IPV6_RECVERR,
            int_bytes(E.ECONNREFUSED) + origin + bytes(8) + pack(self.family, (ip, 0))))

    def _control(self, into: Received, datagram: Datagram) -> None:
        """What SO_TIMESTAMP, IP_PKTINFO and their kin add."""
        from tracer.kernel.calls.common import is_32bit
        add = into.control.append
        task = self.net.kernel.current
        word = 4 if task is not None and is_32bit(task) else 8
        seconds, rest = divmod(datagram.time, 10**9)
        if integer(self, SO_TIMESTAMPNS_OLD):
            add((SOL_SOCKET, SO_TIMESTAMPNS_OLD, int_bytes(seconds, word) + int_bytes(rest, word)))
        elif integer(self, SO_TIMESTAMP_OLD):
            add((SOL_SOCKET, SO_TIMESTAMP_OLD,
                 int_bytes(seconds, word) + int_bytes(rest // 1000, word)))
        if integer(self, SO_RXQ_OVFL) and self.dropped:
            add((SOL_SOCKET, SO_RXQ_OVFL, int_bytes(self.dropped)))
        ip = datagram.destination[0]
        if len(ip) == 4:
            if self._option(IPPROTO_IP, IP_PKTINFO):
                add((IPPROTO_IP, IP_PKTINFO, int_bytes(_LOOPBACK_INDEX) + ip + ip))
            if self._option(IPPROTO_IP, IP_RECVTTL):
                add((IPPROTO_IP, IP_TTL, int_bytes(datagram.ttl)))
            if self._option(IPPROTO_IP, IP_RECVTOS):
                add((IPPROTO_IP, IP_TOS, bytes((datagram.tos,))))
            if self._option(IPPROTO_IP, IP_RECVORIGDSTADDR):
                add((IPPROTO_IP, IP_RECVORIGDSTADDR, pack(AF_INET, datagram.destination)))
        if self.family == AF_INET6:
            if self._option(IPPROTO_IPV6, IPV6_RECVPKTINFO):
                add((IPPROTO_IPV6, IPV6_PKTINFO,
                     pack(AF_INET6, datagram.destination)[8:24] + int_bytes(_LOOPBACK_INDEX)))
            if self._option(IPPROTO_IPV6, IPV6_RECVHOPLIMIT):
                add((IPPROTO_IPV6, IPV6_HOPLIMIT, int_bytes(datagram.ttl)))
            if self._option(IPPROTO_IPV6, IPV6_RECVTCLASS):
                add((IPPROTO_IPV6, IPV6_TCLASS, int_bytes(datagram.tos)))

    def queued(self) -> int:
        return len(self.queue[0].data) if self.queue else 0

    def unsent(self) -> int:
        return 0

    def shutdown(self, how: int) -> None:
        if not 0 <= how <= 2:
            raise LinuxError(E.EINVAL)
        self.cut(how + 1)
        if self.remote is None:
            raise LinuxError(E.ENOTCONN)

    def poll(self) -> int:
        mask = POLLOUT | POLLWRNORM | POLLWRBAND
        if self.error or self.errors:
            mask |= POLLERR
        if self.shut & RCV_SHUTDOWN:
            mask |= POLLRDHUP | POLLIN | POLLRDNORM
        if self.shut == SHUTDOWN_MASK:
            mask |= POLLHUP
        if self.queue:
            mask |= POLLIN | POLLRDNORM
        return mask

    def release(self) -> None:
        self.queue.clear()
        if self.port:
            self.table.replace(self, None)
        self.wake()


class UdpSocket(DatagramSocket):
    """SOCK_DGRAM with UDP (or UDP-Lite)."""

    __slots__ = ("corked",)

    def __init__(self, net: Net, task: Task, family: int, flags: int = 0,
                 protocol: int = IPPROTO_UDP) -> None:
        super().__init__(net, task, family, SOCK_DGRAM, protocol, flags)
        # what UDP_CORK or MSG_MORE holds back
        self.corked: tuple[Endpoint, bytearray, Sequence[tuple[int, int, bytes]]] | None = None

    def send(self, task: Task | None, message: Outgoing, flags: int) -> int:
        data = message.data
        if len(data) > 0xFFFF:
            raise LinuxError(E.EMSGSIZE)
        if flags & MSG_OOB and self.family == AF_INET:
            raise LinuxError(E.EOPNOTSUPP)
        self.autobind(True)
        if self.corked is None:
            target, held = self._target(message), bytearray()
            if not target[1]:
                raise LinuxError(E.EINVAL)
        else:
            target, held, _ = self.corked
        if len(held) + len(data) > (MAX_UDP4 if len(target[0]) == 4 else MAX_UDP6):
            raise LinuxError(E.EMSGSIZE)
        if self.error:
            raise LinuxError(self.take_error())
        if self.shut & SEND_SHUTDOWN:
            raise LinuxError(E.EPIPE)
        if self.corked is None:
            control = message.control
        else:
            control = self.corked[2]
        if flags & MSG_MORE or self._option(IPPROTO_UDP, UDP_CORK):
            held += data
            self.corked = target, held, control
        else:
            self.corked = None
            self._transmit(bytes(held) + data if held else data, target, control)
        return len(data)

    def set_option(self, task: Task, level: int, name: int, value: bytes) -> None:
        super().set_option(task, level, name, value)
        if (level, name) == (IPPROTO_UDP, UDP_CORK) and self.corked is not None and (
                not self._option(level, name)):
            (target, held, control), self.corked = self.corked, None
            self._transmit(bytes(held), target, control)

    def _transmit(self, data: bytes, target: Endpoint,
                  control: Sequence[tuple[int, int, bytes]]) -> None:
        """Send a datagram, or with UDP_SEGMENT as many as it takes."""
        ttl = self.options.get((IPPROTO_IP, IP_TTL), 64)
        tos = self._option(IPPROTO_IP, IP_TOS)
        segment = self._option(IPPROTO_UDP, UDP_SEGMENT)
        source = self._source(target)
        for level, kind, value in control:
            number = int.from_bytes(value[:4], "little")
            if (level, kind) == (IPPROTO_UDP, UDP_SEGMENT):
                segment = int.from_bytes(value[:2], "little")
            elif (level, kind) in ((IPPROTO_IP, IP_TTL), (IPPROTO_IPV6, IPV6_HOPLIMIT)):
                ttl = number
            elif (level, kind) in ((IPPROTO_IP, IP_TOS), (IPPROTO_IPV6, IPV6_TCLASS)):
                tos = number & 0xFF
            elif (level, kind) == (IPPROTO_IP, IP_PKTINFO) and len(value) >= 12:
                if not is_any(value[4:8]):
                    source = value[4:8], self.port
            elif (level, kind) == (IPPROTO_IPV6, IPV6_PKTINFO) and len(value) >= 20 and (
                    not is_any(value[:16])):
                source = canonical(value[:16]), self.port
        receivers = self._receivers(target, source)
        if not receivers and not is_multicast(target[0]):
            self._refused(data, target)
        now = self.net.kernel.clock.realtime()
        for start in range(0, len(data) or 1, segment or len(data) or 1):
            part = data[start:start + segment] if segment else data
            for receiver in receivers:
                receiver.put(Datagram(part, source, target, now, ttl, tos))

    def destination(self, address: bytes) -> Endpoint:
        """Groups can be reached through lo when an option chooses it."""
        ip, port = parse(self.family, address)
        if ip == BROADCAST and not integer(self, SO_BROADCAST):
            raise LinuxError(E.EACCES)
        if is_multicast(ip):
            chosen = self._option(IPPROTO_IP, IP_MULTICAST_IF) if len(ip) == 4 else (
                self._option(IPPROTO_IPV6, IPV6_MULTICAST_IF))
            if chosen:
                return ip, port
        return super().destination(address)

    def _receivers(self, target: Endpoint, source: Endpoint) -> list[UdpSocket]:
        if not is_multicast(target[0]):
            found = self._receiver(target, source)
            return [] if found is None else [found]
        level = IPPROTO_IP if len(target[0]) == 4 else IPPROTO_IPV6
        return [holder for holder in self.table.at(target[1]) if isinstance(holder, UdpSocket)
                and (is_any(holder.ip) or holder.ip == target[0])
                and holder.remote in (None, source)
                and (target[0], _LOOPBACK_INDEX) in holder.options.get((level, -1), ())]

    def _receiver(self, target: Endpoint, source: Endpoint) -> UdpSocket | None:
        """Whom a datagram is for: a connected socket first, then by how exact it is bound;
        among equals the one bound last."""
        ip, port = target
        best: UdpSocket | None = None
        best_score = -1
        for holder in self.table.at(port):
            if not isinstance(holder, UdpSocket):
                continue
            score = 0
            if holder.ip == ip:
                score = 4
            elif not is_any(holder.ip) or len(holder.ip) == 4 != len(ip) or (
                    len(ip) == 4 != len(holder.ip) and holder.only6()):
                continue
            if len(holder.ip) == len(ip):
                score += 1
            if holder.remote is not None:
                if holder.remote != source:
                    continue
                score += 8
            if score >= best_score:
                best, best_score = holder, score
        return best


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) & 1:
        data += b"\0"
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class RawSocket(DatagramSocket):
    """SOCK_RAW: whole packets to all raw sockets of a protocol; ICMP echo is answered."""

    __slots__ = ()

    def __init__(self, net: Net, task: Task, family: int, protocol: int, flags: int = 0) -> None:
        super().__init__(net, task, family, SOCK_RAW, protocol, flags)
        net.raw.append(self)

    def claim(self, port: int, old_ip: bytes) -> None:
        """Raw sockets have no ports."""

    def autobind(self, connecting: bool = False) -> None:
        """Raw sockets have no ports."""

    def send(self, task: Task | None, message: Outgoing, flags: int) -> int:
        if len(message.data) > 0xFFFF:
            raise LinuxError(E.EMSGSIZE)
        if flags & MSG_OOB:
            raise LinuxError(E.EOPNOTSUPP)
        target = self._target(message)[0]
        if self.error:
            raise LinuxError(self.take_error())
        if self.shut & SEND_SHUTDOWN:
            raise LinuxError(E.EPIPE)
        data = message.data
        source = self._source((target, 0))[0]
        protocol = self.protocol
        if self._option(IPPROTO_IP, IP_HDRINCL) and self.family == AF_INET:
            if len(data) < 20:
                raise LinuxError(E.EINVAL)
            protocol, source, data = data[9], data[12:16], data[(data[0] & 15) * 4:]
        self._deliver(data, source, target, protocol)
        if protocol == IPPROTO_ICMP and data[:1] == b"\x08" and len(data) >= 8:
            reply = b"\0\0\0\0" + data[4:]
            reply = reply[:2] + _checksum(reply).to_bytes(2, "big") + reply[4:]
            self._deliver(reply, target, source, protocol)
        return len(message.data)

    def _deliver(self, data: bytes, source: bytes, target: bytes, protocol: int) -> None:
        time = self.net.kernel.clock.realtime()
        if len(target) == 4:
            head = bytearray(b"\x45\0" + (20 + len(data)).to_bytes(2, "big") + bytes(4)
                             + bytes((64, protocol)) + bytes(2) + source + target)
            head[10:12] = _checksum(bytes(head)).to_bytes(2, "big")
            data = bytes(head) + data
        for sock in self.net.raw:
            if sock.protocol == protocol and len(sock.ip) == len(target) and (
                    is_any(sock.ip) or sock.ip == target) and (
                    sock.remote is None or canonical(sock.remote[0]) == source):
                sock.put(Datagram(data, (source, 0), (target, 0), time))

    def release(self) -> None:
        self.net.raw.remove(self)
        super().release()
