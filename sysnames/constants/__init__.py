"""Sets of named constants: flags and enumerations, as strace prints them.

    open_flags = get("open_mode_flags", "x86_64")
    open_flags.names        (("O_CREAT", 0x40), ("O_EXCL", 0x80), …) in print order
    open_flags.value_of["O_CREAT"]

The sets have the names of strace's xlat tables.  The data are in one module per topic, imported
when one of its sets is first asked for (`index` knows the topic of a set).
"""
from __future__ import annotations

from importlib import import_module

from sysnames.abis import PROGRAM_ABIS
from sysnames.constants.index import TOPICS


class ConstSet:
    """One set under one ABI.

    `names` has (name, value) in the order strace tries them.  Values are as wide as strace
    keeps them, `bits`: 32 (unsigned), 64 (unsigned) or -32 (a sign-extended int); a word is
    reduced with `reduce` before it is looked up.  `unknown` is the text of the comment for
    values without a name (`O_???`), `fmt` how strace prints a raw value: "hex", "dec" or
    "udec"; `flags` tells a set of flags from an enumeration.
    """

    __slots__ = ("_name_of", "_value_of", "bits", "flags", "fmt", "name", "names", "unknown")

    def __init__(
        self,
        name: str,
        flags: bool,
        fmt: str,
        bits: int,
        unknown: str,
        names: tuple[tuple[str, int], ...],
    ) -> None:
        self.name = name
        self.flags = flags
        self.fmt = fmt
        self.bits = bits
        self.unknown = unknown
        self.names = names
        self._value_of: dict[str, int] | None = None
        self._name_of: dict[int, str] | None = None

    @property
    def value_of(self) -> dict[str, int]:
        """Name → value."""
        if self._value_of is None:
            self._value_of = dict(self.names)
        return self._value_of

    @property
    def name_of(self) -> dict[int, str]:
        """Value → the first name that has it."""
        if self._name_of is None:
            self._name_of = {value: name for name, value in reversed(self.names)}
        return self._name_of

    def reduce(self, word: int) -> int:
        """A word as wide as the values of this set."""
        if self.bits == 64:
            return word & 0xFFFFFFFFFFFFFFFF
        word &= 0xFFFFFFFF
        return word - 0x100000000 if self.bits < 0 and word >> 31 else word


_sets: dict[tuple[str, str], ConstSet] = {}


def get(set_name: str, abi: str) -> ConstSet:
    """The set of that name under an ABI; raises KeyError where there is none."""
    found = _sets.get((set_name, abi))
    if found is None:
        if abi not in PROGRAM_ABIS:
            raise KeyError(abi)
        found = _sets[set_name, abi] = _load(set_name, abi)
    return found


def value(name: str, abi: str) -> int:
    """Value of one constant, whatever set it is in; raises KeyError where there is none.

    This searches all topics: code that needs many constants asks `get` for their set.
    """
    for set_name in TOPICS:
        if f"\n{name} " in _row(set_name)[4]:
            known = get(set_name, abi).value_of.get(name)
            if known is not None:
                return known
    raise KeyError(name)


def _row(set_name: str) -> tuple[bool, str, int, str, str]:
    module = import_module(f"sysnames.constants.{TOPICS[set_name]}")
    row: tuple[bool, str, int, str, str] = module.SETS[set_name]
    return row


def _load(set_name: str, abi: str) -> ConstSet:
    """Parse a set's lines: `name value` and `abi=value` where that ABI differs; `-`: not there."""
    flags, fmt, bits, unknown, text = _row(set_name)
    prefix = f"{abi}="
    names: list[tuple[str, int]] = []
    for line in text.strip().splitlines():
        name, number, *others = line.split()
        for other in others:
            if other.startswith(prefix):
                number = other[len(prefix) :]
        if number != "-":
            # a name is one word here: "~" stands for a space in it
            names.append((name.replace("~", " "), int(number, 0)))
    return ConstSet(set_name, flags, fmt, bits, unknown, tuple(names))
