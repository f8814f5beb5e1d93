"""The arena: the one host mapping that holds all guest memory.

It is handed to every CPU engine once, as physical memory; a frame is a 4 KiB page of it and is
named by its offset.  Frame 0 is never given out: it stays zero and stands for all untouched
pages that were only read.
"""
from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable

from sysnames import errno as E
from tracer.errors import LinuxError, PytraceError

PAGE = 4096
SHIFT = 12
_ZERO = bytes(PAGE)
_MAP_NORESERVE = 0x4000     # asm-generic/mman.h; only Linux has it, others overcommit anyway


class Arena:
    """Frames of guest memory, reference counted.

    limit: how many bytes guests may commit; asking for more raises LinuxError(ENOMEM).
    code: frames that were executed since translated code was last thrown away.
    copied: entries of page tables that forks have copied and that are still there.
    """

    def __init__(self, limit: int) -> None:
        size = limit + PAGE
        try:
            if hasattr(mmap, "MAP_PRIVATE"):
                flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE * _linux()
                self._map = mmap.mmap(-1, size, flags)
            else:
                self._map = mmap.mmap(-1, size)
        except (OSError, OverflowError, ValueError):
            raise PytraceError(f"cannot reserve {limit >> 20} MiB for the program "
                               "(see --memory)") from None
        self.size = size
        self.view = memoryview(self._map)
        self.host_address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self.find = self._map.find
        self._next = PAGE
        self._free: list[int] = []
        self._quarantine: list[int] = []
        self.shared: dict[int, int] = {}    # frame → references, where more than one
        self.code: set[int] = set()
        self.copied = 0
        self.code_stale = False     # translated code must be thrown away before the next run
        self.on_stale: Callable[[], None] = _nothing

    @property
    def used(self) -> int:
        """Bytes in frames that are given out."""
        return self._next - PAGE - PAGE * (len(self._free) + len(self._quarantine))

    @property
    def limit(self) -> int:
        """Bytes that can be given out in all."""
        return self.size - PAGE

    def allocate(self) -> int:
        """A zeroed frame with one reference."""
        if self._free:
            frame = self._free.pop()
            self.view[frame:frame + PAGE] = _ZERO
            return frame
        frame = self._next
        if frame < self.size:
            self._next = frame + PAGE
            return frame
        if self._quarantine:        # may be reused once no translated code refers to them
            self._free, self._quarantine = self._quarantine, []
            self.code.difference_update(self._free)
            self.code_written()
            return self.allocate()
        raise LinuxError(E.ENOMEM)

    def code_written(self) -> None:
        """Executed frames are changed from outside: translated code must go."""
        self.code_stale = True
        self.on_stale()

    def copy(self, frame: int) -> int:
        """A new frame with the same bytes."""
        new = self.allocate()
        self.view[new:new + PAGE] = self.view[frame:frame + PAGE]
        return new

    def share(self, frame: int) -> None:
        """One more reference to a frame."""
        if frame:
            self.shared[frame] = self.shared.get(frame, 1) + 1

    def drop(self, frame: int) -> None:
        """One reference less; the last one frees the frame."""
        if not frame:
            return
        shared = self.shared
        if frame in shared:
            if shared[frame] == 2:
                del shared[frame]
            else:
                shared[frame] -= 1
        elif frame in self.code:
            self._quarantine.append(frame)
        else:
            self._free.append(frame)


def _nothing() -> None:
    return None


def _linux() -> bool:
    import sys
    return sys.platform.startswith("linux")
