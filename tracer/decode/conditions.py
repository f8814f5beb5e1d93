"""Conditions of shapes: when a field of a structure is printed.

A condition is one or more terms joined by ``and`` or by ``or``:

    full, abbrev        whether structures are printed in full
    entering, exiting   the side of the call
    name, !name         a field is not, or is, all zero
    name & 0x30         a field has one of these bits; !& none of them
    name == 4, name != 4, name < 4, name <= 4
    name in 1,2,3       also: not in
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

# (call, bytes of memory, where the structure begins in them)
Condition = Callable[[Any, bytes, int], bool]

_TERM = re.compile(r"(!?)([\w.]+)\s*(?:(!?&|==|!=|<=|<|(?:not )?in)\s*(.+))?$")
_STATES: dict[str, Condition] = {
    "full": lambda call, data, at: not call.plan.abbrev,
    "abbrev": lambda call, data, at: call.plan.abbrev,
    "entering": lambda call, data, at: not call.exiting,
    "exiting": lambda call, data, at: call.exiting,
}


def compile_condition(text: str, places: Mapping[str, tuple[int, int]]) -> Condition:
    """The test of a condition; places: offset and size in bytes of each field.

    Raises ValueError for a text that is no condition, KeyError for an unknown field.
    """
    for word, combine in ((" or ", any), (" and ", all)):
        if word in text:
            terms = [compile_condition(part, places) for part in text.split(word)]
            joined = combine
            return lambda call, data, at: joined(t(call, data, at) for t in terms)
    found = _TERM.match(text.strip())
    if found is None:
        raise ValueError(f"no condition: {text}")
    negated, name, operator, operand = found.groups()
    if name in _STATES:
        return _STATES[name]
    offset, size = places[name]

    def value(data: bytes, at: int) -> int:
        return int.from_bytes(data[at + offset:at + offset + size], "little")

    if operator is None:
        wanted = not negated
        return lambda call, data, at: bool(value(data, at)) is wanted
    if operator.endswith("in"):
        members = frozenset(int(n, 0) for n in operand.split(","))
        inside = operator == "in"
        return lambda call, data, at: (value(data, at) in members) is inside
    n = int(operand, 0)
    tests: dict[str, Callable[[int], bool]] = {
        "&": lambda v: bool(v & n), "!&": lambda v: not v & n,
        "==": lambda v: v == n, "!=": lambda v: v != n,
        "<": lambda v: v < n, "<=": lambda v: v <= n,
    }
    test = tests[operator]
    return lambda call, data, at: test(value(data, at))
