"""Qualifying expressions: the facts are those of strace 6.1."""
from __future__ import annotations

import re

import pytest

from tracer.cli import filters
from tracer.cli.ere import RegexError, compile_ere
from tracer.messages import UsageError


def has(expression: str, name: str, abi: str = "x86_64") -> bool:
    return filters.call_set(expression).has(name, abi)


@pytest.mark.parametrize(("expression", "name", "abi", "expected"), [
    ("read,write", "read", "x86_64", True),
    ("read,write", "close", "x86_64", False),
    ("!read", "read", "x86_64", False),
    ("!read", "close", "x86_64", True),
    ("!!read", "read", "x86_64", True),
    ("all", "close", "arm", True),
    ("none", "close", "arm", False),
    ("!none", "close", "arm", True),
    ("!all", "close", "arm", False),
    ("1,all", "close", "arm", True),
    ("0", "read", "x86_64", True),
    ("0", "read", "i386", False),
    ("3", "read", "i386", True),
    ("3", "close", "x86_64", True),
    ("983045", "set_tls", "arm", True),
    ("3@32", "read", "i386", True),
    ("3@32", "close", "x86_64", False),
    ("read@64", "read", "aarch64", True),
    ("read@64", "read", "arm", False),
    ("read@arm", "read", "arm", True),
    ("read@arm", "read", "i386", False),
    ("read@x32", "read", "x86_64", False),
    ("!read@32", "read", "x86_64", True),
    ("/^open", "openat", "aarch64", True),
    ("/^open", "perf_event_open", "aarch64", False),
    ("/open", "perf_event_open", "aarch64", True),
    ("?no_such_call,read", "read", "x86_64", True),
    ("??no_such_call", "read", "x86_64", False),
    ("?415", "read", "x86_64", False),
    (",read,,", "read", "x86_64", True),
    ("%file", "openat", "x86_64", True),
    ("file", "openat", "x86_64", True),
    ("%file", "read", "x86_64", False),
    ("%desc", "read", "x86_64", True),
    ("%network", "socket", "x86_64", True),
    ("%net", "sendto", "arm", True),
    ("%memory", "mmap2", "arm", True),
    ("%process", "execve", "x86_64", True),
    ("%stat", "stat64", "i386", True),
    ("%%stat", "newfstatat", "x86_64", True),
    ("%stat", "newfstatat", "x86_64", False),
    ("%%statfs", "fstatfs", "x86_64", True),
    ("%pure", "getpid", "x86_64", True),
    ("%clock", "clock_gettime64", "arm", True),
    ("%creds", "setuid32", "i386", True),
    ("%signal,!", "kill", "x86_64", None),
    ("/.", "syscall_0x3e7", "x86_64", False),
    ("!read", "syscall_0x3e7", "x86_64", True),
])
def test_calls(expression: str, name: str, abi: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(UsageError):
            filters.call_set(expression)
    else:
        assert has(expression, name, abi) is expected


def test_classes_may_be_given() -> None:
    calls = filters.call_set("%file")
    assert calls.has("read", "x86_64", frozenset(("%file",)))


@pytest.mark.parametrize("expression", [
    "", "!", ",", "!,,", "-1", "foo", "0x", "0y", "32767", "2147483648", "4294967296", "415",
    "501", "/non_syscall", "%", "%not_a_class", "%FILE", "creds", "/a)",
])
def test_invalid_calls(expression: str) -> None:
    with pytest.raises(UsageError, match=f"^invalid system call '{re.escape(expression)}'$"):
        filters.call_set(expression)


@pytest.mark.parametrize(("expression", "item"), [
    ("!foo", "foo"), ("1,foo", "foo"), ("1,none", "none"), ("1,!chdir", "!chdir"),
    ("?bar,foo", "foo"), ("415@64", "415@64"),
])
def test_invalid_item(expression: str, item: str) -> None:
    with pytest.raises(UsageError, match=f"^invalid system call '{re.escape(item)}'$"):
        filters.call_set(expression)


def test_unknown_designator() -> None:
    with pytest.raises(UsageError) as caught:
        filters.call_set("gettid,?getcwd@42")
    assert str(caught.value) == ("incorrect personality designator '42'"
                                 " in qualification 'getcwd@42'")
    assert caught.value.hint


@pytest.mark.parametrize(("pattern", "message"), [
    ("+id", "Invalid preceding regular expression"),
    ("*id", "Invalid preceding regular expression"),
    ("{id", "Invalid preceding regular expression"),
    ("(id", "Unmatched ( or \\("),
    ("[id", "Unmatched [, [^, [:, [., or [="), ("[", "Invalid regular expression"),
    ("id{a", "Unmatched \\{"),
    ("id{2", "Unmatched \\{"),
    ("[z-a]", "Invalid range end"),
    ("[[:foo:]]", "Invalid character class name"),
    ("id\\", "Trailing backslash"),
    ("a{40000}", "Regular expression too big"),
])
def test_regex_errors(pattern: str, message: str) -> None:
    with pytest.raises(RegexError) as caught:
        compile_ere(pattern)
    assert str(caught.value) == message
    with pytest.raises(UsageError, match=f"^regcomp: {re.escape(pattern)}: "):
        filters.call_set(f"/{pattern}")


@pytest.mark.parametrize(("pattern", "text", "found"), [
    ("^stat$", "stat", True), ("^stat$", "fstat", False), ("a|b", "xbx", True),
    ("^(f|l)?stat(64)*$", "lstat6464", True), ("[[:digit:]]{2}", "a64", True),
    ("[^a-z_]", "read", False), ("[]a]", "]", True), ("x**", "", True), ("a.c", "a\nc", True),
    ("\\d", "7", False), ("\\.", "a", False), ("(a)\\1", "aa", True), ("a{,2}b", "b", True),
    ("a$", "a\n", False), ("\\<id", "get_id", False), (")", "a)", True), ("[a-]", "-", True),
])
def test_regex(pattern: str, text: str, found: bool) -> None:
    assert (compile_ere(pattern).search(text) is not None) is found


def test_numbers() -> None:
    chosen = filters.number_set("0,5", "descriptor", filters.descriptor)
    assert [n for n in range(8) if n in chosen] == [0, 5]
    chosen = filters.number_set("!!!0,0,1", "descriptor", filters.descriptor)
    assert [n for n in range(4) if n in chosen] == [2, 3]
    assert 2**40 in filters.number_set("all", "descriptor", filters.descriptor)
    assert not filters.number_set("none", "descriptor", filters.descriptor)


@pytest.mark.parametrize("text", ["", "!", ",", "-1", "x", "2147483648", "1,all"])
def test_invalid_descriptors(text: str) -> None:
    item = text.rpartition(",")[2] or text
    with pytest.raises(UsageError, match=f"^invalid descriptor '{re.escape(item)}'$"):
        filters.number_set(text, "descriptor", filters.descriptor)


@pytest.mark.parametrize(("text", "number"), [
    ("SIGINT", 2), ("int", 2), ("sigusr1", 10), ("9", 9), ("rtmin", 32), ("SIGRT_1", 33),
    ("SIGIO", 29), ("foo", None), ("256", None), ("iot", None), ("", None),
])
def test_signals(text: str, number: int | None) -> None:
    assert filters.signal_number(text) == number


def test_injection() -> None:
    it = filters.injection("chdir,/^open:error=eacces:signal=sigusr1:delay_enter=5ms"
                           ":delay_exit=1.5s:poke_enter=@arg1=00fF,@arg2=01:when=3..9+2")
    assert it.calls.has("openat", "x86_64")
    assert (it.error, it.retval, it.signal) == (13, None, 10)
    assert (it.delay_enter, it.delay_exit) == (5_000_000, 1_500_000_000)
    assert it.poke_enter == ((1, b"\x00\xff"), (2, b"\x01"))
    assert [n for n in range(1, 13) if it.applies(n)] == [3, 5, 7, 9]


@pytest.mark.parametrize(("when", "expected"), [
    ("3", [3]), ("3+", [3, 4, 5, 6]), ("2+3", [2, 5]), ("2..4", [2, 3, 4]),
    ("2..5+2", [2, 4]), ("1..1", [1]), ("2..4+", [2, 3, 4]),
])
def test_when(when: str, expected: list[int]) -> None:
    it = filters.injection(f"chdir:retval=-1:when={when}")
    assert [n for n in range(1, 7) if it.applies(n)] == expected
    assert it.retval == 2**64 - 1


def test_retval_warnings(capsys: pytest.CaptureFixture[str],
                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTRACE_ARGV0", "strace")
    for value in ("42", "0x7fffffff", "-3", "0xfffffffd", "0x100000000"):
        filters.injection(f"read:retval={value}")
    assert capsys.readouterr().err.splitlines() == [
        "strace: Inadvertent injection of error 3 is possible for retval=18446744073709551613",
        "strace: Inadvertent injection of error 3 is possible in compat personality"
        " for retval=4294967293",
        "strace: Injected return value 4294967296 will be clipped to 0 in compat personality",
    ]


def test_fault_defaults_to_enosys() -> None:
    assert filters.injection("chdir", fault=True).error == 38
    assert filters.injection("chdir:error=5", fault=True).error == 5
    assert filters.injection("chdir:syscall=getpid", fault=True).error == 38


ZEROES = "0" * 2050


@pytest.mark.parametrize("text", [
    "42", "chdir", "chdir:42", "chdir:invalid", "chdir:error=", "chdir:error=nope",
    "chdir:error=-1", "chdir:error=3+", "chdir:error=4096", "chdir:error=0",
    "chdir:when=7", "chdir:when=", "chdir:when=0:error=1", "chdir:when=-1:error=1",
    "chdir:when=4-:error=1", "chdir:when=6++:error=1", "chdir:when=7+0:error=1",
    "chdir:when=9+1+:error=1", "chdir:when=65536:error=1", "chdir:when=1+65536:error=1",
    "chdir:when=10.:error=1", "chdir:when=24..23:error=1", "chdir:when=27..65535:error=1",
    "chdir:when=17...18:error=1", "chdir:retval=a", "chdir:retval=0b",
    "chdir:retval=0x10000000000000000", "chdir:signal=0", "chdir:signal=129",
    "chdir:signal=1:signal=2", "chdir:retval=0:error=1", "chdir:error=1:error=2",
    "chdir:delay_enter=-1", "chdir:delay_enter=1:delay_enter=2", "chdir:syscall=chdir",
    "chdir:syscall=%file", "chdir:syscall=42", "chdir:syscall=getpid:syscall=getpid",
    "chdir:poke_enter=", "chdir:poke_enter=@arg8=00", "chdir:poke_enter=@arg0=00",
    "chdir:poke_enter=@arg1", "chdir:poke_enter=@arg1=000", "chdir:poke_enter=@arg1=nothex",
    f"chdir:poke_enter=@arg1={ZEROES}", "chdir:poke_enter=@arg1=00,@arg1=00",
    "chdir:poke_enter=@arg1=00:poke_enter=@arg1=00", "chdir:syscall=getpid",
])
def test_invalid_injections(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        filters.injection(text)
    assert str(caught.value) == f"invalid inject argument '{text}'"


@pytest.mark.parametrize("text", ["chdir:retval=0", "chdir:signal=1", "chdir:delay_enter=1"])
def test_fault_takes_errors_only(text: str) -> None:
    with pytest.raises(UsageError, match=f"^invalid fault argument '{re.escape(text)}'$"):
        filters.injection(text, fault=True)
