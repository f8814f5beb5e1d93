"""Resource limits and use: getrlimit(2), prlimit(2), getrusage(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.sessions import find_task
from tracer.kernel.cputime import process_times, task_times
from tracer.kernel.registry import syscall
from tracer.kernel.task import RLIM_INFINITY, RLIMIT_NOFILE
from tracer.kernel.usertime import SECOND

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Process, Task

CAP_SYS_RESOURCE = 24
RLIM_NLIMITS = 16
NR_OPEN = 1024 * 1024               # /proc/sys/fs/nr_open
RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD = 0, -1, 1


def get_limit(process: Process, which: int) -> tuple[int, int]:
    """Soft and hard limit."""
    return process.limits.get(which, (RLIM_INFINITY, RLIM_INFINITY))


def _check(resource: int) -> None:
    if resource >= RLIM_NLIMITS:
        raise LinuxError(E.EINVAL)


def _set(caller: Task, process: Process, resource: int, soft: int, hard: int) -> None:
    """do_prlimit: raising the hard limit takes CAP_SYS_RESOURCE."""
    _check(resource)
    if soft > hard:
        raise LinuxError(E.EINVAL)
    if resource == RLIMIT_NOFILE and hard > NR_OPEN:
        raise LinuxError(E.EPERM)
    if hard > get_limit(process, resource)[1] and not caller.creds.capable(CAP_SYS_RESOURCE):
        raise LinuxError(E.EPERM)
    process.limits[resource] = soft, hard


def _clamp(value: int, size: int, top: int) -> int:
    """A limit as an unsigned long of that size, at most ``top``."""
    return min(value, top) if size < 8 else value


@syscall("ugetrlimit", rlimit="rlimit")
def ugetrlimit(task: Task, resource: int, address: int, *, rlimit: Layout) -> int:
    _check(resource)
    half = rlimit.size // 2
    soft, hard = get_limit(task.process, resource)
    task.mem.write(address, rlimit.pack(_clamp(soft, half, 0xFFFFFFFF),
                                        _clamp(hard, half, 0xFFFFFFFF)))
    return 0


@syscall("getrlimit", rlimit="rlimit")
def getrlimit(task: Task, resource: int, address: int, *, rlimit: Layout) -> int:
    """On 32-bit ABIs the old call, whose infinity is 0x7fffffff."""
    _check(resource)
    half = rlimit.size // 2
    soft, hard = get_limit(task.process, resource)
    task.mem.write(address, rlimit.pack(_clamp(soft, half, 0x7FFFFFFF),
                                        _clamp(hard, half, 0x7FFFFFFF)))
    return 0


@syscall("setrlimit", rlimit="rlimit")
def setrlimit(task: Task, resource: int, address: int, *, rlimit: Layout) -> int:
    soft, hard = map(int, rlimit.unpack(task.mem.read(address, rlimit.size)))
    if rlimit.size == 8:
        soft = RLIM_INFINITY if soft == 0xFFFFFFFF else soft
        hard = RLIM_INFINITY if hard == 0xFFFFFFFF else hard
    _set(task, task.process, resource, soft, hard)
    return 0


@syscall("prlimit64", rlimit="rlimit64")
def prlimit64(task: Task, pid: int, resource: int, new: int, old: int, *,
              rlimit: Layout) -> int:
    if new:
        soft, hard = map(int, rlimit.unpack(task.mem.read(new, rlimit.size)))
    other = find_task(task, pid)
    if other is not task:
        mine, its = task.creds, other.creds
        same = (mine.uid == its.euid == its.suid == its.uid
                and mine.gid == its.egid == its.sgid == its.gid)
        if not same and not mine.capable(CAP_SYS_RESOURCE):
            raise LinuxError(E.EPERM)
    _check(resource)
    before = get_limit(other.process, resource)
    if new:
        _set(task, other.process, resource, soft, hard)
    if old:
        task.mem.write(old, rlimit.pack(*before))
    return 0


@syscall("getrusage", rusage="rusage")
def getrusage(task: Task, who: int, address: int, *, rusage: Layout) -> int:
    process = task.process
    if who == RUSAGE_SELF:
        user, system = process_times(process)
    elif who == RUSAGE_CHILDREN:
        user, system = process.children_user, process.children_system
    elif who == RUSAGE_THREAD:
        user, system = task_times(task)
    else:
        raise LinuxError(E.EINVAL)
    resident = 0 if who == RUSAGE_CHILDREN else len(task.mem.table) * 4
    task.mem.write(address, pack_rusage(rusage, user, system, resident))
    return 0


def pack_rusage(rusage: Layout, user: int, system: int, resident: int = 0) -> bytes:
    """A struct rusage.  Times in nanoseconds, ``resident`` (ru_maxrss) in KiB."""
    values = [user // SECOND, user % SECOND // 1000, system // SECOND, system % SECOND // 1000,
              resident]
    return rusage.pack(*values, *[0] * (len(rusage.values) - len(values)))
