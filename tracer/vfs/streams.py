"""Descriptors that come from the host: 0, 1 and 2, and the inherited ones with ``--host``.

In the sandbox their kind is the host's (terminal, pipe, file, /dev/null) and all else is fixed,
so that logs do not depend on the machine; reads of pipes and files go on until the count or the
end is reached, so that they do not depend on how the writer's chunks fall.
"""
from __future__ import annotations

import os
import stat as hoststat
import struct
import sys
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs import user
from tracer.vfs.base import (
    O_ACCMODE,
    O_APPEND,
    O_NONBLOCK,
    O_RDWR,
    POLLIN,
    POLLOUT,
    POLLRDNORM,
    POLLWRNORM,
    S_IFCHR,
    S_IFIFO,
    S_IFREG,
    Attr,
    File,
    FileSystem,
    Inode,
    fill_attr,
    makedev,
)
from tracer.vfs.content import SEEK_CUR, SEEK_END
from tracer.vfs.hosterror import linux_error
from tracer.vfs.jobs import CHANGING, Jobs, nobodys
from tracer.wait import HostQueue, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_IOV_MAX = 1024
_PATIENCE = 64          # how often a read lets others run that never wait
TERMINAL, PIPE, REGULAR, NULL = "terminal", "pipe", "file", "null"


def kind_of(fd: int) -> str:
    """TERMINAL, PIPE (sockets too), REGULAR or NULL (and other devices); OSError."""
    mode = os.fstat(fd).st_mode
    if os.isatty(fd):
        return TERMINAL
    if hoststat.S_ISREG(mode):
        return REGULAR
    return NULL if hoststat.S_ISCHR(mode) else PIPE


def default_termios() -> bytes:
    """struct termios of a terminal as the kernel makes it (tty_std_termios, 38400 baud)."""
    control = bytes((3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0))
    return struct.pack("<4IB", 0o2400, 0o5, 0o277, 0o105073, 0) + control


def _readable(fd: int) -> bool:
    from tracer.vfs.hostcall import readable
    return readable(fd)


class StreamFS(FileSystem):
    """Where the sandbox's standard streams have their inodes."""

    __slots__ = ("busy", "jobs", "now", "start")

    def __init__(self, dev: int, now: Callable[[], int],
                 busy: Callable[[], bool] = lambda: False,
                 jobs: Callable[[], Jobs] = nobodys) -> None:
        super().__init__("devpts", 0x1CD1, dev)
        self.now = now
        self.busy = busy        # whether other tasks can run
        self.jobs = jobs        # the kernel's job control
        self.start = now()


class StreamInode(Inode):
    """A stream with fixed attributes.  ``fd`` stays open as long as pytrace runs."""

    __slots__ = ("before", "fd", "held", "kind", "pgrp", "rdev", "session", "termios", "window")

    fs: StreamFS

    def __init__(self, fs: StreamFS, fd: int, kind: str) -> None:
        mode = {TERMINAL: S_IFCHR | 0o620, PIPE: S_IFIFO | 0o600, REGULAR: S_IFREG | 0o644,
                NULL: S_IFCHR | 0o666}[kind]
        ino = {TERMINAL: 3, NULL: 4}.get(kind, 5 + fd)
        super().__init__(fs, ino, mode, 0, 5 if kind == TERMINAL else 0)
        self.fd = fd
        self.held = b""         # read from the host, not yet by a program
        self.kind = kind
        self.rdev = {TERMINAL: makedev(136, 0), NULL: makedev(1, 3)}.get(kind, 0)
        self.session = self.pgrp = 0
        self.termios = default_termios()
        self.before: Any = None     # the modes that the host's terminal had, once they change
        self.window = struct.pack("<4H", 24, 80, 0, 0)

    def getattr(self) -> Attr:
        size = os.fstat(self.fd).st_size if self.kind == REGULAR else 0
        return fill_attr(self, size=size, rdev=self.rdev, blocks=-(-size // 4096) * 8,
                         blksize=1024 if self.kind == TERMINAL else 4096, time=self.fs.start)

    @property
    def inode(self) -> Inode:
        """What /dev/tty is for its session."""
        return self

    def set_termios(self, words: bytes) -> None:
        """TCSETS.  The host's terminal edits and echoes as the program wants it, until the end of
        the run; what the program reads back does not depend on it."""
        self.termios = words
        if not sys.platform.startswith("linux"):
            return      # the numbers are Linux's
        import termios
        try:
            modes = termios.tcgetattr(self.fd)
            if self.before is None:
                self.before = termios.tcgetattr(self.fd)
            modes[0], modes[1], _, modes[3] = struct.unpack_from("<4I", words)
            for index, char in enumerate(words[17:]):
                modes[6][index] = bytes((char,))
            termios.tcsetattr(self.fd, termios.TCSADRAIN, modes)
        except (termios.error, OSError):
            pass        # it is gone

    def restore(self) -> None:
        """The host's terminal is as it was before the run."""
        if self.before is not None:
            import contextlib
            import termios
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self.fd, termios.TCSADRAIN, self.before)

    def truncate(self, size: int) -> None:
        """O_TRUNC by /proc/self/fd/N."""
        try:
            if self.kind == REGULAR:
                os.ftruncate(self.fd, size)
        except OSError as error:
            raise linux_error(error) from None

    def open(self, flags: int, task: Any = None) -> File:
        """By /proc/self/fd/N, /dev/stdin, /dev/tty: the same stream."""
        return HostStream(self, flags & O_ACCMODE | flags & (O_NONBLOCK | O_APPEND), self.fd)

    def name(self) -> bytes:
        """What /proc/self/fd/N shows."""
        if self.kind == PIPE:
            return b"pipe:[%d]" % self.ino
        return {TERMINAL: b"/dev/pts/0", NULL: b"/dev/null"}.get(
            self.kind, b"/dev/" + (b"stdin", b"stdout", b"stderr")[self.fd] if self.fd < 3
            else b"/dev/fd/%d" % self.fd)


class HostStream(File):
    """A standard stream in the sandbox."""

    __slots__ = ("deferred", "fd", "kind", "node")

    def __init__(self, inode: StreamInode, flags: int, fd: int) -> None:
        super().__init__(inode, flags)
        self.node = inode
        self.fd = fd
        self.deferred = 0
        self.kind = inode.kind
        if self.kind == REGULAR:
            self.pos = os.lseek(fd, 0, SEEK_CUR)

    @property
    def seekable(self) -> bool:  # type: ignore[override]
        return self.kind in (REGULAR, NULL)

    def name(self) -> bytes:
        return self.node.name() if self.location is None else self.location.path()

    def _position(self, pos: int | None) -> int | None:
        """Remember the host's position when the guest's is another; see ``_restore``."""
        if pos is None:
            return None
        if self.kind != REGULAR:
            if self.kind == NULL:
                return None
            raise LinuxError(E.ESPIPE)
        before = os.lseek(self.fd, 0, SEEK_CUR)
        os.lseek(self.fd, pos, 0)
        return before

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        if self.kind == PIPE and pos is None:
            return self._read_pipe(views)
        if self.kind == TERMINAL:
            self.node.fs.jobs().reading(self.node)
        if self.kind == TERMINAL and not self.flags & O_NONBLOCK and not _readable(self.fd):
            raise LinuxError(E.EAGAIN)
        total = 0
        try:
            before = self._position(pos)
            try:
                for view in views:
                    at, n = 0, len(view)
                    while at < n:
                        data = os.read(self.fd, n - at)
                        got = len(data)
                        view[at:at + got] = data
                        at += got
                        total += got
                        if not got or self.kind == TERMINAL:
                            return total
            finally:
                if before is not None:
                    os.lseek(self.fd, before, 0)
                elif self.kind == REGULAR:
                    self.pos += total
        except OSError as error:
            if total:
                return total
            raise linux_error(error) from None
        return total

    def _read_pipe(self, views: Sequence[memoryview]) -> int:
        """Read up to the count or the end; EAGAIN while there is less, or others can run.

        They run first, whether data is there or not, so that who writes it and when makes no
        difference.
        """
        if self.deferred < _PATIENCE and self.node.fs.busy():
            self.deferred += 1
            raise LinuxError(E.EAGAIN)
        self.deferred = 0
        node = self.node
        wanted = sum(map(len, views))
        while len(node.held) < wanted:
            if not _readable(self.fd):
                raise LinuxError(E.EAGAIN)
            try:
                data = os.read(self.fd, wanted - len(node.held))
            except OSError as error:
                if node.held:
                    break
                raise linux_error(error) from None
            if not data:
                break
            node.held += data
        total = 0
        for view in views:
            part = node.held[total:total + len(view)]
            view[:len(part)] = part
            total += len(part)
        node.held = node.held[total:]
        return total

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        total = 0
        try:
            before = self._position(pos)
            try:
                for view in views:
                    at, n = 0, len(view)
                    while at < n:
                        done = os.write(self.fd, view[at:])
                        at += done
                        total += done
            finally:
                if before is not None:
                    os.lseek(self.fd, before, 0)
                elif self.kind == REGULAR:
                    self.pos = os.lseek(self.fd, 0, SEEK_CUR)
        except BlockingIOError:
            # the host's end is non-blocking: wait here, the guest does not know of it
            return self._wait_write(views, total)
        except OSError as error:
            if total:
                return total
            raise linux_error(error) from None
        return total

    def _wait_write(self, views: Sequence[memoryview], total: int) -> int:
        import select
        data = b"".join(views)
        while total < len(data):
            select.select((), (self.fd,), ())
            try:
                total += os.write(self.fd, data[total:])
            except BlockingIOError:
                continue
            except OSError as error:
                raise linux_error(error) from None
        return total

    def seek(self, offset: int, whence: int) -> int:
        if self.kind == NULL:
            return 0
        if self.kind != REGULAR:
            raise LinuxError(E.ESPIPE)
        if not 0 <= whence <= 4:
            raise LinuxError(E.EINVAL)
        try:
            if whence > SEEK_END:       # every byte is data, as on file systems without holes
                size = os.fstat(self.fd).st_size
                if not 0 <= offset < size:
                    raise LinuxError(E.ENXIO)
                offset, whence = (offset if whence == 3 else size), 0
            self.pos = os.lseek(self.fd, offset, whence)
            return self.pos
        except OSError as error:
            raise linux_error(error) from None
        except OverflowError:
            raise LinuxError(E.EINVAL) from None

    def setattr(self, **changes: int) -> None:
        """Only the size can change, of a file; the rest is fixed."""
        if "size" in changes:
            if self.kind != REGULAR:
                raise LinuxError(E.EINVAL)
            try:
                os.ftruncate(self.fd, changes["size"])
            except OSError as error:
                raise linux_error(error) from None

    def poll(self) -> int:
        """Deterministic but for terminals: a read reaches its count or the end, so it is always
        ready to try."""
        mask = 0
        access = self.flags & O_ACCMODE
        if access != 1 and (self.kind != TERMINAL or _readable(self.fd)):
            mask |= POLLIN | POLLRDNORM
        if access:
            mask |= POLLOUT | POLLWRNORM
        return mask

    def ioctl(self, task: Any, request: int, arg: int) -> int:
        node = self.node
        if request == 0x541B and self.kind in (PIPE, REGULAR):      # FIONREAD
            left = 0
            if self.kind == REGULAR:
                left = os.fstat(self.fd).st_size - os.lseek(self.fd, 0, SEEK_CUR)
            user.put_int(task, arg, left)
            return 0
        if self.kind != TERMINAL:
            raise LinuxError(E.ENOTTY)
        if request in CHANGING:
            node.fs.jobs().changing(node)
        if request == 0x5401:                                       # TCGETS
            user.put(task, arg, node.termios)
        elif request in (0x5402, 0x5403, 0x5404):                   # TCSETS, TCSETSW, TCSETSF
            node.set_termios(user.get(task, arg, 36))
        elif request == 0x5413:                                     # TIOCGWINSZ
            user.put(task, arg, node.window)
        elif request == 0x5414:                                     # TIOCSWINSZ
            node.window = user.get(task, arg, 8)
        elif request in (0x541B, 0x5411):                           # FIONREAD, TIOCOUTQ
            user.put_int(task, arg, 0)
        elif request in (0x5409, 0x540A, 0x540B, 0x5425, 0x540C, 0x540D):
            return 0        # TCSBRK TCXONC TCFLSH TCSBRKP TIOCEXCL TIOCNXCL
        else:
            node.fs.jobs().ioctl(task, node, request, arg, self.flags, False)
        return 0

    def sync(self) -> None:
        if self.kind != REGULAR:
            raise LinuxError(E.EINVAL)

    def host_fd(self) -> int | None:
        return self.fd

    def waiters(self) -> Sequence[WaitQueue]:
        if self.kind in (REGULAR, NULL):
            return ()
        return (HostQueue(self.fd),)


def access_of(fd: int) -> int:
    """The access mode and status flags the descriptor was opened with; O_RDWR if unknown."""
    try:
        import fcntl
        return fcntl.fcntl(fd, fcntl.F_GETFL) & (O_ACCMODE | O_APPEND)
    except (ImportError, OSError):
        return O_RDWR


def standard_streams(fs: StreamFS) -> dict[int, File]:
    """Descriptors 0, 1 and 2 for the sandbox, without those that the host has closed.

    Streams of one kind of terminal share an inode, as a real terminal does.
    """
    files: dict[int, File] = {}
    terminal: StreamInode | None = None
    for fd in range(3):
        try:
            kind = kind_of(fd)
        except OSError:
            continue
        if kind == TERMINAL and terminal is not None:
            inode = terminal
        else:
            inode = StreamInode(fs, fd, kind)
        if kind == TERMINAL:
            terminal = inode
        flags = O_RDWR if kind == TERMINAL else access_of(fd)
        files[fd] = HostStream(inode, flags, fd)
    return files
