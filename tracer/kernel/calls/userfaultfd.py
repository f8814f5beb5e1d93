"""userfaultfd(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import install
from tracer.kernel.pseudo import pseudo
from tracer.kernel.registry import syscall
from tracer.kernel.userfaultfd import UserfaultFile
from tracer.vfs.base import O_CLOEXEC, O_NONBLOCK

if TYPE_CHECKING:
    from tracer.kernel.task import Task

USER_MODE_ONLY = 1
CAP_SYS_PTRACE = 19


@syscall("userfaultfd", note="missing pages of private anonymous memory; no events of fork, mremap")
def userfaultfd(task: Task, flags: int) -> int:
    if not flags & USER_MODE_ONLY and not task.creds.capable(CAP_SYS_PTRACE):
        raise LinuxError(E.EPERM)
    given = task.abi.open_flags_in(flags & ~USER_MODE_ONLY)
    if given & ~(O_CLOEXEC | O_NONBLOCK):
        raise LinuxError(E.EINVAL)
    file = UserfaultFile(pseudo(task.kernel).anon, task.mem, given)
    return install(task, file, bool(given & O_CLOEXEC))
