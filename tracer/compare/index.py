"""Reads a log into streams: for every process, numbers that stand for its lines.

No text is kept.  An entry of a stream costs some twenty bytes, and what is to be shown is read
again from its place in the file (in a temporary file, if the log is compressed or a pipe).
"""
from __future__ import annotations

import io
import re
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import IO, TypeGuard

from tracer.compare.model import Entry, LogInfo
from tracer.compare.rules import PROCESSES, TIMES
from tracer.compare.shapes import (
    BELOW,
    CALL,
    END,
    ENDED,
    EVENT,
    FORKS,
    NOTE,
    PART,
    SUMMARY,
    UNKNOWN,
    Shape,
    Shaper,
)
from tracer.compare.space import Regions, Space
from tracer.logs.errors import LogError
from tracer.logs.model import CONTINUED, NO_PREFIX, UNFINISHED, WHOLE, Call, Event, Prefix
from tracer.logs.parse import COLORS, Parser, parse_prefix
from tracer.logs.parts import Parts
from tracer.logs.source import Source, failures, name_of, open_bytes, parts

_SHAPES = 30_000            # shapes that are kept
_SHOWN = 2_000              # entries that are kept
_FIRST_UNKNOWN = 10         # line numbers of unknown lines that are reported
_FAR = 10_000               # entries over which one is not moved
_NESTED = 16                # signals whose handlers may not have returned
_PID = 2                    # the class of process ids, see scan.COMPARED
_ADDRESS = 1
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz_")
# The common forms of prefixes that begin with a pid.
_QUICK = re.compile(r"(\d{1,9}) +(?:\d\d:\d\d:\d\d(?:\.\d+)? |\d{9,10}\.\d+ )?(?=[a-z_<+-])")


class Stream:
    """One process of a log.

    keys: hash of each entry's template.  first, last: the physical lines (from 0) where it
    begins and ends.  starts: where its compared values begin in ``classes`` and ``values``;
    there is one more than entries.  A class below Regions.FIRST is one of scan.COMPARED, others
    are regions of addresses.
    """

    def __init__(self, pid: int | None, space: Space) -> None:
        self.pid = pid
        self.space = space
        self.keys = array("q")
        self.first = array("I")
        self.last = array("I")
        self.starts = array("I", [0])
        self.classes = array("I")
        self.values = array("Q")
        self.children: list[tuple[int, int]] = []       # entry, pid
        self.parent: Stream | None = None
        self.name = ""
        self.ended = False
        self.open: list[tuple[int, Call]] = []          # parts of a call, with their lines
        self.deaths: dict[int, int] = {}                # child → entry of its SIGCHLD
        self.signals: list[int] = []                    # values there were when they came
        self.waited: dict[int, int] = {}                # child → entry that reaped it

    def __len__(self) -> int:
        return len(self.keys)

    def words(self, entry: int) -> Iterator[tuple[int, int]]:
        """The compared values of an entry, with their classes."""
        start, end = self.starts[entry], self.starts[entry + 1]
        return zip(self.classes[start:end], self.values[start:end])


class Log:
    """A log that has been read.  Close it when nothing more is to be shown."""

    def __init__(self, source: Source, shaper: Shaper) -> None:
        self.name = name_of(source)
        self.shaper = shaper
        self.regions = Regions()
        self.streams: dict[int | None, Stream] = {}
        self.offsets = array("Q", [0])
        self.numbers: array[int] | None = None      # of a log that was converted or put together
        self.files: dict[int, str] = {}             # of a log with one for each process
        self.calls = self.signals = self.unknown = 0
        self.unknown_lines: list[int] = []
        self.middles: dict[int, list[int]] = {}     # first line → lines between it and the last
        self.kept: dict[int, Event] = {}            # events that depend on the lines above
        self.shown: dict[tuple[Stream, int], Entry] = {}    # the last entries that were
        self.closing = ExitStack()
        self.file: IO[bytes]
        try:
            several = parts(source)
            if several is not None:
                self.files = several.files
                lines = self._together(several)
            else:
                lines = self._seekable(self.closing.enter_context(open_bytes(source)))
            _Indexer(self).read(lines)
        except failures() as error:
            self.close()
            raise LogError(f"{self.name}: {getattr(error, 'strerror', None) or error}") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.closing.close()

    def info(self) -> LogInfo:
        """Figures of the log."""
        return LogInfo(self.name, len(self.offsets) - 1, self.calls, self.signals, self.unknown,
                       tuple(self.unknown_lines), self.files)

    def _seekable(self, stream: IO[bytes]) -> Iterator[bytes]:
        """The lines of the log; they can be read again from ``self.file``."""
        raw = getattr(stream, "raw", None)
        start = stream.tell() if isinstance(raw, io.FileIO) and raw.seekable() else None
        first = stream.readline(1 << 26)
        if first.startswith(b"{"):
            self.file = self._temporary()
            return self._converted(chain((first,), stream))
        if start is not None:
            stream.seek(start)
            self.offsets[0] = start
            self.file = stream
            return iter(stream)
        self.file = self._temporary()
        return self._written(chain((first,), stream) if first else iter(stream))

    def _together(self, several: Parts) -> Iterator[bytes]:
        self.file = self._temporary()
        own = array("I", [0])

        def text() -> Iterator[bytes]:
            for line in several.lines():
                own.append(line.number)
                yield line.text

        lines = text()
        first = next(lines, b"")
        if not first.startswith(b"{"):
            self.numbers = own
            del own[0]
            return self._written(chain((first,), lines) if first else lines)
        return self._converted(chain((first,), lines), own)

    def _written(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        write = self.file.write
        for line in lines:
            write(line)
            yield line

    def _temporary(self) -> IO[bytes]:
        return self.closing.enter_context(tempfile.TemporaryFile())

    def _converted(self, lines: Iterator[bytes], own: array[int] | None = None
                   ) -> Iterator[bytes]:
        """JSON lines as strace's text; own: the lines' numbers in their files."""
        from tracer.logs.jsonlines import parse_json_lines

        self.numbers = array("I")
        for event in parse_json_lines(line.decode("utf-8", "surrogateescape") for line in lines):
            prefix = event.prefix
            shown = str(event)
            if prefix.pid is not None and not prefix.text:
                shown = f"{prefix.pid:<5} {shown}"
            if not shown.endswith("\n"):
                shown += "\n"
            line = shown.encode("utf-8", "surrogateescape")
            self.numbers.append(event.line if own is None else own[event.line])
            self.file.write(line)
            yield line

    # -- what is shown

    def number(self, line: int) -> int:
        """The number, from 1, of a physical line in the log as it was given."""
        return line + 1 if self.numbers is None else self.numbers[line]

    def text(self, line: int) -> str:
        """A physical line's text (lines count from 0)."""
        self.file.seek(self.offsets[line])
        raw = self.file.read(self.offsets[line + 1] - self.offsets[line])
        return raw.decode("utf-8", "surrogateescape")

    def event(self, line: int) -> Event:
        """A physical line's event, as it was when it was read."""
        kept = self.kept.get(line)
        return kept if kept is not None else Parser().event(self.text(line), self.number(line))

    def entry(self, stream: Stream, index: int) -> Entry:
        """An entry of a stream, to be shown."""
        entry = self.shown.get((stream, index))
        if entry is None:
            if len(self.shown) >= _SHOWN:
                self.shown.clear()
            entry = self.shown[stream, index] = self._entry(stream, index)
        return entry

    def _entry(self, stream: Stream, index: int) -> Entry:
        first, last = stream.first[index], stream.last[index]
        event = self.event(first)
        if first != last and isinstance(event, Call):
            lines = (*self.middles.get(first, ()), last)
            event = joined([event, *filter(_is_call, map(self.event, lines))])
        text = str(event).rstrip("\r\n")
        return Entry(self.number(first), self.number(last) if first != last else None, text,
                     self.shaper.event_text(event)[1], event)


def _is_call(event: Event) -> TypeGuard[Call]:
    return isinstance(event, Call)


def joined(parts: list[Call]) -> Call:
    """One call from its parts; a mark stays only if it never ended."""
    first, last = parts[0], parts[-1]
    arguments = "".join([part.arguments for part in parts])
    mark = last.mark
    if last.returned is None:
        return Call(first.line, first.prefix, first.name, arguments, "", None, None, UNFINISHED,
                    mark, first.end)
    start = f"{first.prefix.text}{first.name}({arguments}{mark})"
    return Call(first.line, first.prefix, first.name, arguments, " " * max(1, 40 - len(start)),
                last.returned, last.duration, WHOLE, mark, first.end)


class _Indexer:
    """Fills a Log."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.shaper = log.shaper
        self.shapes: dict[str, Shape] = {}
        self.parser = Parser()
        self.times = TIMES not in log.shaper.rules
        self.current: Stream | None = None          # of the line above
        self.forked: dict[int, tuple[Stream, Space]] = {}
        self.attached: set[int] = set()
        # all entries, if the order of processes counts
        self.all = None if PROCESSES in log.shaper.rules else Stream(None, Space(log.regions))

    def read(self, lines: Iterator[bytes]) -> None:
        log, shapes, parser, take = self.log, self.shapes, self.parser, self._take
        offsets = log.offsets
        position = offsets[0]
        number = -1
        colors = COLORS.sub
        prefixes: dict[str, Prefix] = {}
        quick, hurry = _QUICK.match, not self.times
        for raw in lines:
            number += 1
            position += len(raw)
            offsets.append(position)
            if b"\x1b[" in raw:
                raw = colors(b"", raw) or b"\n"
            line = raw.decode("utf-8", "surrogateescape")
            if raw[0] in _PLAIN:
                prefix, body = NO_PREFIX, line
            else:
                m = quick(line) if hurry else None
                if m is not None:
                    pid = m[1]
                    known = prefixes.get(pid)
                    if known is None:
                        if len(prefixes) >= _SHAPES:
                            prefixes.clear()
                        known = prefixes[pid] = Prefix(pid=int(pid))
                    prefix, body = known, line[m.end():]
                else:
                    prefix, at = parse_prefix(line)
                    body = line[at:] if at else line
            shape = shapes.get(body)
            if shape is None:
                shape = self._shape(line, body, number)
            else:
                parser.cut = None
            take(shape, number, prefix)
        self._finish()

    def _shape(self, line: str, body: str, number: int) -> Shape:
        parser = self.parser
        independent = parser.plain
        if body[0].islower() and body[-1] == "\n" and not parser.inside:
            quick = self.shaper.quick(body)
            if quick is not None:
                parser.cut = None
                if len(self.shapes) >= _SHAPES:
                    self.shapes.clear()
                self.shapes[body] = quick
                return quick
        event = parser.event(body if independent else line, self.log.number(number))
        shape = self.shaper.shape(event)
        if shape.kind in (CALL, EVENT, ENDED) and parser.plain:
            if len(self.shapes) >= _SHAPES:
                self.shapes.clear()
            self.shapes[body] = shape
        elif not independent and shape.kind in (SUMMARY, PART, END) and (
                shape.part is None or shape.part.state == CONTINUED):
            self.log.kept[number] = event
        return shape

    # -- streams

    def _stream(self, prefix: Prefix) -> Stream:
        pid = prefix.pid
        streams = self.log.streams
        if pid is None:
            if None in streams:
                return streams[None]
            if not streams:
                return self._new(None)
            alive = [stream for stream in streams.values() if not stream.ended]
            return alive[0] if len(alive) == 1 else next(iter(streams.values()))
        stream = streams.get(pid)
        if stream is not None:
            return stream
        if None in streams and len(streams) == 1 and pid not in self.forked \
                and pid not in self.attached:
            # the first process, whose pid is printed only while there are others
            stream = streams.pop(None)
            stream.pid = pid
            streams[pid] = stream
            return stream
        return self._new(pid)

    def _new(self, pid: int | None) -> Stream:
        log = self.log
        space = Space(log.regions)
        parent = None
        if pid is not None:
            known = self.forked.pop(pid, None)
            if known is not None:
                parent, space = known
            else:               # its first line stands before the end of the call that made it
                for stream in log.streams.values():
                    if stream.open and stream.open[0][1].name in FORKS:
                        parent = stream
                        flags = stream.open[0][1].arguments
                        space = (stream.space if "CLONE_VM" in flags else stream.space.copy())
        stream = Stream(pid, space)
        stream.parent = parent
        if parent is not None:
            stream.name = parent.name
        log.streams[pid] = stream
        return stream

    # -- lines

    def _take(self, shape: Shape, number: int, prefix: Prefix) -> None:
        kind = shape.kind
        log = self.log
        if kind == CALL:
            log.calls += 1
            stream = self.current = self._stream(prefix)
            self._commit(stream, shape, number, number, prefix)
            return
        part = shape.part
        if part is not None:
            if part.state == CONTINUED and self.current is not None:
                stream = self.current
            else:
                stream = self.current = self._stream(prefix)
            if part.state == UNFINISHED and stream.open:
                self._abandon(stream)
            stream.open.append((number, part))
            if kind == END:
                log.calls += 1
                first = self._parts(stream)
                call = joined([each for _, each in first])
                self._commit(stream, self.shaper.call(call), first[0][0], number,
                             first[0][1].prefix)
            return
        if kind == NOTE and shape.effect is not None:
            self.attached.add(shape.effect[1])
        if not shape.text:
            return
        if kind in (BELOW, NOTE, SUMMARY):
            stream = self.current if self.current is not None else self._stream(prefix)
        else:
            stream = self.current = self._stream(prefix)
        if kind == UNKNOWN:
            log.unknown += 1
            if len(log.unknown_lines) < _FIRST_UNKNOWN:
                log.unknown_lines.append(log.number(number))
        elif kind == EVENT:
            log.signals += 1
            stream.signals.append(len(stream.values) + len(shape.values))
            del stream.signals[:-_NESTED]
            if shape.effect is not None:
                # A SIGCHLD stands behind the wait for its child, if there is one.
                child, here = shape.effect[1], len(stream)
                self._append(stream, shape, number, number, prefix)
                wait = stream.waited.pop(child, None)
                if wait is not None:
                    self._move(stream, here, wait + 1)
                else:
                    stream.deaths[child] = here
                return
        elif kind == ENDED:
            if stream.open:
                self._abandon(stream)
            stream.ended = True
        self._append(stream, shape, number, number, prefix)

    def _parts(self, stream: Stream) -> list[tuple[int, Call]]:
        """The parts of the call that has ended."""
        parts, stream.open = stream.open, []
        if len(parts) > 2:
            self.log.middles[parts[0][0]] = [number for number, _ in parts[1:-1]]
        return parts

    def _abandon(self, stream: Stream) -> None:
        """A call that never ended."""
        parts = self._parts(stream)
        self.log.calls += 1
        shape = self.shaper.call(joined([part for _, part in parts]))
        self._commit(stream, shape, parts[0][0], parts[-1][0], parts[0][1].prefix)

    def _commit(self, stream: Stream, shape: Shape, first: int, last: int,
                prefix: Prefix) -> None:
        """A call has ended."""
        effect = shape.effect
        if effect is None:
            if not shape.ignored:
                self._append(stream, shape, first, last, prefix)
            return
        word = effect[0]
        space = stream.space
        if word == "map":
            space.map(effect[1], effect[2])
        elif word == "brk":
            space.grow_heap(effect[1])
        elif word == "remap" and effect[1] != effect[3]:
            space.map(effect[3], effect[4])
        if not shape.ignored:
            self._append(stream, shape, first, last, prefix)
        if word == "unmap" or (word == "remap" and effect[1] != effect[3]):
            space.unmap(effect[1], effect[2])
        elif word == "sigreturn":
            self._handled(stream)
        elif word == "exec":
            stream.signals.clear()
            stream.space = Space(self.log.regions)
            stream.name = effect[1]
        elif word == "fork":
            if not shape.ignored:
                stream.children.append((len(stream) - 1, effect[1]))
            if effect[1] not in self.log.streams:
                self.forked[effect[1]] = stream, space if effect[2] else space.copy()
        elif word == "waited":
            here = len(stream) - 1
            death = stream.deaths.pop(effect[1], None)
            if death is not None:
                self._move(stream, death, here)
            else:
                stream.waited[effect[1]] = here

    def _handled(self, stream: Stream) -> None:
        """A signal's handler has returned.  Its stack is below a frame whose size depends on the
        CPU, so its addresses there may have moved by another distance than the others."""
        regions, classes = self.log.regions, stream.classes
        if self.all is None and stream.signals:
            for k in range(stream.signals.pop(), len(classes)):
                region = classes[k]
                if region >= Regions.FIRST and regions.labels[region].startswith("area"):
                    classes[k] = regions.frame(region)

    def _append(self, stream: Stream, shape: Shape, first: int, last: int,
                prefix: Prefix) -> None:
        key = shape.hash
        if self.times and prefix.text:
            key = hash((key, prefix.time, prefix.relative))
        target = stream
        if self.all is not None:
            target = self.all
            if prefix.pid is not None:
                target.classes.append(_PID)
                target.values.append(prefix.pid)
        if shape.values:
            classes = target.classes
            values = target.values
            for kind, value in shape.values:
                classes.append(stream.space.find(value) if kind == _ADDRESS else kind)
                values.append(value)
        target.keys.append(key)
        target.first.append(first)
        target.last.append(last)
        target.starts.append(len(target.values))

    def _move(self, stream: Stream, source: int, target: int) -> None:
        """An entry to another place, not far from it."""
        if self.all is not None or source == target or abs(source - target) > _FAR:
            return
        for column in (stream.keys, stream.first, stream.last):
            column.insert(target, column.pop(source))
        starts = stream.starts
        low, high = min(source, target), max(source, target)
        sizes = [starts[k + 1] - starts[k] for k in range(low, high + 1)]
        begin = starts[source]
        size = starts[source + 1] - begin
        sizes.insert(target - low, sizes.pop(source - low))
        for k, each in enumerate(sizes, low):
            starts[k + 1] = starts[k] + each
        to = starts[target]
        for words in (stream.classes, stream.values):
            moved = words[begin:begin + size]
            del words[begin:begin + size]
            words[to:to] = moved

        def place(entry: int) -> int:
            if entry == source:
                return target
            return entry - (source < entry <= target) + (target <= entry < source)

        for k in range(len(stream.children) - 1, -1, -1):
            entry, pid = stream.children[k]
            if entry < low:
                break
            stream.children[k] = place(entry), pid
        for entries in (stream.waited, stream.deaths):
            for pid in reversed(entries):
                if entries[pid] < low:
                    break
                entries[pid] = place(entries[pid])

    def _finish(self) -> None:
        for stream in list(self.log.streams.values()):
            if stream.open:
                self._abandon(stream)
        if self.all is not None:
            self.log.streams = {None: self.all}
