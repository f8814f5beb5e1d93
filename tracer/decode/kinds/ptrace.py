"""ptrace, by request."""
from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from sysnames.lookup import is_structure
from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    LATER,
    OPEN,
    Build,
    Coded,
    InOut,
    fetch,
    fetch_always,
    length,
    name_of,
    read_array,
)
from tracer.decode.call import Call, kind, result_kind
from tracer.decode.commands import command_argument, command_result
from tracer.decode.kinds.basic import pid_value
from tracer.decode.kinds.filter import classic_filters, seccomp_constant
from tracer.decode.kinds.forms import UNAVAILABLE, local_array
from tracer.decode.kinds.signal import call_number
from tracer.decode.values import Addr, Array, Change, Comment, Either, Hex, Struct, Sym, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.row import Param
    from tracer.decode.build import MemType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

    Registers = Callable[[Call, int, int], Value]   # address, size → registers

# request → addr and data
_REQUESTS = {
    "PTRACE_TRACEME PTRACE_ATTACH PTRACE_INTERRUPT PTRACE_KILL PTRACE_LISTEN": "",
    "PTRACE_PEEKDATA PTRACE_PEEKTEXT": "addr addr, data out ptr(addr)",
    "PTRACE_PEEKUSER": "addr user_offset, data out ptr(addr)",
    "PTRACE_POKEUSER": "addr user_offset, data addr",
    "PTRACE_GETREGSET": "addr enum(nt_descriptor_types):uint, data out regset_got(addr)",
    "PTRACE_SETREGSET": "addr enum(nt_descriptor_types):uint, data regset_set(addr)",
    "PTRACE_GETREGS": "addr out registers_at(user_regs)",
    "PTRACE_SETREGS": "addr registers_at(user_regs)",
    "PTRACE_GETFPREGS": "addr out registers_at(user_fpregs)",
    "PTRACE_SETFPREGS": "addr registers_at(user_fpregs)",
    "PTRACE_GETSIGMASK": "addr ulong, data out ptr(sigset(addr))",
    "PTRACE_SETSIGMASK": "addr ulong, data ptr(sigset(addr))",
    "PTRACE_SECCOMP_GET_FILTER": "addr ulong, data out filters(ret)",
    "PTRACE_SECCOMP_GET_METADATA": "addr ulong, data seccomp_metadata(addr)",
    "PTRACE_GET_SYSCALL_INFO": "addr ulong, data out syscall_info(addr)",
    "PTRACE_PEEKSIGINFO": "addr ptr(ptrace_peeksiginfo_args), data out siginfos(ret)",
    "PTRACE_CONT PTRACE_DETACH PTRACE_SYSCALL PTRACE_SINGLESTEP PTRACE_SINGLEBLOCK "
    "PTRACE_SYSEMU PTRACE_SYSEMU_SINGLESTEP": "addr addr, data signal:ulong",
    "PTRACE_SEIZE PTRACE_SETOPTIONS PTRACE_OLDSETOPTIONS":
        "addr addr, data flags(ptrace_setoptions_flags)",
    "PTRACE_SETSIGINFO": "addr addr, data ptr(siginfo)",
    "PTRACE_GETSIGINFO": "addr addr, data out ptr(siginfo)",
    "PTRACE_GETEVENTMSG": "addr addr, data out ptr(ulong)",
}


@kind("ptrace_request")
def _ptrace_request(b: Build) -> Decoder:
    names = symbols.enum("ptrace_cmds", b.abi, b.bits())
    try:
        compat = symbols.enum("compat_ptrace_cmds", b.abi, b.bits()).names
    except KeyError:
        compat = {}
    raw = b.options.xlat == "raw"

    def decode(call: Call, word: int) -> Value:
        name = compat.get(word)
        if name is None:
            return names.sym(word)
        # requests that only 32-bit programs can make have their names in a comment
        return Hex(word) if raw else Comment(Hex(word), name)

    return decode


@kind("ptrace_pid")
def _ptrace_pid(b: Build, request: Param) -> Decoder:
    name = name_of(request)

    def decode(call: Call, word: int) -> Value | None:
        if not call.by_name(name):      # PTRACE_TRACEME
            return None
        return pid_value(call, ((word & 0xffffffff) ^ 1 << 31) - (1 << 31), "pid")

    return decode


@kind("ptrace_addr")
def _ptrace_addr(b: Build, request: Param) -> InOut:
    return _argument(b, request)


@kind("ptrace_data")
def _ptrace_data(b: Build, request: Param, addr: Param | None = None) -> InOut:
    return _argument(b, request)


def _argument(b: Build, request: Param) -> InOut:
    numbers = symbols.numbers("ptrace_cmds", b.abi)
    try:
        compat = set(symbols.numbers("compat_ptrace_cmds", b.abi).values())
    except KeyError:
        compat = set()
    own = {name: n for name, n in numbers.items() if n not in compat}
    return command_argument(b, "ptrace", name_of(request), own, _REQUESTS,
                            "addr addr, data addr")


@result_kind("ptrace_result")
def _ptrace_result(b: Build, request: Param) -> object:
    return command_result(b, "ptrace", name_of(request))


# -- the user area and registers

@kind("user_offset")
def _user_offset(b: Build) -> Decoder:
    from sysnames.userarea import USER

    places = USER.get(b.abi, [])
    offsets = [offset for offset, _ in places]

    def decode(call: Call, word: int) -> Value:
        i = bisect_right(offsets, word) - 1
        if i < 0 or (i == len(places) - 1 and word > offsets[i]):
            return Addr(word)
        offset, text = places[i]
        return Either(Addr(word), Text(text if offset == word else f"{text}+{word - offset}"))

    return decode


def _registers(b: Build, name: str) -> tuple[Registers, int]:
    """The decoder of a set of registers of which only the first ``size`` bytes are there, and
    the whole size; an ABI without a structure of that name prints addresses."""
    if not is_structure(name, b.abi):
        return (lambda call, addr, size: Addr(addr)), 0
    t = b.struct(name)
    unit = b.long

    def decode(call: Call, addr: int, size: int) -> Value:
        used = min(size, t.size)
        data = None if not size or size % unit else fetch(call, addr, used)
        if data is None:
            return Addr(addr)
        data = data.ljust(t.size, b"\0")
        fields: list[tuple[str, Value]] = []
        for field, offset, kind_ in t.fields:
            if offset >= used:
                break
            v = kind_.read(call, data, offset, addr + offset)
            if isinstance(v, Array) and offset + kind_.size > used:
                item = _ITEM[_ELEMENTS[field]]
                v = local_array(call, item, data, offset, addr, (used - offset) // item.size)
            if v is not None:
                fields.append((field, v))
        return Struct(fields, size > t.size)

    return decode, t.size


def _word_type(size: int) -> MemType:
    return Coded(size, lambda call, data, at, addr: Hex(
        int.from_bytes(data[at:at + size], "little")), composite=False)


# the elements of arrays of registers: types by size, and sizes
_ITEM = {4: _word_type(4), 8: _word_type(8)}
_ELEMENTS = {"uregs": 4, "regs": 8, "st_space": 4, "xmm_space": 4, "padding": 4}


@kind("registers_at")
def _registers_at(b: Build, name: Param) -> Decoder:
    """PTRACE_SETREGS and its kin: addr is not printed, data points to the registers."""
    decode, size = _registers(b, name_of(name))
    return lambda call, word: decode(call, call.by_name("data"), size)


_SETS = {1: "user_regs", 2: "user_fpregs"}      # NT_PRSTATUS, NT_FPREGSET


class _RegSet(InOut):
    """The vector of PTRACE_GETREGSET and PTRACE_SETREGSET."""

    __slots__ = ("key", "sets", "word")

    def __init__(self, b: Build, key: Param) -> None:
        self.key = name_of(key)
        self.sets = {n: _registers(b, name)[0] for n, name in _SETS.items()}
        self.word = b.long

    def vector(self, call: Call, addr: int) -> tuple[int, int] | None:
        """Base and length; None when they cannot be read."""
        data = fetch_always(call, addr, 2 * self.word)
        if data is None:
            return None
        return (int.from_bytes(data[:self.word], "little"),
                int.from_bytes(data[self.word:], "little"))

    def registers(self, call: Call, base: int, size: int) -> Value:
        decode = self.sets.get(call.by_name(self.key) & 0xffffffff)
        return Addr(base) if decode is None else decode(call, base, size)


class _Got(_RegSet):
    """PTRACE_GETREGSET's: its length at entry, everything at exit."""

    __slots__ = ()

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        found = self.vector(call, word)
        return (Addr(word), DONE) if found is None else (found[1], LATER)

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        found = self.vector(call, word)
        if found is None:
            return Addr(word)
        base, size = found
        shown: Value = size if old == size or old is None else Change(old, size)
        return Struct([("iov_base", self.registers(call, base, size)), ("iov_len", shown)])


class _Set(_RegSet):
    """PTRACE_SETREGSET's: everything at entry, another length at exit."""

    __slots__ = ()

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        found = self.vector(call, word)
        if found is None:
            return Addr(word), DONE
        base, size = found
        return Struct([("iov_base", self.registers(call, base, size)), ("iov_len", size)],
                      open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        before = old.fields[1][1]
        found = self.vector(call, word)
        now = before if found is None or found[1] == before else Change(before, found[1])
        return Struct([old.fields[0], ("iov_len", now)])


@kind("regset_got")
def _regset_got(b: Build, key: Param) -> InOut:
    return _Got(b, key)


@kind("regset_set")
def _regset_set(b: Build, key: Param) -> InOut:
    return _Set(b, key)


# -- filters, signals, calls

@kind("filters")
def _filters(b: Build, count: Param) -> Decoder:
    get = length(count)

    def decode(call: Call, addr: int) -> Value:
        if call.error:
            return Addr(addr)
        return classic_filters(call, addr, get(call) & 0xffff, seccomp_constant)

    return decode


class _Metadata(InOut):
    """PTRACE_SECCOMP_GET_METADATA: which filter at entry, its flags at exit."""

    __slots__ = ("flags", "size")

    WHOLE = 16

    def __init__(self, b: Build, size: Param) -> None:
        self.size = length(size)
        self.flags = symbols.flags("seccomp_filter_flags", b.abi, 64)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, 8) if self.size(call) >= 8 else None
        if data is None:
            return Addr(word), DONE
        return Struct([("filter_off", int.from_bytes(data, "little"))], open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        if call.error or call.result <= 8:
            return Struct(old.fields)
        data = fetch(call, word + 8, 8) if call.result >= self.WHOLE else None
        if data is None:
            return Struct([*old.fields, ("", UNAVAILABLE)])
        flags = self.flags.sym(int.from_bytes(data, "little"))
        return Struct([*old.fields, ("flags", flags)], call.result > self.WHOLE)


@kind("seccomp_metadata")
def _seccomp_metadata(b: Build, size: Param) -> InOut:
    return _Metadata(b, size)


@kind("siginfos")
def _siginfos(b: Build, count: Param) -> Decoder:
    get = length(count)
    t = b.memory(Kind("siginfo"))

    def decode(call: Call, addr: int) -> Value:
        if call.error:
            return Addr(addr)
        return read_array(call, t, addr, get(call))

    return decode


# struct ptrace_syscall_info: where the parts end
_ARCH, _POINTER, _STACK, _NUMBER, _EXIT, _SECCOMP = 8, 16, 24, 32, 33, 84
_ENTRY_OP, _EXIT_OP, _SECCOMP_OP = 1, 2, 3


@kind("syscall_info")
def _syscall_info(b: Build, size: Param) -> Decoder:
    """PTRACE_GET_SYSCALL_INFO: as much as both the kernel and the program have."""
    get = length(size)
    ops = symbols.enum("ptrace_syscall_info_op", b.abi, 8)
    arches = symbols.enum("audit_arch", b.abi, 32)
    abi = b.abi

    def decode(call: Call, addr: int) -> Value:
        known = min(get(call), call.result if not call.error else 0, _SECCOMP)
        data = fetch(call, addr, known) if known else None
        if data is None:
            return Addr(addr)
        data = data.ljust(_SECCOMP, b"\0")

        def number(at: int, n: int = 8) -> int:
            return int.from_bytes(data[at:at + n], "little")

        op, arch = data[0], number(4, 4)
        fields: list[tuple[str, Value]] = [("op", ops.sym(op))]
        if known >= _ARCH:
            fields.append(("arch", arches.sym(arch)))
        if known >= _POINTER:
            fields.append(("instruction_pointer", Addr(number(8))))
        if known >= _STACK:
            fields.append(("stack_pointer", Addr(number(16))))
        if known >= _NUMBER and op == _EXIT_OP:
            fields.append(("exit", outcome(number, known)))
        elif known >= _NUMBER and op in (_ENTRY_OP, _SECCOMP_OP):
            part: list[tuple[str, Value]] = [("nr", call_number(number(24), arch, abi))]
            words = min((known - _NUMBER) // 8, 6)
            if words:
                part.append(("args", local_array(call, _ITEM[8], data, _NUMBER, addr, words)))
            if op == _SECCOMP_OP and known >= _SECCOMP:
                part.append(("ret_data", number(80, 4)))
            fields.append(("entry" if op == _ENTRY_OP else "seccomp", Struct(part)))
        return Struct(fields)

    return decode


def outcome(number: Callable[[int, int], int], known: int) -> Struct:
    """The part of a call's end: its result, perhaps an error."""
    from sysnames.errno import NAMES

    n = number(24, 8)
    result = n - (1 << 64) if n >> 63 else n
    failed = number(32, 1)
    shown: Value = result
    if known >= _EXIT and failed:
        name = NAMES.get(-result)
        shown = Sym(result, None if name is None else "-" + name, None, "d")
    fields: list[tuple[str, Value]] = [("rval", shown)]
    if known >= _EXIT:
        fields.append(("is_error", failed))
    return Struct(fields)
