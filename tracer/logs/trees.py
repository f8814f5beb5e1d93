"""Printed arguments and results → trees of values.

The grammar is that of strace's values (see ``tracer.output.text`` for what prints them).  What
does not follow it becomes a ``Text``, so that nothing is lost and nothing fails.
"""
from __future__ import annotations

import re

from tracer.logs.model import Result
from tracer.logs.values import (
    Array,
    CallValue,
    Change,
    Commented,
    Dots,
    Fd,
    Join,
    Named,
    Number,
    Set,
    String,
    Struct,
    Symbol,
    Text,
    Value,
)

_DEEPEST = 60               # nested brackets; damaged logs may have any number

_STRING = re.compile(r'(@?)"([^"\\]*(?:\\.[^"\\]*)*)"(\.\.\.)?', re.S)
_NUMBER = re.compile(r"-?(?:0x[0-9a-f]+|\d+)(?:\*\d+)*(?![\w:])")
_NAME = re.compile(r"[&!A-Za-z_?][\w?.]*(?:-\d+)?")
_CHARACTER = re.compile(r"'(?:[^'\\]|\\(?:x[0-9a-f]{2}|[0-7]{1,3}|.))'", re.S)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\w)")
_SHIFTED = re.compile(r"(?<=<<)\([^()]*\)")      # 1<<(INET_DIAG_TOS-1)
_ERROR = re.compile(r"-E[A-Z0-9]+")
_OCTETS = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2})+(?![\w:])")
# A comment may have comments in it: 5767683 /* QCMD(Q_XQUOTAOFF, 0x3 /* ???QUOTA */) */
_COMMENT = re.compile(r"/\*((?:[^*/]|\*(?!/)|/(?!\*)|/\*(?:[^*]|\*(?!/))*\*/)*)\*/"
                      r"|/\*((?:[^*]|\*(?!/))*)\*/")
_FRACTION = re.compile(r"\d+/\d+(?!\w)")
_OPERATOR = re.compile(r"\|| or | && |<<| << | == | \| |\^|\*|\+")
_RESUMING = re.compile(r"<\.\.\. resuming interrupted \w+ \.\.\.>")   # of restart_syscall
_SKIP = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}()]|, ', re.S)
_DETAIL = re.compile(r"[<>]")


class _Bad(Exception):
    """The text does not follow the grammar."""


def parse_arguments(text: str) -> tuple[Value, ...]:
    """The values of a list ``a, b, c``.  ``str`` of them, joined by ``, ``, is the text."""
    if not text:
        return ()
    items: list[Value] = []
    at = 0
    while True:
        try:
            value, end = _value(text, at, 0)
            if end < len(text) and not text.startswith(", ", end):
                raise _Bad
        except _Bad:
            end = _skip(text, at)
            value = Text(text[at:end])
        items.append(value)
        if end >= len(text):
            return tuple(items)
        at = end + 2


def parse_value(text: str) -> Value:
    """One value; a Text when it is not one."""
    try:
        value, end = _value(text, 0, 0)
    except _Bad:
        return Text(text)
    return value if end == len(text) else Text(text)


def _skip(text: str, at: int) -> int:
    """Where an argument that cannot be understood ends: at the next comma outside of brackets."""
    depth = 0
    for m in _SKIP.finditer(text, at):
        token = m[0]
        if token == ", ":
            if depth <= 0:
                return m.start()
        elif token in "[{(":
            depth += 1
        elif token in "]})":
            depth -= 1
    return len(text)


def _value(text: str, at: int, depth: int) -> tuple[Value, int]:
    """A value and where it ends; raises _Bad."""
    value, at = _joined(text, at, depth)
    while text.startswith(" => ", at):
        new, at = _joined(text, at + 4, depth)
        value = Change(value, new)
    return value, at


def _joined(text: str, at: int, depth: int) -> tuple[Value, int]:
    value, at = _annotated(text, at, depth)
    m = _OPERATOR.match(text, at)
    while m is not None:
        sep = m[0]
        items = [value]
        while text.startswith(sep, at):
            item, at = _annotated(text, at + len(sep), depth)
            items.append(item)
        value = Join(tuple(items), sep)
        m = _OPERATOR.match(text, at)
        if text.startswith(" /* ", at):
            value, at = _annotate(text, value, at)
    return value, at


def _annotated(text: str, at: int, depth: int) -> tuple[Value, int]:
    value, at = _primary(text, at, depth)
    return _annotate(text, value, at)


def _annotate(text: str, value: Value, at: int) -> tuple[Value, int]:
    """What may follow a value: ``<what it refers to>``, ``(deleted)``, comments."""
    while True:
        c = text[at:at + 1]
        if c == "<" and text[at + 1:at + 2] != "<" and value.__class__ in (Number, Symbol,
                                                                       Commented):
            end = _angle(text, at)
            deleted = text.startswith("(deleted)", end)
            value = Fd(value, text[at + 1:end - 1], deleted)
            at = end + 9 if deleted else end
        elif c == " " and text.startswith("/*", at + 1):
            m = _COMMENT.match(text, at + 1)
            if m is None:
                raise _Bad
            value = Commented(value, _inside(m))
            at = m.end()
        else:
            return value, at


def _inside(comment: re.Match[str]) -> str:
    return str(comment[1] if comment[1] is not None else comment[2])


def _angle(text: str, at: int) -> int:
    """The end of ``<…>``; nested pairs and ``->`` within it."""
    depth = 0
    for m in _DETAIL.finditer(text, at):
        if m[0] == "<":
            depth += 1
        elif text[m.start() - 1] != "-":
            depth -= 1
            if not depth:
                return m.end()
    raise _Bad


def _primary(text: str, at: int, depth: int) -> tuple[Value, int]:
    c = text[at:at + 1]
    if c == '"' or (c == "@" and text[at + 1:at + 2] == '"'):
        m = _STRING.match(text, at)
        if m is None:
            raise _Bad
        return String(m[2], m[3] is not None, m[1]), m.end()
    m = (_CHARACTER.match(text, at) if c == "'" else _SHIFTED.match(text, at) if c == "("
         else _UUID.match(text, at) if text[at + 8:at + 9] == "-" else None)
    if m is not None:
        return Symbol(m[0]), m.end()
    if c.isdigit() or c == "-":
        m = _NUMBER.match(text, at)
        if m is None:
            m = _OCTETS.match(text, at) or _ERROR.match(text, at)
            if m is None:
                raise _Bad
            return Symbol(m[0]), m.end()
        if text.startswith("/", m.end()):
            m = _FRACTION.match(text, at) or m
            if m.re is _FRACTION:
                return Symbol(m[0]), m.end()
        return Number(m[0]), m.end()
    if depth > _DEEPEST:
        raise _Bad
    if c == "{":
        items, at = _list(text, at + 1, "}", depth + 1)
        return Struct(items), at
    if c == "[":
        array, end = _brackets(text, at + 1, False, depth + 1)
        if text[end:end + 1] == "=" and text[end + 1:end + 2] not in ("=", ">"):
            value, after = _value(text, end + 1, depth + 1)     # [INDEX]=value
            return Named(text[at:end], value), after
        return array, end
    if c == "~" and text[at + 1:at + 2] == "[":
        return _brackets(text, at + 2, True, depth + 1)
    if c == ".":
        if text.startswith("...", at):
            return Dots(), at + 3
        raise _Bad
    if c == "/":
        m = _COMMENT.match(text, at)
        if m is None:
            raise _Bad
        at = m.end()
        if text.startswith(' "', at):
            value, at = _primary(text, at + 1, depth)
            return Commented(value, _inside(m), True), at
        return Commented(None, _inside(m)), at
    if c == "*":
        return Symbol("*"), at + 1      # an AX.25 address without a name
    if c == "|":
        return Text(""), at             # a zero among flags that strace prints as nothing
    m = _RESUMING.match(text, at)
    if m is not None:
        return Symbol(m[0]), m.end()
    m = _OCTETS.match(text, at)
    if m is not None:
        return Symbol(m[0]), m.end()
    m = _NAME.match(text, at)
    if m is None:
        raise _Bad
    name, end = m[0], m.end()
    c = text[end:end + 1]
    if c == "=" and text[end + 1:end + 2] not in (">", "="):
        value, at = _value(text, end + 1, depth + 1)
        return Named(name, value), at
    if c == "(" and text[end:end + 9] != "(deleted)":
        args, at = _list(text, end + 1, ")", depth + 1)
        return CallValue(name, args), at
    return Symbol(name), end


def _list(text: str, at: int, close: str, depth: int) -> tuple[tuple[Value, ...], int]:
    """Values up to a closing bracket, and where that ends."""
    if text[at:at + 1] == close:
        return (), at + 1
    items: list[Value] = []
    while True:
        value, at = _value(text, at, depth)
        items.append(value)
        if text[at:at + 1] == close:
            return tuple(items), at + 1
        if not text.startswith(", ", at):
            raise _Bad
        at += 2


def _brackets(text: str, at: int, negated: bool, depth: int) -> tuple[Value, int]:
    """An array, or a set: what is separated by blanks."""
    if text[at:at + 1] == "]":
        return (Set((), True) if negated else Array(())), at + 1
    items: list[Value] = []
    value, at = _value(text, at, depth)
    items.append(value)
    blanks = negated or (text[at:at + 1] == " ")
    sep = " " if blanks else ", "
    while text[at:at + 1] != "]":
        if not text.startswith(sep, at):
            raise _Bad
        value, at = _value(text, at + len(sep), depth)
        items.append(value)
    at += 1
    return (Set(tuple(items), negated) if blanks else Array(tuple(items))), at


# -- results

_ERRNO = re.compile(r" (E[A-Z0-9_]+) \(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_NO_NAME = re.compile(r" \(errno (\d+)\)")
_MARK = re.compile(r"([A-Z]{4,})(?:: .*)?\Z", re.S)
_AUX = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[()]', re.S)


def parse_result(text: str) -> Result:
    """What stands after ``= `` in a call's line, without the duration."""
    try:
        if text.startswith("?"):
            value: Value = Symbol("?")
            at = 1
        else:
            value, at = _value(text, 0, 0)
    except _Bad:
        return Result(text, Text(text))
    errno = message = None
    m = _ERRNO.match(text, at)
    if m is not None:
        errno, message = m[1], m[2]
        at = m.end()
    else:
        m = _NO_NAME.match(text, at)
        if m is not None:
            errno = m[1]
            at = m.end()
    aux: list[str] = []
    marks: list[str] = []
    if text.startswith(" <unavailable>", at):
        marks.append("unavailable")
        at += 14
    while text.startswith(" (", at):
        end = _parenthesis(text, at + 1)
        if end is None:
            return Result(text, Text(text))
        inside = text[at + 2:end - 1]
        m = _MARK.match(inside)
        if m is not None and m[1] in ("INJECTED", "DELAYED"):
            marks.append(m[1])
        else:
            aux.append(inside)
        at = end
    if at != len(text):
        return Result(text, Text(text))
    return Result(text, value, errno, message, tuple(aux), tuple(marks))


def _parenthesis(text: str, at: int) -> int | None:
    depth = 0
    for m in _AUX.finditer(text, at):
        if m[0] == "(":
            depth += 1
        elif m[0] == ")":
            depth -= 1
            if not depth:
                return m.end()
    return None
