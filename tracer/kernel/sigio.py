"""SIGIO: owners of open files, O_ASYNC, directory notification and the breaking of leases
(fcntl(2); fs/fcntl.c, fs/notify/dnotify, fs/locks.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from tracer.kernel import inotify
from tracer.kernel.locks import F_RDLCK, F_UNLCK, F_WRLCK, LEASES, of
from tracer.vfs.base import (
    O_ACCMODE,
    O_RDONLY,
    O_TRUNC,
    POLLIN,
    POLLOUT,
    POLLRDNORM,
    POLLWRBAND,
    POLLWRNORM,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from tracer.kernel.kernel import Kernel
    from tracer.vfs.base import File, Inode
    from tracer.wait import WaitQueue

F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP = 0, 1, 2
SIGIO, SI_KERNEL = 29, 0x80
POLL_IN, POLL_OUT, POLL_MSG = 1, 2, 3
_BANDS = {POLL_IN: POLLIN | POLLRDNORM, POLL_OUT: POLLOUT | POLLWRNORM | POLLWRBAND,
          POLL_MSG: POLLIN | POLLRDNORM | 0x400}
LEASE_BREAK_TIME = 45 * 10**9           # /proc/sys/fs/lease-break-time

# linux/fcntl.h, DN_*, and what inotify calls the same
DN_MULTISHOT = 0x80000000
_DN_EVENTS = {1: inotify.IN_ACCESS, 2: inotify.IN_MODIFY,
              4: inotify.IN_CREATE | inotify.IN_MOVED_TO,
              8: inotify.IN_DELETE | inotify.IN_MOVED_FROM, 16: inotify.IN_MOVED_FROM,
              32: inotify.IN_ATTRIB}


class Owner:
    """F_SETOWN's target and F_SETSIG's signal of one open file."""

    __slots__ = ("kind", "pid", "signal")

    def __init__(self) -> None:
        self.kind = F_OWNER_TID
        self.pid = 0
        self.signal = 0


_owners: WeakKeyDictionary[File, Owner] = WeakKeyDictionary()


def owner(file: File) -> Owner:
    """That of a file, made on first use."""
    found = _owners.get(file)
    if found is None:
        found = _owners[file] = Owner()
    return found


def assign(file: File, kind: int, pid: int) -> None:
    """Make a thread, process or group the owner; nobody for 0."""
    who = owner(file)
    who.kind, who.pid = (kind, pid) if pid else (F_OWNER_TID, 0)
    file.owner = -pid if kind == F_OWNER_PGRP else pid


def tell(kernel: Kernel, file: File, fd: int, code: int) -> None:
    """Signal the owner of a file; code: POLL_*."""
    who = _owners.get(file)
    if not file.owner:
        return
    signal = who.signal if who is not None else 0
    info: dict[str, Any] = {"signo": SIGIO, "code": SI_KERNEL, "pid": 0, "uid": 0}
    if signal:
        info = {"signo": signal, "code": code, "band": _BANDS[code], "fd": fd}
    if who is not None and who.kind == F_OWNER_TID:
        thread = kernel.tasks.get(who.pid)
        if thread is not None:
            kernel.send_signal(thread, info)
        return
    for process in list(kernel.processes.values()):
        if process.pid == file.owner or process.pgid == -file.owner:
            kernel.signals.send_process(process, info)


# -- O_ASYNC -----------------------------------------------------------------------------------
# Open files that have to be told to ``stop``.
ACTIVE: dict[File, list[Callable[[], None]]] = {}


def start(kernel: Kernel, file: File, fd: int) -> None:
    """O_ASYNC was set: each change of what the file's queues tell is a signal."""
    def changed() -> None:
        tell(kernel, file, fd, POLL_IN if file.poll() & POLLIN else POLL_OUT)

    queues: Sequence[WaitQueue] = tuple(file.waiters())
    for queue in queues:
        queue.add(changed)

    def undo() -> None:
        for queue in queues:
            queue.discard(changed)

    ACTIVE.setdefault(file, []).append(undo)


def stop(file: File) -> None:
    """O_ASYNC was taken away, F_NOTIFY cleared, or the file closed."""
    for undo in ACTIVE.pop(file, ()):
        undo()


# -- F_NOTIFY ----------------------------------------------------------------------------------
class _DirectoryWatch(inotify.Watch):
    """An entry among the watches of inotify whose events become signals."""

    __slots__ = ("directory", "fd", "kernel", "multishot")

    def __init__(self, kernel: Kernel, directory: File, fd: int, mask: int,
                 multishot: bool) -> None:
        assert directory.inode is not None
        super().__init__(self, directory.inode, 0, mask)
        self.kernel = kernel
        self.directory = directory
        self.fd = fd
        self.multishot = multishot

    def put(self, wd: int, mask: int, cookie: int, name: bytes) -> None:
        """An event."""
        if not self.multishot:
            stop(self.directory)
        tell(self.kernel, self.directory, self.fd, POLL_MSG)

    def remove(self, wd: int) -> None:
        """The directory is gone."""
        stop(self.directory)


def watch(kernel: Kernel, directory: File, fd: int, events: int) -> None:
    """F_NOTIFY: signals for DN_* events; none any more for 0."""
    mask = 0
    for bit, wanted in _DN_EVENTS.items():
        if events & bit:
            mask |= wanted
    inode = directory.inode
    assert inode is not None
    watches = inotify.WATCHES.get(inode, [])
    for known in watches:
        if isinstance(known, _DirectoryWatch) and known.directory is directory:
            if not mask:
                stop(directory)
                return
            known.mask |= mask
            known.multishot |= bool(events & DN_MULTISHOT)
            return
    if mask:
        new = _DirectoryWatch(kernel, directory, fd, mask, bool(events & DN_MULTISHOT))
        inotify.WATCHES.setdefault(inode, []).append(new)
        ACTIVE.setdefault(directory, []).append(lambda: inotify.forget(new))


# -- leases ------------------------------------------------------------------------------------
def break_leases(kernel: Kernel, inode: Inode, flags: int) -> bool:
    """An open is about to happen: tell the holders of leases it does not go with; whether there
    are any.  flags: O_* of the open."""
    if not LEASES:
        return False
    writes = flags & O_ACCMODE != O_RDONLY or flags & O_TRUNC
    held = of(inode)
    found = False
    for file, lease in held.leases.items():
        if lease != F_WRLCK and not writes:
            continue
        found = True
        if file not in held.breaking:
            held.breaking[file] = F_UNLCK if writes else F_RDLCK
            tell(kernel, file, LEASES.get(file, -1), POLL_MSG)
    return found


def end_leases(inode: Inode) -> None:
    """Who did not give up a lease in time loses it."""
    held = of(inode)
    for file, left in held.breaking.items():
        if left == F_UNLCK:
            held.leases.pop(file, None)
            LEASES.pop(file, None)
        else:
            held.leases[file] = left
    held.breaking.clear()
