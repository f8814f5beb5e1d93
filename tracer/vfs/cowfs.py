"""A directory of the host in the sandbox: read from the host, written in memory (``cow``) or
through (``rw``), the same on every machine.

Inodes are made when a name is looked up or listed, and numbered in that order; listings are
sorted; owner, modes (but for the executable bit), link counts of directories and times do not
come from the host.  Symlinks are shown, never followed here: the walk resolves them within
the guest's tree.  FIFOs, sockets and devices of the host are shown and give ENXIO.
Changes that others make on the host while pytrace runs may or may not be seen.
"""
from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import (
    O_ACCMODE,
    O_RDONLY,
    PAGE,
    S_IFDIR,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
    ST_RDONLY,
    Attr,
    File,
    Inode,
)
from tracer.vfs.content import MAX_BYTES, Content
from tracer.vfs.hostdir import HostContent, HostDir
from tracer.vfs.hosterror import linux_error
from tracer.vfs.memfs import MemDir, MemFS, MemInode, MemLink, MemNode, MemRegular
from tracer.vfs.names import RENAME_EXCHANGE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from tracer.vfs.content import Budget

OVERLAYFS_MAGIC = 0x794C7630
_ALL_EXECUTABLE = os.name == "nt"      # where the host has no such bit


class CowRegular(MemRegular):
    """A regular file over one of the host."""

    __slots__ = ("below", "shared")

    def __init__(self, fs: CowFS, mode: int, lower: HostContent, size: int, shared: bool) -> None:
        super().__init__(fs, mode)
        self.content = Content(fs.budget, lower, size)
        self.below = size           # of the host's file when it was found
        self.shared = shared        # the host file has other names, perhaps unseen yet

    def open(self, flags: int, task: Any = None) -> File:
        lower = self.content.lower
        if lower is not None and not self.content.pages and self.content.size:
            assert isinstance(lower, HostContent)
            lower.fd()              # EACCES now, not when it is read
        return super().open(flags, task)

    def changed(self) -> bool:
        """Whether it was written or truncated."""
        content = self.content
        return bool(content.pages) or content.size != self.below or \
            content.lower_size != self.below

    def unlinked(self) -> None:
        if self.shared:
            self.nlink -= 1
            self.ctime = self.fs.now()
        else:
            super().unlinked()

    def closed(self) -> None:
        if self.shared:
            self.opened -= 1
        else:
            super().closed()


class CowSpecial(MemNode):
    """A FIFO, socket or device of the host: there to be seen, not to be opened."""

    __slots__ = ()

    def open(self, flags: int, task: Any = None) -> File:
        raise LinuxError(E.ENXIO)


class CowDir(MemDir):
    """A directory over one of the host (``lower`` None: made by the guest).

    ``entries`` has what was looked up; None hides a name of the host.
    """

    __slots__ = ("complete", "lower")

    fs: CowFS

    def __init__(self, fs: CowFS, mode: int, uid: int = 0, gid: int = 0,
                 parent: MemDir | None = None, lower: HostDir | None = None) -> None:
        super().__init__(fs, mode, uid, gid, parent)
        self.lower = lower
        self.complete = lower is None

    def getattr(self) -> Attr:
        attr = super().getattr()
        attr.nlink = min(self.nlink, 1)     # "unknown", as btrfs and overlayfs have it
        return attr

    def size_blocks(self) -> tuple[int, int]:
        return PAGE, PAGE // 512

    def find(self, name: bytes) -> MemInode | None:
        try:
            return self.entries[name]
        except KeyError:
            if self.complete:
                return None
        assert self.lower is not None
        try:
            st = self.lower.stat(name)
        except LinuxError as error:
            if error.errno in (E.ENOENT, E.EINVAL):
                return None
            raise
        inode = self.entries[name] = self.fs.materialise(self.lower, name, st)
        if isinstance(inode, MemDir):
            inode.parent = self
            self.nlink += 1
        return inode

    def all(self) -> list[tuple[bytes, MemInode]]:
        if not self.complete:
            assert self.lower is not None
            for name in self.lower.names():
                if name not in self.entries:
                    self.find(name)
            self.complete = True
        return super().all()

    def take_out(self, name: bytes, inode: MemInode) -> None:
        super().take_out(name, inode)
        if not self.complete:
            self.entries[name] = None


class RwContent(Content):
    """Content that is the host file's: there are no pages in memory."""

    __slots__ = ("file",)

    def __init__(self, budget: Budget, lower: HostContent, size: int) -> None:
        super().__init__(budget, lower, size)
        self.file = lower

    def write(self, views: Sequence[memoryview], pos: int) -> int:
        total = 0
        if pos + sum(map(len, views)) > MAX_BYTES:
            raise LinuxError(E.EFBIG)
        for view in views:
            if len(view):
                self.file.write_from(view, pos)
                pos += len(view)
                total += len(view)
        self.size = self.lower_size = max(self.size, pos) if total else self.size
        return total

    def truncate(self, size: int) -> None:
        if size > MAX_BYTES:
            raise LinuxError(E.EFBIG)
        self.file.truncate(size)
        self.size = self.lower_size = size

    def punch(self, pos: int, length: int) -> None:
        length = min(length, self.size - pos)
        if length > 1 << 26:
            raise LinuxError(E.EOPNOTSUPP)      # zeros are written; the caller may do without
        while length > 0:
            size = min(length, 1 << 16)
            self.write([memoryview(bytes(size))], pos)
            pos += size
            length -= size

    def reserve(self, pos: int, length: int) -> None:
        if pos + length > self.size:
            self.truncate(pos + length)

    def clear(self) -> None:
        pass


class RwRegular(CowRegular):
    """A regular file that is written through to the host."""

    __slots__ = ()

    content: RwContent

    def __init__(self, fs: CowFS, mode: int, lower: HostContent, size: int, shared: bool) -> None:
        super().__init__(fs, mode, lower, size, shared)
        self.content = RwContent(fs.budget, lower, size)

    def open(self, flags: int, task: Any = None) -> File:
        file = self.content.file
        if flags & O_ACCMODE != O_RDONLY:
            file.need_write()
        file.pin(1)
        return super().open(flags, task)

    def closed(self) -> None:
        self.content.file.pin(-1)
        super().closed()

    def changed(self) -> bool:
        return self.mtime != self.btime or super().changed()

    def truncate(self, size: int) -> None:
        self.content.file.need_write()
        super().truncate(size)

    def setattr(self, **changes: int) -> None:
        """Permissions that change and explicit times reach the host; owners do not.

        The guest does not see the host's permissions: what it leaves as it is must stay so there.
        Nor may it take pytrace's own rights away.
        """
        before = self.mode
        super().setattr(**changes)
        try:
            if "mode" in changes and hasattr(os, "fchmod"):
                fd = self.content.file.fd()
                taken, given = before & ~self.mode & 0o177, self.mode & ~before & 0o777
                os.fchmod(fd, os.fstat(fd).st_mode & 0o7777 & ~taken | given)
            if ("atime" in changes or "mtime" in changes) and os.utime in os.supports_fd:
                os.utime(self.content.file.fd(), ns=(self.atime, self.mtime))
        except OSError as error:
            raise linux_error(error) from None


class RwDir(CowDir):
    """A directory whose files, directories, links and their names are the host's.

    Nodes (FIFOs, sockets, devices) that the guest makes stay in memory.
    """

    __slots__ = ()

    def _adopt(self, name: bytes, uid: int, gid: int, mode: int) -> MemInode:
        assert self.lower is not None
        inode = self.fs.materialise(self.lower, name, self.lower.stat(name))
        inode.uid, inode.gid = uid, gid
        if inode.mode & S_IFMT != S_IFLNK:
            inode.mode = inode.mode & S_IFMT | mode & 0o7777
        inode.atime = inode.mtime = inode.ctime = inode.btime = self.fs.now()
        self.add(name, inode)
        return inode

    def create(self, name: bytes, mode: int, uid: int, gid: int, rdev: int = 0) -> Inode:
        self._alive()
        assert self.lower is not None
        kind = mode & S_IFMT
        if kind == S_IFDIR:
            self.lower.call(os.mkdir, name, mode & 0o777 | 0o700)
        elif kind == S_IFREG:
            os.close(self.lower.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY,
                                     mode & 0o777 | 0o600))
        else:
            return super().create(name, mode, uid, gid, rdev)
        return self._adopt(name, uid, gid, mode)

    def tmpfile(self, mode: int, uid: int, gid: int) -> Inode:
        raise LinuxError(E.EOPNOTSUPP)

    def symlink(self, name: bytes, target: bytes, uid: int, gid: int) -> Inode:
        self._alive()
        assert self.lower is not None
        self.lower.call(_symlink, name, target)
        return self._adopt(name, uid, gid, 0o777)

    def link(self, name: bytes, inode: Inode) -> None:
        self._alive()
        if inode.fs is not self.fs:
            raise LinuxError(E.EXDEV)
        assert self.lower is not None
        if isinstance(inode, RwRegular):
            file = inode.content.file
            two_directories(os.link, file.directory, file.name, self.lower, name,
                            follow_symlinks=False)
            inode.shared = True
            self.fs.linked[file.identity] = inode
        elif not isinstance(inode, MemNode) or isinstance(inode, CowSpecial):
            directory, known = next((d, n) for d, n, i in self.fs.walk_known() if i is inode)
            assert directory.lower is not None
            two_directories(os.link, directory.lower, known, self.lower, name,
                            follow_symlinks=False)
        super().link(name, inode)

    def unlink(self, name: bytes) -> None:
        inode = self.find(name)
        assert self.lower is not None
        if inode is None:
            raise LinuxError(E.ENOENT)
        if not isinstance(inode, MemNode) or isinstance(inode, CowSpecial):
            self.lower.call(os.unlink, name)
        super().unlink(name)
        if isinstance(inode, RwRegular) and inode.nlink > 0:
            self._rename_lower(inode)

    def _rename_lower(self, inode: RwRegular) -> None:
        """A name of a linked file is gone: know it by another one that was seen."""
        for directory, name, found in self.fs.walk_known():
            if found is inode and directory.lower is not None:
                inode.content.file.directory = directory.lower
                inode.content.file.name = name
                return

    def rmdir(self, name: bytes) -> None:
        inode = self.find(name)
        assert self.lower is not None
        if isinstance(inode, MemDir):
            for _, child in inode.all():
                if child is not None:
                    raise LinuxError(E.ENOTEMPTY)
            self.lower.call(os.rmdir, name)
        super().rmdir(name)

    def rename(self, name: bytes, target: Inode, new_name: bytes, flags: int) -> None:
        if not isinstance(target, RwDir) or target.fs is not self.fs:
            raise LinuxError(E.EXDEV)
        if flags & RENAME_EXCHANGE:
            raise LinuxError(E.EINVAL)
        inode = self.find(name)
        if inode is None:
            raise LinuxError(E.ENOENT)
        target._alive()
        other = target.find(new_name)
        if isinstance(other, MemDir) and other.all():
            raise LinuxError(E.ENOTEMPTY)
        assert self.lower is not None and target.lower is not None
        if not isinstance(inode, MemNode) or isinstance(inode, CowSpecial):
            two_directories(os.rename if flags else os.replace, self.lower, name,
                            target.lower, new_name)
        elif other is not None and not isinstance(other, MemNode):
            target.lower.call(os.rmdir if isinstance(other, MemDir) else os.unlink, new_name)
        self.take_out(name, inode)
        if other is not None:
            MemDir.take_out(target, new_name, other)
            if isinstance(other, MemDir):
                other.nlink = 0
            else:
                other.unlinked()
        target.add(new_name, inode)
        inode.ctime = self.fs.now()
        if isinstance(inode, RwRegular):
            file = inode.content.file
            if file.directory is self.lower and file.name == name:
                file.directory, file.name = target.lower, new_name
        elif isinstance(inode, CowDir) and inode.lower is not None:
            inode.lower.parent, inode.lower.name = target.lower, new_name
        if isinstance(other, RwRegular) and other.nlink > 0:
            self._rename_lower(other)


def _symlink(name: bytes, target: bytes, dir_fd: int | None = None) -> None:
    os.symlink(target, name, dir_fd=dir_fd)


def two_directories(function: Callable[..., None], old: HostDir, old_name: bytes, new: HostDir,
                    new_name: bytes, **named: Any) -> None:
    """``os.rename`` and its like between two directories, following no link."""
    def second(name: bytes, dir_fd: int | None = None) -> None:
        if dir_fd is None:
            function(os.path.join(old.path, old_name), name)
        else:
            function(old_name, name, src_dir_fd=old.fd(), dst_dir_fd=dir_fd, **named)
    old.check()
    new.call(second, new_name)


class CowFS(MemFS):
    """The file system over one host directory.

    host: path of the directory on the host.  mode: "ro", "cow" or "rw".  limit: pages that
    what the guest writes may take in memory.
    """

    __slots__ = ("host", "linked", "write_through")

    def __init__(self, dev: int, now: Callable[[], int], host: bytes, mode: str = "cow", *,
                 limit: int = 1 << 16, devices: dict[int, Any] | None = None) -> None:
        self.host = HostDir(host)
        self.write_through = mode == "rw"
        self.linked: dict[tuple[int, int], MemInode] = {}   # host files with several names
        super().__init__(dev, now, name="overlay", limit=limit, devices=devices,
                         magic=OVERLAYFS_MAGIC, flags=ST_RDONLY if mode == "ro" else 0)

    def make_root(self, mode: int) -> Inode:
        kind = RwDir if self.write_through else CowDir
        return kind(self, 0o755, lower=self.host)

    def make(self, mode: int, uid: int, gid: int, rdev: int) -> MemInode:
        if mode & S_IFMT == S_IFDIR:
            return CowDir(self, mode & 0o7777, uid, gid)
        return super().make(mode, uid, gid, rdev)

    def materialise(self, lower: HostDir, name: bytes, st: os.stat_result) -> MemInode:
        """The inode for a host object; two names of one file give one inode."""
        kind = st.st_mode & S_IFMT
        several = kind == S_IFREG and st.st_nlink > 1
        if several:
            known = self.linked.get((st.st_dev, st.st_ino))
            if known is not None:
                known.nlink += 1
                return known
        limit, self.inodes = self.inodes, 0     # what the host has does not count
        inode: MemInode
        if kind == S_IFREG:
            executable = _ALL_EXECUTABLE or st.st_mode & 0o111
            of = RwRegular if self.write_through else CowRegular
            inode = of(self, S_IFREG | (0o755 if executable else 0o644),
                       HostContent(lower, name, st), st.st_size, several)
        elif kind == S_IFDIR:
            inside = RwDir if self.write_through else CowDir
            inode = inside(self, 0o755, lower=lower.child(name, st))
        elif kind == S_IFLNK:
            inode = MemLink(self, lower.readlink(name))
        else:
            inode = CowSpecial(self, kind | 0o644, rdev=0)
        self.inodes = limit
        if several:
            self.linked[st.st_dev, st.st_ino] = inode
        return inode

    def walk_known(self) -> list[tuple[CowDir, bytes, MemInode]]:
        """All names that were looked up so far."""
        found: list[tuple[CowDir, bytes, MemInode]] = []
        stack = [self.root]
        while stack:
            directory = stack.pop()
            if isinstance(directory, CowDir):
                for name, inode in directory.entries.items():
                    if inode is not None:
                        found.append((directory, name, inode))
                        stack.append(inode)
        return found
