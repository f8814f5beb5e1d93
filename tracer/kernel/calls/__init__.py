"""Handlers of system calls, by topic; importing a module registers its handlers."""
from __future__ import annotations


def load() -> None:
    """Import every module of this package, which registers all handlers."""
    from importlib import import_module
    from pkgutil import iter_modules

    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
