"""How strace's classes of calls (`%file`, `%desc`, …) are spelled, and which a call is in."""
from __future__ import annotations

# What `-e trace=` accepts → the class; the names without % are the old spelling.
ALIASES: dict[str, str] = {
    "%desc": "%desc", "desc": "%desc",
    "%file": "%file", "file": "%file",
    "%memory": "%memory", "memory": "%memory",
    "%process": "%process", "process": "%process",
    "%signal": "%signal", "signal": "%signal",
    "%ipc": "%ipc", "ipc": "%ipc",
    "%net": "%network", "%network": "%network", "network": "%network",
    "%creds": "%creds",
    "%stat": "%stat", "%lstat": "%lstat", "%fstat": "%fstat", "%%stat": "%%stat",
    "%statfs": "%statfs", "%fstatfs": "%fstatfs", "%%statfs": "%%statfs",
    "%pure": "%pure",
    "%clock": "%clock",
}


def classes(name: str, abi: str) -> frozenset[str]:
    """The classes of a call of an ABI, each with its %; none for a name or ABI without a row."""
    from sysnames import lookup

    try:
        row = lookup.signature(name, abi)
    except KeyError:
        return frozenset()
    return lookup.classes(row)
