"""Making sockets: which families, types and protocols there are (net/socket.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net import constants as C

if TYPE_CHECKING:
    from tracer.kernel.net.socket import Net, Socket
    from tracer.kernel.task import Task


def create(net: Net, task: Task, family: int, kind: int, protocol: int, flags: int) -> Socket:
    """A new socket; flags: O_NONBLOCK.

    Raises EAFNOSUPPORT, EINVAL, ESOCKTNOSUPPORT, EPROTONOSUPPORT, EPERM, EACCES.
    """
    if not 0 <= family < C.NPROTO:
        raise LinuxError(E.EAFNOSUPPORT)
    if not 0 <= kind < C.SOCK_MAX:
        raise LinuxError(E.EINVAL)
    if family == C.AF_INET and kind == C.SOCK_PACKET:
        family = C.AF_PACKET
    if family == C.AF_UNIX:
        return _unix(net, task, kind, protocol, flags)
    if family in (C.AF_INET, C.AF_INET6):
        return _inet(net, task, family, kind, protocol, flags)
    if family == C.AF_NETLINK:
        return _netlink(net, task, kind, protocol, flags)
    raise LinuxError(E.EAFNOSUPPORT)


def _unix(net: Net, task: Task, kind: int, protocol: int, flags: int) -> Socket:
    if protocol not in (0, C.AF_UNIX):
        raise LinuxError(E.EPROTONOSUPPORT)
    if kind not in (C.SOCK_STREAM, C.SOCK_DGRAM, C.SOCK_RAW, C.SOCK_SEQPACKET):
        raise LinuxError(E.ESOCKTNOSUPPORT)
    if kind == C.SOCK_STREAM:
        from tracer.kernel.net.unixstream import UnixStream
        return UnixStream(net, task, kind, protocol, flags)
    from tracer.kernel.net.unixpacket import UnixPacket
    return UnixPacket(net, task, kind, protocol, flags)


def _netlink(net: Net, task: Task, kind: int, protocol: int, flags: int) -> Socket:
    from tracer.kernel.net.netlink import PROTOCOLS, NetlinkSocket
    if kind not in (C.SOCK_RAW, C.SOCK_DGRAM):
        raise LinuxError(E.ESOCKTNOSUPPORT)
    if protocol not in PROTOCOLS:
        raise LinuxError(E.EPROTONOSUPPORT)
    return NetlinkSocket(net, task, kind, protocol, flags)


def _inet(net: Net, task: Task, family: int, kind: int, protocol: int, flags: int) -> Socket:
    if not 0 <= protocol < C.IPPROTO_MAX:
        raise LinuxError(E.EINVAL)
    if kind == C.SOCK_STREAM:
        if protocol not in (C.IPPROTO_IP, C.IPPROTO_TCP):
            raise LinuxError(E.EPROTONOSUPPORT)
        if net.kernel.host_network:
            from tracer.kernel.net.outside import OutgoingTcp
            return OutgoingTcp(net, task, family, flags)
        from tracer.kernel.net.tcp import TcpSocket
        return TcpSocket(net, task, family, flags)
    if kind == C.SOCK_DGRAM:
        ping = C.IPPROTO_ICMP if family == C.AF_INET else C.IPPROTO_ICMPV6
        if protocol == ping:
            raise LinuxError(E.EACCES)      # net.ipv4.ping_group_range is empty
        if protocol not in (C.IPPROTO_IP, C.IPPROTO_UDP, C.IPPROTO_UDPLITE):
            raise LinuxError(E.EPROTONOSUPPORT)
        if net.kernel.host_network:
            from tracer.kernel.net.outside import OutgoingUdp
            return OutgoingUdp(net, task, family, flags, protocol or C.IPPROTO_UDP)
        from tracer.kernel.net.udp import UdpSocket
        return UdpSocket(net, task, family, flags, protocol or C.IPPROTO_UDP)
    if kind == C.SOCK_RAW:
        if not protocol:
            raise LinuxError(E.EPROTONOSUPPORT)
        if not task.creds.capable(C.CAP_NET_RAW):
            raise LinuxError(E.EPERM)
        from tracer.kernel.net.udp import RawSocket
        return RawSocket(net, task, family, protocol, flags)
    raise LinuxError(E.ESOCKTNOSUPPORT)
