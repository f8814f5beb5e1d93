"""tmpfs: names, links, contents."""
from __future__ import annotations

import random

from vfs_tree import Clock, Tree, fails, read, write

from sysnames import errno as E
from tracer.vfs import names
from tracer.vfs.base import (
    O_APPEND,
    O_CREAT,
    O_RDONLY,
    O_RDWR,
    O_TMPFILE,
    O_WRONLY,
    Creds,
)
from tracer.vfs.content import Budget, Content
from tracer.vfs.memfs import (
    F_SEAL_GROW,
    F_SEAL_SEAL,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
    MemFS,
    memfd,
)


def test_rename_rules(tree: Tree) -> None:
    for path in (b"/d", b"/d/sub", b"/e", b"/full"):
        tree.mkdir(path)
    tree.put(b"/f", b"f")
    tree.put(b"/g", b"g")
    tree.put(b"/full/x", b"")
    fails(E.EINVAL, tree.rename, b"/d", b"/d/sub/new")
    fails(E.EINVAL, tree.rename, b"/d", b"/d/new")
    fails(E.ENOTEMPTY, tree.rename, b"/d/sub", b"/d")
    fails(E.ENOTEMPTY, tree.rename, b"/d", b"/full")
    fails(E.EISDIR, tree.rename, b"/f", b"/d")
    fails(E.ENOTDIR, tree.rename, b"/d", b"/f")
    fails(E.ENOTDIR, tree.rename, b"/f", b"/new/")
    fails(E.ENOENT, tree.rename, b"/none", b"/f")
    fails(E.EEXIST, tree.rename, b"/f", b"/g", names.RENAME_NOREPLACE)
    fails(E.ENOENT, tree.rename, b"/f", b"/none", names.RENAME_EXCHANGE)
    fails(E.EINVAL, tree.rename, b"/f", b"/g", 3)
    tree.rename(b"/f", b"/g")
    assert tree.get(b"/g") == b"f"
    fails(E.ENOENT, tree.walk, b"/f")
    tree.rename(b"/d", b"/e")
    assert tree.walk(b"/e/sub").path() == b"/e/sub"
    tree.rename(b"/e", b"/g", names.RENAME_EXCHANGE)
    assert tree.get(b"/e") == b"f"
    assert tree.walk(b"/g/sub").path() == b"/g/sub"
    tree.rename(b"/g/", b"/h/")
    assert tree.list(b"/") == [b".", b"..", b"e", b"full", b"h"]


def test_link_counts(tree: Tree) -> None:
    root = tree.root.inode
    assert root.getattr().nlink == 2
    tree.mkdir(b"/d")
    tree.mkdir(b"/d/e")
    assert root.getattr().nlink == 3
    assert tree.walk(b"/d").inode.getattr().nlink == 3
    tree.rename(b"/d/e", b"/e")
    assert tree.walk(b"/d").inode.getattr().nlink == 2
    assert root.getattr().nlink == 4
    tree.rmdir(b"/e")
    assert root.getattr().nlink == 3
    tree.put(b"/f", b"1")
    inode = tree.walk(b"/f").inode
    tree.link(b"/f", b"/d/g")
    assert inode.getattr().nlink == 2
    assert tree.walk(b"/d/g").inode is inode
    tree.unlink(b"/f")
    assert tree.get(b"/d/g") == b"1"
    tree.link(b"/d/g", b"/f")
    tree.rename(b"/f", b"/d/g")             # two names of one file: nothing happens
    assert inode.getattr().nlink == 2
    fails(E.EPERM, tree.link, b"/d", b"/x")
    fails(E.EEXIST, tree.link, b"/f", b"/d/g")


def test_unlinked_file_lives_while_open(tree: Tree) -> None:
    fs = tree.root.inode.fs
    assert isinstance(fs, MemFS)
    tree.put(b"/f", b"x" * 10000)
    used = fs.budget.used
    assert used == 3
    file = tree.open(b"/f")
    tree.unlink(b"/f")
    assert read(file) == b"x" * 10000
    assert file.getattr().nlink == 0
    file.release()
    assert fs.budget.used == 0


def test_tmpfile(tree: Tree) -> None:
    fails(E.EINVAL, tree.open, b"/", O_TMPFILE | O_RDONLY)
    file = tree.open(b"/", O_TMPFILE | O_RDWR, 0o600)
    write(file, b"data")
    assert file.getattr().nlink == 0
    assert file.name().endswith(b" (deleted)")
    assert tree.list(b"/") == [b".", b".."]
    assert file.location is not None
    names.link(file.location, tree.root, b"named")
    assert tree.get(b"/named") == b"data"


def test_content_against_a_model() -> None:
    for seed in range(60):
        rng = random.Random(seed)
        lower_bytes = rng.randbytes(rng.choice((0, 100, 4096, 20000)))

        class Lower:
            data = lower_bytes

            def read_into(self, view: memoryview, pos: int) -> int:
                part = self.data[pos:pos + len(view)]
                view[:len(part)] = part
                return len(part)

        budget = Budget(1000)
        content = Content(budget, Lower() if lower_bytes else None, len(lower_bytes))
        model = bytearray(lower_bytes)
        for _ in range(60):
            pos, size = rng.randrange(30000), rng.randrange(9000)
            what = rng.randrange(4)
            if what == 0:
                data = rng.randbytes(size)
                cut = rng.randrange(size + 1)
                content.write([memoryview(data[:cut]), memoryview(data[cut:])], pos)
                if size:
                    model.extend(bytes(max(0, pos - len(model))))
                    model[pos:pos + size] = data
            elif what == 1:
                content.truncate(pos)
                del model[pos:]
                model.extend(bytes(pos - len(model)))
            elif what == 2:
                content.punch(pos, size)
                part = model[pos:pos + size]
                model[pos:pos + len(part)] = bytes(len(part))
            buffer = bytearray(rng.randrange(1, 40000))
            pos = rng.randrange(30000)
            n = content.read([memoryview(buffer)[:7], memoryview(buffer)[7:]], pos)
            assert bytes(buffer[:n]) == bytes(model[pos:pos + len(buffer)])
            page = content.page(pos // 4096)
            expected = bytes(model[pos // 4096 * 4096:][:4096])
            assert (page or b"") == expected
            assert content.size == len(model)
            assert budget.used == len(content.pages)


def test_sparse_files(tree: Tree) -> None:
    file = tree.open(b"/f", O_CREAT | O_RDWR)
    write(file, b"end", 1 << 40)
    attr = file.getattr()
    assert attr.size == (1 << 40) + 3
    assert attr.blocks == 8
    assert read(file, 10, 5) == bytes(10)
    assert file.seek(0, 3) == 1 << 40               # SEEK_DATA
    assert file.seek(0, 4) == 0                     # SEEK_HOLE
    assert file.seek(1 << 40, 4) == (1 << 40) + 3
    fails(E.ENXIO, file.seek, 1 << 41, 3)
    fails(E.EINVAL, file.seek, -1, 0)
    fails(E.EINVAL, file.seek, 0, 9)
    fails(E.EFBIG, write, file, b"x", (1 << 63) - 1)


def test_space_is_bounded(clock: Clock) -> None:
    from tracer.vfs.namespace import Namespace
    tree = Tree(Namespace(MemFS(1, clock, limit=10)))
    file = tree.open(b"/f", O_CREAT | O_RDWR)
    assert write(file, bytes(100000)) == 40960
    fails(E.ENOSPC, write, file, b"x")
    fails(E.ENOSPC, file.fallocate, 0, 0, 1 << 30)
    file.setattr(size=5000)
    assert write(file, bytes(4096), 8192) == 4096
    assert tree.root.inode.statfs()["f_bfree"] == 7


def test_names_are_bounded(clock: Clock) -> None:
    from tracer.vfs.namespace import Namespace
    fs = MemFS(1, clock)
    tree = Tree(Namespace(fs))
    tree.put(b"/f", b"")
    free = tree.root.inode.statfs()["f_ffree"]
    fs.max_inodes = fs.inodes + 2
    tree.link(b"/f", b"/g")
    tree.link(b"/f", b"/h")
    fails(E.ENOSPC, tree.link, b"/f", b"/i")
    tree.unlink(b"/f")
    tree.symlink(b"g", b"/i")
    fails(E.ENOSPC, tree.symlink, b"g", b"/j")
    for name in (b"/g", b"/h", b"/i"):
        tree.unlink(name)
    fs.max_inodes = 1 << 18
    assert tree.root.inode.statfs()["f_ffree"] == free + 1


def test_attributes_and_links_take_space(clock: Clock) -> None:
    from tracer.vfs.namespace import Namespace
    fs = MemFS(1, clock, limit=4)
    tree = Tree(Namespace(fs))
    tree.put(b"/f", b"")
    tree.mkdir(b"/d")
    inode, directory = tree.walk(b"/f").inode, tree.walk(b"/d").inode
    inode.setxattr(b"user.a", bytes(5000), 0)
    directory.setxattr(b"user.b", b"1", 0)
    assert fs.budget.used == 3
    fails(E.ENOSPC, inode.setxattr, b"user.b", bytes(10000), 0)
    inode.setxattr(b"user.a", bytes(9000), 0)
    fails(E.ENOSPC, tree.symlink, b"x" * 200, b"/l")
    tree.symlink(b"x" * 127, b"/short")
    inode.setxattr(b"user.a", bytes(100), 0)
    tree.symlink(b"x" * 128, b"/l")
    assert fs.budget.used == 3
    inode.removexattr(b"user.a")
    assert fs.budget.used == 2
    inode.setxattr(b"user.a", b"1", 0)
    file = tree.open(b"/f")
    for name in (b"/f", b"/l"):
        tree.unlink(name)
    assert inode.getxattr(b"user.a") == b"1"            # as long as the file is open
    file.release()
    tree.rmdir(b"/d")
    assert fs.budget.used == 0


def test_append_and_positions(tree: Tree) -> None:
    file = tree.open(b"/f", O_CREAT | O_RDWR | O_APPEND)
    write(file, b"one")
    file.seek(0, 0)
    assert read(file, 2) == b"on"
    write(file, b"two")
    assert file.pos == 6
    assert read(file, 10, 0) == b"onetwo"
    assert file.pos == 6


def test_fallocate(tree: Tree) -> None:
    file = tree.open(b"/f", O_CREAT | O_RDWR)
    write(file, b"a" * 10000)
    file.fallocate(3, 100, 200)                     # punch
    assert read(file, 400, 0) == b"a" * 100 + bytes(200) + b"a" * 100
    file.fallocate(1, 0, 50000)
    assert file.getattr().size == 10000
    file.fallocate(0, 0, 50000)
    assert file.getattr().size == 50000
    fails(E.EOPNOTSUPP, file.fallocate, 2, 0, 10)
    fails(E.EOPNOTSUPP, file.fallocate, 8, 0, 4096)


def test_times(tree: Tree, clock: Clock) -> None:
    tree.put(b"/f", b"x")
    inode = tree.walk(b"/f").inode
    before = inode.getattr()
    assert before.btime < before.mtime == before.ctime
    file = tree.open(b"/f", O_RDWR)
    read(file)
    accessed = inode.getattr()
    assert accessed.atime > before.atime and accessed.mtime == before.mtime
    read(file)
    assert inode.getattr().atime == accessed.atime      # relatime
    inode.setattr(mode=0o600)
    after = inode.getattr()
    assert after.ctime > before.ctime and after.mtime == before.mtime
    inode.setattr(atime=1, mtime=2)
    assert (inode.getattr().atime, inode.getattr().mtime) == (1, 2)
    directory = tree.root.inode.getattr().mtime
    tree.unlink(b"/f")
    assert tree.root.inode.getattr().mtime > directory


def test_xattrs(tree: Tree) -> None:
    tree.put(b"/f", b"")
    inode = tree.walk(b"/f").inode
    inode.setxattr(b"user.b", b"2", 0)
    inode.setxattr(b"user.a", b"1", 1)
    assert list(inode.listxattr()) == [b"user.a", b"user.b"]
    fails(E.EEXIST, inode.setxattr, b"user.a", b"x", 1)
    fails(E.ENODATA, inode.setxattr, b"user.c", b"x", 2)
    fails(E.EOPNOTSUPP, inode.setxattr, b"what.c", b"x", 0)
    fails(E.ENODATA, inode.getxattr, b"user.c")
    inode.removexattr(b"user.a")
    fails(E.ENODATA, inode.removexattr, b"user.a")
    fails(E.EPERM, tree.symlink(b"f", b"/l").inode.setxattr, b"user.a", b"", 0)


def test_directory_reading_while_deleting(tree: Tree) -> None:
    for i in range(20):
        tree.put(b"/f%02d" % i, b"")
    file = tree.open(b"/", 0o200000)
    entries = file.readdir()
    assert [e[0] for e in entries[:3]] == [b".", b"..", b"f00"]
    for i in range(10):
        tree.unlink(b"/f%02d" % i)
    file.pos = 12
    assert [e[0] for e in file.readdir()[12:]] == [b"f%02d" % i for i in range(10, 20)]
    file.seek(0, 0)
    assert len(file.readdir()) == 12
    fails(E.EISDIR, read, file)


def test_setgid_directory(tree: Tree, user: Creds) -> None:
    tree.mkdir(b"/d", 0o2777).inode.setattr(gid=50)
    tree.walk(b"/d").inode.setattr(mode=0o2777)
    sub = tree.mkdir(b"/d/sub", 0o755, user)
    assert (sub.inode.gid, sub.inode.mode & 0o7777) == (50, 0o2755)
    tree.open(b"/d/f", O_CREAT | O_WRONLY, creds=user)
    assert tree.walk(b"/d/f").inode.gid == 50


def test_memfd_seals(clock: Clock) -> None:
    fs = MemFS(1, clock)
    inode = memfd(fs, b"name", allow_sealing=True)
    file = inode.open(O_RDWR)
    write(file, b"hello")
    inode.add_seals(F_SEAL_SHRINK)
    fails(E.EPERM, inode.truncate, 1)
    inode.truncate(10)
    inode.add_seals(F_SEAL_GROW)
    fails(E.EPERM, inode.truncate, 20)
    fails(E.EPERM, write, file, b"x", 10)
    assert write(file, b"x", 9) == 1
    inode.add_seals(F_SEAL_WRITE | F_SEAL_SEAL)
    fails(E.EPERM, write, file, b"x", 0)
    fails(E.EPERM, inode.add_seals, F_SEAL_GROW)
    fails(E.EPERM, memfd(fs, b"plain").add_seals, F_SEAL_GROW)
    assert fs.inodes == 1


def test_devices_and_sockets_need_somebody(tree: Tree) -> None:
    names.create(tree.root, b"sock", 0o140755)
    names.create(tree.root, b"disk", 0o060600, rdev=0x801)
    fails(E.ENXIO, tree.open, b"/sock")
    fails(E.ENXIO, tree.open, b"/disk")
    assert tree.walk(b"/disk").inode.getattr().rdev == 0x801
