"""Programs that try to reach what is outside the sandbox, by the whole way through pytrace."""
from __future__ import annotations

import fcntl
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sysnames import table
from tests.fuzz import harness
from tests.fuzz.harness import Program, World, run
from tests.fuzz.programs import DATA, Result, calls_of, program

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks and pidfds")

CWD, RDONLY, RDWR, CREAT, TRUNC, O_PATH = -100, 0, 2, 0o100, 0o1000, 0o10000000
UP = b"../" * 30
MASKED = re.compile(r" = (-?\d+)(?: (E\w+))?")


class Probe:
    """A program in the making; strings among the arguments are put into its memory."""

    def __init__(self, abi: str = "x86_64") -> None:
        self.abi = abi
        self.numbers = {name: number for number, name in table(calls_of(abi)).items()}
        self.data = b""
        self.rows: list[tuple[int, list[Any]]] = []

    def call(self, name: str, *arguments: Any) -> Result:
        """One call more; what stands for its result."""
        words = []
        for argument in arguments:
            if isinstance(argument, bytes):
                words.append(DATA + len(self.data))
                self.data += argument + bytes(-len(argument) % 8 + 8)
            else:
                words.append(argument)
        self.rows.append((self.numbers[name], words))
        return Result(len(self.rows) - 1)

    def made(self) -> bytes:
        """The program."""
        return program(self.abi, [*self.rows, (self.numbers["exit_group"], [0])], self.data)


class Sandbox:
    """Runs probes in a world of files."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.key = bytes(world.top / "secret" / "key")

    def errors(self, probe: Probe) -> list[str]:
        """The error of each call, "" for success.  Nothing outside may change or be seen."""
        verdict = run(self.world, Program(probe.made(), starts=True), 5)
        assert verdict.kind == "ok", verdict.detail
        log = self.world.log.read_text()
        assert '"secret"' not in log, log
        lines = log.splitlines()[1:len(probe.rows) + 1]
        found = [MASKED.search(line) for line in lines]
        assert all(found), log
        return [m[2] or "" for m in found if m]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    harness.prepare()
    world = World()
    yield Sandbox(world)
    assert (world.top / "secret" / "key").read_bytes() == b"secret"
    world.remove()


def readings(sandbox: Sandbox, probe: Probe, path: bytes, dirfd: Any = CWD) -> None:
    """Try to open a path in several ways, and to read it."""
    for flags in (RDONLY, RDWR, O_PATH, 0o200000, 0o400000):
        fd = probe.call("openat", dirfd, path, flags, 0)
        probe.call("read", fd, DATA + 0x3000, 100)


@pytest.mark.parametrize("abi", ["x86_64", "arm"])
def test_paths(sandbox: Sandbox, abi: str) -> None:
    """.., absolute paths, links of the host, /proc."""
    probe = Probe(abi)
    key = sandbox.key
    outside = [b"../secret/key", UP + key, key, b"dir/../../secret/key", b"up", b"dir/" + UP + key,
               b"/work/../secret/key", b"//" + key,
               b"/proc/self/root" + key, b"/proc/self/cwd/../secret/key",
               b"/proc/self/cwd/" + UP + key, b"/proc/thread-self/root" + key,
               b"/proc/1/root" + key, b"/proc/%d/root" % os.getpid() + key,
               b"/proc/%d/cwd/key" % os.getpid(), b"/proc/self/task/1000/root" + key,
               b"/proc/self/exe/../../secret/key", b"/dev/fd/../../../secret/key"]
    for path in outside:
        probe.call("openat", CWD, path, RDONLY, 0)
        probe.call("faccessat", CWD, path, 0)
        probe.call("readlinkat", CWD, path, DATA + 0x3000, 100)
    errors = sandbox.errors(probe)
    assert {e for i, e in enumerate(errors) if i % 3 != 2} <= {"ENOENT", "ENOTDIR"}
    assert all(e for i, e in enumerate(errors) if i % 3 == 2 and i // 3 != outside.index(b"up"))


def test_links_made_by_the_guest(sandbox: Sandbox) -> None:
    probe = Probe()
    key = sandbox.key
    probe.call("symlinkat", key, CWD, b"one")
    probe.call("symlinkat", UP + key, CWD, b"/tmp/two")
    probe.call("symlinkat", b"/proc/self/root" + key, CWD, b"/tmp/three")
    probe.call("symlinkat", b"/proc/self/cwd/..", CWD, b"/tmp/four")
    for path in (b"one", b"/tmp/two", b"/tmp/three", b"/tmp/four/secret/key"):
        readings(sandbox, probe, path)
    errors = sandbox.errors(probe)
    assert errors[:4] == [""] * 4
    opened = errors[4::2]
    # a link itself can be had by O_PATH | O_NOFOLLOW only, which is not among the flags
    assert set(opened) <= {"ENOENT", "ELOOP"}


def test_hard_links(sandbox: Sandbox) -> None:
    """Neither to what is outside, nor in the host's directory."""
    probe = Probe()
    for path in (b"../secret/key", sandbox.key, b"up", b"/proc/self/fd/0", b"/proc/self/exe"):
        for flags in (0, 0x400):
            probe.call("linkat", CWD, path, CWD, b"/work/link-%d" % len(probe.rows), flags)
    fd = probe.call("openat", CWD, b"file", RDONLY, 0)
    probe.call("linkat", fd, b"", CWD, b"/work/hard", 0x1000)
    probe.call("linkat", CWD, b"file", CWD, b"/work/other", 0)
    probe.call("openat", CWD, b"/work/other", 1 | TRUNC, 0)
    errors = sandbox.errors(probe)      # the harness sees that the host's directory is as it was
    assert "ENOENT" in errors and errors[-2:] == ["", ""]


def test_directory_descriptors(sandbox: Sandbox) -> None:
    """A descriptor of a directory, moved or below a new root, leads no further up."""
    probe = Probe()
    here = probe.call("openat", CWD, b".", 0o200000, 0)
    deep = probe.call("openat", CWD, b"dir", O_PATH, 0)
    probe.call("renameat2", CWD, b"dir", CWD, b"/work/moved", 0)
    probe.call("chroot", b"moved")
    first = len(probe.rows)
    for fd in (here, deep):
        for path in (b"../secret/key", UP + sandbox.key, b"../../secret/key", b"up"):
            readings(sandbox, probe, path, fd)
    last = len(probe.rows)
    probe.call("fchdir", here)
    probe.call("chdir", UP)
    after = len(probe.rows)
    for path in (sandbox.key[1:], b"secret/key", UP + sandbox.key):
        readings(sandbox, probe, path)
    errors = sandbox.errors(probe)
    assert errors[:4] == [""] * 4
    assert all(errors[first:last]) and all(errors[after:])
    assert errors[last:after] == ["", ""]       # the old trick leaves the new root: to the guest's


@pytest.mark.parametrize("folder", [b"/proc/self/fd/", b"/dev/fd/", b"/proc/1000/fd/"])
def test_descriptors_of_pytrace(sandbox: Sandbox, folder: bytes) -> None:
    """Those that pytrace itself has are not the guest's."""
    probe = Probe()
    for fd in range(3, 40):
        probe.call("openat", CWD, folder + b"%d" % fd, RDONLY, 0)
        probe.call("fcntl", fd, 1)
        probe.call("close", fd)
    assert set(sandbox.errors(probe)) == {"ENOENT", "EBADF"}


def test_processes_of_the_host(sandbox: Sandbox) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        probe = Probe()
        for pid in (child.pid, os.getpid(), 1, 2):
            if 1000 <= pid < 1010:
                continue
            vector = b"".join(x.to_bytes(8, "little") for x in (DATA + 0x3000, 64))
            for name, arguments in (
                    ("kill", [pid, 9]), ("kill", [-pid, 9]), ("tkill", [pid, 9]),
                    ("tgkill", [pid, pid, 9]), ("rt_sigqueueinfo", [pid, 9, DATA]),
                    ("ptrace", [16, pid, 0, 0]), ("ptrace", [0x4206, pid, 0, 0]),
                    ("process_vm_readv", [pid, vector, 1, vector, 1, 0]),
                    ("process_vm_writev", [pid, vector, 1, vector, 1, 0]),
                    ("pidfd_open", [pid, 0]), ("prlimit64", [pid, 7, DATA, 0]),
                    ("setpriority", [0, pid, 19]), ("sched_setscheduler", [pid, 0, DATA]),
                    ("setpgid", [pid, pid]), ("getsid", [pid]),
                    ("kcmp", [1000, pid, 0, 0, 0])):
                probe.call(name, *arguments)
        assert "" not in sandbox.errors(probe)
        everybody = Probe()
        everybody.call("kill", -1, 9)
        sandbox.errors(everybody)
        assert child.poll() is None
    finally:
        child.communicate(b"\n")


def test_devices_and_mounts(sandbox: Sandbox) -> None:
    """Device numbers give the sandbox's devices only; file systems of the host do not mount."""
    probe = Probe()
    for number, (kind, device) in enumerate((
            (0o060000, 0x800), (0o060000, 0xFE00), (0o020000, 0x101), (0o020000, 0x102),
            (0o020000, 0x104), (0o020000, 0xA00), (0o020000, 0xAE8))):
        path = b"/tmp/device%d" % number
        probe.call("mknodat", CWD, path, kind | 0o666, device)
        probe.call("openat", CWD, path, RDWR, 0)
    for source, kind in ((b"/dev/sda1", b"ext4"), (sandbox.key, b"none"), (b"/", b"none"),
                         (b"overlay", b"overlay"), (b"host", b"9p"), (b"proc", b"proc")):
        for flags in (0, 0x1000, 0x5000, 0x2000):
            probe.call("mount", source, b"/tmp", kind, flags, 0)
    probe.call("pivot_root", b".", b"dir")
    probe.call("open_by_handle_at", CWD, (8).to_bytes(4, "little") + bytes(4) + b"\2" + bytes(7), 0)
    readings(sandbox, probe, b"/tmp" + sandbox.key)
    errors = sandbox.errors(probe)
    assert all(errors[1:14:2])
    assert all(errors[-10:])


def test_directories_of_the_host_are_not_mounted_again(sandbox: Sandbox) -> None:
    """An overlay lies over the whole directory of the program, of which the guest sees a file."""
    probe = Probe()
    probe.call("umount2", b"/work", 2)      # MNT_DETACH: the next overlay would be another's
    probe.call("mount", b"overlay", b"/tmp", b"overlay", 0, 0)
    probe.call("mount", b"proc", b"/tmp", b"proc", 0, 0)
    assert sandbox.errors(probe) == ["", "EINVAL", ""]


def test_programs_of_the_host(sandbox: Sandbox) -> None:
    probe = Probe()
    for path in (b"/bin/sh", sys.executable.encode(), b"../secret/key", b"/proc/self/fd/0"):
        probe.call("execve", path, 0, 0)
        probe.call("execveat", CWD, path, 0, 0, 0)
    assert set(sandbox.errors(probe)) <= {"ENOENT", "EACCES"}


def test_sockets_of_the_host(sandbox: Sandbox) -> None:
    """Nothing connects to the host's listeners."""
    path = str(sandbox.world.top / "s")
    with socket.socket(socket.AF_UNIX) as local, socket.socket() as remote:
        local.bind(path)
        local.listen()
        remote.bind(("127.0.0.1", 0))
        remote.listen()
        sandbox.world.before = sandbox.world.state()
        port = remote.getsockname()[1]
        probe = Probe()
        for name in (os.fsencode(path), b"../s", b"../" * 8 + os.fsencode(path)):
            fd = probe.call("socket", 1, 1, 0)
            probe.call("connect", fd, b"\1\0" + name + b"\0", 3 + len(name))
        fd = probe.call("socket", 2, 1, 0)
        probe.call("connect", fd, b"\2\0" + port.to_bytes(2, "big") + b"\x7f\0\0\1" + bytes(8), 16)
        errors = sandbox.errors(probe)
        assert errors[1::2] == ["ENOENT", "ENOENT", "ENOENT", "ECONNREFUSED"]
        for listener in (local, remote):
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept()


def test_special_files_of_the_host(sandbox: Sandbox) -> None:
    """A FIFO, a socket and a device in the working directory: seen, never opened on the host."""
    work = sandbox.world.work
    os.mkfifo(work / "fifo")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(work / "socket"))
    names = [b"fifo", b"socket"]
    if os.geteuid() == 0:
        try:
            os.mknod(work / "device", stat.S_IFCHR | 0o666, os.makedev(10, 200))
            names.append(b"device")
        except OSError:
            pass
    sandbox.world.before = sandbox.world.state()
    probe = Probe()
    for name in names:
        probe.call("openat", CWD, name, 0o200000, 0)
        probe.call("openat", CWD, name, 0o4000, 0)
        probe.call("openat", CWD, name, 0o4002, 0)
        probe.call("openat", CWD, name, O_PATH, 0)
    reader = os.open(work / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    try:
        writer = probe.call("openat", CWD, b"fifo", 0o4001, 0)
        probe.call("write", writer, b"leak", 4)
        errors = sandbox.errors(probe)
        assert os.read(reader, 10) == b""
    finally:
        os.close(reader)
    assert errors[::4][:len(names)] == ["ENOTDIR"] * len(names)
    assert errors[5:7] == ["ENXIO", "ENXIO"]
    if len(names) > 2:
        assert errors[9:11] == ["ENXIO", "ENXIO"]


def test_standard_streams_stay_as_they_are(tmp_path: Path) -> None:
    """The guest may read and write them; modes, owners, times and flags are the host's."""
    source, out = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"input")
    source.chmod(0o640)
    work = tmp_path / "work"
    work.mkdir()
    probe = Probe()
    for path in (b"/dev/stdin", b"/proc/self/fd/0", b"/dev/fd/0", b"/proc/1000/fd/0"):
        for flags in (1, RDWR, 1 | TRUNC, RDWR | CREAT | TRUNC):
            fd = probe.call("openat", CWD, path, flags, 0)
            probe.call("write", fd, b"changed", 7)
            probe.call("ftruncate", fd, 0)
        probe.call("truncate", path, 0)
        probe.call("fchmodat", CWD, path, 0)
        probe.call("fchownat", CWD, path, 5, 5, 0)
        probe.call("utimensat", CWD, path, 0, 0)
    for fd in (0, 1):
        probe.call("fchmod", fd, 0)
        probe.call("fchown", fd, 5, 5)
        probe.call("utimensat", fd, 0, 0, 0)
        probe.call("fsetxattr", fd, b"user.x", b"x", 1, 0)
        probe.call("fcntl", fd, 4, 0o4000)
        probe.call("flock", fd, 2)
        probe.call("fallocate", fd, 0, 0, 1 << 20)
    probe.call("write", 0, b"changed", 7)
    probe.call("ftruncate", 0, 0)
    probe.call("mmap", 0, 4096, 3, 1, 0, 0)
    (work / "prog").write_bytes(probe.made())
    (work / "prog").chmod(0o755)
    out.write_bytes(b"")
    before = source.stat(), out.stat()
    with open(source, "rb") as given, open(out, "r+b") as printed:
        flags = fcntl.fcntl(given, fcntl.F_GETFL), fcntl.fcntl(printed, fcntl.F_GETFL)
        done = subprocess.run(
            [sys.executable, "-m", "tracer", "-o", str(tmp_path / "log"), "./prog"], cwd=work,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}, stdin=given,
            stdout=printed, stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == 0, done.stderr
        assert (fcntl.fcntl(given, fcntl.F_GETFL), fcntl.fcntl(printed, fcntl.F_GETFL)) == flags
    assert source.read_bytes() == b"input"
    for old, new in zip(before, (source.stat(), out.stat()), strict=True):
        assert (old.st_mode, old.st_uid, old.st_gid) == (new.st_mode, new.st_uid, new.st_gid)
    assert source.stat().st_mtime_ns == before[0].st_mtime_ns
    assert os.listxattr(source) == []
