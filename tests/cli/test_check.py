"""`pytrace check`."""
from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tracer.golden import HEADER, read_head, write
from tracer.logs.parse import read

TOP = Path(__file__).parents[2]
SAMPLES = TOP / "samples"


class Done(NamedTuple):
    """What a command did."""

    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("copy", "pipe", "hello", "segv"):
        shutil.copy(SAMPLES / "aarch64" / name, tmp_path)
        (tmp_path / name).chmod(0o755)
    shutil.copy(SAMPLES / "text.txt", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*words: str, **environment: str) -> Done:
    done = subprocess.run([sys.executable, "-m", "tracer", "check", *words], text=True,
                          capture_output=True, timeout=120, check=False,
                          env={**os.environ, "PYTHONPATH": str(TOP), "PYTRACE_ARGV0": "pytrace",
                               **environment})
    return Done(done.returncode, done.stdout, done.stderr)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_golden_log_from_its_making_to_its_update(work: Path) -> None:
    golden = work / "logs" / "copy.strace"
    run = ("-e", "trace=%file", "./copy", "text.txt", "a file")
    missing = check("logs/copy.strace", "--", *run)
    assert missing.status == 2 and "--update makes it" in missing.err
    made = check("--update", "logs/copy.strace", "--", *run)
    assert made == Done(0, "", "logs/copy.strace: written\n")
    lines = golden.read_text().splitlines()
    assert lines[0] == "# pytrace check: -- -e trace=%file ./copy text.txt 'a file'"
    assert lines[1].startswith("execve(") and lines[-1] == "+++ exited with 0 +++"
    assert not [event for event in read(golden) if type(event).__name__ == "Unknown"]
    assert check("logs/copy.strace") == Done(0, "", "")
    assert check("logs/copy.strace", "--", *run) == Done(0, "", "")
    assert not (work / "a file").exists()

    edit(golden, "O_EXCL|", "")
    found = check("logs/copy.strace")
    assert found.status == 1 and found.err.endswith("run the check again with --update\n")
    assert found.out.startswith("--- logs/copy.strace\n"
                                "+++ pytrace -e trace=%file ./copy text.txt 'a file'\n")
    assert "-> O_WRONLY|O_CREAT|O_EXCL|O_LARGEFILE|O_CLOEXEC" in found.out
    assert check("--brief", "logs/copy.strace").out == (
        "logs/copy.strace differs from what the program does now\n")
    assert check("--update", "logs/copy.strace") == Done(
        0, "", "logs/copy.strace: updated, 1 difference\n")
    assert golden.read_text().splitlines() == lines
    assert check("--update", "logs/copy.strace") == Done(
        0, "", "logs/copy.strace: unchanged\n")


def test_the_program_has_changed(work: Path) -> None:
    assert check("--update", "golden", "--", "./copy", "text.txt", "new").status == 0
    shutil.copy("hello", "copy")
    found = check("golden")
    assert found.status == 1 and "write(1, " in found.out
    os.remove("copy")
    gone = check("golden")
    assert gone.status == 2 and gone.out == "" and "No such file" in gone.err


def test_what_is_compared_is_kept(work: Path) -> None:
    (work / "in").write_text("from a file\n")
    options = ("--ignore-call=renameat", "--stdin=in", "--abi-neutral", "--no-rule", "random")
    assert check("--update", *options, "golden", "--", "./copy", "/dev/stdin", "new").status == 0
    head = read_head(work / "golden")
    assert head.words == ["--abi-neutral", "--no-rule=random", "--ignore-call=renameat",
                          "--stdin=in", "--", "./copy", "/dev/stdin", "new"]
    assert "from a file" in (work / "golden").read_text()
    edit(work / "golden", '"new") = 0', '"old") = 0')
    assert check("golden").status == 0
    (work / "in").write_text("FROM A FILE\n")
    assert check("golden").status == 1
    assert check("golden", "--ignore-call=read*", "--ignore-call=write*").status == 0


def test_comments_stay_where_they_are(work: Path) -> None:
    assert check("--update", "golden", "--", "./hello").status == 0
    text = (work / "golden").read_text()
    (work / "golden").write_text("# Why: a note\n" + text.replace("from", "FROM"))
    assert check("golden").status == 1
    assert check("--update", "golden").status == 0
    assert (work / "golden").read_text() == text.replace("\n", "\n# Why: a note\n", 1)


def test_a_log_without_a_header(work: Path) -> None:
    shutil.copy(SAMPLES / "aarch64" / "hello.strace", "golden")
    nothing = check("golden")
    assert nothing.status == 2 and "give the program behind --" in nothing.err
    assert check("golden", "--", "./hello").status in (0, 1)
    assert check("--update", "golden", "--", "./hello").status == 0
    assert read_head(work / "golden").words == ["--", "./hello"]
    assert check("golden").status == 0


def test_several_at_once(work: Path) -> None:
    for name in ("hello", "segv", "pipe"):
        assert check("--update", f"{name}.strace", "--", "-f", "--whole-lines",
                     f"./{name}").status == 0
    names = ("hello.strace", "segv.strace", "pipe.strace")
    assert check(*names) == Done(0, "", "")
    edit(work / "segv.strace", "SEGV_MAPERR", "SEGV_ACCERR")
    found = check(*names)
    assert found.status == 1 and found.out.count("--- ") - found.out.count("--- SIG") >= 1
    assert "segv.strace" in found.out and "pipe.strace" not in found.out
    os.remove("hello.strace")
    assert check(*names).status == 2
    assert check(*names, "--", "./hello").status == 2
    assert "one GOLDEN at a time" in check(*names, "--", "./hello").err
    assert "need a folder" in check(*names, "--format=json").err


def test_folders(work: Path) -> None:
    assert check("--update", "logs/hello.strace", "--", "./hello").status == 0
    assert check("--update", "logs/more/pipe.strace.gz", "--", "-f", "./pipe").status == 0
    shutil.copy(SAMPLES / "aarch64" / "segv.strace", "logs/plain.strace")   # none of check's
    os.makedirs(".hidden")
    (work / ".hidden" / "other.strace").write_text(f"{HEADER}-- ./missing\n")
    assert check("logs") == check(".") == Done(0, "", "")
    edit(work / "logs" / "hello.strace", "Hello", "Goodbye")
    assert check(".").status == 1
    done = check("--format=junit", "-o", "reports/", "logs")
    assert done.status == 1 and done.out == ""
    reports = {path.name: path.read_text() for path in (work / "reports").iterdir()}
    assert sorted(reports) == ["logs-hello.strace.xml", "logs-more-pipe.strace.gz.xml"]
    assert 'failures="1"' in reports["logs-hello.strace.xml"]
    assert 'failures="0"' in reports["logs-more-pipe.strace.gz.xml"]
    assert check("--update", "logs").status == 0 and check("logs").status == 0
    os.makedirs("empty")
    assert check("empty").status == 2 and "no golden log" in check("empty").err
    assert check("logs", "--", "./hello").status == 2


def test_other_formats(work: Path) -> None:
    from tracer.compare.printers import PRINTERS

    assert check("--update", "golden", "--", "./hello").status == 0
    edit(work / "golden", "Hello from", "Hello for")
    for name in PRINTERS:
        found = check("golden", f"--format={name}", "-o", f"out.{name}")
        assert found.status == 1 and found.out == ""
        assert "Hello for" in (work / f"out.{name}").read_text() or name != "text"
        assert (work / f"out.{name}").stat().st_size
    made = json.loads((work / "out.json").read_text())
    assert made


def test_compressed_logs(work: Path) -> None:
    assert check("--update", "golden.gz", "--", "./hello").status == 0
    first = (work / "golden.gz").read_bytes()
    assert gzip.decompress(first).startswith(HEADER.encode())
    assert check("golden.gz").status == 0
    os.remove("golden.gz")
    assert check("--update", "golden.gz", "--", "./hello").status == 0
    assert (work / "golden.gz").read_bytes() == first
    assert "only plain text and .gz" in check("--update", "golden.zst", "--", "./hello").err


@pytest.mark.parametrize(("words", "message"), [
    (["golden", "--", "-o", "x", "./hello"], "-o and -ff cannot be used"),
    (["golden", "--", "-ff", "./hello"], "-o and -ff cannot be used"),
    (["golden", "--", "--format=json", "./hello"], "a golden log is text"),
    (["golden", "--", "--help"], "a program to run is missing"),
    (["golden", "--"], "a program to run is missing"),
    (["golden", "--", "--frobnicate", "./hello"], "unrecognized option '--frobnicate'"),
    (["golden", "--", "./missing"], "No such file or directory"),
    (["--stdin=missing", "golden", "--", "./hello"], "missing: No such file or directory"),
    (["--rule=strange", "golden", "--", "./hello"], "unknown rule 'strange'"),
    (["golden", "--", "./hello", "line\nfeed"], "line feed"),
    (["--frobnicate", "golden"], "No such option"),
    ([], "Missing argument"),
])
def test_trouble(words: list[str], message: str) -> None:
    done = check("--update", *words)
    assert done.status == 2 and message in done.err and "Traceback" not in done.err
    assert not os.path.exists("golden")


@pytest.mark.parametrize("header", ["-- './hello", "--frobnicate -- ./hello", "./hello", "--",
                                    "-h -- ./hello"])
def test_damaged_headers(work: Path, header: str) -> None:
    (work / "golden").write_text(f"{HEADER}{header}\nexit_group(0) = ?\n")
    done = check("golden")
    assert done.status == 2 and done.err.startswith("pytrace: ") and done.err.count("\n") == 1


def test_a_program_without_an_end(work: Path) -> None:
    from tests.fuzz.programs import RX, elf

    code = bytes.fromhex("ebfe")
    (work / "spin").write_bytes(elf("x86_64", [(0x10000, 4096, RX, code)], 0x10000))
    (work / "spin").chmod(0o755)
    done = check("--timeout=1", "--update", "golden", "--", "./spin")
    assert done.status == 2 and "did not end within 1 s" in done.err


def test_exit_statuses_of_the_program_do_not_matter(work: Path) -> None:
    for words in (("./segv",), ("./copy", "missing", "new")):
        assert check("--update", "golden", "--", *words).status == 0
        assert check("golden").status == 0


def test_a_log_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    golden = tmp_path / "golden"
    write(golden, ["--", "./a b"], ["# note\n"], b"log\n")
    assert golden.read_text() == "# pytrace check: -- './a b'\n# note\nlog\n"
    assert read_head(golden) == (["--", "./a b"], ("# note\n",))
    assert os.listdir(tmp_path).count("golden") == 1
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]
