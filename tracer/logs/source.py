"""Opening logs: plain, compressed, standard input, one file per process."""
from __future__ import annotations

import io
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Any, Union, cast

from tracer.logs.errors import LogError
from tracer.logs.parts import Line, Parts, find_parts

Source = Union[str, "os.PathLike[str]", IO[str], IO[bytes], Parts]

_GZIP = b"\x1f\x8b"                             # RFC 1952
_ZSTD = b"\x28\xb5\x2f\xfd"                     # RFC 8878
_LONGEST = 1 << 26                              # characters of a line


def parts(source: Source) -> Parts | None:
    """The files of a source that is a log in several files.  Raises LogError."""
    if isinstance(source, Parts):
        return source
    if isinstance(source, (str, os.PathLike)) and os.fspath(source) != "-":
        return find_parts(source)
    return None


def name_of(source: Source) -> str:
    """A source's name for messages."""
    if isinstance(source, Parts):
        return source.name
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "<stream>"


@contextmanager
def open_bytes(source: Source) -> Iterator[IO[bytes]]:
    """The uncompressed bytes of a path, of ``-`` (standard input) or of a binary stream.

    Raises LogError when it cannot be opened; reading may raise what ``failures`` lists.
    """
    if not isinstance(source, (str, os.PathLike)):
        yield _plain(cast("IO[bytes]", source), name_of(source))
        return
    if os.fspath(source) == "-":
        yield _plain(sys.stdin.buffer, "-")
        return
    with ExitStack() as closing:
        try:
            stream = closing.enter_context(open(source, "rb"))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LogError(f"{os.fspath(source)}: {reason}") from None
        yield _plain(stream, name_of(source))


@contextmanager
def open_log(source: Source) -> Iterator[Iterator[str]]:
    """A log's lines, each with its newline.  Bytes that are no UTF-8 become surrogates, as in
    file names.  Raises LogError, also while reading."""
    several = parts(source)
    if several is not None:
        yield (line.text.decode("utf-8", "surrogateescape") for line in guarded(several))
        return
    if isinstance(source, io.TextIOBase):
        yield _guarded(source.readline, name_of(source))
        return
    with open_bytes(source) as stream:
        text = io.TextIOWrapper(stream, "utf-8", "surrogateescape", newline="\n")
        try:
            yield _guarded(text.readline, name_of(source))
        finally:
            with suppress(ValueError, OSError):     # closed already
                text.detach()


def _plain(stream: IO[bytes], name: str) -> IO[bytes]:
    """A stream, decompressed if its first bytes say that it is compressed."""
    if not hasattr(stream, "peek"):
        stream = cast("IO[bytes]", io.BufferedReader(cast("io.RawIOBase", stream)))
    try:
        start: bytes = cast("io.BufferedReader", stream).peek(4)
    except OSError as error:
        raise LogError(f"{name}: {error.strerror or error}") from None
    if start.startswith(_GZIP):
        import gzip

        return cast("IO[bytes]", gzip.GzipFile(fileobj=stream, mode="rb"))
    if start.startswith(_ZSTD):
        try:
            import zstandard
        except ImportError:
            raise LogError(f"{name}: zstd needs the package zstandard "
                           "(pip install 'pytrace[logs]')") from None
        reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True,
                                                            closefd=False)
        return cast("IO[bytes]", io.BufferedReader(cast("io.RawIOBase", reader), 1 << 16))
    return stream


def failures() -> tuple[type[BaseException], ...]:
    """The errors that reading a log's stream may raise."""
    zstandard: Any = sys.modules.get("zstandard")
    extra = (zstandard.ZstdError,) if zstandard is not None else ()
    return (OSError, EOFError, zlib.error, *extra)


def guarded(several: Parts) -> Iterator[Line]:
    """The lines of a log in several files.  Raises LogError."""
    try:
        yield from several.lines()
    except failures() as error:
        raise LogError(f"{several.name}: {getattr(error, 'strerror', None) or error}") from None


def _guarded(readline: Callable[[int], str], name: str) -> Iterator[str]:
    try:
        while line := readline(_LONGEST):
            if len(line) == _LONGEST and not line.endswith("\n"):
                raise LogError(f"{name}: a line is longer than {_LONGEST} characters")
            yield line
    except failures() as error:
        raise LogError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
