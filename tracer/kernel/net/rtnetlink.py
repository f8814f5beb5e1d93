"""NETLINK_ROUTE: the one interface, lo, with its addresses and routes (rtnetlink(7))."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.address import ANY4, ANY6, LOOPBACK4, LOOPBACK6, is_any, is_local
from tracer.kernel.net.constants import AF_INET, AF_INET6, AF_UNSPEC, CAP_NET_ADMIN
from tracer.kernel.net.netlink import NLM_F_MULTI, NetlinkSocket, Request, message
from tracer.kernel.net.options import int_bytes

if TYPE_CHECKING:
    from tracer.kernel.task import Task

# linux/rtnetlink.h
RTM_BASE, RTM_MAX = 16, 123
RTM_NEWLINK, RTM_GETLINK, RTM_NEWADDR, RTM_GETADDR = 16, 18, 20, 22
RTM_NEWROUTE, RTM_GETROUTE, RTM_GETNEIGH = 24, 26, 30
_DUMPED_EMPTY = frozenset((RTM_GETNEIGH, 34, 38, 42, 46, 66, 82, 90))
# linux/if.h, linux/if_arp.h
LO_INDEX, LO_MTU, LO_FLAGS, ARPHRD_LOOPBACK = 1, 65536, 0x10049, 772
(IFLA_ADDRESS, IFLA_BROADCAST, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_QDISC,
 IFLA_STATS) = range(1, 8)
IFA_ADDRESS, IFA_LOCAL, IFA_LABEL, IFA_CACHEINFO, IFA_FLAGS = 1, 2, 3, 6, 8
RTA_DST, RTA_OIF, RTA_PRIORITY, RTA_PREFSRC, RTA_TABLE = 1, 4, 6, 7, 15
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK, RT_SCOPE_HOST = 0, 253, 254
RT_TABLE_MAIN, RT_TABLE_LOCAL, RTPROT_KERNEL = 254, 255, 2
RTN_UNICAST, RTN_LOCAL, RTN_BROADCAST = 1, 2, 3

_FOREVER = b"\xff" * 8


def attribute(kind: int, data: bytes) -> bytes:
    """A struct rtattr with its data, padded."""
    return struct.pack("<HH", 4 + len(data), kind) + data + bytes(-len(data) & 3)


def _link(family: int) -> bytes:
    head = struct.pack("<BxHiII", family, ARPHRD_LOOPBACK, LO_INDEX, LO_FLAGS, 0)
    mac = bytes(6)
    attributes = (
        (IFLA_IFNAME, b"lo\0"), (13, int_bytes(1000)), (16, b"\0"), (17, b"\0"),
        (IFLA_MTU, int_bytes(LO_MTU)), (50, int_bytes(0)), (51, int_bytes(0)),
        (27, int_bytes(0)), (30, int_bytes(0)), (31, int_bytes(1)), (32, int_bytes(1)),
        (33, b"\1"), (IFLA_QDISC, b"noqueue\0"), (35, int_bytes(0)), (14, bytes(32)),
        (IFLA_ADDRESS, mac), (IFLA_BROADCAST, mac), (23, bytes(200)), (IFLA_STATS, bytes(100)))
    return head + b"".join(attribute(*each) for each in attributes)


def _addresses(family: int) -> list[bytes]:
    found = []
    cache = _FOREVER + bytes(8)
    if family in (AF_UNSPEC, AF_INET):
        found.append(struct.pack("<BBBBi", AF_INET, 8, 0x80, RT_SCOPE_HOST, LO_INDEX)
                     + attribute(IFA_ADDRESS, LOOPBACK4) + attribute(IFA_LOCAL, LOOPBACK4)
                     + attribute(IFA_LABEL, b"lo\0") + attribute(IFA_FLAGS, int_bytes(0x80))
                     + attribute(IFA_CACHEINFO, cache))
    if family in (AF_UNSPEC, AF_INET6):
        found.append(struct.pack("<BBBBi", AF_INET6, 128, 0x80, RT_SCOPE_HOST, LO_INDEX)
                     + attribute(IFA_ADDRESS, LOOPBACK6) + attribute(IFA_CACHEINFO, cache)
                     + attribute(IFA_FLAGS, int_bytes(0x80)))
    return found


def _route(family: int, bits: int, table: int, scope: int, kind: int, target: bytes,
           source: bytes = b"", priority: int | None = None) -> bytes:
    data = struct.pack("<BBBBBBBBI", family, bits, 0, 0, table, RTPROT_KERNEL, scope, kind, 0)
    data += attribute(RTA_TABLE, int_bytes(table)) + attribute(RTA_DST, target)
    if priority is not None:
        data += attribute(RTA_PRIORITY, int_bytes(priority))
    if source:
        data += attribute(RTA_PREFSRC, source)
    return data + attribute(RTA_OIF, int_bytes(LO_INDEX))


def _routes(family: int) -> list[bytes]:
    found = []
    if family in (AF_UNSPEC, AF_INET):
        for bits, kind, scope, target in (
                (8, RTN_LOCAL, RT_SCOPE_HOST, b"\x7f\0\0\0"),
                (32, RTN_LOCAL, RT_SCOPE_HOST, LOOPBACK4),
                (32, RTN_BROADCAST, RT_SCOPE_LINK, b"\x7f\xff\xff\xff")):
            found.append(_route(AF_INET, bits, RT_TABLE_LOCAL, scope, kind, target, LOOPBACK4))
    if family in (AF_UNSPEC, AF_INET6):
        found.append(_route(AF_INET6, 128, RT_TABLE_MAIN, RT_SCOPE_UNIVERSE, RTN_UNICAST,
                            LOOPBACK6, priority=256))
        found.append(_route(AF_INET6, 128, RT_TABLE_LOCAL, RT_SCOPE_UNIVERSE, RTN_LOCAL,
                            LOOPBACK6, priority=0))
    return found


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    at = 0
    while len(data) - at >= 4:
        size, kind = struct.unpack_from("<HH", data, at)
        if size < 4 or size > len(data) - at:
            break
        found[kind & 0x3FFF] = data[at + 4:at + size]
        at += size + 3 & ~3
    return found


def _one_link(request: Request) -> bytes:
    if len(request.body) < 16:
        raise LinuxError(E.EINVAL)
    index = int.from_bytes(request.body[4:8], "little", signed=True)
    name = _attributes(request.body[16:]).get(IFLA_IFNAME)
    if index > 0:
        found = index == LO_INDEX
    elif name is not None:
        found = name.split(b"\0", 1)[0] == b"lo"
    else:
        raise LinuxError(E.EINVAL)
    if not found:
        raise LinuxError(E.ENODEV)
    return _link(0)


def _one_route(request: Request) -> bytes:
    body = request.body
    if len(body) < 12:
        raise LinuxError(E.EINVAL)
    family = body[0]
    if family not in (AF_INET, AF_INET6):
        raise LinuxError(E.EOPNOTSUPP)
    target = _attributes(body[12:]).get(RTA_DST, ANY4 if family == AF_INET else ANY6)
    if len(target) != (4 if family == AF_INET else 16):
        raise LinuxError(E.EINVAL)
    if is_any(target):
        target = LOOPBACK4 if family == AF_INET else LOOPBACK6
    if not is_local(target):
        raise LinuxError(E.ENETUNREACH)
    source = LOOPBACK4 if family == AF_INET else LOOPBACK6
    return _route(family, 8 * len(target), RT_TABLE_LOCAL, RT_SCOPE_UNIVERSE, RTN_LOCAL, target,
                  source)


def answer(task: Task, sock: NetlinkSocket, request: Request) -> bytes | None:
    """What the kernel sends back.  Raises EOPNOTSUPP, EPERM, EINVAL, ENODEV, ENETUNREACH."""
    kind = request.kind
    if kind > RTM_MAX:
        raise LinuxError(E.EOPNOTSUPP)
    if not request.body:
        return None
    family = request.body[0]
    if kind & 3 != 2 and not task.creds.capable(CAP_NET_ADMIN):
        raise LinuxError(E.EPERM)
    if request.dumps and kind & 3 == 2:
        if kind == RTM_GETLINK:
            new, bodies = RTM_NEWLINK, [_link(0)]
        elif kind == RTM_GETADDR:
            new, bodies = RTM_NEWADDR, _addresses(family)
        elif kind == RTM_GETROUTE:
            new, bodies = RTM_NEWROUTE, _routes(family)
        elif kind in _DUMPED_EMPTY:
            return sock.done(request)
        else:
            raise LinuxError(E.EOPNOTSUPP)
        parts = [message(new, NLM_F_MULTI, request.seq, sock.port, body) for body in bodies]
        return b"".join(parts) + sock.done(request)
    if kind == RTM_GETLINK:
        return message(RTM_NEWLINK, 0, request.seq, sock.port, _one_link(request))
    if kind == RTM_GETROUTE:
        return message(RTM_NEWROUTE, 0, request.seq, sock.port, _one_route(request))
    raise LinuxError(E.EOPNOTSUPP)
