"""The inodes of /proc and what opening them gives: texts, memory, links and directories."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import (
    O_ACCMODE,
    O_APPEND,
    O_NONBLOCK,
    S_IFDIR,
    S_IFLNK,
    S_IFREG,
    Attr,
    File,
    Inode,
    fill_attr,
)
from tracer.vfs.memfs import DirFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from tracer.vfs.namespace import Location
    from tracer.vfs.procfs import ProcFS
    from tracer.vfs.procinfo import Process


class _Node(Inode):
    __slots__ = ("key",)

    fs: ProcFS

    def __init__(self, fs: ProcFS, key: bytes, mode: int, uid: int = 0, gid: int = 0) -> None:
        super().__init__(fs, fs.number(key), mode, uid, gid)
        self.key = key

    def getattr(self) -> Attr:
        return fill_attr(self, blksize=1024, nlink=2 if self.mode & S_IFDIR else 1,
                         time=self.fs.now())


class ProcText(_Node):
    """A file whose text is made when it is opened; ``store`` gets what is written."""

    __slots__ = ("make", "store")

    def __init__(self, fs: ProcFS, key: bytes, mode: int, make: Callable[[], bytes],
                 store: Callable[[bytes], None] | None = None, uid: int = 0,
                 gid: int = 0) -> None:
        super().__init__(fs, key, S_IFREG | mode, uid, gid)
        self.make = make
        self.store = store

    def open(self, flags: int, task: Any = None) -> File:
        return TextFile(self, flags)

    def truncate(self, size: int) -> None:
        """O_TRUNC is accepted."""


class TextFile(File):
    """An open text of /proc or /sys."""

    __slots__ = ("node", "text")

    def __init__(self, inode: ProcText, flags: int) -> None:
        super().__init__(inode, flags & (O_ACCMODE | O_NONBLOCK | O_APPEND))
        self.node = inode
        self.text: bytes | None = None

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        at = self.pos if pos is None else pos
        if self.text is None or at == 0:
            self.text = self.node.make()
        total = 0
        for view in views:
            part = self.text[at + total:at + total + len(view)]
            view[:len(part)] = part
            total += len(part)
        if pos is None:
            self.pos = at + total
        return total

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        if self.node.store is None:
            raise LinuxError(E.EACCES)
        data = b"".join(views)
        self.node.store(data)
        if pos is None:
            self.pos += len(data)
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        if whence == 1:
            offset += self.pos
        elif whence != 0:
            raise LinuxError(E.EINVAL)
        if offset < 0:
            raise LinuxError(E.EINVAL)
        self.pos = offset
        return offset


class ProcMemory(_Node):
    """/proc/PID/mem."""

    __slots__ = ("process",)

    def __init__(self, fs: ProcFS, key: bytes, process: Callable[[], Process], uid: int,
                 gid: int) -> None:
        super().__init__(fs, key, S_IFREG | 0o600, uid, gid)
        self.process = process

    def open(self, flags: int, task: Any = None) -> File:
        return MemoryFile(self, flags)

    def truncate(self, size: int) -> None:
        """O_TRUNC is accepted."""


class MemoryFile(File):
    """A process's memory; positions are addresses.  EIO where there is none."""

    __slots__ = ("process",)

    def __init__(self, inode: ProcMemory, flags: int) -> None:
        super().__init__(inode, flags & (O_ACCMODE | O_NONBLOCK | O_APPEND))
        self.process = inode.process

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        at = self.pos if pos is None else pos
        data = self.process().peek(at, sum(map(len, views)))
        if not data and any(map(len, views)):
            raise LinuxError(E.EIO)
        done = 0
        for view in views:
            part = data[done:done + len(view)]
            view[:len(part)] = part
            done += len(part)
        if pos is None:
            self.pos += done
        return done

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        at = self.pos if pos is None else pos
        data = b"".join(views)
        done = self.process().poke(at, data)
        if not done and data:
            raise LinuxError(E.EIO)
        if pos is None:
            self.pos += done
        return done

    def seek(self, offset: int, whence: int) -> int:
        if whence == 1:
            offset += self.pos
        elif whence != 0:
            raise LinuxError(E.EINVAL)
        self.pos = offset
        return offset


class ProcLink(_Node):
    """A link; magic when ``goal`` gives a location."""

    __slots__ = ("goal", "text")

    def __init__(self, fs: ProcFS, key: bytes, text: Callable[[], bytes],
                 goal: Callable[[], Location | None] | None = None, mode: int = 0o777,
                 uid: int = 0, gid: int = 0) -> None:
        super().__init__(fs, key, S_IFLNK | mode, uid, gid)
        self.text = text
        self.goal = goal

    def readlink(self) -> bytes:
        return self.text()

    def getattr(self) -> Attr:
        attr = super().getattr()
        attr.size = 64 if self.goal is not None else 0
        return attr

    def follow(self, task: Any) -> Location | None:
        if self.goal is None:
            return None
        found = self.goal()
        if found is None:
            raise LinuxError(E.ENOENT)
        return found


class ProcDir(_Node):
    """A directory: ``find`` gives the child of a name, ``list`` names and types."""

    __slots__ = ("find", "list")

    def __init__(self, fs: ProcFS, key: bytes, find: Callable[[bytes], Inode | None],
                 names: Callable[[], Sequence[tuple[bytes, int]]], mode: int = 0o555,
                 uid: int = 0, gid: int = 0) -> None:
        super().__init__(fs, key, S_IFDIR | mode, uid, gid)
        self.find = find
        self.list = names

    def lookup(self, name: bytes) -> Inode:
        found = self.find(name)
        if found is None:
            raise LinuxError(E.ENOENT)
        return found

    def create(self, name: bytes, mode: int, uid: int, gid: int, rdev: int = 0) -> Inode:
        raise LinuxError(E.ENOENT)

    def unlink(self, name: bytes) -> None:
        raise LinuxError(E.EPERM)

    def rmdir(self, name: bytes) -> None:
        raise LinuxError(E.EPERM)

    def readdir(self) -> Sequence[tuple[bytes, int, int]]:
        number, prefix = self.fs.number, self.key + b"/" if self.key else b""
        return [(name, number(prefix + name), kind) for name, kind in self.list()]

    def open(self, flags: int, task: Any = None) -> File:
        return DirFile(self, flags)
