"""Locks, poll, select, epoll, eventfd, splice: what waits."""
from __future__ import annotations

import pytest
from file_fakes import DATA, EAGAIN, EBADF, EFAULT, EINVAL, END, READONLY, FakeTask, Waiter

from sysnames import errno as E

CWD = -100
IN, OUT, ERR, HUP, NVAL = 1, 4, 8, 16, 32
ONESHOT, ET, EXCLUSIVE = 1 << 30, 1 << 31, 1 << 28


@pytest.fixture
def task() -> FakeTask:
    return FakeTask()


def pipe(task: FakeTask, flags: int = 0) -> tuple[int, int]:
    assert task.call("pipe2", DATA, flags) == 0
    return task.mem.read_int(DATA, 4), task.mem.read_int(DATA + 4, 4)


def pollfds(task: FakeTask, *fds: tuple[int, int]) -> int:
    return task.put(b"".join(task.layout("pollfd").pack(fd, ev, 0x55) for fd, ev in fds))


def revents(task: FakeTask, address: int, count: int) -> list[int]:
    return [task.mem.read_int(address + 8 * i + 6, 2) for i in range(count)]


# -- locks ---------------------------------------------------------------------------------------
def test_record_locks_between_processes(task: FakeTask) -> None:
    other = FakeTask(kernel=task.kernel, pid=200)
    layout = task.layout("flock")
    fd = task.call("openat", CWD, "/f", 0o102, 0o644)
    fd2 = other.call("openat", CWD, "/f", 2, 0)
    lock = task.put(layout.pack(1, 0, 0, 10, 0))
    assert task.call("fcntl", fd, 6, lock) == 0
    mine = other.put(layout.pack(0, 0, 5, 1, 0))
    assert other.call("fcntl", fd2, 6, mine) == EAGAIN
    assert other.call("fcntl", fd2, 5, mine) == 0
    assert layout.unpack(other.mem.read(mine, layout.size)) == (1, 0, 0, 10, 100)
    assert other.call("fcntl", fd2, 5, other.put(layout.pack(0, 0, 10, 1, 0))) == 0
    waiter = Waiter(other.start("fcntl", fd2, 7, other.put(layout.pack(1, 0, 5, 1, 0))))
    assert task.call("fcntl", fd, 6, task.put(layout.pack(2, 0, 0, 0, 0))) == 0
    assert waiter.woken and waiter.resume() == 0
    assert other.call("close", other.call("dup", fd2)) == 0     # any close gives them up
    assert task.call("fcntl", fd, 6, lock) == 0
    assert task.call("fcntl", fd, 6, task.put(layout.pack(1, 3, 0, 10, 0))) == EINVAL
    assert task.call("fcntl", fd, 6, END) == EFAULT


def test_deadlock_is_seen(task: FakeTask) -> None:
    other = FakeTask(kernel=task.kernel, pid=200)
    layout = task.layout("flock")
    fd = task.call("openat", CWD, "/f", 0o102, 0o644)
    fd2 = other.call("openat", CWD, "/f", 2, 0)
    assert task.call("fcntl", fd, 6, task.put(layout.pack(1, 0, 0, 1, 0))) == 0
    assert other.call("fcntl", fd2, 6, other.put(layout.pack(1, 0, 1, 1, 0))) == 0
    waiter = Waiter(task.start("fcntl", fd, 7, task.put(layout.pack(1, 0, 1, 1, 0))))
    wanted = other.put(layout.pack(1, 0, 0, 1, 0))
    assert Waiter(other.start("fcntl", fd2, 7, wanted)).result == -E.EDEADLK
    assert waiter.resume(2) == -E.ERESTARTSYS


def test_ofd_locks_and_flock(task: FakeTask) -> None:
    layout = task.layout("flock64")
    fd = task.call("openat", CWD, "/f", 0o102, 0o644)
    fd2 = task.call("openat", CWD, "/f", 2, 0)
    lock = task.put(layout.pack(1, 0, 0, 0, 0))
    assert task.call("fcntl", fd, 37, lock) == 0 and task.call("fcntl", fd2, 37, lock) == EAGAIN
    task.call("close", fd)
    assert task.call("fcntl", fd2, 37, lock) == 0
    fd = task.call("openat", CWD, "/f", 2, 0)
    assert task.call("flock", fd, 2) == 0 and task.call("flock", fd2, 6) == EAGAIN
    assert task.call("flock", fd, 3) == EINVAL and task.call("flock", 99, 1) == EBADF
    waiter = Waiter(task.start("flock", fd2, 1))
    assert task.call("flock", fd, 8) == 0 and waiter.woken and waiter.resume() == 0


# -- poll and select -----------------------------------------------------------------------------
def test_poll(task: FakeTask) -> None:
    r, w = pipe(task)
    ufds = pollfds(task, (r, IN), (w, OUT), (-1, IN), (99, IN))
    assert task.call("poll", ufds, 4, -1) == 2
    assert revents(task, ufds, 4) == [0, OUT, 0, NVAL]
    ufds = pollfds(task, (r, IN))
    assert task.call("poll", ufds, 1, 0) == 0 and revents(task, ufds, 1) == [0]
    waiter = Waiter(task.start("poll", ufds, 1, 50))
    assert waiter.wait.deadline == task.kernel.clock.monotonic() + 50_000_000
    task.call("write", w, DATA, 1)
    assert waiter.woken and waiter.resume() == 1 and revents(task, ufds, 1) == [IN]
    task.call("read", r, DATA, 1)
    assert Waiter(task.start("poll", ufds, 1, 50)).resume(1) == 0
    assert Waiter(task.start("poll", 0, 0, 50)).resume(1) == 0
    task.call("close", w)
    assert task.call("poll", ufds, 1, 0) == 1 and revents(task, ufds, 1) == [HUP]
    assert task.call("poll", END, 1, 0) == EFAULT
    assert task.call("poll", DATA, 1025, 0) == EINVAL


def test_poll_is_restarted_with_its_deadline(task: FakeTask) -> None:
    r, w = pipe(task)
    ufds = pollfds(task, (r, IN))
    waiter = Waiter(task.start("poll", ufds, 1, 50))
    deadline = waiter.wait.deadline
    task.kernel.clock.now += 1000
    assert waiter.resume(2) == -E.ERESTART_RESTARTBLOCK
    again = Waiter(task.restart(task))
    assert again.wait.deadline == deadline
    task.call("write", w, DATA, 1)
    assert again.resume() == 1


def test_ppoll_mask_and_time_left(task: FakeTask) -> None:
    r, _w = pipe(task)
    ts = task.layout("timespec")
    ufds = pollfds(task, (r, IN))
    time = task.put(ts.pack(1, 5))
    mask = task.put((0xFF).to_bytes(8, "little"))
    waiter = Waiter(task.start("ppoll", ufds, 1, time, mask, 8))
    assert task.kernel.masks == [0xFF]
    task.kernel.clock.now += 10**9
    assert waiter.resume(2) == -E.ERESTARTNOHAND
    assert ts.unpack(task.mem.read(time, ts.size)) == (0, 5)
    assert task.call("ppoll", ufds, 1, time, mask, 4) == EINVAL
    assert task.call("ppoll", ufds, 1, task.put(ts.pack(0, 10**9)), 0, 0) == EINVAL
    task.mem.protect(READONLY, READONLY + 4096, 3)
    task.mem.write(READONLY, ts.pack(1, 0))
    task.mem.protect(READONLY, READONLY + 4096, 1)
    waiter = Waiter(task.start("ppoll", ufds, 1, READONLY, 0, 0))
    assert waiter.resume(2) == -E.EINTR         # cannot be restarted: the rest is lost


@pytest.mark.parametrize("abi", ("x86_64", "i386"))
def test_select(abi: str) -> None:
    task = FakeTask(abi)
    r, w = pipe(task)
    name = "select" if abi == "x86_64" else "_newselect"
    size = 8 if abi == "x86_64" else 4

    def sets() -> tuple[int, int]:
        return (task.put((1 << r).to_bytes(size, "little")),
                task.put((1 << w).to_bytes(size, "little")))

    reads, writes = sets()
    assert task.call(name, w + 1, reads, writes, 0, 0) == 1
    assert task.mem.read_int(reads, size) == 0 and task.mem.read_int(writes, size) == 1 << w
    tv = task.layout("timeval")
    time = task.put(tv.pack(2, 3))
    reads, _ = sets()
    waiter = Waiter(task.start(name, r + 1, reads, 0, 0, time))
    task.kernel.clock.now += 10**9
    task.call("write", w, DATA, 1)
    assert waiter.resume() == 1 and tv.unpack(task.mem.read(time, tv.size)) == (1, 3)
    assert task.call(name, -1, 0, 0, 0, 0) == EINVAL
    assert task.call(name, 4, task.put(b"\xff" * size), 0, 0, 0) == EBADF
    assert task.call(name, 4, END, 0, 0, 0) == EFAULT
    if abi == "i386":
        reads, _ = sets()
        words = (r + 1, reads, 0, 0, 0)
        pack = task.put(b"".join(v.to_bytes(4, "little") for v in words))
        assert task.call("select", pack) == 1


# -- epoll ---------------------------------------------------------------------------------------
class Epoll:
    def __init__(self, task: FakeTask) -> None:
        self.task = task
        self.fd = task.call("epoll_create1", 0)
        self.layout = task.layout("epoll_event")

    def ctl(self, op: int, fd: int, events: int = 0, data: int = 0) -> int:
        return self.task.call("epoll_ctl", self.fd, op, fd,
                              self.task.put(self.layout.pack(events, data)))

    def events(self, count: int, address: int = DATA) -> list[tuple[int, int]]:
        read, size = self.task.mem.read, self.layout.size
        return [self.layout.unpack(read(address + i * size, size)) for i in range(count)]

    def poll(self, most: int = 10) -> list[tuple[int, int]]:
        return self.events(self.task.call("epoll_wait", self.fd, DATA, most, 0))


@pytest.mark.parametrize("abi", ("x86_64", "i386"))
def test_epoll_level(abi: str) -> None:
    task = FakeTask(abi)
    ep = Epoll(task)
    r, w = pipe(task)
    assert ep.ctl(1, r, IN, 7) == 0 and ep.ctl(1, r, IN) == -E.EEXIST
    assert ep.poll() == []
    waiter = Waiter(task.start("epoll_wait", ep.fd, DATA, 10, -1))
    task.call("write", w, DATA + 4096, 2)
    assert waiter.woken and waiter.resume() == 1 and ep.events(1) == [(IN, 7)]
    assert ep.poll() == [(IN, 7)]
    task.call("read", r, DATA + 4096, 2)
    assert ep.poll() == []
    assert ep.ctl(3, r, OUT, 1) == 0 and ep.ctl(3, w) == -E.ENOENT and ep.ctl(2, w) == -E.ENOENT
    assert ep.ctl(2, r) == 0 and ep.ctl(9, w) == EINVAL
    assert Waiter(task.start("epoll_wait", ep.fd, DATA, 10, 5)).resume(1) == 0
    assert Waiter(task.start("epoll_wait", ep.fd, DATA, 10, 5)).resume(2) == -E.EINTR
    assert task.call("epoll_wait", ep.fd, DATA, 0, 0) == EINVAL
    assert task.call("epoll_wait", r, DATA, 1, 0) == EINVAL


def test_epoll_edge_and_oneshot(task: FakeTask) -> None:
    ep = Epoll(task)
    r, w = pipe(task)
    assert ep.ctl(1, r, IN | ET) == 0
    task.call("write", w, DATA + 4096, 2)
    assert ep.poll() == [(IN, 0)] and ep.poll() == []
    task.call("write", w, DATA + 4096, 2)
    assert ep.poll() == [(IN, 0)] and ep.poll() == []
    assert ep.ctl(3, r, IN | ONESHOT) == 0
    assert ep.poll() == [(IN, 0)]
    task.call("write", w, DATA + 4096, 2)
    assert ep.poll() == []
    assert ep.ctl(3, r, IN | ONESHOT) == 0 and ep.poll() == [(IN, 0)]


def test_epoll_takes_turns(task: FakeTask) -> None:
    ep = Epoll(task)
    ends = [pipe(task) for _ in range(3)]
    for data, (r, w) in enumerate(ends):
        ep.ctl(1, r, IN, data)
        task.call("write", w, DATA + 4096, 1)
    assert [ep.poll(1)[0][1] for _ in range(6)] == [0, 1, 2, 0, 1, 2]


def test_epoll_nesting_and_errors(task: FakeTask) -> None:
    a, b = Epoll(task), Epoll(task)
    r, w = pipe(task)
    assert a.ctl(1, a.fd, IN) == EINVAL and a.ctl(1, 99, IN) == EBADF
    regular = task.call("openat", CWD, "/f", 0o102, 0o644)
    assert a.ctl(1, regular, IN) == -E.EPERM
    assert a.ctl(1, b.fd, IN, 5) == 0 and b.ctl(1, a.fd, IN) == -E.ELOOP
    assert b.ctl(1, r, IN) == 0 and a.poll() == []
    task.call("write", w, DATA + 4096, 1)
    assert a.poll() == [(IN, 5)] and b.poll() == [(IN, 0)]
    assert a.ctl(1, b.fd, IN | EXCLUSIVE) == EINVAL
    task.call("close", r)
    assert b.poll() == [] and a.poll() == []
    chain = [Epoll(task) for _ in range(6)]
    results = [chain[i + 1].ctl(1, chain[i].fd, IN) for i in range(5)]
    assert results == [0, 0, 0, 0, -E.ELOOP] or results == [0, 0, 0, -E.ELOOP, 0]
    assert task.call("epoll_create", 0) == EINVAL and task.call("epoll_create1", 1) == EINVAL


def test_epoll_bad_buffer_keeps_events(task: FakeTask) -> None:
    ep = Epoll(task)
    _r, w = pipe(task)
    ep.ctl(1, w, OUT | ET, 3)
    assert task.call("epoll_wait", ep.fd, END, 4, 0) == EFAULT
    assert ep.poll() == [(OUT, 3)]


def test_eventfd(task: FakeTask) -> None:
    fd = task.call("eventfd2", 3, 0)
    assert task.call("read", fd, DATA, 4) == EINVAL
    assert task.call("read", fd, DATA, 8) == 8 and task.mem.read_int(DATA, 8) == 3
    reader = Waiter(task.start("read", fd, DATA, 8))
    assert task.call("write", fd, task.put((5).to_bytes(8, "little")), 8) == 8
    assert reader.woken and reader.resume() == 8
    assert task.call("eventfd2", 0, 8) == EINVAL


# -- splice --------------------------------------------------------------------------------------
def test_sendfile(task: FakeTask) -> None:
    fd = task.call("openat", CWD, "/f", 0o102, 0o644)
    out = task.call("openat", CWD, "/g", 0o102, 0o644)
    task.call("write", fd, task.put(b"0123456789"), 10)
    off = task.put((2).to_bytes(8, "little"))
    assert task.call("sendfile", out, fd, off, 5) == 5 and task.mem.read_int(off, 8) == 7
    assert task.call("lseek", fd, 0, 1) == 10
    task.call("lseek", fd, 8, 0)
    assert task.call("sendfile", out, fd, 0, 100) == 2 and task.call("lseek", fd, 0, 1) == 10
    assert task.call("pread64", out, DATA, 10, 0) == 7 and task.mem.read(DATA, 7) == b"2345689"
    r, w = pipe(task)
    assert task.call("sendfile", out, r, 0, 5) == EINVAL
    assert task.call("sendfile", 99, fd, END, 5) == EFAULT
    assert task.call("sendfile", w, fd, off, 1) == 1
    assert task.call("read", r, DATA, 5) == 1 and task.mem.read(DATA, 1) == b"7"


def test_splice_and_tee(task: FakeTask) -> None:
    fd = task.call("openat", CWD, "/f", 0o102, 0o644)
    task.call("write", fd, task.put(b"0123456789"), 10)
    r, w = pipe(task)
    r2, w2 = pipe(task)
    off = task.put(bytes(8))
    assert task.call("splice", fd, off, w, 0, 6, 0) == 6 and task.mem.read_int(off, 8) == 6
    assert task.call("tee", r, w2, 100, 0) == 6
    assert task.call("splice", r, 0, w2, 0, 4, 0) == 4
    assert task.call("read", r2, DATA, 64) == 10 and task.mem.read(DATA, 10) == b"0123450123"
    out = task.call("openat", CWD, "/g", 0o102, 0o644)
    assert task.call("splice", r, 0, out, 0, 100, 0) == 2
    assert task.call("splice", r, 0, out, 0, 100, 2) == EAGAIN
    assert task.call("splice", fd, 0, out, 0, 1, 0) == EINVAL
    assert task.call("splice", r, off, out, 0, 1, 0) == -E.ESPIPE
    assert task.call("tee", r, w, 1, 0) == EINVAL and task.call("splice", 99, 0, w, 0, 0, 0) == 0
    waiter = Waiter(task.start("splice", r, 0, out, 0, 100, 0))
    iov = task.put(task.layout("iovec").pack(task.put(b"xyz"), 3))
    assert task.call("vmsplice", w, iov, 1, 0) == 3
    assert waiter.woken and waiter.resume() == 3
    assert task.call("vmsplice", out, iov, 1, 0) == EBADF


def test_copy_file_range(task: FakeTask) -> None:
    fd = task.call("openat", CWD, "/f", 0o102, 0o644)
    out = task.call("openat", CWD, "/g", 0o102, 0o644)
    task.call("write", fd, task.put(b"0123456789"), 10)
    off = task.put((4).to_bytes(8, "little"))
    assert task.call("copy_file_range", fd, off, out, 0, 100, 0) == 6
    assert task.call("lseek", out, 0, 1) == 6
    assert task.call("copy_file_range", fd, off, out, 0, 1, 1) == EINVAL
    task.mem.write(off, bytes(8))
    other = task.put((2).to_bytes(8, "little"))
    assert task.call("copy_file_range", fd, off, fd, other, 5, 0) == EINVAL
    r, _w = pipe(task)
    assert task.call("copy_file_range", r, 0, out, 0, 1, 0) == EINVAL


def test_memfd_seals(task: FakeTask) -> None:
    fd = task.call("memfd_create", "name", 3)
    assert task.files.files[fd].name() == b"/memfd:name (deleted)"
    assert task.call("ftruncate", fd, 10) == 0 and task.call("fcntl", fd, 1034, 0) == 0
    assert task.call("fcntl", fd, 1033, 2) == 0 and task.call("ftruncate", fd, 5) == -E.EPERM
    assert task.call("fcntl", fd, 1033, 0x100) == EINVAL
    assert task.call("memfd_create", "x", 0x100) == EINVAL
    assert task.call("memfd_create", "y" * 250, 0) == EINVAL
