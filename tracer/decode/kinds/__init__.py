"""Decoders by topic, and where each kind's decoder is.

Modules are imported when one of their kinds is first used.  ``MODULES`` is the index; a test
holds it equal to what the modules register.
"""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tracer.decode.call import FACTORIES, MEMORY_FACTORIES
from tracer.decode.kinds.index import MODULES

if TYPE_CHECKING:
    from tracer.decode.call import Factory

INDEX: dict[str, str] = {kind: module for module, kinds in MODULES.items()
                         for kind in kinds.split()}


def load(name: str) -> None:
    """Import the module that has this kind, if any has."""
    module = INDEX.get(name)
    if module is not None:
        import_module(f"tracer.decode.kinds.{module}")


def factory(name: str) -> Factory | None:
    """The factory of decoders for a kind, or None."""
    load(name)
    return FACTORIES.get(name)


def memory_factory(name: str) -> Factory | None:
    """The factory of types in memory for a kind, or None."""
    load(name)
    return MEMORY_FACTORIES.get(name)
