"""nanosleep(2) and clock_nanosleep(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import clockids
from tracer.kernel.cputime import CpuTimer
from tracer.kernel.registry import syscall
from tracer.kernel.usertime import TIME_MAX, read_time, write_time
from tracer.wait import Wait, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.layout import Layout
    from tracer.kernel.registry import Blocking
    from tracer.kernel.task import Process, Task

TIMER_ABSTIME = 1
ERESTARTNOHAND, ERESTART_RESTARTBLOCK = 514, 516


@syscall("nanosleep", ts="timespec")
def nanosleep(task: Task, request: int, remaining: int, *, ts: Layout) -> Blocking:
    length = read_time(task.mem, request, ts)
    return _relative(task, task.kernel.clock.monotonic() + length, remaining, ts)


@syscall("clock_nanosleep", ts="timespec")
@syscall("clock_nanosleep_time64", ts="timespec64")
def clock_nanosleep(task: Task, which: int, flags: int, request: int, remaining: int, *,
                    ts: Layout) -> Blocking:
    if not clockids.known(which):
        raise LinuxError(E.EINVAL)
    cpu = clockids.is_cpu(which) and which != clockids.THREAD_CPUTIME_ID
    if not cpu and which not in clockids.TIMERS and which not in clockids.ALARMS:
        raise LinuxError(E.EOPNOTSUPP)
    moment = read_time(task.mem, request, ts)
    if which in clockids.ALARMS:
        raise LinuxError(E.EOPNOTSUPP)
    if cpu:
        return _cpu(task, which, flags, moment, remaining, ts)
    if flags & TIMER_ABSTIME:
        return _absolute(task, which, moment)
    return _relative(task, task.kernel.clock.monotonic() + moment, remaining, ts)


def _relative(task: Task, due: int, remaining: int, ts: Layout) -> Blocking:
    """Sleep until a moment of CLOCK_MONOTONIC; when interrupted, tell what is left."""
    clock = task.kernel.clock
    due = min(due, TIME_MAX)
    wait = Wait(deadline=due)
    while (yield wait) != Wait.SIGNAL:
        if clock.monotonic() >= due:
            return 0
    left = due - clock.monotonic()
    if remaining:
        if left <= 0:
            return 0
        write_time(task.mem, remaining, ts, left)
    task.restart = lambda again: _relative(again, due, remaining, ts)
    raise LinuxError(ERESTART_RESTARTBLOCK)


def _absolute(task: Task, which: int, moment: int) -> Blocking:
    """Sleep until a clock shows a time, however it is set meanwhile."""
    clock = task.kernel.clock
    while (left := moment - clockids.wall(clock, which)) > 0:
        wait = Wait((clock.changed,), min(clock.monotonic() + left, TIME_MAX))
        if (yield wait) == Wait.SIGNAL:
            raise LinuxError(ERESTARTNOHAND)
    return 0


def _cpu(task: Task, which: int, flags: int, moment: int, remaining: int,
         ts: Layout) -> Blocking:
    """Sleep until others have used so much CPU time."""
    process, thread, sample = clockids.cpu_clock(task, which)
    if thread is task:
        raise LinuxError(E.EINVAL)
    due = moment if flags & TIMER_ABSTIME else min(sample() + moment, TIME_MAX)
    return _cpu_until(task, process, sample, due, flags, remaining, ts)


def _cpu_until(task: Task, process: Process, sample: Callable[[], int], due: int, flags: int,
               remaining: int, ts: Layout) -> Blocking:
    expired = WaitQueue()
    timer = CpuTimer(process, sample, due, expired.wake)
    try:
        while sample() < due:
            if (yield Wait((expired,))) == Wait.SIGNAL:
                break
    finally:
        timer.cancel()
    left = due - sample()
    if left <= 0:
        return 0
    if flags & TIMER_ABSTIME:
        raise LinuxError(ERESTARTNOHAND)
    if remaining:
        write_time(task.mem, remaining, ts, left)
    task.restart = lambda again: _cpu_until(again, process, sample, due, flags, remaining, ts)
    raise LinuxError(ERESTART_RESTARTBLOCK)
