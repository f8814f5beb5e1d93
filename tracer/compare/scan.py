"""Finds in a line's text what rules speak of: addresses, process ids, times…

A span is a piece of text with the rule's name.  What is left, with the spans taken out, is the
line's template: two lines with the same template say the same if their spans do.
"""
from __future__ import annotations

import re
from typing import NamedTuple

from tracer.compare.known import (
    MAYBE_PID,
    POINTER,
    Facts,
    facts,
    field_class,
    whole_argument,
)
from tracer.compare.rules import ADDRESSES, DIRECTORIES, FDS, INODES, IPC, PIDS

# Spans whose values are compared, by what they mean; those of other rules are not looked at.
COMPARED = {ADDRESSES: 1, PIDS: 2, IPC: 3, MAYBE_PID: 4}


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
_GROUPS = re.compile(r"F_SETOWN|F_GETOWN|TIOC[GS]PGRP|TIOCGSID")


def scan(name: str, text: str, start: int, rules: frozenset[str]) -> list[Span]:
    """The spans of a call's text ``name(arguments) = result``; start: where the arguments
    begin.  name: "" for a signal's siginfo and other text without a call."""
    known = facts(name) if name else None
    spans: list[Span] = []
    stack: list[str] = []               # open brackets
    sticky: list[str | None] = []       # the class of everything in them
    fields: list[str | None] = []       # the field they belong to
    index = 0
    field: str | None = None
    inherited: str | None = whole_argument(name, 0) if name else None
    in_result = False
    directory = DIRECTORIES in rules and "S_IFDIR" in text
    groups = name in ("fcntl", "fcntl64", "ioctl") and _GROUPS.search(text) is not None
    waits = name.startswith("futex") and _FUTEX_WAIT.search(text) is not None
    last_ignored = False
    for m in _TOKEN.finditer(text, start):
        kind = m.lastgroup
        if kind == "word":
            last_ignored = False
        elif kind == "field":
            field = m[0][:-1]
        elif kind == "comma":
            last_ignored = False
            if not stack:
                index += 1
                field = None
                if name:
                    inherited = whole_argument(name, index)
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
                inherited = sticky.pop()
                field = fields.pop()
            elif m[0] == ")" and not in_result and text.startswith(" =", m.end()):
                in_result = True
                inherited = None
                field = None
        elif kind == "string":
            found = inherited or _field_ignores(field, directory)
            if found in rules:
                spans.append(Span(m.start(), m.end(), found or ""))
                last_ignored = True
            elif PIDS in rules and "/proc/" in m[0]:
                spans += [Span(*p.span(1), PIDS, int(p[1])) for p in _PROC.finditer(
                    text, m.start(), m.end()) if int(p[1]) > 1 and len(p[1]) < 10]
        elif kind == "comment":
            if last_ignored or (inherited in rules and inherited not in COMPARED):
                spans.append(Span(m.start(), m.end(), "comment"))
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
                spans += [Span(*p.span(1), PIDS, int(p[1])) for p in _PROC.finditer(
                    text, m.start(), m.end()) if int(p[1]) > 1 and len(p[1]) < 10]
        else:                           # a number
            found = inherited or _number_class(known, index, field, bool(stack),
                                               in_result, directory)
            if in_result and not stack:
                found = known.result if known is not None else None
            elif groups and index == 2 and kind == "number" and not in_result:
                found = MAYBE_PID
            if found == MAYBE_PID and (in_result or groups or waits):
                if PIDS in rules and len(m[0]) < 10:
                    spans.append(Span(m.start(), m.end(), MAYBE_PID, _value(m[0])))
                continue
            last_ignored = False
            if found is None or found == MAYBE_PID:
                continue
            if found in (PIDS, POINTER, ADDRESSES) and kind == "hex":
                value = _value(m[0])
                if ADDRESSES in rules and _SMALL <= value < 1 << 64:
                    spans.append(Span(m.start(), m.end(), ADDRESSES, value))
            elif found == PIDS:
                if PIDS in rules and len(m[0]) < 10 and "*" not in m[0] and int(m[0]) > 1:
                    spans.append(Span(m.start(), m.end(), PIDS, int(m[0])))
            elif found == IPC:
                if IPC in rules and kind == "number" and len(m[0]) < 15 and not text.startswith(
                        "-", m.start() - 1):
                    spans.append(Span(m.start(), m.end(), IPC, _value(m[0])))
            elif found in rules:
                if in_result and (text.startswith("-", m.start() - 1)
                                  or (found == DIRECTORIES and m[0] == "0")):
                    continue
                if found == FDS and (text.startswith("-", m.start() - 1)):
                    continue
                spans.append(Span(m.start(), m.end(), found))
                last_ignored = found not in (FDS,)
    return spans


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
