"""What a trap meets: the entry of its call, and whoever watches."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from sysnames import errno as E
from tracer.abi.convert import converter
from tracer.errors import LinuxError
from tracer.kernel.registry import Done, find_handler
from tracer.wait import OUTSIDE

if TYPE_CHECKING:
    from tracer.kernel.task import Task

RESTARTS = frozenset((-512, -513, -514, -516))
PRIVATE = 0x7F000000            # call numbers of our vDSO: handled, never shown
_SHMAT = 21                     # of ipc(2)


class Observer(Protocol):
    """Who is told of what happens: the tracer.

    ``observes`` says once per call name whether ``enter`` and ``exit`` are wanted for it.
    """

    watching: bool

    def observes(self, entry: Entry) -> bool: ...
    def enter(self, task: Task, entry: Entry, args: tuple[int, ...],
              words: tuple[int, ...]) -> Any: ...
    def exit(self, token: Any, result: int) -> object: ...
    def unfinished(self, token: Any) -> None: ...
    def signal(self, task: Task, info: dict[str, Any]) -> None: ...
    def stopped(self, task: Task, signo: int) -> None: ...
    def leaves(self, task: Task) -> None: ...
    def exited(self, task: Task, status: int) -> None: ...
    def killed(self, task: Task, signo: int, core: bool) -> None: ...
    def created(self, parent: Task, child: Task) -> None: ...
    def superseded(self, old: Task, new: Task, tid: int) -> None: ...
    def unknown(self, pid: int, ended: bool) -> None: ...
    def follows(self) -> bool: ...
    def executed(self, task: Task) -> None: ...
    def waits(self) -> None: ...


class Silent:
    """An observer that wants to know nothing."""

    watching = False

    def observes(self, entry: Entry) -> bool:
        return False

    def follows(self) -> bool:
        return False

    def nothing(self, *_args: Any) -> None:
        return None

    enter = exit = unfinished = signal = stopped = leaves = exited = killed = nothing
    created = superseded = unknown = executed = waits = nothing


class Entry:
    """One call of one ABI, made ready at its first use.

    convert: raw registers → arguments; handle(task, *arguments); observed: the tracer wants
    it; plan and selected: the tracer's.
    """

    __slots__ = ("abi", "convert", "handle", "multiplexed", "name", "number", "observed", "plan",
                 "row", "selected")

    def __init__(self, name: str, abi: str, number: int) -> None:
        self.row = name             # of sysnames.signatures; may have a suffix
        self.name = name.partition("@")[0]
        self.abi = abi
        self.number = number
        self.observed = self.selected = False
        self.plan: Any = None
        self.multiplexed = name in ("socketcall", "ipc")    # stands for many calls
        try:
            self.convert = converter(name, abi)
        except KeyError:
            self.convert = six
        handler = find_handler(name, abi)
        if handler is None:
            self.handle: Callable[..., Any] = _not_emulated
        elif handler.structs:
            from sysnames.layout import layout
            self.handle = partial(handler.function, **{
                keyword: layout(struct, abi) for keyword, struct in handler.structs.items()})
        else:
            self.handle = handler.function


def six(words: Any) -> tuple[int, ...]:
    return tuple(words[:6])


def _not_emulated(task: Task, *_args: int) -> int:
    raise LinuxError(E.ENOSYS)


def multiplexed(outer: Entry, task: Task, *_args: int) -> Any:
    """A call shown as what it stands for, but made as the program made it."""
    result = outer.handle(task, *outer.convert(task.trap_words[1:]))
    if outer.name == "ipc" and task.trap_words[1] & 0xFFFF == _SHMAT and result == 0:
        return _shmat_result(task, task.trap_words)
    return result


def _shmat_result(task: Task, words: tuple[int, ...]) -> Any:
    """The program gets 0 and the address in memory; the log shows the address."""
    yield OUTSIDE
    task.engine.complete(words, 0)
    return Done(task.mem.read_int(words[4], 4))


def skipped(task: Task, first: int, *_args: int) -> int:
    return first


def unknown(number: int, task: Task, *_args: int) -> int:
    """A number that no table has: ENOSYS, or a signal where the architecture sends one."""
    info = task.abi.call_signal(task.engine, number)
    if info is not None:
        task.kernel.signals.force(task, dict(info))
    raise LinuxError(E.ENOSYS)
