"""Which trap sites made calls, by logs with instruction pointers (-i) or stacks (-k)."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from loader.elf import ET_EXEC, PAGE_SIZE
from tracer.logs.model import CONTINUED, RESUMED, UNFINISHED, Call, StackFrame
from tracer.logs.parse import read
from tracer.logs.values import String
from tracer.scan import ScanError
from tracer.scan.program import Program
from tracer.scan.sites import Site


class Reach(NamedTuple):
    """counts: address of a site → calls made there.  elsewhere: calls whose place is no site of
    the program: in a library, another program or the vDSO.  calls: all that had a place."""

    counts: Counter[int]
    elsewhere: int
    calls: int


_LAST = ("exit", "exit_group")          # calls that have no stack
_OUTSIDE = -1               # the address of a call in another file
_LEFT = -2                  # of one without a stack, because it ends its task


class _Place(NamedTuple):
    """Where a call was made: an absolute address, or one of the file."""

    name: str
    address: int
    relative: bool


def reach(program: Program, sites: Sequence[Site], logs: Iterable[str]) -> Reach:
    """Count the calls of logs at their sites.

    Raises LogError for a log that cannot be read, ScanError for one without instruction
    pointers.
    """
    counts: Counter[int] = Counter()
    elsewhere = calls = 0
    ends = {site.trap.address + site.trap.size: site for site in sites}
    for log in logs:
        places = Counter(_places(log, program))
        if not any(place.address != _LEFT for place in places):
            raise ScanError(f"{log}: no instruction pointers; make the log with -i or -k")
        bias = _bias(program, places, ends)
        only = _only_sites(sites)
        for place, times in places.items():
            calls += times
            if place.address == _LEFT:
                if place.name in only:
                    counts[only[place.name]] += times
                continue
            address = place.address - (0 if place.relative else bias)
            # The return address of a call may be shown, or the byte before it.
            site = ends.get(address) or (ends.get(address + 1) if place.relative else None)
            if site is None and place.name in _LAST and place.name in only:
                counts[only[place.name]] += times
            elif site is None:
                elsewhere += times
            else:
                counts[site.trap.address] += times
    return Reach(counts, elsewhere, calls)


def _places(log: str, program: Program) -> Iterator[_Place]:
    """The place of each call of a log, but for calls within other programs."""
    base = os.path.basename(program.name)
    running: dict[int | None, str] = {}
    cut: dict[int | None, _Place] = {}  # of unfinished calls
    name, place = "", None              # of the last call; a stack tells more than -i
    stack: list[StackFrame] = []
    for event in read(log):
        if isinstance(event, StackFrame):
            stack.append(event)
            continue
        if not isinstance(event, Call):
            continue
        found = _innermost(name, stack, base) or place
        if found is not None:
            yield found
        stack, name, place = [], event.name, None
        prefix = event.prefix
        if event.name in ("execve", "execveat") and event.returned is not None \
                and event.returned.startswith("0"):
            for value in event.args[:2]:
                if isinstance(value, String):
                    running[prefix.pid] = os.path.basename(os.fsdecode(value.data))
            name = ""                   # it ends in the new program
        elif event.state in (RESUMED, CONTINUED):
            place = cut.pop(prefix.pid, None)
            if event.mark:              # cut once more
                cut[prefix.pid], place = place or _Place(name, _LEFT, True), None
        elif prefix.ip is not None and running.get(prefix.pid, base) == base:
            place = _Place(event.name, prefix.ip, False)
            if event.state == UNFINISHED:
                cut[prefix.pid], place = place, None
        elif prefix.ip is None and event.name in _LAST:
            place = _Place(event.name, _LEFT, True)
    found = _innermost(name, stack, base) or place
    if found is not None:
        yield found
    yield from cut.values()


def _innermost(name: str, stack: list[StackFrame], base: str) -> _Place | None:
    """The innermost place of a stack that is in the program; the vDSO is passed over."""
    if not name:
        return None
    for frame in stack:
        if frame.address is not None and os.path.basename(frame.object or "") == base:
            return _Place(name, frame.address, True)
        if frame.object is not None and not frame.object.startswith("["):
            return _Place(name, _OUTSIDE, True)
    return None


def _only_sites(sites: Sequence[Site]) -> dict[str, int]:
    """Calls that only one site can make → its address."""
    by_name: dict[str, list[int]] = {}
    for site in sites:
        for name in site.names:
            by_name.setdefault(name, []).append(site.trap.address)
    return {name: found[0] for name, found in by_name.items() if len(found) == 1}


def _bias(program: Program, places: Counter[_Place], ends: dict[int, Site]) -> int:
    """Where a position-independent program was loaded: where most calls are at sites."""
    if program.image.e_type == ET_EXEC:
        return 0
    votes: Counter[int] = Counter()
    for place in places:
        if place.relative:
            continue
        for end, site in ends.items():
            bias = place.address - end
            if bias >= 0 and bias % PAGE_SIZE == 0 and (
                    not site.names or not site.complete or place.name in site.names):
                votes[bias] += 1
    return min(votes, key=lambda bias: (-votes[bias], bias)) if votes else 0
