"""Kinds of netlink attributes that many messages use."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.kinds import CTYPES
from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import Coded, fetch, read_array
from tracer.decode.kinds.sockaddr import (
    HARDWARE_LENGTHS,
    inet6,
    inet6_field,
    inet_addr,
    mac,
    sockaddr_value,
)
from tracer.decode.kinds.time import ticks
from tracer.decode.netlink.attributes import attribute, hex_bytes, param_name
from tracer.decode.values import Addr, CallValue, Either, Hex, Join, Str, Sym, Text
from tracer.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.row import Param
    from tracer.decode.build import MemType
    from tracer.decode.call import Call
    from tracer.decode.netlink.attributes import Context, Reader, Tables
    from tracer.decode.values import Value

AF_INET, AF_INET6 = 2, 10
MAX_ADDR_LEN = 32


# -- numbers

def _fixed(size: int, signed: bool, make: Callable[[int], Value]) -> Reader:
    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        if room < size:
            return None
        data = fetch(call, addr, size)
        return [Addr(addr) if data is None else
                make(int.from_bytes(data, "little", signed=signed))]

    return read


def _numbers() -> None:
    for bits in (8, 16, 32, 64):
        size = bits // 8
        for name, signed, make in ((f"u{bits}", False, int), (f"s{bits}", True, int),
                                   (f"x{bits}", False, Hex)):
            attribute(name)(lambda t, size=size, signed=signed, make=make:
                            _fixed(size, signed, make))


_numbers()


@attribute("xint")
def _xint(t: Tables) -> Reader:
    """A number of 1, 2, 4 or 8 bytes."""

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        return _fixed(room, False, Hex)(call, addr, room, ctx) if room in (1, 2, 4, 8) else None

    return read


def _argument(t: Tables, name: str) -> Reader:
    """A number read by a kind of arguments."""
    decode = t.build.decoder(Kind(name))
    packer = t.build.packer(CTYPES[name])

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        if room < packer.size:
            return None
        data = fetch(call, addr, packer.size)
        if data is None:
            return [Addr(addr)]
        value = decode(call, packer.unpack(data)[0])
        return [] if value is None else [value]

    return read


attribute("fd")(lambda t: _argument(t, "fd"))
attribute("ifindex")(lambda t: _argument(t, "ifindex"))
attribute("uid")(lambda t: _argument(t, "uid"))


def _network(size: int, name: str) -> Reader:
    def swap(n: int) -> Value:
        return CallValue(name, [int.from_bytes(n.to_bytes(size, "little"), "big")])

    return _fixed(size, False, swap)


attribute("be16")(lambda t: _network(2, "htons"))
attribute("be64")(lambda t: _network(8, "htobe64"))


def _upto(size: int, make: Callable[[Call, int], Value]) -> Reader:
    """A number of at least ``size`` bytes (0: any), and at most eight."""

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        if room > 8 or room < size:
            return None
        data = fetch(call, addr, size or room)
        return [Addr(addr) if data is None else make(call, int.from_bytes(data, "little"))]

    return read


@attribute("enum")
def _enum(t: Tables, name: Param, size: int = 0) -> Reader:
    names = symbols.enum(param_name(name), t.build.abi, 64)
    return _upto(size, lambda call, n: names.sym(n))


@attribute("flags")
def _flags(t: Tables, name: Param, size: int = 0) -> Reader:
    names = symbols.flags(param_name(name), t.build.abi)
    return _upto(size, lambda call, n: names.sym(n))


@attribute("first_enum")
def _first_enum(t: Tables, name: Param, size: int) -> Reader:
    """An enumeration in the first bytes, however many follow."""
    return _fixed(size, False, symbols.enum(param_name(name), t.build.abi).sym)


@attribute("first_flags")
def _first_flags(t: Tables, name: Param, size: int) -> Reader:
    """Flags in the first bytes, however many follow."""
    return _fixed(size, False, symbols.flags(param_name(name), t.build.abi).sym)


@attribute("table_id")
def _table_id(t: Tables) -> Reader:
    names = symbols.enum("routing_table_ids", t.build.abi).names
    return _fixed(4, False, lambda n: Sym(n, names.get(n)))


@attribute("ether_proto")
def _ether_proto(t: Tables) -> Reader:
    names = symbols.Enum(symbols.enum("ethernet_protocols", t.build.abi, 16).names,
                         "ETHER_P_???")
    return _upto(2, lambda call, n: CallValue("htons", [names.sym(n >> 8 | (n & 0xff) << 8)]))


@attribute("spelled_flags")
def _spelled_flags(t: Tables, name: Param, size: int) -> Reader:
    """Flags whose names no uapi header has: the number is always shown."""
    names = symbols.flags(param_name(name), t.build.abi)
    return _upto(size, lambda call, n: spelled(call, names.sym(n)))


def spelled(call: Call, sym: Sym) -> Value:
    """A number with its names in a comment, but for -X raw."""
    text = sym.text if sym.text is not None else sym.unknown
    if call.options.xlat == "raw" or text is None:
        return Hex(sym.n)
    return Either(Hex(sym.n), Join([Hex(sym.n), Text(f"/* {text} */")], " ")) \
        if call.options.xlat == "abbrev" else sym


@attribute("ticks")
def _ticks(t: Tables) -> Reader:
    """Clock ticks, in as many bytes as there are."""
    return _upto(0, ticks)




# -- text

@attribute("str")
def _str(t: Tables) -> Reader:
    """A string with its NUL, which is not shown; dots where it has none."""

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        limit = call.options.string_limit
        try:
            data = call.mem.read(addr, min(room, limit + 1))
        except Fault:
            return [Addr(addr)]
        data = data[:limit]
        return [Str(data[:-1]) if data[-1:] == b"\0" else Str(data, True)]

    return read


def asciz(call: Call, addr: int, room: int) -> Value:
    """A string up to its NUL; dots where there is none in ``room`` or within -s."""
    limit = call.options.string_limit
    try:
        data, whole = call.mem.read_string(addr, min(room, limit + 1))
    except Fault:
        return Addr(addr)
    return Str(data) if whole else Str(data[:limit], True)


@attribute("link_kind")
def _link_kind(t: Tables, name: Param) -> Reader:
    """A string on which the decoding of later attributes depends."""
    key = param_name(name)

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        ctx.names[key] = b""
        if room < 64:
            data = fetch(call, addr, room)
            if data is not None:
                ctx.names[key] = data.partition(b"\0")[0]
        return [asciz(call, addr, room)]

    return read


@attribute("by_kind")
def _by_kind(t: Tables, name: Param, *choices: Kind) -> Reader:
    """``by_kind(kind, bridge(nest(bridge)), tun(...))``: by an earlier string."""
    key = param_name(name)
    readers = {c.name.encode(): t.reader(c.params[0]) for c in choices
               if isinstance(c.params[0], Kind)}

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        reader = readers.get(ctx.names.get(key, b""))
        return None if reader is None else reader(call, addr, room, ctx)

    return read


# -- addresses

@attribute("hwaddr")
def _hwaddr(t: Tables, by_family: int = 0) -> Reader:
    """A hardware address; by_family: the length shown depends on the header's family."""

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        if room > MAX_ADDR_LEN:
            return None
        data = fetch(call, addr, room)
        if data is None:
            return [Addr(addr)]
        shown = data[:HARDWARE_LENGTHS.get(ctx.family, 255)] if by_family else data
        return [Either(Str(data, style="x"), mac(shown))]

    return read


def inet_value(family: int, data: bytes) -> Value | None:
    """An address of a family that has a notation, or None; data: long enough."""
    if family == AF_INET:
        return inet_addr(data[:4])
    if family == AF_INET6:
        return Either(Str(data[:16], style="x"),
                      CallValue("inet_pton", [Text("AF_INET6"), Str(inet6(data).encode())]))
    return None


def inet_field(call: Call, name: str, family: int, data: bytes) -> tuple[str, Value]:
    """An address as a field; without a notation for its family all of the bytes."""
    if family == AF_INET:
        return name, inet_addr(data[:4])
    if family == AF_INET6:
        return inet6_field(call, name, data)
    return name, Str(data, style="x")


def inet_size(family: int) -> int:
    """Bytes of an address; 0 for families without a notation."""
    return {AF_INET: 4, AF_INET6: 16}.get(family, 0)


def inet_at(call: Call, family: int, addr: int, room: int, name: str = "") -> tuple[str, Value]:
    """An address in memory, as a field of that name."""
    size = inet_size(family)
    if not size or room < size:
        return name, hex_bytes(call, addr, room)
    try:
        data = call.mem.read(addr, size)
    except Fault:
        return name, Addr(addr)
    if name:
        return inet_field(call, name, family, data)
    return "", inet_value(family, data) or Addr(addr)


@attribute("family_addr")
def _family_addr(t: Tables) -> Reader:
    """An address of the family of the message's header."""
    return lambda call, addr, room, ctx: [inet_at(call, ctx.family, addr, room)[1]]


@attribute("inet_addr")
def _inet_addr(t: Tables, family: int) -> Reader:
    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        size = inet_size(family)
        if room < size:
            return None
        data = fetch(call, addr, size)
        return [Addr(addr) if data is None else inet_value(family, data) or Addr(addr)]

    return read


@attribute("sockaddrs")
def _sockaddrs(t: Tables) -> Reader:
    storage = Coded(128, lambda call, data, at, addr: sockaddr_value(call, data[at:at + 128]))
    return lambda call, addr, room, ctx: \
        [read_array(call, storage, addr, room // 128)] if room >= 128 else None


# -- structures, arrays, nests

@attribute("struct")
def _struct(t: Tables, name: Param, rest: Kind | None = None) -> Reader:
    """A structure; what is behind it is ignored, or printed by the kind ``rest``: ``bytes``,
    or ``nest(table)`` from the next multiple of four."""
    kind = t.build.struct(param_name(name))
    inner = t.reader(rest) if rest is not None and rest.name != "bytes" else None

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        if room < kind.size:
            return None
        data = fetch(call, addr, kind.size)
        if data is None and (rest is None or inner is None):
            return [Addr(addr)]
        values: list[Value] = [Addr(addr) if data is None else kind.read(call, data, 0, addr)]
        end = kind.size if inner is None else (kind.size + 3) & ~3
        if rest is not None and room > end:
            if inner is None:
                values.append(hex_bytes(call, addr + end, room - end))
            else:
                values += inner(call, addr + end, room - end, ctx) or []
        return values

    return read


@attribute("grown")
def _grown(t: Tables, name: Param, *sizes: int) -> Reader:
    """A structure that grew: all of it, or exactly one of its earlier sizes."""
    kind = t.build.struct(param_name(name))
    offsets = [offset for _, offset, _ in kind.fields]

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        size = kind.size if room >= kind.size else room if room in sizes else 0
        if not size:
            return None
        data = fetch(call, addr, size)
        if data is None:
            return [Addr(addr)]
        value = kind.read(call, data.ljust(kind.size, b"\0"), 0, addr)
        value.fields = [f for f, offset in zip(value.fields, offsets) if offset < size]
        return [value]

    return read


@attribute("exact")
def _exact(t: Tables, *names: Param) -> Reader:
    """One of several structures, the one that is as long as the attribute."""
    by_size = {k.size: k for k in (t.build.struct(param_name(n)) for n in names)}

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        kind = by_size.get(room)
        if kind is None:
            return None
        data = fetch(call, addr, room)
        return [Addr(addr) if data is None else kind.read(call, data, 0, addr)]

    return read


@attribute("array")
def _array(t: Tables, of: Kind) -> Reader:
    """As many elements as there is room for; with none, nothing is decoded."""
    kind = t.build.memory(of)
    return lambda call, addr, room, ctx: \
        [read_array(call, kind, addr, room // kind.size)] if room >= kind.size else None


@attribute("bytes")
def _bytes(t: Tables) -> Reader:
    """Single bytes, in decimal."""
    kind = t.build.memory(Kind("uchar"))
    return lambda call, addr, room, ctx: [read_array(call, kind, addr, room)]


def indexed(kind: MemType, names: symbols.Enum) -> Callable[[], Coded]:
    """A type of array elements that print with their index before them; one for each array."""

    def make() -> Coded:
        index = -1

        def read(call: Call, data: bytes, at: int, addr: int) -> Value:
            nonlocal index
            index += 1
            value = kind.read(call, data, at, addr)
            return Join([Text("["), names.sym(index), Text("]="), value or 0], "")

        return Coded(kind.size, read)

    return make


@attribute("indexed")
def _indexed(t: Tables, of: Kind, name: Param) -> Reader:
    """An array whose indices have names: ``[[INDEX]=value, ...]``."""
    kind = t.build.memory(of)
    make = indexed(kind, symbols.enum(param_name(name), t.build.abi, 32, "d"))
    return lambda call, addr, room, ctx: \
        [read_array(call, make(), addr, room // kind.size)] if room >= kind.size else None


@attribute("nest")
def _nest(t: Tables, name: Param, fresh: int = 0) -> Reader:
    """Attributes within an attribute; fresh: names of outer nests do not count."""
    table = param_name(name)

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        if fresh:
            saved, ctx.names = ctx.names, {}
            value = t.nest(call, table, addr, room, ctx)
            ctx.names = saved
        else:
            value = t.nest(call, table, addr, room, ctx)
        return [value]

    return read


def _choices(t: Tables, choices: tuple[Kind, ...]) -> dict[int, Reader]:
    families = symbols.numbers("addrfams", t.build.abi)
    return {families[c.name] & 0xff: t.reader(c.params[0]) for c in choices
            if isinstance(c.params[0], Kind)}


@attribute("by_family")
def _by_family(t: Tables, *choices: Kind) -> Reader:
    """``by_family(AF_BRIDGE(nest(x)), AF_INET6(nest(y)))``: by the header's family; the choice
    ``AF_UNSPEC`` is for all others."""
    readers = _choices(t, choices)

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        reader = readers.get(ctx.family, readers.get(0))
        return None if reader is None else reader(call, addr, room, ctx)

    return read


@attribute("by_number")
def _by_number(t: Tables, *choices: Kind) -> Reader:
    """By the attribute's own number, which is a family."""
    readers = _choices(t, choices)

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        reader = readers.get(ctx.number & 0xff)
        return None if reader is None else reader(call, addr, room, ctx)

    return read
