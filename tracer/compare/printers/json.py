"""The differences as one JSON document; ``diff.schema.json`` describes it."""
from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TextIO

from tracer.compare.model import Detail, Diff, Difference, Entry
from tracer.compare.printers import PrintOptions


def _entry(entry: Entry) -> dict[str, Any]:
    return {"line": entry.line, "resumed": entry.resumed, "text": _text(entry.text),
            "compared": _text(entry.key)}


def _text(text: str) -> str:
    """Bytes of the log that are no UTF-8, as ``\\udc80``…: replaced, as JSON must be text."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _detail(detail: Detail) -> dict[str, Any]:
    return {"path": _text(detail.path), "old": _text(detail.old), "new": _text(detail.new),
            "old_span": list(detail.old_span), "new_span": list(detail.new_span)}


def difference_record(difference: Difference) -> dict[str, Any]:
    """One difference as JSON's types."""
    return {"number": difference.number, "kind": difference.kind, "process": difference.process,
            "title": _text(difference.title), "old": [_entry(e) for e in difference.old],
            "new": [_entry(e) for e in difference.new],
            "details": [_detail(d) for d in difference.details]}


def print_json(diff: Diff, out: TextIO, options: PrintOptions) -> None:
    """One object; the differences are written one by one."""
    head: dict[str, Any] = {
        "format": "pytrace-diff", "version": 1, "same": diff.same,
        "old": asdict(diff.old), "new": asdict(diff.new),
        "rules": list(diff.rules), "abi_neutral": diff.abi_neutral, "notes": list(diff.notes),
        "summary": {**asdict(diff.summary), "total": diff.summary.total},
        "processes": [{"label": p.label, "name": _text(p.name), "old_pid": p.old_pid,
                       "new_pid": p.new_pid, "in_old": p.has_old, "in_new": p.has_new}
                      for p in diff.processes],
    }
    for log in (head["old"], head["new"]):
        if log["files"]:
            log["files"] = {str(pid): _text(path) for pid, path in log["files"].items()}
        else:
            del log["files"]
    head["old"]["name"], head["new"]["name"] = _text(diff.old.name), _text(diff.new.name)
    out.write(json.dumps(head, ensure_ascii=False, indent=1)[:-2])
    out.write(',\n "differences": [')
    for i, difference in enumerate(diff.differences):
        out.write(",\n  " if i else "\n  ")
        out.write(json.dumps(difference_record(difference), ensure_ascii=False))
    out.write("\n ]\n}\n" if diff.differences else "]\n}\n")
