"""Time spent by tasks, derived from the clock: what a call takes is system time, what
instructions take is user time.  Nanoseconds.

CPU timers (ITIMER_PROF, timers on CPU clocks) are laid on the wall clock: a process cannot use
more CPU time than passes, so a timer is looked at when it could be due at the earliest.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracer.kernel.clock import Timer
    from tracer.kernel.kernel import Kernel
    from tracer.kernel.task import Process, Task


def charge(kernel: Kernel, task: Task, user: int = 0) -> None:
    """Book the time since the last charge to a task: ``user`` of it as user time, or all of it
    by the host's clock, which cannot tell the two apart."""
    clock = kernel.clock
    now = clock.monotonic()
    total = now - kernel.charged
    kernel.charged = now
    if clock.host:
        user = total
    task.user_time += user
    task.system_time += max(total - user, 0)
    process = task.process
    if process.cpu_waiting:
        waiting, process.cpu_waiting = process.cpu_waiting, []
        for timer in waiting:
            timer.look()


def task_times(task: Task) -> tuple[int, int]:
    """User and system time of a thread."""
    kernel = task.kernel
    if task is not kernel.current:
        return task.user_time, task.system_time
    clock = kernel.clock
    running = max(clock.monotonic() - kernel.charged, 0)
    if clock.host:
        return task.user_time + running, task.system_time
    return task.user_time, task.system_time + running


def process_times(process: Process) -> tuple[int, int]:
    """User and system time of all threads of a process, ended ones included."""
    user, system = process.user_time, process.system_time
    for task in process.living():
        mine = task_times(task)
        user += mine[0]
        system += mine[1]
    return user, system


class CpuTimer:
    """An action due when a process or thread has used so much CPU time.

    sample: the CPU time so far.
    """

    __slots__ = ("_last", "_timer", "action", "cancelled", "due", "process", "sample")

    def __init__(self, process: Process, sample: Callable[[], int], due: int,
                 action: Callable[[], None]) -> None:
        self.process = process
        self.sample = sample
        self.due = due
        self.action = action
        self.cancelled = False
        self._last = -1
        self._timer: Timer | None = None
        self.look()

    def look(self) -> None:
        """Act if the time is used up, else look again when it could be."""
        if self.cancelled:
            return
        used = self.sample()
        clock = self.process.kernel.clock
        if used >= self.due:
            if self._last < 0:      # never from within the call that sets it
                self._last = used
                self._timer = clock.at(clock.now, self.look)
            else:
                self.action()
        elif used == self._last:
            # It does not run: wait until it does, or an idle machine would never end.
            self.process.cpu_waiting.append(self)
        else:
            self._last = used
            self._timer = clock.at(clock.monotonic() + self.due - used, self.look)

    def cancel(self) -> None:
        """Never act."""
        self.cancelled = True
        if self._timer is not None:
            self._timer.cancel()
