"""The file systems of what has no path: pipes, anonymous inodes, memfds.  Made on first use."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.vfs.base import makedev

if TYPE_CHECKING:
    from tracer.kernel.kernel import Kernel
    from tracer.vfs.eventfd import AnonFS
    from tracer.vfs.memfs import MemFS
    from tracer.vfs.pipe import PipeFS


_PIPE = 1 << 14             # bytes of memory for which there may be a pipe


class Pseudo:
    """One machine's.  The device numbers are anonymous ones (major 0), as in Linux."""

    __slots__ = ("_anon", "_kernel", "_pipe", "_shm")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._pipe: PipeFS | None = None
        self._anon: AnonFS | None = None
        self._shm: MemFS | None = None

    @property
    def pipe(self) -> PipeFS:
        """pipefs."""
        if self._pipe is None:
            from tracer.vfs.pipe import PipeFS
            self._pipe = PipeFS(makedev(0, 14), self._kernel.clock.realtime,
                                limit=self._kernel.memory_total // _PIPE)
        return self._pipe

    @property
    def anon(self) -> AnonFS:
        """anon_inodefs: eventfd, epoll, inotify, timerfd, signalfd."""
        if self._anon is None:
            from tracer.vfs.eventfd import AnonFS
            self._anon = AnonFS(makedev(0, 15), 2000)
        return self._anon

    @property
    def shm(self) -> MemFS:
        """The kernel's own tmpfs: memfd_create, shared anonymous memory."""
        if self._shm is None:
            from tracer.vfs.memfs import MemFS
            self._shm = MemFS(makedev(0, 1), self._kernel.clock.realtime,
                              limit=self._kernel.memory_total >> 12)
        return self._shm


def pseudo(kernel: Kernel) -> Pseudo:
    """Those of this kernel."""
    found: Pseudo | None = kernel.pseudo
    if found is None:
        found = kernel.pseudo = Pseudo(kernel)
    return found
