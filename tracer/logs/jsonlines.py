"""JSON lines (``--format json``) to events.

An object's fields are those of the JSON schema of the format.  The events print themselves as
strace's text: what JSON does not keep (blanks before ``=``) becomes what strace would print.
"""
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tracer.logs.errors import LogError
from tracer.logs.model import (
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


def parse_json_lines(lines: Iterable[str]) -> Iterator[Event]:
    """The events of JSON lines.  Lines that are no JSON object, or none of a known type, are
    Unknown events."""
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n")
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        event = None
        if isinstance(record, dict):
            try:
                event = _event(record, number)
            except (KeyError, TypeError, ValueError, AttributeError, LogError):
                event = None
        yield event or Unknown(number, line, raw[len(line):])


def _prefix(record: dict[str, Any]) -> Prefix:
    pid = record.get("pid")
    time = record.get("time")
    text = "" if pid is None else f"{int(pid):<5} "
    text += "" if time is None else f"{time} "
    return Prefix(text, None if pid is None else int(pid), record.get("comm"),
                  None if time is None else str(time))


def _event(record: dict[str, Any], number: int) -> Event | None:
    kind = record.get("type")
    prefix = _prefix(record)
    if kind == "call":
        arguments = ", ".join(str(arg["text"]) for arg in record.get("args", ()))
        result = record.get("result")
        returned = None if result is None else str(result["text"])
        name = str(record["name"])
        pad = " " * max(1, 40 - len(prefix.text) - len(name) - len(arguments) - 2)
        duration = record.get("duration")
        return Call(number, prefix, name, arguments, pad, returned,
                    None if duration is None else str(duration))
    if kind == "signal":
        info = record.get("info")
        return Signal(number, prefix, str(record["name"]),
                      None if info is None else str(info["text"]))
    if kind == "stopped":
        return Stopped(number, prefix, str(record["name"]))
    if kind == "exited":
        return Exited(number, prefix, int(record["status"]))
    if kind == "killed":
        return Killed(number, prefix, str(record["name"]), bool(record.get("dumped")))
    if kind == "superseded":
        return Superseded(number, prefix, int(record["by"]))
    if kind == "note":
        return Note(number, prefix, "message", str(record["text"]))
    return None
