"""adjtimex(2) and clock_adjtime(2): the kernel's NTP variables (kernel/time/ntp.c).

The clock is virtual and always right: settings are kept and given back, a time offset is
applied at once, and the frequency has no effect.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import clockids
from tracer.kernel.registry import syscall

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Task

CAP_SYS_TIME = 25
# ADJ_* of linux/timex.h
_OFFSET, _FREQUENCY, _MAXERROR, _ESTERROR, _STATUS, _TIMECONST = 1, 2, 4, 8, 16, 32
_TAI, _SETOFFSET, _MICRO, _NANO, _TICK = 0x80, 0x100, 0x1000, 0x2000, 0x4000
_ADJTIME, _SINGLESHOT, _READONLY = 0x8000, 0x0001, 0x2000
_STA_PLL, _STA_UNSYNC, _STA_NANO, _STA_CLOCKERR = 1, 0x40, 0x2000, 0x1000
_STA_RONLY = 0xFF00
_STA_PPS, _STA_PPSSIGNAL = 0x6, 0x100
_LIMIT = 16_000_000                 # NTP_PHASE_LIMIT, µs
_MAX_FREQUENCY = 500 << 16          # ppm, 16-bit fraction
_MAX_TAI, _MAX_CONSTANT = 100000, 10
TIME_OK, TIME_ERROR = 0, 5


class Ntp:
    """The variables; as after the start of a machine without a time daemon."""

    def __init__(self) -> None:
        self.adjust = self.offset = self.frequency = 0
        self.maxerror = self.esterror = _LIMIT
        self.status = _STA_UNSYNC
        self.constant = 2
        self.tick = 10000

    def change(self, modes: int, new: dict[str, int]) -> None:
        """Apply ADJ_* in the kernel's order."""
        if modes & _STATUS:
            if self.status & _STA_PLL and not new["status"] & _STA_PLL:
                self.status = _STA_UNSYNC
            self.status = self.status & _STA_RONLY | new["status"] & ~_STA_RONLY & 0xFFFFFFFF
        if modes & _NANO:
            self.status |= _STA_NANO
        if modes & _MICRO:
            self.status &= ~_STA_NANO
        if modes & _FREQUENCY:
            self.frequency = max(-_MAX_FREQUENCY, min(new["freq"], _MAX_FREQUENCY))
        if modes & _MAXERROR:
            self.maxerror = max(0, min(new["maxerror"], _LIMIT))
        if modes & _ESTERROR:
            self.esterror = max(0, min(new["esterror"], _LIMIT))
        if modes & _TIMECONST:
            constant = max(0, min(new["constant"], _MAX_CONSTANT))
            if not self.status & _STA_NANO:
                constant += 4
            self.constant = min(constant, _MAX_CONSTANT)
        if modes & _OFFSET and self.status & _STA_PLL:
            unit = 1 if self.status & _STA_NANO else 1000
            self.offset = max(-500_000_000, min(new["offset"] * unit, 500_000_000))
        if modes & _TICK:
            self.tick = new["tick"]

    @property
    def failing(self) -> bool:
        """is_error_status()."""
        status = self.status
        return bool(status & (_STA_UNSYNC | _STA_CLOCKERR)
                    or (status & _STA_PPS and not status & _STA_PPSSIGNAL))


@syscall("adjtimex", timex="timex")
def adjtimex(task: Task, address: int, *, timex: Layout) -> int:
    return _adjust(task, address, timex)


@syscall("clock_adjtime", timex="timex")
@syscall("clock_adjtime64", timex="timex64")
def clock_adjtime(task: Task, which: int, address: int, *, timex: Layout) -> int:
    task.mem.read(address, timex.size)
    if not clockids.known(which) or clockids.is_device(which):
        raise LinuxError(E.EINVAL)
    if which != clockids.REALTIME:
        raise LinuxError(E.EOPNOTSUPP)
    return _adjust(task, address, timex)


def _adjust(task: Task, address: int, timex: Layout) -> int:
    """do_adjtimex; returns the state of the clock, TIME_*."""
    values = {k: int(v) for k, v in
              timex.unpack_dict(task.mem.read(address, timex.size)).items()}
    modes = values["modes"]
    _check(task, modes, values, timex.size == 208)
    clock = task.kernel.clock
    if modes & _SETOFFSET and not modes & _ADJTIME:
        unit = 1 if modes & _NANO else 1000
        delta = values["time.tv_sec"] * 10**9 + values["time.tv_usec"] * unit
        now = clock.realtime() + delta
        if now < clock.monotonic():
            raise LinuxError(E.EINVAL)
        clock.set_realtime(now)
    ntp = clock.ntp
    if ntp is None:
        ntp = clock.ntp = Ntp()
    if modes & _ADJTIME:
        before = ntp.adjust
        if not modes & _READONLY:
            ntp.adjust = values["offset"]
        values["offset"] = before
    else:
        ntp.change(modes, values)
        if modes & _TAI and 0 <= values["constant"] <= _MAX_TAI:
            clock.tai = values["constant"]
        values["offset"] = ntp.offset if ntp.status & _STA_NANO else int(ntp.offset / 1000)
    seconds, nanoseconds = divmod(clock.realtime(), 10**9)
    if not ntp.status & _STA_NANO:
        nanoseconds //= 1000
    for name in ("ppsfreq", "jitter", "shift", "stabil", "jitcnt", "calcnt", "errcnt", "stbcnt"):
        values[name] = 0
    values.update({
        "freq": ntp.frequency, "maxerror": ntp.maxerror, "esterror": ntp.esterror,
        "status": ntp.status, "constant": ntp.constant, "precision": 1,
        "tolerance": _MAX_FREQUENCY, "tick": ntp.tick, "tai": clock.tai,
        "time.tv_sec": seconds, "time.tv_usec": nanoseconds})
    task.mem.write(address, timex.pack_dict(values))
    return TIME_ERROR if ntp.failing else TIME_OK


def _check(task: Task, modes: int, values: dict[str, int], wide: bool) -> None:
    """timekeeping_validate_timex; wide: a 64-bit kernel's own structure."""
    capable = task.creds.capable(CAP_SYS_TIME)
    if modes & _ADJTIME:
        if not modes & _SINGLESHOT:
            raise LinuxError(E.EINVAL)
        if not modes & _READONLY and not capable:
            raise LinuxError(E.EPERM)
    else:
        if modes and not capable:
            raise LinuxError(E.EPERM)
        if modes & _TICK and not 9000 <= values["tick"] <= 11000:
            raise LinuxError(E.EINVAL)
    if modes & _SETOFFSET:
        if not capable:
            raise LinuxError(E.EPERM)
        if not 0 <= values["time.tv_usec"] < (10**9 if modes & _NANO else 10**6):
            raise LinuxError(E.EINVAL)
    if wide and modes & _FREQUENCY and abs(values["freq"]) > ((1 << 63) - 1) // 65_536_000:
        raise LinuxError(E.EINVAL)
