"""Linux's system interface as data: call numbers, signatures, structures, constants.

Nothing here imports anything else of this project.  Tables are imported when first asked for.
"""
from __future__ import annotations


def table(abi: str) -> dict[int, str]:
    """Call number → name, for `x86_64`, `i386`, `arm`, `arm_oabi` or `aarch64`.

    Raises KeyError for another ABI.
    """
    from importlib import import_module

    from sysnames.abis import ABIS

    if abi not in ABIS:
        raise KeyError(abi)
    numbers: dict[int, str] = import_module(f"sysnames.tables.{abi}").NUMBERS
    return numbers
