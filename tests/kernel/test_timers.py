"""Interval timers, POSIX timers and timerfds."""
from __future__ import annotations

import pytest
from machine import BAD, SECOND, Machine

from sysnames import errno as E
from tracer.kernel.calls.timers import release
from tracer.kernel.clock import UPTIME

ABIS = ("x86_64", "i386", "arm", "aarch64")
SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1 = 14, 26, 27, 10
MILLI = 1_000_000


def test_alarm() -> None:
    m = Machine()
    m.handle(SIGALRM)
    assert m.call("alarm", 100) == 0
    m.pass_time(40 * SECOND)
    assert m.call("alarm", 5) == 60
    m.pass_time(SECOND + 600 * MILLI)
    assert m.call("alarm", 0) == 3                      # 3.4 seconds
    m.call("alarm", 1)
    m.pass_time(900 * MILLI)
    assert m.call("alarm", 1) == 1                      # never 0 while it runs
    m.pass_time(SECOND)
    assert [(i["signo"], i["code"]) for i in m.pending()] == [(SIGALRM, 0x80)]
    assert m.call("alarm", 0) == 0


@pytest.mark.parametrize("abi", ABIS)
def test_real_itimer(abi: str) -> None:
    m = Machine(abi)
    m.handle(SIGALRM)
    old = m.room()
    assert m.call("setitimer", 0, m.pack("itimerval", 2, 0, 1, 500000), old) == 0
    assert m.read("itimerval", old) == (0, 0, 0, 0)
    m.pass_time(SECOND)
    assert m.call("getitimer", 0, old) == 0
    assert m.read("itimerval", old) == (2, 0, 0, 500000)
    m.pass_time(10 * SECOND)
    assert len(m.pending()) == 1                        # it goes on when the signal is taken
    assert m.call("getitimer", 0, old) == 0
    assert m.read("itimerval", old) == (2, 0, 0, 500000)
    m.pass_time(500 * MILLI)
    assert len(m.pending()) == 1
    assert m.call("setitimer", 0, 0, 0) == 0            # NULL stops it
    m.pass_time(100 * SECOND)
    assert m.pending() == []


def test_itimer_errors() -> None:
    m = Machine()
    assert m.call("setitimer", 9, 0, 0) == -E.EINVAL
    assert m.call("setitimer", 9, BAD, 0) == -E.EFAULT
    assert m.call("getitimer", 9, BAD) == -E.EINVAL
    assert m.call("getitimer", 0, BAD) == -E.EFAULT
    assert m.call("setitimer", 0, m.pack("itimerval", 0, 0, 1, 10**6), 0) == -E.EINVAL
    assert m.call("setitimer", 0, m.pack("itimerval", 0, 0, -1, 0), 0) == -E.EINVAL


def test_cpu_itimers() -> None:
    m = Machine()
    m.handle(SIGPROF)
    m.handle(SIGVTALRM)
    assert m.call("setitimer", 2, m.pack("itimerval", 0, 0, 1, 0), 0) == 0
    assert m.call("setitimer", 1, m.pack("itimerval", 1, 0, 1, 0), 0) == 0
    m.pass_time(500 * MILLI)
    assert m.pending() == []
    m.pass_time(600 * MILLI)
    assert [i["signo"] for i in m.pending()] == [SIGPROF]
    m.pass_time(2 * SECOND, user=2 * SECOND)
    m.pass_time(10 * MILLI)
    assert SIGVTALRM in [i["signo"] for i in m.pending()]


def test_cpu_timer_lets_an_idle_machine_rest() -> None:
    m = Machine()
    m.call("setitimer", 2, m.pack("itimerval", 0, 0, 1, 0), 0)
    clock = m.kernel.clock
    m.kernel.current = None
    for _ in range(5):
        due = clock.next_due()
        if due is None:
            break
        clock.sleep_until(due)
        m.kernel.charged = clock.now
        clock.run_due()
    assert clock.next_due() is None


def sigevent(m: Machine, value: int, signo: int, notify: int, tid: int = 0) -> int:
    from sysnames.layout import layout
    return m.put(layout("sigevent", m.abi.name).pack_dict({
        "sigev_value": value, "sigev_signo": signo, "sigev_notify": notify, "sigev_un": tid}))


@pytest.mark.parametrize("abi", ABIS)
def test_posix_timer(abi: str) -> None:
    m = Machine(abi)
    m.handle(SIGUSR1)
    number = m.room()
    assert m.call("timer_create", 1, sigevent(m, 0x1234, SIGUSR1, 0), number) == 0
    assert m.word(number) == 0
    assert m.call("timer_settime", 0, 0, m.pack("itimerspec", 0, 100 * MILLI, 0, 300 * MILLI),
                  0) == 0
    m.pass_time(200 * MILLI)
    at = m.room()
    assert m.call("timer_gettime", 0, at) == 0
    assert m.read("itimerspec", at) == (0, 100 * MILLI, 0, 100 * MILLI)
    m.pass_time(450 * MILLI)                            # due at 300, 400, 500, 600
    (info,) = m.pending()
    assert (info["signo"], info["code"], info["timerid"], info["value"], info["overrun"]) \
        == (SIGUSR1, -2, 0, 0x1234, 3)
    assert m.call("timer_getoverrun", 0) == 3
    m.pass_time(50 * MILLI)
    (info,) = m.pending()
    assert info["overrun"] == 0
    assert m.call("timer_settime", 0, 0, m.pack("itimerspec", 0, 0, 0, 0), at) == 0
    assert m.read("itimerspec", at) == (0, 100 * MILLI, 0, 100 * MILLI)
    m.pass_time(SECOND)
    assert m.pending() == []
    assert m.call("timer_delete", 0) == 0
    assert m.call("timer_delete", 0) == -E.EINVAL
    assert m.call("timer_create", 1, 0, number) == 0
    assert m.word(number) == 1                          # ids are not used again


def test_timer_targets_and_defaults() -> None:
    m = Machine()
    m.handle(SIGALRM)
    thread = m.thread(1001)
    thread.handlers = m.task.handlers
    number = m.room()
    once = m.pack("itimerspec", 0, 0, 1, 0)
    assert m.call("timer_create", 0, 0, number) == 0
    assert m.call("timer_settime", 0, 0, once, 0) == 0
    assert m.call("timer_create", 1, sigevent(m, 7, SIGUSR1, 4, 1001), number) == 0
    m.handle(SIGUSR1)
    assert m.call("timer_settime", 1, 0, once, 0) == 0
    m.pass_time(2 * SECOND)
    (info,) = m.pending()
    assert (info["signo"], info["value"], info["timerid"]) == (SIGALRM, 0, 0)
    (mine,) = thread.pending.queue
    assert (mine["signo"], mine["value"]) == (SIGUSR1, 7)


def test_timer_that_notifies_nobody() -> None:
    m = Machine()
    number, at = m.room(), m.room()
    assert m.call("timer_create", 1, sigevent(m, 0, 0, 1), number) == 0
    assert m.call("timer_settime", 0, 0, m.pack("itimerspec", 0, 0, 1, 0), 0) == 0
    m.pass_time(400 * MILLI)
    m.call("timer_gettime", 0, at)
    assert m.read("itimerspec", at) == (0, 0, 0, 600 * MILLI)
    m.pass_time(SECOND)
    m.call("timer_gettime", 0, at)
    assert m.read("itimerspec", at) == (0, 0, 0, 0)
    assert m.pending() == []


def test_ignored_signals_do_not_stop_a_timer() -> None:
    m = Machine()
    m.task.traced = False
    number = m.room()
    m.task.handlers.actions.clear()
    from tracer.kernel.task import SigAction
    m.task.handlers.actions[SIGUSR1] = SigAction(1)
    assert m.call("timer_create", 1, sigevent(m, 0, SIGUSR1, 0), number) == 0
    assert m.call("timer_settime", 0, 0, m.pack("itimerspec", 1, 0, 1, 0), 0) == 0
    m.pass_time(5 * SECOND)
    m.handle(SIGUSR1)
    m.pass_time(SECOND)
    assert len(m.pending()) == 1


def test_timer_errors() -> None:
    m = Machine()
    number = m.room()
    assert m.call("timer_create", 77, 0, number) == -E.EINVAL
    assert m.call("timer_create", 4, 0, number) == -E.EOPNOTSUPP
    assert m.call("timer_create", 77, BAD, number) == -E.EFAULT
    assert m.call("timer_create", 1, sigevent(m, 0, 65, 0), number) == -E.EINVAL
    assert m.call("timer_create", 1, sigevent(m, 0, 10, 9), number) == -E.EINVAL
    assert m.call("timer_create", 1, sigevent(m, 0, 10, 4, 55), number) == -E.EINVAL
    assert m.call("timer_create", 1, 0, BAD) == -E.EFAULT
    assert m.call("timer_settime", 5, 0, 0, 0) == -E.EINVAL
    assert m.call("timer_settime", 5, 0, BAD, 0) == -E.EFAULT
    assert m.call("timer_settime", 5, 0, m.pack("itimerspec", 0, 0, 0, 0), 0) == -E.EINVAL
    assert m.call("timer_gettime", 5, BAD) == -E.EINVAL
    assert m.call("timer_getoverrun", -1) == -E.EINVAL


def test_absolute_timer_follows_its_clock() -> None:
    m = Machine()
    m.handle(SIGALRM)
    number = m.room()
    m.call("timer_create", 0, 0, number)
    clock = m.kernel.clock
    due = clock.realtime() // SECOND + 100
    assert m.call("timer_settime", 0, 1, m.pack("itimerspec", 0, 0, due, 0), 0) == 0
    clock.set_realtime((due - 2) * SECOND)
    m.pass_time(3 * SECOND)
    assert len(m.pending()) == 1


def test_cpu_timer() -> None:
    m = Machine()
    m.handle(SIGUSR1)
    number = m.room()
    assert m.call("timer_create", 2, sigevent(m, 0, SIGUSR1, 0), number) == 0
    assert m.call("timer_settime", 0, 0, m.pack("itimerspec", 0, 0, 1, 0), 0) == 0
    m.pass_time(900 * MILLI)
    assert m.pending() == []
    m.pass_time(200 * MILLI)
    assert len(m.pending()) == 1


def test_release() -> None:
    m = Machine()
    m.handle(SIGALRM)
    m.call("timer_create", 1, 0, m.room())
    m.call("timer_settime", 0, 0, m.pack("itimerspec", 1, 0, 1, 0), 0)
    m.call("alarm", 1)
    release(m.process, execing=True)
    m.pass_time(2 * SECOND)
    assert [i["code"] for i in m.pending()] == [0x80]
    release(m.process)
    assert m.kernel.clock.next_due() is None


# -- timerfd -------------------------------------------------------------------------------------
def read_ticks(m: Machine, fd: int) -> int:
    from tracer.errors import LinuxError
    data = bytearray(8)
    try:
        assert m.task.files.get(fd).read([memoryview(data)]) == 8
    except LinuxError as error:
        return -error.errno
    return int.from_bytes(data, "little")


@pytest.mark.parametrize("abi", ABIS)
def test_timerfd(abi: str) -> None:
    m = Machine(abi)
    cloexec, nonblock = 0o2000000, 0o4000
    fd = m.call("timerfd_create", 1, cloexec)
    assert fd == 0 and fd in m.task.files.cloexec
    assert m.call("timerfd_create", 1, nonblock) == 1
    assert m.call("timerfd_create", 1, 1) == -E.EINVAL
    assert m.call("timerfd_create", 2, 0) == -E.EINVAL
    assert read_ticks(m, fd) == -E.EAGAIN
    spec = "itimerspec"
    assert m.call("timerfd_settime", fd, 0, m.pack(spec, 0, 100 * MILLI, 0, 300 * MILLI), 0) == 0
    m.pass_time(200 * MILLI)
    at = m.room()
    assert m.call("timerfd_gettime", fd, at) == 0
    assert m.read(spec, at) == (0, 100 * MILLI, 0, 100 * MILLI)
    file = m.task.files.get(fd)
    assert file.poll() == 0
    woken: list[int] = []
    file.waiters()[0].add(lambda: woken.append(1))
    m.pass_time(450 * MILLI)
    assert woken and file.poll() == 1
    assert read_ticks(m, fd) == 4
    assert read_ticks(m, fd) == -E.EAGAIN
    m.pass_time(50 * MILLI)
    assert read_ticks(m, fd) == 1
    assert m.call("timerfd_settime", fd, 0, m.pack(spec, 0, 0, 0, 0), at) == 0
    assert m.read(spec, at) == (0, 100 * MILLI, 0, 100 * MILLI)
    m.task.files.close(fd)
    assert m.kernel.clock.next_due() is None


def test_timerfd_errors() -> None:
    m = Machine()
    fd = m.call("timerfd_create", 0, 0)
    good = m.pack("itimerspec", 0, 0, 1, 0)
    assert m.call("timerfd_settime", 99, 8, BAD, 0) == -E.EFAULT
    assert m.call("timerfd_settime", 99, 8, good, 0) == -E.EINVAL
    assert m.call("timerfd_settime", 99, 0, good, 0) == -E.EBADF
    assert m.call("timerfd_settime", fd, 0, m.pack("itimerspec", 0, 0, 0, SECOND), 0) == -E.EINVAL
    assert m.call("timerfd_gettime", fd, BAD) == -E.EFAULT
    from tracer.kernel.pseudo import pseudo
    from tracer.vfs.eventfd import EventFile
    m.task.files.put(9, EventFile(pseudo(m.kernel).anon, 0, 0))
    assert m.call("timerfd_gettime", 9, BAD) == -E.EINVAL


def test_timerfd_is_cancelled_when_the_clock_is_set() -> None:
    m = Machine()
    fd = m.call("timerfd_create", 0, 0)
    due = m.kernel.clock.realtime() // SECOND + 100
    assert m.call("timerfd_settime", fd, 3, m.pack("itimerspec", 0, 0, due, 0), 0) == 0
    assert m.call("clock_settime", 0, m.pack("timespec", due - 50, 0)) == 0
    assert read_ticks(m, fd) == -E.ECANCELED
    assert read_ticks(m, fd) == -E.EAGAIN
    m.pass_time(51 * SECOND)
    assert read_ticks(m, fd) == 1
    assert m.kernel.clock.now == UPTIME + 51 * SECOND
