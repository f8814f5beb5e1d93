"""Where the log goes, and which writer a run needs."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tracer.errors import PytraceError
from tracer.output.base import Message, Sink, Writer
from tracer.output.strace import StraceWriter

if TYPE_CHECKING:
    from tracer.options import RunOptions


class Log:
    """Standard error, a file, a command's input, or one file per process.

    immediate: the program may write to the same place, so nothing is kept back.
    """

    def __init__(self, options: RunOptions) -> None:
        self.options = options
        self.process: Any = None
        self.fd = -1
        self.files: dict[int, int] = {}         # pid → descriptor of its file
        output = options.output
        self.immediate = output is None
        if output is None:
            # A descriptor of our own: the program may close 2.
            self.fd = os.dup(2)
        elif options.output_is_pipe:
            import subprocess
            self.process = subprocess.Popen(  # a shell command by strace's definition
                output[1:], shell=True, stdin=subprocess.PIPE, close_fds=True)
            self.fd = os.dup(self.process.stdin.fileno())
            self.process.stdin.close()
        elif not options.output_separately:
            self.fd = self._open(output)

    def _open(self, path: str) -> int:
        flags = os.O_WRONLY | os.O_CREAT | (
            os.O_APPEND if self.options.output_append else os.O_TRUNC)
        try:
            return os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError as e:
            raise PytraceError(f"Can't fopen '{path}': {e.strerror}") from None

    def write(self, text: str) -> None:
        """Write all of a text; a reader that went away is not an error."""
        _write(self.fd, text)

    def of(self, pid: int) -> Sink:
        """The function that writes to a process's own file, which is made now."""
        fd = self.files[pid] = self._open(f"{self.options.output}.{pid}")
        return lambda text: _write(fd, text)

    def close(self) -> None:
        """The log is complete."""
        for fd in (self.fd, *self.files.values()):
            if fd >= 0:
                os.close(fd)
        if self.process is not None:
            self.process.wait()


def _write(fd: int, text: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    try:
        while data:
            data = data[os.write(fd, data):]
    except BrokenPipeError:
        pass
    except OSError as e:
        raise PytraceError(f"cannot write the log: {e.strerror}") from None


def make_writer(options: RunOptions, sink: Sink, immediate: bool, message: Message,
                log: Log | None = None) -> Writer:
    """The writer of a run; log: where it goes, if that is a terminal or several files."""
    if log is not None and options.output_separately:
        from tracer.output.separate import SeparateWriter
        times: dict[int, int] = {}      # -r counts across the files

        def make(file: Sink) -> Writer:
            writer = _make_writer(options, file, False, message, None)
            if isinstance(writer, StraceWriter):
                writer.last_time = times
            return writer

        return SeparateWriter(options, make, log.of, message)
    return _make_writer(options, sink, immediate, message, log)


def _make_writer(options: RunOptions, sink: Sink, immediate: bool, message: Message,
                 log: Log | None) -> Writer:
    if options.format == "json":
        from tracer.output.jsonlines import JsonWriter
        return JsonWriter(options, sink, immediate, message)
    if options.format == "chrome":
        from tracer.output.chrome import ChromeWriter
        return ChromeWriter(options, sink, immediate, message)
    if options.summary == "only":
        from tracer.output.separate import SilentWriter
        return SilentWriter(options, sink, immediate, message)
    colored = False
    if log is not None and options.color != "never" and (immediate or options.color == "always"):
        from tracer.output.color import wanted
        colored = wanted(options.color, log.fd)
    return StraceWriter(options, sink, immediate, message, colored)
