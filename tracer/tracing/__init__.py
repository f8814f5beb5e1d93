"""The tracer: told by the kernel what happens, it decodes and hands events to a writer."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sysnames import table
from tracer.decode.call import Call
from tracer.decode.plan import RawPlan, plan

if TYPE_CHECKING:
    from tracer.decode.values import Value
    from tracer.kernel.dispatch import Entry
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.output.base import Frame, Writer

_SIGKILL = 1 << 8
_PRIVATE = 0xF0000          # the first of an architecture's own numbers


class Event(Call):
    """A call as an event: what was decoded of it, and when.

    values: the arguments so far; entry: their text printed at entry, if a writer did; number:
    of the call; started: nanoseconds of the clock; pc: after the trap instruction.  injection,
    raw, row, poked and told belong to `injection`; begun to `counting`; stack to `details`.
    """

    __slots__ = ("begun", "entry", "injection", "number", "pc", "poked", "printed", "raw",
                 "row", "stack", "started", "told", "unfinished", "values")

    begun: int
    entry: str | None
    injection: Any          # tracer.selection.Injection or None
    number: int
    pc: int
    poked: int
    printed: str
    raw: tuple[int, ...]
    row: str
    stack: list[Frame]
    started: int
    told: bool
    unfinished: bool
    values: list[Value | None]


class Tracer:
    """The kernel's observer.

    watching: signals are of interest, as they always are to strace.
    """

    watching = True

    def __init__(self, options: RunOptions, writer: Writer) -> None:
        self.options = options
        self.writer = writer
        self.plans: dict[tuple[str, str], Any] = {}
        self.times = bool(options.absolute_timestamps or options.relative_timestamps is not None
                          or options.syscall_times is not None)
        self.pointers = options.instruction_pointer
        self.paths = frozenset(p.encode("utf-8", "surrogateescape") for p in options.trace_paths)
        self.immediate = writer.immediate
        self.let_go = False     # the first process is not traced any more (-b)

    # -- calls ----------------------------------------------------------------------------
    def observes(self, entry: Entry) -> bool:
        """Whether a call is traced; prepares its plan."""
        options = self.options
        try:
            made: Any = plan(entry.row, entry.abi, options)
            entry.plan = made
        except KeyError:
            entry.plan = RawPlan(entry.name, entry.abi)
        classes = frozenset(entry.plan.classes)
        if options.is_raw(entry.name, entry.abi):
            count = len(entry.plan.names)
            entry.plan = RawPlan(entry.name, entry.abi, count)
            entry.plan.classes = classes
        if entry.name.startswith("syscall_0x") and entry.number < _PRIVATE and \
                entry.number > max(n for n in table(entry.abi) if n < _PRIVATE):
            return True         # beyond the table, where -e trace cannot name it: always shown
        return options.selected(entry.name, entry.abi, classes)

    def follows(self) -> bool:
        """Whether children are traced (-f)."""
        return self.options.follow_forks

    def enter(self, task: Task, entry: Entry, args: tuple[int, ...],
              words: tuple[int, ...]) -> Event | None:
        """A call begins: decode what is known."""
        event = Event()
        event.task = task
        made = entry.plan
        event.abi = entry.abi
        event.name = entry.name
        event.mem = task.mem
        event.options = self.options
        event.exiting = False
        event.result = event.error = 0
        event.memo = None
        event.entry = None
        event.unfinished = False
        event.number = entry.number
        if made.__class__ is RawPlan:
            event.words = words[1:]
        else:
            event.words = args
        event.values = made.decode_entry(event)
        if self.paths and not self._refers(event):
            return None
        if self.times:
            event.started = task.kernel.clock.realtime()
        if self.pointers:
            event.pc = task.engine.trap_pc(words)
        self.writer.enter(event)
        return event

    def exit(self, event: Event, result: int) -> bool | None:
        """A call ends with a result, or minus an errno.

        Returns whether its line was written; None when the call does not return, since the task
        is being killed.
        """
        event.exiting = True
        made = event.plan
        task = event.task
        task.last_call = event.name
        if task.wants_signal_check and self.dies(task):
            self.writer.never_returned(event)
            return None
        if -4096 < result < 0 and not made.nofail:
            event.error = -result
            event.result = result
        else:
            event.error = 0
            event.result = result
        made.decode_exit(event, event.values)
        return self.writer.exit(event)

    def unfinished(self, event: Event) -> None:
        """The task ends inside a call."""
        self.writer.abandoned(event)

    @staticmethod
    def dies(task: Task) -> bool:
        """Whether SIGKILL is about to end the task."""
        return bool((task.pending.mask | task.process.pending.mask) & _SIGKILL)

    def _refers(self, event: Event) -> bool:
        """Whether an argument of the call is one of the -P paths."""
        from tracer.decode.paths import mentioned
        return not self.paths.isdisjoint(mentioned(event))

    # -- other events ---------------------------------------------------------------------
    def signal(self, task: Task, info: dict[str, Any]) -> None:
        """A signal is about to be delivered."""
        if info["signo"] in self.options.signals and info["signo"] != 9:
            self.writer.signal(task, info)

    def stopped(self, task: Task, signo: int) -> None:
        """A group stop."""
        if signo in self.options.signals:
            self.writer.stopped(task, signo)

    def leaves(self, task: Task) -> None:
        """A thread group's leader ends before the others; its exit is reported later."""
        if task.traced:
            self.writer.leaves(task)

    def exited(self, task: Task, status: int) -> None:
        """status: as wait(2) reports it."""
        if task.traced:
            if status & 0x7F:
                self.writer.killed(task, status & 0x7F, bool(status & 0x80))
            else:
                self.writer.exited(task, status >> 8 & 0xFF)

    def killed(self, task: Task, signo: int, core: bool) -> None:
        """A fatal signal."""
        if task.traced:
            self.writer.killed(task, signo, core)

    def created(self, parent: Task, child: Task) -> None:
        """A new task, traced or not."""
        if child.traced:
            self.writer.attached(child, parent)

    def superseded(self, old: Task, new: Task, tid: int) -> None:
        """execve of another thread than the leader took the leader's place."""
        if new.traced:
            self.writer.superseded(new, tid)

    def unknown(self, pid: int, ended: bool) -> None:
        """A process reports to the tracer that does not follow it: the child of CLONE_PTRACE, or
        of CLONE_PARENT at its end."""
        if ended and "exit" not in self.options.quiet:
            self.writer.message(f"Exit of unknown pid {pid} ignored")
        elif not ended and "attach" not in self.options.quiet:
            self.writer.message(f"Detached unknown pid {pid}")

    def executed(self, task: Task) -> None:
        """A task has a new image."""

    def waits(self) -> None:
        """Nothing will happen before the host lets it: who follows the log shall see all of it."""
        self.writer.waits()

    def finish(self, status: int) -> None:
        """The run is over: complete the log.  status: as wait(2) reports it."""
        self.writer.finish(status)
        if self.options.tips is not None and self.options.tips[1] != "none":
            import sys

            from tracer.output.tips import format_tip
            sys.stderr.write(format_tip(*self.options.tips))


def make_tracer(options: RunOptions, writer: Writer) -> Tracer:
    """The tracer that a run needs: what is not asked for costs nothing."""
    made: type[Tracer] = Tracer
    layers: list[type[Tracer]] = []
    if options.injections:
        from tracer.tracing.injection import Tampering
        layers.append(Tampering)
    if (options.read_dump or options.write_dump or options.stack_traces) \
            and options.summary != "only":
        from tracer.tracing.details import Detailing
        layers.append(Detailing)
    if options.syscall_number:
        from tracer.tracing.details import Numbering
        layers.append(Numbering)
    if "personality" not in options.quiet and options.summary != "only":
        from tracer.tracing.modes import Modes
        layers.append(Modes)
    if options.detach_on_execve:
        from tracer.tracing.details import Detaching
        layers.append(Detaching)
    if options.summary:
        from tracer.tracing.counting import Counting
        layers.append(Counting)
    if layers:
        made = layers[0] if len(layers) == 1 else type(
            "Tracer", tuple(reversed(layers)), {})
    return made(options, writer)
