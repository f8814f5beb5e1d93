"""What a blocked task waits for.

A handler that must block is a generator which yields a ``Wait``; the scheduler parks the task
and resumes the generator when a queue wakes it, the deadline is reached, or a signal arrives.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable


class WaitQueue:
    """Those who want to hear of a change: of a pipe, a child, a futex word.

    Waiters are woken in the order in which they came, so that runs are deterministic.
    """

    __slots__ = ("waiters",)

    fd = -1                     # of the host, for a HostQueue

    def __init__(self) -> None:
        self.waiters: dict[Callable[[], None], None] = {}

    def add(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called at each change until it is discarded."""
        self.waiters[wake] = None

    def add_first(self, wake: Callable[[], None]) -> None:
        """As ``add``, but told before all others (the kernel's add_wait_queue)."""
        self.waiters = {wake: None, **self.waiters}

    def discard(self, wake: Callable[[], None]) -> None:
        """Undo ``add``; unknown callbacks are ignored."""
        self.waiters.pop(wake, None)

    def wake(self) -> None:
        """Tell all waiters; they look for themselves whether they can go on."""
        if self.waiters:
            for wake in tuple(self.waiters):
                wake()


class HostQueue(WaitQueue):
    """Waiters on a descriptor of the host: woken when all tasks sleep and it is ready to read."""

    __slots__ = ("fd",)         # hides the class's

    def __init__(self, fd: int) -> None:
        super().__init__()
        self.fd = fd


class Wait:
    """One reason to block, yielded by a handler.

    queues: any of them wakes the task.
    deadline: virtual nanoseconds of CLOCK_MONOTONIC, or None for ever.
    The generator is resumed with a reason: WOKEN, TIMEOUT or SIGNAL.
    """

    __slots__ = ("deadline", "queues", "uninterruptible")

    WOKEN, TIMEOUT, SIGNAL = range(3)

    def __init__(self, queues: Iterable[WaitQueue] = (), deadline: int | None = None,
                 uninterruptible: bool = False) -> None:
        self.queues = tuple(queues)
        self.deadline = deadline
        self.uninterruptible = uninterruptible


# Yielded by a handler whose rest must run after the CPU has left the trap, because it replaces
# registers (execve, sigreturn, clone).  It does not block.
OUTSIDE = Wait()
