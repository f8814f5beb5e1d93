"""Where the log goes, and which writer a run needs."""
from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tracer.errors import PytraceError
from tracer.output.base import Message, Sink, Writer
from tracer.output.strace import StraceWriter

if TYPE_CHECKING:
    from tracer.options import RunOptions

_PAGE = 4096


class Log:
    """Standard error, a file, a command's input, or one file per process.

    immediate: the program may write to the same place, so nothing is kept back.
    """

    def __init__(self, options: RunOptions) -> None:
        self.options = options
        self.process: Any = None
        self.files: dict[int, LogFile] = {}     # pid → its file
        output = options.output
        self.immediate = output is None
        self.umask = os.umask(0o077)    # before the program's life, which has its own
        os.umask(self.umask)
        if output is None:
            # A descriptor of our own: the program may close 2.
            self.file: LogFile | None = LogFile(os.dup(2))
        elif options.output_is_pipe:
            import subprocess
            self.process = subprocess.Popen(  # a shell command by strace's definition
                output[1:], shell=True, stdin=subprocess.PIPE, close_fds=True)
            self.file = LogFile(os.dup(self.process.stdin.fileno()))
            self.process.stdin.close()
        else:
            self.file = None if options.output_separately else self._open(output)

    @property
    def fd(self) -> int:
        """The descriptor of the one log."""
        return -1 if self.file is None else self.file.fd

    def _open(self, path: str) -> LogFile:
        flags = os.O_WRONLY | os.O_CREAT | (
            os.O_APPEND if self.options.output_append else os.O_TRUNC)
        try:
            return LogFile(os.open(path, flags | getattr(os, "O_CLOEXEC", 0),
                                   0o666 & ~self.umask))
        except OSError as e:
            raise PytraceError(f"Can't fopen '{path}': {e.strerror}") from None

    def write(self, text: str) -> None:
        """Write all of a text; a reader that went away is not an error."""
        if self.file is not None:
            self.file.write(text)

    def of(self, pid: int) -> Sink:
        """The function that writes to a process's own file, which is made now."""
        file = self.files[pid] = self._open(f"{self.options.output}.{pid}")
        return file.write

    def close(self) -> None:
        """The log is complete."""
        for file in (self.file, *self.files.values()):
            if file is not None:
                os.close(file.fd)
        if self.process is not None:
            self.process.wait()


class LogFile:
    """A descriptor that takes whole lines.

    A write that is cut short because pytrace is killed must not end within a line.  The kernel
    (mm/filemap.c, fs/pipe.c) looks for a fatal signal between two pages of a file, and while it
    waits for room in a pipe, which it does not need for a part of up to a page.  That leaves one
    gap: a line that lies on two pages takes one write, which a kill within its microsecond cuts
    at the end of the page.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        found = os.fstat(fd)
        self.regular = stat.S_ISREG(found.st_mode)
        self.whole = not self.regular and not stat.S_ISFIFO(found.st_mode)
        self.at = found.st_size if self.regular else 0      # where in a file the next byte goes

    def write(self, text: str) -> None:
        """Write all of it.  PytraceError when that fails; a reader that went away is no error."""
        data = text.encode("utf-8", "surrogateescape")
        try:
            for piece in (data,) if self.whole else pieces(data, self.at % _PAGE):
                while piece:
                    piece = piece[os.write(self.fd, piece):]
        except BrokenPipeError:
            pass
        except OSError as e:
            raise PytraceError(f"cannot write the log: {e.strerror}") from None
        if self.regular:
            self.at += len(data)


def pieces(data: bytes, offset: int) -> Iterator[bytes]:
    """Split lines into parts that end with a line and lie within one page each, where that is
    possible.  offset: of the first byte in its page."""
    start, size = 0, len(data)
    while size - start > _PAGE - offset:
        end = data.rfind(b"\n", start, start + _PAGE - offset) + 1
        if end <= start:            # one line that reaches into the next page
            end = data.find(b"\n", start) + 1 or size
        yield data[start:end]
        offset = (offset + end - start) % _PAGE
        start = end
    if start < size:
        yield data[start:]


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
