"""`pytrace report`: a log as one self-contained page."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

from tracer.logs.errors import LogError
from tracer.logs.parse import read
from tracer.logs.parts import parts_of
from tracer.logs.source import Source, name_of
from tracer.report.collect import Report, collect


def source_of(names: Sequence[str]) -> Source:
    """A log that is named by one name, or by those of all its files.  Raises LogError."""
    if len(names) == 1:
        return names[0]
    several = parts_of(names)
    if several is None:
        raise LogError("several logs must be the files PREFIX.PID of one log")
    return several


def write_report(source: Source, out: TextIO) -> Report:
    """Read a log and write its page.  Raises LogError, and PytraceError without jinja2."""
    from tracer.pages import write_page

    report = collect(read(source), name_of(source))
    write_page("report", report.name, page_data(report), out)
    return report


class _Numbers:
    def __init__(self) -> None:
        self.found: dict[str, int] = {"": 0}

    def __call__(self, text: str) -> int:
        return self.found.setdefault(text, len(self.found))


def page_data(report: Report) -> dict[str, Any]:
    """What the page shows, as JSON's types; events are columns, see files/report.js."""
    names, errors = _Numbers(), _Numbers()
    pids = {pid: i for i, pid in enumerate(report.tasks)}
    items = report.items
    notes = []
    if report.unknown:
        lines = "line is" if report.unknown == 1 else "lines are"
        notes.append(f"{report.unknown} {lines} not understood.")
    if report.left_out:
        notes.append(f"Only the first {len(items)} events are here; {report.left_out} are left "
                     "out.")
    if report.files.left_out:
        notes.append("Only some of the files are here: there are too many.")
    return {
        "name": report.name, "lines": report.lines, "timed": report.timed,
        "durations": report.durations, "notes": notes,
        "tasks": [[t.pid, pids.get(t.parent) if t.parent is not None else None, t.name,
                   int(t.thread), t.start, t.end, t.ended, t.calls, t.errors]
                  for t in report.tasks.values()],
        "kind": [i.kind for i in items], "line": [i.line for i in items],
        "start": [i.start for i in items], "duration": [i.duration for i in items],
        "task": [pids[i.pid] for i in items], "name_of": [names(i.name) for i in items],
        "error": [errors(i.error) for i in items], "text": [i.text for i in items],
        "names": list(names.found), "errors": list(errors.found),
        "files": [[f.path, f.calls, f.errors, f.opened, f.read, f.written,
                   sorted(pids[p] for p in f.pids if p in pids)]
                  for f in report.files.files.values()],
    }
