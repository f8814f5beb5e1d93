"""brk, mmap and their kin (mm/mmap.c, mm/mremap.c, mm/madvise.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel.registry import syscall
from tracer.kernel.task import (
    RLIM_INFINITY,
    RLIMIT_AS,
    RLIMIT_DATA,
    RLIMIT_MEMLOCK,
    Task,
)
from tracer.memory.arena import PAGE, SHIFT
from tracer.memory.space import AddressSpace, align
from tracer.memory.vma import NORESERVE, PROT_EXEC, PROT_READ, PROT_WRITE, Backing, Vma
from tracer.vfs.base import O_ACCMODE, O_RDWR, O_WRONLY, S_IFDIR, S_IFMT, File

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.vfs.base import Inode

_MASK = PAGE - 1
_PUNCH_HOLE = 3                 # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
_PROT_ALL = PROT_READ | PROT_WRITE | PROT_EXEC
_PROT_SEM, _PROT_GROWSDOWN, _PROT_GROWSUP = 8, 0x01000000, 0x02000000
MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, MAP_TYPE = 1, 2, 3, 0xF
MAP_FIXED, MAP_ANONYMOUS, MAP_GROWSDOWN = 0x10, 0x20, 0x100
MAP_LOCKED, MAP_NORESERVE, MAP_POPULATE = 0x2000, 0x4000, 0x8000
MAP_STACK, MAP_HUGETLB, MAP_SYNC, MAP_FIXED_NOREPLACE = 0x20000, 0x40000, 0x80000, 0x100000
_LEGACY = 0x7FFFF               # flags that MAP_SHARED_VALIDATE knows without a file
MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP = 1, 2, 4
# MADV_DONTNEED, FREE, REMOVE, DONTFORK, WIPEONFORK, DONTNEED_LOCKED: what a seal forbids
_DISCARDS = frozenset((4, 8, 9, 10, 18, 24))
_READ_IMPLIES_EXEC = 0x0400000  # personality(2)
_CAP_IPC_LOCK = 14
_POPULATE_ERRORS = {"BUSERR": E.EFAULT, "NOMEM": E.ENOMEM}


def _may_grow(task: Task, size: int) -> None:
    """RLIMIT_AS; ENOMEM."""
    limit = task.process.limit(RLIMIT_AS)
    if limit != RLIM_INFINITY and (task.mem.total_pages << SHIFT) + size > limit:
        raise LinuxError(E.ENOMEM)


def _data_size(space: AddressSpace) -> int:
    return sum(v.end - v.start for v in space.vmas
               if not v.shared and v.prot & PROT_WRITE and not v.growsdown)


def _may_have_data(task: Task, size: int) -> None:
    """RLIMIT_DATA and what the arena could ever give; ENOMEM."""
    limit = task.process.limit(RLIMIT_DATA)
    if limit != RLIM_INFINITY and _data_size(task.mem) + size > limit:
        raise LinuxError(E.ENOMEM)
    if size > task.kernel.arena.limit:      # the overcommit heuristic's obvious case
        raise LinuxError(E.ENOMEM)


@syscall("brk")
def brk(task: Task, address: int) -> int:
    space = task.mem
    old, new = align(space.brk), align(address)
    if address < space.brk_start:
        return space.brk
    if new == old:
        space.brk = address
        return address
    if new < old:
        if any(vma.sealed for vma in space.overlapping(new, old)):
            return space.brk
        space.unmap(new, old)
        space.brk = address
        return address
    limit = task.process.limit(RLIMIT_DATA)
    if limit != RLIM_INFINITY and address - space.brk_start > limit:
        return space.brk
    # a guard of one page, and stack_guard_gap below a stack
    after = space.overlapping(new, new + 257 * PAGE)
    if new > space.top or space.overlapping(old, new) or any(
            v.growsdown or v.start < new + PAGE for v in after):
        return space.brk
    try:
        _may_grow(task, new - old)
        _may_have_data(task, new - old)
    except LinuxError:
        return space.brk
    space.insert(Vma(old, new, PROT_READ | PROT_WRITE, name="[heap]"))
    space.brk = address
    return address


def do_mmap(task: Task, address: int, length: int, prot: int, flags: int, fd: int,
            offset: int) -> int:
    """offset in bytes.  The checks of ksys_mmap_pgoff and do_mmap in their order."""
    space = task.mem
    file: File | None = None
    if not flags & MAP_ANONYMOUS:
        file = task.files.get(fd)
        if flags & MAP_HUGETLB:
            raise LinuxError(E.EINVAL)
    elif flags & MAP_HUGETLB:
        raise LinuxError(E.ENOMEM)
    if not length:
        raise LinuxError(E.EINVAL)
    size = align(length)
    if size > space.top or not size:
        raise LinuxError(E.ENOMEM)
    if (offset + size) >> 64:
        raise LinuxError(E.EOVERFLOW)
    if prot & PROT_READ and task.personality & _READ_IMPLIES_EXEC:
        prot |= PROT_EXEC
    if flags & MAP_FIXED_NOREPLACE:
        flags |= MAP_FIXED
    start = _place(task, address, size, flags)
    if flags & MAP_FIXED_NOREPLACE and space.overlapping(start, start + size):
        raise LinuxError(E.EEXIST)
    if flags & MAP_LOCKED:
        _may_lock(task, size)
    kind = flags & MAP_TYPE
    shared = kind in (MAP_SHARED, MAP_SHARED_VALIDATE)
    backing: Backing | None = None
    if file is not None:
        inode = file.inode
        if kind == MAP_SHARED_VALIDATE and flags & ~(_LEGACY | MAP_FIXED_NOREPLACE):
            raise LinuxError(E.EOPNOTSUPP)
        access = file.flags & O_ACCMODE
        if kind not in (MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE):
            raise LinuxError(E.EINVAL)
        if shared and prot & PROT_WRITE and access != O_RDWR:
            raise LinuxError(E.EACCES)
        if access == O_WRONLY:
            raise LinuxError(E.EACCES)
        if inode is None or inode.mode & S_IFMT == S_IFDIR:
            raise LinuxError(E.ENODEV)
        if flags & MAP_GROWSDOWN:
            raise LinuxError(E.EINVAL)
        if shared and prot & PROT_WRITE and _is_sealed(inode):
            raise LinuxError(E.EPERM)
        if inode.maps_zero:
            file = None             # /dev/zero: anonymous memory
            backing = Backing(task.kernel.arena, None) if shared else None
            offset = 0
        else:
            inode.page(0)           # ENODEV for what cannot be mapped
            task.kernel.file_read(inode)
            backing = task.kernel.backing(inode)
    elif shared and kind == MAP_SHARED:
        if flags & MAP_GROWSDOWN:
            raise LinuxError(E.EINVAL)
        backing = Backing(task.kernel.arena, None)
        offset = 0
    elif kind != MAP_PRIVATE:
        raise LinuxError(E.EINVAL)
    if flags & MAP_FIXED:
        _may_change(space, start, start + size)
        space.unmap(start, start + size)
    _may_grow(task, size)
    if not shared and prot & PROT_WRITE and not flags & MAP_NORESERVE:
        _may_have_data(task, size)
    vma = Vma(start, start + size, prot & _PROT_ALL, shared, backing, file, offset,
              growsdown=bool(flags & MAP_GROWSDOWN))
    vma.locked = bool(flags & MAP_LOCKED) or space.lock_future
    if flags & MAP_NORESERVE:
        vma.charge = NORESERVE
    if shared and file is None and backing is not None:
        vma.name = "/dev/zero (deleted)"
    space.insert(vma)
    return start


def _may_change(space: AddressSpace, start: int, end: int) -> None:
    """EPERM where a part of the range is sealed by mseal(2)."""
    for vma in space.overlapping(start, end):
        if vma.sealed:
            raise LinuxError(E.EPERM)


def _is_sealed(inode: Inode | None) -> bool:
    """F_SEAL_WRITE or F_SEAL_FUTURE_WRITE of a memfd."""
    return bool(getattr(inode, "seals", 0) & (0x8 | 0x10))


def _place(task: Task, address: int, size: int, flags: int) -> int:
    """get_unmapped_area."""
    space = task.mem
    if flags & MAP_FIXED:
        if size > space.top or address > space.top - size:
            raise LinuxError(E.ENOMEM)
        if address & _MASK:
            raise LinuxError(E.EINVAL)
        if address < space.mmap_min and not task.creds.capable(17):
            raise LinuxError(E.EPERM)
        return address
    hint = align(address)
    if hint and hint < space.mmap_min:
        hint = space.mmap_min
    if hint and hint <= space.top - size and not space.overlapping(hint, hint + size):
        above = space.overlapping(hint + size, hint + size + 256 * PAGE)
        if not (above and above[0].growsdown):
            return hint
    return space.free_range(size)


@syscall("mmap")
def mmap(task: Task, address: int, length: int, prot: int, flags: int, fd: int,
         offset: int) -> int:
    if offset & _MASK:
        raise LinuxError(E.EINVAL)
    return do_mmap(task, address, length, prot, flags, fd, offset)


@syscall("mmap2")
def mmap2(task: Task, address: int, length: int, prot: int, flags: int, fd: int,
          pages: int) -> int:
    return do_mmap(task, address, length, prot, flags, fd, pages << SHIFT)


@syscall("mmap@32", args="mmap_arg_struct")
def old_mmap(task: Task, address: int, *, args: Layout) -> int:
    """The one-argument form of i386 and ARM OABI."""
    a, length, prot, flags, fd, offset = args.unpack(task.mem.read(address, args.size))
    return mmap(task, a, length, prot, flags, (fd & 0xFFFFFFFF ^ 0x80000000) - 0x80000000, offset)


@syscall("munmap")
def munmap(task: Task, address: int, length: int) -> int:
    space = task.mem
    if address & _MASK or address > space.top or length > space.top - address:
        raise LinuxError(E.EINVAL)
    size = align(length)
    if not size:
        raise LinuxError(E.EINVAL)
    _may_change(space, address, address + size)
    space.unmap(address, address + size)
    return 0


@syscall("mprotect", "pkey_mprotect", note="without protection keys")
def mprotect(task: Task, address: int, length: int, prot: int, pkey: int = -1) -> int:
    space = task.mem
    grows = prot & (_PROT_GROWSDOWN | _PROT_GROWSUP)
    if grows == _PROT_GROWSDOWN | _PROT_GROWSUP or address & _MASK:
        raise LinuxError(E.EINVAL)
    if not length:
        return 0
    size = align(length)
    end = address + size
    if end <= address:
        raise LinuxError(E.ENOMEM)
    prot &= ~grows
    if prot & ~(_PROT_ALL | _PROT_SEM):
        raise LinuxError(E.EINVAL)
    if pkey not in (-1, 0):
        raise LinuxError(E.EINVAL)
    found = space.overlapping(address, end)
    if not found:
        raise LinuxError(E.ENOMEM)
    if grows == _PROT_GROWSDOWN:
        if not found[0].growsdown:
            raise LinuxError(E.EINVAL)
        address = found[0].start
    elif found[0].start > address:
        raise LinuxError(E.ENOMEM)
    if prot & PROT_READ and task.personality & _READ_IMPLIES_EXEC:
        prot |= PROT_EXEC
    reached = address
    for vma in found:
        if vma.start > reached:
            space.protect(address, reached, prot & _PROT_ALL)
            raise LinuxError(E.ENOMEM)
        if vma.sealed:
            space.protect(address, reached, prot & _PROT_ALL)
            raise LinuxError(E.EPERM)
        if prot & PROT_WRITE and vma.shared and vma.file is not None \
                and (vma.file.flags & O_ACCMODE != O_RDWR
                     or (not vma.prot & PROT_WRITE and _is_sealed(vma.file.inode))):
            raise LinuxError(E.EACCES)
        reached = vma.end
    if reached < end:
        space.protect(address, reached, prot & _PROT_ALL)
        raise LinuxError(E.ENOMEM)
    space.protect(address, end, prot & _PROT_ALL)
    return 0


@syscall("mremap")
def mremap(task: Task, old: int, old_length: int, new_length: int, flags: int,
           new_address: int) -> int:
    space = task.mem
    if flags & ~7 or old & _MASK:
        raise LinuxError(E.EINVAL)
    if flags & MREMAP_FIXED and not flags & MREMAP_MAYMOVE:
        raise LinuxError(E.EINVAL)
    old_size, new_size = align(old_length), align(new_length)
    if flags & MREMAP_DONTUNMAP and (not flags & MREMAP_MAYMOVE or old_size != new_size):
        raise LinuxError(E.EINVAL)
    if not new_size:
        raise LinuxError(E.EINVAL)
    vma = space.find(old)
    if vma is None:
        raise LinuxError(E.EFAULT)
    if vma.sealed:
        raise LinuxError(E.EPERM)
    if flags & (MREMAP_FIXED | MREMAP_DONTUNMAP):
        return _mremap_to(task, vma, old, old_size, new_size, flags, new_address)
    if old_size >= new_size:
        if old_size > new_size:
            _may_change(space, old + new_size, old + old_size)
            space.unmap(old + new_size, old + old_size)
        return old
    _check_resize(task, vma, old, old_size, new_size)
    if old + old_size == vma.end:
        end = old + new_size
        if end <= space.top and not space.overlapping(vma.end, end):
            space.insert(_extension(vma, vma.end, end))
            return old
    if not flags & MREMAP_MAYMOVE:
        raise LinuxError(E.ENOMEM)
    return _move(task, vma, old, old_size, new_size, space.free_range(new_size), flags)


def _extension(vma: Vma, start: int, end: int) -> Vma:
    """A VMA like another one, for the range right behind it."""
    new = Vma(start, end, vma.prot, vma.shared, vma.backing, vma.file,
              vma.offset + start - vma.start if vma.backing else 0, vma.name, vma.growsdown)
    new.charge, new.locked, new.wipe = vma.charge, vma.locked, vma.wipe
    return new


def _check_resize(task: Task, vma: Vma, old: int, old_size: int, new_size: int) -> None:
    """vma_to_resize."""
    if not old_size and not vma.shared:
        raise LinuxError(E.EINVAL)
    if old_size > vma.end - old:
        raise LinuxError(E.EFAULT)
    if new_size > old_size:
        _may_grow(task, new_size - old_size)
        if not vma.shared and vma.prot & PROT_WRITE:
            _may_have_data(task, new_size - old_size)


def _mremap_to(task: Task, vma: Vma, old: int, old_size: int, new_size: int, flags: int,
               new: int) -> int:
    space = task.mem
    if flags & MREMAP_FIXED:
        if new & _MASK or new_size > space.top or new > space.top - new_size:
            raise LinuxError(E.EINVAL)
        if old + old_size > new and new + new_size > old:
            raise LinuxError(E.EINVAL)
        _may_change(space, new, new + new_size)
        space.unmap(new, new + new_size)
    if old_size > new_size:
        space.unmap(old + new_size, old + old_size)
        old_size = new_size
    found = space.find(old)
    if found is None:
        raise LinuxError(E.EFAULT)
    _check_resize(task, found, old, old_size, new_size)
    if flags & MREMAP_DONTUNMAP and (found.shared and found.file is not None):
        raise LinuxError(E.EINVAL)
    if not flags & MREMAP_FIXED:
        new = space.free_range(new_size)
    return _move(task, found, old, old_size, new_size, new, flags)


def _move(task: Task, vma: Vma, old: int, old_size: int, new_size: int, new: int,
          flags: int) -> int:
    space = task.mem
    moved = Vma(new, new + new_size, vma.prot, vma.shared, vma.backing, vma.file,
                vma.offset + old - vma.start if vma.backing else 0, vma.name, vma.growsdown)
    moved.charge, moved.locked, moved.wipe = vma.charge, vma.locked, vma.wipe
    space.insert(moved)
    space.move_pages(old, new, min(old_size, new_size))
    if old_size and not flags & MREMAP_DONTUNMAP:
        space.unmap(old, old + old_size)
    return new


@syscall("madvise", note="advice without effect on contents is accepted")
def madvise(task: Task, address: int, length: int, advice: int) -> int:
    advise(task, address, length, advice)
    return 0


def advise(task: Task, address: int, length: int, advice: int) -> None:
    """madvise(2) in the memory of a task."""
    space = task.mem
    if not ((0 <= advice <= 25 and advice not in (5, 6, 7)) or advice in (100, 101)):
        raise LinuxError(E.EINVAL)
    if address & _MASK:
        raise LinuxError(E.EINVAL)
    size = align(length)
    if (length and not size) or address + size < address:
        raise LinuxError(E.EINVAL)
    if not size:
        return
    if advice in (100, 101):        # MADV_HWPOISON, MADV_SOFT_OFFLINE
        raise LinuxError(E.EPERM if not task.creds.capable(21) else E.EINVAL)
    end = address + size
    for vma in space.overlapping(address, end):
        start, stop = max(address, vma.start), min(end, vma.end)
        if vma.sealed and advice in _DISCARDS and not vma.shared and vma.file is None \
                and not vma.prot & PROT_WRITE:
            raise LinuxError(E.EPERM)
        if advice in (4, 8, 24):    # MADV_DONTNEED, MADV_FREE, MADV_DONTNEED_LOCKED
            if vma.locked and advice != 24:
                raise LinuxError(E.EINVAL)
            if advice == 8 and (vma.shared or vma.file is not None):
                raise LinuxError(E.EINVAL)
            if advice != 8:
                space.drop_pages(start, stop)
        elif advice == 9:           # MADV_REMOVE
            _remove(task, vma, start, stop)
        elif advice in (10, 11, 18, 19):    # DONTFORK, DOFORK, WIPEONFORK, KEEPONFORK
            if advice == 18 and (vma.shared or vma.file is not None):
                raise LinuxError(E.EINVAL)
            mark = {10: "dontfork", 11: "", 18: "wipeonfork", 19: ""}[advice]
            space.change(start, stop, lambda v, m=mark: setattr(v, "wipe", m))  # type: ignore[misc]
        elif advice in (22, 23):    # MADV_POPULATE_READ, MADV_POPULATE_WRITE
            access = PROT_READ if advice == 22 else PROT_WRITE
            # more than there is memory is of no use, even if zero pages cost none
            stop = min(stop, start + space.arena.limit)
            for page in range(start, stop, PAGE):
                try:
                    space.frame_of(page, access)
                except Fault:
                    raise LinuxError(_POPULATE_ERRORS.get(space.failure, E.EINVAL)) from None
    if not space.covered(address, end):
        raise LinuxError(E.ENOMEM)


def _remove(task: Task, vma: Vma, start: int, stop: int) -> None:
    """MADV_REMOVE: a hole in the file or the shared memory behind a range."""
    backing = vma.backing
    if vma.locked or backing is None or (vma.file is None and not vma.shared):
        raise LinuxError(E.EINVAL)
    if not vma.shared or not vma.prot & PROT_WRITE:
        raise LinuxError(E.EACCES)
    offset = vma.offset + start - vma.start
    if vma.file is None:
        task.kernel.drop_shared(backing, offset >> SHIFT, offset + stop - start >> SHIFT, True)
        return
    backing.write_back()
    vma.file.fallocate(_PUNCH_HOLE, offset, stop - start)
    task.kernel.file_written(vma.file.inode, offset, offset + stop - start)


@syscall("mincore")
def mincore(task: Task, address: int, length: int, vec: int) -> int:
    space = task.mem
    if address & _MASK:
        raise LinuxError(E.EINVAL)
    if address > space.top or length > space.top - address:
        raise LinuxError(E.ENOMEM)
    pages = align(length) >> SHIFT
    for i in range(pages):
        page = address + (i << SHIFT)
        vma = space.find(page)
        if vma is None:
            raise LinuxError(E.ENOMEM)
        present = page >> SHIFT in space.table or vma.file is not None
        space.write(vec + i, b"\1" if present else b"\0")
    return 0


@syscall("msync")
def msync(task: Task, address: int, length: int, flags: int) -> int:
    space = task.mem
    if flags & ~7 or address & _MASK or flags & 5 == 5:
        raise LinuxError(E.EINVAL)
    end = address + align(length)
    if end < address:
        raise LinuxError(E.ENOMEM)
    if end == address:
        return 0
    for vma in space.overlapping(address, end):
        if flags & 2 and vma.locked:        # MS_INVALIDATE
            raise LinuxError(E.EBUSY)
        if flags & 4 and vma.shared and vma.file is not None and vma.backing is not None:
            first = (max(address, vma.start) - vma.start + vma.offset) >> SHIFT
            last = (min(end, vma.end) - vma.start + vma.offset) >> SHIFT
            vma.backing.write_back(first, last)
    if not space.covered(address, end):
        raise LinuxError(E.ENOMEM)
    return 0


def _may_lock(task: Task, size: int) -> None:
    if task.creds.capable(_CAP_IPC_LOCK):
        return
    limit = task.process.limit(RLIMIT_MEMLOCK)
    if not limit:
        raise LinuxError(E.EPERM)
    locked = sum(v.end - v.start for v in task.mem.vmas if v.locked)
    if locked + size > limit:
        raise LinuxError(E.EAGAIN)


@syscall("mlock")
def mlock(task: Task, address: int, length: int) -> int:
    return mlock2(task, address, length, 0)


@syscall("mlock2")
def mlock2(task: Task, address: int, length: int, flags: int) -> int:
    if flags & ~1:
        raise LinuxError(E.EINVAL)
    if not task.creds.capable(_CAP_IPC_LOCK):
        limit = task.process.limit(RLIMIT_MEMLOCK)
        if not limit:
            raise LinuxError(E.EPERM)
        locked = sum(v.end - v.start for v in task.mem.vmas if v.locked)
        if locked + align(length) > limit:
            raise LinuxError(E.ENOMEM)
    return _lock(task, address, length, True)


@syscall("munlock")
def munlock(task: Task, address: int, length: int) -> int:
    return _lock(task, address, length, False)


def _lock(task: Task, address: int, length: int, on: bool) -> int:
    space = task.mem
    start = address & ~_MASK
    size = align(length + (address & _MASK))
    end = start + size
    if end < start or end >> 64:
        raise LinuxError(E.EINVAL)
    if end == start:
        return 0
    space.change(start, end, lambda vma: setattr(vma, "locked", on))
    if not space.covered(start, end):
        raise LinuxError(E.ENOMEM)
    return 0


@syscall("mlockall")
def mlockall(task: Task, flags: int) -> int:
    if not flags or flags & ~7 or flags == 4:
        raise LinuxError(E.EINVAL)
    if not task.creds.capable(_CAP_IPC_LOCK):
        limit = task.process.limit(RLIMIT_MEMLOCK)
        if not limit:
            raise LinuxError(E.EPERM)
        if flags & 1 and task.mem.total_pages << SHIFT > limit:
            raise LinuxError(E.ENOMEM)
    if flags & 1:
        for vma in task.mem.vmas:
            vma.locked = True
    task.mem.lock_future = bool(flags & 2)
    return 0


@syscall("munlockall")
def munlockall(task: Task) -> int:
    for vma in task.mem.vmas:
        vma.locked = False
    task.mem.lock_future = False
    return 0


@syscall("remap_file_pages", note="always EINVAL for private mappings; rarely used")
def remap_file_pages(task: Task, start: int, size: int, prot: int, pgoff: int, flags: int) -> int:
    vma = task.mem.find(start & ~_MASK)
    if prot or vma is None or not vma.shared:
        raise LinuxError(E.EINVAL)
    size = align(size)
    if not size or start + size > vma.end:
        raise LinuxError(E.EINVAL)
    base = start & ~_MASK
    moved = Vma(base, base + size, vma.prot, True, vma.backing, vma.file, pgoff << SHIFT, vma.name)
    task.mem.unmap(base, base + size)
    task.mem.insert(moved)
    return 0


@syscall("mseal")
def mseal(task: Task, start: int, length: int, flags: int) -> int:
    """mseal(2) (mm/mseal.c): the range can neither go nor change from now on."""
    space = task.mem
    if flags or start & _MASK:
        raise LinuxError(E.EINVAL)
    size = align(length)
    end = start + size
    if (length and not size) or end >> 64:
        raise LinuxError(E.EINVAL)
    if not size:
        return 0
    if end > space.top or not space.covered(start, end):
        raise LinuxError(E.ENOMEM)
    space.change(start, end, lambda vma: setattr(vma, "sealed", True))
    return 0


@syscall("pkey_alloc", "pkey_free")
def pkey(task: Task, *_args: int) -> int:
    """A CPU without protection keys."""
    if len(_args) == 2 and not _args[0] and not _args[1] & ~3:      # flags, access rights
        raise LinuxError(E.ENOSPC)
    raise LinuxError(E.EINVAL)
