"""inotify(7): watches of inodes, and the files that read their events.

The handlers that change names and files tell ``notify``; nothing is told (and next to nothing
spent) while nobody watches.  Changes that the host makes behind our back are not seen.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import (
    O_ACCMODE,
    O_NONBLOCK,
    O_PATH,
    O_RDONLY,
    POLLIN,
    POLLRDNORM,
    S_IFDIR,
    S_IFMT,
    File,
)
from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.kernel.kernel import Kernel
    from tracer.vfs.base import Inode
    from tracer.vfs.namespace import Location

# linux/inotify.h
IN_ACCESS, IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_CLOSE_NOWRITE = 1, 2, 4, 8, 16
IN_OPEN, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x20, 0x40, 0x80, 0x100, 0x200
IN_DELETE_SELF, IN_MOVE_SELF, IN_UNMOUNT, IN_Q_OVERFLOW, IN_IGNORED = (
    0x400, 0x800, 0x2000, 0x4000, 0x8000)
IN_ONLYDIR, IN_DONT_FOLLOW, IN_EXCL_UNLINK, IN_MASK_CREATE, IN_MASK_ADD = (
    1 << 24, 1 << 25, 1 << 26, 1 << 28, 1 << 29)
IN_ISDIR, IN_ONESHOT = 1 << 30, 1 << 31
IN_ALL_EVENTS = 0xFFF
MAX_QUEUED = 16384              # /proc/sys/fs/inotify/max_queued_events
_HEAD = 16                      # struct inotify_event without the name

WATCHES: dict[Inode, list[Watch]] = {}


class Listener(Protocol):
    """Who gets the events of watches."""

    def put(self, wd: int, mask: int, cookie: int, name: bytes) -> None:
        """An event."""

    def remove(self, wd: int) -> None:
        """The watch has served."""


class Watch:
    """One watch descriptor."""

    __slots__ = ("file", "inode", "mask", "wd")

    def __init__(self, file: Listener, inode: Inode, wd: int, mask: int) -> None:
        self.file = file
        self.inode = inode
        self.wd = wd
        self.mask = mask


class InotifyFile(File):
    """What inotify_init makes."""

    __slots__ = ("_next_wd", "changed", "events", "watches")

    seekable = False
    seeks_nowhere = True

    def __init__(self, inode: Inode, flags: int) -> None:
        super().__init__(inode, O_RDONLY | flags & O_NONBLOCK)
        self.watches: dict[int, Watch] = {}
        self.events: list[bytes] = []
        self.changed = WaitQueue()
        self._next_wd = 1

    def name(self) -> bytes:
        return b"anon_inode:inotify"

    def add(self, inode: Inode, mask: int) -> int:
        """A new watch, or another mask for the one of this inode; EEXIST, as asked for."""
        kept = mask & (IN_ALL_EVENTS | IN_UNMOUNT | IN_ONESHOT | IN_EXCL_UNLINK)
        for watch in self.watches.values():
            if watch.inode is inode:
                if mask & IN_MASK_CREATE:
                    raise LinuxError(E.EEXIST)
                watch.mask = watch.mask | kept if mask & IN_MASK_ADD else kept
                return watch.wd
        watch = Watch(self, inode, self._next_wd, kept)
        self._next_wd += 1
        self.watches[watch.wd] = watch
        WATCHES.setdefault(inode, []).append(watch)
        return watch.wd

    def remove(self, wd: int) -> None:
        """EINVAL for an unknown one; the last event of a watch is IN_IGNORED."""
        watch = self.watches.pop(wd, None)
        if watch is None:
            raise LinuxError(E.EINVAL)
        forget(watch)
        self.put(wd, IN_IGNORED, 0, b"")

    def put(self, wd: int, mask: int, cookie: int, name: bytes) -> None:
        """Queue an event, unless it repeats the last one."""
        if len(self.events) >= MAX_QUEUED:
            if len(self.events) > MAX_QUEUED:
                return
            wd, mask, cookie, name = -1, IN_Q_OVERFLOW, 0, b""
        padded = name + bytes(_HEAD - len(name) % _HEAD) if name else b""
        event = b"".join((wd.to_bytes(4, "little", signed=True), mask.to_bytes(4, "little"),
                          cookie.to_bytes(4, "little"), len(padded).to_bytes(4, "little"),
                          padded))
        if self.events and self.events[-1] == event:
            return
        self.events.append(event)
        self.changed.wake()

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        """Whole events only; EINVAL when the first one does not fit."""
        if pos is not None:
            raise LinuxError(E.ESPIPE)
        if not self.events:
            raise LinuxError(E.EAGAIN)
        room = sum(map(len, views))
        data = b""
        while self.events and len(data) + len(self.events[0]) <= room:
            data += self.events.pop(0)
        if not data:
            raise LinuxError(E.EINVAL)
        rest = data
        for view in views:
            part = rest[:len(view)]
            view[:len(part)] = part
            rest = rest[len(part):]
        return len(data)

    def poll(self) -> int:
        return POLLIN | POLLRDNORM if self.events else 0

    def waiters(self) -> Sequence[WaitQueue]:
        return (self.changed,)

    def ioctl(self, task: object, request: int, arg: int) -> int:
        if request != 0x541B:       # FIONREAD
            raise LinuxError(E.ENOTTY)
        from tracer.vfs import user
        user.put_int(task, arg, sum(map(len, self.events)))
        return 0

    def release(self) -> None:
        for watch in self.watches.values():
            forget(watch)
        self.watches.clear()


def forget(watch: Watch) -> None:
    """It is told nothing any more."""
    others = WATCHES.get(watch.inode)
    if others is not None:
        others.remove(watch)
        if not others:
            del WATCHES[watch.inode]


def notify(inode: Inode | None, mask: int, name: bytes = b"", cookie: int = 0,
           unlinked: bool = False) -> None:
    """Tell those who watch an inode; unlinked: the name is of a child that lost it."""
    for watch in tuple(WATCHES.get(inode, ())):     # type: ignore[arg-type]
        if watch.mask & mask & IN_ALL_EVENTS and not (unlinked and watch.mask & IN_EXCL_UNLINK):
            watch.file.put(watch.wd, mask, cookie, name)
            if watch.mask & IN_ONESHOT:
                watch.file.remove(watch.wd)


def _directory_bit(inode: Inode) -> int:
    return IN_ISDIR if inode.mode & S_IFMT == S_IFDIR else 0


def changed(location: Location | None, mask: int) -> None:
    """Something happened to a file: tell the watches of its directory, then its own."""
    if location is None:
        return
    mask |= _directory_bit(location.inode)
    if location.parent is not None:
        notify(location.parent.inode, mask, location.name, unlinked=location.deleted)
    notify(location.inode, mask)


def accessed(file: File) -> None:
    """Something was read."""
    if WATCHES:
        changed(file.location, IN_ACCESS)


def created(where: Location, name: bytes) -> None:
    """A new name."""
    try:
        bit = _directory_bit(where.child(name).inode)
    except LinuxError:
        return
    notify(where.inode, IN_CREATE | bit, name)


def _is_gone(inode: Inode) -> bool:
    try:
        return inode.getattr().nlink < 1
    except LinuxError:      # of a host file only the name is known
        return True


def deleted(where: Location, name: bytes, inode: Inode, kernel: Kernel) -> None:
    """A name is gone, and with the last one the inode."""
    bit = _directory_bit(inode)
    if not bit:
        notify(inode, IN_ATTRIB)
    unlinked(inode, kernel)
    notify(where.inode, IN_DELETE | bit, name)


# inodes that have no name any more but are still open
_LINGERING: list[tuple[Inode, Kernel]] = []


def unlinked(inode: Inode, kernel: Kernel) -> None:
    """Tell the watches of an inode that is gone, unless an open file keeps it."""
    if inode not in WATCHES or not _is_gone(inode):
        return
    if _is_open(inode, kernel):
        _LINGERING.append((inode, kernel))
        return
    notify(inode, IN_DELETE_SELF)
    for watch in tuple(WATCHES.get(inode, ())):
        watch.file.remove(watch.wd)


def _is_open(inode: Inode, kernel: Kernel) -> bool:
    """Whether an open file is this inode or was opened by a name below it."""
    tables = {id(task.files): task.files for task in kernel.tasks.values()}
    places = [file.location for table in tables.values() for file in table.files.values()]
    for task in kernel.tasks.values():
        places += task.fs.cwd, task.fs.root
    for location in places:
        while location is not None:
            if location.inode is inode:
                return True
            location = location.parent
    return False


_cookie = 0


def moved(old_dir: Location, old: bytes, new_dir: Location, new: bytes, inode: Inode,
          replaced: Inode | None = None) -> None:
    """A rename: two events with the same cookie, one for the inode itself.

    replaced: what had the new name before.
    """
    global _cookie
    _cookie += 1
    bit = _directory_bit(inode)
    notify(old_dir.inode, IN_MOVED_FROM | bit, old, _cookie)
    notify(new_dir.inode, IN_MOVED_TO | bit, new, _cookie)
    if replaced is not None and not _directory_bit(replaced):
        notify(replaced, IN_ATTRIB)
    notify(inode, IN_MOVE_SELF)


def wake_lingering() -> None:
    """Something was closed or left: it may have been the last use of an inode without a name."""
    waiting = _LINGERING[:]
    _LINGERING.clear()
    for inode, kernel in waiting:
        unlinked(inode, kernel)


def closed(file: File) -> None:
    """The last descriptor of an open file went."""
    if not file.flags & O_PATH:
        changed(file.location, IN_CLOSE_NOWRITE if file.flags & O_ACCMODE == O_RDONLY
                else IN_CLOSE_WRITE)
    wake_lingering()
