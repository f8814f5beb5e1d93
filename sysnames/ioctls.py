"""Names of ioctl requests (the table is generated: sysnames/tables/ioctls.py).

Requests are unique only by driver, so one code may have several names; strace prints all of
them ("A or B"), and so do we.  The table is imported on the first call.
"""
from __future__ import annotations

_known: dict[tuple[int, str], tuple[str, ...]] = {}


def names(code: int, abi: str) -> tuple[str, ...]:
    """Names of a request code (32 bits), in print order; empty where there is none.

    Raises KeyError for an unknown ABI.
    """
    found = _known.get((code, abi))
    if found is None:
        found = _known[code, abi] = _search(code, abi)
    return found


def _search(code: int, abi: str) -> tuple[str, ...]:
    from sysnames.tables.ioctls import COMMON, OWN

    mark = f"\n{code:08x} "
    for text in (COMMON, OWN[abi]):
        start = text.find(mark)
        if start >= 0:
            start += len(mark)
            return tuple(text[start : text.index("\n", start)].split())
    return ()


def code(name: str, abi: str) -> int:
    """Code of a request's name; raises KeyError where there is none."""
    import re

    from sysnames.tables.ioctls import COMMON, OWN

    pattern = re.compile(rf"^([0-9a-f]{{8}}) (?:.* )?{re.escape(name)}(?: |$)", re.MULTILINE)
    found = pattern.search(COMMON) or pattern.search(OWN[abi])
    if found is None:
        raise KeyError(name)
    return int(found[1], 16)
