"""Reading and setting the clocks: clock_gettime(2), gettimeofday(2), time(2), times(2), ..."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import clockids
from tracer.kernel.cputime import process_times
from tracer.kernel.registry import syscall
from tracer.kernel.usertime import SECOND, SETTOD_MAX, write_time

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Task

CAP_SYS_TIME = 25
_TICKS = SECOND // 100              # USER_HZ


@syscall("clock_gettime", ts="timespec")
@syscall("clock_gettime64", ts="timespec64")
def clock_gettime(task: Task, which: int, address: int, *, ts: Layout) -> int:
    write_time(task.mem, address, ts, clockids.read(task, which))
    return 0


@syscall("clock_getres", ts="timespec")
@syscall("clock_getres_time64", ts="timespec64")
def clock_getres(task: Task, which: int, address: int, *, ts: Layout) -> int:
    value = clockids.resolution(task, which)
    if address:
        write_time(task.mem, address, ts, value)
    return 0


@syscall("clock_settime", ts="timespec")
@syscall("clock_settime64", ts="timespec64")
def clock_settime(task: Task, which: int, address: int, *, ts: Layout) -> int:
    if which != clockids.REALTIME and not (which < 0 and clockids.is_cpu(which)):
        raise LinuxError(E.EINVAL)
    seconds, fraction = _pair(task, address, ts)
    if which < 0:
        clockids.cpu_clock(task, which)
        raise LinuxError(E.EPERM)
    _set(task, seconds, fraction)
    return 0


def _pair(task: Task, address: int, ts: Layout) -> tuple[int, int]:
    seconds, fraction = ts.unpack(task.mem.read(address, ts.size))
    if ts.name == "timespec64":
        fraction = int(fraction) & 0xFFFFFFFF
    return int(seconds), int(fraction)


def _set(task: Task, seconds: int, nanoseconds: int) -> None:
    """Set the time of day; it cannot be before the machine was started."""
    if not 0 <= seconds < SETTOD_MAX or not 0 <= nanoseconds < SECOND:
        raise LinuxError(E.EINVAL)
    if not task.creds.capable(CAP_SYS_TIME):
        raise LinuxError(E.EPERM)
    clock = task.kernel.clock
    value = seconds * SECOND + nanoseconds
    if value < clock.monotonic():
        raise LinuxError(E.EINVAL)
    clock.set_realtime(value)


@syscall("gettimeofday", tv="timeval", tz="timezone")
def gettimeofday(task: Task, time: int, zone: int, *, tv: Layout, tz: Layout) -> int:
    if time:
        write_time(task.mem, time, tv, task.kernel.clock.realtime(), 1000)
    if zone:
        task.mem.write(zone, tz.pack(*task.kernel.clock.zone))
    return 0


@syscall("settimeofday", tv="timeval", tz="timezone")
def settimeofday(task: Task, time: int, zone: int, *, tv: Layout, tz: Layout) -> int:
    seconds = micros = minutes = dst = 0
    if time:
        seconds, micros = map(int, tv.unpack(task.mem.read(time, tv.size)))
        if not 0 <= micros <= 10**6:
            raise LinuxError(E.EINVAL)
    if zone:
        minutes, dst = map(int, tz.unpack(task.mem.read(zone, tz.size)))
    if time and (not 0 <= seconds < SETTOD_MAX or micros == 10**6):
        raise LinuxError(E.EINVAL)
    if not task.creds.capable(CAP_SYS_TIME):
        raise LinuxError(E.EPERM)
    if zone:
        if abs(minutes) > 15 * 60:
            raise LinuxError(E.EINVAL)
        task.kernel.clock.zone = (minutes, dst)
    if time:
        _set(task, seconds, micros * 1000)
    return 0


@syscall("time", word="long_word")
def time(task: Task, address: int, *, word: Layout) -> int:
    now = task.kernel.clock.realtime() // SECOND
    if address:
        task.mem.write_int(address, now, word.size)
    return now


@syscall("stime", word="long_word")
def stime(task: Task, address: int, *, word: Layout) -> int:
    seconds = int(word.unpack(task.mem.read(address, word.size))[0])
    if not task.creds.capable(CAP_SYS_TIME):
        raise LinuxError(E.EPERM)
    _set(task, seconds, 0)
    return 0


@syscall("times", buffer="tms")
def times(task: Task, address: int, *, buffer: Layout) -> int:
    if address:
        process = task.process
        user, system = process_times(process)
        task.mem.write(address, buffer.pack(
            user // _TICKS, system // _TICKS, process.children_user // _TICKS,
            process.children_system // _TICKS))
    # Jiffies start 300 seconds before they overflow 32 bits (INITIAL_JIFFIES).
    ticks = task.kernel.clock.monotonic() // _TICKS + (0x100000000 - 300 * 250) * 100 // 250
    return ticks if buffer.size == 32 else ticks & 0xFFFFFFFF
