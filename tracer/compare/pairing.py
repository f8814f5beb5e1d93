"""What belongs together where two processes differ: calls that changed, calls that moved."""
from __future__ import annotations

from collections.abc import Callable

from tracer.compare.align import align
from tracer.compare.model import Entry
from tracer.logs.model import Call, Exited, Killed, Signal, Superseded

_MOST = 40_000              # comparisons of one gap
_RENAMED = 0.6              # likeness of calls with other names and the same arguments


class Traits:
    """What likeness is judged by."""

    __slots__ = ("kind", "name", "parts")

    def __init__(self, entry: Entry) -> None:
        event = entry.event
        self.name = ""
        self.parts: tuple[str, ...] = ()
        self.kind = type(event).__name__
        if isinstance(event, Call):
            self.name = entry.key[:entry.key.find("(")]
            self.parts = (*map(str, event.args), event.returned or "")
        elif isinstance(event, Signal):
            self.name = event.name
        elif isinstance(event, (Exited, Killed, Superseded)):
            self.kind = "end"
        else:
            self.parts = (entry.key,)


def likeness(a: Traits, b: Traits) -> float:
    """How alike two entries are; 0 when they are not worth a comparison."""
    if a.kind != b.kind:
        return 0.0
    if a.kind in ("end", "Signal"):
        return 1.0 + (a.name == b.name) if a.kind == "end" or a.name == b.name else 0.0
    if a.kind != "Call":
        return 0.0
    same = sum(x == y for x, y in zip(a.parts, b.parts))
    if a.name == b.name:
        return 1.0 + same / max(len(a.parts), len(b.parts), 1)
    if len(a.parts) == len(b.parts) > 1 and a.parts[:-1] == b.parts[:-1]:
        return _RENAMED
    return 0.0


def pairs(old: range, new: range, old_entry: Callable[[int], Entry],
          new_entry: Callable[[int], Entry], old_keys: Callable[[int], int],
          new_keys: Callable[[int], int]) -> list[tuple[int, int]]:
    """The entries of a gap that are the same call, changed; in order.

    old, new: indices of the gap's entries.  Entries whose templates are equal (they differ in
    addresses or ids) are paired first, between them those that are most alike.
    """
    found: list[tuple[int, int]] = []
    i = j = 0
    blocks = align([old_keys(k) for k in old], [new_keys(k) for k in new])
    for a, b, size in [*blocks, (len(old), len(new), 0)]:
        if a > i and b > j:
            found += _alike(old[i:a], new[j:b], old_entry, new_entry)
        found += [(old[a + k], new[b + k]) for k in range(size)]
        i, j = a + size, b + size
    return found


def _alike(old: range, new: range, old_entry: Callable[[int], Entry],
           new_entry: Callable[[int], Entry]) -> list[tuple[int, int]]:
    ours = [Traits(old_entry(i)) for i in old]
    theirs = [Traits(new_entry(j)) for j in new]
    n, m = len(ours), len(theirs)
    if n * m > _MOST:
        blocks = align([hash((t.kind, t.name)) for t in ours],
                       [hash((t.kind, t.name)) for t in theirs])
        return [(old[i + k], new[j + k]) for i, j, size in blocks for k in range(size)
                if likeness(ours[i + k], theirs[j + k])]
    # The pairing in order with the greatest sum of likeness.
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    like = [[likeness(a, b) for b in theirs] for a in ours]
    for i in range(n - 1, -1, -1):
        row, below = best[i], best[i + 1]
        for j in range(m - 1, -1, -1):
            score = max(below[j], row[j + 1])
            if like[i][j]:
                score = max(score, like[i][j] + below[j + 1])
            row[j] = score
    found = []
    i = j = 0
    while i < n and j < m:
        if like[i][j] and best[i][j] == like[i][j] + best[i + 1][j + 1]:
            found.append((old[i], new[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def moves(removed: list[tuple[int, int]], added: list[tuple[int, int]]
          ) -> list[tuple[int, int]]:
    """Entries that are in another place: pairs of indices.

    removed, added: (key, index) of the entries that only one side has at their place.  Equal keys
    are paired in order, if there are as many of them on both sides.
    """
    ours: dict[int, list[int]] = {}
    theirs: dict[int, list[int]] = {}
    for key, index in removed:
        ours.setdefault(key, []).append(index)
    for key, index in added:
        if key in ours:
            theirs.setdefault(key, []).append(index)
    return [pair for key, there in theirs.items() if len(there) == len(ours[key])
            for pair in zip(ours[key], there)]
