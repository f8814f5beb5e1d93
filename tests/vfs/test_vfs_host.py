"""--host: the real tree, with the guest's own /proc."""
from __future__ import annotations

import os
import pty
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from vfs_tree import Clock, FakeSystem, FakeTask, Tree, fails, read, write

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs import names
from tracer.vfs.base import (
    O_APPEND,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_NONBLOCK,
    O_RDWR,
    O_TMPFILE,
    O_TRUNC,
    O_WRONLY,
    Creds,
)
from tracer.vfs.personality import host

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="--host is for Linux")


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tree]:
    monkeypatch.chdir(tmp_path)
    system = FakeSystem()
    made = host(now=Clock(), kernel=system, descriptors=())
    tree = Tree(made.namespace, made.cwd)
    system.become(tree, made)
    before = len(os.listdir("/proc/self/fd"))
    yield tree
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_files(real: Tree, tmp_path: Path) -> None:
    real.put(b"f", b"hello")
    assert (tmp_path / "f").read_bytes() == b"hello"
    file = real.open(b"f", O_RDWR)
    buffers = [bytearray(2), bytearray(10)]
    assert file.read([memoryview(b) for b in buffers]) == 5
    assert bytes(buffers[1][:3]) == b"llo"
    assert write(file, b"X", 1) == 1
    assert file.seek(0, 1) == 5
    assert read(file, 9, 0) == b"hXllo"
    file.setattr(size=2)
    assert file.getattr().size == 2
    file.setattr(mode=0o600, mtime=5 * 10**9)
    st = os.stat("f")
    assert (st.st_mode & 0o777, st.st_mtime) == (0o600, 5.0)
    file.fallocate(0, 0, 100)
    assert os.stat("f").st_size == 100
    assert file.name() == bytes(tmp_path / "f")
    file.release()
    more = real.open(b"f", O_WRONLY | O_APPEND)
    write(more, b"end")
    more.release()
    assert (tmp_path / "f").read_bytes()[-3:] == b"end"
    real.open(b"f", O_WRONLY | O_TRUNC).release()
    assert os.stat("f").st_size == 0


def test_attributes_are_the_hosts(real: Tree) -> None:
    real.put(b"f", b"x")
    attr = real.walk(b"f").inode.getattr()
    st = os.stat("f")
    assert (attr.ino, attr.dev, attr.mode, attr.nlink, attr.mtime) == (
        st.st_ino, st.st_dev, st.st_mode, st.st_nlink, st.st_mtime_ns)
    raw = real.walk(b"f").inode.statx(0xFFF)
    assert raw is not None and len(raw) == 256
    assert int.from_bytes(raw[32:40], "little") == st.st_ino
    assert real.walk(b".").inode.statfs()["f_namelen"] == os.statvfs(".").f_namemax
    assert real.walk(b"/dev/null").inode.getattr().rdev == 0x103


def test_creation_obeys_mode_and_not_the_host_umask(real: Tree) -> None:
    umask = os.umask(0o77)
    try:
        real.open(b"f", O_CREAT | O_WRONLY, 0o666).release()
        real.mkdir(b"d", 0o777)
    finally:
        assert os.umask(umask) == 0o77
    assert os.stat("f").st_mode & 0o777 == 0o666
    assert os.stat("d").st_mode & 0o777 == 0o777
    # a file may be made read-only and written by the one who made it
    file = real.open(b"ro", O_CREAT | O_EXCL | O_RDWR, 0o400)
    assert write(file, b"x") == 1
    file.release()


def test_names(real: Tree, tmp_path: Path) -> None:
    real.mkdir(b"d")
    real.put(b"d/f", b"1")
    real.symlink(b"d/f", b"l")
    real.link(b"d/f", b"h")
    assert real.walk(b"h").inode is real.walk(b"l").inode
    real.cwd = real.walk(b"d")
    real.rename(b"../d", b"../e")
    assert real.walk(b"f").path() == bytes(tmp_path / "e" / "f")
    assert real.get(b"f") == b"1"
    real.cwd = real.walk(b"..")
    fails(E.ENOENT, real.get, b"l")
    fails(E.ENOTEMPTY, real.rmdir, b"e")
    real.put(b"x", b"x")
    real.rename(b"x", b"h", names.RENAME_EXCHANGE)
    assert (real.get(b"x"), real.get(b"h")) == (b"1", b"x")
    fails(E.EEXIST, real.rename, b"x", b"h", names.RENAME_NOREPLACE)
    real.unlink(b"l")
    real.unlink(b"e/f")
    real.rmdir(b"e")
    fails(E.ENOENT, real.walk, b"e")
    assert sorted(os.listdir()) == ["h", "x"]
    assert real.list(b".")[2:] == [os.fsencode(e.name) for e in os.scandir()]


def test_changes_by_others_are_seen(real: Tree) -> None:
    real.put(b"f", b"1")
    real.mkdir(b"d")
    old = real.open(b"f")
    os.unlink("f")
    fails(E.ENOENT, real.open, b"f")
    Path("f").write_text("2")
    assert real.get(b"f") == b"2"
    assert read(old) == b"1"
    assert old.name().endswith(b"/f (deleted)")
    old.release()
    os.unlink("f")
    os.mkdir("f")
    assert real.list(b"f") == [b".", b".."]


def test_pages_of_an_unlinked_file(real: Tree) -> None:
    real.put(b"f", b"a" * 5000)
    file = real.open(b"f")
    real.unlink(b"f")
    inode = file.inode
    assert inode is not None
    assert inode.page(1) == b"a" * 904
    assert inode.page(2) is None
    file.release()


def test_tmpfile_and_xattrs(real: Tree) -> None:
    try:
        file = real.open(b".", O_TMPFILE | O_RDWR, 0o600)
    except Exception:
        pytest.skip("no O_TMPFILE here")
    write(file, b"data")
    assert file.location is not None
    names.link(file.location, real.cwd, b"named")
    file.release()
    assert real.get(b"named") == b"data"
    inode = real.walk(b"named").inode
    try:
        inode.setxattr(b"user.a", b"1", 0)
    except Exception:
        pytest.skip("no xattrs here")
    assert (inode.getxattr(b"user.a"), list(inode.listxattr())) == (b"1", [b"user.a"])
    inode.removexattr(b"user.a")
    fails(E.ENODATA, inode.getxattr, b"user.a")


def test_fifo_between_two_guest_files(real: Tree) -> None:
    real.mkfifo(b"p")
    reader = real.open(b"p", O_NONBLOCK)
    writer = real.open(b"p", O_WRONLY)
    assert writer.opening() == ()
    write(writer, b"x")
    assert read(reader) == b"x"


def test_proc_is_the_guests(real: Tree) -> None:
    assert real.get(b"/proc/self/comm") == b"prog\n"
    assert real.walk(b"/proc/self").path() == b"/proc/7"
    assert real.get(b"/proc/version") == Path("/proc/version").read_bytes()
    assert real.get(b"/proc/self/mounts") == Path("/proc/self/mounts").read_bytes()
    system = real.walk(b"/proc").inode.fs.system  # type: ignore[attr-defined]
    real.put(b"f", b"x")
    system.one.files[5] = real.open(b"f")
    assert real.list(b"/proc/self/fd")[2:] == [b"5"]
    assert real.get(b"/dev/fd/5") == b"x"
    system.one.files[5].release()
    assert b"7" in real.list(b"/proc")
    assert os.path.basename(real.walk(b"/proc/sys/kernel/ostype").path()) == b"ostype"


def test_permissions_of_another_user(real: Tree, user: Creds) -> None:
    real.put(b"f", b"x", 0o600)
    if os.geteuid():
        pytest.skip("needs root")
    fails(E.EACCES, real.open, b"f", creds=user)
    real.walk(b".").inode.setattr(mode=0o700)
    fails(E.EACCES, real.walk, b"f", creds=user)
    os.chmod(".", 0o777)
    real.open(b"theirs", O_CREAT | O_WRONLY, creds=user).release()
    assert os.stat("theirs").st_uid == 1000


def test_inherited_descriptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reader, writer = os.pipe()
    plain = os.open("log", os.O_CREAT | os.O_RDWR)
    master, slave = pty.openpty()
    made = host(now=Clock(), kernel=FakeSystem(),
                descriptors=(reader, writer, plain, slave, 999))
    assert set(made.files) == {reader, writer, plain, slave}
    assert made.files[reader].name() == b"pipe:[%d]" % os.fstat(reader).st_ino
    assert made.files[plain].name() == bytes(tmp_path / "log")
    write(made.files[writer], b"through")
    assert read(made.files[reader]) == b"through"
    assert made.files[reader].getattr().ino == os.fstat(reader).st_ino
    assert made.files[slave].name().startswith(b"/dev/pts/")
    task = FakeTask()
    assert made.files[slave].ioctl(task, 0x5401, 0) == 0
    fails(E.ENOTTY, made.files[plain].ioctl, task, 0x5401, 0)
    # by /proc: the pipe itself
    inode = made.files[writer].inode
    assert inode is not None
    again = inode.open(O_WRONLY)
    write(again, b"2")
    again.release()
    assert read(made.files[reader]) == b"2"
    made.files[writer].release()
    assert read(made.files[reader]) == b""
    for fd in (reader, plain, slave):
        made.files[fd].release()
    os.close(master)


def test_directories(real: Tree) -> None:
    real.mkdir(b"d")
    file = real.open(b"d", O_DIRECTORY)
    assert file.getattr().ino == os.stat("d").st_ino
    assert [e[0] for e in file.readdir()] == [b".", b".."]
    fails(E.EISDIR, read, file)
    file.release()
    fails(E.EISDIR, real.open, b"d", O_WRONLY)
    fails(E.ENOTDIR, real.open, b"/dev/null", O_DIRECTORY)


def test_directories_deeper_than_a_path(real: Tree, tmp_path: Path) -> None:
    name = b"x" * 250
    for _ in range(18):
        real.cwd = real.mkdir(name)
    assert len(real.cwd.path()) > 4096
    real.put(b"f", b"deep")
    assert real.get(b"f") == b"deep"
    real.symlink(b"f", b"l")
    assert real.walk(b"l", follow=False).inode.readlink() == b"f"
    assert real.list(b".") == [b".", b"..", b"f", b"l"]
    real.unlink(b"f")
    real.unlink(b"l")
    for _ in range(18):
        real.cwd = real.walk(b"..")
        real.rmdir(name)
    assert os.listdir(tmp_path) == []
    import gc

    gc.collect()


def test_more_buffers_than_a_host_call_takes(real: Tree) -> None:
    """Pages of guest memory that are not neighbours are buffers of their own."""
    data = bytes(range(256)) * 12
    file = real.open(b"f", O_CREAT | O_RDWR)
    assert file.write([memoryview(data[i:i + 1]) for i in range(len(data))]) == len(data)
    assert file.write([memoryview(data[i:i + 1]) for i in range(len(data))], 7) == len(data)
    buffer = bytearray(len(data) + 100)
    parts = [memoryview(buffer)[i:i + 1] for i in range(len(buffer))]
    assert file.read(parts, 0) == len(data) + 7
    assert buffer[:-93] == data[:7] + data
    file.seek(0, 0)
    assert file.read(parts) == len(data) + 7 and file.pos == len(data) + 7
    file.release()


def test_attributes_of_files_without_a_name(real: Tree) -> None:
    real.put(b"f", b"x")
    file = real.open(b"f", O_RDWR)
    inode = file.inode
    assert inode is not None
    try:
        inode.setxattr(b"user.a", b"1", 0)
    except LinuxError:
        pytest.skip("no extended attributes here")
    real.unlink(b"f")
    assert inode.getxattr(b"user.a") == b"1"
    assert b"user.a" in inode.listxattr()
    inode.removexattr(b"user.a")
    fails(E.ENODATA, inode.getxattr, b"user.a")
    file.release()


def test_chmod_of_a_tmpfile_by_its_descriptor(real: Tree) -> None:
    """chmod("/proc/self/fd/N")."""
    try:
        file = real.open(b".", O_TMPFILE | O_RDWR, 0o600)
    except LinuxError:
        pytest.skip("no O_TMPFILE here")
    inode = file.inode
    assert inode is not None
    inode.setattr(mode=0o640, mtime=5 * 10**9)
    assert (file.getattr().mode, file.getattr().mtime) == (0o100640, 5 * 10**9)
    assert inode.mode == 0o100640
    file.release()
