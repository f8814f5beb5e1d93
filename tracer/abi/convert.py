"""Register words → logical arguments, as the kernel's system call wrappers convert them.

``converter(name, abi)`` gives a function from the raw registers of a call to the arguments of
its signature row: words truncated or sign-extended to their C types, 64-bit arguments put
together from two registers on 32-bit ABIs.  It is compiled from one generated line, because it
runs at every call.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sysnames.abis import EVEN_PAIRS, WORD
from sysnames.kinds import CTYPES, DEFAULT
from sysnames.lookup import signature

Converter = Callable[[Sequence[int]], tuple[int, ...]]

REGISTERS = 7   # of the raw words: one more than x86 passes

_BITS = {"char": 8, "uchar": 8, "short": 16, "ushort": 16, "int": 32, "uint": 32, "s64": 64,
         "u64": 64}
_SIGNED = frozenset(("char", "short", "int", "long", "s64"))
_cache: dict[tuple[str, str], Converter] = {}


def _expression(source: str, bits: int, signed: bool, width: int) -> str:
    """Python for `source`, a word of ``width`` bits, cut to ``bits`` bits."""
    mask = (1 << bits) - 1
    low = source if bits == width else f"({source} & {mask:#x})"
    if not signed:
        return low
    top = 1 << (bits - 1)
    return f"(({low} ^ {top:#x}) - {top:#x})"


def places(name: str, abi: str) -> list[tuple[str, int, int]]:
    """Where each argument is: its C type, its first register, and how many it takes."""
    width = 8 * WORD[abi]
    result = []
    at = 0
    for item in signature(name, abi).items:
        ctype = item.ctype or CTYPES.get(item.kind.name, DEFAULT)
        size = 2 if width == 32 and ctype in ("s64", "u64") else 1
        if size == 2 and abi in EVEN_PAIRS:
            at += at & 1
        result.append((ctype, at, size))
        at += size
    return result


def converter(name: str, abi: str) -> Converter:
    """The converter of a call: from at least ``REGISTERS`` unsigned register words to the
    logical arguments in the row's order.  Raises KeyError for a call without a row."""
    key = name, abi
    made = _cache.get(key)
    if made is not None:
        return made
    width = 8 * WORD[abi]
    terms = []
    for ctype, at, size in places(name, abi):
        if at + size > REGISTERS:
            raise ValueError(f"{name}: too many registers on {abi}")
        bits = _BITS.get(ctype, width)
        if size == 2:
            terms.append(_expression(f"(r[{at}] | r[{at + 1}] << 32)", 64, ctype == "s64", 64))
        else:
            terms.append(_expression(f"r[{at}]", bits, ctype in _SIGNED, width))
    namespace: dict[str, Any] = {}
    body = "".join(f"{t}, " for t in terms)
    # only numbers and names of ours are in it
    compiled: Converter = eval(f"lambda r: ({body})", namespace)
    _cache[key] = compiled
    return compiled
