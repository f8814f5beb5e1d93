"""What a run changed in the sandbox's files."""
from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from vfs_tree import Clock, FakeSystem, Tree

from tracer.vfs.base import O_RDWR, O_TRUNC, Inode
from tracer.vfs.changes import Change, Changes
from tracer.vfs.personality import Bind, sandbox

pytestmark = pytest.mark.usefixtures("both_ways")


def ignore(inode: Inode) -> None:
    """There are no mappings here."""


def found(changes: Changes) -> dict[str, str]:
    return {os.fsdecode(change.path): change.kind for change in changes.found()}


def content(changes: Changes, path: str) -> bytes:
    [change] = [c for c in changes.found() if os.fsdecode(c.path) == path]
    return change.data()


def test_looking_is_no_change(guest: Tree, outside: SimpleNamespace) -> None:
    os.symlink("file", outside.work / "link")
    os.link(outside.work / "file", outside.work / "second")
    changes = Changes(guest.ns, ignore)
    assert guest.get(b"file") == guest.get(b"second") == guest.get(b"link") == b"hello\n"
    guest.list(b".")
    guest.list(b"dir")
    guest.get(b"dir/inner")
    guest.open(b"file", O_RDWR).release()
    guest.get(b"/etc/passwd")
    guest.list(b"/dev")
    assert found(changes) == {}


def test_new_files(guest: Tree) -> None:
    changes = Changes(guest.ns, ignore)
    guest.put(b"new", b"text")
    guest.put(b"/tmp/other", b"\0" * 5000)
    guest.mkdir(b"made")
    guest.put(b"made/inside", b"")
    guest.symlink(b"/nowhere", b"made/link")
    guest.mkfifo(b"made/fifo")
    guest.put(b"/dev/shm/shared", b"s")
    assert found(changes) == {
        "/dev/shm/shared": "file", "/tmp/other": "file", "/work/made": "directory",
        "/work/made/fifo": "special", "/work/made/inside": "file", "/work/made/link": "symlink",
        "/work/new": "file"}
    assert content(changes, "/work/new") == b"text"
    assert content(changes, "/tmp/other") == b"\0" * 5000
    link = next(c for c in changes.found() if c.kind == "symlink")
    assert link.target == b"/nowhere"
    assert [c.mode for c in changes.found() if c.path == b"/work/new"] == [0o644]


def test_written_files(guest: Tree) -> None:
    changes = Changes(guest.ns, ignore)
    file = guest.open(b"file", O_RDWR)
    file.write([memoryview(b"J")])
    guest.open(b"dir/inner", O_RDWR | O_TRUNC).release()
    guest.put(b"/etc/passwd", b"me\n")
    guest.put(b"passing", b"")
    guest.unlink(b"passing")
    assert found(changes) == {"/etc/passwd": "file", "/work/dir/inner": "file",
                              "/work/file": "file"}
    assert content(changes, "/work/file") == b"Jello\n"
    assert content(changes, "/work/dir/inner") == b""


def test_removed_and_moved(guest: Tree) -> None:
    changes = Changes(guest.ns, ignore)
    guest.unlink(b"file")
    guest.unlink(b"/etc/passwd")
    assert found(changes) == {"/etc/passwd": "removed", "/work/file": "removed"}
    guest.rename(b"dir/inner", b"file")
    assert found(changes) == {"/etc/passwd": "removed", "/work/dir/inner": "removed",
                              "/work/file": "file"}
    assert content(changes, "/work/file") == b"inner\n"
    guest.rename(b"dir", b"moved")
    assert found(changes) == {"/etc/passwd": "removed", "/work/dir": "removed",
                              "/work/file": "file", "/work/moved": "directory",
                              "/work/moved/inner": "removed"}


def test_removed_after_a_listing(guest: Tree) -> None:
    changes = Changes(guest.ns, ignore)
    guest.list(b".")
    guest.unlink(b"file")
    guest.rename(b"dir/inner", b"out")
    guest.rmdir(b"dir")
    assert found(changes) == {"/work/dir": "removed", "/work/file": "removed",
                              "/work/out": "file"}


def test_links_count_by_name(guest: Tree) -> None:
    changes = Changes(guest.ns, ignore)
    guest.link(b"file", b"again")
    assert found(changes) == {"/work/again": "file"}
    guest.put(b"again", b"x")
    assert found(changes) == {"/work/again": "file", "/work/file": "file"}


def test_bound_files_and_directories(outside: SimpleNamespace, clock: Clock) -> None:
    binds = [Bind(bytes(outside.secret / "key"), b"/key", "cow"),
             Bind(bytes(outside.work / "dir"), b"/there", "rw")]
    made = sandbox(bytes(outside.secret), None, now=clock, random=bytes, kernel=FakeSystem(),
                   binds=binds)
    tree = Tree(made.namespace, made.cwd)
    changes = Changes(tree.ns, ignore)
    assert tree.get(b"/key") == b"top secret" and found(changes) == {}
    tree.put(b"/key", b"mine")
    tree.put(b"/there/inner", b"through")
    assert found(changes) == {"/key": "file", "/there/inner": "file"}
    assert content(changes, "/there/inner") == b"through"
    assert (outside.work / "dir" / "inner").read_bytes() == b"through"


def test_mappings_are_stored_first(guest: Tree) -> None:
    changes = Changes(guest.ns, ignore)
    file = guest.open(b"file", O_RDWR)

    def store(inode: Inode) -> None:
        if inode is file.inode:
            file.write([memoryview(b"mapped")], 0)

    changes.written = store
    assert [c for c in changes.found() if c.data() == b"mapped"]


def test_a_change_without_content() -> None:
    assert Change(b"/x", "removed").data() == b""
