"""Pipes, FIFOs and eventfds: pipe(7), fifo(7), eventfd(2)."""
from __future__ import annotations

import random

from vfs_tree import Clock, FakeTask, Tree, fails, read, write

from sysnames import errno as E
from tracer.vfs.base import (
    O_DIRECT,
    O_NONBLOCK,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    POLLRDNORM,
    POLLWRNORM,
)
from tracer.vfs.eventfd import EFD_SEMAPHORE, AnonFS, EventFile
from tracer.vfs.pipe import PipeFile, PipeFS, pipe

IN, OUT = POLLIN | POLLRDNORM, POLLOUT | POLLWRNORM


def ends(flags: int = 0) -> tuple[PipeFile, PipeFile]:
    return pipe(PipeFS(1, Clock()), flags)


def test_data_and_ends() -> None:
    reader, writer = ends()
    fails(E.EAGAIN, read, reader)
    write(writer, b"hello")
    assert read(reader, 2) == b"he"
    write(writer, b" you")
    assert read(reader) == b"llo you"
    fails(E.ESPIPE, reader.seek, 0, 0)
    fails(E.ESPIPE, read, reader, 1, 0)
    writer.release()
    assert read(reader) == b""
    assert reader.poll() == POLLHUP
    assert reader.name() == b"pipe:[1000]" == writer.name()


def test_write_without_readers() -> None:
    reader, writer = ends()
    assert writer.poll() == OUT
    reader.release()
    fails(E.EPIPE, write, writer, b"x")
    assert write(writer, b"") == 0
    assert writer.poll() == OUT | POLLERR


def test_capacity_is_counted_in_slots() -> None:
    reader, writer = ends()
    assert write(writer, bytes(100000)) == 65536
    fails(E.EAGAIN, write, writer, b"x")
    assert writer.poll() == 0
    read(reader, 4095)
    fails(E.EAGAIN, write, writer, b"x")        # the slot is not free yet
    read(reader, 1)
    assert writer.poll() == OUT
    assert write(writer, b"x" * 3000) == 3000
    # the last slot has room for 1096 more; 3000 need a new one
    fails(E.EAGAIN, write, writer, bytes(3000))
    assert write(writer, bytes(1096)) == 1096
    reader, writer = ends()
    count = 0
    while writer.poll() & POLLOUT:
        count += write(writer, bytes(3000))
    assert count == 16 * 3000


def test_small_writes_are_atomic() -> None:
    rng = random.Random(4)
    reader, writer = ends()
    sent, got = bytearray(), bytearray()
    for _ in range(3000):
        data = rng.randbytes(rng.randrange(1, 4097))
        try:
            assert write(writer, data) == len(data)
            sent += data
        except Exception:
            got += read(reader, rng.randrange(1, 30000))
    got += read(reader, 1 << 20)
    assert got == sent


def test_resize() -> None:
    reader, writer = ends()
    assert writer.pipe.resize(5000) == 8192
    assert write(writer, bytes(10000)) == 8192
    fails(E.EBUSY, writer.pipe.resize, 4096)
    assert writer.pipe.resize(1 << 20) == 1 << 20
    assert len(writer.pipe.peek(100)) == 100
    assert len(read(reader)) == 8192


def test_packets() -> None:
    reader, writer = ends(O_DIRECT)
    write(writer, b"one")
    write(writer, b"two")
    assert read(reader, 2) == b"on"
    assert read(reader) == b"two"


def test_wakes() -> None:
    reader, writer = ends()
    heard: list[str] = []
    reader.waiters()[0].add(lambda: heard.append("r"))
    writer.waiters()[0].add(lambda: heard.append("w"))
    write(writer, b"x")
    read(reader)
    assert heard == ["r"]       # who writes waits only for a full pipe
    write(writer, bytes(65536))
    read(reader)
    writer.release()
    assert heard == ["r", "r", "w", "r", "w"]


def test_fionread() -> None:
    reader, writer = ends()
    task = FakeTask()
    write(writer, bytes(5000))
    assert reader.ioctl(task, 0x541B, 16) == 0
    assert task.mem.read(16, 4) == (5000).to_bytes(4, "little")
    fails(E.ENOTTY, reader.ioctl, task, 0x5401, 16)


def test_fifo_open_waits_for_the_other_end(tree: Tree) -> None:
    tree.mkfifo(b"/f")
    reader = tree.open(b"/f", O_RDONLY)
    queues = reader.opening()
    assert queues
    woken: list[int] = []
    queues[0].add(lambda: woken.append(1))
    writer = tree.open(b"/f", O_WRONLY)
    assert woken
    assert writer.opening() == () == reader.opening()
    write(writer, b"x")
    assert read(reader) == b"x"
    assert reader.name() == b"/f"
    assert reader.getattr().mode & 0o170000 == 0o010000


def test_fifo_other_end_comes_and_goes(tree: Tree) -> None:
    tree.mkfifo(b"/f")
    reader = tree.open(b"/f", O_RDONLY)
    assert reader.opening()
    writer = tree.open(b"/f", O_WRONLY)
    writer.release()
    assert reader.opening() == ()
    assert read(reader) == b""


def test_fifo_nonblocking(tree: Tree) -> None:
    tree.mkfifo(b"/f")
    fails(E.ENXIO, tree.open, b"/f", O_WRONLY | O_NONBLOCK)
    reader = tree.open(b"/f", O_RDONLY | O_NONBLOCK)
    assert reader.opening() == ()
    assert reader.poll() == 0               # no HUP before there was a writer
    assert read(reader) == b""
    writer = tree.open(b"/f", O_WRONLY | O_NONBLOCK)
    fails(E.EAGAIN, read, reader)
    writer.release()
    assert reader.poll() == POLLHUP
    both = tree.open(b"/f", O_RDWR)
    assert both.opening() == ()


def test_the_number_of_pipes_is_bounded() -> None:
    fs = PipeFS(1, Clock(), limit=2)
    reader, writer = pipe(fs, 0)
    pipe(fs, 0)
    fails(E.ENFILE, pipe, fs, 0)
    reader.release()
    fails(E.ENFILE, pipe, fs, 0)
    writer.release()
    pipe(fs, 0)
    fails(E.ENFILE, pipe, fs, 0)


def test_a_pipe_opened_again_waits_for_nobody() -> None:
    """/dev/fd/N: as bash's <(...) when the writer has gone before the file is opened."""
    reader, writer = ends()
    write(writer, b"abc")
    writer.release()
    assert reader.inode is not None
    again = reader.inode.open(O_RDONLY)
    assert not again.opening()
    assert read(again, 9) == b"abc"
    assert read(again, 9) == b""
    assert again.poll() & POLLHUP
    reader.release()
    again.release()
    last = reader.inode.open(O_WRONLY | O_NONBLOCK)
    assert not last.opening()
    fails(E.EPIPE, write, last, b"x")


def test_eventfd() -> None:
    fs = AnonFS(1)
    event = EventFile(fs, 0, 0)
    fails(E.EAGAIN, read, event, 8)
    fails(E.EINVAL, read, event, 7)
    fails(E.EINVAL, write, event, b"\xff" * 8)
    assert event.poll() == POLLOUT
    write(event, (5).to_bytes(8, "little"))
    write(event, (2).to_bytes(8, "little"))
    assert event.poll() == POLLIN | POLLOUT
    assert event.seek(3, 0) == 0
    assert read(event, 16) == (7).to_bytes(8, "little")
    write(event, ((1 << 64) - 2).to_bytes(8, "little"))
    assert event.poll() == POLLIN
    fails(E.EAGAIN, write, event, (1).to_bytes(8, "little"))
    counter = EventFile(fs, 2, EFD_SEMAPHORE | O_NONBLOCK)
    assert read(counter, 8) == read(counter, 8) == (1).to_bytes(8, "little")
    fails(E.EAGAIN, read, counter, 8)
    assert counter.getattr().mode == 0o600
