"""Compares two logs."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tracer.compare.align import Block, align, merged
from tracer.compare.details import Side, compare_entries, side, titled
from tracer.compare.index import Log, Stream
from tracer.compare.model import (
    ADDED,
    BLOCK,
    CHANGED,
    MOVED,
    REMOVED,
    SAME,
    Detail,
    Diff,
    Difference,
    Entry,
    Summary,
)
from tracer.compare.pairing import moves, pairs
from tracer.compare.processes import ComparedProcess, Entries, Pairing, exact_keys
from tracer.compare.rules import Settings
from tracer.compare.scan import COMPARED, Span
from tracer.compare.shapes import Shaper
from tracer.compare.space import Regions
from tracer.compare.translate import Translation
from tracer.logs.source import Source

_MOST = 40_000              # entries in gaps that are looked into; each costs some 0.2 ms


@contextmanager
def compare(old: Source, new: Source, settings: Settings | None = None) -> Iterator[Diff]:
    """The comparison of two logs, each a path, ``-`` or an open binary file.

    Entries are read from the logs when they are asked for, so the result is to be used within
    the ``with`` block.  Raises LogError.
    """
    chosen = settings or Settings()
    shaper = Shaper(chosen)
    with Log(old, shaper) as before, Log(new, shaper) as after:
        yield _Comparer(before, after, chosen).run()


class _Comparer:
    def __init__(self, old: Log, new: Log, settings: Settings) -> None:
        self.old, self.new, self.settings = old, new, settings
        self.translation = Translation(old.regions)
        self.differences: list[Difference] = []
        self.same = 0
        self.looked = 0
        self.notes: list[str] = []
        self.silent: dict[int, int] = {}        # SIGCHLDs that moved, of the process at hand

    def run(self) -> Diff:
        found = Pairing(self.old, self.new).run()
        for ours, theirs, blocks in found:
            if ours is not None and theirs is not None:
                if ours.pid is not None and theirs.pid is not None:
                    self.translation.learn_pid(ours.pid, theirs.pid)
                self.translation.learn(ours, theirs, blocks)
        self.translation.settle()
        processes = []
        for number, (ours, theirs, _) in enumerate(found, 1):
            process = ComparedProcess(f"P{number}", self.old, ours, self.new, theirs)
            self._compare(process)
            processes.append(process)
        counts = {kind: sum(d.kind == kind for d in self.differences)
                  for kind in (ADDED, REMOVED, CHANGED, MOVED, BLOCK)}
        summary = Summary(counts[ADDED], counts[REMOVED], counts[CHANGED], counts[MOVED],
                          counts[BLOCK], self.same)
        return Diff(self.old.info(), self.new.info(), processes, tuple(self.differences), summary,
                    self.settings.names(), self.settings.abi_neutral, tuple(self.notes))

    # -- one process

    def _compare(self, process: ComparedProcess) -> None:
        ours, theirs = process.old, process.new
        if ours is None or theirs is None:
            size = len(ours or theirs or ())
            whole, none = range(size), range(0)
            self._one_sided(process, whole if ours is not None else none,
                            none if ours is not None else whole)
            return
        old_keys, new_keys = exact_keys(ours, self.translation), exact_keys(theirs)
        deaths = self.old.shaper.deaths
        blocks = _lighter(_aligned(old_keys, new_keys,
                                   [i for i, key in enumerate(ours.keys) if key in deaths],
                                   [j for j, key in enumerate(theirs.keys) if key in deaths]),
                          old_keys, new_keys)
        gaps: list[tuple[range, range]] = []
        i = j = 0
        for a, b, size in [*blocks, (len(ours), len(theirs), 0)]:
            gaps.append((range(i, a), range(j, b)))
            i, j = a + size, b + size
        moved = moves([(old_keys[i], i) for gap, _ in gaps for i in gap],
                      [(new_keys[j], j) for _, gap in gaps for j in gap])
        self.silent = {j: i for i, j in moved if ours.keys[i] in deaths}
        gone = dict(moved)
        come = {j: i for i, j in moved}
        known: dict[int, Difference] = {}
        for (old_gap, new_gap), (a, b, size) in zip(gaps, [*blocks, (0, 0, 0)]):
            if old_gap or new_gap:
                self._gap(process, old_gap, new_gap, gone, come, known)
            if size:
                self.same += size
                process.segments.append((SAME, range(a, a + size), range(b, b + size), None))

    def _gap(self, process: ComparedProcess, old: range, new: range, gone: dict[int, int],
             come: dict[int, int], known: dict[int, Difference]) -> None:
        """Entries that are not the same: pairs, what moved, the rest."""
        ours, theirs = process.old, process.new
        assert ours is not None and theirs is not None
        paired: list[tuple[int, int]] = []
        here = [i for i in old if i not in gone]
        there = [j for j in new if j not in come]
        self.looked += len(here) + len(there)
        if here and there and self.looked <= _MOST:
            paired = _pairs(process, here, there)
        elif here and there and not self.notes:
            self.notes.append("there are more differences than can be looked into: from here on "
                              "changed calls are shown as removed and added")
        i, j = old.start, new.start
        for a, b in [*paired, (old.stop, new.stop)]:
            self._removed_added(process, range(i, a), range(j, b), gone, come, known)
            if a < old.stop:
                self._changed(process, a, b)
            i, j = a + 1, b + 1

    def _removed_added(self, process: ComparedProcess, old: range, new: range,
                       gone: dict[int, int], come: dict[int, int],
                       known: dict[int, Difference]) -> None:
        for run, away in _runs(old, gone):
            if away and all(self.silent.get(gone[i]) == i for i in run):
                continue                # SIGCHLDs: they are shown where the new log has them
            if away:
                self._moved(process, run, [gone[i] for i in run], True, known)
            else:
                self._one_sided(process, run, range(0))
        for run, away in _runs(new, come):
            if away and all(j in self.silent for j in run):
                for j in run:
                    i = self.silent[j]
                    process.segments.append((SAME, range(i, i + 1), range(j, j + 1), None))
                self.same += len(run)
            elif away:
                self._moved(process, run, [come[j] for j in run], False, known)
            else:
                self._one_sided(process, range(0), run)

    def _one_sided(self, process: ComparedProcess, old: range, new: range) -> None:
        size = len(old) or len(new)
        if not size:
            return
        side_ = _entries(process, old, True) if old else _entries(process, new, False)
        kind = BLOCK if size > 1 else REMOVED if old else ADDED
        word = "removed" if old else "added"
        if self.looked > _MOST:
            title = f"{word}: {size} entries"
        else:
            title = f"{word}: {_block_title(side_) if size > 1 else _title(side_[0])}"
        difference = self._add(process, kind, _entries(process, old, True),
                               _entries(process, new, False), (), title)
        process.segments.append((kind, old, new, difference))

    def _moved(self, process: ComparedProcess, run: range, others: list[int], from_old: bool,
               known: dict[int, Difference]) -> None:
        """Entries of one side that are elsewhere on the other; consecutive ones are one
        difference."""
        for here, there in _consecutive(run, others):
            old, new = (here, there) if from_old else (there, here)
            difference = known.get(old.start)
            if difference is None or len(difference.old) != len(old):
                entries = _entries(process, old, True)
                count = f"{len(old)} entries from " if len(old) > 1 else ""
                difference = self._add(process, MOVED, entries, _entries(process, new, False), (),
                                       f"moved: {count}{_title(entries[0])}")
                known[old.start] = difference
            process.segments.append((MOVED, old if from_old else range(0),
                                     range(0) if from_old else new, difference))

    def _changed(self, process: ComparedProcess, i: int, j: int) -> None:
        old, new = self._sides(process, i, j)
        details = compare_entries(old, new)
        if not details:                 # what differs is nothing that has a name
            details = (Detail("line", old.entry.key, new.entry.key, (0, 0), (0, 0)),)
        title = titled(details, old.entry, new.entry)
        difference = self._add(process, CHANGED, (old.entry,), (new.entry,), details, title)
        process.segments.append((CHANGED, range(i, i + 1), range(j, j + 1), difference))

    def _sides(self, process: ComparedProcess, i: int, j: int) -> tuple[Side, Side]:
        ours, theirs = process.old, process.new
        assert ours is not None and theirs is not None
        shaper = self.old.shaper
        found = []
        for entry, words, translate in (
                (process.old_entry(i), list(ours.words(i)), self.translation.translate),
                (process.new_entry(j), list(theirs.words(j)), None)):
            name, text = shaper.event_text(entry.event)
            spans = shaper.spans(name, text)

            def meaning(n: int, span: Span, words: Sequence[tuple[int, int]] = words,
                        translate: object = translate) -> str:
                if n >= len(words):
                    return str(span.value)
                kind, value = words[n]
                if translate is not None:
                    value = self.translation.translate(kind, value)
                kind = kind if kind < Regions.FIRST else COMPARED["addresses"]
                return f"{kind}:{value}"
            found.append(side(entry, spans, shaper.compared, meaning))
        return found[0], found[1]

    def _add(self, process: ComparedProcess, kind: str, old: Sequence[Entry],
             new: Sequence[Entry], details: tuple[Detail, ...], title: str) -> Difference:
        difference = Difference(kind, len(self.differences) + 1, process.label, old, new, details,
                                title)
        self.differences.append(difference)
        return difference


def _aligned(old: Sequence[int], new: Sequence[int], light: list[int], new_light: list[int]
             ) -> list[Block]:
    """The common runs of two sequences; light, new_light: indices of entries that may move
    rather than others, so that these are aligned without them first."""
    if not light or not new_light:
        return align(old, new)
    kept, new_kept = _without(len(old), light), _without(len(new), new_light)
    blocks: list[Block] = []
    i = j = 0

    def between(a: int, b: int) -> None:
        if i < a and j < b:
            blocks.extend((i + x, j + y, size) for x, y, size in align(old[i:a], new[j:b]))

    for x, y, size in align([old[k] for k in kept], [new[k] for k in new_kept]):
        for n in range(size):
            a, b = kept[x + n], new_kept[y + n]
            if a > i or b > j:
                between(a, b)
            blocks.append((a, b, 1))
            i, j = a + 1, b + 1
    between(len(old), len(new))
    return merged(blocks)


def _without(size: int, light: list[int]) -> list[int]:
    """The indices of a sequence but some, which are in order."""
    kept: list[int] = []
    start = 0
    for i in light:
        kept += range(start, i)
        start = i + 1
    kept += range(start, size)
    return kept


def _lighter(blocks: list[Block], old: Sequence[int], new: Sequence[int]) -> list[Block]:
    """Where a few entries seem to stay and more of them to move over these, the other way
    round."""
    result: list[Block] = []
    i = j = 0
    k = 0
    while k < len(blocks):
        a, b, size = blocks[k]
        following = blocks[k + 1] if k + 1 < len(blocks) else (len(old), len(new), 0)
        before = range(i, a), range(j, b)
        after = range(a + size, following[0]), range(b + size, following[1])
        for x, y, first, second in ((before[0], after[1], before[1], after[0]),
                                    (after[0], before[1], after[1], before[0])):
            if size < len(x) == len(y) and not first and not second and (
                    old[x.start:x.stop] == new[y.start:y.stop]):
                a, b, size = x.start, y.start, len(x)
                break
        result.append((a, b, size))
        i, j = a + size, b + size
        k += 1
    return result


def _pairs(process: ComparedProcess, old: list[int], new: list[int]) -> list[tuple[int, int]]:
    ours, theirs = process.old, process.new
    assert ours is not None and theirs is not None
    found = pairs(range(len(old)), range(len(new)), lambda i: process.old_entry(old[i]),
                  lambda j: process.new_entry(new[j]), lambda i: ours.keys[old[i]],
                  lambda j: theirs.keys[new[j]])
    return [(old[i], new[j]) for i, j in found]


def _entries(process: ComparedProcess, indices: range, old: bool) -> Sequence[Entry]:
    if not indices:
        return ()
    stream: Stream | None = process.old if old else process.new
    assert stream is not None
    return Entries(process.old_log if old else process.new_log, stream, indices)


def _runs(indices: range, marked: dict[int, int]) -> Iterator[tuple[range, bool]]:
    """Parts of a range whose elements are all marked, or all not."""
    start = indices.start
    for i in range(indices.start + 1, indices.stop + 1):
        if i == indices.stop or (i in marked) != (start in marked):
            yield range(start, i), start in marked
            start = i


def _consecutive(run: range, others: list[int]) -> Iterator[tuple[range, range]]:
    """Parts of a run whose counterparts are consecutive too."""
    start = 0
    for k in range(1, len(run) + 1):
        if k == len(run) or others[k] != others[k - 1] + 1:
            yield run[start:k], range(others[start], others[start] + k - start)
            start = k


def _title(entry: Entry) -> str:
    text = entry.key
    return text if len(text) <= 100 else text[:97] + "..."


def _block_title(entries: Sequence[Entry]) -> str:
    """``8 entries: 4 × (nanosleep, connect)`` or ``5 entries: openat, read, …``."""
    size = len(entries)
    shown = [getattr(entry.event, "name", "") or "line" for entry in entries[:64]]
    if size <= 64:
        for period in range(1, size // 2 + 1):
            if size % period == 0 and shown == shown[:period] * (size // period):
                loop = f"({', '.join(shown[:period])})" if period > 1 else shown[0]
                return f"{size} entries: {size // period} × {loop}"
    more = ", …" if size > 4 else ""
    return f"{size} entries: {', '.join(shown[:4])}{more}"
