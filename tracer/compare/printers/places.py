"""Where in the old log a difference is shown: the file that is in a repository."""
from __future__ import annotations

from typing import NamedTuple

from tracer.compare.model import Diff, Difference


class Place(NamedTuple):
    """File, first and last line in the old log; exact: the line itself differs, not one behind
    it."""

    file: str
    first: int
    last: int
    exact: bool


def short_title(difference: Difference) -> str:
    """A difference's title for where its kind stands beside it."""
    return difference.title.removeprefix(f"{difference.kind}: ")


def places(diff: Diff) -> dict[int, Place]:
    """Difference's number → its place.  What is only in the new log is placed at the line of
    the old log that it follows."""
    found: dict[int, Place] = {}
    for difference in diff.differences:
        if difference.old:
            found[difference.number] = Place(diff.old.file(difference.old[0]),
                                             difference.old[0].line, difference.old[-1].line,
                                             True)
    if len(found) == len(diff.differences):
        return found
    for process in diff.processes:
        last, entry = 1, None
        for hunk in process.hunks(1):
            for row in hunk.rows:
                if row.old is not None:
                    last, entry = row.old.line, row.old
                if row.difference is not None:
                    found.setdefault(row.difference.number, Place(
                        diff.old.file(entry), last, last, False))
    for difference in diff.differences:
        found.setdefault(difference.number, Place(diff.old.name, 1, 1, False))
    return found
