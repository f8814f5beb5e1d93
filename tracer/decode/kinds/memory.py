"""Kinds of memory calls."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    OPEN,
    Build,
    Coded,
    InOut,
    fetch,
    length,
    name_of,
    pointer_to,
    read_array,
)
from tracer.decode.call import Call, kind, memory_kind
from tracer.decode.values import Addr, Change, Join, Struct, Sym, Text
from tracer.errors import Fault

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import MemType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

MAP_TYPE = 0xf
_HUGE_SHIFT, _HUGE_MASK = 26, 0x3f << 26


@kind("mmap_flags")
def _mmap_flags(b: Build) -> Decoder:
    names = symbols.flags("mmap_flags", b.abi, 64)
    types = {n: text for n, text in reversed(names.entries) if n <= MAP_TYPE}
    rest = [(n, text) for n, text in names.entries if n > MAP_TYPE]
    others = symbols.Flags(rest, None, 64)
    cache: dict[int, Sym] = {}

    def read(word: int) -> Sym:
        kind_ = word & MAP_TYPE
        first = types.get(kind_)
        parts = [first or (f"{kind_:#x} /* MAP_??? */" if kind_ else "0 /* MAP_??? */")]
        left = word & 0xffffffff & ~MAP_TYPE & ~_HUGE_MASK
        if left:
            found, odd = others.split(left)
            parts += found
            if odd:
                parts.append(hex(odd))
        huge = word & _HUGE_MASK
        if huge:
            parts.append(f"{huge >> _HUGE_SHIFT}<<MAP_HUGE_SHIFT")
        return Sym(word, "|".join(parts))

    def decode(call: Call, word: int) -> Value:
        s = cache.get(word)
        if s is None:
            s = read(word)
            if len(cache) < symbols.CACHE_LIMIT:
                cache[word] = s
        return s

    return decode


@kind("old_mmap")
def _old_mmap(b: Build) -> Decoder:
    t = b.struct("mmap_arg_struct")

    def decode(call: Call, addr: int) -> Value:
        # these are the arguments themselves: -e verbose does not count
        try:
            data = call.mem.read(addr, t.size)
        except Fault:
            return Addr(addr)
        return Join([v for _, v in t.read(call, data, 0, addr).fields], ", ")

    return decode


@kind("mremap_addr")
def _mremap_addr(b: Build, flags: Param) -> Decoder:
    name = name_of(flags)
    # MREMAP_MAYMOVE and MREMAP_FIXED
    return lambda call, word: Addr(word) if call.by_name(name) & 3 == 3 else None


@kind("mincore_vec")
def _mincore_vec(b: Build, size: Param) -> Decoder:
    get = length(size)

    def bit(call: Call, data: bytes, at: int, addr: int) -> Value:
        return data[at] & 1

    t = Coded(1, bit)

    def decode(call: Call, addr: int) -> Value:
        return read_array(call, t, addr, (get(call) + 4095) // 4096)

    return decode


@kind("mpol_mode")
def _mpol_mode(b: Build) -> Decoder:
    modes = symbols.enum("mpol_modes", b.abi, b.bits())
    flags = symbols.flags("mpol_mode_flags", b.abi, 32)
    bits = 0
    for n, _ in flags.entries:
        bits |= n
    all_ones = (1 << b.bits()) - 1

    def decode(call: Call, word: int) -> Value:
        word &= all_ones
        mode = modes.sym(word & ~bits)
        flag = word & bits
        if not flag:
            return mode
        names = "|".join(flags.split(flag)[0])
        if mode.text is None:
            return Sym(word, f"{names}|{hex(mode.n)}")
        return Sym(word, f"{mode.text}|{names}")

    return decode


@kind("nodemask")
def _nodemask(b: Build, size: Param) -> Decoder:
    get = length(size)
    word_size = b.long

    def mask(call: Call, data: bytes, at: int, addr: int) -> Value:
        # the width of the word in digits, which takes in the 0x of what is not zero
        n = int.from_bytes(data[at:at + word_size], "little")
        return Text(f"{n:#0{2 * word_size}x}" if n else "0" * (2 * word_size))

    t = Coded(word_size, mask, composite=False)
    unit = word_size * 8
    top = (1 << unit) - 1

    def decode(call: Call, addr: int) -> Value:
        # computed as the word that it is, so that the largest numbers give few elements
        bits = get(call) & top
        words = (bits + unit - 2 & top) // unit
        if words < bits // unit or (bits and not words):
            return Addr(addr)
        return read_array(call, t, addr, words)

    return decode


@kind("page_status")
def _page_status(b: Build) -> Decoder:
    from sysnames.errno import NAMES

    def decode(call: Call, word: int) -> Value:
        if word < 0:
            return Sym(word, "-" + NAMES[-word] if -word in NAMES else None, None, "d")
        return word

    return decode


@kind("memfd_flags")
def _memfd_flags(b: Build) -> Decoder:
    names = symbols.flags("memfd_create_flags", b.abi, 32)

    def decode(call: Call, word: int) -> Value:
        word &= 0xffffffff
        found, left = names.split(word & ~_HUGE_MASK)
        if word & _HUGE_MASK:
            if left:
                found.append(hex(left) if found else f"{left:#x} /* MFD_??? */")
            found.append(f"{word >> _HUGE_SHIFT & 0x3f}<<MFD_HUGE_SHIFT")
            return Sym(word, "|".join(found))
        s = names.sym(word)
        # an unknown one in a comment has its own comment there
        return Sym(word, f"{word:#x} /* {s.unknown} */") if s.text is None and word else s

    return decode


@kind("user_desc_ptr")
def _user_desc_ptr(b: Build) -> Decoder:
    return pointer_to(user_desc_type(b))


@memory_kind("user_desc")
def _user_desc(b: Build) -> MemType:
    return user_desc_type(b)


class _Asked(InOut):
    """get_thread_area's descriptor: its number at entry, the rest at exit."""

    __slots__ = ("read",)

    def __init__(self, b: Build) -> None:
        self.read = user_desc_type(b).read

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, 4)
        if data is None:
            return Addr(word), DONE
        number = int.from_bytes(data, "little")
        shown = -1 if number == 0xffffffff else number
        return Struct([("entry_number", shown)], open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        data = fetch(call, word, 16)
        if data is None:
            return Struct(old.fields, True)
        now = self.read(call, data, 0, word)
        assert isinstance(now, Struct)
        before, after = old.fields[0][1], now.fields[0][1]
        number = before if before == after else Change(before, after)
        return Struct([("entry_number", number), *now.fields[1:]])


@kind("user_desc_asked")
def _user_desc_asked(b: Build) -> InOut:
    return _Asked(b)


def user_desc_type(b: Build) -> MemType:
    """x86's struct user_desc."""
    import struct

    unpack = struct.Struct("<IIII").unpack_from
    wide = b.long == 8
    names = (("seg_32bit", 0, 1), ("contents", 1, 3), ("read_exec_only", 3, 1),
             ("limit_in_pages", 4, 1), ("seg_not_present", 5, 1), ("useable", 6, 1))

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        number, base, limit, bits = unpack(data, at)
        fields: list[tuple[str, Value]] = [
            ("entry_number", -1 if number == 0xffffffff else number),
            ("base_addr", Sym(base, None, None, "L")),
            ("limit", Sym(limit, None, None, "L")),
        ]
        fields += [(name, bits >> shift & mask) for name, shift, mask in names]
        if wide:
            fields.append(("lm", bits >> 7 & 1))
        return Struct(fields)

    return Coded(16, read)
