"""What differs between two entries: argument by argument, field by field."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracer.compare.known import facts
from tracer.compare.model import Detail, Entry
from tracer.compare.scan import Span
from tracer.logs.model import Call, Signal
from tracer.logs.parse import parse_line
from tracer.logs.trees import parse_arguments
from tracer.logs.values import (
    Array,
    Change,
    Commented,
    Named,
    Struct,
    Text,
    Value,
)

Piece = tuple[str, Value, int]          # label, value, where its text starts


@dataclass(frozen=True)
class Side:
    """An entry, its compared text, and that text's pieces that stand for something else.

    pieces: (start, end, what it is compared as).
    """

    entry: Entry
    spans: list[tuple[int, int, str]]

    def meaning(self, start: int, end: int) -> str:
        """A part of the compared text, with what it stands for in place of its spans."""
        text = self.entry.key
        parts = []
        for low, high, instead in self.spans:
            if low >= end or high <= start:
                continue
            low, high = max(low, start), min(high, end)
            parts.append(text[start:low])
            parts.append(f"\0{instead}\0")
            start = high
        parts.append(text[start:end])
        return "".join(parts)


def side(entry: Entry, spans: list[Span], compared: set[str],
         meaning: Callable[[int, Span], str]) -> Side:
    """A side; compared: rules whose spans' values are; meaning: the n-th such span → what it is
    compared as."""
    pieces = []
    n = 0
    for span in spans:
        if span.rule in compared:
            pieces.append((span.start, span.end, meaning(n, span)))
            n += 1
        else:
            pieces.append((span.start, span.end, span.rule))
    return Side(entry, pieces)


class _Comparison:
    """Collects the details of two entries."""

    def __init__(self, old: Side, new: Side) -> None:
        self.old, self.new = old, new
        self.details: list[Detail] = []

    def add(self, path: str, old: str, old_at: int, new: str, new_at: int) -> None:
        self.details.append(Detail(path, old, new, _place(self.old.entry, old, old_at),
                                   _place(self.new.entry, new, new_at)))

    def same(self, a: int, a_end: int, b: int, b_end: int) -> bool:
        """Whether two parts of the compared texts mean the same."""
        return self.old.meaning(a, a_end) == self.new.meaning(b, b_end)

    def values(self, path: str, old: Value, a: int, new: Value, b: int) -> None:
        """Compare two values whose texts start at a and b."""
        old_text, new_text = str(old), str(new)
        if self.same(a, a + len(old_text), b, b + len(new_text)):
            return
        ours, theirs = _pieces(old, a), _pieces(new, b)
        if ours is not None and theirs is not None and type(old) is type(new):
            if isinstance(old, Struct):
                self.fields(path, ours, theirs)
                return
            named, others = _by_name(ours), _by_name(theirs)
            if named is not None and others is not None:
                self.directory(path, named, others)
                return
            if len(ours) == len(theirs) and ours:
                for (label, value, at), (other, other_value, other_at) in zip(ours, theirs):
                    name = label if label == other else f"{label}→{other}"
                    self.values(f"{path}{name}", value, at, other_value, other_at)
                return
        self.add(path, old_text, a, new_text, b)

    def directory(self, path: str, ours: dict[str, Piece], theirs: dict[str, Piece]) -> None:
        """Entries of a directory by their names; of those that only one side has, the first of
        one has become the first of the other."""
        come = [theirs[name] for name in theirs if name not in ours]
        for name, (label, value, at) in ours.items():
            found = theirs.get(name) or (come.pop(0) if come else None)
            if found is None:
                self.add(f"{path}{label}", str(value), at, "", 0)
            else:
                self.values(f"{path}{label}", value, at, *found[1:])
        for label, value, at in come:
            self.add(f"{path}{label}", "", 0, str(value), at)

    def fields(self, path: str, ours: list[Piece], theirs: list[Piece]) -> None:
        others = {label: (value, at) for label, value, at in theirs}
        for label, value, at in ours:
            found = others.pop(label, None)
            if found is None:
                self.add(f"{path}{label}", str(value), at, "", 0)
            else:
                self.values(f"{path}{label}", value, at, *found)
        for label, (value, at) in others.items():
            self.add(f"{path}{label}", "", 0, str(value), at)


def _by_name(pieces: list[Piece]) -> dict[str, Piece] | None:
    """The entries of a directory by their names; None if it is something else."""
    found: dict[str, Piece] = {}
    for piece in pieces:
        last = piece[1].items[-1] if isinstance(piece[1], Struct) and piece[1].items else None
        if not isinstance(last, Named) or last.name != "d_name":
            return None
        found[str(last.value)] = piece
    return found if len(found) == len(pieces) > 0 else None


def _pieces(value: Value, at: int) -> list[Piece] | None:
    """A value's parts, if it is compared part by part."""
    if isinstance(value, Named):
        start = at + len(value.name) + len(value.sep)
        return [("", value.value, start)]
    if isinstance(value, (Struct, Array)):
        pieces: list[Piece] = []
        at += 1
        for i, item in enumerate(value.items):
            if isinstance(item, Named):
                pieces.append((f".{item.name}", item.value,
                               at + len(item.name) + len(item.sep)))
            else:
                pieces.append((f"[{i}]", item, at))
            at += len(str(item)) + 2
        return pieces
    if isinstance(value, Change):
        return [("", value.old, at), (" =>", value.new, at + len(str(value.old)) + 4)]
    if isinstance(value, Commented) and value.value is not None and not value.before:
        text = str(value)
        comment = Text(text[len(str(value.value)):])
        return [("", value.value, at), ("", comment, at + len(str(value.value)))]
    return None


def _place(entry: Entry, text: str, at: int) -> tuple[int, int]:
    """Where a part of the compared text stands in the shown text: the same text, as near as
    possible to where it should be; (0, 0) when it is not there (it was replaced)."""
    if not text:
        return 0, 0
    shown = entry.text
    shift = len(entry.event.prefix.text)
    event = entry.event
    if isinstance(event, Call) and event.returned is not None and at >= len(entry.key) - len(
            event.returned):
        shift = shown.rfind(event.returned) - (len(entry.key) - len(event.returned))
    start = at + shift
    if shown.startswith(text, max(0, start)):
        return start, start + len(text)
    found = shown.find(text, len(event.prefix.text))
    return (found, found + len(text)) if found >= 0 else (0, 0)


def _labels(name: str, args: tuple[Value, ...], event: object) -> list[str]:
    known = facts(name)
    names: list[str] = list(getattr(event, "names", ()) or ())
    if not names and known is not None and len(known.names) >= len(args):
        names = list(known.names)
    return [arg.name if isinstance(arg, Named) else names[i] if i < len(names) and names[i]
            else f"argument {i + 1}" for i, arg in enumerate(args)]


def compare_entries(old: Side, new: Side) -> tuple[Detail, ...]:
    """What differs between two entries; empty when they mean the same."""
    comparison = _Comparison(old, new)
    a, b = _parsed(old.entry), _parsed(new.entry)
    if isinstance(a, Call) and isinstance(b, Call):
        _calls(comparison, a, b)
    elif isinstance(a, Signal) and isinstance(b, Signal) and a.name == b.name:
        _signals(comparison, a, b)
    elif not comparison.same(0, len(old.entry.key), 0, len(new.entry.key)):
        comparison.add("line", old.entry.key, 0, new.entry.key, 0)
    return tuple(comparison.details)


def _parsed(entry: Entry) -> object:
    return parse_line(entry.key) if isinstance(entry.event, (Call, Signal)) else entry.event


def _calls(comparison: _Comparison, a: Call, b: Call) -> None:
    if a.name != b.name:
        comparison.add("name", a.name, 0, b.name, 0)
    ours, theirs = a.args, b.args
    labels = _labels(a.name, ours, comparison.old.entry.event)
    other_labels = _labels(b.name, theirs, comparison.new.entry.event)
    if all(isinstance(arg, Named) for arg in (*ours, *theirs)):
        comparison.fields("", *(
            [(arg.name, arg.value, at + len(arg.name) + 1) for arg, at in _positions(call)
             if isinstance(arg, Named)] for call in (a, b)))
    else:
        mine, other = _positions(a), _positions(b)
        for i in range(max(len(mine), len(other))):
            if i >= len(mine):
                comparison.add(other_labels[i], "", 0, str(other[i][0]), other[i][1])
            elif i >= len(other):
                comparison.add(labels[i], str(mine[i][0]), mine[i][1], "", 0)
            else:
                comparison.values(labels[i], *mine[i], *other[i])
    if a.mark != b.mark:
        comparison.add("end", a.mark.strip(), 0, b.mark.strip(), 0)
    _results(comparison, a, b)


def _positions(call: Call) -> list[tuple[Value, int]]:
    at = len(call.name) + 1
    found = []
    for arg in call.args:
        found.append((arg, at))
        at += len(str(arg)) + 2
    return found


def _results(comparison: _Comparison, a: Call, b: Call) -> None:
    old, new = comparison.old.entry.key, comparison.new.entry.key
    if a.returned is None or b.returned is None:
        if a.returned != b.returned:
            comparison.add("result", a.returned or "", len(old) - len(a.returned or ""),
                           b.returned or "", len(new) - len(b.returned or ""))
        return
    start, other = len(old) - len(a.returned), len(new) - len(b.returned)
    if comparison.same(start, len(old), other, len(new)):
        return
    ours, theirs = a.result, b.result
    assert ours is not None and theirs is not None
    if ours.errno and theirs.errno and ours.errno != theirs.errno:
        comparison.add("errno", ours.errno, start + a.returned.find(ours.errno), theirs.errno,
                       other + b.returned.find(theirs.errno))
    else:
        comparison.add("result", a.returned, start, b.returned, other)


def _signals(comparison: _Comparison, a: Signal, b: Signal) -> None:
    if a.info is None or b.info is None:
        comparison.add("siginfo", a.info or "", 0, b.info or "", 0)
        return
    at = len("--- ") + len(a.name) + 1
    comparison.values("siginfo", parse_arguments(a.info)[0], at, parse_arguments(b.info)[0], at)


def titled(details: tuple[Detail, ...], old: Entry, new: Entry) -> str:
    """One line that says what changed."""
    name = getattr(new.event, "name", "") or "line"
    shown = [f"{detail.path} {_short(detail.old)} → {_short(detail.new)}"
             for detail in details[:2]]
    more = f" and {len(details) - 2} more" if len(details) > 2 else ""
    return f"{name}: {', '.join(shown)}{more}"


def _short(text: str) -> str:
    return (text if len(text) <= 60 else text[:57] + "...") or "(nothing)"
