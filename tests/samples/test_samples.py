"""The sample programs: their traces, output and status, and how they are built."""
from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SAMPLES = Path(__file__).parents[2] / "samples"


def script(name: str) -> ModuleType:
    """A script of the folder, as a module."""
    spec = importlib.util.spec_from_file_location(f"samples_{name}", SAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


build, run = script("build"), script("run")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    run.work(folder)
    return folder


def expected_status(trace: str) -> int:
    """What the last line of a trace says, as subprocess gives it."""
    last = trace.splitlines()[-1]
    if exited := re.search(r"\+\+\+ exited with (\d+) \+\+\+$", last):
        return int(exited[1])
    killed = re.search(r"\+\+\+ killed by (SIG\w+) \+\+\+$", last)
    assert killed is not None
    return -signal.Signals[killed[1]]


@pytest.mark.parametrize("sample", run.samples())
def test_trace_output_and_status(sample: str, work: Path, tmp_path: Path) -> None:
    result = run.run(sample, work, tmp_path / "log")
    trace = (SAMPLES / f"{sample}.strace").read_text()
    assert result.errors.decode() == ""
    assert result.trace.decode() == trace
    assert result.output == (SAMPLES / f"{sample}.out").read_bytes()
    status = expected_status(trace)
    assert result.status == (status if status >= 0 or sys.platform != "win32" else 128 - status)


@pytest.mark.parametrize("sample", ["aarch64/tutorial", "x86_64/divide"])
def test_the_readme_shows_what_is_printed(sample: str) -> None:
    trace = (SAMPLES / f"{sample}.strace").read_text().splitlines(keepends=True)
    readme = (SAMPLES.parent / "README.md").read_text()
    assert "".join(f"    {line}" for line in trace) in readme


def test_every_program_is_there_and_none_else() -> None:
    assert sorted(f"{abi}/{name}" for abi, name, _ in build.commands()) == sorted(run.samples())


def test_the_sandbox_wrote_nothing(work: Path, tmp_path: Path) -> None:
    """copy makes its file in the sandbox only."""
    result = run.run("x86_64/copy", work, tmp_path / "log")
    assert result.status == 0 and b'rename("copy.tmp", "copy.txt")' in result.trace
    assert sorted(p.name for p in work.iterdir()) == sorted([*run.ABIS, "data", "text.txt"])


def test_oabi_header_names_no_eabi() -> None:
    data = (SAMPLES / "arm" / "oabi").read_bytes()
    assert data[:5] == b"\x7fELF\x01" and data[0x12:0x14] == b"\x28\0"
    assert data[0x24:0x28] == bytes(4)


def ziglang() -> str:
    """The version that is installed, or nothing."""
    if importlib.util.find_spec("ziglang") is None:
        return ""
    return subprocess.run([sys.executable, "-m", "ziglang", "version"], check=True,
                          capture_output=True, text=True).stdout.strip()


def test_rebuilding_gives_the_same_bytes(tmp_path: Path) -> None:
    if ziglang() != build.VERSION:
        pytest.skip(f"needs the PyPI package ziglang, version {build.VERSION}")
    build.build(tmp_path)
    for abi, name, _ in build.commands():
        assert (tmp_path / abi / name).read_bytes() == (SAMPLES / abi / name).read_bytes(), name
