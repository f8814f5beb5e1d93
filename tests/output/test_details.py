"""Dumps, prefixes, colours, separate logs."""
from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import pytest
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
    umask = os.umask(0o027)
    os.umask(umask)
    trace(tmp_path, "--host", "-ff", name="musl-forkpipe")
    logs = sorted(p.name for p in tmp_path.glob("log.*"))
    assert logs == ["log.1000", "log.1001", "log.1002"]
    for name in logs:
        lines = (tmp_path / name).read_text().splitlines()
        assert lines[-1].startswith("+++ ")
        assert not any("unfinished" in line or "resumed" in line for line in lines)
        assert (tmp_path / name).stat().st_mode & 0o7777 == 0o666 & ~umask
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
    assert re.fullmatch(r"1000<musl-hello> set_tid_address\(0x\w+\) = 1000",
                        run.log[0])
    run = trace(tmp_path, "-Y", "-e", "trace=gettid", name="musl-threads")
    assert all(line.endswith(" = 1000<musl-threads>") for line in run.log[:-1])


def test_call_numbers(tmp_path: Path) -> None:
    """Lines of no call have the number of the task's last one, traced or not."""
    run = trace(tmp_path, "-n", "-e", "trace=writev")
    assert [line[:10] for line in run.log] == ["[  20] wri", "[ 231] +++"]
    run = trace(tmp_path, "-nf", "-e", "trace=wait4", "-e", "signal=CHLD", name="musl-forkpipe")
    found = [line[5:13] for line in run.log if " resumed>" in line or "SIGCHLD" in line]
    assert len(found) > 1 and set(found) == {" [  61] "}


def test_paths_are_not_those_of_the_working_directory(tmp_path: Path) -> None:
    """-P: AT_FDCWD is no descriptor of the working directory."""
    run = trace(tmp_path, "-P", "/work", "-P", "in", name="musl-filecopy", args=("in", "out"))
    assert [line[:8] for line in run.log] == ["open(\"in", "+++ exit"]


SAMPLES = Path(__file__).parents[2] / "samples"


def test_modes(tmp_path: Path) -> None:
    """Another ABI's calls are told of, unless a file has the log or -q says not to."""
    int80 = str(SAMPLES / "x86_64" / "int80")
    note = "[ Process PID=1000 runs in "
    words = ("--bind", f"{int80}:/int80", "-e", "trace=getpid,exit", "--", "/int80")
    assert not any(note in line for line in trace(tmp_path, *words).log)
    run = trace(tmp_path, "-e", "quiet=attach", *words)
    assert [line.partition("(")[0] for line in run.log] == [
        note + "32 bit mode. ]", "getpid", note + "64 bit mode. ]", "getpid",
        note + "32 bit mode. ]", "exit", "+++ exited with 0 +++"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="strace's own ABI is the host's")
def test_modes_of_the_host(tmp_path: Path) -> None:
    words = ("--host", "-e", "trace=execve,writev", "-e", "quiet=attach")
    run = trace(tmp_path, *words, abi="i386")
    assert run.log[0].startswith("execve(") and run.log[2].startswith("writev(")
    assert run.log[1] == "[ Process PID=1000 runs in 32 bit mode. ]"
    run = trace(tmp_path, "-n", "-e", "raw=execve", *words, abi="i386")
    assert run.log[0].startswith("[  59] execve(0x7ff") and run.log[1].startswith("[  59] [ ")
    assert run.log[2].startswith("[ 146] writev(")
    assert trace(tmp_path, *words, abi="aarch64").log[1].startswith("writev(")


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
