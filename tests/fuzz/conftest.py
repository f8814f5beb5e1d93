"""The fuzzers run as modules too (`python -m tests.fuzz.…`), so they import by full names."""
from __future__ import annotations

import sys
from pathlib import Path

TOP = str(Path(__file__).parents[2])
if TOP not in sys.path:
    sys.path.insert(0, TOP)
