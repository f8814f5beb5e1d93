"""Golden logs: files that say what a program is expected to ask of the kernel.

A golden log is a log whose first line may tell how it was made:

    # pytrace check: --ignore-call=getrandom -- -f -e trace=%file ./prog input.txt

with options of ``pytrace check``, ``--``, and the words of the ``pytrace`` command line.  Other
comments in front of the log are the user's and stay when it is rewritten.
"""
from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tracer.api import pytrace_command, pytrace_environment
from tracer.errors import PytraceError

if TYPE_CHECKING:
    from tracer.compare.model import Diff

HEADER = "# pytrace check: "
_GZIP = b"\x1f\x8b"

_CHILD = "import tracer.golden; tracer.golden.run_child()"


class GoldenError(PytraceError):
    """A golden log that cannot be read, written or made."""


class Head(NamedTuple):
    """The comments in front of a golden log; words: of the one that tells how to make it, None
    if there is none."""

    words: list[str] | None = None
    comments: tuple[str, ...] = ()


def read_head(path: Path) -> Head:
    """The head of a golden log.  Raises LogError, and GoldenError for a header that cannot be
    split into words."""
    from tracer.logs.source import open_log

    words, comments = None, []
    with open_log(path) as lines:
        for line in lines:
            if not line.startswith("#"):
                break
            if words is None and line.startswith(HEADER):
                try:
                    words = shlex.split(line[len(HEADER):])
                except ValueError as error:
                    raise GoldenError(f"{path}: its header cannot be read: {error}") from None
            else:
                comments.append(line)
    return Head(words, tuple(comments))


def write(path: Path, words: Sequence[str] | None, comments: Sequence[str], log: bytes) -> None:
    """Write a golden log, all of it or nothing.  words: for the header.  GoldenError."""
    header = f"{HEADER}{shlex.join(words)}\n" if words is not None else ""
    if "\n" in header[:-1]:
        raise GoldenError("an argument with a line feed cannot stand in a golden log's header")
    data = "".join((header, *comments)).encode("utf-8", "surrogateescape") + log
    if path.suffix == ".gz":
        import gzip

        data = gzip.compress(data, mtime=0)
    elif path.suffix == ".zst":
        raise GoldenError(f"{path}: only plain text and .gz can be written")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise GoldenError(f"{path}: {error.strerror or error}") from None


def command_of(words: Sequence[str]) -> str:
    """A run's words as they would be typed, for messages."""
    return shlex.join(["pytrace", *words])


# -- running

@contextmanager
def traced(words: Sequence[str], stdin: Path | None, timeout: float | None) -> Iterator[Path]:
    """Run ``pytrace WORDS``; the log, in a file that exists within the block.

    stdin: what the program reads (default: nothing).  Its output goes nowhere, through pipes, so
    that the log does not depend on where the tests run.  Raises PytraceError with pytrace's own
    message when there is no complete log.
    """
    _validate(words)
    with tempfile.TemporaryDirectory(prefix="pytrace-") as folder:
        log, error = Path(folder, "log"), Path(folder, "error")
        command = pytrace_command([str(error), "-o", str(log), *words], _CHILD)
        try:
            with open(stdin if stdin is not None else os.devnull, "rb") as source:
                done = subprocess.run(command, stdin=source, capture_output=True, check=False,
                                      timeout=timeout, env=pytrace_environment())
        except OSError as failure:
            raise GoldenError(f"{failure.filename}: {failure.strerror}") from None
        except subprocess.TimeoutExpired:
            raise GoldenError(f"the program did not end within {timeout:g} s") from None
        if error.exists():
            raise GoldenError(error.read_text("utf-8", "replace"))
        if not log.exists():
            raise GoldenError(f"pytrace ended with status {done.returncode} and without a log")
        yield log


def _validate(words: Sequence[str]) -> None:
    """Refuse what would not give one log.  UsageError."""
    from tracer.cli.build import read
    from tracer.messages import UsageError

    builder, command = read(list(words))
    if builder.action or not command:
        raise UsageError("a program to run is missing behind --")
    options = builder.options
    if options.output is not None or options.output_separately or any(
            word == "-ff" for word in words[:len(words) - len(command)]):
        raise UsageError("-o and -ff cannot be used in a check: the log goes to the golden file")
    if options.format != "strace":
        raise UsageError("a golden log is text: --format cannot be used in a check's run")


def run_child() -> None:
    """The process of `traced`: trace, and leave a message in a file if that fails."""
    from tracer.cli.build import read
    from tracer.session import run

    path = Path(sys.argv[1])
    try:
        builder, command = read(sys.argv[2:])
        status = run(builder.finish(command))
    except PytraceError as error:
        path.write_text(str(error), "utf-8", "replace")
        status = 1
    except Exception as error:
        path.write_text(f"internal error: {type(error).__name__}: {error}", "utf-8", "replace")
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status & 0xFF)


# -- comparing

@contextmanager
def compared(golden: Path, log: Path, label: str, settings: Any = None) -> Iterator[Diff]:
    """The comparison of a golden log with a new one, which messages call ``label``.

    settings: `tracer.compare.rules.Settings`.  Raises LogError.
    """
    from tracer.compare.compare import compare

    raw = io.FileIO(log)
    raw.name = label
    with io.BufferedReader(raw) as new, compare(golden, new, settings) as diff:
        yield diff
