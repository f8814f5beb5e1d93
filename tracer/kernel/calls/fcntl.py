"""fcntl(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import locks, sigio
from tracer.kernel.calls.common import (
    CAP_FOWNER,
    CAP_LEASE,
    CAP_SYS_RESOURCE,
    file_inode,
    is_32bit,
)
from tracer.kernel.locks import F_RDLCK, F_UNLCK, F_WRLCK, OFFSET_MAX
from tracer.kernel.registry import syscall
from tracer.kernel.sigio import F_OWNER_PGRP, F_OWNER_PID, F_OWNER_TID
from tracer.kernel.task import RLIMIT_NOFILE, drop
from tracer.memory.vma import PROT_WRITE
from tracer.vfs.base import (
    O_ACCMODE,
    O_APPEND,
    O_ASYNC,
    O_DIRECT,
    O_NOATIME,
    O_NONBLOCK,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    PAGE,
    S_IFDIR,
    S_IFIFO,
    S_IFMT,
    S_IFREG,
    S_IFSOCK,
)
from tracer.wait import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.layout import Layout
    from tracer.kernel.locks import Lock
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task
    from tracer.vfs.base import File
    from tracer.vfs.memfs import MemRegular

# asm-generic/fcntl.h, linux/fcntl.h
F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW = range(8)
F_SETOWN, F_GETOWN, F_SETSIG, F_GETSIG = 8, 9, 10, 11
F_GETLK64, F_SETLK64, F_SETLKW64 = 12, 13, 14
F_SETOWN_EX, F_GETOWN_EX, F_GETOWNER_UIDS = 15, 16, 17
F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW = 36, 37, 38
F_SETLEASE, F_GETLEASE, F_NOTIFY, F_DUPFD_QUERY, F_CREATED_QUERY = (
    1024, 1025, 1026, 1027, 1028)
F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS = (
    1030, 1031, 1032, 1033, 1034)
F_GET_RW_HINT, F_SET_RW_HINT, F_GET_FILE_RW_HINT, F_SET_FILE_RW_HINT = 1035, 1036, 1037, 1038

_ON_PATHS = frozenset((F_CREATED_QUERY, F_DUPFD, F_DUPFD_CLOEXEC, F_DUPFD_QUERY, F_GETFD,
                       F_SETFD, F_GETFL))
_SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME
_WIDE_LOCKS = frozenset((F_GETLK64, F_SETLK64, F_SETLKW64, F_OFD_GETLK, F_OFD_SETLK,
                         F_OFD_SETLKW))
_ALL_SEALS = 0x3F
_PIPE_MAX_SIZE = 1 << 20
_RWH_MAX = 5                    # RWH_WRITE_LIFE_EXTREME


def _int(value: int) -> int:
    """The argument as C int."""
    return (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


@syscall("fcntl", flock="flock", flock64="flock64", owner_ex="f_owner_ex")
def fcntl(task: Task, fd: int, cmd: int, arg: int, *, flock: Layout, flock64: Layout,
          owner_ex: Layout) -> Result:
    """fcntl(2); on 32-bit ABIs it lacks the locks with 64-bit offsets."""
    if cmd in _WIDE_LOCKS and is_32bit(task):
        raise LinuxError(E.EINVAL)
    return fcntl64(task, fd, cmd, arg, flock=flock, flock64=flock64, owner_ex=owner_ex)


@syscall("fcntl64", flock="flock", flock64="flock64", owner_ex="f_owner_ex")
def fcntl64(task: Task, fd: int, cmd: int, arg: int, *, flock: Layout, flock64: Layout,
            owner_ex: Layout) -> Result:
    """fcntl64(2)."""
    file = task.files.files.get(fd)
    if file is None or (file.flags & O_PATH and cmd not in _ON_PATHS):
        raise LinuxError(E.EBADF)
    if cmd == F_GETFL:
        return task.abi.open_flags_out(file.flags)
    if cmd == F_SETFL:
        return _set_flags(task, file, _int(arg))
    if cmd == F_GETFD:
        return int(fd in task.files.cloexec)
    if cmd == F_SETFD:
        if arg & 1:
            task.files.cloexec.add(fd)
        else:
            task.files.cloexec.discard(fd)
        return 0
    if cmd in (F_DUPFD, F_DUPFD_CLOEXEC):
        limit = task.process.limits[RLIMIT_NOFILE][0]
        start = arg & 0xFFFFFFFF
        if start >= limit:
            raise LinuxError(E.EINVAL)
        new = task.files.lowest(start, limit)
        task.files.put(new, file, cmd == F_DUPFD_CLOEXEC)
        return new
    wide = is_32bit(task)
    if cmd in (F_GETLK, F_SETLK, F_SETLKW):
        return _record_lock(task, fd, file, cmd, arg, flock)
    if cmd in (F_GETLK64, F_SETLK64, F_SETLKW64) and wide:
        return _record_lock(task, fd, file, cmd - F_GETLK64 + F_GETLK, arg, flock64)
    if cmd in (F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW):
        return _record_lock(task, fd, file, cmd, arg, flock64)
    if cmd in (F_SETOWN_EX, F_GETOWN_EX):
        return _owner_ex(task, file, cmd, arg, owner_ex)
    command = _COMMANDS.get(cmd)
    if command is None:
        raise LinuxError(E.EINVAL)
    return command(task, file, arg)


def _set_flags(task: Task, file: File, arg: int) -> int:
    flags = task.abi.open_flags_in(arg & 0xFFFFFFFF)
    inode = file_inode(task, file)
    if flags & O_NOATIME and not file.flags & O_NOATIME and (
            task.creds.fsuid != inode.uid and not task.creds.capable(CAP_FOWNER)):
        raise LinuxError(E.EPERM)
    kind = inode.mode & S_IFMT
    if flags & O_DIRECT and kind not in (S_IFIFO, S_IFREG):
        raise LinuxError(E.EINVAL)
    kept = file.flags & ~_SETFL_MASK
    file.set_flags(flags & _SETFL_MASK | kept)
    if (flags ^ file.flags) & O_ASYNC and kind in (S_IFIFO, S_IFSOCK):
        set_async(task, file, bool(flags & O_ASYNC))
    return 0


def set_async(task: Task, file: File, on: bool) -> None:
    """O_ASYNC, for the kinds of files that know it (they have fasync): pipes and sockets."""
    file.set_flags(file.flags ^ O_ASYNC)
    if on:
        sigio.start(task.kernel, file, _number(task, file))
    else:
        sigio.stop(file)


def _number(task: Task, file: File) -> int:
    """A descriptor of an open file."""
    return next((fd for fd, each in task.files.files.items() if each is file), -1)


# -- record locks ----------------------------------------------------------------------------
def _range(file: File, whence: int, start: int, length: int) -> tuple[int, int]:
    """The first and last byte of a struct flock; EINVAL, EOVERFLOW."""
    if whence == 0:
        origin = 0
    elif whence == 1:
        origin = file.seek(0, 1) if file.seekable else 0
    elif whence == 2:
        origin = file.getattr().size
    else:
        raise LinuxError(E.EINVAL)
    if start > OFFSET_MAX - origin:
        raise LinuxError(E.EOVERFLOW)
    start += origin
    if start < 0:
        raise LinuxError(E.EINVAL)
    if length > 0:
        if length - 1 > OFFSET_MAX - start:
            raise LinuxError(E.EOVERFLOW)
        return start, start + length - 1
    if length < 0:
        if start + length < 0:
            raise LinuxError(E.EINVAL)
        return start + length, start - 1
    return start, OFFSET_MAX


def _record_lock(task: Task, fd: int, file: File, cmd: int, address: int,
                 layout: Layout) -> Result:
    values = layout.unpack(task.mem.read(address, layout.size))
    type_, whence, start, length, pid = values
    assert isinstance(type_, int) and isinstance(whence, int) and isinstance(start, int)
    assert isinstance(length, int)
    get = cmd in (F_GETLK, F_OFD_GETLK)
    if cmd == F_GETLK and type_ not in (F_RDLCK, F_WRLCK):
        raise LinuxError(E.EINVAL)
    first, last = _range(file, whence, start, length)
    if type_ not in (F_RDLCK, F_WRLCK, F_UNLCK):
        raise LinuxError(E.EINVAL)
    if not get:
        mode = file.flags & O_ACCMODE
        if (type_ == F_RDLCK and mode & 1) or (type_ == F_WRLCK and not mode + 1 & 2):
            raise LinuxError(E.EBADF)
    owner: object = task.files
    owner_pid = task.tgid
    if cmd in (F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW):
        if pid:
            raise LinuxError(E.EINVAL)
        owner, owner_pid = file, -1
    held = locks.of(file_inode(task, file))
    if get:
        lock = held.conflict(owner, type_, first, last) if type_ != F_UNLCK else None
        if lock is None:
            data = layout.pack(F_UNLCK, whence, start, length, pid)
        else:
            data = _pack_lock(task, lock, layout)
        task.mem.write(address, data)
        return 0
    conflict = held.conflict(owner, type_, first, last) if type_ != F_UNLCK else None
    if conflict is None:
        _hold(task, file, owner)
        held.set(owner, owner_pid, type_, first, last)
        return 0
    if cmd in (F_SETLK, F_OFD_SETLK):
        raise LinuxError(E.EAGAIN)
    return _lock_wait(task, fd, file, owner, owner_pid, (type_, first, last))


def _pack_lock(task: Task, lock: Lock, layout: Layout) -> bytes:
    """The lock that is in the way; EOVERFLOW when a 32-bit struct flock cannot hold it."""
    length = 0 if lock.end == OFFSET_MAX else lock.end - lock.start + 1
    pid = task.process.number(lock.pid)
    try:
        return layout.pack_exact(lock.type, 0, lock.start, length, pid)
    except Exception as error:      # struct.error, not worth its import
        raise LinuxError(E.EOVERFLOW) from error


def _hold(task: Task, file: File, owner: object) -> None:
    """Have the locks released in time."""
    if owner is file:
        locks.FILES.add(file)
    else:
        task.files.locks = True


def _lock_wait(task: Task, fd: int, file: File, owner: object, pid: int,
               wanted: tuple[int, int, int]) -> Blocking:
    held = locks.of(file_inode(task, file))
    file.refs += 1
    try:
        while (conflict := held.conflict(owner, *wanted)) is not None:
            if owner is not file and locks.would_deadlock(owner, conflict):
                raise LinuxError(E.EDEADLK)
            held.waiting[owner] = conflict
            try:
                reason = yield Wait((held.changed,))
            finally:
                held.waiting.pop(owner, None)
            if reason == Wait.SIGNAL:
                raise LinuxError(E.ERESTARTSYS)
        if owner is not file and task.files.files.get(fd) is not file:
            raise LinuxError(E.EBADF)       # closed meanwhile
        _hold(task, file, owner)
        held.set(owner, pid, *wanted)
        return 0
    finally:
        drop(file)


# -- owners of SIGIO ---------------------------------------------------------------------------
def _exists(task: Task, kind: int, pid: int) -> bool:
    kernel = task.kernel
    if kind == F_OWNER_PGRP:
        return any(p.pgid == pid for p in kernel.processes.values())
    return pid in kernel.tasks or (kind == F_OWNER_PID and pid in kernel.processes)


def _assign(task: Task, file: File, kind: int, pid: int) -> None:
    if pid and not _exists(task, kind, pid):
        raise LinuxError(E.ESRCH)
    sigio.assign(file, kind, pid)


def _set_owner(task: Task, file: File, arg: int) -> int:
    who = _int(arg)
    if who == -1 << 31:
        raise LinuxError(E.EINVAL)
    if who < 0:
        _assign(task, file, F_OWNER_PGRP, -who)
    else:
        _assign(task, file, F_OWNER_PID, who)
    return 0


def _get_owner(task: Task, file: File, arg: int) -> int:
    return file.owner


def _owner_ex(task: Task, file: File, cmd: int, address: int, layout: Layout) -> int:
    if cmd == F_GETOWN_EX:
        owner = sigio.owner(file)
        task.mem.write(address, layout.pack(owner.kind, task.process.number(owner.pid)))
        return 0
    kind, pid = layout.unpack(task.mem.read(address, layout.size))
    assert isinstance(kind, int) and isinstance(pid, int)
    if kind not in (F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP):
        raise LinuxError(E.EINVAL)
    if pid < 0:
        raise LinuxError(E.ESRCH)
    _assign(task, file, kind, pid)
    return 0


def _owner_uids(task: Task, file: File, address: int) -> int:
    task.mem.write(address, bytes(8))       # where nobody is set; nobody else can ask
    return 0


def _set_signal(task: Task, file: File, arg: int) -> int:
    signal = _int(arg)
    if not 0 <= signal <= 64:
        raise LinuxError(E.EINVAL)
    sigio.owner(file).signal = signal
    return 0


def _get_signal(task: Task, file: File, arg: int) -> int:
    return sigio.owner(file).signal


# -- leases ------------------------------------------------------------------------------------
def _set_lease(task: Task, file: File, arg: int) -> int:
    """F_SETLEASE; EACCES, EINVAL, EAGAIN."""
    type_ = _int(arg)
    inode = file_inode(task, file)
    if task.creds.fsuid != inode.uid and not task.creds.capable(CAP_LEASE):
        raise LinuxError(E.EACCES)
    if inode.mode & S_IFMT != S_IFREG:
        raise LinuxError(E.EINVAL)
    held = locks.of(inode)
    if type_ == F_UNLCK:
        if not locks.drop_lease(held, file):
            raise LinuxError(E.EAGAIN)
        held.changed.wake()
        return 0
    if type_ not in (F_RDLCK, F_WRLCK):
        raise LinuxError(E.EINVAL)
    others = [f for f in _open_files(task) if f.inode is inode and f is not file]
    writing = [f for f in (file, *others) if f.flags & O_ACCMODE != O_RDONLY]
    if (type_ == F_RDLCK and writing) or (type_ == F_WRLCK and others):
        raise LinuxError(E.EAGAIN)
    held.leases[file] = type_
    locks.LEASES[file] = _number(task, file)
    locks.FILES.add(file)
    if held.breaking.pop(file, None) is not None:
        held.changed.wake()
    if not file.owner:
        _assign(task, file, F_OWNER_PID, task.tgid)
    return 0


def _open_files(task: Task) -> set[File]:
    """All open files of the machine, O_PATH ones left out."""
    tables = {id(t.files): t.files for t in task.kernel.tasks.values()}
    tables[id(task.files)] = task.files
    return {f for table in tables.values() for f in table.files.values()
            if not f.flags & O_PATH}


def _get_lease(task: Task, file: File, arg: int) -> int:
    held = locks.of(file_inode(task, file))
    return held.breaking.get(file, held.leases.get(file, F_UNLCK))


def _notify(task: Task, file: File, arg: int) -> int:
    """F_NOTIFY; ENOTDIR."""
    if file_inode(task, file).mode & S_IFMT != S_IFDIR:
        raise LinuxError(E.ENOTDIR)
    if not file.owner:
        _assign(task, file, F_OWNER_PID, task.tgid)
    sigio.watch(task.kernel, file, _number(task, file), arg & 0xFFFFFFFF)
    return 0


# -- pipes, seals, hints -----------------------------------------------------------------------
def _set_pipe_size(task: Task, file: File, arg: int) -> int:
    from tracer.vfs.pipe import PipeFile
    if not isinstance(file, PipeFile):
        raise LinuxError(E.EBADF)
    size = arg & 0xFFFFFFFF
    if size > 1 << 31:
        raise LinuxError(E.EINVAL)
    rounded = PAGE
    while rounded < size:
        rounded *= 2
    if rounded > file.pipe.slots * PAGE and rounded > _PIPE_MAX_SIZE and (
            not task.creds.capable(CAP_SYS_RESOURCE)):
        raise LinuxError(E.EPERM)
    return file.pipe.resize(size)


def _get_pipe_size(task: Task, file: File, arg: int) -> int:
    from tracer.vfs.pipe import PipeFile
    if not isinstance(file, PipeFile):
        raise LinuxError(E.EBADF)
    return file.pipe.slots * PAGE


def _add_seals(task: Task, file: File, arg: int) -> int:
    from tracer.vfs.memfs import F_SEAL_SEAL, F_SEAL_WRITE, MemRegular
    inode = file.inode
    if not isinstance(inode, MemRegular):
        raise LinuxError(E.EINVAL)
    if not (file.flags & O_ACCMODE) + 1 & 2:
        raise LinuxError(E.EPERM)
    seals = arg & 0xFFFFFFFF
    if seals & ~_ALL_SEALS:
        raise LinuxError(E.EINVAL)
    if seals & F_SEAL_WRITE and not inode.seals & (F_SEAL_SEAL | F_SEAL_WRITE) and (
            _is_mapped_writable(task, inode)):
        raise LinuxError(E.EBUSY)
    inode.add_seals(seals)
    return 0


def _is_mapped_writable(task: Task, inode: MemRegular) -> bool:
    """Whether a shared mapping of a file may be written to, or made so."""
    from tracer.vfs.memfs import F_SEAL_FUTURE_WRITE
    backing = task.kernel.shared_files.get(inode)
    return backing is not None and any(
        vma.backing is backing and vma.shared and vma.file is not None
        and vma.file.flags & O_ACCMODE == O_RDWR
        and (vma.prot & PROT_WRITE or not inode.seals & F_SEAL_FUTURE_WRITE)
        for each in task.kernel.tasks.values() for vma in each.mem.vmas)


def _get_seals(task: Task, file: File, arg: int) -> int:
    from tracer.vfs.memfs import MemRegular
    if not isinstance(file.inode, MemRegular):
        raise LinuxError(E.EINVAL)
    return file.inode.seals


_hints: WeakKeyDictionary[File, int] = WeakKeyDictionary()


def _get_hint(task: Task, file: File, address: int) -> int:
    task.mem.write_int(address, _hints.get(file, 0), 8)
    return 0


def _set_hint(task: Task, file: File, address: int) -> int:
    hint = task.mem.read_int(address, 8)
    if hint > _RWH_MAX:
        raise LinuxError(E.EINVAL)
    _hints[file] = hint
    return 0


def _created(task: Task, file: File, arg: int) -> int:
    """F_CREATED_QUERY: the open files do not remember it."""
    return 0


def _same(task: Task, file: File, arg: int) -> int:
    other = task.files.files.get(_int(arg))
    if other is None:
        raise LinuxError(E.EBADF)
    return int(other is file)


_COMMANDS: dict[int, Callable[[Task, File, int], int]] = {
    F_SETOWN: _set_owner, F_GETOWN: _get_owner, F_GETOWNER_UIDS: _owner_uids,
    F_SETSIG: _set_signal, F_GETSIG: _get_signal,
    F_SETLEASE: _set_lease, F_GETLEASE: _get_lease, F_NOTIFY: _notify,
    F_DUPFD_QUERY: _same, F_CREATED_QUERY: _created,
    F_SETPIPE_SZ: _set_pipe_size, F_GETPIPE_SZ: _get_pipe_size,
    F_ADD_SEALS: _add_seals, F_GET_SEALS: _get_seals,
    F_GET_RW_HINT: _get_hint, F_SET_RW_HINT: _set_hint,
}
