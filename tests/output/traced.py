"""Runs of the programs of tests/golden/bin, with options, in the sandbox."""
from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

BINARIES = Path(__file__).parent.parent / "golden" / "bin"


class Traced(NamedTuple):
    """What a run left behind; log: its lines."""

    status: int
    out: str
    err: str
    log: list[str]


def program(folder: Path, name: str, abi: str = "x86_64") -> Path:
    """Unpack a program."""
    path = folder / name
    path.write_bytes(gzip.decompress((BINARIES / abi / f"{name}.gz").read_bytes()))
    path.chmod(0o755)
    return path


def trace(folder: Path, *words: str, name: str = "musl-hello", abi: str = "x86_64",
          args: tuple[str, ...] = (), log: bool = True,
          environment: dict[str, str] | None = None) -> Traced:
    """Trace a program with options; log: whether the log goes to a file."""
    program(folder, name, abi)
    output = ["-o", "log"] if log else []
    done = subprocess.run([sys.executable, "-m", "tracer", *output, *words, f"./{name}", *args],
                          cwd=folder, capture_output=True, text=True, timeout=120,
                          errors="surrogateescape",
                          env={**os.environ, "PYTHONPATH": str(BINARIES.parents[2]),
                               "PYTRACE_ARGV0": "strace", **(environment or {})},
                          stdin=subprocess.DEVNULL)
    lines = (folder / "log").read_text().splitlines() if (folder / "log").exists() else []
    return Traced(done.returncode, done.stdout, done.stderr, lines)
