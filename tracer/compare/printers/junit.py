"""The differences as JUnit XML: a suite per process, a failed test case per difference."""
from __future__ import annotations

import re
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from tracer.compare.model import Diff, Difference, Process
from tracer.compare.printers import PrintOptions
from tracer.compare.printers.places import short_title
from tracer.compare.printers.text import process_name, summary_line

# What XML 1.0 has no characters for (section 2.2).
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub(lambda m: ascii(m[0])[1:-1], text)


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def body(difference: Difference) -> str:
    """The lines of a difference, as a unified diff shows them, with what changed in them."""
    lines = [f"-{entry.line}: {entry.text}" for entry in difference.old]
    lines += [f"+{entry.line}: {entry.text}" for entry in difference.new]
    lines += [f"  {d.path}: {d.old or '(nothing)'} -> {d.new or '(nothing)'}"
              for d in difference.details]
    return "\n".join(lines)


def print_junit(diff: Diff, out: TextIO, options: PrintOptions) -> None:
    """A document for JUnit's readers: ``testsuites``, in them a ``testsuite`` per process.

    A process without differences is one test case that passed.
    """
    found: dict[str, list[Difference]] = {}
    for difference in diff.differences:
        found.setdefault(difference.process, []).append(difference)
    suites = list(diff.processes)
    passed = sum(process.label not in found for process in suites)
    name = _attribute(f"pytrace diff {diff.old.name} {diff.new.name}")
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n'
              f'<testsuites name={name} tests="{len(diff.differences) + passed}"'
              f' failures="{len(diff.differences)}" errors="0" time="0">\n')
    for process in suites:
        _suite(diff, process, found.get(process.label, []), out)
    out.write("</testsuites>\n")


def _suite(diff: Diff, process: Process, found: list[Difference], out: TextIO) -> None:
    name = process_name(process)
    out.write(f'  <testsuite name={_attribute(name)} tests="{len(found) or 1}"'
              f' failures="{len(found)}" errors="0" skipped="0" time="0">\n')
    klass = _attribute(f"{process.label}.{process.name}" if process.name else process.label)
    if not found:
        out.write(f'    <testcase name="no differences" classname={klass} time="0"/>\n')
    for each in found:
        first = (each.old or each.new)[0]
        file = _attribute(diff.old.file(first))
        title = f"{each.number}: {each.kind}: {short_title(each)}"
        out.write(f"    <testcase name={_attribute(title)} classname={klass} file={file}"
                  f' line="{first.line}" time="0">\n'
                  f'      <failure message={_attribute(each.title)} type="{each.kind}">'
                  f"{escape(_clean(body(each)))}</failure>\n"
                  "    </testcase>\n")
    if process is diff.processes[0]:
        out.write(f"    <system-out>{escape(_clean(summary_line(diff.summary)))}</system-out>\n")
    out.write("  </testsuite>\n")
