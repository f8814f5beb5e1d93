"""What differs between the ABIs: registers at execve and clone, signal frames, siginfo,
open flags, CPU exceptions as signals.

``get(name)`` gives the one instance for ``x86_64``, ``i386``, ``arm`` or ``aarch64``.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracer.abi.base import Abi

_COMPAT = (("i386", "x86_64"), ("arm", "aarch64"))


def get(name: str) -> Abi:
    """The ABI of that name, imported on first use; raises ValueError for an unknown one."""
    if name not in ("x86_64", "i386", "arm", "aarch64"):
        raise ValueError(f"no such ABI: {name}")
    from importlib import import_module
    abi: Abi = import_module(f"tracer.abi.{name}").ABI
    return abi


def wider(abi: Abi, machine: str) -> Abi:
    """The 64-bit ABI of a machine (as uname(2) names it) if ``abi`` is its 32-bit one, else the
    same."""
    return get(machine) if (abi.name, machine) in _COMPAT else abi
