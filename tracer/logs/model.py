"""Events of a log: what one line says.  ``str(event)`` is the line, byte for byte (of a line with
colours, ``event.prefix.painted`` is).

The skeleton of a line is split when it is read; trees of arguments and results are made when
they are asked for (``Call.args``, ``Call.result``), as most readers want few of them.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Union

from tracer.logs.values import Named, Value

Event = Union["Call", "Signal", "Stopped", "Exited", "Killed", "Superseded", "Note", "Dump",
              "StackFrame", "SummaryLine", "Unknown"]

# Call.state
WHOLE, UNFINISHED, RESUMED, CONTINUED = "whole", "unfinished", "resumed", "continued"


@dataclass(frozen=True, slots=True)
class Prefix:
    """What stands before a line's own text.

    text: all of it.  pid, comm: of ``1000<sh> `` or ``[pid  1000] ``.  time: as printed
    (``12:00:00.25``, or seconds since 1970).  relative: seconds since the line before, as
    printed (-r).  number: the call's (-n); ip: the instruction pointer (-i), None also when
    strace did not know it.  painted: the whole line with its newline, if it came with colours,
    which the event itself is without; "" if not.
    """

    text: str = ""
    pid: int | None = None
    comm: str | None = None
    time: str | None = None
    relative: str | None = None
    number: int | None = None
    ip: int | None = None
    painted: str = ""

    @property
    def nanoseconds(self) -> int | None:
        """The time in nanoseconds: since 1970 (-ttt) or since midnight (-t, -tt)."""
        if self.time is None:
            return None
        whole, _, fraction = self.time.partition(".")
        seconds = 0
        for part in whole.split(":"):
            seconds = seconds * 60 + int(part)
        return seconds * 10**9 + int((fraction + "0" * 9)[:9])


NO_PREFIX = Prefix()


@dataclass(frozen=True, slots=True)
class Result:
    """What stands after ``= ``.

    value: the number (with what a descriptor refers to), or the Symbol ``?``.  errno: its name,
    or its digits where strace has no name (``-1 (errno 531)``).  message: of the error.  aux:
    annotations in parentheses, without them (``Timeout``, ``flags O_RDWR``).  marks:
    ``INJECTED``, ``DELAYED`` and the like.  text: all of it as printed.
    """

    text: str
    value: Value
    errno: str | None = None
    message: str | None = None
    aux: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text

    @property
    def injected(self) -> bool:
        """The tracer made this result."""
        return "INJECTED" in self.marks

    @property
    def delayed(self) -> bool:
        """The tracer made the call wait."""
        return "DELAYED" in self.marks


@dataclass(frozen=True, slots=True)
class Call:
    """A system call, or one part of it.

    state: "whole"; "unfinished": only its beginning; "resumed": its end or another part, which
    names the call; "continued": the same without the name, where other text broke the line in
    two (the name is that of the call above).  mark: what cut a part short
    (`` <unfinished ...>``, ``strace: Process 1001 attached``).  arguments: the text between the
    parentheses, or as much of it as the line has.  pad: the blanks before ``=``.  returned: the
    text after ``= ``, without the duration; None when the line has no result.  duration: seconds
    as printed by -T.  Of JSON lines only: names, of the arguments, and elapsed, nanoseconds.
    """

    line: int
    prefix: Prefix
    name: str
    arguments: str
    pad: str = " "
    returned: str | None = None
    duration: str | None = None
    state: str = WHOLE
    mark: str = ""
    end: str = "\n"
    names: tuple[str, ...] = ()
    elapsed: int | None = None

    def __str__(self) -> str:
        if self.state == RESUMED:
            start = f"<... {self.name} resumed>"
        else:
            start = "" if self.state == CONTINUED else f"{self.name}("
        if self.returned is None:
            return f"{self.prefix.text}{start}{self.arguments}{self.mark}{self.end}"
        spent = "" if self.duration is None else f" <{self.duration}>"
        return (f"{self.prefix.text}{start}{self.arguments}{self.mark}){self.pad}= "
                f"{self.returned}{spent}{self.end}")

    @property
    def args(self) -> tuple[Value, ...]:
        """The arguments as values; those with a printed name are ``Named``."""
        return _arguments(self.arguments)

    def arg(self, which: int | str) -> Value:
        """An argument by its position (from 0) or its name.  Raises IndexError or KeyError.

        Names are those of the kernel in JSON lines, else only what the line itself shows.
        """
        values = self.args
        if isinstance(which, int):
            value = values[which]
        elif which in self.names and len(self.names) == len(values):
            value = values[self.names.index(which)]
        else:
            for value in values:
                if isinstance(value, Named) and value.name == which:
                    break
            else:
                raise KeyError(which)
        return value.value if isinstance(value, Named) else value

    @property
    def result(self) -> Result | None:
        """The result; None when the line has none."""
        return None if self.returned is None else _result(self.returned)


@lru_cache(4096)
def _arguments(text: str) -> tuple[Value, ...]:
    from tracer.logs.trees import parse_arguments

    return parse_arguments(text)


def _one(text: str) -> Value:
    from tracer.logs.trees import parse_value

    return parse_value(text)


@lru_cache(4096)
def _result(text: str) -> Result:
    from tracer.logs.trees import parse_result

    return parse_result(text)


@dataclass(frozen=True, slots=True)
class Signal:
    """``--- SIGCHLD {…} ---``; info: the text of the siginfo structure, None when not known."""

    line: int
    prefix: Prefix
    name: str
    info: str | None
    end: str = "\n"

    def __str__(self) -> str:
        info = "" if self.info is None else f" {self.info}"
        return f"{self.prefix.text}--- {self.name}{info} ---{self.end}"

    @property
    def value(self) -> Value | None:
        """siginfo as a value."""
        return None if self.info is None else _one(self.info)


@dataclass(frozen=True, slots=True)
class Stopped:
    """``--- stopped by SIGSTOP ---``."""

    line: int
    prefix: Prefix
    name: str
    end: str = "\n"

    def __str__(self) -> str:
        return f"{self.prefix.text}--- stopped by {self.name} ---{self.end}"


@dataclass(frozen=True, slots=True)
class Exited:
    """``+++ exited with 0 +++``."""

    line: int
    prefix: Prefix
    status: int
    end: str = "\n"

    def __str__(self) -> str:
        return f"{self.prefix.text}+++ exited with {self.status} +++{self.end}"


@dataclass(frozen=True, slots=True)
class Killed:
    """``+++ killed by SIGSEGV (core dumped) +++``."""

    line: int
    prefix: Prefix
    name: str
    dumped: bool
    end: str = "\n"

    def __str__(self) -> str:
        core = " (core dumped)" if self.dumped else ""
        return f"{self.prefix.text}+++ killed by {self.name}{core} +++{self.end}"


@dataclass(frozen=True, slots=True)
class Superseded:
    """``+++ superseded by execve in pid 1001 +++``."""

    line: int
    prefix: Prefix
    pid: int
    end: str = "\n"

    def __str__(self) -> str:
        return f"{self.prefix.text}+++ superseded by execve in pid {self.pid} +++{self.end}"


@dataclass(frozen=True, slots=True)
class Note:
    """What a tracer says besides events.

    kind: "message" (``strace: Process 1001 attached``), "comment" (``# …``, as in the header of
    a golden log), "mode" (``[ Process PID=1000 runs in 32 bit mode. ]``) or "blank".
    """

    line: int
    prefix: Prefix
    kind: str
    text: str
    end: str = "\n"

    def __str__(self) -> str:
        return f"{self.prefix.text}{self.text}{self.end}"


@dataclass(frozen=True, slots=True)
class Dump:
    """A line of -e read= or -e write=, of the call above it.

    kind: "data" (then offset and data are known), "buffer", "vector" or "broken".
    """

    line: int
    kind: str
    text: str
    offset: int = 0
    data: bytes = b""
    end: str = "\n"
    prefix: Prefix = field(default=NO_PREFIX, repr=False)

    def __str__(self) -> str:
        return f"{self.text}{self.end}"


@dataclass(frozen=True, slots=True)
class StackFrame:
    """A line of -k, of the call above it: ``/lib/libc.so.6(open+0x10) [0xe5010]``.

    Fields that the line does not have are None.
    """

    line: int
    text: str
    object: str | None = None
    symbol: str | None = None
    offset: int | None = None
    address: int | None = None
    source: str | None = None
    end: str = "\n"
    prefix: Prefix = field(default=NO_PREFIX, repr=False)

    def __str__(self) -> str:
        return f"{self.text}{self.end}"


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """A line of a table of -c.  kind: "title", "columns", "rule", "row" or "total"; cells: the
    columns' texts by heading (of rows and totals)."""

    line: int
    kind: str
    text: str
    cells: tuple[tuple[str, str], ...] = ()
    end: str = "\n"
    prefix: Prefix = field(default=NO_PREFIX, repr=False)

    def __str__(self) -> str:
        return f"{self.text}{self.end}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A line that is none of the above, kept as it is."""

    line: int
    text: str
    end: str = "\n"
    prefix: Prefix = field(default=NO_PREFIX, repr=False)

    def __str__(self) -> str:
        return f"{self.text}{self.end}"
