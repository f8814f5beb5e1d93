"""`--list-syscalls`."""
from __future__ import annotations

import pytest

from sysnames import table
from tracer.cli import listing
from tracer.cli.main import main


def test_lists_every_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-syscalls", "--abi", "aarch64"]) == 0
    head, columns, *rows = capsys.readouterr().out.splitlines()
    numbers = table("aarch64")
    assert head.startswith(f"aarch64: {len(numbers)} calls, ")
    assert columns.split() == ["number", "name", "decoded", "emulated"]
    assert {int(row.split()[0]): row.split()[1] for row in rows} == numbers


def test_columns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(listing, "handler_notes", lambda: {"read": "", "ioctl": "no sockets"})
    monkeypatch.setattr(listing, "raw_arguments",
                        lambda name, abi: {"read": 0, "ioctl": 1, "write": 2}.get(name))
    assert main(["--list-syscalls", "--abi=x86_64"]) == 0
    out = capsys.readouterr().out
    rows = {row.split()[1]: " ".join(row.split()[2:]) for row in out.splitlines()[2:]}
    assert rows["read"] == "full full"
    assert rows["ioctl"] == "1 arg raw partial: no sockets"
    assert rows["write"] == "2 args raw no"
    assert rows["close"] == "no no"
    assert "1 fully decoded, 1 fully and 1 partially emulated" in out


def test_raw_arguments_counts_kinds_without_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    from sysnames import signatures

    monkeypatch.setitem(signatures.SIGNATURES, "made_up", "a int, b no_such_kind, c path")
    assert listing.raw_arguments("made_up", "arm") == 1
    assert listing.raw_arguments("no_such_call", "arm") is None
