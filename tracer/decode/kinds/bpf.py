"""bpf(2): attributes by command."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.abis import WORD
from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    OPEN,
    Build,
    Coded,
    InOut,
    array_of,
    length,
    name_of,
    read_array,
)
from tracer.decode.call import FD_PATH, Call, kind, result_kind
from tracer.decode.kinds.basic import bytes_value, fd_value, path_value, string_in, string_value
from tracer.decode.kinds.filter import BPF_MAXINSNS, code_value
from tracer.decode.kinds.forms import terminated
from tracer.decode.values import (
    NO_MORE,
    Addr,
    Change,
    Comment,
    Hex,
    Join,
    Str,
    Struct,
    Text,
)
from tracer.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.row import Kind, Param
    from tracer.decode.build import StructType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

    Fields = list[tuple[str, Value]]

_PAGE = 4096
_WRAPPED = 1 << 32
_NUMA_NODE = 4              # flag of maps
_REPLACE = 4                # flag of links
_ITERATOR, _PERF, _PROBES = 28, 41, 42      # kinds of attachment with more to say


# -- addresses of 64 bits, whatever the ABI

def wide(call: Call, addr: int, decode: Decoder) -> Value:
    """What a 64-bit address points to; one that is too wide for the ABI is printed as well."""
    if WORD[call.abi] == 8 or addr < _WRAPPED:
        return decode(call, addr) or Addr(addr)
    inner = decode(call, addr & 0xffffffff) or Addr(addr & 0xffffffff)
    return Join([Hex(addr), inner], " or ")


@kind("wide_text")
def _wide_text(b: Build, size: Param | None = None) -> Decoder:
    if size is None:
        return lambda call, word: wide(call, word, string_value)
    get = length(size)
    return lambda call, word: wide(call, word, lambda call, addr: terminated(
        call, addr, get(call) & 0xffffffff))


@kind("wide_path")
def _wide_path(b: Build) -> Decoder:
    return lambda call, word: wide(call, word, path_value)


@kind("wide_buf")
def _wide_buf(b: Build, size: Param) -> Decoder:
    get = length(size)
    return lambda call, word: wide(call, word, lambda call, addr: bytes_value(
        call, addr, get(call)))


@kind("wide_array")
def _wide_array(b: Build, of: Kind, count: Param) -> Decoder:
    decode = array_of(b.memory(of), length(count))
    return lambda call, word: wide(call, word, decode)


def program_reader(b: Build) -> Callable[[Call, int, int], Value]:
    """A function of the call, an address and a number of instructions."""
    registers = symbols.enum("ebpf_regs", b.abi)

    def program(call: Call, addr: int, count: int) -> Value:
        if call.plan.abbrev:
            return Addr(addr)
        seen = 0

        def instruction(call: Call, data: bytes, at: int, _: int) -> Value:
            nonlocal seen
            seen += 1
            if seen > BPF_MAXINSNS:
                return NO_MORE
            return Struct([
                ("code", code_value(call.abi, data[at], True)),
                ("dst_reg", registers.sym(data[at + 1] & 15)),
                ("src_reg", registers.sym(data[at + 1] >> 4)),
                ("off", int.from_bytes(data[at + 2:at + 4], "little", signed=True)),
                ("imm", Hex(int.from_bytes(data[at + 4:at + 8], "little")))])

        return read_array(call, Coded(8, instruction), addr, count)

    return program


@kind("ebpf_program")
def _ebpf_program(b: Build, count: Param) -> Decoder:
    get = length(count)
    program = program_reader(b)
    return lambda call, word: wide(call, word, lambda call, addr: program(
        call, addr, get(call)))


@kind("numa_node")
def _numa_node(b: Build) -> Decoder:
    """A node's number; none has a name, whatever -X says."""
    return lambda call, word: (Comment(word, "NUMA_NO_NODE") if word == 0xffffffff else word)


# -- commands: structure, field that encloses it, whether the result is a descriptor, and the
# fields from which on an attribute may end

class Attribute:
    """How one command's attribute prints."""

    __slots__ = ("fd", "outer", "steps", "type")

    def __init__(self, b: Build, row: str) -> None:
        name, outer, fd, *steps = row.split()
        self.type: StructType = b.struct(name)
        self.outer = "" if outer == "-" else outer
        self.fd = fd == "fd"
        self.steps = frozenset(steps)


_MAP_ELEM = "bpf_map_elem - - flags"
_NEXT_ID = "bpf_next_id - - open_flags"
_ROWS = {
    "BPF_MAP_CREATE": "bpf_map_create - fd map_flags inner_map_fd numa_node map_name map_ifindex "
                      "btf_fd btf_vmlinux_value_type_id map_extra",
    "BPF_MAP_LOOKUP_ELEM": _MAP_ELEM,
    "BPF_MAP_LOOKUP_AND_DELETE_ELEM": _MAP_ELEM,
    "BPF_MAP_UPDATE_ELEM": "bpf_map_update - -",
    "BPF_MAP_DELETE_ELEM": "bpf_map_delete - -",
    "BPF_MAP_GET_NEXT_KEY": "bpf_map_next - -",
    "BPF_MAP_FREEZE": "bpf_map_freeze - -",
    "BPF_PROG_LOAD": "bpf_prog_load - fd log_level kern_version prog_flags prog_name "
                     "prog_ifindex expected_attach_type prog_btf_fd attach_btf_id "
                     "attach_prog_fd fd_array",
    "BPF_OBJ_PIN": "bpf_obj_pin - fd file_flags",
    "BPF_OBJ_GET": "bpf_obj_pin - fd file_flags",
    "BPF_PROG_ATTACH": "bpf_prog_attach - - replace_bpf_fd",
    "BPF_PROG_DETACH": "bpf_prog_detach - -",
    "BPF_PROG_TEST_RUN": "bpf_prog_test_run test - ctx_size_in flags batch_size",
    "BPF_PROG_GET_NEXT_ID": _NEXT_ID,
    "BPF_MAP_GET_NEXT_ID": _NEXT_ID,
    "BPF_BTF_GET_NEXT_ID": _NEXT_ID,
    "BPF_LINK_GET_NEXT_ID": _NEXT_ID,
    "BPF_PROG_GET_FD_BY_ID": "bpf_prog_by_id - fd open_flags",
    "BPF_MAP_GET_FD_BY_ID": "bpf_map_by_id - fd open_flags",
    "BPF_OBJ_GET_INFO_BY_FD": "bpf_obj_info info -",
    "BPF_PROG_QUERY": "bpf_prog_query query -",
    "BPF_RAW_TRACEPOINT_OPEN": "bpf_raw_tracepoint raw_tracepoint -",
    "BPF_BTF_LOAD": "bpf_btf_load - fd",
    "BPF_BTF_GET_FD_BY_ID": "bpf_btf_by_id - fd",
    "BPF_TASK_FD_QUERY": "bpf_task_fd_query task_fd_query -",
    "BPF_MAP_LOOKUP_BATCH": "bpf_batch batch -",
    "BPF_MAP_LOOKUP_AND_DELETE_BATCH": "bpf_batch batch -",
    "BPF_MAP_UPDATE_BATCH": "bpf_batch batch -",
    "BPF_MAP_DELETE_BATCH": "bpf_batch batch -",
    "BPF_LINK_CREATE": "bpf_link_create link_create fd",
    "BPF_LINK_UPDATE": "bpf_link_update link_update -",
    "BPF_LINK_GET_FD_BY_ID": "bpf_link_by_id - fd",
}
# commands that are printed partly at exit: the fields of the entry, the field that may have
# changed and is its last, and the fields of the exit
_LATE: dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    "BPF_PROG_GET_NEXT_ID": (("start_id", "next_id"), "next_id", ("open_flags",)),
    "BPF_OBJ_GET_INFO_BY_FD": (("bpf_fd", "info_len"), "info_len", ("info",)),
    "BPF_TASK_FD_QUERY": (("pid", "fd", "flags", "buf_len"), "buf_len",
                          ("buf", "prog_id", "fd_type", "probe_offset", "probe_addr")),
    "BPF_PROG_QUERY": (("target_fd", "attach_type", "query_flags", "attach_flags"), "",
                       ("prog_ids", "prog_cnt")),
}
for _name in ("BPF_MAP_GET_NEXT_ID", "BPF_BTF_GET_NEXT_ID", "BPF_LINK_GET_NEXT_ID"):
    _LATE[_name] = _LATE["BPF_PROG_GET_NEXT_ID"]
_BATCHES = {
    "BPF_MAP_UPDATE_BATCH": ("keys", "values", "count", "map_fd", "elem_flags", "flags"),
    "BPF_MAP_DELETE_BATCH": ("keys", "count", "map_fd", "elem_flags", "flags"),
}


class _Attributes(InOut):
    """bpf's second argument."""

    __slots__ = ("build", "command", "commands", "made", "size", "unions")

    def __init__(self, b: Build, command: str, size: str) -> None:
        self.build = b
        self.command = command
        self.size = size
        self.commands = {n: name for name, n in symbols.numbers("bpf_commands", b.abi).items()}
        self.made: dict[str, Attribute] = {}
        self.unions: dict[int, tuple[str, StructType]] = {}

    def find(self, call: Call) -> tuple[str, Attribute] | None:
        name = self.commands.get(call.by_name(self.command) & 0xffffffff, "")
        row = _ROWS.get(name)
        size = call.by_name(self.size) & 0xffffffff
        if row is None or not 0 < size <= _PAGE:
            return None
        made = self.made.get(name)
        if made is None:
            made = self.made[name] = Attribute(self.build, row)
        return name, made

    def data(self, call: Call, addr: int) -> bytes | None:
        if not call.plan.verbose:
            return None
        try:
            return call.mem.read(addr, call.by_name(self.size) & 0xffffffff)
        except Fault:
            return None

    # -- parts

    def fields(self, call: Call, a: Attribute, raw: bytes, addr: int,
               names: tuple[str, ...] | None = None) -> tuple[Fields, bool]:
        """The fields there are, and whether the attribute is as long as known."""
        data = raw.ljust(a.type.size, b"\0")
        inner = a.type.frame(call, data, addr)
        out: Fields = []
        for name, offset, t in a.type.fields:
            if name in a.steps and len(raw) <= offset:
                return out, False
            if names is not None and name not in names:
                continue
            if name == "numa_node" and not data[16] & _NUMA_NODE:
                continue
            if name == "old_prog_fd" and not data[8] & _REPLACE:
                continue
            if name == "union":
                break
            v = t.read(inner, data, offset, addr + offset)
            if name in ("map_name", "prog_name"):
                v = string_in(data[offset:offset + min(16, len(raw) - offset)])
            if v is not None:
                out.append((name, v))
        return out, True

    @staticmethod
    def extra(call: Call, raw: bytes, known: int, fields: Fields) -> bool:
        """Bytes beyond what is known; whether dots stand for them."""
        rest = raw[known:]
        if not any(rest):
            return False
        if call.plan.abbrev:
            return True
        fields.append(("extra_data", Comment(Str(rest, style="x"),
                                             f"bytes {known}..{len(raw) - 1}")))
        return False

    def whole(self, call: Call, a: Attribute, inner: Fields, raw: bytes, known: int | None
              ) -> Struct:
        fields: Fields = [(a.outer, Struct(inner))] if a.outer else inner
        more = known is not None and self.extra(call, raw, known, fields)
        return Struct(fields, more)

    # -- entry and exit

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        found = self.find(call)
        raw = None if found is None else self.data(call, word)
        if found is None or raw is None:
            return Addr(word), DONE
        name, a = found
        known: int | None = a.type.size
        if a.type.fields[-1][0] in ("batch_size", "probe_addr") or name in (
                "BPF_PROG_QUERY", "BPF_RAW_TRACEPOINT_OPEN", "BPF_BTF_LOAD"):
            known = self.end(a)
        if name == "BPF_LINK_CREATE":
            fields, known = self.link(call, a, raw, word)
            return self.whole(call, a, fields, raw, known), DONE
        late = _LATE.get(name)
        if late is None:
            fields, complete = self.fields(call, a, raw, word, _BATCHES.get(name))
            # a test run's attribute may end before it is complete, and still be enclosed
            at_end = complete or name == "BPF_PROG_TEST_RUN"
            value = self.whole(call, a, fields, raw, known if at_end else None)
            return value, OPEN if a.outer == "batch" else DONE
        fields, _ = self.fields(call, a, raw, word, late[0])
        if name == "BPF_PROG_QUERY":
            fields.append(("prog_ids", Text("")))
        if call.memo is None:
            call.memo = {}
        call.memo[self] = self.number(a, raw, late[1] or "prog_cnt")
        if name == "BPF_OBJ_GET_INFO_BY_FD" and not call.plan.abbrev:
            self.start_info(call, a, raw)
        inner = Struct(fields, open=True)
        return (Struct([(a.outer, inner)], open=True) if a.outer else inner), OPEN

    @staticmethod
    def end(a: Attribute) -> int:
        """Where the last field ends: padding behind it does not count as known."""
        _, offset, t = a.type.fields[-1]
        return offset + t.size

    @staticmethod
    def number(a: Attribute, raw: bytes, name: str) -> int:
        offset, unpack = a.type.layout[name]
        n: int = unpack(raw.ljust(a.type.size, b"\0"), offset)[0]
        return n

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        found = self.find(call)
        if found is None or not isinstance(old, Struct):
            return old
        name, a = found
        raw = self.data(call, word)
        if raw is None:
            return old
        if a.outer == "batch":
            before = dict(old.fields[0][1].fields)["count"]  # type: ignore[union-attr]
            now = self.number(a, raw, "count")
            if before == now:
                return old
            return Change(old, Struct([("batch", Struct([("count", now)]))]))
        first, changing, then = _LATE[name]
        inner = old.fields[0][1] if a.outer else old
        assert isinstance(inner, Struct) and call.memo is not None
        fields = inner.fields[:len(first)]
        before = call.memo[self]
        if changing:
            now = self.number(a, raw, changing)
            if now != before:
                fields[-1] = (changing, Change(fields[-1][1], now))
        more, complete = self.fields(call, a, raw, word, then)
        if name == "BPF_PROG_QUERY":
            now = self.number(a, raw, "prog_cnt")
            if now != before:
                more[1] = ("prog_cnt", Change(before, now))
        if name == "BPF_TASK_FD_QUERY":
            size = min(before, self.number(a, raw, "buf_len"))
            more[0] = ("buf", wide(call, self.number(a, raw, "buf"),
                                   lambda call, addr: terminated(call, addr, size)))
        if name == "BPF_OBJ_GET_INFO_BY_FD" and not call.plan.abbrev:
            value = self.info(call, a, raw)
            if value is not None:
                more[0] = ("info", value)
        known = self.end(a) if name == "BPF_PROG_QUERY" else a.type.size
        return self.whole(call, a, [*fields, *more], raw, known if complete else None)

    # -- objects

    def start_info(self, call: Call, a: Attribute, raw: bytes) -> None:
        """Keep what the descriptor is, and what its structure has at entry."""
        from tracer.decode.kinds.bpf_info import KINDS, fetch_info

        found = call.task.fd_detail(self.number(a, raw, "bpf_fd"), FD_PATH)
        what = KINDS.get(found[0]) if found is not None else None
        if what is not None:
            data = fetch_info(call, self.number(a, raw, "info"), self.number(a, raw, "info_len"))
            assert call.memo is not None
            call.memo[a] = what, data or b""

    def info(self, call: Call, a: Attribute, raw: bytes) -> Value | None:
        """The structure at exit; None: its address."""
        from tracer.decode.kinds.bpf_info import fetch_info, map_info, prog_info

        kept = call.memo.get(a) if call.memo is not None else None
        data = fetch_info(call, self.number(a, raw, "info"), self.number(a, raw, "info_len"))
        if kept is None or data is None:
            return None

        def extra(fields: Fields, known: int) -> bool:
            return self.extra(call, data, known, fields)

        if kept[0] == "map":
            return map_info(self.build, data, call, extra)
        return prog_info(self.build, data, kept[1], call, program_reader(self.build), wide, extra)

    # -- links

    def link(self, call: Call, a: Attribute, raw: bytes, addr: int) -> tuple[Fields, int | None]:
        """BPF_LINK_CREATE: what is attached says what else there is."""
        fields, _ = self.fields(call, a, raw, addr)
        start = 16
        if len(raw) <= start:
            return fields, a.type.size
        data = raw.ljust(a.type.size, b"\0")
        how = int.from_bytes(data[8:12], "little")
        if how == 0:
            target = int.from_bytes(data[start:start + 4], "little")
            if target:
                fields.append(("target_btf_id", target))
            return fields, start + 4
        names = {_ITERATOR: "bpf_link_iterator", _PERF: "bpf_link_perf",
                 _PROBES: "bpf_link_probes"}
        name = names.get(how)
        if name is None:
            return fields, start
        t = self.build.struct(name)
        value = t.read(call, data, start, addr + start)
        if how == _ITERATOR:
            return [*fields, *value.fields], start + 12
        outer = "perf_event" if how == _PERF else "kprobe_multi"
        return [*fields, (outer, value)], start + t.size


@kind("bpf_attr")
def _bpf_attr(b: Build, command: Param, size: Param) -> InOut:
    return _Attributes(b, name_of(command), name_of(size))


@result_kind("bpf_result")
def _bpf_result(b: Build, command: Param) -> object:
    """A descriptor, where the command makes one."""
    numbers = symbols.numbers("bpf_commands", b.abi)
    making = {numbers[name] for name, row in _ROWS.items()
              if name in numbers and row.split()[2] == "fd"}
    name = name_of(command)

    def decode(call: Call) -> tuple[Value, Value | None]:
        if call.by_name(name) & 0xffffffff in making and call.result < 1 << 31:
            return fd_value(call, call.result), None
        return call.result, None

    return decode
