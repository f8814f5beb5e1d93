"""A log's events, joined and put in time, with the processes that made them."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tracer.logs.model import (
    CONTINUED,
    RESUMED,
    UNFINISHED,
    Call,
    Event,
    Exited,
    Killed,
    Note,
    Prefix,
    Signal,
    Stopped,
    Superseded,
    Unknown,
)
from tracer.logs.values import String
from tracer.report.files import Files, number_of, plain, text_of

EVENTS_MAX = 300_000
TEXT_MAX = 2_000            # characters of an event's text
DAY = 86_400 * 10**9
CALL, SIGNAL, EXIT, OTHER = 0, 1, 2, 3
_ATTACHED = re.compile(r"Process (\d{1,9}) attached\Z")


@dataclass
class Task:
    """A process or thread.  start, end: nanoseconds since the log's first event, or numbers of
    events (``Report.timed``); end None if it did not end.  ended: how."""

    pid: int
    parent: int | None = None
    name: str = ""
    thread: bool = False
    start: int = 0
    end: int | None = None
    ended: str = ""
    calls: int = 0
    errors: int = 0


@dataclass
class Item:
    """An event: when, how long (nanoseconds, -1 unknown), whose, what.  name: of the call or
    signal; error: name of the error, "" if it did not fail."""

    kind: int
    line: int
    start: int
    duration: int
    pid: int
    name: str
    error: str
    text: str


@dataclass
class Report:
    """All that the page shows.  timed: the log has times; else positions in the log stand for
    them.  left_out: events beyond EVENTS_MAX."""

    name: str
    items: list[Item] = field(default_factory=list)
    tasks: dict[int, Task] = field(default_factory=dict)
    files: Files = field(default_factory=Files)
    timed: bool = False
    durations: bool = False
    lines: int = 0
    unknown: int = 0
    left_out: int = 0


class _Clock:
    """Times of events from what the prefixes have: absolute, relative, or only an order."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.now = 0
        self.last = -1
        self.days = 0
        self.timed = False

    def at(self, prefix: Prefix, position: int) -> int:
        absolute = prefix.nanoseconds
        if absolute is not None:
            if absolute < DAY and absolute < self.last - DAY // 2:
                self.days += DAY            # -t: past midnight
            self.last = absolute
            absolute += self.days if absolute < DAY else 0
            if self.first is None:
                self.first = absolute
            self.timed = True
            self.now = max(absolute - self.first, 0)
        elif prefix.relative is not None:
            self.timed = True
            self.now += _nanoseconds(prefix.relative)
        elif not self.timed:
            self.now = position
        return self.now


def _nanoseconds(seconds: str) -> int:
    whole, _, fraction = seconds.partition(".")
    return int(whole) * 10**9 + int((fraction + "0" * 9)[:9])


class _Collector:
    def __init__(self, name: str) -> None:
        self.report = Report(name)
        self.clock = _Clock()
        self.cut: dict[int, list[tuple[Call, int]]] = {}
        self.main = 0               # the id of the process whose lines have none
        self.children: set[int] = set()

    def task(self, pid: int, now: int) -> Task:
        found = self.report.tasks.get(pid)
        if found is None:
            found = self.report.tasks[pid] = Task(pid, start=now)
        return found

    def take(self, event: Event) -> None:
        report = self.report
        report.lines = max(report.lines, event.line)
        if isinstance(event, Unknown):
            report.unknown += 1
            return
        said = event.text if isinstance(event, Note) else \
            event.mark if isinstance(event, Call) else ""
        attached = _ATTACHED.search(said) if said else None
        if attached is not None:
            self.children.add(int(attached[1]))
        if isinstance(event, Note) or not isinstance(
                event, Call | Signal | Stopped | Exited | Killed | Superseded):
            return
        now = self.clock.at(event.prefix, len(report.items))
        pid = event.prefix.pid
        if pid is None:
            pid = self.main
        elif not self.main and 0 in report.tasks and pid not in self.children \
                and pid not in report.tasks:
            self._rename(pid)
        task = self.task(pid, now)
        if isinstance(event, Call):
            self._call(event, task, now)
        elif isinstance(event, Signal):
            self._add(Item(SIGNAL, event.line, now, -1, pid, event.name, "",
                           _text(event, event.prefix)))
        else:
            if isinstance(event, Exited):
                task.ended, task.end = f"exited with {event.status}", now
            elif isinstance(event, Killed):
                task.ended, task.end = f"killed by {event.name}", now
            elif isinstance(event, Superseded):
                task.ended, task.end = f"superseded by execve in {event.pid}", now
            kind = OTHER if isinstance(event, Stopped) else EXIT
            name = event.name if isinstance(event, Stopped | Killed) else ""
            self._add(Item(kind, event.line, now, -1, pid, name, "", _text(event, event.prefix)))

    def _rename(self, pid: int) -> None:
        """On a terminal strace prints ids only once there are two processes."""
        report = self.report
        self.main = report.tasks[0].pid = pid
        report.tasks = {task.pid: task for task in report.tasks.values()}
        for task in report.tasks.values():
            task.parent = pid if task.parent == 0 else task.parent
        for item in report.items:
            item.pid = item.pid or pid
        if 0 in self.cut:
            self.cut[pid] = self.cut.pop(0)
        report.files.rename(0, pid)

    def _add(self, item: Item) -> None:
        if len(self.report.items) >= EVENTS_MAX:
            self.report.left_out += 1
        else:
            self.report.items.append(item)

    def _call(self, call: Call, task: Task, now: int) -> None:
        start, line = now, call.line
        if call.state in (RESUMED, CONTINUED):
            parts = self.cut.pop(task.pid, None)
            if parts:
                first, start = parts[0]
                arguments = "".join(part.arguments for part, _ in parts) + call.arguments
                line = first.line
                call = Call(line, first.prefix, call.name, arguments, call.pad, call.returned,
                            call.duration, UNFINISHED if call.returned is None else "whole",
                            call.mark, call.end, elapsed=call.elapsed)
                if call.returned is None:
                    self.cut[task.pid] = [(call, start)]
                    return
        elif call.state == UNFINISHED and call.returned is None:
            self.cut[task.pid] = [(call, now)]
            return
        self._ended(call, task, start, now, line)

    def _ended(self, call: Call, task: Task, start: int, now: int, line: int) -> None:
        duration = -1
        if call.elapsed is not None:
            duration = call.elapsed
        elif call.duration is not None:
            duration = _nanoseconds(call.duration)
        elif now > start:
            duration = now - start
        self.report.durations |= duration >= 0 and self.clock.timed
        result = call.result
        error = (result.errno or "") if result is not None else ""
        task.calls += 1
        task.errors += bool(error)
        text = f"{call.name}({call.arguments}{call.mark})"
        if call.returned is not None:
            text += f" = {call.returned}"
        self._add(Item(CALL, line, start, duration, task.pid, call.name, error, _cut(text)))
        if result is None:
            return
        self.report.files.take(call, task.pid)
        if error:
            return
        value = number_of(result.value)
        if call.name in ("execve", "execveat"):
            path = next((plain(a) for a in call.args[:2] if isinstance(plain(a), String)), None)
            if isinstance(path, String):
                task.name = text_of(path)[-200:]
        elif call.name in ("fork", "vfork", "clone", "clone2", "clone3") and value:
            self.children.add(value)
            child = self.task(value, start)
            child.parent = task.pid
            child.thread = "CLONE_THREAD" in call.arguments
            child.name = child.name or task.name

    def finish(self) -> Report:
        for parts in self.cut.values():
            call, start = parts[0]
            pid = next((p for p, kept in self.cut.items() if kept is parts), 0)
            self._ended(call, self.task(pid, start), start, start, call.line)
        report = self.report
        report.timed = self.clock.timed
        report.items.sort(key=lambda item: (item.start, item.line))
        if not report.timed:
            for i, item in enumerate(report.items):
                item.start, item.duration = i, -1
        _inherit(report)
        return report


def _text(event: Event, prefix: Prefix) -> str:
    return _cut(str(event)[len(prefix.text):].rstrip("\r\n"))


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + "…"


def _inherit(report: Report) -> None:
    """Names of children whose first line came before their parent's call returned."""
    for task in sorted(report.tasks.values(), key=lambda t: t.start):
        seen: set[int] = set()
        at = task
        while not at.name and at.parent is not None and at.pid not in seen:
            seen.add(at.pid)
            at = report.tasks[at.parent]
        task.name = task.name or at.name


def collect(events: Iterable[Event], name: str) -> Report:
    """Everything of a log that the page shows; name: of the log, for its title."""
    collector = _Collector(name)
    for event in events:
        collector.take(event)
    return collector.finish()
