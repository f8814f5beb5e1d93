"""Values of a parsed log: what stands between the parentheses, as trees.

They are the printed counterpart of ``tracer.decode.values``: a log has text, not memory, so each
keeps its text exactly, and ``str(value)`` gives it back.  All are immutable.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

Value = Union["Number", "String", "Symbol", "Join", "Struct", "Array", "Set", "Change", "Fd",
              "Commented", "CallValue", "Named", "Dots", "Text"]


@dataclass(frozen=True, slots=True)
class Number:
    """A number as printed: ``42``, ``-1``, ``0x7f00``, ``0644``, ``8192*1024``."""

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def base(self) -> int:
        """16, 8 or 10; of a product, that of its factors."""
        digits = self.text.lstrip("-")
        if digits.startswith("0x"):
            return 16
        return 8 if digits.startswith("0") and len(digits) > 1 else 10

    @property
    def n(self) -> int:
        """The number itself."""
        product = 1
        for factor in self.text.split("*"):
            digits = factor.lstrip("-")
            octal = digits.startswith("0") and digits[1:].isdigit() and not (
                set(digits) & {"8", "9"})
            product *= int(factor, 8 if octal else 16 if digits.startswith("0x") else 10)
        return product


@dataclass(frozen=True, slots=True)
class String:
    """``"text\\n"...``.  body: what stands between the quotes, with its escapes as printed;
    more: dots follow; prefix: what stands before the quote (``@`` of an abstract socket)."""

    body: str
    more: bool = False
    prefix: str = ""

    def __str__(self) -> str:
        return f'{self.prefix}"{self.body}"{"..." if self.more else ""}'

    @property
    def data(self) -> bytes:
        """The bytes that the escapes mean."""
        from tracer.logs.strings import unescape

        return unescape(self.body)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name: ``NULL``, ``AT_FDCWD``, ``SIGINT``, or a word of a set such as ``RTMIN``."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Join:
    """Values joined by ``sep``: flags (``|``), alternatives (`` or ``), conditions (`` && ``),
    comparisons (`` == ``), shifts (``<<``)."""

    items: tuple[Value, ...]
    sep: str = "|"

    def __str__(self) -> str:
        return self.sep.join(map(str, self.items))

    @property
    def names(self) -> tuple[str, ...]:
        """The text of each part."""
        return tuple(map(str, self.items))


@dataclass(frozen=True, slots=True)
class Struct:
    """``{name=value, ...}``; fields are mostly ``Named``, dots are a ``Dots``.  open: the closing
    brace is missing (in the first part of an interrupted call)."""

    items: tuple[Value, ...]
    open: bool = False

    def __str__(self) -> str:
        return "{" + ", ".join(map(str, self.items)) + ("" if self.open else "}")

    def get(self, name: str) -> Value | None:
        """A field by its name."""
        for item in self.items:
            if item.__class__ is Named and item.name == name:
                return item.value
        return None


@dataclass(frozen=True, slots=True)
class Array:
    """``[a, b, ...]``.  open: the closing bracket is missing."""

    items: tuple[Value, ...]
    open: bool = False

    def __str__(self) -> str:
        return "[" + ", ".join(map(str, self.items)) + ("" if self.open else "]")


@dataclass(frozen=True, slots=True)
class Set:
    """``[a b]`` or ``~[a b]``: signals, descriptors, processors."""

    items: tuple[Value, ...]
    negated: bool = False

    def __str__(self) -> str:
        return ("~[" if self.negated else "[") + " ".join(map(str, self.items)) + "]"


@dataclass(frozen=True, slots=True)
class Change:
    """``old => new``: what the call changed."""

    old: Value
    new: Value

    def __str__(self) -> str:
        return f"{self.old} => {self.new}"


@dataclass(frozen=True, slots=True)
class Fd:
    """A number with what it refers to: ``3</etc/passwd>``, ``AT_FDCWD</work>``,
    ``1000<sh>``.  detail: between the angle brackets, escapes as printed."""

    number: Value
    detail: str
    deleted: bool = False

    def __str__(self) -> str:
        return f"{self.number}<{self.detail}>{'(deleted)' if self.deleted else ''}"


@dataclass(frozen=True, slots=True)
class Commented:
    """``value /* comment */``; value None: the comment alone; before: it stands in front
    (``/* bytes 8..15 */ "…"``)."""

    value: Value | None
    comment: str
    before: bool = False

    def __str__(self) -> str:
        comment = f"/*{self.comment}*/"
        if self.value is None:
            return comment
        return f"{comment} {self.value}" if self.before else f"{self.value} {comment}"


@dataclass(frozen=True, slots=True)
class CallValue:
    """The form of a macro: ``makedev(0x1, 0x3)``, ``htons(80)``."""

    name: str
    args: tuple[Value, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))})"


@dataclass(frozen=True, slots=True)
class Named:
    """``name=value``: a field, or an argument with its name (clone, -N)."""

    name: str
    value: Value
    sep: str = "="

    def __str__(self) -> str:
        return f"{self.name}{self.sep}{self.value}"


@dataclass(frozen=True, slots=True)
class Dots:
    """``...``: what strace left out."""

    def __str__(self) -> str:
        return "..."


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is no value this grammar knows, kept as it is."""

    text: str

    def __str__(self) -> str:
        return self.text


def walk(value: Value, path: str = "") -> Iterator[tuple[str, Value]]:
    """A value and all values in it, each with its path (``.st_mode``, ``[2].fd``)."""
    yield path, value
    if isinstance(value, Named):
        yield from walk(value.value, f"{path}.{value.name}" if path else value.name)
    elif isinstance(value, (Struct, Array, Set)):
        for i, item in enumerate(value.items):
            if isinstance(item, Named):
                yield from walk(item, path)
            else:
                yield from walk(item, f"{path}[{i}]")
    elif isinstance(value, Join):
        for item in value.items:
            yield from walk(item, path)
    elif isinstance(value, Change):
        yield from walk(value.old, path)
        yield from walk(value.new, path)
    elif isinstance(value, Fd):
        yield from walk(value.number, path)
    elif isinstance(value, Commented):
        if value.value is not None:
            yield from walk(value.value, path)
    elif isinstance(value, CallValue):
        for i, item in enumerate(value.args):
            yield from walk(item, f"{path}({i})")
