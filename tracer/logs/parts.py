"""A log in several files, one per process: ``strace -ff -o log`` writes ``log.PID``.

The files are read as the one log that ``-f`` would have written, with process ids before the
lines: each process's lines follow the call that made it.  (Which lines of different processes
came first the files do not tell.)
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO, NamedTuple

from tracer.logs.errors import LogError

_FILE = re.compile(r"(?P<prefix>.*?)\.(?P<pid>\d{1,9})(?:\.gz|\.zst)?\Z", re.S)
_FORK = re.compile(rb"(?:clone[23]?|v?fork)(?:\x1b\[m)?\(.*\) += (?:\x1b\[[0-9;]*m)?(\d+)")
_FORK_RECORD = re.compile(rb'\{"type":"call",.*"name":"(?:clone[23]?|v?fork)",.*'
                          rb'"result":\{"type":"\w+","value":(\d+)')
_DEPTH = 200                # files that are open at a time: processes that others stand within


class Line(NamedTuple):
    """A line as it would stand in the log of -f, with its file's process and its number there,
    from 1."""

    pid: int
    number: int
    text: bytes


class Parts:
    """The files of such a log.  name: what they were named by."""

    def __init__(self, name: str, files: dict[int, str]) -> None:
        self.name = name
        self.files = dict(sorted(files.items()))

    def lines(self) -> Iterator[Line]:
        """All lines, each with its newline.  Raises LogError, and what ``source.failures``
        lists."""
        left = dict.fromkeys(self.files)
        for root in self._roots():
            yield from self._process(root, left)
        for pid in list(left):
            yield from self._process(pid, left)

    def _roots(self) -> list[int]:
        """The processes that none of the others made."""
        made: set[int] = set()
        for pid in self.files:
            with ExitStack() as closing:
                made |= {child for line in self._open(pid, closing)
                         if (child := _forked(line)) is not None and child != pid}
        return [pid for pid in self.files if pid not in made]

    def _open(self, pid: int, closing: ExitStack) -> IO[bytes]:
        from tracer.logs.source import open_bytes

        return closing.enter_context(open_bytes(self.files[pid]))

    def _process(self, pid: int, left: dict[int, None]) -> Iterator[Line]:
        """The lines of a process and of those that it made; left: those not yet given."""
        with ExitStack() as closing:
            stack: list[tuple[int, Iterator[tuple[int, bytes]]]] = []

            def begin(pid: int) -> None:
                if pid in left:
                    del left[pid]
                    stack.append((pid, enumerate(self._open(pid, closing), 1)))

            begin(pid)
            child: int | None = None        # it begins before the next line that is an event
            while stack:
                pid, lines = stack[-1]
                number, line = next(lines, (0, b""))
                if child is not None and not line.startswith(b" "):
                    if child in left and len(stack) < _DEPTH:
                        begin(child)
                        child = None
                        if number:          # first the child, then this line
                            stack[-2] = pid, _again((number, line), lines)
                        continue
                    child = None
                if not number:
                    stack.pop()
                    continue
                if not line.startswith(b" "):
                    child = _forked(line)
                if not line.endswith(b"\n"):
                    line += b"\n"
                if line[:1] not in b" \n{#":
                    line = b"%-5d %b" % (pid, line)
                yield Line(pid, number, line)


def _again(first: tuple[int, bytes], rest: Iterator[tuple[int, bytes]]
           ) -> Iterator[tuple[int, bytes]]:
    yield first
    yield from rest


def _forked(line: bytes) -> int | None:
    """The process that a line says was made."""
    if b"fork" not in line and b"clone" not in line:
        return None
    m = (_FORK_RECORD.match if line.startswith(b"{") else _FORK.search)(line)
    return int(m[1]) if m is not None and len(m[1]) < 10 and int(m[1]) else None


def find_parts(path: str | os.PathLike[str]) -> Parts | None:
    """The files of a log that is named by their common prefix or by a directory that has only one
    such log; None if the path is that of a file, or if there is nothing of that name.

    Raises LogError for a directory without such a log or with several.
    """
    name = os.fspath(path)
    if os.path.isdir(name):
        found = _groups(os.path.join(name, each) for each in _names(name))
        if len(found) != 1:
            logs = ", ".join(sorted(os.path.basename(prefix) for prefix in found))
            raise LogError(f"{name}: " + (
                f"there are several logs in this directory: {logs}" if found else
                "there is no file NAME.PID in this directory, as -ff writes them"))
        return Parts(name, next(iter(found.values())))
    if os.path.exists(name):
        return None
    folder, base = os.path.split(name)
    files = _groups(os.path.join(folder, each) for each in _names(folder or ".")
                    if each.startswith(f"{base}.")).get(name)
    return Parts(name, files) if base and files else None


def parts_of(paths: Iterable[str]) -> Parts | None:
    """The files that are named, if they are those of one log."""
    names = list(paths)
    found = _groups(names)
    if len(found) != 1:
        return None
    prefix, files = next(iter(found.items()))
    return Parts(prefix, files) if len(files) == len(names) else None


def _groups(paths: Iterable[str]) -> dict[str, dict[int, str]]:
    """Prefix → process → file."""
    found: dict[str, dict[int, str]] = {}
    for path in paths:
        m = _FILE.match(path)
        if m is not None and os.path.basename(m["prefix"]):
            found.setdefault(m["prefix"], {}).setdefault(int(m["pid"]), path)
    return found


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
