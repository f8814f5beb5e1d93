"""Scheduling: policies, priorities, CPU affinity, I/O priorities (sched(7)).

Policies and priorities are kept and checked, but the scheduler takes turns regardless of them.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import CAP_SYS_ADMIN, CAP_SYS_NICE
from tracer.kernel.calls.sessions import find_task
from tracer.kernel.clockids import TICK
from tracer.kernel.registry import syscall
from tracer.kernel.task import RLIMIT_NICE, RLIMIT_RTPRIO, ZOMBIE
from tracer.kernel.usertime import write_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sysnames.layout import Layout
    from tracer.kernel.task import Task

NORMAL, FIFO, RR, BATCH, IDLE, DEADLINE = 0, 1, 2, 3, 5, 6
_REALTIME = frozenset((FIFO, RR))
_FAIR = frozenset((NORMAL, BATCH))
_POLICIES = frozenset((NORMAL, FIFO, RR, BATCH, IDLE, DEADLINE))
RESET_ON_FORK = 0x40000000
_FLAG_RESET_ON_FORK, _FLAG_KEEP_POLICY, _FLAG_KEEP_PARAMS = 1, 8, 16
_FLAG_ALL = 0x7F
_SIZE_VER0, _SIZE_VER1 = 48, 56
_PAGE = 4096
_RR_SLICE = 100_000_000
_FAIR_SLICE = 3_000_000 // TICK * TICK or TICK


@syscall("sched_yield")
def sched_yield(task: Task) -> int:
    task.kernel.yield_now()
    return 0


def _find(task: Task, pid: int) -> Task:
    """Raises EINVAL for a negative id, ESRCH."""
    if pid < 0:
        raise LinuxError(E.EINVAL)
    return find_task(task, pid)


def _owner(task: Task, other: Task) -> bool:
    """check_same_owner: the caller acts as the other's user."""
    return task.creds.euid in (other.creds.euid, other.creds.uid)


def _can_nice(other: Task, nice: int) -> bool:
    """Whether RLIMIT_NICE allows a nice value: the limit is 20 - nice."""
    return 20 - nice <= other.process.limits.get(RLIMIT_NICE, (0, 0))[0]


# -- policies ------------------------------------------------------------------------------------
def _change(task: Task, other: Task, policy: int, priority: int, flags: int,
            nice: int | None = None) -> int:
    """__sched_setscheduler.  policy: -1 keeps it; nice: None keeps it."""
    old_policy, old_priority = other.policy
    was_reset = bool(other.settings.get(RESET_ON_FORK))
    if policy < 0:
        policy, reset = old_policy, was_reset
    else:
        reset = bool(flags & _FLAG_RESET_ON_FORK)
        if policy not in _POLICIES:
            raise LinuxError(E.EINVAL)
    if flags & ~_FLAG_ALL or not 0 <= priority <= 99:
        raise LinuxError(E.EINVAL)
    if policy == DEADLINE or (policy in _REALTIME) != (priority != 0):
        raise LinuxError(E.EINVAL)      # no call here carries a deadline's parameters
    limit = other.process.limits.get(RLIMIT_RTPRIO, (0, 0))[0]
    new_nice = other.nice if nice is None else nice
    if not task.creds.capable(CAP_SYS_NICE) and (
            (policy in _FAIR and new_nice < other.nice and not _can_nice(other, new_nice))
            or (policy in _REALTIME and ((policy != old_policy and not limit)
                                         or (priority > old_priority and priority > limit)))
            or (old_policy == IDLE and policy != IDLE and not _can_nice(other, other.nice))
            or not _owner(task, other) or (was_reset and not reset)):
        raise LinuxError(E.EPERM)
    other.policy = policy, priority
    if policy in _FAIR:
        other.nice = new_nice
    other.settings[RESET_ON_FORK] = int(reset)
    return 0


@syscall("sched_setscheduler", param="sched_param")
def sched_setscheduler(task: Task, pid: int, policy: int, address: int, *,
                       param: Layout) -> int:
    if policy < 0:
        raise LinuxError(E.EINVAL)
    return _set_param(task, pid, policy, address, param)


@syscall("sched_setparam", param="sched_param")
def sched_setparam(task: Task, pid: int, address: int, *, param: Layout) -> int:
    return _set_param(task, pid, -1, address, param)


def _set_param(task: Task, pid: int, policy: int, address: int, param: Layout) -> int:
    if not address or pid < 0:
        raise LinuxError(E.EINVAL)
    priority = int(param.unpack(task.mem.read(address, param.size))[0])
    flags = 0
    if policy >= 0 and policy & RESET_ON_FORK:
        policy &= ~RESET_ON_FORK
        flags = _FLAG_RESET_ON_FORK
    return _change(task, find_task(task, pid), policy, priority, flags)


@syscall("sched_getscheduler")
def sched_getscheduler(task: Task, pid: int) -> int:
    other = _find(task, pid)
    return other.policy[0] | RESET_ON_FORK * other.settings.get(RESET_ON_FORK, 0)


@syscall("sched_getparam", param="sched_param")
def sched_getparam(task: Task, pid: int, address: int, *, param: Layout) -> int:
    if not address:
        raise LinuxError(E.EINVAL)
    task.mem.write(address, param.pack(_find(task, pid).policy[1]))
    return 0


@syscall("sched_setattr", attr="sched_attr", note="not SCHED_DEADLINE")
def sched_setattr(task: Task, pid: int, address: int, flags: int, *, attr: Layout) -> int:
    if not address or pid < 0 or flags:
        raise LinuxError(E.EINVAL)
    mem = task.mem
    size = mem.read_int(address, 4) or _SIZE_VER0
    known = size if _SIZE_VER0 <= size <= _PAGE else 0
    data = mem.read(address, known)
    if not known or any(data[attr.size:]):
        mem.write_int(address, attr.size, 4)
        raise LinuxError(E.E2BIG)
    values = attr.unpack_dict(data[:attr.size].ljust(attr.size, b"\0"))
    sched_flags = int(values["sched_flags"])
    if sched_flags & 0x60 and size < _SIZE_VER1:
        raise LinuxError(E.EINVAL)
    policy = int(values["sched_policy"])
    if policy >> 31:
        raise LinuxError(E.EINVAL)
    if sched_flags & _FLAG_KEEP_POLICY:
        policy = -1
    other = find_task(task, pid)
    nice: int | None = max(-20, min(int(values["sched_nice"]), 19))
    priority = int(values["sched_priority"])
    if sched_flags & _FLAG_KEEP_PARAMS:
        nice, priority = None, other.policy[1]
    return _change(task, other, policy, priority, sched_flags, nice)


@syscall("sched_getattr", attr="sched_attr")
def sched_getattr(task: Task, pid: int, address: int, size: int, flags: int, *,
                  attr: Layout) -> int:
    size &= 0xFFFFFFFF
    if not address or not _SIZE_VER0 <= size <= _PAGE or flags:
        raise LinuxError(E.EINVAL)
    other = _find(task, pid)
    policy, priority = other.policy
    size = min(size, attr.size)
    values = {"size": size, "sched_policy": policy,
              "sched_flags": other.settings.get(RESET_ON_FORK, 0), "sched_util_max": 1024}
    if policy in _REALTIME:
        values["sched_priority"] = priority
    else:
        values["sched_nice"] = other.nice
        values["sched_runtime"] = _FAIR_SLICE if policy != IDLE else 0
    task.mem.write(address, attr.pack_dict(values)[:size])
    return 0


@syscall("sched_get_priority_max")
def sched_get_priority_max(task: Task, policy: int) -> int:
    if policy not in _POLICIES:
        raise LinuxError(E.EINVAL)
    return 99 if policy in _REALTIME else 0


@syscall("sched_get_priority_min")
def sched_get_priority_min(task: Task, policy: int) -> int:
    if policy not in _POLICIES:
        raise LinuxError(E.EINVAL)
    return 1 if policy in _REALTIME else 0


@syscall("sched_rr_get_interval", ts="timespec")
@syscall("sched_rr_get_interval_time64", ts="timespec64")
def sched_rr_get_interval(task: Task, pid: int, address: int, *, ts: Layout) -> int:
    policy = _find(task, pid).policy[0]
    value = {RR: _RR_SLICE, FIFO: 0}.get(policy, _FAIR_SLICE)
    write_time(task.mem, address, ts, value)
    return 0


# -- affinity ------------------------------------------------------------------------------------
@syscall("sched_setaffinity", word="long_word")
def sched_setaffinity(task: Task, pid: int, size: int, address: int, *, word: Layout) -> int:
    mask = int.from_bytes(task.mem.read(address, min(size, 8)), "little")
    other = find_task(task, pid)
    if not _owner(task, other) and not task.creds.capable(CAP_SYS_NICE):
        raise LinuxError(E.EPERM)
    mask &= (1 << task.kernel.cpus) - 1
    if not mask:
        raise LinuxError(E.EINVAL)
    other.affinity = mask
    return 0


@syscall("sched_getaffinity", word="long_word")
def sched_getaffinity(task: Task, pid: int, size: int, address: int, *, word: Layout) -> int:
    cpus = task.kernel.cpus
    if size * 8 & 0xFFFFFFFF < cpus or size % word.size:
        raise LinuxError(E.EINVAL)
    other = find_task(task, pid)
    mask = (1 << cpus) - 1 if other.affinity is None else other.affinity
    length = min(size, task.abi.cpumask)
    task.mem.write(address, mask.to_bytes(length, "little"))
    return length


@syscall("getcpu")
def getcpu(task: Task, cpu: int, node: int, _unused: int) -> int:
    if cpu:
        task.mem.write_int(cpu, 0, 4)
    if node:
        task.mem.write_int(node, 0, 4)
    return 0


# -- nice values and I/O priorities --------------------------------------------------------------
@syscall("nice")
def nice(task: Task, increment: int) -> int:
    increment = max(-40, min(increment, 40))
    value = max(-20, min(task.nice + increment, 19))
    if increment < 0 and not _can_nice(task, value) and not task.creds.capable(CAP_SYS_NICE):
        raise LinuxError(E.EPERM)
    task.nice = value
    return 0


def _chosen(task: Task, kind: int, who: int) -> Iterator[Task]:
    """The living threads that a call is about.  kind: 0 a thread, 1 a process group, 2 a user."""
    tasks = task.kernel.tasks
    if kind == 0:
        found = tasks.get(who) if who else task
        if found is not None and found.state < ZOMBIE:
            yield found
    elif kind == 1:
        group = who or task.process.pgid
        yield from (t for t in list(tasks.values())
                    if t.process.pgid == group and t.state < ZOMBIE)
    else:
        uid = (who & 0xFFFFFFFF) or task.creds.uid
        yield from (t for t in list(tasks.values()) if t.creds.uid == uid and t.state < ZOMBIE)


@syscall("getpriority")
def getpriority(task: Task, which: int, who: int) -> int:
    """20 minus the lowest nice value, so that it is no error number."""
    if not 0 <= which <= 2:
        raise LinuxError(E.EINVAL)
    found = [20 - t.nice for t in _chosen(task, which, who)]
    if not found:
        raise LinuxError(E.ESRCH)
    return max(found)


@syscall("setpriority")
def setpriority(task: Task, which: int, who: int, value: int) -> int:
    if not 0 <= which <= 2:
        raise LinuxError(E.EINVAL)
    value = max(-20, min(value, 19))
    error = E.ESRCH
    capable = task.creds.capable(CAP_SYS_NICE)
    for other in _chosen(task, which, who):
        if not capable and task.creds.euid not in (other.creds.uid, other.creds.euid):
            error = E.EPERM
        elif value < other.nice and not _can_nice(other, value) and not capable:
            error = E.EACCES
        else:
            if error == E.ESRCH:
                error = 0
            other.nice = value
    if error:
        raise LinuxError(error)
    return 0


_IO_NONE, _IO_REALTIME, _IO_BEST_EFFORT, _IO_IDLE = range(4)
_IOPRIO_WHO_PROCESS = 1
_IO_DEFAULT = _IO_BEST_EFFORT << 13 | 4


def check_io_priority(task: Task, priority: int) -> None:
    """ioprio_check_cap: EPERM, EINVAL for an IOPRIO_PRIO_VALUE that the caller may not use."""
    kind, level = priority >> 13 & 7, priority & 7
    if kind == _IO_REALTIME and not (task.creds.capable(CAP_SYS_ADMIN)
                                     or task.creds.capable(CAP_SYS_NICE)):
        raise LinuxError(E.EPERM)
    if kind > _IO_IDLE or (kind == _IO_NONE and level):
        raise LinuxError(E.EINVAL)


@syscall("ioprio_set")
def ioprio_set(task: Task, which: int, who: int, priority: int) -> int:
    check_io_priority(task, priority)
    if not 1 <= which <= 3:
        raise LinuxError(E.EINVAL)
    found = False
    for other in _chosen(task, which - 1, who):
        found = True
        if task.creds.uid not in (other.creds.euid, other.creds.uid) \
                and not task.creds.capable(CAP_SYS_NICE):
            raise LinuxError(E.EPERM)
        other.io_priority = priority
    if not found:
        raise LinuxError(E.ESRCH)
    return 0


@syscall("ioprio_get")
def ioprio_get(task: Task, which: int, who: int) -> int:
    """The highest priority (the lowest number) of those asked for; of one task what was set for
    it, if that is nothing (Linux 6.0)."""
    if not 1 <= which <= 3:
        raise LinuxError(E.EINVAL)
    found = [t.io_priority if which == _IOPRIO_WHO_PROCESS else _io_priority(t)
             for t in _chosen(task, which - 1, who)]
    if not found:
        raise LinuxError(E.ESRCH)
    return min(found)


def _io_priority(task: Task) -> int:
    """A task without one of its own has that of its nice value."""
    if task.io_priority >> 13 & 7 != _IO_NONE:
        return task.io_priority
    policy = task.policy[0]
    kind = _IO_IDLE if policy == IDLE else _IO_REALTIME if policy in _REALTIME \
        else _IO_BEST_EFFORT
    return kind << 13 | (task.nice + 20) // 5
