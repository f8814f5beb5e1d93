"""User and group ids, capabilities, process groups and sessions."""
from __future__ import annotations

import pytest
from machine import BAD, Machine

from sysnames import errno as E
from tracer.kernel.task import Credentials

ABIS = ("x86_64", "i386", "arm", "aarch64")
ALL = Credentials.ALL
NONE = 0xFFFFFFFF


def ids(m: Machine) -> tuple[int, ...]:
    c = m.task.creds
    return c.uid, c.euid, c.suid, c.fsuid


def test_ids_of_root() -> None:
    for abi in ABIS:
        m = Machine(abi)
        for name in ("getuid", "geteuid", "getgid", "getegid"):
            assert m.call(name) == 0
        assert m.call("getpid") == m.call("gettid") == 1000
        assert m.call("getppid") == m.kernel.first_pid - 1     # who started it


def test_setuid_as_root_drops_all() -> None:
    m = Machine()
    assert m.call("setuid", NONE) == -E.EINVAL
    assert m.call("setuid", 1000) == 0
    assert ids(m) == (1000,) * 4
    creds = m.task.creds
    assert creds.permitted == creds.effective == 0
    assert m.call("setuid", 0) == -E.EPERM
    assert m.call("prctl", 3, 0, 0, 0, 0) == 0          # no longer dumpable


def test_seteuid_keeps_permitted_capabilities() -> None:
    m = Machine()
    assert m.call("setresuid", NONE, 1000, NONE) == 0
    assert ids(m) == (0, 1000, 0, 1000)
    assert (m.task.creds.effective, m.task.creds.permitted) == (0, ALL)
    assert m.call("setresuid", 5, NONE, NONE) == -E.EPERM
    assert m.call("setresuid", NONE, 0, NONE) == 0
    assert m.task.creds.effective == ALL


def test_setreuid_saves_the_effective_id() -> None:
    m = Machine()
    assert m.call("setreuid", 5, 6) == 0
    assert ids(m) == (5, 6, 6, 6)
    assert m.call("setreuid", 6, 5) == 0
    assert ids(m) == (6, 5, 5, 5)
    assert m.call("setreuid", 0, NONE) == -E.EPERM
    assert m.call("setregid", 7, 7) == -E.EPERM


def test_keepcaps() -> None:
    m = Machine()
    assert m.call("prctl", 8, 2, 0, 0, 0) == -E.EINVAL
    assert m.call("prctl", 8, 1, 0, 0, 0) == 0
    assert m.call("prctl", 7, 0, 0, 0, 0) == 1
    assert m.call("setuid", 1000) == 0
    assert (m.task.creds.permitted, m.task.creds.effective) == (ALL, 0)


def test_filesystem_ids() -> None:
    m = Machine()
    assert m.call("setfsuid", 1000) == 0
    assert m.call("setfsuid", NONE) == 1000
    assert not m.task.creds.capable(1) and m.task.creds.capable(7)
    assert m.call("setfsuid", 0) == 1000
    assert m.task.creds.capable(1)
    user = Machine(uid=1000)
    assert user.call("setfsuid", 5) == 1000
    assert user.call("setfsuid", NONE) == 1000
    assert user.call("setfsgid", 5) == 1000
    assert user.task.creds.fsgid == 1000


@pytest.mark.parametrize("abi", ["i386", "arm"])
def test_ids_of_16_bits(abi: str) -> None:
    m = Machine(abi)
    assert m.call("setresuid32", 100000, 7, 0) == 0
    assert m.call("getuid") == 65534
    assert m.call("getuid32") == 100000
    at = m.room()
    assert m.call("getresuid", at, at + 4, at + 8) == 0
    assert [m.word(at + n, 2) for n in (0, 2, 4, 8)] == [65534, 0xAAAA, 7, 0]
    assert m.call("getresuid32", at, at + 4, at + 8) == 0
    assert [m.word(at + n) for n in (0, 4, 8)] == [100000, 7, 0]
    assert m.call("setresuid", 0xFFFF, 0, 0xFFFF) == 0
    assert ids(m) == (100000, 0, 0, 0)
    assert m.call("setgid", 0xFFFF) == -E.EINVAL


@pytest.mark.parametrize("abi", ABIS)
def test_groups(abi: str) -> None:
    m = Machine(abi)
    size = 2 if abi in ("i386", "arm") else 4
    wide = "getgroups32" if size == 2 else "getgroups"
    at = m.put(b"".join(n.to_bytes(size, "little") for n in (30, 10, 20)))
    assert m.call("setgroups", 3, at) == 0
    assert m.task.creds.groups == (10, 20, 30)
    out = m.room()
    assert m.call(wide, 0, BAD) == 3
    assert m.call(wide, 2, out) == -E.EINVAL
    assert m.call(wide, -1, out) == -E.EINVAL
    assert m.call(wide, 3, BAD) == -E.EFAULT
    assert m.call(wide, 9, out) == 3
    assert [m.word(out + 4 * i) for i in range(3)] == [10, 20, 30]
    assert m.call("setgroups", 65537, BAD) == -E.EINVAL
    assert m.call("setgroups", 1, BAD) == -E.EFAULT
    assert m.call("setgroups", 0, 0) == 0
    assert Machine(abi, uid=1).call("setgroups", 65537, BAD) == -E.EPERM


# -- capabilities ----------------------------------------------------------------------------------
V1, V3 = 0x19980330, 0x20080522


def header(m: Machine, version: int, pid: int = 0) -> int:
    return m.pack("cap_user_header", version, pid)


def test_capget() -> None:
    m = Machine()
    at, unknown = m.room(), header(m, 0)
    assert m.call("capget", unknown, 0) == 0
    assert m.word(unknown) == V3
    assert m.call("capget", header(m, 1), at) == -E.EINVAL
    assert m.call("capget", BAD, 0) == -E.EFAULT
    assert m.call("capget", header(m, V3, -1), at) == -E.EINVAL
    assert m.call("capget", header(m, V3, 4242), at) == -E.ESRCH
    assert m.call("capget", header(m, V3), at) == 0
    assert [m.word(at + 4 * i) for i in range(6)] == [NONE, NONE, 0, 0x1FF, 0x1FF, 0]
    assert m.call("capget", header(m, V1), at) == 0


def test_capset() -> None:
    m = Machine()
    net = 1 << 12
    sets = [net, net | 1, net, 0, 0, 0]
    data = m.put(b"".join(n.to_bytes(4, "little") for n in sets))
    assert m.call("capset", header(m, V3, 1001), data) == -E.EPERM
    assert m.call("capset", header(m, V3), BAD) == -E.EFAULT
    assert m.call("capset", header(m, V3), data) == 0
    creds = m.task.creds
    assert (creds.effective, creds.permitted, creds.inheritable) == (net, net | 1, net)
    more = m.put(b"".join(n.to_bytes(4, "little") for n in [net | 2, net | 2, 0, 0, 0, 0]))
    assert m.call("capset", header(m, V3), more) == -E.EPERM
    beyond = m.put(b"".join(n.to_bytes(4, "little") for n in [net | 1, net, 0, 0, 0, 0]))
    assert m.call("capset", header(m, V3), beyond) == -E.EPERM


def test_ambient_and_bounding_sets() -> None:
    m = Machine()
    prctl = m.call
    assert prctl("prctl", 23, 41, 0, 0, 0) == -E.EINVAL
    assert prctl("prctl", 23, 3, 0, 0, 0) == 1
    assert prctl("prctl", 24, 3, 0, 0, 0) == 0
    assert prctl("prctl", 23, 3, 0, 0, 0) == 0
    assert prctl("prctl", 47, 2, 5, 0, 0) == -E.EPERM   # not inheritable
    m.task.creds.inheritable = 1 << 5
    assert prctl("prctl", 47, 2, 5, 0, 0) == 0
    assert prctl("prctl", 47, 1, 5, 0, 0) == 1
    assert prctl("prctl", 47, 3, 5, 0, 0) == 0
    assert prctl("prctl", 47, 1, 5, 0, 0) == 0
    assert prctl("prctl", 47, 4, 1, 0, 0) == -E.EINVAL
    assert prctl("prctl", 47, 9, 5, 0, 0) == -E.EINVAL
    assert prctl("prctl", 28, 0x2F, 0, 0, 0) == 0       # locks keep_caps off
    assert prctl("prctl", 28, 0, 0, 0, 0) == -E.EPERM
    assert prctl("prctl", 27, 0, 0, 0, 0) == 0x2F


# -- process groups and sessions -------------------------------------------------------------
def test_process_groups() -> None:
    m = Machine()
    assert m.call("setsid") == -E.EPERM                  # leads its session already
    child = m.fork(1001)
    assert m.call("getppid", task=child) == 1000
    assert m.call("getpgid", 1001) == 1000
    assert m.call("setpgid", 1001, 7777) == -E.EPERM
    assert m.call("setpgid", 1001, -1) == -E.EINVAL
    assert m.call("setpgid", 4242, 0) == -E.ESRCH
    assert m.call("setpgid", 1001, 0) == 0
    assert m.call("getpgrp", task=child) == 1001
    assert m.call("setpgid", 1001, 1000) == 0
    assert m.call("setpgid", 0, 0) == -E.EPERM           # a session leader
    child.process.did_exec = True
    assert m.call("setpgid", 1001, 0) == -E.EACCES
    assert m.call("setpgid", 1000, 0, task=child) == -E.ESRCH
    assert m.call("setsid", task=child) == 1001
    assert m.call("getsid", 1001) == 1001
    assert m.call("setpgid", 1001, 0) == -E.EPERM        # another session
    assert m.call("getsid", 4242) == -E.ESRCH
    thread = m.thread(1002)
    assert m.call("setpgid", thread.pid, 0) == -E.EINVAL
    assert m.call("getpgid", thread.pid) == 1000
