"""The differences as one self-contained page: both logs side by side."""
from __future__ import annotations

from typing import Any, TextIO

from tracer.compare.model import BLOCK, SAME, Diff, Difference, Entry, LogInfo, Process, Row
from tracer.compare.printers import PrintOptions
from tracer.compare.printers.places import short_title
from tracer.compare.printers.text import process_name, summary_line

ROWS_MAX = 150_000          # rows of all processes; longer logs show only what is near a difference
DIFFERENCES_MAX = 20_000
TEXT_MAX = 20_000           # characters of a row's text


def print_html(diff: Diff, out: TextIO, options: PrintOptions) -> None:
    """A page that needs nothing but a browser.  Raises PytraceError without jinja2."""
    from tracer.pages import write_page

    write_page("diff", f"{diff.old.name} → {diff.new.name}", page_data(diff, options.context),
               out)


def page_data(diff: Diff, context: int) -> dict[str, Any]:
    """What the page shows, as JSON's types; see ``tracer/pages/files/diff.js``."""
    whole = max(diff.old.lines, diff.new.lines) <= ROWS_MAX
    names = _Names()
    shown = diff.differences[:DIFFERENCES_MAX]
    notes = list(diff.notes)
    for log in (diff.old, diff.new):
        if log.unknown:
            notes.append(f"{log.name}: {log.unknown} lines are not understood, the first is "
                         f"line {log.unknown_lines[0] if log.unknown_lines else '?'}.")
    if not whole:
        notes.append("The logs are long: of lines without a difference, only those near one "
                     "are here.")
    if len(shown) < len(diff.differences):
        notes.append(f"Only the first {len(shown)} of {len(diff.differences)} differences "
                     "are here.")
    meta = [summary_line(diff.summary), f"{diff.summary.same} equal events",
            _log_text("old", diff.old), _log_text("new", diff.new)]
    if diff.abi_neutral:
        meta.append("variants of calls count as one")
    counts: dict[str, int] = {}
    for difference in diff.differences:
        counts[difference.process] = counts.get(difference.process, 0) + 1
    processes = [{"label": process.label, "title": process_name(process),
                  "differences": counts.get(process.label, 0),
                  "rows": _rows(process, whole, context, names, len(shown))}
                 for process in diff.processes]
    return {"old": {"name": diff.old.name}, "new": {"name": diff.new.name}, "context": context,
            "meta": " · ".join(meta), "notes": notes, "names": names.names,
            "processes": processes,
            "differences": [{"kind": d.kind, "title": short_title(d),
                             "old": d.old[0].line if d.old else None,
                             "new": d.new[0].line if d.new else None} for d in shown]}


def _log_text(which: str, log: LogInfo) -> str:
    return f"{which}: {log.lines} lines"


class _Names:
    """Names of calls and other events, numbered."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        return list(self.numbers)

    def number(self, entry: Entry) -> int:
        name = getattr(entry.event, "name", None)
        if not isinstance(name, str):
            name = type(entry.event).__name__.lower()
        return self.numbers.setdefault(name, len(self.numbers))


def _rows(process: Process, whole: bool, context: int, names: _Names,
          shown: int) -> list[list[Any]]:
    if whole:
        return [_row(row, names, shown) for row in process.rows()]
    rows: list[list[Any]] = []
    for hunk in process.hunks(context):
        if hunk.skipped:
            rows.append([-1, hunk.skipped])
        rows += [_row(row, names, shown) for row in hunk.rows]
        if len(rows) > ROWS_MAX:
            break
    return rows


def _row(row: Row, names: _Names, shown: int) -> list[Any]:
    old, new, difference = row.old, row.new, row.difference
    number = difference.number if difference is not None and row.kind != SAME else 0
    entry = new or old
    assert entry is not None            # a row has a side
    before = None if old is None else old.text[:TEXT_MAX]
    after = None if new is None else new.text[:TEXT_MAX]
    found: list[Any] = [number if number <= shown else 0, names.number(entry),
                        None if old is None else old.line, None if new is None else new.line,
                        before, 0 if after == before else after]
    if difference is not None and difference.kind != BLOCK and difference.details:
        found.append(_spans(difference))
    return found


def _spans(difference: Difference) -> list[list[list[int]]]:
    """Where the texts of both sides differ; what stands on one side only has no other span."""
    sides: list[list[list[int]]] = [[], []]
    for detail in difference.details:
        for side, (start, end) in zip(sides, (detail.old_span, detail.new_span)):
            if start < end:
                side.append([start, end])
    return sides
