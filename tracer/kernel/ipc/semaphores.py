"""System V semaphores (semop(2), ipc/sem.c).

As in the kernel, whoever changes a set also finishes the operations of those who sleep on it,
in the order in which they came.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.ipc.objects import IPC_NOWAIT, MAY_ALTER, MAY_READ, Ipc, IpcObject
from tracer.wait import Wait, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Process, Task

    Operation = tuple[int, int, int]        # sem_num, sem_op, sem_flg

SEM_UNDO = 0x1000
GETPID, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL = range(11, 18)
SEM_STAT, SEM_INFO, SEM_STAT_ANY = 18, 19, 20
SEMMNI, SEMMSL, SEMOPM, SEMVMX, SEMAEM = 32000, 32000, 500, 32767, 32767
SEMMNS = SEMMNI * SEMMSL


class Sleeper:
    """Operations that wait.  result: None, 0, or an errno."""

    __slots__ = ("blocks", "operations", "process", "queue", "result")

    def __init__(self, process: Process, operations: Sequence[Operation],
                 blocks: Operation) -> None:
        self.process = process
        self.operations = operations
        self.blocks = blocks            # the first operation that cannot go on
        self.queue = WaitQueue()
        self.result: int | None = None


class SemaphoreSet(IpcObject):
    """values and pids of the semaphores, and who sleeps."""

    __slots__ = ("ctime", "ipc", "otime", "pids", "sleepers", "values")

    def __init__(self, ipc: Ipc, task: Task, key: int, count: int, flags: int) -> None:
        super().__init__(task, key, flags)
        self.ipc = ipc
        self.values = [0] * count
        self.pids = [0] * count
        self.sleepers: list[Sleeper] = []
        self.otime = 0
        self.ctime = ipc.now()

    def _undo(self, process: Process) -> list[int]:
        sets = self.ipc.undo.setdefault(process, {})
        return sets.setdefault(self, [0] * len(self.values))

    def attempt(self, process: Process, operations: Sequence[Operation]) -> Operation | None:
        """Do all operations or none.  The one that has to wait, None when all are done.

        EAGAIN (IPC_NOWAIT), ERANGE.
        """
        values = list(self.values)
        undo: dict[int, int] = {}
        for operation in operations:
            number, change, flags = operation
            new = values[number] + change
            if (not change and values[number]) or new < 0:
                if flags & IPC_NOWAIT:
                    raise LinuxError(E.EAGAIN)
                return operation
            if new > SEMVMX:
                raise LinuxError(E.ERANGE)
            if flags & SEM_UNDO and change:
                before = undo.get(number)
                if before is None:
                    before = self._undo(process)[number]
                after = before - change
                if not -SEMAEM - 1 <= after <= SEMAEM:
                    raise LinuxError(E.ERANGE)
                undo[number] = after
            values[number] = new
        self.values = values
        for number, _, _ in operations:
            self.pids[number] = process.pid
        if undo:
            adjustments = self._undo(process)
            for number, value in undo.items():
                adjustments[number] = value
        return None

    def settle(self) -> None:
        """Finish what others wait for, after a change."""
        again = True
        while again:
            again = False
            for sleeper in list(self.sleepers):
                try:
                    blocks = self.attempt(sleeper.process, sleeper.operations)
                except LinuxError as error:
                    self._finish(sleeper, error.errno)
                    continue
                if blocks is not None:
                    sleeper.blocks = blocks
                    continue
                self.otime = self.ipc.now()
                self._finish(sleeper, 0)
                if any(change for _, change, _ in sleeper.operations):
                    again = True
                    break

    def _finish(self, sleeper: Sleeper, result: int) -> None:
        sleeper.result = result
        self.sleepers.remove(sleeper)
        sleeper.queue.wake()

    def waiting(self, number: int, zero: bool) -> int:
        """GETNCNT, GETZCNT: who waits for a semaphore to grow, or to be zero."""
        return sum(s.blocks[0] == number and (s.blocks[1] == 0) == zero for s in self.sleepers)

    def adjust(self, adjustments: list[int], pid: int) -> None:
        """Undo a process's operations at its end."""
        if self.removed:
            return
        for number, change in enumerate(adjustments):
            if change:
                self.values[number] = min(max(self.values[number] + change, 0), SEMVMX)
                self.pids[number] = pid
        self.otime = self.ipc.now()
        self.settle()

    def set(self, number: int, value: int, pid: int) -> None:
        """SETVAL: also forgets what would be undone."""
        self.values[number] = value
        self.pids[number] = pid
        for sets in self.ipc.undo.values():
            if self in sets:
                sets[self][number] = 0
        self.ctime = self.ipc.now()
        self.settle()

    def set_all(self, values: Sequence[int], pid: int) -> None:
        """SETALL."""
        self.values = list(values)
        self.pids = [pid] * len(values)
        for sets in self.ipc.undo.values():
            sets.pop(self, None)
        self.ctime = self.ipc.now()
        self.settle()

    def destroy(self) -> None:
        """IPC_RMID: those who sleep get EIDRM."""
        self.ipc.sem.remove(self)
        for sets in self.ipc.undo.values():
            sets.pop(self, None)
        for sleeper in list(self.sleepers):
            self._finish(sleeper, E.EIDRM)


def make(ipc: Ipc, task: Task, key: int, count: int, flags: int) -> SemaphoreSet:
    """A new set; EINVAL, ENOSPC."""
    if not count:
        raise LinuxError(E.EINVAL)
    used = sum(len(s.values) for s in ipc.sem.objects.values())
    if used + count > SEMMNS or len(ipc.sem.objects) >= SEMMNI:
        raise LinuxError(E.ENOSPC)
    return SemaphoreSet(ipc, task, key, count, flags)


def operate(ipc: Ipc, task: Task, number: int, operations: Sequence[Operation],
            timeout: int | None) -> Result:
    """semtimedop(2) with nanoseconds.  EINVAL, EIDRM, EFBIG, EACCES, EAGAIN, ERANGE, EINTR."""
    semaphores = ipc.sem.get(number)
    if max(n for n, _, _ in operations) >= len(semaphores.values):
        raise LinuxError(E.EFBIG)
    alters = any(change for _, change, _ in operations)
    semaphores.check(task, MAY_ALTER if alters else MAY_READ)
    blocks = semaphores.attempt(task.process, operations)
    if blocks is None:
        semaphores.otime = ipc.now()
        if alters:
            semaphores.settle()
        return 0
    return _sleep(semaphores, task, operations, blocks, timeout)


def _sleep(semaphores: SemaphoreSet, task: Task, operations: Sequence[Operation],
           blocks: Operation, timeout: int | None) -> Blocking:
    sleeper = Sleeper(task.process, operations, blocks)
    semaphores.sleepers.append(sleeper)
    deadline = None if timeout is None else task.kernel.clock.monotonic() + timeout
    try:
        while True:
            reason = yield Wait((sleeper.queue,), deadline)
            if sleeper.result is not None:
                if sleeper.result:
                    raise LinuxError(sleeper.result)
                return 0
            if reason == Wait.SIGNAL:
                raise LinuxError(E.EINTR)
            if reason == Wait.TIMEOUT:
                raise LinuxError(E.EAGAIN)
    finally:
        if sleeper.result is None and sleeper in semaphores.sleepers:
            semaphores.sleepers.remove(sleeper)
