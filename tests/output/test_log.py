"""The log's file: what is written at once, and what is left of it after kill -9."""
from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from traced import program

from tracer.output.log import LogFile, pieces

SAMPLES = Path(__file__).parents[2] / "samples"
PAGE = 4096


def lines_of(rng: Random, size: int) -> bytes:
    """Lines of all lengths, a few longer than a page."""
    made = b""
    while len(made) < size:
        made += b"x" * rng.choice((0, 1, 40, 80, 300, rng.randrange(9000))) + b"\n"
    return made


@pytest.mark.parametrize("seed", range(20))
def test_parts_are_whole_lines_within_a_page(seed: int) -> None:
    rng = Random(seed)
    data = lines_of(rng, rng.choice((10, 4096, 60000)))
    at = rng.randrange(PAGE)
    parts = list(pieces(data, at))
    assert b"".join(parts) == data
    for part in parts:
        assert part.endswith(b"\n")
        last = at + len(part) - 1
        assert at // PAGE == last // PAGE or part.count(b"\n") == 1
        at += len(part)


def test_text_without_a_newline_is_kept() -> None:
    assert b"".join(pieces(b"a" * 10000, 5)) == b"a" * 10000
    assert list(pieces(b"", 5)) == []


@pytest.mark.parametrize("append", [False, True])
def test_a_file_is_written_by_its_pages(append: bool, tmp_path: Path,
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"old\n" * 700 if append else b"")
    sizes: list[tuple[int, int]] = []
    write = os.write

    def spy(fd: int, data: bytes) -> int:
        sizes.append((os.fstat(fd).st_size, len(data)))
        return write(fd, data)

    flags = os.O_WRONLY | (os.O_APPEND if append else 0)
    file = LogFile(os.open(path, flags))
    monkeypatch.setattr(os, "write", spy)
    text = "".join(f"{i} {'y' * (i % 97)}\n" for i in range(2000))
    for start in range(0, len(text), 30000):
        file.write(text[start:start + 30000])
    monkeypatch.undo()
    os.close(file.fd)
    data = path.read_bytes()
    assert data.endswith(text.encode())
    for at, size in sizes:
        assert at // PAGE == (at + size - 1) // PAGE or b"\n" not in data[at:at + size - 1]


def kill_when(log: Path, size: int, options: list[str], program: list[str]) -> bytes:
    """Trace a program, kill -9 pytrace when its log has that size; what the log then has."""
    log.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, "-m", "tracer", *options, "-o", log, *program],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while process.poll() is None and not (log.exists() and log.stat().st_size >= size):
        time.sleep(0.0001)
    process.kill()
    process.wait()
    return log.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of Unix")
def test_kill_9_leaves_a_prefix_that_ends_at_a_line(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, folder = tmp_path / "work", tmp_path / "log"
    work.mkdir()
    folder.mkdir()
    for number in range(2000):
        (work / f"file{number:04}").touch()
    monkeypatch.chdir(work)
    program = [str(SAMPLES / "x86_64" / "list")]
    whole = kill_when(folder / "log", 1 << 40, ["-f", "-v"], program)
    assert whole.endswith(b"+++ exited with 0 +++\n")
    rng = Random(6)
    for _ in range(8):
        left = kill_when(folder / "log", rng.randrange(len(whole)), ["-f", "-v"], program)
        assert whole.startswith(left)
        if left and not left.endswith(b"\n"):
            assert len(left) % PAGE == 0        # the one gap that LogFile has
    assert os.listdir(folder) == ["log"]


def test_a_program_that_waits_for_the_host_has_its_log_written(tmp_path: Path) -> None:
    """Who follows the log sees all of it while nothing happens."""
    log = tmp_path / "log"
    with subprocess.Popen([sys.executable, "-m", "tracer", "-o", str(log),
                           str(program(tmp_path, "musl-stdiomix"))], cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": str(SAMPLES.parent)},
                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as run:
        seen = ""
        while not re.search(r"\nreadv?\(0, $", seen) and run.poll() is None:
            time.sleep(0.01)
            seen = log.read_text() if log.exists() else ""
        assert run.poll() is None and seen.startswith("execve(")
    assert re.search(r'\nreadv?\(0, .*\) += 0\n', log.read_text())
