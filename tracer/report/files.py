"""Which files a program touched, by the paths and descriptors in its log."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from tracer.logs.model import Call
from tracer.logs.values import Array, Fd, Named, Number, String, Struct, Symbol, Value

FILES_MAX = 20_000
READS = frozenset(("read", "pread64", "readv", "preadv", "preadv2", "recv", "recvfrom", "recvmsg",
                   "getdents", "getdents64"))
WRITES = frozenset(("write", "pwrite64", "writev", "pwritev", "pwritev2", "send", "sendto",
                    "sendmsg"))
_OPENS = frozenset(("open", "openat", "openat2", "creat"))
_DUPS = frozenset(("dup", "dup2", "dup3"))
_FORKS = frozenset(("fork", "vfork", "clone", "clone2", "clone3"))


@dataclass
class File:
    """What happened to a path.  calls, errors: of all calls that name it or a descriptor of it;
    read, written: bytes; opened: times; pids: by whom."""

    path: str
    calls: int = 0
    errors: int = 0
    opened: int = 0
    read: int = 0
    written: int = 0
    pids: set[int] = field(default_factory=set)


@lru_cache(512)
def path_positions(name: str) -> tuple[int, ...]:
    """The positions of a call's arguments that are paths; () for a call that is not known."""
    from sysnames.lookup import SUFFIXES, signature

    for abi in SUFFIXES:
        try:
            row = signature(name, abi)
        except KeyError:
            continue
        return tuple(i for i, item in enumerate(row.items) if item.kind.name == "path")
    return ()


def plain(value: Value) -> Value:
    """An argument without its name."""
    return value.value if isinstance(value, Named) else value


def text_of(string: String) -> str:
    """A string's content as text; what is no UTF-8 is escaped."""
    return string.data.decode("utf-8", "backslashreplace")


def number_of(value: Value | None) -> int | None:
    """The number of a value, with or without what it refers to."""
    if isinstance(value, Fd):
        value = value.number
    try:
        return value.n if isinstance(value, Number) else None
    except ValueError:
        return None


class Files:
    """Collects files from calls, in the order of the log."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.left_out = 0
        self._tables: dict[int, dict[int, str]] = {}

    def _file(self, path: str) -> File | None:
        found = self.files.get(path)
        if found is None:
            if len(self.files) >= FILES_MAX:
                self.left_out += 1
                return None
            found = self.files[path] = File(path)
        return found

    def _table(self, pid: int) -> dict[int, str]:
        return self._tables.setdefault(pid, {})

    def rename(self, old: int, new: int) -> None:
        """A process has got its id."""
        if old in self._tables:
            self._tables[new] = self._tables.pop(old)
        for file in self.files.values():
            if old in file.pids:
                file.pids = {new if pid == old else pid for pid in file.pids}

    def take(self, call: Call, pid: int) -> None:
        """Account for a call that ended."""
        args = [plain(value) for value in call.args]
        result = call.result
        value = number_of(result.value) if result is not None else None
        failed = result is not None and result.errno is not None
        name = call.name
        paths = {text_of(a) for i in path_positions(name)
                 if i < len(args) and isinstance(a := args[i], String)}
        empty = "" in paths             # with AT_EMPTY_PATH the descriptor itself is meant
        fd = self._descriptor(args, name, pid, empty)
        if empty:
            paths.remove("")
            if failed and fd is None:
                paths.add('""')
        for path in sorted(paths | ({fd} if fd else set())):
            file = self._file(path)
            if file is not None:
                file.calls += 1
                file.errors += failed
                file.pids.add(pid)
                if not failed and value is not None and value > 0:
                    file.read += value if name in READS else 0
                    file.written += value if name in WRITES else 0
                file.opened += name in _OPENS and not failed
        if not failed and value is not None:
            self._descriptors(name, args, value, pid, result.value if result else None)

    def _descriptor(self, args: list[Value], name: str, pid: int, empty: bool) -> str | None:
        """What the first argument refers to, if it is a descriptor of a file; empty: the call's
        path is."""
        if not args:
            return None
        first = args[0]
        if isinstance(first, Fd):
            detail = first.detail
            return detail if detail.startswith("/") and not isinstance(first.number, Symbol) \
                else None
        if empty or name in READS or name in WRITES or name in _BY_DESCRIPTOR:
            number = number_of(first)
            return self._table(pid).get(number) if number is not None else None
        return None

    def _descriptors(self, name: str, args: list[Value], value: int, pid: int,
                     result: Value | None) -> None:
        table = self._table(pid)
        if name in _OPENS:
            paths = [a for a in args[:2] if isinstance(a, String)]
            if paths:
                table[value] = text_of(paths[0])
        elif name in _DUPS or (name in ("fcntl", "fcntl64") and len(args) > 1
                               and str(args[1]).startswith("F_DUPFD")):
            number = number_of(args[0]) if args else None
            if number in table:
                table[value] = table[number]
            else:
                table.pop(value, None)
        elif name == "close":
            number = number_of(args[0]) if args else None
            if number is not None:
                table.pop(number, None)
        elif name in _FORKS and value:
            shared = any("CLONE_FILES" in str(a) for a in args)
            self._tables[value] = table if shared else dict(table)
        elif name in ("pipe", "pipe2", "socketpair") and args:
            for item in _numbers(args[-1] if name == "socketpair" else args[0]):
                table.pop(item, None)
        elif name in ("socket", "accept", "accept4", "epoll_create1", "eventfd2", "memfd_create"):
            table.pop(value, None)


_BY_DESCRIPTOR = frozenset(("fstat", "fstat64", "lseek", "_llseek", "mmap", "fsync", "fdatasync",
                            "ftruncate", "ftruncate64", "fchmod", "fchown", "fchown32", "flock",
                            "fstatfs", "fstatfs64", "fallocate", "close", "ioctl", "fadvise64"))


def _numbers(value: Value) -> Iterator[int]:
    items = value.items if isinstance(value, Array | Struct) else ()
    for item in items:
        number = number_of(plain(item))
        if number is not None:
            yield number
