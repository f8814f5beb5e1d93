"""Address spaces as a log shows them: which mapping an address is in.

Only what the log says is known.  Addresses outside of the known mappings belong to clusters of
addresses that are near to each other (a program's image, a stack).
"""
from __future__ import annotations

from bisect import bisect_right

_NEAR = 1 << 21             # addresses that are nearer to a cluster belong to it


class Regions:
    """The regions of one log: number → label and first address."""

    FIRST = 16              # lower numbers stand for other kinds of values

    def __init__(self) -> None:
        self.labels: list[str] = [""] * self.FIRST
        self.starts: list[int] = [0] * self.FIRST
        self.frames: dict[int, int] = {}

    def new(self, label: str, start: int) -> int:
        """A new region's number."""
        self.labels.append(label)
        self.starts.append(start)
        return len(self.labels) - 1

    def frame(self, region: int) -> int:
        """The region of a signal frame that is in another."""
        found = self.frames.get(region)
        if found is None:
            found = self.frames[region] = self.new(f"signal frame in {self.labels[region]}",
                                                   self.starts[region])
        return found

    def show(self, region: int, address: int) -> str:
        """``mapping 2 + 0x10``."""
        offset = address - self.starts[region]
        sign = "-" if offset < 0 else "+"
        return f"{self.labels[region]} {sign} {abs(offset):#x}"


class Space:
    """One address space."""

    def __init__(self, regions: Regions) -> None:
        self.regions = regions
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.numbers: list[int] = []
        # Addresses outside of mappings: lowest and highest of each cluster, by address.
        self.lows: list[int] = []
        self.highs: list[int] = []
        self.clusters: list[int] = []           # their numbers
        self.count = 0
        self.heap: int | None = None

    def copy(self) -> Space:
        """The space of a forked process."""
        other = Space(self.regions)
        other.starts, other.ends = self.starts[:], self.ends[:]
        other.numbers, other.count = self.numbers[:], self.count
        other.lows, other.highs = self.lows[:], self.highs[:]
        other.clusters = self.clusters[:]
        other.heap = self.heap
        return other

    def clear(self) -> None:
        """A new program is executed."""
        self.__init__(self.regions)             # type: ignore[misc]

    def find(self, address: int) -> int:
        """The region of an address."""
        i = bisect_right(self.starts, address) - 1
        if i >= 0 and address <= self.ends[i]:
            return self.numbers[i]
        lows, highs, clusters = self.lows, self.highs, self.clusters
        above = bisect_right(lows, address)
        inside = above > 0 and address <= highs[above - 1]
        near = inside or (above > 0 and address <= highs[above - 1] + _NEAR)
        if above < len(lows) and address >= lows[above] - _NEAR and not (
                inside or (near and clusters[above - 1] < clusters[above])):
            lows[above] = address
            return clusters[above]
        if near:
            if address > highs[above - 1]:
                highs[above - 1] = address
            return clusters[above - 1]
        number = self.regions.new(f"area {len(clusters) + 1}", address)
        lows.insert(above, address)
        highs.insert(above, address)
        clusters.insert(above, number)
        return number

    def map(self, address: int, length: int) -> None:
        """A new mapping; one within a known mapping is a part of that."""
        i = bisect_right(self.starts, address) - 1
        if i >= 0 and address + length <= self.ends[i] and self.starts[i] <= address:
            return
        self.unmap(address, length)
        self.count += 1
        self._insert(address, address + length,
                     self.regions.new(f"mapping {self.count}", address))

    def unmap(self, address: int, length: int) -> None:
        """A mapping, or a part of one, is gone."""
        end = address + length
        i = max(0, bisect_right(self.starts, address) - 1)
        while i < len(self.starts) and self.starts[i] < end:
            low, high, number = self.starts[i], self.ends[i], self.numbers[i]
            if high <= address:
                i += 1
                continue
            del self.starts[i], self.ends[i], self.numbers[i]
            if low < address:
                self._insert(low, address, number)
                i += 1
            if end < high:
                self._insert(end, high, number)
                i += 1

    def grow_heap(self, address: int) -> None:
        """What brk returned."""
        if self.heap is None:
            self.heap = address
            i = bisect_right(self.starts, address) - 1
            if i >= 0 and address < self.ends[i]:
                return
            self._insert(address, address, self.regions.new("heap", address))
            return
        i = bisect_right(self.starts, self.heap) - 1
        if i >= 0 and self.starts[i] == self.heap and address > self.ends[i]:
            self.ends[i] = address

    def _insert(self, start: int, end: int, number: int) -> None:
        i = bisect_right(self.starts, start)
        self.starts.insert(i, start)
        self.ends.insert(i, end)
        self.numbers.insert(i, number)
