"""Events as records: what the structured formats have in common.

A call becomes a record when it ends, so records come in the order of completion.  A record is a
dict of JSON's types, as `schema.json` describes them.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.decode.plan import RawPlan
from tracer.decode.values import PENDING
from tracer.options import PID_COMM
from tracer.output.base import ARGUMENTS, DELAYED, RESULT, Frame, Message, Sink, Writer
from tracer.output.jsonvalues import dump, dump_bytes
from tracer.output.text import signal_name

if TYPE_CHECKING:
    from tracer.decode.values import Value
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.output.jsonvalues import Object
    from tracer.tracing import Event


class RecordWriter(Writer):
    """Makes records; a format takes them in `record`."""

    def __init__(self, options: RunOptions, sink: Sink, immediate: bool,
                 message: Message) -> None:
        super().__init__(options, sink, immediate, message)
        self.inside: dict[Task, Event] = {}     # calls that have not ended
        self.counted = options.summary == "only"
        self.names = bool(options.decode_pids & PID_COMM)
        # A stack or dump is told after the record it belongs to, which is kept until then.
        self.holds = bool(options.stack_traces or options.read_dump or options.write_dump)
        self.held: Object | None = None

    def record(self, made: Object) -> None:
        """Take a record."""
        raise NotImplementedError

    def value(self, value: Value) -> Any:
        """A value's form in a record."""
        return dump(value)

    def argument(self, name: str, value: Value) -> Any:
        """An argument's form in a record; name: "" if it has none."""
        return {"name": name, **dump(value)} if name else dump(value)

    def _give(self, made: Object) -> None:
        if self.held is not None:
            held, self.held = self.held, None
            self.record(held)
        if self.holds:
            self.held = made
        else:
            self.record(made)

    def flush(self) -> None:
        if self.held is not None:
            held, self.held = self.held, None
            self.record(held)
        super().flush()

    def start(self, kind: str, task: Task, time: int | None = None) -> Object:
        """The beginning of a record: what kind, of which task, when."""
        made = {"type": kind, "pid": task.pid, "tgid": task.process.pid,
                "time": task.kernel.clock.realtime() if time is None else time}
        if self.names:
            made["comm"] = dump_bytes(task.comm)
        return made

    # -- calls ----------------------------------------------------------------------------
    def enter(self, event: Event) -> None:
        event.started = event.task.kernel.clock.realtime()
        self.inside[event.task] = event

    def exit(self, event: Event, tampered: int = 0) -> bool:
        self.inside.pop(event.task, None)
        if not (self.failed if event.error else self.successful) or self.counted:
            return False
        made = self._call(event)
        if event.error:
            from sysnames.errno import MESSAGES, NAMES
            made["error"] = {"number": event.error, "name": NAMES.get(event.error),
                             "message": MESSAGES.get(event.error)}
            note = None
            if event.plan.__class__ is not RawPlan:
                explain = getattr(event.plan, "decode_failure", None)
                note = explain(event) if explain is not None else None
        else:
            value, note = event.plan.decode_result(event)
            made["result"] = self.value(value)
        if note is not None:
            made["note"] = self.value(note)
        if tampered & (ARGUMENTS | RESULT):
            made["injected"] = [word for bit, word in ((ARGUMENTS, "args"), (RESULT, "result"))
                                if tampered & bit]
        if tampered & DELAYED:
            made["delayed"] = True
        self._give(made)
        return True

    def _call(self, event: Event) -> Object:
        task = event.task
        made = self.start("call", task, event.started)
        made["duration"] = max(0, task.kernel.clock.realtime() - event.started)
        made["abi"] = event.abi
        made["number"] = event.number
        made["name"] = event.name
        names = event.plan.names
        made["args"] = [self.argument(names[i] if i < len(names) else "", value)
                        for i, value in enumerate(event.values)
                        if value is not None and value is not PENDING]
        if self.options.instruction_pointer:
            made["ip"] = event.pc
        return made

    def never_returned(self, event: Event) -> None:
        self._cut(event, "unfinished", self.shows_unfinished)

    def detached(self, event: Event) -> None:
        self._cut(event, "detached", self.shows_detached)

    def _cut(self, event: Event, mark: str, shown: bool) -> None:
        """A call without a result; its arguments may be incomplete."""
        self.inside.pop(event.task, None)
        if not shown or self.counted:
            return
        made = self._call(event)
        made[mark] = True
        values = event.values
        if values and values[-1] is PENDING:
            made["cut"] = "between"
        elif event.plan.dynamic and event.resume < len(event.plan.decoders):
            made["cut"] = "within"
        self._give(made)

    def below(self, task: Task, dump: list[str], stack: list[Frame]) -> None:
        if self.held is not None:
            if dump:
                self.held["dump"] = dump
            if self.options.stack_traces:
                self.held["stack"] = [_frame(frame) for frame in stack]

    # -- other events ---------------------------------------------------------------------
    def signal(self, task: Task, info: dict[str, Any]) -> None:
        if self.counted:
            return
        from tracer.decode.kinds.signal import decode_siginfo
        made = self.start("signal", task)
        made["signal"] = signal_name(info["signo"])
        made["number"] = info["signo"]
        value = decode_siginfo(info, task.abi.name, task, self.options)
        if value is not None:
            made["info"] = self.value(value)
        self._give(made)

    def _event(self, kind: str, task: Task, **fields: object) -> None:
        if not self.counted:
            self._give({**self.start(kind, task), **fields})

    def stopped(self, task: Task, signo: int) -> None:
        self._event("stopped", task, signal=signal_name(signo), number=signo)

    def leaves(self, task: Task) -> None:
        event = self.inside.get(task)
        if event is not None:
            self.never_returned(event)

    def exited(self, task: Task, status: int) -> None:
        self.leaves(task)
        if self.tells_exit:
            self._event("exited", task, status=status)

    def killed(self, task: Task, signo: int, core: bool) -> None:
        self.leaves(task)
        if signo in self.options.signals:
            self._event("killed", task, signal=signal_name(signo), number=signo, core=core)

    def attached(self, task: Task, parent: Task) -> None:
        self._event("attached", task, parent=parent.pid)

    def superseded(self, task: Task, tid: int) -> None:
        if self.tells_superseded:
            self._event("superseded", task, by=tid)


def _frame(frame: Frame) -> dict[str, Any]:
    """A frame as the schema has it: without a source that is not known."""
    return {name: value for name, value in frame._asdict().items()
            if name != "source" or value is not None}
