"""Opening, reading, writing, positions, stat, descriptors."""
from __future__ import annotations

import pytest
from file_fakes import DATA, EBADF, EFAULT, EINVAL, END, READONLY, FakeTask, Waiter

from sysnames import errno as E

CWD = -100
O_RDWR, O_CREAT, O_APPEND, O_NONBLOCK, O_CLOEXEC = 2, 0o100, 0o2000, 0o4000, 0o2000000
ABIS = ("x86_64", "i386", "arm", "aarch64")


@pytest.fixture
def task() -> FakeTask:
    return FakeTask()


def make(task: FakeTask, path: str, data: bytes = b"", flags: int = 0) -> int:
    fd = task.call("openat", CWD, path, O_RDWR | O_CREAT | flags, 0o644)
    assert fd >= 0
    if data:
        assert task.call("write", fd, task.put(data), len(data)) == len(data)
        task.call("lseek", fd, 0, 0)
    return fd


def test_open_errors_in_order(task: FakeTask) -> None:
    call = task.call
    assert call("openat", CWD, "/none", 0, 0) == -E.ENOENT
    assert call("openat", CWD, "", 0, 0) == -E.ENOENT
    assert call("openat", 77, "rel", 0, 0) == EBADF
    assert call("openat", 77, "/", 0, 0) == 0
    assert call("openat", CWD, END, 0, 0) == EFAULT
    assert call("openat", CWD, END, 0o20000000, 0) == EINVAL        # flags before the path
    assert call("openat", CWD, b"a" * 4096, 0, 0) == -E.ENAMETOOLONG
    assert call("openat", CWD, "/", 2, 0) == -E.EISDIR
    task.process.limits[7] = (1, 1)
    assert call("openat", CWD, "/none", 0, 0) == -E.EMFILE          # before the walk


def test_open_tells_flags(task: FakeTask) -> None:
    fd = task.call("openat", CWD, "/a", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    assert task.call("fcntl", fd, 3, 0) == O_RDWR | O_APPEND | 0o100000
    assert task.call("fcntl", fd, 1, 0) == 1
    assert task.call("fstat", fd, DATA) == 0
    assert task.unpack("stat", DATA)["st_mode"] == 0o100644


def test_openat2_checks(task: FakeTask) -> None:
    def how(flags: int, mode: int = 0, resolve: int = 0, more: bytes = b"") -> int:
        data = b"".join(v.to_bytes(8, "little") for v in (flags, mode, resolve)) + more
        return task.call("openat2", CWD, "/a", task.put(data), len(data))

    assert task.call("openat2", CWD, "/a", DATA, 23) == EINVAL
    assert how(1 << 40) == EINVAL
    assert how(0, 0o644) == EINVAL
    assert how(O_CREAT | 2, 0o10000) == EINVAL
    assert how(O_CREAT | 2, 0o644) == 0
    assert how(0, 0, 0x18) == EINVAL
    assert how(0, 0, 8) == -E.EXDEV         # RESOLVE_BENEATH
    assert how(0, more=bytes(8)) == 1
    assert how(0, more=b"\1" * 8) == -E.E2BIG


def test_read_write_seek(task: FakeTask) -> None:
    fd = make(task, "/a", b"hello world")
    assert task.call("read", fd, DATA, 5) == 5
    assert task.mem.read(DATA, 5) == b"hello"
    assert task.call("lseek", fd, 0, 1) == 5
    assert task.call("lseek", fd, -20, 1) == EINVAL
    assert task.call("lseek", fd, 0, 9) == EINVAL
    assert task.call("pread64", fd, DATA, 100, 6) == 5
    assert task.call("pread64", fd, DATA, 1, -1) == EINVAL
    assert task.call("pread64", 9, DATA, 1, -1) == EINVAL
    assert task.call("pwrite64", fd, task.put(b"W"), 1, 6) == 1
    assert task.call("pread64", fd, DATA, 5, 6) == 5 and task.mem.read(DATA, 5) == b"World"
    assert task.call("read", 9, DATA, 1) == EBADF
    ro = task.call("openat", CWD, "/a", 0, 0)
    assert task.call("write", ro, DATA, 1) == EBADF
    assert task.call("openat", CWD, "/a", 0o10000000, 0) == 2
    assert task.call("read", 2, DATA, 1) == EBADF


def test_bad_buffers_give_partial_counts(task: FakeTask) -> None:
    fd = make(task, "/a", b"x" * 100)
    assert task.call("read", fd, END - 10, 50) == 10
    assert task.call("lseek", fd, 0, 1) == 10
    assert task.call("read", fd, END, 50) == EFAULT
    assert task.call("read", fd, READONLY, 50) == EFAULT
    assert task.call("lseek", fd, 0, 1) == 10
    task.call("lseek", fd, 0, 2)
    assert task.call("read", fd, END, 50) == 0                      # at the end nothing is copied
    assert task.call("read", fd, DATA, 1 << 63) == EFAULT
    assert task.call("write", fd, END - 4, 50) == 4
    assert task.call("write", fd, END, 50) == EFAULT
    assert task.call("write", fd, READONLY, 50) == 50
    assert task.call("fstat", fd, END - 100) == EFAULT


def test_large_transfers(task: FakeTask) -> None:
    fd = make(task, "/a")
    assert task.call("write", fd, DATA, 30 * 4096) == 30 * 4096
    task.call("lseek", fd, 0, 0)
    assert task.call("read", fd, DATA, END - DATA) == 30 * 4096


def test_file_size_limit(task: FakeTask) -> None:
    fd = make(task, "/a")
    task.process.limits[1] = (10, 10)
    assert task.call("write", fd, DATA, 20) == 10
    assert task.call("write", fd, DATA, 20) == -E.EFBIG
    assert [i["signo"] for i in task.kernel.sent] == [25]
    assert task.call("ftruncate", fd, 11) == -E.EFBIG


@pytest.mark.parametrize("abi", ABIS)
def test_vectors(abi: str) -> None:
    task = FakeTask(abi)
    fd = make(task, "/a")
    iov = task.layout("iovec")
    text = task.put(b"hello world")
    vec = task.put(iov.pack(text, 5) + iov.pack(END, 0) + iov.pack(text + 5, 6))
    assert task.call("writev", fd, vec, 3) == 11
    low = (1 << 32) - 1 if abi in ("i386", "arm") else (1 << 64) - 1
    assert task.call("preadv2", fd, task.put(iov.pack(DATA, 64)), 1, low, low, 0) == 0
    assert task.call("preadv", fd, task.put(iov.pack(DATA, 64)), 1, 6, 0) == 5
    assert task.mem.read(DATA, 5) == b"world"
    assert task.call("readv", fd, vec, 1025) == EINVAL
    assert task.call("readv", fd, END, 1) == EFAULT
    assert task.call("writev", fd, task.put(iov.pack(text, low)), 1) == EINVAL
    assert task.call("preadv2", fd, vec, 3, 0, 0, 0x400) == -E.EOPNOTSUPP
    assert task.call("pwritev2", fd, vec, 1, 0, 0, 0x10) == 5       # RWF_APPEND
    assert task.call("pread64", fd, DATA, 64, 0) == 16


@pytest.mark.parametrize("abi", ABIS)
def test_stat_layouts(abi: str) -> None:
    task = FakeTask(abi)
    make(task, "/a", b"12345")
    wide = abi in ("i386", "arm")
    name, struct = ("stat64", "stat64") if wide else ("newfstatat", "stat")
    args = ("/a", DATA) if wide else (CWD, "/a", DATA, 0)
    assert task.call(name, *args) == 0
    st = task.unpack(struct, DATA)
    assert (st["st_size"], st["st_mode"], st["st_nlink"]) == (5, 0o100644, 1)
    assert st["st_mtime"] * 10**9 + st["st_mtime_nsec"] == task.kernel.clock.realtime()
    if wide:
        assert task.mem.read_int(DATA + 12, 4) == st["st_ino"]
        assert task.call("fstatat64", CWD, "", DATA, 0x1000) == 0
        assert task.call("truncate64", "/a", 1 << 31) == 0
        assert task.call("stat", "/a", DATA) == -E.EOVERFLOW
        assert task.call("open", "/a", 0, 0) == -E.EOVERFLOW
        assert task.call("open", "/a", task.abi.open_flags_out(0o100000), 0) >= 0
    assert task.call("statx", CWD, "/a", 0, 0xFFF, DATA) == 0
    sx = task.unpack("statx", DATA)
    assert sx["stx_mode"] == 0o100644 and sx["stx_mask"] & 0xFFF == 0xFFF
    assert task.call("statx", CWD, "/a", 0x6000, 0, DATA) == EINVAL
    assert task.call("statx", CWD, "/a", 0, 1 << 31, DATA) == EINVAL


def test_stat_by_descriptor(task: FakeTask) -> None:
    fd = make(task, "/a", b"123")
    assert task.call("newfstatat", fd, "", DATA, 0x1000) == 0
    assert task.call("newfstatat", fd, 0, DATA, 0x1000) == 0
    assert task.call("newfstatat", fd, "", DATA, 0) == -E.ENOENT
    assert task.call("newfstatat", fd, "x", DATA, 0) == -E.ENOTDIR
    assert task.call("newfstatat", CWD, "/a", DATA, 0x10) == EINVAL
    assert task.call("newfstatat", CWD, END, DATA, 0x10) == EFAULT
    assert task.call("pipe", DATA) == 0
    assert task.call("newfstatat", fd + 1, "", DATA, 0x1000) == 0
    assert task.unpack("stat", DATA)["st_mode"] == 0o010600


def test_access(task: FakeTask) -> None:
    make(task, "/a")
    assert task.call("access", "/a", 6) == 0
    assert task.call("access", "/a", 1) == -E.EACCES        # root needs an x bit
    assert task.call("access", "/a", 8) == EINVAL
    assert task.call("access", "/b", 0) == -E.ENOENT
    assert task.call("faccessat2", CWD, "/a", 0, 1) == EINVAL
    task.creds.uid = task.creds.euid = 5
    assert task.call("access", "/a", 2) == -E.EACCES        # real ids count
    assert task.call("faccessat2", CWD, "/a", 2, 0x200) == 0


def test_readlink(task: FakeTask) -> None:
    assert task.call("symlink", "target", "/l") == 0
    assert task.call("readlink", "/l", DATA, 4) == 4 and task.mem.read(DATA, 4) == b"targ"
    assert task.call("readlink", "/l", DATA, 0) == EINVAL
    assert task.call("readlink", "/", DATA, 9) == EINVAL
    assert task.call("readlink", "", DATA, 9) == -E.ENOENT
    fd = task.call("openat", CWD, "/l", 0o10400000, 0)
    assert task.call("readlinkat", fd, "", DATA, 9) == 6


def test_dup_and_close(task: FakeTask) -> None:
    fd = make(task, "/a", b"abc")
    assert task.call("dup", fd) == 1
    assert task.call("dup2", fd, 9) == 9 and task.call("dup2", 5, 5) == EBADF
    assert task.call("dup3", fd, fd, 0) == EINVAL
    assert task.call("dup3", fd, 4, O_CLOEXEC) == 4 and task.call("fcntl", 4, 1, 0) == 1
    assert task.call("dup2", fd, 1024) == EBADF
    assert task.call("read", 9, DATA, 2) == 2 and task.call("lseek", 1, 0, 1) == 2
    assert task.call("fcntl", fd, 0, 20) == 20 and task.call("fcntl", fd, 0, 5000) == EINVAL
    assert task.call("fcntl", fd, 1027, 20) == 1
    assert task.call("close_range", 5, 2, 0) == EINVAL
    assert task.call("close_range", 4, 0xFFFFFFFF, 0) == 0
    assert sorted(task.files.files) == [0, 1]
    assert task.call("close", 9) == EBADF


def test_ioctl_for_every_file(task: FakeTask) -> None:
    fd = make(task, "/a", b"abcd")
    assert task.call("ioctl", 9, 0x5451, 0) == EBADF
    assert task.call("ioctl", fd, 0x5451, 0) == 0 and fd in task.files.cloexec
    assert task.call("ioctl", fd, 0x541B, DATA) == 0 and task.mem.read_int(DATA, 4) == 4
    assert task.call("ioctl", fd, 0x541B, END) == EFAULT
    assert task.call("ioctl", fd, 0x5421, task.put(b"\1\0\0\0")) == 0
    assert task.call("fcntl", fd, 3, 0) & O_NONBLOCK
    assert task.call("ioctl", fd, 0x5401, DATA) == -E.ENOTTY
    assert task.call("ioctl", fd, 2, DATA) == 0 and task.mem.read_int(DATA, 4) == 4096


# -- pipes ---------------------------------------------------------------------------------------
def pipe(task: FakeTask, flags: int = 0) -> tuple[int, int]:
    assert task.call("pipe2", DATA, flags) == 0
    return task.mem.read_int(DATA, 4), task.mem.read_int(DATA + 4, 4)


def test_pipe_blocks_and_wakes(task: FakeTask) -> None:
    r, w = pipe(task)
    reader = Waiter(task.start("read", r, DATA, 10))
    assert task.call("write", w, task.put(b"abc"), 3) == 3
    assert reader.woken and reader.resume() == 3 and task.mem.read(DATA, 3) == b"abc"
    reader = Waiter(task.start("read", r, DATA, 10))
    assert reader.resume(2) == -E.ERESTARTSYS
    reader = Waiter(task.start("read", r, DATA, 10))
    assert task.call("close", w) == 0
    assert reader.woken and reader.resume() == 0


def test_pipe_write_blocks_until_all_is_written(task: FakeTask) -> None:
    r, w = pipe(task)
    writer = Waiter(task.start("write", w, DATA, 100000))
    assert task.call("read", r, DATA, 65536) == 65536
    assert writer.woken and writer.resume() == 100000
    assert task.call("fcntl", w, 4, O_NONBLOCK) == 0
    assert task.call("write", w, DATA, 65536) == 65536 - 36864
    assert task.call("write", w, DATA, 1) == -E.EAGAIN


def test_broken_pipe(task: FakeTask) -> None:
    r, w = pipe(task)
    task.call("close", r)
    assert task.call("write", w, DATA, 1) == -E.EPIPE
    assert task.kernel.sent == [{"signo": 13, "code": 0, "pid": 100, "uid": 0}]


def test_pipe_with_bad_buffers(task: FakeTask) -> None:
    r, w = pipe(task, O_NONBLOCK)
    assert task.call("read", r, END, 5) == -E.EAGAIN
    assert task.call("write", w, END - 4, 8) == EFAULT
    assert task.call("write", w, END - 8192 - 4, 8192 + 8) == 8192
    assert task.call("read", r, END - 4, 8) == EFAULT       # the slot stays
    assert task.call("ioctl", r, 0x541B, DATA) == 0 and task.mem.read_int(DATA, 4) == 8192
    assert task.call("pipe2", DATA, 1) == EINVAL
    assert task.call("pipe2", END, 0) == EFAULT and len(task.files.files) == 2
    assert task.call("pread64", r, DATA, 1, 0) == -E.ESPIPE
    assert task.call("lseek", r, 0, 0) == -E.ESPIPE


def test_pipe_size(task: FakeTask) -> None:
    r, w = pipe(task)
    assert task.call("fcntl", r, 1032, 0) == 65536
    assert task.call("fcntl", w, 1031, 5000) == 8192
    assert task.call("fcntl", w, 1031, 0) == 4096


def test_fifo_open_waits(task: FakeTask) -> None:
    assert task.call("mknod", "/f", 0o010644, 0) == 0
    opener = Waiter(task.start("openat", CWD, task.path("/f"), 0, 0))
    w = task.call("openat", CWD, "/f", 1, 0)
    assert w == 0 and opener.woken and opener.resume() == 1
    assert task.call("openat", CWD, "/f", 1 | O_NONBLOCK, 0) >= 0
