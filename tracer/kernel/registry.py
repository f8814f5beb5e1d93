"""Which function handles which call.

    @syscall("dup2")
    def dup2(task: Task, oldfd: int, newfd: int) -> int: ...

    @syscall("clock_gettime", ts="timespec")
    @syscall("clock_gettime64", ts="timespec64")
    def clock_gettime(task: Task, which: int, address: int, *, ts: Layout) -> int: ...

A handler gets the arguments of the call's signature row, each converted to its C type, and
returns a result ≥ 0, raises LinuxError, or returns a generator that may block (see
tracer.wait).  Keyword parameters name structures; they arrive as the layouts of the task's ABI.
"""
from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, Union

if TYPE_CHECKING:
    from tracer.wait import Wait

Blocking = Generator["Wait", int, Union[int, "Done", None]]
Result = Union[int, Blocking, "Done", None]
F = TypeVar("F", bound=Callable[..., Any])


class Done:
    """The call is over and the registers are as they shall be (execve, sigreturn).

    result: what the log shows.
    """

    __slots__ = ("result",)

    def __init__(self, result: int) -> None:
        self.result = result


class Handler(NamedTuple):
    """function: as registered.  note: what of the call is not emulated ("" for all of it).
    structs: parameter name → structure name."""

    function: Callable[..., Result]
    note: str
    structs: dict[str, str]


HANDLERS: dict[str, Handler] = {}


def find_handler(name: str, abi: str) -> Handler | None:
    """The handler of a call; names may be registered for some ABIs only (``mmap@32``), with the
    suffixes of sysnames.lookup."""
    from sysnames.lookup import SUFFIXES
    from tracer.kernel.calls import load_handler

    load_handler(name)
    for suffix in SUFFIXES[abi]:
        handler = HANDLERS.get(name + suffix)
        if handler is not None:
            return handler
    return None


def syscall(*names: str, note: str = "", **structs: str) -> Callable[[F], F]:
    """Register a handler for calls of these names."""

    def register(function: F) -> F:
        for name in names:
            HANDLERS[name] = Handler(function, note, structs)
        return function

    return register
