"""The bytes of a regular file in memory: sparse pages, over what a host file has.

Pages that were never written come from the lower file, or are zeros.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import PAGE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Lower(Protocol):
        """A host file to read from."""

        def read_into(self, view: memoryview, pos: int) -> int:
            """Fill the view as far as the file goes; the number of bytes."""

MAX_BYTES = (1 << 63) - PAGE
SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE = range(5)


class Budget:
    """How many pages the files of one file system may hold: the memory stays bounded.

    whole: a budget that several file systems share, besides their own.
    """

    __slots__ = ("limit", "used", "whole")

    def __init__(self, limit: int, whole: Budget | None = None) -> None:
        self.limit = limit
        self.used = 0
        self.whole = whole

    def take(self) -> None:
        """One page more; ENOSPC."""
        if self.used >= self.limit:
            raise LinuxError(E.ENOSPC)
        if self.whole is not None:
            self.whole.take()
        self.used += 1

    def give(self, count: int) -> None:
        """That many pages less."""
        self.used -= count
        if self.whole is not None:
            self.whole.give(count)

    @property
    def free(self) -> int:
        """Pages that can still be taken."""
        free = self.limit - self.used
        return free if self.whole is None else min(free, self.whole.free)


class Content:
    """Positions and sizes are bytes."""

    __slots__ = ("budget", "lower", "lower_size", "pages", "size")

    def __init__(self, budget: Budget, lower: Lower | None = None, size: int = 0) -> None:
        self.pages: dict[int, bytearray] = {}
        self.budget = budget
        self.size = size
        self.lower = lower
        self.lower_size = size if lower is not None else 0     # what of the lower file shows

    def clear(self) -> None:
        """The inode is gone."""
        self.budget.give(len(self.pages))
        self.pages = {}
        self.size = self.lower_size = 0

    # -- reading ---------------------------------------------------------------
    def _lower(self, view: memoryview, pos: int) -> None:
        """Fill the view with what lies below the pages."""
        done = 0
        if pos < self.lower_size:
            part = view[:self.lower_size - pos]
            assert self.lower is not None
            done = self.lower.read_into(part, pos)
        rest = len(view) - done
        if rest:
            view[done:] = bytes(rest)

    def read(self, views: Sequence[memoryview], pos: int) -> int:
        """Fill the views from ``pos`` on; the number of bytes, 0 at the end."""
        left = self.size - pos
        total = 0
        for view in views:
            if left <= 0:
                break
            n = len(view)
            if n > left:
                view = view[:left]
                n = left
            self._read(view, pos)
            pos += n
            left -= n
            total += n
        return total

    def _read(self, view: memoryview, pos: int) -> None:
        pages = self.pages
        if not pages:
            self._lower(view, pos)
            return
        n = len(view)
        at = 0
        while at < n:
            index, offset = divmod(pos + at, PAGE)
            size = min(PAGE - offset, n - at)
            page = pages.get(index)
            if page is not None:
                view[at:at + size] = page[offset:offset + size]
            else:
                end = at + size
                while end < n and (pos + end) // PAGE not in pages:
                    end = min(end + PAGE, n)
                size = end - at
                self._lower(view[at:end], pos + at)
            at += size

    def page(self, index: int) -> bytes | None:
        """A copy of the page up to the end of file."""
        size = min(self.size - index * PAGE, PAGE)
        if size <= 0:
            return None
        page = self.pages.get(index)
        if page is not None:
            return bytes(page[:size])
        if not self.lower_size:
            return bytes(size)
        data = bytearray(size)
        self._lower(memoryview(data), index * PAGE)
        return bytes(data)

    # -- writing ---------------------------------------------------------------
    def _own(self, index: int, fill: bool = True) -> bytearray:
        page = self.pages.get(index)
        if page is None:
            self.budget.take()
            page = bytearray(PAGE)
            if fill and index * PAGE < self.lower_size:
                self._lower(memoryview(page), index * PAGE)
            self.pages[index] = page
        return page

    def write(self, views: Sequence[memoryview], pos: int) -> int:
        """Store the views at ``pos``; the number of bytes (fewer when the space ends)."""
        total = 0
        for view in views:
            n = len(view)
            if not n:
                continue
            if pos + n > MAX_BYTES:
                n = MAX_BYTES - pos
                if n <= 0:
                    if total:
                        return total
                    raise LinuxError(E.EFBIG)
            at = 0
            while at < n:
                index, offset = divmod(pos, PAGE)
                size = min(PAGE - offset, n - at)
                try:
                    page = self._own(index, size < PAGE)
                except LinuxError:
                    if total:
                        return total
                    raise
                page[offset:offset + size] = view[at:at + size]
                at += size
                pos += size
                total += size
                if pos > self.size:
                    self.size = pos
        return total

    def truncate(self, size: int) -> None:
        """Cut or grow (with a hole)."""
        if size < self.size:
            last, offset = divmod(size, PAGE)
            pages = self.pages
            if pages:
                if offset and last in pages:
                    pages[last][offset:] = bytes(PAGE - offset)
                for index in [i for i in pages if i >= last + (offset != 0)]:
                    del pages[index]
                    self.budget.give(1)
            if size < self.lower_size:
                self.lower_size = size
        self.size = size

    def punch(self, pos: int, length: int) -> None:
        """Make a range read as zeros, freeing its pages; the size stays."""
        end = min(pos + length, -(-self.size // PAGE) * PAGE)
        first, after = pos // PAGE, -(-end // PAGE)
        lower = -(-min(end, self.lower_size) // PAGE)
        if lower - first > self.budget.limit:
            raise LinuxError(E.ENOSPC)
        for index in sorted({*range(first, lower), *(i for i in self.pages if first <= i < after)}):
            start, stop = max(pos, index * PAGE), min(end, (index + 1) * PAGE)
            if stop - start == PAGE and index * PAGE >= self.lower_size:
                del self.pages[index]
                self.budget.give(1)
            elif start < stop:
                self._own(index)[start % PAGE:start % PAGE + stop - start] = bytes(stop - start)

    def reserve(self, pos: int, length: int) -> None:
        """Give the range pages now; ENOSPC before anything is taken."""
        first, last = pos // PAGE, (pos + length - 1) // PAGE
        if last - first + 1 > self.budget.free + len(self.pages):
            raise LinuxError(E.ENOSPC)
        for index in range(first, last + 1):
            if (index + 1) * PAGE > self.lower_size:
                self._own(index)

    def seek_data(self, pos: int) -> int:
        """SEEK_DATA: the next position with data; ENXIO."""
        if not 0 <= pos < self.size:
            raise LinuxError(E.ENXIO)
        if pos < self.lower_size or pos // PAGE in self.pages:
            return pos
        following = [index for index in self.pages if index * PAGE > pos]
        if not following or min(following) * PAGE >= self.size:
            raise LinuxError(E.ENXIO)
        return min(following) * PAGE

    def seek_hole(self, pos: int) -> int:
        """SEEK_HOLE: the next position without data, at the latest the end of file; ENXIO."""
        if not 0 <= pos < self.size:
            raise LinuxError(E.ENXIO)
        pos = max(pos, self.lower_size)
        while pos < self.size and pos // PAGE in self.pages:
            pos = (pos // PAGE + 1) * PAGE
        return min(pos, self.size)
