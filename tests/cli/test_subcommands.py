"""The subcommands: all are in the help, and each has its own."""
from __future__ import annotations

import pytest

from tracer.cli.help import HELP
from tracer.cli.main import SUBCOMMANDS, main


def test_help_lists_them() -> None:
    title, rows = HELP[-1]
    assert title.startswith("Other commands")
    assert [form.split()[0] for form, _ in rows] == sorted(SUBCOMMANDS)


@pytest.mark.parametrize("name", sorted(SUBCOMMANDS))
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_each_has_help(name: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, option]) == 0
    assert capsys.readouterr().out.startswith("Usage: ")


@pytest.mark.parametrize("name", sorted(SUBCOMMANDS))
def test_wrong_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--no-such-option"]) == 2
    assert "no-such-option" in capsys.readouterr().err.lower()
