"""Events, processes and files that are put together for a page."""
from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from tracer.logs.parse import read
from tracer.pages import embed, write_page
from tracer.report.collect import EXIT, SIGNAL, Report, collect
from tracer.report.page import page_data


def of(text: str) -> Report:
    return collect(read(io.StringIO(text)), "log")


def test_interrupted_calls_are_joined() -> None:
    report = of("1 10:00:00 read(3,  <unfinished ...>\n"
                "2 10:00:01 getpid() = 2\n"
                "1 10:00:02 <... read resumed>\"x\", 1) = 1\n"
                "2 10:00:03 pause( <unfinished ...>\n"
                "1 10:00:04 <... close resumed>) = 0\n")
    assert [(i.name, i.text, i.line) for i in report.items] == [
        ("read", 'read(3, "x", 1) = 1', 1), ("getpid", "getpid() = 2", 2),
        ("pause", "pause( <unfinished ...>)", 4), ("close", "close() = 0", 5)]
    assert report.items[0].duration == 2 * 10**9


@pytest.mark.parametrize("prefixes, starts", [
    (["23:59:59.5", "00:00:00.25"], [0, 750_000_000]),
    (["1700000000.000001", "1700000000.000003"], [0, 2000]),
    (["     0.000000", "     0.000150"], [0, 150_000]),
])
def test_times(prefixes: list[str], starts: list[int]) -> None:
    report = of("".join(f"{prefix} getpid() = 1\n" for prefix in prefixes))
    assert report.timed
    assert [item.start for item in report.items] == starts


def test_without_times_the_order_counts() -> None:
    report = of("getpid() = 1\n--- SIGINT {si_signo=SIGINT} ---\n+++ killed by SIGINT +++\n")
    assert not report.timed and not report.durations
    assert [item.start for item in report.items] == [0, 1, 2]
    assert [item.kind for item in report.items] == [0, SIGNAL, EXIT]
    assert report.tasks[0].ended == "killed by SIGINT"


def test_ids_that_come_late() -> None:
    """On a terminal lines have ids only while there are several processes."""
    report = of('execve("/bin/a", ["a"], 0x0 /* 0 vars */) = 0\n'
                'open("f", O_RDONLY) = 3\n'
                "clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>\n"
                "strace: Process 8 attached\n"
                "[pid     8] getpid() = 8\n"
                "[pid     7] <... clone resumed>) = 8\n"
                "[pid     8] +++ exited with 0 +++\n"
                "read(3, \"xy\", 2) = 2\n"
                "+++ exited with 1 +++\n")
    assert set(report.tasks) == {7, 8}
    assert report.tasks[8].parent == 7
    assert (report.tasks[7].name, report.tasks[8].name) == ("/bin/a", "/bin/a")
    assert report.tasks[7].ended == "exited with 1"
    assert {item.pid for item in report.items} == {7, 8}
    assert report.files.files["f"].read == 2
    assert report.files.files["f"].pids == {7}


def test_files() -> None:
    report = of('1 openat(AT_FDCWD, "a", O_RDWR) = 3\n'
                "1 dup2(3, 9) = 9\n"
                '1 write(9, "hello", 5) = 5\n'
                "1 fork() = 2\n"
                '2 read(3, "hel", 3) = 3\n'
                "2 close(3) = 0\n"
                '2 read(3, 0x0, 3) = -1 EBADF (Bad file descriptor)\n'
                '1 read(3, "lo", 3) = 2\n'
                '1 renameat(AT_FDCWD, "a", AT_FDCWD, "b") = 0\n'
                '1 read(5</dev/null>, "", 3) = 0\n'
                '1 unlink("b") = -1 EPERM (Operation not permitted)\n'
                '1 pipe([3, 4]) = 0\n'
                '1 read(3, "zz", 2) = 2\n')
    found = {f.path: (f.calls, f.errors, f.opened, f.read, f.written, f.pids)
             for f in report.files.files.values()}
    assert found == {"a": (6, 0, 1, 5, 5, {1, 2}), "b": (2, 1, 0, 0, 0, {1}),
                     "/dev/null": (1, 0, 0, 0, 0, {1})}


def test_an_empty_path_is_the_descriptor() -> None:
    report = of('openat(AT_FDCWD, "a", O_RDONLY) = 3\n'
                'newfstatat(3, "", {st_size=1}, AT_EMPTY_PATH) = 0\n'
                'newfstatat(1, "", {st_size=1}, AT_EMPTY_PATH) = 0\n'
                'statx(4</b>, "", AT_EMPTY_PATH, STATX_ALL, {stx_size=1}) = 0\n'
                'open("", O_RDONLY) = -1 ENOENT (No such file or directory)\n')
    assert {f.path: (f.calls, f.errors) for f in report.files.files.values()} == {
        "a": (2, 0), "/b": (1, 0), '""': (1, 1)}


def test_threads_share_descriptors() -> None:
    report = of("1 clone(child_stack=0x1, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 2\n"
                '2 open("a", O_RDONLY) = 3\n1 read(3, "x", 1) = 1\n')
    assert report.tasks[2].thread and report.tasks[2].parent == 1
    assert report.files.files["a"].read == 1


def test_data_is_safe_in_html() -> None:
    text = embed({"a": "</script><!--&\u2028\udc80"})
    assert not re.search("[<>&\u2028]", text) and text.isascii()
    assert json.loads(text)["a"] == "</script><!--&\u2028\udc80"
    out = io.StringIO()
    write_page("report", "<b>&", page_data(of("getpid() = 1\n")), out)
    page = out.getvalue()
    assert "<title>&lt;b&gt;&amp;</title>" in page
    assert not re.search(r'(?:src|href)=|@import|url\(', page)


def test_logs_of_strace() -> None:
    """Real logs, with ids and without, give a page."""
    golden = Path(__file__).resolve().parents[1] / "golden"
    logs = sorted(golden.rglob("*.strace"))
    assert logs
    for path in logs[::max(1, len(logs) // 60)]:
        data = page_data(collect(read(path), path.name))
        lengths = {len(data[key]) for key in ("kind", "line", "start", "duration", "task",
                                              "name_of", "error", "text")}
        assert lengths == {len(data["text"])} and data["text"], path
        assert all(task[1] is None or task[1] < len(data["tasks"]) for task in data["tasks"])
