"""Shorthand for the calls a kernel makes."""
from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs import names
from tracer.vfs.base import O_CREAT, O_RDONLY, O_RDWR, ROOT, S_IFDIR, S_IFIFO, Creds, File
from tracer.vfs.namespace import Location, Namespace
from tracer.vfs.opening import open_file
from tracer.vfs.personality import Guest


class Clock:
    """Virtual time: a second later at each look."""

    def __init__(self) -> None:
        self.time = 1_700_000_000 * 10**9

    def __call__(self) -> int:
        self.time += 10**9
        return self.time


def fails(number: int, call: Callable[..., Any], *args: Any, **named: Any) -> None:
    """The call raises this error."""
    with pytest.raises(LinuxError) as caught:
        call(*args, **named)
    got = caught.value.errno
    assert E.NAMES.get(got, got) == E.NAMES.get(number, number)


class Tree:
    """A namespace with a working directory."""

    def __init__(self, namespace: Namespace, cwd: Location | None = None) -> None:
        self.ns = namespace
        self.root = namespace.root
        self.cwd = namespace.root if cwd is None else cwd

    def walk(self, path: bytes, **named: Any) -> Location:
        return self.ns.walk(self.root, self.cwd, path, **named)

    def parent(self, path: bytes, creds: Creds = ROOT) -> tuple[Location, bytes, bool]:
        return self.ns.walk_parent(self.root, self.cwd, path, creds=creds)

    def open(self, path: bytes, flags: int = O_RDONLY, mode: int = 0o644, **named: Any) -> File:
        return open_file(self.ns, self.root, self.cwd, path, flags, mode, **named)

    def mkdir(self, path: bytes, mode: int = 0o755, creds: Creds = ROOT) -> Location:
        where, name, slash = self.parent(path, creds)
        return names.create(where, name, S_IFDIR | mode, creds, slash=slash)

    def mkfifo(self, path: bytes) -> Location:
        where, name, slash = self.parent(path)
        return names.create(where, name, S_IFIFO | 0o644, slash=slash)

    def symlink(self, target: bytes, path: bytes) -> Location:
        where, name, slash = self.parent(path)
        return names.symlink(where, name, target, slash=slash)

    def link(self, old: bytes, new: bytes, follow: bool = False, creds: Creds = ROOT) -> Location:
        source = self.walk(old, follow=follow)
        where, name, slash = self.parent(new, creds)
        return names.link(source, where, name, creds, slash)

    def unlink(self, path: bytes, creds: Creds = ROOT) -> None:
        where, name, slash = self.parent(path, creds)
        names.unlink(where, name, creds, slash)

    def rmdir(self, path: bytes, creds: Creds = ROOT) -> None:
        where, name, _ = self.parent(path, creds)
        names.rmdir(where, name, creds)

    def rename(self, old: bytes, new: bytes, flags: int = 0, creds: Creds = ROOT) -> None:
        old_dir, old_name, old_slash = self.parent(old, creds)
        new_dir, new_name, new_slash = self.parent(new, creds)
        names.rename(old_dir, old_name, new_dir, new_name, flags, creds, old_slash, new_slash)

    def put(self, path: bytes, data: bytes, mode: int = 0o644) -> None:
        file = self.open(path, O_CREAT | O_RDWR | 0o1000, mode)
        assert file.write([memoryview(data)]) == len(data)
        file.release()

    def get(self, path: bytes) -> bytes:
        file = self.open(path)
        try:
            return read(file)
        finally:
            file.release()

    def list(self, path: bytes) -> list[bytes]:
        file = self.open(path, 0o200000)
        found = [name for name, _, _ in file.readdir()]
        file.release()
        return found


def read(file: File, size: int = 1 << 20, pos: int | None = None) -> bytes:
    buffer = bytearray(size)
    return bytes(buffer[:file.read([memoryview(buffer)], pos)])


def write(file: File, data: bytes, pos: int | None = None) -> int:
    return file.write([memoryview(data)], pos)


class FakeMemory:
    """Guest memory from address 0 on."""

    def __init__(self) -> None:
        self.bytes = bytearray(4096)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.bytes[address:address + size])

    def write(self, address: int, data: bytes) -> None:
        self.bytes[address:address + len(data)] = data


class FakeTask:
    def __init__(self) -> None:
        self.mem = FakeMemory()
        self.sid = self.pgid = 7

    def deny_executed(self, inode: object) -> None:
        """No program runs."""


class FakeProcess:
    """Process 7."""

    pid = tgid = pgid = sid = 7
    tracer = 0
    ppid, tty, umask, exit_code, no_new_privs, oom_score_adj = 1, 0, 0o22, 0, 0, 0
    comm = b"prog"
    state = "R"

    def __init__(self) -> None:
        self.tree: Tree
        self.files: dict[int, File] = {}
        self.bytes = bytearray(b"memory at 64 Ki")

    def uids(self) -> tuple[int, int, int, int]:
        return 0, 0, 0, 0

    gids = uids

    def groups(self) -> Sequence[int]:
        return ()

    def cmdline(self) -> bytes:
        return b"prog\0-x\0"

    def environ(self) -> bytes:
        return b"A=1\0"

    def auxv(self) -> bytes:
        return bytes(16)

    def peek(self, address: int, size: int) -> bytes:
        return bytes(self.bytes[max(0, address - 0x10000):][:size]) if address >= 0x10000 else b""

    def poke(self, address: int, data: bytes) -> int:
        if not 0x10000 <= address < 0x10000 + len(self.bytes):
            return 0
        at = address - 0x10000
        data = data[:len(self.bytes) - at]
        self.bytes[at:at + len(data)] = data
        return len(data)

    def mapped(self) -> list[dict[str, int]]:
        return [dict.fromkeys(("Rss", "Pss", "Locked"), 4) for _ in self.maps().splitlines()]

    def maps(self) -> bytes:
        return b"00010000-00012000 r-xp 00000000 00:15 3                          /work/prog\n"

    def memory(self) -> Mapping[str, int]:
        return {"size": 100, "resident": 10, "data": 5, "stack": 33, "text": 2}

    def exe(self) -> Location | None:
        return self.tree.walk(b"/work/file")

    def cwd(self) -> Location:
        return self.tree.cwd

    def root(self) -> Location:
        return self.tree.root

    def fds(self) -> Mapping[int, File]:
        return self.files

    def close_on_exec(self, fd: int) -> bool:
        return fd == 3

    def threads(self) -> Sequence[int]:
        return (7,)

    def limits(self) -> Sequence[tuple[int, int]]:
        return [((1 << 64) - 1, (1 << 64) - 1)] * 16

    def times(self) -> tuple[int, int, int]:
        return 10**9, 0, 0

    def signals(self) -> tuple[int, int, int, int, int]:
        return 0, 0, 0, 0, 0

    capabilities = signals


class FakeSystem:
    """A kernel with one process."""

    hostname, release, version = b"pytrace", b"6.1.0", b"#1"

    def __init__(self) -> None:
        self.one = FakeProcess()

    def become(self, tree: Tree, guest: Guest) -> None:
        self.one.tree = tree
        self.one.files = dict(guest.files)

    def busy(self) -> bool:
        return False

    def current(self) -> tuple[int, int]:
        return 7, 7

    def pids(self) -> Sequence[int]:
        return (7,)

    def process(self, pid: int) -> FakeProcess | None:
        return self.one if pid == 7 else None

    def uptime(self) -> int:
        return 5 * 10**9

    def boot_time(self) -> int:
        return 0

    def memory_kib(self) -> tuple[int, int]:
        return 1 << 20, 1 << 19

    def cpuinfo(self) -> bytes:
        return b"processor\t: 0\n"

    def uuid(self, boot: bool) -> bytes:
        return b"00000000-0000-4000-8000-000000000000"


def swap_for_link(path: str, target: str) -> None:
    """What a racing process on the host does."""
    os.rename(path, path + ".old")
    os.symlink(target, path)
