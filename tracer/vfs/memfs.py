"""tmpfs: files, directories, links and nodes in memory."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import (
    O_APPEND,
    PAGE,
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFIFO,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
    S_IFSOCK,
    Attr,
    File,
    FileSystem,
    Inode,
)
from tracer.vfs.content import (
    MAX_BYTES,
    SEEK_CUR,
    SEEK_DATA,
    SEEK_END,
    SEEK_HOLE,
    SEEK_SET,
    Budget,
    Content,
)
from tracer.vfs.names import RENAME_EXCHANGE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from tracer.vfs.pipe import Fifo

    Opener = Callable[[Inode, int, Any], File]      # inode of the node, open flags, task

TMPFS_MAGIC = 0x01021994
XATTR_CREATE, XATTR_REPLACE, XATTR_SIZE_MAX = 1, 2, 65536
SHORT_LINK = 127            # bytes of a link's text that take no page (mm/shmem.c)
# fcntl.h, memfd seals
F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_EXEC = (
    1, 2, 4, 8, 16, 32)
# linux/falloc.h
FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, FALLOC_ZERO_RANGE = 1, 2, 16
_RELATIME_NS = 24 * 3600 * 10**9


class MemInode(Inode):
    """What all kinds of inodes in memory share: attributes.

    held: pages of the file system's space that extended attributes and the text of a link take.
    """

    __slots__ = ("atime", "btime", "ctime", "held", "mtime", "nlink", "rdev", "xattrs")

    fs: MemFS

    def __init__(self, fs: MemFS, mode: int, uid: int = 0, gid: int = 0, rdev: int = 0) -> None:
        super().__init__(fs, fs.new_ino(), mode, uid, gid)
        self.nlink = 1
        self.held = 0
        self.rdev = rdev
        self.atime = self.mtime = self.ctime = self.btime = fs.now()
        self.xattrs: dict[bytes, bytes] | None = None

    def size_blocks(self) -> tuple[int, int]:
        """st_size and st_blocks."""
        return 0, 0

    def getattr(self) -> Attr:
        attr = Attr()
        attr.dev = self.fs.dev
        attr.ino = self.ino
        attr.mode = self.mode
        attr.nlink = self.nlink
        attr.uid = self.uid
        attr.gid = self.gid
        attr.rdev = self.rdev
        attr.size, attr.blocks = self.size_blocks()
        attr.blksize = PAGE
        attr.atime = self.atime
        attr.mtime = self.mtime
        attr.ctime = self.ctime
        attr.btime = self.btime
        return attr

    def setattr(self, **changes: int) -> None:
        for name, value in changes.items():
            if name == "mode":
                self.mode = self.mode & S_IFMT | value & 0o7777
            elif name == "size":
                self.truncate(value)
            elif name in ("uid", "gid", "atime", "mtime", "ctime"):
                setattr(self, name, value)
            else:
                raise LinuxError(E.EINVAL)
        if "ctime" not in changes:
            self.ctime = self.fs.now()

    def accessed(self) -> None:
        """Set atime as the mount option relatime does."""
        now = self.fs.now()
        if self.atime <= self.mtime or self.atime <= self.ctime or (
                now - self.atime >= _RELATIME_NS):
            self.atime = now

    def unlinked(self) -> None:
        """One name less."""
        self.nlink -= 1
        self.ctime = self.fs.now()
        if not self.nlink:
            self.unused()

    def unused(self) -> None:
        """The last name is gone: give back the space, unless it is open."""
        self.xattrs = None
        self.hold(0)

    def hold(self, pages: int) -> None:
        """Take that many pages for what is not content, instead of ``held``; ENOSPC."""
        budget, more = self.fs.budget, pages - self.held
        if more > budget.free:
            raise LinuxError(E.ENOSPC)
        for _ in range(more):
            budget.take()
        if more < 0:
            budget.give(-more)
        self.held = pages

    # -- extended attributes ------------------------------------------------------
    def _xattr_pages(self, more: int = 0) -> int:
        """Pages that the extended attributes take, with that many bytes more."""
        size = sum(len(name) + len(value) for name, value in (self.xattrs or {}).items())
        return -(-(size + more) // PAGE)

    def getxattr(self, name: bytes) -> bytes:
        try:
            return (self.xattrs or {})[name]
        except KeyError:
            raise LinuxError(E.ENODATA) from None

    def setxattr(self, name: bytes, value: bytes, flags: int) -> None:
        if not name.startswith((b"user.", b"trusted.", b"security.", b"system.posix_acl_")):
            raise LinuxError(E.EOPNOTSUPP)
        if name.startswith(b"system."):
            raise LinuxError(E.EOPNOTSUPP)
        if name.startswith(b"user.") and self.mode & S_IFMT not in (S_IFREG, S_IFDIR):
            raise LinuxError(E.EPERM)
        xattrs = self.xattrs = {} if self.xattrs is None else self.xattrs
        if flags & XATTR_CREATE and name in xattrs:
            raise LinuxError(E.EEXIST)
        if flags & XATTR_REPLACE and name not in xattrs:
            raise LinuxError(E.ENODATA)
        if len(value) > XATTR_SIZE_MAX:
            raise LinuxError(E.E2BIG)
        if sum(len(k) + len(v) for k, v in xattrs.items()) + len(name) + len(value) > 1 << 17:
            raise LinuxError(E.ENOSPC)
        more = len(value) - len(xattrs[name]) if name in xattrs else len(name) + len(value)
        self.hold(self.held - self._xattr_pages() + self._xattr_pages(more))
        xattrs[name] = bytes(value)
        self.ctime = self.fs.now()

    def listxattr(self) -> Sequence[bytes]:
        return sorted(self.xattrs or ())

    def removexattr(self, name: bytes) -> None:
        if not self.xattrs or name not in self.xattrs:
            raise LinuxError(E.ENODATA)
        less = len(name) + len(self.xattrs[name])
        self.hold(self.held - self._xattr_pages() + self._xattr_pages(-less))
        del self.xattrs[name]
        self.ctime = self.fs.now()


class MemRegular(MemInode):
    """A regular file.  ``content`` may lie over a host file's."""

    __slots__ = ("content", "opened", "seals")

    def __init__(self, fs: MemFS, mode: int, uid: int = 0, gid: int = 0) -> None:
        super().__init__(fs, mode, uid, gid)
        self.content = Content(fs.budget)
        self.seals = F_SEAL_SEAL    # F_ADD_SEALS is for memfds that allow it
        self.opened = 0             # open files; an unlinked file is freed after the last

    def size_blocks(self) -> tuple[int, int]:
        content = self.content
        if content.lower is None:
            return content.size, len(content.pages) * (PAGE // 512)
        return content.size, -(-content.size // PAGE) * (PAGE // 512)

    def open(self, flags: int, task: Any = None) -> File:
        self.opened += 1
        return MemFile(self, flags)

    def truncate(self, size: int) -> None:
        content = self.content
        if self.seals > F_SEAL_SEAL and (
                (size < content.size and self.seals & F_SEAL_SHRINK)
                or (size > content.size and self.seals & F_SEAL_GROW)):
            raise LinuxError(E.EPERM)
        content.truncate(size)
        self.mtime = self.ctime = self.fs.now()

    def closed(self) -> None:
        """One open file less."""
        self.opened -= 1
        if not self.nlink:
            self.unused()

    def unused(self) -> None:
        if not self.opened:
            self.content.clear()
            super().unused()

    def page(self, index: int) -> bytes | memoryview | None:
        return self.content.page(index)

    def add_seals(self, seals: int) -> None:
        """F_ADD_SEALS; EPERM once sealed.  Shared writable mappings (EBUSY) are the caller's."""
        if self.seals & F_SEAL_SEAL:
            raise LinuxError(E.EPERM)
        if seals & F_SEAL_EXEC and self.mode & 0o111:
            seals |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE
        self.seals |= seals


class MemFile(File):
    """An open regular file in memory."""

    __slots__ = ("content", "node")

    def __init__(self, inode: MemRegular, flags: int) -> None:
        super().__init__(inode, flags)
        self.node = inode
        self.content = inode.content

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        node = self.node
        if node.atime <= node.mtime or node.atime <= node.ctime:
            node.accessed()
        if pos is not None:
            return self.content.read(views, pos)
        n = self.content.read(views, self.pos)
        self.pos += n
        return n

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        node, content = self.node, self.content
        at = content.size if self.flags & O_APPEND else self.pos if pos is None else pos
        if node.seals > F_SEAL_SEAL:
            views = self._sealed(views, at)
        n = content.write(views, at)
        if pos is None:
            self.pos = at + n
        if n:
            node.mtime = node.ctime = node.fs.now()
        return n

    def _sealed(self, views: Sequence[memoryview], at: int) -> Sequence[memoryview]:
        """What may be written: with F_SEAL_GROW up to the end of the page the file ends in
        (simple_write_begin is asked page by page), and then no further than the file; EPERM."""
        seals = self.node.seals
        total = sum(map(len, views))
        if seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) and total:
            raise LinuxError(E.EPERM)
        if not seals & F_SEAL_GROW or at + total <= self.content.size:
            return views
        allowed = (self.content.size & -PAGE) - at      # whole pages before the first refusal
        if allowed <= 0:
            raise LinuxError(E.EPERM)
        return [memoryview(b"".join(views))[:allowed]]

    def write_mapped(self, view: memoryview, pos: int) -> None:
        if self.content.write([view], pos):
            self.node.mtime = self.node.ctime = self.node.fs.now()

    def seek(self, offset: int, whence: int) -> int:
        content = self.content
        if whence == SEEK_CUR:
            offset += self.pos
        elif whence == SEEK_END:
            offset += content.size
        elif whence == SEEK_DATA:
            offset = content.seek_data(offset)
        elif whence == SEEK_HOLE:
            offset = content.seek_hole(offset)
        elif whence != SEEK_SET:
            raise LinuxError(E.EINVAL)
        if offset < 0:
            raise LinuxError(E.EINVAL)
        if offset > (1 << 63) - 1:
            raise LinuxError(E.EOVERFLOW)
        self.pos = offset
        return offset

    def fallocate(self, mode: int, offset: int, length: int) -> None:
        node, content = self.node, self.content
        if offset + length > MAX_BYTES:
            raise LinuxError(E.EFBIG)
        if mode & ~(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE):
            raise LinuxError(E.EOPNOTSUPP)
        if mode & FALLOC_PUNCH_HOLE:
            if not mode & FALLOC_KEEP_SIZE or mode & FALLOC_ZERO_RANGE:
                raise LinuxError(E.EOPNOTSUPP)
            if node.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE):
                raise LinuxError(E.EPERM)
            content.punch(offset, length)
        else:
            if offset + length > content.size and node.seals & F_SEAL_GROW:
                raise LinuxError(E.EPERM)
            if mode & FALLOC_ZERO_RANGE:
                content.punch(offset, length)
            content.reserve(offset, length)
            if not mode & FALLOC_KEEP_SIZE and offset + length > content.size:
                content.size = offset + length
        node.mtime = node.ctime = node.fs.now()

    def ioctl(self, task: Any, request: int, arg: int) -> int:
        if request == 0x541B:       # FIONREAD
            from tracer.vfs import user
            user.put_int(task, arg, self.content.size - self.pos)
            return 0
        raise LinuxError(E.ENOTTY)

    def sync(self) -> None:
        pass

    def release(self) -> None:
        self.node.closed()


class MemLink(MemInode):
    """A symbolic link."""

    __slots__ = ("target",)

    def __init__(self, fs: MemFS, target: bytes, uid: int = 0, gid: int = 0) -> None:
        super().__init__(fs, S_IFLNK | 0o777, uid, gid)
        self.target = target

    def size_blocks(self) -> tuple[int, int]:
        return len(self.target), 0

    def readlink(self) -> bytes:
        return self.target


class MemNode(MemInode):
    """A device node, FIFO or socket."""

    __slots__ = ("fifo",)

    def __init__(self, fs: MemFS, mode: int, uid: int = 0, gid: int = 0, rdev: int = 0) -> None:
        super().__init__(fs, mode, uid, gid, rdev)
        self.fifo: Fifo | None = None

    def open(self, flags: int, task: Any = None) -> File:
        kind = self.mode & S_IFMT
        if kind == S_IFIFO:
            if self.fifo is None:
                from tracer.vfs.pipe import Fifo
                self.fifo = Fifo()
            return self.fifo.open(self, flags)
        if kind == S_IFCHR:
            opener = self.fs.devices.get(self.rdev)
            if opener is not None:
                return opener(self, flags, task)
        raise LinuxError(E.ENXIO)


class MemDir(MemInode):
    """A directory.  Subclasses fill ``entries`` when they are asked for (None: no such name)."""

    __slots__ = ("entries", "parent")

    def __init__(self, fs: MemFS, mode: int, uid: int = 0, gid: int = 0,
                 parent: MemDir | None = None) -> None:
        super().__init__(fs, S_IFDIR | mode, uid, gid)
        self.nlink = 2
        self.entries: dict[bytes, MemInode | None] = {}
        self.parent = parent

    def size_blocks(self) -> tuple[int, int]:
        return 20 * (2 + len(self.entries)), 0      # as tmpfs counts (BOGO_DIRENT_SIZE)

    def find(self, name: bytes) -> MemInode | None:
        """The entry of that name or None."""
        return self.entries.get(name)

    def all(self) -> list[tuple[bytes, MemInode]]:
        """The entries, sorted by name."""
        return sorted((k, v) for k, v in self.entries.items() if v is not None)

    def lookup(self, name: bytes) -> Inode:
        found = self.find(name)
        if found is None:
            raise LinuxError(E.ENOENT)
        return found

    def _alive(self) -> None:
        if not self.nlink:
            raise LinuxError(E.ENOENT)

    def _touch(self) -> None:
        self.mtime = self.ctime = self.fs.now()

    def add(self, name: bytes, inode: MemInode) -> None:
        """Enter a new inode."""
        self.entries[name] = inode
        if isinstance(inode, MemDir):
            self.nlink += 1
            inode.parent = self
        self._touch()

    def take_out(self, name: bytes, inode: MemInode) -> None:
        """Remove an entry."""
        del self.entries[name]
        if isinstance(inode, MemDir):
            self.nlink -= 1
        self._touch()

    def create(self, name: bytes, mode: int, uid: int, gid: int, rdev: int = 0) -> Inode:
        self._alive()
        inode = self.fs.make(mode, uid, gid, rdev)
        self.add(name, inode)
        return inode

    def tmpfile(self, mode: int, uid: int, gid: int) -> Inode:
        self._alive()
        inode = self.fs.make(S_IFREG | mode & 0o7777, uid, gid, 0)
        inode.nlink = 0
        self.fs.inodes -= 1
        return inode

    def symlink(self, name: bytes, target: bytes, uid: int, gid: int) -> Inode:
        self._alive()
        inode = MemLink(self.fs, target, uid, gid)
        try:
            inode.hold(int(len(target) > SHORT_LINK))
        except LinuxError:
            self.fs.inodes -= 1
            raise
        self.add(name, inode)
        return inode

    def link(self, name: bytes, inode: Inode) -> None:
        self._alive()
        if not isinstance(inode, MemInode) or inode.fs is not self.fs:
            raise LinuxError(E.EXDEV)
        # each name counts as an inode does, for it takes memory (shmem_link)
        if inode.nlink and self.fs.inodes >= self.fs.max_inodes:
            raise LinuxError(E.ENOSPC)
        self.fs.inodes += 1
        inode.nlink += 1
        inode.ctime = self.fs.now()
        self.add(name, inode)

    def unlink(self, name: bytes) -> None:
        inode = self.find(name)
        if inode is None:
            raise LinuxError(E.ENOENT)
        self.take_out(name, inode)
        inode.unlinked()
        self.fs.inodes -= 1

    def rmdir(self, name: bytes) -> None:
        inode = self.find(name)
        if inode is None:
            raise LinuxError(E.ENOENT)
        if not isinstance(inode, MemDir):
            raise LinuxError(E.ENOTDIR)
        if inode.all():
            raise LinuxError(E.ENOTEMPTY)
        self.take_out(name, inode)
        inode.nlink = 0
        inode.unused()
        self.fs.inodes -= 1

    def rename(self, name: bytes, target: Inode, new_name: bytes, flags: int) -> None:
        if not isinstance(target, MemDir) or target.fs is not self.fs:
            raise LinuxError(E.EXDEV)
        inode = self.find(name)
        if inode is None:
            raise LinuxError(E.ENOENT)
        target._alive()
        other = target.find(new_name)
        if flags & RENAME_EXCHANGE:
            if other is None:
                raise LinuxError(E.ENOENT)
            self.take_out(name, inode)
            target.take_out(new_name, other)
            self.add(name, other)
        elif other is not None:
            if isinstance(other, MemDir):
                target.rmdir(new_name)
            else:
                target.unlink(new_name)
            self.take_out(name, inode)
        else:
            self.take_out(name, inode)
        target.add(new_name, inode)
        inode.ctime = self.fs.now()

    def readdir(self) -> Sequence[tuple[bytes, int, int]]:
        self.accessed()
        return [(name, inode.ino, inode.mode >> 12) for name, inode in self.all()]

    def open(self, flags: int, task: Any = None) -> File:
        return DirFile(self, flags)


class DirFile(File):
    """An open directory.  What getdents sees is fixed when it reads from position 0."""

    __slots__ = ("snapshot",)

    def __init__(self, inode: Inode, flags: int) -> None:
        super().__init__(inode, flags)
        self.snapshot: Sequence[tuple[bytes, int, int]] | None = None

    def readdir(self) -> Sequence[tuple[bytes, int, int]]:
        inode = self.inode
        assert inode is not None
        if self.pos == 0 or self.snapshot is None:
            above = inode.ino
            here = self.location
            if here is not None:
                if here.parent is not None:
                    above = here.parent.inode.ino
                elif here.mount is not None and here.mount.at is not None and (
                        here.mount.at.parent is not None):
                    above = here.mount.at.parent.inode.ino
            self.snapshot = [(b".", inode.ino, 4), (b"..", above, 4), *inode.readdir()]
        return self.snapshot

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        raise LinuxError(E.EISDIR)

    def seek(self, offset: int, whence: int) -> int:
        if whence == SEEK_CUR:
            offset += self.pos
        elif whence != SEEK_SET:
            raise LinuxError(E.EINVAL)
        if offset < 0:
            raise LinuxError(E.EINVAL)
        self.pos = offset
        return offset

    def sync(self) -> None:
        pass


class MemFS(FileSystem):
    """tmpfs.

    now: nanoseconds since the epoch.  limit: pages that file contents may take (ENOSPC).
    devices: rdev → opener, for character devices.
    """

    __slots__ = ("budget", "devices", "inodes", "max_inodes", "next_ino", "now")

    def __init__(self, dev: int, now: Callable[[], int], *, name: str = "tmpfs",
                 source: bytes | None = None, limit: int = 1 << 16, mode: int = 0o1777,
                 devices: dict[int, Opener] | None = None, magic: int = TMPFS_MAGIC,
                 flags: int = 0) -> None:
        super().__init__(name, magic, dev, source, flags)
        self.now = now
        self.budget = Budget(limit)
        self.devices: dict[int, Opener] = {} if devices is None else devices
        self.next_ino = 1
        self.inodes = 0
        self.max_inodes = 1 << 18
        self.root = self.make_root(mode)

    def make_root(self, mode: int) -> Inode:
        """The root directory."""
        return MemDir(self, mode)

    def new_ino(self) -> int:
        """Inode numbers in the order of creation; ENOSPC when there are too many inodes."""
        if self.inodes >= self.max_inodes:
            raise LinuxError(E.ENOSPC)
        self.inodes += 1
        ino = self.next_ino
        self.next_ino += 1
        return ino

    def make(self, mode: int, uid: int, gid: int, rdev: int) -> MemInode:
        """An inode of the type in ``mode``; EINVAL."""
        kind = mode & S_IFMT
        if kind == S_IFREG:
            return MemRegular(self, mode, uid, gid)
        if kind == S_IFDIR:
            return MemDir(self, mode & 0o7777, uid, gid)
        if kind in (S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK):
            return MemNode(self, mode, uid, gid, rdev)
        raise LinuxError(E.EINVAL)

    def statfs(self) -> dict[str, int]:
        free = self.budget.free
        return {"f_bsize": PAGE, "f_blocks": self.budget.limit, "f_bfree": free,
                "f_bavail": free, "f_files": self.max_inodes,
                "f_ffree": self.max_inodes - self.inodes, "f_namelen": 255, "f_frsize": PAGE,
                "f_flags": self.flags}


def memfd(fs: MemFS, name: bytes, mode: int = 0o777, allow_sealing: bool = False) -> MemRegular:
    """The inode of memfd_create(2); it has no name in ``fs``."""
    inode = MemRegular(fs, S_IFREG | mode)
    inode.nlink = 0
    fs.inodes -= 1
    inode.seals = 0 if allow_sealing else F_SEAL_SEAL
    return inode
