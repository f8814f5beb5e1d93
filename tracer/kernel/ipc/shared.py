"""System V shared memory segments (shmget(2), ipc/shm.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.ipc.objects import Ipc, IpcObject
from tracer.kernel.task import RLIM_INFINITY, RLIMIT_AS
from tracer.memory.arena import PAGE, SHIFT
from tracer.memory.space import align
from tracer.memory.vma import PROT_EXEC, PROT_READ, PROT_WRITE, Backing, Vma

if TYPE_CHECKING:
    from tracer.kernel.task import Task

# linux/shm.h
SHM_HUGETLB, SHM_NORESERVE = 0o4000, 0o10000
SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC = 0o10000, 0o20000, 0o40000, 0o100000
SHM_DEST, SHM_LOCKED = 0o1000, 0o2000
SHM_LOCK, SHM_UNLOCK, SHM_STAT, SHM_INFO, SHM_STAT_ANY = 11, 12, 13, 14, 15
SHMMIN, SHMMNI = 1, 4096


class Segment(IpcObject):
    """Its pages are a ``Backing`` of which the segment itself is one user."""

    __slots__ = ("atime", "backing", "cpid", "ctime", "dtime", "ipc", "lpid", "size")

    def __init__(self, ipc: Ipc, task: Task, key: int, size: int, flags: int) -> None:
        super().__init__(task, key, flags)
        self.ipc = ipc
        self.size = size
        self.backing = Backing(task.kernel.arena, None, self._freed)
        self.backing.users = 1
        self.cpid = task.tgid
        self.lpid = 0
        self.atime = self.dtime = 0
        self.ctime = ipc.now()

    @property
    def attached(self) -> int:
        """How many mappings there are (shm_nattch)."""
        return self.backing.users - (not self.mode & SHM_DEST)

    def _freed(self) -> None:
        if not self.removed:
            self.ipc.shm.remove(self)

    def destroy(self) -> None:
        """IPC_RMID: gone with the last mapping, nobody finds it by its key any more."""
        if not self.mode & SHM_DEST:
            self.ipc.shm.forget_key(self)
            self.key = 0
            self.mode |= SHM_DEST
            self.backing.release()


def make(ipc: Ipc, task: Task, key: int, size: int, flags: int) -> Segment:
    """A new segment; EINVAL, ENOSPC, ENOMEM."""
    if not SHMMIN <= size <= (1 << 64) - (1 << 24) - 1:
        raise LinuxError(E.EINVAL)
    if len(ipc.shm.objects) >= SHMMNI:
        raise LinuxError(E.ENOSPC)
    if flags & SHM_HUGETLB:
        raise LinuxError(E.ENOMEM)      # there are no huge pages
    if align(size) > task.kernel.arena.limit and not flags & SHM_NORESERVE:
        raise LinuxError(E.ENOMEM)
    return Segment(ipc, task, key, size, flags)


def attach(ipc: Ipc, task: Task, number: int, address: int, flags: int) -> int:
    """shmat(2).  EINVAL, EIDRM, EACCES, ENOMEM."""
    if number < 0:
        raise LinuxError(E.EINVAL)
    if address:
        if address & PAGE - 1:
            if not flags & SHM_RND:
                raise LinuxError(E.EINVAL)
            address &= -PAGE
            if not address and flags & SHM_REMAP:
                raise LinuxError(E.EINVAL)
    elif flags & SHM_REMAP:
        raise LinuxError(E.EINVAL)
    prot, wanted = PROT_READ, 0o444
    if not flags & SHM_RDONLY:
        prot |= PROT_WRITE
        wanted |= 0o222
    if flags & SHM_EXEC:
        prot |= PROT_EXEC
        wanted |= 0o111
    segment = ipc.shm.get(number)
    segment.check(task, wanted)
    space = task.mem
    size = align(segment.size)
    if address:
        if not flags & SHM_REMAP and space.overlapping(address, address + size):
            raise LinuxError(E.EINVAL)
        if address + size > space.top:
            raise LinuxError(E.ENOMEM)
    limit = task.process.limit(RLIMIT_AS)
    if limit != RLIM_INFINITY and (space.total_pages << SHIFT) + size > limit:
        raise LinuxError(E.ENOMEM)
    if size > space.top:
        raise LinuxError(E.ENOMEM)
    if address:
        space.unmap(address, address + size)
    else:
        address = space.free_range(size)
    name = f"/SYSV{segment.key & 0xFFFFFFFF:08x} (deleted)"
    space.insert(Vma(address, address + size, prot, True, segment.backing, name=name))
    segment.atime = ipc.now()
    segment.lpid = task.tgid
    return address


def detach(ipc: Ipc, task: Task, address: int) -> None:
    """shmdt(2): all that is left of the mapping that began at the address.  EINVAL."""
    if address & PAGE - 1:
        raise LinuxError(E.EINVAL)
    space = task.mem
    segments = {segment.backing: segment for segment in ipc.shm.objects.values()}
    found: Segment | None = None
    for vma in space.overlapping(address, space.top):
        backing = vma.backing
        if backing is None or backing not in segments or vma.start - vma.offset != address:
            if found is not None and vma.start >= address + align(found.size):
                break
            continue
        if found is None:
            found = segments[backing]
        elif found.backing is not backing:
            continue
        space.unmap(vma.start, vma.end)
    if found is None:
        raise LinuxError(E.EINVAL)
    found.dtime = ipc.now()
    found.lpid = task.tgid
