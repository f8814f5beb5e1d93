"""Directories, names, attributes, extended attributes, file systems."""
from __future__ import annotations

import pytest
from file_fakes import DATA, EBADF, EFAULT, EINVAL, END, FakeTask

from sysnames import errno as E

CWD = -100


@pytest.fixture
def task() -> FakeTask:
    return FakeTask()


def entries(task: FakeTask, fd: int, name: str, struct: str, size: int) -> list[tuple[str, int]]:
    head = task.layout(struct)
    found = []
    while n := task.call(name, fd, DATA, size):
        assert n > 0, n
        at = DATA
        while at < DATA + n:
            values = head.unpack_dict(task.mem.read(at, head.size))
            start = at + head.offset("d_name")
            text = task.mem.read_string(start, 256)[0].decode()
            kind = values.get("d_type", task.mem.read_int(at + values["d_reclen"] - 1, 1))
            found.append((text, kind))
            at += values["d_reclen"]
        assert at == DATA + n
    return found


@pytest.mark.parametrize("abi", ("x86_64", "i386", "arm", "aarch64"))
def test_getdents(abi: str) -> None:
    task = FakeTask(abi)
    for name in ("a", "bb", "a-much-longer-name"):
        assert task.call("mkdirat", CWD, "/" + name, 0o755) == 0
    assert task.call("symlinkat", "x", CWD, "/link") == 0
    wanted = [(".", 4), ("..", 4), ("a", 4), ("a-much-longer-name", 4), ("bb", 4), ("link", 10)]
    calls = [("getdents64", "linux_dirent64"), ("getdents", "linux_dirent")]
    for name, struct in calls:
        for size in (4096, 48):
            fd = task.call("openat", CWD, "/", 0, 0)
            assert entries(task, fd, name, struct, size) == wanted
            assert task.call(name, fd, DATA, 100) == 0
            task.call("lseek", fd, 0, 0)
            assert task.call(name, fd, DATA, 10) == EINVAL
            assert task.call(name, fd, END, 100) == EFAULT
            assert 0 < task.call(name, fd, END - 30, 4096) <= 30
    task.call("openat", CWD, "/f", 0o102, 0o644)
    assert task.call("getdents64", fd + 1, DATA, 100) == -E.ENOTDIR


def test_removed_directory(task: FakeTask) -> None:
    task.call("mkdir", "/d", 0o777)
    fd = task.call("openat", CWD, "/d", 0o200000, 0)
    assert task.call("chdir", "/d") == 0 and task.call("rmdir", "/d") == 0
    assert task.call("getdents64", fd, DATA, 100) == -E.ENOENT
    assert task.call("getcwd", DATA, 100) == -E.ENOENT
    assert task.call("mkdir", "x", 0o777) == -E.ENOENT


def test_names(task: FakeTask) -> None:
    call = task.call
    assert call("mkdir", "/d", 0o777) == 0 and call("mkdir", "/d", 0o777) == -E.EEXIST
    assert call("rmdir", "/none") == -E.ENOENT and call("unlink", "/d") == -E.EISDIR
    assert call("mknod", "/f", 0, 0) == 0 and call("mknod", "/x", 0o040000, 0) == -E.EPERM
    assert call("mknod", "/x", 0o170000, 0) == EINVAL
    assert call("link", "/f", "/d/g") == 0 and call("link", "/d", "/e") == -E.EPERM
    assert call("rename", "/d/g", "/h") == 0 and call("rename", "/d", "/d/x") == EINVAL
    assert call("renameat2", CWD, "/f", CWD, "/h", 1) == -E.EEXIST
    assert call("renameat2", CWD, END, CWD, "/h", 8) == EINVAL
    assert call("renameat2", CWD, "/f", CWD, "/d", 2) == 0
    assert call("unlinkat", CWD, "/f", 0x200) == 0 and call("unlinkat", CWD, "/d", 0x1) == EINVAL
    assert call("symlink", "", "/s") == -E.ENOENT
    assert call("linkat", CWD, "/h", CWD, "/i", 1) == EINVAL
    assert call("getcwd", DATA, 1) == -E.ERANGE and call("getcwd", DATA, 9) == 2
    assert call("umask", 0o77) == 0o22 and call("umask", 0) == 0o77
    assert call("chdir", "/h") == -E.ENOTDIR


def test_tmpfile_can_be_linked(task: FakeTask) -> None:
    fd = task.call("openat", CWD, "/", 0o20200002, 0o600)
    assert task.call("linkat", fd, "", CWD, "/t", 0x1000) == 0
    assert task.call("access", "/t", 0) == 0


def test_attributes(task: FakeTask) -> None:
    call = task.call
    fd = call("openat", CWD, "/f", 0o102, 0o644)
    assert call("chmod", "/f", 0o4755) == 0 and call("fchmod", fd, 0o6755) == 0
    assert call("chown", "/f", 5, (1 << 32) - 1) == 0
    call("stat", "/f", DATA)
    st = task.unpack("stat", DATA)
    assert (st["st_mode"], st["st_uid"], st["st_gid"]) == (0o100755, 5, 0)
    task.creds.fsuid, task.creds.caps = 5, 0
    assert call("fchown", fd, 6, -1 & 0xFFFFFFFF) == -E.EPERM
    assert call("fchmodat2", CWD, "/f", 0o600, 1) == EINVAL
    task.creds.fsuid = 7
    assert call("chmod", "/f", 0o600) == -E.EPERM
    assert call("utimensat", CWD, "/f", 0, 0) == -E.EACCES
    times = task.layout("timespec")
    assert call("utimensat", CWD, "/f", task.put(times.pack(1, 2) * 2), 0) == -E.EPERM


@pytest.mark.parametrize("abi", ("x86_64", "i386"))
def test_times(abi: str) -> None:
    task = FakeTask(abi)
    fd = task.call("openat", CWD, "/f", 0o102, 0o644)
    ts = task.layout("timespec")
    omit, now = (1 << 30) - 2, (1 << 30) - 1
    assert task.call("utimensat", CWD, "/f", task.put(ts.pack(7, 8) + ts.pack(0, omit)), 0) == 0
    assert task.call("fstat", fd, DATA) == 0
    st = task.unpack("stat", DATA)
    assert (st["st_atime"], st["st_atime_nsec"], st["st_mtime"]) == (7, 8, 1767225600)
    assert task.call("utimensat", fd, 0, task.put(ts.pack(0, now) + ts.pack(9, 0)), 0) == 0
    task.call("fstat", fd, DATA)
    st = task.unpack("stat", DATA)
    assert (st["st_atime"], st["st_mtime"]) == (1767225600, 9)
    bad = task.put(ts.pack(0, 1 << 30) * 2)
    assert task.call("utimensat", CWD, "/f", bad, 0) == EINVAL
    assert task.call("utimensat", CWD, "/none", task.put(ts.pack(0, omit) * 2), 0) == 0
    tv = task.layout("timeval")
    assert task.call("utimes", "/f", task.put(tv.pack(1, 1000000) * 2)) == EINVAL
    assert task.call("utimes", "/f", task.put(tv.pack(3, 4) * 2)) == 0
    task.call("fstat", fd, DATA)
    assert task.unpack("stat", DATA)["st_atime_nsec"] == 4000


def test_sixteen_bit_ids() -> None:
    task = FakeTask("i386")
    fd = task.call("openat", CWD, "/f", 0o102, 0o644)
    assert task.call("chown32", "/f", 70000, 8) == 0
    assert task.call("fchown", fd, 0xFFFF, 9) == 0
    task.call("fstat", fd, DATA)
    assert task.unpack("stat", DATA)["st_uid"] == 65534     # does not fit
    task.call("fstat64", fd, DATA)
    st = task.unpack("stat64", DATA)
    assert (st["st_uid"], st["st_gid"]) == (70000, 9)


def test_truncate_and_allocate(task: FakeTask) -> None:
    call = task.call
    fd = call("openat", CWD, "/f", 0o102, 0o644)
    assert call("truncate", "/f", 10) == 0 and call("truncate", "/", 1) == -E.EISDIR
    assert call("truncate", "/none", -1) == EINVAL and call("ftruncate", fd, -1) == EINVAL
    ro = call("openat", CWD, "/f", 0, 0)
    assert call("ftruncate", ro, 1) == EINVAL and call("fallocate", ro, 0, 0, 1) == EBADF
    assert call("fallocate", fd, 0, 0, 0) == EINVAL
    assert call("fallocate", fd, 2, 0, 5) == -E.EOPNOTSUPP
    assert call("fallocate", fd, 0, 0, 5000) == 0 and call("lseek", fd, 0, 2) == 5000
    assert call("fadvise64", fd, 0, 0, 9) == EINVAL and call("fadvise64", fd, 0, 0, 4) == 0
    assert call("readahead", fd, 0, 10) == 0 and call("sync_file_range", fd, 0, 1, 8) == EINVAL
    assert call("fsync", fd) == 0 and call("fdatasync", 99) == EBADF and call("sync") == 0


def test_xattr(task: FakeTask) -> None:
    call = task.call
    fd = call("openat", CWD, "/f", 0o102, 0o644)
    value = task.put(b"value")
    assert call("setxattr", "/f", "user.a", value, 5, 0) == 0
    assert call("setxattr", "/f", "user.a", value, 5, 1) == -E.EEXIST
    assert call("fsetxattr", fd, "user.b", value, 5, 2) == -E.ENODATA
    assert call("setxattr", "/f", "user.", value, 5, 0) == EINVAL
    assert call("setxattr", "/f", "other.a", value, 5, 0) == -E.EOPNOTSUPP
    assert call("setxattr", "/f", "", value, 5, 0) == -E.ERANGE
    assert call("setxattr", "/f", "user.c", END, 5, 0) == EFAULT
    assert call("setxattr", "/f", "user.c", value, 70000, 0) == -E.E2BIG
    assert call("getxattr", "/f", "user.a", DATA, 0) == 5
    assert call("getxattr", "/f", "user.a", DATA, 4) == -E.ERANGE
    assert call("fgetxattr", fd, "user.a", DATA, 9) == 5 and task.mem.read(DATA, 5) == b"value"
    assert call("listxattr", "/f", DATA, 100) == 7 and task.mem.read(DATA, 7) == b"user.a\0"
    assert call("removexattr", "/f", "user.a") == 0
    assert call("lremovexattr", "/f", "user.a") == -E.ENODATA
    args = task.put(task.layout("xattr_args").pack(value, 5, 0))
    assert call("setxattrat", CWD, "/f", 0, "user.z", args, 16) == 0
    assert call("setxattrat", CWD, "/f", 0, "user.z", args, 15) == EINVAL


@pytest.mark.parametrize("abi", ("x86_64", "i386", "arm", "aarch64"))
def test_statfs(abi: str) -> None:
    task = FakeTask(abi)
    assert task.call("statfs", "/", DATA) == 0
    st = task.unpack("statfs", DATA)
    assert st["f_type"] == 0x01021994 and st["f_flags"] & 0x20
    fd = task.call("openat", CWD, "/", 0o10000000, 0)
    assert task.call("fstatfs", fd, END) == EFAULT
    if abi in ("i386", "arm"):
        assert task.call("statfs64", "/", 84, DATA) == 0
        assert task.call("statfs64", "/", 80, DATA) == EINVAL
        assert task.call("statfs64", "/", 88, DATA) == (0 if abi == "arm" else EINVAL)
    assert task.call("ustat", 30, DATA) == 0 and task.call("ustat", 99, DATA) == EINVAL


def test_mounts(task: FakeTask) -> None:
    call = task.call
    call("mkdir", "/m", 0o755)
    task.kernel.namespace.root.inode.fs.native = True       # the host's tree is not changed
    assert call("umount2", "/m", 0) == EINVAL
    assert call("mount", "none", "/m", "nofs", 0, 0) == -E.ENODEV
    assert call("mount", "none", "/m", "tmpfs", 0, 0) == -E.EPERM
    assert call("mount", "/none", "/m", "ext4", 0, 0) == -E.ENOENT
    assert call("pivot_root", "/none", "/m") == -E.ENOENT
    task.kernel.namespace.root.inode.fs.native = False
    assert call("umount2", "/m", 0) == EINVAL and call("umount2", "/m", 16) == EINVAL
    assert call("mount", "none", "/m", "nofs", 0, 0) == -E.ENODEV
    assert call("mount", "none", "/none", "tmpfs", 0, 0) == -E.ENOENT
    assert call("mount", "none", "/m", "tmpfs", 0, 0) == 0
    fd = call("openat", CWD, "/m/f", 0o102, 0o644)
    assert call("umount2", "/m", 0) == -E.EBUSY
    call("close", fd)
    assert call("mount", 0, "/m", 0, 33, 0) == 0
    assert call("openat", CWD, "/m/g", 0o102, 0o644) == -E.EROFS
    assert call("access", "/m/f", 2) == -E.EROFS
    assert call("umount2", "/m", 0) == 0 and call("access", "/m/f", 0) == -E.ENOENT
    task.creds.caps = 0
    assert call("mount", "none", "/m", "tmpfs", 0, 0) == -E.EPERM
    assert call("chroot", "/m") == -E.EPERM and call("swapon", "/m", 0) == -E.EPERM
