"""Differences as JUnit XML, as annotations, and as Markdown."""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tracer.cli.main import main

HERE = Path(__file__).resolve().parent
# What each format could take for its own.
HOSTILE = r'</testcase> ]]> & % ::error::x , : | ` ``` <script> @all #1 $x$'
OLD = f"""\
1000 execve("/bin/p", ["p"], 0x7ffc /* 1 var */) = 0
1000 openat(AT_FDCWD, "{HOSTILE}", O_RDONLY) = 3
1000 fork() = 1001
1000 getuid() = 0
1001 chdir("/") = 0
1001 exit_group(0) = ?
1001 +++ exited with 0 +++
1000 exit_group(0) = ?
1000 +++ exited with 0 +++
"""
NEW = OLD.replace("O_RDONLY", "O_RDWR").replace("1000 getuid() = 0\n", "").replace(
    "1000 exit_group", f'1000 access("{HOSTILE}\x1b[2J\\33", F_OK) = 0\n1000 exit_group')


def print_as(form: str, folder: Path, old: str = OLD, new: str = NEW) -> str:
    """The output for two logs."""
    (folder / "old.log").write_text(old)
    (folder / "new.log").write_text(new)
    output = folder / "output"
    status = main(["diff", "--config", "none", "--format", form, "-o", str(output),
                   str(folder / "old.log"), str(folder / "new.log")])
    assert status == (old != new)
    return output.read_text()


def test_junit(tmp_path: Path) -> None:
    from junitparser import JUnitXml
    from lxml import etree

    text = print_as("junit", tmp_path)
    tree = etree.fromstring(text.encode())
    etree.XMLSchema(etree.parse(str(HERE / "junit.xsd"))).assertValid(tree)
    suites = list(JUnitXml.fromstring(text.encode()))
    assert [suite.name for suite in suites] == ["P1 /bin/p (pid 1000)", "P2 /bin/p (pid 1001)"]
    cases = [list(suite) for suite in suites]
    assert [len(each) for each in cases] == [3, 1]
    assert [case.is_passed for case in cases[0]] == [False] * 3
    assert [case.is_passed for case in cases[1]] == [True]
    assert (tree.get("tests"), tree.get("failures")) == ("4", "3")
    changed = cases[0][0].result[0]
    assert changed.type == "changed" and "O_RDONLY → O_RDWR" in changed.message
    assert HOSTILE in changed.text and "flags: O_RDONLY -> O_RDWR" in changed.text
    assert tree.find(".//testcase").get("line") == "2"


def test_junit_same(tmp_path: Path) -> None:
    from lxml import etree

    tree = etree.fromstring(print_as("junit", tmp_path, OLD, OLD).encode())
    etree.XMLSchema(etree.parse(str(HERE / "junit.xsd"))).assertValid(tree)
    assert (tree.get("tests"), tree.get("failures")) == ("2", "0")


def test_github(tmp_path: Path) -> None:
    text = print_as("github", tmp_path)
    commands = [line for line in text.splitlines() if line.startswith("::")]
    assert len(commands) == 3 and len(text.splitlines()) == 4
    for command in commands:
        m = re.fullmatch(r"::error file=([^,:]*),line=(\d+),endLine=(\d+),title=([^,:]*)::(.*)",
                         command)
        assert m is not None, command
        assert m[1].endswith("old.log") and int(m[3]) >= int(m[2]) >= 1
        assert not re.search(r"%(?!25|0A|0D|3A|2C)", m[4] + m[5])
        assert m[5].isprintable()
    # What the old log does not have stands at the line it follows.
    assert [re.findall(r"line=(\d+)", c)[0] for c in commands] == ["2", "4", "4"]
    assert "%25 ::error::x" in commands[0]          # text, within a message
    # Nothing of a log starts a line, so nothing of it is a command.
    assert all(line.startswith(("::error file=", str(tmp_path))) for line in text.splitlines())
    assert print_as("github", tmp_path, OLD, OLD) == ""


def test_github_many(tmp_path: Path) -> None:
    old = "".join(f'chdir("/{i}") = 0\ngetpid() = 1\n' for i in range(80))
    text = print_as("github", tmp_path, old, old.replace('") = 0', '") = -1 EIO (Input/output)'))
    assert sum(line.startswith("::error ") for line in text.splitlines()) <= 50
    assert "more differences are not annotated" in text or text.count("::error ") < 50


def test_gitlab(tmp_path: Path) -> None:
    issues = json.loads(print_as("gitlab", tmp_path))
    assert len(issues) == 3
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch("[0-9a-f]{64}", issue["fingerprint"])
        assert issue["location"]["lines"]["begin"] >= 1
        assert issue["location"]["path"].endswith("old.log")
    assert len({issue["fingerprint"] for issue in issues}) == 3
    # The same differences further down are the same issues.
    more = "1000 geteuid() = 0\n"
    moved = json.loads(print_as("gitlab", tmp_path, OLD.replace("1000 open", more + "1000 open"),
                                NEW.replace("1000 open", more + "1000 open")))
    assert [i["fingerprint"] for i in moved] == [i["fingerprint"] for i in issues]
    assert [i["location"]["lines"]["begin"] for i in moved] \
        != [i["location"]["lines"]["begin"] for i in issues]
    assert json.loads(print_as("gitlab", tmp_path, OLD, OLD)) == []


def test_markdown(tmp_path: Path) -> None:
    text = print_as("markdown", tmp_path)
    assert text.startswith("### ❌ System calls: 3 differences")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 3
    for line in table:
        assert len(re.findall(r"(?<!\\)\|", line)) == 6
    outside = re.sub(r"(?ms)^(`{3,})diff\n.*?^\1$", "", text)
    assert "@all" not in outside and "#1 " not in outside and "<script>" not in outside
    assert "````diff" in text               # longer than the backticks in the log
    assert "\x1b" not in text
    assert text.count("<details>") == text.count("</details>") >= 1
    same = print_as("markdown", tmp_path, OLD, OLD)
    assert same.startswith("### ✅") and "<details>" not in same


def test_markdown_is_bounded(tmp_path: Path) -> None:
    old = "".join(f'chdir("/{i}{"x" * 300}") = 0\ngetpid() = 1\n' for i in range(3000))
    new = old.replace('x") = 0', 'x") = -1 EIO (I/O)')
    text = print_as("markdown", tmp_path, old, new)
    assert 10_000 < len(text) < 65_000
    assert "… and 2970 more." in text and re.search(r"@@ \d+ more lines @@", text)
    assert text.count("<details>") == text.count("</details>")
    # Many places: those that fit.
    equal = "".join(f"lseek(3, {i}, SEEK_SET) = 0\n" for i in range(20))
    old = "".join(f'chdir("/{i}{"x" * 300}") = 0\n{equal}' for i in range(300))
    text = print_as("markdown", tmp_path, old, old.replace('x") = 0', 'x") = -1 EIO (I/O)'))
    assert 50_000 < len(text) < 65_000 and "too long for a comment" in text
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize("form", ["html", "junit", "github", "gitlab", "markdown"])
def test_odd_logs(form: str, tmp_path: Path) -> None:
    """Bytes that are no text, no lines at all, lines that are no events."""
    (tmp_path / "a").write_bytes(b'write(1, "\xff\xfe\x00", 3) = 3\n\xffgarbage\n')
    (tmp_path / "b").write_bytes(b"")
    for old, new in (("a", "b"), ("b", "a"), ("b", "b")):
        output = tmp_path / "out"
        assert main(["diff", "--config", "none", "--format", form, "-o", str(output),
                     str(tmp_path / old), str(tmp_path / new)]) == (old != new)
        output.read_text("utf-8")
