"""The log of threaded programs is the same however often and under which load they run.

    python -m tests.determinism.threads [--runs 100]

The programs are those of tests/programs on each ABI and the sample with threads.
"""
from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.determinism.runs import SAMPLES, TOP, one_core_busy
from tests.programs.compiling import ABIS, compile_c

NAMES = ("sync", "handlers", "spinners")


def programs() -> list[Path]:
    """More than ten threaded programs."""
    source = TOP / "tests" / "programs" / "src"
    return [*(compile_c(source / f"{name}.c", abi) for abi in ABIS for name in NAMES),
            *(SAMPLES / abi / "threads" for abi in ABIS)]


def logs(program: Path, runs: int) -> set[bytes]:
    """The different logs of a program."""
    found = set()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        for _ in range(runs):
            subprocess.run([sys.executable, "-m", "tracer", "-f", "-ttt", "-o", log, program],
                           cwd=TOP, check=True, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL)
            found.add(log.read_bytes())
    return found


def main() -> int:
    """1 if a program has more than one log."""
    parser = argparse.ArgumentParser(prog="python -m tests.determinism.threads")
    parser.add_argument("--runs", type=int, default=100)
    runs = parser.parse_args().runs
    wrong = 0
    with one_core_busy(True):
        for program in programs():
            count = len(logs(program, runs))
            wrong += count > 1
            print(f"{program.name}: {runs} runs, {count} logs", flush=True)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
