"""Writers for -c, which shows no calls, and for -ff, which has one file per process."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tracer.output.base import Frame, Message, Sink, Writer
from tracer.output.strace import StraceWriter

if TYPE_CHECKING:
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.tracing import Event


class SilentWriter(StraceWriter):
    """Only says which processes are attached: for -c."""

    def enter(self, event: Event) -> None:
        pass

    def exit(self, event: Event, tampered: int = 0) -> bool:
        return False

    def never_returned(self, event: Event) -> None:
        pass

    def detached(self, event: Event) -> None:
        pass

    def write(self, line: str) -> None:
        pass

    def signal(self, task: Task, info: dict[str, Any]) -> None:
        pass


class SeparateWriter(Writer):
    """One log per process (-ff): passes everything on to a writer of the task's own.

    make: makes a writer of a sink.  open_log: pid → function that writes to its file.
    """

    def __init__(self, options: RunOptions, make: Callable[[Sink], Writer],
                 open_log: Callable[[int], Sink], message: Message) -> None:
        super().__init__(options, lambda text: None, False, message)
        self.make = make
        self.open_log = open_log
        self.writers: dict[int, Writer] = {}

    def of(self, task: Task) -> Writer:
        """The writer of a task."""
        writer = self.writers.get(task.pid)
        if writer is None:
            writer = self.writers[task.pid] = self.make(self.open_log(task.pid))
        return writer

    def flush(self) -> None:
        for writer in self.writers.values():
            writer.flush()

    def waits(self) -> None:
        for writer in self.writers.values():
            writer.waits()

    def finish(self, status: int) -> None:
        for writer in self.writers.values():
            writer.finish(status)

    def enter(self, event: Event) -> None:
        self.of(event.task).enter(event)

    def exit(self, event: Event, tampered: int = 0) -> bool:
        return self.of(event.task).exit(event, tampered)

    def never_returned(self, event: Event) -> None:
        self.of(event.task).never_returned(event)

    def detached(self, event: Event) -> None:
        self.of(event.task).detached(event)

    def below(self, task: Task, dump: list[str], stack: list[Frame]) -> None:
        self.of(task).below(task, dump, stack)

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

    def attached(self, task: Task, parent: Task) -> None:
        # of the parent's: the child's file is made when there is something to write
        self.of(parent).attached(task, parent)

    def mode(self, task: Task, bits: int) -> None:
        self.of(task).mode(task, bits)

    def superseded(self, task: Task, tid: int) -> None:
        self.of(task).superseded(task, tid)
