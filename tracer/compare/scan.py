"""Finds in a line's text what rules speak of: addresses, process ids, times…

A span is a piece of text with the rule's name.  What is left, with the spans taken out, is the
line's template: two lines with the same template say the same if their spans do.
"""
from __future__ import annotations

import re
from typing import NamedTuple

from tracer.compare.known import (
    IPC_KINDS,
    MAYBE_PID,
    POINTER,
    Facts,
    facts,
    field_class,
    whole_argument,
)
from tracer.compare.rules import (
    ADDRESSES,
    DIRECTORIES,
    FDS,
    INODES,
    IPC,
    MACHINE,
    PIDS,
    TIMES,
)

# Spans whose values are compared, by what they mean; those of other rules are not looked at.
COMPARED = {ADDRESSES: 1, PIDS: 2, MAYBE_PID: 4,
            **{kind: i for i, kind in enumerate(IPC_KINDS, 5)}}


_ALIASES = frozenset((POINTER, PIDS, MAYBE_PID, *IPC_KINDS))     # of rules, or of two


class Span(NamedTuple):
    """A piece of text; value: the number of a span that is compared."""

    start: int
    end: int
    rule: str
    value: int = 0


_TOKEN = re.compile(r"""
    (?P<string>"[^"\\]*(?:\\.[^"\\]*)*"(?:\.\.\.)?)
  | (?P<comment>\ ?/\*.*?\*/)
  | (?P<field>[A-Za-z_]\w*=(?![=>]))
  | (?P<detail>(?<=[\w/])<(?!<)(?:[^<>]|->|<[^<>]*>)*>(?:\(deleted\))?)
  | (?P<hex>0x[0-9a-f]+)
  | (?P<number>(?<![\w.])\d+(?:\*\d+)?(?![\w.]))
  | (?P<open>[\[{(])
  | (?P<close>[\]})])
  | (?P<comma>,\ )
  | (?P<word>[A-Za-z_]\w*)
    """, re.X | re.S)
_INODE = re.compile(r"\b(?:pipe|socket|UNIX(?:-\w+)?|NETLINK|anon_inode):\[(\d+)(?:->(\d+))?")
_PROC = re.compile(r"/proc/(\d+)\b")
_DIRECTORY = frozenset(("st_size", "stx_size", "st_nlink", "stx_nlink"))
_SMALL = 0x1000             # lower numbers are no addresses
_FUTEX_WAIT = re.compile(r"FUTEX_(?:WAIT|LOCK_PI)")
_FLAGS = re.compile(r"\w+(?:\|\w+)*")
_LIMITS = frozenset(("getrlimit", "ugetrlimit", "prlimit64"))
_OF_MEMORY = re.compile("RLIMIT_(?:NPROC|SIGPENDING)")   # whose defaults depend on its size
_ENVIRONMENTS = {"execve": 2, "execveat": 3}
_WORD = "word"              # an address that is not looked at: a register's content, or where
                            # a shell has put the environment, behind its own process id
_GROUPS = re.compile(r"F_SETOWN|F_GETOWN|TIOC[GS]PGRP|TIOCGSID")


class _Plan:
    """What the strings and numbers of a skeleton may be.

    places: ordinal among strings and numbers, rule; None if the text is too odd for a plan.
    pattern: of the whole text, with groups for
    the spans and for what is between them; made when the plan has been used some times.
    """

    __slots__ = ("pattern", "places", "separators", "used")

    def __init__(self) -> None:
        self.places: list[tuple[int, str]] | None = []
        self.used = 0
        self.pattern: re.Pattern[str] | None = None
        self.separators: list[str] = []

_PIECE = re.compile(r"""
    "[^"\\]*(?:\\.[^"\\]*)*"(?:\.\.\.)?
  | 0x[0-9a-f]+
  | (?<![\w.])\d+(?:\*\d+)?(?![\w.])
    """, re.X | re.S)
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(?:\.\.\.)?', re.S)
_HEX = re.compile(r"0x[0-9a-f]+")
_DIGITS = re.compile(r"(?<![\w.])\d+(?:\*\d+)?(?![\w.])")
_HOLES = re.compile(r'("|0x|(?<![\w.])0(?![\w.]))')
_INSIDE = {'"': r'"[^"\\]*(?:\\.[^"\\]*)*"(?:\.\.\.)?', "0x": "0x[0-9a-f]+",
           "0": r"\d+(?:\*\d+)?"}
# Calls with a set, with words, or with an address that a rule hides as a whole.
_SETS = frozenset(("sched_getaffinity", "statx", "statfs", "statfs64", "fstatfs", "fstatfs64",
                   "execve", "execveat"))
_PLANS = 5_000              # plans that are kept
_OFTEN = 4                  # uses after which a pattern is worth its making


class Scanner:
    """Finds the spans of lines, by the rules that are in force."""

    def __init__(self, rules: frozenset[str]) -> None:
        self.rules = rules
        self.plans: dict[str, _Plan] = {}

    def scan(self, name: str, text: str, start: int) -> list[Span]:
        """The spans of a call's text ``name(arguments) = result``; start: where the arguments
        begin.  name: "" for a signal's siginfo and other text without a call."""
        if "<" in text or name in _SETS or name.startswith("syscall_") or (
                "/" in text and ("/*" in text or "/proc/" in text)):
            return scan(name, text, start, self.rules)
        places = self._plan(name, text, start).places
        if places is None:
            return scan(name, text, start, self.rules)
        if not places:
            return []
        spans = []
        pieces = [m.span() for m in _PIECE.finditer(text, start)]
        if len(pieces) <= places[-1][0]:
            return scan(name, text, start, self.rules)
        for ordinal, rule in places:
            span = _accepted(rule, text, *pieces[ordinal], self.rules)
            if span is not None:
                spans.append(span)
        return spans

    def _plan(self, name: str, text: str, start: int) -> _Plan:
        # Texts that differ in their strings and numbers only have the same plan.
        skeleton = _STRINGS.sub('"', text) if '"' in text else text
        if "0x" in skeleton:
            skeleton = _HEX.sub("0x", skeleton)
        skeleton = _DIGITS.sub("0", skeleton)
        plan = self.plans.get(skeleton)
        if plan is None:
            plan = _Plan()
            places: list[tuple[int, str]] = []
            scan(name, text, start, self.rules, places)
            count = places.pop()[0]     # of all strings and numbers
            holes = len(_HOLES.findall(skeleton))
            plan.places = places if count == holes == len(_PIECE.findall(text, start)) else None
            if len(self.plans) >= _PLANS:
                self.plans.clear()
            self.plans[skeleton] = plan
        else:
            plan.used += 1
            if plan.used == _OFTEN and plan.places:
                plan.pattern, plan.separators = _compiled(skeleton, plan.places)
        return plan

    def quick(self, name: str, text: str) -> tuple[str, tuple[tuple[int, int], ...]] | None:
        """The template of a call's text and its compared values, as from ``scan`` and
        ``template``; None if ``scan`` must be asked."""
        if "<" in text or name in _SETS or name.startswith("syscall_") or (
                "/" in text and ("/*" in text or "/proc/" in text)):
            return None
        plan = self._plan(name, text, len(name) + 1)
        if not plan.places:
            return (text, ()) if plan.places is not None else None
        if plan.pattern is None:
            return None
        m = plan.pattern.fullmatch(text)
        if m is None:
            return None
        values = []
        for group, (_, rule) in enumerate(plan.places, 1):
            span = _accepted(rule, text, *m.span(2 * group), self.rules)
            if span is None:
                return None
            if span.rule in COMPARED:
                values.append((COMPARED[span.rule], span.value))
            separator = f"\0{span.rule}\0"
            if plan.separators[group - 1] != separator:
                plan.separators[group - 1] = separator
        parts = list(m.groups())
        parts[1::2] = plan.separators
        return "".join(parts), tuple(values)


def _compiled(skeleton: str, places: list[tuple[int, str]]) -> tuple[re.Pattern[str], list[str]]:
    spans = {ordinal for ordinal, _ in places}
    pattern = ["("]
    ordinal = -1
    for part in _HOLES.split(skeleton):
        inside = _INSIDE.get(part)
        if inside is None:
            pattern.append(re.escape(part))
            continue
        ordinal += 1
        pattern.append(f")({inside})(" if ordinal in spans else inside)
    return re.compile("".join(pattern) + ")", re.S), [""] * len(places)


def _accepted(rule: str, text: str, start: int, end: int, rules: frozenset[str]) -> Span | None:
    """The span of a number or string that may be one by its place, if its value is such."""
    if text[start] == '"':
        return Span(start, end, rule)
    if text.startswith("0x", start):
        value = _value(text[start:end])
        if rule in (PIDS, POINTER, ADDRESSES):
            if ADDRESSES in rules and _SMALL <= value < 1 << 64:
                return Span(start, end, ADDRESSES, value)
            return None
    elif rule in COMPARED:
        if end - start > 14 or text.find("*", start, end) >= 0:
            return None
        value = int(text[start:end])
        if rule == PIDS and (end - start > 9 or value <= 1):
            return None
        if rule == MAYBE_PID and end - start > 9:
            return None
        if rule == ADDRESSES or (rule in IPC_KINDS and text.startswith("-", start - 1)):
            return None
        needed = PIDS if rule == MAYBE_PID else IPC if rule in IPC_KINDS else rule
        return Span(start, end, rule, value) if needed in rules else None
    if rule in rules:
        return Span(start, end, rule)
    return None


def scan(name: str, text: str, start: int, rules: frozenset[str],
         plan: list[tuple[int, str]] | None = None) -> list[Span]:
    """As ``Scanner.scan``.  plan: gets what strings and numbers may be, whatever their values, and
    last their count."""
    known = facts(name) if name else None
    spans: list[Span] = []
    stack: list[str] = []               # open brackets
    sticky: list[str | None] = []       # the class of everything in them
    fields: list[str | None] = []       # the field they belong to
    index = 0
    ordinal = -1
    field: str | None = None
    inherited: str | None = whole_argument(name, 0) if name else None
    in_result = False
    directory = DIRECTORIES in rules and "S_IFDIR" in text
    groups = name in ("fcntl", "fcntl64", "ioctl") and _GROUPS.search(text) is not None
    limits = name in _LIMITS and _OF_MEMORY.search(text) is not None
    unknown = name.startswith("syscall_0x")
    environment = _ENVIRONMENTS.get(name)
    skip = 0                            # up to where tokens are in a span already
    waits = name.startswith("futex") and _FUTEX_WAIT.search(text) is not None
    last_ignored = False

    def take(rule: str, m: re.Match[str]) -> bool:
        if plan is not None and (rule in rules or rule in _ALIASES):
            plan.append((ordinal, rule))
        span = _accepted(rule, text, m.start(), m.end(), rules)
        if span is not None:
            spans.append(span)
        return span is not None and span.rule not in COMPARED and span.rule != FDS

    for m in _TOKEN.finditer(text, start):
        kind = m.lastgroup
        if m.start() < skip:
            continue
        if kind == "word":
            last_ignored = False
            if field is not None and name in _SETS:
                own = _field_ignores(field, directory)
                if own == MACHINE and own in rules:
                    words = _FLAGS.match(text, m.start())
                    assert words is not None
                    skip = words.end()
                    spans.append(Span(m.start(), skip, own))
        elif kind == "field":
            field = m[0][:-1]
        elif kind == "comma":
            last_ignored = False
            if not stack:
                index += 1
                field = None
                if name:
                    inherited = whole_argument(name, index)
                    if limits and text.startswith("{", m.end()) and index != 2:
                        inherited = MACHINE         # what they are, not what they shall be
            else:
                field = None if stack[-1] == "{" else fields[-1]
        elif kind == "open":
            if in_result and text.startswith("left ", m.start() - 5):
                field = "left"
            own = _field_ignores(field, directory)
            sticky.append(inherited)
            if own is not None:
                inherited = own
            stack.append(m[0])
            fields.append(field)
        elif kind == "close":
            if stack:
                stack.pop()
                if not stack and name in _SETS and inherited in rules:
                    begin = text.rfind("[", start, m.start())   # however many there are
                    spans = [span for span in spans if span.start < begin]
                    spans.append(Span(begin, m.end(), inherited or ""))
                inherited = sticky.pop()
                field = fields.pop()
            elif m[0] == ")" and not in_result and text.startswith(" =", m.end()):
                in_result = True
                inherited = None
                field = None
        elif kind == "string":
            ordinal += 1
            found = inherited or _field_ignores(field, directory)
            if found in rules and found not in COMPARED:
                last_ignored = take(found or "", m)
            elif PIDS in rules and "/proc/" in m[0]:
                spans += _proc_pids(text, m)
        elif kind == "comment":
            if last_ignored:            # what the number before it means
                spans[-1] = spans[-1]._replace(end=m.end())
            elif inherited in rules and inherited not in COMPARED:
                spans.append(Span(m.start(), m.end(), inherited or ""))
            elif DIRECTORIES in rules and m[0].endswith((" entries */", " entry */")):
                spans.append(Span(m.start(), m.end(), DIRECTORIES))
            elif ADDRESSES in rules and m[0].startswith(" /* 0x") and text.endswith(
                    "...", 0, m.start()):
                spans.append(Span(m.start() + 4, m.end() - 3, ADDRESSES, _value(m[0][4:-3])))
        elif kind == "detail":
            if INODES in rules:
                for p in _INODE.finditer(text, m.start(), m.end()):
                    spans += [Span(*p.span(i), INODES) for i in (1, 2) if p[i]]
            if PIDS in rules and "/proc/" in m[0]:
                spans += _proc_pids(text, m)
        else:                           # a number
            ordinal += 1
            found = inherited or _number_class(known, index, field, bool(stack), in_result,
                                               directory)
            if in_result and not stack:
                found = known.result if known is not None else None
                if found in (DIRECTORIES, FDS, MACHINE, TIMES) and text.startswith(
                        "-", m.start() - 1):
                    continue
            elif groups and index == 2 and kind == "number" and not in_result:
                found = MAYBE_PID
            if (unknown or index == environment) and found == POINTER:
                if ADDRESSES in rules and kind == "hex" and _value(m[0]) >= _SMALL:
                    spans.append(Span(*m.span(), _WORD))
                continue
            if found == MAYBE_PID and not (in_result or groups or waits):
                continue
            if found is None or (found == FDS and text.startswith("-", m.start() - 1)):
                last_ignored = False
                continue
            last_ignored = take(found, m)
    if plan is not None:
        plan.append((ordinal + 1, ""))
    return spans


def _proc_pids(text: str, m: re.Match[str]) -> list[Span]:
    return [Span(*p.span(1), PIDS, int(p[1])) for p in _PROC.finditer(text, m.start(), m.end())
            if len(p[1]) < 10 and int(p[1]) > 1]


def _value(digits: str) -> int:
    try:
        return int(digits, 16 if digits.startswith("0x") else 10)
    except ValueError:                  # a product: no single number is meant
        return 0


def _field_ignores(field: str | None, directory: bool) -> str | None:
    """The class of everything in a field, unless its values are compared."""
    if field is None:
        return None
    if directory and field in _DIRECTORY:
        return DIRECTORIES
    found = field_class(field)
    return None if found in (POINTER, PIDS) else found


def _number_class(known: Facts | None, index: int, field: str | None, nested: bool,
                  in_result: bool, directory: bool) -> str | None:
    if field is not None:
        if directory and field in _DIRECTORY:
            return DIRECTORIES
        if not nested and known is not None and field in known.names:
            found = known.names[field]
        else:
            found = field_class(field)
        return found
    if in_result:
        return None
    if known is None:
        # An unknown call's words, or a siginfo: large hexadecimal numbers are addresses.
        return POINTER
    table = known.inside if nested else known.arguments
    return table[index] if index < len(table) else None


def template(text: str, spans: list[Span]) -> str:
    """The text with its spans replaced by their rules' names."""
    if not spans:
        return text
    parts = []
    at = 0
    for span in spans:
        parts.append(text[at:span.start])
        parts.append(f"\0{span.rule}\0")
        at = span.end
    parts.append(text[at:])
    return "".join(parts)
