"""epoll_create(2), epoll_ctl(2), epoll_wait(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import check_range, duration, get_timespec, install
from tracer.kernel.calls.poll import signal_mask
from tracer.kernel.epoll import EPOLLET, EPOLLEXCLUSIVE, EPOLLWAKEUP, EpollFile
from tracer.kernel.registry import syscall
from tracer.kernel.task import drop
from tracer.vfs.base import (
    O_CLOEXEC,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    S_IFCHR,
    S_IFDIR,
    S_IFMT,
    S_IFREG,
    File,
    makedev,
)
from tracer.wait import Wait

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task

EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD = 1, 2, 3
_EXCLUSIVE_OK = POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE
_INT_MAX = (1 << 31) - 1
_NO_POLL = frozenset(makedev(1, minor) for minor in (1, 3, 5, 7))   # mem null zero full


def _can_poll(file: File) -> bool:
    """Whether the kernel's file operations have ``poll``."""
    inode = file.inode
    if inode is None:
        return True
    kind = inode.mode & S_IFMT
    if kind == S_IFCHR:
        return file.getattr().rdev not in _NO_POLL
    return kind not in (S_IFREG, S_IFDIR)


@syscall("epoll_create1")
def epoll_create1(task: Task, flags: int) -> int:
    """epoll_create1(2)."""
    if flags & ~O_CLOEXEC:
        raise LinuxError(E.EINVAL)
    from tracer.kernel.pseudo import pseudo
    return install(task, EpollFile(pseudo(task.kernel).anon.root), bool(flags))


@syscall("epoll_create")
def epoll_create(task: Task, size: int) -> int:
    """epoll_create(2): the size must be positive and means nothing."""
    if size <= 0:
        raise LinuxError(E.EINVAL)
    return epoll_create1(task, 0)


@syscall("epoll_ctl", event_t="epoll_event")
def epoll_ctl(task: Task, epfd: int, op: int, fd: int, event: int, *, event_t: Layout) -> int:
    """epoll_ctl(2)."""
    events = data = 0
    if op != EPOLL_CTL_DEL:
        first, second = event_t.unpack(task.mem.read(event, event_t.size))
        assert isinstance(first, int) and isinstance(second, int)
        events, data = first, second
    epoll = task.files.get(epfd)
    file = task.files.get(fd)
    if not _can_poll(file):
        raise LinuxError(E.EPERM)
    if epoll is file or not isinstance(epoll, EpollFile):
        raise LinuxError(E.EINVAL)
    if op != EPOLL_CTL_DEL and events & EPOLLEXCLUSIVE:
        if op == EPOLL_CTL_MOD:
            raise LinuxError(E.EINVAL)
        if op == EPOLL_CTL_ADD and (isinstance(file, EpollFile) or events & ~_EXCLUSIVE_OK):
            raise LinuxError(E.EINVAL)
    if op == EPOLL_CTL_ADD:
        epoll.add(fd, file, events | POLLERR | POLLHUP, data)
    elif op == EPOLL_CTL_DEL:
        epoll.delete(fd, file)
    elif op == EPOLL_CTL_MOD:
        epoll.modify(fd, file, events | POLLERR | POLLHUP, data)
    else:
        raise LinuxError(E.EINVAL)
    return 0


def _wait(task: Task, epfd: int, events: int, maxevents: int, timeout: int | None,
          event_t: Layout) -> Result:
    """timeout: nanoseconds, None for ever."""
    size = event_t.size
    if maxevents <= 0 or maxevents > _INT_MAX // size:
        raise LinuxError(E.EINVAL)
    check_range(task, events, maxevents * size)
    epoll = task.files.get(epfd)
    if not isinstance(epoll, EpollFile):
        raise LinuxError(E.EINVAL)
    if task.kernel.outside:
        task.kernel.look_outside(0)
    count = _collect(task, epoll, events, maxevents, event_t)
    if count or timeout == 0:
        return count
    deadline = None if timeout is None else task.kernel.clock.monotonic() + timeout
    return _block(task, epoll, events, maxevents, deadline, event_t)


def _collect(task: Task, epoll: EpollFile, events: int, maxevents: int,
             event_t: Layout) -> int:
    address = events

    def put(found: int, data: int) -> None:
        nonlocal address
        task.mem.write(address, event_t.pack(found, data))
        address += event_t.size

    return epoll.collect(maxevents, put)


def _block(task: Task, epoll: EpollFile, events: int, maxevents: int, deadline: int | None,
           event_t: Layout) -> Blocking:
    epoll.refs += 1
    try:
        while True:
            reason = yield Wait(epoll.waiters(), deadline)
            count = _collect(task, epoll, events, maxevents, event_t)
            if count or reason == Wait.TIMEOUT:
                return count
            if reason == Wait.SIGNAL:
                raise LinuxError(E.EINTR)
    finally:
        drop(epoll)


def _milliseconds(timeout: int) -> int | None:
    return timeout * 1000000 if timeout >= 0 else None


@syscall("epoll_wait", event_t="epoll_event")
def epoll_wait(task: Task, epfd: int, events: int, maxevents: int, timeout: int, *,
               event_t: Layout) -> Result:
    """epoll_wait(2)."""
    return _wait(task, epfd, events, maxevents, _milliseconds(timeout), event_t)


@syscall("epoll_pwait", event_t="epoll_event")
def epoll_pwait(task: Task, epfd: int, events: int, maxevents: int, timeout: int, sigmask: int,
                sigsetsize: int, *, event_t: Layout) -> Result:
    """epoll_pwait(2)."""
    signal_mask(task, sigmask, sigsetsize)
    return _wait(task, epfd, events, maxevents, _milliseconds(timeout), event_t)


@syscall("epoll_pwait2", event_t="epoll_event", ts="timespec64")
def epoll_pwait2(task: Task, epfd: int, events: int, maxevents: int, timeout: int, sigmask: int,
                 sigsetsize: int, *, event_t: Layout, ts: Layout) -> Result:
    """epoll_pwait2(2)."""
    length = duration(*get_timespec(task, timeout, ts)) if timeout else None
    signal_mask(task, sigmask, sigsetsize)
    return _wait(task, epfd, events, maxevents, length, event_t)
