"""Netlink attributes: one walker, driven by tables.

A table is text.  Its first line names the set of the attributes' names, and perhaps the comment
for a number without a name; each further line is ``kind: NAME NAME ...``, the names being those
of the set.  Attributes without a kind print as bytes.  In place of names may stand ``*``: the
kind is for all attributes and gets the attribute's number.  A table without a set is ``-``.

Kinds are functions registered with ``@attribute``: they get the builder and the parameters, and
return a ``Reader``.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sysnames.abis import WORD
from sysnames.row import parse
from tracer.decode import symbols
from tracer.decode.build import fetch
from tracer.decode.kinds.basic import bytes_value
from tracer.decode.values import Addr, Array, Hex, Join, Struct, Sym

if TYPE_CHECKING:
    from sysnames.row import Kind
    from tracer.decode.build import Build
    from tracer.decode.call import Call
    from tracer.decode.values import Value

HEADER = 4
NESTED, NET_ORDER = 0x8000, 0x4000


class Context:
    """What attributes know of what surrounds them.

    family: of the message's header.  number: of the attribute, where one kind is for all.
    names: strings that earlier attributes of the same nest gave (a link's kind).
    """

    __slots__ = ("family", "names", "number")

    def __init__(self, family: int) -> None:
        self.family = family
        self.number = 0
        self.names: dict[str, bytes] = {}


# (call, address, size, context) → the values behind the attribute's header; None: not decoded
Reader = Callable[["Call", int, int, Context], "list[Value] | None"]
READERS: dict[str, Callable[..., Reader]] = {}


def attribute(*names: str) -> Callable[[Callable[..., Reader]], Callable[..., Reader]]:
    """Register a factory of readers: ``factory(netlink, *params) -> Reader``."""

    def register(factory: Callable[..., Reader]) -> Callable[..., Reader]:
        for name in names:
            READERS[name] = factory
        return factory

    return register


class Table:
    """The attributes of one nest: their names, and a reader for each number."""

    __slots__ = ("names", "readers", "whole")

    def __init__(self, names: symbols.Enum | None, readers: dict[int, Reader],
                 whole: Reader | None) -> None:
        self.names = names
        self.readers = readers
        self.whole = whole


class Tables:
    """The tables of one call under one set of options, each made when first used."""

    __slots__ = ("build", "kinds", "made")

    def __init__(self, build: Build) -> None:
        self.build = build
        self.made: dict[str, Table] = {}
        self.kinds: dict[Kind, Reader] = {}

    def reader(self, kind: Kind) -> Reader:
        """The reader of a kind."""
        found = self.kinds.get(kind)
        if found is None:
            found = self.kinds[kind] = READERS[kind.name](self, *kind.params)
        return found

    def table(self, name: str) -> Table:
        """A table by its name.  Raises KeyError for one that does not exist."""
        found = self.made.get(name)
        if found is None:
            found = self.made[name] = self._parse(_text(name))
        return found

    def _parse(self, text: str) -> Table:
        head, *lines = text.strip().splitlines()
        set_name, _, unknown = head.partition(" ")
        names = numbers = None
        if set_name != "-":
            names = symbols.enum(set_name, self.build.abi)
            numbers = symbols.numbers(set_name, self.build.abi)
            if unknown:
                names = symbols.Enum(names.names, unknown.strip())
        readers: dict[int, Reader] = {}
        whole = None
        for line in lines:
            kind_text, _, members = line.partition(":")
            reader = _Late(self, parse(f"item {kind_text.strip()}").items[0].kind)
            for member in members.split():
                if member == "*":
                    whole = reader
                elif numbers is not None:
                    readers[numbers[member]] = reader
        return Table(names, readers, whole)

    def nest(self, call: Call, name: str, addr: int, size: int, ctx: Context) -> Value:
        """The attributes in a range of memory, by a table."""
        return attributes(call, self.table(name), addr, size, ctx)


class _Late:
    """A reader that is built when first used."""

    __slots__ = ("kind", "made", "tables")

    def __init__(self, tables: Tables, kind: Kind) -> None:
        self.tables = tables
        self.kind = kind
        self.made: Reader | None = None

    def __call__(self, call: Call, addr: int, size: int, ctx: Context) -> list[Value] | None:
        if self.made is None:
            self.made = self.tables.reader(self.kind)
        return self.made(call, addr, size, ctx)


def _text(name: str) -> str:
    from tracer.decode.netlink.diag import TABLES as diag
    from tracer.decode.netlink.link import TABLES as link
    from tracer.decode.netlink.route import TABLES as route

    return route.get(name) or link.get(name) or diag[name]


def hex_bytes(call: Call, addr: int, size: int) -> Value:
    """Bytes in hexadecimal, cut by -s; an address where they cannot be read."""
    return bytes_value(call, addr, size, "x")


def walk(call: Call, addr: int, size: int, head: int, read_size: Callable[[bytes], int],
         item: Callable[[bytes, int, int], Value]) -> Value:
    """A chain of records of a header and data, padded to four bytes.

    head: bytes of a header.  read_size: a record's length, from its header.  item: the value of
    a record, from header, address and the room left.  One record alone prints without brackets;
    what is too short for a header prints as bytes.
    """
    items: list[Value] = []
    chained = False
    top = 1 << 8 * WORD[call.abi]
    while True:
        if size < head:
            items.append(hex_bytes(call, addr, size))
            break
        data = fetch(call, addr, head)
        if data is None:
            return Array(items, broken=addr) if chained else Addr(addr)
        if call.plan.abbrev and len(items) == call.options.string_limit:
            return Array(items, more=True)
        used = read_size(data)
        aligned = (used + 3) & 0xfffffffc
        left = size - aligned if used >= head and size >= aligned else 0
        if left and addr + aligned >= top:
            left = 0
        items.append(item(data, addr, size))
        if not left:
            break
        chained = True
        addr += aligned
        size = left
    return Array(items) if chained else items[0]


def attributes(call: Call, table: Table, addr: int, size: int, ctx: Context) -> Value:
    """A chain of struct nlattr."""

    def item(head: bytes, at: int, room: int) -> Value:
        length = int.from_bytes(head[:2], "little")
        kind = int.from_bytes(head[2:4], "little")
        number = kind & 0x3fff
        parts: list[Value] = []
        if kind & NESTED:
            parts.append(Sym(NESTED, "NLA_F_NESTED"))
        if kind & NET_ORDER:
            parts.append(Sym(NET_ORDER, "NLA_F_NET_BYTEORDER"))
        parts.append(Hex(number) if table.names is None else table.names.sym(number))
        header = Struct([("nla_len", length),
                         ("nla_type", parts[0] if len(parts) == 1 else Join(parts))])
        used = min(length, room) - HEADER
        if used <= 0:
            return header
        reader = table.whole
        if reader is not None:
            ctx.number = kind
        else:
            reader = table.readers.get(number)
        values = reader(call, at + HEADER, used, ctx) if reader is not None else None
        if values is None:
            values = [hex_bytes(call, at + HEADER, used)]
        return Array([header, *values])

    return walk(call, addr, size, HEADER, lambda head: int.from_bytes(head[:2], "little"), item)


def param_name(param: Any) -> str:
    """A parameter that is a name."""
    return str(param.name)
