"""Call numbers: sysnames/tables/<abi>.py.

The tables are text, parsed when imported: this is quicker than compiling a large dict where no
byte code is cached.
"""
from __future__ import annotations

from sysnames.generate import headers, writer
from sysnames.generate.supplement import CALL_HEADERS, CALLS, RENAMED_CALLS


def numbers(table: str) -> dict[int, str]:
    """Number → name of one table, in the order of numbers."""
    abi, header, before = CALL_HEADERS[table]
    names = [
        name
        for name in headers.macros(abi, [header], before)
        if name.startswith("__NR_") and name != "__NR_SYSCALL_BASE"
    ]
    renamed = RENAMED_CALLS.get(table, {})
    found = dict(CALLS.get(table, {}))
    for name, number in headers.values(abi, [header], names, before).items():
        call = name.removeprefix("__NR_")
        found[number] = renamed.get(call, call)
    return dict(sorted(found.items()))


def files() -> dict[str, str]:
    """Path below `sysnames` → text."""
    result = {}
    for table in CALL_HEADERS:
        note = ", without the base 0x900000" if table == "arm_oabi" else ""
        body = '_TEXT = """\n'
        for number, name in numbers(table).items():
            body += f"{hex(number) if number > 0xFFFF else number} {name}\n"
        body += '"""\n\nNUMBERS: dict[int, str] = {\n    int(number, 0): name'
        body += " for number, name in map(str.split, _TEXT.strip().splitlines())\n"
        doc = f"Call numbers of {table}{note}: number → name."
        result[f"tables/{table}.py"] = writer.module(doc, "numbers", body + "}\n")
    return result
