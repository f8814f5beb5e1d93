"""Sets of constants: sysnames/constants/<topic>.py and the index of the sets."""
from __future__ import annotations

import importlib
import re
import textwrap
from typing import NamedTuple

from sysnames import flagsets
from sysnames.generate import headers, writer


class SetRow(NamedTuple):
    """One set of `sysnames.flagsets`."""

    name: str
    flags: bool
    fmt: str
    bits: int
    unknown: str
    items: tuple[str, ...]  # name, name=value, name@abi…, name=value@abi…


def parse(text: str) -> list[SetRow]:
    """Sets of a topic's text; raises ValueError for a bad head line."""
    rows: list[SetRow] = []
    for block in re.split(r"\n(?=\S)", text.strip()):
        head, *lines = block.splitlines()
        name, kind, *attributes, unknown = head.split()
        if kind not in ("flags", "enum"):
            raise ValueError(f"flags or enum expected: {head}")
        fmt = next((a for a in attributes if a in ("dec", "udec")), "hex")
        bits = 64 if "u64" in attributes else -32 if "int" in attributes else 32
        items = tuple(item for line in lines for item in line.split())
        unknown = "" if unknown == "-" else unknown
        rows.append(SetRow(name, kind == "flags", fmt, bits, unknown, items))
    return rows


def reduce(number: int, bits: int) -> int:
    """A value as wide as strace keeps it."""
    if bits == 64:
        return number & 0xFFFFFFFFFFFFFFFF
    number &= 0xFFFFFFFF
    return number - 0x100000000 if bits < 0 and number >> 31 else number


def expression(name: str) -> str:
    """The C expression for a name as printed: `1<<X` shifts in 64 bits; `~` is a space."""
    return name.replace("~", "").replace("1<<", "1ULL<<")


def evaluate(groups: list[str], names: list[str]) -> dict[str, dict[str, int]]:
    """ABI → name → value, each name from the first group of headers that has it."""
    result: dict[str, dict[str, int]] = {}
    for abi in headers.ABIS:
        found: dict[str, int] = {}
        for group in groups:
            missing = [name for name in names if name not in found]
            exist = _present(group, abi)
            if not missing or not exist:
                continue
            expressions = {expression(name): name for name in missing}
            values = headers.values(abi, exist, list(expressions), headers.SIZE_T)
            found.update((expressions[text], number) for text, number in values.items())
        result[abi] = found
    return result


def _present(group: str, abi: str) -> list[str]:
    """Headers of a group that an ABI has; `header@abi@abi` stands for those ABIs only."""
    result = []
    for item in group.split():
        name, *only = item.split("@")
        if headers.has(abi, name) and (not only or abi in only):
            result.append(name)
    return result


def _line(item: str, row: SetRow, known: dict[str, dict[str, int]]) -> str | None:
    body, *only = item.split("@")
    name, _, literal = body.partition("=")
    numbers: list[int | None] = []
    for abi in headers.ABIS:
        number = int(literal, 0) if literal else known[abi].get(name)
        if only and abi not in only:
            number = None
        numbers.append(None if number is None else reduce(number, row.bits))
    if all(number is None for number in numbers):
        raise headers.HeadersError(f"{row.name}: no header has {name}")
    base = numbers[0]
    texts = [_number(number, row) for number in numbers]
    parts = [name, texts[0]]
    parts += [
        f"{abi}={text}"
        for abi, number, text in zip(headers.ABIS, numbers, texts, strict=True)
        if number != base
    ]
    return " ".join(parts)


def _number(number: int | None, row: SetRow) -> str:
    if number is None:
        return "-"
    return hex(number) if row.flags and number >= 0 else str(number)


def files() -> dict[str, str]:
    """Path below `sysnames` → text."""
    result: dict[str, str] = {}
    topics: dict[str, str] = {}
    for topic in flagsets.TOPICS:
        source = importlib.import_module(f"sysnames.flagsets.{topic}")
        rows = parse(source.SETS)
        wanted = {
            re.split("[=@]", item)[0]: None for row in rows for item in row.items if "=" not in item
        }
        known = evaluate(source.HEADERS.split("\n\n"), list(wanted))
        body = "SETS: dict[str, tuple[bool, str, int, str, str]] = {\n"
        for row in rows:
            lines = [_line(item, row, known) for item in row.items]
            head = f'{row.flags}, "{row.fmt}", {row.bits}, "{row.unknown}"'
            text = "\n".join(map(str, lines))
            body += f'    "{row.name}": (\n        {head}, """\n{text}\n"""),\n'
            topics[row.name] = topic
        text = writer.module(f"Constants: {topic}.", "constants", body + "}\n")
        result[f"constants/{topic}.py"] = text
    body = '_TEXT = """\n'
    for topic in flagsets.TOPICS:
        names = [name for name, where in topics.items() if where == topic]
        body += "\n    ".join(textwrap.wrap(f"{topic}: {' '.join(names)}", 96)) + "\n"
    body += '''"""


def _topics() -> dict[str, str]:
    result: dict[str, str] = {}
    topic = ""
    for word in _TEXT.split():
        if word[-1] == ":":
            topic = word[:-1]
        else:
            result[word] = topic
    return result


TOPICS = _topics()
'''
    text = writer.module("Topic of each set of constants.", "constants", body)
    result["constants/index.py"] = text
    return result
