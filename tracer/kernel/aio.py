"""Contexts of asynchronous input and output (io_setup(2), fs/aio.c).

Requests are served when they are submitted, as Linux does for most files; only polls are
outstanding.  Their results stand in a ring in the program's memory, from which a library may
take them without a call.
"""
from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.memory.space import align
from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from tracer.kernel.task import Task
    from tracer.memory.space import AddressSpace
    from tracer.vfs.base import File
    from tracer.vfs.eventfd import EventFile

# struct aio_ring of fs/aio.c: id, nr, head, tail, magic, features, header length
_MAGIC, _COMPAT_FEATURES, _HEADER = 0xA10A10A1, 1, 32
EVENT_SIZE = 32                 # struct io_event
REQUESTS_MAX = 0x10000          # /proc/sys/fs/aio-max-nr
_EVENTS_MAX = 0x10000000 // EVENT_SIZE
_PROT_RW, _MAP_SHARED, _MAP_ANONYMOUS = 3, 1, 32


class Iocb(NamedTuple):
    """struct iocb of linux/aio_abi.h, and where the program has it."""

    address: int
    data: int
    key: int
    rw_flags: int
    opcode: int
    reqprio: int
    fd: int
    buf: int
    nbytes: int
    offset: int
    reserved: int
    flags: int
    resfd: int


class Context:
    """One context: its ring, and the polls that wait."""

    __slots__ = ("address", "changed", "dead", "events", "polls", "requests", "size", "space",
                 "tail")

    def __init__(self, task: Task, requests: int) -> None:
        """requests: as io_setup(2) got it.  EINVAL, EAGAIN, ENOMEM."""
        events = max(requests, 4 * task.kernel.cpus) * 2
        if events > _EVENTS_MAX:
            raise LinuxError(E.EINVAL)
        contexts = _contexts.setdefault(task.mem, {})
        if sum(c.requests for c in contexts.values()) + requests > REQUESTS_MAX:
            raise LinuxError(E.EAGAIN)
        from tracer.kernel.calls.memory import do_mmap
        self.requests: int = requests
        self.space = task.mem
        self.size = align(_HEADER + EVENT_SIZE * (events + 2))
        self.events = (self.size - _HEADER) // EVENT_SIZE
        self.address = do_mmap(task, 0, self.size, _PROT_RW, _MAP_SHARED | _MAP_ANONYMOUS, -1, 0)
        vma = self.space.find(self.address)
        assert vma is not None
        vma.name = "/[aio] (deleted)"
        self.space.write(self.address, pack(
            "<8I", len(contexts), self.events, 0, 0, _MAGIC, _COMPAT_FEATURES, 0, _HEADER))
        self.tail = 0
        self.changed = WaitQueue()
        self.polls: dict[int, Poll] = {}        # address of the iocb → poll
        self.dead = False
        contexts[self.address] = self

    def available(self) -> int:
        """How many more requests it takes."""
        return self.events - 1 - self._filled() - len(self.polls)

    def _head(self) -> int:
        try:
            return self.space.read_int(self.address + 8, 4) % self.events
        except Fault:           # unmapped by the program
            return self.tail

    def _filled(self) -> int:
        return (self.tail - self._head()) % self.events

    def complete(self, iocb: Iocb, result: int, notify: EventFile | None) -> None:
        """Put the result of a request into the ring and tell those who wait for it."""
        try:
            self.space.write(self.address + _HEADER + EVENT_SIZE * self.tail,
                             pack("<QQqq", iocb.data, iocb.address, result, 0))
            self.tail = (self.tail + 1) % self.events
            self.space.write(self.address + 12, pack("<I", self.tail))
        except Fault:
            return
        if notify is not None:
            notify.signal()
        self.changed.wake()

    def take(self, most: int) -> bytes:
        """Up to ``most`` results, struct io_event each, out of the ring."""
        head = self._head()
        data = b""
        count = min(most, self._filled())
        for _ in range(count):
            data += self.space.read(self.address + _HEADER + EVENT_SIZE * head, EVENT_SIZE)
            head = (head + 1) % self.events
        if count:
            self.space.write(self.address + 8, pack("<I", head))
        return data

    def destroy(self) -> None:
        """io_destroy(2): outstanding requests are cancelled."""
        self.dead = True
        for poll in list(self.polls.values()):
            poll.stop()
        _contexts[self.space].pop(self.address, None)
        self.changed.wake()
        self.space.unmap(self.address, self.address + self.size)


class Poll:
    """An IOCB_CMD_POLL that waits for its file."""

    __slots__ = ("context", "file", "iocb", "mask", "notify", "queues")

    def __init__(self, context: Context, iocb: Iocb, file: File, mask: int,
                 notify: EventFile | None) -> None:
        self.context = context
        self.iocb = iocb
        self.file = file
        self.mask = mask
        self.notify = notify
        file.refs += 1
        context.polls[iocb.address] = self
        self.queues = tuple(file.waiters())
        for queue in self.queues:
            queue.add(self.wake)

    def wake(self) -> None:
        """The file may be ready."""
        ready = self.file.poll() & self.mask
        if ready:
            self.finish(ready)

    def finish(self, result: int) -> None:
        """The poll is over."""
        self.stop()
        self.context.complete(self.iocb, result, self.notify)

    def stop(self) -> None:
        """Let go of the file."""
        from tracer.kernel.task import drop
        for queue in self.queues:
            queue.discard(self.wake)
        self.context.polls.pop(self.iocb.address, None)
        drop(self.file)


_contexts: WeakKeyDictionary[AddressSpace, dict[int, Context]] = WeakKeyDictionary()


def find(task: Task, number: int) -> Context:
    """The context of an aio_context_t; EINVAL."""
    contexts = _contexts.get(task.mem)
    context = contexts.get(number) if contexts is not None else None
    if context is None:
        raise LinuxError(E.EINVAL)
    return context
