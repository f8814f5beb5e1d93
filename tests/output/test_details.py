"""Dumps, prefixes, colours, separate logs."""
from __future__ import annotations

import re
from pathlib import Path

from traced import trace

from tracer.output.color import wanted
from tracer.output.dump import hexdump


def test_hexdump() -> None:
    assert hexdump(b"") == []
    assert hexdump(bytes(range(32, 50))) == [
        " | 00000  20 21 22 23 24 25 26 27  28 29 2a 2b 2c 2d 2e 2f   !\"#$%&'()*+,-./ |",
        " | 00010  30 31                                             01               |"]
    assert hexdump(b"\0\x7f\xff")[0].endswith("  ...              |")
    assert hexdump(b"a", 1 << 21)[0].startswith(" | 000000  61 ")


def test_dump_of_vectors_and_buffers(tmp_path: Path) -> None:
    run = trace(tmp_path, "-e", "trace=writev", "-e", "write=1")
    assert run.log[1:6] == [
        " * 20 bytes in buffer 0",
        " | 00000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 21 20 61 72  Hello, world! ar |",
        " | 00010  67 63 3d 31                                       gc=1             |",
        " * 1 bytes in buffer 1",
        " | 00000  0a                                                .                |"]
    run = trace(tmp_path, "-e", "trace=read", "-e", "read=3", name="musl-filecopy",
                args=("musl-filecopy", "copy"))
    assert run.log[1].startswith(" | 00000  7f 45 4c 46 ") and run.log[1].endswith(" |")
    assert re.match(r"read\(4, .*= 5$", run.log[-3]) and run.log[-2].startswith("read(4, ")


def test_dump_only_of_descriptors_asked_for(tmp_path: Path) -> None:
    run = trace(tmp_path, "-e", "trace=writev", "-e", "write=2,7")
    assert len(run.log) == 2


def test_one_log_per_process(tmp_path: Path) -> None:
    trace(tmp_path, "-ff", name="musl-forkpipe")
    logs = sorted(p.name for p in tmp_path.glob("log.*"))
    assert logs == ["log.1000", "log.1001", "log.1002"]
    for name in logs:
        lines = (tmp_path / name).read_text().splitlines()
        assert lines[-1].startswith("+++ ")
        assert not any("unfinished" in line or "resumed" in line for line in lines)
    assert (tmp_path / "log.1000").read_text().startswith("execve(")


def test_append_and_pipe(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("before\n")
    assert trace(tmp_path, "-A", "-e", "trace=none").log == ["before", "+++ exited with 0 +++"]
    run = trace(tmp_path, "-o", "|tr a-z A-Z > upper", "-e", "trace=none", log=False)
    assert (tmp_path / "upper").read_text() == "+++ EXITED WITH 0 +++\n" and run.status == 0


def test_argument_names(tmp_path: Path) -> None:
    run = trace(tmp_path, "-N", "-e", "trace=exit_group,set_tid_address")
    assert run.log[0].startswith("set_tid_address(tidptr=0x")
    assert run.log[1] == "exit_group(error_code=0)                = ?"


def test_command_names(tmp_path: Path) -> None:
    run = trace(tmp_path, "-Y", "-f", "-e", "trace=set_tid_address")
    assert re.fullmatch(r"1000<musl-hello> set_tid_address\(0x\w+\) = 1000<musl-hello>",
                        run.log[0])


def test_colours(tmp_path: Path) -> None:
    plain = trace(tmp_path, "-e", "signal=none").log
    run = trace(tmp_path, "--color=always", environment={"NO_COLOR": "1"})
    assert all("\x1b[" in line for line in run.log)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in run.log] == plain
    assert "\x1b" not in "".join(trace(tmp_path, "--color=auto").log)


def test_when_colours_are_wanted() -> None:
    assert wanted("always", -1, {"NO_COLOR": "1"}) and not wanted("never", 1, {})
    assert not wanted("auto", -1, {})


def test_detaching_at_execve(tmp_path: Path) -> None:
    run = trace(tmp_path, "-b", "execve", "-e", "trace=execve")
    assert len(run.log) == 2 and run.log[0].endswith("= 0")     # the first one does not count


def test_status(tmp_path: Path) -> None:
    run = trace(tmp_path, "-e", "status=unfinished")
    assert run.log == ["exit_group(0)                           = ?", "+++ exited with 0 +++"]
    run = trace(tmp_path, "-Z")
    assert len(run.log) == 2 and run.log[0].startswith("ioctl(1, TIOCGWINSZ, 0x")


def test_tips(tmp_path: Path) -> None:
    run = trace(tmp_path, "--tips=3,full")
    lines = run.err.splitlines()
    assert len({len(line) for line in lines}) == 1 and "Tip 3 of" in lines[1]
    assert trace(tmp_path, "--tips=none").err == ""
