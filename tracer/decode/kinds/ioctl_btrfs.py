"""Arguments of btrfs's ioctls that a row cannot say."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import Build, Coded, MemType, fetch, length, read_array
from tracer.decode.call import Call, kind, memory_kind
from tracer.decode.kinds.basic import path_value
from tracer.decode.kinds.time import dated, in_range
from tracer.decode.values import NO_MORE, Addr, Array, Comment, Named, Struct, Sym

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

_HEADER = 32        # bytes of struct btrfs_ioctl_search_header


@kind("btrfs_object")
def _btrfs_object(b: Build) -> Decoder:
    names = symbols.enum("btrfs_tree_objectids", b.abi, 64)
    return lambda call, word: names.sym(word)


@kind("compat_features")
def _compat_features(b: Build) -> Decoder:
    """Flags of which none has a name."""
    return lambda call, word: Sym(word, None, "BTRFS_FEATURE_COMPAT_???" if word else None)


@kind("permille")
def _permille(b: Build) -> Decoder:
    """Progress in thousandths, and in per cent."""
    return lambda call, word: (Comment(word, f"{word // 10}.{word % 10}%") if word <= 1000
                               else word)


@memory_kind("btrfs_moment")
def _btrfs_moment(b: Build) -> MemType:
    t = b.struct("btrfs_timespec")

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        seconds = int.from_bytes(data[at:at + 8], "little", signed=True)
        v = t.read(call, data, at, addr)
        part = int.from_bytes(data[at + 8:at + 12], "little")
        return dated(v, seconds, part) if in_range(call, seconds) else v

    return Coded(t.size, read)


@kind("btrfs_inherit")
def _btrfs_inherit(b: Build) -> Decoder:
    t = b.struct("btrfs_qgroup_inherit")
    mask = (1 << 8 * b.long) - 1

    def decode(call: Call, word: int) -> Value:
        data = fetch(call, word & mask, t.size)
        return Addr(word & mask) if data is None else t.read(call, data, 0, word & mask)

    return decode


@memory_kind("dev_stats")
def _dev_stats(b: Build, count: Param) -> MemType:
    names = symbols.enum("btrfs_dev_stats_values", b.abi, 64, "d")
    get = length(count)
    style = b.options.xlat

    def label(i: int) -> str:
        text = names.sym(i).text
        if text is None or style == "raw":
            return str(i)
        return f"{i} /* {text} */" if style == "verbose" else text

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        n = get(call)
        items: list[Value] = []
        for i in range(min(n, 5)):
            value = int.from_bytes(data[at + 8 * i:at + 8 * i + 8], "little")
            items.append(Named(f"[{label(i)}]", value))
        return Array(items, more=n > 5)

    return Coded(40, read)


@memory_kind("search_items")
def _search_items(b: Build, size: int) -> MemType:
    """The headers of what a search found; 0: the structure says how large the buffer is."""
    t = b.struct("btrfs_search_header")

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        start = at - (8 if not size else 0)
        count = int.from_bytes(data[start - 40:start - 36], "little")
        room = size or int.from_bytes(data[at - 8:at], "little")
        items: list[Value] = []
        offset = 0
        for i in range(count):
            if offset + _HEADER > room or i > call.options.string_limit:
                return Array([*items, NO_MORE])
            raw = fetch(call, addr + offset, _HEADER)
            if raw is None:
                return Array(items, broken=addr + offset)
            items.append(t.read(call, raw, 0, addr + offset))
            offset += _HEADER + int.from_bytes(raw[28:32], "little")
        return Array(items)

    return Coded(0, read)


def _container(b: Build, element: MemType | None) -> Decoder:
    """struct btrfs_data_container: inodes, or offsets of paths."""
    t = b.struct("btrfs_data_container")
    mask = (1 << 8 * b.long) - 1

    def decode(call: Call, word: int) -> Value:
        addr = word & mask
        data = fetch(call, addr, t.size)
        if data is None:
            return Addr(addr)
        fields = list(t.read(call, data, 0, addr).fields)
        if call.plan.abbrev:
            return Struct(fields, more=True)
        count = int.from_bytes(data[8:12], "little")
        start = addr + t.size
        if element is not None:
            fields.append(("val", read_array(call, element, start, count // 3)))
        else:
            path = Coded(8, lambda call, raw, at, _: path_value(
                call, start + int.from_bytes(raw[at:at + 8], "little") & mask))
            fields.append(("val", read_array(call, path, start, count)))
        return Struct(fields)

    return decode


@kind("btrfs_inodes")
def _btrfs_inodes(b: Build) -> Decoder:
    return _container(b, b.memory(Kind("btrfs_logical_ino")))


@kind("btrfs_paths")
def _btrfs_paths(b: Build) -> Decoder:
    return _container(b, None)


_COMMENTS = ("supported", "safe to set", "safe to clear")


@kind("btrfs_features")
def _btrfs_features(b: Build, count: int) -> Decoder:
    """Two sets of features, or three with what each of them is."""
    t = b.struct("btrfs_feature_flags")

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, count * t.size)
        if data is None:
            return Addr(addr)
        items: list[Value] = [t.read(call, data, i * t.size, addr) for i in range(count)]
        if count == len(_COMMENTS):
            items = [Comment(v, text) for v, text in zip(items, _COMMENTS)]
        return Array(items)

    return decode


@kind("bare_flags")
def _bare_flags(b: Build, name: Kind) -> Decoder:
    """A pointer to flags that are printed without brackets."""
    flags = symbols.flags(name.name, b.abi, 64)

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, 8)
        return Addr(addr) if data is None else flags.sym(int.from_bytes(data, "little"))

    return decode
