"""Counting calls and their time: -c and -C.

With -w the time between a call's entry and its exit counts.  Otherwise it is system time: with
the virtual clock each call costs what the clock says it does (``Clock.CALL``), with the host's
clock it is the CPU time that emulating the call took, without the tracer's own.
"""
from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tracer.output.summary import Counts, Tables
from tracer.tracing import Event, Tracer

if TYPE_CHECKING:
    from tracer.decode.plan import Plan
    from tracer.kernel.dispatch import Entry
    from tracer.kernel.registry import Result
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.output.base import Writer


class Counting(Tracer):
    """A tracer that counts calls, and with -c shows nothing else."""

    def __init__(self, options: RunOptions, writer: Writer) -> None:
        super().__init__(options, writer)
        self.tables: Tables = {}
        self.wall = options.summary_wall_clock
        self.host = options.clock == "host"
        self.overhead = options.summary_overhead
        self.only = options.summary == "only"
        self.spent: WeakKeyDictionary[Task, int] = WeakKeyDictionary()  # ns of CPU, by calls

    def observes(self, entry: Entry) -> bool:
        wanted = super().observes(entry)
        if wanted:
            if self.host and not self.wall:
                entry.handle = partial(self._timed, entry.handle)
            if self.only and not self.paths:
                _silence(entry.plan)
        return wanted

    # -- time ---------------------------------------------------------------------------------
    def _now(self, task: Task) -> int:
        clock = task.kernel.clock
        if self.wall:
            return clock.monotonic()
        return self.spent.get(task, 0) if self.host else 0

    def _timed(self, handle: Callable[..., Result], task: Task, *args: int) -> Result:
        """Make a call and book the CPU time it took."""
        from time import thread_time_ns
        before = thread_time_ns()
        try:
            result = handle(task, *args)
        finally:
            self.spent[task] = self.spent.get(task, 0) + thread_time_ns() - before
        return self._timed_steps(result, task) if isinstance(result, Generator) else result

    def _timed_steps(self, steps: Generator[Any, int, Any], task: Task) -> Generator[Any, int, Any]:
        """The same for a call that waits."""
        from time import thread_time_ns
        reason: Any = None
        try:
            while True:
                before = thread_time_ns()
                try:
                    wait = steps.send(reason)
                except StopIteration as end:
                    return end.value
                finally:
                    self.spent[task] = self.spent.get(task, 0) + thread_time_ns() - before
                reason = yield wait
        finally:
            steps.close()

    # -- calls --------------------------------------------------------------------------------
    def enter(self, task: Task, entry: Entry, args: tuple[int, ...],
              words: tuple[int, ...]) -> Event | None:
        event = super().enter(task, entry, args, words)
        if event is not None:
            event.begun = self._now(task)
        return event

    def exit(self, event: Event, result: int) -> bool | None:
        task = event.task
        spent = self._now(task) - event.begun
        printed = super().exit(event, result)
        if printed is not None and not event.name.startswith("syscall_0x"):
            if not self.wall and not self.host:
                spent = task.kernel.clock.CALL
            calls = self.tables.setdefault(event.abi, {})
            counts = calls.get(event.number)
            if counts is None or counts.name != event.name:     # socketcall stands for several
                counts = self._counts(calls, event)
            counts.add(max(0, spent - self.overhead), event.error != 0)
        return printed

    @staticmethod
    def _counts(calls: dict[int, Counts], event: Event) -> Counts:
        number = event.number
        while number in calls and calls[number].name != event.name:
            number += 1 << 32
        return calls.setdefault(number, Counts(event.name))

    def finish(self, status: int) -> None:
        self.writer.flush()
        self.writer.summary(self.tables)
        super().finish(status)


def _silence(plan: Plan) -> None:
    """Let a plan decode nothing: what is only counted is never shown."""
    def entry(call: Any) -> list[Any]:
        call.plan = plan
        return []

    def exit(call: Any, values: list[Any]) -> None:
        pass

    plan.decode_entry = entry
    plan.decode_exit = exit
