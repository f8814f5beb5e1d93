"""The differences as text, in the manner of ``diff -u``."""
from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from tracer.compare.model import (
    ADDED,
    BLOCK,
    CHANGED,
    MOVED,
    REMOVED,
    SAME,
    Diff,
    Difference,
    Entry,
    Hunk,
    Process,
    Row,
    Summary,
)
from tracer.compare.printers import PrintOptions

_RED, _GREEN, _CYAN, _YELLOW, _BLUE, _BOLD = "31", "32", "36", "33", "34", "1"


def painter(color: bool) -> Callable[[str, str], str]:
    """A function that colours a text for a terminal, or leaves it as it is."""
    if not color:
        return lambda text, _: text
    from tracer.output.color import paint

    return paint


def visible(text: str) -> str:
    """A text without what a terminal would act on; its bytes that are no text, as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\t" if c == "\t" else ascii(c)[1:-1] for c in text)


def summary_line(summary: Summary) -> str:
    """``3 differences: 1 changed, 2 added`` or ``no differences``."""
    counts = [f"{count} {word}" for count, word in (
        (summary.changed, CHANGED), (summary.added, ADDED), (summary.removed, REMOVED),
        (summary.moved, MOVED), (summary.blocks, "block" if summary.blocks == 1 else "blocks"))
        if count]
    if not counts:
        return "no differences"
    return f"{summary.total} difference{'s' * (summary.total != 1)}: {', '.join(counts)}"


def process_name(process: Process) -> str:
    """``P1 sh (pid 1000, 1001)``: a process's label, program and ids."""
    pids = [str(pid) for pid in (process.old_pid, process.new_pid) if pid is not None]
    if len(pids) == 2 and pids[0] == pids[1]:
        pids.pop()
    shown = f" (pid {', '.join(pids)})" if pids else ""
    name = f" {visible(process.name)}" if process.name else ""
    side = "" if process.has_old and process.has_new else (
        ", only in the old log" if process.has_old else ", only in the new log")
    return f"{process.label}{name}{shown}{side}"


def lines_of(hunk: Hunk) -> str:
    """``-12,5 +12,6``: the lines that a hunk spans in both logs."""
    parts = []
    for sign, entries in (("-", [row.old for row in hunk.rows if row.old is not None]),
                          ("+", [row.new for row in hunk.rows if row.new is not None])):
        if entries:
            parts.append(f"{sign}{entries[0].line},{len(entries)}")
    return " ".join(parts)


class _Printer:
    def __init__(self, out: TextIO, options: PrintOptions) -> None:
        self.write = out.write
        self.paint = painter(options.color)
        self.color = options.color
        self.shown: set[int] = set()

    def line(self, mark: str, entry: Entry, color: str, note: str = "",
             spans: list[tuple[int, int]] | None = None) -> None:
        if spans and self.color:
            text, at = "", 0
            for start, end in sorted(spans):
                if start >= at:
                    text += self.paint(visible(entry.text[at:start]), color)
                    text += self.paint(visible(entry.text[start:end]), f"{color};{_BOLD};7")
                    at = end
            text += self.paint(visible(entry.text[at:]), color)
            self.write(f"{self.paint(mark, color)}{text}{note}\n")
            return
        self.write(self.paint(f"{mark}{visible(entry.text)}{note}", color) + "\n")

    def row(self, row: Row) -> None:
        difference = row.difference
        if row.kind == SAME:
            entry = row.new or row.old
            assert entry is not None
            self.write(f" {visible(entry.text)}\n")
        elif row.kind == CHANGED and difference is not None and row.old and row.new:
            details = difference.details
            self.line("-", row.old, _RED, spans=[d.old_span for d in details])
            self.line("+", row.new, _GREEN, spans=[d.new_span for d in details])
            for detail in details:
                self.write(self.paint(
                    f"!  {detail.path}: {visible(detail.old) or '(nothing)'} -> "
                    f"{visible(detail.new) or '(nothing)'}", _YELLOW) + "\n")
        elif row.kind == MOVED and difference is not None:
            self.moved(row, difference)
        else:
            if row.kind == BLOCK and difference is not None \
                    and difference.number not in self.shown:
                self.shown.add(difference.number)
                self.write(self.paint(f"!  {visible(difference.title)}", _YELLOW) + "\n")
            if row.old is not None:
                self.line("-", row.old, _RED)
            if row.new is not None:
                self.line("+", row.new, _GREEN)

    def moved(self, row: Row, difference: Difference) -> None:
        if row.old is not None:
            self.line("<", row.old, _BLUE, f"   (moved to line {difference.new[0].line})")
        if row.new is not None:
            self.line(">", row.new, _BLUE, f"   (moved from line {difference.old[0].line})")


def print_text(diff: Diff, out: TextIO, options: PrintOptions) -> None:
    """Unified text; nothing at all when the logs say the same."""
    if diff.same:
        return
    printer = _Printer(out, options)
    paint = printer.paint
    out.write(paint(f"--- {visible(diff.old.name)}", _BOLD) + "\n")
    out.write(paint(f"+++ {visible(diff.new.name)}", _BOLD) + "\n")
    for process in diff.processes:
        for hunk in process.hunks(options.context):
            out.write(paint(f"@@ {lines_of(hunk)} @@ {process_name(process)}", _CYAN) + "\n")
            for row in hunk.rows:
                printer.row(row)
    for note in diff.notes:
        out.write(f"{note}\n")
    for log in (diff.old, diff.new):
        if log.unknown:
            out.write(f"{visible(log.name)}: {log.unknown} line{'s' * (log.unknown != 1)} not "
                      f"understood, the first at {log.unknown_lines[0]}\n")
    out.write(summary_line(diff.summary) + "\n")
