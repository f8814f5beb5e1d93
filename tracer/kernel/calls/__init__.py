"""Handlers of system calls, by topic; importing a module registers its handlers.

``index.py`` says which module has which handler, so that a run imports only what it needs.  It
is made by ``python -m tracer.kernel.calls``; a handler that is not in it yet is found as well,
by importing every module.
"""
from __future__ import annotations


def load() -> None:
    """Import every module of this package, which registers all handlers."""
    from importlib import import_module
    from pkgutil import iter_modules

    for module in iter_modules(__path__):
        if module.name not in ("__main__", "index"):
            import_module(f"{__name__}.{module.name}")


def load_handler(name: str) -> None:
    """Import the module that has the handlers of a name (with its suffixes), if any does."""
    from importlib import import_module

    from tracer.kernel.calls.index import MODULES

    global _places
    if _places is None:
        _places = {}
        for module, names in MODULES.items():
            for each in names.split():
                _places.setdefault(each.partition("@")[0], []).append(module)
    modules = _places.get(name)
    if modules is None:
        load()
        return
    for module in modules:
        import_module(f"{__name__}.{module}")


_places: dict[str, list[str]] | None = None
