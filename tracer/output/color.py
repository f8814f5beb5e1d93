"""Colours for terminals: a style whose leaves are painted (ECMA-48 SGR sequences)."""
from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from tracer.decode.values import Addr, Hex, Pending, Str, Sym, Text
from tracer.output.escape import PLAIN
from tracer.output.text import ABBREV, Style

NAME, STRING, NUMBER, WORD, ERROR, EVENT = "1", "32", "36", "33", "31", "35"
_SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")


def wanted(choice: str, fd: int, environment: Any = os.environ) -> bool:
    """Whether to colour what goes to a descriptor.

    choice: of --color.  "auto" means a terminal, unless NO_COLOR (https://no-color.org) is set
    or the terminal is a dumb one.
    """
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    try:
        return os.isatty(fd)
    except OSError:
        return False


def paint(text: str, color: str) -> str:
    """A text in a colour; nothing stays coloured after it."""
    return f"\x1b[{color}m{text}\x1b[m" if text else text


class ColorStyle(Style):
    """Names of calls, strings, numbers, constants and errors, each in a colour of its own."""

    def __init__(self, xlat: str = ABBREV, strings: str = PLAIN, names: bool = False) -> None:
        super().__init__(xlat, strings, names)
        colors = {int: NUMBER, Hex: NUMBER, Addr: NUMBER, Sym: WORD, Str: STRING, Text: WORD}
        for kind, color in colors.items():
            self.table[kind] = _painted(self.table[kind], color)
        assert Pending not in colors        # must print as nothing

    def name(self, name: str) -> str:
        return paint(name, NAME)

    def error(self, text: str) -> str:
        return paint(text, ERROR)

    def line(self, text: str) -> str:
        return paint(text, EVENT)

    def invisible(self, text: str) -> int:
        return sum(map(len, _SEQUENCE.findall(text)))


def _painted(render: Callable[[Any], str], color: str) -> Callable[[Any], str]:
    return lambda value: paint(render(value), color)
