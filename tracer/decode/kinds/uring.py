"""io_uring."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import DONE, OPEN, Build, InOut, fetch, name_of
from tracer.decode.call import Call, kind
from tracer.decode.commands import command_argument
from tracer.decode.values import Addr, Hex, Struct

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value


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
    "IORING_REGISTER_IOWQ_AFF": "arg cpuset(nr_args)",
}


@kind("io_uring_register_arg")
def _register_arg(b: Build, opcode: Param, count: Param) -> InOut:
    return command_argument(b, "io_uring_register", name_of(opcode),
                            symbols.numbers("uring_register_opcodes", b.abi), _REGISTER,
                            "arg addr")
