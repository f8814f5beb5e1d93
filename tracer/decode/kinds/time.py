"""Kinds of times: dates with their comment, clock ticks, sleeping, file times."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.abis import WORD
from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import Build, Coded, fetch, fetch_always, name_of, pointer_to
from tracer.decode.call import Call, kind, result_kind
from tracer.decode.values import Addr, Array, Comment, Either, Join, Struct, Sym, Text

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import MemType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

TICKS = 100             # clock ticks per second that programs see (USER_HZ)
UTIME_NOW, UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2
TIMER_ABSTIME = 1
RESTARTS = range(512, 517)
_MAX_YEAR = (1 << 31) - 1 + 1900


def iso(seconds: int, part: int = 0, digits: int = 9) -> str | None:
    """``2023-11-14T22:13:20.000000005+0000``: UTC, proleptic Gregorian; part: nanoseconds (or
    microseconds, by digits), not printed when zero.  None where strace prints no comment."""
    if (seconds == 0 and part == 0) or part >= 10 ** digits:
        return None
    days, rest = divmod(seconds, 86400)
    # civil date from days: eras of 400 years that begin on 1 March
    era, doe = divmod(days + 719468, 146097)
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (month <= 2)
    if not -(1 << 31) + 1900 <= year <= _MAX_YEAR:
        return None
    day = doy - (153 * mp + 2) // 5 + 1
    text = (f"{year}-{month:02}-{day:02}T"
            f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}")
    if part:
        text += f".{part:0{digits}}"
    return text + "+0000"


def dated(n: Value, seconds: int, part: int = 0, digits: int = 9) -> Value:
    """A value with its date as a comment."""
    text = iso(seconds, part, digits)
    return n if text is None else Comment(n, text)


def _as_seconds(b: Build) -> tuple[int, int]:
    """Mask and sign bit for a date: 64-bit fields are signed whatever their C type."""
    bits = b.bits()
    if bits == 64 or b.ctype in ("long", "int"):
        return (1 << bits) - 1, 1 << (bits - 1)
    return (1 << bits) - 1, 0


@kind("date")
def _date(b: Build) -> Decoder:
    mask, top = _as_seconds(b)

    def decode(call: Call, word: int) -> Value:
        n = ((word & mask) ^ top) - top
        return dated(n, n)

    return decode


@kind("date_ns")
def _date_ns(b: Build, part: Param) -> Decoder:
    name = name_of(part)
    mask, top = _as_seconds(b)

    def decode(call: Call, word: int) -> Value:
        n = ((word & mask) ^ top) - top
        return dated(n, n, call.by_name(name))

    return decode


@result_kind("date")
def _date_result(b: Build) -> object:
    def decode(call: Call) -> tuple[Value, Value | None]:
        text = iso(call.result)
        return call.result, None if text is None else Text(text)

    return decode


@kind("clock_ticks")
def _clock_ticks(b: Build) -> Decoder:
    mask = (1 << b.bits()) - 1

    def decode(call: Call, word: int) -> Value:
        return ticks(call, word & mask)

    return decode


def ticks(call: Call, n: int) -> Value:
    """Clock ticks with their length in seconds."""
    if not n or call.options.xlat == "raw":
        return n
    return Comment(n, f"{n // TICKS}.{n % TICKS:02} s")


@kind("clockid")
def _clockid(b: Build) -> Decoder:
    # the clocks of processes and descriptors are negative: strace has no names for them, since
    # the headers that it is built with have none
    names = symbols.enum("clocknames", b.abi)
    return lambda call, word: names.sym(word)


@result_kind("clock_state")
def _clock_state(b: Build, arg: Param) -> object:
    """adjtimex's state of the clock, named where the structure could be read."""
    names = symbols.enum("adjtimex_state", b.abi).names
    name = name_of(arg)
    size = b.struct("timex64" if b.name.endswith("64") else "timex").size

    def decode(call: Call) -> tuple[Value, Value | None]:
        known = fetch(call, call.by_name(name), size) is not None
        text = names.get(call.result) if known else None
        return call.result, None if text is None else Text(text)

    return decode


@kind("time_left")
def _time_left(b: Build, of: Kind, flags: Param | None = None) -> Decoder:
    t = b.memory(of)
    name = name_of(flags) if flags is not None else None

    def decode(call: Call, addr: int) -> Value:
        # written only when a signal interrupted a relative sleep
        if call.error in RESTARTS and not (name and call.by_name(name) & TIMER_ABSTIME):
            data = fetch_always(call, addr, t.size)
            if data is not None:
                return t.read(call, data, 0, addr) or Addr(addr)
        return Addr(addr)

    return decode


@kind("file_times")
def _file_times(b: Build, of: Kind) -> Decoder:
    t = b.memory(of)
    digits = 6 if of.name == "timeval" else 9

    def one(call: Call, data: bytes, at: int, addr: int) -> Value:
        v = t.read(call, data, at, addr)
        assert isinstance(v, Struct)
        seconds, part = v.fields[0][1], v.fields[1][1]
        assert isinstance(seconds, int) and isinstance(part, int)
        if digits == 9 and part in (UTIME_NOW, UTIME_OMIT):
            return Either(v, Text("UTIME_NOW" if part == UTIME_NOW else "UTIME_OMIT"))
        return dated(v, seconds, part, digits)

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        return Array([one(call, data, at, addr), one(call, data, at + t.size, addr + t.size)])

    return pointer_to(Coded(2 * t.size, read))


@kind("rlim", "rlim64")
def _rlim(b: Build) -> Decoder:
    top = (1 << b.bits()) - 1
    infinity = "RLIM64_INFINITY" if b.bits() == 64 else "RLIM_INFINITY"

    def decode(call: Call, word: int) -> Value:
        n = word & top
        if n == top:
            return Sym(n, infinity, None, "d")
        return Sym(n, f"{n // 1024}*1024", None, "d") if n > 1024 and n % 1024 == 0 else n

    return decode


def timestamp(call: Call, t: MemType, data: bytes, at: int, addr: int) -> Value:
    """A statx_timestamp with its date."""
    v = t.read(call, data, at, addr)
    assert isinstance(v, Struct)
    seconds, part = v.fields[0][1], v.fields[1][1]
    assert isinstance(seconds, int) and isinstance(part, int)
    return dated(v, seconds, part) if in_range(call, seconds) else v


def in_range(call: Call, seconds: int) -> bool:
    """Whether strace's own time_t holds these seconds."""
    return WORD[call.abi] == 8 or -(1 << 31) <= seconds < 1 << 31


__all__ = ["Join", "dated", "in_range", "iso", "ticks", "timestamp"]
