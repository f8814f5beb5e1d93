"""Look-up of rows by name and ABI, and the classes of a call.

A row may be written for one ABI (``"clone@x86_64"``) or for all 32-bit ones (``"chown@32"``).
The first of these that exists is taken: ``name@abi`` (for ``arm_oabi`` then ``name@arm``),
``name@32`` or ``name@64``, ``name``.
"""
from __future__ import annotations

from functools import cache

from .row import Kind, Row, parse

SUFFIXES = {
    "x86_64": ("@x86_64", "@64", ""),
    "i386": ("@i386", "@32", ""),
    "arm": ("@arm", "@32", ""),
    "arm_oabi": ("@arm_oabi", "@arm", "@32", ""),
    "aarch64": ("@aarch64", "@64", ""),
}

_DESCRIPTORS = frozenset(("fd", "dirfd"))


def _find(rows: dict[str, str], name: str, abi: str) -> str:
    for suffix in SUFFIXES[abi]:
        text = rows.get(name + suffix)
        if text is not None:
            return text
    raise KeyError(name)


@cache
def signature(name: str, abi: str) -> Row:
    """The row of a call.  Raises KeyError for an unknown name or ABI."""
    from .signatures import SIGNATURES

    return parse(_find(SIGNATURES, name, abi))


# Where structures are, in the order of look-up; the later ones are for few programs.
_STRUCTURES = ("structs", "structs_devices", "structs_bpf", "structs_ioctl", "structs_media",
               "structs_btrfs", "structs_netlink")


def _structure_text(name: str, abi: str) -> str | None:
    from importlib import import_module

    for module in _STRUCTURES:
        rows: dict[str, str] = import_module(f"sysnames.{module}").STRUCTS
        for suffix in SUFFIXES[abi]:
            text = rows.get(name + suffix)
            if text is not None:
                return text
    return None


@cache
def structure(name: str, abi: str) -> Row:
    """The row of a structure.  Raises KeyError for an unknown name or ABI."""
    text = _structure_text(name, abi)
    if text is None:
        raise KeyError(name)
    return parse(text)


@cache
def is_structure(name: str, abi: str) -> bool:
    """True if there is a structure of this name on this ABI."""
    return _structure_text(name, abi) is not None


def _mentions(kind: Kind, names: frozenset[str]) -> bool:
    if kind.name in names:
        return True
    # at(item, kind): only the kind counts, the item is a name
    params = kind.params[1:] if kind.name == "at" else ()
    return any(isinstance(param, Kind) and _mentions(param, names) for param in params)


@cache
def classes(row: Row) -> frozenset[str]:
    """The classes that strace's filters know a call by, with their ``%``.

    %file and %desc follow from the kinds ``path``, ``fd`` and ``dirfd``; the row adds classes,
    or takes one away (``-%desc``).  %%stat and %%statfs are the unions of their families.
    """
    result = {name for name in row.classes if name.startswith("%")}
    kinds = [item.kind for item in row.items]
    if any(kind.name == "path" for kind in kinds):
        result.add("%file")
    if any(_mentions(kind, _DESCRIPTORS) for kind in kinds):
        result.add("%desc")
    if row.result is not None and row.result.name == "fd":
        result.add("%desc")
    result.difference_update(name[1:] for name in row.classes if name.startswith("-"))
    if result & {"%stat", "%lstat", "%fstat"}:
        result.add("%%stat")
    if result & {"%statfs", "%fstatfs"}:
        result.add("%%statfs")
    return frozenset(result)
