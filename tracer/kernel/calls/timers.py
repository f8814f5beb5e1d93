"""POSIX timers: timer_create(2) and its family."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from sysnames.signals import SIGALRM
from tracer.errors import LinuxError
from tracer.kernel import clockids
from tracer.kernel.clockids import TICK
from tracer.kernel.cputime import CpuTimer
from tracer.kernel.registry import syscall
from tracer.kernel.usertime import TIME_MAX, read_interval, write_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.layout import Layout
    from tracer.kernel.clock import Timer
    from tracer.kernel.task import Process, Task

TIMER_ABSTIME = 1
SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD, SIGEV_THREAD_ID = 0, 1, 2, 4
_SI_TIMER = -2
_INT_MAX = 0x7FFFFFFF
CAP_WAKE_ALARM = 35


class PosixTimer:
    """A timer of timer_create(2).

    notify: SIGEV_*; target: the thread for SIGEV_THREAD_ID; value: sigev_value as an unsigned
    word.  due is a time of ``_now``'s clock.
    """

    def __init__(self, process: Process, number: int, which: int, notify: int, signo: int,
                 value: int, target: Task | None,
                 sample: Callable[[], int] | None, cpu_process: Process | None) -> None:
        self.process = process
        self.number = number
        self.which = which
        self.notify = notify
        self.signo = signo
        self.value = value
        self.target = target
        self.sample = sample
        self.cpu_process = cpu_process
        self.interval = 0
        self.due = 0
        self.armed = False
        self.absolute = False
        self.overrun = 0                # at the last delivery
        self._missed = 0                # expirations beside the one whose signal is pending
        self._pending: dict[str, Any] | None = None
        self._timer: Timer | CpuTimer | None = None

    def _now(self) -> int:
        if self.sample is not None:
            return self.sample()
        clock = self.process.kernel.clock
        if self.which == clockids.REALTIME and not self.absolute:
            return clock.monotonic()    # a relative timer is not moved by setting the clock
        return clockids.wall(clock, self.which)

    def get(self) -> tuple[int, int]:
        """Interval and time left.  A one-shot SIGEV_NONE timer that has expired has 0 left,
        others at least 1 while their signal is on its way."""
        if not self.due or not (self.interval or self.armed or self.notify == SIGEV_NONE):
            return self.interval, 0
        now = self._now()
        if self.interval and (self._pending is not None or self.notify == SIGEV_NONE):
            self._forward(now)
        left = self.due - now
        if left <= 0:
            left = 0 if self.notify == SIGEV_NONE else 1
        return self.interval, left

    def set(self, flags: int, interval: int, value: int) -> None:
        """Arm it, or disarm it with a value of 0."""
        self.cancel()
        self._pending = None
        self.overrun = self._missed = 0
        self.due = 0
        self.interval = interval if value else 0
        if not value:
            return
        self.absolute = bool(flags & TIMER_ABSTIME)
        self.due = value if self.absolute else min(self._now() + value, TIME_MAX)
        if self.notify != SIGEV_NONE:
            self._start()

    def cancel(self) -> None:
        """Stop it."""
        self.armed = False
        clock = self.process.kernel.clock
        clock.changed.discard(self._clock_set)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self) -> None:
        self.armed = True
        if self.sample is not None:
            assert self.cpu_process is not None
            self._timer = CpuTimer(self.cpu_process, self.sample, self.due, self._expire)
            return
        clock = self.process.kernel.clock
        due = self.due
        if self.absolute:
            due = clockids.deadline(clock, self.which, due)
            if self.which in (clockids.REALTIME, clockids.TAI):
                clock.changed.add(self._clock_set)
        self._timer = clock.at(due, self._expire)

    def _clock_set(self) -> None:
        """The clock it follows was set."""
        if self.armed and self._timer is not None:
            self._timer.cancel()
            self._start()

    def _forward(self, now: int) -> None:
        """Move the expiry behind ``now`` by whole intervals, counting those passed over."""
        if self.due <= now:
            steps = (now - self.due) // self.interval + 1
            self.due = min(self.due + steps * self.interval, TIME_MAX)
            self._missed += steps

    def _expire(self) -> None:
        self.armed = False
        self._timer = None
        info: dict[str, Any] = {
            "signo": self.signo, "code": _SI_TIMER, "timerid": self.number, "overrun": 0,
            "value": self.value, "taken": self._taken}
        signals = self.process.kernel.signals
        self._pending = info
        self._missed = -1               # the expiration that the signal stands for
        target = self.target
        if target is not None:
            queue = target.pending
            signals.send(target, info)
        else:
            queue = self.process.pending
            signals.send_process(self.process, info)
        if not any(each is info for each in queue.queue):
            # Ignored, or another signal of that number is pending already.
            self._pending = None
            if self.interval:
                self._forward(self._now() + (TICK if self.interval < TICK else 0))
                self._start()

    def _taken(self, info: dict[str, Any]) -> None:
        """The signal is being delivered: count what was missed, and go on."""
        if info is not self._pending:
            return
        self._pending = None
        if self.interval:
            self._forward(self._now())
            self.overrun = min(self._missed, _INT_MAX)
            info["overrun"] = self.overrun
            self._start()


def _find(task: Task, number: int) -> PosixTimer:
    timer: PosixTimer | None = task.process.posix_timers.get(number)
    if timer is None:
        raise LinuxError(E.EINVAL)
    return timer


@syscall("timer_create", event="sigevent")
def timer_create(task: Task, which: int, event_address: int, id_address: int, *,
                 event: Layout) -> int:
    mem, process = task.mem, task.process
    fields = event.unpack_dict(mem.read(event_address, event.size)) if event_address else None
    cpu = clockids.is_cpu(which)
    if not clockids.known(which):
        raise LinuxError(E.EINVAL)
    if not cpu and which not in clockids.TIMERS and which not in clockids.ALARMS:
        raise LinuxError(E.EOPNOTSUPP)
    number = process.next_timer_id
    while number in process.posix_timers:
        number = number + 1 & _INT_MAX
    process.next_timer_id = number + 1 & _INT_MAX
    target = None
    if fields is None:
        notify, signo, value = SIGEV_SIGNAL, SIGALRM, number
    else:
        notify, signo = int(fields["sigev_notify"]), int(fields["sigev_signo"])
        value = int(fields["sigev_value"])
        if notify == SIGEV_THREAD_ID:
            target = task.kernel.tasks.get(int(fields["sigev_un"]))
            if target is None or target.process is not process:
                raise LinuxError(E.EINVAL)
        if notify not in (SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD, SIGEV_THREAD_ID):
            raise LinuxError(E.EINVAL)
        if notify != SIGEV_NONE and not 1 <= signo <= 64:
            raise LinuxError(E.EINVAL)
    mem.write_int(id_address, number, 4)
    if which in clockids.ALARMS:
        raise LinuxError(E.EOPNOTSUPP)
    sample = cpu_process = None
    if cpu:
        cpu_process, _, sample = clockids.cpu_clock(task, which)
    process.posix_timers[number] = PosixTimer(process, number, which, notify, signo, value,
                                              target, sample, cpu_process)
    return 0


@syscall("timer_settime", its="itimerspec")
@syscall("timer_settime64", its="itimerspec64")
def timer_settime(task: Task, number: int, flags: int, new: int, old: int, *,
                  its: Layout) -> int:
    if not new:
        raise LinuxError(E.EINVAL)
    setting = read_interval(task.mem, new, its)
    timer = _find(task, number)
    before = timer.get()
    timer.set(flags, *setting)
    if old:
        write_interval(task.mem, old, its, *before)
    return 0


@syscall("timer_gettime", its="itimerspec")
@syscall("timer_gettime64", its="itimerspec64")
def timer_gettime(task: Task, number: int, address: int, *, its: Layout) -> int:
    write_interval(task.mem, address, its, *_find(task, number).get())
    return 0


@syscall("timer_getoverrun")
def timer_getoverrun(task: Task, number: int) -> int:
    return _find(task, number).overrun


@syscall("timer_delete")
def timer_delete(task: Task, number: int) -> int:
    _find(task, number).cancel()
    del task.process.posix_timers[number]
    return 0


def release(process: Process, execing: bool = False) -> None:
    """Delete a process's POSIX timers, and, unless it goes on with another program, its
    interval timers."""
    for timer in process.posix_timers.values():
        timer.cancel()
    process.posix_timers.clear()
    if not execing:
        for interval in process.itimers.values():
            interval.cancel()
        process.itimers.clear()
