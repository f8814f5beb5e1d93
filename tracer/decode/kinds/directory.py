"""What getdents fills in: directory entries, however damaged."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import Build, fetch, length
from tracer.decode.call import Call, kind
from tracer.decode.kinds.basic import path_value
from tracer.decode.values import Addr, Array, Comment, Join, Str, Struct, Text

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

NAME_MAX = 256


@kind("dirents")
def _dirents(b: Build, size: Param, room: Param) -> Decoder:
    return _directory(b, "linux_dirent", size, room)


@kind("dirents64")
def _dirents64(b: Build, size: Param, room: Param) -> Decoder:
    return _directory(b, "linux_dirent64", size, room)


def _directory(b: Build, name: str, size: Param, room: Param) -> Decoder:
    """getdents' buffer: the number of entries, or all of them when not abbreviated."""
    get, most = length(size), length(room)
    head = b.struct(name)
    reclen_at, reclen = head.layout["d_reclen"]
    head_size = next(offset for field, offset, _ in head.fields if field == "d_name")
    fields = [f for f in head.fields if f[0] != "d_name"]
    types = symbols.enum("dirent_types", b.abi, 8)
    old = name == "linux_dirent"    # the type stands in the entry's last byte
    abbrev = b.abbrev

    def entry(call: Call, data: bytes, addr: int, size: int, comment: str) -> tuple[Value, bool]:
        """The entry, and whether all of it could be read."""
        out: list[tuple[str, Value]] = []
        for field, offset, t in fields:
            v = t.read(call, data, offset, addr + offset)
            if v is not None:
                if field == "d_reclen" and comment:
                    v = Comment(v, comment)
                out.append((field, v))
        whole = True
        room = size - head_size - (1 if old and size > head_size else 0)
        if room > 0:
            shown = path_value(call, addr + head_size, min(room, NAME_MAX))
            whole = not isinstance(shown, Addr)
            out.append(("d_name", shown))
        if old and size > head_size:
            last = fetch(call, addr + size - 1, 1)
            whole = whole and last is not None
            out.append(("d_type", Addr(addr + size - 1) if last is None else types.sym(last[0])))
        return Struct(out), whole

    def decode(call: Call, addr: int) -> Value:
        left = get(call) & 0xffffffff
        if call.error or not call.plan.verbose or left > most(call) & 0xffffffff:
            return Addr(addr)
        entries: list[Value] = []
        comments: list[str] = []
        count = 0
        at = addr
        while True:
            if left < head_size:
                if left and not abbrev:
                    rest = fetch(call, at, min(left, call.options.string_limit))
                    tail: Value = Addr(at) if rest is None else Str(
                        rest, left > call.options.string_limit, "x")
                    return tail if not count else Array([*entries, tail])
                break
            data = fetch(call, at, head_size)
            if data is None:
                if not abbrev:
                    return Array(entries, broken=at) if count else Addr(at)
                break
            count += 1
            size = reclen(data, reclen_at)[0]
            comment, after = "", 0
            if size > left:
                comment = f"{size - left} bytes overflow"
                size = left
                rest_size = 0
            elif size < head_size:
                comment = f"{head_size - size} bytes underflow"
                size = head_size
                rest_size = left - head_size
            else:
                rest_size = left - size
                after = at + size if rest_size else 0
            if comment:
                comments.append("d_reclen " + comment)
            if not abbrev:
                shown, whole = entry(call, data, at, size, comment)
                entries.append(shown)
                if after and not whole:
                    return Array(entries, True)
            left = rest_size
            if not after:
                break
            at = after
        if not abbrev:
            return Array(entries)
        comments.append(f"{count}{'+' if left else ''} entries")
        return Join([Addr(addr), *[Text(f"/* {c} */") for c in comments]], " ")

    return decode


@kind("old_dirent")
def _old_dirent(b: Build, result: Param) -> Decoder:
    head = b.struct("old_linux_dirent")
    fields = [f for f in head.fields if f[0] != "d_name"]
    get = length(result)

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, head.size) if get(call) else None
        if data is None:
            return Addr(addr)
        out: list[tuple[str, Value]] = []
        for field, offset, t in fields:
            v = t.read(call, data, offset, addr + offset)
            if v is not None:
                out.append((field, v))
        reclen = head.layout["d_reclen"][1](data, head.layout["d_reclen"][0])[0]
        out.append(("d_name", path_value(call, addr + head.size, min(reclen, NAME_MAX) + 1)))
        return Struct(out)

    return decode


@kind("readdir_count")
def _readdir_count(b: Build) -> Decoder:
    return lambda call, word: None if word == 1 else word
