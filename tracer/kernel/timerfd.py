"""Timers that are read from a descriptor: timerfd_create(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import clockids
from tracer.kernel.usertime import TIME_MAX
from tracer.vfs.base import O_NONBLOCK, O_RDWR, POLLIN, File
from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.kernel.clock import Clock, Timer
    from tracer.vfs.eventfd import AnonFS

TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET = 1, 2
CLOCKS = frozenset((clockids.REALTIME, clockids.MONOTONIC, clockids.BOOTTIME,
                    clockids.REALTIME_ALARM, clockids.BOOTTIME_ALARM))
_TFD_IOC_SET_TICKS = 0x40085400


class TimerFile(File):
    """ticks: expirations not read yet."""

    __slots__ = ("_absolute", "_cancelled", "_expired", "_timer", "_watching", "changed", "clock",
                 "due", "flags_set", "interval", "ticks", "which")

    seekable = False
    seeks_nowhere = True

    def __init__(self, fs: AnonFS, clock: Clock, which: int, flags: int) -> None:
        super().__init__(fs.root, O_RDWR | flags & O_NONBLOCK)
        self.clock = clock
        self.which = which              # as given; _base is what it follows
        self.ticks = 0
        self.interval = 0
        self.due = 0                    # on the clock it follows
        self.flags_set = 0
        self.changed = WaitQueue()
        self._absolute = False
        self._cancelled = False
        self._expired = False
        self._watching = False          # TFD_TIMER_CANCEL_ON_SET
        self._timer: Timer | None = None

    def name(self) -> bytes:
        return b"anon_inode:[timerfd]"

    @property
    def is_alarm(self) -> bool:
        """Whether it is of a clock that wakes a suspended machine."""
        return self.which in clockids.ALARMS

    def _now(self) -> int:
        if self.which in (clockids.REALTIME, clockids.REALTIME_ALARM) and self._absolute:
            return self.clock.realtime()
        return self.clock.monotonic()

    def _start(self) -> None:
        due = self.due
        if self._absolute and self.which in (clockids.REALTIME, clockids.REALTIME_ALARM):
            due = clockids.deadline(self.clock, clockids.REALTIME, due)
            self.clock.changed.add(self._clock_set)
        if due <= self.clock.monotonic():
            self._expire()
        else:
            self._timer = self.clock.at(due, self._expire)

    def _stop(self) -> None:
        self.clock.changed.discard(self._clock_set)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        self._expired = True
        self.ticks += 1
        self.changed.wake()

    def _clock_set(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._start()
        if self._watching:
            self._cancelled = True
            self.ticks += 1
            self.changed.wake()

    def _take_cancelled(self) -> bool:
        cancelled, self._cancelled = self._cancelled and self._watching, False
        return cancelled

    def _forward(self) -> int:
        """Move the expiry behind now; how many intervals that took."""
        now = self._now()
        if self.due > now:
            return 0
        steps = (now - self.due) // self.interval + 1
        self.due = min(self.due + steps * self.interval, TIME_MAX)
        return steps

    def get(self) -> tuple[int, int]:
        """timerfd_gettime: interval and time left."""
        if self._expired and self.interval:
            self._expired = False
            self.ticks += self._forward() - 1
            self._start()
        return self.interval, self._left()

    def _left(self) -> int:
        return max(self.due - self._now(), 0) if self.due else 0

    def set(self, flags: int, interval: int, value: int) -> tuple[int, int]:
        """timerfd_settime; returns the interval and the time left before.

        Raises ECANCELED when the clock was set since, with the new setting in force.
        """
        self._stop()
        if self._expired and self.interval:
            self._forward()
        before = self.interval, self._left()
        realtime = self.which in (clockids.REALTIME, clockids.REALTIME_ALARM)
        self._watching = realtime and flags & 3 == 3
        self._absolute = bool(flags & TFD_TIMER_ABSTIME)
        self._expired = False
        self.ticks = 0
        self.interval = interval
        self.due = 0
        if value:
            self.due = value if self._absolute else min(self._now() + value, TIME_MAX)
            self._start()
            if self._watching:
                self.clock.changed.add(self._clock_set)
            if self._take_cancelled():
                raise LinuxError(E.ECANCELED)
        self.flags_set = flags
        return before

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        if pos is not None:
            raise LinuxError(E.ESPIPE)
        if sum(map(len, views)) < 8:
            raise LinuxError(E.EINVAL)
        if self._take_cancelled():
            self.ticks = 0
            self._expired = False
            raise LinuxError(E.ECANCELED)
        if not self.ticks:
            raise LinuxError(E.EAGAIN)
        ticks = self.ticks
        if self._expired and self.interval:
            ticks += self._forward() - 1
            self._start()
        self._expired = False
        self.ticks = 0
        data = ticks.to_bytes(8, "little")
        for view in views:
            view[:len(data)] = data[:len(view)]
            data = data[len(view):]
        return 8

    def poll(self) -> int:
        return POLLIN if self.ticks else 0

    def waiters(self) -> Sequence[WaitQueue]:
        return (self.changed,)

    def ioctl(self, task: object, request: int, arg: int) -> int:
        if request != _TFD_IOC_SET_TICKS:
            raise LinuxError(E.ENOTTY)
        ticks: int = task.mem.read_int(arg, 8)  # type: ignore[attr-defined]
        if not ticks:
            raise LinuxError(E.EINVAL)
        self.ticks = ticks
        self.changed.wake()
        return 0

    def release(self) -> None:
        self._watching = False
        self._stop()
