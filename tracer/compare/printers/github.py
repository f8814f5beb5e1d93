"""The differences as annotations of GitHub Actions ("workflow commands")."""
from __future__ import annotations

from typing import TextIO

from tracer.compare.model import Diff
from tracer.compare.printers import PrintOptions
from tracer.compare.printers.junit import body
from tracer.compare.printers.places import places, short_title
from tracer.compare.printers.text import summary_line, visible

ANNOTATIONS_MAX = 50        # GitHub itself shows ten of a step and fifty of a job
MESSAGE_MAX = 4000


def _data(text: str) -> str:
    """A message: what ends a command or starts an escape must be escaped."""
    lines = "\n".join(visible(line) for line in text.split("\n"))
    return lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def print_github(diff: Diff, out: TextIO, options: PrintOptions) -> None:
    """A line ``::error file=…,line=…,title=…::…`` for each difference; the file is the old log."""
    where = places(diff)
    for difference in diff.differences[:ANNOTATIONS_MAX]:
        place = where[difference.number]
        text = body(difference)
        if len(text) > MESSAGE_MAX:
            text = text[:MESSAGE_MAX] + "…"
        title = f"{difference.kind} in {difference.process}: {short_title(difference)}"[:250]
        out.write(f"::error file={_property(place.file)},line={place.first},"
                  f"endLine={place.last},title={_property(title)}::{_data(text)}\n")
    more = len(diff.differences) - ANNOTATIONS_MAX
    if more > 0:
        out.write(f"::warning::{more} more differences are not annotated\n")
    if diff.differences:
        out.write(f"{_data(diff.old.name)} {_data(diff.new.name)}: {summary_line(diff.summary)}\n")
