"""Netlink attributes whose decoding takes more than a structure."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import Coded, fetch, read_array
from tracer.decode.kinds.sockaddr import interface
from tracer.decode.netlink.attributes import attribute, hex_bytes, param_name
from tracer.decode.netlink.readers import asciz, inet_at, inet_field
from tracer.decode.values import Addr, Array, CallValue, Comment, Hex, Join, Str, Struct, Text
from tracer.errors import Fault

if TYPE_CHECKING:
    from sysnames.row import Kind, Param
    from tracer.decode.call import Call
    from tracer.decode.netlink.attributes import Context, Reader, Tables
    from tracer.decode.values import Value

PAGE = 4096


@attribute("then")
def _then(t: Tables, kind: Kind, size: int, table: Param) -> Reader:
    """A value of ``size`` bytes, and attributes behind it."""
    first = t.reader(kind)
    rest = param_name(table)

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        values = first(call, addr, room, ctx)
        if values is not None and room > size:
            values.append(t.nest(call, rest, addr + size, room - size, ctx))
        return values

    return read


# -- routes

@attribute("via")
def _via(t: Tables) -> Reader:
    """struct rtvia: a gateway of another family."""
    families = symbols.enum("addrfams", t.build.abi, 16)

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        if room < 2:
            return None
        data = fetch(call, addr, 2)
        if data is None:
            return [Addr(addr)]
        family = int.from_bytes(data, "little")
        fields: list[tuple[str, Value]] = [("rtvia_family", families.sym(family))]
        if room > 2:
            fields.append(inet_at(call, family, addr + 2, room - 2, "rtvia_addr"))
        return [Struct(fields)]

    return read


@attribute("next_hops")
def _next_hops(t: Tables) -> Reader:
    """A chain of struct rtnexthop, each with attributes of a route."""
    kind = t.build.struct("rtnexthop")

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        if room < kind.size:
            return None
        hops: list[Value] = []
        chained = False
        start = addr
        while True:
            data = fetch(call, addr, kind.size)
            if data is None:
                hops.append(Addr(addr))
                break
            length = int.from_bytes(data[:2], "little")
            used = min(room, length)
            if addr == start and length < room:
                chained = True
            hop: Value = kind.read(call, data, 0, addr)
            if used > kind.size:
                hop = Array([hop, t.nest(call, "route", addr + kind.size, used - kind.size, ctx)])
            hops.append(hop)
            step = (used + 3) & ~3
            if step >= room or not step:
                break
            addr += step
            room -= step
        return [Array(hops)] if chained else hops

    return read


@attribute("mdb_entry")
def _mdb_entry(t: Tables) -> Reader:
    """struct br_mdb_entry, and attributes."""
    size = 28
    states = symbols.enum("mdb_states", t.build.abi)
    flags = symbols.flags("mdb_flags", t.build.abi)
    families = symbols.enum("addrfams", t.build.abi)

    def entry(call: Call, data: bytes) -> Value:
        protocol = int.from_bytes(data[24:26], "big")
        address = Struct([inet_field(call, "u", protocol, data[8:24]),
                          ("proto", CallValue("htons", [families.sym(protocol)]))])
        return Struct([("ifindex", interface(call, int.from_bytes(data[:4], "little"))),
                       ("state", states.sym(data[4])), ("flags", flags.sym(data[5])),
                       ("vid", int.from_bytes(data[6:8], "little")), ("addr", address)])

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        if room < size:
            return None
        data = fetch(call, addr, size)
        values: list[Value] = [Addr(addr) if data is None else entry(call, data)]
        if room > size:
            values.append(t.nest(call, "mdb_entry_more", addr + size, room - size, ctx))
        return values

    return read


# -- socket diagnosis

@attribute("bytecode")
def _bytecode(t: Tables) -> Reader:
    """struct inet_diag_bc_op and its operand."""
    op = t.build.struct("inet_diag_bc_op")
    codes = symbols.numbers("inet_diag_bytecodes", t.build.abi)
    mark = t.build.struct("inet_diag_markcond")
    families = symbols.enum("addrfams", t.build.abi)
    hosts = {codes["INET_DIAG_BC_S_COND"], codes["INET_DIAG_BC_D_COND"]}
    bounds = {codes[f"INET_DIAG_BC_{n}"] for n in ("S_GE", "S_LE", "D_GE", "D_LE")}
    sizes = {**dict.fromkeys(hosts, 8), **dict.fromkeys(bounds, op.size),
             codes["INET_DIAG_BC_DEV_COND"]: 4, codes["INET_DIAG_BC_MARK_COND"]: mark.size}

    def operand(call: Call, code: int, addr: int, room: int) -> Value:
        size = sizes.get(code)
        if size is None or room < size:
            return hex_bytes(call, addr, room)
        data = fetch(call, addr, size)
        if data is None:
            return Addr(addr)
        if code in bounds:
            return op.read(call, data, 0, addr)
        if code in hosts:
            fields: list[tuple[str, Value]] = [
                ("family", families.sym(data[0])), ("prefix_len", data[1]),
                ("port", int.from_bytes(data[4:8], "little"))]
            if room > size:
                fields.append(inet_at(call, data[0], addr + size, room - size, "addr"))
            return Struct(fields)
        if size == 4:
            return interface(call, int.from_bytes(data, "little"))
        return mark.read(call, data, 0, addr)

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        if room < op.size:
            return None
        data = fetch(call, addr, op.size)
        if data is None:
            return [Addr(addr)]
        values: list[Value] = [op.read(call, data, 0, addr)]
        if room > op.size:
            values.append(operand(call, data[0], addr + op.size, room - op.size))
        return values

    return read


@attribute("md5_keys")
def _md5_keys(t: Tables) -> Reader:
    """An array of struct tcp_diag_md5sig."""
    families = symbols.enum("addrfams", t.build.abi)

    def key(call: Call, data: bytes, at: int, addr: int) -> Value:
        family = data[at]
        length = int.from_bytes(data[at + 2:at + 4], "little")
        return Struct([("tcpm_family", families.sym(family)), ("tcpm_prefixlen", data[at + 1]),
                       ("tcpm_keylen", length),
                       inet_field(call, "tcpm_addr", family, data[at + 4:at + 20]),
                       ("tcpm_key", Str(data[at + 20:at + 20 + min(length, 80)], style="x"))])

    kind = Coded(100, key)
    return lambda call, addr, room, ctx: \
        [read_array(call, kind, addr, room // 100)] if room >= 100 else None


_SOCKET_BITS = ("recverr", "is_icsk", "freebind", "hdrincl", "mc_loop", "transparent", "mc_all",
                "nodefrag", "bind_address_no_port", "recverr_rfc4884", "defer_connect")


@attribute("socket_bits")
def _socket_bits(t: Tables) -> Reader:
    """struct inet_diag_sockopt: bits, of which an abbreviated one shows those that are set."""

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        if room < 2:
            return None
        data = fetch(call, addr, 2)
        if data is None:
            return [Addr(addr)]
        bits = int.from_bytes(data, "little")
        full = not call.plan.abbrev
        fields: list[tuple[str, Value]] = [
            (name, bits >> i & 1) for i, name in enumerate(_SOCKET_BITS) if full or bits >> i & 1]
        unused = bits >> len(_SOCKET_BITS)
        if full or unused:
            fields.append(("unused", Comment(Hex(unused), "bits 3..8")))
        values: list[Value] = [Struct(fields)]
        end = min(room, PAGE)
        if end > 2:
            values += _nonzero(call, addr, 2, end)
        return values

    return read


def _nonzero(call: Call, addr: int, start: int, end: int) -> list[Value]:
    """Bytes behind a structure, if any of them is set."""
    try:
        data = call.mem.read(addr + start, end - start)
    except Fault:
        return [Text("???")]
    if not any(data):
        return []
    limit = call.options.string_limit
    return [Join([Text(f"/* bytes {start}..{end - 1} */"),
                  Str(data[:limit], len(data) > limit, "x")], " ")]


@attribute("socket_filter")
def _socket_filter(t: Tables) -> Reader:
    """The instructions of a classic filter."""

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        from tracer.decode.kinds.filter import classic_filters

        count = room // 8
        return [classic_filters(call, addr, count)] if 0 < count <= 0xffff else None

    return read


# -- cryptography

@attribute("report_name")
def _report_name(t: Tables) -> Reader:
    """A report that is nothing but the type's name."""
    return lambda call, addr, room, ctx: [Struct([("type", asciz(call, addr, room))])]


@attribute("report")
def _report(t: Tables, name: Param) -> Reader:
    """A structure; one that is too short prints as text."""
    kind = t.build.struct(param_name(name))

    def read(call: Call, addr: int, room: int, ctx: Context) -> list[Value] | None:
        from tracer.decode.kinds.basic import bytes_value

        if room < kind.size:
            return [bytes_value(call, addr, room)]
        data = fetch(call, addr, kind.size)
        return [Addr(addr) if data is None else kind.read(call, data, 0, addr)]

    return read
