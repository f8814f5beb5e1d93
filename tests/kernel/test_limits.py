"""Resource limits and use, priorities, scheduling."""
from __future__ import annotations

import pytest
from machine import BAD, SECOND, Machine

from sysnames import errno as E
from sysnames.layout import layout
from tracer.kernel.task import RLIM_INFINITY

ABIS = ("x86_64", "i386", "arm", "aarch64")
STACK, NOFILE = 3, 7


@pytest.mark.parametrize("abi", ABIS)
def test_rlimits(abi: str) -> None:
    m = Machine(abi)
    narrow = abi in ("i386", "arm")
    infinity = 0xFFFFFFFF if narrow else RLIM_INFINITY
    at = m.room()
    name = "ugetrlimit" if narrow else "getrlimit"
    assert m.call(name, STACK, at) == 0
    assert m.read("rlimit", at) == (8 << 20, infinity)
    assert m.call(name, 16, BAD) == -E.EINVAL
    assert m.call(name, STACK, BAD) == -E.EFAULT
    if narrow:
        assert m.call("getrlimit", STACK, at) == 0
        assert m.read("rlimit", at) == (8 << 20, 0x7FFFFFFF)
    assert m.call("setrlimit", STACK, m.pack("rlimit", 1 << 20, infinity)) == 0
    assert m.process.limits[STACK] == (1 << 20, RLIM_INFINITY)
    assert m.call("setrlimit", STACK, m.pack("rlimit", 2, 1)) == -E.EINVAL
    assert m.call("setrlimit", NOFILE, m.pack("rlimit", 1, 1 << 21)) == -E.EPERM
    assert m.call("setrlimit", 16, BAD) == -E.EFAULT


def test_prlimit() -> None:
    m = Machine(uid=1000)
    at = m.room()
    assert m.call("prlimit64", 0, NOFILE, m.pack("rlimit64", 10, 100), at) == 0
    assert m.read("rlimit64", at) == (1024, 4096)
    assert m.call("prlimit64", 0, NOFILE, m.pack("rlimit64", 10, 101), at) == -E.EPERM
    assert m.call("prlimit64", 0, 99, 0, 0) == -E.EINVAL
    assert m.call("prlimit64", 4242, 99, 0, 0) == -E.ESRCH
    assert m.call("prlimit64", 4242, 99, BAD, 0) == -E.EFAULT
    other = m.fork(1001)
    other.creds.uid = 5
    assert m.call("prlimit64", 1001, 99, 0, 0) == -E.EPERM
    other.creds.uid = 1000
    assert m.call("prlimit64", 1001, STACK, 0, at) == 0


def test_getrusage() -> None:
    m = Machine("arm")
    m.pass_time(3 * SECOND + 2_000_000, user=2 * SECOND + 1_000_000)
    m.process.children_system = 5000
    rusage, at = layout("rusage", "arm"), m.room(128)
    assert m.call("getrusage", 0, at) == 0
    values = rusage.unpack_dict(m.task.mem.read(at, rusage.size))
    assert (values["ru_utime.tv_sec"], values["ru_utime.tv_usec"]) == (2, 1000)
    assert (values["ru_stime.tv_sec"], values["ru_stime.tv_usec"]) == (1, 1000)
    assert int(values["ru_maxrss"]) > 0 and values["ru_nivcsw"] == 0
    assert m.call("getrusage", -1, at) == 0
    assert rusage.unpack(m.task.mem.read(at, rusage.size))[:4] == (0, 0, 0, 5)
    assert m.call("getrusage", 1, at) == 0
    assert m.call("getrusage", 2, BAD) == -E.EINVAL


def test_priorities() -> None:
    m = Machine()
    assert m.call("getpriority", 0, 0) == 20
    assert m.call("nice", 5) == 0
    assert m.call("getpriority", 0, 0) == 15
    assert m.call("nice", -100) == 0
    assert m.call("getpriority", 0, 1000) == 40
    child = m.fork(1001)
    child.nice = 7
    assert m.call("getpriority", 1, 0) == 40
    assert m.call("setpriority", 1, 1000, 30) == 0
    assert (m.task.nice, child.nice) == (19, 19)
    assert m.call("getpriority", 3, 0) == -E.EINVAL
    assert m.call("getpriority", 0, 4242) == -E.ESRCH
    assert m.call("setpriority", 2, 4242, 0) == -E.ESRCH
    user = Machine(uid=5)
    assert user.call("nice", -1) == -E.EPERM
    assert user.call("setpriority", 0, 0, -1) == -E.EACCES
    user.process.limits[13] = (25, 25)
    assert user.call("setpriority", 0, 0, -5) == 0
    other = user.fork(1001)
    other.creds.uid = other.creds.euid = 6
    assert user.call("setpriority", 0, 1001, 5) == -E.EPERM


def test_policies() -> None:
    m = Machine()
    param = m.pack("sched_param", 10)
    assert m.call("sched_setscheduler", 0, 1, param) == 0
    assert m.call("sched_getscheduler", 0) == 1
    at = m.room()
    assert m.call("sched_getparam", 0, at) == 0
    assert m.word(at) == 10
    assert m.call("sched_setparam", 0, m.pack("sched_param", 20)) == 0
    assert m.call("sched_setparam", 0, m.pack("sched_param", 0)) == -E.EINVAL
    assert m.call("sched_setscheduler", 0, 2 | 0x40000000, param) == 0
    assert m.call("sched_getscheduler", 0) == 2 | 0x40000000
    assert m.call("sched_rr_get_interval", 0, at) == 0
    assert m.read("timespec", at) == (0, 100_000_000)
    for bad in ((0, 4, param), (0, -1, param), (-1, 0, param), (0, 0, 0), (0, 0, param)):
        assert m.call("sched_setscheduler", *bad) == -E.EINVAL
    assert m.call("sched_setscheduler", 0, 1, BAD) == -E.EFAULT
    assert m.call("sched_setscheduler", 4242, 1, param) == -E.ESRCH
    assert m.call("sched_getscheduler", -1) == -E.EINVAL
    assert Machine(uid=5).start("sched_getscheduler", 0) == 0
    user = Machine(uid=5)
    assert user.call("sched_setscheduler", 0, 1, user.pack("sched_param", 1)) == -E.EPERM
    assert [m.call("sched_get_priority_max", p) for p in (0, 1, 2, 3, 5, 6)] \
        == [0, 99, 99, 0, 0, 0]
    assert m.call("sched_get_priority_min", 2) == 1
    assert m.call("sched_get_priority_min", 4) == -E.EINVAL


def test_sched_attr() -> None:
    m = Machine()
    attr = layout("sched_attr", "x86_64")
    at = m.put(attr.pack_dict({"size": 56, "sched_nice": 3}))
    assert m.call("sched_setattr", 0, at, 0) == 0
    assert m.task.nice == 3
    assert m.call("sched_getattr", 0, at, 56, 0) == 0
    values = attr.unpack_dict(m.task.mem.read(at, attr.size))
    assert (values["size"], values["sched_nice"], values["sched_priority"]) == (56, 3, 0)
    assert m.call("sched_getattr", 0, at, 47, 0) == -E.EINVAL
    small = m.put((40).to_bytes(4, "little") + bytes(60))
    assert m.call("sched_setattr", 0, small, 0) == -E.E2BIG
    assert m.word(small) == 56
    big = m.put((64).to_bytes(4, "little") + bytes(59) + b"\1")
    assert m.call("sched_setattr", 0, big, 0) == -E.E2BIG
    deadline = m.put(attr.pack_dict({"size": 56, "sched_policy": 6}))
    assert m.call("sched_setattr", 0, deadline, 0) == -E.EINVAL


@pytest.mark.parametrize(("abi", "size"), [("x86_64", 8), ("i386", 8), ("arm", 4),
                                           ("aarch64", 32)])
def test_affinity(abi: str, size: int) -> None:
    m = Machine(abi)
    at = m.room(128)
    assert m.call("sched_getaffinity", 0, 128, at) == size
    assert m.word(at, size) == 1
    assert m.call("sched_getaffinity", 0, 0, at) == -E.EINVAL
    assert m.call("sched_getaffinity", 0, 3, at) == -E.EINVAL
    assert m.call("sched_getaffinity", 4242, 8, at) == -E.ESRCH
    assert m.call("sched_setaffinity", 0, 8, m.put(bytes([3] + [0] * 7))) == 0
    assert m.call("sched_setaffinity", 0, 8, m.put(bytes([2] + [0] * 7))) == -E.EINVAL
    assert m.call("getcpu", at, at + 4, 0) == 0
    assert m.word(at, 8) == 0


def test_io_priorities() -> None:
    m = Machine()
    assert m.call("ioprio_get", 1, 0) == 0 and m.call("ioprio_get", 2, 0) == 2 << 13 | 4
    assert m.call("ioprio_set", 1, 0, 3 << 13) == 0
    assert m.call("ioprio_get", 1, 0) == 3 << 13
    assert m.call("ioprio_set", 1, 0, 4 << 13) == -E.EINVAL
    assert m.call("ioprio_set", 1, 0, 1) == -E.EINVAL
    assert m.call("ioprio_set", 4, 0, 0) == -E.EINVAL
    assert m.call("ioprio_get", 1, 4242) == -E.ESRCH
    assert Machine(uid=5).call("ioprio_set", 1, 0, 1 << 13) == -E.EPERM
