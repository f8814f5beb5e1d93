"""Seeded edits of real logs: each is found, at its place, and nothing else.

``python tests/compare/test_edits.py FIRST LAST LOG...`` tries those seeds on other logs.
"""
from __future__ import annotations

import random
import sys
from pathlib import Path

import edits
import pytest

TESTS = Path(__file__).parent.parent
LOGS = [path for path in sorted(TESTS.glob("golden/logs/*/*.strace"))
        if path.read_text().count("\n") > 12]
LOGS += sorted(TESTS.glob("logs/strace/p*.strace"))


@pytest.mark.parametrize("seed", range(200))
def test_edit(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(50):                 # not every log has a place for every edit
        text = rng.choice(LOGS).read_text()
        try:
            edit = edits.EDITS[seed % len(edits.EDITS)](text.splitlines(), rng)
        except edits.NotPossible:
            continue
        assert not edits.verdict(text, edit)
        return
    pytest.fail("no log has a place for this edit")


def main() -> int:
    """Try seeds on logs; the number of edits that were not found as they should be."""
    paths = sys.argv[3:]
    bad = done = 0
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        rng = random.Random(seed)
        path = rng.choice(paths)
        text = Path(path).read_text()
        try:
            edit = edits.EDITS[seed % len(edits.EDITS)](text.splitlines(), rng)
        except (edits.NotPossible, IndexError):
            continue
        done += 1
        wrong = edits.verdict(text, edit)
        if wrong:
            bad += 1
            print(f"seed {seed}: {path}: {edit.kind} at {edit.line}: {wrong}")
    print(f"{done} edits, {bad} not as they should be")
    return bad


if __name__ == "__main__":
    sys.exit(bool(main()))
