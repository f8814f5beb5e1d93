"""Logs to events, line by line: memory does not grow with the log."""
from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import chain

from tracer.logs.model import (
    CONTINUED,
    NO_PREFIX,
    RESUMED,
    UNFINISHED,
    WHOLE,
    Call,
    Dump,
    Event,
    Exited,
    Killed,
    Note,
    Prefix,
    Signal,
    StackFrame,
    Stopped,
    SummaryLine,
    Superseded,
    Unknown,
)
from tracer.logs.parts import Parts
from tracer.logs.source import Source, guarded, open_log, parts


def read(source: Source) -> Iterator[Event]:
    """The events of a log, one by one.

    source: a path (``-`` is standard input) or an open file.  Plain text, gzip and zstd (needs
    the package ``zstandard``) are told apart by their first bytes, strace's text and JSON lines
    by the first character.  A prefix of files ``PREFIX.PID``, as -ff writes them, or a directory
    with such files is one log.  Raises LogError.
    """
    several = parts(source)
    if several is not None:
        yield from _together(several)
        return
    with open_log(source) as lines:
        first = next(lines, None)
        if first is None:
            return
        everything = chain((first,), lines)
        if first.startswith("{"):
            from tracer.logs.jsonlines import parse_json_lines

            yield from parse_json_lines(everything)
        else:
            yield from parse_lines(everything)


def _together(several: Parts) -> Iterator[Event]:
    """The events of a log in several files; their numbers are those of the lines there."""
    numbers = array("I", [0])

    def lines() -> Iterator[str]:
        for line in guarded(several):
            numbers.append(line.number)
            yield line.text.decode("utf-8", "surrogateescape")

    text = lines()
    first = next(text, "")
    everything = chain((first,), text) if first else text
    if first.startswith("{"):
        from tracer.logs.jsonlines import parse_json_lines

        events = parse_json_lines(everything)
    else:
        events = parse_lines(everything)
    for event in events:
        yield replace(event, line=numbers[event.line])


# -- prefixes

_PREFIX = re.compile(r"""
    (?: \[pid\ +(?P<pid1>\d+)(?:<(?P<comm1>[^>]*)>)?\][ ]
      | (?P<pid2>\d{1,9})(?:<(?P<comm2>[^>]*)>)?\ + (?=\D|\d+[:.]|\d{10}\ |\d+\ ))?
    (?: (?P<time>\d\d:\d\d:\d\d(?:\.\d+)?|\d{9,}(?:\.\d+)?)[ ]
      (?: \(\+\ *(?P<since>\d+(?:\.\d+)?)\)\ )?
      | \ *(?P<relative>\d+\.\d+|(?<=\ )\d+)\ )?
    (?: \[\ *(?P<number>\d{1,7}|\?{1,7})\]\ )?
    (?: \[(?P<ip>[0-9a-f]{8}(?:[0-9a-f]{8})?|\?{8}(?:\?{8})?)\]\ )?
    """, re.X)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz_<+-?")    # what a line without prefix starts with


def parse_prefix(line: str) -> tuple[Prefix, int]:
    """A line's prefix, and where it ends."""
    m = _PREFIX.match(line)
    assert m is not None                # all of it is optional
    end = m.end()
    if not end:
        return NO_PREFIX, 0
    pid1, comm1, pid2, comm2, time, since, relative, number, ip = m.groups()
    pid = pid1 or pid2
    return Prefix(
        line[:end], int(pid) if pid else None, comm1 if comm1 is not None else comm2, time,
        since or relative, None if number is None or number[0] == "?" else int(number),
        None if ip is None or ip[0] == "?" else int(ip, 16)), end


# -- calls

_CALL = re.compile(r"([A-Za-z_]\w*|\?+)\((.*)\)( +)= (.*)", re.S)
_START = re.compile(r"([A-Za-z_]\w*|\?+)\(", re.S)
_RESUMED = re.compile(r"<\.\.\. ([A-Za-z_]\w*|\?+) resumed>", re.S)
_REST = re.compile(r"(.*)\)( +)= (.*)", re.S)
_DURATION = re.compile(r" <(\d+(?:\.\d+)?)>\Z")
_EQUALS = re.compile(r"\) +=\ ")
_MARK = re.compile(r"(.*?)( <(?:unfinished|detached|pid changed to \d+) \.\.\.>"
                   r"|(?:/\S*/)?strace: Process \d+ (?:at|de)tached)\Z", re.S)
_CUTS = ("...>", "tached")      # what a line that _MARK matches ends in
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(\)) +=\ ', re.S)


@cache
def _is_call(name: str) -> bool:
    """Whether a line that starts so, and does not end as a call, may be one: other output on the
    same terminal broke it."""
    from sysnames.signatures import SIGNATURES

    return name in SIGNATURES


def _parse_rest(line: str, number: int, call: Call, end: str) -> Call | None:
    """The rest of a call whose line was broken."""
    m = None if line.endswith(_CUTS) else _REST.match(line)
    if m is not None:
        return _ended(number, NO_PREFIX, call.name, CONTINUED, line, 0, m.span(1)[1], end)
    m = _MARK.match(line)
    if m is not None:
        return Call(number, NO_PREFIX, call.name, m[1], "", None, None, CONTINUED, m[2], end)
    return None


def _ended(number: int, prefix: Prefix, name: str, state: str, line: str, start: int, close: int,
           end: str) -> Call:
    """A call whose arguments start at ``start``; ``close``: the last place that looks like
    their end."""
    if line.find(" = ", start) < line.rfind(" = "):
        # A string or a descriptor's path may look like the end of the call: the first such
        # place outside of strings is the true one.
        for token in _TOKEN.finditer(line, start):
            if token[1]:
                close = token.start()
                break
    arguments = line[start:close]
    equals = line.index("= ", close)
    returned = line[equals + 2:]
    duration = None
    if returned.endswith(">"):
        spent = _DURATION.search(returned)
        if spent is not None:
            duration = spent[1]
            returned = returned[:spent.start()]
    mark = ""
    if arguments.endswith("...>"):
        marked = _MARK.match(arguments)
        if marked is not None:
            arguments, mark = marked.groups()
    return Call(number, prefix, name, arguments, line[close + 1:equals], returned, duration,
                state, mark, end)


def _parse_call(line: str, number: int, prefix: Prefix, at: int, end: str) -> Event | None:
    cut = line.endswith(_CUTS) and _MARK.match(line, at) is not None
    if not cut:
        m = _CALL.match(line, at)
        if m is not None:
            return _ended(number, prefix, m[1], WHOLE, line, m.start(2), m.end(2), end)
    m = _RESUMED.match(line, at)
    if m is not None:
        name, at = m[1], m.end()
        rest = None if cut else _REST.match(line, at)
        if rest is not None:
            return _ended(number, prefix, name, RESUMED, line, at, rest.end(1), end)
        marked = _MARK.match(line, at)
        if marked is None:
            return None
        return Call(number, prefix, name, marked[1], "", None, None, RESUMED, marked[2], end)
    m = _START.match(line, at)
    if m is None:
        return None
    marked = _MARK.match(line, m.end()) if cut else None
    if marked is None and not _is_call(m[1]):
        return None
    arguments, mark = (line[m.end():], "") if marked is None else marked.groups()
    return Call(number, prefix, m[1], arguments, "", None, None, UNFINISHED, mark, end)


# -- other lines

_SIGNAL = re.compile(r"--- (\w+|\d+)(?: (\{.*\}))? ---\Z", re.S)
_STOPPED = re.compile(r"--- stopped by (\w+) ---\Z")
_EXITED = re.compile(r"\+\+\+ exited with (\d+) \+\+\+\Z")
_KILLED = re.compile(r"\+\+\+ killed by (\w+)( \(core dumped\))? \+\+\+\Z")
_SUPERSEDED = re.compile(r"\+\+\+ superseded by execve in pid (\d+) \+\+\+\Z")
_MESSAGE = re.compile(r"(?:\S*/)?(?:strace|pytrace|strace64|strace32): "
                      r"|Process \d+ (?:at|de)tached\Z|\[ Process PID=", re.S)
_DATA = re.compile(r" \| ([0-9a-f]{5,16})  ([0-9a-f ]{49}) [ -~]{0,16} *\|\Z")
_BUFFER = re.compile(r" (?:(\*) \d+ bytes in buffer|(=) \d+ buffers in vector) \d+\Z")
_BROKEN = re.compile(r" \| <Cannot fetch .*>\Z", re.S)
_FRAME = re.compile(r" > (.*)\Z", re.S)
_PLACE = re.compile(r"(?P<object>[^(]*)(?:\((?P<symbol>.*)\+(?P<offset>0x[0-9a-f]+)\)|\(\))? "
                    r"\[(?P<address>0x[0-9a-f]+)\](?: (?P<source>.*:\d+))?\Z", re.S)


def _parse_frame(line: str, number: int, text: str, end: str) -> StackFrame:
    m = _PLACE.match(text)
    if m is None:
        return StackFrame(number, line, end=end)
    offset = m["offset"]
    return StackFrame(number, line, m["object"] or None, m["symbol"] or None,
                      int(offset, 16) if offset else None, int(m["address"], 16), m["source"],
                      end)


def _parse_below(line: str, number: int, end: str) -> Event | None:
    """Lines that belong to the call above them; they start with a blank."""
    m = _FRAME.match(line)
    if m is not None:
        return _parse_frame(line, number, m[1], end)
    m = _DATA.match(line)
    if m is not None:
        digits = "".join(m[2].split())
        if len(digits) % 2:
            return None
        return Dump(number, "data", line, int(m[1], 16), bytes.fromhex(digits), end)
    m = _BUFFER.match(line)
    if m is not None:
        return Dump(number, "buffer" if m[1] else "vector", line, end=end)
    if _BROKEN.match(line):
        return Dump(number, "broken", line, end=end)
    return None


def _parse_other(line: str, number: int, prefix: Prefix, at: int, end: str) -> Event | None:
    text = line[at:] if at else line
    if text.startswith("--- "):
        m = _SIGNAL.match(text)
        if m is not None:
            return Signal(number, prefix, m[1], m[2], end)
        m = _STOPPED.match(text)
        return Stopped(number, prefix, m[1], end) if m is not None else None
    if text.startswith("+++ "):
        m = _EXITED.match(text)
        if m is not None and str(int(m[1])) == m[1]:
            return Exited(number, prefix, int(m[1]), end)
        m = _KILLED.match(text)
        if m is not None:
            return Killed(number, prefix, m[1], m[2] is not None, end)
        m = _SUPERSEDED.match(text)
        if m is not None and str(int(m[1])) == m[1]:
            return Superseded(number, prefix, int(m[1]), end)
        return None
    if text.startswith("#"):
        return Note(number, prefix, "comment", text, end)
    if _MESSAGE.match(text):
        return Note(number, prefix, "mode" if text.startswith("[") else "message", text, end)
    if not text and not at:
        return Note(number, prefix, "blank", "", end)
    return None


class _Table:
    """Reads a table of -c, from its headings to the line of totals."""

    _HEADINGS = re.compile(r" *(?:% (?:time|wall)|w?seconds|usecs/call|(?:wall )?(?:short|long)est"
                           r"|calls|errors|syscall|w?shortest|w?longest)(?: +|\Z)")
    _RULE = re.compile(r"-+(?: -+)*\Z")
    _TITLE = re.compile(r"System call usage summary for .* mode:\Z")
    _HEADING = re.compile(r"% time|% wall|\S+")

    def __init__(self) -> None:
        self.headings: list[str] = []
        self.widths: list[tuple[int, int]] = []     # the columns' places, from the rule
        self.rules = 0

    @property
    def inside(self) -> bool:
        """The next line belongs to the table."""
        return bool(self.headings)

    def start(self, line: str, number: int, end: str) -> SummaryLine | None:
        """A line that may begin a table."""
        if self._TITLE.match(line):
            return SummaryLine(number, "title", line, (), end)
        rest = line.strip()
        found = self._HEADING.findall(rest)
        if found and all(self._HEADINGS.fullmatch(each) for each in found):
            self.headings = found
            self.widths, self.rules = [], 0
            return SummaryLine(number, "columns", line, (), end)
        return None

    def line(self, line: str, number: int, end: str) -> SummaryLine | None:
        """The next line of a table; None (and the table is left) when it is none."""
        if self._RULE.match(line):
            self.rules += 1
            if self.rules == 1:
                self.widths = [m.span() for m in re.finditer("-+", line)]
                if len(self.widths) == len(self.headings):
                    return SummaryLine(number, "rule", line, (), end)
            elif self.rules == 2:
                return SummaryLine(number, "rule", line, (), end)
        elif self.rules and self.widths:
            cells = self._cells(line)
            if cells is not None:
                kind = "row"
                if self.rules == 2:
                    kind = "total"
                    self.headings = []
                return SummaryLine(number, kind, line, cells, end)
        self.headings = []
        return None

    def _cells(self, line: str) -> tuple[tuple[str, str], ...] | None:
        cells = []
        for i, (heading, (start, stop)) in enumerate(zip(self.headings, self.widths)):
            last = i == len(self.headings) - 1
            cell = line[start:None if last else stop].strip()
            if heading != "syscall" and cell and not cell.replace(".", "", 1).isdigit():
                return None
            cells.append((heading, cell))
        return tuple(cells)


COLORS = re.compile(rb"\x1b\[[0-9;]*m")      # ECMA-48: select graphic rendition
_SGR = re.compile(COLORS.pattern.decode())


class Parser:
    """Parses line after line.  It remembers the last call, if its line did not end it, and the
    table of -c that lines are in."""

    def __init__(self) -> None:
        self.cut: Call | None = None
        self._table = _Table()

    @property
    def plain(self) -> bool:
        """What the next line means does not depend on the lines before it."""
        return self.cut is None and not self._table.inside

    @property
    def inside(self) -> bool:
        """The next line may belong to a table."""
        return self._table.inside

    def event(self, raw: str, number: int = 1) -> Event:
        """The event of a line, which comes with its newline; number: its own, from 1.

        Colours (of --color=always) are no part of it, but are kept in ``event.prefix.painted``.
        """
        if "\x1b[" in raw:
            plain = _SGR.sub("", raw)
            if plain != raw:
                event = self.event(plain, number)
                return replace(event, prefix=replace(event.prefix, painted=raw))
        if raw.endswith("\n"):
            if raw.endswith("\r\n"):
                line, end = raw[:-2], "\r\n"
            else:
                line, end = raw[:-1], "\n"
        else:
            line, end = raw, ""
        if self._table.inside:
            row = self._table.line(line, number, end)
            if row is not None:
                return row
        event = parse_line(line, number, end, self._table.start)
        if event.__class__ is Call:
            self.cut = event if event.returned is None else None
        elif self.cut is not None and event.__class__ in (Unknown, Note):
            rest = _parse_rest(line, number, self.cut, end)
            if rest is not None:
                self.cut = rest if rest.returned is None else None
                return rest
        return event


def parse_lines(lines: Iterable[str], first: int = 1) -> Iterator[Event]:
    """The events of lines of text, each with its newline; first: the number of the first."""
    event = Parser().event
    for number, raw in enumerate(lines, first):
        yield event(raw, number)


def parse_line(line: str, number: int = 1, end: str = "\n",
               table: Callable[[str, int, str], Event | None] | None = None) -> Event:
    """The event of one line, which comes without its newline.  table: told of lines that may
    begin a table of -c."""
    if line[:1] in _PLAIN:
        prefix, at = NO_PREFIX, 0
    else:
        if line.startswith(" "):
            below = _parse_below(line, number, end)
            if below is not None:
                return below
        prefix, at = parse_prefix(line)
    event = _parse_call(line, number, prefix, at, end) or _parse_other(line, number, prefix, at,
                                                                     end)
    if event is None and table is not None:
        event = table(line, number, end)
    if event is not None:
        return event
    return Unknown(number, line, end, prefix)
