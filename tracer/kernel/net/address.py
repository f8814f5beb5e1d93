"""Internet addresses: 4 bytes for IPv4, 16 for IPv6, in network order.

IPv4-mapped IPv6 addresses are IPv4 inside the kernel, whatever socket they come from.
"""
from __future__ import annotations

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.constants import AF_INET, AF_INET6, AF_UNSPEC

ANY4, ANY6 = bytes(4), bytes(16)
LOOPBACK4, LOOPBACK6 = b"\x7f\0\0\1", bytes(15) + b"\1"
_MAPPED = bytes(10) + b"\xff\xff"
SIN_SIZE, SIN6_SIZE, SIN6_OLD_SIZE = 16, 28, 24

Endpoint = tuple[bytes, int]        # address, port


def canonical(ip: bytes) -> bytes:
    """An IPv4-mapped IPv6 address as IPv4."""
    return ip[12:] if len(ip) == 16 and ip[:12] == _MAPPED else ip


def family_of(address: bytes) -> int:
    """sa_family; EINVAL when there is none."""
    if len(address) < 2:
        raise LinuxError(E.EINVAL)
    return int.from_bytes(address[:2], "little")


def parse(family: int, address: bytes, unspec_any: bool = False) -> Endpoint:
    """A sockaddr_in or sockaddr_in6; EINVAL, EAFNOSUPPORT.

    unspec_any: take AF_UNSPEC with INADDR_ANY for AF_INET, as bind(2) does.
    """
    if len(address) < (SIN_SIZE if family == AF_INET else SIN6_OLD_SIZE):
        raise LinuxError(E.EINVAL)
    given = family_of(address)
    port = int.from_bytes(address[2:4], "big")
    if family == AF_INET:
        ip = address[4:8]
        if given != AF_INET and not (unspec_any and given == AF_UNSPEC and ip == ANY4):
            raise LinuxError(E.EAFNOSUPPORT)
        return ip, port
    if given != AF_INET6:
        raise LinuxError(E.EAFNOSUPPORT)
    return canonical(address[8:24]), port


def pack(family: int, endpoint: Endpoint) -> bytes:
    """The sockaddr that a socket of a family shows."""
    ip, port = endpoint
    head = family.to_bytes(2, "little") + port.to_bytes(2, "big")
    if family == AF_INET:
        return head + (ip if len(ip) == 4 else ANY4) + bytes(8)
    if len(ip) == 4:
        ip = _MAPPED + ip
    return head + bytes(4) + ip + bytes(4)


def is_any(ip: bytes) -> bool:
    """The wildcard of either family."""
    return not any(ip)


def is_local(ip: bytes) -> bool:
    """Whether an address is one of the machine's: it has only its loopback."""
    return ip[0] == 127 if len(ip) == 4 else ip == LOOPBACK6


def is_multicast(ip: bytes) -> bool:
    """A group address."""
    return 224 <= ip[0] < 240 if len(ip) == 4 else ip[0] == 0xFF


def bindable(ip: bytes) -> bool:
    """What bind(2) takes without IP_FREEBIND."""
    return is_any(ip) or is_local(ip) or is_multicast(ip) or ip == b"\xff\xff\xff\xff"


def source_for(ip: bytes) -> bytes:
    """The source address of packets to a local address."""
    return LOOPBACK4 if len(ip) == 4 else LOOPBACK6
