"""Process ids, process groups and sessions (credentials(7))."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.registry import syscall
from tracer.kernel.task import ZOMBIE

if TYPE_CHECKING:
    from tracer.kernel.task import Process, Task


@syscall("getpid")
def getpid(task: Task) -> int:
    return task.process.pid


@syscall("gettid")
def gettid(task: Task) -> int:
    return task.pid


@syscall("getppid")
def getppid(task: Task) -> int:
    parent = task.process.parent
    return parent.pid if parent is not None else task.process.outside_parent


def find_process(task: Task, pid: int) -> Process:
    """The process of any of its thread ids; 0 is the caller's.  Raises ESRCH."""
    if not pid:
        return task.process
    kernel = task.kernel
    process = kernel.processes.get(pid)
    if process is not None:
        return process
    thread = kernel.tasks.get(pid)
    if thread is None or thread.state > ZOMBIE:
        raise LinuxError(E.ESRCH)
    return thread.process


def find_task(task: Task, pid: int) -> Task:
    """The thread with that id; 0 is the caller.  Raises ESRCH."""
    if not pid:
        return task
    found = task.kernel.tasks.get(pid)
    if found is None or found.state > ZOMBIE:
        raise LinuxError(E.ESRCH)
    return found


@syscall("getpgrp")
def getpgrp(task: Task) -> int:
    return task.process.pgid


@syscall("getpgid")
def getpgid(task: Task, pid: int) -> int:
    return find_process(task, pid).pgid


@syscall("getsid")
def getsid(task: Task, pid: int) -> int:
    return find_process(task, pid).sid


@syscall("setpgid")
def setpgid(task: Task, pid: int, pgid: int) -> int:
    caller = task.process
    pid = pid or caller.pid
    pgid = pgid or pid
    if pgid < 0:
        raise LinuxError(E.EINVAL)
    kernel = task.kernel
    process = kernel.processes.get(pid)
    if process is None:
        if pid in kernel.tasks:         # a thread that is not a leader
            raise LinuxError(E.EINVAL)
        raise LinuxError(E.ESRCH)
    if process.parent is caller:
        if process.sid != caller.sid:
            raise LinuxError(E.EPERM)
        if process.did_exec:
            raise LinuxError(E.EACCES)
    elif process is not caller:
        raise LinuxError(E.ESRCH)
    if process.sid == process.pid:      # a session leader
        raise LinuxError(E.EPERM)
    if pgid not in (pid, kernel.first_parent if caller.sid == kernel.first_parent else 0) \
            and not any(p.pgid == pgid and p.sid == caller.sid for p in kernel.processes.values()):
        raise LinuxError(E.EPERM)
    process.pgid = pgid
    return 0


@syscall("setsid")
def setsid(task: Task) -> int:
    process = task.process
    pid = process.pid
    if process.sid == pid or any(p.pgid == pid for p in task.kernel.processes.values()):
        raise LinuxError(E.EPERM)
    process.sid = process.pgid = pid
    process.tty = None
    return pid
