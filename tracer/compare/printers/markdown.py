"""The differences as Markdown for a comment of a pull request, of bounded length."""
from __future__ import annotations

import re
from html import escape
from typing import TextIO

from tracer.compare.model import SAME, Diff, Difference, Process
from tracer.compare.printers import PrintOptions
from tracer.compare.printers.places import short_title
from tracer.compare.printers.text import process_name, summary_line, visible

LENGTH_MAX = 60_000         # characters; GitHub takes 65,536 in a comment
HUNK_MAX = 15_000           # of the lines of one place
ROWS_MAX = 30               # of the table
LINE_MAX = 400              # characters of a line of a log
TITLE_MAX = 160
_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
# "@name" and "#1" would notify people and link issues: an invisible space breaks them up.
_LINKS = {"@": "@\u200b", "#": "#\u200b", "<": "&lt;", ">": "&gt;", "&": "&amp;"}


def _short(text: str, limit: int) -> str:
    text = visible(text).replace("\t", " ")
    return text if len(text) <= limit else text[:limit - 1] + "…"


def _text(text: str, limit: int = TITLE_MAX) -> str:
    """Text that is only text in Markdown and HTML, and stays in a table's cell."""
    return _SPECIAL.sub(r"\\\1", "".join(_LINKS.get(c, c) for c in _short(text, limit)))


def print_markdown(diff: Diff, out: TextIO, options: PrintOptions) -> None:
    """A heading, a table of the first differences, and the lines around them, folded."""
    logs = f"{_text(diff.old.name)} → {_text(diff.new.name)}"
    if diff.same:
        out.write(f"### ✅ System calls: no differences\n\n{logs}: {diff.summary.same}"
                  f" event{'s' * (diff.summary.same != 1)} the same.\n")
        return
    head = [f"### ❌ System calls: {summary_line(diff.summary)}\n", f"{logs}\n",
            "| # | | process | what | line |", "|--:|---|---|---|--:|"]
    head += [_row(difference) for difference in diff.differences[:ROWS_MAX]]
    more = len(diff.differences) - ROWS_MAX
    if more > 0:
        head.append(f"\n… and {more} more.")
    text = "\n".join(head) + "\n"
    out.write(text)
    left = LENGTH_MAX - len(text) - 300
    for process in diff.processes:
        for part in _hunks(process, options.context):
            if len(part) > left:
                out.write("\n_The rest is too long for a comment._\n")
                return
            out.write(part)
            left -= len(part)


def _row(difference: Difference) -> str:
    return (f"| {difference.number} | {difference.kind} | {difference.process} |"
            f" {_text(short_title(difference))} | {difference.line} |")


def _hunks(process: Process, context: int) -> list[str]:
    parts = []
    for hunk in process.hunks(context):
        lines: list[str] = []
        numbers: list[int] = []
        length = 0
        for i, row in enumerate(hunk.rows):
            if length > HUNK_MAX:
                lines.append(f"@@ {len(hunk.rows) - i} more lines @@")
                break
            before = len(lines)
            if row.kind == SAME:
                lines.append(" " + _short(row.new.text if row.new is not None else "", LINE_MAX))
            elif row.difference is not None and row.difference.number not in numbers:
                numbers.append(row.difference.number)
            if row.old is not None and row.kind != SAME:
                lines.append("-" + _short(row.old.text, LINE_MAX))
            if row.new is not None and row.kind != SAME:
                lines.append("+" + _short(row.new.text, LINE_MAX))
            length += sum(map(len, lines[before:]))
        code = "\n".join(lines)
        # A fence must be longer than any run of its sign within.
        ticks = max((len(run) for run in re.findall("`+", code)), default=0)
        fence = "`" * max(3, ticks + 1)
        title = escape(_short(process_name(process), TITLE_MAX)) + ": " \
            + ", ".join(f"no. {n}" for n in numbers[:8])
        parts.append(f"\n<details><summary>{title}</summary>\n\n"
                     f"{fence}diff\n{code}\n{fence}\n\n</details>\n")
    return parts
