"""An address space: VMAs, the page table, and access to guest memory from the kernel side."""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.memory.arena import PAGE, SHIFT, Arena
from tracer.memory.vma import PROT_EXEC, PROT_READ, PROT_WRITE, Backing, Vma

READ, WRITE, EXEC = PROT_READ, PROT_WRITE, PROT_EXEC
_MASK = PAGE - 1
_WORD = (1 << 64) - 1
_ENTRY_SIZE = 64        # bytes of ours that an entry of a page table takes
_VMA_COST = 8           # a VMA takes as much as so many

# Why a page fault could not be served.
MAPERR, ACCERR, BUSERR, NOMEM, USERFAULT = "MAPERR", "ACCERR", "BUSERR", "NOMEM", "USERFAULT"


def _nothing() -> None:
    return None


def align(size: int) -> int:
    """Round up to whole pages, in 64 bits as the kernel does: the highest sizes give 0."""
    return (size + _MASK) & ~_MASK & _WORD


class AddressSpace:
    """Memory of one process.

    table: virtual page number → frame | READ | WRITE | EXEC bits.  A page whose VMA may be
    written but whose entry lacks WRITE is copied on the first write.  The CPU's TLB is filled
    from it; whoever takes a permission away calls ``flush``.  The dict is never replaced.
    """

    def __init__(self, arena: Arena, top: int, mmap_base: int, mmap_min: int = 0x10000) -> None:
        self.arena = arena
        self.table: dict[int, int] = {}
        self._most_entries = 2 * (arena.limit >> SHIFT) + 4096  # before zero pages are dropped
        self.vmas: list[Vma] = []
        self.starts: list[int] = []
        self.top = top                  # first address beyond user space
        self.mmap_base = mmap_base      # mappings are placed downwards from here
        self.mmap_min = mmap_min
        self.users = 1                  # tasks that share it
        self.flush: Callable[[], None] = _nothing
        self.failure = MAPERR           # of the last page fault that was not served
        self.brk_start = self.brk = 0
        self.stack_limit: Callable[[], int] = lambda: 8 << 20
        self.copied = 0                 # what fork copied for it; see arena.copied
        self.total_pages = 0            # mapped, for RLIMIT_AS
        self.exec_all = False           # READ_IMPLIES_EXEC
        self.arg_start = self.arg_end = self.env_start = self.env_end = 0
        self.stack_start = self.code_start = self.code_end = 0
        self.auxv = b""
        self.dumpable = 1
        self.lock_future = False
        self.membarrier = 0             # registered MEMBARRIER_CMD_REGISTER_*
        self.topdown = True
        self.vdso = self.sigpage = 0
        self.exe: Any = None            # location of the program

    # -- look-up ---------------------------------------------------------------------
    def find(self, address: int) -> Vma | None:
        """The VMA that holds an address."""
        i = bisect_right(self.starts, address) - 1
        if i >= 0 and address < self.vmas[i].end:
            return self.vmas[i]
        return None

    def overlapping(self, start: int, end: int) -> list[Vma]:
        """VMAs with a part in [start, end), in order."""
        i = max(0, bisect_right(self.starts, start) - 1)
        found = []
        while i < len(self.vmas) and self.vmas[i].start < end:
            if self.vmas[i].end > start:
                found.append(self.vmas[i])
            i += 1
        return found

    def covered(self, start: int, end: int) -> bool:
        """Whether no address of [start, end) is unmapped."""
        for vma in self.overlapping(start, end):
            if vma.start > start:
                return False
            start = vma.end
        return start >= end

    # -- page faults -------------------------------------------------------------------
    def fault(self, address: int, access: int) -> int:
        """Make a page accessible: returns its table entry, or 0 with ``failure`` set."""
        vma = self.find(address)
        if vma is None:
            vma = self._grow_stack(address)
            if vma is None:
                self.failure = MAPERR
                return 0
        prot = vma.prot
        if prot & (WRITE | EXEC):
            prot |= READ
        if self.exec_all and prot:
            prot |= EXEC
        if not prot & access:
            self.failure = ACCERR
            return 0
        page = address >> SHIFT
        if vma.userfault is not None and page not in self.table:
            self.failure = vma.userfault.failure
            return 0
        try:
            entry = self._fill(vma, page, prot, access)
        except LinuxError:
            self.failure = NOMEM
            return 0
        if not entry:
            self.failure = BUSERR
            return 0
        if entry & (WRITE | EXEC) == WRITE | EXEC and access != EXEC:
            entry &= ~EXEC          # until it is executed: stores to executable pages are slow
        if entry <= _MASK and len(self.table) > self._most_entries:
            self._forget_zeros()
        self.table[page] = entry
        return entry

    def _forget_zeros(self) -> None:
        """Drop the entries of zero pages, which come back when they are read: a program may
        read far more of them than there are frames."""
        for page in [p for p, e in self.table.items() if e <= _MASK]:
            vma = self.find(page << SHIFT)
            if vma is None or vma.userfault is None:
                del self.table[page]
        self.flush()

    def supply(self, address: int, data: bytes) -> None:
        """Give a missing page of private memory its content, whatever serves its faults; the
        zero page for b"".  Raises ENOMEM."""
        frame = 0
        if data:
            frame = self.arena.allocate()
            self.arena.view[frame:frame + len(data)] = data
        self.table[address >> SHIFT] = frame | READ     # more comes with the next fault

    def _fill(self, vma: Vma, page: int, prot: int, access: int) -> int:
        """The entry for one page of a VMA, whose access is allowed; 0 past a file's end."""
        arena = self.arena
        entry = self.table.get(page)
        if vma.shared:
            backing = vma.backing
            assert backing is not None
            index = (vma.offset + (page << SHIFT) - vma.start) >> SHIFT
            if entry is None:
                shared_frame = backing.frame(index)
                if shared_frame is None:
                    return 0
                arena.share(shared_frame)
                entry = shared_frame
            if access == WRITE:
                if vma.file is not None:
                    backing.dirty[index] = vma.file
            elif vma.file is not None and index not in backing.dirty:
                prot &= ~WRITE      # the first write must be seen
            return entry & ~_MASK | prot
        if entry is None:
            frame = 0
            if vma.backing is not None:
                index = (vma.offset + (page << SHIFT) - vma.start) >> SHIFT
                cached = vma.backing.frame(index)
                if cached is None:
                    return 0
                frame = cached
                if access == WRITE:
                    frame = arena.copy(frame)
                else:
                    arena.share(frame)
                    prot &= ~WRITE
            elif access == WRITE:
                frame = arena.allocate()
            else:
                prot &= ~WRITE
            return frame | prot
        frame = entry & ~_MASK
        if entry & WRITE:
            return frame | prot
        if access != WRITE:
            return frame | (prot & ~WRITE)
        if frame == 0:
            return arena.allocate() | prot
        if frame in arena.shared:
            new = arena.copy(frame)
            arena.drop(frame)
            frame = new
        return frame | prot

    def _grow_stack(self, address: int) -> Vma | None:
        """Extend a VMA that grows down to the page of an address below it."""
        i = bisect_right(self.starts, address)
        if i >= len(self.vmas):
            return None
        vma = self.vmas[i]
        start = address & ~_MASK
        if not vma.growsdown or vma.end - start > self.stack_limit():
            return None
        if i and start - self.vmas[i - 1].end < 256 * PAGE and self.vmas[i - 1].prot:
            return None             # stack_guard_gap
        self.total_pages += (vma.start - start) >> SHIFT
        vma.start = self.starts[i] = start
        return vma

    # -- changes ------------------------------------------------------------------------
    def insert(self, vma: Vma) -> Vma:
        """Add a VMA into free space; merges it with its neighbours as the kernel does."""
        i = bisect_right(self.starts, vma.start)
        self.total_pages += (vma.end - vma.start) >> SHIFT
        if i and self.vmas[i - 1].merges(vma):
            before = self.vmas[i - 1]
            before.end = vma.end
            vma.release()
            vma = before
            i -= 1
        else:
            self.vmas.insert(i, vma)
            self.starts.insert(i, vma.start)
        if i + 1 < len(self.vmas) and vma.merges(self.vmas[i + 1]):
            after = self.vmas.pop(i + 1)
            del self.starts[i + 1]
            vma.end = after.end
            after.release()
        return vma

    def _split(self, address: int) -> None:
        """Make address a border between VMAs, if it lies inside one."""
        i = bisect_right(self.starts, address) - 1
        if i < 0:
            return
        vma = self.vmas[i]
        if vma.start < address < vma.end:
            tail = vma.part(address, vma.end)
            vma.end = address
            self.vmas.insert(i + 1, tail)
            self.starts.insert(i + 1, address)

    def _cut(self, start: int, end: int) -> Iterator[int]:
        """Indexes of the VMAs that make up [start, end), after splitting at its borders."""
        self._split(start)
        self._split(end)
        i = bisect_right(self.starts, start) - 1
        if i < 0 or self.vmas[i].end <= start:
            i += 1
        while i < len(self.vmas) and self.vmas[i].start < end:
            yield i
            i += 1

    def pages_in(self, start: int, end: int) -> list[int]:
        """Page numbers in [start, end) that have a table entry."""
        first, last = start >> SHIFT, end >> SHIFT
        if last - first > len(self.table):
            return [p for p in self.table if first <= p < last]
        return [p for p in range(first, last) if p in self.table]

    def drop_pages(self, start: int, end: int) -> None:
        """Forget the pages of a range; anonymous ones read as zero afterwards."""
        pages = self.pages_in(start, end)
        if pages:
            drop, pop = self.arena.drop, self.table.pop
            for page in pages:
                drop(pop(page) & ~_MASK)
            self.flush()

    def drop_backing(self, backing: Backing, first: int, last: int, copies: bool) -> None:
        """Forget what is mapped of pages first ≤ index < last of a file or of shared memory.

        copies: also the private copies that were written to, as when the file is cut.
        """
        for vma in self.vmas:
            if vma.backing is not backing:
                continue
            begin = vma.offset >> SHIFT
            start = vma.start + (max(first - begin, 0) << SHIFT)
            end = min(vma.end, vma.start + (last - begin << SHIFT)) if last > begin else start
            if start >= end:
                continue
            if copies or vma.shared:
                self.drop_pages(start, end)
                continue
            own = backing.frames
            base = (vma.start >> SHIFT) - begin
            for page in self.pages_in(start, end):
                if self.table[page] & ~_MASK == own.get(page - base):
                    self.drop_pages(page << SHIFT, page + 1 << SHIFT)

    def unmap(self, start: int, end: int) -> None:
        """Remove every mapping in [start, end); page-aligned."""
        if not self.overlapping(start, end):
            return
        which = list(self._cut(start, end))
        self.drop_pages(start, end)
        if which:
            gone = self.vmas[which[0]:which[-1] + 1]
            del self.vmas[which[0]:which[-1] + 1]
            del self.starts[which[0]:which[-1] + 1]
            for vma in gone:
                self.total_pages -= (vma.end - vma.start) >> SHIFT
                vma.release()

    def protect(self, start: int, end: int, prot: int) -> None:
        """mprotect a fully mapped range; page-aligned."""
        self.change(start, end, lambda vma: vma.protect(prot))
        pages = self.pages_in(start, end)
        for page in pages:          # permissions come back with the next fault
            self.table[page] &= ~7
        if pages:
            self.flush()

    def change(self, start: int, end: int, edit: Callable[[Vma], None]) -> None:
        """Apply an edit to exactly [start, end) and merge what became equal."""
        for i in self._cut(start, end):
            edit(self.vmas[i])
        i = max(0, bisect_right(self.starts, start) - 2)
        while i + 1 < len(self.vmas) and self.vmas[i].start <= end:
            if self.vmas[i].merges(self.vmas[i + 1]):
                after = self.vmas.pop(i + 1)
                del self.starts[i + 1]
                self.vmas[i].end = after.end
                after.release()
            else:
                i += 1

    def free_range(self, size: int, below: int = 0) -> int:
        """The highest gap of that size under ``below`` (default mmap_base), else, as the
        kernel falls back, the lowest one above it; raises ENOMEM."""
        if not self.topdown:
            return self._lowest_gap(size)
        end = below or self.mmap_base
        i = bisect_right(self.starts, end) - 1
        while i >= 0:
            vma = self.vmas[i]
            if end - size >= vma.end:
                return end - size
            guard = 256 * PAGE if vma.growsdown else 0
            end = min(end, vma.start - guard)
            i -= 1
        if end - size >= self.mmap_min:
            return end - size
        return self._lowest_gap(size)

    def _lowest_gap(self, size: int) -> int:
        start = self.mmap_base
        for vma in self.vmas[bisect_right(self.starts, start) - 1 if self.starts else 0:]:
            if vma.end <= start:
                continue
            if vma.start - start >= size:
                return start
            start = vma.end
        if self.top - start >= size:
            return start
        raise LinuxError(E.ENOMEM)

    def move_pages(self, old: int, new: int, size: int) -> None:
        """Move table entries from one range to another of the same size (mremap)."""
        shift = (new - old) >> SHIFT
        for page in self.pages_in(old, old + size):
            self.table[page + shift] = self.table.pop(page)
        self.flush()

    def fork(self) -> AddressSpace:
        """A copy for a child: private pages are shared until one side writes.

        Raises ENOMEM when all copies together would take more of our own memory than guests
        may have of theirs.
        """
        copied = len(self.table) + _VMA_COST * len(self.vmas)
        if (self.arena.copied + copied) * _ENTRY_SIZE > self.arena.limit:
            raise LinuxError(E.ENOMEM)
        new = AddressSpace(self.arena, self.top, self.mmap_base, self.mmap_min)
        for name in ("brk_start", "brk", "stack_limit", "total_pages", "exec_all", "arg_start",
                     "arg_end", "env_start", "env_end", "stack_start", "code_start", "code_end",
                     "auxv", "dumpable", "membarrier", "topdown", "vdso", "sigpage", "exe"):
            setattr(new, name, getattr(self, name))
        skipped: list[Vma] = []
        for vma in self.vmas:
            if vma.wipe:
                skipped.append(vma)
                if vma.wipe == "dontfork":
                    new.total_pages -= (vma.end - vma.start) >> SHIFT
                    continue
            copy = vma.part(vma.start, vma.end)
            copy.locked = False
            copy.userfault = None
            new.vmas.append(copy)
            new.starts.append(vma.start)
        shared, table = self.arena.shared, self.table
        for entry in table.values():
            frame = entry & ~_MASK
            if frame:
                shared[frame] = shared.get(frame, 1) + 1
        private = {p: e & ~WRITE for p, e in table.items()}
        new.table = private
        for vma in self.vmas:
            if vma.shared:
                for page in self.pages_in(vma.start, vma.end):
                    private[page] = table[page]
        table.update(private)
        for vma in skipped:
            new.drop_pages(vma.start, vma.end)
        self.flush()
        new.copied = copied
        self.arena.copied += copied
        return new

    def destroy(self) -> None:
        """Give back all memory."""
        self.arena.copied -= self.copied
        self.copied = 0
        drop = self.arena.drop
        for entry in self.table.values():
            drop(entry & ~_MASK)
        self.table.clear()
        for vma in self.vmas:
            vma.release()
        self.vmas, self.starts = [], []
        self.total_pages = 0
        self.flush()

    # -- access from the kernel side -------------------------------------------------------
    def frame_of(self, address: int, access: int) -> int:
        """Offset in the arena of one accessible byte; raises Fault."""
        entry = self.table.get(address >> SHIFT)
        if entry is None or not entry & access:
            before = entry
            entry = self.fault(address, access) if 0 <= address < self.top else 0
            if not entry:
                raise Fault(address)
            if before is not None and (before ^ entry) & ~_MASK:
                self.flush()        # the CPU may still read the frame that was copied
        frame = entry & ~_MASK
        if access == WRITE and frame in self.arena.code:
            self.arena.code_written()
        return frame | (address & _MASK)

    def views(self, address: int, size: int, access: int) -> list[memoryview]:
        """The accessible start of a buffer, as slices of the arena in order.

        Their lengths add up to ``size`` unless memory ends or changes permission before.
        """
        if size > 0 and (address & _MASK) + size <= PAGE:      # the common case: one page
            entry = self.table.get(address >> SHIFT)
            if entry is not None and entry & access:
                offset = entry & ~_MASK
                if access == WRITE and offset in self.arena.code:
                    self.arena.code_written()
                offset |= address & _MASK
                return [self.arena.view[offset:offset + size]]
        spans: list[list[int]] = []
        while size > 0:
            try:
                offset = self.frame_of(address, access)
            except Fault:
                break
            length = min(PAGE - (offset & _MASK), size)
            if spans and spans[-1][1] == offset:
                spans[-1][1] += length
            else:
                spans.append([offset, offset + length])
            address += length
            size -= length
        view = self.arena.view
        return [view[start:end] for start, end in spans]

    def read(self, address: int, size: int) -> bytes:
        """Exactly size bytes; raises Fault when any of them is unreadable."""
        first = address & _MASK
        if first + size <= PAGE:
            if not size:
                return b""
            entry = self.table.get(address >> SHIFT)
            if entry is not None and entry & READ:
                offset = entry & ~_MASK | first
            else:
                offset = self.frame_of(address, READ)
            return bytes(self.arena.view[offset:offset + size])
        if size > self.top - address:
            raise Fault(max(address, self.top))
        views = self.views(address, size, READ)
        data = b"".join(views)
        if len(data) < size:
            raise Fault(address + len(data))
        return data

    def read_prefix(self, address: int, size: int) -> bytes:
        """The readable bytes at the start of the range, perhaps none."""
        return b"".join(self.views(address, size, READ))

    def read_string(self, address: int, limit: int) -> tuple[bytes, bool]:
        """Bytes before a NUL, or ``limit`` of them, and whether the NUL was seen; raises Fault
        when memory ends first."""
        parts = []
        left = limit
        find = self.arena.find
        view = self.arena.view
        while left > 0:
            offset = self.frame_of(address, READ)
            length = min(PAGE - (offset & _MASK), left)
            end = find(b"\0", offset, offset + length)
            if end >= 0:
                parts.append(view[offset:end])
                return (bytes(parts[0]) if len(parts) == 1 else b"".join(parts)), True
            parts.append(view[offset:offset + length])
            address += length
            left -= length
        return b"".join(parts), False

    def write(self, address: int, data: bytes | memoryview) -> None:
        """Write all of data; raises Fault, after writing what could be, as copy_to_user."""
        size = len(data)
        if (address & _MASK) + size <= PAGE:
            if size:
                offset = self.frame_of(address, WRITE)
                self.arena.view[offset:offset + size] = data
            return
        done = 0
        for view in self.views(address, size, WRITE):
            view[:] = data[done:done + len(view)]
            done += len(view)
        if done < size:
            raise Fault(address + done)

    def read_int(self, address: int, size: int) -> int:
        """An unsigned little-endian integer."""
        return int.from_bytes(self.read(address, size), "little")

    def write_int(self, address: int, value: int, size: int) -> None:
        """An integer, truncated to size bytes, little-endian."""
        self.write(address, (value & (1 << 8 * size) - 1).to_bytes(size, "little"))
