"""Every call of every ABI: plans exist, nothing raises, whatever registers and memory hold."""
from __future__ import annotations

import random
import re
from importlib import import_module
from pathlib import Path

import pytest
from fakes import FakeOptions, Tracee

from sysnames import table
from sysnames.lookup import signature
from tracer.decode import kinds
from tracer.decode.kinds.index import MODULES
from tracer.decode.plan import plan

ABIS = ("x86_64", "i386", "arm", "aarch64")
ROUNDS = 6
SANE_LENGTH = 400_000   # 32 messages of 32 vectors of escaped strings

# Kinds that print as addresses or numbers for now, by what strace would print.
UNDECODED: set[str] = set()


def names(abi: str) -> list[str]:
    return sorted(set(table(abi).values()))


@pytest.mark.parametrize("abi", ABIS)
def test_kinds_without_decoder(abi: str) -> None:
    missing = set()
    for name in names(abi):
        missing |= plan(name, abi, FakeOptions()).missing
    if abi == "arm":
        missing.discard("oldstat")     # ARM EABI has the number but no such structure
    assert missing <= UNDECODED


def test_index_is_what_modules_register() -> None:
    folder = Path(kinds.__file__).parent
    for path in folder.glob("*.py"):
        if path.stem in ("__init__", "index", "ioctl_rows"):
            continue
        import_module(f"tracer.decode.kinds.{path.stem}")
        registered: set[str] = set()
        for line in re.findall(r"^@(?:kind|memory_kind|result_kind)\(([^)]*)\)",
                               path.read_text(), re.M):
            registered.update(re.findall(r'"(\w+)"', line))
        assert registered == set(MODULES.get(path.stem, "").split()), path.stem


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("options", [
    {}, {"abbrev": False, "xlat": "verbose", "decode_fds": 1}, {"xlat": "raw"},
    {"read_structs": False}])
def test_random_registers_and_memory(abi: str, options: dict[str, object]) -> None:
    rnd = random.Random(f"{abi}{options}")
    t = Tracee(abi, **options)
    t.task.fds = {fd: (b"/f%d" % fd, False) for fd in range(4)}
    blobs = [t.mem.place(bytes(rnd.choice((0, 0, 0, 1, 2, 3, 65, 255, rnd.randrange(256)))
                               for _ in range(n))) for n in (1, 7, 8, 16, 31, 64, 200, 4096)]
    blobs.append(t.mem.place(b"".join(rnd.choice(blobs).to_bytes(8, "little")
                                      for _ in range(600))))
    for name in names(abi):
        for _ in range(ROUNDS):
            registers = [rnd.choice((0, 1, 2, 3, rnd.choice(blobs),
                                     rnd.choice(blobs) + rnd.randrange(9), rnd.randrange(64),
                                     rnd.getrandbits(32), rnd.getrandbits(64), -1, -100,
                                     1 << rnd.randrange(32))) for _ in range(7)]
            error = rnd.choice((0, 0, 0, 14, 22, 514, 516))
            result = 0 if error else rnd.choice((0, 1, 5, 64, rnd.getrandbits(31)))
            line = t.line(name, *registers, result=result, error=error)
            assert len(line) < SANE_LENGTH
            assert line.isascii() and line.isprintable(), line


@pytest.mark.parametrize("abi", ABIS)
def test_names_of_arguments(abi: str) -> None:
    t = Tracee(abi)
    for name in names(abi):
        p, call, values = t.begin(name)
        t.end(p, call, values, 0, 0)
        assert len(values) <= len(p.names) == len(signature(name, abi).items), name
