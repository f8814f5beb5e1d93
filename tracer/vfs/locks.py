"""Advisory locks: record locks of fcntl(2) (POSIX and OFD), flock(2), and leases.

Locks belong to an inode.  The owner of a POSIX lock is what the kernel passes for the process
(its descriptor table), the owner of an OFD lock or a flock is the ``File``.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import O_ACCMODE, O_RDONLY, S_IFMT, S_IFREG, File, Inode
from tracer.wait import Wait, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

F_RDLCK, F_WRLCK, F_UNLCK = 0, 1, 2
LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4, 8
OFFSET_MAX = (1 << 63) - 1


class Lock:
    """A lock on the bytes start..end (inclusive; end OFFSET_MAX is "to the end of file").

    kind: F_RDLCK or F_WRLCK.  pid: what F_GETLK reports; -1 for OFD locks.
    """

    __slots__ = ("end", "kind", "owner", "pid", "start")

    def __init__(self, owner: object, pid: int, kind: int, start: int, end: int) -> None:
        self.owner = owner
        self.pid = pid
        self.kind = kind
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Lock({self.pid}, {'RW'[self.kind]}, {self.start}..{self.end})"


class Lease:
    """A lease of F_SETLEASE.  breaking: the kind it must go down to, None while undisturbed."""

    __slots__ = ("breaking", "file", "kind")

    def __init__(self, file: File, kind: int) -> None:
        self.file = file
        self.kind = kind
        self.breaking: int | None = None


class _Locks:
    """Of one inode."""

    __slots__ = ("changed", "flocks", "leases", "records")

    def __init__(self) -> None:
        self.records: list[Lock] = []           # sorted by start
        self.flocks: dict[File, int] = {}       # LOCK_SH or LOCK_EX
        self.leases: list[Lease] = []
        self.changed = WaitQueue()

    def __bool__(self) -> bool:
        return bool(self.records or self.flocks or self.leases or self.changed.waiters)


def record_range(whence_base: int, start: int, length: int) -> tuple[int, int]:
    """(first, last byte) of a struct flock; whence_base: what l_whence stands for.

    EINVAL for what begins before 0, EOVERFLOW beyond the largest offset.
    """
    first = whence_base + start
    if first > OFFSET_MAX:
        raise LinuxError(E.EOVERFLOW)
    if first < 0:
        raise LinuxError(E.EINVAL)
    if length > 0:
        if first + length - 1 > OFFSET_MAX:
            raise LinuxError(E.EOVERFLOW)
        return first, first + length - 1
    if length < 0:
        if first + length < 0:
            raise LinuxError(E.EINVAL)
        return first + length, first - 1
    return first, OFFSET_MAX


class LockTable:
    """All locks of a kernel.  ``if table:`` is a cheap test before a close looks for its own."""

    __slots__ = ("_inodes", "_waiting")

    def __init__(self) -> None:
        self._inodes: dict[Inode, _Locks] = {}
        self._waiting: dict[object, object] = {}    # owner → owner it waits for (POSIX only)

    def __bool__(self) -> bool:
        return bool(self._inodes)

    def _of(self, inode: Inode) -> _Locks:
        found = self._inodes.get(inode)
        if found is None:
            found = self._inodes[inode] = _Locks()
        return found

    def _tidy(self, inode: Inode) -> None:
        if inode in self._inodes and not self._inodes[inode]:
            del self._inodes[inode]

    # -- record locks --------------------------------------------------------------
    def conflict(self, inode: Inode, owner: object, kind: int, start: int,
                 end: int) -> Lock | None:
        """F_GETLK: the first lock of somebody else that stands in the way."""
        locks = self._inodes.get(inode)
        if locks is not None:
            for lock in locks.records:
                if lock.start <= end and start <= lock.end and lock.owner is not owner and (
                        kind == F_WRLCK or lock.kind == F_WRLCK):
                    return lock
        return None

    def set(self, inode: Inode, owner: object, pid: int, kind: int, start: int,
            end: int) -> None:
        """F_SETLK: lock, change or unlock a range of the owner's; EAGAIN on a conflict."""
        if kind != F_UNLCK and self.conflict(inode, owner, kind, start, end) is not None:
            raise LinuxError(E.EAGAIN)
        locks = self._of(inode)
        kept: list[Lock] = []
        for lock in locks.records:
            if lock.owner is not owner or lock.end < start or end < lock.start:
                kept.append(lock)
                continue
            if lock.start < start:
                kept.append(Lock(owner, pid, lock.kind, lock.start, start - 1))
            if lock.end > end:
                kept.append(Lock(owner, pid, lock.kind, end + 1, lock.end))
        if kind != F_UNLCK:
            kept.append(Lock(owner, pid, kind, start, end))
        kept.sort(key=lambda lock: lock.start)
        merged: list[Lock] = []
        last: Lock | None = None        # the owner's latest
        for lock in kept:
            if lock.owner is owner:
                if last is not None and last.kind == lock.kind and last.end + 1 == lock.start:
                    last.end = lock.end
                    continue
                last = lock
            merged.append(lock)
        locks.records = merged
        locks.changed.wake()
        self._tidy(inode)

    def set_wait(self, inode: Inode, owner: object, pid: int, kind: int, start: int,
                 end: int, detect: bool = True) -> Generator[Wait, int, None]:
        """F_SETLKW: wait for the range.  EDEADLK (``detect``: POSIX locks), EINTR by a signal."""
        locks = self._of(inode)
        try:
            while kind != F_UNLCK:
                other = self.conflict(inode, owner, kind, start, end)
                if other is None:
                    break
                if detect:
                    blocker: object | None = other.owner
                    while blocker is not None:
                        if blocker is owner:
                            raise LinuxError(E.EDEADLK)
                        blocker = self._waiting.get(blocker)
                    self._waiting[owner] = other.owner
                if (yield Wait((locks.changed,))) == Wait.SIGNAL:
                    raise LinuxError(E.EINTR)
                self._waiting.pop(owner, None)
                self._inodes.setdefault(inode, locks)
        finally:
            self._waiting.pop(owner, None)
            self._tidy(inode)
        self.set(inode, owner, pid, kind, start, end)

    # -- flock -----------------------------------------------------------------------
    def flock(self, inode: Inode, file: File, operation: int) -> None:
        """LOCK_SH, LOCK_EX or LOCK_UN; EAGAIN on a conflict: wait on ``queue`` unless LOCK_NB.

        A change of kind is not atomic: the old lock is lost even if the new one must wait.
        """
        kind = operation & ~LOCK_NB
        if kind not in (LOCK_SH, LOCK_EX, LOCK_UN):
            raise LinuxError(E.EINVAL)
        locks = self._of(inode)
        if locks.flocks.get(file) == kind:
            return
        if locks.flocks.pop(file, None) is not None:
            locks.changed.wake()
        try:
            if kind != LOCK_UN:
                if locks.flocks and (kind == LOCK_EX or LOCK_EX in locks.flocks.values()):
                    raise LinuxError(E.EAGAIN)
                locks.flocks[file] = kind
        finally:
            self._tidy(inode)

    def queue(self, inode: Inode) -> WaitQueue:
        """Woken when a lock of the inode may have become free."""
        return self._of(inode).changed

    # -- the ends of locks ---------------------------------------------------------------
    def close(self, inode: Inode, owner: object) -> None:
        """A process closes any descriptor of the file: its POSIX locks on it end."""
        locks = self._inodes.get(inode)
        if locks is not None and any(lock.owner is owner for lock in locks.records):
            locks.records = [lock for lock in locks.records if lock.owner is not owner]
            locks.changed.wake()
            self._tidy(inode)

    def release(self, inode: Inode, file: File) -> None:
        """The last descriptor of an open file is closed: its OFD locks, flock, lease end."""
        locks = self._inodes.get(inode)
        if locks is None:
            return
        locks.flocks.pop(file, None)
        locks.leases = [lease for lease in locks.leases if lease.file is not file]
        self.close(inode, file)
        locks.changed.wake()
        self._tidy(inode)

    def locks(self) -> list[tuple[Inode, Lock]]:
        """All record locks, for /proc/locks."""
        return [(inode, lock) for inode, locks in self._inodes.items() for lock in locks.records]

    # -- leases --------------------------------------------------------------------------
    def set_lease(self, inode: Inode, file: File, kind: int, open_files: Iterable[File]) -> None:
        """F_SETLEASE.  open_files: all open files of the inode (also this one).

        EINVAL for other than regular files, EAGAIN when others have it open in a way that
        forbids the lease.
        """
        if inode.mode & S_IFMT != S_IFREG or kind not in (F_RDLCK, F_WRLCK, F_UNLCK):
            raise LinuxError(E.EINVAL)
        locks = self._of(inode)
        mine = next((lease for lease in locks.leases if lease.file is file), None)
        try:
            if kind == F_UNLCK:
                if mine is None:
                    raise LinuxError(E.EAGAIN)
                locks.leases.remove(mine)
                locks.changed.wake()
                return
            files = list(open_files)
            if kind == F_RDLCK and any(f.flags & O_ACCMODE != O_RDONLY for f in files):
                raise LinuxError(E.EAGAIN)
            if kind == F_WRLCK and any(f is not file for f in files):
                raise LinuxError(E.EAGAIN)
            if any(lease is not mine and F_WRLCK in (kind, lease.kind)
                   for lease in locks.leases):
                raise LinuxError(E.EAGAIN)
            if mine is None:
                locks.leases.append(Lease(file, kind))
            else:
                mine.kind, mine.breaking = kind, None
                locks.changed.wake()
        finally:
            self._tidy(inode)

    def get_lease(self, inode: Inode, file: File) -> int:
        """F_GETLEASE: the kind, or what it is being broken to."""
        locks = self._inodes.get(inode)
        for lease in locks.leases if locks is not None else ():
            if lease.file is file:
                return lease.kind if lease.breaking is None else lease.breaking
        return F_UNLCK

    def break_leases(self, inode: Inode, write: bool) -> list[Lease]:
        """Leases that an open (for writing, or truncation) conflicts with.

        They are marked; the caller signals their holders once and waits on ``queue`` until this
        returns nothing, or removes them with ``end_lease`` when lease-break-time is over.
        """
        locks = self._inodes.get(inode)
        found = []
        for lease in locks.leases if locks is not None else ():
            if write or lease.kind == F_WRLCK:
                goal = F_UNLCK if write else F_RDLCK
                lease.breaking = goal if lease.breaking is None else max(lease.breaking, goal)
                found.append(lease)
        return found

    def end_lease(self, inode: Inode, lease: Lease) -> None:
        """Break by force: down to what was asked for."""
        locks = self._of(inode)
        if lease in locks.leases:
            if lease.breaking == F_RDLCK:
                lease.kind, lease.breaking = F_RDLCK, None
            else:
                locks.leases.remove(lease)
            locks.changed.wake()
        self._tidy(inode)
