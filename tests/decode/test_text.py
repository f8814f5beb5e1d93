"""The text of values and lines: strings, numbers, results."""
from __future__ import annotations

import pytest

from tracer.decode.kinds.signal import decode_siginfo
from tracer.decode.kinds.sockaddr import inet6
from tracer.decode.kinds.time import iso
from tracer.decode.values import (
    PENDING,
    Array,
    Change,
    Comment,
    Either,
    Fd,
    Hex,
    Named,
    Set,
    Str,
    Struct,
    Sym,
    Text,
)
from tracer.output.escape import ALL, NON_ASCII, NON_ASCII_CHARS, escape
from tracer.output.text import (
    Style,
    format_error,
    format_exited,
    format_killed,
    format_line,
    format_resumed,
    format_signal,
)


@pytest.mark.parametrize(("data", "text"), [
    (b"plain", "plain"),
    (b'"\\', '\\"\\\\'),
    (b"\t\n\v\f\r", "\\t\\n\\v\\f\\r"),
    (b"\7\b\x7f", "\\7\\10\\177"),
    (b"a\0b\1\0012", "a\\0b\\1\\0012"),
    (b"\0008", "\\0008"[:2] + "8"),
    (b"\x80\x1b[", "\\200\\33["),
])
def test_escape(data: bytes, text: str) -> None:
    assert escape(data) == text


def test_hexadecimal_strings() -> None:
    assert escape(b"ab\n", NON_ASCII) == "ab\\n"
    assert escape(b"ab\1", NON_ASCII) == "\\x61\\x62\\x01"
    assert escape(b"ab", ALL) == "\\x61\\x62"
    assert escape(b"a\1\x80\n", NON_ASCII_CHARS) == "a\\x01\\x80\\n"
    assert escape(b"", ALL) == ""


def test_values() -> None:
    style = Style()
    cases = [
        (Hex(0), "0"), (Sym(0o644, None, None, "o"), "0644"), (Sym(0, None, None, "o"), "000"),
        (Sym(0x75, None, "PRIO_???"), "0x75 /* PRIO_??? */"), (Sym(2, "O_RDWR"), "O_RDWR"),
        (Str(b"x", True), '"x"...'), (Str(b"\1", style="x"), '"\\x01"'),
        (Struct([("a", 1), ("", Text("b"))], True), "{a=1, b, ...}"),
        (Array([1, 2], True), "[1, 2, ...]"), (Array([1], broken=0x7ff0), "[1, ... /* 0x7ff0 */]"),
        (Set([Text("HUP"), Text("INT")], True), "~[HUP INT]"), (Change(16, 28), "16 => 28"),
        (Fd(3, b"/a<\n", True), "3</a\\74\\n>(deleted)"), (Comment(5, "x"), "5 /* x */"),
        (Named("left", 5, " "), "left 5"), (Either(Hex(1), Text("f(1)")), "f(1)"),
    ]
    for value, text in cases:
        assert style.render(value) == text
    assert Style("raw").render(Either(Hex(1), Text("f(1)"))) == "0x1"
    assert Style("verbose").render(Either(Hex(1), Text("f(1)"))) == "0x1 /* f(1) */"
    assert style.arguments([3, None, PENDING]) == "3, "
    assert Style(names=True).arguments([3, None, 5], ("fd", "mode", "n")) == "fd=3, n=5"


def test_lines() -> None:
    assert format_line("", "close", "3", "0") == "close(3)" + " " * 32 + "= 0"
    assert format_line("[pid 20885] ", "exit_group", "7", "?") == \
        "[pid 20885] exit_group(7)" + " " * 15 + "= ?"
    assert format_resumed("", "read", '"x", 1', "1") == \
        '<... read resumed>"x", 1)' + " " * 15 + "= 1"
    assert format_error(2) == "-1 ENOENT (No such file or directory)"
    assert format_error(1, injected=True) == "-1 EPERM (Operation not permitted) (INJECTED)"
    assert format_error(531) == "-1 (errno 531)"
    assert format_error(512) == "? ERESTARTSYS (To be restarted if SA_RESTART is set)"
    assert format_exited("", 3) == "+++ exited with 3 +++"
    assert format_killed("", 6, True) == "+++ killed by SIGABRT (core dumped) +++"


@pytest.mark.parametrize(("info", "text"), [
    ({"signo": 11, "code": 1, "addr": 0x10},
     "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---"),
    ({"signo": 14, "code": 0x80}, "--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---"),
    ({"signo": 10, "code": -6, "pid": 7, "uid": 0},
     "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_TKILL, si_pid=7, si_uid=0} ---"),
    ({"signo": 17, "code": 1, "pid": 9, "status": 7},
     "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9, si_uid=0, si_status=7, "
     "si_utime=0, si_stime=0} ---"),
    ({"signo": 17, "code": 2, "pid": 9, "status": 9, "utime": 3},
     "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=9, si_uid=0, "
     "si_status=SIGKILL, si_utime=3 /* 0.03 s */, si_stime=0} ---"),
])
def test_signal_lines(info: dict[str, int], text: str) -> None:
    assert format_signal("", info["signo"], decode_siginfo(info, "x86_64"), Style()) == text


def test_dates() -> None:
    assert iso(0) is None
    assert iso(1795217943) == "2026-11-20T23:39:03+0000"
    assert iso(951782400) == "2000-02-29T00:00:00+0000"
    assert iso(-1) == "1969-12-31T23:59:59+0000"
    assert iso(5, 10**9) is None
    assert iso(1 << 62) is None


def test_addresses() -> None:
    assert inet6(bytes(15) + b"\1") == "::1"
    assert inet6(bytes(16)) == "::"
    assert inet6(bytes(10) + b"\xff\xff\x7f\0\0\1") == "::ffff:127.0.0.1"
    assert inet6(bytes.fromhex("20010db8000000000001000000000001")) == "2001:db8::1:0:0:1"
