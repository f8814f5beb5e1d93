"""strace's classes of a call: `%file`, `%desc`, `%network`, ...

Most stand in the call's signature row; some follow from the kinds of its arguments.
"""
from __future__ import annotations

# Class → what strace accepts for it in `-e trace=`; the names without % are the old spelling.
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
    """The classes of a call of an ABI, each with its %; none for a name without a row."""
    from sysnames import lookup

    try:
        return lookup.classes(lookup.signature(name, abi))
    except KeyError:
        return frozenset()
