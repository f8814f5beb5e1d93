"""The machine, threads' registrations, prctl, and calls of one architecture."""
from __future__ import annotations

from types import SimpleNamespace

import pytest
from machine import BAD, DATA, END, READONLY, SECOND, Machine

from sysnames import errno as E
from sysnames.layout import layout
from tracer.errors import LinuxError
from tracer.kernel.calls.system import release
from tracer.memory.vma import PROT_READ, PROT_WRITE, Vma

ABIS = ("x86_64", "i386", "arm", "aarch64")


def strings(m: Machine, name: str, at: int) -> list[bytes]:
    return [v.split(b"\0")[0] for v in m.read(name, at)]


@pytest.mark.parametrize(("abi", "machine", "linux32"), [
    ("x86_64", b"x86_64", b"i686"), ("aarch64", b"aarch64", b"armv8l"),
    ("i386", b"x86_64", b"i686"), ("arm", b"armv7l", b"armv7l")])
def test_uname(abi: str, machine: bytes, linux32: bytes) -> None:
    m = Machine(abi)
    at = m.room(400)
    assert m.call("sethostname", m.put(b"box"), 3) == 0
    assert m.call("uname", at) == 0
    uts = m.kernel.uts
    assert strings(m, "new_utsname", at) == [
        b"Linux", b"box", uts["release"], uts["version"], machine, uts["domainname"]]
    assert m.call("personality", 8) == 0
    assert m.call("personality", 0xFFFFFFFF) == 8
    m.call("uname", at)
    assert strings(m, "new_utsname", at)[4] == linux32
    assert m.call("uname", BAD) == -E.EFAULT
    assert m.call("oldolduname", at) == 0
    assert strings(m, "oldold_utsname", at)[:2] == [b"Linux", b"box"]
    assert m.call("olduname", 0) == -E.EFAULT
    assert m.call("sethostname", BAD, 65) == -E.EINVAL
    assert m.call("setdomainname", BAD, 3) == -E.EFAULT
    assert Machine(abi, uid=1).call("sethostname", BAD, 65) == -E.EPERM


def test_release_of_old_kernels() -> None:
    m = Machine()
    m.task.personality = 0x20000
    m.kernel.uts["release"] = b"6.12.3-amd64"
    assert release(m.task) == b"2.6.72-amd64"


@pytest.mark.parametrize("abi", ABIS)
def test_sysinfo(abi: str) -> None:
    m = Machine(abi)
    at = m.room(128)
    assert m.call("sysinfo", at) == 0
    info = layout("sysinfo", abi)
    values = info.unpack_dict(m.task.mem.read(at, info.size))
    assert values["uptime"] == m.kernel.clock.monotonic() // SECOND
    assert values["totalram"] == 16 << 20 and values["mem_unit"] == 1 and values["procs"] == 1
    assert 0 < int(values["freeram"]) <= 16 << 20
    m.kernel.memory_total = 6 << 30
    assert m.call("sysinfo", at) == 0
    values = info.unpack_dict(m.task.mem.read(at, info.size))
    assert int(values["totalram"]) * int(values["mem_unit"]) == 6 << 30


def test_getrandom() -> None:
    m = Machine()
    at = m.room()
    assert m.call("getrandom", at, 16, 0) == 16
    data = m.task.mem.read(at, 32)
    assert data[:16] != b"\xaa" * 16 and data[16:] == b"\xaa" * 16
    assert Machine().kernel.random(16) == data[:16]      # of the seed
    assert m.call("getrandom", END - 8, 16, 1) == 8
    assert m.call("getrandom", END, 16, 1) == -E.EFAULT
    assert m.call("getrandom", READONLY, 16, 1) == -E.EFAULT
    assert m.call("getrandom", m.task.mem.top - 4, 16, 0) == -E.EFAULT
    assert m.call("getrandom", BAD, 0, 0) == 0
    assert m.call("getrandom", BAD, 4, 8) == -E.EINVAL
    assert m.call("getrandom", BAD, 4, 6) == -E.EINVAL


def test_getrandom_takes_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A buffer of a gigabyte must not cost that of the host; the bytes are the same."""
    m = Machine()
    m.task.mem.insert(Vma(0x400000, 0x600000, PROT_READ | PROT_WRITE))
    whole = Machine().kernel.random(0x200000)
    pieces: list[int] = []
    random = m.kernel.random
    monkeypatch.setattr(m.kernel, "random", lambda count: pieces.append(count) or random(count))
    assert m.call("getrandom", 0x400000, 0x200000, 0) == 0x200000
    assert m.task.mem.read(0x400000, 0x200000) == whole
    assert max(pieces) <= 1 << 16


def test_syslog_and_reboot() -> None:
    m = Machine()
    assert m.call("syslog", 3, DATA, 100) == 0
    assert m.call("syslog", 10, 0, 0) == 1 << 17
    assert m.call("syslog", 11, 0, 0) == -E.EINVAL
    assert m.call("syslog", 3, 0, 100) == -E.EINVAL
    assert m.call("syslog", 8, 0, 9) == -E.EINVAL
    assert m.finish(m.start("syslog", 2, DATA, 100), signal_at=m.kernel.clock.now) == -512
    magic = 0xFEE1DEAD, 672274793
    assert m.call("reboot", *magic, 0, 0) == 0
    assert m.call("reboot", 1, 2, 0, 0) == -E.EINVAL
    assert m.call("reboot", *magic, 7, 0) == -E.EINVAL
    user = Machine(uid=1)
    assert user.call("reboot", 1, 2, 0, 0) == -E.EPERM
    assert user.call("syslog", 11, 0, 0) == -E.EPERM
    assert user.call("syslog", 10, 0, 0) == 1 << 17


# -- threads --------------------------------------------------------------------------------------
@pytest.mark.parametrize("abi", ABIS)
def test_robust_list(abi: str) -> None:
    m = Machine(abi)
    size = 12 if abi in ("i386", "arm") else 24
    word = size // 3
    assert m.call("set_tid_address", 0x1234) == 1000
    assert m.task.clear_child_tid == 0x1234
    assert m.call("set_robust_list", 0x5000, size + 1) == -E.EINVAL
    assert m.call("set_robust_list", 0x5000, size) == 0
    at = m.room()
    assert m.call("get_robust_list", 0, at, at + 8) == 0
    assert (m.word(at, word), m.word(at + 8, word)) == (0x5000, size)
    assert m.call("get_robust_list", 4242, at, at) == -E.ESRCH
    assert m.call("get_robust_list", 0, BAD, at) == -E.EFAULT
    user = Machine(abi, uid=5)
    other = user.fork(1001)
    other.creds.uid = 6
    assert user.call("get_robust_list", 1001, at, at) == -E.EPERM


def test_rseq() -> None:
    m = Machine()
    at = m.room(64)
    assert m.call("rseq", at, 31, 0, 7) == -E.EINVAL
    assert m.call("rseq", at + 8, 32, 0, 7) == -E.EINVAL
    assert m.call("rseq", at, 32, 2, 7) == -E.EINVAL
    assert m.call("rseq", at, 32, 1, 7) == -E.EINVAL     # not registered
    assert m.call("rseq", 0, 32, 0, 7) == -E.EFAULT
    assert m.call("rseq", at, 32, 0, 7) == 0
    assert [m.word(at + n) for n in (0, 4, 20, 24)] == [0, 0, 0, 0]
    assert m.word(at + 8, 8) == 0
    assert m.call("rseq", at, 32, 0, 7) == -E.EBUSY
    assert m.call("rseq", at, 32, 0, 8) == -E.EPERM
    assert m.call("rseq", at + 32, 32, 0, 7) == -E.EINVAL
    assert m.call("rseq", at, 32, 1, 8) == -E.EPERM
    assert m.call("rseq", at, 32, 1, 7) == 0
    assert m.word(at + 4) == 0xFFFFFFFF
    assert m.task.rseq == (0, 0, 0)


def test_membarrier() -> None:
    m = Machine()
    assert m.call("membarrier", 0, 0, 0) == 0x3FF
    assert m.call("membarrier", 0, 1, 0) == -E.EINVAL
    assert m.call("membarrier", 8, 0, 0) == -E.EPERM
    assert m.call("membarrier", 16, 0, 0) == 0
    assert m.call("membarrier", 8, 0, 0) == 0
    assert m.call("membarrier", 512, 0, 0) == 16
    assert m.call("membarrier", 128, 1, 0) == -E.EPERM
    assert m.call("membarrier", 128, 2, 0) == -E.EINVAL
    assert m.call("membarrier", 1, 0, 0) == 0
    assert m.call("membarrier", 3, 0, 0) == -E.EINVAL


def test_kcmp() -> None:
    m = Machine()
    thread, other = m.thread(1001), m.fork(1002)
    assert m.call("kcmp", 1000, 1001, 1, 0, 0) == 0
    assert sorted((m.call("kcmp", 1000, 1002, 1, 0, 0), m.call("kcmp", 1002, 1000, 1, 0, 0))) \
        == [1, 2]
    assert m.call("kcmp", 1000, 1002, 0, 0, 0) == -E.EBADF
    m.call("timerfd_create", 1, 0)
    other.files.put(5, thread.files.get(0))
    assert m.call("kcmp", 1000, 1002, 0, 0, 5) == 0
    assert m.call("kcmp", 1000, 4242, 0, 0, 0) == -E.ESRCH
    assert m.call("kcmp", 1000, 1002, 99, 0, 0) == -E.EINVAL


@pytest.mark.parametrize("abi", ABIS)
def test_copies_between_processes(abi: str) -> None:
    m = Machine(abi)
    other = m.fork(1001)
    theirs, mine = m.put(bytes(range(40))), m.room(64)
    other.mem.write(theirs, bytes(range(100, 140)))
    local = m.pack("iovec", mine, 3)
    m.pack("iovec", mine + 8, 20)
    two = m.put(layout("iovec", abi).pack(mine, 3) + layout("iovec", abi).pack(mine + 8, 20))
    remote = m.put(layout("iovec", abi).pack(theirs, 10)
                   + layout("iovec", abi).pack(theirs + 20, 10))
    assert m.call("process_vm_readv", 1001, two, 2, remote, 2, 0) == 20
    assert m.task.mem.read(mine, 3) == bytes((100, 101, 102))
    assert m.task.mem.read(mine + 8, 17) == bytes((*range(103, 110), *range(120, 130)))
    assert m.call("process_vm_writev", 1001, local, 1, remote, 1, 0) == 3
    bad = m.pack("iovec", BAD, 4)
    assert m.call("process_vm_readv", 1001, two, 2, bad, 1, 0) == -E.EFAULT
    assert m.call("process_vm_readv", 4242, two, 2, remote, 2, 0) == -E.ESRCH
    assert m.call("process_vm_readv", 4242, two, 2, remote, 2, 1) == -E.EINVAL
    assert m.call("process_vm_readv", 4242, two, 1025, remote, 2, 0) == -E.EINVAL
    assert m.call("process_vm_readv", 4242, BAD, 1, remote, 2, 0) == -E.EFAULT
    assert m.call("process_vm_readv", 4242, two, 0, remote, 2, 0) == 0
    m.task.creds.effective = 0
    other.creds.uid = 5
    assert m.call("process_vm_readv", 1001, two, 2, remote, 2, 0) == -E.EPERM


def test_memory_policies() -> None:
    m = Machine()
    one, two = m.put(b"\1" + bytes(7)), m.put(b"\2" + bytes(7))
    at = m.room()
    assert m.call("set_mempolicy", 2, one, 64) == 0
    assert m.call("get_mempolicy", at, at + 8, 64, 0, 0) == 0
    assert (m.word(at), m.word(at + 8, 8)) == (2, 1)
    assert m.call("set_mempolicy", 2, two, 64) == -E.EINVAL
    assert m.call("set_mempolicy", 99, one, 64) == -E.EINVAL
    assert m.call("set_mempolicy", 0, one, 64) == -E.EINVAL
    assert m.call("set_mempolicy", 0, 0, 0) == 0
    assert m.call("get_mempolicy", at, 0, 0, DATA, 2) == 0
    assert m.call("get_mempolicy", at, 0, 0, DATA, 0) == -E.EINVAL
    assert m.call("get_mempolicy", at, 0, 0, BAD, 2) == -E.EFAULT
    assert m.call("mbind", DATA, 4096, 2, one, 64, 0) == 0
    assert m.call("mbind", DATA + 1, 4096, 2, one, 64, 0) == -E.EINVAL
    assert m.call("mbind", END, 4096, 2, one, 64, 0) == -E.EFAULT


# -- prctl ----------------------------------------------------------------------------------------
def prctl(m: Machine, *args: int) -> int:
    return m.call("prctl", *args, *[0] * (5 - len(args)))


def test_prctl_names() -> None:
    m = Machine()
    assert prctl(m, 15, m.put(b"a-name-that-is-too-long\0")) == 0
    at = m.room()
    assert prctl(m, 16, at) == 0
    assert m.task.mem.read(at, 17) == b"a-name-that-is-\0\xaa"
    assert prctl(m, 15, BAD) == -E.EFAULT
    assert prctl(m, 16, BAD) == -E.EFAULT


@pytest.mark.parametrize(("set_it", "get_it", "value", "bad"), [
    (4, 3, 0, 2), (29, 30, 12345, None), (41, 42, 1, None), (57, 58, 1, 2), (65, 66, 1, 4),
    (67, 68, 1, None)])
def test_prctl_settings(set_it: int, get_it: int, value: int, bad: int | None) -> None:
    m = Machine()
    assert prctl(m, set_it, value) == 0
    assert prctl(m, get_it) == value
    if bad is not None:
        assert prctl(m, set_it, bad) == -E.EINVAL


def test_prctl_pointers() -> None:
    m = Machine("arm")
    at = m.room()
    assert prctl(m, 1, 65) == -E.EINVAL
    assert prctl(m, 1, 9) == 0
    assert prctl(m, 2, at) == 0 and m.word(at) == 9
    assert prctl(m, 36, 3) == 0
    assert prctl(m, 37, at) == 0 and m.word(at) == 1
    m.call("set_tid_address", 0x4444)
    assert prctl(m, 40, at) == 0 and m.word(at, 8) == 0x4444 | 0xAAAAAAAA << 32
    assert prctl(m, 25, at) == -E.EINVAL                # no time stamp counter
    x86 = Machine()
    assert prctl(x86, 25, x86.room()) == 0


def test_prctl_privileges() -> None:
    m = Machine()
    assert prctl(m, 39) == 0
    assert prctl(m, 38, 0) == -E.EINVAL
    assert prctl(m, 38, 1) == 0
    assert prctl(m, 39) == 1
    assert prctl(m, 39, 1) == -E.EINVAL
    assert prctl(m, 21) == 0
    assert prctl(m, 52, 9) == -E.ENODEV
    assert prctl(m, 33, 1, 1) == 0
    assert prctl(m, 34) == 1
    assert prctl(m, 33, 0, 1) == -E.EINVAL
    assert prctl(m, 999) == -E.EINVAL
    assert prctl(m, 54, 0) == -E.EINVAL                  # PR_PAC_RESET_KEYS
    user = Machine(uid=5)
    assert prctl(user, 24, 99) == -E.EPERM
    assert prctl(user, 57, 7) == -E.EPERM
    assert prctl(user, 35, 1, DATA) == -E.EPERM


def test_names_of_mappings() -> None:
    m = Machine()
    vma = 0x53564D41
    name = m.put(b"heap of mine\0")
    assert m.call("prctl", vma, 0, DATA, 4096, name) == 0
    found = m.task.mem.find(DATA)
    assert found is not None and found.name == "[anon:heap of mine]"
    rest = m.task.mem.find(DATA + 4096)
    assert rest is not None and rest.name == ""
    assert m.call("prctl", vma, 0, DATA + 1, 4096, name) == -E.EINVAL
    assert m.call("prctl", vma, 1, DATA, 4096, name) == -E.EINVAL
    assert m.call("prctl", vma, 0, DATA, 4096, m.put(b"a[b]\0")) == -E.EINVAL
    assert m.call("prctl", vma, 0, DATA, 4096, m.put(b"x" * 80 + b"\0")) == -E.EINVAL
    assert m.call("prctl", vma, 0, END, 4096, name) == -E.ENOMEM
    assert m.call("prctl", vma, 0, DATA, 4096, 0) == 0
    merged = m.task.mem.find(DATA)
    assert merged is not None and merged.end == END


# -- one architecture's ---------------------------------------------------------------------------
def test_arch_prctl() -> None:
    m = Machine()
    at = m.room()
    assert m.call("arch_prctl", 0x1002, 0x7777) == 0
    assert m.engine["fs_base"] == 0x7777
    assert m.call("arch_prctl", 0x1003, at) == 0 and m.word(at, 8) == 0x7777
    assert m.call("arch_prctl", 0x1001, m.task.mem.top) == -E.EPERM
    assert m.call("arch_prctl", 0x1004, BAD) == -E.EFAULT
    assert m.call("arch_prctl", 0x1011, 0) == 1
    assert m.call("arch_prctl", 0x1012, 0) == -E.ENODEV
    assert m.call("arch_prctl", 0x1022, at) == 0 and m.word(at, 8) == 7
    assert m.call("arch_prctl", 0x3001, 0) == -E.EINVAL
    assert m.call("set_thread_area", at) == -E.ENOSYS
    assert Machine("i386").call("arch_prctl", 0x1002, 0) == -E.EINVAL


def test_arm_calls() -> None:
    m = Machine("arm")
    assert m.call("set_tls", 0x8000) == 0
    assert m.call("get_tls") == 0x8000
    assert m.call("cacheflush", DATA, DATA + 4096, 0) == 0
    assert m.call("cacheflush", DATA, DATA - 1, 0) == -E.EINVAL
    assert m.call("cacheflush", DATA, DATA, 1) == -E.EINVAL
    assert m.call("cacheflush", END - 4096, END + 4096, 0) == -E.EFAULT
    m.engine["pc"] = 0x8004
    assert m.call("usr32") == 0
    (info,) = m.pending()
    assert (info["signo"], info["code"], info["addr"]) == (4, 4, 0x8000)


def test_modify_ldt() -> None:
    m = Machine("i386")
    at = m.room(256)
    assert m.call("modify_ldt", 0, at, 256) == 0
    assert m.call("modify_ldt", 2, at, 256) == 128
    assert m.call("modify_ldt", 1, at, 15) == -E.EINVAL
    assert m.call("modify_ldt", 99, at, 16) == -E.ENOSYS
    assert m.call("modify_ldt", 1, m.pack("user_desc", 8192, 0, 0, 0), 16) == -E.EINVAL
    assert m.call("modify_ldt", 1, m.pack("user_desc", 0, 0, 0, 0x28), 16) == 0
    assert m.call("modify_ldt", 0x11, m.pack("user_desc", 0, 4, 4, 1), 16) == -E.ENOSYS


def test_ptrace_of_a_traced_process() -> None:
    m = Machine()
    m.kernel.observer.watching = True       # pytrace traces all of them
    m.fork(1001)
    assert m.call("ptrace", 0, 0, 0, 0) == -E.EPERM
    assert m.call("ptrace", 16, 4242, 0, 0) == -E.ESRCH
    assert m.call("ptrace", 16, 1001, 0, 0) == -E.EPERM
    assert m.call("ptrace", 0x4206, 1001, 1, 0) == -E.EIO
    assert m.call("ptrace", 0x4206, 1001, 0, 1 << 30) == -E.EIO
    assert m.call("ptrace", 7, 1001, 0, 0) == -E.ESRCH


def test_a_running_program_is_not_written_to() -> None:
    m = Machine()
    inode, other = SimpleNamespace(), SimpleNamespace()
    m.task.deny_executed(inode)
    m.task.mem.exe = SimpleNamespace(inode=inode)
    with pytest.raises(LinuxError) as error:
        m.fork(1001).deny_executed(inode)
    assert error.value.errno == E.ETXTBSY
    m.task.deny_executed(other)


@pytest.mark.parametrize(("abi", "number", "name"), [
    ("x86_64", (1 << 64) - 1, "syscall_0xffffffffffffffff"),
    ("x86_64", 0xFFFFFFFF, "syscall_0xffffffff"),
    ("aarch64", 0xFFFFFFFF, "syscall_0xffffffffffffffff"),
    ("aarch64", 0x1_0000_07D0, "syscall_0x7d0"),
    ("i386", 0xFFFFFFFE, "syscall_0xfffffffffffffffe"),
    ("arm", 0x7D0, "syscall_0x7d0"),
])
def test_names_of_unknown_calls(abi: str, number: int, name: str) -> None:
    # (of logs of a real kernel)
    assert Machine(abi).kernel.resolve(abi, number).name == name
