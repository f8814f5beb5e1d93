"""-e inject= and -e fault= on real programs."""
from __future__ import annotations

from pathlib import Path

import pytest
from traced import trace


@pytest.mark.parametrize("abi", ["x86_64", "i386", "arm", "aarch64"])
def test_error_replaces_the_call(tmp_path: Path, abi: str) -> None:
    run = trace(tmp_path, "-e", "trace=writev", "-e", "inject=writev:error=EPERM", abi=abi)
    assert run.out == ""
    assert [line for line in run.log if line.startswith("writev")]
    assert all(line.endswith(" = -1 EPERM (Operation not permitted) (INJECTED)")
               for line in run.log if line.startswith("writev"))


@pytest.mark.parametrize(("abi", "shown"), [
    ("x86_64", "18446744073709551615"), ("aarch64", "18446744073709551615"),
    ("i386", "4294967295"), ("arm", "4294967295")])
def test_retval_is_no_error_and_unsigned(tmp_path: Path, abi: str, shown: str) -> None:
    run = trace(tmp_path, "-e", "trace=set_tid_address",
                "-e", "inject=set_tid_address:retval=18446744073709551615", abi=abi)
    assert run.log[0].endswith(f" = {shown} (INJECTED)")
    assert run.status == 0


def test_when_counts_calls(tmp_path: Path) -> None:
    run = trace(tmp_path, "-e", "trace=writev,open,openat,read",
                "-e", "fault=read:error=EIO:when=2+", name="musl-filecopy",
                args=("musl-filecopy", "copy"))
    reads = [line for line in run.log if line.startswith("read")]
    assert "INJECTED" not in reads[0]
    assert reads[1].endswith("= -1 EIO (Input/output error) (INJECTED)")


def test_first_execve_is_left_alone(tmp_path: Path) -> None:
    run = trace(tmp_path, "-e", "inject=all:error=ENOSYS")
    assert run.log[0].startswith("execve(") and run.log[0].endswith(" = 0")
    assert run.log[1].endswith("(INJECTED)")


def test_signal(tmp_path: Path) -> None:
    run = trace(tmp_path, "-e", "trace=writev", "-e", "inject=writev:signal=USR1")
    assert run.log == [
        'writev(1, [{iov_base="Hello, world! argc=1", iov_len=20}, {iov_base="\\n", iov_len=1}], 2)'
        " = 21",
        "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_KERNEL} ---",
        "+++ killed by SIGUSR1 +++"]
    assert run.status == -10


def test_sigkill_leaves_no_result(tmp_path: Path) -> None:
    run = trace(tmp_path, "-e", "trace=set_tid_address",
                "-e", "inject=set_tid_address:signal=KILL")
    assert run.log[0].endswith(" = ?") and run.log[1:] == ["+++ killed by SIGKILL +++"]


def test_delays_take_virtual_time(tmp_path: Path) -> None:
    run = trace(tmp_path, "-T", "-r", "-e", "trace=set_tid_address,writev",
                "-e", "inject=set_tid_address:delay_enter=2s:delay_exit=3s")
    assert " (DELAYED) <2.00" in run.log[0]
    assert run.log[1].startswith("     5.00")


def test_pokes(tmp_path: Path) -> None:
    run = trace(tmp_path, "-e", "trace=open", "-e", "inject=open:poke_enter=@arg1=2f00",
                name="musl-filecopy", args=("musl-filecopy", "copy"))
    assert run.log[0].startswith('open("/", O_RDONLY')
    assert run.log[0].endswith(" (INJECTED: args)")
    run = trace(tmp_path, "-e", "trace=read", "-s5", "-e",
                "inject=read:poke_exit=@arg2=414243:retval=4:when=1", name="musl-filecopy",
                args=("musl-filecopy", "copy"))
    assert run.log[0].startswith('read(3, "ABC') and "= 4 (INJECTED: args, retval)" in run.log[0]


def test_poke_beyond_the_arguments(tmp_path: Path) -> None:
    run = trace(tmp_path, "-e", "trace=set_tid_address",
                "-e", "inject=set_tid_address:poke_enter=@arg2=00")
    assert "requested to tamper with argument #2, but system call 'set_tid_address' has only" \
        " 1 arguments" in run.err
    assert "INJECTED" not in run.log[0]


def test_another_call_instead(tmp_path: Path) -> None:
    run = trace(tmp_path, "-e", "trace=writev",
                "-e", "inject=writev:retval=21:syscall=getpid")
    assert run.out == "" and run.log[0].endswith("= 21 (INJECTED)")


def test_calls_that_are_not_traced_are_not_changed(tmp_path: Path) -> None:
    run = trace(tmp_path, "-e", "trace=exit_group", "-e", "inject=writev:error=EPERM")
    assert run.out == "Hello, world! argc=1\n"
