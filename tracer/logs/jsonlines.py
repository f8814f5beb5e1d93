"""JSON lines (``--format json``, see `tracer.output.jsonlines`) to events.

The events print themselves as ``strace -o`` would with --whole-lines: with pids if children were
followed, without times.  Times are in the events nevertheless: ``Prefix.time`` and
``Call.elapsed``.
"""
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from tracer.logs.model import (
    NO_PREFIX,
    UNFINISHED,
    Call,
    Event,
    Exited,
    Killed,
    Note,
    Prefix,
    Signal,
    Stopped,
    Superseded,
    Unknown,
)
from tracer.output import text
from tracer.output.base import ARGUMENTS, DELAYED, RESULT, Frame
from tracer.output.escape import escape_detail
from tracer.output.jsonvalues import load, load_bytes

_COLUMN = 40
_STYLE = text.Style()
_DETACHED = " <detached ...>"
_SILENT = ("start", "attached", "file", "end")    # what strace has no line for
_MISTAKES = (KeyError, TypeError, ValueError, AttributeError, LookupError, RecursionError,
             OverflowError)

Record = dict[str, Any]


def parse_json_lines(lines: Iterable[str]) -> Iterator[Event]:
    """The events of JSON lines.  Lines that are no record of the format are Unknown events."""
    for _, events in parse_records(lines):
        yield from events


def parse_records(lines: Iterable[str]) -> Iterator[tuple[Record | None, list[Event]]]:
    """Each line's record, None for what is none, with its events: mostly one, none for records
    that have no line in strace's log, more when a dump, a stack or a table belongs to it."""
    pids = True                         # until a first line says that there is one task only
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n")
        if not line:
            yield None, [Note(number, NO_PREFIX, "blank", "", raw)]
            continue
        try:
            record = json.loads(line)
            if record["type"] == "start":
                pids = bool(record["follow"])
            events = _events(record, number, pids)
        except _MISTAKES:
            yield None, [Unknown(number, line, raw[len(line):])]
        else:
            yield record, events


def _prefix(record: Record, pids: bool) -> Prefix:
    pid, time = int(record["pid"]), int(record["time"])
    comm = record.get("comm")
    name = None if comm is None else escape_detail(load_bytes(comm))
    shown = f"{pid}<{name}>" if name is not None else str(pid)
    return Prefix(f"{shown:<5} " if pids else "", pid, name,
                  f"{time // 10**9}.{time % 10**9:09}", ip=record.get("ip"))


def _events(record: Record, number: int, pids: bool) -> list[Event]:
    kind = record["type"]
    if kind in _SILENT:
        return []
    if kind == "summary":
        return list(_summary(record, number))
    prefix = _prefix(record, pids)
    event: Event
    if kind == "call":
        event = _call(record, number, prefix)
    elif kind == "signal":
        info = record.get("info")
        event = Signal(number, prefix, _word(record["signal"]),
                       None if info is None else _STYLE.render(load(info)))
    elif kind == "stopped":
        event = Stopped(number, prefix, _word(record["signal"]))
    elif kind == "exited":
        event = Exited(number, prefix, int(record["status"]))
    elif kind == "killed":
        event = Killed(number, prefix, _word(record["signal"]), bool(record["core"]))
    elif kind == "superseded":
        event = Superseded(number, prefix, int(record["by"]))
    else:
        raise ValueError(kind)
    return [event, *_below(record, number)]


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _call(record: Record, number: int, prefix: Prefix) -> Call:
    name = _word(record["name"])
    values = [load(arg) for arg in record["args"]]
    arguments = _STYLE.arguments(values)
    names = tuple(_word(arg.get("name", "")) for arg in record["args"])
    cut = record.get("cut")
    elapsed = int(record["duration"])
    if record.get("detached"):
        return Call(number, prefix, name, arguments + (", " if cut == "between" and values else ""),
                    "", None, None, UNFINISHED, _DETACHED, names=names, elapsed=elapsed)
    mark = ""
    if cut is not None:
        mark = text.UNFINISHED
        if cut == "between" and values:
            arguments += ", "
    width = len(prefix.text) + len(name) + len(arguments) + len(mark) + 2
    return Call(number, prefix, name, arguments, " " * max(1, _COLUMN - width),
                _returned(record), mark=mark, names=names, elapsed=elapsed)


def _returned(record: Record) -> str:
    if record.get("unfinished"):
        return "?"
    injected, note = record.get("injected", ()), record.get("note")
    tampered = text.format_tampered(
        (ARGUMENTS if "args" in injected else 0) | (RESULT if "result" in injected else 0)
        | (DELAYED if record.get("delayed") else 0))
    aux = "" if note is None else f" ({_STYLE.render(load(note))})"
    if "error" in record:
        return text.format_error(int(record["error"]["number"])) + tampered + aux
    return _STYLE.render(load(record["result"])) + aux + tampered


def _below(record: Record, number: int) -> Iterator[Event]:
    """The lines of dumps and stacks."""
    from tracer.logs.parse import parse_lines

    lines = [_word(line) for line in record.get("dump", ())]
    lines += [text.format_frame(Frame(**frame)) for frame in record.get("stack", ())]
    return parse_lines([f"{line}\n" for line in lines], number)


def _summary(record: Record, number: int) -> Iterator[Event]:
    """The lines of the tables."""
    from tracer.logs.parse import parse_lines
    from tracer.options import SUMMARY_COLUMNS
    from tracer.output.summary import Counts, Tables, format_summary

    tables: Tables = {}
    slots = count(1)
    for each in record["calls"]:
        counts = Counts(_word(each["name"]))
        counts.calls, counts.errors, counts.time = (int(each[k]) for k in
                                                    ("calls", "errors", "time"))
        counts.least, counts.most = int(each["min"]), int(each["max"])
        tables.setdefault(_word(each["abi"]), {})[next(slots)] = counts
    table = format_summary(tables, next(iter(tables), ""), SUMMARY_COLUMNS, "time-percent")
    return parse_lines(table.splitlines(keepends=True), number)
