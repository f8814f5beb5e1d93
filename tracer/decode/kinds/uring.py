"""io_uring."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    OPEN,
    QUIET,
    Build,
    Coded,
    InOut,
    MemType,
    array_of,
    fetch,
    length,
    name_of,
    read_array,
)
from tracer.decode.call import Call, kind, memory_kind
from tracer.decode.commands import command_argument
from tracer.decode.kinds.basic import fd_value
from tracer.decode.kinds.bpf import wide
from tracer.decode.kinds.forms import UNAVAILABLE
from tracer.decode.values import (
    Addr,
    Array,
    Change,
    Comment,
    Hex,
    Join,
    Named,
    Str,
    Struct,
    Text,
)

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value


PAGE = 4096


class _Params(InOut):
    """io_uring_setup's structure: what the program asks for, then what it gets."""

    __slots__ = ("type",)

    _ASKED = ("flags", "sq_thread_cpu", "sq_thread_idle")
    _GIVEN = ("sq_entries", "cq_entries", "features", "sq_off", "cq_off")
    _ATTACH = 1 << 5

    def __init__(self, b: Build) -> None:
        self.type = b.struct("io_uring_params")

    def read(self, call: Call, data: bytes, addr: int,
             names: tuple[str, ...]) -> list[tuple[str, Value]]:
        known = {name: (offset, t) for name, offset, t in self.type.fields}
        out: list[tuple[str, Value]] = []
        for name in names:
            offset, t = known[name]
            v = t.read(call, data, offset, addr + offset)
            if v is not None:
                out.append((name, v))
        return out

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, self.type.size)
        if data is None:
            return Addr(word), DONE
        names: tuple[str, ...] = self._ASKED
        if int.from_bytes(data[8:12], "little") & self._ATTACH:
            names = (*names, "wq_fd")
        if any(data[28:40]):
            names = (*names, "resv")
        return Struct(self.read(call, data, word, names), open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        data = fetch(call, word, self.type.size)
        more = [] if data is None else self.read(call, data, word, self._GIVEN)
        return Struct([*old.fields, *more])


@kind("io_uring_params")
def _io_uring_params(b: Build) -> InOut:
    return _Params(b)


@kind("nonzero_hex")
def _nonzero_hex(b: Build) -> Decoder:
    return lambda call, word: Hex(word) if word else None


_REGISTER = {
    "IORING_REGISTER_BUFFERS": "arg iov_addrs(nr_args)",
    "IORING_REGISTER_FILES IORING_REGISTER_EVENTFD IORING_REGISTER_EVENTFD_ASYNC":
        "arg array(fd, nr_args)",
    "IORING_REGISTER_FILES_UPDATE": "arg ptr(io_uring_files_update)",
    "IORING_REGISTER_PROBE": "arg ring_probe",
    "IORING_REGISTER_RESTRICTIONS": "arg array(ring_restriction, nr_args)",
    "IORING_REGISTER_FILES2": "arg ring_resources(io_uring_rsrc_register, 1)",
    "IORING_REGISTER_BUFFERS2": "arg ring_resources(io_uring_rsrc_register, 0)",
    "IORING_REGISTER_FILES_UPDATE2": "arg ring_resources(io_uring_rsrc_update2, 1, 1)",
    "IORING_REGISTER_BUFFERS_UPDATE": "arg ring_resources(io_uring_rsrc_update2, 0)",
    "IORING_REGISTER_IOWQ_MAX_WORKERS": "arg ring_workers",
    "IORING_REGISTER_RING_FDS": "arg array(io_uring_rsrc_update, nr_args)",
    "IORING_UNREGISTER_RING_FDS":
        "arg array(shape(io_uring_rsrc_update, io_uring_rsrc_update.out), nr_args)",
    "IORING_REGISTER_PBUF_RING IORING_UNREGISTER_PBUF_RING": "arg ptr(io_uring_buf_reg)",
    "IORING_REGISTER_IOWQ_AFF": "arg cpuset(nr_args)",
}


@kind("io_uring_register_arg")
def _register_arg(b: Build, opcode: Param, count: Param) -> InOut:
    return command_argument(b, "io_uring_register", name_of(opcode),
                            symbols.numbers("uring_register_opcodes", b.abi), _REGISTER,
                            "arg addr")


# -- what io_uring_register gets

@kind("ring_file")
def _ring_file(b: Build) -> Decoder:
    """A descriptor, or a negative word for none or to leave one alone."""
    names = symbols.enum("uring_files_update_fds", b.abi, 32, "d")

    def decode(call: Call, word: int) -> Value:
        n = ((word & 0xffffffff) ^ 1 << 31) - (1 << 31)
        return names.sym(n) if n < -1 else fd_value(call, n)

    return decode


@kind("numbered_op")
def _numbered_op(b: Build) -> Decoder:
    names = symbols.enum("uring_ops", b.abi, 8)
    return lambda call, word: names.sym(word)


@kind("ring_offset")
def _ring_offset(b: Build) -> Decoder:
    return lambda call, word: -1 if word == 0xffffffff else word


@memory_kind("ring_restriction")
def _ring_restriction(b: Build) -> MemType:
    """struct io_uring_restriction: its operation says what is restricted."""
    opcodes = symbols.enum("uring_restriction_opcodes", b.abi)
    what = {0: ("register_op", symbols.enum("uring_register_opcodes", b.abi).sym),
            1: ("sqe_op", symbols.enum("uring_ops", b.abi, 32, "x").sym),
            2: ("sqe_flags", symbols.flags("uring_sqe_flags", b.abi, 8).sym)}
    what[3] = what[2]

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        opcode = int.from_bytes(data[at:at + 2], "little")
        n, resv = data[at + 2], data[at + 3]
        shown: Value = opcodes.sym(opcode)
        fields: list[tuple[str, Value]] = []
        if opcode in what:
            name, sym = what[opcode]
            fields = [("opcode", shown), (name, sym(n))]
        else:
            fields = [("opcode", Comment(shown, f"op: {hex(n) if n else 0}"))]
        if resv:
            fields.append(("resv", Hex(resv)))
        if any(data[at + 4:at + 16]):
            fields.append(("resv2", Array([Hex(int.from_bytes(data[i:i + 4], "little"))
                                           for i in range(at + 4, at + 16, 4)])))
        return Struct(fields)

    return Coded(16, read)


@kind("ring_resources")
def _ring_resources(b: Build, name: Param, files: int, updated: int = 0) -> Decoder:
    """Resources of a ring with their tags; the number of arguments is the structure's size."""
    t = b.struct(name_of(name))
    kinds = {"iov": b.decoder(Kind("iov_addrs", (Kind("nr"),))),
             "fd": array_of(b.memory(Kind("fd")), length(Kind("nr"))),
             "file": array_of(b.memory(Kind("ring_file"), "uint"), length(Kind("nr")))}
    data_of = kinds["iov" if not files else "file" if updated else "fd"]

    def decode(call: Call, addr: int) -> Value:
        size = call.by_name("nr_args") & 0xffffffff
        raw = fetch(call, addr, t.size) if size >= t.size else None
        if raw is None:
            return Addr(addr)
        frame = t.frame(call, raw, addr)
        fields: list[tuple[str, Value]] = []
        for field, offset, m in t.fields:
            v = m.read(frame, raw, offset, addr + offset)
            if field == "data":
                v = wide(frame, int.from_bytes(raw[offset:offset + 8], "little"), data_of)
            elif field.startswith("resv") and isinstance(v, Hex) and not v.n:
                continue
            if v is not None:
                fields.append((field, v))
        if size > t.size:
            rest = fetch(call, addr + t.size, min(size, PAGE) - t.size)
            if rest is None:
                fields.append(("", UNAVAILABLE))
            elif any(rest):
                where = Text(f"/* bytes {t.size}..{t.size + len(rest) - 1} */ ")
                fields.append(("", Join([where, Str(rest, style="x")], "")))
        return Struct(fields)

    return decode


class _Probe(InOut):
    """IORING_REGISTER_PROBE: a structure of zeros is not printed at entry."""

    __slots__ = ("head", "operation")

    def __init__(self, b: Build) -> None:
        self.head = b.struct("io_uring_probe")
        self.operation = b.struct("io_uring_probe_op")

    def value(self, call: Call, word: int, count: int) -> Value | None:
        if count > 256:
            return Addr(word)
        data = fetch(call, word, self.head.size + count * self.operation.size)
        if data is None:
            return Addr(word)
        if not call.exiting and not any(data):
            return None
        head = self.head.read(call, data, 0, word)
        there = data[1]
        shown = min(there, count) if call.exiting else count
        limit = call.options.string_limit
        more = call.exiting and count < there
        if call.plan.abbrev and shown > limit:
            shown, more = limit, True
        items: list[Value] = [
            self.operation.read(call, data, self.head.size + i * self.operation.size, word)
            for i in range(shown)]
        return Struct([*head.fields, ("ops", Array(items, more))])

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        v = self.value(call, word, call.by_name("nr_args") & 0xffffffff)
        if v is None:
            return None, QUIET
        return v, DONE if isinstance(v, Addr) else OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if call.error:
            return Addr(word) if old is None else old
        v = self.value(call, word, call.by_name("nr_args") & 0xffffffff)
        if v is None or isinstance(old, Addr):
            return old
        return v if old is None else Change(old, v)


@kind("ring_probe")
def _ring_probe(b: Build) -> InOut:
    return _Probe(b)


class _Workers(InOut):
    """IORING_REGISTER_IOWQ_MAX_WORKERS: limits by class, and what they were."""

    __slots__ = ("names",)

    def __init__(self, b: Build) -> None:
        self.names = symbols.enum("uring_iowq_acct", b.abi, 32, "d")

    def value(self, call: Call, word: int) -> Value:
        style = call.options.xlat

        def read(call: Call, data: bytes, at: int, addr: int) -> Value:
            s = self.names.sym((addr - word) // 4)
            text = s.text or (f"{s.n} /* {s.unknown} */" if style != "raw" else str(s.n))
            if s.text is not None and style != "abbrev":
                text = str(s.n) if style == "raw" else f"{s.n} /* {s.text} */"
            return Named(f"[{text}]", int.from_bytes(data[at:at + 4], "little"))

        return read_array(call, Coded(4, read), word, call.by_name("nr_args") & 0xffffffff)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        v = self.value(call, word)
        whole = isinstance(v, Array) and bool(v.items) and v.broken is None
        return (Change(v, Text("")), OPEN) if whole else (v, DONE)

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        return Change(old.old, self.value(call, word)) if isinstance(old, Change) else old


@kind("ring_workers")
def _ring_workers(b: Build) -> InOut:
    return _Workers(b)
