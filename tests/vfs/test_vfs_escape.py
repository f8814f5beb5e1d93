"""Nothing leads out of the sandbox, and nothing outside changes."""
from __future__ import annotations

import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from vfs_tree import Clock, FakeSystem, Tree, fails, read, swap_for_link

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import O_CREAT, O_RDWR, O_WRONLY
from tracer.vfs.cowfs import CowFS
from tracer.vfs.namespace import Namespace
from tracer.vfs.personality import Bind, sandbox

UP = b"../" * 40

pytestmark = pytest.mark.usefixtures("both_ways")


def closed(guest: Tree, path: bytes) -> None:
    """The host's path is not there, by open and by walk, followed or not."""
    for call in (guest.walk, guest.open):
        fails(E.ENOENT, call, path)


def test_dot_dot(guest: Tree, outside: SimpleNamespace) -> None:
    secret = bytes(outside.secret / "key")
    closed(guest, secret)
    closed(guest, UP + secret)
    closed(guest, b"dir/" + UP + secret)
    closed(guest, b"../secret/key")
    closed(guest, b"/work/../secret/key")
    assert guest.walk(UP) is guest.root
    assert guest.list(b"/work/..") == guest.list(b"/")


@pytest.mark.parametrize("target", ["{secret}/key", "../secret/key", "{up}{secret}/key",
                                    "dir/../../secret/key", "/proc/self/root{secret}/key",
                                    "/proc/self/cwd/../secret/key"])
def test_symlinks_on_the_host(guest: Tree, outside: SimpleNamespace, target: str) -> None:
    text = target.format(secret=outside.secret, up=UP.decode())
    os.symlink(text, outside.work / "link")
    assert guest.walk(b"link", follow=False).inode.readlink() == os.fsencode(text)
    closed(guest, b"link")
    os.symlink(os.path.dirname(text), outside.work / "dirlink")
    closed(guest, b"dirlink/key")
    with pytest.raises(LinuxError):
        guest.put(b"dirlink/new", b"x")


def test_a_dangling_link_is_not_created_through(guest: Tree, outside: SimpleNamespace) -> None:
    os.symlink(outside.secret / "new", outside.work / "link")
    fails(E.ENOENT, guest.open, b"link", O_CREAT | O_WRONLY)
    os.symlink("../new", outside.work / "up")
    guest.put(b"up", b"x")              # /new of the guest
    assert guest.get(b"/new") == b"x"
    assert sorted(os.listdir(outside.top)) == ["secret", "work"]


def test_links_made_by_the_guest(guest: Tree, outside: SimpleNamespace) -> None:
    guest.symlink(bytes(outside.secret / "key"), b"link")
    closed(guest, b"link")
    guest.symlink(UP + bytes(outside.secret), b"/tmp/link")
    closed(guest, b"/tmp/link/key")
    fails(E.EXDEV, guest.link, b"file", b"/tmp/hard")


@pytest.mark.parametrize("base", [b"/proc/self/root", b"/proc/self/cwd", b"/proc/7/root",
                                  b"/proc/self/task/7/root", b"/proc/thread-self/root",
                                  b"/proc/self/root/proc/self/root"])
def test_proc_links_stay_inside(guest: Tree, outside: SimpleNamespace, base: bytes) -> None:
    closed(guest, base + bytes(outside.secret / "key"))
    closed(guest, base + b"/" + UP + bytes(outside.secret / "key"))
    closed(guest, base + b"/../secret/key")
    assert guest.get(base + b"/" + UP + b"work/file") == b"hello\n"


def test_no_process_of_the_host_is_in_proc(guest: Tree) -> None:
    for pid in (1, os.getpid(), os.getppid()):
        if pid != 7:
            fails(E.ENOENT, guest.walk, b"/proc/%d" % pid)


def test_proc_fd_leads_to_guest_files(guest: Tree, outside: SimpleNamespace) -> None:
    system = guest.walk(b"/proc").inode.fs.system  # type: ignore[attr-defined]
    system.one.files[3] = guest.open(b"dir", 0o200000)
    closed(guest, b"/proc/self/fd/3/../../secret/key")
    closed(guest, b"/proc/self/fd/3/" + UP + bytes(outside.secret / "key"))
    assert guest.get(b"/proc/self/fd/3/../file") == b"hello\n"
    for fd in range(4, 64):             # pytrace's own descriptors have no number here
        fails(E.ENOENT, guest.walk, b"/proc/self/fd/%d" % fd)
    fails(E.ENOENT, guest.walk, b"/dev/fd/9")


def test_a_file_is_swapped_for_a_link_before_it_is_read(
        guest: Tree, outside: SimpleNamespace) -> None:
    guest.walk(b"file")
    swap_for_link(str(outside.work / "file"), str(outside.secret / "key"))
    with pytest.raises(LinuxError):
        guest.get(b"file")


def test_a_directory_is_swapped_for_a_link(guest: Tree, outside: SimpleNamespace) -> None:
    (outside.secret / "inner").write_bytes(b"outside")
    guest.walk(b"dir")
    swap_for_link(str(outside.work / "dir"), str(outside.secret))
    for path in (b"dir/key", b"dir/inner"):
        with pytest.raises(LinuxError):
            guest.get(path)
    with pytest.raises(LinuxError):
        guest.list(b"dir")
    (outside.secret / "inner").unlink()


def test_a_file_is_swapped_for_another_file(guest: Tree, outside: SimpleNamespace) -> None:
    guest.walk(b"file")
    os.rename(outside.work / "file", outside.work / "old")
    os.link(outside.secret / "key", outside.work / "file")
    with pytest.raises(LinuxError):
        guest.get(b"file")


def test_race(tmp_path: Path, both_ways: bool) -> None:
    """Somebody keeps replacing a directory by a link while the guest reads below it."""
    if not both_ways:
        pytest.skip("by paths, a swap and a swap back within one call can go unseen")
    top, secret = tmp_path / "top", tmp_path / "secret"
    (top / "d").mkdir(parents=True)
    (top / "d" / "f").write_bytes(b"inside")
    secret.mkdir()
    (secret / "f").write_bytes(b"SECRET")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(top / "d", top / "d2")
            os.symlink(secret, top / "d")
            os.unlink(top / "d")
            os.rename(top / "d2", top / "d")

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    try:
        for mode in ("cow", "rw"):
            for _ in range(400):
                tree = Tree(Namespace(CowFS(1, Clock(), bytes(top), mode)))
                try:
                    seen.add(tree.get(b"/d/f"))
                    if mode == "rw":
                        tree.put(b"/d/g", b"g")
                except LinuxError:
                    pass
    finally:
        stop.set()
        thread.join()
    assert seen <= {b"inside"}
    assert os.listdir(secret) == ["f"]


def test_rw_bind_edges(outside: SimpleNamespace, clock: Clock) -> None:
    """A directory bound rw can be written, its neighbours cannot, whatever is in it."""
    shared = outside.top / "shared"
    shared.mkdir()
    os.symlink(outside.secret, shared / "out")
    os.symlink("../secret/key", shared / "key")
    system = FakeSystem()
    made = sandbox(bytes(outside.work), None, now=clock, random=bytes, kernel=system,
                   binds=[Bind(bytes(shared), b"/shared", "rw")])
    tree = Tree(made.namespace, made.cwd)
    system.become(tree, made)
    tree.put(b"/shared/good", b"good")
    assert (shared / "good").read_bytes() == b"good"
    for path in (b"/shared/out/key", b"/shared/key", b"/shared/../secret/key"):
        fails(E.ENOENT, tree.open, path, O_RDWR)
        with pytest.raises(LinuxError):
            tree.put(path + b"2/x", b"x")
    fails(E.EXDEV, tree.rename, b"/shared/good", b"/work/good")
    fails(E.EXDEV, tree.rename, b"/work/file", b"/shared/file")
    fails(E.EXDEV, tree.link, b"/work/file", b"/shared/file")
    fails(E.EBUSY, tree.rename, b"/shared", b"/etc/shared")
    fails(E.EBUSY, tree.rmdir, b"/shared")
    # links as names: they themselves go, not what they point at
    tree.rename(b"/shared/key", b"/shared/key2")
    tree.unlink(b"/shared/key2")
    tree.unlink(b"/shared/out")
    # a directory is moved while the guest is in it
    tree.mkdir(b"/shared/a")
    tree.mkdir(b"/shared/a/b")
    tree.cwd = tree.walk(b"/shared/a/b")
    tree.rename(b"/shared/a/b", b"/shared/c")
    tree.put(b"../up", b"x")
    assert sorted(os.listdir(shared)) == ["a", "c", "good", "up"]
    fails(E.ENOENT, tree.open, b"../../secret/key")


def test_rw_directory_swapped_before_a_write(tmp_path: Path) -> None:
    top, secret = tmp_path / "top", tmp_path / "secret"
    (top / "d").mkdir(parents=True)
    secret.mkdir()
    (secret / "f").write_text("secret")
    tree = Tree(Namespace(CowFS(1, Clock(), bytes(top), "rw")))
    tree.walk(b"/d")
    swap_for_link(str(top / "d"), str(secret))
    for call in (lambda: tree.put(b"/d/f", b"x"), lambda: tree.mkdir(b"/d/new"),
                 lambda: tree.unlink(b"/d/f"), lambda: tree.symlink(b"x", b"/d/l"),
                 lambda: tree.rename(b"/d/f", b"/moved")):
        with pytest.raises(LinuxError):
            call()
    assert os.listdir(secret) == ["f"]
    assert (secret / "f").read_text() == "secret"


def test_names_with_tricks(guest: Tree) -> None:
    for name in (b"a\\..\\..\\x", b"C:", b"nul", b"\xff\xfe", b" ", b"-rf"):
        guest.put(name, b"1")
        assert guest.get(b"/work/" + name) == b"1"
    for name in (b"dir/..\\..\\secret", b"..\\secret\\key"):
        fails(E.ENOENT, guest.walk, name)


def test_program_bind_shows_one_file(outside: SimpleNamespace, clock: Clock) -> None:
    system = FakeSystem()
    made = sandbox(bytes(outside.work), bytes(outside.secret / "key"), now=clock, random=bytes,
                   kernel=system)
    tree = Tree(made.namespace, made.cwd)
    path = bytes(outside.secret / "key")
    assert tree.get(path) == b"top secret"
    assert tree.list(bytes(outside.secret)) == [b".", b"..", b"key"]
    fails(E.ENOTDIR, tree.walk, path + b"/..")
    file = tree.open(path, O_RDWR)
    assert file.write([memoryview(b"changed")]) == 7
    assert read(file, 20, 0) == b"changedret"
    fails(E.EBUSY, tree.unlink, path)


@pytest.mark.parametrize("mode", ["ro", "cow", "rw"])
def test_the_directory_of_a_bound_file_stays_hidden(
        outside: SimpleNamespace, clock: Clock, mode: str,
        tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("folder")
    for name in ("key", "other"):
        (folder / name).write_text(name)
    made = sandbox(bytes(outside.work), None, now=clock, random=bytes, kernel=FakeSystem(),
                   binds=[Bind(bytes(folder / "key"), b"/key", mode)])
    tree = Tree(made.namespace, made.cwd)
    fs = tree.walk(b"/key").inode.fs
    assert [name for name, _, _ in fs.root.readdir()] == [b"key"]
    fails(E.ENOENT, fs.root.lookup, b"other")
