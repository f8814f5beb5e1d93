"""What the three kinds of System V objects share: identifiers and permissions (ipc/util.c)."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from sysnames import errno as E
from tracer.errors import LinuxError

if TYPE_CHECKING:
    from tracer.kernel.ipc.messages import Queue
    from tracer.kernel.ipc.mqueue import MqFS
    from tracer.kernel.ipc.semaphores import SemaphoreSet
    from tracer.kernel.ipc.shared import Segment
    from tracer.kernel.kernel import Kernel
    from tracer.kernel.task import Process, Task

# linux/ipc.h
IPC_PRIVATE, IPC_CREAT, IPC_EXCL, IPC_NOWAIT = 0, 0o1000, 0o2000, 0o4000
IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO, IPC_64 = 0, 1, 2, 3, 0x100
MAY_READ, MAY_ALTER = 0o444, 0o222
CAP_IPC_OWNER, CAP_SYS_ADMIN, CAP_SYS_RESOURCE, CAP_IPC_LOCK = 15, 21, 24, 14

_SHIFT, _MOST, _MIN_CYCLE = 15, 32768, 64
_SEQ_MAX = (1 << 31 - _SHIFT) - 1


class IpcObject:
    """One object with its owner and mode (struct kern_ipc_perm)."""

    __slots__ = ("cgid", "cuid", "gid", "id", "key", "mode", "removed", "seq", "uid")

    def __init__(self, task: Task, key: int, mode: int) -> None:
        self.key = key
        self.mode = mode & 0o777
        self.uid = self.cuid = task.creds.euid
        self.gid = self.cgid = task.creds.egid
        self.id = self.seq = 0
        self.removed = False

    def check(self, task: Task, wanted: int) -> None:
        """EACCES unless the task may; wanted: permission bits in any of the three places."""
        creds = task.creds
        wanted |= wanted >> 6 | wanted >> 3
        granted = self.mode
        if creds.euid in (self.uid, self.cuid):
            granted >>= 6
        elif any(g == creds.egid or g in creds.groups for g in (self.gid, self.cgid)):
            granted >>= 3
        if wanted & ~granted & 7 and not creds.capable(CAP_IPC_OWNER):
            raise LinuxError(E.EACCES)

    def check_owner(self, task: Task) -> None:
        """EPERM unless the task may change or remove it."""
        creds = task.creds
        if creds.euid not in (self.uid, self.cuid) and not creds.capable(CAP_SYS_ADMIN):
            raise LinuxError(E.EPERM)

    def change(self, uid: int, gid: int, mode: int) -> None:
        """IPC_SET."""
        self.uid = uid
        self.gid = gid
        self.mode = (self.mode & ~0o777) | (mode & 0o777)


Kind = TypeVar("Kind", bound=IpcObject)


class Ids(Generic[Kind]):
    """The objects of one kind: an identifier is a sequence number and an index."""

    def __init__(self) -> None:
        self.objects: dict[int, Kind] = {}      # by index
        self.keys: dict[int, Kind] = {}
        self.seq = 0
        self._last = -1
        self._next = 0

    def add(self, item: Kind) -> int:
        """Give an object an identifier; ENOSPC."""
        if len(self.objects) >= _MOST:
            raise LinuxError(E.ENOSPC)
        most = min(max(len(self.objects) * 3 // 2, _MIN_CYCLE), _MOST)
        index = next((i for i in (*range(self._next, most), *range(most))
                      if i not in self.objects), None)
        if index is None:
            raise LinuxError(E.ENOSPC)
        if index <= self._last:
            self.seq = self.seq + 1 if self.seq < _SEQ_MAX else 0
        self._last = index
        self._next = index + 1
        item.seq = self.seq
        item.id = self.seq << _SHIFT | index
        self.objects[index] = item
        if item.key != IPC_PRIVATE:
            self.keys[item.key] = item
        return item.id

    def get(self, number: int) -> Kind:
        """The object of an identifier; EINVAL, or EIDRM when another has its place."""
        if number < 0:
            raise LinuxError(E.EINVAL)
        item = self.objects.get(number & _MOST - 1)
        if item is None:
            raise LinuxError(E.EINVAL)
        if item.id != number:
            raise LinuxError(E.EIDRM)
        return item

    def at(self, index: int) -> Kind:
        """By index, for the STAT commands; EINVAL."""
        item = self.objects.get(index) if 0 <= index < _MOST else None
        if item is None:
            raise LinuxError(E.EINVAL)
        return item

    def remove(self, item: Kind) -> None:
        """The identifier is gone."""
        del self.objects[item.id & _MOST - 1]
        self.forget_key(item)
        item.removed = True

    def forget_key(self, item: Kind) -> None:
        """The object cannot be found by its key any more."""
        if self.keys.get(item.key) is item:
            del self.keys[item.key]

    def obtain(self, task: Task, key: int, flags: int, make: Callable[[], Kind],
               check: Callable[[Kind], None]) -> int:
        """What the get calls do: an identifier by key, new or old.

        check: raises when the old object is too small.  ENOENT, EEXIST, EACCES, ENOSPC.
        """
        if key == IPC_PRIVATE:
            return self.add(make())
        found = self.keys.get(key)
        if found is None:
            if not flags & IPC_CREAT:
                raise LinuxError(E.ENOENT)
            return self.add(make())
        if flags & IPC_CREAT and flags & IPC_EXCL:
            raise LinuxError(E.EEXIST)
        check(found)
        found.check(task, flags)
        return found.id

    def last_index(self) -> int:
        """The highest index in use, what the INFO commands return."""
        return max(self.objects, default=0)


class Ipc:
    """The System V objects of one machine."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.shm: Ids[Segment] = Ids()
        self.sem: Ids[SemaphoreSet] = Ids()
        self.msg: Ids[Queue] = Ids()
        self.undo: dict[Process, dict[SemaphoreSet, list[int]]] = {}
        self.mqueues: MqFS | None = None        # POSIX queues, made on first use

    def now(self) -> int:
        """Seconds since the epoch."""
        return self.kernel.clock.realtime() // 10**9

    def exited(self, process: Process) -> None:
        """A process has ended: its semaphore operations with SEM_UNDO are undone."""
        undo = self.undo.pop(process, None)
        if undo:
            for semaphores, adjustments in undo.items():
                semaphores.adjust(adjustments, process.pid)


def ipc(kernel: Kernel) -> Ipc:
    """The objects of this kernel."""
    found: Ipc | None = kernel.ipc
    if found is None:
        found = kernel.ipc = Ipc(kernel)
    return found
