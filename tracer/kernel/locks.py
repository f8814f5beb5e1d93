"""File locks: record locks of fcntl(2), of processes and of open files, and flock(2).

Locks belong to an inode.  A record lock's owner is a descriptor table (locks of a process) or an
open file (OFD locks); a flock's owner is an open file.  Ranges are [start, end], inclusive.
"""
from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from typing import Any

    from tracer.vfs.base import File, Inode

F_RDLCK, F_WRLCK, F_UNLCK = 0, 1, 2
OFFSET_MAX = (1 << 63) - 1


class Lock:
    """One lock.  pid: as F_GETLK tells it, -1 for OFD locks."""

    __slots__ = ("end", "owner", "pid", "start", "type")

    def __init__(self, owner: Any, pid: int, type_: int, start: int, end: int) -> None:
        self.owner = owner
        self.pid = pid
        self.type = type_
        self.start = start
        self.end = end


class InodeLocks:
    """The locks of one inode."""

    __slots__ = ("breaking", "changed", "flocks", "leases", "records", "waiting")

    def __init__(self) -> None:
        self.records: list[Lock] = []
        self.flocks: dict[File, int] = {}
        self.leases: dict[File, int] = {}
        self.breaking: dict[File, int] = {}     # lease that must go → what may be left of it
        self.changed = WaitQueue()
        self.waiting: dict[Any, Lock] = {}      # who waits → for what (deadlocks)

    def conflict(self, owner: Any, type_: int, start: int, end: int) -> Lock | None:
        """The first record lock of another owner that excludes this one."""
        for lock in self.records:
            if lock.owner is not owner and lock.start <= end and start <= lock.end and (
                    type_ == F_WRLCK or lock.type == F_WRLCK):
                return lock
        return None

    def set(self, owner: Any, pid: int, type_: int, start: int, end: int) -> None:
        """Replace what the owner has in the range; locks that meet become one."""
        kept: list[Lock] = []
        for lock in self.records:
            if lock.owner is not owner or lock.end < start or lock.start > end:
                if lock.owner is owner and lock.type == type_ and (
                        lock.end + 1 == start or end + 1 == lock.start):
                    start, end = min(start, lock.start), max(end, lock.end)
                else:
                    kept.append(lock)
            elif lock.type == type_:
                start, end = min(start, lock.start), max(end, lock.end)
            else:
                if lock.start < start:
                    kept.append(Lock(owner, lock.pid, lock.type, lock.start, start - 1))
                if lock.end > end:
                    kept.append(Lock(owner, lock.pid, lock.type, end + 1, lock.end))
        if type_ != F_UNLCK:
            kept.append(Lock(owner, pid, type_, start, end))
        kept.sort(key=lambda lock: lock.start)
        self.records = kept
        self.changed.wake()

    def flock_conflict(self, file: File, exclusive: bool) -> bool:
        """Whether another open file's flock excludes this one."""
        return any(other is not file and (exclusive or held == F_WRLCK)
                   for other, held in self.flocks.items())


# Open files that hold locks: their end must be told to ``release``.
FILES: set[File] = set()
# Open files with leases → the descriptor by which they were asked for.
LEASES: dict[File, int] = {}
_locks: WeakKeyDictionary[Inode, InodeLocks] = WeakKeyDictionary()


def of(inode: Inode) -> InodeLocks:
    """The locks of an inode, made on first use."""
    found = _locks.get(inode)
    if found is None:
        found = _locks[inode] = InodeLocks()
    return found


def release(inode: Inode | None, owner: Any) -> None:
    """An owner gives up all its locks of an inode: a close by a process that has record locks,
    or the end of an open file."""
    locks = _locks.get(inode) if inode is not None else None
    if locks is None:
        return
    records = [lock for lock in locks.records if lock.owner is not owner]
    changed = len(records) != len(locks.records)
    locks.records = records
    changed |= locks.flocks.pop(owner, None) is not None
    changed |= drop_lease(locks, owner)
    if changed:
        locks.changed.wake()


def drop_lease(locks: InodeLocks, file: File) -> bool:
    """Give up a lease; whether there was one."""
    if locks.leases.pop(file, None) is None:
        return False
    locks.breaking.pop(file, None)
    LEASES.pop(file, None)
    return True


def would_deadlock(owner: Any, blocker: Lock) -> bool:
    """Whether the owner of ``blocker`` waits, directly or not, for ``owner``."""
    waiting = {who: lock for locks in _locks.values() for who, lock in locks.waiting.items()}
    seen = 0
    holder = blocker.owner
    while seen < 10:            # as deep as the kernel looks
        if holder is owner:
            return True
        lock = waiting.get(holder)
        if lock is None:
            return False
        holder = lock.owner
        seen += 1
    return False
