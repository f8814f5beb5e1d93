"""A line's text → its shape: what of it is compared, and what it does to its process."""
from __future__ import annotations

import re
from typing import Any

from tracer.compare.rules import (
    ADDRESSES,
    DIRECTORIES,
    MESSAGES,
    PIDS,
    PROCESSES,
    SIGCHLD,
    Settings,
)
from tracer.compare.scan import COMPARED, Scanner, Span, template
from tracer.logs.model import (
    Call,
    Dump,
    Event,
    Exited,
    Killed,
    Note,
    Signal,
    StackFrame,
    SummaryLine,
    Superseded,
)
from tracer.logs.values import Number

# Shape.kind
CALL, PART, END, EVENT, ENDED, BELOW, SUMMARY, NOTE, UNKNOWN = range(9)

FORKS = frozenset(("clone", "clone2", "clone3", "fork", "vfork", "__clone2"))
_WAITS = frozenset(("wait4", "waitpid", "waitid"))
_EFFECTS = FORKS | _WAITS | {"mmap", "mmap2", "old_mmap", "munmap", "brk", "mremap", "execve",
                             "execveat", "rt_sigreturn", "sigreturn"}
_SLOW = _EFFECTS | {"getdents", "getdents64"}
_DURATION = re.compile(r" <\d+(?:\.\d+)?>\Z")
_ENTRIES = re.compile(r"\{d_ino=[^}]*\}")
_WAITED = re.compile(r"si_pid=(\d+)")
_STRINGS = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"|<([^<>]*)>', re.S)
_ATTACHED = re.compile(r"Process (\d+) attached")


class Shape:
    """What is the same for all lines with the same text.

    kind: one of the constants above.  name: the call's or signal's.  text: what is compared,
    without prefix and padding.  hash: of its template.  values: (class, value) of the spans that
    are compared.  effect: what it does to its process: a word and operands, or None.
    ignored: the user's rules hide it.  part: the event of a part of a call.
    """

    __slots__ = ("effect", "hash", "ignored", "kind", "name", "part", "text", "values")

    def __init__(self, kind: int, name: str = "", text: str = "") -> None:
        self.kind = kind
        self.name = name
        self.text = text
        self.hash = 0
        self.values: tuple[tuple[int, int], ...] = ()
        self.effect: tuple[Any, ...] | None = None
        self.ignored = False
        self.part: Call | None = None


class Shaper:
    """Makes shapes by the rules in force."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.rules = settings.rules
        self.scanner = Scanner(settings.rules)
        self.deaths: set[int] = set()           # keys of SIGCHLDs whose place does not matter
        # Where things are in memory is a matter of the ABI.
        self.compared = set(COMPARED) - ({ADDRESSES} if settings.abi_neutral else set())
        self.hurries = not (settings.replace or settings.ignore_calls or settings.ignore_paths
                            or settings.abi_neutral)

    # -- text

    def call_text(self, call: Call) -> tuple[str, str]:
        """A whole call's name and text as they are compared."""
        name, arguments, returned = call.name, call.arguments, call.returned
        if self.settings.abi_neutral:
            from tracer.compare.neutral import neutral

            name, arguments, returned = neutral(name, arguments, returned)
        if returned is None:
            text = f"{name}({arguments}{call.mark}"
        else:
            text = f"{name}({arguments}{call.mark}) = {returned}"
        if DIRECTORIES in self.rules and name.startswith("getdents") and "{d_ino=" in text:
            entries = iter(sorted(_ENTRIES.findall(text), key=_entry_name))
            text = _ENTRIES.sub(lambda m: next(entries), text)
        return name, self.replaced(text)

    def replaced(self, text: str) -> str:
        """A text with the user's replacements."""
        for _, pattern, replacement in self.settings.replace:
            text = pattern.sub(replacement, text)
        return text

    def spans(self, name: str, text: str) -> list[Span]:
        """The spans of a text of ``call_text`` or ``event_text``."""
        if name and text.startswith(f"{name}("):
            spans = self.scanner.scan(name, text, len(name) + 1)
            if PROCESSES in self.rules and (name in FORKS or name in _WAITS):
                # which child it is depends on their order
                result = text.rfind(") = ")
                spans = [Span(span.start, span.end, PROCESSES)
                         if span.rule == PIDS and span.start > result else span for span in spans]
            return spans
        return self.scanner.scan("", text, 0)

    def event_text(self, event: Event) -> tuple[str, str]:
        """The name and the compared text of any event."""
        if isinstance(event, Call):
            return self.call_text(event)
        if isinstance(event, Signal):
            info = "" if event.info is None else f" {event.info}"
            return event.name, self.replaced(f"--- {event.name}{info} ---")
        if isinstance(event, SummaryLine) and MESSAGES in self.rules:
            cells = dict(event.cells)
            return "", (f"{cells.get('syscall', '')}: {cells.get('calls', '')} calls, "
                        f"{cells.get('errors') or 0} errors")
        text = str(event)[len(event.prefix.text):].rstrip("\r\n")
        if isinstance(event, StackFrame):
            text = re.sub(r" \[0x[0-9a-f]+\]", "", text)
        return "", self.replaced(text)

    # -- shapes

    def quick(self, body: str) -> Shape | None:
        """The shape of a line without its prefix, if it is an ordinary call without effects:
        the same as ``shape`` of its event."""
        at = body.find("(")
        equals = body.find("= ")
        if not self.hurries or at <= 0 or equals < 0:
            return None
        name = body[:at]
        if name in _SLOW or not name.isidentifier() or body.find("= ", equals + 1) >= 0:
            return None
        head = body[:equals].rstrip(" ")
        if head[-1] != ")" or len(head) == equals:
            return None
        returned = body[equals + 2:-1]
        if returned[-1:] in "\r>":
            m = _DURATION.search(returned)
            if m is None:
                return None
            returned = returned[:m.start()]
        text = f"{head} = {returned}"
        found = self.scanner.quick(name, text)
        if found is None:
            return None
        shape = Shape(CALL, name, text)
        shape.hash = hash(found[0])
        shape.values = found[1]
        return shape

    def shape(self, event: Event) -> Shape:
        """The shape of a line's event."""
        if isinstance(event, Call):
            if event.returned is not None and event.state == "whole":
                return self.call(event)
            shape = Shape(PART if event.returned is None else END, event.name)
            shape.part = event
            return shape
        if isinstance(event, (Dump, StackFrame)):
            shape = Shape(BELOW)
        elif isinstance(event, Note):
            shape = Shape(NOTE)
            m = _ATTACHED.search(event.text)
            if m is not None:
                shape.effect = ("attached", int(m[1]))
            if MESSAGES in self.rules or event.kind == "blank":
                return shape
        elif isinstance(event, SummaryLine):
            shape = Shape(SUMMARY)
            if MESSAGES in self.rules and event.kind != "row":
                return shape
        elif isinstance(event, (Exited, Killed, Superseded)):
            shape = Shape(ENDED)
        elif isinstance(event, Signal):
            shape = Shape(EVENT)
            if event.name == "SIGCHLD" and SIGCHLD in self.rules and event.info is not None:
                m = _WAITED.search(event.info)
                if m is not None:
                    shape.effect = ("child", int(m[1]))
        else:
            shape = Shape(UNKNOWN if event.__class__.__name__ == "Unknown" else EVENT)
        name, text = self.event_text(event)
        self._fill(shape, name, text)
        if shape.effect is not None and shape.effect[0] == "child":
            self.deaths.add(shape.hash)
        return shape

    def call(self, call: Call) -> Shape:
        """The shape of a whole call (one that may have been put together)."""
        name, text = self.call_text(call)
        shape = self._fill(Shape(CALL, name), name, text)
        if not name:                    # not compared, by --abi-neutral
            shape.ignored = True
        shape.effect = _effect(call)
        settings = self.settings
        if settings.calls_pattern is not None and (settings.calls_pattern.match(call.name)
                                                   or settings.calls_pattern.match(name)):
            shape.ignored = True
        if settings.paths_pattern is not None:
            for quoted, detail in _STRINGS.findall(call.arguments):
                if settings.paths_pattern.match(quoted or detail):
                    shape.ignored = True
        return shape

    def _fill(self, shape: Shape, name: str, text: str) -> Shape:
        shape.name, shape.text = name, text
        spans = self.spans(name, text)
        shape.hash = hash(template(text, spans))
        if spans:
            compared = self.compared
            shape.values = tuple([(COMPARED[span.rule], span.value) for span in spans
                                  if span.rule in compared])
        return shape


def _entry_name(entry: str) -> str:
    return entry[entry.rfind("d_name="):]


def _number(text: str) -> int | None:
    try:
        return Number(text).n
    except ValueError:
        return None


def _effect(call: Call) -> tuple[Any, ...] | None:
    """What a call that succeeded does to its process, as far as comparing is concerned."""
    name, returned = call.name, call.returned or ""
    if name not in _EFFECTS:
        return None
    if name in FORKS:
        digits = returned.split("<")[0].split(" ")[0]
        if digits.isdigit() and int(digits) > 0:
            return "fork", int(digits), "CLONE_VM" in call.arguments and name != "vfork"
        return None
    if name in ("mmap", "mmap2", "old_mmap"):
        words = call.arguments.split(", ", 2)
        length = _number(words[1].split("=")[-1]) if len(words) > 2 else None
        address = _number(returned)
        if length and address and returned.startswith("0x"):
            return "map", address, length
    elif name == "munmap":
        words = call.arguments.split(", ")
        if len(words) == 2 and returned == "0":
            address, length = _number(words[0].split("=")[-1]), _number(words[1].split("=")[-1])
            if address and length:
                return "unmap", address, length
    elif name == "brk":
        address = _number(returned)
        if address:
            return "brk", address
    elif name == "mremap":
        words = call.arguments.split(", ")
        numbers = [_number(word.split("=")[-1]) for word in (*words[:3], returned)]
        if len(words) > 3 and None not in numbers and returned.startswith("0x"):
            return "remap", numbers[0], numbers[1], numbers[3], numbers[2]
    elif name in ("execve", "execveat") and returned == "0":
        m = _STRINGS.search(call.arguments)
        return "exec", (m[1] or "") if m is not None else ""
    elif name in ("rt_sigreturn", "sigreturn"):
        return ("sigreturn",)
    elif name in _WAITS:
        if name == "waitid":
            m = _WAITED.search(call.arguments)
            if m is not None and returned == "0":
                return "waited", int(m[1])
        else:
            digits = returned.split("<")[0]
            if digits.isdigit() and int(digits) > 0:
                return "waited", int(digits)
    return None
