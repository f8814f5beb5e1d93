"""Pseudoterminals: pty(7), termios(3)."""
from __future__ import annotations

import struct
from typing import Any

import pytest
from vfs_tree import FakeTask, Tree, fails, read, write

from sysnames import errno as E
from tracer.vfs.base import O_RDWR, POLLHUP, POLLIN, File
from tracer.vfs.jobs import Jobs

TCGETS, TCSETS, TIOCSPTLCK, TIOCGPTN = 0x5401, 0x5402, 0x40045431, 0x80045430


class Recorder(Jobs):
    """Keeps what the kernel is asked for."""

    def __init__(self) -> None:
        self.signals: list[tuple[int, int]] = []
        self.hung = 0

    def signal(self, pgrp: int, signo: int) -> None:
        self.signals.append((pgrp, signo))

    def hung_up(self, tty: Any) -> None:
        self.hung += 1


class Pty:
    def __init__(self, guest: Tree) -> None:
        self.task = FakeTask()
        self.master = guest.open(b"/dev/ptmx", O_RDWR)
        self.call(self.master, TIOCGPTN)
        number = self.task.mem.read(0, 4)[0]
        self.path = b"/dev/pts/%d" % number
        fails(E.EIO, guest.open, self.path, O_RDWR)
        self.task.mem.write(0, bytes(4))
        self.call(self.master, TIOCSPTLCK)
        self.slave = guest.open(self.path, O_RDWR)
        self.terminal = self.slave.terminal  # type: ignore[attr-defined]
        jobs = Recorder()
        self.terminal.fs.jobs = lambda: jobs
        self.signals = jobs.signals

    def call(self, file: File, request: int, arg: int = 0) -> int:
        return file.ioctl(self.task, request, arg)

    def flags(self, iflag: int = -1, oflag: int = -1, lflag: int = -1) -> None:
        self.call(self.slave, TCGETS)
        words = list(struct.unpack_from("<4I", self.task.mem.read(0, 16)))
        for index, value in ((0, iflag), (1, oflag), (3, lflag)):
            if value >= 0:
                words[index] = value
        self.task.mem.write(0, struct.pack("<4I", *words))
        self.call(self.slave, TCSETS)


@pytest.fixture
def pty(guest: Tree) -> Pty:
    return Pty(guest)


def test_a_line_is_echoed_and_read(pty: Pty) -> None:
    write(pty.master, b"hel")
    fails(E.EAGAIN, read, pty.slave)
    assert not pty.slave.poll() & POLLIN
    write(pty.master, b"lo\rnext\n")
    assert read(pty.master) == b"hello\r\nnext\r\n"
    assert read(pty.slave, 3) == b"hel"
    assert read(pty.slave) == b"lo\n"
    assert read(pty.slave) == b"next\n"


def test_editing(pty: Pty) -> None:
    write(pty.master, b"one twx\x7fo\x17three\n")       # erase, word erase
    assert read(pty.slave) == b"one three\n"
    write(pty.master, b"forget\x15kept\n")              # kill
    assert read(pty.slave) == b"kept\n"
    write(pty.master, b"\x16\x03\n")                    # literal next
    assert read(pty.slave) == b"\x03\n"
    read(pty.master)
    write(pty.master, b"a\x7f")
    assert read(pty.master) == b"a\b \b"


def test_end_of_file(pty: Pty) -> None:
    write(pty.master, b"half\x04")
    assert read(pty.slave) == b"half"
    write(pty.master, b"\x04")
    assert read(pty.slave) == b""


def test_output_processing(pty: Pty) -> None:
    write(pty.slave, b"a\nb")
    assert read(pty.master) == b"a\r\nb"
    pty.flags(oflag=0)
    write(pty.slave, b"a\nb")
    assert read(pty.master) == b"a\nb"


def test_raw_mode(pty: Pty) -> None:
    pty.flags(iflag=0, lflag=0)
    write(pty.master, b"\x03x\r")
    assert read(pty.slave) == b"\x03x\r"
    fails(E.EAGAIN, read, pty.slave)
    fails(E.EAGAIN, read, pty.master)


def test_signals(pty: Pty) -> None:
    write(pty.master, b"\x03")
    assert not pty.signals                  # nobody's terminal
    pty.terminal.session = pty.terminal.pgrp = 7
    read(pty.master)
    write(pty.master, b"lost\x03")
    assert pty.signals == [(7, 2)]
    assert read(pty.master).endswith(b"^C")
    write(pty.master, b"\x1a\x1c")
    assert [n for _, n in pty.signals] == [2, 20, 3]
    pty.task.mem.write(0, struct.pack("<4H", 50, 132, 0, 0))
    pty.call(pty.master, 0x5414)            # TIOCSWINSZ
    assert pty.signals[-1] == (7, 28)
    pty.task.mem.write(0, bytes(8))
    pty.call(pty.slave, 0x5413)
    assert struct.unpack("<4H", pty.task.mem.read(0, 8))[:2] == (50, 132)
    pty.master.release()
    assert pty.terminal.fs.jobs().hung == 1


def test_hang_up(pty: Pty, guest: Tree) -> None:
    assert pty.path[9:] in guest.list(b"/dev/pts")
    pty.slave.release()
    fails(E.EIO, read, pty.master)
    assert pty.master.poll() & POLLHUP
    again = guest.open(pty.path, O_RDWR)
    fails(E.EAGAIN, read, pty.master)
    pty.master.release()
    assert read(again) == b""
    fails(E.EIO, write, again, b"x")
    fails(E.ENOENT, guest.walk, pty.path)


def test_output_is_bounded(pty: Pty) -> None:
    total = 0
    while pty.slave.poll() & 4:
        total += write(pty.slave, b"x" * 1000)
    assert total == 4096
    fails(E.EAGAIN, write, pty.slave, b"x")


def test_stop_and_start(pty: Pty) -> None:
    write(pty.master, b"\x13")
    fails(E.EAGAIN, write, pty.slave, b"x")
    write(pty.master, b"\x11")
    assert write(pty.slave, b"x") == 1


def test_unknown_requests(pty: Pty) -> None:
    fails(E.ENOTTY, pty.call, pty.slave, 0x5429)        # TIOCGSID
    fails(E.ENOTTY, pty.call, pty.slave, 0xDEAD)
