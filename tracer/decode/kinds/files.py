"""Kinds of files: modes, open, stat, directories, fcntl, positions."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import (
    QUIET,
    Build,
    Coded,
    InOut,
    length,
    name_of,
    pointer_to,
)
from tracer.decode.call import Call, kind, memory_kind, result_kind
from tracer.decode.commands import command_argument
from tracer.decode.kinds.basic import fd_value, makedev
from tracer.decode.kinds.time import timestamp
from tracer.decode.values import Addr, Hex, Join, Named, Str, Sym, Text

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import MemType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

S_IFMT, S_IFCHR, S_IFBLK = 0o170000, 0o020000, 0o060000
O_CREAT, O_TMPFILE_BIT = 0o100, 0o20000000
XATTR_SIZE_MAX = 65536
_MODE_BITS = ((0o4000, "S_ISUID"), (0o2000, "S_ISGID"), (0o1000, "S_ISVTX"))


# -- modes and devices

def symbolic_mode(types: symbols.Enum, mode: int) -> Sym:
    """``S_IFREG|0644``; of an unknown file type the number alone."""
    parts = []
    if mode & S_IFMT:
        kind_ = types.names.get(mode & S_IFMT)
        if kind_ is None:
            return Sym(mode, None, None, "o")
        parts.append(kind_)
    parts += [name for bit, name in _MODE_BITS if mode & bit]
    parts.append(f"0{mode & 0o777 | mode & ~0o177777:02o}")
    return Sym(mode, "|".join(parts), None, "o")


@kind("inode_mode")
def _inode_mode(b: Build) -> Decoder:
    types = symbols.enum("modetypes", b.abi)
    cache: dict[int, Sym] = {}

    def decode(call: Call, word: int) -> Value:
        s = cache.get(word)
        if s is None:
            s = cache[word] = symbolic_mode(types, word & 0xffffffff)
        return s

    return decode


@kind("open_mode")
def _open_mode(b: Build, flags: Param) -> Decoder:
    name = name_of(flags)
    mask = (1 << b.bits()) - 1

    def decode(call: Call, word: int) -> Value | None:
        if call.by_name(name) & (O_CREAT | O_TMPFILE_BIT):
            return Sym(word & mask, None, None, "o")
        return None

    return decode


@kind("how_mode")
def _how_mode(b: Build, flags: Param) -> Decoder:
    """openat2's mode: an error that is worth printing even where it has no effect."""
    name = name_of(flags)

    def decode(call: Call, word: int) -> Value | None:
        if word or call.by_name(name) & (O_CREAT | O_TMPFILE_BIT):
            return Sym(word, None, None, "o")
        return None

    return decode


def _is_device(mode: int) -> bool:
    return mode & S_IFMT in (S_IFCHR, S_IFBLK)


@kind("inode_dev", "device_only")
def _inode_dev(b: Build, mode: Param) -> Decoder:
    name = name_of(mode)
    return lambda call, word: makedev(word) if _is_device(call.by_name(name)) else None


@kind("file_only")
def _file_only(b: Build, mode: Param) -> Decoder:
    name = name_of(mode)
    mask = (1 << b.bits()) - 1
    return lambda call, word: None if _is_device(call.by_name(name)) else word & mask


@kind("only")
def _only(b: Build, field: Param, mask: int, of: Kind) -> Decoder:
    """``of``, where the field has one of the bits."""
    name = name_of(field)
    decode = b.decoder(of, b.ctype)
    return lambda call, word: decode(call, word) if call.by_name(name) & mask else None


@memory_kind("only_timestamp")
def _only_timestamp(b: Build, field: Param, mask: int) -> MemType:
    name = name_of(field)
    t = b.struct("statx_timestamp")

    def read(call: Call, data: bytes, at: int, addr: int) -> Value | None:
        return timestamp(call, t, data, at, addr) if call.by_name(name) & mask else None

    return Coded(t.size, read)


@kind("statx_flags")
def _statx_flags(b: Build) -> Decoder:
    sync = symbols.flags("at_statx_sync_types", b.abi, 32)
    rest = symbols.flags("at_flags", b.abi, 32)
    raw = b.options.xlat == "raw"

    def decode(call: Call, word: int) -> Value:
        n = word & 0xffffffff
        first = sync.sym(n & 0x6000)
        # without names strace prints nothing for the zero that is no flag
        parts: list[Value] = [Text("") if raw and not n & 0x6000 else first]
        if n & ~0x6000:
            s = rest.sym(n & ~0x6000)
            parts.append(Sym(s.n, s.text))
        return Join(parts) if len(parts) > 1 else parts[0]

    return decode


@kind("exactly")
def _exactly(b: Build, of: Kind, size: Param) -> Decoder:
    """A structure of which the program must name the right size."""
    t = b.memory(of)
    decode = pointer_to(t)
    get = length(size)
    return lambda call, addr: decode(call, addr) if get(call) == t.size else Addr(addr)


# -- fcntl

_FCNTL = {
    "F_GETFD F_GETFL F_GETOWN F_GETPIPE_SZ F_GETLEASE F_GET_SEALS F_GETSIG": "",
    "F_SETFD": "arg flags(fdflags):uint",
    "F_SETOWN": "arg pid_pgid:long",
    "F_SETPIPE_SZ": "arg long:ulong",
    "F_DUPFD F_DUPFD_CLOEXEC": "arg long:ulong",
    "F_SETFL": "arg flags(open_flags)",
    "F_SETLK F_SETLKW": "arg ptr(flock)",
    "F_OFD_SETLK F_OFD_SETLKW": "arg ptr(flock64)",
    "F_SETOWN_EX": "arg ptr(f_owner_ex)",
    "F_NOTIFY": "arg flags(notifyflags)",
    "F_SETLEASE": "arg enum(lockfcmds)",
    "F_ADD_SEALS": "arg flags(f_seals)",
    "F_SETSIG": "arg signal:ulong",
    "F_GETLK": "arg out ptr(flock_get)",
    "F_OFD_GETLK": "arg out ptr(flock64_get)",
    "F_GETOWN_EX": "arg out ptr(f_owner_ex)",
}
_FCNTL64 = {
    **_FCNTL,
    "F_SETLK64 F_SETLKW64": "arg ptr(flock64)",
    "F_GETLK64": "arg out ptr(flock64_get)",
}


@memory_kind("flock_get")
def _flock_get(b: Build) -> MemType:
    return b.struct("flock", "flock_get")


@memory_kind("flock64_get")
def _flock64_get(b: Build) -> MemType:
    return b.struct("flock64", "flock_get")


@kind("fcntl_arg")
def _fcntl_arg(b: Build, cmd: Param) -> InOut:
    return command_argument(b, "fcntl", name_of(cmd), symbols.numbers("fcntlcmds", b.abi),
                            _FCNTL64 if b.name == "fcntl64" else _FCNTL, "arg hex",
                            state=QUIET)


def _bare(flags: symbols.Flags, n: int) -> Sym:
    """Flags without a comment for unknown ones."""
    s = flags.sym(n)
    return Sym(s.n, s.text)


@result_kind("fcntl_result")
def _fcntl_result(b: Build, cmd: Param) -> object:
    name = name_of(cmd)
    codes = symbols.numbers("fcntlcmds", b.abi)
    fds = symbols.flags("fdflags", b.abi)
    seals = symbols.flags("f_seals", b.abi)
    opens = symbols.flags("open_flags", b.abi)
    leases = symbols.enum("lockfcmds", b.abi)

    def decode(call: Call) -> tuple[Value, Value | None]:
        command = call.by_name(name)
        n = call.result
        if command in (codes["F_DUPFD"], codes["F_DUPFD_CLOEXEC"]):
            return fd_value(call, n), None
        if command == codes["F_GETFD"] and n:
            return Hex(n), Named("flags", _bare(fds, n), " ")
        if command == codes["F_GETFL"]:
            return Hex(n), Named("flags", Text(opens.sym(n).text or ""), " ")
        if command == codes["F_GET_SEALS"] and n:
            return Hex(n), Named("seals", _bare(seals, n), " ")
        if command == codes["F_GETLEASE"]:
            text = leases.names.get(n)
            return Hex(n), None if text is None else Text(text)
        if command == codes["F_GETSIG"] and n:
            from tracer.decode.kinds.signal import signal_text

            text = signal_text(n)
            return n, None if text is None else Text(text)
        return n, None

    return decode


# -- extended attributes

@kind("xattr_value")
def _xattr_value(b: Build, *sizes: Param) -> Decoder:
    if b.direction == "in":
        get = length(sizes[0])
        return lambda call, addr: _value(call, addr, get(call))
    get = length(sizes[0])
    return lambda call, addr: Addr(addr) if call.error else _value(call, addr, get(call))


def _value(call: Call, addr: int, size: int) -> Value:
    """An attribute's value: one NUL at its end is not printed."""
    from tracer.decode.kinds.basic import bytes_value

    if size > XATTR_SIZE_MAX:
        return Addr(addr)
    v = bytes_value(call, addr, size)
    if isinstance(v, Str) and v.data.endswith(b"\0"):
        return Str(v.data[:-1])     # and no dots, whatever -s has cut off
    return v


@kind("xattr_list")
def _xattr_list(b: Build, result: Param, size: Param) -> Decoder:
    from tracer.decode.kinds.basic import bytes_value

    get, room = length(result), length(size)

    def decode(call: Call, addr: int) -> Value:
        if call.error or not room(call):
            return Addr(addr)
        return bytes_value(call, addr, get(call))

    return decode
