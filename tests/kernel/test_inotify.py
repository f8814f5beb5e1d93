"""inotify: watches and their events."""
from __future__ import annotations

import pytest
from file_fakes import DATA, EAGAIN, EBADF, EINVAL, FakeTask, Waiter

from sysnames import errno as E

CWD = -100
MODIFY, ATTRIB, CLOSE_WRITE, CLOSE_NOWRITE, OPEN = 2, 4, 8, 16, 32
FROM, TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
IGNORED, ISDIR, ALL = 0x8000, 1 << 30, 0xFFF


@pytest.fixture
def task() -> FakeTask:
    task = FakeTask()
    task.call("mkdir", "/d", 0o755)
    return task


def read(task: FakeTask, fd: int) -> list[tuple[int, int, int, str]]:
    size = task.call("read", fd, DATA, 4096)
    assert size >= 0, size
    data = task.mem.read(DATA, size)
    events = []
    while data:
        head = [int.from_bytes(data[at:at + 4], "little") for at in range(0, 16, 4)]
        wd, mask, cookie, length = head
        events.append((wd, mask, cookie, data[16:16 + length].rstrip(b"\0").decode()))
        data = data[16 + length:]
    return events


def test_names(task: FakeTask) -> None:
    fd = task.call("inotify_init1", 0o4000)
    assert task.call("inotify_add_watch", fd, "/d", ALL) == 1
    assert task.call("read", fd, DATA, 100) == EAGAIN
    f = task.call("openat", CWD, "/d/f", 0o102, 0o644)
    task.call("write", f, DATA, 1)
    task.call("write", f, DATA, 1)
    task.call("close", f)
    task.call("chmod", "/d/f", 0o600)
    task.call("mkdir", "/d/sub", 0o755)
    task.call("rename", "/d/f", "/d/g")
    task.call("unlink", "/d/g")
    task.call("rmdir", "/d/sub")
    events = read(task, fd)
    cookie = events[6][2]
    assert cookie and events == [
        (1, CREATE, 0, "f"), (1, OPEN, 0, "f"), (1, MODIFY, 0, "f"), (1, CLOSE_WRITE, 0, "f"),
        (1, ATTRIB, 0, "f"),
        (1, CREATE | ISDIR, 0, "sub"), (1, FROM, cookie, "f"), (1, TO, cookie, "g"),
        (1, DELETE, 0, "g"), (1, DELETE | ISDIR, 0, "sub")]


def test_file_and_its_end(task: FakeTask) -> None:
    fd = task.call("inotify_init")
    task.call("close", task.call("openat", CWD, "/d/f", 0o102, 0o644))
    assert task.call("inotify_add_watch", fd, "/d/f", ATTRIB | DELETE_SELF) == 1
    assert task.call("inotify_add_watch", fd, "/d/f", ATTRIB | DELETE_SELF | 1 << 28) == -E.EEXIST
    reader = Waiter(task.start("read", fd, DATA, 4096))
    task.call("unlink", "/d/f")
    assert reader.woken and reader.resume() == 48
    assert [task.mem.read_int(DATA + 4 + 16 * i, 4) for i in range(3)] == [
        ATTRIB, DELETE_SELF, IGNORED]
    assert task.call("inotify_rm_watch", fd, 1) == EINVAL


def test_errors(task: FakeTask) -> None:
    fd = task.call("inotify_init1", 0)
    assert task.call("inotify_init1", 1) == EINVAL
    assert task.call("inotify_add_watch", fd, "/d", 0) == EINVAL
    assert task.call("inotify_add_watch", fd, "/d", 1 << 20) == EINVAL
    assert task.call("inotify_add_watch", 99, "/d", 1) == EBADF
    assert task.call("inotify_add_watch", fd, "/none", 1) == -E.ENOENT
    plain = task.call("openat", CWD, "/d/f", 0o102, 0o644)
    assert task.call("inotify_add_watch", fd, "/d/f", 1 | 1 << 24) == -E.ENOTDIR
    assert task.call("inotify_add_watch", plain, "/d", 1) == EINVAL
    assert task.call("inotify_add_watch", fd, "/d", OPEN | 1 << 31) == 1
    task.call("close", task.call("openat", CWD, "/d/f", 0, 0))
    assert [e[1] for e in read(task, fd)] == [OPEN, IGNORED]
    assert task.call("inotify_add_watch", fd, "/d", OPEN) == 2
    task.call("openat", CWD, "/d/f", 0, 0)
    assert task.call("read", fd, DATA, 20) == EINVAL
    assert task.call("inotify_rm_watch", fd, 2) == 0
