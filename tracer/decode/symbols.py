"""Names of numbers: enumerations and flag sets, with their texts cached."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.abis import HEADERS
from tracer.decode.values import Sym

if TYPE_CHECKING:
    from collections.abc import Iterable

CACHE_LIMIT = 4096  # texts kept per set: programs use few, fuzzers do not matter


class Enum:
    """One name per number."""

    __slots__ = ("cache", "fmt", "mask", "names", "unknown")

    def __init__(self, names: dict[int, str], unknown: str | None, bits: int = 32,
                 fmt: str = "x") -> None:
        self.mask = (1 << bits) - 1
        # a name whose value has more bits cannot be meant
        self.names = {n & self.mask: text for n, text in names.items()
                      if n <= self.mask or n >> 31 & 1}
        self.unknown = unknown
        self.fmt = fmt
        self.cache: dict[int, Sym] = {}

    def sym(self, n: int) -> Sym:
        """The reading of a number."""
        s = self.cache.get(n)
        if s is None:
            bare = n & self.mask
            s = Sym(n if self.fmt == "d" else bare, self.names.get(bare), self.unknown, self.fmt)
            if len(self.cache) < CACHE_LIMIT:
                self.cache[n] = s
        return s


class Flags:
    """Names joined by ``|``, in the set's order; what is left stands last as a number."""

    __slots__ = ("cache", "entries", "fmt", "mask", "unknown")

    def __init__(self, entries: Iterable[tuple[int, str]], unknown: str | None, bits: int = 64,
                 fmt: str = "x") -> None:
        self.mask = mask = (1 << bits) - 1
        # a name whose value has more bits cannot be meant, unless it is negative
        self.entries = [(n & mask, text) for n, text in entries if n <= mask or n >> 63 & 1]
        self.unknown = unknown
        self.fmt = fmt
        self.cache: dict[int, Sym] = {}

    def sym(self, n: int) -> Sym:
        """The reading of a number."""
        s = self.cache.get(n)
        if s is None:
            s = self.read(n & self.mask)
            if len(self.cache) < CACHE_LIMIT:
                self.cache[n] = s
        return s

    def split(self, n: int) -> tuple[list[str], int]:
        """The names found and the bits left."""
        found: list[str] = []
        left = n
        for value, text in self.entries:
            if left == value or (value and left & value == value):
                if left == 0 and found:
                    break
                found.append(text)
                left &= ~value
                if not left:
                    break
        return found, left

    def read(self, n: int) -> Sym:
        """Without the cache."""
        found, left = self.split(n)
        if not found:
            return Sym(n, None, self.unknown if n else None, self.fmt)
        if left:
            found.append(hex(left) if self.fmt == "x" else f"0{left:o}")
        return Sym(n, "|".join(found), None, self.fmt)


class OpenFlags(Flags):
    """open's flags: the access mode, which is no bit, then the rest."""

    __slots__ = ("modes",)

    def __init__(self, modes: dict[int, str], rest: Iterable[tuple[int, str]],
                 bits: int) -> None:
        super().__init__(rest, "O_???", bits)
        self.modes = modes

    def split(self, n: int) -> tuple[list[str], int]:
        mode = n & 3
        found, left = super().split(n & ~3) if n & ~3 else ([], 0)
        return [self.modes[mode], *found], left


_enums: dict[tuple[str, str, int, str], Enum] = {}
_flags: dict[tuple[str, str, int, str], Flags] = {}


_FORMATS = {"hex": "x", "dec": "d", "udec": "d"}


def _load(name: str, abi: str) -> tuple[list[tuple[int, str]], str | None, str]:
    from sysnames import constants

    found = constants.get(name, HEADERS[abi])
    # "-" stands for no comment
    unknown = None if found.unknown in ("", "-") else found.unknown
    return [(n, text) for text, n in found.names], unknown, _FORMATS[found.fmt]


def enum(name: str, abi: str, bits: int = 32, fmt: str = "") -> Enum:
    """The enumeration of that name; raises KeyError when there is none.

    bits: of the words that are looked up.  fmt: of a Sym, the set's own by default.
    """
    key = name, abi, bits, fmt
    e = _enums.get(key)
    if e is None:
        entries, unknown, own = _load(name, abi)
        names: dict[int, str] = {}
        for n, text in entries:
            names.setdefault(n, text)
        e = _enums[key] = Enum(names, unknown, bits, fmt or own)
    return e


# sets that strace looks through one after another
_UNIONS = {
    "pr_pac_reset_keys": ("pr_pac_enabled_keys", "pr_pac_keys"),
    "clone3_all_flags": ("clone_flags", "clone3_flags"),
}


def flags(name: str, abi: str, bits: int = 64, fmt: str = "") -> Flags:
    """The flag set of that name; raises KeyError when there is none.

    bits: of the words that are looked up.  fmt: of a Sym, the set's own by default.
    """
    key = name, abi, bits, fmt
    f = _flags.get(key)
    if f is None and name == "open_flags":
        modes, _, _ = _load("open_access_modes", abi)
        f = _flags[key] = OpenFlags(dict(modes), _load("open_mode_flags", abi)[0], bits)
    if f is None:
        entries, unknown, own = _load(_UNIONS.get(name, (name,))[0], abi)
        for more in _UNIONS.get(name, ())[1:]:
            entries += _load(more, abi)[0]
        f = _flags[key] = Flags(entries, unknown, bits, fmt or own)
    return f


def numbers(name: str, abi: str) -> dict[str, int]:
    """Name → value of a set; raises KeyError when there is none."""
    from sysnames import constants

    return constants.get(name, HEADERS[abi]).value_of
