"""The files of epoll(7).

An item enters the ready list when its file's queues wake (or when it is ready as it is added or
changed).  Waiting takes items from the list in order, asks the file, and reports what it says;
level-triggered items go back to the end of the list, edge-triggered ones wait for the next wake.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import O_RDWR, POLLIN, POLLRDNORM, File
from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracer.vfs.base import Inode

EPOLLEXCLUSIVE, EPOLLWAKEUP, EPOLLONESHOT, EPOLLET = 1 << 28, 1 << 29, 1 << 30, 1 << 31
_PRIVATE = EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET
MAX_NESTS = 4


class Item:
    """One watched descriptor."""

    __slots__ = ("callback", "data", "epoll", "events", "fd", "file", "queues")

    def __init__(self, epoll: EpollFile, fd: int, file: File, events: int, data: int) -> None:
        self.epoll = epoll
        self.fd = fd
        self.file = file
        self.events = events
        self.data = data
        self.callback: Callable[[], None] = self._woken
        self.queues: Sequence[WaitQueue] = tuple(file.waiters())
        for queue in self.queues:
            queue.add_first(self.callback)

    def _woken(self) -> None:
        epoll = self.epoll
        if self.events & ~_PRIVATE:
            epoll.ready[self] = None
            epoll.changed.wake()

    def conditions(self) -> int:
        """What of the wanted events holds now."""
        return self.file.poll() & self.events & ~_PRIVATE

    def remove(self) -> None:
        """Stop listening."""
        for queue in self.queues:
            queue.discard(self.callback)
        self.epoll.ready.pop(self, None)


class EpollFile(File):
    """What epoll_create makes."""

    __slots__ = ("changed", "items", "ready")

    seekable = False
    seeks_nowhere = True

    def __init__(self, inode: Inode) -> None:
        super().__init__(inode, O_RDWR)
        self.items: dict[tuple[File, int], Item] = {}
        self.ready: dict[Item, None] = {}
        self.changed = WaitQueue()

    def name(self) -> bytes:
        return b"anon_inode:[eventpoll]"

    def poll(self) -> int:
        self.purge()
        for item in self._candidates():
            if item.conditions():
                return POLLIN | POLLRDNORM
        return 0

    def waiters(self) -> Sequence[WaitQueue]:
        """Also the queues of what cannot wake us by itself: there are none."""
        return (self.changed,)

    def purge(self) -> None:
        """Forget files whose last descriptor was closed."""
        gone = [key for key in self.items if not key[0].refs]
        for key in gone:
            self.items.pop(key).remove()

    def _candidates(self) -> list[Item]:
        """The ready list, and those whose files have no queues to tell."""
        items = list(self.ready)
        items += [i for i in self.items.values() if not i.queues and i not in self.ready]
        return items

    def _check_ready(self, item: Item) -> None:
        if item.conditions():
            self.ready[item] = None
            self.changed.wake()

    # -- epoll_ctl -------------------------------------------------------------------------
    def add(self, fd: int, file: File, events: int, data: int) -> None:
        """EEXIST; ELOOP for a circle or too deep a nesting."""
        self.purge()
        if isinstance(file, EpollFile) and (
                file.reaches(self) or file.depth() > MAX_NESTS):
            raise LinuxError(E.ELOOP)
        if (file, fd) in self.items:
            raise LinuxError(E.EEXIST)
        item = self.items[file, fd] = Item(self, fd, file, events, data)
        self._check_ready(item)

    def modify(self, fd: int, file: File, events: int, data: int) -> None:
        """ENOENT; EINVAL for exclusive items."""
        item = self.items.get((file, fd))
        if item is None:
            raise LinuxError(E.ENOENT)
        if item.events & EPOLLEXCLUSIVE:
            raise LinuxError(E.EINVAL)
        item.events, item.data = events, data
        self._check_ready(item)

    def delete(self, fd: int, file: File) -> None:
        """ENOENT."""
        item = self.items.pop((file, fd), None)
        if item is None:
            raise LinuxError(E.ENOENT)
        item.remove()

    def reaches(self, other: EpollFile) -> bool:
        """Whether this one is, or watches over any number of steps, another."""
        return self is other or any(
            isinstance(file, EpollFile) and file.reaches(other) for file, _ in self.items)

    def depth(self) -> int:
        """How many epoll files deep it watches, itself included."""
        return 1 + max((file.depth() for file, _ in self.items
                        if isinstance(file, EpollFile)), default=0)

    # -- epoll_wait ------------------------------------------------------------------------
    def collect(self, limit: int, put: Callable[[int, int], None]) -> int:
        """Report up to ``limit`` events by ``put(events, data)``; their number.

        When ``put`` raises, the item stays ready; the error goes on if it is the first one.
        """
        self.purge()
        count = 0
        again: list[Item] = []
        for item in self._candidates():
            if count >= limit:
                break
            found = item.conditions()
            self.ready.pop(item, None)
            if not found:
                continue
            try:
                put(found, item.data)
            except LinuxError:
                self.ready = {item: None, **self.ready}
                if not count:
                    raise
                break
            count += 1
            if item.events & EPOLLONESHOT:
                item.events &= _PRIVATE
            elif not item.events & EPOLLET:
                again.append(item)
        for item in again:
            self.ready[item] = None
        return count

    def release(self) -> None:
        for item in self.items.values():
            item.remove()
        self.items.clear()
