"""Values: what a decoder makes of an argument word, and what writers print.

A plain ``int`` is a value too: a decimal number.  Values hold what was read, not how it is
punctuated; ``tracer.output.text`` prints them as strace does, other writers as they like.
"""
from __future__ import annotations

from typing import Union

Value = Union[int, "Hex", "Addr", "Sym", "Str", "Struct", "Array", "Set", "Change", "Fd",
              "Comment", "CallValue", "Text", "Either", "Join", "Named", "Pending"]


class Hex:
    """A number printed in hexadecimal (0 as ``0``)."""

    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n


class Addr:
    """A guest address: ``NULL`` or hexadecimal."""

    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n


class Sym:
    """A number with a symbolic reading: constants, flags, modes.

    n: the number.  text: the names as strace joins them (``O_RDONLY|O_CLOEXEC``), or None when
    no name is known.  unknown: the comment for that case (``O_???``) or None.  fmt: how the
    bare number is printed: "x", "d", "o" or "X" (eight hexadecimal digits at least).
    """

    __slots__ = ("fmt", "n", "text", "unknown")

    def __init__(self, n: int, text: str | None, unknown: str | None = None,
                 fmt: str = "x") -> None:
        self.n = n
        self.text = text
        self.unknown = unknown
        self.fmt = fmt


class Str:
    """A string or buffer.

    data: the bytes read (already cut to the -s limit).  more: it goes on (``...``).
    style: "" by the -x option, "x" always in hexadecimal (getrandom), "c" in hexadecimal
    within a comment.  path: a path argument.  prefix: what stands before the quote (the ``@``
    of an abstract socket).
    """

    __slots__ = ("data", "more", "path", "prefix", "style")

    def __init__(self, data: bytes, more: bool = False, style: str = "",
                 path: bool = False, prefix: str = "") -> None:
        self.data = data
        self.more = more
        self.style = style
        self.path = path
        self.prefix = prefix


class Struct:
    """``{name=value, ...}``.  A field whose name is "" prints its value only.

    open: the closing brace is still to come (a structure printed partly at entry).
    """

    __slots__ = ("fields", "more", "open")

    def __init__(self, fields: list[tuple[str, Value]], more: bool = False,
                 open: bool = False) -> None:
        self.fields = fields
        self.more = more
        self.open = open


class Array:
    """``[a, b]``; more: cut by -s (``, ...``); broken: the address where memory ended
    (``, ... /* 0x7f... */``)."""

    __slots__ = ("broken", "items", "more")

    def __init__(self, items: list[Value], more: bool = False, broken: int | None = None) -> None:
        self.items = items
        self.more = more
        self.broken = broken


class Set:
    """``[a b]``, or ``~[a b]`` for the complement: signal sets, fd sets, CPU sets."""

    __slots__ = ("items", "negated")

    def __init__(self, items: list[Value], negated: bool = False) -> None:
        self.items = items
        self.negated = negated


class Change:
    """``old => new``: an argument that the call changed."""

    __slots__ = ("new", "old")

    def __init__(self, old: Value, new: Value) -> None:
        self.old = old
        self.new = new


class Fd:
    """A descriptor with what it refers to: ``3</etc/passwd>``.  number is a decimal int or a
    Sym (AT_FDCWD); detail is a name still to be escaped, or a str ready to be printed; None
    prints the number alone.  Also a process id with its command's name."""

    __slots__ = ("deleted", "detail", "number")

    def __init__(self, number: Value, detail: bytes | str | None,
                 deleted: bool = False) -> None:
        self.number = number
        self.detail = detail
        self.deleted = deleted


class Comment:
    """``value /* text */``, whatever -X says; text may be a value itself."""

    __slots__ = ("text", "value")

    def __init__(self, value: Value, text: str | Value) -> None:
        self.value = value
        self.text = text


class CallValue:
    """A macro's call form: ``makedev(0x1, 0x3)``, ``htons(80)``."""

    __slots__ = ("args", "name")

    def __init__(self, name: str, args: list[Value]) -> None:
        self.name = name
        self.args = args


class Text:
    """A word or expression that stands for itself: ``WIFEXITED(s)``, ``@"abs"`` parts."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Either:
    """A value with a readable form: ``raw`` with -X raw, ``text`` by default, both with
    -X verbose (``0x35 /* htons(13568) */``)."""

    __slots__ = ("raw", "text")

    def __init__(self, raw: Value, text: Value) -> None:
        self.raw = raw
        self.text = text


class Join:
    """Values joined by ``sep``: flags from several sets (``SOCK_STREAM|SOCK_CLOEXEC``)."""

    __slots__ = ("items", "sep")

    def __init__(self, items: list[Value], sep: str = "|") -> None:
        self.items = items
        self.sep = sep


class Named:
    """``name=value`` where strace names an argument by itself (clone), with or without -N; sep
    is what stands between them."""

    __slots__ = ("name", "sep", "value")

    def __init__(self, name: str, value: Value, sep: str = "=") -> None:
        self.name = name
        self.value = value
        self.sep = sep


class Pending:
    """The last value at entry when arguments are still to come: prints as nothing, so that the
    text at entry ends in ``, `` and is a prefix of the text at exit."""

    __slots__ = ()


PENDING = Pending()

NO_MORE = Text("...")   # an element of an array that stands for those not shown
