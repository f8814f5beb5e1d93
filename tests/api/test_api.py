"""The Python API."""
from __future__ import annotations

import doctest
import gc
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import tracer
import tracer.api
from tracer.logs.model import Call, Exited, Killed, Signal
from tracer.logs.parse import parse_lines
from tracer.logs.values import Number, String

SAMPLES = Path(__file__).parents[2] / "samples"
STRACES = sorted(SAMPLES.glob("*/*.strace"))


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with samples for AArch64."""
    for path in (SAMPLES / "aarch64").iterdir():
        if not path.suffix:
            shutil.copy(path, tmp_path)
            (tmp_path / path.name).chmod(0o755)
    shutil.copy(SAMPLES / "text.txt", tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def test_the_examples(work: Path) -> None:
    failed, tried = doctest.testmod(tracer.api, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    assert tried > 5 and not failed


def test_importing_is_cheap() -> None:
    code = ("import sys; before = set(sys.modules); import tracer; "
            "print(*sorted(set(sys.modules) - before)); tracer.trace; tracer.Run; tracer.read; "
            "print('unicorn' in sys.modules or 'tracer.kernel' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["tracer", "False"]
    assert set(tracer.__all__) >= {"trace", "Run", "Result", "File", "TraceError", "read"}
    for name in tracer.__all__:
        assert getattr(tracer, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'traec'"):
        tracer.traec  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("sample", ["aarch64/signals", "x86_64/hello", "i386/list", "arm/divide",
                                    "x86_64/divide", "arm/threads"])
def test_the_log_is_that_of_the_command(sample: str, tmp_path: Path) -> None:
    if not (SAMPLES / sample).exists():
        pytest.skip(f"there is no {sample}")
    follow = sample.endswith("threads")
    run = tracer.trace(sample, ["data"] if "list" in sample else [], cwd=SAMPLES, follow=follow)
    words = ["-f"] if follow else []
    subprocess.run([*tracer.api.pytrace_command(["-o", str(tmp_path / "log"), "--whole-lines",
                                                 *words, sample]),
                    *(["data"] if "list" in sample else [])],
                   cwd=SAMPLES, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    assert run.log == (tmp_path / "log").read_text()
    assert run.log == run.log and list(run) == list(run)
    assert run.abi == sample.partition("/")[0]


def test_status_and_output(work: Path) -> None:
    result = tracer.trace("./hello").result
    assert (result.status, result.signal) == (0, None)
    assert result.stdout == (SAMPLES / "aarch64" / "hello.out").read_bytes()
    assert result.stderr == b"" and result.files == {}
    run = tracer.trace(work / "segv")
    assert (run.result.status, run.result.signal) == (None, "SIGSEGV")
    last = list(run)[-1]
    assert isinstance(last, Killed) and last.name == "SIGSEGV"
    result = tracer.trace("./copy", ["missing", "new"]).result
    assert result.status == 1 and b"No such file" in result.stderr


def test_typed_events(work: Path) -> None:
    run = tracer.trace("./pipe", follow=True)
    events = list(run)
    assert isinstance(events[0], Call) and events[0].name == "execve"
    assert {type(event) for event in events} == {Call, Signal, Exited}
    write = next(run.calls("write"))
    assert write.arg("count") == write.arg(2) == Number("24")
    buf = write.arg("buf")
    assert isinstance(buf, String) and buf.data == b"a message from the child"
    assert write.prefix.pid == 1001 and write.prefix.nanoseconds is not None
    assert write.elapsed == 1000
    with pytest.raises(KeyError):
        write.arg("flags")
    failed = [call for call in run.calls() if call.result and call.result.errno]
    assert [call.result.errno for call in failed if call.result] == ["ENOTTY"]
    assert not list(run.calls("connect"))


def test_named_arguments_match_their_values(work: Path) -> None:
    for name in ("signals", "threads", "list", "tutorial", "sleep", "copy"):
        for call in tracer.trace(f"./{name}", follow=True, options=["-v"]).calls():
            assert len(call.names) == len(call.args), str(call)
            assert all(call.names)


def test_input_environment_and_files(work: Path) -> None:
    # a shell is not at hand for AArch64; /dev/stdin serves as a file to read from
    run = tracer.trace("./copy", ["/dev/stdin", "made"], stdin=b"from \xff outside\n",
                       env={"A": "b c"}, options=["-v"])
    assert run.result.status == 0
    assert run.result.files["/work/made"] == tracer.File(
        "/work/made", "file", 0o600, 15, b"from \xff outside\n")
    assert '"A=b c"' in str(next(run.calls("execve")))
    assert not (work / "made").exists()
    assert tracer.trace("./copy", ["text.txt", "new"], limit=10).result.files["/work/new"] == \
        tracer.File("/work/new", "file", 0o644, 62, None)
    large = b"x" * 300_000
    run = tracer.trace("./copy", ["/dev/stdin", "new"], stdin=large)
    assert run.result.files["/work/new"].content == large


def test_a_program_that_does_not_read(work: Path) -> None:
    assert tracer.trace("./hello", stdin=b"x" * 1_000_000).result.status == 0


def test_binds_and_root(work: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "file").write_text("there\n")
    shutil.copy(work / "copy", other)
    run = tracer.trace("./copy", ["/in/file", "new"], binds=[f"{other}:/in"])
    assert run.result.files["/work/new"].content == b"there\n"
    run = tracer.trace("/copy", ["/file", "new"], root=other)
    assert run.result.files["/work/new"].content == b"there\n"
    assert sorted(path.name for path in other.iterdir()) == ["copy", "file"]


@pytest.mark.parametrize(("words", "message"), [
    ({"program": "./missing"}, "./missing: No such file or directory|Can't stat"),
    ({"program": "./hello", "options": ["--frobnicate"]}, "unrecognized option '--frobnicate'"),
    ({"program": "./hello", "cwd": "/no/such"}, "No such file or directory"),
    ({"program": "./hello", "binds": ["/x:y"]}, "invalid --bind argument"),
    ({"program": "./hello", "options": ["-ff"]}, "--record-files needs"),
    ({"program": "text\0txt"}, "null"),
])
def test_errors(work: Path, words: dict[str, object], message: str) -> None:
    for _ in range(2):
        with pytest.raises(tracer.TraceError, match=message):
            tracer.trace(**words).result  # type: ignore[arg-type]  # noqa: B018


def test_errors_come_again(work: Path) -> None:
    run = tracer.trace("./missing")
    for _ in range(2):
        with pytest.raises(tracer.TraceError):
            list(run)
        with pytest.raises(tracer.TraceError):
            run.result  # noqa: B018
    with pytest.raises(TypeError, match="sequence"):
        tracer.trace("./hello", "text")


def test_a_program_that_cannot_be_executed(work: Path) -> None:
    (work / "text.txt").chmod(0o755)
    run = tracer.trace("./text.txt")
    assert run.result.status == 1
    assert b"Exec format error" in run.result.stderr
    assert "ENOEXEC" in run.log


def endless(path: Path) -> Path:
    """A program that makes calls for ever."""
    from tests.fuzz.programs import RX, elf

    code = bytes.fromhex("b827000000 0f05 ebf7")      # getpid again and again
    path.write_bytes(elf("x86_64", [(0x10000, 4096, RX, code)], 0x10000))
    path.chmod(0o755)
    return path


def test_events_come_while_the_program_runs(tmp_path: Path) -> None:
    program = endless(tmp_path / "endless")
    with tracer.trace(program) as run:
        calls = run.calls("getpid")
        assert [next(calls).name for _ in range(1000)] == ["getpid"] * 1000
    with pytest.raises(tracer.TraceError, match="ended before"):
        run.result  # noqa: B018
    with tracer.trace(program, keep=False) as run:
        events = iter(run)
        for _ in range(5000):
            next(events)
        assert len(run._events) < 1000


def test_a_time_limit(tmp_path: Path) -> None:
    with pytest.raises(tracer.TraceError, match=r"did not end within 0\.5 s"):
        tracer.trace(endless(tmp_path / "endless"), timeout=0.5, keep=False).result  # noqa: B018


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    run = tracer.trace(endless(tmp_path / "endless"))
    next(iter(run))
    process = run._process
    del run
    gc.collect()
    assert process.returncode is not None
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


def test_in_threads(work: Path) -> None:
    logs: list[str] = []

    def go() -> None:
        logs.append(tracer.trace("./threads", follow=True).log)

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(logs) == 3 and len(set(logs)) == 1


def test_modules_in_the_working_directory_do_no_harm(work: Path) -> None:
    (work / "tracer.py").write_text("raise SystemExit('wrong module')\n")
    (work / "json.py").write_text("raise SystemExit('wrong module')\n")
    assert tracer.trace("./hello").result.status == 0


def test_reading_logs() -> None:
    for path in STRACES[:5]:
        assert "".join(map(str, tracer.read(path))) == path.read_text()
        assert list(tracer.read(path)) == list(
            parse_lines(path.read_text().splitlines(keepends=True)))
