"""No argument of any call prints as a bare word where its meaning is known."""
from __future__ import annotations

import pytest
from fakes import FakeOptions

from sysnames import constants, table
from tracer.cli.listing import WORDS, raw_arguments
from tracer.decode.build import Build
from tracer.decode.commands import Commands
from tracer.decode.kinds import bpf, files, ioctl_rows, keys, mount, prctl, ptrace, system, uring
from tracer.decode.plan import plan

ABIS = ("x86_64", "i386", "arm", "aarch64")
# calls with a command: the table of rows by command, and commands only some ABIs have
TABLES = {
    "fcntl": files._FCNTL64, "prctl": prctl.OPTIONS, "ptrace": ptrace._REQUESTS,
    "keyctl": keys._KEYCTL, "quotactl": mount._QUOTA, "syslog": system._SYSLOG,
    "io_uring_register": uring._REGISTER,
}


@pytest.mark.parametrize("abi", ABIS)
def test_calls_with_bare_words(abi: str) -> None:
    raw = {name for name in table(abi).values() if raw_arguments(name, abi)}
    assert raw - set(WORDS) == set()
    assert all(len(reason) > 20 for reason in WORDS.values())
    assert len(raw) <= 26


def test_explained_calls_exist() -> None:
    known = {name for abi in ABIS for name in table(abi).values()}
    assert set(WORDS) <= known
    assert all(any(raw_arguments(name, abi) for abi in ABIS) for name in WORDS)


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("name", TABLES)
def test_rows_of_commands_have_decoders(name: str, abi: str) -> None:
    plan(name, abi, FakeOptions())      # registers what the table's kinds share
    for row in TABLES[name].values():
        build = Build(abi, name, FakeOptions())
        Commands(build, {}, {}, "").of_row(row)
        assert not build.missing, row


@pytest.mark.parametrize("abi", ABIS)
def test_rows_of_ioctls_have_decoders(abi: str) -> None:
    rows = {**ioctl_rows.ROWS, **ioctl_rows.OWN.get(abi, {})}
    for name, row in rows.items():
        build = Build(abi, "ioctl", FakeOptions())
        Commands(build, {}, {}, "").of_row(row)
        assert not build.missing, (name, row)


def test_commands_of_bpf_are_rows() -> None:
    names = {text for text, _ in constants.get("bpf_commands", "x86_64").names}
    assert set(bpf._ROWS) <= names
