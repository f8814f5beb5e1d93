"""The parser: every line of real logs is known and prints itself back."""
from __future__ import annotations

import gzip
import io
import random
from pathlib import Path

import pytest

from tracer.logs.errors import LogError
from tracer.logs.model import (
    CONTINUED,
    RESUMED,
    UNFINISHED,
    Call,
    Dump,
    Exited,
    Killed,
    Note,
    Signal,
    StackFrame,
    Stopped,
    SummaryLine,
    Superseded,
    Unknown,
)
from tracer.logs.parse import parse_line, parse_lines, read
from tracer.logs.trees import parse_arguments, parse_result
from tracer.logs.values import (
    Array,
    Change,
    Commented,
    Fd,
    Join,
    Named,
    Number,
    Set,
    String,
    Struct,
    Symbol,
    Text,
    walk,
)

HERE = Path(__file__).parent
TESTS = HERE.parent
LOGS = sorted([*(HERE / "strace").glob("*.strace"), *TESTS.glob("golden/logs/*/*.strace"),
               *TESTS.parent.glob("samples/*/*.strace")])


def call(line: str) -> Call:
    event = parse_line(line)
    assert isinstance(event, Call)
    assert str(event) == line + "\n"
    return event


@pytest.mark.parametrize("path", LOGS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_real_logs_are_understood_and_printed_back(path: Path) -> None:
    events = list(read(path))
    assert "".join(map(str, events)) == path.read_bytes().decode("utf-8", "surrogateescape")
    assert [event.line for event in events] == list(range(1, len(events) + 1))
    assert not [str(event) for event in events if isinstance(event, Unknown)]
    for event in events:
        if isinstance(event, Call):
            assert ", ".join(map(str, event.args)) == event.arguments
            if event.result is not None:
                assert not isinstance(event.result.value, Text), str(event)
            if event.state == "whole" and not event.mark:
                for arg in event.args:
                    odd = [v for _, v in walk(arg) if isinstance(v, Text) and v.text]
                    assert not odd, str(event)
        elif isinstance(event, Signal) and event.info is not None:
            assert str(event.value) == event.info


def test_the_logs_have_every_kind_of_event() -> None:
    kinds = {type(event) for path in LOGS for event in read(path)}
    assert kinds >= {Call, Signal, Exited, Killed, Note, Dump, StackFrame, SummaryLine}
    states = {event.state for path in LOGS for event in read(path) if isinstance(event, Call)}
    assert states == {"whole", UNFINISHED, RESUMED, CONTINUED}


@pytest.mark.parametrize(("line", "expected"), [
    ("1000  close(3) = 0", {"pid": 1000}),
    ("[pid  1000] close(3) = 0", {"pid": 1000}),
    ("[pid 31000<a b>] close(3) = 0", {"pid": 31000, "comm": "a b"}),
    ("28661<sm> close(3) = 0", {"pid": 28661, "comm": "sm"}),
    ("23:39:40 close(3) = 0", {"time": "23:39:40"}),
    ("23:39:40.165133 close(3) = 0", {"time": "23:39:40.165133"}),
    ("1795217980.217725 close(3) = 0", {"time": "1795217980.217725"}),
    ("1795217980 close(3) = 0", {"time": "1795217980", "pid": None}),
    ("     0.000506 close(3) = 0", {"relative": "0.000506", "time": None}),
    ("     0 close(3) = 0", {"relative": "0"}),
    ("23:39:40.264860 (+     0.000148) close(3) = 0",
     {"time": "23:39:40.264860", "relative": "0.000148"}),
    ("[   3] close(3) = 0", {"number": 3, "ip": None}),
    ("[00000000004306a1] close(3) = 0", {"number": None, "ip": 0x4306A1}),
    ("[080906a1] close(3) = 0", {"ip": 0x80906A1}),
    ("7     12:00:00 (+     1.5) [   3] [????????????????] +++ exited with 0 +++",
     {"pid": 7, "time": "12:00:00", "relative": "1.5", "number": 3, "ip": None}),
])
def test_prefixes(line: str, expected: dict[str, object]) -> None:
    event = parse_line(line)
    assert str(event) == line + "\n"
    assert not isinstance(event, Unknown)
    assert {key: getattr(event.prefix, key) for key in expected} == expected


def test_times_in_nanoseconds() -> None:
    assert parse_line("01:00:00.5 a() = 0").prefix.nanoseconds == 3600_500_000_000
    assert parse_line("1795217980.25 a() = 0").prefix.nanoseconds == 1795217980_250_000_000
    assert parse_line("a() = 0").prefix.nanoseconds is None


def test_a_call() -> None:
    event = call('1000  openat(AT_FDCWD</w>, "a) = 1", O_RDONLY|O_CLOEXEC) = 3</w/a) = 1> <0.01>')
    assert event.name == "openat"
    assert event.args == (Fd(Symbol("AT_FDCWD"), "/w"), String("a) = 1"),
                          Join((Symbol("O_RDONLY"), Symbol("O_CLOEXEC"))))
    assert event.duration == "0.01"
    assert event.result is not None
    assert event.result.value == Fd(Number("3"), "/w/a) = 1")


def test_parts_of_a_call() -> None:
    assert call("read(3,  <unfinished ...>").state == UNFINISHED
    assert call('<... read resumed>"x", 1)   = 1').state == RESUMED
    never = call("exit_group(0 <unfinished ...>) = ?")
    assert (never.arguments, never.mark, never.returned) == ("0", " <unfinished ...>", "?")
    assert call("execve(0x1 <pid changed to 7 ...>").mark == " <pid changed to 7 ...>"
    assert call('write(1, "= 27026<a->\\n) = "..., 572 <unfinished ...>').state == UNFINISHED


def test_lines_that_other_output_broke() -> None:
    lines = ["clone(child_stack=NULL, flags=SIGCHLDstrace: Process 7 attached\n",
             ", child_tidptr=0x10) = 7\n", 'write(1, "hi\\n", 3hi\n', ")   = 3\n", "hi\n"]
    events = list(parse_lines(lines))
    assert [str(e) for e in events] == lines
    assert [getattr(e, "state", None) for e in events] == [
        UNFINISHED, CONTINUED, UNFINISHED, CONTINUED, None]
    assert isinstance(events[1], Call) and events[1].name == "clone"
    assert isinstance(events[4], Unknown)


@pytest.mark.parametrize(("line", "kind"), [
    ("--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---", Signal),
    ("--- SIGINT ---", Signal), ("--- stopped by SIGSTOP ---", Stopped),
    ("+++ exited with 3 +++", Exited), ("+++ killed by SIGABRT (core dumped) +++", Killed),
    ("+++ superseded by execve in pid 77 +++", Superseded),
    ("strace: Process 7 attached", Note), ("/usr/bin/strace: Process 7 detached", Note),
    ("[ Process PID=6194 runs in 32 bit mode. ]", Note), ("# a comment", Note), ("", Note),
    (" > /lib/libc.so.6(open+0x10) [0xe5010]", StackFrame),
    (" > unexpected_backtracing_error [0x0]", StackFrame),
    (" * 4 bytes in buffer 0", Dump), ("+++ exited with 007 +++", Unknown),
    ("ls: no such file", Unknown), ("+++ odd +++", Unknown),
])
def test_other_lines(line: str, kind: type) -> None:
    event = parse_line(line)
    assert type(event) is kind
    assert str(event) == line + "\n"


def test_dumps_and_stacks_have_data() -> None:
    line = " | 00000  68 69 0a" + " " * 42 + "hi.              |"
    event = parse_line(line)
    assert isinstance(event, Dump) and (event.offset, event.data) == (0, b"hi\n")
    frame = parse_line(" > /bin/x(main+0x1f) [0x401136] a.c:7")
    assert isinstance(frame, StackFrame)
    assert (frame.object, frame.symbol, frame.offset, frame.address, frame.source) == (
        "/bin/x", "main", 0x1F, 0x401136, "a.c:7")


@pytest.mark.parametrize(("text", "values"), [
    ("", ()),
    ("NULL, -1, 0x1f, 0644", (Symbol("NULL"), Number("-1"), Number("0x1f"), Number("0644"))),
    ("{rlim_cur=8192*1024, ...}", None), ('"a\\"b"..., @"x"', None),
    ("[RTMIN RT_1], ~[INT], [], ~[]", (Set((Symbol("RTMIN"), Symbol("RT_1"))),
                                       Set((Symbol("INT"),), True), Array(()), Set((), True))),
    ("[16 => 28]", (Array((Change(Number("16"), Number("28")),)),)),
    ("0x75 /* PRIO_??? */", (Commented(Number("0x75"), " PRIO_??? "),)),
    ("[{WIFEXITED(s) && WEXITSTATUS(s) == 7}]", None), ("makedev(0x1, 0x3)", None),
    ("inet_pton(AF_INET6, \"::1\", &sin6_addr)", None), ("sa_data=00:11:22:ff", None),
    ("21<<MAP_HUGE_SHIFT|MAP_HUGETLB", None), ("A or B, _IOC(_IOC_READ, 0x78, 0x63, 0x4)", None),
    ("5<TCP:[127.0.0.1:1->127.0.0.1:2]>, 1</dev/pts/0<char 136:0>>, 3</x>(deleted)", None),
    ("[{a=1}, ... /* 0x7ffd */]", None), ('{a=1, /* bytes 8..9 */ "\\x01"}', None),
    ("{id=deadbeef-cafe-c0de-badc-0dedfacefeed, guard='Q', 0x7f99}", (Struct((
        Named("id", Symbol("deadbeef-cafe-c0de-badc-0dedfacefeed")),
        Named("guard", Symbol("'Q'")), Number("0x7f99"))),)),
    ("v4l2_fourcc('A', '\\'', '\\\\', '\\xfa')", None), ("ext=1<<(DIAG_TOS-1), x=1", None),
    ('[{call="x"} /* SPA CE-0 */, *, ...]', None),
    ("8191 /* VALUE(0 /* NONE */, 8191) */, 7", (
        Commented(Number("8191"), " VALUE(0 /* NONE */, 8191) "), Number("7"))),
    ("1 /* /* */, 2", (Commented(Number("1"), " /* "), Number("2"))),
    ("{timeperframe=30/1001, a=1}", (Struct((Named("timeperframe", Symbol("30/1001")),
                                             Named("a", Number("1")))),)),
    ("[[IO_WQ_BOUND]=1]", None), ("-EFAULT", None), ("clone_arg={f=1} => {t=[2]}", None),
    ("3, ", (Number("3"), Text(""))), ("a b c}, 7", None), ('"never closed, 1', None),
])
def test_values(text: str, values: object) -> None:
    found = parse_arguments(text)
    assert ", ".join(map(str, found)) == text
    if values is not None:
        assert found == values


def test_values_mean_something() -> None:
    assert Number("8192*1024").n == 8 << 20 and Number("-0x10").n == -16
    assert Number("0644").n == 0o644 and Number("0644").base == 8
    assert String("a\\n\\0\\1771\\x41\\\"").data == b'a\n\0\x7f1A"'
    (struct,) = parse_arguments("{st_mode=S_IFREG|0644, ...}")
    assert isinstance(struct, Struct)
    assert str(struct.get("st_mode")) == "S_IFREG|0644" and struct.get("x") is None
    (named,) = parse_arguments("flags=CLONE_VM")
    assert named == Named("flags", Symbol("CLONE_VM"))


def test_results() -> None:
    result = parse_result("-1 EPERM (Operation not permitted) (INJECTED) (DELAYED)")
    assert (result.errno, result.message) == ("EPERM", "Operation not permitted")
    assert result.injected and result.delayed
    assert parse_result("-1 (errno 531)").errno == "531"
    assert parse_result("1 ([{fd=9, revents=POLLOUT}])").aux == ("[{fd=9, revents=POLLOUT}]",)
    assert parse_result("0x8002 (flags O_RDWR|O_LARGEFILE)").value == Number("0x8002")
    assert parse_result("? ERESTARTSYS (To be restarted)").errno == "ERESTARTSYS"
    for text in ("0 (Timeout)", "3</x>", "? <unavailable>", "odd !"):
        assert str(parse_result(text)) == text


def test_compressed_logs_and_streams(tmp_path: Path) -> None:
    text = "close(3)                                = 0\n+++ exited with 0 +++\n"
    plain, packed = tmp_path / "a", tmp_path / "a.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    zstandard = pytest.importorskip("zstandard", reason="the extra [logs] is not installed")
    squeezed = tmp_path / "a.zst"
    squeezed.write_bytes(zstandard.ZstdCompressor().compress(text.encode()))
    for source in (plain, str(packed), squeezed, io.BytesIO(text.encode()), io.StringIO(text)):
        assert "".join(map(str, read(source))) == text
    assert list(read(io.BytesIO(b""))) == []
    for damaged in (packed.read_bytes()[:-9], b"\x1f\x8b\x08damaged", squeezed.read_bytes()[:-3],
                    b"\x28\xb5\x2f\xfd damaged"):
        try:
            assert all(str(event) for event in read(io.BytesIO(damaged)))
        except LogError as error:
            assert "\n" not in str(error)
    with pytest.raises(LogError, match="No such file"):
        list(read(tmp_path / "none"))
    with pytest.raises(LogError):
        list(read(tmp_path))


def test_line_ends_are_kept() -> None:
    text = "close(3) = 0\r\n\x85odd\u2028\n\rclose(4) = 0\nclose(5) = 0"
    events = list(read(io.BytesIO(text.encode("utf-8"))))
    assert "".join(map(str, events)) == text
    assert [type(e) for e in events] == [Call, Unknown, Unknown, Call]
    assert list(map(str, read(io.BytesIO(b"\xff\xfe(\n")))) == ["\udcff\udcfe(\n"]


def _damaged(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data + b" " * 60)
    for _ in range(rng.randrange(1, 40)):
        at = rng.randrange(len(out))
        kind = rng.randrange(5)
        if kind == 0:
            out[at] = rng.randrange(256)
        elif kind == 1:
            del out[at:at + rng.randrange(1, 60)]
        elif kind == 2:
            out[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 9)))
        elif kind == 3:
            other = rng.randrange(len(out))
            out[at:at] = out[other:other + rng.randrange(1, 200)]
        else:
            out[at:at] = rng.choice((b'"', b"[", b"{" * 500, b"\\", b"(", b"<", b"a=" * 300,
                                     b"/*", b"<unfinished ...>", b"[pid ", b"= ", b"\n", b"|",
                                     b"\x1b[1;31m", b"\x1b[", b"'", b"1<<(", b"*/", b"30/"))
    return bytes(out)


@pytest.mark.parametrize("seed", range(60))
def test_damaged_logs_raise_nothing_else(seed: int) -> None:
    rng = random.Random(seed)
    data = rng.choice(LOGS).read_bytes()[:8000]
    damaged = _damaged(data, rng)
    try:
        events = list(read(io.BytesIO(damaged)))
    except LogError:
        return
    lines = [event.prefix.painted or str(event) for event in events]
    assert "".join(lines) == damaged.decode("utf-8", "surrogateescape")
    for event in events:
        if isinstance(event, Call):
            assert ", ".join(map(str, event.args)) == event.arguments
            assert event.result is None or event.result.text == event.returned
        elif isinstance(event, Signal):
            assert str(event.value) == str(event.info)
