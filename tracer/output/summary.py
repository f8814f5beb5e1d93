"""The tables of -c and -C: calls, their errors and their time."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sysnames.abis import WORD


class Counts:
    """What is counted of one call.  Times are nanoseconds."""

    __slots__ = ("calls", "errors", "least", "most", "name", "time")

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = self.errors = self.time = self.most = 0
        self.least: int | None = None

    def add(self, spent: int, failed: bool) -> None:
        """One more call."""
        self.calls += 1
        self.errors += failed
        self.time += spent
        if self.least is None or spent < self.least:
            self.least = spent
        if spent > self.most:
            self.most = spent

    @property
    def average(self) -> int:
        """Time per call."""
        return self.time // self.calls


Tables = dict[str, dict[int, Counts]]      # ABI → call number → counts

# The keys of -S: sort keys, ascending.
_SORT: dict[str, Callable[[Counts], Any]] = {
    "time-percent": lambda c: -c.time, "total-time": lambda c: -c.time,
    "min-time": lambda c: -(c.least or 0), "max-time": lambda c: -c.most,
    "avg-time": lambda c: -c.average, "calls": lambda c: -c.calls,
    "errors": lambda c: -c.errors, "name": lambda c: c.name,
}
# Column → its heading and smallest width.
_COLUMNS = {
    "time-percent": ("% time", 6), "total-time": ("seconds", 11), "min-time": ("shortest", 8),
    "max-time": ("longest", 7), "avg-time": ("usecs/call", 11), "calls": ("calls", 9),
    "errors": ("errors", 9), "name": ("syscall", 16),
}


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e9:.6f}"


def _row(columns: Iterable[str], counts: Counts, percent: float) -> list[str]:
    cells = {
        "time-percent": f"{percent:.2f}", "total-time": _seconds(counts.time),
        "min-time": _seconds(counts.least or 0), "max-time": _seconds(counts.most),
        "avg-time": str(counts.average // 1000), "calls": str(counts.calls),
        "errors": str(counts.errors) if counts.errors else "", "name": counts.name,
    }
    return [cells[c] for c in columns]


def format_table(counts: list[Counts], columns: tuple[str, ...], sort: str) -> str:
    """One table, ending in a newline; counts in the order of the calls' numbers."""
    if sort in _SORT:
        counts = sorted(counts, key=_SORT[sort])
    total = Counts("total")
    for each in counts:
        total.calls += each.calls
        total.errors += each.errors
        total.time += each.time
        total.most = max(total.most, each.most)
        if each.least is not None and (total.least is None or each.least < total.least):
            total.least = each.least
    rows = [_row(columns, c, 100.0 * c.time / total.time if c.time else 0.0) for c in counts]
    last = _row(columns, total, 100.0) if total.calls else []
    widths = []
    for i, column in enumerate(columns):
        title, width = _COLUMNS[column]
        if column == "name":
            width = max(width, 1 + max((len(c.name) for c in counts), default=0))
        else:
            width = max(width, *(len(row[i]) for row in [*rows, last] if row), len(title))
        widths.append(width)

    def line(cells: list[str]) -> str:
        parts = []
        for i, cell in enumerate(cells):
            if columns[i] != "name":
                parts.append(cell.rjust(widths[i]))
            else:
                parts.append(cell if i == len(cells) - 1 else cell.ljust(widths[i]))
        return " ".join(parts)

    rule = " ".join("-" * width for width in widths)
    titles = [_COLUMNS[c][0] for c in columns]
    lines = [line(titles), rule, *map(line, rows), rule]
    if last:
        lines.append(line(last))
    return "\n".join(lines) + "\n"


def format_summary(counts: Tables, abi: str, columns: tuple[str, ...],
                   sort: str) -> str:
    """The tables of a run, by ABI and call number; that of ``abi`` has no heading."""
    text = ""
    for name in sorted(counts, key=lambda each: each != abi):
        if name != abi:
            text += f"System call usage summary for {8 * WORD[name]} bit mode:\n"
        calls = counts[name]
        text += format_table([calls[n] for n in sorted(calls)], columns, sort)
    return text
