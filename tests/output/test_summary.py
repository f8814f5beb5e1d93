"""The tables of -c and -C."""
from __future__ import annotations

from pathlib import Path

from traced import trace

from tracer.output.summary import Counts, format_summary, format_table

DEFAULT = ("time-percent", "total-time", "avg-time", "calls", "errors", "name")


def counts(name: str, *spent: int, errors: int = 0) -> Counts:
    made = Counts(name)
    for i, time in enumerate(spent):
        made.add(time, i < errors)
    return made


def test_table() -> None:
    table = format_table([counts("read", 1000, 3000), counts("open", 36000, errors=1)], DEFAULT,
                         "time-percent")
    assert table == """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 90.00    0.000036          36         1         1 open
 10.00    0.000004           2         2           read
------ ----------- ----------- --------- --------- ----------------
100.00    0.000040          13         3         1 total
"""


def test_no_time() -> None:
    lines = format_table([counts("getpid", 0)], DEFAULT, "none").splitlines()
    assert lines[2].startswith("  0.00    0.000000           0 ")
    assert lines[4].startswith("100.00    0.000000           0 ")


def test_columns_and_long_names() -> None:
    columns = ("name", "min-time", "max-time", "calls")
    lines = format_table([counts("sched_get_priority_max", 10**9, 11 * 10**9)], columns,
                         "name").splitlines()
    assert lines[0] == "syscall                 shortest   longest     calls"
    assert lines[2] == "sched_get_priority_max  1.000000 11.000000         2"
    assert lines[1] == "----------------------- -------- --------- ---------"


def test_sort_keys() -> None:
    rows = [counts("b", 5, 5, 5), counts("c", 20, errors=1), counts("a", 1, 9)]

    def order(key: str) -> str:
        lines = format_table(rows, ("name",), key).splitlines()
        return "".join(lines[2:5])

    assert order("total-time") == "cba" and order("calls") == "bac" and order("name") == "abc"
    assert order("errors") == "cba" and order("min-time") == "cba" and order("none") == "bca"
    assert order("max-time") == "cab" and order("avg-time") == "cba"


def test_other_abis_have_headings() -> None:
    text = format_summary({"i386": {1: counts("exit", 1)}, "x86_64": {1: counts("write", 1)}},
                          "x86_64", ("name",), "none")
    assert text.splitlines()[2] == "write"
    assert text.splitlines()[5] == "System call usage summary for 32 bit mode:"
    assert format_summary({}, "arm", DEFAULT, "none") == ""


def test_only(tmp_path: Path) -> None:
    run = trace(tmp_path, "-c")
    assert run.log[0] == "% time     seconds  usecs/call     calls    errors syscall"
    rows = {line.split()[-1]: line.split() for line in run.log[2:]}
    assert rows["ioctl"] == ["20.00", "0.000001", "1", "1", "1", "ioctl"]
    assert rows["total"][3:5] == ["5", "1"] and "exit_group" not in rows
    assert not any("(" in line for line in run.log)


def test_both_and_wall_clock(tmp_path: Path) -> None:
    run = trace(tmp_path, "-C", "-w", "-e", "trace=writev,set_tid_address", "-e",
                "inject=set_tid_address:delay_enter=1s", "-U", "calls,total-time", "-O", "1")
    assert run.log[0].startswith("set_tid_address(0x")
    assert run.log[3] == "    calls     seconds syscall"
    assert run.log[5] == "        1    1.000000 set_tid_address"


def test_with_paths_and_children(tmp_path: Path) -> None:
    run = trace(tmp_path, "-c", "-f", name="musl-forkpipe")
    assert run.log[-1].endswith(" total")
    run = trace(tmp_path, "-c", "-P", "copy", name="musl-filecopy",
                args=("musl-filecopy", "copy"))
    assert "read" not in {line.split()[-1] for line in run.log}
