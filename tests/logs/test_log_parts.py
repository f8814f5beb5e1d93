"""Logs in several files, one per process, as -ff writes them; logs with colours."""
from __future__ import annotations

import gzip
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from tracer.cli.commands.diff import main as diff
from tracer.cli.commands.report import main as report
from tracer.cli.commands.seccomp import main as seccomp
from tracer.compare.compare import compare
from tracer.logs.errors import LogError
from tracer.logs.model import Call
from tracer.logs.parse import Parser, read
from tracer.logs.parts import Parts, find_parts, parts_of
from tracer.output.color import paint

SAMPLES = Path(__file__).parents[2] / "samples"
FILES = {
    10: 'execve("./a", ["./a"], 0x7ffc0 /* 3 vars */) = 0\n'
        "clone(child_stack=NULL, flags=SIGCHLD)  = 12\n"
        " > /lib/libc.so.6(fork+0x10) [0xe5010]\n"
        "vfork()                                 = 9 <0.000010>\n"
        "close(3)                                = 0\n"
        "wait4(-1, NULL, 0, NULL)                = 12\n"
        "+++ exited with 0 +++\n",
    12: "getpid()                                = 12\n+++ exited with 0 +++\n",
    # process ids start again at some point
    9: "fork()                                  = 11\nclose(4)                                = 0\n"
       "+++ exited with 1 +++",
    11: "+++ exited with 2 +++\n",
}
WHOLE = """\
10    execve("./a", ["./a"], 0x7ffc0 /* 3 vars */) = 0
10    clone(child_stack=NULL, flags=SIGCHLD)  = 12
 > /lib/libc.so.6(fork+0x10) [0xe5010]
12    getpid()                                = 12
12    +++ exited with 0 +++
10    vfork()                                 = 9 <0.000010>
9     fork()                                  = 11
11    +++ exited with 2 +++
9     close(4)                                = 0
9     +++ exited with 1 +++
10    close(3)                                = 0
10    wait4(-1, NULL, 0, NULL)                = 12
10    +++ exited with 0 +++
"""


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    for pid, text in FILES.items():
        (tmp_path / f"log.{pid}").write_text(text)
    (tmp_path / "log.txt").write_text("not a log")
    return str(tmp_path / "log")


def test_they_are_one_log(prefix: str, tmp_path: Path) -> None:
    for name in (prefix, tmp_path, parts_of([f"{prefix}.{pid}" for pid in FILES])):
        assert name is not None
        events = list(read(name))
        assert "".join(map(str, events)) == WHOLE
        assert [e.line for e in events] == [1, 2, 3, 1, 2, 4, 1, 1, 2, 3, 5, 6, 7]


def test_compressed_parts(tmp_path: Path, prefix: str) -> None:
    with gzip.open(tmp_path / "new.10.gz", "wt") as out:
        out.write(FILES[10])
    for pid in (9, 11, 12):
        (tmp_path / f"new.{pid}").write_text(FILES[pid])
    result = CliRunner().invoke(diff, [prefix, str(tmp_path / "new")])
    assert (result.exit_code, result.output) == (0, "")


def test_a_file_goes_before_parts_of_its_name(prefix: str) -> None:
    Path(prefix).write_text("close(1) = 0\n")
    assert find_parts(prefix) is None
    assert [str(e) for e in read(prefix)] == ["close(1) = 0\n"]


def test_what_is_no_log_in_parts(tmp_path: Path, prefix: str) -> None:
    assert find_parts(tmp_path / "nothing") is None
    assert parts_of([f"{prefix}.1", f"{prefix}x.2"]) is None
    assert parts_of([f"{prefix}.1", f"{prefix}.txt"]) is None
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(LogError, match=r"no file NAME\.PID"):
        find_parts(empty)
    (tmp_path / "other.7").write_text("")
    with pytest.raises(LogError, match="several logs in this directory: log, other"):
        find_parts(tmp_path)


def test_a_long_line_of_descendants(tmp_path: Path) -> None:
    files = {}
    for pid in range(1, 500):
        path = tmp_path / f"log.{pid}"
        path.write_text(f"fork() = {pid + 1}\nclose({pid}) = 0\n")
        files[pid] = str(path)
    lines = list(Parts("log", files).lines())
    assert len(lines) == 998
    for pid in files:
        own = [line.number for line in lines if line.pid == pid]
        assert own == [1, 2]
    assert [line.pid for line in lines if b"fork" in line.text] == list(range(1, 500))


def test_parts_and_one_file_say_the_same(prefix: str, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.write_text(WHOLE)
    result = CliRunner().invoke(diff, [prefix, str(whole)])
    assert (result.exit_code, result.output) == (0, "")


def test_differences_are_at_the_lines_of_their_files(prefix: str, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    for pid, text in FILES.items():
        (new / f"log.{pid}").write_text(text.replace("close(4)", "close(5)"))
    with compare(prefix, str(new)) as found:
        (d,) = found.differences
        assert (d.line, d.old[0].line) == (2, 2)
        assert found.old.file(d.old[0]) == f"{prefix}.9"
        assert found.new.file(d.new[0]) == str(new / "log.9")
    run = CliRunner().invoke
    result = run(diff, ["--format=github", prefix, str(new)])
    assert result.exit_code == 1 and f"file={prefix}.9,line=2," in result.output
    assert f'"path": "{prefix}.9"' in run(diff, ["--format=gitlab", prefix, str(new)]).output
    record = json.loads(run(diff, ["--format=json", prefix, str(new)]).output)
    schema = files("tracer.compare.printers").joinpath("diff.schema.json").read_text()
    jsonschema.validate(record, json.loads(schema))
    assert record["old"]["files"]["9"] == f"{prefix}.9"
    assert f'file="{prefix}.9" line="2"' in run(diff, ["--format=junit", prefix, str(new)]).output


def test_json_lines_in_parts(tmp_path: Path) -> None:
    sample = SAMPLES / "i386" / "pipe"
    for name, options in (("json", ["--format=json", "-ff"]), ("text", ["-f"])):
        subprocess.run([sys.executable, "-m", "tracer", *options, "-o", tmp_path / name, sample],
                       check=True, stdout=subprocess.DEVNULL)
    assert find_parts(tmp_path / "json") is not None
    result = CliRunner().invoke(diff, [str(tmp_path / "json"), str(tmp_path / "text")])
    assert (result.exit_code, result.output) == (0, "")


def test_the_commands_that_take_them(prefix: str) -> None:
    run = CliRunner().invoke
    names = [f"{prefix}.{pid}" for pid in FILES]
    pages = [run(report, args) for args in ([prefix], names)]
    assert [page.exit_code for page in pages] == [0, 0]
    assert pages[0].output == pages[1].output and "vfork" in pages[0].output
    wrong = run(report, [*names, f"{prefix}.txt"])
    assert isinstance(wrong.exception, LogError) and "of one log" in str(wrong.exception)
    assert "vfork" in run(seccomp, ["--abi=x86_64", prefix]).output


COLORED = (f"1000  {paint('read', '1')}({paint('3', '36')}, {paint('%s', '32')}) = 1\n" %
           '"\\33[1m"', f"1000  {paint('+++ exited with 0 +++', '35')}\r\n",
           f" > {paint('/bin/a(main+0x1) [0x5]', '35')}\n", "\x1b[m")


def test_colours_are_kept_beside_the_event() -> None:
    parser = Parser()
    events = [parser.event(line, i) for i, line in enumerate(COLORED, 1)]
    assert [event.prefix.painted for event in events] == list(COLORED)
    assert [str(event) for event in events] == [
        '1000  read(3, "\\33[1m") = 1\n', "1000  +++ exited with 0 +++\r\n",
        " > /bin/a(main+0x1) [0x5]\n", ""]
    assert isinstance(events[0], Call) and events[0].prefix.pid == 1000
    assert parser.event('write(1, "x", 1) = 1\n').prefix.painted == ""


def test_a_log_with_colours_says_the_same(tmp_path: Path) -> None:
    lines = WHOLE.splitlines(True)
    painted = "".join(line.replace("close", paint("close", "1")) for line in lines) + "\x1b[m\n"
    (tmp_path / "plain").write_text(WHOLE + "\n")
    (tmp_path / "painted").write_text(painted)
    result = CliRunner().invoke(diff, [str(tmp_path / "plain"), str(tmp_path / "painted")])
    assert (result.exit_code, result.output) == (0, "")
    (tmp_path / "painted").write_text(painted.replace("(4)", "(5)"))
    result = CliRunner().invoke(diff, [str(tmp_path / "plain"), str(tmp_path / "painted")])
    assert result.exit_code == 1 and "+9     close(5)" in result.output
    assert "\x1b" not in result.output
