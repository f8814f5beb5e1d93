"""Sets of constants: values per ABI, order, widths."""
from __future__ import annotations

import pytest

from sysnames import constants
from sysnames.abis import PROGRAM_ABIS
from sysnames.constants.index import TOPICS

# (set, name, x86_64, i386, arm, aarch64); None: not there.  From the kernel's uapi headers.
VALUES = [
    ("open_mode_flags", "O_CREAT", 0o100, 0o100, 0o100, 0o100),
    ("open_mode_flags", "O_DIRECTORY", 0o200000, 0o200000, 0o40000, 0o40000),
    ("open_mode_flags", "O_NOFOLLOW", 0o400000, 0o400000, 0o100000, 0o100000),
    ("open_mode_flags", "O_DIRECT", 0o40000, 0o40000, 0o200000, 0o200000),
    ("open_mode_flags", "O_LARGEFILE", 0o100000, 0o100000, 0o400000, 0o400000),
    ("mmap_flags", "MAP_ANONYMOUS", 0x20, 0x20, 0x20, 0x20),
    ("mmap_flags", "MAP_32BIT", 0x40, 0x40, None, None),
    ("fcntlcmds", "F_GETLK64", 12, 12, 12, 12),
    ("epollevents", "EPOLLET", 1 << 31, 1 << 31, 1 << 31, 1 << 31),
    ("sigact_flags", "SA_RESTORER", *[0x04000000] * 4),
    ("sock_options", "SO_REUSEADDR", 2, 2, 2, 2),
    ("archvals", "ARCH_SET_FS", 0x1002, 0x1002, None, None),
    ("dirent_types", "DT_LNK", 10, 10, 10, 10),
    ("key_spec", "KEY_SPEC_THREAD_KEYRING", -1, -1, -1, -1),
    ("sa_handler_values", "SIG_ERR", (1 << 64) - 1, (1 << 32) - 1, (1 << 32) - 1, (1 << 64) - 1),
]


@pytest.mark.parametrize(("set_name", "name", "x86_64", "i386", "arm", "aarch64"), VALUES)
def test_value(
    set_name: str,
    name: str,
    x86_64: int | None,
    i386: int | None,
    arm: int | None,
    aarch64: int | None,
) -> None:
    found = [constants.get(set_name, abi).value_of.get(name) for abi in PROGRAM_ABIS]
    assert found == [x86_64, i386, arm, aarch64]


def test_print_order() -> None:
    names = [name for name, _ in constants.get("open_mode_flags", "x86_64").names]
    # A name that covers others has to be tried before them.
    assert names.index("O_SYNC") < names.index("O_DSYNC")
    assert names.index("O_TMPFILE") < names.index("O_DIRECTORY")
    access = constants.get("access_modes", "arm")
    assert [name for name, _ in access.names] == ["F_OK", "R_OK", "W_OK", "X_OK"]
    assert access.unknown == "?_OK"
    assert access.flags


def test_enumeration() -> None:
    whence = constants.get("whence_codes", "x86_64")
    assert not whence.flags
    assert whence.name_of[2] == "SEEK_END"
    assert whence.unknown == "SEEK_???"
    assert whence.fmt == "hex"


def test_reduce() -> None:
    assert constants.get("key_spec", "arm").reduce(0xFFFFFFFF) == -1
    assert constants.get("epollevents", "arm").reduce(-1) == 0xFFFFFFFF
    assert constants.get("sa_handler_values", "x86_64").reduce(-1) == (1 << 64) - 1


@pytest.mark.parametrize("abi", PROGRAM_ABIS)
def test_sets_are_sane(abi: str) -> None:
    named = 0
    for name in TOPICS:
        found = constants.get(name, abi)
        named += bool(found.names)
        assert len(found.value_of) == len(found.names), name
        assert found.fmt in ("hex", "dec", "udec"), name
        for constant, number in found.names:
            assert found.reduce(number) == number, constant
    # Few sets belong to one architecture only.
    assert named > len(TOPICS) - 10


def test_value_of_any_set() -> None:
    assert constants.value("O_DIRECT", "arm") == 0o200000
    assert constants.value("CLONE_VM", "x86_64") == 0x100
    with pytest.raises(KeyError):
        constants.value("NO_SUCH_CONSTANT", "x86_64")
    with pytest.raises(KeyError):
        constants.value("MAP_32BIT", "arm")


def test_unknown_set_and_abi() -> None:
    with pytest.raises(KeyError):
        constants.get("no_such_set", "x86_64")
    with pytest.raises(KeyError):
        constants.get("mmap_flags", "sparc")
