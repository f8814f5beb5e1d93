"""What a comparison finds: all that printers need, whatever their format."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tracer.logs.model import Event

# Difference.kind
ADDED, REMOVED, CHANGED, MOVED, BLOCK = "added", "removed", "changed", "moved", "block"
SAME = "same"               # Row.kind of lines without a difference


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it is compared; an interrupted call is one entry.

    line: its number in its log, from 1.  resumed: the line of its end, if that is another.
    text: the event as strace would print it on one line, with its prefix, without newline.
    key: the text that was compared: without prefix, what is not meaning replaced.
    event: the parsed event, joined if it was interrupted.
    """

    line: int
    resumed: int | None
    text: str
    key: str
    event: Event


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that differs between two entries.

    path: what differs: the argument's name or position and the way into it
    (``statbuf.st_size``, ``2``, ``result``, ``errno``, ``name``, ``siginfo.si_code``).
    old, new: the texts of that part as printed; "" when it is missing on one side.
    old_span, new_span: where these texts stand in ``Entry.text``, as (start, end).
    """

    path: str
    old: str
    new: str
    old_span: tuple[int, int]
    new_span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    kind: "added" (only new), "removed" (only old), "changed" (one entry each, with details),
    "moved" (the same call stands elsewhere in its process; details if it changed too), "block"
    (the entries of one inserted or removed run that belongs together, such as a loop of
    retries: either old or new is empty).
    old, new: sequences that read an entry from the log when it is asked for: the logs must still
    be open.  number: from 1, in the order of printing.  process: label of its process.
    title: one line that says what happened, without line numbers
    (``openat: flags O_RDONLY → O_RDWR``).
    """

    kind: str
    number: int
    process: str
    old: Sequence[Entry]
    new: Sequence[Entry]
    details: tuple[Detail, ...] = ()
    title: str = ""

    @property
    def line(self) -> int:
        """The line to show it at: in the new log, or in the old one if it is not in the new."""
        return (self.new or self.old)[0].line


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a side-by-side view: entries that belong together.

    kind: "same", or that of the difference.  An entry that moved is in a row of its own at both
    places (one side None); both rows have the same difference.
    """

    kind: str
    old: Entry | None
    new: Entry | None
    difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class Hunk:
    """Rows around differences that stand close together, as ``diff -u`` groups them.

    process: label of the process.  skipped: equal rows between the hunk before and this one.
    """

    process: str
    rows: tuple[Row, ...]
    skipped: int = 0


class Process(Protocol):
    """The comparison of one process (or thread) with its counterpart.

    label: ``P1``, ``P2``… in the order of creation.  old_pid, new_pid: None when the log has no
    pids, or no such process (then all rows are of the other side: has_old, has_new).
    name: the program, from its last successful execve; "" when not known.
    """

    label: str
    old_pid: int | None
    new_pid: int | None
    has_old: bool
    has_new: bool
    name: str

    def rows(self) -> Iterator[Row]:
        """All rows; they are made one by one, so that a log of any length can be shown."""
        ...

    def hunks(self, context: int = 3) -> Iterator[Hunk]:
        """The rows with differences, each with ``context`` equal rows around it."""
        ...


@dataclass(frozen=True, slots=True)
class LogInfo:
    """One of the logs.

    name: as given (``-`` for standard input).  lines: how many it has; calls, signals: how many
    of them; unknown: lines that were not understood, with the numbers of the first ones.
    files: of a log with a file for each process, by their ids; lines are numbered in each.
    """

    name: str
    lines: int = 0
    calls: int = 0
    signals: int = 0
    unknown: int = 0
    unknown_lines: tuple[int, ...] = ()
    files: Mapping[int, str] = field(default_factory=dict)

    def file(self, entry: Entry | None) -> str:
        """The file that an entry, by its line number, stands in."""
        if entry is None or entry.event.prefix.pid is None:
            return self.name
        return self.files.get(entry.event.prefix.pid, self.name)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of differences by kind; same: entries without a difference (counted once)."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    moved: int = 0
    blocks: int = 0
    same: int = 0

    @property
    def total(self) -> int:
        """All differences."""
        return self.added + self.removed + self.changed + self.moved + self.blocks


@dataclass(frozen=True, slots=True)
class Diff:
    """The result.  ``not diff.differences`` means that the logs say the same.

    rules: the names of the rules that were in force.  abi_neutral: whether variants of calls
    counted as one.
    """

    old: LogInfo
    new: LogInfo
    processes: Sequence[Process]
    differences: tuple[Difference, ...]
    summary: Summary
    rules: tuple[str, ...] = ()
    abi_neutral: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def same(self) -> bool:
        """No differences."""
        return not self.differences
