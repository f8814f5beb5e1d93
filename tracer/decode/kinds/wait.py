"""Kinds of poll, select and epoll."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import (
    Build,
    Coded,
    fetch,
    length,
    name_of,
    pointer_to,
    read_array,
)
from tracer.decode.call import Call, kind, memory_kind, result_kind
from tracer.decode.kinds.basic import fd_value
from tracer.decode.values import Addr, Array, Join, Named, Set, Struct, Text
from tracer.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.row import Param
    from tracer.decode.build import MemType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

    Result = Callable[[Call], tuple[Value, Value | None]]

MAX_FDS = 1024 * 1024
TIMEOUT = Text("Timeout")


# -- poll

def summary(flags: symbols.Flags, n: int, xlat: str) -> str:
    """Flags as the text in parentheses behind a result has them: none unknown gets a comment."""
    found, left = flags.split(n)
    if xlat == "raw" or not found:
        return hex(n)
    names = "|".join([*found, hex(left)] if left else found)
    return f"{n:#x} /* {names} */" if xlat == "verbose" else names


@kind("pollfds")
def _pollfds(b: Build, count: Param) -> Decoder:
    get = length(count)
    flags = symbols.flags("pollflags", b.abi, 16)

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        fd = int.from_bytes(data[at:at + 4], "little", signed=True)
        fields: list[tuple[str, Value]] = [("fd", fd_value(call, fd))]
        if fd >= 0:
            fields.append(("events", flags.sym(int.from_bytes(data[at + 4:at + 6], "little"))))
        return Struct(fields)

    t = Coded(8, read)
    return lambda call, addr: read_array(call, t, addr, get(call) & 0xffffffff)


@result_kind("poll_result")
def _poll_result(b: Build, fds: Param, count: Param, time: Param | None = None) -> Result:
    name, get = name_of(fds), length(count)
    flags = symbols.flags("pollflags", b.abi, 16)
    left = None
    if time is not None:
        left = name_of(time), pointer_to(b.struct("timespec64" if b.name.endswith("64")
                                                  else "timespec"))

    def decode(call: Call) -> tuple[Value, Value | None]:
        if not call.result:
            return 0, TIMEOUT
        addr, n = call.by_name(name), get(call) & 0xffffffff
        if not addr or not n or not call.plan.verbose:
            return call.result, None
        parts: list[Value] = []
        ready = revents(call, addr, n)
        if ready is not None:
            parts.append(ready)
        if left is not None and call.by_name(left[0]):
            parts.append(Named("left", left[1](call, call.by_name(left[0])) or Text(""), " "))
        return call.result, Join(parts, ", ") if parts else None

    def revents(call: Call, addr: int, n: int) -> Value | None:
        most = call.options.string_limit if call.plan.abbrev else n
        items: list[Value] = []
        used = 0
        for at in range(addr, addr + 8 * n, 8):
            data = fetch(call, at, 8)
            if data is None:
                items.append(Addr(at))
                break
            got = int.from_bytes(data[6:8], "little")
            if not got:
                continue
            used += 2 if items else 1
            if len(items) >= most:
                return Array(items, True)
            fd = int.from_bytes(data[:4], "little", signed=True)
            text = f"{{fd={fd}, revents={summary(flags, got, xlat)}}}"
            if used + len(text) >= _ROOM - _POLL_REST:
                return Array([*items[:-1], Join([items[-1], Text(", ...")], "")] if items else [])
            used += len(text)
            items.append(Text(text))
        return Array(items) if items else None

    xlat = b.options.xlat
    return decode


# -- select

def _fd_bytes(n: int, word: int) -> int:
    return ((max(min(n, MAX_FDS), 0) + 7) // 8 + word - 1) // word * word


def _members(data: bytes, n: int) -> list[int]:
    mask = int.from_bytes(data, "little") & ((1 << n) - 1)
    out = []
    while mask:
        low = mask & -mask
        out.append(low.bit_length() - 1)
        mask ^= low
    return out


@kind("fdset")
def _fdset(b: Build, count: Param) -> Decoder:
    get = length(count)
    word = b.long

    def decode(call: Call, addr: int) -> Value:
        n = _signed(get(call))
        size = _fd_bytes(n, word)
        data = fetch(call, addr, size) if size else None
        if data is None:
            return Addr(addr)
        return Set([fd_value(call, fd) for fd in _members(data, min(n, MAX_FDS))])

    return decode


def _signed(n: int) -> int:
    return ((n & 0xffffffff) ^ 0x80000000) - 0x80000000


# strace's buffers for what follows a result, and what it keeps free at their ends
_ROOM, _SET_REST, _POLL_REST = 1024, 25, 26


def _select_aux(call: Call, n: int, word: int, sets: tuple[int, ...],
                left: Value | None) -> Value | None:
    ready = call.result
    if not ready:
        return TIMEOUT
    text = sep = ""
    size = _fd_bytes(n, word)
    for label, addr in zip(("in", "out", "except"), sets):
        if ready <= 0:
            break
        if not addr or not size:
            continue
        try:
            data = call.mem.read(addr, size)    # even with -e verbose=none
        except Fault:
            continue
        found = _members(data, min(n, MAX_FDS))[:ready]
        ready -= len(found)
        first = True
        for fd in found:
            if len(text) >= _ROOM - _SET_REST:
                break
            text += f"{sep}{label} [{fd}" if first else f" {fd}"
            first, sep = False, ", "
        if text:
            text += "]"     # strace closes the last list again for an empty one
    parts: list[Value] = [Text(text)] if text else []
    if left is not None:
        parts.append(Named("left", left, " "))
    return Join(parts, ", ")


@result_kind("select_result")
def _select_result(b: Build, n: Param, r: Param, w: Param, e: Param, time: Param) -> Result:
    names = [name_of(p) for p in (r, w, e)]
    count, when = name_of(n), name_of(time)
    of = "timeval" if "pselect" not in b.name else \
        "timespec64" if b.name.endswith("64") else "timespec"
    decode_time = pointer_to(b.struct(of))
    word = b.long

    def decode(call: Call) -> tuple[Value, Value | None]:
        addr = call.by_name(when)
        left = decode_time(call, addr) if addr else None
        sets = tuple(call.by_name(name) for name in names)
        return call.result, _select_aux(call, _signed(call.by_name(count)), word, sets, left)

    return decode


@kind("old_select")
def _old_select(b: Build) -> Decoder:
    t = b.struct("sel_arg_struct")

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, t.size)
        if data is None:
            return Addr(addr)
        fields = t.read(call, data, 0, addr).fields
        n = fields[0][1]
        first = _signed(n) if isinstance(n, int) else n
        return Join([first, *[v for _, v in fields[1:]]], ", ")

    return decode


@result_kind("old_select_result")
def _old_select_result(b: Build, arg: Param) -> Result:
    t = b.struct("sel_arg_struct")
    name = name_of(arg)
    decode_time = pointer_to(b.struct("timeval"))
    word = b.long

    def decode(call: Call) -> tuple[Value, Value | None]:
        data = fetch(call, call.by_name(name), t.size)
        if data is None:
            return call.result, None
        f = {k: unpack(data, at)[0] for k, (at, unpack) in t.layout.items()}
        left = decode_time(call, f["tvp"]) if f["tvp"] else None
        return call.result, _select_aux(call, _signed(f["n"]), word,
                                        (f["inp"], f["outp"], f["exp"]), left)

    return decode


# -- epoll

@kind("epoll_ctl_event")
def _epoll_ctl_event(b: Build, op: Param) -> Decoder:
    name = name_of(op)
    decode = pointer_to(b.struct("epoll_event"))
    # EPOLL_CTL_DEL does not look at the event
    return lambda call, addr: Addr(addr) if call.by_name(name) == 2 else decode(call, addr)


@memory_kind("epoll_data")
def _epoll_data(b: Build) -> MemType:
    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        n = int.from_bytes(data[at:at + 8], "little")
        return Struct([("u32", n & 0xffffffff), ("u64", n)])

    return Coded(8, read)
