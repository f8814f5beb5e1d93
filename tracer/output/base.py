"""What every writer is told, and what they have in common."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.output.summary import Tables
    from tracer.tracing import Event
    from tracer.vfs.changes import Change

Sink = Callable[[str], None]
Message = Callable[[str], None]

# Characters kept before they are written: a page of a file.  More at a time would only be more
# writes in a row, in which kill -9 could find one that cannot be whole (LogFile).
_FLUSH = 4096

# What -e inject= did to a call: its arguments, its result, or when it began or ended.
ARGUMENTS, RESULT, DELAYED = 1, 2, 4


class Frame(NamedTuple):
    """A frame of a stack (-k): the mapped object, the function and how far into it, the address
    within the object, and with -kk the file and line of its source, if they are known."""

    object: str
    function: str | None
    offset: int
    address: int
    source: str | None = None


class Writer:
    """Writes events to ``sink``, a function that takes text of whole lines (or, when immediate,
    of any part).

    immediate: the program may write to the same place, so nothing is kept back.  message: tells
    the user what is not part of the log.
    """

    def __init__(self, options: RunOptions, sink: Sink, immediate: bool,
                 message: Message) -> None:
        self.options = options
        self.sink = sink
        self.immediate = immediate
        self.message = message
        self.lines: list[str] = []
        self.kept = 0           # characters in them
        self.successful = "successful" in options.status
        self.failed = "failed" in options.status
        self.shows_unfinished = "unfinished" in options.status
        self.shows_detached = "detached" in options.status
        quiet = options.quiet
        self.tells_attach = "attach" not in quiet
        self.tells_exit = "exit" not in quiet
        self.tells_superseded = "thread-execve" not in quiet

    # -- output ---------------------------------------------------------------------------
    def _put(self, line: str) -> None:
        """One line, without its newline."""
        self.lines.append(line)
        self.kept += len(line)
        if self.kept >= _FLUSH or self.immediate:
            self.flush()

    def flush(self) -> None:
        """Write what is kept; the log is a prefix of the full one, ended at a line."""
        if self.lines:
            self.lines.append("")
            text = "\n".join(self.lines)
            self.lines = []
            self.kept = 0
            self.sink(text)

    def waits(self) -> None:
        """Nothing is going to happen for a while: write all there is to see."""
        self.flush()

    def finish(self, status: int) -> None:
        """The run is over.  status: of the program, as wait(2) reports it."""
        self.flush()

    # -- calls ----------------------------------------------------------------------------
    def enter(self, event: Event) -> None:
        """A call begins."""
        raise NotImplementedError

    def exit(self, event: Event, tampered: int = 0) -> bool:
        """A call ends; tampered: what was done to it.

        Returns whether it was written (-z, -Z).
        """
        raise NotImplementedError

    def never_returned(self, event: Event) -> None:
        """A call that ends with its task: ``= ?``."""
        raise NotImplementedError

    def abandoned(self, event: Event) -> None:
        """The task was killed inside a call."""
        self.never_returned(event)

    def detached(self, event: Event) -> None:
        """Tracing ends inside a call."""
        raise NotImplementedError

    def below(self, task: Task, dump: list[str], stack: list[Frame]) -> None:
        """What belongs to the last call or signal of a task: lines of a dump, a stack."""
        raise NotImplementedError

    # -- other events ---------------------------------------------------------------------
    def signal(self, task: Task, info: dict[str, Any]) -> None:
        """A signal is delivered."""
        raise NotImplementedError

    def stopped(self, task: Task, signo: int) -> None:
        """A group stop."""
        raise NotImplementedError

    def leaves(self, task: Task) -> None:
        """A task ends, which is reported later."""
        raise NotImplementedError

    def exited(self, task: Task, status: int) -> None:
        """A task ended by itself."""
        raise NotImplementedError

    def killed(self, task: Task, signo: int, core: bool) -> None:
        """A task ended by a signal."""
        raise NotImplementedError

    def attached(self, task: Task, parent: Task) -> None:
        """A new traced task."""
        raise NotImplementedError

    def mode(self, task: Task, bits: int) -> None:
        """A process's calls are of another ABI than before; only the text tells."""

    def superseded(self, task: Task, tid: int) -> None:
        """execve by the thread tid: it goes on as the leader."""
        raise NotImplementedError

    def files(self, changes: list[Change], limit: int) -> None:
        """What the run changed in the sandbox's files; limit: bytes of all contents shown."""
        raise NotImplementedError

    def summary(self, tables: Tables) -> None:
        """The counts of -c and -C."""
        from tracer.output.summary import format_summary
        options = self.options
        self.sink(format_summary(tables, options.tracer_abi, options.summary_columns,
                                 options.summary_sort))
