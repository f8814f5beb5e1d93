"""ptrace(2), as programs find it that are being traced: no one else can trace them."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.sessions import find_task
from tracer.kernel.registry import syscall

if TYPE_CHECKING:
    from tracer.kernel.task import Task

TRACEME, ATTACH, SEIZE = 0, 16, 0x4206
_OPTIONS = 0x3000FF                 # PTRACE_O_MASK


@syscall("ptrace", note="every process counts as traced by pytrace")
def ptrace(task: Task, request: int, pid: int, address: int, data: int) -> int:
    if request == TRACEME:
        raise LinuxError(E.EPERM)
    if pid <= 0:
        raise LinuxError(E.ESRCH)
    find_task(task, pid)
    if request == SEIZE and (address or data & ~_OPTIONS):
        raise LinuxError(E.EIO)
    if request in (ATTACH, SEIZE):
        raise LinuxError(E.EPERM)
    raise LinuxError(E.ESRCH)           # not a process that the caller traces
