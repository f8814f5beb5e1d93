"""Kinds of signals: numbers, sets, actions, siginfo."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sysnames import signals
from sysnames.abis import AUDIT_ARCHES, KNOWN_CALLS, WORD
from tracer.decode import symbols
from tracer.decode.build import Build, Coded, SizedType, fetch, length, name_of
from tracer.decode.call import Call, kind, memory_kind, result_kind
from tracer.decode.kinds.basic import fd_value, pid_value
from tracer.decode.kinds.time import ticks
from tracer.decode.values import Addr, Hex, Named, Set, Struct, Sym, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sysnames.row import Param
    from tracer.decode.build import MemType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

SIGSET_BYTES = 8
SIG_MIN_RT, SIG_MAX = 32, 64


def signal_text(n: int) -> str | None:
    """``SIGUSR1``, ``SIGRT_3``; None for a number that is no signal."""
    name = signals.NAMES.get(n)
    if name is None and SIG_MIN_RT < n <= SIG_MAX:
        name = f"SIGRT_{n - SIG_MIN_RT}"
    return name


_syms: dict[int, Sym] = {}


def signal_value(n: int) -> Sym:
    """A signal number."""
    s = _syms.get(n)
    if s is None:
        s = Sym(n, signal_text(n), None, "d")
        if 0 <= n <= SIG_MAX:
            _syms[n] = s
    return s


@kind("signal")
def _signal(b: Build) -> Decoder:
    top = 1 << 31
    if b.ctype == "int":
        return lambda call, word: _syms.get(word) or signal_value(word)
    return lambda call, word: signal_value(((word & 0xffffffff) ^ top) - top)


# -- sets

_members = [Sym(n, (signal_text(n) or str(n))[3:], None, "d") for n in range(65)]
_sets: dict[tuple[int, int], Set] = {}


def sigset_value(mask: int, size: int = SIGSET_BYTES) -> Set:
    """A signal set of ``size`` bytes; the complement where two thirds of the bits are set."""
    key = mask, size
    s = _sets.get(key)
    if s is None:
        bits = (size + 3) // 4 * 32
        mask &= (1 << bits) - 1
        negated = bin(mask).count("1") >= bits * 2 // 3
        if negated:
            mask ^= (1 << bits) - 1
        items: list[Value] = [_members[i + 1] for i in range(bits) if mask >> i & 1]
        s = Set(items, negated)
        if len(_sets) < 1024:
            _sets[key] = s
    return s


def sigset_at(call: Call, addr: int, size: int, least: int) -> Value:
    """A signal set in memory, whose size the program gives."""
    if not least <= size <= SIGSET_BYTES:
        return Addr(addr)
    data = fetch(call, addr, size)
    return Addr(addr) if data is None else sigset_value(int.from_bytes(data, "little"), size)


@memory_kind("sigset")
def _sigset(b: Build, size: Param) -> MemType:
    if isinstance(size, int):
        n = size

        def read(call: Call, data: bytes, at: int, addr: int) -> Value:
            return sigset_value(int.from_bytes(data[at:at + n], "little"), n)

        return Coded(n, read)
    # ptr(sigset(size)) of calls: the size decides whether anything is read
    return _Sized(length(size), 1 if b.name == "rt_sigpending" else b.long)


class _Sized(SizedType):
    """A set whose size an argument gives; only pointers to it exist."""

    __slots__ = ("least", "length")

    def __init__(self, size: Any, least: int) -> None:
        super().__init__(SIGSET_BYTES, self._read)
        self.length = size
        self.least = least

    def _read(self, call: Call, data: bytes, at: int, address: int) -> Value:
        return sigset_value(int.from_bytes(data[at:at + SIGSET_BYTES], "little"))

    def pointer(self) -> Decoder:
        """The decoder of a pointer to the set."""
        get, least = self.length, self.least
        return lambda call, addr: sigset_at(call, addr, get(call), least)


@kind("old_sigset")
def _old_sigset(b: Build) -> Decoder:
    size = b.long
    return lambda call, word: sigset_value(word & ((1 << 8 * size) - 1), size)


@memory_kind("old_sigset")
def _old_sigset_memory(b: Build) -> MemType:
    size = b.long
    return Coded(size, lambda call, data, at, addr: sigset_value(
        int.from_bytes(data[at:at + size], "little"), size))


@result_kind("old_sigset")
def _old_sigset_result(b: Build) -> object:
    label = "old mask" if b.name == "ssetmask" else "mask"
    return lambda call: (Hex(call.result), Named(label, sigset_value(call.result, b.long), " "))


def _frame_mask(b: Build, whole: bool) -> Decoder:
    """The mask that sigreturn will restore; the task knows where its frame is.

    whole: strace reads all of the frame, not its mask.
    """
    def decode(call: Call, word: int) -> Value:
        ask = getattr(call.task, "sigframe_mask", None)
        if ask is None:
            return Struct([("mask", Text("???"))])
        address, mask = ask(call.name == "rt_sigreturn")
        if mask is not None and b.verbose:
            return Struct([("mask", sigset_value(mask))])
        return Addr(address) if whole else Struct([("mask", Addr(address))])

    return decode


@kind("sigframe")
def _sigframe(b: Build) -> Decoder:
    return _frame_mask(b, False)


@kind("whole_sigframe")
def _whole_sigframe(b: Build) -> Decoder:
    return _frame_mask(b, True)


# -- actions

@kind("new_sigaction")
def _new_sigaction(b: Build) -> Decoder:
    """A pointer to struct sigaction; strace's own has 64 bytes of mask, all of them read."""
    t = b.struct("sigaction")
    size = 3 * b.long + 64

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, size)
        return Addr(addr) if data is None else t.read(call, data, 0, addr)

    return decode


@kind("sa_handler")
def _sa_handler(b: Build) -> Decoder:
    top = (1 << 8 * b.long) - 1
    names = {0: Sym(0, "SIG_DFL"), 1: Sym(1, "SIG_IGN"), top: Sym(top, "SIG_ERR")}
    return lambda call, word: names.get(word) or Addr(word)


@result_kind("sa_handler")
def _sa_handler_result(b: Build) -> object:
    names = {0: "SIG_DFL", 1: "SIG_IGN", (1 << 8 * b.long) - 1: "SIG_ERR"}

    def decode(call: Call) -> tuple[Value, Value | None]:
        text = names.get(call.result)
        return Hex(call.result), None if text is None else Text(text)

    return decode


@kind("restorer")
def _restorer(b: Build, flags: Param) -> Decoder:
    name = name_of(flags)
    return lambda call, word: Addr(word) if call.by_name(name) & 0x04000000 else None


# -- siginfo

SI_USER, SI_TKILL, SI_TIMER, SI_SIGIO, SI_KERNEL = 0, -6, -2, -5, 0x80
CLD_EXITED = 1
_CODE_SETS = {"SIGTRAP": "sigtrap_codes", "SIGCHLD": "sigchld_codes", "SIGIO": "sigpoll_codes",
              "SIGILL": "sigill_codes", "SIGFPE": "sigfpe_codes",
              "SIGSEGV": "sigsegv_codes", "SIGBUS": "sigbus_codes", "SIGSYS": "sigsys_codes"}


def si_code(abi: str, code: int, signo: int) -> Sym:
    """A signal's cause; the names are those of its signal."""
    n = code & 0xffffffff
    text = symbols.enum("siginfo_codes", abi).names.get(n)
    name = _CODE_SETS.get(signals.NAMES.get(signo, ""))
    if text is None and name is not None:
        text = symbols.enum(name, abi).names.get(n)
    return Sym(n, text)


class _NoCall(Call):
    """What stands for a call where a signal arrives outside of one."""

    def __init__(self, task: Any, options: Any) -> None:
        self.task = task
        self.options = options


class _PlainOptions:
    decode_fds = 0
    xlat = "abbrev"
    decode_pids = 0


def decode_siginfo(info: bytes | Mapping[str, int], abi: str, task: Any = None,
                   options: Any = None) -> Struct:
    """A siginfo as a structure, for the line of a signal.

    info: the kernel's siginfo_t, or a mapping of its fields without ``si_``: signo, errno,
    code, pid, uid, addr, status, utime, stime, value (ptr), timerid, overrun, band, fd, lower,
    upper, pkey, addr_lsb, call_addr, syscall, arch; missing ones are 0.
    """
    fields = siginfo_fields(info, abi) if isinstance(info, bytes) else info
    return siginfo_value(_NoCall(task, options or _PlainOptions()), fields, abi)


# the fields of each member of the union, in order, with their C types
_FORMS: dict[str, dict[str, str]] = {
    "kill": {"pid": "int", "uid": "uint"},
    "timer": {"timerid": "int", "overrun": "int", "value": "ulong"},
    "rt": {"pid": "int", "uid": "uint", "value": "ulong"},
    "chld": {"pid": "int", "uid": "uint", "status": "int", "utime": "long", "stime": "long"},
    "fault": {"addr": "ulong", "addr_lsb": "short"},
    "bound": {"addr": "ulong", "_pad": "ulong", "lower": "ulong", "upper": "ulong"},
    "pkey": {"addr": "ulong", "_pad": "ulong", "pkey": "uint"},
    "perf": {"addr": "ulong", "perf_data": "ulong", "perf_type": "uint", "perf_flags": "uint"},
    "poll": {"band": "long", "fd": "int"},
    "sys": {"call_addr": "ulong", "syscall": "int", "arch": "uint"},
}


def siginfo_form(signo: int, code: int) -> str:
    """Which member of siginfo's union a signal uses."""
    name = signals.NAMES.get(signo, "")
    if code <= 0:
        return {SI_USER: "kill", SI_TKILL: "kill", SI_TIMER: "timer",
                SI_SIGIO: "poll"}.get(code, "rt")
    if name == "SIGCHLD":
        return "chld"
    if name == "SIGSEGV" and code in (3, 4):
        return "bound" if code == 3 else "pkey"
    if name == "SIGTRAP" and code == 6:
        return "perf"
    if name in ("SIGILL", "SIGFPE", "SIGBUS", "SIGSEGV", "SIGTRAP"):
        return "fault"
    if name == "SIGIO":
        return "poll"
    return "sys" if name == "SIGSYS" else "rt"


def siginfo_fields(data: bytes, abi: str) -> dict[str, int]:
    """The fields of a siginfo_t in memory, without ``si_``."""
    import struct

    wide = WORD[abi] == 8
    signo, errno, code = struct.unpack_from("<iii", data)
    fields = {"signo": signo, "errno": errno, "code": code}
    at = 16 if wide else 12
    types = {"int": ("i", 4), "uint": ("I", 4), "short": ("h", 2),
             "long": ("q", 8) if wide else ("i", 4), "ulong": ("Q", 8) if wide else ("I", 4)}
    for name, ctype in _FORMS[siginfo_form(signo, code)].items():
        char, size = types[ctype]
        at = (at + size - 1) // size * size
        if at + size <= len(data):
            fields[name] = struct.unpack_from("<" + char, data, at)[0]
        at += size
    return fields


def siginfo_value(call: Call, fields: Mapping[str, int], abi: str) -> Struct:
    """A siginfo's fields as strace prints them."""
    get = fields.get
    signo, code = get("signo", 0), get("code", 0)
    out: list[tuple[str, Value]] = []
    if not signo:
        return Struct(out)
    out += [("si_signo", signal_value(signo)), ("si_code", si_code(abi, code, signo))]
    if get("errno"):
        from sysnames.errno import NAMES

        n = fields["errno"] & 0xffffffff
        out.append(("si_errno", Sym(n, NAMES.get(n), None, "d")))
    name = signals.NAMES.get(signo, "")
    form = siginfo_form(signo, code)

    def number(field: str) -> None:
        out.append((f"si_{field}", get(field, 0)))

    def pointer(field: str) -> None:
        out.append((f"si_{field}", Addr(get(field, 0))))

    def source() -> None:
        out.append(("si_pid", pid_value(call, get("pid", 0))))
        uid = get("uid", 0) & 0xffffffff
        out.append(("si_uid", -1 if uid == 0xffffffff else uid))

    def value() -> None:
        v = get("value", 0)
        low = v & 0xffffffff
        out.append(("si_int", low - (1 << 32) if low >> 31 else low))
        out.append(("si_ptr", Addr(v)))

    if form == "kill":
        source()
    elif form == "timer":
        out.append(("si_timerid", Hex(get("timerid", 0) & 0xffffffff)))
        number("overrun")
        value()
    elif form == "poll":
        if code <= 0 or code <= 6:
            number("band")
            out.append(("si_fd", fd_value(call, get("fd", 0))))
    elif form == "chld":
        source()
        status = get("status", 0)
        out.append(("si_status", status if code == CLD_EXITED else signal_value(status)))
        out.append(("si_utime", ticks(call, get("utime", 0))))
        out.append(("si_stime", ticks(call, get("stime", 0))))
    elif form in ("fault", "bound", "pkey", "perf"):
        pointer("addr")
        if form == "bound":
            pointer("lower")
            pointer("upper")
        elif form == "pkey":
            number("pkey")
        elif name == "SIGBUS" and code in (4, 5):
            out.append(("si_addr_lsb", Hex(get("addr_lsb", 0) & 0xffff)))
    elif form == "sys":
        pointer("call_addr")
        arch = get("arch", 0)
        out.append(("si_syscall", call_number(get("syscall", 0) & 0xffffffff, arch, abi)))
        out.append(("si_arch", symbols.enum("audit_arch", abi).sym(arch & 0xffffffff)))
    elif code <= 0:
        source()
        if get("value"):
            value()
    else:
        if get("pid") or get("uid"):
            source()
        if get("value"):
            value()
    return Struct(out)


def call_number(number: int, arch: int, abi: str) -> Value:
    """A call's number with its name, by an AUDIT_ARCH_* value; abi: the tracee's."""
    from sysnames import table

    theirs = AUDIT_ARCHES.get(arch & 0xffffffff)
    name = table(theirs).get(number) if theirs in KNOWN_CALLS[abi] else None
    return Sym(number, None if name is None else "__NR_" + name, None, "d")


@memory_kind("siginfo")
def _siginfo(b: Build) -> MemType:
    abi = b.abi

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        return siginfo_value(call, siginfo_fields(data[at:at + 128], abi), abi)

    return Coded(128, read)


@result_kind("signal_result")
def _signal_result(b: Build) -> object:
    def decode(call: Call) -> tuple[Value, Value | None]:
        text = signal_text(call.result)
        return call.result, None if text is None else Text(text)

    return decode


@memory_kind("sigevent")
def _sigevent(b: Build) -> MemType:
    """struct sigevent: the value, the signal, and what the way of notice needs."""
    import struct

    word = b.long
    unpack = struct.Struct("<QiiQQ" if word == 8 else "<IiiII").unpack_from
    ways = symbols.enum("sigev_value", b.abi)

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        value, signo, way, first, second = unpack(data, at)
        out: list[tuple[str, Value]] = []
        if value:
            low = value & 0xffffffff
            out.append(("sigev_value", Struct([
                ("sival_int", low - (1 << 32) if low >> 31 else low),
                ("sival_ptr", Addr(value))])))
        # SIGEV_SIGNAL, SIGEV_THREAD and SIGEV_THREAD_ID send one
        out.append(("sigev_signo", signal_value(signo) if way in (0, 2, 4)
                    else signo & 0xffffffff))
        out.append(("sigev_notify", ways.sym(way)))
        if way == 4:
            tid = first & 0xffffffff
            out.append(("sigev_notify_thread_id", tid - (1 << 32) if tid >> 31 else tid))
        elif way == 2:
            out += [("sigev_notify_function", Addr(first)),
                    ("sigev_notify_attributes", Addr(second))]
        return Struct(out)

    # the kernel copies 64 bytes, but strace needs no more than what it prints
    return Coded(32 if word == 8 else 20, read)


__all__ = ["decode_siginfo", "sigset_value", "signal_value"]
