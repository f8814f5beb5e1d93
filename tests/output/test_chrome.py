"""--format chrome: the structure that trace viewers rely on."""
from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from traced import trace

from sysnames.abis import ABIS
from sysnames.lookup import signature
from sysnames.signatures import SIGNATURES
from tracer.output.chrome import RESULT

PHASES = {"M", "X", "i", "s", "f"}


def events(path: Path) -> list[dict[str, Any]]:
    """The trace's events; every one has what its phase needs."""
    made: list[dict[str, Any]] = json.loads(path.read_text("ascii"))
    for event in made:
        assert event["ph"] in PHASES and isinstance(event["name"], str) and event["name"]
        assert isinstance(event["pid"], int) and isinstance(event["tid"], int)
        if event["ph"] == "M":
            assert event["name"] in ("process_name", "thread_name") and event["args"]["name"]
            continue
        assert event["ts"] >= 0 and isinstance(event["cat"], str)
        if event["ph"] == "X":
            assert event["dur"] >= 0 and all(isinstance(k, str) for k in event["args"])
        elif event["ph"] == "i":
            assert event["s"] == "t"
        else:
            assert isinstance(event["id"], int)
    return made


def named(made: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [event for event in made if event["name"] == name]


def test_processes(tmp_path: Path) -> None:
    trace(tmp_path, "-f", "--format=chrome", name="musl-forkpipe")
    made = events(tmp_path / "log")
    assert {e["pid"] for e in named(made, "process_name")} == {1000, 1001, 1002}
    assert all(e["pid"] == e["tid"] for e in made)
    assert {e["args"]["name"] for e in named(made, "process_name")} == {"musl-forkpipe"}
    assert [e["pid"] for e in named(made, "exited with 3")] == [1001]
    assert named(made, "SIGCHLD")[0]["args"]["siginfo"].startswith("{si_signo=SIGCHLD, ")
    assert any(e["cat"] == "signal" for e in made if e["ph"] == "i")


def test_calls(tmp_path: Path) -> None:
    trace(tmp_path, "-f", "--format=chrome", name="musl-forkpipe")
    made = events(tmp_path / "log")
    first = next(e for e in made if e["ph"] == "X")
    assert (first["name"], first["ts"], first["args"][RESULT]) == ("execve", 0, "0")
    assert first["cat"] == "syscall,file,process"
    assert first["args"]["filename"] == '"./musl-forkpipe"'
    failed = [e for e in made if "cname" in e]
    assert failed and all(" E" in e["args"][RESULT] for e in failed)
    assert any(e["dur"] > 1 for e in named(made, "read"))
    assert all(e["args"][RESULT] == "?" for e in named(made, "exit_group"))


def test_threads_nest_and_flow(tmp_path: Path) -> None:
    trace(tmp_path, "-f", "--format=chrome", name="musl-threads")
    made = events(tmp_path / "log")
    tids = {e["tid"] for e in made}
    assert {e["pid"] for e in made} == {1000} and len(tids) > 1
    assert [e["pid"] for e in named(made, "process_name")] == [1000]
    assert {e["tid"] for e in named(made, "thread_name")} == tids
    for tid in tids:
        calls = sorted((e["ts"], e["ts"] + e["dur"]) for e in made
                       if e["ph"] == "X" and e["tid"] == tid)
        assert all(before[1] <= after[0] for before, after in pairwise(calls))
    flows = {e["id"]: e for e in made if e["ph"] == "s"}
    assert set(flows) == tids - {1000}
    for end in (e for e in made if e["ph"] == "f"):
        start = flows[end["id"]]
        assert start["ts"] <= end["ts"] and end["bp"] == "e" and end["tid"] == end["id"]
        assert any(e["ph"] == "X" and e["tid"] == start["tid"] and e["ts"] == start["ts"]
                   for e in made)


def test_time_is_that_of_the_clock(tmp_path: Path) -> None:
    trace(tmp_path, "--format=chrome", name="musl-timefn")
    made = events(tmp_path / "log")
    ends = [e["ts"] + e["dur"] for e in made if e["ph"] == "X"]
    assert ends == sorted(ends)


@pytest.mark.parametrize("words", [("-e", "trace=none", "-qqq"), ("-e", "trace=none"),
                                   ("-k", "-i", "-e", "write=1"),
                                   ("-e", "inject=writev:error=EIO:delay_enter=1ms")])
def test_with_other_options(tmp_path: Path, words: tuple[str, ...]) -> None:
    trace(tmp_path, "--format=chrome", *words)
    made = events(tmp_path / "log")
    if words[0] == "-k":
        call = named(made, "writev")[0]
        assert call["args"]["stack"] and call["args"]["ip"] and call["args"]["dump"]
    if "inject" in words[1]:
        call = named(made, "writev")[0]
        assert call["args"][RESULT].endswith("(Input/output error) (INJECTED) (DELAYED)")
        assert call["dur"] == 1001
    if "-qqq" in words:
        assert made == []


def test_no_summary(tmp_path: Path) -> None:
    for letter in "cC":
        run = trace(tmp_path, f"-{letter}", "--format=chrome")
        assert run.status == 1 and "mutually exclusive" in run.err


def test_a_log_that_was_cut_is_a_prefix(tmp_path: Path) -> None:
    trace(tmp_path, "-f", "--format=chrome", name="musl-forkpipe")
    lines = (tmp_path / "log").read_text().splitlines()
    assert json.loads("\n".join(lines[:len(lines) // 2]) + "]")


def test_names_of_arguments_are_no_other_keys() -> None:
    for name in {row.partition("@")[0] for row in SIGNATURES}:
        for abi in ABIS:
            try:
                row = signature(name, abi)
            except KeyError:
                continue
            printed = [str(item.kind.params[0]) if item.kind.name == "at" else item.name
                       for item in row.items if item.kind.name != "none"]
            assert len(set(printed)) == len(printed), (name, abi)
            assert not {RESULT, "dump", "ip", "stack"} & set(printed), (name, abi)
