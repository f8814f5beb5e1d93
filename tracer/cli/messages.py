"""What the command line says on standard error, and under which name."""
from __future__ import annotations

import os
import sys
from typing import NoReturn

from tracer.errors import PytraceError


class UsageError(PytraceError):
    """A command line that cannot be followed; hint: whether -h would help."""

    def __init__(self, message: str, hint: bool = False) -> None:
        super().__init__(message)
        self.hint = hint


def program_name() -> str:
    """The name in front of messages: $PYTRACE_ARGV0, or the base name of the command.

    A wrapper that stands in for strace sets the variable to its own name.
    """
    name = os.environ.get("PYTRACE_ARGV0") or os.path.basename(sys.argv[0] if sys.argv else "")
    return "pytrace" if name in ("", "__main__.py", "-c", "-m") else name


def warn(message: str) -> None:
    """Print one line to standard error; names in it may hold anything."""
    if not message.isprintable():
        message = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    sys.stderr.write(f"{program_name()}: {message}\n")
    sys.stderr.flush()


def report(error: PytraceError) -> None:
    """Print an error for the user, as strace prints its own."""
    if str(error):
        warn(str(error))
    if getattr(error, "hint", False):
        sys.stderr.write(f"Try '{program_name()} -h' for more information.\n")
        sys.stderr.flush()


def invalid_argument(option: str, value: str) -> NoReturn:
    """Refuse the value of an option (as it was spelled: "-a", "--columns")."""
    raise UsageError(f"invalid {option} argument: '{value}'", hint=True)
