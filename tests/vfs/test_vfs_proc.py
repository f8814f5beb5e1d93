"""/proc, /sys, /dev and /etc of the sandbox."""
from __future__ import annotations

import pytest
from vfs_tree import FakeSystem, FakeTask, Tree, fails, read, write

from sysnames import errno as E
from tracer.vfs.base import O_CREAT, O_DIRECTORY, O_RDWR, O_WRONLY, S_IFDIR, S_IFIFO, S_IFMT
from tracer.vfs.namespace import RESOLVE_NO_MAGICLINKS
from tracer.vfs.pipe import PipeFS, pipe


def system_of(guest: Tree) -> FakeSystem:
    found = guest.walk(b"/proc").inode.fs.system  # type: ignore[attr-defined]
    assert isinstance(found, FakeSystem)
    return found


def test_links(guest: Tree) -> None:
    def text(path: bytes) -> bytes:
        return guest.walk(path, follow=False).inode.readlink()
    assert text(b"/proc/self") == b"7"
    assert text(b"/proc/thread-self") == b"7/task/7"
    assert text(b"/proc/self/cwd") == b"/work"
    assert text(b"/proc/self/exe") == b"/work/file"
    assert text(b"/proc/self/root") == b"/"
    assert guest.get(b"/proc/self/exe") == b"hello\n"
    assert guest.walk(b"/proc/self/cwd/dir").path() == b"/work/dir"
    assert guest.walk(b"/proc/self").path() == b"/proc/7"
    fails(E.ELOOP, guest.walk, b"/proc/self/exe", resolve=RESOLVE_NO_MAGICLINKS)


def test_descriptors(guest: Tree) -> None:
    files = system_of(guest).one.files
    files[3] = guest.open(b"file", O_RDWR)
    reader, writer = pipe(PipeFS(9, lambda: 0), 0)
    files[4], files[5] = reader, writer
    assert guest.list(b"/proc/self/fd")[-3:] == [b"3", b"4", b"5"]
    assert guest.walk(b"/proc/self/fd/3", follow=False).inode.readlink() == b"/work/file"
    assert guest.walk(b"/proc/self/fd/4", follow=False).inode.readlink() == b"pipe:[1000]"
    assert guest.walk(b"/proc/self/fd/4", follow=False).inode.mode & 0o777 == 0o500
    assert guest.walk(b"/proc/self/fd/4").inode.mode & S_IFMT == S_IFIFO
    write(guest.open(b"/dev/fd/5", O_WRONLY), b"through proc")
    assert read(reader) == b"through proc"
    guest.unlink(b"file")
    assert guest.walk(b"/proc/self/fd/3", follow=False).inode.readlink() == (
        b"/work/file (deleted)")
    assert guest.get(b"/proc/self/fd/3") == b"hello\n"
    info = guest.get(b"/proc/self/fdinfo/3")
    assert info.startswith(b"pos:\t0\nflags:\t02000002\n")
    fails(E.ENOENT, guest.walk, b"/proc/self/fd/03")
    assert guest.walk(b"/proc/self/task/7").inode.mode & S_IFMT == S_IFDIR
    fails(E.ENOENT, guest.walk, b"/proc/self/task/07")
    fails(E.ENOENT, guest.open, b"/proc/self/fd/new", O_CREAT | O_WRONLY)
    del files[3]
    fails(E.ENOENT, guest.walk, b"/proc/self/fd/3")


@pytest.mark.parametrize(("path", "start"), [
    (b"/proc/self/comm", b"prog\n"), (b"/proc/self/cmdline", b"prog\0-x\0"),
    (b"/proc/self/environ", b"A=1\0"), (b"/proc/self/maps", b"00010000-00012000 r-xp"),
    (b"/proc/self/stat", b"7 (prog) R 1 7 7 0 -1 "), (b"/proc/self/statm", b"100 10 0 2 0 38 0\n"),
    (b"/proc/self/status", b"Name:\tprog\nUmask:\t0022\nState:\tR (running)\n"),
    (b"/proc/self/limits", b"Limit                     Soft Limit           Hard Limit"),
    (b"/proc/self/task/7/comm", b"prog\n"), (b"/proc/self/cgroup", b"0::/\n"),
    (b"/proc/self/oom_score_adj", b"0\n"), (b"/proc/mounts", b"rootfs / rootfs rw,relatime 0 0\n"),
    (b"/proc/self/smaps", b"00010000-00012000"), (b"/proc/cpuinfo", b"processor"),
    (b"/proc/meminfo", b"MemTotal:        1048576 kB\n"), (b"/proc/uptime", b"5.00 0.00\n"),
    (b"/proc/version", b"Linux version 6.1.0"), (b"/proc/loadavg", b"0.00 0.00 0.00 1/1 7\n"),
    (b"/proc/filesystems", b"nodev\t"), (b"/proc/stat", b"cpu  500 0"),
    (b"/proc/sys/kernel/hostname", b"pytrace\n"), (b"/proc/sys/kernel/pid_max", b"4194304\n"),
    (b"/proc/sys/kernel/random/boot_id", b"00000000-"), (b"/proc/sys/vm/mmap_min_addr", b"65536\n"),
    (b"/proc/sys/fs/pipe-max-size", b"1048576\n"), (b"/proc/net/dev", b"Inter-|"),
    (b"/sys/devices/system/cpu/online", b"0\n"),
    (b"/sys/kernel/mm/transparent_hugepage/enabled", b"always madvise [never]\n"),
    (b"/etc/passwd", b"root:x:0:0:"), (b"/etc/localtime", b"TZif2"), (b"/etc/mtab", b"rootfs / "),
])
def test_texts(guest: Tree, path: bytes, start: bytes) -> None:
    text = guest.get(path)
    assert text.startswith(start)
    file = guest.open(path)
    pieces = []
    while piece := read(file, 7):
        pieces.append(piece)
    assert b"".join(pieces) == text


def test_stat_has_52_fields(guest: Tree) -> None:
    assert len(guest.get(b"/proc/self/stat").split()) == 52


def test_every_listed_name_is_there(guest: Tree) -> None:
    todo = [b"/proc", b"/sys", b"/dev", b"/etc"]
    seen = 0
    while todo:
        path = todo.pop()
        for name, ino, kind in guest.open(path, O_DIRECTORY).readdir()[2:]:
            child = guest.walk(path + b"/" + name, follow=False)
            seen += 1
            assert child.inode.mode >> 12 == kind
            if child.mounted is None and child.parent is not None:
                assert child.inode.ino == ino
            if kind == 4 and path.count(b"/") < 6:
                todo.append(path + b"/" + name)
            if kind == 8 and name != b"mem":
                guest.get(path + b"/" + name)
    assert seen > 150


def test_writes(guest: Tree) -> None:
    guest.put(b"/proc/self/comm", b"a name that is long\n")
    assert system_of(guest).one.comm == b"a name that is "
    guest.put(b"/proc/self/oom_score_adj", b"-5")
    assert guest.get(b"/proc/self/oom_score_adj") == b"-5\n"
    guest.put(b"/proc/sys/vm/overcommit_memory", b"1\n")
    assert guest.get(b"/proc/sys/vm/overcommit_memory") == b"1\n"
    fails(E.EINVAL, guest.put, b"/proc/self/oom_score_adj", b"x")
    fails(E.EROFS, guest.open, b"/sys/devices/system/cpu/online", O_RDWR)
    fails(E.ENOENT, guest.mkdir, b"/proc/new")


def test_locations_of_proc_are_stable(guest: Tree) -> None:
    file = guest.open(b"/proc/self/status")
    again = guest.open(b"/proc/self/status")
    assert file.location is again.location
    assert file.name() == b"/proc/7/status"
    assert file.getattr().ino == again.getattr().ino


def test_devices(guest: Tree) -> None:
    null = guest.open(b"/dev/null", O_RDWR)
    assert (read(null), write(null, b"abc")) == (b"", 3)
    assert guest.open(b"/dev/zero").read([memoryview(bytearray(b"x" * 5))]) == 5
    fails(E.ENOSPC, write, guest.open(b"/dev/full", O_RDWR), b"x")
    assert read(guest.open(b"/dev/urandom"), 100000) == bytes(100000)
    task = FakeTask()
    guest.open(b"/dev/random").ioctl(task, 0x80045200, 0)
    assert task.mem.read(0, 4) == (256).to_bytes(4, "little")
    assert guest.walk(b"/dev/null").inode.getattr().rdev == 0x103
    assert guest.walk(b"/dev/shm").inode.mode & 0o7777 == 0o1777
    from tracer.vfs import names
    names.create(guest.walk(b"/tmp"), b"null", 0o020666, rdev=0x103)
    fails(E.EACCES, guest.open, b"/tmp/null")           # nodev


def test_two_processes_of_one_number_do_not_mix(guest: Tree) -> None:
    system = system_of(guest)
    guest.cwd = guest.walk(b"/proc/7")
    system.process = lambda pid: None  # type: ignore[method-assign]
    fails(E.ESRCH, guest.walk, b"status")
    fails(E.ENOENT, guest.walk, b"/proc/7")


def test_memory(guest: Tree) -> None:
    """/proc/PID/mem: positions are addresses; EIO where nothing is mapped."""
    file = guest.open(b"/proc/self/mem", O_RDWR)
    fails(E.EIO, read, file)
    assert file.seek(0x10000, 0) == 0x10000
    assert read(file, 6) == b"memory" and file.pos == 0x10006
    assert file.write([memoryview(b"MEM")], 0x10000) == 3
    assert read(file, 100, 0x10000) == b"MEMory at 64 Ki"
    fails(E.EIO, file.write, [memoryview(b"x")], 0x20000)
