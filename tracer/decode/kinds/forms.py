"""Forms of structures that calls fill in: printed partly at entry, partly at exit.

``grow(s, first, then)``: the fields of the shape ``first`` at entry, those of ``then`` in the
same braces at exit.  ``turn(s, first, then)``: ``{first} => {then}``.  Where ``then`` is the
name of a kind that is no shape, it is what the call leaves there (``=> [5]``).  A last
parameter 1: even after a failed call, when it is an address; 2: even of what cannot be read.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.lookup import is_structure
from sysnames.row import Kind
from tracer.decode import shapes, symbols
from tracer.decode.build import (
    DONE,
    OPEN,
    Build,
    Coded,
    InOut,
    MemType,
    StructType,
    array_of,
    fetch,
    length,
    name_of,
    pointer_to,
    read_array,
)
from tracer.decode.call import Call, kind, memory_kind
from tracer.decode.kinds.basic import bytes_value, string_in
from tracer.decode.values import Addr, Array, Change, Hex, Str, Struct, Sym, Text
from tracer.errors import Fault

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

UNAVAILABLE = Text("???")
UINT64_MAX = (1 << 64) - 1


class Grow(InOut):
    """A structure that the call completes."""

    __slots__ = ("first", "then")

    def __init__(self, first: StructType, then: StructType) -> None:
        self.first = first
        self.then = then

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, self.first.size)
        if data is None:
            return Addr(word), DONE
        asked = self.first.read(call, data, 0, word)
        return Struct(asked.fields, asked.more, open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        data = fetch(call, word, self.then.size)
        if data is None:
            return Struct(old.fields, old.more)
        given = self.then.read(call, data, 0, word)
        return Struct([*old.fields, *given.fields], given.more)


class Amend(InOut):
    """A structure whose last field the call changes: ``{a=1, b=2 => 3}``."""

    __slots__ = ("type",)

    def __init__(self, type_: StructType) -> None:
        self.type = type_

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, self.type.size)
        if data is None:
            return Addr(word), DONE
        return Struct(self.type.read(call, data, 0, word).fields, open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        data = fetch(call, word, self.type.size)
        if data is None:
            return Struct(old.fields)
        now = self.type.read(call, data, 0, word).fields[-1][1]
        name, before = old.fields[-1]
        return Struct([*old.fields[:-1], (name, Change(before, now))])


class Turn(InOut):
    """A value that the call replaces by another one.

    always: also when the call fails.  addresses: also where it cannot be read.
    """

    __slots__ = ("addresses", "always", "first", "then")

    def __init__(self, first: Decoder, then: Decoder, always: bool = False,
                 addresses: bool = False) -> None:
        self.first = first
        self.then = then
        self.always = always
        self.addresses = addresses

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        v = self.first(call, word)
        return v, DONE if isinstance(v, Addr) and not self.addresses else OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if old is None or (isinstance(old, Addr) and not self.addresses) or (
                call.error and not self.always):
            return old
        new = self.then(call, word)
        if new is None or (isinstance(new, Struct) and not new.fields):
            return old
        return Change(old, new)


@kind("grow")
def _grow(b: Build, of: Param, first: Param, then: Param) -> Grow:
    name = name_of(of)
    return Grow(b.struct(name, name_of(first)), b.struct(name, name_of(then)))


@kind("amend")
def _amend(b: Build, of: Param, shape: Param) -> Amend:
    return Amend(b.struct(name_of(of), name_of(shape)))


@kind("capped")
def _capped(b: Build, of: Kind, count: Param, most: int) -> Decoder:
    """An array of which the kernel takes no more than ``most`` elements."""
    t = b.memory(of)
    get = length(count)

    def decode(call: Call, addr: int) -> Value:
        n = get(call)
        return read_array(call, t, addr, min(n, most), truncated=n > most)

    return decode


@kind("elements")
def _elements(b: Build, of: Kind, count: Param) -> Decoder:
    """A pointer in a structure to as many elements as a field says."""
    return array_of(b.memory(of), length(count))


@kind("turn")
def _turn(b: Build, of: Param, first: Param, then: Kind, always: int = 0) -> Turn:
    name = name_of(of)
    shaped = shapes.find(then.name, b.abi) is not None or is_structure(then.name, b.abi)
    after = b.struct(name, then.name) if shaped else b.memory(then)
    return Turn(pointer_to(b.struct(name, name_of(first))), pointer_to(after), always == 1,
                always == 2)


@kind("shaped")
def _shaped(b: Build, of: Param, shape: Param) -> Decoder:
    """A pointer to a structure in another shape than its own."""
    return pointer_to(b.struct(name_of(of), name_of(shape)))


@memory_kind("shape")
def _shape(b: Build, of: Param, shape: Param) -> MemType:
    """A structure in another shape than its own."""
    return b.struct(name_of(of), name_of(shape))


# -- parts of structures

@memory_kind("tail")
def _tail(b: Build, of: Kind, count: Param) -> MemType:
    """Elements that follow the structure, as many as a field says."""
    t = b.memory(of, b.ctype or None)
    get = length(count)
    return Coded(0, lambda call, data, at, addr: read_array(call, t, addr, get(call)))


@memory_kind("tail_buf")
def _tail_buf(b: Build, count: Param) -> MemType:
    """Bytes that follow the structure."""
    get = length(count)
    return Coded(0, lambda call, data, at, addr: bytes_value(call, addr, get(call)),
                 composite=False)


@memory_kind("upto")
def _upto(b: Build, of: Kind, count: Param, most: int) -> MemType:
    """The elements in use of an array in place."""
    t = b.memory(of, b.ctype or None)
    get = length(count)

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        return local_array(call, t, data, at, addr, min(max(get(call), 0), most))

    return Coded(t.size * most, read)


@memory_kind("list")
def _list(b: Build, of: Kind, count: int) -> MemType:
    """An array in place that -s cuts as it does arrays behind pointers."""
    t = b.memory(of, b.ctype or None)
    return Coded(t.size * count, lambda call, data, at, addr: local_array(
        call, t, data, at, addr, count))


def local_array(call: Call, t: MemType, data: bytes, at: int, addr: int, count: int) -> Value:
    """An array that has been read already; -s cuts it when structures are abbreviated."""
    more = call.plan.abbrev and count > call.options.string_limit
    if more:
        count = call.options.string_limit
    items = [t.read(call, data, at + i * t.size, addr + i * t.size) for i in range(count)]
    return Array([v for v in items if v is not None], more)


@memory_kind("chars_upto")
def _chars_upto(b: Build, count: Param, most: int) -> MemType:
    """A char array of which ``count`` bytes are in use."""
    get = length(count)

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        size = min(max(get(call), 0), most - 1) + 1
        return string_in(data[at:at + size])

    return Coded(most, read, composite=False)


@memory_kind("bytes_upto")
def _bytes_upto(b: Build, count: Param, most: int) -> MemType:
    """Bytes of an array in place, ``count`` of them in use."""
    get = length(count)

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        size = min(get(call) & 0xffffffff, most)
        limit = call.options.string_limit
        return Str(data[at:at + min(size, limit)], size > limit)

    return Coded(most, read, composite=False)


def terminated(call: Call, addr: int, size: int, expected: bool = False) -> Value:
    """A NUL-terminated string that has room for ``size`` bytes, cut by -s; expected: the last
    one of these is for the NUL, and not printed."""
    if not addr:
        return Addr(0)
    room = min(call.options.string_limit + 1, size)
    try:
        data, whole = call.mem.read_string(addr, room) if room else (b"", True)
    except Fault:
        return Addr(addr)
    shown = min(room, call.options.string_limit) - (expected and room == size)
    if whole and len(data) <= shown:
        return Str(data)
    return Str(data[:max(shown, 0)], bool(size))


@kind("text")
def _text(b: Build, size: int) -> Decoder:
    return lambda call, addr: terminated(call, addr, size)


@kind("u64_max")
def _u64_max(b: Build) -> Decoder:
    """Decimal, but all ones by name."""
    whole = Sym(UINT64_MAX, "UINT64_MAX", None, "d")
    return lambda call, word: whole if word == UINT64_MAX else word


@memory_kind("uuid")
def _uuid(b: Build) -> MemType:
    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        h = data[at:at + 16].hex()
        return Text(f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}")

    return Coded(16, read, composite=False)


@kind("buf_hex_at")
def _buf_hex_at(b: Build, size: Param) -> Decoder:
    """A buffer printed in hexadecimal whose size a field or number gives."""
    get = length(size)
    return lambda call, addr: bytes_value(call, addr, get(call), "x")


@kind("zero")
def _zero(b: Build) -> Decoder:
    """A field that this form of a structure does not have."""
    return lambda call, word: 0


# -- names in words of other sizes than the usual ones

@kind("hex32", "low_hex")
def _hex32(b: Build) -> Decoder:
    return lambda call, word: Hex(word & 0xffffffff)


@kind("flags8")
def _flags8(b: Build, name: Param) -> Decoder:
    return symbols_of(symbols.flags(name_of(name), b.abi, 8))


@kind("enum8")
def _enum8(b: Build, name: Param) -> Decoder:
    return symbols_of(symbols.enum(name_of(name), b.abi, 8))


@kind("enum_long")
def _enum_long(b: Build, name: Param) -> Decoder:
    return symbols_of(symbols.enum(name_of(name), b.abi, b.bits()))


@kind("low_enum")
def _low_enum(b: Build, name: Param) -> Decoder:
    """A name for the lower half of a word."""
    e = symbols.enum(name_of(name), b.abi, 32)
    if e.fmt == "d":
        return lambda call, word: e.sym(((word & 0xffffffff) ^ 1 << 31) - (1 << 31))
    return lambda call, word: e.sym(word & 0xffffffff)


def symbols_of(names: symbols.Enum | symbols.Flags) -> Decoder:
    """The decoder of a set."""
    return lambda call, word: names.sym(word)


@kind("chars_at")
def _chars_at(b: Build, size: int) -> Decoder:
    """A pointer to a char array."""
    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, size)
        return Addr(addr) if data is None else string_in(data)

    return decode
