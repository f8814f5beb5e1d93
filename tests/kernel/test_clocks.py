"""Clocks, sleeping and the kernel's NTP variables."""
from __future__ import annotations

import pytest
from machine import BAD, DATA, SECOND, Machine

from sysnames import errno as E
from tracer.kernel.clock import EPOCH, UPTIME

ABIS = ("x86_64", "i386", "arm", "aarch64")
REALTIME, MONOTONIC, PROCESS, THREAD, RAW, RCOARSE, MCOARSE, BOOT, RALARM, BALARM, SGI, TAI = \
    range(12)


@pytest.mark.parametrize("abi", ABIS)
def test_clock_gettime(abi: str) -> None:
    m = Machine(abi)
    at = m.room()
    assert m.call("clock_gettime", REALTIME, at) == 0
    assert m.read("timespec", at) == (EPOCH // SECOND, 0)
    m.kernel.clock.now += 5 * SECOND + 7
    assert m.call("clock_gettime", MONOTONIC, at) == 0
    assert m.read("timespec", at) == (UPTIME // SECOND + 5, 7)
    assert m.call("clock_gettime", MCOARSE, at) == 0
    assert m.read("timespec", at) == (UPTIME // SECOND + 5, 0)
    assert m.call("clock_gettime", MONOTONIC, BAD) == -E.EFAULT


def test_timespec64_on_32_bits() -> None:
    m = Machine("arm")
    at = m.room()
    assert m.call("clock_gettime64", REALTIME, at) == 0
    assert m.read("timespec64", at) == (EPOCH // SECOND, 0)
    # the upper half of tv_nsec is padding there
    request = m.put((0).to_bytes(8, "little") + (1000 | 0xABCD << 32).to_bytes(8, "little"))
    assert m.call("clock_nanosleep_time64", MONOTONIC, 0, request, 0) == 0
    assert m.kernel.clock.now == UPTIME + 1000


def test_seconds_of_32_bits_wrap() -> None:
    m = Machine("i386")
    m.kernel.clock.set_realtime((1 << 31) * SECOND)
    at = m.room()
    assert m.call("clock_gettime", REALTIME, at) == 0
    assert m.read("timespec", at)[0] == -(1 << 31)


@pytest.mark.parametrize("which", [SGI, 12, 99, RALARM, BALARM, -5])
def test_no_such_clock(which: int) -> None:
    m = Machine()
    assert m.call("clock_gettime", which, BAD) == -E.EINVAL
    assert m.call("clock_getres", which, BAD) == -E.EINVAL


def test_resolutions() -> None:
    m = Machine()
    at = m.room()
    for which, nanoseconds in ((REALTIME, 1), (RCOARSE, 4000000), (THREAD, 1), (TAI, 1)):
        assert m.call("clock_getres", which, at) == 0
        assert m.read("timespec", at) == (0, nanoseconds)
    assert m.call("clock_getres", MONOTONIC, 0) == 0


def cpu_id(pid: int, kind: int, thread: bool = False) -> int:
    return (~pid << 3) | kind | 4 * thread


def test_cpu_clocks() -> None:
    m = Machine()
    at = m.room()
    m.pass_time(10 * SECOND, user=7 * SECOND)
    for which, expected in ((PROCESS, 10), (THREAD, 10), (cpu_id(0, 1), 7),
                            (cpu_id(1000, 2), 10), (cpu_id(1000, 1, True), 7)):
        assert m.call("clock_gettime", which, at) == 0, which
        assert m.read("timespec", at) == (expected, 0)
    assert m.call("clock_gettime", cpu_id(4242, 2), at) == -E.EINVAL
    other = m.fork(1001)
    assert m.call("clock_gettime", cpu_id(1001, 2), at) == 0
    assert m.call("clock_gettime", cpu_id(other.pid, 2, True), at) == -E.EINVAL
    thread = m.thread(1002)
    assert m.call("clock_gettime", cpu_id(thread.pid, 2, True), at) == 0
    assert m.read("timespec", at) == (0, 0)
    assert m.call("clock_settime", cpu_id(0, 2), m.pack("timespec", 1, 0)) == -E.EPERM
    assert m.call("clock_settime", PROCESS, m.pack("timespec", 1, 0)) == -E.EINVAL


def test_clock_settime() -> None:
    m = Machine()
    at = m.room()
    assert m.call("clock_settime", REALTIME, m.pack("timespec", 2_000_000_000, 5)) == 0
    assert m.call("clock_gettime", REALTIME, at) == 0
    assert m.read("timespec", at) == (2_000_000_000, 5)
    assert m.call("clock_gettime", MONOTONIC, at) == 0
    assert m.read("timespec", at) == (UPTIME // SECOND, 0)
    for values in ((-1, 0), (5000, SECOND), (10, 0)):
        assert m.call("clock_settime", REALTIME, m.pack("timespec", *values)) == -E.EINVAL
    assert m.call("clock_settime", MONOTONIC, BAD) == -E.EINVAL
    assert m.call("clock_settime", REALTIME, BAD) == -E.EFAULT
    user = Machine(uid=1000)
    good = user.pack("timespec", 2_000_000_000, 5)
    assert user.call("clock_settime", REALTIME, good) == -E.EPERM
    assert user.call("clock_settime", REALTIME, user.pack("timespec", -1, 0)) == -E.EINVAL


def test_time_of_day() -> None:
    m = Machine("i386")
    time, zone = m.room(), m.room()
    m.kernel.clock.now += 1_234_567
    assert m.call("gettimeofday", time, zone) == 0
    assert m.read("timeval", time) == (EPOCH // SECOND, 1234)
    assert m.read("timezone", zone) == (0, 0)
    assert m.call("settimeofday", m.pack("timeval", 1_900_000_000, 10**6), 0) == -E.EINVAL
    assert m.call("settimeofday", 0, m.pack("timezone", 901, 0)) == -E.EINVAL
    assert m.call("settimeofday", m.pack("timeval", 1_900_000_000, 17),
                  m.pack("timezone", -60, 1)) == 0
    assert m.call("gettimeofday", time, zone) == 0
    assert m.read("timeval", time) == (1_900_000_000, 17)
    assert m.read("timezone", zone) == (-60, 1)
    assert m.call("time", time) == 1_900_000_000
    assert m.word(time) == 1_900_000_000
    assert m.call("stime", m.pack("long_word", 1_950_000_000)) == 0
    assert m.call("time", 0) == 1_950_000_000


def test_times() -> None:
    m = Machine()
    m.pass_time(3 * SECOND, user=SECOND)
    m.process.children_user = 40_000_000
    at = m.room()
    first = m.call("times", at)
    assert m.read("tms", at) == (100, 200, 4, 0)
    m.kernel.clock.now += SECOND
    assert m.call("times", 0) == first + 100
    assert 1_717_956_919 < first < 1 << 31


# -- sleeping ------------------------------------------------------------------------------------
@pytest.mark.parametrize("abi", ABIS)
def test_nanosleep(abi: str) -> None:
    m = Machine(abi)
    assert m.call("nanosleep", m.pack("timespec", 3, 5), 0) == 0
    assert m.kernel.clock.now == UPTIME + 3 * SECOND + 5
    assert m.call("nanosleep", BAD, 0) == -E.EFAULT
    assert m.call("nanosleep", m.pack("timespec", 0, 2 * SECOND), 0) == -E.EINVAL
    assert m.call("nanosleep", m.pack("timespec", -1, 0), 0) == -E.EINVAL


def test_interrupted_sleep_goes_on() -> None:
    m = Machine()
    left = m.room()
    sleep = m.start("nanosleep", m.pack("timespec", 10, 0), left)
    assert m.finish(sleep, signal_at=UPTIME + 4 * SECOND) == -516
    assert m.read("timespec", left) == (6, 0)
    assert m.finish(m.task.restart(m.task), signal_at=UPTIME + 7 * SECOND) == -516
    assert m.read("timespec", left) == (3, 0)
    assert m.finish(m.task.restart(m.task)) == 0
    assert m.kernel.clock.now == UPTIME + 10 * SECOND


def test_interrupted_sleep_with_bad_pointer() -> None:
    m = Machine()
    sleep = m.start("nanosleep", m.pack("timespec", 10, 0), BAD)
    assert m.finish(sleep, signal_at=UPTIME + SECOND) == -E.EFAULT


def test_absolute_sleep() -> None:
    m = Machine()
    at = m.pack("timespec", UPTIME // SECOND + 2, 0)
    assert m.call("clock_nanosleep", MONOTONIC, 1, at, 0) == 0
    assert m.kernel.clock.now == UPTIME + 2 * SECOND
    assert m.call("clock_nanosleep", MONOTONIC, 1, at, 0) == 0     # it is past
    later = m.pack("timespec", UPTIME // SECOND + 20, 0)
    sleep = m.start("clock_nanosleep", BOOT, 1, later, BAD)
    assert m.finish(sleep, signal_at=UPTIME + 3 * SECOND) == -514
    sleep = m.start("clock_nanosleep", REALTIME, 1, m.pack("timespec", EPOCH // SECOND + 60, 0), 0)
    m.kernel.clock.at(UPTIME + 10 * SECOND,
                      lambda: m.kernel.clock.set_realtime(EPOCH + 61 * SECOND))
    assert m.finish(sleep) == 0
    assert m.kernel.clock.now == UPTIME + 10 * SECOND


def test_sleeping_on_other_clocks() -> None:
    m = Machine()
    good = m.pack("timespec", 1, 0)
    assert m.call("clock_nanosleep", RAW, 0, good, 0) == -E.EOPNOTSUPP
    assert m.call("clock_nanosleep", THREAD, 0, BAD, 0) == -E.EOPNOTSUPP
    assert m.call("clock_nanosleep", SGI, 0, good, 0) == -E.EINVAL
    assert m.call("clock_nanosleep", cpu_id(0, 2, True), 0, good, 0) == -E.EINVAL
    assert m.call("clock_nanosleep", cpu_id(77, 2), 0, good, 0) == -E.EINVAL
    assert m.call("clock_nanosleep", RALARM, 0, good, 0) == -E.EOPNOTSUPP
    other = m.fork(1001)
    sleep = m.start("clock_nanosleep", cpu_id(1000, 2), 0, good, 0, task=other)
    wait = sleep.send(None)
    woken: list[int] = []
    wait.queues[0].add(lambda: woken.append(1))
    m.pass_time(SECOND // 2)
    assert not woken
    m.pass_time(SECOND)
    assert woken
    with pytest.raises(StopIteration) as end:
        sleep.send(0)
    assert end.value.value == 0


# -- adjtimex ------------------------------------------------------------------------------------
@pytest.mark.parametrize("abi", ABIS)
def test_adjtimex(abi: str) -> None:
    from sysnames.layout import layout
    m = Machine(abi)
    timex = layout("timex", abi)
    at = m.put(bytes(timex.size))
    assert m.call("adjtimex", at) == 5
    values = timex.unpack_dict(m.task.mem.read(at, timex.size))
    assert values["status"] == 0x40
    assert values["tick"] == 10000
    assert values["time.tv_sec"] == EPOCH // SECOND
    at = m.put(timex.pack_dict({"modes": 0x10 | 0x2 | 0x80, "freq": 1 << 30, "constant": 37,
                                "status": 0}))
    assert m.call("clock_adjtime", REALTIME, at) == 0
    values = timex.unpack_dict(m.task.mem.read(at, timex.size))
    assert (values["freq"], values["tai"], values["status"]) == (500 << 16, 37, 0)
    assert m.call("clock_gettime", TAI, at) == 0
    assert m.read("timespec", at) == (EPOCH // SECOND + 37, 0)
    assert m.call("clock_adjtime", MONOTONIC, DATA) == -E.EOPNOTSUPP
    assert m.call("clock_adjtime", 55, DATA) == -E.EINVAL
    assert m.call("clock_adjtime", REALTIME, BAD) == -E.EFAULT
    bad_tick = m.put(timex.pack_dict({"modes": 0x4000, "tick": 8999}))
    assert m.call("adjtimex", bad_tick) == -E.EINVAL
    user = Machine(abi, uid=5)
    assert user.call("adjtimex", user.put(bytes(timex.size))) == 5
    assert user.call("adjtimex", user.put(timex.pack_dict({"modes": 2}))) == -E.EPERM
