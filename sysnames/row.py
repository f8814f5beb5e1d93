"""The grammar of signature and structure rows, and its parser.

See ARCHITECTURE.md, "Rows".  Rows are text so that a table of some 480 calls reads like the
kernel's own list and costs nothing until a call is used.
"""
from __future__ import annotations

import re
from typing import NamedTuple, Union

Param = Union["Kind", int]


class Kind(NamedTuple):
    """A kind with its parameters: ``flags(open_flags)``."""

    name: str
    params: tuple[Param, ...] = ()

    def __str__(self) -> str:
        if not self.params:
            return self.name
        return f"{self.name}({', '.join(map(str, self.params))})"


class Item(NamedTuple):
    """One argument of a call, or one field of a structure."""

    name: str
    direction: str  # "in", "out" or "inout"
    kind: Kind
    ctype: str | None  # None: the kind's own
    marked: bool  # "!": printed when abbreviated


class Row(NamedTuple):
    """A parsed row."""

    items: tuple[Item, ...]
    result: Kind | None
    classes: tuple[str, ...]


class RowError(ValueError):
    """A row that does not follow the grammar."""


_TOKEN = re.compile(r"\s*(->|-?[\w%?@.]+|[(),;:!])")
_DIRECTIONS = frozenset(("in", "out", "inout"))


def parse(text: str) -> Row:
    """Parse one row; raises RowError where it does not follow the grammar."""
    tokens: list[str] = _TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s", "", text):
        raise RowError(f"bad character in row: {text}")
    pos = 0

    def peek() -> str:
        return tokens[pos] if pos < len(tokens) else ""

    def take() -> str:
        nonlocal pos
        if pos >= len(tokens):
            raise RowError(f"row ends too early: {text}")
        pos += 1
        return tokens[pos - 1]

    def expect(token: str) -> None:
        if take() != token:
            raise RowError(f"{token!r} expected at token {pos} of row: {text}")

    def kind() -> Kind:
        name = take()
        params: list[Param] = []
        if peek() == "(":
            take()
            while True:
                if re.fullmatch(r"\d+|0x[0-9a-f]+", peek()):
                    params.append(int(take(), 0))
                else:
                    params.append(kind())
                if peek() != ",":
                    break
                take()
            expect(")")
        return Kind(name, tuple(params))

    items: list[Item] = []
    result: Kind | None = None
    classes: list[str] = []
    while peek() not in ("", "->", ";"):
        marked = peek() == "!"
        if marked:
            take()
        name = take()
        direction = "in"
        if peek() in _DIRECTIONS:
            direction = take()
        this = kind()
        ctype = None
        if peek() == ":":
            take()
            ctype = take()
        items.append(Item(name, direction, this, ctype, marked))
        if peek() == ",":
            take()
        elif peek() not in ("", "->", ";"):
            raise RowError(f"',' expected before {peek()!r} in row: {text}")
    if peek() == "->":
        take()
        result = kind()
    if peek() == ";":
        take()
        while peek():
            classes.append(take())
    if peek():
        raise RowError(f"unexpected {peek()!r} in row: {text}")
    return Row(tuple(items), result, tuple(classes))
