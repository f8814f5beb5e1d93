"""Memory layout of the structures of `sysnames.structs` on each ABI.

    layout("timespec", "arm").pack(5, 0)            # b"\\5\\0\\0\\0\\0\\0\\0\\0"
    layout("stat", "i386").pack_dict({"st_mode": 0o100644, "st_size": 5})
    layout("iovec", "aarch64").unpack(data)         # (base, length)

All ABIs are little-endian.  Natural alignment, but i386 aligns 8-byte types to 4 (System V ABI,
Intel386 supplement).
"""
from __future__ import annotations

import re
import struct
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from .abis import ALIGN8, UNSIGNED_CHAR, WORD
from .kinds import CTYPES, DEFAULT
from .lookup import is_structure, structure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .row import Item, Kind

_CODES = {  # of `struct`
    "char": "b", "uchar": "B", "short": "h", "ushort": "H", "int": "i", "uint": "I",
    "s64": "q", "u64": "Q",
}  # fmt: skip
_CODES64 = {**_CODES, "long": "q", "ulong": "Q", "ptr": "Q"}
_CODES32 = {**_CODES, "long": "i", "ulong": "I", "ptr": "I"}
_SIZES = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "q": 8, "Q": 8}


class LayoutError(ValueError):
    """A structure row that has no layout."""


class Field(NamedTuple):
    """One field: where it is and how `struct` reads it."""

    name: str
    offset: int
    size: int  # bytes, of all elements
    align: int
    format: str  # of the whole field, in the codes of `struct`
    values: int  # how many values the format stands for
    kind: Kind | None  # None for an element inside a nested structure's field
    nested: Layout | None


class Layout:
    """The layout of one structure on one ABI.

    `pack` takes one argument for each value in memory order, the values of nested structures
    and arrays flattened, padding left out; `values` are their names (``it_value.tv_sec``,
    ``loads[0]``).  Integers are cut to their C types, as an assignment in C does; `pack_exact`
    raises struct.error for those that do not fit.  `unpack` reads the values from bytes at
    least `size` long, and raises struct.error for fewer.
    """

    __slots__ = (
        "_struct", "abi", "align", "fields", "format", "name", "pack_exact", "size", "unpack",
        "values",
    )  # fmt: skip

    def __init__(self, name: str, abi: str, size: int, align: int,
                 fields: tuple[Field, ...]) -> None:
        self.name = name
        self.abi = abi
        self.size = size
        self.align = align
        self.fields = fields
        self.values = tuple(_value_names(fields))
        self.format = _format(fields, size)
        self._struct = struct.Struct("<" + self.format)
        self.pack_exact: Callable[..., bytes] = self._struct.pack
        self.unpack: Callable[[bytes], tuple[Any, ...]] = self._struct.unpack_from

    def pack(self, *values: int | bytes) -> bytes:
        """The structure's bytes.  Raises struct.error for too few or too many values."""
        try:
            return self.pack_exact(*values)
        except struct.error:
            return self.pack_exact(*self._cut(values))

    def _cut(self, values: Sequence[int | bytes]) -> list[int | bytes]:
        """The values, integers cut to their C types."""
        codes: list[str] = []
        for count, code in re.findall(r"(\d*)([a-zA-Z])", self.format):
            if code == "s":
                codes.append(code)
            elif code != "x":
                codes += code * int(count or 1)
        cut: list[Any] = []
        value: Any
        for value, code in zip_longest(values, codes, fillvalue=""):
            if isinstance(value, int) and code in _SIZES:
                bits = 8 * _SIZES[code]
                value &= (1 << bits) - 1
                if code.islower() and value >> bits - 1:
                    value -= 1 << bits
            cut.append(value)
        return cut[:len(values)]

    def pack_dict(self, values: Mapping[str, int | bytes]) -> bytes:
        """Pack by value name; what is not given is zero.  Raises KeyError for an unknown name."""
        unknown = values.keys() - set(self.values)
        if unknown:
            raise KeyError(f"{self.name} has no {sorted(unknown)}")
        data = bytearray(self.size)
        blank = self._struct.unpack_from(data)
        return self.pack(*(values.get(name, old) for name, old in zip(self.values, blank)))

    def unpack_dict(self, data: bytes) -> dict[str, int | bytes]:
        """The values of a structure in memory, by name."""
        return dict(zip(self.values, self.unpack(data)))

    def offset(self, name: str) -> int:
        """The offset of a field, also of a nested one (``a.b``).  Raises KeyError."""
        head, _, rest = name.partition(".")
        for field in self.fields:
            if field.name == head:
                if not rest:
                    return field.offset
                if field.nested is not None:
                    return field.offset + field.nested.offset(rest)
        raise KeyError(name)


def _value_names(fields: Iterable[Field]) -> Iterable[str]:
    for field in fields:
        if field.name.startswith("_") or not field.values:
            continue
        inner = field.nested.values if field.nested is not None else ("",)
        count = field.values // len(inner)
        for index in range(count):
            prefix = field.name if field.values == len(inner) else f"{field.name}[{index}]"
            for value in inner:
                yield f"{prefix}.{value}" if value else prefix


def _format(fields: Iterable[Field], size: int) -> str:
    parts: list[str] = []
    pos = 0
    for field in fields:
        if field.name.startswith("_"):
            continue
        if field.offset > pos:
            parts.append(f"{field.offset - pos}x")
        parts.append(field.format)
        pos = field.offset + field.size
    if size > pos:
        parts.append(f"{size - pos}x")
    return "".join(parts)


# Kinds of bytes in place and their sizes; 0: the last parameter.
_IN_PLACE = {"uuid": 16, "chars_upto": 0, "bytes_upto": 0, "hardware_address": 0,
             "typed_address": 0, "hex_string": 0, "hex_string_upto": 0, "nonzero_bytes": 0,
             "inet_sockid": 48}


class _Shape(NamedTuple):
    size: int
    align: int
    format: str
    values: int
    nested: Layout | None = None


def type_code(ctype: str, abi: str) -> str:
    """The code of `struct` for a C type on an ABI; LayoutError when there is no such type.

    A plain char has no sign in the ABIs of ARM (AAPCS).
    """
    if ctype == "char" and abi in UNSIGNED_CHAR:
        return "B"
    code = (_CODES64 if WORD[abi] == 8 else _CODES32).get(ctype)
    if code is None:
        raise LayoutError(f"unknown C type {ctype}")
    return code


def _scalar(ctype: str, abi: str) -> _Shape:
    code = type_code(ctype, abi)
    size = _SIZES[code]
    return _Shape(size, ALIGN8[abi] if size == 8 else size, code, 1)


def _count(kind: Kind, index: int) -> int:
    if len(kind.params) > index:
        number = kind.params[index]
        if isinstance(number, int):
            return number
    raise LayoutError(f"a number is missing in {kind}")


def _shape(kind: Kind, ctype: str | None, abi: str) -> _Shape:
    name = kind.name
    if name in ("chars", "bytes"):
        size = _count(kind, 0)
        return _Shape(size, 1, f"{size}s", 1)
    if name in _IN_PLACE:
        size = _IN_PLACE[name] or _count(kind, len(kind.params) - 1)
        return _Shape(size, 1, f"{size}s", 1)
    if name == "sigset":
        size = _count(kind, 0)
        return _Shape(size, _scalar("ulong", abi).align, "Q" if size == 8 else "I", 1)
    if name in ("array", "list", "upto", "indexed"):
        inner = kind.params[0]
        if isinstance(inner, int):
            raise LayoutError(f"no kind in {kind}")
        one = _shape(inner, ctype, abi)
        n = _count(kind, len(kind.params) - 1)
        return _Shape(one.size * n, one.align, one.format * n, one.values * n, one.nested)
    if ctype is None and name == "struct":
        inner = kind.params[0]
        if isinstance(inner, int):
            raise LayoutError(f"no name in {kind}")
        return _shape(inner, None, abi)
    if ctype is None and name not in CTYPES:
        if not is_structure(name, abi):
            raise LayoutError(f"{name} is neither a structure nor a kind with a C type")
        nested = layout(name, abi)
        return _Shape(nested.size, nested.align, nested.format, len(nested.values), nested)
    return _scalar(ctype or CTYPES.get(name, DEFAULT), abi)


def _field(item: Item, pos: int, packed: bool, abi: str) -> Field:
    shape = _shape(item.kind, item.ctype, abi)
    align = 1 if packed else shape.align
    offset = -(-pos // align) * align
    return Field(item.name, offset, shape.size, align, shape.format, shape.values, item.kind,
                 shape.nested)


_cache: dict[tuple[str, str], Layout] = {}


def layout(name: str, abi: str) -> Layout:
    """The layout of a structure on an ABI.

    Raises KeyError for an unknown structure or ABI, LayoutError for a row without a layout.
    """
    found = _cache.get((name, abi))
    if found is not None:
        return found
    row = structure(name, abi)
    packed = "packed" in row.classes
    fields: list[Field] = []
    pos = 0
    align = 1
    for item in row.items:
        field = _field(item, pos, packed, abi)
        fields.append(field)
        pos = field.offset + field.size
        align = max(align, field.align)
    size = -(-pos // align) * align
    result = _cache[name, abi] = Layout(name, abi, size, align, tuple(fields))
    return result
