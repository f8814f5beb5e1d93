"""Options of IP, IPv6, TCP and UDP: defaults and ranges (ip(7), ipv6(7), tcp(7), udp(7);
net/ipv4/ip_sockglue.c, net/ipv6/ipv6_sockglue.c, net/ipv4/tcp.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.address import canonical, is_multicast
from tracer.kernel.net.constants import (
    AF_INET,
    AF_INET6,
    CAP_NET_ADMIN,
    IPPROTO_IP,
    IPPROTO_IPV6,
    IPPROTO_TCP,
    IPPROTO_UDP,
    SOCK_RAW,
    SOCK_STREAM,
)
from tracer.kernel.net.options import Option, as_int, get_integer, int_bytes, set_integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.kernel.net.inet import InetSocket
    from tracer.kernel.task import Task

_FLAG = Option(boolean=True)
_BYTE = Option(boolean=True, byte=True)

IP_TOS, IP_TTL, IP_HDRINCL, IP_OPTIONS, IP_PKTOPTIONS, IP_MTU = 1, 2, 3, 4, 9, 14
IP_TRANSPARENT, IP_MULTICAST_IF, IP_MULTICAST_TTL, IP_PROTOCOL = 19, 32, 33, 52
MCAST_MSFILTER, IP_MULTICAST_ALL = 48, 49
IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP = 35, 36
IP: dict[int, Option] = {
    IP_TOS: Option(0, byte=True),
    IP_TTL: Option(64, -1, 255, byte=True),
    IP_HDRINCL: _BYTE,
    5: _BYTE,                           # IP_ROUTER_ALERT
    6: _BYTE, 7: _BYTE, 8: _BYTE,       # IP_RECVOPTS, IP_RETOPTS, IP_PKTINFO
    10: Option(1, 0, 5, byte=True),     # IP_MTU_DISCOVER
    11: _BYTE, 12: _BYTE, 13: _BYTE,    # IP_RECVERR, IP_RECVTTL, IP_RECVTOS
    15: _BYTE, 18: _BYTE, IP_TRANSPARENT: _BYTE, 20: _BYTE,  # FREEBIND, PASSSEC, ORIGDSTADDR
    21: Option(0, 0, 255, byte=True),   # IP_MINTTL
    22: _BYTE, 23: _BYTE, 24: _BYTE, 25: _BYTE, 26: _BYTE,
    IP_MULTICAST_TTL: Option(1, -1, 255, byte=True),
    34: Option(1, boolean=True, byte=True),             # IP_MULTICAST_LOOP
    IP_MULTICAST_ALL: Option(1, 0, 1, byte=True),
    50: Option(),                       # IP_UNICAST_IF
    51: Option(),                       # IP_LOCAL_PORT_RANGE
}

IPV6_ADDRFORM, IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MTU = 1, 16, 18, 24
IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP, IPV6_V6ONLY, IPV6_PATHMTU = 20, 21, 26, 61
IPV6_2292PKTOPTIONS, IPV6_CHECKSUM, IPV6_FLOWLABEL_MGR, IPV6_HDRINCL = 6, 7, 32, 36
_EXTENSIONS = frozenset((54, 55, 57, 59))   # IPV6_HOPOPTS and the other headers: none are set
IPV6: dict[int, Option] = {
    2: _FLAG, 3: _FLAG, 4: _FLAG, 5: _FLAG, 8: _FLAG,   # the RFC 2292 forms
    11: _FLAG,
    IPV6_UNICAST_HOPS: Option(64, -1, 255),
    17: Option(),                       # IPV6_MULTICAST_IF
    IPV6_MULTICAST_HOPS: Option(1, -1, 255),
    19: Option(1, 0, 1),                # IPV6_MULTICAST_LOOP
    22: Option(),
    23: Option(1, 0, 5),                # IPV6_MTU_DISCOVER
    IPV6_MTU: Option(0, 0),
    25: _FLAG, IPV6_V6ONLY: _FLAG,      # IPV6_RECVERR
    29: Option(1, 0, 1),                # IPV6_MULTICAST_ALL
    30: _FLAG, 31: _FLAG, 33: _FLAG,
    49: _FLAG, 51: _FLAG, 53: _FLAG, 56: _FLAG, 58: _FLAG, 60: _FLAG, 62: _FLAG, 66: _FLAG,
    67: Option(0, -1, 255),             # IPV6_TCLASS
    70: Option(1, boolean=True),        # IPV6_AUTOFLOWLABEL
    72: Option(0x500),                  # IPV6_ADDR_PREFERENCES: PUBTMP_DEFAULT, HOME
    73: Option(0, 0, 255),              # IPV6_MINHOPCOUNT
    74: _FLAG, 75: _FLAG, 76: Option(), 77: _FLAG, 78: _FLAG,
}

(TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT,
 TCP_LINGER2, TCP_DEFER_ACCEPT, TCP_WINDOW_CLAMP, TCP_INFO, TCP_QUICKACK,
 TCP_CONGESTION) = range(1, 14)
TCP_USER_TIMEOUT, TCP_REPAIR, TCP_CC_INFO, TCP_SAVED_SYN, TCP_ULP = 18, 19, 26, 28, 31
# TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_REPAIR_WINDOW; TCP_ZEROCOPY_RECEIVE
_TCP_REFUSED = frozenset((20, 21, 29, 35))
TCP_FASTOPEN_KEY = 33
TCP: dict[int, Option] = {
    TCP_NODELAY: _FLAG,
    TCP_MAXSEG: Option(536, 88, 32767),
    TCP_CORK: _FLAG,
    TCP_KEEPIDLE: Option(7200, 1, 32767),
    TCP_KEEPINTVL: Option(75, 1, 32767),
    TCP_KEEPCNT: Option(9, 1, 127),
    TCP_SYNCNT: Option(6, 1, 127),
    TCP_LINGER2: Option(60),
    TCP_DEFER_ACCEPT: Option(0),
    TCP_WINDOW_CLAMP: Option(0, 0),
    TCP_QUICKACK: Option(1, boolean=True),
    16: Option(0, 0, 1),                # TCP_THIN_LINEAR_TIMEOUTS
    17: Option(0, 0, 1),                # TCP_THIN_DUPACK
    TCP_USER_TIMEOUT: Option(0, 0),
    23: Option(0, 0),                   # TCP_FASTOPEN
    24: Option(readonly=True),          # TCP_TIMESTAMP
    25: Option(),                     # TCP_NOTSENT_LOWAT
    27: Option(0, 0, 2),                # TCP_SAVE_SYN
    30: Option(0, 0, 1),                # TCP_FASTOPEN_CONNECT
    34: Option(0, 0, 1),                # TCP_FASTOPEN_NO_COOKIE
    36: Option(0, 0, 1),                # TCP_INQ
    37: Option(0, 0),                   # TCP_TX_DELAY
}

UDP: dict[int, Option] = {
    1: _FLAG,                           # UDP_CORK
    100: Option(),                      # UDP_ENCAP
    10: Option(), 11: Option(),         # UDPLITE_SEND_CSCOV, UDPLITE_RECV_CSCOV
    101: _FLAG, 102: _FLAG,             # UDP_NO_CHECK6_TX, UDP_NO_CHECK6_RX
    103: Option(0, 0, 65535),           # UDP_SEGMENT
    104: _FLAG,                         # UDP_GRO
}
_LOOPBACK_MTU, _LOOPBACK_INDEX = 65536, 1


# -- groups ------------------------------------------------------------------------------------
def _member(sock: InetSocket, level: int, group: bytes, index: int, join: bool) -> None:
    """Join or leave a multicast group; EINVAL, ENODEV, EADDRINUSE, EADDRNOTAVAIL."""
    if sock.type == SOCK_STREAM:
        raise LinuxError(E.EPROTO if level == IPPROTO_IP else E.EINVAL)
    if not is_multicast(group):
        raise LinuxError(E.EINVAL)
    if index not in (0, _LOOPBACK_INDEX) or (level == IPPROTO_IP and not index):
        raise LinuxError(E.ENODEV)      # no route leads to groups
    groups: set[tuple[bytes, int]] = sock.options.setdefault((level, -1), set())
    key = group, index
    if join:
        if key in groups:
            raise LinuxError(E.EADDRINUSE)
        groups.add(key)
    elif key in groups:
        groups.remove(key)
    else:
        raise LinuxError(E.EADDRNOTAVAIL)


def _set_ip_special(task: Task, sock: InetSocket, name: int, value: bytes) -> bool:
    if name in (IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP):
        if len(value) < 8:
            raise LinuxError(E.EINVAL)
        index = as_int(value[8:12]) if len(value) >= 12 else 0
        if not index and value[4] == 127:
            index = _LOOPBACK_INDEX
        _member(sock, IPPROTO_IP, value[:4], index, name == IP_ADD_MEMBERSHIP)
    elif name == IP_MULTICAST_IF:
        if sock.type == SOCK_STREAM or len(value) < 4:
            raise LinuxError(E.EINVAL)
        address = value[4:8] if len(value) >= 8 else value[:4]
        index = as_int(value[8:12]) if len(value) >= 12 else 0
        if index not in (0, _LOOPBACK_INDEX) or (not index and address[0] not in (0, 127)):
            raise LinuxError(E.EADDRNOTAVAIL)
        sock.options[IPPROTO_IP, name] = int.from_bytes(address, "little", signed=True)
    elif name == IP_OPTIONS:
        if len(value) > 40:
            raise LinuxError(E.EINVAL)
        sock.options[IPPROTO_IP, name] = value
    elif (name == IP_HDRINCL and sock.type != SOCK_RAW) or (name == IP_MULTICAST_TTL and (
            sock.type == SOCK_STREAM)):
        raise LinuxError(E.ENOPROTOOPT if name == IP_HDRINCL else E.EINVAL)
    elif name == IP_TRANSPARENT and value[:4].strip(b"\0") and not task.creds.capable(
            CAP_NET_ADMIN):
        raise LinuxError(E.EPERM)
    elif name == IP_TTL and (as_int(value) if len(value) >= 4 else value[:1] != b"\0") == 0:
        raise LinuxError(E.EINVAL)
    else:
        return False
    return True


def _set_ipv6_special(sock: InetSocket, name: int, value: bytes) -> bool:
    if name in (IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP):
        if len(value) < 20:
            raise LinuxError(E.EINVAL)
        _member(sock, IPPROTO_IPV6, canonical(value[:16]), as_int(value[16:20]),
                name == IPV6_ADD_MEMBERSHIP)
        return True
    if name == IPV6_V6ONLY and sock.port:
        raise LinuxError(E.EINVAL)
    if name == IPV6_MULTICAST_HOPS and sock.type == SOCK_STREAM:
        raise LinuxError(E.ENOPROTOOPT)
    return False


def _set_tcp_special(sock: InetSocket, name: int, value: bytes) -> bool:
    if name == TCP_CONGESTION:
        if not value:
            raise LinuxError(E.EINVAL)
        wanted = value[:15].split(b"\0", 1)[0]
        if wanted not in (b"cubic", b"reno"):
            raise LinuxError(E.ENOENT)
        sock.options[IPPROTO_TCP, name] = wanted
        return True
    if name == TCP_ULP:
        if not value:
            raise LinuxError(E.EINVAL)
        raise LinuxError(E.ENOENT)
    if name == TCP_REPAIR:
        raise LinuxError(E.EPERM)
    if name == TCP_MAXSEG and not as_int(value):
        sock.options.pop((IPPROTO_TCP, name), None)
        return True
    if name == TCP_DEFER_ACCEPT:
        # kept as a number of retransmissions: after 1, 3, 7 ... seconds
        seconds = max(as_int(value), 0)
        sock.options[IPPROTO_TCP, name] = (1 << seconds.bit_length()) - 1
        return True
    return False


def set_option(task: Task, sock: InetSocket, level: int, name: int, value: bytes) -> None:
    """setsockopt of IPPROTO_*.  Raises ENOPROTOOPT, EINVAL and those of single options."""
    if level == IPPROTO_TCP and sock.type == SOCK_STREAM:
        if not _set_tcp_special(sock, name, value):
            set_integer(sock, TCP, level, name, value)
    elif level == IPPROTO_UDP and sock.protocol == IPPROTO_UDP:
        set_integer(sock, UDP, level, name, value)
    elif level == IPPROTO_IP:
        if not _set_ip_special(task, sock, name, value):
            set_integer(sock, IP, level, name, value)
            for option in (IP_TTL, IP_MULTICAST_TTL):       # -1: the default again
                if sock.options.get((level, option)) == -1:
                    del sock.options[level, option]
            if name == IP_TOS:
                sock.options[level, name] &= 0xFF
    elif level == IPPROTO_IPV6 and sock.family == AF_INET6:
        if name in (IPV6_CHECKSUM, IPV6_HDRINCL) and sock.type == SOCK_RAW:
            sock.options[level, name] = as_int(value)
        elif not _set_ipv6_special(sock, name, value):
            set_integer(sock, IPV6, level, name, value)
            for option in (IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS):
                if sock.options.get((level, option)) == -1:
                    del sock.options[level, option]
    else:
        raise LinuxError(E.ENOPROTOOPT)


# -- getting -----------------------------------------------------------------------------------
def _tcp_info(sock: InetSocket) -> bytes:
    """struct tcp_info of a connection that never loses anything."""
    info = bytearray(248)
    info[0] = sock.state        # type: ignore[attr-defined]
    connected = sock.remote is not None
    for at, value in (
            (8, 201000 if connected else 1000000),          # tcpi_rto
            (12, 40000 if connected else 0),                # tcpi_ato
            (16, _mss(sock)), (20, 536 if connected else 0),
            (68, 29 if connected else 0), (72, 14 if connected else 250000),
            (76, 0x7FFFFFFF), (80, 10), (84, _mss(sock)), (88, 3),
            (60, 65535 if connected else 0), (64, 65483 if connected else 0),
            (96, 65483 if connected else 0)):
        info[at:at + 4] = int_bytes(value)
    return bytes(info)


def _mss(sock: InetSocket) -> int:
    if sock.remote is None:
        value: int = sock.options.get((IPPROTO_TCP, TCP_MAXSEG), 536)
        return value
    return 65483 if len(sock.remote[0]) == 4 else 65464


def _get_tcp(sock: InetSocket, name: int, size: int) -> bytes:
    if name == TCP_CONGESTION:
        used: bytes = sock.options.get((IPPROTO_TCP, name), b"cubic")
        return used.ljust(16, b"\0")[:size]
    if name == TCP_INFO:
        return _tcp_info(sock)[:size]
    if name == TCP_MAXSEG:
        return int_bytes(_mss(sock))[:size]
    if name in _TCP_REFUSED:
        raise LinuxError(E.EINVAL)
    if name in (TCP_CC_INFO, TCP_ULP, TCP_SAVED_SYN, TCP_FASTOPEN_KEY):
        return b""
    if name == TCP_REPAIR:
        return int_bytes(0)[:size]
    return get_integer(sock, TCP, IPPROTO_TCP, name, size)


def _get_ip(sock: InetSocket, name: int, size: int) -> bytes:
    if name == IP_OPTIONS:
        stored: bytes = sock.options.get((IPPROTO_IP, name), b"")
        return stored[:size]
    if name == IP_MULTICAST_IF:
        return int_bytes(sock.options.get((IPPROTO_IP, name), 0))[:size]
    if name == IP_PKTOPTIONS:
        if sock.type != SOCK_STREAM:
            raise LinuxError(E.ENOPROTOOPT)
        return b""
    if name == IP_MTU:
        if sock.remote is None:
            raise LinuxError(E.ENOTCONN)
        return int_bytes(65535)[:size]
    if name == IP_PROTOCOL:         # the kernel gives inet_num: of raw sockets the protocol
        return int_bytes(sock.protocol if sock.type == SOCK_RAW else sock.port)[:size]
    if name == MCAST_MSFILTER:
        raise LinuxError(E.EINVAL)
    if name == IP_MULTICAST_ALL and sock.family == AF_INET6:
        return int_bytes(sock.options.get((IPPROTO_IP, name), 0))[:size]
    return get_integer(sock, IP, IPPROTO_IP, name, size)


def _get_ipv6(sock: InetSocket, name: int, size: int) -> bytes:
    if name == IPV6_MTU:
        if sock.remote is None:
            raise LinuxError(E.ENOTCONN)
        return int_bytes(_LOOPBACK_MTU)[:size]
    if name == IPV6_ADDRFORM:
        if sock.remote is None:
            raise LinuxError(E.ENOTCONN)
        return int_bytes(sock.family)[:size]
    if name == IPV6_PATHMTU:
        if size < 32:               # sizeof(struct ip6_mtuinfo)
            raise LinuxError(E.EINVAL)
        raise LinuxError(E.ENOTCONN)
    if name in _EXTENSIONS or (name == IPV6_2292PKTOPTIONS and sock.type == SOCK_STREAM):
        return b""
    if name in (IPV6_FLOWLABEL_MGR, MCAST_MSFILTER):
        raise LinuxError(E.EINVAL)
    if name in (IPV6_CHECKSUM, IPV6_HDRINCL) and sock.type == SOCK_RAW:
        return int_bytes(sock.options.get((IPPROTO_IPV6, name), -(name == IPV6_CHECKSUM)))[:size]
    return get_integer(sock, IPV6, IPPROTO_IPV6, name, size)


def get_option(task: Task, sock: InetSocket, level: int, name: int, size: int) -> bytes:
    """getsockopt of IPPROTO_*.  Raises ENOPROTOOPT, EINVAL, ENOTCONN."""
    getter: Callable[[InetSocket, int, int], bytes] | None = None
    if level == IPPROTO_TCP and sock.type == SOCK_STREAM:
        getter = _get_tcp
    elif level == IPPROTO_UDP and sock.protocol == IPPROTO_UDP:
        return get_integer(sock, UDP, level, name, size)
    elif level == IPPROTO_IP:
        getter = _get_ip
    elif level == IPPROTO_IPV6 and sock.family == AF_INET6:
        getter = _get_ipv6
    if getter is None:
        raise LinuxError(E.EOPNOTSUPP if sock.family == AF_INET else E.ENOPROTOOPT)
    if size < 0:
        raise LinuxError(E.EINVAL)
    return getter(sock, name, size)
