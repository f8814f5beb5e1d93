"""Every call of every ABI: plans exist, nothing raises, whatever registers and memory hold."""
from __future__ import annotations

import random
import re
import struct
from importlib import import_module
from pathlib import Path

import pytest
from fakes import FakeOptions, Tracee

from sysnames import constants, table
from sysnames.lookup import signature
from sysnames.row import Item, Kind
from sysnames.tables import ioctls
from tracer.decode import kinds
from tracer.decode.kinds.index import MODULES
from tracer.decode.plan import plan

ABIS = ("x86_64", "i386", "arm", "aarch64")
ROUNDS = 50             # of each call with each of the four sets of options: 200 on every ABI
LONGEST = 30_000        # characters of a line
LONGEST_WHOLE = 400_000     # with all elements of all arrays: 32 messages of 32 vectors of text


def names(abi: str) -> list[str]:
    return sorted(set(table(abi).values()))


@pytest.mark.parametrize("abi", ABIS)
def test_kinds_without_decoder(abi: str) -> None:
    missing = set()
    for name in names(abi):
        missing |= plan(name, abi, FakeOptions()).missing
    assert not missing


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


OPTIONS: list[dict[str, object]] = [
    {}, {"abbrev": False, "xlat": "verbose", "decode_fds": 1}, {"xlat": "raw", "decode_pids": 3},
    {"read_structs": False, "string_limit": 0}]
NETLINK = (0, 4, 6, 9, 12, 15, 16, 21)


def known_words(item: Item, abi: str) -> list[int]:
    """Words that mean something as this argument: members of its set, requests of ioctl."""
    kind = item.kind.params[1] if item.kind.name == "at" else item.kind
    assert isinstance(kind, Kind)
    if kind.name == "ioctl_cmd":
        text = ioctls.COMMON + ioctls.OWN["arm" if abi == "arm_oabi" else abi]
        return [int(line[:8], 16) for line in text.split("\n") if line]
    if kind.name == "sockopt_name":
        return list(range(90))
    sets = {"ptrace_request": "ptrace_cmds", "futex_op": "futexops", "clockid": "clocknames",
            "quotactl_cmd": "quotacmds"}
    name = sets.get(kind.name) or (str(kind.params[0]) if kind.name in ("enum", "flags") else "")
    if name not in constants.TOPICS:
        return []
    return [n for _, n in constants.get(name, "arm" if abi == "arm_oabi" else abi).names]


def memory(rnd: random.Random, t: Tracee) -> list[int]:
    """Addresses of pieces of memory: empty, noise, small numbers, text, pointers, messages."""
    small = bytes((0, 0, 0, 1, 2, 3, 65, 255))
    made = [t.mem.place(bytes(rnd.choices(small, k=n))) for n in (1, 7, 8, 16, 31, 64, 200, 4096)]
    made += [t.mem.place(rnd.randbytes(n)) for n in (4, 24, 112, 300)]
    made += [t.mem.place(bytes(4096)), t.mem.place(b"a/name\0"), t.mem.place(b"no end")]
    words = b"".join(struct.pack("<I", rnd.choice((0, 1, 2, 3, 8, 1 << rnd.randrange(32))))
                     for _ in range(1000))
    made += [t.mem.place(words[:n]) for n in (16, 40, 128, 4000)]
    made.append(t.mem.place(b"".join(rnd.choice(made).to_bytes(8, "little")
                                     for _ in range(600))))
    for _ in range(8):
        body = b"".join(struct.pack("<HH", 4 + n, rnd.randrange(1, 60)) + rnd.randbytes(n)
                        for n in rnd.choices((0, 4, 8, 16, 32), k=4))
        head = rnd.choices((0, 2, 10, 16, 1), k=rnd.choice((4, 8, 12, 16, 20, 56)))
        message = bytes(head) + body
        made.append(t.mem.place(struct.pack("<IHHII", 16 + len(message), rnd.randrange(14, 60),
                                            rnd.getrandbits(10), 1, 0) + message))
    return made


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("options", OPTIONS)
def test_random_registers_and_memory(abi: str, options: dict[str, object]) -> None:
    rnd = random.Random(f"{abi}{options}")
    t = Tracee(abi, **options)
    t.task.fds = {fd: (b"/f%d" % fd, False) for fd in range(4)}
    t.task.netlink = {fd + 4: protocol for fd, protocol in enumerate(NETLINK)}
    blobs = memory(rnd, t)
    anything = [*range(64), -1, -100, 1 << 31, *(1 << rnd.randrange(64) for _ in range(16)),
                *(rnd.getrandbits(n) for n in (32, 64) for _ in range(16))] + 4 * blobs
    anything += [blob + rnd.randrange(9) for blob in blobs]
    pool = rnd.choices(anything, k=4001)
    longest = LONGEST if t.options.abbrev else LONGEST_WHOLE
    at = 0
    for name in names(abi):
        meant = [known_words(item, abi) for item in signature(name, abi).items]
        for i in range(ROUNDS):
            registers = pool[at:at + 7]
            at = (at + 7) % 3989
            if i & 3:
                for place, words in enumerate(meant):
                    if words:
                        registers[place] = words[registers[place] % len(words)]
            error = (0, 0, 0, 14, 22, 514, 516)[pool[at] % 7]
            result = 0 if error else (0, 1, 5, 64, 0x7fffffff)[i % 5]
            line = t.line(name, *registers, result=result, error=error)
            assert len(line) < longest, line[:500]
            assert line.isascii() and line.isprintable(), line


@pytest.mark.parametrize("abi", ABIS)
def test_names_of_arguments(abi: str) -> None:
    t = Tracee(abi)
    for name in names(abi):
        p, call, values = t.begin(name)
        t.end(p, call, values, 0, 0)
        assert len(values) <= len(p.names) == len(signature(name, abi).items), name
