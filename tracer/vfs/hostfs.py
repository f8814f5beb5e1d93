"""The host's own file system, read and written: what ``--host`` shows.  Linux hosts only.

An inode is known by the host's device and inode number; its ``path`` is the one by which it
was looked up last, and serves until the next look-up.  Open files work by their descriptor.
"""
from __future__ import annotations

import os
import stat as hoststat
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs import hostcall
from tracer.vfs.base import (
    MAY_EXEC,
    O_ACCMODE,
    O_APPEND,
    O_CLOEXEC,
    O_CREAT,
    O_EXCL,
    O_NOCTTY,
    O_NOFOLLOW,
    O_NONBLOCK,
    O_PATH,
    O_WRONLY,
    PAGE,
    S_IFCHR,
    S_IFDIR,
    S_IFIFO,
    S_IFMT,
    S_IFREG,
    S_IFSOCK,
    Attr,
    Creds,
    File,
    FileSystem,
    Inode,
)
from tracer.vfs.hosterror import linux_error
from tracer.vfs.memfs import DirFile
from tracer.wait import HostQueue, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tracer.vfs.namespace import Namespace
    from tracer.vfs.pipe import Fifo

# asm-generic values of open flags → the host's, where they differ (aarch64 hosts)
_ORDINARY = 0o3 | 0o100 | 0o200 | 0o400 | 0o1000 | 0o2000 | 0o4000 | 0o10000 | 0o4010000 | 0o20000
_NAMED = ((0o40000, "O_DIRECT"), (0o200000, "O_DIRECTORY"), (0o400000, "O_NOFOLLOW"),
          (0o1000000, "O_NOATIME"), (O_PATH, "O_PATH"), (0o20000000, "O_TMPFILE"))
_PLAIN = all(getattr(os, name, value) & ~0o200000 == value & ~0o200000
             for value, name in _NAMED) and getattr(os, "O_DIRECTORY", 0) == 0o200000
# the path of an inode without a name is a link to an open descriptor
_BY_FD = b"/proc/self/fd/"
_BELOW_FD = b"/proc/self/./fd/%d/"      # another spelling: what is below may be a link
_IOV_MAX = 1024                         # buffers of a host call (linux/uio.h, UIO_MAXIOV)
PATH_MAX = 4096                         # bytes of a path that a host call takes, with the NUL


def host_flags(flags: int) -> int:
    """Open flags as this host numbers them."""
    if _PLAIN:
        return flags & (_ORDINARY | 0o1640000 | 0o20000000) | os.O_CLOEXEC
    result = flags & _ORDINARY | os.O_CLOEXEC
    for value, name in _NAMED:
        if flags & value == value:
            result |= getattr(os, name)
    return result


def attr_of(st: os.stat_result) -> Attr:
    """An Attr with what the host says."""
    attr = Attr()
    attr.dev = st.st_dev
    attr.ino = st.st_ino
    attr.mode = st.st_mode
    attr.nlink = st.st_nlink
    attr.uid = st.st_uid
    attr.gid = st.st_gid
    attr.rdev = st.st_rdev
    attr.size = st.st_size
    attr.blksize = st.st_blksize
    attr.blocks = st.st_blocks
    attr.atime = st.st_atime_ns
    attr.mtime = st.st_mtime_ns
    attr.ctime = attr.btime = st.st_ctime_ns
    return attr


def change(where: bytes | int, changes: dict[str, int]) -> None:
    """setattr by path (following no link but to a descriptor) or by descriptor."""
    follow = not isinstance(where, bytes) or where.startswith(_BY_FD)
    try:
        if "size" in changes:
            os.truncate(where, changes["size"])
        if "uid" in changes or "gid" in changes:
            os.chown(where, changes.get("uid", -1), changes.get("gid", -1),
                     follow_symlinks=follow)
        if "mode" in changes:
            if hoststat.S_ISLNK(os.stat(where, follow_symlinks=follow).st_mode):
                raise LinuxError(E.EOPNOTSUPP)
            os.chmod(where, changes["mode"] & 0o7777)
        if "atime" in changes or "mtime" in changes:
            st = os.stat(where, follow_symlinks=follow)
            os.utime(where, ns=(changes.get("atime", st.st_atime_ns),
                                changes.get("mtime", st.st_mtime_ns)),
                     follow_symlinks=follow)
    except OSError as error:
        raise linux_error(error) from None


class HostInode(Inode):
    """Any object of the host's file system."""

    __slots__ = ("_fd", "_fifo", "dev", "files", "known", "path")

    fs: HostFS

    def __init__(self, fs: HostFS, path: bytes, st: os.stat_result) -> None:
        super().__init__(fs, st.st_ino, st.st_mode, st.st_uid, st.st_gid)
        self.path = path
        self._fd = -1       # to read pages from, and of an O_TMPFILE
        self._fifo: Fifo | None = None
        self.files: list[HostFile] = []         # open ones
        self.dev = st.st_dev
        self.known: dict[bytes, HostInode] = {}     # what names were the last time

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def getattr(self) -> Attr:
        try:
            return attr_of(os.stat(self.path, follow_symlinks=self.path.startswith(_BY_FD)))
        except OSError as error:
            raise linux_error(error) from None

    def statx(self, mask: int) -> bytes | None:
        return hostcall.statx(-1, self.path, mask)

    def statfs(self) -> dict[str, int]:
        return hostcall.statfs(self.path)

    def setattr(self, **changes: int) -> None:
        change(self.path, changes)
        attr = self.getattr()
        self.mode, self.uid, self.gid = attr.mode, attr.uid, attr.gid

    def permission(self, mask: int, creds: Creds) -> None:
        """The host is asked as long as the guest is who pytrace is."""
        if creds.fsuid != self.fs.uid or creds.fsgid != self.fs.gid:
            attr = self.getattr()
            self.mode, self.uid, self.gid = attr.mode, attr.uid, attr.gid
            super().permission(mask, creds)
        elif not os.access(self.path, mask, effective_ids=True):
            raise LinuxError(E.EACCES)

    def search(self, creds: Creds) -> None:
        """The look-up itself will tell."""
        if creds.fsuid != self.fs.uid or creds.fsgid != self.fs.gid:
            self.permission(MAY_EXEC, creds)

    def may_open(self, mask: int, creds: Creds) -> None:
        if creds.fsuid != self.fs.uid or creds.fsgid != self.fs.gid:
            self.permission(mask, creds)

    # -- directories ---------------------------------------------------------------
    def _below(self, name: bytes) -> bytes:
        path = self.path
        path = path + b"/" + name if path != b"/" else b"/" + name
        if len(path) < PATH_MAX:
            return path
        # too long for the host: relative to a descriptor that stays open
        if self._fd < 0:
            try:
                self._fd = os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError as error:
                raise linux_error(error) from None
        return _BELOW_FD % self._fd + name

    def lookup(self, name: bytes) -> Inode:
        path = self._below(name)
        try:
            st = os.lstat(path)
        except OSError as error:
            self.known.pop(name, None)
            raise linux_error(error) from None
        mode, ino = st.st_mode, st.st_ino
        inode = self.known.get(name)
        if inode is None or inode.ino != ino or inode.dev != st.st_dev or (
                inode.mode ^ mode) & S_IFMT:
            inode = self.fs.inodes.get((ino, st.st_dev))
            if inode is None or (inode.mode ^ mode) & S_IFMT:
                inode = self.fs.inodes[ino, st.st_dev] = HostInode(self.fs, path, st)
            self.known[name] = inode
        inode.path = path
        inode.mode = mode
        inode.uid = st.st_uid
        inode.gid = st.st_gid
        return inode

    def create(self, name: bytes, mode: int, uid: int, gid: int, rdev: int = 0) -> Inode:
        path = self._below(name)
        umask = os.umask(0)     # the guest's is already applied
        try:
            if mode & S_IFMT == S_IFDIR:
                os.mkdir(path, mode & 0o7777)
            elif mode & S_IFMT == S_IFREG:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC,
                                 mode & 0o7777))
            else:
                os.mknod(path, mode, rdev)
        except OSError as error:
            raise linux_error(error) from None
        finally:
            os.umask(umask)
        self._own(path, uid, gid)
        return self.lookup(name)

    def _own(self, path: bytes, uid: int, gid: int) -> None:
        """A guest that changed its identity makes files of its own."""
        if uid != self.fs.uid and not self.fs.uid:
            os.chown(path, uid, gid, follow_symlinks=False)

    def create_open(self, name: bytes, mode: int, uid: int, gid: int, flags: int,
                    task: Any = None) -> File:
        path = self._below(name)
        umask = os.umask(0)
        try:
            fd = os.open(path, host_flags(flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY),
                         mode & 0o7777)
        except OSError as error:
            raise linux_error(error) from None
        finally:
            os.umask(umask)
        self._own(path, uid, gid)
        inode = self.lookup(name)
        assert isinstance(inode, HostInode)
        return HostFile(inode, flags, fd)

    def tmpfile(self, mode: int, uid: int, gid: int) -> Inode:
        umask = os.umask(0)
        try:
            fd = os.open(self.path, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, mode & 0o7777)
        except OSError as error:
            raise linux_error(error) from None
        finally:
            os.umask(umask)
        inode = HostInode(self.fs, _BY_FD + b"%d" % fd, os.fstat(fd))
        inode._fd = fd
        return inode

    def _change(self, call: Any, *args: Any, **named: Any) -> None:
        try:
            call(*args, **named)
        except OSError as error:
            raise linux_error(error) from None

    def symlink(self, name: bytes, target: bytes, uid: int, gid: int) -> Inode:
        self._change(os.symlink, target, self._below(name))
        self._own(self._below(name), uid, gid)
        return self.lookup(name)

    def link(self, name: bytes, inode: Inode) -> None:
        if not isinstance(inode, HostInode):
            raise LinuxError(E.EXDEV)
        if inode.path.startswith(_BY_FD):
            hostcall.link_open(inode.path, self._below(name))
        else:
            self._change(os.link, inode.path, self._below(name), follow_symlinks=False)

    def unlink(self, name: bytes) -> None:
        self._change(os.unlink, self._below(name))

    def rmdir(self, name: bytes) -> None:
        self._change(os.rmdir, self._below(name))

    def rename(self, name: bytes, target: Inode, new_name: bytes, flags: int) -> None:
        if not isinstance(target, HostInode):
            raise LinuxError(E.EXDEV)
        old, new = self._below(name), target._below(new_name)
        if flags:
            hostcall.renameat2(old, new, flags)
        else:
            self._change(os.rename, old, new)
        exchange = bool(flags & 2)
        for inode in list(self.fs.inodes.values()):
            path = inode.path
            if path == old or path.startswith(old + b"/"):
                inode.path = new + path[len(old):]
            elif exchange and (path == new or path.startswith(new + b"/")):
                inode.path = old + path[len(new):]

    def readdir(self) -> Sequence[tuple[bytes, int, int]]:
        return hostcall.listing(self.path)

    # -- links and content -----------------------------------------------------------
    def readlink(self) -> bytes:
        try:
            return os.readlink(self.path)
        except OSError as error:
            raise linux_error(error) from None

    def open(self, flags: int, task: Any = None) -> File:
        mode = self.mode & S_IFMT
        by_fd = self.path.startswith(_BY_FD)
        if mode == S_IFIFO and not by_fd:
            # Both ends are usually the guest's: a host FIFO would block all of its tasks.
            if self._fifo is None:
                from tracer.vfs.pipe import Fifo
                self._fifo = Fifo()
            return self._fifo.open(self, flags)
        named = 0 if by_fd else O_NOFOLLOW
        try:
            fd = os.open(self.path, host_flags(flags & ~(O_CREAT | O_EXCL) | named | O_NOCTTY))
        except OSError as error:
            raise linux_error(error) from None
        if mode == S_IFDIR:
            return HostDirFile(self, flags, fd)
        return HostFile(self, flags, fd)

    def truncate(self, size: int) -> None:
        self._change(os.truncate, self.path, size)

    # -- mappings ---------------------------------------------------------------------
    def descriptor(self) -> int:
        """One to read pages from: of an open file, for it may have lost its name."""
        for file in self.files:
            if file.fd >= 0 and file.flags & O_ACCMODE != O_WRONLY:
                return file.fd
        if self._fd < 0:
            try:
                self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError as error:
                raise linux_error(error) from None
        return self._fd

    def page(self, index: int) -> bytes | memoryview | None:
        if self.mode & S_IFMT != S_IFREG:
            raise LinuxError(E.ENODEV)
        try:
            return os.pread(self.descriptor(), PAGE, index * PAGE) or None
        except OSError as error:
            raise linux_error(error) from None

    # -- extended attributes --------------------------------------------------------------
    def _xattr(self, call: Any, *args: Any) -> Any:
        """By an open file, if there is one: it may have lost its name."""
        try:
            for file in self.files:
                if file.fd >= 0:
                    return call(file.fd, *args)
            return call(self.path, *args, follow_symlinks=self.path.startswith(_BY_FD))
        except OSError as error:
            raise linux_error(error) from None

    def getxattr(self, name: bytes) -> bytes:
        value: bytes = self._xattr(os.getxattr, name)
        return value

    def setxattr(self, name: bytes, value: bytes, flags: int) -> None:
        self._xattr(os.setxattr, name, value, flags)

    def listxattr(self) -> Sequence[bytes]:
        return [os.fsencode(name) for name in self._xattr(os.listxattr)]

    def removexattr(self, name: bytes) -> None:
        self._xattr(os.removexattr, name)


class HostFile(File):
    """An open file of the host.  The host keeps the position; ``pos`` says the same."""

    __slots__ = ("fd", "node", "waits")

    def __init__(self, inode: HostInode, flags: int, fd: int) -> None:
        super().__init__(inode, flags)
        self.node = inode
        self.fd = fd
        kind = inode.mode & S_IFMT
        # Reads may have to wait; others run meanwhile.
        self.waits = kind in (S_IFIFO, S_IFSOCK) or (kind == S_IFCHR and os.isatty(fd))
        inode.files.append(self)

    def getattr(self) -> Attr:
        try:
            return attr_of(os.fstat(self.fd))
        except OSError as error:
            raise linux_error(error) from None

    def statx(self, mask: int) -> bytes | None:
        return hostcall.statx(self.fd, b"", mask)

    def set_flags(self, flags: int) -> None:
        import fcntl
        try:
            fcntl.fcntl(self.fd, fcntl.F_SETFL, host_flags(flags) & ~os.O_CLOEXEC)
        except OSError as error:
            raise linux_error(error) from None
        self.flags = flags

    def setattr(self, **changes: int) -> None:
        if "size" in changes:
            size = changes.pop("size")
            try:
                os.ftruncate(self.fd, size)
            except OSError as error:
                raise linux_error(error) from None
        if changes:
            change(self.fd, changes)

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        try:
            if pos is None:
                if self.waits and not self.flags & O_NONBLOCK and not hostcall.readable(self.fd):
                    raise LinuxError(E.EAGAIN)
                n = os.readv(self.fd, views[:_IOV_MAX])
                self.pos += n
            else:
                n = os.preadv(self.fd, views[:_IOV_MAX], pos)
        except OSError as error:
            raise linux_error(error) from None
        if len(views) > _IOV_MAX and not self.waits and n == sum(map(len, views[:_IOV_MAX])):
            n += self.read(views[_IOV_MAX:], None if pos is None else pos + n)
        return n

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        if len(views) > _IOV_MAX:
            views = [memoryview(b"".join(views))]       # it must stay one write: a message
        try:
            if pos is not None:
                return os.pwritev(self.fd, views, pos)
            n = os.writev(self.fd, views)
            if self.flags & O_APPEND and self.node.mode & S_IFMT == S_IFREG:
                self.pos = os.lseek(self.fd, 0, os.SEEK_CUR)
            else:
                self.pos += n
            return n
        except OSError as error:
            raise linux_error(error) from None

    def seek(self, offset: int, whence: int) -> int:
        try:
            self.pos = os.lseek(self.fd, offset, whence)
            return self.pos
        except OSError as error:
            raise linux_error(error) from None
        except OverflowError:
            raise LinuxError(E.EINVAL) from None

    def fallocate(self, mode: int, offset: int, length: int) -> None:
        hostcall.fallocate(self.fd, mode, offset, length)

    def poll(self) -> int:
        return hostcall.poll(self.fd)

    def ioctl(self, task: Any, request: int, arg: int) -> int:
        return hostcall.terminal_ioctl(self.fd, task, request, arg)

    def sync(self) -> None:
        try:
            os.fsync(self.fd)
        except OSError as error:
            raise linux_error(error) from None

    def host_fd(self) -> int | None:
        return self.fd

    def waiters(self) -> Sequence[WaitQueue]:
        return (HostQueue(self.fd),)

    def release(self) -> None:
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            self.node.files.remove(self)
            os.close(fd)

    def __del__(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)


class HostDirFile(DirFile):
    """An open directory of the host."""

    __slots__ = ("fd",)

    def __init__(self, inode: HostInode, flags: int, fd: int) -> None:
        super().__init__(inode, flags)
        self.fd = fd

    def getattr(self) -> Attr:
        return attr_of(os.fstat(self.fd))

    def statx(self, mask: int) -> bytes | None:
        return hostcall.statx(self.fd, b"", mask)

    def setattr(self, **changes: int) -> None:
        change(self.fd, changes)

    def host_fd(self) -> int | None:
        return self.fd

    def release(self) -> None:
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)

    def __del__(self) -> None:
        self.release()


class HostFS(FileSystem):
    """The host's tree from ``path`` on, as one file system for the walk."""

    __slots__ = ("gid", "inodes", "uid")

    def __init__(self, path: bytes = b"/") -> None:
        st = os.stat(path)
        super().__init__("host", 0, st.st_dev, volatile=1)
        self.native = True
        self.uid, self.gid = os.geteuid(), os.getegid()
        self.inodes: WeakValueDictionary[tuple[int, int], HostInode] = WeakValueDictionary()
        root = self.inodes[st.st_ino, st.st_dev] = HostInode(self, path, st)
        self.root = root

    def statfs(self) -> dict[str, int]:
        return self.root.statfs()


class InheritedFile(HostFile):
    """A descriptor pytrace was started with."""

    __slots__ = ("label",)

    def __init__(self, inode: HostInode, flags: int, fd: int, label: bytes) -> None:
        super().__init__(inode, flags, fd)
        self.label = label
        if self.seekable:
            self.pos = os.lseek(fd, 0, os.SEEK_CUR)

    @property
    def seekable(self) -> bool:  # type: ignore[override]
        return self.node.mode & S_IFMT in (S_IFREG, S_IFDIR)

    def name(self) -> bytes:
        return self.label if self.location is None else self.location.path()

    def release(self) -> None:
        """The host's end closes with the guest's; its number, if standard, is not reused."""
        if 0 <= self.fd <= 2:
            null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
            os.dup2(null, self.fd)
            os.close(null)
            self.node.files.remove(self)
            self.fd = -1
        else:
            super().release()

    def __del__(self) -> None:
        """Not before the guest closes it."""


def inherit(namespace: Namespace, fs: HostFS, fd: int) -> File | None:
    """The open file for an inherited descriptor; None if it is closed."""
    import fcntl
    try:
        st = os.fstat(fd)
        flags = fcntl.fcntl(fd, fcntl.F_GETFL) & ~O_CLOEXEC
        label = os.readlink(b"/proc/self/fd/%d" % fd)
    except OSError:
        return None
    inode = fs.inodes.get((st.st_ino, st.st_dev))
    if inode is None:
        inode = fs.inodes[st.st_ino, st.st_dev] = HostInode(fs, _BY_FD + b"%d" % fd, st)
    if st.st_mode & S_IFMT == S_IFDIR:
        file: File = HostDirFile(inode, flags, fd)
    else:
        file = InheritedFile(inode, flags, fd, label)
    if label[:1] == b"/":
        try:
            found = namespace.walk(namespace.root, namespace.root, label, follow=False)
            if found.inode is inode:
                file.location = found
        except LinuxError:
            pass
    return file
