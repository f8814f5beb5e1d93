"""Trap sites as text and as JSON."""
from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TextIO

from tracer.scan.program import Program
from tracer.scan.reached import Reach
from tracer.scan.sites import Site

NAMES_MAX = 4               # names in a line of text


def printable(text: str) -> str:
    """Text of a file without control characters, which could steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def call_text(site: Site) -> str:
    """The call of a site: ``write``, ``gettid|tkill``, ``?``; ``…`` for what is not certain."""
    names = list(site.names) or [f"number {n:#x}" for n in site.numbers[:NAMES_MAX]]
    if not names:
        return "?"
    shown = "|".join(names[:NAMES_MAX])
    if len(names) > NAMES_MAX:
        shown += f" and {len(names) - NAMES_MAX} more"
    return shown if site.complete else shown + ", ?"


def print_text(program: Program, sites: Sequence[Site], reach: Reach | None,
               shown: Sequence[Site], out: TextIO) -> None:
    """A table of sites and a line of totals."""
    rows = [["address", "instruction", "call", "function", "source"]]
    if reach is not None:
        rows[0].insert(3, "reached")
    for site in shown:
        trap = site.trap
        function = "" if site.function is None else \
            f"{printable(site.function[0])}+{site.function[1]:#x}"
        row = [f"{trap.address:#x}", trap.kind, call_text(site), function,
               f"{printable(site.file)}:{site.line}" if site.file else ""]
        if trap.table != program.abi:
            row[1] += f" ({trap.table})"
        if reach is not None:
            times = reach.counts[trap.address]
            row.insert(3, str(times) if times else "never")
        rows.append(row)
    used = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:]) or i < 3]
    widths = [max(len(row[i]) for row in rows) for i in used]
    if shown:
        for row in rows:
            line = "  ".join(row[i].ljust(width) for i, width in zip(used, widths))
            out.write(line.rstrip() + "\n")
        out.write("\n")
    named = sum(bool(site.names) for site in sites)
    parts = [f"{len(sites)} trap site{'s' if len(sites) != 1 else ''}",
             f"{named} with a call's number"]
    if reach is not None:
        reached = sum(reach.counts[site.trap.address] > 0 for site in sites)
        parts += [f"{reached} reached", f"{len(sites) - reached} never"]
        if reach.elsewhere:
            parts.append(f"{reach.elsewhere} of {reach.calls} calls made elsewhere")
    out.write(f"{printable(program.name)} ({program.abi}): {', '.join(parts)}\n")


def site_record(site: Site, program: Program, reach: Reach | None) -> dict[str, Any]:
    """A site for JSON; what is not known is left out."""
    trap = site.trap
    record: dict[str, Any] = {"address": trap.address, "size": trap.size,
                              "instruction": trap.kind, "abi": trap.table}
    if trap.state:
        record["state"] = {"a": "arm", "t": "thumb"}[trap.state]
    if site.numbers:
        record["numbers"] = list(site.numbers)
    if site.names:
        record["names"] = list(site.names)
    record["complete"] = site.complete
    if site.callers:
        record["from_callers"] = True
    if site.function is not None:
        record["function"], record["offset"] = site.function
    if site.file:
        record["file"], record["line"] = site.file, site.line
    if reach is not None:
        record["reached"] = reach.counts[trap.address]
    return record


def print_json(program: Program, sites: Sequence[Site], reach: Reach | None,
               shown: Sequence[Site], out: TextIO) -> None:
    """One JSON document."""
    document: dict[str, Any] = {
        "program": program.name.encode("utf-8", "backslashreplace").decode(), "abi": program.abi,
        "sites": [site_record(site, program, reach) for site in shown],
        "total": len(sites), "with_number": sum(bool(site.names) for site in sites)}
    if reach is not None:
        document["never_reached"] = sum(not reach.counts[s.trap.address] for s in sites)
        document["calls"], document["calls_elsewhere"] = reach.calls, reach.elsewhere
    if program.warnings:
        document["warnings"] = program.warnings
    json.dump(document, out, indent=1)
    out.write("\n")
