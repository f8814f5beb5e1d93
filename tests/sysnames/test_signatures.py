"""The signature rows: complete, well-formed, consistent with the number tables."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from sysnames import table
from sysnames.kinds import CTYPES, ctype
from sysnames.lookup import SUFFIXES, classes, is_structure, signature, structure
from sysnames.row import Item, Kind, Row, RowError, parse
from sysnames.signatures import SIGNATURES
from sysnames.structs import STRUCTS

ABIS = ("x86_64", "i386", "arm", "arm_oabi", "aarch64")
C_TYPES = {"char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", "s64", "u64", "ptr"}

# What the parameters of a kind are: k kind, t structure, i item or `ret`, n number, c a number
# or an item, s name of a constant set, f name of a bit field.  Other kinds take items.
PARAMETERS = {
    "ptr": "k", "array": "kcn", "capped": "kcn", "early": "k", "exactly": "ti", "waited": "it",
    "at": "ik", "sized": "ti", "file_times": "t", "time_left": "ti",
    "futex_timeout": "it", "enum": "s", "flags": "s", "sigset": "c", "str": "n", "pages": "n",
    "groups": "ki", "moved": "ki", "text": "n", "bare_set": "s",
    "ipc_cmd": "s", "ipc_flags": "s", "chars": "n", "bytes": "n", "bits": "fn" * 8,
    "tid": "n",
}  # fmt: skip


def kinds_of(row: Row) -> Iterator[Kind]:
    for item in row.items:
        yield item.kind
    if row.result is not None:
        yield row.result


def check_kind(kind: Kind, items: set[str]) -> None:
    """Assert that a kind and everything it mentions exists."""
    assert kind.name in CTYPES or any(is_structure(kind.name, abi) for abi in ABIS), kind
    if kind.name not in CTYPES:
        assert not kind.params, f"{kind}: a structure takes no parameters"
    wanted = PARAMETERS.get(kind.name, "i" * len(kind.params))
    assert len(kind.params) <= len(wanted), kind
    for param, what in zip(kind.params, wanted):
        if what == "n" or (what == "c" and isinstance(param, int)):
            assert isinstance(param, int), kind
            continue
        assert isinstance(param, Kind), kind
        if what in "ic":
            assert param.name in items or param.name == "ret", f"{kind}: no item {param}"
        elif what == "k":
            check_kind(param, items)
        elif what == "t":
            assert any(is_structure(param.name, abi) for abi in ABIS), kind


@pytest.mark.parametrize("abi", ABIS)
def test_every_call_of_a_table_has_a_row(abi: str) -> None:
    names = set(table(abi).values())
    assert len(names) > 300
    missing = []
    for name in sorted(names):
        try:
            signature(name, abi)
        except KeyError:
            missing.append(name)
    assert not missing


def test_every_row_belongs_to_a_table() -> None:
    for key in SIGNATURES:
        name, _, variant = key.partition("@")
        if variant == "ipc":
            # a form of the call that only the multiplexer has
            assert any("ipc" in table(abi).values() for abi in ABIS)
            continue
        users = [
            abi
            for abi in ABIS
            if name in table(abi).values()
            and next(s for s in SUFFIXES[abi] if name + s in SIGNATURES)
            == (f"@{variant}" if variant else "")
        ]
        assert users, f"no ABI uses the row {key}"


@pytest.mark.parametrize("key", SIGNATURES)
def test_signature_row(key: str) -> None:
    row = parse(SIGNATURES[key])
    names = [item.name for item in row.items]
    assert len(set(names)) == len(names)
    assert "ret" not in names, "`ret` is the result"
    assert len(names) <= 6
    for item in row.items:
        assert ctype(item) in C_TYPES
        if item.direction != "in":
            kind = item.kind.params[1] if item.kind.name == "at" else item.kind
            assert isinstance(kind, Kind)
            assert CTYPES[kind.name] in ("ptr", "ulong", "int"), item
        if item.kind.name == "at":
            assert item.ctype is not None, "at() has no C type of its own"
    for kind in kinds_of(row):
        check_kind(kind, set(names))


@pytest.mark.parametrize("key", STRUCTS)
def test_structure_row(key: str) -> None:
    row = parse(STRUCTS[key])
    assert row.result is None
    assert set(row.classes) <= {"packed"}
    names = [item.name for item in row.items]
    assert len(set(names)) == len(names)
    assert all(item.direction == "in" for item in row.items)
    for item in row.items:
        if item.ctype is not None:
            assert item.ctype in C_TYPES
            if item.kind.name not in CTYPES:
                continue  # a union with a decoder of its own
        check_kind(item.kind, set(names))


def test_no_name_is_both_a_kind_and_a_structure() -> None:
    assert not CTYPES.keys() & {key.partition("@")[0] for key in STRUCTS}


def test_ctypes_are_c_types() -> None:
    assert set(CTYPES.values()) <= C_TYPES


@pytest.mark.parametrize("abi", ("i386", "arm", "arm_oabi"))
def test_arguments_fit_into_the_registers_of_32_bit_abis(abi: str) -> None:
    limit = 7 if abi == "arm" else 6  # r0-r6; ebx-ebp
    for name in table(abi).values():
        words = 0
        for item in signature(name, abi).items:
            if ctype(item) in ("s64", "u64"):
                words += words % 2 if abi == "arm" else 0
                words += 1
            words += 1
        assert words <= limit, name


def ctypes_of(name: str, abi: str) -> list[str]:
    return [ctype(item) for item in signature(name, abi).items]


def test_variants_per_abi() -> None:
    assert ctypes_of("chown", "x86_64") == ["ptr", "uint", "uint"]
    assert ctypes_of("chown", "arm_oabi") == ["ptr", "ushort", "ushort"]
    assert [i.name for i in signature("clone", "x86_64").items][3:] == ["child_tidptr", "tls"]
    assert [i.name for i in signature("clone", "i386").items][3:] == ["tls", "child_tidptr"]
    assert len(signature("mmap", "i386").items) == 1
    assert len(signature("mmap", "aarch64").items) == 6
    assert len(signature("select", "arm_oabi").items) == 1
    assert ctypes_of("fadvise64_64", "arm") == ["int", "int", "s64", "s64"]
    assert ctypes_of("fadvise64_64", "i386") == ["int", "s64", "s64", "int"]
    with pytest.raises(KeyError):
        signature("no_such_call", "arm")
    with pytest.raises(KeyError):
        structure("oldstat", "aarch64")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("openat", "%file %desc"),
        ("open", "%file %desc"),
        ("read", "%desc"),
        ("stat", "%file %stat %%stat"),
        ("newfstatat", "%file %desc %fstat %%stat"),
        ("statfs", "%file %statfs %%statfs"),
        ("ustat", "%%statfs"),
        ("getcwd", "%file"),
        ("socket", "%network"),
        ("socketpair", "%network"),
        ("sendfile", "%desc %network"),
        ("mmap", "%desc %memory"),
        ("mq_unlink", ""),
        ("mq_open", "%desc"),
        ("pipe2", "%desc"),
        ("kill", "%signal %process"),
        ("getuid", "%creds %pure"),
        ("execve", "%file %process"),
        ("shmat", "%ipc %memory"),
        ("clock_gettime", "%clock"),
        ("close_range", ""),
    ],
)
def test_classes(name: str, expected: str) -> None:
    assert classes(signature(name, "x86_64")) == set(expected.split())


def test_never_failing_calls_are_marked() -> None:
    marked = {name for name in table("x86_64").values()
              if "nofail" in signature(name, "x86_64").classes}
    assert marked == {
        "getpid", "gettid", "getppid", "getpgrp", "getuid", "getgid", "geteuid", "getegid",
        "setfsuid", "setfsgid", "umask", "personality",
    }  # fmt: skip


def test_parser() -> None:
    row = parse("fd fd, !buf out buf(ret):ptr, n array(int, 3) -> fd; %network -%desc nofail")
    assert row.items[1] == Item("buf", "out", Kind("buf", (Kind("ret"),)), "ptr", True)
    assert row.items[2].kind == Kind("array", (Kind("int"), 3))
    assert row.result == Kind("fd")
    assert row.classes == ("%network", "-%desc", "nofail")
    assert parse("") == Row((), None, ())
    assert parse(" -> tid").result == Kind("tid")
    for bad in ("fd", "fd fd fd", "a b(c", "a b:", "a b, -> ", "a b $"):
        with pytest.raises(RowError):
            parse(bad)
