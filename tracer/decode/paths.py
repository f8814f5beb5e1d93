"""The paths that a call mentions: for -P."""
from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sysnames.lookup import signature
from tracer.decode.call import FD_PATH
from tracer.errors import Fault

if TYPE_CHECKING:
    from sysnames.row import Kind
    from tracer.decode.call import Call

_DESCRIPTORS = ("fd", "dirfd", "fanotify_dirfd")
_PATH_MAX = 4096
# fsconfig's commands with a path, and with a descriptor as their last argument
_FSCONFIG_PATHS, _FSCONFIG_FDS = (3, 4), (3, 4, 5)
_found: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}


def _arguments(name: str, abi: str) -> tuple[tuple[str, str], ...]:
    """The arguments of a call that name files: (argument, "path" or "fd")."""
    key = name, abi
    made = _found.get(key)
    if made is None:
        try:
            items = signature(name, abi).items
        except KeyError:
            items = ()
        out = []
        for item in items:
            kind: Kind = item.kind
            argument = item.name
            if kind.name == "at" and len(kind.params) == 2:
                other, inner = kind.params
                if isinstance(other, int) or isinstance(inner, int):
                    continue
                argument, kind = other.name, inner
            if kind.name == "path":
                out.append((argument, "path"))
            elif kind.name in _DESCRIPTORS:
                out.append((argument, "fd"))
            elif kind.name == "pollfds":
                out.append((argument, "pollfds"))
            elif kind.name == "fdset":
                out.append((argument, "fdset"))
        made = _found[key] = tuple(out)
    return made


def mentioned(call: Call) -> set[bytes]:
    """Path arguments as the program gave them, and the paths of descriptor arguments."""
    paths: set[bytes] = set()

    def descriptor(fd: int) -> None:
        if fd >= 0:             # not AT_FDCWD
            detail = call.task.fd_detail(fd, FD_PATH)
            if detail is not None and isinstance(detail[0], bytes):
                paths.add(detail[0])

    if call.name == "fsconfig":
        command = call.by_name("cmd")
        if command in _FSCONFIG_FDS:
            descriptor(call.by_name("aux"))
        if command in _FSCONFIG_PATHS:
            with suppress(Fault):
                paths.add(call.mem.read_string(call.by_name("value"), _PATH_MAX)[0])
        return paths
    for name, kind in _arguments(call.name, call.abi)[call.name == "symlink":]:
        word = call.by_name(name)
        try:
            if kind == "path":
                if word:
                    paths.add(call.mem.read_string(word, _PATH_MAX)[0])
            elif kind == "fd":
                descriptor(word)
            elif kind == "pollfds":
                count = min(call.by_name("nfds") & 0xffffffff, 1024)
                for i in range(count):
                    descriptor(int.from_bytes(call.mem.read(word + 8 * i, 4), "little",
                                              signed=True))
            elif word:
                n = min(max(call.by_name("n"), 0), 1024)
                mask = int.from_bytes(call.mem.read(word, (n + 7) // 8), "little")
                for fd in range(n):
                    if mask >> fd & 1:
                        descriptor(fd)
        except Fault:
            continue
    return paths
