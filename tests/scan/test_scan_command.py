"""`pytrace scan`: text, JSON, logs, damaged files."""
from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tracer.cli.main import main
from tracer.scan import ScanError
from tracer.scan.program import Program
from tracer.scan.sites import find

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["scan", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def log(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """A log of a sample."""
    monkeypatch.chdir(SAMPLES)
    path = folder / "log"
    assert main(["-o", str(path), *words]) == 0
    return str(path)


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    program = str(SAMPLES / "x86_64" / "int80")
    status, out, err = run(capsys, program)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "address    instruction      call",
        "0x1001134  int 0x80 (i386)  write",
        "0x100113b  int 0x80 (i386)  getpid",
        "0x1001142  syscall          getpid",
        "0x100114b  int 0x80 (i386)  exit",
        "",
        f"{program} (x86_64): 4 trap sites, 4 with a call's number"]


@pytest.mark.parametrize("abi", ["x86_64", "i386", "arm", "aarch64"])
@pytest.mark.parametrize("how", ["-i", "-k", "json"])
def test_reached(abi: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                 capsys: pytest.CaptureFixture[str]) -> None:
    """Every call of a log is found at a site that can make it."""
    options = ["-i", "-k", "--format=json"] if how == "json" else [how]
    path = log(tmp_path, monkeypatch, *options, f"{abi}/copy", "text.txt", "new.txt")
    capsys.readouterr()
    status, out, _ = run(capsys, f"{abi}/copy", "--log", path, "--format", "json")
    assert status == 0
    found = json.loads(out)
    reached = {name: s["reached"] for s in found["sites"] for name in s.get("names", ())
               if s["reached"]}
    if abi == "i386" and how == "-i":
        # The instruction pointer is in the vDSO for all calls that go through it.
        assert found["calls_elsewhere"] > 0
        return
    assert found["calls_elsewhere"] == 0
    assert {"read", "write", "exit_group"} <= set(reached)
    if how != "-k":                     # the end of a program has no stack
        calls = [line for line in Path(path).read_text().splitlines() if "execve" not in line
                 and ('"type":"call"' in line.replace(" ", "") or " = " in line)]
        assert found["calls"] == len(calls)
    assert found["never_reached"] == sum(not s["reached"] for s in found["sites"]) > 10

    status, out, _ = run(capsys, f"{abi}/copy", "--log", path, "--unreached")
    assert status == 0
    assert len([line for line in out.splitlines() if " never" in line]) \
        == found["never_reached"] + 1   # and the line of totals


def test_reached_position_independent(tmp_path: Path) -> None:
    """The load address is found by the calls; a log may be of any strace."""
    import scanprogs

    program = scanprogs.build(tmp_path, "x86_64", "-static-pie", "-fPIE")
    sites = find(Program.load(str(program)), lines=False)
    base = 0x7F1234560000
    text = "".join(f"[{base + s.trap.address + 2:016x}] {s.names[0]}() = 0\n"
                   for s in sites if s.trap.kind == "syscall" and s.names)
    path = tmp_path / "log"
    path.write_text(text + f"[{base + 0x5000:016x}] getppid() = 1\n")
    from tracer.scan.reached import reach
    found = reach(Program.load(str(program)), sites, [str(path)])
    assert found.elsewhere == 1
    assert sum(found.counts.values()) == found.calls - 1 == 5


def test_real_logs() -> None:
    """Stack lines of the real strace name the program by its path."""
    from tracer.scan.reached import reach

    program = Program.load(str(SAMPLES / "x86_64" / "hello"))
    sites = find(program)
    end = sites[0].trap.address + 2
    import tempfile
    with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
        file.write(f"write(1, \"x\", 1) = 1\n > /tmp/b/hello(main+0x5) [{end:#x}]\n"
                   " > /lib/libc.so.6(main+0x5) [0x1]\n"
                   "getpid() = 1\n > /lib/libc.so.6(getpid+0x5) [0x9]\n")
        file.flush()
        found = reach(program, sites, [file.name])
    assert found.counts == {sites[0].trap.address: 1}
    assert (found.elsewhere, found.calls) == (1, 2)


def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hello = str(SAMPLES / "x86_64" / "hello")
    plain = tmp_path / "log"
    plain.write_text("getpid() = 1\n")
    for words, text in (
            (["/no/such"], "/no/such: No such file or directory"),
            ([str(tmp_path)], f"{tmp_path}: Is a directory"),
            ([str(SAMPLES / "text.txt")], "not an ELF file"),
            ([hello, "--log", str(plain)], f"{plain}: no instruction pointers; make the log with"),
            ([hello, "--log", "/no/such"], "/no/such: No such file or directory"),
            ([hello, "-o", "/no/such/file"], "/no/such/file: No such file or directory")):
        status, _, err = run(capsys, *words)
        assert status == 1
        assert text in err and err.count("\n") == 1
    status, _, err = run(capsys, hello, "--unreached")
    assert status == 2 and "--unreached needs --log" in err


def test_names_do_not_steer_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import scanprogs

    program = scanprogs.build(tmp_path, "x86_64")
    program.write_bytes(program.read_bytes().replace(b"wrapper\0", b"wr\x1b[2Jr\0"))
    status, out, _ = run(capsys, str(program))
    assert status == 0
    assert "\x1b" not in out and "wr\\x1b[2Jr+" in out


@pytest.mark.parametrize("abi", ["x86_64", "i386", "arm", "aarch64"])
def test_damaged_files(abi: str, tmp_path: Path) -> None:
    """A mutated or shortened file is scanned as far as it goes, or refused with one line."""
    import scanprogs

    whole = scanprogs.build(tmp_path, abi, "-g").read_bytes()
    random_ = random.Random(abi)
    for i in range(150):
        data = bytearray(whole)
        if i % 5 == 0:
            del data[random_.randrange(len(data)):]
        for _ in range(random_.choice((1, 4, 40))):
            if data:
                # Headers are where damage does most.
                place = random_.choice((64, 256, len(data)))
                tail = random_.random() < 0.4
                at = random_.randrange(min(place, len(data)))
                data[len(data) - 1 - at if tail else at] = random_.choice(
                    (0, 255, random_.randrange(256)))
        try:
            find(Program(bytes(data), "damaged"))
        except ScanError as error:
            assert str(error).startswith("damaged: ") and "\n" not in str(error)
