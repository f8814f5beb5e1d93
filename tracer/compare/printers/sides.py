"""The differences in two columns."""
from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import TextIO

from tracer.compare.model import ADDED, CHANGED, MOVED, REMOVED, SAME, Diff, Entry, Row
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


def _spans(entry: Entry | None, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where parts of an entry's text are in what is shown of it; in order, not overlapping."""
    found: list[tuple[int, int]] = []
    if entry is not None:
        for start, end in sorted(spans):
            start, end = len(visible(entry.text[:start])), len(visible(entry.text[:end]))
            if end > start and (not found or start >= found[-1][1]):
                found.append((start, end))
    return found


def _emphasized(piece: str, at: int, spans: list[tuple[int, int]], color: str,
                paint: Callable[[str, str], str]) -> str:
    """A piece of a text, which begins at a place of it, with its changed parts reversed."""
    text, done = "", 0
    for start, end in spans:
        start, end = max(start - at, done), min(end - at, len(piece))
        if start < end:
            text += paint(piece[done:start], color) + paint(piece[start:end], f"{color};1;7")
            done = end
    return text + paint(piece[done:], color)


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
        changed = ([], []) if row.kind != CHANGED or row.difference is None or not options.color \
            else (_spans(row.old, [d.old_span for d in row.difference.details]),
                  _spans(row.new, [d.new_span for d in row.difference.details]))
        at = [0, 0]
        for i in range(max(len(left), len(right))):
            one = left[i] if i < len(left) else ""
            two = right[i] if i < len(right) else ""
            if changed[0] or changed[1]:
                first = _emphasized(one, at[0], changed[0], color, paint)
                second = _emphasized(two, at[1], changed[1], color, paint)
                blanks = _padded(one, width)[len(one):]
                out.write(f"{first}{blanks} {paint(mark, color)} {second}\n")
                at[0] += len(one)
                at[1] += len(two)
                continue
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
