"""The index of handlers is up to date."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tracer.kernel import calls


def test_index_is_what_the_modules_register() -> None:
    script = "from tracer.kernel.calls.__main__ import text; print(text(), end='')"
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          check=True).stdout
    committed = Path(calls.__file__).with_name("index.py").read_text()
    assert made == committed, "run python -m tracer.kernel.calls"
