"""Arguments of ioctls of consoles and keyboards."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    NULL,
    OPEN,
    Build,
    Coded,
    InOut,
    MemType,
    fetch,
    fetch_always,
    length,
    read_array,
)
from tracer.decode.call import Call, kind, memory_kind
from tracer.decode.kinds.basic import bytes_value
from tracer.decode.kinds.forms import UNAVAILABLE, terminated
from tracer.decode.values import (
    Addr,
    CallValue,
    Change,
    Comment,
    Hex,
    Str,
    Struct,
    Sym,
    Text,
)
from tracer.errors import Fault

if TYPE_CHECKING:
    from sysnames.row import Kind, Param
    from tracer.decode.build import StructType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

TICK_RATE = 1193182         # of the timer that makes the sound, Hz
MAX_DIACRITICS = 256
UNI_DIRECT_BASE, UNI_DIRECT_MASK = 0xf000, 0x1ff
ENOMEM = 12
_FIRST_PORT, _LAST_PORT = 0x3b4, 0x3df
_LATIN, _META, _LETTER, _DEAD2 = 0, 8, 11, 13
_KEYS = {1: "fn", 2: "spec", 3: "pad", 4: "dead", 6: "cur", 7: "shift", 9: "ascii", 10: "lock",
         12: "slock", 14: "brl"}


def character(c: int, spaces: bool = True) -> Text:
    """A character in quotes, escaped as in C."""
    if 32 <= c < 127:
        return Text("'" + ("\\" if chr(c) in "'\\" else "") + chr(c) + "'")
    if spaces and 9 <= c <= 13:
        return Text("'\\" + "tnvfr"[c - 9] + "'")
    return Text(f"'\\x{c:02x}'")


def _unless_raw(call: Call, value: Value, text: str | Value) -> Value:
    return value if call.options.xlat == "raw" else Comment(value, text)


@kind("sound")
def _sound(b: Build) -> Decoder:
    def decode(call: Call, word: int) -> Value:
        frequency = TICK_RATE // word if word else 0
        return _unless_raw(call, word, f"{frequency} Hz" if frequency else "off")

    return decode


@kind("tone")
def _tone(b: Build) -> Decoder:
    def decode(call: Call, word: int) -> Value:
        ticks, count = word >> 16 & 0xffff, word & 0xffff
        frequency = TICK_RATE // count if ticks and count else 0
        value: Value = Text(f"{ticks}<<16|{count}" if ticks else f"{count}")
        return _unless_raw(call, value, f"{frequency} Hz, {ticks} ms" if frequency else "off")

    return decode


@kind("vga_port")
def _vga_port(b: Build) -> Decoder:
    def decode(call: Call, word: int) -> Value:
        if _FIRST_PORT <= word <= _LAST_PORT:
            return _unless_raw(call, Hex(word), f"GPFIRST + {word - _FIRST_PORT}")
        return Hex(word)

    return decode


@kind("low_uchar")
def _low_uchar(b: Build, of: Kind) -> Decoder:
    """A kind that counts for the lowest byte only."""
    inner = b.decoder(of, "uchar")
    return lambda call, word: inner(call, word & 0xff)


@kind("high_signal")
def _high_signal(b: Build) -> Decoder:
    from sysnames.row import Kind as RowKind

    signal = b.decoder(RowKind("signal"))
    return lambda call, word: signal(call, word) if word < 0x7fffffff else word


@kind("unicode_map")
def _unicode_map(b: Build) -> Decoder:
    """What characters of a screen map stand for."""
    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        n = int.from_bytes(data[at:at + 2], "little")
        if n & ~UNI_DIRECT_MASK != UNI_DIRECT_BASE:
            return Hex(n)
        return Sym(n, f"UNI_DIRECT_BASE+{hex(n & UNI_DIRECT_MASK) if n & UNI_DIRECT_MASK else 0}")

    element = Coded(2, read)
    return lambda call, addr: read_array(call, element, addr, 256)


# -- keyboards

class _KeyEntry(InOut):
    """struct kbentry; the value is read at exit (KDGKBENT) or at entry."""

    __slots__ = ("get", "keymaps", "tables", "types", "values")

    def __init__(self, b: Build, get: bool) -> None:
        self.get = get
        self.tables = symbols.enum("kd_key_tables", b.abi)
        self.keymaps = symbols.flags("kd_keymap_flags", b.abi, 8)
        self.types = symbols.enum("kd_key_types", b.abi)
        self.values = {n: symbols.enum(f"kd_key_{name}_keys", b.abi).names
                       for n, name in _KEYS.items()}

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, 2)
        if data is None:
            return Addr(word), DONE
        table = self.tables.sym(data[0])
        if table.text is None:
            table = self.keymaps.sym(data[0])
        fields: list[tuple[str, Value]] = [("kb_table", table), ("kb_index", data[1])]
        if self.get:
            return Struct(fields, open=True), OPEN
        return Struct([*fields, self.value(call, word)]), DONE

    def value(self, call: Call, word: int) -> tuple[str, Value]:
        data = fetch(call, word + 2, 2)
        if data is None:
            return "kb_value", UNAVAILABLE
        n = int.from_bytes(data, "little")
        kind_, low = n >> 8, n & 0xff
        text = self.values.get(kind_, {}).get(n)
        if text is not None:
            return "kb_value", _unless_raw(call, Hex(n), text)
        name = self.types.names.get(kind_)
        what: Value = Text(name) if name is not None else Hex(kind_)
        last: Value = character(low) if kind_ in (_LATIN, _META, _LETTER, _DEAD2) else Hex(low)
        return "kb_value", _unless_raw(call, Hex(n), CallValue("K", [what, last]))

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        more = [] if call.error else [self.value(call, word)]
        return Struct([*old.fields, *more])


@kind("key_entry")
def _key_entry(b: Build, get: int) -> InOut:
    return _KeyEntry(b, bool(get))


class _KeyString(InOut):
    """struct kbsentry: a function key and its string."""

    __slots__ = ("functions", "get")

    def __init__(self, b: Build, get: bool) -> None:
        self.get = get
        self.functions = symbols.enum("kd_key_fn_key_vals", b.abi)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, 1)
        if data is None:
            return Addr(word), DONE
        fields: list[tuple[str, Value]] = [("kb_func", self.functions.sym(data[0]))]
        if self.get:
            return Struct(fields, open=True), OPEN
        return Struct([*fields, self.string(call, word)]), DONE

    def string(self, call: Call, word: int) -> tuple[str, Value]:
        try:
            data, whole = call.mem.read_string(word + 1, 512)
        except Fault:
            return "kb_string", UNAVAILABLE
        limit = call.options.string_limit
        if whole:
            if len(data) + 1 <= limit:
                return "kb_string", Str(data)
            return "kb_string", Str(data[:limit], True)
        return "kb_string", Str(data[:limit], True)

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        return Struct([*old.fields, *([] if call.error else [self.string(call, word)])])


@kind("key_string")
def _key_string(b: Build, get: int) -> InOut:
    return _KeyString(b, bool(get))


@kind("key_char")
def _key_char(b: Build) -> Decoder:
    return lambda call, word: character(word & 0xff)


@memory_kind("diacritics")
def _diacritics(b: Build, of: Kind, count: Param) -> MemType:
    """The accents of a keyboard, up to the number that the kernel has room for."""
    t = b.memory(of)
    get = length(count)

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        n = get(call)
        return read_array(call, t, addr, min(n, MAX_DIACRITICS), truncated=n > MAX_DIACRITICS)

    return Coded(0, read)


class _KeyCode(InOut):
    """KDGETKEYCODE: the key code changes in place."""

    __slots__ = ("type",)

    def __init__(self, b: Build) -> None:
        self.type = b.struct("kbkeycode")

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, 8)
        if data is None:
            return Addr(word), DONE
        v = self.type.read(call, data, 0, word)
        return Struct(v.fields, open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        data = fetch(call, word + 4, 4)
        if data is None:
            return Struct(old.fields)
        new = Hex(int.from_bytes(data, "little"))
        return Struct([old.fields[0], ("keycode", Change(old.fields[1][1], new))])


@kind("key_code")
def _key_code(b: Build) -> InOut:
    return _KeyCode(b)


# -- fonts

class _UnicodeMap(InOut):
    """struct unimapdesc: how many entries there is room for, then what there is."""

    __slots__ = ("get", "pair", "type")

    def __init__(self, b: Build, get: bool) -> None:
        self.get = get
        self.type = b.struct("unimapdesc")
        self.pair = b.struct("unipair")

    def _read(self, data: bytes) -> tuple[int, int]:
        at = self.type.layout["entries"][0]
        return (int.from_bytes(data[:2], "little"),
                int.from_bytes(data[at:self.type.size], "little"))

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, self.type.size)
        if data is None:
            return Addr(word), DONE
        count, entries = self._read(data)
        if self.get:
            return Struct([("entry_ct", count)], open=True), OPEN
        return Struct([("entry_ct", count),
                       ("entries", read_array(call, self.pair, entries, count))]), DONE

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        data = fetch_always(call, word, self.type.size)
        before = old.fields[0][1]
        assert isinstance(before, int)
        if data is None:
            return Struct([*old.fields, ("", Addr(word))])
        count, entries = self._read(data)
        changed: tuple[str, Value] = ("entry_ct", Change(before, count))
        if call.error and call.error != ENOMEM:
            return Struct([changed, ("entries", Addr(entries))])
        # print_array does not read after a failed call
        return Struct([changed, ("entries", read_array(call, self.pair, entries, before))])


@kind("unicode_entries")
def _unicode_entries(b: Build, get: int) -> InOut:
    return _UnicodeMap(b, bool(get))


def _glyphs(call: Call, addr: int, size: int) -> Value:
    return bytes_value(call, addr, size, "x") if addr else NULL


class _Font(InOut):
    """struct consolefontdesc"""

    __slots__ = ("get", "type")

    def __init__(self, b: Build, get: bool) -> None:
        self.get = get
        self.type = b.struct("consolefontdesc")

    def value(self, call: Call, data: bytes, addresses: bool) -> Value:
        count, height = (int.from_bytes(data[i:i + 2], "little") for i in (0, 2))
        at = self.type.layout["chardata"][0]
        addr = int.from_bytes(data[at:self.type.size], "little")
        chars = Addr(addr) if addresses else _glyphs(call, addr, min(count, 512) * 32)
        return Struct([("charcount", count), ("charheight", height), ("chardata", chars)])

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, self.type.size)
        if data is None:
            return Addr(word), DONE
        return self.value(call, data, self.get), OPEN if self.get else DONE

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        data = fetch(call, word, self.type.size)
        if data is None or old is None:
            return old
        return Change(old, self.value(call, data, False))


@kind("console_font")
def _console_font(b: Build, get: int) -> InOut:
    return _Font(b, bool(get))


_OP_SET, _OP_GET, _OP_DEFAULT, _OP_COPY = range(4)


class _FontOp(InOut):
    """KDFONTOP: a command with what belongs to it."""

    __slots__ = ("type",)

    def __init__(self, b: Build) -> None:
        self.type: StructType = b.struct("console_font_op")

    def value(self, call: Call, data: bytes, word: int) -> Value:
        known = dict(self.type.read(call, data, 0, word).fields)
        number = {name: unpack(data, at)[0] for name, (at, unpack) in self.type.layout.items()}
        op, addr = number["op"], number["data"]
        names = [] if call.exiting else ["op"]
        if not call.exiting and op not in (_OP_DEFAULT, _OP_COPY):
            names.append("flags")
        names += ["height"] if op == _OP_COPY else ["width", "height"]
        if op not in (_OP_DEFAULT, _OP_COPY):
            names.append("charcount")
        fields = [(name, known[name]) for name in names]
        if op == _OP_SET or (op == _OP_GET and call.exiting):
            size = (min(number["width"], 32) + 7) // 8 * 32 * min(number["charcount"], 512)
            fields.append(("data", _glyphs(call, addr, size)))
        elif op == _OP_DEFAULT:
            if not call.exiting:
                fields.append(("data", terminated(call, addr, 32, True)))
        elif op != _OP_COPY:
            fields.append(("data", Addr(addr)))
        return Struct(fields)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, self.type.size)
        if data is None:
            return Addr(word), DONE
        final = int.from_bytes(data[:4], "little") in (_OP_SET, _OP_COPY)
        return self.value(call, data, word), DONE if final else OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        data = fetch(call, word, self.type.size)
        if data is None or not isinstance(old, Struct):
            return old
        return Change(old, self.value(call, data, word))


@kind("console_font_op")
def _console_font_op(b: Build) -> InOut:
    return _FontOp(b)


