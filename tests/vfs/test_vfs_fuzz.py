"""Random calls on the sandbox: only LinuxError comes out, and the host stays as it was."""
from __future__ import annotations

import os
import random
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import snapshot
from vfs_tree import Clock, FakeSystem, FakeTask, Tree

from tracer.errors import LinuxError
from tracer.vfs import names
from tracer.vfs.base import O_NONBLOCK, Creds, File
from tracer.vfs.memfs import MemFS
from tracer.vfs.personality import Bind, sandbox

PARTS = [b".", b"..", b"", b"file", b"dir", b"inner", b"new", b"a", b"b", b"link", b"out", b"self",
         b"fd", b"0", b"3", b"root", b"cwd", b"exe", b"task", b"7", b"n" * 255, b"n" * 256, b"\xff",
         b"key", b"fifo", b"ptmx", b"null", b"zero", b"urandom", b"comm"]
TOPS = [b"", b"/", b"/work/", b"/proc/", b"/proc/self/", b"/dev/", b"/tmp/", b"/rw/", b"/sys/",
        b"/dev/pts/", b"/proc/sys/", b"/proc/self/fd/"]
NUMBERS = [0, 1, 2, 3, 7, 100, 4095, 4096, 4097, 65536, 1 << 20, -1, -2, 1 << 31, (1 << 31) - 1,
           1 << 32, (1 << 63) - 1, (1 << 63) - 4096, -(1 << 63)]
REQUESTS = [0x5401, 0x5402, 0x5403, 0x5404, 0x5409, 0x540A, 0x540B, 0x540E, 0x540F, 0x5410, 0x5411,
            0x5413, 0x5414, 0x541B, 0x5422, 0x5429, 0x80045430, 0x40045431, 0x80045439,
            0x802C542A, 0x402C542B, 0x80045200, 1]


@pytest.mark.parametrize("seed", range(12))
def test_random_calls(outside: SimpleNamespace, clock: Clock, seed: int) -> None:
    rng = random.Random(seed)
    shared = outside.top / "shared"
    shared.mkdir()
    os.symlink(outside.secret, outside.work / "out")
    os.symlink(outside.secret / "key", shared / "link")
    os.mkfifo(outside.work / "fifo")
    system = FakeSystem()
    made = sandbox(bytes(outside.work), None, now=clock, random=bytes, kernel=system, limit=200,
                   binds=[Bind(bytes(shared), b"/rw", "rw")])
    tree = Tree(made.namespace, made.cwd)
    system.become(tree, made)
    work_before = snapshot(outside.work) if not (outside.work / "fifo").unlink() else {}
    files: list[File] = []
    task = FakeTask()
    users = [Creds(), Creds(1000, 1000, (), 0), Creds(5, 5, (0,), 0)]

    def path() -> bytes:
        return rng.choice(TOPS) + b"/".join(rng.choices(PARTS, k=rng.randrange(1, 5)))

    def number() -> int:
        return rng.choice(NUMBERS) if rng.random() < .5 else rng.randrange(20000)

    def views() -> list[memoryview]:
        return [memoryview(bytearray(rng.randrange(6000))) for _ in range(rng.randrange(4))]

    def one() -> Any:
        creds = rng.choice(users)
        what = rng.randrange(24)
        if what < 6:
            flags = rng.getrandbits(23) & rng.getrandbits(23)
            if what < 3:
                flags &= 0o3103
            file = tree.open(path(), flags | O_NONBLOCK, rng.getrandbits(12), creds=creds,
                             task=task, resolve=rng.choice((0, 0, 0, rng.getrandbits(6))))
            files.append(file)
            system.one.files[len(files) % 60 + 3] = file
            return None
        if what == 6:
            return tree.mkdir(path(), rng.getrandbits(12), creds)
        if what == 7:
            return tree.unlink(path(), creds)
        if what == 8:
            return tree.rmdir(path(), creds)
        if what == 9:
            return tree.rename(path(), path(), rng.choice((0, 0, 1, 2, 3)), creds)
        if what == 10:
            return tree.link(path(), path(), rng.random() < .5, creds)
        if what == 11:
            return tree.symlink(path(), path())
        if what == 12:
            where, name, slash = tree.parent(path(), creds)
            kind = rng.choice((0o010000, 0o020000, 0o060000, 0o140000, 0o100000))
            return names.create(where, name, kind | rng.getrandbits(12), creds,
                                rng.choice((0, 0x103, 0x502, 0x500)), slash)
        if what == 13:
            inode = tree.walk(path(), creds=creds).inode
            inode.getattr()
            inode.statfs()
            return inode.setattr(**{rng.choice(("mode", "uid", "gid", "atime", "mtime")):
                                    rng.getrandbits(11)})
        if what == 14:
            tree.cwd = tree.walk(path(), creds=creds)
            return tree.cwd.path()
        if not files:
            return None
        file = rng.choice(files)
        if what == 15:
            return file.seek(number(), rng.randrange(6))
        if what == 16:
            return file.fallocate(rng.choice((0, 1, 3, 16)), abs(number()), abs(number()) + 1)
        if what == 17:
            return file.setattr(size=abs(number()))
        if what == 18:
            return file.ioctl(task, rng.choice(REQUESTS), rng.randrange(100))
        if what == 19:
            return file.readdir(), file.getattr(), file.poll(), file.name()
        if what == 20:
            files.remove(file)
            return file.release()
        pos = abs(number()) if rng.random() < .5 else None
        if what == 21:
            return file.read(views(), pos)
        if what == 22 and file.host_fd() is None:
            return file.write(views(), pos)
        return file.inode.page(rng.randrange(4)) if file.inode is not None else None

    worked = 0
    for _ in range(2500):
        try:
            one()
            worked += 1
        except LinuxError:
            pass
    assert worked > 300
    assert snapshot(outside.work) == work_before
    for mount in made.namespace.mounts:
        if isinstance(mount.fs, MemFS):
            assert 0 <= mount.fs.budget.used <= mount.fs.budget.limit
