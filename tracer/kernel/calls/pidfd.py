"""What is done through a descriptor of a process: pidfd_open(2), pidfd_getfd(2),
process_madvise(2), process_mrelease(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import CAP_SYS_NICE, install
from tracer.kernel.calls.memory import advise
from tracer.kernel.calls.readwrite import import_iovec
from tracer.kernel.calls.threads import may_access
from tracer.kernel.pidfd import PidFile, find_pidfd
from tracer.kernel.registry import syscall
from tracer.kernel.task import RLIMIT_NOFILE
from tracer.vfs.base import O_EXCL, O_NONBLOCK

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Process, Task

_PIDFD_NONBLOCK, _PIDFD_THREAD = O_NONBLOCK, O_EXCL     # linux/pidfd.h
# MADV_WILLNEED, COLD, PAGEOUT, COLLAPSE: what may be advised to another process
_FOR_OTHERS = frozenset((3, 20, 21, 25))


def _find(task: Task, fd: int) -> Process:
    """The process of a pidfd that was not reaped; EBADF, ESRCH."""
    process = find_pidfd(task, fd).process
    if task.kernel.processes.get(process.pid) is not process:
        raise LinuxError(E.ESRCH)
    return process


@syscall("pidfd_open")
def pidfd_open(task: Task, pid: int, flags: int) -> int:
    if flags & ~(_PIDFD_NONBLOCK | _PIDFD_THREAD):
        raise LinuxError(E.EINVAL)
    if pid <= 0:
        raise LinuxError(E.EINVAL)
    process = task.kernel.processes.get(pid)
    if process is None:
        raise LinuxError(E.ENOENT if pid in task.kernel.tasks else E.ESRCH)
    return install(task, PidFile(process, flags & _PIDFD_NONBLOCK), True)


@syscall("pidfd_getfd")
def pidfd_getfd(task: Task, pidfd: int, target: int, flags: int) -> int:
    if flags:
        raise LinuxError(E.EINVAL)
    process = _find(task, pidfd)
    if process.status is not None:
        raise LinuxError(E.ESRCH)
    leader = process.tasks[0]
    if not may_access(task, leader):
        raise LinuxError(E.EPERM)
    found = leader.files.get_any(target)
    fd = task.files.lowest(0, task.process.limit(RLIMIT_NOFILE))
    task.files.put(fd, found, True)
    return fd


@syscall("process_madvise", iovec="iovec")
def process_madvise(task: Task, pidfd: int, vec: int, vlen: int, advice: int, flags: int, *,
                    iovec: Layout) -> int:
    """process_madvise(2) (mm/madvise.c): the bytes advised before the first bad range count."""
    if flags:
        raise LinuxError(E.EINVAL)
    ranges = import_iovec(task, vec, vlen, iovec)
    process = _find(task, pidfd)
    if process is not task.process and advice not in _FOR_OTHERS:
        raise LinuxError(E.EINVAL)
    if process.status is not None:
        raise LinuxError(E.ESRCH)
    leader = process.tasks[0]
    if not may_access(task, leader):
        raise LinuxError(E.EPERM)
    if process is not task.process and not task.creds.capable(CAP_SYS_NICE):
        raise LinuxError(E.EPERM)
    done = 0
    for address, length in ranges:
        try:
            advise(leader, address, length, advice)
        except LinuxError:
            if not done:
                raise
            break
        done += length
    return done


@syscall("process_mrelease")
def process_mrelease(task: Task, pidfd: int, flags: int) -> int:
    """process_mrelease(2) (mm/oom_kill.c): a process that was killed gives its memory back at
    once here, so there is never any left to take."""
    if flags:
        raise LinuxError(E.EINVAL)
    process = _find(task, pidfd)
    if process.status is not None:
        raise LinuxError(E.ESRCH)
    if not process.exiting:
        raise LinuxError(E.EINVAL)
    return 0
