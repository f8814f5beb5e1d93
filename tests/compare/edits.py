"""Seeded edits of logs, and what a comparison must find of them."""
from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass

from tracer.compare.compare import compare
from tracer.compare.model import ADDED, CHANGED, MOVED, REMOVED, Diff
from tracer.compare.rules import PROCESSES, Settings, settings
from tracer.compare.scan import template
from tracer.compare.shapes import Shaper
from tracer.logs.model import UNFINISHED, WHOLE, Call, Event
from tracer.logs.parse import parse_line
from tracer.logs.values import Array, Named, Number, String, Struct, Symbol, Value

SHAPER = Shaper(Settings())
INSERTED = ("getppid()                               = 1",
            'access("/etc/not-there", F_OK)          = -1 ENOENT (No such file or directory)',
            'faccessat2(9, "x", R_OK, AT_EACCESS)    = 0',
            "sched_yield()                           = 0")
ERRNOS = ("EPERM (Operation not permitted)", "EIO (Input/output error)",
          "EINVAL (Invalid argument)",
          "ENOSPC (No space left on device)")


@dataclass(frozen=True)
class Edit:
    """kind: what was done.  text: the new log.  line: where (from 1; in the old log, for an
    insertion in the new one).  old, new: the texts of what changed."""

    kind: str
    text: str
    line: int = 0
    old: str = ""
    new: str = ""


class NotPossible(Exception):
    """The log has no place for such an edit."""


def _calls(lines: list[str]) -> list[tuple[int, Call]]:
    found = []
    for i, line in enumerate(lines):
        event = parse_line(line)
        if isinstance(event, Call) and event.state == WHOLE and event.returned is not None:
            found.append((i, event))
    return found


def _leaves(value: Value, at: int) -> list[tuple[int, str]]:
    """Leaves that an edit may change, with their places."""
    if isinstance(value, Named):
        return _leaves(value.value, at + len(value.name) + len(value.sep))
    if isinstance(value, (Number, String, Symbol)):
        return [(at, str(value))]
    found: list[tuple[int, str]] = []
    if isinstance(value, (Struct, Array)):
        items = value.items
        at += 1
        for item in items:
            found += _leaves(item, at)
            at += len(str(item)) + 2
    return found


def _other(leaf: str, rng: random.Random) -> str:
    if leaf.startswith('"'):
        return f'"{rng.choice("abcxyz")}{leaf[1:]}'
    if leaf[:1].isdigit() or leaf[:1] == "-":
        if leaf.startswith("0x"):
            return hex(int(leaf, 16) + rng.choice((1, 2, 16)))
        if leaf.startswith("0") and len(leaf) > 1:
            return leaf[:-1] + str((int(leaf[-1]) + 1) % 8)
        return str(int(leaf.split("*")[0]) + rng.choice((1, 5, 1000)))
    return f"{leaf}_OTHER"


def changed_argument(lines: list[str], rng: random.Random) -> Edit:
    """Another value for an argument or a field; not for what the rules say is no meaning."""
    calls = _calls(lines)
    for _ in range(200):
        i, call = rng.choice(calls)
        name, text = SHAPER.call_text(call)
        spans = SHAPER.spans(name, text)
        at = len(call.name) + 1
        leaves = []
        for arg in call.args:
            leaves += _leaves(arg, at)
            at += len(str(arg)) + 2
        leaves = [(at, leaf) for at, leaf in leaves
                  if leaf not in ("NULL", "...") and text.startswith(leaf, at)
                  and not any(s.start < at + len(leaf) and at < s.end for s in spans)]
        if not leaves:
            continue
        at, leaf = rng.choice(leaves)
        other = _other(leaf, rng)
        start = len(call.prefix.text) + at
        line = lines[i]
        assert line.startswith(leaf, start)
        new = line[:start] + other + line[start + len(leaf):]
        return Edit("changed argument", _text(lines, i, new), i + 1, leaf, other)
    raise NotPossible


def changed_errno(lines: list[str], rng: random.Random) -> Edit:
    """Another error, or one where there was none."""
    calls = [(i, c) for i, c in _calls(lines)
             if c.returned == "0" or (c.returned or "").startswith("-1 E")]
    if not calls:
        raise NotPossible
    i, call = rng.choice(calls)
    returned = call.returned or ""
    error = rng.choice([e for e in ERRNOS if e not in returned])
    at = lines[i].rfind(f"= {returned}")
    new = f"{lines[i][:at]}= -1 {error}{lines[i][at + 2 + len(returned):]}"
    return Edit("errno", _text(lines, i, new), i + 1, returned, f"-1 {error}")


def dropped_call(lines: list[str], rng: random.Random) -> Edit:
    """A call is missing."""
    i, _ = rng.choice([(i, c) for i, c in _calls(lines) if not _forks(c)] or _fail())
    return Edit("dropped", "\n".join(lines[:i] + lines[i + 1:]) + "\n", i + 1, lines[i])


def inserted_call(lines: list[str], rng: random.Random) -> Edit:
    """A call more."""
    i, call = rng.choice(_calls(lines) or _fail())
    line = call.prefix.text + rng.choice(INSERTED)
    return Edit("inserted", "\n".join([*lines[:i], line, *lines[i:]]) + "\n", i + 1, "", line)


def moved_call(lines: list[str], rng: random.Random) -> Edit:
    """A call that is unlike those around it stands some calls later or earlier."""
    calls = [(i, c) for i, c in _calls(lines)
             if not _forks(c) and SHAPER.call(c).effect is None]
    for _ in range(200):
        if len(calls) < 8:
            break
        k = rng.randrange(len(calls))
        i, call = calls[k]
        same = [n for n, (_, c) in enumerate(calls) if c.prefix.pid == call.prefix.pid]
        at = same.index(k) + rng.choice((-5, -4, -3, 3, 4, 5))
        if not 0 <= at < len(same):
            continue
        j = calls[same[at]][0]
        texts = [_template(c) for _, c in calls]
        if texts.count(texts[k]) > 1:       # those between it and another might have moved
            continue
        rest = lines[:i] + lines[i + 1:]
        new = [*rest[:j], lines[i], *rest[j:]]
        if new != lines:
            return Edit("moved", "\n".join(new) + "\n", i + 1, lines[i], lines[i])
    raise NotPossible


def reordered_processes(lines: list[str], rng: random.Random) -> Edit:
    """The lines of processes are interleaved in another way; each process's own order stays,
    and a child begins after the call that made it."""
    events = [parse_line(line) for line in lines]
    pids = [e.prefix.pid for e in events]
    if len(set(pids)) < 2 or None in pids:
        raise NotPossible
    queues: dict[int | None, list[int]] = {}
    for i, pid in enumerate(pids):
        queues.setdefault(pid, []).append(i)
    first = next(iter(queues))
    made = {first}
    order: list[int] = []
    while any(queues.values()):
        pid = rng.choice([p for p, q in queues.items() if q and p in made])
        i = queues[pid].pop(0)
        order.append(i)
        event = events[i]
        if isinstance(event, Call) and event.returned and event.name in (
                "clone", "clone3", "fork", "vfork"):
            child = event.returned.split(" ")[0]
            if child.isdigit():
                made.add(int(child))
        if not any(q for p, q in queues.items() if p in made):
            made |= set(queues)
    # A call counts where it ends.
    ends = [i for i in order if not _begins(events[i])]
    if ends == sorted(ends):
        raise NotPossible
    return Edit("reordered", "\n".join(lines[i] for i in order) + "\n")


EDITS: tuple[Callable[[list[str], random.Random], Edit], ...] = (
    changed_argument, changed_errno, dropped_call, inserted_call, moved_call,
    reordered_processes)


def _template(call: Call) -> str:
    """What is compared of a call's text."""
    name, text = SHAPER.call_text(call)
    return template(text, SHAPER.spans(name, text))


def _forks(call: Call) -> bool:
    return call.name in ("clone", "clone3", "fork", "vfork")


def _begins(event: Event) -> bool:
    return isinstance(event, Call) and event.state == UNFINISHED


def _fail() -> list[tuple[int, Call]]:
    raise NotPossible


def _text(lines: list[str], i: int, new: str) -> str:
    return "\n".join([*lines[:i], new, *lines[i + 1:]]) + "\n"


def comparison(old: str, new: str, check: Callable[[Diff], str], chosen: Settings | None = None
               ) -> str:
    """What ``check`` says of the comparison of two texts."""
    with compare(io.BytesIO(old.encode("utf-8", "surrogateescape")),
                 io.BytesIO(new.encode("utf-8", "surrogateescape")), chosen) as diff:
        return check(diff)


def verdict(old: str, edit: Edit) -> str:
    """"" if the edit is found, at its place, and nothing else; otherwise what is wrong."""
    if edit.kind == "reordered":
        message = comparison(old, edit.text, lambda d: "" if d.same else _titles(d))
        if message:
            return message
        return comparison(old, edit.text, lambda d: "not found without the rule" if d.same else "",
                          settings(switch_off=[PROCESSES]))

    def check(diff: Diff) -> str:
        if len(diff.differences) != 1:
            return _titles(diff)
        d = diff.differences[0]
        kind = {"changed argument": CHANGED, "errno": CHANGED, "dropped": REMOVED,
                "inserted": ADDED, "moved": MOVED}[edit.kind]
        if d.kind != kind:
            return _titles(diff)
        if kind == CHANGED:
            if not d.old[0].line == d.new[0].line == edit.line:
                return f"at line {d.old[0].line} instead of {edit.line}"
            if len(d.details) != 1:
                return _titles(diff)
            detail = d.details[0]
            start, end = detail.new_span
            if edit.kind == "errno":
                return "" if detail.path in ("errno", "result") else _titles(diff)
            if (edit.old, edit.new) != (detail.old, detail.new):
                return f"{detail.old} → {detail.new} instead of {edit.old} → {edit.new}"
            return "" if d.new[0].text[start:end] == edit.new else "wrong span"
        entry = (d.old or d.new)[0]
        event = parse_line(edit.old or edit.new)
        if entry.key != SHAPER.event_text(event)[1] and not _alike(entry.key, event):
            return _titles(diff)
        # One of several equal entries may stand for another: what is left is the same.
        return ""

    return comparison(old, edit.text, check)


def _alike(key: str, event: object) -> bool:
    if not isinstance(event, Call):
        return False
    return key.split("(")[0] == event.name      # they differ in what the rules do not compare


def _titles(diff: Diff) -> str:
    return f"{len(diff.differences)} differences: " + "; ".join(
        f"{d.kind} {d.line} {d.title}" for d in diff.differences[:3])
