#!/usr/bin/env python3
"""Runs the samples under pytrace and compares what they do with the files beside them.

    python samples/run.py [ABI/PROGRAM]...       compare
    python samples/run.py --record [...]         write the files anew

Beside each program stand PROGRAM.strace, its trace, and PROGRAM.out, its standard output.
"""
from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ABIS = ("x86_64", "i386", "arm", "aarch64")
ARGUMENTS = {"copy": ["text.txt", "copy.txt"], "list": ["data"]}
OPTIONS = {"pipe": ["-f"], "threads": ["-f"]}


class Result(NamedTuple):
    """What a run gave; status is negative for a signal, as in subprocess."""

    trace: bytes
    output: bytes
    errors: bytes
    status: int


def samples() -> list[str]:
    """``ABI/PROGRAM`` of all programs."""
    return [f"{abi}/{path.name}" for abi in ABIS for path in sorted((HERE / abi).iterdir())
            if not path.suffix]


def work(folder: Path) -> None:
    """Copy the programs and what they read.

    A checkout's modes depend on the umask, and a program sees them.
    """
    for abi in ABIS:
        (folder / abi).mkdir()
    for name in samples():
        shutil.copyfile(HERE / name, folder / name)
        (folder / name).chmod(0o755)
    shutil.copytree(HERE / "data", folder / "data")
    shutil.copyfile(HERE / "text.txt", folder / "text.txt")
    for base, folders, files in os.walk(folder / "data"):
        for name in (".", *folders):
            os.chmod(os.path.join(base, name), 0o755)
        for name in files:
            os.chmod(os.path.join(base, name), 0o644)
    (folder / "text.txt").chmod(0o644)


def run(sample: str, folder: Path, log: Path) -> Result:
    """Trace one program in a folder made by ``work``."""
    name = sample.rpartition("/")[2]
    done = subprocess.run(
        [sys.executable, "-m", "tracer", *OPTIONS.get(name, ()), "-o", str(log), sample,
         *ARGUMENTS.get(name, ())],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    trace = log.read_bytes() if log.exists() else b""
    return Result(trace, done.stdout, done.stderr, done.returncode)


def main() -> int:
    """0 if all is as it should be."""
    arguments = sys.argv[1:]
    record = arguments[:1] == ["--record"]
    bad = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder, log = Path(temporary, "work"), Path(temporary, "log")
        folder.mkdir()
        work(folder)
        for sample in arguments[record:] or samples():
            log.unlink(missing_ok=True)
            result = run(sample, folder, log)
            print(f"{sample}: status {result.status} {result.errors.decode(errors='replace')}")
            for suffix, got in ((".strace", result.trace), (".out", result.output)):
                path = HERE / (sample + suffix)
                if record:
                    path.write_bytes(got)
                    continue
                lines = [(path.read_bytes() if path.exists() else b"").decode().splitlines(),
                         got.decode(errors="replace").splitlines()]
                difference = list(difflib.unified_diff(*lines, path.name, "now", lineterm=""))
                bad += bool(difference)
                print(*difference, sep="\n", end="\n" if difference else "")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
