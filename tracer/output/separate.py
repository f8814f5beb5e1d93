"""Writers for -c, which shows no calls, and for -ff, which has one file per process."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tracer.output.strace import StraceWriter

if TYPE_CHECKING:
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.tracing import Event

Sink = Callable[[str], None]


class SilentWriter(StraceWriter):
    """Only says which processes are attached: for -c."""

    def enter(self, event: Event) -> None:
        pass

    def exit(self, event: Event, suffix: str = "") -> bool:
        return False

    def never_returned(self, event: Event) -> None:
        pass

    def detached(self, event: Event) -> None:
        pass

    def write(self, line: str) -> None:
        pass

    def signal(self, task: Task, info: dict[str, Any]) -> None:
        pass


class SeparateWriter(StraceWriter):
    """One log per process (-ff): passes everything on to a writer of the task's own.

    open_log: pid → function that writes to its file.
    """

    def __init__(self, options: RunOptions, open_log: Callable[[int], Sink],
                 message: Callable[[str], None]) -> None:
        super().__init__(options, lambda text: None, False, message)
        self.open_log = open_log
        self.writers: dict[int, StraceWriter] = {}

    def of(self, task: Task) -> StraceWriter:
        """The writer of a task."""
        writer = self.writers.get(task.pid)
        if writer is None:
            writer = StraceWriter(self.options, self.open_log(task.pid), False, self.message)
            writer.last_time = self.last_time
            self.writers[task.pid] = writer
        return writer

    def flush(self) -> None:
        for writer in self.writers.values():
            writer.flush()

    def enter(self, event: Event) -> None:
        self.of(event.task).enter(event)

    def exit(self, event: Event, suffix: str = "") -> bool:
        return self.of(event.task).exit(event, suffix)

    def never_returned(self, event: Event) -> None:
        self.of(event.task).never_returned(event)

    def detached(self, event: Event) -> None:
        self.of(event.task).detached(event)

    def below(self, task: Task, lines: list[str]) -> None:
        self.of(task).below(task, lines)

    def signal(self, task: Task, info: dict[str, Any]) -> None:
        self.of(task).signal(task, info)

    def stopped(self, task: Task, signo: int) -> None:
        self.of(task).stopped(task, signo)

    def leaves(self, task: Task) -> None:
        self.of(task).leaves(task)

    def exited(self, task: Task, status: int) -> None:
        self.of(task).exited(task, status)

    def killed(self, task: Task, signo: int, core: bool) -> None:
        self.of(task).killed(task, signo, core)

    def superseded(self, task: Task, tid: int) -> None:
        self.of(task).superseded(task, tid)
