"""Pipes and FIFOs, with the slots of the kernel's ring so that "full" means the same.

A write first tries to fit its odd part (length modulo 4096) into the last slot, then takes one
slot per 4096 bytes; so what is at most PIPE_BUF long is written whole or not at all (pipe(7)).
"""
from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs import user
from tracer.vfs.base import (
    O_ACCMODE,
    O_DIRECT,
    O_NONBLOCK,
    O_RDONLY,
    O_WRONLY,
    PAGE,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    POLLRDNORM,
    POLLWRNORM,
    S_IFIFO,
    Attr,
    File,
    FileSystem,
    Inode,
    fill_attr,
)
from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

PIPEFS_MAGIC = 0x50495045
FIONREAD = 0x541B
MAX_SIZE = 1 << 20          # /proc/sys/fs/pipe-max-size


class _Packet(bytearray):
    """What one write to a pipe with O_DIRECT put in: a read takes no more than it."""


class Pipe:
    """The ring: slots of up to 4096 bytes.  Counts of ends are kept by the files."""

    __slots__ = ("ends_changed", "offset", "opened_read", "opened_write", "readable",
                 "readers", "slots", "used", "writable", "writers")

    def __init__(self) -> None:
        self.slots = 16
        self.used: deque[bytearray] = deque()
        self.offset = 0             # consumed bytes of the first slot
        self.readers = self.writers = 0
        self.opened_read = self.opened_write = 0    # how often an end was opened
        self.readable = WaitQueue()
        self.writable = WaitQueue()
        self.ends_changed = WaitQueue()             # for open(2) of a FIFO

    def __len__(self) -> int:
        return sum(map(len, self.used)) - self.offset

    @property
    def full(self) -> bool:
        return len(self.used) >= self.slots

    def take(self, views: Sequence[memoryview]) -> int:
        """Move bytes out into the views."""
        total = 0
        used = self.used
        full = self.full
        if used and isinstance(used[0], _Packet):
            total = self._take_packet(views)
            if full and total:
                self.writable.wake()
            return total
        for view in views:
            at, n = 0, len(view)
            while at < n and used:
                slot = used[0]
                start = self.offset
                size = min(len(slot) - start, n - at)
                view[at:at + size] = slot[start:start + size]
                at += size
                if start + size == len(slot):
                    used.popleft()
                    self.offset = 0
                    if used and isinstance(used[0], _Packet):
                        total += at
                        total += self._take_packet(self._rest(views, total))
                        if full:
                            self.writable.wake()
                        return total
                else:
                    self.offset = start + size
            total += at
        if full and total:
            self.writable.wake()
        return total

    @staticmethod
    def _rest(views: Sequence[memoryview], done: int) -> list[memoryview]:
        """What is left of the views after the first bytes."""
        left = []
        for view in views:
            if done < len(view):
                left.append(view[done:])
            done = max(0, done - len(view))
        return left

    def _take_packet(self, views: Sequence[memoryview]) -> int:
        """Move the first packet out; what does not fit is lost."""
        packet = self.used[0]
        at = 0
        for view in views:
            part = packet[at:at + len(view)]
            view[:len(part)] = part
            at += len(part)
        if at:
            self.used.popleft()
        return at

    def peek(self, size: int) -> bytes:
        """The next bytes, left in place (for tee)."""
        data = bytearray()
        start = self.offset
        for slot in self.used:
            data += slot[start:start + size - len(data)]
            start = 0
            if len(data) >= size:
                break
        return bytes(data)

    def put(self, views: Sequence[memoryview], packet: bool = False) -> int:
        """Move bytes in as far as slots go; 0 when nothing fits."""
        if len(views) == 1 and len(views[0]) <= PAGE:
            data: bytes | memoryview = views[0]     # the common case: one small write
        else:
            data = b"".join(views)
        used = self.used
        n = len(data)
        at = 0
        odd = n % PAGE
        if odd and used and not packet:
            last = used[-1]
            if len(last) + odd <= PAGE and not isinstance(last, _Packet):
                last += data[:odd]
                at = odd
        while at < n and len(used) < self.slots:
            slot = (_Packet if packet else bytearray)(data[at:at + PAGE])
            used.append(slot)
            at += len(slot)
        if at:
            self.readable.wake()
        return at

    def resize(self, size: int) -> int:
        """F_SETPIPE_SZ; the new capacity.  EINVAL, EBUSY; the limit is the caller's check."""
        if size > 1 << 31:
            raise LinuxError(E.EINVAL)
        slots = 1
        while slots * PAGE < size:
            slots *= 2
        if len(self.used) > slots:
            raise LinuxError(E.EBUSY)
        self.slots = slots
        self.writable.wake()
        return slots * PAGE


class PipeFile(File):
    """An end of a pipe (both with O_RDWR)."""

    __slots__ = ("_peer", "opened", "pipe", "reads", "seen", "writes")

    seekable = False
    writes_all = True

    def __init__(self, inode: Inode, flags: int, pipe: Pipe) -> None:
        super().__init__(inode, flags)
        self.pipe = pipe
        mode = flags & O_ACCMODE
        self.reads = mode != O_WRONLY
        self.writes = mode != O_RDONLY
        self.seen = pipe.opened_write if flags & O_NONBLOCK else -1
        self._peer = (pipe.opened_write, pipe.opened_read)
        self.opened = False
        if self.reads:
            pipe.readers += 1
            pipe.opened_read += 1
        if self.writes:
            pipe.writers += 1
            pipe.opened_write += 1

    def opening(self) -> Sequence[WaitQueue]:
        pipe = self.pipe
        if self.opened or (self.reads and self.writes):
            return ()
        if self.reads:
            waits = not (self.flags & O_NONBLOCK or pipe.writers
                         or pipe.opened_write != self._peer[0])
        else:
            waits = not (pipe.readers or pipe.opened_read != self._peer[1])
        if waits:
            return (pipe.ends_changed,)
        self.opened = True
        return ()

    def name(self) -> bytes:
        if self.location is not None:
            return self.location.path()
        assert self.inode is not None
        return b"pipe:[%d]" % self.inode.ino

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        if pos is not None:
            raise LinuxError(E.ESPIPE)
        pipe = self.pipe
        if not pipe.used:
            if not pipe.writers or not any(map(len, views)):
                return 0
            raise LinuxError(E.EAGAIN)
        return pipe.take(views)

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        """EPIPE without readers; the caller sends SIGPIPE."""
        if pos is not None:
            raise LinuxError(E.ESPIPE)
        if not any(map(len, views)):
            return 0
        if not self.pipe.readers:
            raise LinuxError(E.EPIPE)
        n = self.pipe.put(views, bool(self.flags & O_DIRECT))
        if not n:
            raise LinuxError(E.EAGAIN)
        return n

    def poll(self) -> int:
        pipe = self.pipe
        mask = 0
        if self.reads:
            if pipe.used:
                mask |= POLLIN | POLLRDNORM
            if not pipe.writers and self.seen != pipe.opened_write:
                mask |= POLLHUP
        if self.writes:
            if not pipe.full:
                mask |= POLLOUT | POLLWRNORM
            if not pipe.readers:
                mask |= POLLERR
        return mask

    def waiters(self) -> Sequence[WaitQueue]:
        pipe = self.pipe
        if self.reads and self.writes:
            return (pipe.readable, pipe.writable)
        return (pipe.readable,) if self.reads else (pipe.writable,)

    def ioctl(self, task: Any, request: int, arg: int) -> int:
        if request == FIONREAD:
            user.put_int(task, arg, len(self.pipe))
            return 0
        raise LinuxError(E.ENOTTY)

    def release(self) -> None:
        pipe = self.pipe
        if self.reads:
            pipe.readers -= 1
        if self.writes:
            pipe.writers -= 1
        if not pipe.readers and not pipe.writers:
            pipe.used.clear()
            pipe.offset = 0
            if isinstance(self.inode, PipeInode):
                self.inode.gone()
        pipe.readable.wake()
        pipe.writable.wake()
        pipe.ends_changed.wake()


class Fifo:
    """The pipe behind a FIFO's inode."""

    __slots__ = ("pipe",)

    def __init__(self) -> None:
        self.pipe = Pipe()

    def open(self, inode: Inode, flags: int) -> File:
        """An end; ENXIO for O_WRONLY | O_NONBLOCK without readers.  See ``File.opening``."""
        pipe = self.pipe
        if flags & O_ACCMODE == O_WRONLY and flags & O_NONBLOCK and not pipe.readers:
            raise LinuxError(E.ENXIO)
        file = PipeFile(inode, flags, pipe)
        pipe.ends_changed.wake()
        return file


class PipeInode(Inode):
    """The inode of pipe(2): not in any directory."""

    __slots__ = ("counted", "pipe", "time")

    fs: PipeFS

    def __init__(self, fs: PipeFS, uid: int = 0, gid: int = 0) -> None:
        if fs.pipes >= fs.limit:
            raise LinuxError(E.ENFILE)
        super().__init__(fs, fs.new_ino(), S_IFIFO | 0o600, uid, gid)
        fs.pipes += 1
        self.counted = True
        self.pipe = Pipe()
        self.time = fs.now()

    def gone(self) -> None:
        """Both ends are closed."""
        if self.counted:
            self.counted = False
            self.fs.pipes -= 1

    def getattr(self) -> Attr:
        return fill_attr(self, time=self.time)

    def setattr(self, **changes: int) -> None:
        self.mode = S_IFIFO | changes.get("mode", self.mode) & 0o7777
        self.uid = changes.get("uid", self.uid)
        self.gid = changes.get("gid", self.gid)
        self.time = changes.get("mtime", self.time)

    def open(self, flags: int, task: Any = None) -> File:
        """By /proc/PID/fd/N; unlike a FIFO it waits for no other end (fifo_open)."""
        file = PipeFile(self, flags, self.pipe)
        file.opened, file.seen = True, -1
        return file


class PipeFS(FileSystem):
    """pipefs: where the inodes of pipes live; numbers from ``first`` on.

    limit: how many pipes there may be at a time, then ENFILE: their ends take memory too.
    """

    __slots__ = ("limit", "next_ino", "now", "pipes")

    def __init__(self, dev: int, now: Callable[[], int], first: int = 1000,
                 limit: int = 1 << 16) -> None:
        super().__init__("pipefs", PIPEFS_MAGIC, dev)
        self.now = now
        self.next_ino = first
        self.limit = limit
        self.pipes = 0

    def new_ino(self) -> int:
        """The next inode number."""
        ino = self.next_ino
        self.next_ino += 1
        return ino


def pipe(fs: PipeFS, flags: int, uid: int = 0, gid: int = 0) -> tuple[PipeFile, PipeFile]:
    """pipe2(2): the reading and the writing end; flags O_NONBLOCK, O_DIRECT."""
    inode = PipeInode(fs, uid, gid)
    keep = flags & (O_NONBLOCK | O_DIRECT)
    ends = PipeFile(inode, O_RDONLY | keep & O_NONBLOCK, inode.pipe), PipeFile(
        inode, O_WRONLY | keep, inode.pipe)
    for end in ends:
        end.seen = -1
    return ends
