"""The differences in two columns."""
from __future__ import annotations

import unicodedata
from typing import TextIO

from tracer.compare.model import ADDED, CHANGED, MOVED, REMOVED, SAME, Diff, Row
from tracer.compare.printers import PrintOptions
from tracer.compare.printers.text import (
    lines_of,
    painter,
    process_name,
    summary_line,
    visible,
)

_MARKS = {SAME: " ", CHANGED: "|", MOVED: "~"}
_COLORS = {CHANGED: "33", MOVED: "34"}
_NARROW = 12                            # columns a side has at least


def _wrapped(text: str, width: int) -> list[str]:
    """A text cut into pieces of a width in a terminal's columns."""
    if text.isascii():
        return [text[i:i + width] for i in range(0, len(text), width)] or [""]
    pieces, piece, used = [], "", 0
    for c in text:
        size = 0 if unicodedata.combining(c) else (
            2 if unicodedata.east_asian_width(c) in "WF" else 1)
        if used + size > width:
            pieces.append(piece)
            piece, used = "", 0
        piece += c
        used += size
    return [*pieces, piece]


def _padded(text: str, width: int) -> str:
    used = sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text) if not text.isascii() else len(text)
    return text + " " * (width - used)


def print_sides(diff: Diff, out: TextIO, options: PrintOptions) -> None:
    """Two columns, long lines wrapped; nothing when the logs say the same.

    Marks between the columns: ``|`` changed, ``<`` only old, ``>`` only new, ``~`` moved.
    """
    if diff.same:
        return
    paint = painter(options.color)
    width = max(_NARROW, (options.width - 3) // 2)

    def row(row: Row) -> None:
        mark = _MARKS.get(row.kind) or ("<" if row.new is None else ">")
        color = _COLORS.get(row.kind) or ("31" if mark == "<" else "32")
        left = _wrapped(visible(row.old.text), width) if row.old is not None else []
        right = _wrapped(visible(row.new.text), width) if row.new is not None else []
        if row.kind == MOVED and row.difference is not None:
            note = (f"(moved to line {row.difference.new[0].line})" if row.new is None
                    else f"(moved from line {row.difference.old[0].line})")
            (right if row.new is None else left).extend(_wrapped(note, width))
        for i in range(max(len(left), len(right))):
            one = left[i] if i < len(left) else ""
            two = right[i] if i < len(right) else ""
            line = f"{_padded(one, width)} {mark} {two}".rstrip()
            out.write((line if row.kind == SAME else paint(line, color)) + "\n")
        if row.kind == CHANGED and row.difference is not None:
            for detail in row.difference.details:
                out.write(paint(f"   {detail.path}: {visible(detail.old) or '(nothing)'} -> "
                                f"{visible(detail.new) or '(nothing)'}", "33") + "\n")

    titles = [_wrapped(visible(log.name), width)[0] for log in (diff.old, diff.new)]
    out.write(paint(f"{_padded(titles[0], width)}   {titles[1]}".rstrip(), "1") + "\n")
    for process in diff.processes:
        for hunk in process.hunks(options.context):
            out.write(paint(f"@@ {lines_of(hunk)} @@ {process_name(process)}", "36") + "\n")
            for each in hunk.rows:
                row(each)
    for note in diff.notes:
        out.write(f"{note}\n")
    out.write(summary_line(diff.summary) + "\n")


assert {ADDED, REMOVED}.isdisjoint(_MARKS)      # their marks are the sides'
