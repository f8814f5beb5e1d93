"""The clocks of clock_gettime(2): what each id reads, and what can be done with it.

A negative id is the CPU-time clock of a process or thread (linux/posix-timers_types.h), or a
clock device behind a descriptor.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.cputime import process_times, task_times

if TYPE_CHECKING:
    from tracer.kernel.clock import Clock
    from tracer.kernel.task import Process, Task

REALTIME, MONOTONIC, PROCESS_CPUTIME_ID, THREAD_CPUTIME_ID = range(4)
MONOTONIC_RAW, REALTIME_COARSE, MONOTONIC_COARSE, BOOTTIME = range(4, 8)
REALTIME_ALARM, BOOTTIME_ALARM, SGI_CYCLE, TAI = range(8, 12)

TICK = 4_000_000                # CONFIG_HZ=250
_WALL = frozenset((REALTIME, MONOTONIC, MONOTONIC_RAW, BOOTTIME, TAI))
_COARSE = frozenset((REALTIME_COARSE, MONOTONIC_COARSE))
ALARMS = frozenset((REALTIME_ALARM, BOOTTIME_ALARM))    # no real-time clock device: unusable
SETTABLE_WITH = frozenset((REALTIME, REALTIME_COARSE))  # follow CLOCK_REALTIME
TIMERS = frozenset((REALTIME, MONOTONIC, BOOTTIME, TAI))

_PER_THREAD, _KIND, _DEVICE = 4, 3, 3


def known(which: int) -> bool:
    """Whether the kernel has such a clock; CPU clocks are checked by ``cpu_clock``."""
    return which < 0 or (which <= TAI and which != SGI_CYCLE)


def is_cpu(which: int) -> bool:
    """A CPU-time clock, also one of a process that does not exist."""
    return which in (PROCESS_CPUTIME_ID, THREAD_CPUTIME_ID) or (
        which < 0 and which & 7 & ~_PER_THREAD != _DEVICE)


def is_device(which: int) -> bool:
    """The clock of a character device; there are none."""
    return which < 0 and which & 7 == _DEVICE


def wall(clock: Clock, which: int) -> int:
    """The time of a clock that is not one of CPU time.  Raises EINVAL."""
    if which in (MONOTONIC, BOOTTIME, MONOTONIC_RAW):
        return clock.monotonic()
    if which == REALTIME:
        return clock.realtime()
    if which == TAI:
        return clock.realtime() + clock.tai * 10**9
    if which == REALTIME_COARSE:
        now = clock.realtime()
        return now - now % TICK
    if which == MONOTONIC_COARSE:
        now = clock.monotonic()
        return now - now % TICK
    raise LinuxError(E.EINVAL)


def cpu_clock(task: Task, which: int,
              reading: bool = False) -> tuple[Process, Task | None, Callable[[], int]]:
    """Whose CPU clock an id is, and how to sample it.

    Returns the process, the thread for a thread's clock, and the sampling function.
    ``reading``: clock_gettime also takes a thread id of the caller's for its process.
    Raises EINVAL when there is no such process, or the thread is not one of the caller's.
    """
    if which == PROCESS_CPUTIME_ID:
        pid, per_thread, kind = 0, False, 2
    elif which == THREAD_CPUTIME_ID:
        pid, per_thread, kind = 0, True, 2
    else:
        pid, per_thread, kind = ~(which >> 3), bool(which & _PER_THREAD), which & _KIND
    if kind > 2:
        raise LinuxError(E.EINVAL)
    kernel = task.kernel
    if per_thread:
        thread = kernel.tasks.get(pid) if pid else task
        if thread is None or thread.process is not task.process:
            raise LinuxError(E.EINVAL)
        it = thread
        if kind == 1:
            return it.process, it, lambda: task_times(it)[0]
        return it.process, it, lambda: sum(task_times(it))
    if not pid or (reading and pid == task.pid):
        process = task.process
    else:
        found = kernel.processes.get(pid)
        if found is None:
            raise LinuxError(E.EINVAL)
        process = found
    if kind == 1:
        return process, None, lambda: process_times(process)[0]
    return process, None, lambda: sum(process_times(process))


def read(task: Task, which: int) -> int:
    """The time of any clock.  Raises EINVAL."""
    if is_cpu(which):
        return cpu_clock(task, which, True)[2]()
    return wall(task.kernel.clock, which)


def deadline(clock: Clock, which: int, moment: int) -> int:
    """The moment of CLOCK_MONOTONIC at which a wall clock shows ``moment``."""
    if which == REALTIME:
        return moment - clock.realtime() + clock.monotonic()
    if which == TAI:
        return moment - wall(clock, TAI) + clock.monotonic()
    return moment


def resolution(task: Task, which: int) -> int:
    """clock_getres(2).  Raises EINVAL."""
    if is_cpu(which):
        cpu_clock(task, which)
        return TICK if which < 0 and which & _KIND < 2 else 1
    if which in _WALL:
        return 1
    if which in _COARSE:
        return TICK
    raise LinuxError(E.EINVAL)
