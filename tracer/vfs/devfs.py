"""/dev: a tmpfs with device nodes, and what opening them gives."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs import user
from tracer.vfs.base import (
    O_ACCMODE,
    O_APPEND,
    O_NONBLOCK,
    S_IFCHR,
    S_IFDIR,
    File,
    Inode,
    makedev,
)
from tracer.vfs.content import MAX_BYTES
from tracer.vfs.memfs import MemDir, MemFS, MemNode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from tracer.vfs.memfs import Opener
    from tracer.vfs.tty import DevPts

NULL, ZERO, FULL, RANDOM, URANDOM = (makedev(1, minor) for minor in (3, 5, 7, 8, 9))
TTY, CONSOLE, PTMX = makedev(5, 0), makedev(5, 1), makedev(5, 2)
_CHUNK = 1 << 16


class NullFile(File):
    """/dev/null."""

    __slots__ = ()

    def __init__(self, inode: Inode, flags: int) -> None:
        super().__init__(inode, flags & (O_ACCMODE | O_NONBLOCK | O_APPEND))

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        return 0

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        return sum(map(len, views))

    def seek(self, offset: int, whence: int) -> int:
        return 0


class ZeroFile(NullFile):
    """/dev/zero."""

    __slots__ = ()

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        for view in views:
            view[:] = bytes(len(view))
        return sum(map(len, views))


class FullFile(ZeroFile):
    """/dev/full."""

    __slots__ = ()

    def write(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        raise LinuxError(E.ENOSPC)


class RandomFile(NullFile):
    """/dev/random and /dev/urandom, from the run's seeded generator."""

    __slots__ = ("random",)

    def __init__(self, inode: Inode, flags: int, random: Callable[[int], bytes]) -> None:
        super().__init__(inode, flags)
        self.random = random

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        total = 0
        for view in views:
            for at in range(0, len(view), _CHUNK):
                part = view[at:at + _CHUNK]
                part[:] = self.random(len(part))
            total += len(view)
        return total

    def seek(self, offset: int, whence: int) -> int:
        if whence == 1:
            offset += self.pos
        elif whence != 0:
            raise LinuxError(E.EINVAL)
        if not 0 <= offset <= MAX_BYTES:
            raise LinuxError(E.EINVAL)
        self.pos = offset
        return offset

    def ioctl(self, task: Any, request: int, arg: int) -> int:
        if request == 0x80045200:       # RNDGETENTCNT
            user.put_int(task, arg, 256)
            return 0
        raise LinuxError(E.ENOTTY)


def openers(random: Callable[[int], bytes], ptys: DevPts | None = None) -> dict[int, Opener]:
    """rdev → opener for ``MemFS.devices``.  random: bytes of the run's generator."""
    def random_file(inode: Inode, flags: int, task: Any) -> File:
        return RandomFile(inode, flags, random)

    def tty(inode: Inode, flags: int, task: Any) -> File:
        process = getattr(task, "process", None)
        found = None if process is None or process.tty is None else process.tty.inode
        if found is None:
            raise LinuxError(E.ENXIO)
        file: File = found.open(flags, task)
        return file

    def ptmx(inode: Inode, flags: int, task: Any) -> File:
        if ptys is None:
            raise LinuxError(E.ENODEV)
        return ptys.open_master(inode, flags)

    def simple(kind: type[NullFile]) -> Opener:
        return lambda inode, flags, task: kind(inode, flags)

    return {NULL: simple(NullFile), ZERO: simple(ZeroFile), FULL: simple(FullFile),
            RANDOM: random_file, URANDOM: random_file, TTY: tty, CONSOLE: tty, PTMX: ptmx}


def dev_fs(dev: int, now: Callable[[], int], devices: dict[int, Opener]) -> MemFS:
    """The file system for /dev; pts and shm are empty directories to mount on."""
    fs = MemFS(dev, now, name="devtmpfs", mode=0o755, devices=devices, limit=1 << 12)
    root = fs.root
    assert isinstance(root, MemDir)
    for name, rdev, mode in ((b"null", NULL, 0o666), (b"zero", ZERO, 0o666),
                             (b"full", FULL, 0o666), (b"random", RANDOM, 0o666),
                             (b"urandom", URANDOM, 0o666), (b"tty", TTY, 0o666),
                             (b"console", CONSOLE, 0o600), (b"ptmx", PTMX, 0o666)):
        root.add(name, MemNode(fs, S_IFCHR | mode, rdev=rdev))
    for name in (b"pts", b"shm"):
        root.create(name, S_IFDIR | (0o755 if name == b"pts" else 0o1777), 0, 0)
    for name, target in ((b"fd", b"/proc/self/fd"), (b"stdin", b"/proc/self/fd/0"),
                         (b"stdout", b"/proc/self/fd/1"), (b"stderr", b"/proc/self/fd/2")):
        root.symlink(name, target, 0, 0)
    return fs
