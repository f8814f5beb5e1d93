"""``pytrace diff``: arguments, statuses, formats, settings files."""
from __future__ import annotations

import gzip
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

import tracer.compare.printers
from tracer.cli.main import main
from tracer.compare.config import ConfigError, find_config, read_config
from tracer.compare.printers import PRINTERS, PrintOptions, printer
from tracer.compare.printers.text import visible

OLD = "".join(f'write({n}, "text {n}", 6)                   = 6\n' for n in range(1, 20))
NEW = OLD.replace('write(7, "text 7"', 'write(7, "other"')

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
        ) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").write_text(OLD)
    (tmp_path / "new").write_text(NEW)

    def call(*words: str) -> tuple[int, str, str]:
        status = main(["diff", *words])
        text = capsys.readouterr()
        return status, text.out, text.err
    return call


def test_statuses(run: Run) -> None:
    assert run("old", "old") == (0, "", "")
    status, out, err = run("old", "new")
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        "--- old", "+++ new", "@@ -4,7 +4,7 @@ P1",
        *[f" {line}" for line in OLD.splitlines()[3:6]],
        "-" + OLD.splitlines()[6], "+" + NEW.splitlines()[6], '!  buf: "text 7" -> "other"',
        *[f" {line}" for line in OLD.splitlines()[7:10]], "1 difference: 1 changed"]
    for words in (["old", "none"], ["old"], ["-", "-"], ["--rule", "no", "old", "new"],
                  ["--config", "none.toml", "old", "new"], ["--replace", "x", "old", "new"],
                  ["-o", "no/such/place", "old", "new"], ["--no-such-option"]):
        status, out, err = run(*words)
        assert status == 2 and out == "" and err and "Traceback" not in err


def test_a_directory_and_binary_noise_are_trouble_not_tracebacks(run: Run, tmp_path: Path
                                                                 ) -> None:
    assert run("old", ".")[0] == 2
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 8)
    status, out, err = run("noise", "old")
    assert status == 2 and "is it a log?" in err and out == ""
    (tmp_path / "bad.gz").write_bytes(gzip.compress(OLD.encode())[:60])
    assert run("bad.gz", "old")[0] == 2


def test_standard_input_and_compression(run: Run, tmp_path: Path,
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old.gz").write_bytes(gzip.compress(OLD.encode()))
    assert run("old.gz", "old")[0] == 0
    assert run("old.gz", "new")[1].count("!") == 1
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NEW.encode())))
    assert run("old", "-")[0] == 1
    zstandard = pytest.importorskip("zstandard", reason="the extra [logs] is not installed")
    (tmp_path / "new.zst").write_bytes(zstandard.ZstdCompressor().compress(NEW.encode()))
    assert run("new.zst", "new")[0] == 0


def test_brief_output_and_context(run: Run, tmp_path: Path) -> None:
    assert run("-q", "old", "new") == (1, "Logs old and new differ\n", "")
    assert run("-o", "out", "old", "new") == (1, "", "")
    assert (tmp_path / "out").read_text() == run("old", "new")[1]
    assert run("-U", "0", "old", "new")[1].count("\n ") == 0
    assert "text 19" in run("-U", "99", "old", "new")[1]


def test_colours(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in run("old", "new")[1]
    assert "\x1b[31m" in run("--color", "always", "old", "new")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("--color", "auto", "old", "new")[1]


def test_two_columns(run: Run) -> None:
    status, out, _ = run("-y", "-W", "90", "old", "new")
    assert status == 1
    lines = out.splitlines()
    changed = [line for line in lines if len(line) > 44 and line[44] == "|"]
    assert len(changed) >= 1 and '"text 7"' in changed[0] and '"other"' in changed[0]
    assert all(len(line) <= 90 for line in lines)


def test_two_columns_with_colours(run: Run) -> None:
    _, plain, _ = run("-y", "-W", "60", "old", "new")
    _, out, _ = run("-y", "-W", "60", "--color=always", "old", "new")
    reversed_ = re.findall(r"\x1b\[33;1;7m(.*?)\x1b\[m", out)
    assert '"text 7"' in "".join(reversed_) and '"other"' in "".join(reversed_)
    # apart from colours it is the same
    bare = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert [line.rstrip() for line in bare.splitlines()] == [
        line.rstrip() for line in plain.splitlines()]


def test_json_follows_its_schema(run: Run) -> None:
    schema = json.loads(Path(tracer.compare.printers.__file__).with_name(
        "diff.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for pair in (("old", "old"), ("old", "new"), ("/dev/null", "new")):
        status, out, _ = run("--format", "json", *pair)
        record = json.loads(out)
        jsonschema.validate(record, schema)
        assert record["same"] == (status == 0)
        assert len(record["differences"]) == record["summary"]["total"]
    record = json.loads(run("--format", "json", "old", "new")[1])
    (difference,) = record["differences"]
    assert difference["old"][0]["line"] == 7
    assert [d["path"] for d in difference["details"]] == ["buf"]


def test_json_lines_are_logs_too(run: Run, tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "samples"
    assert main(["--format", "json", "-f", "-o", str(tmp_path / "json"),
                 str(sample / "aarch64/hello")]) == 0
    assert main(["-f", "-o", str(tmp_path / "text"), str(sample / "aarch64/hello")]) == 0
    assert run("json", "text") == (0, "", "") or run("text", "json")[0] == 0
    status, out, _ = run("--format", "json", "old", "json")
    assert status == 1 and json.loads(out)["new"]["unknown"] == 0


def test_rules_are_listed_and_switched(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("--list-rules")
    assert status == 0 and "* addresses" in out and "  fds" in out
    assert "  times" in run("--no-rule", "times", "--list-rules")[1]
    (tmp_path / "a").write_text("dup(3) = 4\n")
    (tmp_path / "b").write_text("dup(5) = 6\n")
    assert run("a", "b")[0] == 1
    assert run("--rule", "fds", "a", "b")[0] == run("--ignore", "fds", "a", "b")[0] == 0
    assert run("--ignore-call", "dup", "a", "b")[0] == 0
    assert run("--replace", r"\d => N", "a", "b")[0] == 0


def test_settings_files(run: Run, tmp_path: Path) -> None:
    setup, toml = tmp_path / "setup.cfg", tmp_path / "pytrace.toml"
    setup.write_text("[tool:pytrace]\nreplace =\n    words: (text \\d+|other) => TEXT\n")
    assert run("old", "new")[0] == 0
    assert run("--config", "none", "old", "new")[0] == 1
    assert run("--no-rule", "words", "old", "new")[0] == 1
    toml.write_text("ignore-calls = ['write']\n[replace.x]\nregex = 'a'\ntext = 'b'\n")
    assert find_config(tmp_path / "some/where") == toml
    assert read_config(toml).replace == (("x", "a", "b"),)
    assert run("old", "new")[0] == 0
    toml.write_text("disable = ['times']\nenable = ['fds']\nignore-paths = ['/x*']\n")
    out = run("--list-rules")[1]
    assert "  times" in out and "* fds" in out and "/x*" in out
    assert "* times" in run("--rule", "times", "--list-rules")[1]


@pytest.mark.parametrize(("name", "text"), [
    ("pytrace.toml", "a = ["), ("pytrace.toml", "unknown = 1"), ("pytrace.toml", "enable = 'x'"),
    ("pytrace.toml", "replace = 7"), ("pytrace.toml", "[replace.x]\nregex = 1"),
    ("setup.cfg", "[tool:pytrace\n"), ("setup.cfg", "[tool:pytrace]\nno = 1\n"),
    ("setup.cfg", "[tool:pytrace]\nreplace = no arrow\n"),
])
def test_wrong_settings_files(tmp_path: Path, run: Run, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError):
        read_config(tmp_path / name)
    status, out, err = run("--config", name, "old", "new")
    assert (status, out) == (2, "") and err.startswith("pytrace: ") and err.count("\n") == 1


def test_every_printer_is_there_and_says_nothing_twice(tmp_path: Path) -> None:
    from tracer.compare.compare import compare

    for name in PRINTERS:
        with compare(io.BytesIO(OLD.encode()), io.BytesIO(NEW.encode())) as diff:
            texts = []
            for _ in range(2):
                out = io.StringIO()
                printer(name)(diff, out, PrintOptions())
                texts.append(out.getvalue())
            assert texts[0] == texts[1] and "other" in texts[0]


def test_terminals_are_safe() -> None:
    assert visible("a\tb\x1b[31m\udcff\x07é") == "a\tb\\x1b[31m\\udcff\\x07é"


def test_a_program_of_that_name_can_be_traced(run: Run, tmp_path: Path,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    sample = Path(__file__).parents[2] / "samples/aarch64/hello"
    (tmp_path / "diff").write_bytes(sample.read_bytes())
    (tmp_path / "diff").chmod(0o755)
    assert main(["-o", "log", "./diff"]) == 0 and main(["./diff"]) == 0
