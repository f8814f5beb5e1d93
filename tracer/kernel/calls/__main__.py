"""Writes index.py: which module of this package registers which handlers."""
from __future__ import annotations

import textwrap
from pathlib import Path

from tracer.kernel.calls import load
from tracer.kernel.registry import HANDLERS


def text() -> str:
    """The module's text."""
    load()
    modules: dict[str, list[str]] = {}
    for name, handler in HANDLERS.items():
        modules.setdefault(handler.function.__module__.rpartition(".")[2], []).append(name)
    lines = ['"""Made by `python -m tracer.kernel.calls`; do not edit."""', "", "MODULES = {"]
    for module in sorted(modules):
        words = textwrap.wrap(" ".join(sorted(modules[module])), 88)
        lines.append(f'    "{module}":')
        lines += [f'        "{words[0]}"' if len(words) == 1 else f'        "{words[0]} "',
                  *[f'        "{w} "' for w in words[1:-1]],
                  *([f'        "{words[-1]}"'] if len(words) > 1 else [])]
        lines[-1] += ","
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    Path(__file__).with_name("index.py").write_text(text())
