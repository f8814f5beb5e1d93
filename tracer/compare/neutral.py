"""Calls that are one call under different names, on different ABIs or in different years."""
from __future__ import annotations


def neutral(name: str, arguments: str, returned: str | None) -> tuple[str, str, str | None]:
    return name, arguments, returned
