"""What the README says about golden logs, Python and pytest, tried word by word."""
from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TOP = Path(__file__).parents[2]
README = (TOP / "README.md").read_text("utf-8")
SAMPLES = TOP / "samples"


def blocks(language: str, heading: str) -> list[str]:
    """The code of a language below a heading."""
    part = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", part, re.S | re.M)


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder for PATH with `pytrace`, and `cc` where the machine has none that links
    statically."""
    folder = tmp_path / "bin"
    folder.mkdir()
    wanted = {"pytrace": f"{sys.executable} -m tracer"}
    (tmp_path / "try.c").write_text("int main(void) { return 0; }\n")
    if shutil.which("cc") is None or subprocess.run(
            ["cc", "-static", "-o", tmp_path / "try", tmp_path / "try.c"],
            capture_output=True, check=False).returncode:
        if find_spec("ziglang") is None:
            pytest.skip("no C compiler that links statically, and no ziglang")
        wanted["cc"] = f"{sys.executable} -m ziglang cc -target x86_64-linux-musl"
    for name, command in wanted.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="compiles and runs a Linux program")
def test_the_walk_through_golden_logs(tmp_path: Path, commands: Path) -> None:
    work = tmp_path / "empty"
    work.mkdir()
    environment = {**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
                   "PYTHONPATH": str(TOP), "PYTRACE_ARGV0": "pytrace"}

    def shell(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-e", "-c", script], cwd=work, env=environment, text=True,
                              capture_output=True, timeout=300, check=False)

    make, change, update = blocks("sh", "Golden logs in CI")
    done = shell(make)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "hello.strace: written\n")
    failed = shell(change)
    assert failed.returncode == 1 and failed.stderr.endswith("with --update\n")
    shown = README.split("    --- hello.strace\n")[1].split("\n\n")[0]
    assert failed.stdout == "--- hello.strace\n" + textwrap.dedent(shown) + "\n"
    # the CI jobs say the same in their forms
    jobs = "".join(blocks("yaml", "Golden logs in CI"))
    for command in re.findall(r"pytrace check .*", jobs):
        assert shell(command).returncode == 1
    assert shell("pytrace check --format github .").stdout.startswith(
        "::error file=hello.strace,line=2,")
    assert 'failures="1"' in (work / "reports" / "hello.strace.xml").read_text()
    done = shell(update)
    assert done.returncode == 0 and done.stderr == "hello.strace: updated, 1 difference\n"
    for command in re.findall(r"pytrace check .*", jobs):
        assert shell(command).returncode == 0


def test_the_hook_is_what_the_readme_says() -> None:
    hooks = (TOP / ".pre-commit-hooks.yaml").read_text()
    assert "id: pytrace-check" in hooks and "entry: pytrace check\n" in hooks
    assert "id: pytrace-check" in "".join(blocks("yaml", "Golden logs in CI"))


def test_the_example_of_the_api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "aarch64").mkdir()
    shutil.copy(SAMPLES / "aarch64" / "copy", tmp_path / "aarch64")
    (tmp_path / "aarch64" / "copy").chmod(0o755)
    shutil.copy(SAMPLES / "text.txt", tmp_path)
    monkeypatch.chdir(tmp_path)
    example = next(block for block in blocks("python", "From Python and pytest") if ">>>" in block)
    test = doctest.DocTestParser().get_doctest(example, {}, "README", "README.md", 0)
    result = doctest.DocTestRunner().run(test)
    assert result.attempted >= 3 and not result.failed


def test_the_example_of_the_plugin(pytester: pytest.Pytester) -> None:
    from importlib.metadata import entry_points

    example = next(block for block in blocks("python", "From Python and pytest") if "def " in block)
    pytester.makepyfile(test_copy=example)
    (pytester.path / "samples" / "aarch64").mkdir(parents=True)
    shutil.copy(SAMPLES / "aarch64" / "copy", pytester.path / "samples" / "aarch64")
    (pytester.path / "samples" / "aarch64" / "copy").chmod(0o755)
    shutil.copy(SAMPLES / "text.txt", pytester.path / "samples")
    plugin = [] if entry_points(group="pytest11", name="pytrace") else [
        "-p", "tracer.pytest_plugin"]
    pytester.runpytest_subprocess(*plugin, "--pytrace-update").assert_outcomes(passed=1)
    assert (pytester.path / "copy.strace").exists()
    pytester.runpytest_subprocess(*plugin).assert_outcomes(passed=1)
