"""Opening files: open(2) and its kin, handles, memfd_create."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import inotify, locks, sigio
from tracer.kernel.calls.common import (
    AT_EMPTY_PATH,
    AT_SYMLINK_FOLLOW,
    CAP_DAC_READ_SEARCH,
    MAX_NON_LFS,
    get_path,
    install,
    is_32bit,
    location_of,
    lookup,
)
from tracer.kernel.registry import syscall
from tracer.kernel.task import AT_FDCWD, RLIMIT_NOFILE, drop
from tracer.vfs.base import (
    O_ACCMODE,
    O_CLOEXEC,
    O_CREAT,
    O_DIRECTORY,
    O_LARGEFILE,
    O_NOFOLLOW,
    O_NONBLOCK,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_TMPFILE,
    O_TRUNC,
    O_WRONLY,
    S_IFMT,
    S_IFREG,
    File,
)
from tracer.vfs.opening import open_file, open_location
from tracer.wait import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.layout import Layout
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task
    from tracer.vfs.base import Inode
    from tracer.vfs.namespace import Location

_TMPFILE_BIT = O_TMPFILE & ~O_DIRECTORY
_VALID = 0o37777703             # VALID_OPEN_FLAGS of linux/fcntl.h, x86 values
_O_SYNC_BIT, _O_DSYNC = 0o4000000, 0o10000
_RARE = _TMPFILE_BIT | O_DIRECTORY | _O_SYNC_BIT
_VALID_RESOLVE = 0x3F
_SCOPES = 0x18                  # RESOLVE_BENEATH | RESOLVE_IN_ROOT
_CACHED = 0x20


def _check_flags(flags: int) -> int:
    """The combinations that build_open_flags refuses: EINVAL.  The flags made whole."""
    if flags & O_PATH:
        return flags
    if flags & O_DIRECTORY and flags & O_CREAT:
        raise LinuxError(E.EINVAL)
    if flags & _TMPFILE_BIT and (
            not flags & O_DIRECTORY or flags & O_ACCMODE == O_RDONLY):
        raise LinuxError(E.EINVAL)
    return flags | _O_DSYNC if flags & _O_SYNC_BIT else flags


def _open(task: Task, dfd: int, filename: int, flags: int, mode: int,
          resolve: int = 0) -> Result:
    """do_sys_openat2 after the flags: EFAULT, ENOENT, EMFILE, then what the walk finds."""
    path = get_path(task, filename)
    if not path:
        raise LinuxError(E.ENOENT)
    files = task.files
    fd = files.lowest(0, task.process.limits[RLIMIT_NOFILE][0])
    fs = task.fs
    if dfd == AT_FDCWD or path[0] == 47:
        start = fs.cwd
    else:
        start = location_of(task, files.get_any(dfd))
    if locks.LEASES and not flags & O_PATH:
        leased = _found(task, start, path, flags)
        if leased is not None and sigio.break_leases(task.kernel, leased, flags):
            if flags & O_NONBLOCK:
                raise LinuxError(E.EAGAIN)
            return _wait_for_lease(task, leased, flags,
                                   lambda: _open(task, dfd, filename, flags, mode, resolve))
    namespace = task.kernel.namespace
    new = inotify.WATCHES and flags & O_CREAT and not _exists(task, start, path)
    file = open_file(namespace, fs.root, start, path, flags, mode & ~fs.umask & 0o7777,
                     creds=task.creds, task=task, resolve=resolve)
    if inotify.WATCHES:
        where = file.location
        if new and where is not None and where.parent is not None:
            inotify.created(where.parent, where.name)
        if not flags & O_PATH:
            inotify.changed(where, inotify.IN_OPEN)
            if flags & O_TRUNC and not new and file.inode is not None and (
                    file.inode.mode & S_IFMT == S_IFREG):
                inotify.changed(where, inotify.IN_MODIFY)
    if flags & O_TRUNC and file.inode in task.kernel.shared_files and not flags & O_PATH:
        task.kernel.file_cut(file.inode, 0)
    if not flags & O_LARGEFILE and not flags & O_PATH:
        _check_size(task, file)
    if file.opening():
        return _wait_opening(task, file, bool(flags & O_CLOEXEC))
    files.put(fd, file, bool(flags & O_CLOEXEC))
    return fd


def _exists(task: Task, start: Location, path: bytes) -> bool:
    return _found(task, start, path, 0) is not None


def _found(task: Task, start: Location, path: bytes, flags: int) -> Inode | None:
    try:
        return task.kernel.namespace.walk(
            task.fs.root, start, path, follow=not flags & O_NOFOLLOW, creds=task.creds,
            task=task).inode
    except LinuxError:
        return None


def _wait_for_lease(task: Task, inode: Inode, flags: int,
                    then: Callable[[], Result]) -> Blocking:
    """Until the holders have given up their leases, or have lost them, and then open."""
    deadline = task.kernel.clock.monotonic() + sigio.LEASE_BREAK_TIME
    while sigio.break_leases(task.kernel, inode, flags):
        reason = yield Wait((locks.of(inode).changed,), deadline)
        if reason == Wait.SIGNAL:
            raise LinuxError(E.ERESTARTSYS)
        if reason == Wait.TIMEOUT:
            sigio.end_leases(inode)
    result = then()
    return result if isinstance(result, int) else (yield from result)  # type: ignore[misc]


def _check_size(task: Task, file: File) -> None:
    """EOVERFLOW for files whose size an old off_t cannot hold."""
    inode = file.inode
    if inode is not None and inode.mode & S_IFMT == S_IFREG and (
            file.getattr().size > MAX_NON_LFS):
        file.release()
        raise LinuxError(E.EOVERFLOW)


def _wait_opening(task: Task, file: File, cloexec: bool) -> Blocking:
    """Wait for the other end of a FIFO."""
    file.refs += 1
    try:
        while queues := file.opening():
            if (yield Wait(queues)) == Wait.SIGNAL:
                raise LinuxError(E.ERESTARTSYS)
        return install(task, file, cloexec)
    finally:
        drop(file)


@syscall("openat")
def openat(task: Task, dfd: int, filename: int, flags: int, mode: int) -> Result:
    """openat(2)."""
    flags = task.abi.open_flags_in(flags) & _VALID
    if flags & _RARE:
        flags = _check_flags(flags)
    if not flags & O_LARGEFILE and not flags & O_PATH and not is_32bit(task):
        flags |= O_LARGEFILE
    return _open(task, dfd, filename, flags, mode)


@syscall("open")
def open_(task: Task, filename: int, flags: int, mode: int) -> Result:
    """open(2)."""
    return openat(task, AT_FDCWD, filename, flags, mode)


@syscall("creat")
def creat(task: Task, pathname: int, mode: int) -> Result:
    """creat(2)."""
    flags = O_CREAT | O_WRONLY | O_TRUNC
    if not is_32bit(task):
        flags |= O_LARGEFILE
    return _open(task, AT_FDCWD, pathname, flags, mode)


def copy_struct(task: Task, address: int, size: int, known: int) -> bytes:
    """copy_struct_from_user: an extensible structure, zero-filled to ``known`` bytes.

    E2BIG when what this kernel does not know is not zero; EFAULT.
    """
    data = task.mem.read(address, size)
    if any(data[known:]):
        raise LinuxError(E.E2BIG)
    return data[:known].ljust(known, b"\0")


@syscall("openat2", how_t="open_how")
def openat2(task: Task, dfd: int, filename: int, how: int, usize: int, *,
            how_t: Layout) -> Result:
    """openat2(2): unlike open it refuses what it does not know."""
    if usize < how_t.size:
        raise LinuxError(E.EINVAL)
    if usize > 4096:
        raise LinuxError(E.E2BIG)
    raw, mode, resolve = how_t.unpack(copy_struct(task, how, usize, how_t.size))
    assert isinstance(raw, int) and isinstance(mode, int) and isinstance(resolve, int)
    flags = task.abi.open_flags_in(raw & 0xFFFFFFFF)
    if raw >> 32 or flags & ~_VALID or resolve & ~_VALID_RESOLVE or resolve & _SCOPES == _SCOPES:
        raise LinuxError(E.EINVAL)
    if flags & (O_CREAT | _TMPFILE_BIT):
        if mode & ~0o7777:
            raise LinuxError(E.EINVAL)
    elif mode:
        raise LinuxError(E.EINVAL)
    if flags & O_DIRECTORY and flags & O_CREAT:
        raise LinuxError(E.EINVAL)
    if flags & O_PATH:
        if flags & ~(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC):
            raise LinuxError(E.EINVAL)
    elif not is_32bit(task):
        flags |= O_LARGEFILE
    flags = _check_flags(flags)
    if resolve & _CACHED:
        if flags & (O_TRUNC | O_CREAT | _TMPFILE_BIT):
            raise LinuxError(E.EAGAIN)
        resolve &= ~_CACHED     # all our names are in memory
    return _open(task, dfd, filename, flags, mode, resolve)


# -- file handles --------------------------------------------------------------------------
# The handle of this kernel: inode number and generation, as FILEID_INO32_GEN has them.
_HANDLE_TYPE, _HANDLE_SIZE, _MAX_HANDLE = 1, 8, 128
AT_HANDLE_FID, AT_HANDLE_MNT_ID_UNIQUE = 0x200, 0x001


@syscall("name_to_handle_at", head="file_handle")
def name_to_handle_at(task: Task, dfd: int, name: int, handle: int, mnt_id: int, flag: int, *,
                      head: Layout) -> int:
    """name_to_handle_at(2)."""
    if flag & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | AT_HANDLE_FID | AT_HANDLE_MNT_ID_UNIQUE):
        raise LinuxError(E.EINVAL)
    location = lookup(task, dfd, get_path(task, name), bool(flag & AT_SYMLINK_FOLLOW),
                      bool(flag & AT_EMPTY_PATH))
    mount = location.mount
    if mount is None or mount.fs.volatile == 2:
        raise LinuxError(E.EOPNOTSUPP)
    room = task.mem.read_int(handle, 4)
    task.mem.read(handle, head.size)
    if room > _MAX_HANDLE:
        raise LinuxError(E.EINVAL)
    fits = room >= _HANDLE_SIZE
    unique = flag & AT_HANDLE_MNT_ID_UNIQUE
    task.mem.write_int(mnt_id, mount.id, 8 if unique else 4)
    data = location.inode.ino.to_bytes(8, "little") if fits else b""
    task.mem.write(handle, head.pack(_HANDLE_SIZE, _HANDLE_TYPE if fits else 0, b"") + data)
    if not fits:
        raise LinuxError(E.EOVERFLOW)
    return 0


def _find(here: Location, ino: int) -> Location | None:
    """The cached location of an inode number below a location, in the same mount."""
    stack = [here]
    while stack:
        here = stack.pop()
        if here.inode.ino == ino and not here.deleted:
            return here
        stack.extend(here.children.values())
    return None


@syscall("open_by_handle_at", head="file_handle")
def open_by_handle_at(task: Task, mountdirfd: int, handle: int, flags: int, *,
                      head: Layout) -> Result:
    """open_by_handle_at(2), for inodes whose names were looked up before."""
    if mountdirfd == AT_FDCWD:
        start = task.fs.cwd
    else:
        start = location_of(task, task.files.get_any(mountdirfd))
    if not task.creds.capable(CAP_DAC_READ_SEARCH):
        raise LinuxError(E.EPERM)
    size, kind = head.unpack(task.mem.read(handle, head.size))[:2]
    assert isinstance(size, int)
    if not 0 < size <= _MAX_HANDLE:
        raise LinuxError(E.EINVAL)
    data = task.mem.read(handle + head.size, size)
    mount = start.mount
    found = None
    if mount is not None and kind == _HANDLE_TYPE and size >= _HANDLE_SIZE:
        found = _find(mount.root, int.from_bytes(data[:8], "little"))
    if found is None:
        raise LinuxError(E.ESTALE)
    flags = task.abi.open_flags_in(flags) & _VALID & ~(O_CREAT | _TMPFILE_BIT)
    if not is_32bit(task):
        flags |= O_LARGEFILE
    file = open_location(found, flags, task.creds, task)
    if file.opening():
        return _wait_opening(task, file, bool(flags & O_CLOEXEC))
    return install(task, file, bool(flags & O_CLOEXEC))


# -- memfd_create --------------------------------------------------------------------------
MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_HUGETLB, MFD_NOEXEC_SEAL, MFD_EXEC = 1, 2, 4, 8, 16
_HUGE_BITS = 0x3F << 26
_MFD_NAME_MAX = 255 - len(b"memfd:")


@syscall("memfd_create", note="huge pages are ordinary ones")
def memfd_create(task: Task, uname: int, flags: int) -> int:
    """memfd_create(2)."""
    known = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC
    if flags & ~(known | (_HUGE_BITS if flags & MFD_HUGETLB else 0)):
        raise LinuxError(E.EINVAL)
    if flags & MFD_EXEC and flags & MFD_NOEXEC_SEAL:
        raise LinuxError(E.EINVAL)
    name, ended = task.mem.read_string(uname, _MFD_NAME_MAX + 1)
    if not ended:
        raise LinuxError(E.EINVAL)
    from tracer.kernel.pseudo import pseudo
    from tracer.vfs.memfs import F_SEAL_EXEC, F_SEAL_SEAL, memfd
    from tracer.vfs.namespace import Location
    inode = memfd(pseudo(task.kernel).shm, name, 0o777,
                  bool(flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL)))
    inode.uid, inode.gid = task.creds.fsuid, task.creds.fsgid
    if flags & MFD_NOEXEC_SEAL:
        inode.mode &= ~0o111
        inode.seals = inode.seals & ~F_SEAL_SEAL | F_SEAL_EXEC
    file = inode.open(O_RDWR | O_LARGEFILE, task)
    file.location = Location(None, None, b"/memfd:" + name + b" (deleted)", inode)
    return install(task, file, bool(flags & MFD_CLOEXEC))
