"""Names of ioctl requests: sysnames/tables/ioctls.py."""
from __future__ import annotations

import textwrap

from sysnames.flagsets import ioctls
from sysnames.generate import headers, writer

_DOC = """Names of ioctl requests: lines of a code in hex and its names, in print order.

Text, and not a dict: it is searched for the few codes that a program uses."""


def parse(text: str) -> dict[str, list[str]]:
    """Header → its items, from the text of `sysnames.flagsets.ioctls`."""
    result: dict[str, list[str]] = {}
    header = ""
    for line in text.strip().splitlines():
        if line[0] == " ":
            result[header] += line.split()
        else:
            header = line
            result[header] = []
    return result


def evaluate(abi: str, items: dict[str, list[str]]) -> dict[str, int]:
    """Name → value, from all the headers at once or, where these do not get on, in halves.

    A header that does not compile even alone is not for this ABI.
    """
    names = list({name: None for group in items.values() for name in group})
    existing = [header for header in items if headers.has(abi, header)]
    try:
        return headers.values(abi, existing, names, headers.SIZE_T) if existing else {}
    except headers.HeadersError:
        if len(items) == 1:
            return {}
    keys = list(items)
    half = len(keys) // 2
    first = evaluate(abi, {key: items[key] for key in keys[:half]})
    return evaluate(abi, {key: items[key] for key in keys[half:]}) | first


def codes(abi: str) -> dict[int, str]:
    """Code → names of one ABI.

    As in strace, a name that begins with the one before it is left out (`X` and `X_OLD`).
    """
    literal: list[tuple[int, str]] = []
    wanted: dict[str, list[str]] = {}
    for header, items in parse(ioctls.REQUESTS).items():
        for item in items:
            body, *only = item.split("@")
            name, _, number = body.partition("=")
            if only and abi not in only:
                continue
            if number:
                literal.append((int(number, 0), name))
            else:
                wanted.setdefault(header, []).append(name)
    pairs = literal + [(number, name) for name, number in evaluate(abi, wanted).items()]
    result: dict[int, list[str]] = {}
    previous = (-1, "")
    for code, name in sorted({(number & 0xFFFFFFFF, name) for number, name in pairs}):
        if code != previous[0] or not name.startswith(previous[1]):
            result.setdefault(code, []).append(name)
        previous = (code, name)
    return {code: " ".join(names) for code, names in result.items()}


def files() -> dict[str, str]:
    """Path below `sysnames` → text."""
    tables = {abi: codes(abi) for abi in headers.ABIS}
    first = tables[headers.ABIS[0]]
    common = {
        code: names
        for code, names in first.items()
        if all(table.get(code) == names for table in tables.values())
    }
    body = '# Requests that have the same names on every ABI.\nCOMMON = """\n'
    body += _lines(common) + '"""\n\n'
    body += "# What one ABI has besides, or in place of, the common ones.\n"
    body += "OWN: dict[str, str] = {\n"
    for abi, table in tables.items():
        own = {code: names for code, names in table.items() if code not in common}
        body += f'    "{abi}": """\n{_lines(own)}""",\n'
    return {"tables/ioctls.py": writer.module(_DOC + "\n", "ioctls", body + "}\n")}


def _lines(table: dict[int, str]) -> str:
    lines = []
    for code, names in sorted(table.items()):
        # A long line goes on after a backslash, which joins the lines in the literal.
        rows = textwrap.wrap(names, 88)
        lines.append(f"{code:08x} " + " \\\n".join(rows) + "\n")
    return "".join(lines)
