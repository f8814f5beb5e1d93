"""Kinds of every-day arguments: numbers, names, strings, pointers, identities."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    LATER,
    NULL,
    OPEN,
    Build,
    Coded,
    InOut,
    MemType,
    SizedType,
    array_of,
    fetch,
    length,
    name_of,
    pointer_to,
    read_array,
)
from tracer.decode.call import Call, kind, memory_kind
from tracer.decode.values import (
    Addr,
    Array,
    CallValue,
    Change,
    Comment,
    Either,
    Fd,
    Hex,
    Str,
    Sym,
)
from tracer.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

AT_FDCWD = -100
PATH_MAX = 4096


# -- numbers

def number(call: Call, word: int) -> Value:
    """A decimal number; words are converted to their C type already."""
    return word


_UNSIGNED = frozenset(("uchar", "ushort", "uint", "ulong", "u64", "ptr"))


def signed(bits: int) -> Decoder:
    """Decimal, of the low ``bits`` bits, with a sign."""
    top = 1 << (bits - 1)
    mask = (top << 1) - 1
    return lambda call, word: ((word & mask) ^ top) - top


def unsigned(bits: int) -> Decoder:
    """Decimal, of the low ``bits`` bits, without a sign."""
    mask = (1 << bits) - 1
    return lambda call, word: word & mask


@kind("char", "short", "int", "long", "s64", "off", "loff")
def _signed(b: Build) -> Decoder:
    # "int:uint" has the layout of one type and the look of the other
    return signed(b.bits()) if b.ctype in _UNSIGNED else number


@kind("uchar", "ushort", "uint", "ulong", "u64", "size")
def _unsigned(b: Build) -> Decoder:
    return number if b.ctype in _UNSIGNED else unsigned(b.bits())


def as_int(b: Build) -> Decoder | None:
    """What makes an int of the item's C type, or None when it is one."""
    return None if b.ctype == "int" else signed(32)


@kind("hex", "hex64", "bare", "reserved")
def _hex(b: Build) -> Decoder:
    mask = (1 << b.bits()) - 1
    return lambda call, word: Hex(word & mask)


@kind("addr")
def _addr(b: Build) -> Decoder:
    return lambda call, word: Addr(word)


@kind("mode")
def _mode(b: Build) -> Decoder:
    # the kernel's umode_t has 16 bits, whatever is passed
    return lambda call, word: Sym(word & 0xffff, None, None, "o")


@kind("octal")
def _octal(b: Build) -> Decoder:
    mask = (1 << b.bits()) - 1
    return lambda call, word: Sym(word & mask, None, None, "o")


@kind("none")
def _none(b: Build) -> Decoder:
    return lambda call, word: None


@kind("pages")
def _pages(b: Build, size: int) -> Decoder:
    return lambda call, word: Hex(word * size)


@kind("join")
def _join(b: Build, low: Param, high: Param) -> Decoder:
    # 64-bit kernels take the whole offset from the low word and shift the high one away
    low_name, high_name = name_of(low), name_of(high)
    wide = b.long == 8

    def decode(call: Call, word: int) -> Value:
        n = call.by_name(low_name)
        if not wide:
            n = (n & 0xffffffff) | (call.by_name(high_name) & 0xffffffff) << 32
        return n - (1 << 64) if n >> 63 else n

    return decode


@kind("uid", "gid")
def _uid(b: Build) -> Decoder:
    return lambda call, word: -1 if word & 0xffffffff == 0xffffffff else word & 0xffffffff


@kind("uid16", "gid16")
def _uid16(b: Build) -> Decoder:
    return lambda call, word: -1 if word & 0xffff == 0xffff else word & 0xffff


def pid_value(call: Call, n: int, role: str = "pid") -> Value:
    """A process id with what --decode-pids adds: the name of its command, its number in the
    tracer's PID namespace.  role: "tid", "pid", "pgid" or "sid"."""
    if n <= 0 or not call.options.decode_pids or call.task is None:
        return n
    outer = call.task.outer_id(n, role)
    if not outer:
        return n
    value: Value = n
    if call.options.decode_pids & 1 and role in ("tid", "pid"):
        name = call.task.comm_of(outer)
        if name is not None:
            value = Fd(n, name)
    if call.options.decode_pids & 2 and outer != n:
        value = Comment(value, f"{outer} in strace's PID NS")
    return value


def pid_or_group(call: Call, n: int) -> Value:
    """A process id, or a process group's, negative."""
    if n >= -1:
        return pid_value(call, n, "pid")
    group = pid_value(call, -n, "pgid")
    return Comment(n, group.text) if isinstance(group, Comment) else n


def _identifier(b: Build, decode: Callable[[Call, int], Value]) -> Decoder:
    plain = as_int(b) or number
    if not b.options.decode_pids:
        return plain
    return lambda call, word: decode(call, int(plain(call, word)))  # type: ignore[arg-type]


@kind("pid")
def _pid(b: Build) -> Decoder:
    return _identifier(b, lambda call, n: pid_value(call, n, "pid"))


@kind("tid")
def _tid(b: Build) -> Decoder:
    return _identifier(b, lambda call, n: pid_value(call, n, "tid"))


@kind("pgid")
def _pgid(b: Build) -> Decoder:
    return _identifier(b, lambda call, n: pid_value(call, n, "pgid"))


@kind("sid")
def _sid(b: Build) -> Decoder:
    return _identifier(b, lambda call, n: pid_value(call, n, "sid"))


@kind("pid_pgid")
def _pid_pgid(b: Build) -> Decoder:
    return _identifier(b, pid_or_group)


def makedev(n: int) -> Value:
    """A device number in the kernel's new encoding (12 bits major, 20 bits minor, and the
    64-bit extension)."""
    major = (n >> 8 & 0xfff) | (n >> 32 & ~0xfff)
    minor = (n & 0xff) | (n >> 12 & 0xffffff00)
    return Either(Hex(n), CallValue("makedev", [Hex(major), Hex(minor)]))


@kind("dev")
def _dev(b: Build) -> Decoder:
    return lambda call, word: makedev(word)


@kind("low_int")
def _low_int(b: Build) -> Decoder:
    return signed(32)


@kind("low_fd")
def _low_fd(b: Build) -> Decoder:
    top = 1 << 31
    return lambda call, word: fd_value(call, ((word & 0xffffffff) ^ top) - top)


@memory_kind("u64_pair")
def _u64_pair(b: Build) -> MemType:
    return Coded(16, lambda call, data, at, addr: Array(
        [int.from_bytes(data[i:i + 8], "little") for i in (at, at + 8)]))


# -- names

@kind("enum")
def _enum(b: Build, name: Param) -> Decoder:
    e = symbols.enum(name_of(name), b.abi, b.bits())
    cache, sym = e.cache, e.sym
    return lambda call, word: cache.get(word) or sym(word)


@kind("flags")
def _flags(b: Build, name: Param) -> Decoder:
    f = symbols.flags(name_of(name), b.abi, b.bits())
    cache, sym = f.cache, f.sym
    return lambda call, word: cache.get(word) or sym(word)


# -- descriptors

def fd_value(call: Call, word: int) -> Value:
    """A descriptor, with what it refers to where -y asks for it."""
    what = call.options.decode_fds
    if not what or word < 0:
        return word
    detail = call.task.fd_detail(word, what)
    return word if detail is None else Fd(word, detail[0], detail[1])


@kind("fd")
def _fd(b: Build) -> Decoder:
    cut = as_int(b)
    if not b.options.decode_fds:
        return cut or number
    if cut is None:
        return fd_value
    top = 1 << 31
    return lambda call, word: fd_value(call, ((word & 0xffffffff) ^ top) - top)


_CWD = Sym(AT_FDCWD, "AT_FDCWD", None, "d")


@kind("dirfd")
def _dirfd(b: Build) -> Decoder:
    if not b.options.decode_fds:
        return lambda call, word: _CWD if word == AT_FDCWD else word

    def decode(call: Call, word: int) -> Value:
        if word != AT_FDCWD:
            return fd_value(call, word)
        detail = call.task.fd_detail(word, call.options.decode_fds)
        return _CWD if detail is None else Fd(_CWD, detail[0], detail[1])

    return decode


@kind("fd_pair")
def _fd_pair(b: Build) -> Decoder:
    kind_ = b.memory(Kind("fd"))
    return lambda call, addr: read_array(call, kind_, addr, 2)


# -- strings

def path_value(call: Call, addr: int, limit: int = PATH_MAX) -> Value:
    """A path: whole, whatever -s says; ``limit`` includes the NUL."""
    if not addr:
        return NULL
    try:
        data, whole = call.mem.read_string(addr, limit)
    except Fault:
        return Addr(addr)
    return Str(data, False, "", True) if whole else Str(data[:limit - 1], True, "", True)


def string_value(call: Call, addr: int) -> Value:
    """A NUL-terminated string, cut by -s."""
    if not addr:
        return NULL
    limit = call.options.string_limit
    try:
        data, whole = call.mem.read_string(addr, limit + 1)
    except Fault:
        return Addr(addr)
    return Str(data) if whole else Str(data[:limit], True)


def bytes_value(call: Call, addr: int, size: int, style: str = "") -> Value:
    """Sized bytes, cut by -s.  One byte behind the limit must be readable too, as strace
    reads it."""
    if not addr:
        return NULL
    limit = call.options.string_limit
    if size < 0:
        size += 1 << 64
    try:
        data = call.mem.read(addr, size if size <= limit else limit + 1)
    except Fault:
        return Addr(addr)
    return Str(data, False, style) if size <= limit else Str(data[:limit], True, style)


def string_in(data: bytes, style: str = "") -> Str:
    """A char array of a structure: up to its NUL; without one, all but its last byte and dots.

    -s does not count here.
    """
    end = data.find(0)
    return Str(data[:end], end < 0, style)


@kind("path")
def _path(b: Build) -> Decoder:
    return path_value


@kind("str")
def _str(b: Build, limit: int = 0) -> Decoder:
    if not limit:
        return string_value

    def decode(call: Call, addr: int) -> Value:
        """Printed whole, up to the length that the kernel allows."""
        if not addr:
            return NULL
        try:
            data, whole = call.mem.read_string(addr, limit)
        except Fault:
            return Addr(addr)
        return Str(data, not whole)

    return decode


@kind("buf")
def _buf(b: Build, size: Param) -> Decoder:
    return _sized_buffer(b, size, "")


@kind("buf_hex")
def _buf_hex(b: Build, size: Param) -> Decoder:
    return _sized_buffer(b, size, "x")


def _sized_buffer(b: Build, size: Param, style: str) -> Decoder:
    get = length(size)
    if b.direction == "in":
        return lambda call, addr: bytes_value(call, addr, get(call), style)
    return lambda call, addr: (Addr(addr) if call.error else
                               bytes_value(call, addr, get(call), style))


@kind("path_buf")
def _path_buf(b: Build, size: Param) -> Decoder:
    get = length(size)

    def decode(call: Call, addr: int) -> Value:
        if call.error:
            return Addr(addr)
        size = get(call)
        return path_value(call, addr, size if 0 < size <= PATH_MAX else PATH_MAX)

    return decode


@memory_kind("chars")
def _chars(b: Build, size: int) -> MemType:
    return Coded(size, lambda call, data, at, addr: string_in(
        data[at:at + size]), composite=False)


@memory_kind("bytes")
def _bytes(b: Build, size: int) -> MemType:
    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        limit = call.options.string_limit
        return Str(data[at:at + min(size, limit)], size > limit)

    return Coded(size, read, composite=False)


# -- pointers

class _Changed(InOut):
    """``[16 => 28]``: kept at entry, printed at exit."""

    __slots__ = ("decode", "kind")

    def __init__(self, kind_: MemType) -> None:
        self.kind = kind_

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, self.kind.size)
        return (None if data is None else self.kind.read(call, data, 0, word)), LATER

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if old is None:
            return Addr(word)
        data = fetch(call, word, self.kind.size)
        new = None if data is None else self.kind.read(call, data, 0, word)
        if new is None or new == old:
            return Array([old])
        return Array([Change(old, new)])


class _Moved(InOut):
    """``[0] => [5]``: printed at entry and, where anything was moved, again at exit."""

    __slots__ = ("count", "decode")

    def __init__(self, decode: Decoder, count: Callable[[Call], int]) -> None:
        self.decode = decode
        self.count = count

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        v = self.decode(call, word)
        return v, OPEN if isinstance(v, Array) and self.count(call) else DONE

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if old is None or call.error or not call.result:
            return old
        return Change(old, self.decode(call, word) or Addr(word))


class _Early(InOut):
    """An argument behind an output that is read at entry all the same."""

    __slots__ = ("decode",)

    def __init__(self, decode: Decoder) -> None:
        self.decode = decode

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        return self.decode(call, word), LATER

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        return old


@kind("early")
def _early(b: Build, of: Kind) -> InOut:
    return _Early(b.decoder(of))


@kind("ptr")
def _ptr(b: Build, to: Kind) -> Decoder | InOut:
    direction = b.direction
    t = b.memory(to)
    if isinstance(t, SizedType):
        return t.pointer()
    return _Changed(t) if direction == "inout" else pointer_to(t)


@kind("moved")
def _moved(b: Build, to: Kind, count: Param) -> InOut:
    return _Moved(pointer_to(b.memory(to)), length(count))


@kind("array")
def _array(b: Build, of: Kind, count: Param, most: int | None = None) -> Decoder:
    return array_of(b.memory(of), length(count), most)


@memory_kind("array")
def _inline_array(b: Build, of: Kind, count: Param) -> MemType:
    t = b.memory(of, b.ctype or None)
    if isinstance(count, int):
        n = count
        size = t.size

        def read(call: Call, data: bytes, at: int, addr: int) -> Value:
            items = [t.read(call, data, at + i * size, addr + i * size) for i in range(n)]
            return Array([v for v in items if v is not None])

        return Coded(n * size, read)
    # a length that is a field: the field itself is a pointer
    return b.pointer_field(array_of(t, length(count)))


@memory_kind("ptr")
def _pointer_field(b: Build, to: Kind) -> MemType:
    return b.pointer_field(pointer_to(b.memory(to)))


__all__ = ["bytes_value", "fd_value", "makedev", "path_value", "read_array", "string_in",
           "string_value"]
