"""Times in guest memory: timespec, timeval and the intervals made of them.

Inside the kernel a time is a number of nanoseconds.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.memory.space import AddressSpace

SECOND = 10**9
TIME_MAX = (1 << 63) - 1            # KTIME_MAX
SETTOD_MAX = TIME_MAX // SECOND - 30 * 365 * 24 * 3600      # TIME_SETTOD_SEC_MAX, seconds


def nanoseconds(seconds: int, fraction: int, unit: int = 1) -> int:
    """A valid pair as nanoseconds, saturating as ktime_set does.

    unit: nanoseconds per step of ``fraction``.  Raises EINVAL for a negative time and for a
    fraction of a second or more.
    """
    if seconds < 0 or not 0 <= fraction * unit < SECOND:
        raise LinuxError(E.EINVAL)
    return min(seconds * SECOND + fraction * unit, TIME_MAX)


def _fields(data: bytes, ts: Layout) -> tuple[int, ...]:
    """The numbers in a structure; the padding of a 64-bit tv_nsec on a 32-bit ABI is cut."""
    values = ts.unpack(data)
    if ts.name.endswith("64"):
        return tuple(int(v) & 0xFFFFFFFF if i & 1 else int(v) for i, v in enumerate(values))
    return tuple(map(int, values))


def read_time(mem: AddressSpace, address: int, ts: Layout, unit: int = 1) -> int:
    """A timespec (unit 1) or timeval (unit 1000).  Raises EFAULT, EINVAL."""
    seconds, fraction = _fields(mem.read(address, ts.size), ts)
    return nanoseconds(seconds, fraction, unit)


def read_interval(mem: AddressSpace, address: int, its: Layout, unit: int = 1) -> tuple[int, int]:
    """(it_interval, it_value) of an itimerspec or itimerval.  Raises EFAULT, EINVAL."""
    fields = _fields(mem.read(address, its.size), its)
    return nanoseconds(fields[0], fields[1], unit), nanoseconds(fields[2], fields[3], unit)


def pack_time(ts: Layout, value: int, unit: int = 1) -> bytes:
    """A time as the structure's bytes; 32-bit seconds wrap."""
    seconds, rest = divmod(value, SECOND)
    if ts.size == 8:
        seconds = (seconds + 0x80000000 & 0xFFFFFFFF) - 0x80000000
    return ts.pack(seconds, rest // unit)


def write_time(mem: AddressSpace, address: int, ts: Layout, value: int, unit: int = 1) -> None:
    """Store a timespec or timeval.  Raises EFAULT."""
    mem.write(address, pack_time(ts, value, unit))


def write_interval(mem: AddressSpace, address: int, its: Layout, interval: int, value: int,
                   unit: int = 1) -> None:
    """Store an itimerspec or itimerval.  Raises EFAULT."""
    ts = its.fields[0].nested
    assert ts is not None
    mem.write(address, pack_time(ts, interval, unit) + pack_time(ts, value, unit))
