"""timerfd_create(2), timerfd_settime(2), timerfd_gettime(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import install
from tracer.kernel.pseudo import pseudo
from tracer.kernel.registry import syscall
from tracer.kernel.timerfd import CLOCKS, TimerFile
from tracer.kernel.usertime import read_interval, write_interval
from tracer.vfs.base import O_CLOEXEC, O_NONBLOCK

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Task

CAP_WAKE_ALARM = 35


@syscall("timerfd_create")
def timerfd_create(task: Task, which: int, flags: int) -> int:
    flags = task.abi.open_flags_in(flags)
    if flags & ~(O_CLOEXEC | O_NONBLOCK) or which not in CLOCKS:
        raise LinuxError(E.EINVAL)
    kernel = task.kernel
    file = TimerFile(pseudo(kernel).anon, kernel.clock, which, flags)
    if file.is_alarm and not task.creds.capable(CAP_WAKE_ALARM):
        raise LinuxError(E.EPERM)
    return install(task, file, bool(flags & O_CLOEXEC))


def _find(task: Task, fd: int) -> TimerFile:
    file = task.files.get(fd)
    if not isinstance(file, TimerFile):
        raise LinuxError(E.EINVAL)
    return file


@syscall("timerfd_settime", its="itimerspec")
@syscall("timerfd_settime64", its="itimerspec64")
def timerfd_settime(task: Task, fd: int, flags: int, new: int, old: int, *,
                    its: Layout) -> int:
    interval, value = read_interval(task.mem, new, its)
    if flags & ~3:
        raise LinuxError(E.EINVAL)
    file = _find(task, fd)
    if file.is_alarm and not task.creds.capable(CAP_WAKE_ALARM):
        raise LinuxError(E.EPERM)
    before = file.set(flags, interval, value)
    if old:
        write_interval(task.mem, old, its, *before)
    return 0


@syscall("timerfd_gettime", its="itimerspec")
@syscall("timerfd_gettime64", its="itimerspec64")
def timerfd_gettime(task: Task, fd: int, address: int, *, its: Layout) -> int:
    write_interval(task.mem, address, its, *_find(task, fd).get())
    return 0
