"""A call in flight, as decoders see it, and the registry of kinds."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tracer.decode.plan import Plan
    from tracer.decode.values import Value


class Memory(Protocol):
    """Read access to guest memory; never changes it, never faults pages in visibly."""

    def read(self, address: int, size: int) -> bytes:
        """Exactly size bytes; raises Fault when any of them is unreadable."""

    def read_prefix(self, address: int, size: int) -> bytes:
        """The readable bytes at the start of the range, perhaps none."""

    def read_string(self, address: int, limit: int) -> tuple[bytes, bool]:
        """Bytes up to a NUL (not included) or ``limit`` of them, and whether the NUL was seen;
        raises Fault when memory ends first."""


class Options(Protocol):
    """What the user asked for, as far as decoding depends on it."""

    string_limit: int       # -s
    decode_fds: int         # FD_* bits below
    decode_pids: int        # PID_* bits
    xlat: str               # "abbrev", "raw", "verbose": writers use it; few decoders must

    def abbreviated(self, name: str) -> bool:
        """Whether structures of this call are shortened (-e abbrev)."""

    def verbose(self, name: str) -> bool:
        """Whether structures of this call are read at all (-e verbose)."""


PID_COMM, PID_NAMESPACE = 1, 2
FD_PATH, FD_SOCKET, FD_DEV, FD_PIDFD, FD_SIGNALFD, FD_EVENTFD = 1, 2, 4, 8, 16, 32


class Call:
    """One system call from entry to exit.

    words: the logical arguments, converted to their C types, in the row's order; by_name gives
    a word by its name in the row.  result and error are valid at exit: result is the value the
    call returned (≥ 0, or any word for calls that cannot fail), error a positive errno or 0.
    memo lets decoders keep something between entry and exit (None until one does); resume is
    the plan's own: where decoding goes on at exit.
    """

    __slots__ = ("abi", "error", "exiting", "mem", "memo", "name", "options", "plan", "result",
                 "resume", "task", "words")

    task: Any               # tracer.kernel.task.Task; see TaskView for what decoders may use
    abi: str                # "x86_64", ...
    name: str               # of the call
    mem: Memory
    options: Options
    words: tuple[int, ...]
    exiting: bool
    result: int
    error: int
    memo: dict[Any, Any] | None
    resume: int
    plan: Plan              # how it is decoded; decode_entry sets it

    def by_name(self, name: str) -> int:
        """The word of the argument of that name; "ret" is the result."""
        return self.result if name == "ret" else self.words[self.plan.index[name]]


class TaskView(Protocol):
    """What decoders may ask of a task (tracer.kernel.task.Task has it)."""

    pid: int                # of the thread (tid)
    comm: bytes

    def comm_of(self, pid: int) -> bytes | None:
        """The name of a process or thread; None when there is none of this id."""

    def outer_id(self, number: int, kind: str) -> int:
        """What the tracer's PID namespace calls a "tid", "pid", "pgid" or "sid" of the task's; 0
        when it is nobody's."""

    def fd_detail(self, fd: int, what: int) -> tuple[bytes | str, bool] | None:
        """Text between < and > for a descriptor (AT_FDCWD: the working directory) and whether
        the file is deleted; what: FD_* bits; None when the descriptor is not open.  Bytes are
        still to be escaped, a str is ready; FD_PATH alone gives bytes."""

    def netlink_protocol(self, fd: int) -> int | None:
        """The protocol of a netlink socket (NETLINK_*): -1 while it has no address, None for
        descriptors that are no netlink sockets."""

    def fd_detail_of(self, pidfd: int, fd: int, what: int) -> tuple[bytes | str, bool] | None:
        """The same for a descriptor of the process that pidfd refers to."""


Decoder = Callable[[Call, int], "Value | None"]
# A factory gets the builder (tracer.decode.build.Build) and the parameters of the kind in the
# row; it returns a Decoder, a memory factory a MemType.
Factory = Callable[..., Any]

FACTORIES: dict[str, Factory] = {}
MEMORY_FACTORIES: dict[str, Factory] = {}
RESULT_FACTORIES: dict[str, Factory] = {}


def kind(*names: str) -> Callable[[Factory], Factory]:
    """Register a factory of decoders for kinds of these names: ``factory(build, *params)``."""

    def register(factory: Factory) -> Factory:
        for name in names:
            FACTORIES[name] = factory
        return factory

    return register


def memory_kind(*names: str) -> Callable[[Factory], Factory]:
    """Register a factory of types in memory: ``factory(build, *params) -> MemType``."""

    def register(factory: Factory) -> Factory:
        for name in names:
            MEMORY_FACTORIES[name] = factory
        return factory

    return register


def result_kind(*names: str) -> Callable[[Factory], Factory]:
    """Register a factory of result decoders: ``factory(build, *params)`` returns a function
    from the call to its result's value and the annotation in parentheses after it, or None."""

    def register(factory: Factory) -> Factory:
        for name in names:
            RESULT_FACTORIES[name] = factory
        return factory

    return register
