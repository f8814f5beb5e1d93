"""Kinds of netlink: buffers of sockets that may be netlink's, and fields of its structures."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import Build, Coded, MemType, length, name_of
from tracer.decode.call import Call, kind, memory_kind
from tracer.decode.kinds.basic import bytes_value
from tracer.decode.kinds.sockaddr import inet6_field, inet_addr, interface, port
from tracer.decode.values import Addr, Array, CallValue, Hex, Str, Struct, Sym, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.row import Kind, Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

AF_INET, AF_INET6 = 2, 10
NDIAG_PROTO_ALL = 255


# -- buffers

def messages_of(b: Build) -> Callable[[Call, int, int], Value]:
    """The decoder of netlink messages in a buffer: (call, address, bytes) → value.  The socket
    is the call's first argument."""
    from tracer.decode.netlink.messages import UNKNOWN, Netlink

    netlink = Netlink(b)

    def decode(call: Call, addr: int, size: int) -> Value:
        ask = getattr(call.task, "netlink_protocol", None)
        protocol = ask(call.words[0]) if ask is not None else None
        return netlink.messages(call, UNKNOWN if protocol is None else protocol, addr, size)

    return decode


@kind("sock_buf")
def _sock_buf(b: Build, size: Param, room: Param | None = None) -> Decoder:
    """What is sent or received: netlink messages by the socket's protocol, else bytes; no more
    than there is room for."""
    get = length(size)
    if room is not None:
        most, given = length(room), get
        get = lambda call: min(given(call), most(call))  # noqa: E731
    out = b.direction != "in"
    made: list[Callable[[Call, int, int], Value]] = []

    def decode(call: Call, addr: int) -> Value:
        if out and call.error:
            return Addr(addr)
        if call.plan.verbose:
            ask = getattr(call.task, "netlink_protocol", None)
            if ask is not None and ask(call.words[0]) is not None:
                if not made:
                    made.append(messages_of(b))
                return made[0](call, addr, get(call))
        return bytes_value(call, addr, get(call))

    return decode


# -- fields

@kind("padded")
def _padded(b: Build) -> Decoder:
    """As many characters as the type has hexadecimal digits, the ``0x`` among them."""
    width = b.bits() // 4
    mask = (1 << b.bits()) - 1

    def decode(call: Call, word: int) -> Value:
        n = word & mask
        return Text(f"{n:#0{width}x}" if n else "0" * width)

    return decode


@kind("htonl")
def _htonl(b: Build) -> Decoder:
    return lambda call, word: CallValue("htonl", [Hex(
        int.from_bytes((word & 0xffffffff).to_bytes(4, "little"), "big"))])


@kind("ether_type")
def _ether_type(b: Build) -> Decoder:
    names = symbols.enum("ethernet_protocols", b.abi, 16)
    return lambda call, word: CallValue("htons", [names.sym(word >> 8 & 0xff
                                                            | (word & 0xff) << 8)])


@kind("plain_enum")
def _plain_enum(b: Build, name: Param) -> Decoder:
    """Without a comment where there is no name."""
    names = symbols.enum(name_of(name), b.abi, b.bits()).names
    return lambda call, word: Sym(word, names.get(word))


@kind("spelled_enum")
def _spelled_enum(b: Build, name: Param) -> Decoder:
    """With its number, since no uapi header has the names."""
    names = symbols.enum(name_of(name), b.abi, b.bits())

    def decode(call: Call, word: int) -> Value:
        from tracer.decode.netlink.readers import spelled

        return spelled(call, names.sym(word))

    return decode


@kind("rtnl_families")
def _rtnl_families(b: Build) -> Decoder:
    first = symbols.enum("rtnl_family", b.abi)
    names = symbols.Enum({**symbols.enum("addrfams", b.abi).names, **first.names}, first.unknown)
    return lambda call, word: names.sym(word)


@kind("diag_protocol")
def _diag_protocol(b: Build) -> Decoder:
    names = symbols.enum("netlink_protocols", b.abi)
    return lambda call, word: (Sym(word, "NDIAG_PROTO_ALL") if word == NDIAG_PROTO_ALL else
                               names.sym(word))


@memory_kind("inet_sockid")
def _inet_sockid(b: Build, family: Param) -> MemType:
    """struct inet_diag_sockid; family: of its addresses."""
    get = length(family)
    cookie = b.memory(_uints())

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        af = get(call)
        return Struct([
            ("idiag_sport", port(data[at:at + 2])), ("idiag_dport", port(data[at + 2:at + 4])),
            _address(call, "idiag_src", af, data[at + 4:at + 20]),
            _address(call, "idiag_dst", af, data[at + 20:at + 36]),
            ("idiag_if", interface(call, int.from_bytes(data[at + 36:at + 40], "little"))),
            ("idiag_cookie", cookie.read(call, data, at + 40, addr + 40) or Array([]))])

    return Coded(48, read)


def _uints() -> Kind:
    from sysnames.row import Kind

    return Kind("array", (Kind("uint"), 2))


def _address(call: Call, name: str, family: int, data: bytes) -> tuple[str, Value]:
    if family == AF_INET:
        return name, inet_addr(data)
    if family == AF_INET6:
        return inet6_field(call, name, data)
    return name, Str(data, style="x")


@memory_kind("indexed")
def _indexed(b: Build, of: Kind, name: Param, count: int) -> MemType:
    """An array in a structure whose indices have names."""
    element = b.memory(of)
    names = symbols.enum(name_of(name), b.abi, 32, "d")

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        from tracer.decode.netlink.readers import indexed

        t = indexed(element, names)()
        size = element.size
        items = [t.read(call, data, at + i * size, addr + i * size) for i in range(count)]
        return Array([v for v in items if v is not None])

    return Coded(element.size * count, read)


@memory_kind("hex_string")
def _hex_string(b: Build, size: int) -> MemType:
    return Coded(size, lambda call, data, at, addr: Str(data[at:at + size], style="x"),
                 composite=False)


@memory_kind("hex_string_upto")
def _hex_string_upto(b: Build, used: Param, size: int) -> MemType:
    """As many bytes as a field says."""
    get = length(used)
    return Coded(size, lambda call, data, at, addr: Str(
        data[at:at + min(size, get(call))], style="x"), composite=False)


@memory_kind("nonzero_bytes")
def _nonzero_bytes(b: Build, size: int) -> MemType:
    """Padding: printed when any of it is set."""
    return Coded(size, lambda call, data, at, addr: (
        Str(data[at:at + size], style="x") if any(data[at:at + size]) else None),
                 composite=False)
