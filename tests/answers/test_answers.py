"""Programs that print what calls return, against what a real Linux returned (README.md)."""
from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "expected").glob("*.txt"))
# On a 32-bit ABI these print the same: the others show sizes of structures or numbers of calls.
ON_ARM = ("inotify_ends", "interfaces", "paths", "tcp", "urgent", "waiting")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the program of each ABI."""
    folder = tmp_path_factory.mktemp("answers")
    for packed in (HERE / "bin").glob("*.gz"):
        program = folder / packed.stem
        program.write_bytes(gzip.decompress(packed.read_bytes()))
        program.chmod(0o755)
    return folder


def test_all_are_there() -> None:
    sources = {path.stem for path in (HERE / "src").glob("*.c")} - {"answers"}
    assert sources == set(NAMES) > set(ON_ARM)


@pytest.mark.parametrize(("name", "abi"), [(name, "x86_64") for name in NAMES]
                         + [(name, "arm") for name in ON_ARM])
def test_answers(name: str, abi: str, programs: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tracer", "-o", "/dev/null", "-e", "trace=none",
         str(programs / abi), name], cwd=tmp_path, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expected = (HERE / "expected" / f"{name}.txt").read_text().splitlines()
    assert run.stdout.decode(errors="replace").splitlines() == expected
    assert run.returncode == 0
