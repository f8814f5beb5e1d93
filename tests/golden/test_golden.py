"""pytrace --host against logs of the real strace on real kernels; see README.md."""
from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from golden_normalise import ROOT, normalise

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"),
    reason="--host shows programs the host's files, which a Linux program only knows on Linux")

HERE = Path(__file__).parent
SCENARIOS: list[dict[str, Any]] = json.loads((HERE / "scenarios.json").read_text())
RUNS = [pytest.param(abi, s, id=f"{abi}-{s['name']}") for s in SCENARIOS for abi in s["abis"]]
MTIME = 1700000000


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder whose name is as long as the one of the recorded runs."""
    with tempfile.TemporaryDirectory(prefix="pt-", dir="/tmp") as folder:
        assert len(folder) == len(ROOT)
        yield Path(folder)


def prepare(root: Path, abi: str, scenario: dict[str, Any]) -> None:
    """Make what the recorded run had: b with the program, w with the files."""
    root.chmod(0o755)
    (root / "b").mkdir()
    (root / "w").mkdir()
    program = root / "b" / scenario["bin"]
    packed = HERE / "bin" / abi / f"{scenario['bin']}.gz"
    program.write_bytes(gzip.decompress(packed.read_bytes()))
    program.chmod(0o755)
    for name, text in scenario["files"].items():
        file = root / "w" / name
        file.write_text(text)
        file.chmod(0o644)
        os.utime(file, (MTIME, MTIME))
    (root / "in").write_text(scenario["stdin"] or "")


def limits() -> None:
    """Those of the recorded runs."""
    import resource
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, hard))


@pytest.mark.parametrize(("abi", "scenario"), RUNS)
def test_log_output_and_status(abi: str, scenario: dict[str, Any], root: Path) -> None:
    prepare(root, abi, scenario)
    with open("/dev/null" if scenario["stdin"] is None else root / "in", "rb") as stdin, \
            open(root / "out", "wb") as out, open(root / "err", "wb") as err:
        done = subprocess.run(
            [sys.executable, "-m", "tracer", "--host", *scenario["options"], "-o", root / "log",
             f"../b/{scenario['bin']}", *scenario["args"]],
            cwd=root / "w", stdin=stdin, stdout=out, stderr=err, timeout=120,
            env={"PATH": f"{root}/b", "HOME": "/root", "LANG": "C"},
            start_new_session=True, preexec_fn=limits)
    logs = HERE / "logs" / abi
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    assert (root / "out").read_bytes().replace(bytes(root), ROOT.encode()) == \
        (logs / f"{scenario['name']}.out").read_bytes()
    assert status == scenario["status"], (root / "err").read_text()
    if scenario["compare"] == "log":
        golden = (logs / f"{scenario['name']}.strace").read_text()
        assert normalise((root / "log").read_text(), str(root), scenario["options"]) == \
            normalise(golden, ROOT, scenario["options"])
