"""The differences as a report of GitLab's Code Quality: a JSON array of issues."""
from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import TextIO

from tracer.compare.model import CHANGED, MOVED, Diff
from tracer.compare.printers import PrintOptions
from tracer.compare.printers.places import places, short_title
from tracer.compare.printers.text import visible


def print_gitlab(diff: Diff, out: TextIO, options: PrintOptions) -> None:
    """One JSON document.  A fingerprint stays the same while the difference does, wherever the
    lines move to."""
    where = places(diff)
    times: Counter[str] = Counter()
    issues = []
    for difference in diff.differences:
        keys = [entry.key for entry in (*difference.old, *difference.new)]
        identity = "\0".join((diff.old.name, difference.process, difference.kind, *keys))
        times[identity] += 1
        mark = f"{identity}\0{times[identity]}"
        place = where[difference.number]
        title = visible(short_title(difference))
        issues.append({
            "description": f"{difference.kind} in {difference.process}: {title}",
            "check_name": f"pytrace-{difference.kind}",
            "fingerprint": sha256(mark.encode("utf-8", "surrogatepass")).hexdigest(),
            "severity": "minor" if difference.kind == MOVED else
                        "major" if difference.kind == CHANGED else "critical",
            "location": {"path": visible(place.file).removeprefix("./"),
                         "lines": {"begin": place.first, "end": place.last}}})
    json.dump(issues, out, indent=1, ensure_ascii=True)
    out.write("\n")
