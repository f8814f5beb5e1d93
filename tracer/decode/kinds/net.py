"""Kinds of sockets: types, options, messages and their control data."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames.abis import WORD
from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    LATER,
    Build,
    Coded,
    InOut,
    fetch,
    fetch_always,
    length,
    name_of,
    pointer_to,
    read_array,
)
from tracer.decode.call import Call, kind, result_kind
from tracer.decode.kinds.basic import bytes_value, pid_value
from tracer.decode.kinds.cmsg import control
from tracer.decode.kinds.io import iovecs
from tracer.decode.kinds.sockaddr import (
    hardware_address,
    inet6_field,
    inet_addr,
    interface,
    sockaddr_at,
    sockaddr_family,
    sockaddr_value,
)
from tracer.decode.values import (
    NO_MORE,
    Addr,
    Array,
    CallValue,
    Change,
    Join,
    Named,
    Set,
    Str,
    Struct,
    Sym,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.kinds.io import Contents
    from tracer.decode.values import Value

SOCK_TYPE_MASK = 0xf
SOL_SOCKET, SOL_IP, SOL_IPV6, SOL_RAW, SOL_PACKET, SOL_NETLINK = 1, 0, 41, 255, 263, 270
IOV_MAX = 1024
AF_NETLINK = 16


# -- socket()

@kind("socket_type")
def _socket_type(b: Build) -> Decoder:
    types = symbols.enum("socktypes", b.abi)
    flags = symbols.flags("sock_type_flags", b.abi, 32)

    def decode(call: Call, word: int) -> Value:
        n = word & 0xffffffff
        text = types.names.get(n & SOCK_TYPE_MASK)
        if text is None:
            return flags.sym(n)
        first = Sym(n & SOCK_TYPE_MASK, text)
        rest = n & ~SOCK_TYPE_MASK
        return Join([first, flags.sym(rest)]) if rest else first

    return decode


_PROTOCOLS = {
    2: "inet_protocols", 10: "inet_protocols", 16: "netlink_protocols", 23: "can_protocols",
    29: "can_protocols", 31: "bt_protocols", 33: "addrfams", 34: "isdn_protocols",
    35: "phonet_protocols", 37: "caif_protocols", 39: "nfc_protocols", 41: "kcm_protocols",
    43: "smc_protocols",
}
_PROTOCOL_UNKNOWN = {23: "IRDAPROTO_???"}


@kind("socket_protocol")
def _socket_protocol(b: Build, family: Param) -> Decoder:
    name = name_of(family)
    abi = b.abi

    def decode(call: Call, word: int) -> Value:
        n = word & 0xffffffff       # strace looks at the whole word where there are no names
        af = call.by_name(name)
        if af == 3:
            s = symbols.enum("ax25_protocols", abi).sym(n)
            return Text(f"{hex(n) if n else '0'} /* {s.text or s.unknown} */")
        if af == 17:
            swapped = (n & 0xff) << 8 | n >> 8 & 0xff
            return CallValue("htons", [symbols.enum("ethernet_protocols", abi).sym(swapped)])
        table = _PROTOCOLS.get(af)
        if table is None:
            return word
        s = symbols.enum(table, abi).sym(n)
        unknown = _PROTOCOL_UNKNOWN.get(af)
        return Sym(n, s.text, unknown) if unknown and s.text is None else s

    return decode


# -- options

# level → the sets of names for getsockopt and setsockopt
_LEVELS: dict[int, str] = {
    SOL_SOCKET: "sock_options", SOL_IP: "sock_ip_options", SOL_IPV6: "sock_ipv6_options",
    40: "sock_vsock_options", 256: "sock_ipx_options", 257: "sock_ax25_options",
    SOL_PACKET: "sock_packet_options", 6: "sock_tcp_options", 101: "sock_can_raw_options",
    132: "sock_sctp_options", SOL_RAW: "sock_raw_options", SOL_NETLINK: "sock_netlink_options",
    17: "sock_udp_options", 266: "sock_irda_options", 268: "sock_llc_options",
    269: "sock_dccp_options", 271: "sock_tipc_options", 272: "sock_rxrpc_options",
    273: "sock_pppol2tp_options", 274: "sock_bluetooth_options", 275: "sock_pnp_options",
    276: "sock_rds_options", 277: "sock_iucv_options", 278: "sock_caif_options",
    279: "sock_alg_options", 280: "sock_nfcllcp_options", 281: "sock_kcm_options",
    282: "sock_tls_options", 283: "sock_xdp_options",
}
_ONE_WAY = {SOL_SOCKET: "sock_options", SOL_IP: "sock_ip_options", SOL_IPV6: "sock_ipv6_options"}


def option_names(abi: str, level: int, getting: bool) -> symbols.Enum | None:
    """The names of a level's options."""
    base = _LEVELS.get(level)
    if base is None:
        return None
    e = symbols.enum(base, abi)
    more = _ONE_WAY.get(level)
    if more is None:
        return e
    other = symbols.enum(("getsock" if getting else "setsock") + more[4:], abi)
    return symbols.Enum({**other.names, **e.names}, e.unknown)


@kind("sockopt_name")
def _sockopt_name(b: Build, level: Param) -> Decoder:
    name = name_of(level)
    abi, getting = b.abi, b.name == "getsockopt"
    known: dict[int, symbols.Enum | None] = {}

    def decode(call: Call, word: int) -> Value:
        at = call.by_name(name)
        if at not in known:
            known[at] = option_names(abi, at, getting)
        e = known[at]
        return e.sym(word) if e is not None else word & 0xffffffff

    return decode


_INT_NAMES = """
    DEBUG REUSEADDR DONTROUTE BROADCAST SNDBUF RCVBUF KEEPALIVE OOBINLINE NO_CHECK PRIORITY
    BSDCOMPAT REUSEPORT PASSCRED RCVLOWAT SNDLOWAT DETACH_FILTER TIMESTAMP_OLD ACCEPTCONN
    SNDBUFFORCE RCVBUFFORCE PASSSEC TIMESTAMPNS_OLD MARK TIMESTAMPING_OLD RXQ_OVFL WIFI_STATUS
    PEEK_OFF NOFCS LOCK_FILTER SELECT_ERR_QUEUE BUSY_POLL INCOMING_CPU CNX_ADVICE
    INCOMING_NAPI_ID ZEROCOPY TIMESTAMP_NEW TIMESTAMPNS_NEW TIMESTAMPING_NEW
    DETACH_REUSEPORT_BPF PREFER_BUSY_POLL BUSY_POLL_BUDGET RESERVE_MEM RCVMARK
"""
_INT_OPTIONS = frozenset(f"SO_{name}" for name in _INT_NAMES.split())


def _number(call: Call, addr: int) -> Value:
    data = fetch(call, addr, 4)
    return Addr(addr) if data is None else Array([int.from_bytes(data, "little", signed=True)])


def _partial(call: Call, addr: int, size: int, fields: tuple[tuple[str, bool], ...]) -> Value:
    """A structure of ints of which the kernel may return a part; signed: the second item."""
    size = min(size, 4 * len(fields))
    data = fetch(call, addr, size)
    if data is None:
        return Addr(addr)
    out: list[tuple[str, Value]] = []
    for i, (name, signed) in enumerate(fields):
        piece = data[4 * i:4 * i + 4]
        if not piece:
            break
        if len(piece) < 4:
            out.append((name, Str(piece, style="x")))
            break
        out.append((name, int.from_bytes(piece, "little", signed=signed)))
    return Struct(out)


def _linger(call: Call, addr: int, size: int, getting: bool) -> Value:
    if not getting and size < 8:
        return Addr(addr)
    return _partial(call, addr, size, (("l_onoff", True), ("l_linger", True)))


def _peercred(call: Call, addr: int, size: int, getting: bool) -> Value:
    v = _partial(call, addr, size, (("pid", True), ("uid", False), ("gid", False)))
    if isinstance(v, Struct):
        v.fields = [(n, pid_value(call, f) if n == "pid" and isinstance(f, int)
                     else -1 if f == 0xffffffff else f) for n, f in v.fields]
    return v


def _tpacket_stats(call: Call, addr: int, size: int, getting: bool) -> Value:
    return _partial(call, addr, size, (("tp_packets", False), ("tp_drops", False),
                                       ("tp_freeze_q_cnt", False)))


def _tpacket_req(call: Call, addr: int, size: int, getting: bool) -> Value:
    if size != 16:
        return Addr(addr)
    return _partial(call, addr, size, (("tp_block_size", False), ("tp_block_nr", False),
                                       ("tp_frame_size", False), ("tp_frame_nr", False)))


def _packet_mreq(call: Call, addr: int, size: int, getting: bool) -> Value:
    data = fetch(call, addr, 16) if size == 16 else None
    if data is None:
        return Addr(addr)
    index, kind_, alen = struct.unpack_from("<iHH", data)
    return Struct([("mr_ifindex", interface(call, index)),
                   ("mr_type", symbols.enum("packet_mreq_type", call.abi, 16).sym(kind_)),
                   ("mr_alen", alen), ("mr_address", hardware_address(data[8:8 + min(alen, 8)]))])


def _so_error(call: Call, addr: int, size: int, getting: bool) -> Value:
    if size < 4:
        return bytes_value(call, addr, size, "x")
    from sysnames.errno import NAMES

    data = fetch(call, addr, 4)
    if data is None:
        return Addr(addr)
    n = int.from_bytes(data, "little")
    return Array([Sym(n, NAMES.get(n), None, "d")])


def _txrehash(call: Call, addr: int, size: int, getting: bool) -> Value:
    if size < 4:
        return bytes_value(call, addr, size, "x") if getting else Addr(addr)
    data = fetch(call, addr, 4)
    if data is None:
        return Addr(addr)
    n = int.from_bytes(data, "little", signed=True)
    s = symbols.enum("sockopt_txrehash_vals", call.abi).sym(n)
    return Array([Sym(n, s.text, s.unknown, "d")])


def _icmp_filter(call: Call, addr: int, size: int, getting: bool) -> Value:
    size = min(size, 4)
    data = fetch(call, addr, size) if size > 0 else None
    if data is None:
        return Addr(addr)
    mask = int.from_bytes(data.ljust(4, b"\xff"), "little")
    negated = bin(mask).count("1") > 16
    if negated:
        mask ^= 0xffffffff
    types = symbols.enum("icmp_filter_flags", call.abi)
    return Set([types.sym(i) for i in range(32) if mask >> i & 1], negated)


def _mreq(call: Call, addr: int, size: int, getting: bool) -> Value:
    data = fetch(call, addr, 8) if size >= 8 else None
    if data is None:
        return Addr(addr)
    return Struct([("imr_multiaddr", inet_addr(data[:4])),
                   ("imr_interface", inet_addr(data[4:8]))])


def _mreq6(call: Call, addr: int, size: int, getting: bool) -> Value:
    data = fetch(call, addr, 20) if size >= 20 else None
    if data is None:
        return Addr(addr)
    return Struct([inet6_field(call, "ipv6mr_multiaddr", data[:16]),
                   ("ipv6mr_interface", interface(call, int.from_bytes(data[16:20], "little")))])


def _group_req(call: Call, addr: int, size: int, getting: bool) -> Value:
    wide = WORD[call.abi] == 8
    whole, at = (136, 8) if wide else (132, 4)
    data = fetch(call, addr, whole) if size >= whole else None
    if data is None:
        return Addr(addr)
    return Struct([("gr_interface", interface(call, int.from_bytes(data[:4], "little"))),
                   ("gr_group", sockaddr_value(call, data[at:at + 128]))])


def _memberships(call: Call, addr: int, size: int, getting: bool) -> Value:
    t = Coded(4, lambda call, data, at, a: int.from_bytes(data[at:at + 4], "little"))
    return read_array(call, t, addr, size // 4)


def _fprog(call: Call, addr: int, size: int, getting: bool) -> Value:
    from tracer.decode.kinds.filter import classic_filters, fprog_at

    if getting:
        return classic_filters(call, addr, size) if size <= 0xffff else Addr(addr)
    wanted = 2 * WORD[call.abi]
    return fprog_at(call, addr) if size == wanted else Addr(addr)



# (level, name) → decoder, for both directions, for getsockopt, for setsockopt
_BOTH: dict[tuple[int, str], Callable[[Call, int, int, bool], Value]] = {
    (SOL_SOCKET, "SO_LINGER"): _linger,
    (SOL_SOCKET, "SO_ATTACH_FILTER"): _fprog,
    (SOL_SOCKET, "SO_TXREHASH"): _txrehash,
    (SOL_RAW, "ICMP_FILTER"): _icmp_filter,
}
_GET = {
    **_BOTH,
    (SOL_SOCKET, "SO_GET_FILTER"): _fprog,
    (SOL_SOCKET, "SO_PEERCRED"): _peercred,
    (SOL_SOCKET, "SO_ERROR"): _so_error,
    (SOL_PACKET, "PACKET_STATISTICS"): _tpacket_stats,
    (SOL_NETLINK, "NETLINK_LIST_MEMBERSHIPS"): _memberships,
}
_SET = {
    **_BOTH,
    (SOL_SOCKET, "SO_ATTACH_REUSEPORT_CBPF"): _fprog,
    (SOL_IP, "IP_ADD_MEMBERSHIP"): _mreq,
    (SOL_IP, "IP_DROP_MEMBERSHIP"): _mreq,
    (SOL_IP, "MCAST_JOIN_GROUP"): _group_req,
    (SOL_IP, "MCAST_LEAVE_GROUP"): _group_req,
    (SOL_IPV6, "IPV6_ADD_MEMBERSHIP"): _mreq6,
    (SOL_IPV6, "IPV6_DROP_MEMBERSHIP"): _mreq6,
    (SOL_IPV6, "IPV6_JOIN_ANYCAST"): _mreq6,
    (SOL_IPV6, "IPV6_LEAVE_ANYCAST"): _mreq6,
    (SOL_IPV6, "MCAST_JOIN_GROUP"): _group_req,
    (SOL_IPV6, "MCAST_LEAVE_GROUP"): _group_req,
    (SOL_PACKET, "PACKET_RX_RING"): _tpacket_req,
    (SOL_PACKET, "PACKET_TX_RING"): _tpacket_req,
    (SOL_PACKET, "PACKET_ADD_MEMBERSHIP"): _packet_mreq,
    (SOL_PACKET, "PACKET_DROP_MEMBERSHIP"): _packet_mreq,
}


class _SockoptValue(InOut):
    """The value of a socket option, by level and name."""

    __slots__ = ("getting", "level", "name", "names", "size")

    def __init__(self, b: Build, level: str, name: str, size: str) -> None:
        self.level, self.name, self.size = level, name, size
        self.getting = b.direction != "in"
        self.names: dict[int, dict[int, str]] = {}

    def value(self, call: Call, addr: int, size: int) -> Value:
        level = call.by_name(self.level)
        names = self.names.get(level)
        if names is None:
            e = option_names(call.abi, level, self.getting)
            names = self.names[level] = {} if e is None else e.names
        option = names.get(call.by_name(self.name) & 0xffffffff, "")
        if addr and call.plan.verbose:
            decode = (_GET if self.getting else _SET).get((level, option))
            if decode is not None:
                return decode(call, addr, size, self.getting)
            if level == SOL_SOCKET and option in _INT_OPTIONS:
                if size >= 4:
                    return _number(call, addr)
                return bytes_value(call, addr, size, "x") if self.getting else Addr(addr)
            if level == SOL_NETLINK:
                return _number(call, addr) if self.getting or size >= 4 else Addr(addr)
        if not call.plan.verbose:
            return Addr(addr)
        return _number(call, addr) if size == 4 else bytes_value(call, addr, size)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        if not self.getting:
            return self.value(call, word, call.by_name(self.size)), DONE
        data = fetch(call, call.by_name(self.size), 4)
        if data is None:
            return Addr(word), DONE
        return int.from_bytes(data, "little", signed=True), LATER

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        data = fetch(call, call.by_name(self.size), 4)
        if data is None or not isinstance(old, int):
            return Addr(word)
        new = int.from_bytes(data, "little", signed=True)
        if old <= 0 or new <= 0:
            return Addr(word)
        return self.value(call, word, new)


@kind("sockopt_value")
def _sockopt_value(b: Build, level: Param, name: Param, size: Param) -> InOut:
    return _SockoptValue(b, name_of(level), name_of(name), name_of(size))


# -- messages

class _Header:
    """struct msghdr read from memory."""

    __slots__ = ("control", "controllen", "flags", "iov", "iovlen", "name", "namelen")

    def __init__(self, data: bytes, at: int, wide: bool) -> None:
        self.name, self.namelen, self.iov, self.iovlen, self.control, self.controllen, \
            self.flags = struct.unpack_from("<Qi4xQQQQI" if wide else "<IiIIIII", data, at)


def netlink_contents(b: Build) -> Contents:
    """The decoder of netlink messages in a buffer, made when there is the first."""
    made: list[Contents] = []

    def decode(call: Call, addr: int, size: int) -> Value:
        if not made:
            from tracer.decode.kinds.netlink import messages_of

            made.append(messages_of(b))
        return made[0](call, addr, size)

    return decode


def header_size(wide: bool) -> int:
    """sizeof(struct msghdr)"""
    return 56 if wide else 28


def message_value(call: Call, h: _Header, before: int | None, total: int | None,
                  netlink: Contents) -> Struct:
    """A msghdr.  before: msg_namelen at entry, for what the call changed; total: bytes of
    data; netlink: the decoder of what goes to or comes from a netlink address."""
    word = WORD[call.abi]
    room = h.namelen if before is None else min(h.namelen, before)
    namelen: Value = h.namelen
    if before is not None and before != h.namelen:
        namelen = Change(before, h.namelen)
    contents = netlink if sockaddr_family(call, h.name, room) == AF_NETLINK else bytes_value
    out: list[tuple[str, Value]] = [
        ("msg_name", sockaddr_at(call, h.name, room, True)),
        ("msg_namelen", namelen),
        ("msg_iov", iovecs(call, h.iov, h.iovlen, word, total, contents)),
        ("msg_iovlen", h.iovlen),
    ]
    if h.controllen:
        out.append(("msg_control", control(call, h.control, h.controllen, word)))
    out += [("msg_controllen", h.controllen),
            ("msg_flags", symbols.flags("msg_flags", call.abi, 32).sym(h.flags))]
    return Struct(out)


class _Message(InOut):
    """sendmsg's and recvmsg's header."""

    __slots__ = ("netlink", "result", "wide")

    def __init__(self, b: Build, result: Callable[[Call], int] | None) -> None:
        self.wide = b.long == 8
        self.result = result
        self.netlink = netlink_contents(b)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, header_size(self.wide))
        if data is None:
            return Addr(word), DONE
        h = _Header(data, 0, self.wide)
        if self.result is None:
            return message_value(call, h, None, None, self.netlink), DONE
        return h.namelen, LATER

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, int) or self.result is None:
            return Addr(word)
        if call.error:
            return Struct([("msg_namelen", old)])
        data = fetch(call, word, header_size(self.wide))
        if data is None:
            return Addr(word)
        return message_value(call, _Header(data, 0, self.wide), old, self.result(call),
                             self.netlink)


@kind("message")
def _message(b: Build, result: Param | None = None) -> InOut:
    return _Message(b, None if result is None else length(result))


class _Messages(InOut):
    """sendmmsg's and recvmmsg's headers, printed at exit."""

    __slots__ = ("count", "netlink", "sending", "size", "wide")

    def __init__(self, b: Build, count: Param) -> None:
        self.netlink = netlink_contents(b)
        self.wide = b.long == 8
        self.count = length(count)
        self.sending = b.name == "sendmmsg"
        self.size = 64 if self.wide else 32

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        if not call.plan.verbose:
            return Addr(word), DONE
        if self.sending:
            return None, LATER
        lengths: list[Value] = []
        for i in range(min(call.by_name("vlen") & 0xffffffff, IOV_MAX)):
            data = fetch(call, word + i * self.size, self.size)
            if data is None:
                break
            lengths.append(_Header(data, 0, self.wide).namelen)
        return Array(lengths), LATER

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        done = 0 if call.error else call.result
        lengths = old.items if isinstance(old, Array) else None
        index = 0
        at_len = header_size(self.wide)

        def read(call: Call, data: bytes, at: int, addr: int) -> Value | None:
            nonlocal index
            if index >= (IOV_MAX if lengths is None else len(lengths)):
                index += 1
                return NO_MORE
            before = None
            if lengths is not None:
                known = lengths[index]
                before = known if isinstance(known, int) else None
            n = int.from_bytes(data[at + at_len:at + at_len + 4], "little")
            fields: list[tuple[str, Value]] = [("msg_hdr", message_value(
                call, _Header(data, at, self.wide), before, None if self.sending else n,
                self.netlink))]
            if index < done:
                fields.append(("msg_len", n))
            index += 1
            return Struct(fields)

        get = fetch_always if self.sending else fetch
        count = self.count(call) & 0xffffffff
        if call.error and not self.sending:
            return Addr(word)
        return read_array(call, Coded(self.size, read), word, count, get)


@kind("messages")
def _messages(b: Build, count: Param) -> InOut:
    return _Messages(b, count)


@result_kind("recvmmsg_result")
def _recvmmsg_result(b: Build, timeout: Param) -> Callable[[Call], tuple[Value, Value | None]]:
    name = name_of(timeout)
    decode_time = pointer_to(b.struct("timespec64" if b.name.endswith("64") else "timespec"))

    def decode(call: Call) -> tuple[Value, Value | None]:
        addr = call.by_name(name)
        if not call.result:
            return 0, Text("Timeout")
        if not addr or not call.plan.verbose:
            return call.result, None
        return call.result, Named("left", decode_time(call, addr) or Text(""), " ")

    return decode


@kind("port")
def _port(b: Build) -> Decoder:
    from tracer.decode.kinds.sockaddr import port

    return lambda call, word: port(word.to_bytes(2, "little"))


@kind("inet_addr")
def _inet_addr(b: Build) -> Decoder:
    return lambda call, word: inet_addr(word.to_bytes(4, "little"))


