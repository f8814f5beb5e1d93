"""Control messages of sockets (cmsg(3))."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames.abis import WORD
from tracer.decode import symbols
from tracer.decode.build import fetch_always
from tracer.decode.kinds.basic import fd_value, pid_value
from tracer.decode.kinds.sockaddr import inet_addr, interface, sockaddr_value
from tracer.decode.values import Addr, Array, Hex, Str, Struct, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.decode.call import Call
    from tracer.decode.values import Value

SOL_SOCKET, SOL_IP = 1, 0


def _rights(call: Call, data: bytes) -> Value:
    n = len(data) // 4
    limit = call.options.string_limit if call.plan.abbrev else n
    fds: list[Value] = [fd_value(call, fd) for fd in struct.unpack_from(f"<{n}i", data)]
    return Array(fds[:limit], len(fds) > limit)


def _credentials(call: Call, data: bytes) -> Value:
    pid, uid, gid = struct.unpack_from("<iII", data)
    return Struct([("pid", pid_value(call, pid)), ("uid", -1 if uid == 0xffffffff else uid),
                   ("gid", -1 if gid == 0xffffffff else gid)])


def _security(call: Call, data: bytes) -> Value:
    return Str(data)


def _uints(call: Call, data: bytes) -> Value:
    n = len(data) // 4
    limit = call.options.string_limit if call.plan.abbrev else n
    items: list[Value] = list(struct.unpack_from(f"<{n}I", data))
    return Array(items[:limit], n > limit)


def _hex_bytes(call: Call, data: bytes) -> Value:
    limit = call.options.string_limit if call.plan.abbrev else len(data)
    return Array([Hex(c) for c in data[:limit]], len(data) > limit)


def _times(part: str, wide: bool | None, count: int) -> Callable[[Call, bytes], Value]:
    """Times of a control message: wide None is the ABI's long."""
    def decode(call: Call, data: bytes) -> Value:
        eight = WORD[call.abi] == 8 if wide is None else wide
        code, unsigned_mask = ("<qq", (1 << 64) - 1) if eight else ("<ii", 0xffffffff)
        size = 16 if eight else 8
        if len(data) < size * count:
            return Text("???")
        items: list[Value] = []
        for i in range(count):
            sec, low = struct.unpack_from(code, data, i * size)
            items.append(Struct([("tv_sec", sec), (part, low & unsigned_mask)]))
        return items[0] if count == 1 else Array(items)

    return decode


def _pktinfo(call: Call, data: bytes) -> Value:
    return Struct([("ipi_ifindex", interface(call, int.from_bytes(data[:4], "little"))),
                   ("ipi_spec_dst", inet_addr(data[4:8])), ("ipi_addr", inet_addr(data[8:12]))])


def _recverr(call: Call, data: bytes) -> Value:
    errno, origin, type_, code, _, info, extra = struct.unpack_from("<IBBBBII", data)
    return Struct([("ee_errno", errno), ("ee_origin", origin), ("ee_type", type_),
                   ("ee_code", code), ("ee_info", info), ("ee_data", extra),
                   ("offender", sockaddr_value(call, data[16:32]))])


def _origdst(call: Call, data: bytes) -> Value:
    return sockaddr_value(call, data[:128])


# (level, type) → decoder and the least length
_CONTROL: dict[tuple[int, int], tuple[Callable[[Call, bytes], Value], int]] = {
    (SOL_SOCKET, 1): (_rights, 4),
    (SOL_SOCKET, 2): (_credentials, 12),
    (SOL_SOCKET, 3): (_security, 1),
    (SOL_SOCKET, 29): (_times("tv_usec", None, 1), 1),
    (SOL_SOCKET, 35): (_times("tv_nsec", None, 1), 1),
    (SOL_SOCKET, 37): (_times("tv_nsec", None, 3), 1),
    (SOL_SOCKET, 63): (_times("tv_usec", True, 1), 1),
    (SOL_SOCKET, 64): (_times("tv_nsec", True, 1), 1),
    (SOL_SOCKET, 65): (_times("tv_nsec", True, 3), 1),
    (SOL_IP, 8): (_pktinfo, 12),
    (SOL_IP, 2): (_uints, 4),
    (SOL_IP, 1): (_hex_bytes, 1),
    (SOL_IP, 6): (_hex_bytes, 1),
    (SOL_IP, 7): (_hex_bytes, 1),
    (SOL_IP, 11): (_recverr, 32),
    (SOL_IP, 20): (_origdst, 16),
    (SOL_IP, 23): (_uints, 4),
    (SOL_IP, 3): (_security, 1),
}
OPTMEM_MAX = 131072


def control(call: Call, addr: int, size: int, word: int) -> Value:
    """The control messages of a msghdr."""
    head = word + 8
    used = min(size, OPTMEM_MAX)
    data = fetch_always(call, addr, used) if used >= head else None
    if data is None:
        return Addr(addr)
    levels = symbols.enum("socketlayers", call.abi)
    items: list[Value] = []
    at = 0
    left = used
    while left >= head:
        clen = int.from_bytes(data[at:at + word], "little")
        level, type_ = struct.unpack_from("<ii", data, at + word)
        n = min(clen, left)
        items.append(Struct([("cmsg_len", clen), ("cmsg_level", levels.sym(level)),
                             *_control_data(call, level, type_, data[at + head:at + n])]))
        if n < head:
            left -= head
            break
        step = (clen + word - 1) // word * word
        if step >= left:
            left = 0
            break
        at += step
        left -= step
    if left:
        return Array(items, broken=addr + used - left)
    return Array(items, used < size)


def _control_data(call: Call, level: int, type_: int,
                  data: bytes) -> list[tuple[str, Value]]:
    if level == SOL_SOCKET:
        name: Value = symbols.enum("scmvals", call.abi).sym(type_)
    elif level == SOL_IP:
        name = symbols.enum("ip_cmsg_types", call.abi).sym(type_)
    else:
        return [("cmsg_type", Hex(type_ & 0xffffffff))]
    out: list[tuple[str, Value]] = [("cmsg_type", name)]
    found = _CONTROL.get((level, type_))
    if found is not None and len(data) >= found[1]:
        out.append(("cmsg_data", found[0](call, data)))
    return out
