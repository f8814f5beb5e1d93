"""Values → the text strace prints: the one place that knows its punctuation.

``Style(...)`` holds the user's choices (-X, -x, -N); ``render`` prints one value, ``arguments``
a list of them, ``format_line`` and its neighbours put lines together.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tracer.decode.values import (
    Addr,
    Array,
    CallValue,
    Change,
    Comment,
    Either,
    Fd,
    Hex,
    Join,
    Named,
    Pending,
    Set,
    Str,
    Struct,
    Sym,
    Text,
)
from tracer.output.base import ARGUMENTS, DELAYED, RESULT
from tracer.output.escape import PLAIN, escape, escape_detail, hex_escape

if TYPE_CHECKING:
    from tracer.decode.values import Value
    from tracer.output.base import Frame

ABBREV, RAW, VERBOSE = "abbrev", "raw", "verbose"   # -X


def number(n: int, fmt: str) -> str:
    """A number as a Sym's bare value: fmt is "x", "d", "o" or "X" (see Sym)."""
    if fmt == "x":
        return hex(n) if n else "0"
    if fmt == "d":
        return str(n)
    if fmt == "X":
        return f"{n:#010x}" if n else "00000000"    # as printf("%#.8x") has it
    if fmt == "L":
        return f"{n:#08x}" if n else "00000000"
    return f"0{n:02o}"  # modes: at least three digits in all


class Style:
    """How values are printed.

    xlat: "abbrev" (names), "raw" (numbers) or "verbose" (both).  strings: the string mode of
    ``tracer.output.escape``.  names: print ``name=`` before every argument (-N).
    """

    def __init__(self, xlat: str = ABBREV, strings: str = PLAIN, names: bool = False) -> None:
        self.xlat = xlat
        self.strings = strings
        self.names = names
        sym = {ABBREV: self._sym, RAW: self._sym_raw, VERBOSE: self._sym_verbose}[xlat]
        either = {ABBREV: self._either, RAW: self._either_raw,
                  VERBOSE: self._either_verbose}[xlat]
        self.table: dict[type, Callable[[Any], str]] = {
            int: str,
            bool: lambda v: str(int(v)),
            Hex: self._hex,
            Addr: self._addr,
            Sym: sym,
            Str: self._str_plain if strings == PLAIN else self._str,
            Struct: self._struct,
            Array: self._array,
            Set: self._set,
            Change: self._change,
            Fd: self._fd,
            Comment: self._comment,
            CallValue: self._call,
            Text: self._text,
            Either: either,
            Join: self._join,
            Named: self._named,
            Pending: self._pending,
        }

    def render(self, value: Value) -> str:
        """The text of one value."""
        return self.table[value.__class__](value)

    def arguments(self, values: Sequence[Value | None],
                  names: Sequence[str] | None = None) -> str:
        """The text between the parentheses.  None: an argument that is not printed; names: the
        arguments' names, printed when the style asks for them."""
        table = self.table
        if names is None or not self.names:
            return ", ".join([table[v.__class__](v) for v in values if v is not None])
        parts = []
        for i, v in enumerate(values):
            if v is None:
                continue
            text = table[v.__class__](v)
            if v.__class__ not in (Pending, Named) and v is not CUT and i < len(names):
                text = f"{names[i]}={text}"
            parts.append(text)
        return ", ".join(parts)

    # -- what only a coloured style changes

    def name(self, name: str) -> str:
        """A call's name."""
        return name

    def error(self, text: str) -> str:
        """A result that is an error."""
        return text

    def line(self, text: str) -> str:
        """A line that is not of a call: signals, exits."""
        return text

    def invisible(self, text: str) -> int:
        """How many characters of a text take no room on the screen."""
        return 0

    # -- numbers

    @staticmethod
    def _hex(v: Hex) -> str:
        n = v.n
        return hex(n) if n else "0"

    @staticmethod
    def _addr(v: Addr) -> str:
        n = v.n
        return hex(n) if n else "NULL"

    @staticmethod
    def _sym(v: Sym) -> str:
        if v.text is not None:
            return v.text
        if v.unknown is not None:
            return f"{number(v.n, v.fmt)} /* {v.unknown} */"
        return number(v.n, v.fmt)

    @staticmethod
    def _sym_raw(v: Sym) -> str:
        return number(v.n, v.fmt)

    @staticmethod
    def _sym_verbose(v: Sym) -> str:
        comment = v.text if v.text is not None else v.unknown
        if comment is None:
            return number(v.n, v.fmt)
        return f"{number(v.n, v.fmt)} /* {comment} */"

    def _either(self, v: Either) -> str:
        return self.render(v.text)

    def _either_raw(self, v: Either) -> str:
        return self.render(v.raw)

    def _either_verbose(self, v: Either) -> str:
        return f"{self.render(v.raw)} /* {self.render(v.text)} */"

    # -- strings

    def _str(self, v: Str) -> str:
        if v.style == "c":
            return f'{v.prefix}/* "{hex_escape(v.data)}" */'
        inside = hex_escape(v.data) if v.style == "x" else escape(v.data, self.strings)
        return f'{v.prefix}"{inside}"...' if v.more else f'{v.prefix}"{inside}"'

    def _str_plain(self, v: Str) -> str:
        if v.style or v.prefix:
            return self._str(v)
        return f'"{escape(v.data)}"...' if v.more else f'"{escape(v.data)}"'

    # -- composites

    def _struct(self, v: Struct) -> str:
        table = self.table
        parts = [f"{name}={table[f.__class__](f)}" if name else table[f.__class__](f)
                 for name, f in v.fields]
        if v.more:
            parts.append("...")
        body = ", ".join(parts)
        return "{" + body if v.open else "{" + body + "}"

    def _array(self, v: Array) -> str:
        table = self.table
        parts = [table[f.__class__](f) for f in v.items]
        if v.broken is not None:
            parts.append(f"... /* {hex(v.broken)} */")
        elif v.more:
            parts.append("...")
        return "[" + ", ".join(parts) + "]"

    def _set(self, v: Set) -> str:
        body = " ".join([self.render(f) for f in v.items])
        return f"~[{body}]" if v.negated else f"[{body}]"

    def _change(self, v: Change) -> str:
        return f"{self.render(v.old)} => {self.render(v.new)}"

    def _fd(self, v: Fd) -> str:
        number_ = self.render(v.number)
        if v.detail is None:
            return number_
        detail = v.detail if isinstance(v.detail, str) else escape_detail(v.detail)
        return f"{number_}<{detail}>" + ("(deleted)" if v.deleted else "")

    def _comment(self, v: Comment) -> str:
        text = v.text if isinstance(v.text, str) else self.render(v.text)
        return f"{self.render(v.value)} /* {text} */"

    def _call(self, v: CallValue) -> str:
        return f"{v.name}({', '.join([self.render(a) for a in v.args])})"

    @staticmethod
    def _text(v: Text) -> str:
        return v.text

    def _join(self, v: Join) -> str:
        return v.sep.join([self.render(f) for f in v.items])

    def _named(self, v: Named) -> str:
        return f"{v.name}{v.sep}{self.render(v.value)}"

    @staticmethod
    def _pending(v: Pending) -> str:
        return ""


def render(value: Value, style: Style) -> str:
    """The text of one value."""
    return style.table[value.__class__](value)


# -- results

def format_result(text: str, aux: str | None = None, injected: bool = False) -> str:
    """``5 (Timeout) (INJECTED)``: a rendered result with its annotations."""
    if aux is not None:
        text += f" ({aux})"
    return text + " (INJECTED)" if injected else text


def format_error(errno: int, injected: bool = False, aux: str | None = None) -> str:
    """``-1 ENOENT (No such file or directory)``, ``? ERESTARTSYS (…)``, ``-1 (errno 531)``."""
    from sysnames.errno import MESSAGES, NAMES

    name = NAMES.get(errno)
    if name is None:
        text = f"-1 (errno {errno})"
    elif errno in (512, 513, 514, 516):
        # the kernel's restart codes: whether the program sees an error is not known yet
        text = f"? {name} ({MESSAGES[errno]})"
    else:
        text = f"-1 {name} ({MESSAGES[errno]})"
    if injected:
        text += " (INJECTED)"
    return f"{text} ({aux})" if aux is not None else text


def format_tampered(what: int) -> str:
    """`` (INJECTED: args, retval) (DELAYED)``: what was done to a call (bits of
    `tracer.output.base`)."""
    text = ""
    if what & ARGUMENTS:
        text = " (INJECTED: args, retval)" if what & RESULT else " (INJECTED: args)"
    elif what & RESULT:
        text = " (INJECTED)"
    return text + " (DELAYED)" if what & DELAYED else text


# -- lines

def format_line(prefix: str, name: str, arguments: str, result: str, column: int = 40) -> str:
    """A whole line of a call, without newline; ``= `` stands at ``column`` (-a) or later."""
    return f"{prefix}{name}({arguments}) ".ljust(column) + "= " + result


def format_tail(printed: int, rest: str, result: str, column: int = 40) -> str:
    """What completes a line of which ``printed`` columns stand already: the rest of the
    arguments, ``)`` and the result."""
    return f"{rest}) ".ljust(column - printed) + "= " + result


def format_resumed(prefix: str, name: str, rest: str, result: str, column: int = 40) -> str:
    """``<... read resumed>"x", 1)   = 1``: the second half of an interrupted line."""
    return f"{prefix}<... {name} resumed>{rest}) ".ljust(column) + "= " + result


def format_frame(frame: Frame) -> str:
    """`` > /usr/bin/prog(main+0x1a) [0x113a]``: a frame of a stack, with `` prog.c:7`` behind it
    where its source is known."""
    inside = f"{frame.function}+{frame.offset:#x}" if frame.function is not None else ""
    source = f" {frame.source}" if frame.source is not None else ""
    return f" > {frame.object}({inside}) [{frame.address:#x}]{source}"


UNFINISHED = " <unfinished ...>"
CUT = Text(UNFINISHED)      # in place of arguments that are never known


def signal_name(signo: int) -> str:
    """``SIGSEGV``, ``SIGRT_3``, or the number when no such signal exists."""
    from sysnames.signals import NAMES

    return NAMES.get(signo) or (f"SIGRT_{signo - 32}" if 32 < signo <= 64 else str(signo))


def format_signal(prefix: str, signo: int, info: Value | None, style: Style) -> str:
    """``--- SIGSEGV {si_signo=SIGSEGV, …} ---``; info is the value of decode_siginfo."""
    if info is None:
        return f"{prefix}--- {signal_name(signo)} ---"
    return f"{prefix}--- {signal_name(signo)} {style.render(info)} ---"


def format_stopped(prefix: str, signo: int) -> str:
    """A group stop."""
    return f"{prefix}--- stopped by {signal_name(signo)} ---"


def format_exited(prefix: str, status: int) -> str:
    """status: what the task passed to exit, 0 to 255."""
    return f"{prefix}+++ exited with {status} +++"


def format_killed(prefix: str, signo: int, dumped: bool = False) -> str:
    """The end by a signal."""
    return f"{prefix}+++ killed by {signal_name(signo)}{' (core dumped)' if dumped else ''} +++"


def format_superseded(prefix: str, pid: int) -> str:
    """A thread that another thread's execve ended."""
    return f"{prefix}+++ superseded by execve in pid {pid} +++"


def format_mode(prefix: str, pid: int, bits: int) -> str:
    """A process changed between the 64-bit and the 32-bit ABI."""
    return f"{prefix}[ Process PID={pid} runs in {bits} bit mode. ]"
