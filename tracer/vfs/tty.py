"""Pseudoterminals: a master, a slave, and the line discipline between them (termios(3)).

Bytes that the master writes are input: they are edited (ICANON), echoed and turned into signals
(ISIG).  Bytes that the slave writes are output: OPOST rewrites them for the master to read.
"""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs import user
from tracer.vfs.base import (
    DT_CHR,
    O_ACCMODE,
    O_APPEND,
    O_NONBLOCK,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    POLLRDNORM,
    POLLWRNORM,
    S_IFCHR,
    S_IFDIR,
    S_IFMT,
    Attr,
    File,
    FileSystem,
    Inode,
    fill_attr,
    makedev,
)
from tracer.vfs.jobs import CHANGING, Jobs, nobodys
from tracer.vfs.memfs import DirFile
from tracer.vfs.streams import default_termios
from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

DEVPTS_MAGIC = 0x1CD1
SIGINT, SIGQUIT, SIGTSTP, SIGWINCH = 2, 3, 20, 28
# asm-generic/termbits.h: indices of control characters
VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN = range(7)
VSTART, VSTOP, VSUSP, VEOL, VREPRINT, VWERASE, VLNEXT, VEOL2 = 8, 9, 10, 11, 12, 14, 15, 16
ISTRIP, INLCR, IGNCR, ICRNL, IXON = 0o40, 0o100, 0o200, 0o400, 0o2000
OPOST, ONLCR, OCRNL, ONLRET = 1, 4, 8, 0o40
ISIG, ICANON, ECHO, ECHOE, ECHOK, ECHONL, NOFLSH, TOSTOP = 1, 2, 8, 16, 32, 64, 128, 256
ECHOCTL, IEXTEN = 0o1000, 0o100000
_LIMIT = 4096       # N_TTY_BUF_SIZE, and how much output waits for the master


class Terminal:
    """The state both ends share.

    fs: the file system that has its name.  session, pgrp: whose terminal it is and who is in the
    foreground, 0 while it is nobody's; ``fs.jobs`` sets them.
    """

    __slots__ = ("buffer", "changed", "control", "flags", "fs", "line_ends", "locked",
                 "master_open", "number", "output", "pgrp", "quoted", "session", "slaves",
                 "stopped", "was_open", "window", "written")

    def __init__(self, number: int, fs: DevPts) -> None:
        self.number = number
        self.fs = fs
        words = default_termios()
        self.flags: list[int] = list(struct.unpack_from("<4I", words))   # i, o, c, l
        self.control = bytearray(words[16:36])      # c_line, then c_cc
        self.window = bytes(8)
        self.buffer = bytearray()       # input; with ICANON the tail may be an unfinished line
        self.line_ends: list[int] = []  # ICANON: lengths of finished lines; EOF adds nothing
        self.written = 0                # ICANON: bytes of the unfinished line
        self.output = bytearray()       # what the master can read
        self.quoted = self.stopped = False
        self.locked = True              # until unlockpt
        self.master_open = True
        self.slaves = 0
        self.was_open = False
        self.session = self.pgrp = 0
        self.changed = WaitQueue()

    @property
    def inode(self) -> Inode | None:
        """What /dev/tty is for its session."""
        return self.fs.inodes.get(self.number)

    @property
    def rdev(self) -> int:
        """Its device number."""
        return makedev(136, self.number)

    def signal(self, signo: int) -> None:
        """To the foreground."""
        if self.pgrp:
            self.fs.jobs().signal(self.pgrp, signo)

    # -- settings ------------------------------------------------------------------
    def termios(self) -> bytes:
        """struct termios of the kernel, 36 bytes."""
        return struct.pack("<4I", *self.flags) + bytes(self.control)

    def set_termios(self, data: bytes, flush: bool = False) -> None:
        """TCSETS; leaving canonical mode makes the unfinished line readable."""
        before = self.flags[3] & ICANON
        self.flags = list(struct.unpack_from("<4I", data))
        self.control[:] = data[16:36]
        if flush:
            self.flush_input()
        elif before != self.flags[3] & ICANON:
            self.line_ends = [len(self.buffer)] if self.buffer and not before else []
            self.written = 0
        self.changed.wake()

    def flush_input(self) -> None:
        """Forget all input."""
        self.buffer.clear()
        self.line_ends.clear()
        self.written = 0

    def _char(self, index: int) -> int:
        """A control character, -1 when disabled."""
        return self.control[1 + index] or -1

    # -- input -----------------------------------------------------------------------
    def receive(self, data: bytes) -> int:
        """What the master writes; the number of bytes taken."""
        for count, c in enumerate(data):
            if len(self.buffer) >= _LIMIT - 1 and not self.flags[3] & ICANON:
                self.changed.wake()
                return count
            self._receive(c)
        self.changed.wake()
        return len(data)

    def _receive(self, c: int) -> None:
        iflag, lflag = self.flags[0], self.flags[3]
        if iflag & ISTRIP:
            c &= 0x7F
        if self.quoted:
            self.quoted = False
            self._append(c)
            return
        if lflag & ISIG:
            for index, number in ((VINTR, SIGINT), (VQUIT, SIGQUIT), (VSUSP, SIGTSTP)):
                if c == self._char(index):
                    if not lflag & NOFLSH:
                        self.flush_input()
                        self.output.clear()
                    self._echo(c)
                    self.signal(number)
                    return
        if iflag & IXON and c in (self._char(VSTART), self._char(VSTOP)):
            self.stopped = c == self._char(VSTOP)
            return
        if c == 13:
            if iflag & IGNCR:
                return
            if iflag & ICRNL:
                c = 10
        elif c == 10 and iflag & INLCR:
            c = 13
        if not lflag & ICANON:
            self._append(c)
        elif not self._edit(c, lflag):
            if c == 10 or c in (self._char(VEOL), self._char(VEOL2)):
                self._append(c, newline=c == 10)
                self._line()
            elif c == self._char(VEOF):
                self._line()
            elif len(self.buffer) < _LIMIT - 1:
                self._append(c)

    def _edit(self, c: int, lflag: int) -> bool:
        """Editing of the unfinished line; whether the character was an editing one."""
        if c == self._char(VERASE):
            self._erase(1)
        elif c == self._char(VKILL):
            self._erase(self.written)
        elif lflag & IEXTEN and c == self._char(VWERASE):
            line = self.buffer[len(self.buffer) - self.written:]
            kept = line.rstrip(b" \t")
            word = len(kept) - max(kept.rfind(b" "), kept.rfind(b"\t")) - 1
            self._erase(len(line) - len(kept) + word)
        elif lflag & IEXTEN and c == self._char(VLNEXT):
            self.quoted = True
            if lflag & ECHO and lflag & ECHOCTL:
                self.output += b"^\b"
        elif lflag & IEXTEN and c == self._char(VREPRINT):
            self._echo(c)
            self._process(b"\n" + self.buffer[len(self.buffer) - self.written:])
        else:
            return False
        return True

    def _erase(self, count: int) -> None:
        for _ in range(min(count, self.written)):
            c = self.buffer.pop()
            self.written -= 1
            if self.flags[3] & ECHO:
                width = 2 if c < 32 and c != 9 and self.flags[3] & ECHOCTL else 1
                self.output += b"\b \b" * width

    def _append(self, c: int, newline: bool = False) -> None:
        self.buffer.append(c)
        self.written += 1
        if newline:
            if self.flags[3] & (ECHO | ECHONL):
                self._process(b"\n")
        else:
            self._echo(c)

    def _line(self) -> None:
        self.line_ends.append(self.written)
        self.written = 0

    def _echo(self, c: int) -> None:
        lflag = self.flags[3]
        if lflag & ECHO:
            if ((c < 32 and c not in (9, 10)) or c == 127) and lflag & ECHOCTL:
                self.output += bytes((94, c ^ 64))
            else:
                self._process(bytes((c,)))

    def readable(self) -> bool:
        """Whether a read of the slave would not wait."""
        if self.flags[3] & ICANON:
            return bool(self.line_ends)
        return len(self.buffer) >= max(self.control[1 + VMIN], 1)

    def take(self, size: int) -> bytes:
        """A read of the slave: at most one line with ICANON.  EAGAIN when it must wait."""
        if self.flags[3] & ICANON:
            if not self.line_ends:
                raise LinuxError(E.EAGAIN)
            n = min(size, self.line_ends[0])
            if n == self.line_ends[0]:
                self.line_ends.pop(0)
            else:
                self.line_ends[0] -= n
        else:
            if len(self.buffer) < min(self.control[1 + VMIN], size):
                raise LinuxError(E.EAGAIN)
            n = min(size, len(self.buffer))
        data = bytes(self.buffer[:n])
        del self.buffer[:n]
        self.changed.wake()
        return data

    # -- output ------------------------------------------------------------------------
    def _process(self, data: bytes) -> None:
        oflag = self.flags[1]
        if oflag & OPOST:
            if oflag & OCRNL:
                data = data.replace(b"\r", b"\n")
            if oflag & ONLCR:
                data = data.replace(b"\n", b"\r\n")
        self.output += data

    def send(self, data: bytes) -> int:
        """A write of the slave; the number of bytes taken, EAGAIN when the master lags."""
        room = _LIMIT - len(self.output)
        if room <= 0 or self.stopped:
            raise LinuxError(E.EAGAIN)
        data = data[:room]
        self._process(data)
        self.changed.wake()
        return len(data)


class _End(File):
    """What the two ends have in common: the requests of tty_ioctl(4)."""

    __slots__ = ("terminal",)

    seekable = False
    writes_all = True
    is_master = False

    def __init__(self, inode: Inode, flags: int, terminal: Terminal) -> None:
        super().__init__(inode, flags & (O_ACCMODE | O_NONBLOCK | O_APPEND))
        self.terminal = terminal

    def waiters(self) -> Sequence[WaitQueue]:
        return (self.terminal.changed,)

    def ioctl(self, task: Any, request: int, arg: int) -> int:
        tty = self.terminal
        if request in CHANGING:
            tty.fs.jobs().changing(tty)
        if request == 0x5401:                                       # TCGETS
            user.put(task, arg, tty.termios())
        elif request in (0x5402, 0x5403, 0x5404):                   # TCSETS, TCSETSW, TCSETSF
            tty.set_termios(user.get(task, arg, 36), request == 0x5404)
        elif request == 0x802C542A:                                 # TCGETS2
            user.put(task, arg, tty.termios() + struct.pack("<2I", 38400, 38400))
        elif request in (0x402C542B, 0x402C542C, 0x402C542D):       # TCSETS2, TCSETSW2, TCSETSF2
            tty.set_termios(user.get(task, arg, 44)[:36], request == 0x402C542D)
        elif request == 0x5413:                                     # TIOCGWINSZ
            user.put(task, arg, tty.window)
        elif request == 0x5414:                                     # TIOCSWINSZ
            window = user.get(task, arg, 8)
            if window != tty.window:
                tty.signal(SIGWINCH)
            tty.window = window
        elif request == 0x5411:                                     # TIOCOUTQ
            user.put_int(task, arg, 0)
        elif request == 0x540B:                                     # TCFLSH
            if arg not in (0, 1, 2):
                raise LinuxError(E.EINVAL)
            if arg != 1:
                tty.flush_input()
            if arg != 0:
                tty.output.clear()
        elif request == 0x540A:                                     # TCXONC
            if arg not in (0, 1, 2, 3):
                raise LinuxError(E.EINVAL)
            if arg < 2:
                tty.stopped = arg == 0
                tty.changed.wake()
        elif request in (0x5409, 0x5425, 0x540C, 0x540D):   # TCSBRK TCSBRKP TIOCEXCL TIOCNXCL
            pass
        else:
            tty.fs.jobs().ioctl(task, tty, request, arg, self.flags, self.is_master)
        return 0


def _deliver(data: bytes, views: Sequence[memoryview]) -> int:
    n = len(data)
    for view in views:
        view[:len(data)] = data[:len(view)]
        data = data[len(view):]
        if not data:
            break
    return n


class Master(_End):
    """The file /dev/ptmx gives."""

    __slots__ = ()

    is_master = True

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        tty = self.terminal
        if not tty.output:
            if tty.was_open and not tty.slaves:
                raise LinuxError(E.EIO)
            raise LinuxError(E.EAGAIN)
        size = sum(map(len, views))
        data = bytes(tty.output[:size])
        del tty.output[:size]
        tty.changed.wake()
        return _deliver(data, views)

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        if self.terminal.was_open and not self.terminal.slaves:
            raise LinuxError(E.EIO)
        data = b"".join(views)
        n = self.terminal.receive(data)
        if data and not n:
            raise LinuxError(E.EAGAIN)
        return n

    def poll(self) -> int:
        tty = self.terminal
        mask = POLLOUT | POLLWRNORM
        if tty.output:
            mask |= POLLIN | POLLRDNORM
        if tty.was_open and not tty.slaves:
            mask |= POLLHUP
        return mask

    def ioctl(self, task: Any, request: int, arg: int) -> int:
        tty = self.terminal
        if request == 0x80045430:                                   # TIOCGPTN
            user.put_int(task, arg, tty.number)
        elif request == 0x40045431:                                 # TIOCSPTLCK
            tty.locked = bool(user.get_int(task, arg))
        elif request == 0x80045439:                                 # TIOCGPTLCK
            user.put_int(task, arg, tty.locked)
        elif request == 0x541B:                                     # FIONREAD
            user.put_int(task, arg, len(tty.output))
        else:
            return super().ioctl(task, request, arg)
        return 0

    def release(self) -> None:
        tty = self.terminal
        tty.master_open = False
        if tty.session:
            tty.fs.jobs().hung_up(tty)
        tty.changed.wake()
        tty.fs.closed(tty)


class Slave(_End):
    """An open /dev/pts/N."""

    __slots__ = ()

    def __init__(self, inode: Inode, flags: int, terminal: Terminal) -> None:
        super().__init__(inode, flags, terminal)
        terminal.slaves += 1
        terminal.was_open = True

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        tty = self.terminal
        size = sum(map(len, views))
        if tty.pgrp:
            tty.fs.jobs().reading(tty)
        if not tty.master_open and not tty.readable():
            return 0
        return _deliver(tty.take(size), views) if size else 0

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        tty = self.terminal
        if not tty.master_open:
            raise LinuxError(E.EIO)
        if tty.pgrp and tty.flags[3] & TOSTOP:
            tty.fs.jobs().changing(tty)
        data = b"".join(views)
        return tty.send(data) if data else 0

    def poll(self) -> int:
        tty = self.terminal
        if not tty.master_open:
            return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM
        mask = POLLIN | POLLRDNORM if tty.readable() else 0
        if len(tty.output) < _LIMIT and not tty.stopped:
            mask |= POLLOUT | POLLWRNORM
        return mask

    def ioctl(self, task: Any, request: int, arg: int) -> int:
        tty = self.terminal
        if not tty.master_open:         # hung_up_tty_ioctl
            raise LinuxError(E.ENOTTY if request == 0x5410 else E.EIO)
        if request == 0x541B:                                       # FIONREAD
            left = len(tty.buffer) - (tty.written if tty.flags[3] & ICANON else 0)
            user.put_int(task, arg, left)
            return 0
        return super().ioctl(task, request, arg)

    def release(self) -> None:
        self.terminal.slaves -= 1
        self.terminal.changed.wake()


class PtsInode(Inode):
    """/dev/pts/N."""

    __slots__ = ("terminal",)

    fs: DevPts

    def __init__(self, fs: DevPts, terminal: Terminal) -> None:
        super().__init__(fs, terminal.number + 3, S_IFCHR | 0o620, 0, 5)
        self.terminal = terminal

    def getattr(self) -> Attr:
        return fill_attr(self, rdev=makedev(136, self.terminal.number), blksize=1024,
                         time=self.fs.start)

    def setattr(self, **changes: int) -> None:
        self.mode = self.mode & S_IFMT | changes.get("mode", self.mode) & 0o7777
        self.uid = changes.get("uid", self.uid)
        self.gid = changes.get("gid", self.gid)

    def truncate(self, size: int) -> None:
        raise LinuxError(E.EINVAL)

    def open(self, flags: int, task: Any = None) -> File:
        if self.terminal.locked or not self.terminal.master_open:
            raise LinuxError(E.EIO)
        file = Slave(self, flags, self.terminal)
        if task is not None:
            self.fs.jobs().opened(self.terminal, flags)
        return file


class _PtsRoot(Inode):
    __slots__ = ()

    fs: DevPts

    def getattr(self) -> Attr:
        return fill_attr(self, nlink=2, time=self.fs.start)

    def lookup(self, name: bytes) -> Inode:
        if name == b"ptmx":
            return self.fs.ptmx
        if name.isdigit() and name == b"%d" % int(name):
            found = self.fs.inodes.get(int(name))
            if found is not None:
                return found
        raise LinuxError(E.ENOENT)

    def readdir(self) -> Sequence[tuple[bytes, int, int]]:
        return [(b"%d" % n, inode.ino, DT_CHR) for n, inode in sorted(self.fs.inodes.items())] + [
            (b"ptmx", self.fs.ptmx.ino, DT_CHR)]

    def create(self, name: bytes, mode: int, uid: int, gid: int, rdev: int = 0) -> Inode:
        raise LinuxError(E.EPERM)

    def open(self, flags: int, task: Any = None) -> File:
        return DirFile(self, flags)


class _Ptmx(Inode):
    __slots__ = ()

    fs: DevPts

    def getattr(self) -> Attr:
        return fill_attr(self, rdev=makedev(5, 2), time=self.fs.start)

    def open(self, flags: int, task: Any = None) -> File:
        return self.fs.open_master(self, flags)


class DevPts(FileSystem):
    """devpts.  inodes: number → inode; the host's terminal may be among them as 0.

    jobs: gives the kernel's job control.
    """

    __slots__ = ("inodes", "jobs", "ptmx", "start")

    def __init__(self, dev: int, now: Callable[[], int],
                 jobs: Callable[[], Jobs] = nobodys) -> None:
        super().__init__("devpts", DEVPTS_MAGIC, dev, volatile=2)
        self.start = now()
        self.jobs = jobs
        self.inodes: dict[int, Inode] = {}
        self.root = _PtsRoot(self, 1, S_IFDIR | 0o755)
        self.ptmx = _Ptmx(self, 2, S_IFCHR | 0o666)

    def open_master(self, inode: Inode, flags: int) -> Master:
        """A new pair; ENOSPC beyond 4096."""
        number = next(n for n in range(len(self.inodes) + 1) if n not in self.inodes)
        if number >= 4096:
            raise LinuxError(E.ENOSPC)
        terminal = Terminal(number, self)
        self.inodes[number] = PtsInode(self, terminal)
        return Master(inode, flags, terminal)

    def closed(self, terminal: Terminal) -> None:
        """The master is gone, and with it the name."""
        self.inodes.pop(terminal.number, None)
