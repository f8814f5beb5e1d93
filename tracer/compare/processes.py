"""Which process of one log is which of the other, and the comparison of two of them."""
from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import overload

from tracer.compare.align import Block, align
from tracer.compare.index import Log, Stream
from tracer.compare.model import SAME, Difference, Entry, Hunk, Row

_MOST = 64                  # children that are compared each with each

# kind, old entries, new entries, difference: a run of rows (two ranges of equal length, or one)
Segment = tuple[str, range, range, Difference | None]


class Entries(Sequence[Entry]):
    """Entries of a stream that are read when they are asked for."""

    __slots__ = ("indices", "log", "stream")

    def __init__(self, log: Log, stream: Stream, indices: Sequence[int]) -> None:
        self.log, self.stream, self.indices = log, stream, indices

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> Entries: ...

    def __getitem__(self, index: int | slice) -> Entry | Entries:
        if isinstance(index, slice):
            return Entries(self.log, self.stream, self.indices[index])
        return self.log.entry(self.stream, self.indices[index])


class ComparedProcess:
    """A process of one or both logs; see ``model.Process``."""

    def __init__(self, label: str, old_log: Log, old: Stream | None, new_log: Log,
                 new: Stream | None) -> None:
        self.label = label
        self.old_log, self.old, self.new_log, self.new = old_log, old, new_log, new
        self.old_pid = old.pid if old is not None else None
        self.new_pid = new.pid if new is not None else None
        self.has_old, self.has_new = old is not None, new is not None
        self.name = new.name if new is not None else old.name if old is not None else ""
        self.segments: list[Segment] = []

    def old_entry(self, index: int) -> Entry:
        """An entry of the old log."""
        assert self.old is not None
        return self.old_log.entry(self.old, index)

    def new_entry(self, index: int) -> Entry:
        """An entry of the new log."""
        assert self.new is not None
        return self.new_log.entry(self.new, index)

    def rows(self) -> Iterator[Row]:
        """All rows, one by one."""
        for segment in self.segments:
            for i in range(max(len(segment[1]), len(segment[2]))):
                yield self._row(segment, i)

    def _row(self, segment: Segment, i: int) -> Row:
        kind, old, new, difference = segment
        return Row(kind, self.old_entry(old[i]) if old else None,
                   self.new_entry(new[i]) if new else None, difference)

    def hunks(self, context: int = 3) -> Iterator[Hunk]:
        """The rows with differences, each with ``context`` equal rows around it."""
        rows: list[Row] = []
        before: deque[tuple[Segment, int]] = deque(maxlen=context) if context else deque(maxlen=0)
        skipped = 0                     # equal rows that are not shown before the next hunk
        left = 0                        # equal rows still to be shown after a difference
        start = 0
        for segment in self.segments:
            size = max(len(segment[1]), len(segment[2]))
            if segment[0] != SAME:
                if not rows:
                    start = skipped - len(before)
                rows += [self._row(*place) for place in before]
                before.clear()
                rows += [self._row(segment, i) for i in range(size)]
                left = context
                continue
            shown = min(left, size) if rows else 0
            rows += [self._row(segment, i) for i in range(shown)]
            left -= shown
            rest = range(max(shown, size - context), size)
            if rows and size - shown > context:
                # more equal rows than the context of this hunk and the next
                yield Hunk(self.label, tuple(rows), start)
                rows = []
                skipped = 0
            if rows:
                before.extend((segment, i) for i in rest)
            else:
                skipped += size - shown
                before.extend((segment, i) for i in rest)
        if rows:
            yield Hunk(self.label, tuple(rows), start)


class Pairing:
    """Pairs the processes of two logs, from the first ones down to their children."""

    def __init__(self, old: Log, new: Log) -> None:
        self.old, self.new = old, new
        self.pairs: list[tuple[Stream | None, Stream | None, list[Block]]] = []
        self.done_old: set[int] = set()
        self.done_new: set[int] = set()
        self.born_old, self.born_new = _by_parent(old), _by_parent(new)

    def run(self) -> list[tuple[Stream | None, Stream | None, list[Block]]]:
        """The pairs with their common runs of keys; what has no counterpart is paired with
        None."""
        old, new = list(self.old.streams.values()), list(self.new.streams.values())
        roots = [[s for s in streams if s.parent is None] for streams in (old, new)]
        self._match(roots[0], roots[1])
        at = 0
        while at < len(self.pairs):
            a, b, blocks = self.pairs[at]
            at += 1
            if a is not None and b is not None:
                self._children(a, b, blocks)
        # Children whose parents do not have counterparts, or whose birth the logs do not show.
        self._match([s for s in old if id(s) not in self.done_old],
                    [s for s in new if id(s) not in self.done_new])
        for stream in old:
            if id(stream) not in self.done_old:
                self.pairs.append((stream, None, []))
        for stream in new:
            if id(stream) not in self.done_new:
                self.pairs.append((None, stream, []))
        return self.pairs

    def _pair(self, a: Stream, b: Stream) -> None:
        self.done_old.add(id(a))
        self.done_new.add(id(b))
        self.pairs.append((a, b, align(a.keys, b.keys)))

    def _children(self, a: Stream, b: Stream, blocks: list[Block]) -> None:
        ours = [s for _, pid in a.children
                if (s := self.old.streams.get(pid)) is not None and id(s) not in self.done_old]
        theirs = [s for _, pid in b.children
                  if (s := self.new.streams.get(pid)) is not None and id(s) not in self.done_new]
        for streams, born, done in ((ours, self.born_old.get(id(a), ()), self.done_old),
                                    (theirs, self.born_new.get(id(b), ()), self.done_new)):
            known = {id(s) for s in streams}
            streams += [s for s in born if id(s) not in known and id(s) not in done]
        # The same call made them, unless their contents say otherwise.
        partners = {}
        entries = {pid: entry for entry, pid in b.children}
        by_entry = {entry: s for s in theirs if (entry := entries.get(s.pid or -1)) is not None}
        births = {pid: entry for entry, pid in a.children}
        for s in ours:
            entry = births.get(s.pid or -1)
            if entry is None:
                continue
            at = bisect_right(blocks, entry, key=itemgetter(0)) - 1
            if at >= 0:
                i, j, size = blocks[at]
                if entry < i + size and entry - i + j in by_entry:
                    partners[id(s)] = by_entry[entry - i + j]
        self._match(ours, theirs, partners)

    def _match(self, ours: list[Stream], theirs: list[Stream],
               partners: dict[int, Stream] | None = None) -> None:
        """Pair siblings: the most alike first, of equally alike ones partners, then by order."""
        if not ours or not theirs:
            return
        if len(ours) == len(theirs) == 1:
            self._pair(ours[0], theirs[0])
            return
        partners = partners or {}
        expected = {id(s) for s in partners.values()}
        contents: dict[bytes, list[Stream]] = {}
        for s in theirs:
            contents.setdefault(s.keys.tobytes(), []).append(s)
        left: list[Stream] = []
        taken: set[int] = set()
        chosen: list[tuple[Stream, Stream]] = []
        for s in ours:
            same = contents.get(s.keys.tobytes(), [])
            partner = partners.get(id(s))
            if partner is not None and any(partner is other for other in same):
                found = partner
                same[:] = [other for other in same if other is not partner]
            elif same and id(same[0]) not in expected:
                found = same.pop(0)
            else:
                left.append(s)
                continue
            chosen.append((s, found))
            taken.add(id(found))
        rest: list[Stream] = []
        for s in left:                  # the same content, though another call made it
            same = [o for o in contents.get(s.keys.tobytes(), []) if id(o) not in taken]
            if same:
                chosen.append((s, same[0]))
                taken.add(id(same[0]))
            else:
                rest.append(s)
        others = [s for s in theirs if id(s) not in taken]
        if rest and others:
            chosen += self._by_likeness(rest, others, partners)
        order = {id(s): i for i, s in enumerate(ours)}
        for a, b in sorted(chosen, key=lambda pair: order[id(pair[0])]):
            self._pair(a, b)

    @staticmethod
    def _by_likeness(ours: list[Stream], theirs: list[Stream], partners: dict[int, Stream]
                     ) -> list[tuple[Stream, Stream]]:
        if len(ours) > _MOST or len(theirs) > _MOST:
            return list(_in_order(ours, theirs, _SIGNATURES))
        first, second = [[Counter(s.keys) for s in streams] for streams in (ours, theirs)]
        scores = []
        for i, s in enumerate(ours):
            for j, other in enumerate(theirs):
                common = sum((first[i] & second[j]).values())
                share = common / max(len(s), len(other), 1)
                scores.append((-round(share, 2), partners.get(id(s)) is not other, abs(i - j),
                               i, j))
        chosen = []
        done_i: set[int] = set()
        done_j: set[int] = set()
        for _, _, _, i, j in sorted(scores):
            if i not in done_i and j not in done_j:
                done_i.add(i)
                done_j.add(j)
                chosen.append((ours[i], theirs[j]))
        return chosen


def _by_parent(log: Log) -> dict[int, list[Stream]]:
    """The processes of a log by their parents."""
    found: dict[int, list[Stream]] = {}
    for stream in log.streams.values():
        if stream.parent is not None:
            found.setdefault(id(stream.parent), []).append(stream)
    return found


# What many siblings are paired by: the first goes before the next.
_SIGNATURES: tuple[Callable[[Stream], int], ...] = (
    lambda s: hash(frozenset(s.keys)), lambda s: hash((s.name, len(s))), lambda s: hash(s.name))


def _in_order(ours: list[Stream], theirs: list[Stream],
              signatures: Sequence[Callable[[Stream], int]]) -> Iterator[tuple[Stream, Stream]]:
    if not signatures or not ours or not theirs:
        yield from zip(ours, theirs)
        return
    signature = signatures[0]
    i = j = 0
    blocks = align([signature(s) for s in ours], [signature(s) for s in theirs])
    for a, b, size in [*blocks, (len(ours), len(theirs), 0)]:
        yield from _in_order(ours[i:a], theirs[j:b], signatures[1:])
        yield from zip(ours[a:a + size], theirs[b:b + size])
        i, j = a + size, b + size


def exact_keys(stream: Stream, translate: object = None) -> array[int]:
    """Keys that take the compared values into account."""
    from tracer.compare.translate import Translation

    keys, starts, values, classes = stream.keys, stream.starts, stream.values, stream.classes
    exact = array("q", keys)
    start = 0
    if isinstance(translate, Translation):
        known = translate.translate
        for i in range(len(keys)):
            end = starts[i + 1]
            if end != start:
                exact[i] = hash((keys[i], *map(known, classes[start:end], values[start:end])))
                start = end
    else:
        for i in range(len(keys)):
            end = starts[i + 1]
            if end != start:
                exact[i] = hash((keys[i], *values[start:end]))
                start = end
    return exact
