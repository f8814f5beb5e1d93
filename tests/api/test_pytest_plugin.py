"""The pytest plugin, in pytest runs of its own."""
from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SAMPLES = Path(__file__).parents[2] / "samples"

MODULE = """
    def test_copy(pytrace):
        run = pytrace("./copy", ["text.txt", "new.txt"])
        assert run.result.status == 0 and run.abi == "aarch64"
        assert [call.name for call in run.calls("renameat")] == ["renameat"]
        assert len(list(run)) > 5
        run.assert_matches("logs/copy.strace")

    def test_pipe(pytrace):
        pytrace("./pipe", follow=True).assert_matches("logs/pipe.strace")

    def test_two(pytrace):
        for name in ("hello", "segv"):
            pytrace(f"./{name}").assert_matches(f"logs/{name}.strace")
"""


@pytest.fixture
def work(pytester: pytest.Pytester) -> pytest.Pytester:
    for name in ("copy", "pipe", "hello", "segv"):
        shutil.copy(SAMPLES / "aarch64" / name, pytester.path)
        (pytester.path / name).chmod(0o755)
    shutil.copy(SAMPLES / "text.txt", pytester.path)
    pytester.makepyfile(test_programs=MODULE)
    return pytester


def run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """Run pytest in a process; the plugin is there if the package is installed as it is."""
    if not entry_points(group="pytest11", name="pytrace"):
        words = ("-p", "tracer.pytest_plugin", *words)
    return pytester.runpytest_subprocess("-W", "error", *words)


def logs(pytester: pytest.Pytester) -> list[str]:
    return sorted(path.name for path in (pytester.path / "logs").iterdir())


def test_from_missing_to_updated_logs(work: pytest.Pytester) -> None:
    missing = run(work)
    missing.assert_outcomes(failed=3)
    missing.stdout.fnmatch_lines([
        "*AssertionError: the log of this run is not as in logs/copy.strace",
        "*There is no golden log *copy.strace",
        "*If it is right, run pytest with --pytrace-update"])
    assert not (work.path / "logs").exists()

    made = run(work, "--pytrace-update")
    made.assert_outcomes(passed=3)
    made.stdout.fnmatch_lines(["*= pytrace: golden logs written =*", "logs/copy.strace",
                               "logs/hello.strace", "logs/pipe.strace", "logs/segv.strace"])
    assert logs(work) == ["copy.strace", "hello.strace", "pipe.strace", "segv.strace"]
    text = (work.path / "logs" / "pipe.strace").read_text()
    assert "unfinished" not in text and "\n1001  write(4, " in text

    again = run(work)
    again.assert_outcomes(passed=3)
    again.stdout.no_fnmatch_line("*golden logs written*")


def test_what_a_failure_shows(work: pytest.Pytester) -> None:
    run(work, "--pytrace-update").assert_outcomes(passed=3)
    golden = work.path / "logs" / "copy.strace"
    golden.write_text("# kept\n" + golden.read_text().replace("O_EXCL|", ""))
    failed = run(work)
    failed.assert_outcomes(passed=2, failed=1)
    failed.stdout.fnmatch_lines([
        '>*run.assert_matches("logs/copy.strace")',
        "E*AssertionError: the log of this run is not as in logs/copy.strace",
        "E*--- *copy.strace", "E*+++ this run",
        "E*-openat(AT_FDCWD, *", "E*+openat(AT_FDCWD, *O_EXCL*",
        "E*flags: O_WRONLY|O_CREAT|O_LARGEFILE*-> O_WRONLY|O_CREAT|O_EXCL*",
        "E*1 difference: 1 changed", "E*--pytrace-update"])
    failed.stdout.no_fnmatch_line("*def assert_matches*")       # its own code is of no interest
    run(work, "--pytrace-update").assert_outcomes(passed=3)
    assert golden.read_text().startswith("# kept\nexecve(") and "O_EXCL" in golden.read_text()


def test_output_of_the_program_is_shown(work: pytest.Pytester) -> None:
    run(work, "-k", "two").stdout.fnmatch_lines(["*traced program's output*",
                                                 "Hello from AArch64"])


def test_with_xdist(work: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    made = run(work, "-n", "2", "--pytrace-update")
    made.assert_outcomes(passed=3)
    made.stdout.fnmatch_lines(["*golden logs written*", "logs/copy.strace", "logs/hello.strace",
                               "logs/pipe.strace", "logs/segv.strace"])
    run(work, "-n", "2").assert_outcomes(passed=3)
    golden = work.path / "logs" / "pipe.strace"
    golden.write_text(golden.read_text().replace("24) = 24", "24) = 23"))
    run(work, "-n", "2").assert_outcomes(passed=2, failed=1)


def test_rules(work: pytest.Pytester) -> None:
    work.makepyfile(test_programs="""
        def test_rules(pytrace):
            run = pytrace("./hello")
            run.assert_matches("hello.strace", ignore_calls=["write"])
            run.assert_matches("hello.strace", replace=["greeted: Hello|Moin => GREETING"])

        def test_without(pytrace):
            pytrace("./hello").assert_matches("hello.strace")
    """)
    run(work, "--pytrace-update").assert_outcomes(passed=2)
    golden = work.path / "hello.strace"
    golden.write_text(golden.read_text().replace("Hello", "Moin"))
    run(work).assert_outcomes(passed=1, failed=1)
    (work.path / "pytrace.toml").write_text('ignore-calls = ["write"]\n')
    run(work).assert_outcomes(passed=2)


def test_trouble(work: pytest.Pytester) -> None:
    work.makepyfile(test_programs="""
        import pytest, tracer

        def test_missing(pytrace):
            with pytest.raises(tracer.TraceError, match="No such file"):
                pytrace("./missing").assert_matches("x")

        def test_rule(pytrace):
            pytrace("./hello").assert_matches("x", rules=["strange"])
    """)
    failed = run(work)
    failed.assert_outcomes(passed=1, failed=1)
    failed.stdout.fnmatch_lines(["E*RuleError: unknown rule 'strange'*"])


def test_nothing_runs_on(work: pytest.Pytester) -> None:
    work.makepyfile(test_programs="""
        runs = []

        def test_one(pytrace):
            runs.append(pytrace("./pipe", follow=True))
            next(iter(runs[0]))

        def test_other():
            assert runs[0].run._process.returncode is not None
    """)
    run(work).assert_outcomes(passed=2)


def test_the_plugin_costs_little() -> None:
    code = ("import sys, pytest; before = set(sys.modules); import tracer.pytest_plugin; "
            "print(*sorted(set(sys.modules) - before))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["tracer", "tracer.pytest_plugin"]
