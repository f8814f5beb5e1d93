"""Path resolution: path_resolution(7), openat2(2)."""
from __future__ import annotations

import pytest
from vfs_tree import Clock, Tree, fails, read

from sysnames import errno as E
from tracer.vfs import names
from tracer.vfs.base import O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_PATH, O_WRONLY, Creds
from tracer.vfs.memfs import MemFS
from tracer.vfs.namespace import (
    RESOLVE_BENEATH,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
)


@pytest.fixture
def full(tree: Tree) -> Tree:
    for path in (b"/a", b"/a/b", b"/a/b/c", b"/x"):
        tree.mkdir(path)
    tree.put(b"/a/file", b"data")
    tree.symlink(b"b/c", b"/a/rel")
    tree.symlink(b"/a/b", b"/abs")
    tree.symlink(b"loop2", b"/loop1")
    tree.symlink(b"loop1", b"/loop2")
    tree.symlink(b"nowhere", b"/dangling")
    tree.symlink(b"/a/file", b"/tofile")
    return tree


def test_plain_paths(full: Tree) -> None:
    assert full.walk(b"/a/b/c").path() == b"/a/b/c"
    assert full.walk(b"//a/./b//c/..").path() == b"/a/b"
    assert full.walk(b"/../../a").path() == b"/a"
    assert full.walk(b"/").path() == b"/"
    full.cwd = full.walk(b"/a/b")
    assert full.walk(b"../file").path() == b"/a/file"
    assert full.walk(b".") is full.cwd


def test_symlinks(full: Tree) -> None:
    assert full.walk(b"/a/rel").path() == b"/a/b/c"
    assert full.walk(b"/abs/c/../..").path() == b"/a"
    assert full.walk(b"/a/rel", follow=False).path() == b"/a/rel"
    assert full.walk(b"/a/rel/", follow=False).path() == b"/a/b/c"
    fails(E.ELOOP, full.walk, b"/loop1")
    fails(E.ENOENT, full.walk, b"/dangling")
    assert full.walk(b"/dangling", follow=False).inode.readlink() == b"nowhere"


def test_forty_symlinks_pass_and_one_more_fails(full: Tree) -> None:
    full.symlink(b"/a/file", b"/l0")
    for i in range(1, 41):
        full.symlink(b"l%d" % (i - 1), b"/l%d" % i)
    assert full.walk(b"/l39").path() == b"/a/file"
    fails(E.ELOOP, full.walk, b"/l40")


def test_errors(full: Tree) -> None:
    fails(E.ENOENT, full.walk, b"")
    assert full.walk(b"", empty=True) is full.cwd
    fails(E.ENOENT, full.walk, b"/a/none")
    fails(E.ENOENT, full.walk, b"/none/x")
    fails(E.ENOTDIR, full.walk, b"/a/file/x")
    fails(E.ENOTDIR, full.walk, b"/a/file/")
    fails(E.ENOTDIR, full.walk, b"/a/file/.")
    fails(E.ENOTDIR, full.walk, b"/tofile/")
    fails(E.ENAMETOOLONG, full.walk, b"/" + b"n" * 256)
    fails(E.ENOENT, full.walk, b"/" + b"n" * 255)
    fails(E.ENAMETOOLONG, full.walk, b"/a/" * 1365 + b"/")
    assert full.walk(b"/a/" + b"./" * 2046).path() == b"/a"


def test_search_permission(full: Tree, user: Creds) -> None:
    full.walk(b"/a/b").inode.setattr(mode=0o744)
    fails(E.EACCES, full.walk, b"/a/b/c", creds=user)
    fails(E.EACCES, full.walk, b"/a/b/none", creds=user)
    fails(E.EACCES, full.walk, b"/a/b/.", creds=user)
    assert full.walk(b"/a/b", creds=user).path() == b"/a/b"
    assert full.walk(b"/a/b/c", creds=Creds()).path() == b"/a/b/c"
    full.walk(b"/a/b").inode.setattr(mode=0o710)
    assert full.walk(b"/a/b/c", creds=Creds(1000, 1000, (0,), 0)).path() == b"/a/b/c"


def test_mounts(full: Tree, clock: Clock) -> None:
    fs = MemFS(0x20, clock)
    mount = full.ns.mount(fs, full.walk(b"/a/b"))
    assert full.walk(b"/a/b") is mount.root
    fails(E.ENOENT, full.walk, b"/a/b/c")
    full.mkdir(b"/a/b/new")
    assert full.walk(b"/a/b/new").path() == b"/a/b/new"
    assert full.walk(b"/a/b/..").path() == b"/a"
    assert full.walk(b"/a/b/new/../..").path() == b"/a"
    assert full.walk(b"/abs/new").path() == b"/a/b/new"
    fails(E.EBUSY, full.rmdir, b"/a/b")
    fails(E.EBUSY, full.rename, b"/a/b", b"/q")
    fails(E.EXDEV, full.rename, b"/a/file", b"/a/b/file")
    fails(E.EXDEV, full.link, b"/a/file", b"/a/b/file")
    full.ns.unmount(mount.root)
    assert full.walk(b"/a/b/c").path() == b"/a/b/c"
    fails(E.EINVAL, full.ns.unmount, full.root)


def test_bind_mount_sees_changes(full: Tree) -> None:
    a = full.walk(b"/a")
    full.ns.mount(a.inode.fs, full.walk(b"/x"), root=a.inode)
    assert full.walk(b"/x/file").inode is full.walk(b"/a/file").inode
    full.unlink(b"/a/file")
    fails(E.ENOENT, full.walk, b"/x/file")
    assert full.walk(b"/x/..").path() == b"/"
    full.walk(b"/x/b/c")
    full.rename(b"/a/b", b"/a/d")
    fails(E.ENOENT, full.walk, b"/x/b")
    assert full.walk(b"/x/d/c").path() == b"/x/d/c"


def test_chroot(full: Tree) -> None:
    jail = full.walk(b"/a")
    walk = full.ns.walk
    assert walk(jail, jail, b"/file").path(jail) == b"/file"
    assert walk(jail, jail, b"/../../..") is jail
    assert walk(jail, jail, b"b/c/../../../..") is jail
    fails(E.ENOENT, walk, jail, jail, b"/x")
    full.symlink(b"/b", b"/a/inside")
    assert walk(jail, jail, b"inside/c").path(jail) == b"/b/c"
    assert full.walk(b"/x").path(jail) == b"(unreachable)/x"


def test_walk_parent(full: Tree) -> None:
    where, name, slash = full.parent(b"/a/b/new//")
    assert (where.path(), name, slash) == (b"/a/b", b"new", True)
    assert full.parent(b"/")[1:] == (b"/", True)
    assert full.parent(b"/a/..")[1] == b".."
    assert full.parent(b"new")[0] is full.cwd
    fails(E.ENOTDIR, full.parent, b"/a/file/new")
    fails(E.ENOENT, full.parent, b"/none/new")
    assert full.parent(b"/abs/new")[0].path() == b"/a/b"


@pytest.mark.parametrize(("resolve", "path", "error"), [
    (RESOLVE_BENEATH, b"/a", E.EXDEV), (RESOLVE_BENEATH, b"..", E.EXDEV),
    (RESOLVE_BENEATH, b"b/../..", E.EXDEV), (RESOLVE_BENEATH, b"toabs", E.EXDEV),
    (RESOLVE_BENEATH, b"b/../file", None), (RESOLVE_BENEATH, b"rel", None),
    (RESOLVE_BENEATH, b"up", E.EXDEV),
    (RESOLVE_NO_SYMLINKS, b"rel", E.ELOOP), (RESOLVE_NO_SYMLINKS, b"rel/x", E.ELOOP),
    (RESOLVE_NO_SYMLINKS, b"file", None), (RESOLVE_NO_XDEV, b"m", E.EXDEV),
    (RESOLVE_NO_XDEV, b"b", None),
])
def test_resolve(full: Tree, clock: Clock, resolve: int, path: bytes,
                 error: int | None) -> None:
    full.symlink(b"/a/file", b"/a/toabs")
    full.symlink(b"../x", b"/a/up")
    full.mkdir(b"/a/m")
    full.ns.mount(MemFS(0x21, clock), full.walk(b"/a/m"))
    full.cwd = full.walk(b"/a")
    if error is None:
        assert full.walk(path, resolve=resolve).path().startswith(b"/a/")
    else:
        fails(error, full.walk, path, resolve=resolve)


def test_resolve_in_root(full: Tree) -> None:
    full.symlink(b"/file", b"/a/toroot")
    full.cwd = full.walk(b"/a")
    assert full.walk(b"/file", resolve=RESOLVE_IN_ROOT).path() == b"/a/file"
    assert full.walk(b"../../file", resolve=RESOLVE_IN_ROOT).path() == b"/a/file"
    assert full.walk(b"toroot", resolve=RESOLVE_IN_ROOT).path() == b"/a/file"


def test_deleted_and_renamed_paths(full: Tree) -> None:
    file = full.open(b"/a/file")
    full.rename(b"/a", b"/z")
    assert file.name() == b"/z/file"
    full.unlink(b"/z/file")
    assert file.name() == b"/z/file (deleted)"
    assert read(file) == b"data"
    full.cwd = full.walk(b"/x")
    full.rmdir(b"/x")
    fails(E.ENOENT, full.walk, b"new")
    fails(E.ENOENT, full.mkdir, b"new")
    assert full.walk(b"..").path() == b"/"
    assert full.walk(b".").path() == b"/x (deleted)"


def test_open_flags(full: Tree) -> None:
    fails(E.ELOOP, full.open, b"/tofile", O_NOFOLLOW)
    fails(E.ENOTDIR, full.open, b"/a/file", O_DIRECTORY)
    fails(E.EISDIR, full.open, b"/a", O_WRONLY)
    fails(E.EISDIR, full.open, b"/a", O_CREAT)
    fails(E.EISDIR, full.open, b"/a/new/", O_CREAT)
    fails(E.EEXIST, full.open, b"/a/file", O_CREAT | O_EXCL)
    fails(E.EEXIST, full.open, b"/dangling", O_CREAT | O_EXCL)
    fails(E.EEXIST, full.open, b"/a/..", O_CREAT | O_EXCL)
    fails(E.ELOOP, full.open, b"/dangling", O_CREAT | O_NOFOLLOW)
    fails(E.ENOENT, full.open, b"/none/new", O_CREAT)
    full.open(b"/dangling", O_CREAT | O_WRONLY)
    assert full.walk(b"/nowhere").path() == b"/nowhere"
    link = full.open(b"/tofile", O_PATH | O_NOFOLLOW)
    assert link.name() == b"/tofile"
    fails(E.EBADF, read, link)


def test_open_permission(full: Tree, user: Creds) -> None:
    full.walk(b"/a/file").inode.setattr(mode=0o640, uid=5, gid=1000)
    assert read(full.open(b"/a/file", creds=user)) == b"data"
    fails(E.EACCES, full.open, b"/a/file", O_WRONLY, creds=user)
    fails(E.EACCES, full.open, b"/a/new", O_CREAT, creds=user)
    fails(E.EACCES, full.mkdir, b"/a/dir", 0o755, user)
    full.walk(b"/a").inode.setattr(mode=0o1777)
    full.open(b"/a/new", O_CREAT | O_WRONLY, 0o400, creds=user)
    assert full.walk(b"/a/new").inode.uid == 1000
    # the sticky bit: others' files stay
    fails(E.EPERM, full.unlink, b"/a/file", user)
    fails(E.EPERM, full.rename, b"/a/file", b"/a/f2", 0, user)
    full.unlink(b"/a/new", user)


def test_read_only_mount(tree: Tree, clock: Clock) -> None:
    tree.mkdir(b"/m")
    fs = MemFS(0x22, clock)
    mount = tree.ns.mount(fs, tree.walk(b"/m"))
    tree.put(b"/m/f", b"x")
    mount.flags |= 1
    fails(E.EROFS, tree.open, b"/m/f", O_WRONLY)
    fails(E.EROFS, tree.open, b"/m/new", O_CREAT)
    fails(E.EEXIST, tree.mkdir, b"/m/f")
    fails(E.EROFS, tree.mkdir, b"/m/d")
    fails(E.EROFS, tree.unlink, b"/m/none")
    fails(E.EROFS, tree.rename, b"/m/f", b"/m/g")
    assert tree.get(b"/m/f") == b"x"


def test_names_that_cannot_be(full: Tree) -> None:
    for call, dot, dotdot, root in ((full.mkdir, E.EEXIST, E.EEXIST, E.EEXIST),
                                    (full.rmdir, E.EINVAL, E.ENOTEMPTY, E.EBUSY),
                                    (full.unlink, E.EISDIR, E.EISDIR, E.EISDIR)):
        fails(dot, call, b"/a/.")
        fails(dotdot, call, b"/a/..")
        fails(root, call, b"/")
    where = full.walk(b"/a")
    fails(E.EBUSY, names.rename, where, b".", where, b"q")
    fails(E.EBUSY, names.rename, where, b"file", where, b"..")
    fails(E.EEXIST, names.rename, where, b"file", where, b"..", names.RENAME_NOREPLACE)
