"""What BPF_OBJ_GET_INFO_BY_FD tells of a map or program."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import NULL, Build, Coded, read_array
from tracer.decode.kinds.basic import makedev, string_in
from tracer.decode.kinds.sockaddr import interface
from tracer.decode.kinds.time import dated
from tracer.decode.values import Addr, Change, Str, Struct
from tracer.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.decode.call import Call
    from tracer.decode.values import Value

    Fields = list[tuple[str, Value]]
    Program = Callable[[Call, int, int], Value]
    Wide = Callable[..., Value]

_PAGE = 4096
_SECOND = 10**9
KINDS = {b"anon_inode:bpf-map": "map", b"anon_inode:bpf-prog": "prog"}

# Fields behind the first ones of struct bpf_prog_info: name, offset, size, and how it prints:
# "u" a number, "a" an address, each with what the program had there ("+") or without.
_PROG_REST = (
    ("nr_jited_ksyms", 104, 4, "u+"), ("nr_jited_func_lens", 108, 4, "u+"),
    ("jited_ksyms", 112, 8, "a+"), ("jited_func_lens", 120, 8, "a+"), ("btf_id", 128, 4, "u"),
    ("func_info_rec_size", 132, 4, "u+"), ("func_info", 136, 8, "a"),
    ("nr_func_info", 144, 4, "u+"), ("nr_line_info", 148, 4, "u+"), ("line_info", 152, 8, "a"),
    ("jited_line_info", 160, 8, "a+"), ("nr_jited_line_info", 168, 4, "u+"),
    ("line_info_rec_size", 172, 4, "u+"), ("jited_line_info_rec_size", 176, 4, "u+"),
    ("nr_prog_tags", 180, 4, "u+"), ("prog_tags", 184, 8, "a"), ("run_time_ns", 192, 8, "u"),
    ("run_cnt", 200, 8, "u"), ("recursion_misses", 208, 8, "u"), ("verified_insns", 216, 4, "u"),
)
# where an older kernel's structure may have ended, with the fields behind it
_PROG_ENDS = frozenset(("nr_jited_ksyms", "btf_id", "run_time_ns", "recursion_misses",
                        "verified_insns"))
MAP_SIZE, PROG_SIZE = 80, 224       # what strace 6.1 knows


def fetch_info(call: Call, addr: int, size: int) -> bytes | None:
    """The structure as it is in memory, whatever became of the call."""
    if not 0 < size <= _PAGE:
        return None
    try:
        return call.mem.read(addr, size)
    except Fault:
        return None


def _number(data: bytes, at: int, size: int = 4) -> int:
    return int.from_bytes(data[at:at + size], "little")


def map_info(b: Build, data: bytes, call: Call, extra: Callable[[Fields, int], bool]) -> Struct:
    """struct bpf_map_info; extra: adds the bytes behind what is known, and says whether dots
    stand for them."""
    size = len(data)
    data = data.ljust(MAP_SIZE, b"\0")
    out: Fields = [
        ("type", symbols.enum("bpf_map_types", b.abi).sym(_number(data, 0))),
        *((name, _number(data, 4 * i)) for i, name in enumerate(
            ("id", "key_size", "value_size", "max_entries"), 1)),
        ("map_flags", symbols.flags("bpf_map_flags", b.abi).sym(_number(data, 20))),
    ]
    if size <= 24:
        return Struct(out)
    out.append(("name", string_in(data[24:40])))
    if size <= 40:
        return Struct(out)
    out += [("ifindex", interface(call, _number(data, 40))),
            ("btf_vmlinux_value_type_id", _number(data, 44)),
            ("netns_dev", makedev(_number(data, 48, 8))), ("netns_ino", _number(data, 56, 8))]
    if size <= 64:
        return Struct(out)
    out += [("btf_id", _number(data, 64)), ("btf_key_type_id", _number(data, 68)),
            ("btf_value_type_id", _number(data, 72))]
    return Struct(out, extra(out, MAP_SIZE))


def prog_info(b: Build, data: bytes, before: bytes, call: Call, program: Program, wide: Wide,
              extra: Callable[[Fields, int], bool]) -> Struct:
    """struct bpf_prog_info; before: as it was at entry.  program: decodes instructions; wide:
    64-bit addresses."""
    size = len(data)
    data, before = data.ljust(PROG_SIZE, b"\0"), before.ljust(PROG_SIZE, b"\0")

    def changed(at: int, length: int = 4, address: bool = False) -> Value:
        old, new = _number(before, at, length), _number(data, at, length)
        value: Value = Addr(new) if address else new
        return value if old == new else Change(Addr(old) if address else old, value)

    jited, xlated = _number(data, 16), min(_number(before, 20), _number(data, 20))
    out: Fields = [
        ("type", symbols.enum("bpf_prog_types", b.abi).sym(_number(data, 0))),
        ("id", _number(data, 4)), ("tag", Str(data[8:16], style="x")),
        ("jited_prog_len", changed(16)),
        ("jited_prog_insns", wide(call, _number(data, 24, 8), lambda call, addr: _bytes(
            call, addr, jited))),
        ("xlated_prog_len", changed(20)),
        ("xlated_prog_insns", wide(call, _number(data, 32, 8), lambda call, addr: program(
            call, addr, xlated // 8))),
    ]
    if size <= 40:
        return Struct(out)
    uid, count = _number(data, 48), min(_number(before, 52), _number(data, 52))
    out += [
        ("load_time", _boot_time(call, _number(data, 40, 8))),
        ("created_by_uid", -1 if uid == 0xffffffff else uid),
        ("nr_map_ids", changed(52)),
        ("map_ids", wide(call, _number(data, 56, 8), lambda call, addr: read_array(
            call, Coded(4, lambda call, data, at, addr: _number(data, at)), addr, count))),
        ("name", string_in(data[64:80])),
    ]
    if size <= 80:
        return Struct(out)
    out += [("ifindex", interface(call, _number(data, 80))), ("gpl_compatible", data[84] & 1),
            ("netns_dev", makedev(_number(data, 88, 8))), ("netns_ino", _number(data, 96, 8))]
    for name, at, length, how in _PROG_REST:
        if name in _PROG_ENDS and size <= at:
            return Struct(out)
        address = how[0] == "a"
        number = _number(data, at, length)
        value: Value = Addr(number) if address else number
        out.append((name, changed(at, length, address) if how[1:] else value))
    return Struct(out, extra(out, PROG_SIZE))


def _bytes(call: Call, addr: int, size: int) -> Value:
    """Compiled code, always in hexadecimal."""
    if not addr:
        return NULL
    shown = min(size, call.options.string_limit)
    try:
        return Str(call.mem.read(addr, shown), shown < size, style="x")
    except Fault:
        return Addr(addr)


def _boot_time(call: Call, since: int) -> Value:
    """Nanoseconds since the start of the machine, with the date."""
    clock = call.task.kernel.clock
    if call.options.xlat == "raw":
        return since
    return dated(since, (clock.realtime() - clock.monotonic() + since) // _SECOND)
