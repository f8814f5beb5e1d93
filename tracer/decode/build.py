"""From kinds to decoders: how rows become code that runs once per call.

A kind is used in two places: as an argument (a register's word) and in memory (a structure's
field, an array's element, what a pointer points to).  A *decoder* turns a word into a value; a
``MemType`` turns bytes into one.  A kind whose value is a number needs only a decoder and gets
its ``MemType`` from its C type; kinds that are no numbers (structures, ``chars``) register
one with ``@memory_kind``.
"""
from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sysnames.abis import WORD
from sysnames.kinds import CTYPES, DEFAULT
from sysnames.layout import layout, type_code
from sysnames.lookup import is_structure, structure
from sysnames.row import Kind
from tracer.decode import shapes
from tracer.decode.call import Call, Decoder
from tracer.decode.conditions import compile_condition
from tracer.decode.values import NO_MORE, Addr, Array, Struct
from tracer.errors import Fault

if TYPE_CHECKING:
    from sysnames.row import Item, Param
    from tracer.decode.conditions import Condition
    from tracer.decode.values import Value

NULL = Addr(0)

DONE, OPEN, LATER, QUIET = range(4)


class InOut:
    """A decoder for an argument that may be printed at entry, at exit, or at both.

    ``enter`` returns the value known at entry and one of: DONE, the value is final; OPEN, it is
    printed now and ``leave`` completes it; LATER, nothing is printed before exit but the comma
    (the value is kept for ``leave`` all the same); QUIET, not even that.  ``leave`` gets what
    ``enter`` returned; the text of its result must start with that value's text in the case of
    OPEN.
    """

    __slots__ = ()

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        """At entry."""
        return None, LATER

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        """At exit."""
        raise NotImplementedError

    def __call__(self, call: Call, word: int) -> Value | None:
        """As a plain decoder, without memory of the entry."""
        if call.exiting:
            return self.leave(call, word, None)
        return self.enter(call, word)[0]


class MemType:
    """A type in guest memory.

    size: bytes.  composite: its value prints with brackets of its own, so that a pointer to it
    adds none.
    """

    __slots__ = ("composite", "size")

    size: int
    composite: bool

    def read(self, call: Call, data: bytes, at: int, address: int) -> Value | None:
        """The value at ``data[at:]``; address is the guest address of ``data[at]``."""
        raise NotImplementedError


class Scalar(MemType):
    """A number in memory and the decoder of its kind."""

    __slots__ = ("decoder", "unpack")

    def __init__(self, packer: struct.Struct, decoder: Decoder) -> None:
        self.size = packer.size
        self.composite = False
        self.unpack = packer.unpack_from
        self.decoder = decoder

    def read(self, call: Call, data: bytes, at: int, address: int) -> Value | None:
        return self.decoder(call, self.unpack(data, at)[0])


class Coded(MemType):
    """A type decoded by a function ``read(call, data, at, address)``."""

    __slots__ = ("function",)

    def __init__(self, size: int, function: Callable[[Call, bytes, int, int], Value | None],
                 composite: bool = True) -> None:
        self.size = size
        self.function = function
        self.composite = composite

    def read(self, call: Call, data: bytes, at: int, address: int) -> Value | None:
        return self.function(call, data, at, address)


class SizedType(Coded):
    """A type whose size an argument gives: a pointer to it decodes in a way of its own."""

    __slots__ = ()

    def pointer(self) -> Decoder:
        """The decoder of a pointer to it."""
        raise NotImplementedError


class Frame(Call):
    """The inside of a structure: names are fields first, then what encloses it."""

    __slots__ = ("address", "at", "data", "layout", "outer")

    def __init__(self, outer: Call, layout: dict[str, tuple[int, Callable[..., Any]]],
                 data: bytes, at: int, address: int) -> None:
        self.outer = outer
        self.layout = layout
        self.data = data
        self.at = at
        self.address = address
        self.task = outer.task
        self.abi = outer.abi
        self.name = outer.name
        self.mem = outer.mem
        self.options = outer.options
        self.words = outer.words
        self.plan = outer.plan
        self.exiting = outer.exiting
        self.result = outer.result
        self.error = outer.error
        self.memo = outer.memo

    def by_name(self, name: str) -> int:
        field = self.layout.get(name)
        if field is None:
            return self.outer.by_name(name)
        offset, unpack = field
        n: int = unpack(self.data, self.at + offset)[0]
        return n


class StructType(MemType):
    """A structure of ``sysnames.structs``."""

    __slots__ = ("conditions", "fields", "layout", "more", "needs_frame")

    def __init__(self, size: int, fields: list[tuple[str, int, MemType]],
                 layout: dict[str, tuple[int, Callable[..., Any]]], more: bool,
                 needs_frame: bool, conditions: list[Condition | None] | None = None) -> None:
        self.size = size
        self.composite = True
        self.fields = fields
        self.layout = layout
        self.more = more
        self.needs_frame = needs_frame
        self.conditions = conditions

    def frame(self, call: Call, data: bytes, address: int, at: int = 0) -> Call:
        """The call as the fields see it."""
        return Frame(call, self.layout, data, at, address) if self.needs_frame else call

    def read(self, call: Call, data: bytes, at: int, address: int) -> Struct:
        if self.needs_frame:
            call = Frame(call, self.layout, data, at, address)
        out: list[tuple[str, Value]] = []
        if self.conditions is not None:
            return self._read_some(call, data, at, address, self.conditions)
        for name, offset, kind in self.fields:
            v = kind.read(call, data, at + offset, address + offset)
            if v is not None:
                out.append((name, v))
        return Struct(out, self.more)

    def _read_some(self, call: Call, data: bytes, at: int, address: int,
                   conditions: list[Condition | None]) -> Struct:
        """The fields whose conditions hold."""
        out: list[tuple[str, Value]] = []
        for (name, offset, kind), condition in zip(self.fields, conditions):
            if condition is None or condition(call, data, at):
                if name == "...":
                    out.append(("", NO_MORE))
                    continue
                v = kind.read(call, data, at + offset, address + offset)
                if v is not None:
                    out.append((name, v))
        return Struct(out, self.more)


class Build:
    """What factories build with: the ABI, the call's options, and other kinds.

    ctype: the C type of the item being built.  abbrev, verbose: the user's options for this
    call.
    """

    def __init__(self, abi: str, name: str, options: Any) -> None:
        self.abi = abi
        self.name = name
        self.options = options
        self.abbrev: bool = options.abbreviated(name)
        self.verbose: bool = options.verbose(name)
        self.long = WORD[abi]
        self.ctype = "ulong"
        self.direction = "in"
        self.missing: set[str] = set()
        self.shared: dict[str, Any] = {}    # what the arguments of this call share

    # -- words

    def bits(self, ctype: str | None = None) -> int:
        """The width of a C type (default: of the item being built)."""
        return self.packer(ctype or self.ctype).size * 8

    def packer(self, ctype: str) -> struct.Struct:
        """The packer of a C type."""
        return struct.Struct("<" + type_code(ctype, self.abi))

    def decoder(self, kind: Kind, ctype: str | None = None, direction: str = "in") -> Decoder:
        """The decoder of an argument of this kind; a kind that has none prints as an address."""
        from tracer.decode.kinds import factory

        make = factory(kind.name)
        if make is None:
            self.missing.add(kind.name)
            return address
        saved = self.ctype, self.direction
        self.ctype = ctype or CTYPES.get(kind.name, DEFAULT)
        self.direction = direction
        try:
            made: Decoder = make(self, *kind.params)
            return made
        finally:
            self.ctype, self.direction = saved

    # -- memory

    def pointer_field(self, decoder: Decoder) -> MemType:
        """A pointer in memory and what decodes the address."""
        return Scalar(self.packer("ptr"), decoder)

    def memory(self, kind: Kind, ctype: str | None = None) -> MemType:
        """The type in memory of this kind."""
        from tracer.decode.kinds import memory_factory

        name = kind.name
        make = memory_factory(name)
        if make is not None:
            saved = self.ctype
            self.ctype = ctype or ""
            try:
                made: MemType = make(self, *kind.params)
            finally:
                self.ctype = saved
            return made
        if name == "struct" and isinstance(kind.params[0], Kind):
            return self.struct(kind.params[0].name)
        if ctype is None and name not in CTYPES and is_structure(name, self.abi):
            return self.struct(name)
        c = ctype or CTYPES.get(name, DEFAULT)
        return Scalar(self.packer(c), self.decoder(kind, c))

    def struct(self, name: str, shape_name: str = "") -> StructType:
        """A structure by its name in ``sysnames.structs``, printed in the order and by the
        kinds of ``tracer.decode.shapes`` where that has something to say.

        shape_name: another shape than that of the structure's name.
        """
        known = layout(name, self.abi)
        items = {i.name: i for i in structure(name, self.abi).items}
        offsets = {f.name: f.offset for f in known.fields}
        shape = shapes.find(shape_name or name, self.abi)
        wanted: list[tuple[str, str, Kind, str | None, bool, str]]
        if shape is None:
            wanted = [(i.name, i.name, i.kind, i.ctype, i.marked, "") for i in items.values()
                      if not i.name.startswith("_")]
        else:
            wanted = [self._part(part, items) for part in shape]
        marked = [w for w in wanted if w[4]]
        shown = marked if marked and self.abbrev else wanted
        fields = [(printed, offsets.get(field, 0), self.memory(kind, ctype))
                  for printed, field, kind, ctype, _, _ in shown]
        conditions = None
        if any(w[5] or w[0] == "..." for w in shown):
            places = {f.name: (f.offset, f.size) for f in known.fields}
            conditions = [compile_condition(w[5], places) if w[5] else None for w in shown]
        scalars = {}
        for f in known.fields:
            if f.values == 1 and f.nested is None and f.format[-1] != "s":
                packer = struct.Struct("<" + f.format)
                scalars[f.name] = f.offset, packer.unpack_from
        frame = any(_refers(p, set(offsets)) for w in shown for p in w[2].params)
        return StructType(known.size, fields, scalars, len(shown) < len(wanted), frame,
                          conditions)

    def _names_structure(self, name: str) -> bool:
        """Whether a kind is a structure's name; the tables of rare ones are asked last."""
        from tracer.decode.kinds import INDEX

        return name not in CTYPES and name not in INDEX and is_structure(name, self.abi)

    def _part(self, part: shapes.Part, items: dict[str, Item]
              ) -> tuple[str, str, Kind, str | None, bool, str]:
        """A printed field: name, field, kind, C type, whether marked, condition."""
        if part.name == "...":
            return "...", "...", Kind("none"), None, part.marked, part.condition
        item = items[part.field]
        kind, ctype = part.kind or item.kind, part.ctype or item.ctype
        if part.kind is not None and ctype is None and item.kind.name not in _STORAGE:
            # the layout is that of the structure's own kind
            ctype = CTYPES.get(item.kind.name)
        if part.kind is not None and part.ctype is None and self._names_structure(kind.name):
            ctype = None
        return part.name, part.field, kind, ctype, part.marked, part.condition


# kinds of fields that only keep room for what another kind prints
_STORAGE = frozenset(("bytes", "chars", "array", "list"))


def _refers(param: Param, names: set[str]) -> bool:
    if isinstance(param, int):
        return False
    return param.name in names or any(_refers(p, names) for p in param.params)


def address(call: Call, word: int) -> Value:
    """The decoder of addresses, and of what cannot be decoded further."""
    return Addr(word)


def name_of(param: Param) -> str:
    """A parameter that names an item or a set."""
    if isinstance(param, int):
        raise TypeError(f"name expected, not {param}")
    return param.name


def length(param: Param) -> Callable[[Call], int]:
    """A parameter that is a length: a number, or the name of an item; -1 for the result of a
    call that failed."""
    if isinstance(param, int):
        n = param
        return lambda call: n
    name = param.name
    if name == "ret":
        return lambda call: -1 if call.error else call.result
    return lambda call: call.by_name(name)


def fetch(call: Call, addr: int, size: int) -> bytes | None:
    """Guest memory, or None when it is not to be read or cannot be: then an address is printed.

    As strace, nothing is read for NULL, with ``-e verbose=none``, or after a failed call.
    """
    if not addr or (call.exiting and call.error) or not call.plan.verbose:
        return None
    try:
        return call.mem.read(addr, size)
    except Fault:
        return None


def fetch_always(call: Call, addr: int, size: int) -> bytes | None:
    """Like ``fetch``, but whatever became of the call."""
    if not addr or not call.plan.verbose:
        return None
    try:
        return call.mem.read(addr, size)
    except Fault:
        return None


def pointer_to(kind: MemType) -> Decoder:
    """The decoder of a pointer to one value."""
    size, read, composite = kind.size, kind.read, kind.composite

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, size)
        if data is None:
            return Addr(addr)
        v = read(call, data, 0, addr)
        if v is None:
            return Addr(addr)
        return v if composite else Array([v])

    return decode


def read_array(call: Call, kind: MemType, addr: int, count: int,
               get: Callable[[Call, int, int], bytes | None] = fetch,
               truncated: bool = False, limit: int | None = None) -> Value:
    """An array in guest memory, with strace's rules for NULL, overlong and partial ones.

    truncated: there is more behind it that is not shown.  limit: elements printed (default -s,
    when structures are abbreviated).
    """
    if not addr:
        return NULL
    if count < 0:
        return Addr(addr)
    if not count:
        return Array([], more=truncated)
    size = kind.size
    total = count * size
    top = 1 << 8 * WORD[call.abi]
    if addr + total > top or total >= top:
        return Addr(addr)
    if limit is None:
        limit = call.options.string_limit if call.plan.abbrev else count
    shown = min(count, limit)
    more = truncated or shown < count
    items: list[Value] = []
    data = get(call, addr, shown * size) if shown else b""
    if data is not None:
        for at in range(0, shown * size, size):
            v = kind.read(call, data, at, addr + at)
            if v is not None:
                items.append(v)
                if v is NO_MORE:
                    return Array(items)
        if shown < count and get(call, addr + shown * size, size) is None:
            # the element behind the limit is looked at before the dots are printed
            if not shown:
                return Addr(addr)
            return Array(items, broken=addr + shown * size)
        return Array(items, more)
    for at in range(0, shown * size, size):
        piece = get(call, addr + at, size)
        if piece is None:
            return Array(items, broken=addr + at) if at else Addr(addr)
        v = kind.read(call, piece, 0, addr + at)
        if v is not None:
            items.append(v)
            if v is NO_MORE:
                return Array(items)
    return Array(items, more)


def array_of(kind: MemType, count: Callable[[Call], int], most: int | None = None) -> Decoder:
    """The decoder of a pointer to an array; one of more than ``most`` elements is not read."""
    if most is not None:
        limit = most
        return lambda call, addr: (Addr(addr) if count(call) > limit else
                                   read_array(call, kind, addr, count(call)))
    return lambda call, addr: read_array(call, kind, addr, count(call))
