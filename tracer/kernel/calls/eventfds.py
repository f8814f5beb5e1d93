"""eventfd(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import install
from tracer.kernel.registry import syscall
from tracer.vfs.base import O_CLOEXEC, O_NONBLOCK

if TYPE_CHECKING:
    from tracer.kernel.task import Task

EFD_SEMAPHORE = 1       # linux/eventfd.h; EFD_CLOEXEC and EFD_NONBLOCK are O_*


@syscall("eventfd2")
def eventfd2(task: Task, count: int, flags: int) -> int:
    """eventfd2(2)."""
    if flags & ~(O_CLOEXEC | O_NONBLOCK | EFD_SEMAPHORE):
        raise LinuxError(E.EINVAL)
    from tracer.kernel.pseudo import pseudo
    from tracer.vfs.eventfd import EventFile
    file = EventFile(pseudo(task.kernel).anon, count, flags)
    return install(task, file, bool(flags & O_CLOEXEC))


@syscall("eventfd")
def eventfd(task: Task, count: int) -> int:
    """eventfd(2)."""
    return eventfd2(task, count, 0)
