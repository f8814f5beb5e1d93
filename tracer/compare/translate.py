"""Which values of the old log stand for which of the new one.

Addresses, process ids and ids of System V objects differ between runs without meaning anything;
what means something is that the same thing is meant everywhere.  From pairs of lines that are
alike but for such values a translation is learnt by majority: of a process id, the other log's
id; of a region of addresses, the distance by which it moved.  A value that its translation does
not lead to the other's is a difference.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tracer.compare.align import Block
from tracer.compare.index import Stream
from tracer.compare.space import Regions

_ENOUGH = 2                 # addresses that prove a second distance in a region of no mapping


class Translation:
    """Learns from pairs, then translates."""

    def __init__(self, regions: Regions) -> None:
        self.regions = regions
        self.distances: dict[int, Counter[int]] = {}
        self.others: dict[tuple[int, int], set[int]] = {}
        self.ids: dict[tuple[int, int], Counter[int]] = {}
        self.moved: dict[int, int] = {}
        self.exceptions: dict[tuple[int, int], int] = {}
        self.known: dict[tuple[int, int], int] = {}

    def learn_pid(self, old: int, new: int) -> None:
        """A process of the old log is one of the new log."""
        self.ids.setdefault((2, old), Counter())[new] += 1000

    def learn(self, old: Stream, new: Stream, blocks: Iterable[Block]) -> None:
        """Pairs of entries with the same key."""
        first = Regions.FIRST
        distances = self.distances
        for i, j, size in blocks:
            start, end = old.starts[i], old.starts[i + size]
            other = new.starts[j]
            ours, theirs = old.values[start:end], new.values[other:other + end - start]
            classes = old.classes[start:end]
            if ours == theirs:
                for kind, count in Counter(classes).items():
                    if kind >= first:
                        distances.setdefault(kind, Counter())[0] += count
                for kind, value in {pair for pair in zip(classes, ours) if pair[0] < first}:
                    self.ids.setdefault((kind, value), Counter())[value] += 1
                continue
            for kind, value, theirs_value in zip(classes, ours, theirs):
                if kind >= first:
                    distance = theirs_value - value
                    distances.setdefault(kind, Counter())[distance] += 1
                    if len(distances[kind]) > 1:
                        self.others.setdefault((kind, distance), set()).add(value)
                else:
                    self.ids.setdefault((kind, value), Counter())[theirs_value] += 1

    def settle(self) -> None:
        """What was learnt comes into force."""
        labels = self.regions.labels
        for kind, distances in self.distances.items():
            self.moved[kind] = distances.most_common(1)[0][0]
        for (kind, distance), values in self.others.items():
            if distance != self.moved[kind] and labels[kind].startswith("area") and (
                    len(values) >= _ENOUGH):
                for value in values:
                    self.exceptions[kind, value] = distance
        taken: dict[tuple[int, int], int] = {}
        for key, counts in sorted(self.ids.items(), key=lambda item: -max(item[1].values())):
            kind, value = key
            if kind == 4:               # a number that is an id only if it is known to be one
                continue
            best, most = counts.most_common(1)[0]
            if counts.get(value) == most:
                best = value
            if taken.setdefault((kind, best), value) == value:
                self.known[key] = best

    def translate(self, kind: int, value: int) -> int:
        """A value of the old log → what it is in the new log."""
        if kind >= Regions.FIRST:
            distance = self.exceptions.get((kind, value))
            if distance is None:
                distance = self.moved.get(kind, 0)
            return value + distance
        return self.known.get((2 if kind == 4 else kind, value), value)
