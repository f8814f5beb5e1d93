"""What the handlers of the file family share: descriptors, paths, times, SIGPIPE."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.task import AT_FDCWD, RLIMIT_NOFILE
from tracer.vfs.base import O_PATH
from tracer.vfs.namespace import PATH_MAX, Location
from tracer.wait import Wait

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Task
    from tracer.vfs.base import File, Inode

AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_EACCESS = 0x100, 0x200, 0x200
AT_SYMLINK_FOLLOW, AT_NO_AUTOMOUNT, AT_EMPTY_PATH = 0x400, 0x800, 0x1000

SECOND = 10**9
MAX_RW_COUNT = 0x7FFFF000       # linux/fs.h: INT_MAX & PAGE_MASK
LOFF_MAX = (1 << 63) - 1
MAX_NON_LFS = (1 << 31) - 1

# linux/capability.h, as numbers
CAP_FSETID, CAP_LEASE, CAP_SYS_ADMIN, CAP_SYS_CHROOT, CAP_SYS_RESOURCE = 4, 28, 21, 18, 24
CAP_FOWNER, CAP_MKNOD, CAP_DAC_READ_SEARCH, CAP_CHOWN = 3, 27, 2, 0
CAP_SYS_PACCT, CAP_SYS_TTY_CONFIG, CAP_IPC_LOCK, CAP_SYS_NICE = 20, 26, 14, 23

SIGPIPE, SIGXFSZ, SIGIO = 13, 25, 29

_NOT_READABLE = O_PATH | 1      # access modes 1 (O_WRONLY) and 3


# -- descriptors ---------------------------------------------------------------------------
def readable(task: Task, fd: int) -> File:
    """The file of a descriptor that is open for reading; EBADF."""
    file = task.files.files.get(fd)
    if file is None or file.flags & _NOT_READABLE:
        raise LinuxError(E.EBADF)
    return file


def writable(task: Task, fd: int) -> File:
    """The file of a descriptor that is open for writing; EBADF."""
    file = task.files.files.get(fd)
    if file is None or not (file.flags + 1) & 2 or file.flags & O_PATH:
        raise LinuxError(E.EBADF)
    return file


def install(task: Task, file: File, cloexec: bool) -> int:
    """Give a new file the lowest free descriptor; EMFILE (the file is released then)."""
    files = task.files
    try:
        fd = files.lowest(0, task.process.limits[RLIMIT_NOFILE][0])
    except LinuxError:
        file.release()
        raise
    files.put(fd, file, cloexec)
    return fd


def file_inode(task: Task, file: File) -> Inode:
    """The inode behind a file; that of anonymous files where it has none of its own."""
    inode = file.inode
    if inode is None:
        from tracer.kernel.pseudo import pseudo
        return pseudo(task.kernel).anon.root
    return inode


def location_of(task: Task, file: File) -> Location:
    """Where a file was opened; outside of any tree for pipes and their kin."""
    return file.location or Location(None, None, file.name(), file_inode(task, file))


# -- paths ---------------------------------------------------------------------------------
def get_path(task: Task, address: int) -> bytes:
    """A path argument; EFAULT, ENAMETOOLONG."""
    path, ended = task.mem.read_string(address, PATH_MAX)
    if not ended:
        raise LinuxError(E.ENAMETOOLONG)
    return path


def base(task: Task, dfd: int, path: bytes) -> Location:
    """Where the walk along a non-empty path starts; EBADF."""
    if dfd == AT_FDCWD or path[:1] == b"/":
        return task.fs.cwd
    file = task.files.files.get(dfd)
    if file is None:
        raise LinuxError(E.EBADF)
    return file.location or location_of(task, file)


def lookup(task: Task, dfd: int, path: bytes, follow: bool = True,
           empty: bool = False) -> Location:
    """The location of a path relative to a directory descriptor.

    empty: AT_EMPTY_PATH, "" is what ``dfd`` refers to.
    """
    if not path and not empty:
        raise LinuxError(E.ENOENT)
    fs = task.fs
    return task.kernel.namespace.walk(fs.root, base(task, dfd, path), path, follow=follow,
                                      creds=task.creds, task=task, empty=empty)


def lookup_parent(task: Task, dfd: int, path: bytes) -> tuple[Location, bytes, bool]:
    """The directory, the last component, and whether a slash follows it."""
    if not path:
        raise LinuxError(E.ENOENT)
    fs = task.fs
    return task.kernel.namespace.walk_parent(fs.root, base(task, dfd, path), path,
                                             creds=task.creds, task=task)


def is_readonly(location: Location) -> bool:
    """Whether the mount forbids changes (EROFS)."""
    return location.mount is not None and location.mount.readonly


# -- address sizes ---------------------------------------------------------------------------
def is_32bit(task: Task) -> bool:
    """Whether words have 32 bits."""
    return task.mem.top <= 1 << 32


def is_32bit_kernel(task: Task) -> bool:
    """Whether the kernel's words have 32 bits too: it is no 64-bit one that runs compat tasks."""
    return is_32bit(task) and task.abi.machine == task.abi.machine32


def check_range(task: Task, address: int, size: int) -> None:
    """The kernel's access_ok: EFAULT when a buffer leaves the address space.

    A 64-bit kernel checks compat tasks against its own limit, so it never fails for them.
    """
    top = task.mem.top
    if address + size > top and (top > 1 << 32 or is_32bit_kernel(task)):
        raise LinuxError(E.EFAULT)


# -- times ---------------------------------------------------------------------------------
def get_timespec(task: Task, address: int, ts: Layout) -> tuple[int, int]:
    """tv_sec and tv_nsec (or tv_usec); EFAULT.

    In a 64-bit timespec of a 32-bit task the upper half of tv_nsec is padding.
    """
    seconds, fraction = ts.unpack(task.mem.read(address, ts.size))
    assert isinstance(seconds, int) and isinstance(fraction, int)
    if ts.size == 16 and is_32bit(task):
        fraction &= 0xFFFFFFFF
    return seconds, fraction


def duration(seconds: int, nanoseconds: int) -> int:
    """Nanoseconds of a timespec; EINVAL for one that is not normal."""
    if seconds < 0 or not 0 <= nanoseconds < SECOND:
        raise LinuxError(E.EINVAL)
    return seconds * SECOND + nanoseconds


# -- signals -------------------------------------------------------------------------------
def send_sigpipe(task: Task) -> None:
    """The reading end is gone."""
    task.kernel.send_signal(task, {"signo": SIGPIPE, "code": 0, "pid": task.tgid,
                                   "uid": task.creds.uid})


def send_sigxfsz(task: Task) -> None:
    """RLIMIT_FSIZE is reached."""
    task.kernel.send_signal(task, {"signo": SIGXFSZ, "code": 0, "pid": task.tgid,
                                   "uid": task.creds.uid})


def interrupted(reason: int, errno: int = E.ERESTARTSYS) -> None:
    """Raise the restart error when a wait ended by a signal."""
    if reason == Wait.SIGNAL:
        raise LinuxError(errno)
