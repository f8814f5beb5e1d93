"""--format chrome: a trace for Perfetto (ui.perfetto.dev) and chrome://tracing.

The array form of the trace event format: calls are complete events ("X") of the thread that made
them, signals and ends are instants ("i"), a flow ("s", "f") leads from the call that made a
process or thread to the first one that it made itself.  Times are microseconds since the run
began; arguments and results are text as strace prints them.  A file that was cut short can still
be read: the format lets the closing bracket be missing.
"""
from __future__ import annotations

from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from tracer.output.escape import PLAIN
from tracer.output.jsonvalues import load_bytes
from tracer.output.records import RecordWriter
from tracer.output.text import Style, format_error, format_frame

if TYPE_CHECKING:
    from tracer.decode.values import Value
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.output.base import Message, Sink
    from tracer.output.jsonvalues import Object
    from tracer.tracing import Event

_encode = JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":")).encode
_INSTANTS = {"exited": "exited with {status}", "killed": "killed by {signal}",
             "stopped": "stopped by {signal}", "signal": "{signal}",
             "superseded": "superseded by execve in pid {by}"}
RESULT = "return"           # the key of a call's result among its arguments


class ChromeWriter(RecordWriter):
    """Writes records as trace events, one on a line."""

    def __init__(self, options: RunOptions, sink: Sink, immediate: bool,
                 message: Message) -> None:
        super().__init__(options, sink, immediate, message)
        self.names = True
        self.style = Style(options.xlat, options.strings_in_hex or PLAIN)
        self.origin: int | None = None                  # when the run began
        self.named: dict[tuple[int, int], bytes] = {}   # process, thread → name it was given
        self.newborn: set[int] = set()                  # threads that have made no call yet
        self.empty = True

    # -- what goes into records -------------------------------------------------------------
    def value(self, value: Value) -> str:
        return self.style.render(value)

    def argument(self, name: str, value: Value) -> tuple[str, str]:
        return name, self.style.render(value)

    def start(self, kind: str, task: Task, time: int | None = None) -> Object:
        made = super().start(kind, task, time)
        if self.origin is None:
            self.origin = made["time"]
        return made

    def enter(self, event: Event) -> None:
        super().enter(event)
        if self.origin is None:
            self.origin = event.started

    def _call(self, event: Event) -> Object:
        made = super()._call(event)
        made["classes"] = sorted(name.lstrip("%") for name in event.plan.classes)
        return made

    def attached(self, task: Task, parent: Task) -> None:
        made = self.start("attached", parent)
        call = self.inside.get(parent)
        if call is not None:        # else the call that made it is not shown
            made["time"] = call.started
            made["child"] = task.pid
            self._give(made)

    # -- records to trace events ------------------------------------------------------------
    def record(self, made: Object) -> None:
        kind, pid, tid = made["type"], made["tgid"], made["pid"]
        self._name(pid, tid, load_bytes(made["comm"]))
        assert self.origin is not None
        event: Object = {"ph": "i", "pid": pid, "tid": tid,
                         "ts": _microseconds(made["time"] - self.origin)}
        if kind == "attached":
            self.newborn.add(made["child"])
            self._write({**event, "ph": "s", "name": "new", "cat": "task", "id": made["child"]})
        elif kind == "call":
            if tid in self.newborn:
                self.newborn.discard(tid)
                self._write({**event, "ph": "f", "bp": "e", "name": "new", "cat": "task",
                             "id": tid})
            self._write({**event, "ph": "X", "dur": _microseconds(made["duration"]),
                         "name": made["name"], "cat": ",".join(("syscall", *made["classes"])),
                         **({"cname": "terrible"} if "error" in made else {}),
                         "args": _arguments(made)})
        else:
            args: Object = {"siginfo": made["info"]} if "info" in made else {}
            if "stack" in made:
                args["stack"] = _stack(made["stack"])
            self._write({**event, "s": "t", "name": _INSTANTS[kind].format(**made),
                         "cat": "signal" if "signal" in made else "exit", "args": args})

    def _name(self, pid: int, tid: int, name: bytes) -> None:
        """Tell the name of a thread, and of the process after its first thread."""
        if self.named.get((pid, tid)) == name:
            return
        self.named[pid, tid] = name
        args = {"name": name.decode("utf-8", "backslashreplace")}
        for key in ("process_name", "thread_name") if pid == tid else ("thread_name",):
            self._write({"ph": "M", "pid": pid, "tid": tid, "name": key, "args": args})

    def _write(self, event: Object) -> None:
        self._put(("[" if self.empty else ",") + _encode(event))
        self.empty = False

    def finish(self, status: int) -> None:
        self.flush()
        self._put("[]" if self.empty else "]")
        super().finish(status)


def _microseconds(nanoseconds: int) -> float:
    """With three digits at most behind the point, none where it is whole."""
    whole, rest = divmod(nanoseconds, 1000)
    return round(nanoseconds / 1000, 3) if rest else whole


def _arguments(made: Object) -> Object:
    args: Object = {name or f"arg{i}": text for i, (name, text) in enumerate(made["args"], 1)}
    notes = [f" ({made['note']})"] if "note" in made else []
    if made.get("injected"):
        notes.append(" (INJECTED)")
    if made.get("delayed"):
        notes.append(" (DELAYED)")
    if "error" in made:
        result = format_error(made["error"]["number"])
    else:
        result = made.get("result", "?")
    args[RESULT] = result + "".join(notes)
    for key in ("dump", "ip"):
        if key in made:
            args[key] = made[key]
    if "stack" in made:
        args["stack"] = _stack(made["stack"])
    return args


def _stack(frames: list[dict[str, Any]]) -> list[str]:
    from tracer.output.base import Frame

    return [format_frame(Frame(**frame)).removeprefix(" > ") for frame in frames]
