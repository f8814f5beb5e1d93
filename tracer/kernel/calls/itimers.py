"""alarm(2), getitimer(2), setitimer(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from sysnames.signals import SIGALRM, SIGPROF, SIGVTALRM
from tracer.errors import LinuxError
from tracer.kernel.clockids import TICK
from tracer.kernel.cputime import CpuTimer, process_times
from tracer.kernel.registry import syscall
from tracer.kernel.usertime import SECOND, TIME_MAX, read_interval, write_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.layout import Layout
    from tracer.kernel.clock import Timer
    from tracer.kernel.task import Process, Task

REAL, VIRTUAL, PROF = range(3)
_SIGNALS = (SIGALRM, SIGVTALRM, SIGPROF)
_SI_KERNEL = 0x80


class IntervalTimer:
    """One of a process's three; they survive execve(2) and are not inherited by fork(2)."""

    __slots__ = ("_timer", "due", "interval", "process", "sample", "signo")

    def __init__(self, process: Process, which: int) -> None:
        self.process = process
        self.signo = _SIGNALS[which]
        self.interval = 0
        self.due = 0
        self._timer: Timer | CpuTimer | None = None
        self.sample: Callable[[], int] | None = None
        if which == VIRTUAL:
            self.sample = lambda: process_times(process)[0]
        elif which == PROF:
            self.sample = lambda: sum(process_times(process))

    def _now(self) -> int:
        return self.sample() if self.sample is not None else self.process.kernel.clock.monotonic()

    def get(self) -> tuple[int, int]:
        """Interval and time left; 0 when it is not running, never 0 when it is."""
        if self._timer is None:
            return self.interval, 0
        left = self.due - self._now()
        if left <= 0:
            left = TICK if self.sample is not None else 1000
        return self.interval, left

    def set(self, interval: int, value: int) -> None:
        """Start it, or stop it with a value of 0."""
        self.cancel()
        self.interval = 0
        if not value:
            if self.sample is not None:
                self.interval = interval
            return
        self.interval = interval
        if self.sample is not None:
            value += TICK               # CPU time is counted in ticks: never too early
        self._start(min(self._now() + value, TIME_MAX))

    def cancel(self) -> None:
        """Stop it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self, due: int) -> None:
        self.due = due
        if self.sample is not None:
            self._timer = CpuTimer(self.process, self.sample, due, self._expire)
        else:
            self._timer = self.process.kernel.clock.at(due, self._expire)

    def _expire(self) -> None:
        self._timer = None
        process = self.process
        info: dict[str, Any] = {"signo": self.signo, "code": _SI_KERNEL, "pid": 0, "uid": 0}
        if self.sample is not None:
            if self.interval:
                self._start(self._next())
        elif self.interval:
            # ITIMER_REAL goes on when its signal is taken, so that none is sent in vain.
            pending = process.pending.find(self.signo)
            if pending is None:
                info["taken"] = self._again
            else:
                pending["taken"] = self._again
        process.kernel.signals.send_process(process, info)

    def _again(self, _info: dict[str, object]) -> None:
        if self._timer is None and self.interval:
            self._start(self._next())

    def _next(self) -> int:
        """The first moment after now that is a whole number of intervals after the last."""
        missed = max(self._now() - self.due, 0) // self.interval
        return min(self.due + (missed + 1) * self.interval, TIME_MAX)


def itimer(process: Process, which: int) -> IntervalTimer:
    """A process's timer.  Raises EINVAL for an unknown one."""
    timer: IntervalTimer | None = process.itimers.get(which)
    if timer is None:
        if which not in (REAL, VIRTUAL, PROF):
            raise LinuxError(E.EINVAL)
        timer = process.itimers[which] = IntervalTimer(process, which)
    return timer


@syscall("getitimer", value="itimerval")
def getitimer(task: Task, which: int, address: int, *, value: Layout) -> int:
    write_interval(task.mem, address, value, *itimer(task.process, which).get(), 1000)
    return 0


@syscall("setitimer", value="itimerval")
def setitimer(task: Task, which: int, new: int, old: int, *, value: Layout) -> int:
    setting = read_interval(task.mem, new, value, 1000) if new else (0, 0)
    timer = itimer(task.process, which)
    before = timer.get()
    timer.set(*setting)
    if old:
        write_interval(task.mem, old, value, *before, 1000)
    return 0


@syscall("alarm")
def alarm(task: Task, seconds: int) -> int:
    """Returns the seconds left of the timer before, rounded, at least 1 if it was running."""
    timer = itimer(task.process, REAL)
    _, left = timer.get()
    timer.set(0, seconds * SECOND)
    whole, rest = divmod(left, SECOND)
    return whole + (rest >= SECOND // 2 or (not whole and rest > 0))
