"""`pytrace seccomp`."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tracer.cli.main import main

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def profile(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    status = main(["seccomp", *words])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return json.loads(captured.out)


def names(document: Any) -> list[str]:
    assert document["defaultAction"] == "SCMP_ACT_ERRNO"
    rule, = document["syscalls"]
    assert rule["action"] == "SCMP_ACT_ALLOW"
    found: list[str] = rule["names"]
    assert found == sorted(set(found))
    return found


@pytest.mark.parametrize("abi, architecture", [
    ("x86_64", "SCMP_ARCH_X86_64"), ("i386", "SCMP_ARCH_X86"), ("arm", "SCMP_ARCH_ARM"),
    ("aarch64", "SCMP_ARCH_AARCH64")])
def test_of_a_run(abi: str, architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                  capsys: pytest.CaptureFixture[str]) -> None:
    """JSON lines tell the ABI; text needs it named, and gives the same."""
    monkeypatch.chdir(SAMPLES)
    assert main(["--format=json", "-o", str(tmp_path / "json"), f"{abi}/tutorial"]) == 0
    assert main(["-o", str(tmp_path / "text"), f"{abi}/tutorial"]) == 0
    capsys.readouterr()
    document = profile(capsys, str(tmp_path / "json"))
    assert document["architectures"] == [architecture]
    assert {"execve", "mmap" if abi in ("x86_64", "aarch64") else "mmap2", "exit_group"} \
        <= set(names(document))
    assert profile(capsys, "--abi", abi, str(tmp_path / "text")) == document


def test_several(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").write_text("newfstatat(3, "", 0, 0) = 0\nopen(\"x\", O_RDONLY) = 3\n")
    (tmp_path / "b").write_text("1 set_tls(0x1) = 0\n1 <... read resumed>) = 1\n")
    document = profile(capsys, str(tmp_path / "a"), str(tmp_path / "b"), "--allow", "getpid")
    # The names themselves tell whose they are.
    assert names(document) == ["getpid", "newfstatat", "open", "read", "set_tls"]
    assert document["architectures"] == ["SCMP_ARCH_ARM", "SCMP_ARCH_X86_64"]
    (tmp_path / "c").write_text("getuid() = 0\n")
    (tmp_path / "p.json").write_text(json.dumps(document))
    merged = profile(capsys, "--merge", str(tmp_path / "p.json"), "--abi", "aarch64",
                     str(tmp_path / "c"))
    assert names(merged) == sorted([*names(document), "getuid"])
    assert merged["architectures"] == ["SCMP_ARCH_AARCH64", *document["architectures"]]


def test_multiplexers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On i386 a log names what socketcall and ipc do; a filter sees these."""
    (tmp_path / "log").write_text("socket(AF_UNIX, SOCK_STREAM, 0) = 3\nshmdt(NULL) = 0\n")
    assert names(profile(capsys, "--abi", "i386", str(tmp_path / "log"))) \
        == ["ipc", "shmdt", "socket", "socketcall"]
    assert names(profile(capsys, "--abi", "x86_64", str(tmp_path / "log"))) == ["shmdt", "socket"]


def test_modes_of_strace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").write_text("execve(\"x\", [\"x\"], NULL) = 0\n"
                                  "[ Process PID=7 runs in 32 bit mode. ]\ngetuid32() = 0\n")
    document = profile(capsys, str(tmp_path / "log"))
    assert document["architectures"] == ["SCMP_ARCH_X86", "SCMP_ARCH_X86_64"]


def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").write_text("getpid() = 1\nsyscall_0x1ff(0) = 0\n")
    (tmp_path / "empty").write_text("")
    (tmp_path / "other").write_text('{"architectures": ["no"], "syscalls": 7}')
    log = str(tmp_path / "log")
    for words, text in (
            ([log], f"{log}: does not tell its ABI (aarch64, arm, i386, x86_64): use --abi"),
            ([str(tmp_path / "empty")], "no system calls in it"),
            (["/no/such"], "/no/such: No such file or directory"),
            ([log, "--abi", "arm", "--allow", "frobnicate"], "no ABI has a call named"),
            ([log, "--abi", "arm", "--merge", str(tmp_path / "other")], "not a profile of pytrace"),
            ([log, "--abi", "arm", "--merge", "/no/such"], "/no/such: No such file")):
        assert main(["seccomp", *words]) == 1
        err = capsys.readouterr().err
        assert text in err and err.count("\n") == 1
    assert main(["seccomp", "--abi", "arm", log]) == 0
    captured = capsys.readouterr()
    assert "left out syscall_0x1ff" in captured.err
    assert names(json.loads(captured.out)) == ["getpid"]
