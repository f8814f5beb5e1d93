"""Host directories in the sandbox: what the guest sees, and that writes stay in memory."""
from __future__ import annotations

import os
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import snapshot
from vfs_tree import Clock, FakeSystem, Tree, fails, read, write

from sysnames import errno as E
from tracer.errors import PytraceError
from tracer.vfs import names
from tracer.vfs.base import O_APPEND, O_CREAT, O_RDWR, O_TRUNC, O_WRONLY
from tracer.vfs.cowfs import CowFS
from tracer.vfs.namespace import Namespace
from tracer.vfs.personality import Bind, parse_bind, sandbox

pytestmark = pytest.mark.usefixtures("both_ways")


def cow(path: Path, mode: str = "cow") -> Tree:
    return Tree(Namespace(CowFS(0x30, Clock(), bytes(path), mode)))


def test_reads_come_from_the_host(guest: Tree) -> None:
    assert guest.get(b"file") == b"hello\n"
    assert guest.get(b"/work/dir/inner") == b"inner\n"
    assert guest.list(b"/work") == [b".", b"..", b"dir", b"file"]
    assert guest.cwd.path() == b"/work"


def test_writes_stay_in_memory(guest: Tree, outside: SimpleNamespace) -> None:
    before = snapshot(outside.top)
    guest.put(b"file", b"changed")
    guest.put(b"new", b"new")
    guest.mkdir(b"newdir")
    guest.rename(b"dir", b"newdir/moved")
    guest.put(b"newdir/moved/inner", b"other")
    guest.link(b"file", b"newdir/link")
    guest.unlink(b"file")
    assert guest.get(b"newdir/link") == b"changed"
    assert guest.get(b"newdir/moved/inner") == b"other"
    assert guest.list(b".") == [b".", b"..", b"new", b"newdir"]
    fails(E.ENOENT, guest.walk, b"file")
    fails(E.ENOENT, guest.walk, b"dir")
    guest.put(b"file", b"again")
    guest.walk(b"newdir/moved").inode.setattr(mode=0o700, uid=5)
    assert guest.get(b"file") == b"again"
    assert snapshot(outside.top) == before
    assert sorted(os.listdir(outside.work)) == ["dir", "file"]


def test_removing_host_directories(guest: Tree, outside: SimpleNamespace) -> None:
    fails(E.ENOTEMPTY, guest.rmdir, b"dir")
    guest.unlink(b"dir/inner")
    assert guest.list(b"dir") == [b".", b".."]
    guest.rmdir(b"dir")
    fails(E.ENOENT, guest.walk, b"dir")
    guest.mkdir(b"dir")
    assert guest.list(b"dir") == [b".", b".."]      # nothing shines through
    assert (outside.work / "dir" / "inner").exists()


def test_copy_up_is_page_wise(guest: Tree, outside: SimpleNamespace) -> None:
    data = random.Random(1).randbytes(50000)
    (outside.work / "big").write_bytes(data)
    file = guest.open(b"big", O_RDWR)
    write(file, b"XY", 9000)
    assert read(file, 1 << 20, 0) == data[:9000] + b"XY" + data[9002:]
    inode = guest.walk(b"big").inode
    assert len(inode.content.pages) == 1  # type: ignore[attr-defined]
    more = guest.open(b"big", O_WRONLY | O_APPEND)
    write(more, b"tail")
    assert len(inode.content.pages) == 2  # type: ignore[attr-defined]
    assert guest.get(b"big")[-4:] == b"tail"
    file.setattr(size=9001)
    file.setattr(size=9010)
    assert read(file, 100, 8999) == data[8999:9000] + b"X" + bytes(9)
    assert inode.page(2) == data[8192:9000] + b"X" + bytes(9)
    assert inode.page(3) is None
    assert (outside.work / "big").read_bytes() == data


def test_truncating_open(guest: Tree, outside: SimpleNamespace) -> None:
    file = guest.open(b"file", O_RDWR | O_TRUNC)
    assert read(file) == b""
    write(file, b"ab", 4)
    assert guest.get(b"file") == bytes(4) + b"ab"
    assert (outside.work / "file").read_bytes() == b"hello\n"


def test_attributes_do_not_depend_on_the_host(tmp_path: Path) -> None:
    seen = []
    for run in range(2):
        top = tmp_path / f"place{run}" / "/".join(["deep"] * (run + 1))
        top.mkdir(parents=True)
        order = ["b", "a", "c", "script"]
        if run:
            order.reverse()
        for name in order:
            (top / name).write_text("x" * 5000)
        (top / "script").chmod(0o711 if run else 0o755)
        (top / "a").chmod(0o600 if run else 0o664)
        (top / "d").mkdir(mode=0o700 if run else 0o755)
        os.symlink("a", top / "link")
        os.utime(top / "a", (run * 1000, run * 1000))
        tree = cow(top)
        rows = []
        for name, ino, kind in tree.open(b"/").readdir():
            attr = tree.walk(b"/" + name, follow=False).inode.getattr()
            rows.append((name, ino, kind, attr.ino, oct(attr.mode), attr.nlink, attr.uid, attr.gid,
                         attr.size, attr.blocks, attr.dev, attr.mtime))
        seen.append(rows)
        assert [r[0] for r in rows] == [b".", b"..", b"a", b"b", b"c", b"d", b"link", b"script"]
        assert {r[0]: r[4] for r in rows}[b"script"] == "0o100755"
        assert {r[0]: r[4] for r in rows}[b"a"] == "0o100644"
    times = [sorted({r[-1] for r in rows}) for rows in seen]
    assert times[0] == times[1]
    assert seen[0] == seen[1]


def test_host_hard_links_are_one_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")
    os.link(tmp_path / "a", tmp_path / "b")
    tree = cow(tmp_path)
    tree.put(b"/a", b"new")
    assert tree.get(b"/b") == b"new"
    assert tree.walk(b"/a").inode is tree.walk(b"/b").inode
    tree.unlink(b"/a")
    assert tree.get(b"/b") == b"new"
    assert (tmp_path / "b").read_text() == "text"


def test_special_files_are_shown_but_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    tree = cow(tmp_path)
    assert tree.walk(b"/fifo").inode.mode & 0o170000 == 0o010000
    fails(E.ENXIO, tree.open, b"/fifo")
    fails(E.ENXIO, tree.open, b"/fifo", O_WRONLY)


def test_unreadable_files_say_so_at_open(tmp_path: Path) -> None:
    if not os.geteuid():
        pytest.skip("root reads everything")
    (tmp_path / "f").write_text("x")
    (tmp_path / "f").chmod(0)
    fails(E.EACCES, cow(tmp_path).open, b"/f")


def test_read_only_bind(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    tree = cow(tmp_path, "ro")
    assert tree.get(b"/f") == b"x"
    fails(E.EROFS, tree.open, b"/f", O_WRONLY)
    fails(E.EROFS, tree.mkdir, b"/d")
    fails(E.EROFS, tree.unlink, b"/f")


def test_rw_writes_through(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old text")
    (tmp_path / "d").mkdir()
    tree = cow(tmp_path, "rw")
    file = tree.open(b"/f", O_RDWR)
    write(file, b"new")
    assert (tmp_path / "f").read_text() == "new text"
    file.setattr(size=3)
    assert (tmp_path / "f").read_text() == "new"
    tree.put(b"/d/g", b"g", 0o755)
    assert (tmp_path / "d" / "g").stat().st_mode & 0o111
    tree.mkdir(b"/e")
    tree.rename(b"/d", b"/e/d2")
    assert (tmp_path / "e" / "d2" / "g").read_text() == "g"
    tree.put(b"/e/d2/h", b"h")
    assert (tmp_path / "e" / "d2" / "h").read_text() == "h"
    tree.symlink(b"../f", b"/e/link")
    assert os.readlink(tmp_path / "e" / "link") == "../f"
    assert tree.get(b"/e/link") == b"new"
    tree.link(b"/f", b"/f2")
    tree.unlink(b"/f")
    assert not (tmp_path / "f").exists()
    write(file, b"NEWER", 0)
    assert (tmp_path / "f2").read_text() == "NEWER"
    assert tree.get(b"/f2") == b"NEWER"
    tree.unlink(b"/f2")
    assert read(file, 10, 0) == b"NEWER"            # unlinked while open
    file.release()
    for path in (b"/e/d2/g", b"/e/d2/h", b"/e/link"):
        tree.unlink(path)
    tree.rmdir(b"/e/d2")
    tree.rmdir(b"/e")
    assert os.listdir(tmp_path) == []


def test_rw_renames_replace_and_follow_open_files(tmp_path: Path) -> None:
    tree = cow(tmp_path, "rw")
    tree.put(b"/a", b"a")
    tree.put(b"/b", b"b")
    tree.mkdir(b"/d")
    tree.put(b"/d/x", b"x")
    old = tree.open(b"/b")
    tree.rename(b"/a", b"/b")
    assert read(old) == b"b"
    assert (tmp_path / "b").read_text() == "a"
    assert not (tmp_path / "a").exists()
    fails(E.EINVAL, tree.rename, b"/b", b"/d/x", names.RENAME_EXCHANGE)
    fails(E.EEXIST, tree.rename, b"/b", b"/d/x", names.RENAME_NOREPLACE)
    tree.rename(b"/d", b"/e")
    tree.put(b"/e/x", b"later")
    assert (tmp_path / "e" / "x").read_text() == "later"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_rw_permissions_of_the_host_are_not_widened(tmp_path: Path) -> None:
    """The guest sees 0644 or 0755: what it does not change by that stays on the host."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    tree = cow(tmp_path, "rw")

    def chmod(name: bytes, mode: int) -> int:
        inode = tree.walk(name).inode
        inode.setattr(mode=mode)
        assert inode.getattr().mode & 0o7777 == mode
        return (tmp_path / os.fsdecode(name)).stat().st_mode & 0o7777

    assert chmod(b"secret", 0o644) == 0o600         # as a copy that keeps the mode does
    assert chmod(b"secret", 0o600) == 0o600
    assert chmod(b"secret", 0o4000) == 0o600
    assert chmod(b"secret", 0o755) == 0o755         # now it is asked for
    umask = os.umask(0o022)
    try:
        tree.put(b"/private", b"", 0o600)
        tree.put(b"/public", b"", 0o666)
        tree.put(b"/none", b"", 0)
        tree.mkdir(b"/own", 0o700)
    finally:
        os.umask(umask)
    assert [(tmp_path / name).stat().st_mode & 0o7777 for name in (
        "private", "public", "none", "own")] == [0o600, 0o644, 0o600, 0o700]
    assert chmod(b"private", 0o640) == 0o640


def test_many_files_keep_few_descriptors(tmp_path: Path) -> None:
    for i in range(150):
        (tmp_path / f"d{i}").mkdir()
        (tmp_path / f"d{i}" / "f").write_text(str(i))
    tree = cow(tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(2):
        for i in range(150):
            assert tree.get(b"/d%d/f" % i) == b"%d" % i
    assert len(os.listdir("/proc/self/fd")) - before <= 70


def make(clock: Clock, cwd: Path, program: bytes | None, **named: object) -> Tree:
    system = FakeSystem()
    made = sandbox(bytes(cwd), program, now=clock, random=lambda n: bytes(n), kernel=system,
                   **named)  # type: ignore[arg-type]
    tree = Tree(made.namespace, made.cwd)
    system.become(tree, made)
    return tree


def test_the_program_is_found_by_the_path_that_was_typed(
        clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, other = tmp_path / "a", tmp_path / "b"
    work.mkdir()
    other.mkdir()
    (work / "prog").write_text("inside")
    (other / "prog").write_text("beside")
    (other / "secret").write_text("secret")
    os.symlink(other / "prog", work / "link")
    os.symlink(other, work / "linkdir")
    monkeypatch.chdir(work)
    for typed, text in ((b"./prog", b"inside"), (b"../b/prog", b"beside"),
                        (bytes(other / "prog"), b"beside"), (bytes(work / "prog"), b"inside"),
                        (b"link", b"beside"), (b"linkdir/prog", b"beside"),
                        (b"../../../../../../../.." + bytes(other / "prog"), b"beside")):
        tree = make(clock, work, typed)
        assert tree.get(typed) == text
        parent = typed.rpartition(b"/")[0] or b"."
        fails(E.ENOENT, tree.walk, parent + b"/secret")
    with pytest.raises(PytraceError, match="No such file"):
        make(clock, work, b"./none")


def test_root_option(clock: Clock, tmp_path: Path) -> None:
    sysroot, work = tmp_path / "sysroot", tmp_path / "work"
    (sysroot / "lib").mkdir(parents=True)
    (sysroot / "usr").mkdir()
    (sysroot / "lib" / "libc.so").write_text("libc")
    (sysroot / "bin").symlink_to("/usr")            # must mean the sysroot's
    (sysroot / "usr" / "ls").write_text("sysroot's ls")
    work.mkdir()
    (work / "f").write_text("f")
    tree = make(clock, work, b"/bin/ls", root=bytes(sysroot))
    assert tree.get(b"/lib/libc.so") == b"libc"
    assert tree.get(b"/bin/ls") == b"sysroot's ls"
    assert tree.get(b"/work/f") == b"f"
    assert tree.get(b"/proc/self/comm") == b"prog\n"
    tree.put(b"/tmp/x", b"x")
    tree.put(b"/lib/new", b"x")
    assert sorted(os.listdir(sysroot)) == ["bin", "lib", "usr"]
    assert os.listdir(sysroot / "lib") == ["libc.so"]


def test_binds(clock: Clock, tmp_path: Path) -> None:
    work, data = tmp_path / "work", tmp_path / "data"
    work.mkdir()
    data.mkdir()
    (data / "f").write_text("f")
    tree = make(clock, work, None, binds=[
        Bind(bytes(data), b"/mnt/ro", "ro"), Bind(bytes(data), b"/mnt/cow/deep", "cow"),
        Bind(bytes(data), None, "cow"), Bind(bytes(data / "f"), b"/etc/passwd", "cow")])
    assert tree.get(b"/etc/passwd") == b"f"
    assert tree.get(b"/mnt/ro/f") == tree.get(bytes(data / "f")) == b"f"
    fails(E.EROFS, tree.open, b"/mnt/ro/new", O_CREAT)
    tree.put(b"/mnt/cow/deep/f", b"changed")
    assert tree.get(b"/mnt/ro/f") == b"f"
    assert (data / "f").read_text() == "f"
    assert b"/mnt/ro" in tree.get(b"/proc/mounts")
    with pytest.raises(PytraceError):
        make(clock, work, None, binds=[Bind(bytes(tmp_path / "none"), b"/x", "cow")])
    with pytest.raises(PytraceError):
        make(clock, work, None, binds=[Bind(bytes(data), b"/proc/x", "cow")])
    with pytest.raises(PytraceError):
        make(clock, work, None, binds=[Bind(bytes(data), b"/etc/passwd/x", "cow")])


def test_parse_bind() -> None:
    for text, expected in (("/a", (b"/a", None, "cow")), ("a:/b", (b"a", b"/b", "cow")),
                           ("a:/b:rw", (b"a", b"/b", "rw")), ("a::ro", (b"a", None, "ro"))):
        bind = parse_bind(text)
        assert (bind.host, bind.guest, bind.mode) == expected
    for wrong in ("", ":/b", "a:b", "a:/b:xx", "a:/b:rw:x"):
        with pytest.raises(PytraceError):
            parse_bind(wrong)
