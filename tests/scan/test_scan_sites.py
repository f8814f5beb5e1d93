"""The trap sites of programs in assembly, with and without symbols."""
from __future__ import annotations

from pathlib import Path

import pytest
import scanprogs

from tracer.scan.program import Program
from tracer.scan.sites import Site, find

# ABI → (instruction, table, names, complete, function, line) in the order of addresses.
EXPECTED = {
    "x86_64": [
        ("syscall", "x86_64", "getpid", True, "_start", 7),
        ("syscall", "x86_64", "gettid", True, "_start", 10),
        ("syscall", "x86_64", "write writev", True, "_start", 16),
        ("int 0x80", "i386", "getpid", True, "_start", 19),
        ("syscall", "x86_64", "", False, "_start", 25),
        ("syscall", "x86_64", "exit_group", True, "_start", 28),
        ("syscall", "x86_64", "getuid getgid", True, "wrapper", 34)],
    "i386": [
        ("int 0x80", "i386", "getpid", True, "_start", 7),
        ("call *%gs:0x10", "i386", "time", True, "_start", 11),
        ("call *%gs:0x10", "i386", "gettid", True, "_start", 14),
        ("call *sysinfo", "i386", "exit_group", True, "_start", 23),
        ("sysenter", "i386", "exit", True, "_start", 25),
        ("int 0x80", "i386", "getuid getgid", True, "wrapper", 33),
        ("int 0x80", "i386", "", False, "old_entry", 46)],
    "arm": [
        ("svc #0", "arm", "getpid", True, "_start", 9),
        ("svc #0", "arm", "set_tls", True, "_start", 11),
        # What the other condition left is not known to be overwritten.
        ("svc #0", "arm", "getuid getgid set_tls", True, "_start", 15),
        ("svc #0x900001", "arm_oabi", "exit", True, "_start", 21),
        ("svc #0", "arm", "getuid32 gettid", True, "wrapper", 30),
        ("svc #0", "arm", "exit_group", True, "last", 36),
        ("svc #0", "arm", "getpid", True, "thumb", 46),
        ("svc #0x1", "arm", "cacheflush", True, "thumb", 52),
        ("svc #0", "arm", "write", True, "helper", 61)],
    "aarch64": [
        ("svc #0", "aarch64", "getpid", True, "_start", 7),
        ("svc #0", "aarch64", "gettid", True, "_start", 13),
        ("svc #0", "aarch64", "write writev", True, "_start", 18),
        ("svc #0x1", "aarch64", "getuid", True, "_start", 20),
        ("svc #0", "aarch64", "gettid", True, "wrapper", 28),
        ("svc #0", "aarch64", "exit_group", True, "last", 35)],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scan")


def seen(site: Site) -> tuple[str, str, str, bool, str, int]:
    assert site.function is not None
    assert site.file.endswith(".S")
    return (site.trap.kind, site.trap.table, " ".join(site.names), site.complete,
            site.function[0], site.line)


@pytest.mark.parametrize("abi", EXPECTED)
def test_sites_with_symbols(abi: str, folder: Path) -> None:
    program = Program.load(str(scanprogs.build(folder, abi, "-g")))
    assert [seen(site) for site in find(program)] == EXPECTED[abi]
    assert not program.warnings


@pytest.mark.parametrize("abi", EXPECTED)
def test_stripped(abi: str, folder: Path) -> None:
    """Without symbols the same sites in code are found, but for a change from ARM to Thumb that
    only symbols tell; numbers may be joined by those of a path that is never taken."""
    sites = find(Program.load(str(scanprogs.build(folder, abi, "-g", name=f"{abi}-g"))))
    bare = {s.trap.address: s for s in find(
        Program.load(str(scanprogs.build(folder, abi, "-s", name=f"{abi}-s"))))}
    missing = []
    for site in sites:
        other = bare.get(site.trap.address)
        if other is None:
            missing.append(site.function and site.function[0])
            continue
        assert other.trap == site.trap
        assert set(site.names) <= set(other.names)
        assert other.function is None and other.file == ""
    assert set(missing) <= ({"thumb"} if abi == "arm" else set())


@pytest.mark.parametrize("abi", ["x86_64", "aarch64"])
def test_position_independent(abi: str, folder: Path) -> None:
    program = Program.load(str(scanprogs.build(folder, abi, "-g", "-static-pie", "-fPIE",
                                               name=f"{abi}-pie")))
    assert program.image.is_dyn
    assert [seen(site) for site in find(program)] == EXPECTED[abi]


SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.mark.parametrize("abi", ["x86_64", "i386", "arm", "aarch64"])
def test_samples(abi: str) -> None:
    """In stripped programs with a C library nearly all numbers are found."""
    for name in ("copy", "threads", "signals"):
        sites = find(Program.load(str(SAMPLES / abi / name)))
        named = sum(bool(site.names) for site in sites)
        assert len(sites) >= 30
        assert named >= 0.96 * len(sites), (name, named, len(sites))


@pytest.mark.parametrize("abi, name, expected", [
    ("arm", "oabi", [("svc #0x900004", "write"), ("svc #0x900001", "exit")]),
    ("arm", "thumb", [("svc #0", "write"), ("svc #0", "exit_group")]),
    ("x86_64", "int80", [("int 0x80", "write"), ("int 0x80", "getpid"), ("syscall", "getpid"),
                         ("int 0x80", "exit")]),
])
def test_trap_instructions(abi: str, name: str, expected: list[tuple[str, str]]) -> None:
    sites = find(Program.load(str(SAMPLES / abi / name)))
    found = [(s.trap.kind, "|".join(s.names)) for s in sites]
    assert found == expected
