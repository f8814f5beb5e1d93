"""Random sequences of calls give the results and errors that the host's Linux gives."""
from __future__ import annotations

import contextlib
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from vfs_tree import Clock, Tree

from sysnames.errno import NAMES
from tracer.errors import LinuxError
from tracer.vfs.base import (
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_NOFOLLOW,
    O_NONBLOCK,
    O_PATH,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
)
from tracer.vfs.cowfs import CowFS
from tracer.vfs.hostcall import renameat2
from tracer.vfs.hostfs import HostFS, host_flags
from tracer.vfs.memfs import MemFS
from tracer.vfs.namespace import Namespace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="compares with Linux")
NAMES_USED = [b"a", b"b", b"c", b"d", b"l", b"m"]
LAST = [b"", b"/", b"/.", b"/..", b"//"]


class Model:
    """The same calls on a directory of the host."""

    def __init__(self, top: Path) -> None:
        self.top = bytes(top) + b"/"

    def mkdir(self, path: bytes) -> None:
        os.mkdir(self.top + path, 0o755)

    def rmdir(self, path: bytes) -> None:
        os.rmdir(self.top + path)

    def unlink(self, path: bytes) -> None:
        os.unlink(self.top + path)

    def rename(self, old: bytes, new: bytes, flags: int) -> None:
        renameat2(self.top + old, self.top + new, flags)

    def link(self, old: bytes, new: bytes) -> None:
        os.link(self.top + old, self.top + new, follow_symlinks=False)

    def symlink(self, target: bytes, path: bytes) -> None:
        os.symlink(target, self.top + path)

    def open(self, path: bytes, flags: int) -> None:
        if flags & O_PATH:
            os.close(os.open(self.top + path, host_flags(flags) | os.O_PATH))
        else:
            os.close(os.open(self.top + path, host_flags(flags), 0o644))

    def stat(self, path: bytes, follow: bool) -> tuple[int, ...]:
        st = os.stat(self.top + path, follow_symlinks=follow)
        size = 0 if st.st_mode & 0o40000 else st.st_size
        return st.st_mode, st.st_nlink, size

    def list(self, path: bytes) -> list[bytes]:
        return sorted(os.listdir(self.top + path))

    def mkfifo(self, path: bytes) -> None:
        os.mkfifo(self.top + path, 0o644)

    def truncate(self, path: bytes, size: int) -> None:
        os.truncate(self.top + path, size)


class Ours(Tree):
    """The calls on a tmpfs of ours."""

    def rename(self, old: bytes, new: bytes, flags: int = 0, *_: Any) -> None:
        super().rename(old, new, flags)

    def stat(self, path: bytes, follow: bool) -> tuple[int, ...]:
        attr = self.walk(path, follow=follow).inode.getattr()
        return attr.mode, attr.nlink, 0 if attr.mode & 0o40000 else attr.size

    def list(self, path: bytes) -> list[bytes]:
        return sorted(super().list(path))[2:]

    def truncate(self, path: bytes, size: int) -> None:
        inode = self.walk(path).inode
        if inode.mode & 0o170000 == 0o040000:
            raise LinuxError(21)
        inode.setattr(size=size)


def random_path(rng: random.Random) -> bytes:
    parts = rng.choices(NAMES_USED, k=rng.choice((1, 1, 2, 2, 3)))
    return b"/".join(parts) + (rng.choice(LAST) if rng.random() < .25 else b"")


def random_call(rng: random.Random, what: int, renames: tuple[int, ...]) -> tuple[str, Any]:
    def path() -> bytes:
        return random_path(rng)

    if what < 3:
        return ("mkdir", "rmdir", "unlink")[what], (path(),)
    if what < 6:
        return "rename", (path(), path(), rng.choice(renames))
    if what == 6:
        target = path() if rng.random() < .7 else b"../" + path()
        return "symlink", (target, path())
    if what < 10:
        flags = 0
        for flag in (O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_TRUNC):
            if rng.random() < .25:
                flags |= flag
        if flags & O_CREAT:
            flags &= ~O_DIRECTORY       # EINVAL only since Linux 6.4
        access = rng.choice((0, O_WRONLY, O_RDWR, O_PATH))
        return "open", (path(), flags | access | O_NONBLOCK)
    if what == 10:
        return "truncate", (path(), rng.randrange(10000))
    if what < 13:
        return "stat", (path(), rng.random() < .5)
    if what == 13:
        return "list", (path(),)
    return ("link", (path(), path())) if what == 14 else ("mkfifo", (path(),))


def populate(top: Path, seed: int) -> Model:
    """A directory three levels down with random files, directories and symlinks."""
    (top / "up/up/up/top").mkdir(parents=True, mode=0o755)
    for up in ("", "up", "up/up", "up/up/up"):
        (top / up).chmod(0o755)
    model = Model(top / "up/up/up/top")
    rng = random.Random(seed)
    for _ in range(300):
        name, args = random_call(rng, rng.randrange(11), (0,))
        with contextlib.suppress(OSError, LinuxError):
            getattr(model, name)(*args)
    return model


@pytest.mark.parametrize("kind", ["mem", "cow", "rw", "host"])
@pytest.mark.parametrize("seed", range(5))
def test_same_as_linux(tmp_path: Path, seed: int, kind: str) -> None:
    rng = random.Random(seed)
    model = populate(tmp_path / "theirs", seed)
    below = b"up/up/up/top"
    if kind == "mem":
        ours = Ours(Namespace(MemFS(1, Clock(), mode=0o755)))
        for depth in (2, 5, 8, 12):
            ours.mkdir(below[:depth])
        (tmp_path / "empty").mkdir()
        model = Model(tmp_path / "empty")
        for depth in (2, 5, 8, 12):
            model.mkdir(below[:depth])
        model.top += below + b"/"
    else:
        populate(tmp_path / "ours", seed)
        if kind == "host":
            ours = Ours(Namespace(HostFS()))
            ours.cwd = ours.walk(bytes(tmp_path / "ours"))
        else:
            ours = Ours(Namespace(CowFS(1, Clock(), bytes(tmp_path / "ours"), kind)))
    ours.cwd = ours.walk(below)
    for _ in range(3000):
        name, args = random_call(rng, rng.randrange(16), (0, 0, 1) if kind == "rw" else (0, 1, 2))
        results = []
        for side in (model, ours):
            try:
                value = getattr(side, name)(*args)
                if name == "stat" and value[0] & 0o40000 and kind in ("cow", "rw"):
                    value = value[0], 1, 0      # link counts of directories are not kept
                results.append(value if name in ("stat", "list") else None)
                if name == "open" and side is ours:
                    value.release()
            except OSError as error:
                results.append(NAMES[error.errno or 0])
            except LinuxError as error:
                results.append(NAMES[error.errno])
        assert results[0] == results[1], (name, args, results)
