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


def command_name() -> str:
    """The base name of the command."""
    name = os.path.basename(_called())
    return "pytrace" if name in ("", "__main__.py", "-c", "-m") else name


def _called() -> str:
    return os.environ.get("PYTRACE_ARGV0") or (sys.argv[0] if sys.argv else "")


def program_name() -> str:
    """The name in front of messages, as strace has it: the command as it was called.

    The kernel tells a script only its path; one that PATH leads to was called by its name.  A
    wrapper that stands in for strace may set $PYTRACE_ARGV0 to its own name.
    """
    path, name = _called(), command_name()
    if os.path.basename(path) != name:
        return name
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = os.path.join(folder or ".", name)
        if os.path.isfile(found):
            return name if found == path else path
    return path


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
