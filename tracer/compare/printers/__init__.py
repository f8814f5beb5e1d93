"""Printers of a ``Diff``: name → module and function, imported when used.

Each is ``function(diff: Diff, out: TextIO, options: PrintOptions) -> None`` and writes a
complete document or text.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from tracer.compare.model import Diff


@dataclass(frozen=True, slots=True)
class PrintOptions:
    """What a printer may care about.

    context: equal rows shown around a difference.  color: escape sequences of a terminal may be
    written.  width: columns of the terminal.
    """

    context: int = 3
    color: bool = False
    width: int = 80


Printer = Callable[["Diff", TextIO, PrintOptions], None]

# The names of --format → (module, function).
PRINTERS: dict[str, tuple[str, str]] = {
    "text": ("tracer.compare.printers.text", "print_text"),
    "side-by-side": ("tracer.compare.printers.sides", "print_sides"),
    "json": ("tracer.compare.printers.json", "print_json"),
    "html": ("tracer.compare.printers.html", "print_html"),
    "junit": ("tracer.compare.printers.junit", "print_junit"),
    "github": ("tracer.compare.printers.github", "print_github"),
    "gitlab": ("tracer.compare.printers.gitlab", "print_gitlab"),
    "markdown": ("tracer.compare.printers.markdown", "print_markdown"),
}


def printer(name: str) -> Printer:
    """The printer of a name of ``PRINTERS``; KeyError."""
    module, function = PRINTERS[name]
    found: Printer = getattr(import_module(module), function)
    return found
