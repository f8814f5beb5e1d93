"""Where subcommands write to."""
from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from tracer.errors import PytraceError


@contextmanager
def output_file(path: str | None) -> Iterator[TextIO]:
    """Standard output, or a file that is made or replaced; always UTF-8.

    Raises PytraceError when it cannot be written.
    """
    if path is None or path == "-":
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
        yield sys.stdout
        return
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            yield file
    except OSError as error:
        raise PytraceError(f"{path}: {error.strerror or error}") from None
