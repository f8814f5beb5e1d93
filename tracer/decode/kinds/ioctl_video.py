"""Arguments of ioctls of video devices that a row cannot say."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    OPEN,
    Build,
    Coded,
    InOut,
    MemType,
    fetch,
    fetch_always,
    name_of,
    pointer_to,
    read_array,
)
from tracer.decode.call import Call, kind, memory_kind, result_kind
from tracer.decode.kinds.basic import bytes_value
from tracer.decode.kinds.forms import Turn
from tracer.decode.values import (
    Addr,
    Array,
    CallValue,
    Change,
    Comment,
    Either,
    Hex,
    Join,
    Struct,
    Sym,
    Text,
)

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import StructType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

_TIMESTAMP_MASK, _SOURCE_MASK = 0xe000, 0x70000
_CLASS_SIZE = 0x10000


@kind("kernel_version")
def _kernel_version(b: Build) -> Decoder:
    return lambda call, word: Either(Hex(word), CallValue(
        "KERNEL_VERSION", [word >> 16, word >> 8 & 0xff, word & 0xff]))


def _quoted(c: int) -> Text:
    if 32 <= c < 127:
        return Text("'" + ("\\" if chr(c) in "'\\" else "") + chr(c) + "'")
    return Text(f"'\\x{c:02x}'")


@kind("pixel_format")
def _pixel_format(b: Build, set_name: Param) -> Decoder:
    """Four characters, and the name of the format they stand for."""
    names = symbols.enum(name_of(set_name), b.abi).names

    def decode(call: Call, word: int) -> Value:
        if call.options.xlat == "raw":
            return Hex(word)
        code = CallValue("v4l2_fourcc", [_quoted(c) for c in word.to_bytes(4, "little")])
        name = names.get(word)
        return code if name is None else Comment(code, name)

    return decode


@memory_kind("fraction")
def _fraction(b: Build) -> MemType:
    return Coded(8, lambda call, data, at, addr: Text(
        f"{int.from_bytes(data[at:at + 4], 'little')}/"
        f"{int.from_bytes(data[at + 4:at + 8], 'little')}"), composite=False)


@kind("v4l2_buffer_flags")
def _buffer_flags(b: Build) -> Decoder:
    flags = symbols.flags("v4l2_buf_flags", b.abi, 32)
    types = symbols.enum("v4l2_buf_flags_ts_type", b.abi)
    sources = symbols.enum("v4l2_buf_flags_ts_src", b.abi)

    def decode(call: Call, word: int) -> Value:
        if call.options.xlat == "raw":
            return Hex(word)
        parts: list[Value] = []
        rest = word & ~_TIMESTAMP_MASK & ~_SOURCE_MASK
        if rest:
            parts.append(flags.sym(rest))
        return Join([*parts, types.sym(word & _TIMESTAMP_MASK), sources.sym(word & _SOURCE_MASK)])

    return decode


class _Format(Turn):
    """A format that is set; one that has a list which cannot be read is final."""

    __slots__ = ()

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        value, state = super().enter(call, word)
        if not isinstance(value, Struct):
            return value, state
        inner = value.fields[1][1] if len(value.fields) > 1 else None
        if not isinstance(inner, Struct):
            return value, DONE
        clips = dict(inner.fields).get("clips")
        whole = clips is None or (isinstance(clips, Array) and bool(clips.items)
                                  and clips.broken is None)
        return value, state if whole else DONE


@kind("v4l2_set_format")
def _set_format(b: Build) -> InOut:
    return _Format(pointer_to(b.struct("v4l2_format")),
                   pointer_to(b.struct("v4l2_format", "v4l2_format.fmt")))


# -- controls

def control_id(abi: str, n: int, following: bool = False) -> Value:
    """A control's name, or its class and the distance; flags of what follows it before."""
    parts: list[Value] = []
    if following:
        flags = symbols.flags("v4l2_control_query_flags", abi, 32)
        mask = 0
        for value in symbols.numbers("v4l2_control_query_flags", abi).values():
            mask |= value
        if n & mask:
            parts.append(flags.sym(n & mask))
            n &= ~mask
    text = symbols.enum("v4l2_control_ids", abi).names.get(n)
    if text is None:
        classes = {v: k for k, v in symbols.numbers("v4l2_control_classes", abi).items()}
        below = [v for v in classes if v <= n]
        if below and n - max(below) < _CLASS_SIZE:
            rest = n - max(below)
            text = f"{classes[max(below)]}+{hex(rest) if rest else 0}"
    sym = Sym(n, text, "V4L2_CID_???")
    return Join([*parts, sym]) if parts else sym


@kind("v4l2_cid")
def _cid(b: Build) -> Decoder:
    abi = b.abi
    return lambda call, word: control_id(abi, word)


@kind("v4l2_next_cid")
def _next_cid(b: Build) -> Decoder:
    abi = b.abi
    return lambda call, word: (Hex(word) if call.options.xlat == "raw" else
                               control_id(abi, word, True))


class _Query(InOut):
    """A control is asked for, perhaps the next one; what is found has its identifier."""

    __slots__ = ("abi", "identifier", "type")

    def __init__(self, b: Build, name: str) -> None:
        self.abi = b.abi
        self.type = b.struct(name)
        self.identifier = _next_cid(b)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, self.type.size)
        if data is None:
            return Addr(word), DONE
        n = int.from_bytes(data[:4], "little")
        if call.memo is None:
            call.memo = {}
        call.memo[self] = n
        value = self.identifier(call, n)
        assert value is not None
        return Struct([("id", value)], open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        data = fetch(call, word, self.type.size)
        if data is None or call.memo is None:
            return Struct(old.fields)
        n = int.from_bytes(data[:4], "little")
        value = old.fields[0][1]
        if n != call.memo[self]:
            new = Hex(n) if call.options.xlat == "raw" else control_id(self.abi, n)
            value = Change(value, new)
        found = self.type.read(call, data, 0, word)
        return Struct([("id", value), *found.fields], found.more)


@kind("v4l2_query")
def _query(b: Build, name: Param) -> InOut:
    return _Query(b, name_of(name))


class _Controls(InOut):
    """struct v4l2_ext_controls: several controls at once."""

    __slots__ = ("control", "get", "type")

    def __init__(self, b: Build, get: bool) -> None:
        self.get = get
        self.type: StructType = b.struct("v4l2_ext_controls")
        names = symbols.enum("v4l2_control_ids", b.abi)
        pointer = b.long

        def control(call: Call, data: bytes, at: int, addr: int) -> Value:
            id_, size = (int.from_bytes(data[at + i:at + i + 4], "little") for i in (0, 4))
            fields: list[tuple[str, Value]] = [("id", names.sym(id_)), ("size", size)]
            union = data[at + 12:at + 20]
            if size:
                text = bytes_value(call, int.from_bytes(union[:pointer], "little"), size)
                fields.append(("string", text))
            else:
                fields += [("value", int.from_bytes(union[:4], "little", signed=True)),
                           ("value64", int.from_bytes(union, "little", signed=True))]
            return Struct(fields)

        self.control = Coded(20, control)

    def controls(self, call: Call, data: bytes) -> Value:
        number = {name: unpack(data, at)[0] for name, (at, unpack) in self.type.layout.items()}
        return read_array(call, self.control, number["controls"], number["count"], fetch_always)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, self.type.size)
        if data is None:
            return Addr(word), DONE
        fields = self.type.read(call, data, 0, word).fields[:2]
        if not fields[1][1]:
            return Struct(fields), DONE
        if self.get:
            return Struct(fields, open=True), OPEN
        controls = self.controls(call, data)
        whole = isinstance(controls, Array) and controls.broken is None
        return Struct([*fields, ("controls", controls)], open=whole), OPEN if whole else DONE

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        data = fetch_always(call, word, self.type.size)
        before = Struct(old.fields)
        if data is None:
            return before
        fields: list[tuple[str, Value]] = [("controls", self.controls(call, data))]
        if call.error:
            fields.append(("error_idx", int.from_bytes(data[8:12], "little")))
        return Struct([*old.fields, *fields]) if self.get else Change(before, Struct(fields))


@kind("v4l2_controls")
def _controls(b: Build, get: int) -> InOut:
    return _Controls(b, bool(get))


@result_kind("created_buffers")
def _created_buffers(b: Build) -> object:
    """VIDIOC_CREATE_BUFS: the index and number of the buffers made."""
    size = b.struct("v4l2_create_buffers").size

    def decode(call: Call) -> tuple[Value, Value | None]:
        data = None if call.error else fetch(call, call.by_name("arg"), size)
        if data is None:
            return call.result, None
        index, count = (int.from_bytes(data[i:i + 4], "little") for i in (0, 4))
        return call.result, Struct([("index", index), ("count", count)])

    return decode
