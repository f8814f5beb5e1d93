"""unshare and setns (unshare(2), setns(2))."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.process import (
    CLONE_FILES,
    CLONE_FS,
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWTIME,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    CLONE_SIGHAND,
    CLONE_SYSVSEM,
    CLONE_THREAD,
    CLONE_VM,
)
from tracer.kernel.registry import syscall

if TYPE_CHECKING:
    from tracer.kernel.task import Task

_CAP_SYS_ADMIN = 21
_MISSING = (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET
            | CLONE_NEWTIME)
_KNOWN = (_MISSING | CLONE_NEWPID | CLONE_NEWUSER | CLONE_THREAD | CLONE_FS | CLONE_SIGHAND
          | CLONE_VM | CLONE_FILES | CLONE_SYSVSEM)


@syscall("unshare", note="only PID and user namespaces")
def unshare(task: Task, flags: int) -> int:
    if flags & ~_KNOWN:
        raise LinuxError(E.EINVAL)
    process = task.process
    if flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWUSER) \
            and sum(1 for _ in process.living()) > 1:
        raise LinuxError(E.EINVAL)
    if flags & _MISSING:
        raise LinuxError(E.EPERM)
    if flags & CLONE_NEWPID:
        if not flags & CLONE_NEWUSER and not task.creds.capable(_CAP_SYS_ADMIN):
            raise LinuxError(E.EPERM)
        if task.child_pid_space is not process.pid_space:
            raise LinuxError(E.EINVAL)
        from tracer.kernel.namespaces import make_pid_space
        task.child_pid_space = make_pid_space(
            task.kernel, process.pid_space, bool(flags & CLONE_NEWUSER))
    if flags & CLONE_NEWUSER:
        from tracer.kernel.namespaces import new_ino
        process.user_ino = new_ino(task.kernel)
    if flags & (CLONE_FS | CLONE_NEWUSER) and task.fs.users > 1:
        task.fs.users -= 1
        task.fs = task.fs.copy()
    if flags & CLONE_FILES and task.files.users > 1:
        task.files.users -= 1
        task.files = task.files.copy()
    return 0


@syscall("setns", note="only PID namespaces")
def setns(task: Task, fd: int, nstype: int) -> int:
    from tracer.kernel.namespaces import TYPES, NsFile
    file = task.files.get(fd)
    if not isinstance(file, NsFile) or nstype not in (0, TYPES[file.inode.kind]):
        raise LinuxError(E.EINVAL)
    if not task.creds.capable(_CAP_SYS_ADMIN):
        raise LinuxError(E.EPERM)
    if file.inode.kind == "user":
        raise LinuxError(E.EINVAL)
    if file.inode.kind == "pid":
        own, wanted = task.process.pid_space, file.inode.space
        space = wanted
        while space is not own:
            if space is None:
                raise LinuxError(E.EINVAL)      # neither the caller's nor below it
            space = space.parent
        task.child_pid_space = wanted
    return 0
