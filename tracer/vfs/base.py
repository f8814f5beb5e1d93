"""Inodes, open files and file systems: what every file system implements.

Names and paths are bytes.  Times are nanoseconds since the epoch.  Errors are LinuxError.

Paths are resolved, and names are made and removed, by ``tracer.vfs.namespace.Namespace``; it
keeps the cache of names and checks permissions.  Calling the methods of ``Inode`` that change
directories behind its back leaves the cache wrong.  Guest memory (for ``ioctl``) is reached
by ``tracer.vfs.user`` alone.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from typing import Any

    from tracer.vfs.namespace import Location

# stat.h, S_IFMT and its values
S_IFMT, S_IFSOCK, S_IFLNK, S_IFREG = 0o170000, 0o140000, 0o120000, 0o100000
S_IFBLK, S_IFDIR, S_IFCHR, S_IFIFO = 0o060000, 0o040000, 0o020000, 0o010000
S_ISUID, S_ISGID, S_ISVTX = 0o4000, 0o2000, 0o1000

# poll.h
POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL = 1, 2, 4, 8, 16, 32
POLLRDNORM, POLLRDBAND, POLLWRNORM, POLLWRBAND, POLLRDHUP = 0x40, 0x80, 0x100, 0x200, 0x2000

# Open flags here have the values of asm-generic/fcntl.h (x86); the ABI layer translates.
O_ACCMODE, O_RDONLY, O_WRONLY, O_RDWR = 3, 0, 1, 2
O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC = 0o100, 0o200, 0o400, 0o1000
O_APPEND, O_NONBLOCK, O_DSYNC, O_ASYNC = 0o2000, 0o4000, 0o10000, 0o20000
O_DIRECT, O_LARGEFILE, O_DIRECTORY, O_NOFOLLOW = 0o40000, 0o100000, 0o200000, 0o400000
O_NOATIME, O_CLOEXEC, O_SYNC, O_PATH, O_TMPFILE = (
    0o1000000, 0o2000000, 0o4010000, 0o10000000, 0o20200000)
# dirent.h, DT_*: the file type bits of the mode, shifted
DT_DIR, DT_LNK, DT_REG, DT_CHR, DT_FIFO, DT_SOCK, DT_BLK = 4, 10, 8, 2, 1, 12, 6

# statfs.h / statvfs.h, ST_*
ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC, ST_NOATIME, ST_RELATIME = 1, 2, 4, 8, 0x400, 0x1000

MAY_EXEC, MAY_WRITE, MAY_READ = 1, 2, 4     # as in access(2): X_OK, W_OK, R_OK

# linux/capability.h
CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID = (
    1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4)

PAGE = 4096


def makedev(major: int, minor: int) -> int:
    """dev_t as stat(2) and mknod(2) have it in user space (new_encode_dev of linux/kdev_t.h)."""
    return (minor & 0xFF) | (major << 8) | ((minor & ~0xFF) << 12)


class Creds:
    """Who asks.  A task's credentials must have these attributes (or derive from this)."""

    __slots__ = ("caps", "fsgid", "fsuid", "groups")

    def __init__(self, fsuid: int = 0, fsgid: int = 0, groups: Sequence[int] = (),
                 caps: int = (1 << 41) - 1) -> None:
        self.fsuid = fsuid
        self.fsgid = fsgid
        self.groups = groups    # supplementary groups
        self.caps = caps        # effective capabilities as a bit set, 1 << CAP_...


ROOT = Creds()


class Attr:
    """What stat(2) tells of an inode."""

    __slots__ = ("atime", "blksize", "blocks", "btime", "ctime", "dev", "gid", "ino", "mode",
                 "mtime", "nlink", "rdev", "size", "uid")

    dev: int        # struct dev_t as the kernel encodes it for user space: major << 8 | minor ...
    ino: int
    mode: int       # type and permissions
    nlink: int
    uid: int
    gid: int
    rdev: int
    size: int
    blksize: int
    blocks: int     # of 512 bytes
    atime: int      # nanoseconds
    mtime: int
    ctime: int
    btime: int


class Inode:
    """A file system object.  Identity is the object: two names of one file give one Inode."""

    __slots__ = ("__weakref__", "fs", "gid", "ino", "mode", "uid")

    def __init__(self, fs: FileSystem, ino: int, mode: int, uid: int = 0, gid: int = 0) -> None:
        self.fs = fs
        self.ino = ino
        self.mode = mode    # type and permissions; kept current by setattr
        self.uid = uid
        self.gid = gid

    @property
    def maps_zero(self) -> bool:
        """Whether mmap gives anonymous memory: /dev/zero."""
        return self.mode & S_IFMT == S_IFCHR and self.getattr().rdev == makedev(1, 5)

    def getattr(self) -> Attr:
        """All attributes; may ask the host."""
        raise NotImplementedError

    def statx(self, mask: int) -> bytes | None:
        """The host's struct statx (256 bytes, the same on all ABIs); None: use ``getattr``."""
        return None

    def statfs(self) -> dict[str, int]:
        """As FileSystem.statfs, with f_type and f_fsid."""
        fs = self.fs
        known = {"f_type": fs.magic, "f_fsid": fs.dev, "f_bsize": PAGE, "f_frsize": PAGE,
                 "f_namelen": 255, "f_flags": fs.flags, **fs.statfs()}
        return {**dict.fromkeys(("f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree"), 0),
                **known}

    def setattr(self, **changes: int) -> None:
        """Change any of mode (permissions only), uid, gid, atime, mtime, ctime (ns), size."""
        raise LinuxError(E.EPERM)

    def permission(self, mask: int, creds: Creds) -> None:
        """EACCES unless ``creds`` have all of the rights MAY_* in mask (path_resolution(7))."""
        mode = self.mode
        if creds.fsuid == self.uid:
            bits = mode >> 6
        elif creds.fsgid == self.gid or self.gid in creds.groups:
            bits = mode >> 3
        else:
            bits = mode
        if bits & mask == mask:
            return
        caps = creds.caps
        if mode & S_IFMT == S_IFDIR:
            if caps & CAP_DAC_OVERRIDE or (
                    not mask & MAY_WRITE and caps & CAP_DAC_READ_SEARCH):
                return
        elif (mask == MAY_READ and caps & CAP_DAC_READ_SEARCH) or (
                caps & CAP_DAC_OVERRIDE and (not mask & MAY_EXEC or mode & 0o111)):
            return
        raise LinuxError(E.EACCES)

    def search(self, creds: Creds) -> None:
        """EACCES unless a path may lead through this directory."""
        self.permission(MAY_EXEC, creds)

    def may_open(self, mask: int, creds: Creds) -> None:
        """EACCES unless ``open`` may be tried; a host file's own open asks the host."""
        self.permission(mask, creds)

    # -- directories -------------------------------------------------------------
    def lookup(self, name: bytes) -> Inode:
        """The child of that name (never "." or ".."); ENOENT, ENOTDIR."""
        raise LinuxError(E.ENOTDIR)

    def create(self, name: bytes, mode: int, uid: int, gid: int, rdev: int = 0) -> Inode:
        """Make a regular file, directory, fifo, socket or device node (type in mode)."""
        raise LinuxError(E.ENOTDIR)

    def tmpfile(self, mode: int, uid: int, gid: int) -> Inode:
        """A regular file without a name (O_TMPFILE); EOPNOTSUPP where there is no such thing."""
        raise LinuxError(E.EOPNOTSUPP)

    def symlink(self, name: bytes, target: bytes, uid: int, gid: int) -> Inode:
        raise LinuxError(E.ENOTDIR)

    def link(self, name: bytes, inode: Inode) -> None:
        raise LinuxError(E.ENOTDIR)

    def unlink(self, name: bytes) -> None:
        raise LinuxError(E.ENOTDIR)

    def rmdir(self, name: bytes) -> None:
        raise LinuxError(E.ENOTDIR)

    def rename(self, name: bytes, target: Inode, new_name: bytes, flags: int) -> None:
        """Move to another directory of the same file system; RENAME_* flags."""
        raise LinuxError(E.ENOTDIR)

    def readdir(self) -> Sequence[tuple[bytes, int, int]]:
        """(name, inode number, DT_ type) of all entries but "." and "..", in a fixed order."""
        raise LinuxError(E.ENOTDIR)

    # -- links ---------------------------------------------------------------
    def readlink(self) -> bytes:
        raise LinuxError(E.EINVAL)

    def follow(self, task: Any) -> Location | None:
        """Where a magic link (/proc/PID/fd/N, exe, cwd, root) leads; None for ordinary links,
        whose text is walked."""
        return None

    # -- content ----------------------------------------------------------------
    def open(self, flags: int, task: Any = None) -> File:
        """A new open file description.  Truncation and permission checks are the caller's."""
        raise LinuxError(E.ENXIO)

    def create_open(self, name: bytes, mode: int, uid: int, gid: int, flags: int,
                    task: Any = None) -> File:
        """Make a regular file and open it, whatever its mode permits."""
        return self.create(name, mode | S_IFREG, uid, gid).open(flags, task)

    def truncate(self, size: int) -> None:
        raise LinuxError(E.EINVAL)

    def page(self, index: int) -> bytes | memoryview | None:
        """4 KiB of content for mmap and exec (shorter at the end of file); None beyond it."""
        raise LinuxError(E.ENODEV)

    # -- extended attributes --------------------------------------------------------
    def getxattr(self, name: bytes) -> bytes:
        raise LinuxError(E.ENODATA)

    def setxattr(self, name: bytes, value: bytes, flags: int) -> None:
        raise LinuxError(E.EOPNOTSUPP)

    def listxattr(self) -> Sequence[bytes]:
        return ()

    def removexattr(self, name: bytes) -> None:
        raise LinuxError(E.ENODATA)


class FileSystem:
    """A mounted file system."""

    __slots__ = ("__weakref__", "dev", "flags", "magic", "mounts", "name", "native", "root",
                 "source", "volatile")

    name: str           # "tmpfs", "proc", ...
    source: bytes       # first column of /proc/mounts
    magic: int          # statfs f_type
    dev: int            # st_dev
    flags: int          # ST_RDONLY ...
    root: Inode
    mounts: list[Any]   # where it is mounted
    volatile: int       # names change behind the Namespace: 0 never, 1 look the last component
    #                     of a path up anew each time, 2 all of them
    native: bool        # ``open`` truncates and checks permissions itself (the host does)

    def __init__(self, name: str, magic: int, dev: int, source: bytes | None = None,
                 flags: int = 0, volatile: int = 0) -> None:
        self.name = name
        self.magic = magic
        self.dev = dev
        self.source = name.encode() if source is None else source
        self.flags = flags
        self.volatile = volatile
        self.native = False
        self.mounts = []

    def statfs(self) -> dict[str, int]:
        """f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree, f_namelen, f_frsize, f_flags,
        as far as they are not the usual ones of a file system without blocks.  Ask
        ``Inode.statfs``, which has all of them."""
        return {}


class File:
    """An open file description, shared by dup and fork.

    ``read`` and ``write`` move data between the file and memoryviews of guest memory.  With
    pos=None they use and advance ``self.pos`` (and lock nothing: one call runs at a time).
    A file which cannot go on raises LinuxError(EAGAIN); the caller then waits on ``waiters()``
    unless O_NONBLOCK is set in ``flags``.
    """

    __slots__ = ("__weakref__", "flags", "inode", "location", "owner", "pos", "refs")

    seekable = True
    writes_all = False      # a blocking write(2) is repeated until all is written (pipes)
    seeks_nowhere = False   # lseek(2) succeeds and does nothing (noop_llseek): eventfd and its kin
    raises_sigpipe = True   # when a write fails with EPIPE
    # how long a read or write may wait, in nanoseconds (SO_RCVTIMEO, SO_SNDTIMEO)
    read_timeout: int | None = None
    write_timeout: int | None = None

    def __init__(self, inode: Inode | None, flags: int) -> None:
        self.inode = inode
        self.flags = flags      # access mode and status flags, x86 values
        self.location: Location | None = None   # by which it was opened, for -y and /proc
        self.pos = 0
        self.refs = 0           # descriptors (and mappings) that refer to it
        self.owner = 0          # F_SETOWN

    def name(self) -> bytes:
        """What /proc/PID/fd/N shows: a path, ``pipe:[12]``, ``anon_inode:[eventfd]``."""
        if self.location is None:
            raise NotImplementedError
        return self.location.path()

    def getattr(self) -> Attr:
        """fstat(2).  Ask the file, not its inode: a host file asks by its descriptor."""
        if self.inode is None:
            raise LinuxError(E.EBADF)
        return self.inode.getattr()

    def statx(self, mask: int) -> bytes | None:
        """As Inode.statx."""
        return None if self.inode is None else self.inode.statx(mask)

    def set_flags(self, flags: int) -> None:
        """F_SETFL, with the access mode kept: O_APPEND, O_NONBLOCK, O_DIRECT, O_ASYNC, ..."""
        self.flags = flags

    def setattr(self, **changes: int) -> None:
        """fchmod, fchown, futimens, ftruncate (``size``): as Inode.setattr."""
        if self.inode is None:
            raise LinuxError(E.EBADF)
        self.inode.setattr(**changes)

    def opening(self) -> Sequence[WaitQueue]:
        """What open(2) must still wait for (the other end of a FIFO); () when it is open.

        Ask again after a wake; ``release`` the file when a signal ends the wait.
        """
        return ()

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        raise LinuxError(E.EINVAL)

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        raise LinuxError(E.EINVAL)

    def write_mapped(self, view: memoryview, pos: int) -> None:
        """What a shared mapping changed: neither O_APPEND nor seals matter."""
        before = self.flags
        if before & O_APPEND:
            self.set_flags(before & ~O_APPEND)
        try:
            self.write([view], pos)
        finally:
            if before & O_APPEND:
                self.set_flags(before)

    def seek(self, offset: int, whence: int) -> int:
        if self.seeks_nowhere:
            return 0
        raise LinuxError(E.ESPIPE)

    def fallocate(self, mode: int, offset: int, length: int) -> None:
        """FALLOC_FL_* of linux/falloc.h; the arguments are checked by the caller."""
        raise LinuxError(E.EOPNOTSUPP)

    def poll(self) -> int:
        """Which POLL* conditions hold now."""
        return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM

    def waiters(self) -> Sequence[WaitQueue]:
        """Queues that are woken when ``poll`` may have changed."""
        return ()

    def ioctl(self, task: Any, request: int, arg: int) -> int:
        """Requests that this kind of file knows; ENOTTY otherwise.

        FIOCLEX, FIONCLEX, FIONBIO, FIOASYNC and FIOQSIZE are the caller's, for every file.
        """
        raise LinuxError(E.ENOTTY)

    def readdir(self) -> Sequence[tuple[bytes, int, int]]:
        """All entries with "." and ".." first: (name, ino, DT_ type); pos indexes them."""
        raise LinuxError(E.ENOTDIR)

    def sync(self) -> None:
        raise LinuxError(E.EINVAL)

    def host_fd(self) -> int | None:
        """The host's descriptor behind it, if there is one."""
        return None

    def release(self) -> None:
        """The last descriptor is closed."""


def fill_attr(inode: Inode, *, nlink: int = 1, size: int = 0, rdev: int = 0, blksize: int = PAGE,
              blocks: int = 0, time: int = 0) -> Attr:
    """An Attr of an inode whose times are all the same."""
    attr = Attr()
    attr.dev = inode.fs.dev
    attr.ino = inode.ino
    attr.mode = inode.mode
    attr.nlink = nlink
    attr.uid = inode.uid
    attr.gid = inode.gid
    attr.rdev = rdev
    attr.size = size
    attr.blksize = blksize
    attr.blocks = blocks
    attr.atime = attr.mtime = attr.ctime = attr.btime = time
    return attr
