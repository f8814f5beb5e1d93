"""--format json: valid by its schema, complete, and readable again as strace's log."""
from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from traced import Traced, program, trace

import tracer.output
from tracer.decode import values as v
from tracer.logs.jsonlines import parse_json_lines
from tracer.logs.model import Unknown
from tracer.output.jsonvalues import dump, load
from tracer.output.text import Style

SAMPLES = Path(__file__).parents[2] / "samples"


@cache
def validator() -> Draft202012Validator:
    schema = json.loads((Path(tracer.output.__file__).parent / "schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def records(run: Traced) -> list[dict[str, Any]]:
    """The log's records, all of which must be valid."""
    made = [json.loads(line) for line in run.log]
    for record in made:
        errors = [str(error.message) for error in validator().iter_errors(record)]
        assert not errors, (record, errors)
    return made


def as_strace(run: Traced) -> list[str]:
    return [str(event).rstrip("\n")
            for event in parse_json_lines(f"{line}\n" for line in run.log)]


@pytest.mark.parametrize(("words", "name"), [
    ((), "musl-hello"), (("-f",), "musl-forkpipe"), (("-f", "-v", "-s", "7"), "musl-threads"),
    (("-f", "-Y", "-yy"), "musl-forkpipe"), (("-y",), "musl-filecopy"), ((), "musl-timefn"),
    (("-e", "write=1,4", "-e", "read=3"), "musl-filecopy"), (("-k", "-f"), "musl-forkpipe"),
    (("-e", "inject=write,writev:error=EIO:delay_exit=3"), "musl-hello"),
    (("-e", "inject=mmap:retval=0x77:when=1"), "musl-hello"),
    (("-e", "raw=all"), "musl-hello"), (("-Z",), "musl-forkpipe"),
    (("-e", "trace=%file", "-e", "signal=none"), "musl-filecopy"),
    (("-qqq", "-f"), "musl-forkpipe"),
    (("-c",), "musl-hello"), (("-C", "-f"), "musl-forkpipe"), (("-e", "trace=none"), "musl-hello"),
    (("-b", "execve", "-f"), "musl-forkpipe"),
])
def test_the_same_log_in_both_forms(tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    (tmp_path / "small").write_bytes(b"a\0b" * 10)
    args = ("small", "copy") if name == "musl-filecopy" else ()
    plain = trace(tmp_path, "--whole-lines", *words, name=name, args=args)
    run = trace(tmp_path, "--format=json", *words, name=name, args=args)
    made = records(run)
    assert as_strace(run) == plain.log
    assert (run.status, run.out) == (plain.status, plain.out)
    assert made[0]["type"] == "start" and made[-1] == {"type": "end", "status": 0}
    assert [r["type"] for r in made].count("start") == 1


@pytest.mark.parametrize("sample", ["x86_64/divide", "i386/signals", "arm/oabi", "arm/list",
                                    "aarch64/threads", "x86_64/int80", "aarch64/segv"])
def test_samples(tmp_path: Path, sample: str) -> None:
    shutil.copytree(SAMPLES / "data", tmp_path / "data")
    shutil.copy(SAMPLES / sample, tmp_path / "prog")
    (tmp_path / "prog").chmod(0o755)
    command = ("./prog", "data") if sample.endswith("list") else ("./prog",)
    plain = trace(tmp_path, "--whole-lines", "-f", *command)
    run = trace(tmp_path, "--format=json", "-f", *command)
    made = records(run)
    assert as_strace(run) == plain.log
    if sample == "x86_64/divide":
        assert made[-1] == {"type": "end", "status": None, "signal": "SIGFPE", "number": 8}
        assert made[-3]["signal"] == "SIGFPE" and made[-2]["type"] == "killed"
    if sample == "x86_64/int80":
        assert {r["abi"] for r in made if r["type"] == "call"} == {"x86_64", "i386"}


def test_fields(tmp_path: Path) -> None:
    made = records(trace(tmp_path, "--format=json", "-f", "-i", name="musl-forkpipe"))
    start, first = made[0], made[1]
    assert start["program"] == {"text": "./musl-forkpipe"} and start["abi"] == "x86_64"
    assert start["follow"] is True
    assert (first["name"], first["number"], first["pid"], first["tgid"]) == (
        "execve", 59, 1000, 1000)
    assert first["args"][0] == {"name": "filename", "type": "str", "text": "./musl-forkpipe",
                                "path": True}
    calls = [r for r in made if r["type"] == "call"]
    ends = [r["time"] + r["duration"] for r in calls]
    assert ends == sorted(ends) and all(r["ip"] for r in calls)
    attached = [r for r in made if r["type"] == "attached"]
    assert [(r["pid"], r["parent"]) for r in attached] == [(1001, 1000), (1002, 1000)]
    read = next(r for r in calls if r["name"] == "read")
    assert [arg["name"] for arg in read["args"]] == ["fd", "buf", "count"]
    failed = [r for r in calls if "error" in r]
    assert failed and failed[0]["error"].keys() == {"number", "name", "message"}
    assert any(r.get("unfinished") for r in calls)
    assert {r["signal"] for r in made if r["type"] == "signal"} >= {"SIGCHLD"}


def test_threads_belong_to_their_process(tmp_path: Path) -> None:
    made = records(trace(tmp_path, "--format=json", "-f", name="musl-threads"))
    assert {r["tgid"] for r in made if "tgid" in r} == {1000}
    assert len({r["pid"] for r in made if "pid" in r}) > 1


def test_a_log_for_each_process(tmp_path: Path) -> None:
    trace(tmp_path, "--format=json", "-ff", name="musl-forkpipe")
    for pid in (1000, 1001, 1002):
        lines = (tmp_path / f"log.{pid}").read_text().splitlines()
        made = [json.loads(line) for line in lines]
        assert all(validator().is_valid(record) for record in made)
        assert {r["pid"] for r in made if "pid" in r} <= {pid, 1001, 1002}
        assert made[0]["type"] == "start" and made[-1]["type"] == "end"


def test_on_standard_error(tmp_path: Path) -> None:
    run = trace(tmp_path, "--format=json", log=False)
    made = [json.loads(line) for line in run.err.splitlines()]
    assert made[-1]["type"] == "end" and all(validator().is_valid(record) for record in made)


def test_files_that_were_written(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"a\xff" * 10)
    run = trace(tmp_path, "--format=json", "--record-files", "-e", "trace=none", "-qqq",
                name="musl-filecopy", args=("small", "copy"))
    made = records(run)
    assert [r["type"] for r in made] == ["start", *["file"] * (len(made) - 2), "end"]
    files = {r["path"]["text"]: r for r in made[1:-1]}
    assert files["/work/copy"]["kind"] == "file" and files["/work/copy"]["size"] >= 20
    assert "base64" in files["/work/copy"]["content"] and "/work/small" not in files
    less = trace(tmp_path, "--format=json", "--record-files=1", "-qqq", name="musl-filecopy",
                 args=("small", "copy"))
    assert all("content" not in r for r in records(less) if r.get("size", 0) > 1)
    assert not (tmp_path / "copy").exists()
    for words in (("--record-files",), ("--record-files", "--format=json", "-ff"),
                  ("--record-files", "--format=json", "--host"),
                  ("--record-files=some", "--format=json"), ("--format=xml",)):
        run = trace(tmp_path, *words)
        assert run.status == 1 and run.err.startswith("strace: ")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"\xff\0\x1b[31m\xc3\xa9")
    (tmp_path / "umlaut").write_bytes("ä\x9b\u2028".encode())
    seen = []
    for name in ("odd", "umlaut"):
        run = trace(tmp_path, "--format=json", "-e", "trace=read", name="musl-filecopy",
                    args=(name, "copy"))
        assert all(line.isascii() and line.isprintable() for line in run.log)
        seen += [arg for r in records(run) if r.get("name") == "read" for arg in r["args"][1:2]]
    assert {"name": "buf", "type": "str", "base64": "/wAbWzMxbcOp"} in seen
    assert {"name": "buf", "type": "str", "text": "ä\x9b\u2028"} in seen


ALL = [
    -1, 2**64 - 1, v.Hex(0), v.Hex(2**64 - 1), v.Addr(0), v.Addr(4096), v.Sym(0, "O_RDONLY"),
    v.Sym(9, None, "O_???"), v.Sym(0o644, None, None, "o"), v.Sym(3, None, None, "d"),
    v.Sym(2, None, None, "X"), v.Sym(2, None, None, "L"), v.Str(b"a\xffb", True), v.Str(b""),
    v.Str(b"/etc", path=True), v.Str(b"name", prefix="@"), v.Str(b"\x01", style="x"),
    v.Str(b"\x01", style="c"), v.Struct([("a", 1), ("", v.Text("b"))], more=True),
    v.Struct([("a", 1)], open=True), v.Array([], more=True), v.Array([1, v.Addr(2)], broken=99),
    v.Set([v.Text("HUP")], negated=True), v.Change(1, v.Hex(2)), v.Fd(3, b"/tmp/\xff>", True),
    v.Fd(v.Sym(-100, "AT_FDCWD", fmt="d"), "TCP:[1]"), v.Fd(4, None), v.Comment(1, "one"),
    v.Comment(v.Addr(1), v.Str(b"x")), v.CallValue("makedev", [v.Hex(1), v.Hex(3)]),
    v.Either(v.Hex(0x35), v.CallValue("htons", [13568])), v.Join([v.Sym(1, "A"), v.Hex(2)]),
    v.Named("child_stack", v.Addr(0)), v.Named("mask", 1, " "),
]


@pytest.mark.parametrize("xlat", ["abbrev", "raw", "verbose"])
def test_every_kind_of_value_survives(xlat: str) -> None:
    style = Style(xlat)
    for value in ALL:
        made = json.loads(json.dumps(dump(value)))
        errors = list(validator().evolve(schema={
            "$ref": "#/$defs/value", "$defs": validator().schema["$defs"]}).iter_errors(made))
        assert not errors, made
        assert style.render(load(made)) == style.render(value)
        assert dump(load(made)) == made


def test_damaged_lines_are_kept(tmp_path: Path) -> None:
    log = trace(tmp_path, "--format=json").log
    damaged = [log[1][:-5], "{}", "[1]", "null", log[2].replace('"type":"', '"type":"x', 1),
               log[1].replace('"args":', '"arg":'), '{"type":"call","pid":[]}', "é"]
    events = list(parse_json_lines(f"{line}\n" for line in damaged))
    assert [str(event) for event in events] == [f"{line}\n" for line in damaged]
    assert all(isinstance(event, Unknown) for event in events)


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    program(tmp_path, "musl-threads")
    runs = [trace(tmp_path, "--format=json", "-f", name="musl-threads",
                  environment={"PYTHONHASHSEED": seed}).log for seed in ("0", "1")]
    assert runs[0] == runs[1]
