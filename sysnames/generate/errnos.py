"""Error numbers: sysnames/errno.py."""
from __future__ import annotations

from sysnames.generate import headers, writer
from sysnames.generate.supplement import (
    ERROR_ALIASES,
    ERROR_MESSAGES,
    KERNEL_ERRORS,
    RESTART_MESSAGES,
)

_DOC = """Error numbers of Linux: the same on all ABIs here.

`NAMES` has the name strace prints for a number, `MESSAGES` the text in parentheses after it
(glibc's strerror; strace's own for the restart codes).  Numbers from 512 on are the kernel's
internal ones, which a program never sees."""


def message(number: int) -> str:
    """The text for an error number."""
    text = RESTART_MESSAGES.get(number) or ERROR_MESSAGES.get(number)
    return text or f"Unknown error {number}"


def files() -> dict[str, str]:
    """Path below `sysnames` → text."""
    header = ["linux/errno.h"]
    tables = []
    for abi in headers.ABIS:
        macros = [name for name in headers.macros(abi, header) if name[0] == "E"]
        tables.append(headers.values(abi, header, macros))
    if any(table != tables[0] for table in tables):
        raise headers.HeadersError("error numbers differ between the ABIs")
    values = tables[0] | {name: number for number, name in KERNEL_ERRORS.items()}
    values["ENOTSUP"] = values["EOPNOTSUPP"]  # glibc's second name
    ordered = sorted(values.items(), key=lambda item: (item[1], item[0] in ERROR_ALIASES))
    names = {number: name for name, number in ordered if name not in ERROR_ALIASES}
    body = writer.constants(ordered) + "\n"
    body += '_TEXT = """\n'
    body += "".join(f"{number} {name} {message(number)}\n" for number, name in names.items())
    body += '''"""

NAMES: dict[int, str] = {}
MESSAGES: dict[int, str] = {}
for _line in _TEXT.strip().splitlines():
    _number, _name, _message = _line.split(" ", 2)
    NAMES[int(_number)] = _name
    MESSAGES[int(_number)] = _message
'''
    return {"errno.py": writer.module(_DOC + "\n", "errno", body)}
