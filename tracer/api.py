r"""Tracing from Python.

>>> import tracer
>>> run = tracer.trace("./copy", ["text.txt", "new.txt"])
>>> for call in run.calls("renameat"):
...     print(call, end="")
renameat(AT_FDCWD, "copy.tmp", AT_FDCWD, "new.txt") = 0
>>> run.result.status
0
>>> run.result.files["/work/new.txt"].content
b'A system call is how a program asks the kernel for something.\n'

The program runs in the sandbox of `pytrace`, in a process of its own; events come as they happen.
They are those of `tracer.logs.model`, with one call for each system call, in the order in which
the calls end; `str(event)` is strace's line.  Arguments have their names and typed values:

>>> call = next(run.calls("openat"))
>>> call.name, call.arg("filename").data, str(call.arg("flags")), call.result.value.n
('openat', b'text.txt', 'O_RDONLY|O_LARGEFILE|O_CLOEXEC', 3)
"""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread, Timer
from typing import IO, TYPE_CHECKING, Any, Union

from tracer.errors import PytraceError
from tracer.logs.jsonlines import parse_records
from tracer.logs.model import Call, Event
from tracer.output.jsonvalues import load_bytes

if TYPE_CHECKING:
    from types import TracebackType

    from tracer.logs.jsonlines import Record

StrPath = Union[str, "os.PathLike[str]"]

_MESSAGE = "pytrace: "      # what its own lines on standard error start with
_MAIN = "import tracer.cli.main; tracer.cli.main.command()"


class TraceError(PytraceError):
    """The program could not be traced, or not to its end; the text says why."""


@dataclass(frozen=True, slots=True)
class File:
    """A name in the sandbox that the run made, wrote or removed.

    kind: "file", "directory", "symlink", "special" or "removed".  mode: permission bits.
    content: of a file; None when it is too large to be handed over (see ``limit`` of `trace`).
    target: of a symlink.
    """

    path: str
    kind: str
    mode: int = 0
    size: int = 0
    content: bytes | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended.

    status: the program's exit status, None if a signal ended it; signal: that signal's name.
    stdout, stderr: what was written there; messages of pytrace are on stderr too.  files: what
    changed in the sandbox's files, by absolute path; the working directory is ``/work``.
    """

    status: int | None
    signal: str | None
    stdout: bytes
    stderr: bytes
    files: Mapping[str, File] = field(default_factory=dict)


def pytrace_command(words: Iterable[str], code: str = _MAIN) -> list[str]:
    """The command line that runs this pytrace with this Python, whatever the working directory
    and its modules are.  code: what to run instead."""
    path = [entry or os.getcwd() for entry in sys.path]
    return [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}; {code}", *words]


def pytrace_environment() -> dict[str, str]:
    """The environment for `pytrace_command`: messages begin with the name pytrace."""
    return {name: value for name, value in os.environ.items() if name != "PYTRACE_ARGV0"}


class _Reader(Thread):
    """Reads a pipe to its end."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.pipe = pipe
        self.data = b""
        self.start()

    def run(self) -> None:
        with self.pipe:
            self.data = self.pipe.read()


class _Feeder(Thread):
    """Writes to a pipe; a reader that goes away is not an error."""

    def __init__(self, pipe: IO[bytes], data: bytes) -> None:
        super().__init__(daemon=True)
        self.pipe = pipe
        self.data = data
        self.start()

    def run(self) -> None:
        try:
            with self.pipe:
                self.pipe.write(self.data)
        except OSError:
            pass


class Run:
    """A traced run: an iterable of events, and its result.

    Made by `trace`.  It may be iterated more than once, unless it was made with keep=False.  As a
    context manager it ends the program at the end of the block.
    """

    def __init__(self, words: Sequence[str], stdin: bytes, cwd: StrPath | None,
                 timeout: float | None, keep: bool) -> None:
        self.abi = ""           # of the program; known once an event is there
        self._keep = keep
        self._events: list[Event] = []
        self._files: dict[str, File] = {}
        self._end: Record | None = None
        self._result: Result | None = None
        self._error: TraceError | None = None
        self._timeout = timeout
        self._late = False
        reading, writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                pytrace_command(["-o", f"/dev/fd/{writing}", *words]),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                pass_fds=(writing,), cwd=cwd, env=pytrace_environment())
        except (OSError, ValueError) as error:
            os.close(reading)
            raise TraceError(str(error)) from None
        finally:
            os.close(writing)
        self._log = os.fdopen(reading, encoding="ascii", errors="backslashreplace")
        self._records = parse_records(self._log)
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        assert process.stderr is not None
        _Feeder(process.stdin, stdin)
        self._stdout, self._stderr = _Reader(process.stdout), _Reader(process.stderr)
        self._timer: Timer | None = None
        if timeout is not None:
            self._timer = Timer(timeout, self._expire)
            self._timer.daemon = True
            self._timer.start()

    def __iter__(self) -> Iterator[Event]:
        """The events, from the first one.  Raises TraceError."""
        at = 0
        while True:
            while at < len(self._events):
                if self._keep:
                    yield self._events[at]
                    at += 1
                else:
                    yield self._events.pop(0)
            if not self._advance():
                return

    def calls(self, *names: str) -> Iterator[Call]:
        """The system calls of these names, or all.  Raises TraceError."""
        return (event for event in self
                if isinstance(event, Call) and (not names or event.name in names))

    @property
    def log(self) -> str:
        """All events as ``strace -o`` writes them, each call on one line.  Raises TraceError."""
        return "".join(map(str, self))

    @property
    def result(self) -> Result:
        """How the run ended, waiting for the end.  Raises TraceError."""
        while self._advance():
            if not self._keep:
                self._events.clear()
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def close(self) -> None:
        """End the program if it still runs; what is not read yet is lost."""
        if self._result is None and self._error is None:
            self._error = TraceError("the run was ended before the program")
            self._process.kill()
            self._reap()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_timer"):     # else the process was not started
            self.close()

    # -- the process ------------------------------------------------------------------------
    def _expire(self) -> None:
        self._late = True
        self._process.kill()

    def _advance(self) -> bool:
        """Read one line of the log; false at its end."""
        if self._result is not None:
            return False
        if self._error is not None:
            raise self._error
        for record, events in self._records:
            self._events += events
            if record is not None:
                self._take(record)
            return True
        self._finish()
        return False

    def _take(self, record: Record) -> None:
        kind = record["type"]
        if kind == "start":
            self.abi = record["abi"]
        elif kind == "file":
            made = _file(record)
            self._files[made.path] = made
        elif kind == "end":
            self._end = record

    def _reap(self) -> tuple[bytes, bytes]:
        """The process is over; its output."""
        self._process.wait()
        if self._timer is not None:
            self._timer.cancel()
        self._log.close()
        self._stdout.join()
        self._stderr.join()
        return self._stdout.data, self._stderr.data

    def _finish(self) -> None:
        out, err = self._reap()
        if self._end is not None:
            self._result = Result(self._end["status"], self._end.get("signal"), out, err,
                                  self._files)
            return
        if self._late:
            self._error = TraceError(f"the program did not end within {self._timeout:g} s")
        else:
            self._error = TraceError(_reason(err.decode("utf-8", "backslashreplace"))
                                     or f"pytrace ended with status {self._process.returncode}")
        raise self._error


def _reason(text: str) -> str:
    """pytrace's last words."""
    found = [line for line in text.splitlines() if line.startswith(_MESSAGE)]
    return found[-1].removeprefix(_MESSAGE) if found else ""


def _file(record: Record) -> File:
    content, target = record.get("content"), record.get("target")
    return File(os.fsdecode(load_bytes(record["path"])), record["kind"], record.get("mode", 0),
                record.get("size", 0), None if content is None else load_bytes(content),
                None if target is None else os.fsdecode(load_bytes(target)))


def trace(program: StrPath, args: Sequence[StrPath] = (), *, stdin: bytes = b"",
          cwd: StrPath | None = None, root: StrPath | None = None, binds: Iterable[str] = (),
          env: Mapping[str, str] | None = None, seed: int = 0, follow: bool = False,
          options: Iterable[str] = (), timeout: float | None = None, limit: int = 64 << 20,
          keep: bool = True) -> Run:
    """Run a program in the sandbox, and trace it.

    program: a path, or a name to look for along PATH.  args: what follows its name.  stdin: what
    it reads from standard input.  cwd: the host directory that it sees as /work (default: the
    current one).  root, binds: --root and --bind of pytrace (``"HOST[:GUEST[:ro|cow|rw]]"``).
    env: variables set besides those of the sandbox.  seed: of random numbers.  follow: trace
    children and threads too.  options: any other options of pytrace, such as
    ``["-e", "trace=%file", "-y"]``.  timeout: seconds of real time until the program is killed.
    limit: bytes of all `File.content` together.  keep: whether events are kept for a second
    iteration.

    The program starts at once.  Raises TraceError, as do the methods of `Run`:

    >>> import tracer
    >>> tracer.trace("./no-such-program").result
    Traceback (most recent call last):
    tracer.api.TraceError: Can't stat './no-such-program': No such file or directory
    """
    if isinstance(args, (str, bytes)):
        raise TypeError("args is a sequence of arguments, not one string")
    words: list[Any] = [*options, "--format=json"]
    if "--host" not in words:
        words.append(f"--record-files={limit}")
    if follow:
        words.append("-f")
    if root is not None:
        words += ["--root", os.fspath(root)]
    for bind in binds:
        words += ["--bind", bind]
    for name, value in (env or {}).items():
        words += ["-E", f"{name}={value}"]
    words += ["--seed", str(seed), "--", os.fspath(program), *(os.fspath(arg) for arg in args)]
    return Run(words, stdin, cwd, timeout, keep)
