"""Descriptors that refer to processes (pidfd_open(2))."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.pseudo import pseudo
from tracer.vfs.base import O_CLOEXEC, O_RDWR, POLLHUP, POLLIN, POLLRDNORM, File

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.kernel.task import Process, Task
    from tracer.wait import WaitQueue


def find_pidfd(task: Task, fd: int) -> PidFile:
    """The file of a descriptor that refers to a process; EBADF."""
    file = task.files.get(fd)
    if not isinstance(file, PidFile):
        raise LinuxError(E.EBADF)
    return file


class PidFile(File):
    """Readable once the process has ended."""

    __slots__ = ("process",)

    seekable = False

    def __init__(self, process: Process, flags: int = 0) -> None:
        super().__init__(pseudo(process.kernel).anon.root, O_RDWR | flags & ~O_CLOEXEC)
        self.process = process

    def name(self) -> bytes:
        return b"anon_inode:[pidfd]"

    def poll(self) -> int:
        process = self.process
        if process.status is None:
            return 0
        reaped = process.kernel.processes.get(process.pid) is not process
        return POLLIN | POLLRDNORM | (POLLHUP if reaped else 0)

    def waiters(self) -> Sequence[WaitQueue]:
        return (self.process.exit_queue,)
