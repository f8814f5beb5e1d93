"""Command line of the generator: see the package's docstring."""
from __future__ import annotations

import importlib
import sys

from sysnames.generate import writer

GROUPS = {
    "numbers": "numbers",
    "errno": "errnos",
    "signals": "signals",
    "constants": "constants",
    "ioctls": "ioctls",
}


def generate(group: str) -> dict[str, str]:
    """Path below `sysnames` → text of every file of a group."""
    module = importlib.import_module(f"sysnames.generate.{GROUPS[group]}")
    result: dict[str, str] = module.files()
    return result


def main(arguments: list[str]) -> int:
    """Write the files of the groups named, or of all; returns the exit status."""
    unknown = [name for name in arguments if name not in GROUPS]
    if unknown:
        print(f"unknown group {unknown[0]}; groups: {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    for group in arguments or GROUPS:
        for path, text in generate(group).items():
            target = writer.ROOT / path
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
