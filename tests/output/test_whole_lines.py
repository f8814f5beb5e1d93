"""--whole-lines: each call on a line of its own, in the order of completion."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from struct import pack

import pytest
from traced import program, trace

from tests.fuzz.programs import RW, RX, elf

ONE = r"(\[pid +\d+\] |\d+ +)?"
LINE = re.compile(ONE + r"(\w+\(.*\) += .*|--- .* ---|\+\+\+ .* \+\+\+|strace: .* attached)")


def joined(lines: list[str]) -> list[str]:
    """Interrupted lines put together, where they end: what --whole-lines should print."""
    begun: dict[str, str] = {}
    whole = []
    for line in lines:
        pid = line[:6]
        if line.endswith(" <unfinished ...>"):
            begun[pid] = line.removesuffix(" <unfinished ...>")
        elif found := re.match(r"\d+ +<\.\.\. \w+ resumed>(.*)", line):
            whole.append(begun.pop(pid) + found[1])
        else:
            whole.append(line)
    return [re.sub(r"\) += ", ") = ", line) for line in whole]


def bare(lines: Iterable[str]) -> Counter[str]:
    """Lines without pid and column, counted."""
    return Counter(re.sub(r"\) += ", ") = ", re.sub(r"^(\[pid +\d+\]|\d+) +", "", line))
                   for line in lines)


@pytest.mark.parametrize("name", ["musl-forkpipe", "musl-threads"])
def test_complete_lines_with_a_file(tmp_path: Path, name: str) -> None:
    cut = trace(tmp_path, "-f", name=name).log
    run = trace(tmp_path, "-f", "--whole-lines", name=name)
    assert any("unfinished" in line for line in cut)
    assert all(LINE.fullmatch(line) and re.match(r"\d+ +", line) for line in run.log)
    assert [re.sub(r"\) += ", ") = ", line) for line in run.log] == joined(cut)


def test_complete_lines_on_standard_error(tmp_path: Path) -> None:
    run = trace(tmp_path, "-f", "--whole-lines", name="musl-forkpipe", log=False)
    lines = run.err.splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    assert "strace: Process 1001 attached" in lines
    assert any(re.match(r"\[pid  1000\] (fork|clone)\(.*= 1001$", line) for line in lines)
    assert lines[0].startswith("execve(") and lines[-1] == "+++ exited with 0 +++"
    with_file = trace(tmp_path, "-f", "--whole-lines", name="musl-forkpipe").log
    assert bare(with_file) == bare(line for line in lines if not line.startswith("strace: "))


def test_order_is_that_of_completion(tmp_path: Path) -> None:
    run = trace(tmp_path, "-f", "-ttt", "-T", "--whole-lines", name="musl-forkpipe")
    ends = []
    for line in run.log:
        if found := re.match(r"\d+ +(\d+)\.(\d{6}) .* <(\d+)\.(\d{6})>$", line):
            start, spent = int(found[1] + found[2]), int(found[3] + found[4])
            ends.append(start + spent)
    assert len(ends) > 20 and ends == sorted(ends)


def test_filters_dumps_and_results(tmp_path: Path) -> None:
    run = trace(tmp_path, "-f", "--whole-lines", "-Z", name="musl-forkpipe")
    assert all(re.search(r"= (-1|\?) E", line) or line[6:].startswith(("+++", "---"))
               for line in run.log)
    run = trace(tmp_path, "--whole-lines", "-e", "trace=writev", "-e", "write=1")
    assert run.log[1] == " * 20 bytes in buffer 0"
    run = trace(tmp_path, "-f", "--whole-lines", "-e", "inject=read:error=EIO",
                name="musl-forkpipe")
    assert any(line.endswith("= -1 EIO (Input/output error) (INJECTED)") for line in run.log)


def test_execve_of_another_thread(tmp_path: Path) -> None:
    # clone of a thread, which executes musl-hello while its leader waits in pause
    stack, path = 0x30000 + 0x800, 0x30000
    code = bytes.fromhex(
        "b838000000 bf000f0500 be") + pack("<I", stack) + bytes.fromhex(
        "31d2 4531d2 4531c0 0f05 85c0 7407 b822000000 0f05 b83b000000 bf") + pack("<I", path) + \
        bytes.fromhex("31f6 31d2 0f05")
    thread = tmp_path / "thread"
    thread.write_bytes(elf("x86_64", [(0x10000, 4096, RX, code),
                                      (0x30000, 4096, RW, b"./musl-hello\0")], 0x10000))
    thread.chmod(0o755)
    program(tmp_path, "musl-hello")
    run = trace(tmp_path, "-f", "--whole-lines", "./thread")
    lines = [line[6:] for line in run.log]
    at = lines.index("+++ superseded by execve in pid 1001 +++")
    assert "unfinished" not in lines[at - 2] and lines[at - 1].startswith("pause(")
    assert run.log[at + 1].startswith('1000  execve("./musl-hello", NULL, NULL) ')
    assert all(LINE.fullmatch(line) for line in run.log)
