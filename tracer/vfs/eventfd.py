"""Inodes without a directory (anon_inode), and eventfd(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import (
    O_NONBLOCK,
    O_RDWR,
    POLLERR,
    POLLIN,
    POLLOUT,
    Attr,
    File,
    FileSystem,
    Inode,
    fill_attr,
)
from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from collections.abc import Sequence

ANON_INODE_MAGIC = 0x09041934
EFD_SEMAPHORE = 1
_MAX = (1 << 64) - 1


class AnonInode(Inode):
    """The one inode that eventfds, epolls, timerfds ... share."""

    __slots__ = ()

    def getattr(self) -> Attr:
        return fill_attr(self)


class AnonFS(FileSystem):
    """anon_inodefs."""

    __slots__ = ()

    def __init__(self, dev: int, ino: int = 1) -> None:
        super().__init__("anon_inodefs", ANON_INODE_MAGIC, dev)
        self.root = AnonInode(self, ino, 0o600)


class EventFile(File):
    """An eventfd: a 64-bit counter."""

    __slots__ = ("changed", "count", "semaphore")

    seekable = False
    seeks_nowhere = True

    def __init__(self, fs: AnonFS, count: int, flags: int) -> None:
        """flags: O_NONBLOCK, EFD_SEMAPHORE."""
        super().__init__(fs.root, O_RDWR | flags & O_NONBLOCK)
        self.count = count
        self.semaphore = bool(flags & EFD_SEMAPHORE)
        self.changed = WaitQueue()

    def name(self) -> bytes:
        return b"anon_inode:[eventfd]"

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        if pos is not None:
            raise LinuxError(E.ESPIPE)
        if sum(map(len, views)) < 8:
            raise LinuxError(E.EINVAL)
        if not self.count:
            raise LinuxError(E.EAGAIN)
        value = 1 if self.semaphore else self.count
        self.count -= value
        data = value.to_bytes(8, "little")
        for view in views:
            view[:len(data)] = data[:len(view)]
            data = data[len(view):]
        self.changed.wake()
        return 8

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        if pos is not None:
            raise LinuxError(E.ESPIPE)
        data = b"".join(views)[:8]
        if len(data) < 8:
            raise LinuxError(E.EINVAL)
        value = int.from_bytes(data, "little")
        if value == _MAX:
            raise LinuxError(E.EINVAL)
        if self.count + value >= _MAX:
            raise LinuxError(E.EAGAIN)
        self.count += value
        self.changed.wake()
        return 8

    def signal(self) -> None:
        """Count one event of the kernel's own."""
        self.count = min(self.count + 1, _MAX)
        self.changed.wake()

    def poll(self) -> int:
        mask = 0
        if self.count:
            mask |= POLLIN
        if self.count == _MAX:
            mask |= POLLERR
        if self.count < _MAX - 1:
            mask |= POLLOUT
        return mask

    def waiters(self) -> Sequence[WaitQueue]:
        return (self.changed,)
