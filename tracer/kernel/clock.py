"""Time: a virtual clock that costs no real time, or the host's.

All times are nanoseconds.  The virtual clock moves with each call and jumps to the next
deadline when every task sleeps, so a run sees the same times on every machine.
"""
from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from tracer.wait import WaitQueue

# Where the virtual clocks start: 2026-01-01 00:00:00 UTC, a machine up for 1,000 seconds.
EPOCH = 1767225600 * 10**9
UPTIME = 1000 * 10**9


class Timer:
    """A callback due at a moment of CLOCK_MONOTONIC."""

    __slots__ = ("action", "cancelled", "due")

    def __init__(self, due: int, action: Callable[[], None]) -> None:
        self.due = due
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        """Never run it."""
        self.cancelled = True


class Clock:
    """Virtual time.  ``now`` is CLOCK_MONOTONIC; each call adds ``CALL`` to it."""

    CALL = 1000
    host = False

    def __init__(self) -> None:
        self.now = UPTIME
        self.offset = EPOCH - UPTIME    # CLOCK_REALTIME minus CLOCK_MONOTONIC
        self.tai = 0                    # CLOCK_TAI minus CLOCK_REALTIME, seconds
        self.ntp: Any = None            # what adjtimex sets, made on first use
        self.zone = (0, 0)              # tz_minuteswest, tz_dsttime
        self.changed = WaitQueue()      # woken when CLOCK_REALTIME is set
        self._timers: list[tuple[int, int, Timer]] = []
        self._count = 0
        self.on_timer: Callable[[], None] = lambda: None    # told of each new timer

    def monotonic(self) -> int:
        """CLOCK_MONOTONIC."""
        return self.now

    def realtime(self) -> int:
        """CLOCK_REALTIME."""
        return self.now + self.offset

    def set_realtime(self, value: int) -> None:
        """Set CLOCK_REALTIME, for guests only; sleepers on it look at it anew."""
        self.offset += value - self.realtime()
        self.changed.wake()

    def at(self, due: int, action: Callable[[], None]) -> Timer:
        """Run an action when the clock reaches a moment."""
        timer = Timer(due, action)
        self._count += 1
        heapq.heappush(self._timers, (due, self._count, timer))
        self.on_timer()
        return timer

    def next_due(self) -> int | None:
        """The earliest moment something is due at."""
        timers = self._timers
        while timers and timers[0][2].cancelled:
            heapq.heappop(timers)
        return timers[0][0] if timers else None

    def run_due(self) -> bool:
        """Run what is due by now; whether there was anything."""
        ran = False
        while True:
            due = self.next_due()
            if due is None or due > self.monotonic():
                return ran
            timer = heapq.heappop(self._timers)[2]
            ran = True
            timer.action()

    def sleep_until(self, due: int) -> None:
        """All tasks sleep until then."""
        if due > self.now:
            self.now = due


class HostClock(Clock):
    """The host's time; sleeping takes as long as it says."""

    host = True

    def monotonic(self) -> int:
        import time
        self.now = time.monotonic_ns()
        return self.now

    def realtime(self) -> int:
        import time
        return time.time_ns() + self.offset

    def __init__(self) -> None:
        super().__init__()
        self.offset = 0
        self.monotonic()

    def sleep_until(self, due: int) -> None:
        """Sleep for real; a signal to pytrace ends it early."""
        import time
        left = due - time.monotonic_ns()
        if left > 0:
            time.sleep(left / 1e9)
