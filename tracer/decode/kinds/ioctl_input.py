"""Arguments of ioctls of input devices."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import Build, fetch, name_of, read_array
from tracer.decode.call import Call, kind
from tracer.decode.values import NO_MORE, Addr, Array, Comment, Hex, Set, Struct

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

_FLAT = 20              # bytes of struct input_absinfo up to "flat", and with "resolution"
_RESOLUTION = 24
_SHOWN = 4              # bits of a set that are shown when abbreviated

# event type → set of the codes that EVIOCGBIT lists, and the greatest of them
EVENT_BITS: dict[int, tuple[str, int]] = {
    0x00: ("evdev_ev", 0x1f), 0x01: ("evdev_keycode", 0x2ff),
    0x02: ("evdev_relative_axes", 0x0f), 0x03: ("evdev_abs", 0x3f), 0x04: ("evdev_misc", 0x07),
    0x05: ("evdev_switch", 0x10), 0x11: ("evdev_leds", 0x0f), 0x12: ("evdev_snd", 0x07),
    0x14: ("evdev_autorepeat", 0x01), 0x15: ("evdev_ff_types", 0x7f),
    0x17: ("evdev_ff_status", 0x01),
}


def row(code: int) -> str:
    """The row of an input device's request: its number says what its argument is."""
    direction, number, size = code >> 30, code & 0xff, code >> 16 & 0x3fff
    if direction == 2:
        if number in (6, 7, 8):
            return "arg out buf(ret)"
        sets = {9: ("evdev_prop", 0x1f), 0x18: ("evdev_keycode", 0x2ff),
                0x19: ("evdev_leds", 0x0f), 0x1a: ("evdev_snd", 0x07),
                0x1b: ("evdev_switch", 0x10)}
        if number == 10:
            return f"arg out evdev_slots({size // 4})"
        if 0x20 <= number <= 0x3f:
            event = number - 0x20
            if event == 0x16:
                return "arg out ptr(int)"
            if event not in EVENT_BITS:
                return "arg out addr"
            sets[number] = EVENT_BITS[event]
        if number in sets:
            name, most = sets[number]
            return f"arg out evdev_bits({name}, {most})"
        if 0x40 <= number <= 0x7f:
            return f"arg out evdev_axis({size})"
        return "arg out addr"
    if direction == 1:
        return f"arg evdev_axis({size})" if number >= 0xc0 else "arg addr"
    return "arg hex"


@kind("evdev_axis")
def _evdev_axis(b: Build, size: int) -> Decoder:
    """struct input_absinfo, of which as much is passed as the request says."""
    names = ("value", "minimum", "maximum", "fuzz", "flat", "resolution")

    def decode(call: Call, addr: int) -> Value:
        if size < _FLAT:
            return Addr(addr)
        data = fetch(call, addr, min(size, _RESOLUTION))
        if data is None:
            return Addr(addr)
        fields: list[tuple[str, Value]] = [
            (name, int.from_bytes(data[4 * i:4 * i + 4], "little"))
            for i, name in enumerate(names) if 4 * i + 4 <= len(data)]
        if call.plan.abbrev:
            return Struct(fields[:2], more=True)
        if size < _RESOLUTION:
            return Struct(fields[:5], more=size > _FLAT)
        return Struct(fields, more=size != _RESOLUTION)

    return decode


@kind("evdev_bits")
def _evdev_bits(b: Build, set_name: Param, most: int) -> Decoder:
    """A bit set, as long as the result says: names, words of it, or both."""
    names = symbols.enum(name_of(set_name), b.abi)
    word = b.long

    def decode(call: Call, addr: int) -> Value:
        bits = most if call.result > most // 8 else call.result * 8
        size = -(-((bits + 7) // 8) // word) * word
        data = None if call.error or size <= 0 else fetch(call, addr, size)
        if data is None:
            return Addr(addr)
        words = Array([Hex(int.from_bytes(data[i:i + word], "little"))
                       for i in range(0, size, word)])
        if call.options.xlat == "raw":
            return words
        n = int.from_bytes(data, "little") & ((1 << bits) - 1)
        items: list[Value] = []
        for i in range(bits):
            if n >> i & 1:
                if call.plan.abbrev and len(items) >= _SHOWN:
                    items.append(NO_MORE)
                    break
                items.append(names.sym(i))
        bitset = Set(items)
        return Comment(bitset, words) if call.options.xlat == "verbose" else bitset

    return decode


@kind("evdev_slots")
def _evdev_slots(b: Build, count: int) -> Decoder:
    """A multi-touch code and its values for each slot."""
    codes = symbols.enum("evdev_mtslots", b.abi)
    integer = b.memory(Kind("int"))

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, 4) if count else None
        if data is None:
            return Addr(addr)
        return Struct([("code", codes.sym(int.from_bytes(data, "little"))),
                       ("values", read_array(call, integer, addr + 4, count - 1))])

    return decode


@kind("key_pair")
def _key_pair(b: Build) -> Decoder:
    """A scan code and its key."""
    keys = symbols.enum("evdev_keycode", b.abi)

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, 8)
        if data is None:
            return Addr(addr)
        return Array([int.from_bytes(data[:4], "little"),
                      keys.sym(int.from_bytes(data[4:], "little"))])

    return decode
