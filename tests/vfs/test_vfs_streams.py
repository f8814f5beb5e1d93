"""Standard streams in the sandbox and with --host."""
from __future__ import annotations

import os
import pty
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from vfs_tree import Clock, FakeTask, fails, read, write

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import O_RDWR, O_WRONLY, S_IFMT
from tracer.vfs.streams import (
    NULL,
    PIPE,
    REGULAR,
    TERMINAL,
    HostStream,
    StreamFS,
    StreamInode,
    kind_of,
    standard_streams,
)


def stream(fd: int, flags: int = O_RDWR) -> HostStream:
    return HostStream(StreamInode(StreamFS(5, Clock()), fd, kind_of(fd)), flags, fd)


def test_pipe_reads_do_not_depend_on_chunks() -> None:
    reader, writer = os.pipe()

    def produce() -> None:
        for _ in range(50):
            os.write(writer, b"x" * 77)
        os.close(writer)

    thread = threading.Thread(target=produce)
    thread.start()
    file = stream(reader, 0)
    assert file.kind == PIPE
    sizes = []
    while not sizes or sizes[-1]:
        try:
            sizes.append(len(read(file, 1000)))
        except LinuxError as error:     # the kernel waits and tries again
            assert error.errno == E.EAGAIN
    thread.join()
    assert sizes == [1000, 1000, 1000, 850, 0]
    fails(E.ESPIPE, file.seek, 0, 0)
    os.close(reader)


def test_broken_pipe() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    fails(E.EPIPE, write, stream(writer, O_WRONLY), b"x")
    os.close(writer)


def test_a_nonblocking_pipe_of_the_host_is_waited_for() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    got = bytearray()

    def consume() -> None:
        while data := os.read(reader, 4096):
            got.extend(data)

    thread = threading.Thread(target=consume)
    thread.start()
    data = os.urandom(300000)
    assert write(stream(writer, O_WRONLY), data) == len(data)
    os.close(writer)
    thread.join()
    os.close(reader)
    assert got == data


def test_terminal_is_virtual() -> None:
    master, slave = pty.openpty()
    file = stream(slave)
    task = FakeTask()
    assert file.kind == TERMINAL
    assert file.ioctl(task, 0x5413, 0) == 0
    assert struct.unpack("<4H", task.mem.read(0, 8)) == (24, 80, 0, 0)
    assert file.ioctl(task, 0x5401, 0) == 0
    termios = task.mem.read(0, 36)
    iflag, oflag, cflag, lflag = struct.unpack_from("<4I", termios)
    assert (iflag, oflag, cflag, lflag) == (0x500, 5, 0xBF, 0x8A3B)
    assert file.ioctl(task, 0x5402, 0) == 0
    fails(E.ENOTTY, file.ioctl, task, 0x1234, 0)
    attr = file.getattr()
    assert (attr.mode, attr.rdev, attr.ino) == (0o020620, 136 << 8, 3)
    assert file.name() == b"/dev/pts/0"
    os.write(master, b"line\nrest\n")
    assert read(file) == b"line\n"
    os.close(master)
    os.close(slave)


def test_regular_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")
    fd = os.open(tmp_path / "f", os.O_RDWR)
    file = stream(fd)
    assert file.kind == REGULAR
    assert read(file, 4) == b"0123"
    assert read(file, 3, 7) == b"789"
    assert file.seek(0, 1) == 4
    assert write(file, b"X", 0) == 1
    assert file.seek(-1, 2) == 9
    assert file.seek(3, 3) == 3
    assert file.seek(3, 4) == 10
    fails(E.EINVAL, file.seek, -1, 0)
    assert file.getattr().size == 10
    assert file.getattr().mode & S_IFMT == 0o100000
    file.setattr(size=2)
    assert (tmp_path / "f").read_bytes() == b"X1"
    os.close(fd)


def test_attributes_are_fixed() -> None:
    seen = []
    for _ in range(2):
        fd = os.open(os.devnull, os.O_RDWR)
        file = stream(fd)
        assert file.kind == NULL
        attr = file.getattr()
        seen.append((attr.ino, attr.dev, attr.mtime, attr.rdev, attr.mode))
        os.close(fd)
    assert seen[0] == seen[1]


def test_standard_streams() -> None:
    files = standard_streams(StreamFS(5, Clock()))
    assert set(files) <= {0, 1, 2}
    for fd, file in files.items():
        assert file.host_fd() == fd


@pytest.mark.parametrize("call", [lambda f: f.sync(), lambda f: f.setattr(size=1)])
def test_what_pipes_cannot_do(call: Callable[[HostStream], None]) -> None:
    reader, writer = os.pipe()
    fails(E.EINVAL, call, stream(writer))
    os.close(reader)
    os.close(writer)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the host's numbers are Linux's")
def test_a_terminal_has_the_modes_of_the_program_for_the_run() -> None:
    import termios
    master, slave = os.openpty()
    before = termios.tcgetattr(slave)
    node = StreamInode(StreamFS(5, Clock()), slave, kind_of(slave))
    words = bytearray(node.termios)
    raw = struct.unpack_from("<I", words, 12)[0] & ~(termios.ICANON | termios.ECHO)
    struct.pack_into("<I", words, 12, raw)
    words[17 + termios.VMIN] = 3
    node.set_termios(bytes(words))
    assert node.termios == bytes(words)
    now = termios.tcgetattr(slave)
    assert not now[3] & (termios.ICANON | termios.ECHO)
    assert now[3] & termios.ISIG
    assert now[6][termios.VMIN] in (3, b"\3")
    node.set_termios(bytes(node.termios))
    node.restore()
    assert termios.tcgetattr(slave) == before
    os.close(master)
    node.set_termios(bytes(words))          # the terminal is gone
    node.restore()
    os.close(slave)
