"""poll(2) and select(2) and their variants."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel.calls.common import SECOND, duration, get_timespec, is_32bit
from tracer.kernel.registry import syscall
from tracer.kernel.task import RLIMIT_NOFILE
from tracer.vfs.base import (
    O_PATH,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLNVAL,
    POLLOUT,
    POLLPRI,
    POLLRDBAND,
    POLLRDNORM,
    POLLWRBAND,
    POLLWRNORM,
)
from tracer.wait import Wait, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from sysnames.layout import Layout
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task

STICKY_TIMEOUTS = 0x4000000         # linux/personality.h
_SIGSET_SIZE = 8


def poll_file(task: Task, fd: int, events: int) -> int:
    """revents of one descriptor."""
    if fd < 0:
        return 0
    file = task.files.files.get(fd)
    if file is None or file.flags & O_PATH:
        return POLLNVAL
    return file.poll() & (events | POLLERR | POLLHUP)


def queues_of(task: Task, fds: list[int]) -> list[WaitQueue]:
    """What wakes those who wait for any of these descriptors."""
    found: dict[int, WaitQueue] = {}
    files = task.files.files
    for fd in fds:
        file = files.get(fd)
        if file is not None and not file.flags & O_PATH:
            for queue in file.waiters():
                found[id(queue)] = queue
    return list(found.values())


def signal_mask(task: Task, address: int, size: int) -> None:
    """The mask argument of ppoll and its kin; EINVAL, EFAULT."""
    if not address:
        return
    if size != _SIGSET_SIZE:
        raise LinuxError(E.EINVAL)
    task.kernel.set_temporary_mask(task, task.mem.read_int(address, _SIGSET_SIZE))


def wait_until(task: Task, scan: Callable[[], int], fds: list[int],
               deadline: int | None) -> Generator[Wait, int, int]:
    """Scan until something is ready; 0 on time-out, ERESTARTNOHAND on a signal."""
    files = [f for fd in set(fds) if (f := task.files.files.get(fd)) is not None]
    for file in files:
        file.refs += 1
    try:
        while True:
            reason = yield Wait(queues_of(task, fds), deadline)
            count = scan()
            if count:
                return count
            if reason == Wait.SIGNAL:
                raise LinuxError(E.ERESTARTNOHAND)
            if reason == Wait.TIMEOUT:
                return 0
    finally:
        from tracer.kernel.task import drop
        for file in files:
            drop(file)


# -- poll --------------------------------------------------------------------------------------
def _poll_set(task: Task, ufds: int, nfds: int) -> list[tuple[int, int]]:
    """(fd, events); EINVAL, EFAULT."""
    if nfds > task.process.limits[RLIMIT_NOFILE][0]:
        raise LinuxError(E.EINVAL)
    data = task.mem.read(ufds, nfds * 8) if nfds else b""
    return [(int.from_bytes(data[at:at + 4], "little", signed=True),
             int.from_bytes(data[at + 4:at + 6], "little")) for at in range(0, nfds * 8, 8)]


def _scanner(task: Task, ufds: int, polled: list[tuple[int, int]]) -> Callable[[], int]:
    def scan() -> int:
        results = [poll_file(task, fd, events) for fd, events in polled]
        count = sum(map(bool, results))
        if count or not polled:
            store(results)
        return count

    def store(results: list[int]) -> None:
        for index, revents in enumerate(results):
            task.mem.write(ufds + index * 8 + 6, revents.to_bytes(2, "little"))

    return scan


def _do_poll(task: Task, ufds: int, polled: list[tuple[int, int]], timeout: int | None) -> Result:
    """timeout: nanoseconds, None for ever.  A signal gives ERESTARTNOHAND."""
    scan = _scanner(task, ufds, polled)
    count = scan()
    if count:
        return count
    if task.kernel.signals.deliverable(task):
        raise LinuxError(E.ERESTARTNOHAND)
    if timeout == 0:
        _clear(task, ufds, polled)
        return 0
    deadline = None if timeout is None else task.kernel.clock.monotonic() + timeout
    return _poll_wait(task, ufds, polled, scan, deadline)


def _clear(task: Task, ufds: int, polled: list[tuple[int, int]]) -> None:
    for index in range(len(polled)):
        task.mem.write(ufds + index * 8 + 6, b"\0\0")


def _poll_wait(task: Task, ufds: int, polled: list[tuple[int, int]], scan: Callable[[], int],
               deadline: int | None) -> Blocking:
    count = yield from wait_until(task, scan, [fd for fd, _ in polled], deadline)
    if not count:
        _clear(task, ufds, polled)
    return count


@syscall("poll")
def poll(task: Task, ufds: int, nfds: int, timeout_msecs: int) -> Result:
    """poll(2); after a stop it is resumed by restart_syscall with the same deadline."""
    timeout = timeout_msecs * 1000000 if timeout_msecs >= 0 else None
    polled = _poll_set(task, ufds, nfds)
    deadline = None if timeout is None else task.kernel.clock.monotonic() + timeout
    try:
        result = _do_poll(task, ufds, polled, timeout)
    except LinuxError as error:
        if error.errno != E.ERESTARTNOHAND:
            raise
        _prepare_restart(task, ufds, polled, deadline)
        raise LinuxError(E.ERESTART_RESTARTBLOCK) from None
    if isinstance(result, int):
        return result
    return _restartable(task, ufds, polled, deadline)


def _restartable(task: Task, ufds: int, polled: list[tuple[int, int]],
                 deadline: int | None) -> Blocking:
    try:
        return (yield from _poll_wait(task, ufds, polled, _scanner(task, ufds, polled), deadline))
    except LinuxError as error:
        if error.errno != E.ERESTARTNOHAND:
            raise
        _prepare_restart(task, ufds, polled, deadline)
        raise LinuxError(E.ERESTART_RESTARTBLOCK) from None


def _prepare_restart(task: Task, ufds: int, polled: list[tuple[int, int]],
                     deadline: int | None) -> None:
    task.restart = lambda again: _again(again, ufds, polled, deadline)


def _again(task: Task, ufds: int, polled: list[tuple[int, int]],
           deadline: int | None) -> Blocking:
    """What restart_syscall runs: it looks before it waits."""
    count = _scanner(task, ufds, polled)()
    if count:
        return count
    return (yield from _restartable(task, ufds, polled, deadline))


# -- time-outs that are written back -------------------------------------------------------------
class _Timeout:
    """A timespec or timeval argument: how long to wait, and what is left of it."""

    __slots__ = ("_address", "_layout", "_task", "_unit", "deadline", "length")

    def __init__(self, task: Task, address: int, layout: Layout, unit: int) -> None:
        """unit: nanoseconds of the second field's unit."""
        self._task = task
        self._address = address
        self._layout = layout
        self._unit = unit
        self.length: int | None = None
        self.deadline: int | None = None
        if address:
            seconds, fraction = get_timespec(task, address, layout)
            if unit != 1:                   # timeval may be denormal
                carry = abs(fraction) // (SECOND // unit) * (1 if fraction >= 0 else -1)
                seconds += carry
                fraction = (fraction - carry * (SECOND // unit)) * unit
            self.length = duration(seconds, fraction)
            self.deadline = task.kernel.clock.monotonic() + self.length

    def finish(self, error: int = 0) -> int:
        """Write back what is left; the error that the call ends with."""
        if not self._address or self.length == 0:
            return error
        task = self._task
        if not task.personality & STICKY_TIMEOUTS:
            assert self.deadline is not None
            left = max(0, self.deadline - task.kernel.clock.monotonic())
            try:
                task.mem.write(self._address, self._layout.pack(
                    left // SECOND, left % SECOND // self._unit))
                return error
            except Fault:
                pass        # in read-only memory: the call cannot be restarted
        return E.EINTR if error == E.ERESTARTNOHAND else error

    def run(self, start: Callable[[int | None], Result]) -> Result:
        """Run a call with this time-out and write back the rest at its end."""
        try:
            result = start(self.length)
        except LinuxError as error:
            raise LinuxError(self.finish(error.errno)) from None
        if isinstance(result, int):
            self.finish()
            return result
        return self._wrapped(result)        # type: ignore[arg-type]

    def _wrapped(self, inner: Blocking) -> Blocking:
        try:
            result = yield from inner
        except LinuxError as error:
            raise LinuxError(self.finish(error.errno)) from None
        self.finish()
        return result


@syscall("ppoll", ts="timespec")
@syscall("ppoll_time64", ts="timespec64")
def ppoll(task: Task, ufds: int, nfds: int, tsp: int, sigmask: int, sigsetsize: int, *,
          ts: Layout) -> Result:
    """ppoll(2)."""
    timeout = _Timeout(task, tsp, ts, 1)
    signal_mask(task, sigmask, sigsetsize)
    return timeout.run(
        lambda length: _do_poll(task, ufds, _poll_set(task, ufds, nfds), length))


# -- select --------------------------------------------------------------------------------------
_SETS = (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL,
         POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL,
         POLLPRI | POLLNVAL)


def _table_size(task: Task) -> int:
    """How many descriptors the kernel's table has room for: what n is cut to."""
    highest = max(task.files.files, default=0)
    size = 64
    while size <= highest:
        size *= 2
    return size


def _do_select(task: Task, n: int, addresses: tuple[int, int, int],
               timeout: int | None) -> Result:
    if n < 0:
        raise LinuxError(E.EINVAL)
    n = min(n, _table_size(task))
    word = 32 if is_32bit(task) else 64
    size = -(-n // word) * (word // 8)
    read = task.mem.read
    wanted = [int.from_bytes(read(a, size), "little") & (1 << n) - 1 if a else 0
              for a in addresses]
    every = wanted[0] | wanted[1] | wanted[2]
    fds = [fd for fd in range(n) if every >> fd & 1]
    files = task.files.files
    for fd in fds:
        if fd not in files or files[fd].flags & O_PATH:
            raise LinuxError(E.EBADF)

    def scan() -> int:
        found = [0, 0, 0]
        count = 0
        for fd in fds:
            file = files.get(fd)
            mask = POLLNVAL if file is None else file.poll()
            for which in range(3):
                if wanted[which] >> fd & 1 and mask & _SETS[which]:
                    found[which] |= 1 << fd
                    count += 1
        if count:
            store(found)
        return count

    def store(found: list[int]) -> None:
        for address, bits in zip(addresses, found):
            if address and size:
                task.mem.write(address, bits.to_bytes(size, "little"))

    count = scan()
    if count:
        return count
    if task.kernel.signals.deliverable(task):
        raise LinuxError(E.ERESTARTNOHAND)
    if timeout == 0:
        store([0, 0, 0])
        return 0

    def wait() -> Blocking:
        deadline = None if timeout is None else task.kernel.clock.monotonic() + timeout
        count = yield from wait_until(task, scan, fds, deadline)
        if not count:
            store([0, 0, 0])
        return count

    return wait()


@syscall("_newselect", tv="timeval")
def newselect(task: Task, n: int, inp: int, outp: int, exp: int, tvp: int, *,
              tv: Layout) -> Result:
    """select(2)."""
    timeout = _Timeout(task, tvp, tv, 1000)
    return timeout.run(lambda length: _do_select(task, n, (inp, outp, exp), length))


@syscall("select", tv="timeval")
def select(task: Task, *args: int, tv: Layout) -> Result:
    """select(2); on 32-bit ABIs the old call, whose arguments lie in memory."""
    if len(args) == 1:
        data = task.mem.read(args[0], 20)
        words = [int.from_bytes(data[at:at + 4], "little") for at in range(0, 20, 4)]
        words[0] -= (words[0] & 1 << 31) << 1
        n, inp, outp, exp, tvp = words
    else:
        n, inp, outp, exp, tvp = args
    return newselect(task, n, inp, outp, exp, tvp, tv=tv)


@syscall("pselect6", ts="timespec", pack="sigset_argpack")
@syscall("pselect6_time64", ts="timespec64", pack="sigset_argpack")
def pselect6(task: Task, n: int, inp: int, outp: int, exp: int, tsp: int, sig: int, *,
             ts: Layout, pack: Layout) -> Result:
    """pselect6(2): the last argument points to the mask's address and size."""
    mask = size = 0
    if sig:
        first, second = pack.unpack(task.mem.read(sig, pack.size))
        assert isinstance(first, int) and isinstance(second, int)
        mask, size = first, second
    timeout = _Timeout(task, tsp, ts, 1)
    signal_mask(task, mask, size)
    return timeout.run(lambda length: _do_select(task, n, (inp, outp, exp), length))
