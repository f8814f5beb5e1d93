"""futex(2) in all its operations (kernel/futex/)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel.registry import Blocking, syscall
from tracer.kernel.task import ZOMBIE, Task
from tracer.wait import Wait, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Generator

    from sysnames.layout import Layout

(WAIT, WAKE, FD, REQUEUE, CMP_REQUEUE, WAKE_OP, LOCK_PI, UNLOCK_PI, TRYLOCK_PI, WAIT_BITSET,
 WAKE_BITSET, WAIT_REQUEUE_PI, CMP_REQUEUE_PI, LOCK_PI2) = range(14)
_PRIVATE, _REALTIME = 128, 256
_ANY = 0xFFFFFFFF
_TID, _OWNER_DIED, _WAITERS = 0x3FFFFFFF, 0x40000000, 0x80000000
_TIMED = {WAIT, LOCK_PI, LOCK_PI2, WAIT_BITSET, WAIT_REQUEUE_PI}

Key = tuple[object, int]


class Waiter:
    """One task that waits on a futex.  pi: it waits to own the lock, whose word is at address."""

    __slots__ = ("address", "bitset", "key", "pi", "queue", "task", "woken")

    def __init__(self, task: Task, key: Key, bitset: int, pi: bool = False,
                 address: int = 0) -> None:
        self.address = address
        self.task = task
        self.key = key
        self.bitset = bitset
        self.pi = pi
        self.queue = WaitQueue()
        self.woken = False


def _table(task: Task) -> dict[Key, list[Waiter]]:
    table: dict[Key, list[Waiter]] = task.kernel.futexes
    return table


def _key(task: Task, address: int, access: int = 1, private: bool = False) -> Key:
    """What identifies a futex: the page it lies in when shared, else space and address.

    private: the program promises that it is not shared, so nothing is looked at.
    """
    if address & 3:
        raise LinuxError(E.EINVAL)
    space = task.mem
    if address > space.top - 4:
        raise Fault(address)
    if private:
        return space, address
    vma = space.find(address)
    if vma is None:
        raise Fault(address)
    if vma.shared and vma.backing is not None:
        space.frame_of(address, access)
        return vma.backing, vma.offset + address - vma.start
    return space, address


def _read(task: Task, address: int) -> int:
    return task.mem.read_int(address, 4)


def _wake(table: dict[Key, list[Waiter]], key: Key, count: int, bitset: int = _ANY) -> int:
    waiters = table.get(key)
    if not waiters:
        return 0
    done = 0
    for waiter in list(waiters):
        if done >= count:
            break
        if waiter.bitset & bitset:
            _remove(table, waiter)
            waiter.woken = True
            waiter.queue.wake()
            done += 1
    return done


def _remove(table: dict[Key, list[Waiter]], waiter: Waiter) -> None:
    waiters = table.get(waiter.key)
    if waiters and waiter in waiters:
        waiters.remove(waiter)
        if not waiters:
            del table[waiter.key]


def wake_address(task: Task, address: int, count: int) -> int:
    """FUTEX_WAKE by the kernel itself (clear_child_tid, robust lists)."""
    try:
        key = _key(task, address)
    except LinuxError:
        return 0
    return _wake(_table(task), key, count)


def _deadline(task: Task, op: int, timeout: int, realtime: bool, ts: Layout) -> int | None:
    """The absolute CLOCK_MONOTONIC moment a wait ends at."""
    if not timeout:
        return None
    seconds, nanoseconds = ts.unpack(task.mem.read(timeout, ts.size))[:2]
    if seconds < 0 or not 0 <= nanoseconds < 10**9:
        raise LinuxError(E.EINVAL)
    moment: int = seconds * 10**9 + nanoseconds
    clock = task.kernel.clock
    if op == WAIT:
        return clock.monotonic() + moment
    if realtime:
        return moment - (clock.realtime() - clock.monotonic())
    return moment


@syscall("futex", ts="timespec")
@syscall("futex_time64", ts="timespec64")
def futex(task: Task, address: int, op: int, value: int, timeout: int, address2: int,
          value3: int, *, ts: Layout) -> int | Blocking:
    command = op & ~(_PRIVATE | _REALTIME)
    deadline = None
    if command in _TIMED:
        deadline = _deadline(task, command, timeout, bool(op & _REALTIME) or command == LOCK_PI,
                             ts)
    if op & _REALTIME and command not in (WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2, WAIT):
        raise LinuxError(E.ENOSYS)
    if op & _REALTIME and command == WAIT:
        raise LinuxError(E.ENOSYS)
    if command in (WAIT, WAIT_BITSET):
        return _wait(task, address, value, deadline, _ANY if command == WAIT else value3)
    table = _table(task)
    if command in (WAKE, WAKE_BITSET):
        bitset = _ANY if command == WAKE else value3
        if not bitset:
            raise LinuxError(E.EINVAL)
        return _wake(table, _key(task, address, private=_private(task, address, op)),
                     _count(value), bitset)
    if command in (REQUEUE, CMP_REQUEUE):
        return _requeue(task, address, address2, value, timeout & 0xFFFFFFFF,
                        value3 if command == CMP_REQUEUE else None, False)
    if command == WAKE_OP:
        return _wake_op(task, address, address2, value, timeout & 0xFFFFFFFF, value3)
    if command in (LOCK_PI, LOCK_PI2):
        return _lock_pi(task, address, deadline)
    if command == TRYLOCK_PI:
        return 0 if _acquire(task, address) else _raise(E.EAGAIN)
    if command == UNLOCK_PI:
        return _unlock_pi(task, address)
    if command == WAIT_REQUEUE_PI:
        return _wait_requeue_pi(task, address, value, deadline, address2)
    if command == CMP_REQUEUE_PI:
        return _requeue(task, address, address2, value, timeout & 0xFFFFFFFF, value3, True)
    raise LinuxError(E.ENOSYS)


def _private(task: Task, address: int, flags: int) -> bool:
    """Whether a futex that is called private need not be looked at.  (One in shared memory is
    found by either name here.)"""
    return bool(flags & _PRIVATE) and task.mem.find(address) is None


def _raise(errno: int) -> int:
    raise LinuxError(errno)


def _count(value: int) -> int:
    """A count as int: the kernel wakes at least one."""
    signed = (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000
    return max(signed, 1)


def _wait(task: Task, address: int, value: int, deadline: int | None,
          bitset: int) -> Blocking:
    if not bitset:
        raise LinuxError(E.EINVAL)
    key = _key(task, address)
    if _read(task, address) != value & 0xFFFFFFFF:
        raise LinuxError(E.EAGAIN)
    waiter = Waiter(task, key, bitset)
    _table(task).setdefault(key, []).append(waiter)
    return _waiting(task, waiter, deadline)


def _waiting(task: Task, waiter: Waiter, deadline: int | None) -> Blocking:
    try:
        while True:
            reason = yield Wait((waiter.queue,), deadline)
            if waiter.woken:
                return 0
            if reason == Wait.TIMEOUT:
                raise LinuxError(E.ETIMEDOUT)
            if reason == Wait.SIGNAL:
                if deadline is None:
                    raise LinuxError(E.ERESTARTSYS)
                task.restart = lambda t: _rejoin(t, waiter, deadline)
                raise LinuxError(E.ERESTART_RESTARTBLOCK)
    finally:
        _remove(_table(task), waiter)


def _rejoin(task: Task, waiter: Waiter, deadline: int) -> Blocking:
    """restart_syscall of a wait that a signal without handler interrupted."""
    _table(task).setdefault(waiter.key, []).append(waiter)
    return _waiting(task, waiter, deadline)


def _requeue(task: Task, address: int, address2: int, wake: int, move: int,
             expected: int | None, pi: bool) -> int:
    if wake >> 31 & 1 or move >> 31 & 1:
        raise LinuxError(E.EINVAL)
    if pi and (address == address2 or wake != 1):
        raise LinuxError(E.EINVAL)
    key, key2 = _key(task, address), _key(task, address2, 2 if pi else 1)
    if expected is not None and _read(task, address) != expected & 0xFFFFFFFF:
        raise LinuxError(E.EAGAIN)
    table = _table(task)
    done = 0
    if pi:
        for waiter in list(table.get(key, ())):
            if done >= wake + move:
                break
            _remove(table, waiter)
            waiter.key = key2
            waiter.pi = True
            if not _read(task, address2) & _TID:
                _own(waiter.task, address2)
                waiter.woken = True
                waiter.queue.wake()
            else:
                task.mem.write_int(address2, _read(task, address2) | _WAITERS, 4)
                table.setdefault(key2, []).append(waiter)
            done += 1
        return done
    done = _wake(table, key, wake) if wake else 0
    for waiter in list(table.get(key, ()))[:move]:
        _remove(table, waiter)
        waiter.key = key2
        table.setdefault(key2, []).append(waiter)
        done += 1
    return done


def _wake_op(task: Task, address: int, address2: int, wake: int, wake2: int, code: int) -> int:
    operation, comparison = code >> 28 & 7, code >> 24 & 0xF
    argument = (code >> 12 & 0xFFF ^ 0x800) - 0x800
    against = (code & 0xFFF ^ 0x800) - 0x800
    if code >> 31 & 1:
        if not 0 <= argument < 32:
            argument &= 31
        argument = 1 << argument
    key, key2 = _key(task, address), _key(task, address2, 2)
    old = _read(task, address2)
    results = {0: argument, 1: old + argument, 2: old | argument, 3: old & ~argument,
               4: old ^ argument}
    if operation not in results or comparison > 5:
        raise LinuxError(E.ENOSYS)
    task.mem.write_int(address2, results[operation], 4)
    signed = (old ^ 0x80000000) - 0x80000000
    holds = (signed == against, signed != against, signed < against, signed <= against,
             signed > against, signed >= against)[comparison]
    table = _table(task)
    done = _wake(table, key, _count(wake))
    if holds:
        done += _wake(table, key2, _count(wake2))
    return done


def _own(task: Task, address: int) -> None:
    old = task.mem.read_int(address, 4)
    task.mem.write_int(address, old & (_WAITERS | _OWNER_DIED) | task.own_tid, 4)


def _acquire(task: Task, address: int) -> bool:
    """Take a PI lock if it is free; EDEADLK when the task has it already."""
    key = _key(task, address, 2)
    value = _read(task, address)
    owner = value & _TID
    if not owner:
        rest = value & _OWNER_DIED
        waiters = _WAITERS if _table(task).get(key) else 0
        task.mem.write_int(address, rest | waiters | task.own_tid, 4)
        return True
    if owner == task.own_tid:
        raise LinuxError(E.EDEADLK)
    holder = task.kernel.tasks.get(owner)
    if holder is None or holder.state >= ZOMBIE:
        raise LinuxError(E.ESRCH)
    return False


def _lock_pi(task: Task, address: int, deadline: int | None) -> int | Blocking:
    if _acquire(task, address):
        return 0
    task.mem.write_int(address, _read(task, address) | _WAITERS, 4)
    key = _key(task, address, 2)
    waiter = Waiter(task, key, _ANY, True, address)
    _table(task).setdefault(key, []).append(waiter)
    return _locking(task, waiter, deadline)


def _locking(task: Task, waiter: Waiter, deadline: int | None) -> Blocking:
    try:
        while True:
            reason = yield Wait((waiter.queue,), deadline)
            if waiter.woken:
                return 0
            if reason == Wait.TIMEOUT:
                raise LinuxError(E.ETIMEDOUT)
            if reason == Wait.SIGNAL:
                raise LinuxError(E.ERESTARTNOINTR)
    finally:
        _remove(_table(task), waiter)


def _unlock_pi(task: Task, address: int) -> int:
    value = _read(task, address)
    if value & _TID != task.own_tid:
        raise LinuxError(E.EPERM)
    key = _key(task, address, 2)
    table = _table(task)
    for waiter in table.get(key, ()):
        if waiter.pi:
            _remove(table, waiter)
            more = _WAITERS if table.get(key) else 0
            task.mem.write_int(address, waiter.task.own_tid | more, 4)
            waiter.woken = True
            waiter.queue.wake()
            return 0
        raise LinuxError(E.EINVAL)
    task.mem.write_int(address, 0, 4)
    return 0


def hand_over_owned(task: Task) -> None:
    """The PI locks that an ending task holds go to those who wait (exit_pi_state_list)."""
    table = _table(task)
    for waiters in list(table.values()):
        waiter = next((w for w in waiters if w.pi), None)
        if waiter is None:
            continue
        mem = waiter.task.mem
        try:
            value = mem.read_int(waiter.address, 4)
            if value & _TID not in (0, task.own_tid) or not value & (_TID | _OWNER_DIED):
                continue
            _remove(table, waiter)
            more = _WAITERS if table.get(waiter.key) else 0
            mem.write_int(waiter.address, waiter.task.own_tid | _OWNER_DIED | more, 4)
        except Fault:
            continue
        waiter.woken = True
        waiter.queue.wake()


def _wait_requeue_pi(task: Task, address: int, value: int, deadline: int | None,
                     address2: int) -> Blocking:
    if address == address2:
        raise LinuxError(E.EINVAL)
    key = _key(task, address)
    _key(task, address2, 2)
    if _read(task, address) != value & 0xFFFFFFFF:
        raise LinuxError(E.EAGAIN)
    waiter = Waiter(task, key, _ANY, address=address2)
    _table(task).setdefault(key, []).append(waiter)
    return _locking(task, waiter, deadline)


# -- futex2 -----------------------------------------------------------------------------------
_SIZE_U32, _NUMA, _FLAGS2_PRIVATE = 2, 4, 128


def _check_flags2(flags: int) -> None:
    if flags & ~(3 | _NUMA | 8 | _FLAGS2_PRIVATE):
        raise LinuxError(E.EINVAL)
    if flags & 3 != _SIZE_U32 or flags & (_NUMA | 8):
        raise LinuxError(E.EINVAL)


def _deadline2(task: Task, timeout: int, clock: int, ts: Layout) -> int | None:
    if not timeout:
        return None
    if clock not in (0, 1):
        raise LinuxError(E.EINVAL)
    return _deadline(task, WAIT_BITSET, timeout, clock == 0, ts)


@syscall("futex_wake", note="32-bit futexes only")
def futex_wake(task: Task, address: int, mask: int, count: int, flags: int) -> int:
    _check_flags2(flags)
    if not mask & _ANY:
        raise LinuxError(E.EINVAL)
    key = _key(task, address)
    return _wake(_table(task), key, count, mask & _ANY) if count > 0 else 0


@syscall("futex_wait", ts="timespec64", note="32-bit futexes only")
def futex_wait(task: Task, address: int, value: int, mask: int, flags: int, timeout: int,
               clock: int, *, ts: Layout) -> Blocking:
    _check_flags2(flags)
    if value >> 32 or mask >> 32:
        raise LinuxError(E.EINVAL)
    return _wait(task, address, value, _deadline2(task, timeout, clock, ts), mask)


@syscall("futex_requeue", note="32-bit futexes only")
def futex_requeue(task: Task, waiters: int, flags: int, wake: int, move: int) -> int:
    if flags or not waiters:
        raise LinuxError(E.EINVAL)
    pairs = [_waiter_entry(task, waiters + 24 * i) for i in range(2)]
    for _, _, f in pairs:
        _check_flags2(f)
    return _requeue(task, pairs[0][1], pairs[1][1], wake & 0xFFFFFFFF, move & 0xFFFFFFFF,
                    pairs[0][0], False)


def _waiter_entry(task: Task, address: int) -> tuple[int, int, int]:
    """struct futex_waitv: value, address, flags; EINVAL when the reserved word is set."""
    data = task.mem.read(address, 24)
    value, uaddr = (int.from_bytes(data[i:i + 8], "little") for i in (0, 8))
    if data[20:24] != bytes(4):
        raise LinuxError(E.EINVAL)
    return value, uaddr, int.from_bytes(data[16:20], "little")


@syscall("futex_waitv", ts="timespec64", note="32-bit futexes only")
def futex_waitv(task: Task, waiters: int, count: int, flags: int, timeout: int, clock: int, *,
                ts: Layout) -> Blocking:
    if flags or not 0 < count <= 128 or not waiters:
        raise LinuxError(E.EINVAL)
    deadline = _deadline2(task, timeout, clock, ts)
    made: list[Waiter] = []
    entries = [_waiter_entry(task, waiters + 24 * i) for i in range(count)]
    for _, _, f in entries:
        _check_flags2(f)
    for value, address, _ in entries:
        key = _key(task, address)
        if _read(task, address) != value & _ANY:
            raise LinuxError(E.EAGAIN)
        made.append(Waiter(task, key, _ANY))
    table = _table(task)
    for waiter in made:
        table.setdefault(waiter.key, []).append(waiter)
    return _waiting_many(task, made, deadline)


def _waiting_many(task: Task, made: list[Waiter],
                  deadline: int | None) -> Generator[Wait, int, int]:
    try:
        while True:
            reason = yield Wait([w.queue for w in made], deadline)
            for i, waiter in enumerate(made):
                if waiter.woken:
                    return i
            if reason == Wait.TIMEOUT:
                raise LinuxError(E.ETIMEDOUT)
            if reason == Wait.SIGNAL:
                raise LinuxError(E.ERESTARTSYS)
    finally:
        for waiter in made:
            _remove(_table(task), waiter)


