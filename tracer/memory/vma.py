"""Mapped ranges and what stands behind them."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tracer.memory.arena import PAGE, SHIFT, Arena

if TYPE_CHECKING:
    from tracer.vfs.base import File, Inode

PROT_READ, PROT_WRITE, PROT_EXEC = 1, 2, 4
# Whether the memory of a private range counts as promised: VM_ACCOUNT, VM_NORESERVE.
UNCHARGED, CHARGED, NORESERVE = range(3)


class Backing:
    """Pages that several mappings share: of a file, or of shared anonymous memory.

    frames: page index → frame, with one reference of its own each.  users counts mappings;
    the frames go with the last one.
    """

    __slots__ = ("arena", "dirty", "frames", "inode", "on_free", "users")

    def __init__(self, arena: Arena, inode: Inode | None,
                 on_free: Callable[[], None] | None = None) -> None:
        self.arena = arena
        self.inode = inode
        self.frames: dict[int, int] = {}
        self.users = 0
        self.dirty: dict[int, File] = {}    # page → the file through which it is written back
        self.on_free = on_free

    def frame(self, index: int) -> int | None:
        """The frame of a page; None beyond the end of the file (SIGBUS)."""
        frame = self.frames.get(index)
        if frame is None:
            if self.inode is None:
                frame = self.arena.allocate()
            else:
                data = self.inode.page(index)
                if data is None:
                    return None
                frame = self.arena.allocate()
                self.arena.view[frame:frame + len(data)] = data
            self.frames[index] = frame
        return frame

    def write_back(self, first: int = 0, last: int = 1 << 62) -> None:
        """Write pages that shared mappings may have changed to their file."""
        if not self.dirty or self.inode is None:
            return
        size = self.inode.getattr().size
        for index in [i for i in self.dirty if first <= i < last]:
            frame = self.frames[index]
            length = min(PAGE, size - (index << SHIFT))
            if length > 0:
                self.dirty[index].write_mapped(self.arena.view[frame:frame + length],
                                               index << SHIFT)

    def file_written(self, start: int, end: int) -> None:
        """The file's bytes were changed by write(2) or truncation: show them in the pages."""
        if self.inode is None:
            return
        for index, frame in self.frames.items():
            if index << SHIFT < end and (index + 1) << SHIFT > start:
                data = self.inode.page(index) or b""
                self.arena.view[frame:frame + len(data)] = data
                if len(data) < PAGE:
                    self.arena.view[frame + len(data):frame + PAGE] = bytes(PAGE - len(data))

    def punch(self, first: int, last: int = 1 << 62) -> None:
        """The pages first ≤ index < last are gone; their entries must have been dropped."""
        for index in [i for i in self.frames if first <= i < last]:
            self.arena.drop(self.frames.pop(index))
            self.dirty.pop(index, None)

    def release(self) -> None:
        """One mapping less."""
        self.users -= 1
        if not self.users:
            self.write_back()
            for frame in self.frames.values():
                self.arena.drop(frame)
            self.frames.clear()
            self.dirty.clear()
            if self.on_free:
                self.on_free()


class Vma:
    """One mapped range [start, end) with one set of attributes.

    offset: of start in the backing, in bytes.  name: ``[heap]``, ``[stack]``, ``[vdso]`` for
    /proc/PID/maps.  file: kept open by the mapping.
    """

    __slots__ = ("backing", "charge", "end", "file", "growsdown", "locked", "name", "offset",
                 "prot", "sealed", "shared", "start", "userfault", "wipe")

    def __init__(self, start: int, end: int, prot: int, shared: bool = False,
                 backing: Backing | None = None, file: File | None = None, offset: int = 0,
                 name: str = "", growsdown: bool = False) -> None:
        self.start = start
        self.end = end
        self.prot = prot
        self.shared = shared
        self.backing = backing
        self.file = file
        self.offset = offset
        self.name = name
        self.growsdown = growsdown
        # What keeps ranges apart that were writable and are not any more (VM_ACCOUNT).
        self.charge = CHARGED if prot & PROT_WRITE and not shared else UNCHARGED
        self.locked = False
        self.sealed = False     # mseal(2)
        self.wipe = ""          # "dontfork" or "wipeonfork" after madvise
        # Who serves its missing pages: an object whose ``failure`` says what a fault is.
        self.userfault: Any = None
        if backing is not None:
            backing.users += 1
        if file is not None:
            file.refs += 1

    def part(self, start: int, end: int) -> Vma:
        """A copy that covers only [start, end)."""
        new = Vma(start, end, self.prot, self.shared, self.backing, self.file,
                  self.offset + start - self.start if self.backing else 0, self.name,
                  self.growsdown)
        new.charge = self.charge
        new.locked = self.locked
        new.sealed = self.sealed
        new.wipe = self.wipe
        new.userfault = self.userfault
        return new

    def protect(self, prot: int) -> None:
        """Change the protection; a private range that becomes writable is charged."""
        self.prot = prot
        if prot & PROT_WRITE and not self.shared and self.charge == UNCHARGED:
            self.charge = CHARGED

    def release(self) -> None:
        """The range is gone: give back what it held."""
        if self.backing is not None:
            self.backing.release()
        if self.file is not None:
            self.file.refs -= 1
            if not self.file.refs:
                self.file.release()

    def merges(self, after: Vma) -> bool:
        """Whether the kernel would make one range of this and the one right after it."""
        return (self.end == after.start and self.prot == after.prot
                and self.shared == after.shared and self.backing is after.backing
                and self.file is after.file and self.name == after.name
                and self.growsdown == after.growsdown and self.locked == after.locked
                and self.charge == after.charge and self.sealed == after.sealed
                and self.wipe == after.wipe
                and self.userfault is after.userfault
                and (self.backing is None or (not (self.shared and self.file is None)
                     and self.offset + self.end - self.start == after.offset)))
