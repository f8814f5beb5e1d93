"""Kinds of mounts, quotas, file handles and file notification."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    OPEN,
    Build,
    InOut,
    fetch,
    fetch_always,
    name_of,
    pointer_to,
)
from tracer.decode.call import Call, kind
from tracer.decode.commands import command_argument
from tracer.decode.kinds.basic import bytes_value, fd_value, path_value, string_value
from tracer.decode.values import (
    Addr,
    CallValue,
    Comment,
    Either,
    Hex,
    Join,
    Str,
    Struct,
    Sym,
    Text,
)
from tracer.errors import Fault

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

MS_REMOUNT, MS_BIND, MS_MOVE = 32, 4096, 8192
MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED = 1 << 17, 1 << 18, 1 << 19, 1 << 20
_MAGIC, _MAGIC_MASK = 0xc0ed0000, 0xffff0000
_PROPAGATION = MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE


def _real(flags: int) -> int:
    return flags & ~_MAGIC_MASK if flags & _MAGIC_MASK == _MAGIC else flags


@kind("mount_flags")
def _mount_flags(b: Build) -> Decoder:
    names = symbols.flags("mount_flags", b.abi, b.bits())

    def decode(call: Call, word: int) -> Value:
        flags = _real(word)
        if flags == word:
            return names.sym(word)
        magic = Sym(_MAGIC, "MS_MGC_VAL")
        return Join([magic, names.sym(flags)]) if flags else magic

    return decode


@kind("mount_type")
def _mount_type(b: Build, flags: Param) -> Decoder:
    name = name_of(flags)

    def decode(call: Call, addr: int) -> Value:
        if _real(call.by_name(name)) & (MS_REMOUNT | _PROPAGATION):
            return Addr(addr)
        return string_value(call, addr)

    return decode


@kind("mount_data")
def _mount_data(b: Build, flags: Param) -> Decoder:
    name = name_of(flags)

    def decode(call: Call, addr: int) -> Value:
        n = _real(call.by_name(name))
        if not n & MS_REMOUNT and n & _PROPAGATION:
            return Addr(addr)
        return string_value(call, addr)

    return decode


# -- fsconfig

_SET_FLAG, _SET_STRING, _SET_BINARY, _SET_PATH, _SET_PATH_EMPTY, _SET_FD = range(6)


def limited_string(call: Call, addr: int, size: int) -> Value:
    """A NUL-terminated string of which the kernel reads ``size`` bytes at most."""
    if not addr:
        return Addr(0)
    limit = call.options.string_limit
    try:
        data, whole = call.mem.read_string(addr, min(size, limit + 1))
    except Fault:
        return Addr(addr)
    return Str(data) if whole else Str(data[:limit], True)


@kind("fsconfig_key")
def _fsconfig_key(b: Build, cmd: Param) -> Decoder:
    name = name_of(cmd)
    return lambda call, addr: (limited_string(call, addr, 256)
                               if call.by_name(name) <= _SET_FD else Addr(addr))


@kind("fsconfig_value")
def _fsconfig_value(b: Build, cmd: Param, aux: Param) -> Decoder:
    name, aux_name = name_of(cmd), name_of(aux)

    def decode(call: Call, addr: int) -> Value:
        command = call.by_name(name)
        if command == _SET_STRING:
            return limited_string(call, addr, 256)
        if command in (_SET_PATH, _SET_PATH_EMPTY):
            return path_value(call, addr)
        if command == _SET_BINARY and 0 <= call.by_name(aux_name) <= 1024 * 1024:
            return bytes_value(call, addr, call.by_name(aux_name), "x")
        return Addr(addr)

    return decode


@kind("fsconfig_aux")
def _fsconfig_aux(b: Build, cmd: Param) -> Decoder:
    name = name_of(cmd)
    dirfd = b.decoder(Kind("dirfd"))

    def decode(call: Call, word: int) -> Value | None:
        command = call.by_name(name)
        if command in (_SET_PATH, _SET_PATH_EMPTY):
            return dirfd(call, word)
        return fd_value(call, word) if command == _SET_FD else word

    return decode


@kind("statmount_buf")
def _statmount_buf(b: Build, size: Param) -> Decoder:
    t = b.struct("statmount")

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, t.size)
        return Addr(addr) if data is None else t.read(call, data, 0, addr)

    return decode


# -- quota

_QUOTA = {
    "Q_QUOTAOFF Q_SYNC Q_XQUOTASYNC": "",
    "Q_QUOTAON": "id enum(quota_formats):uint, addr path",
    "Q_GETQUOTA": "id uid, addr out ptr(if_dqblk)",
    "Q_SETQUOTA": "id uid, addr ptr(if_dqblk)",
    "Q_GETNEXTQUOTA": "id uid, addr out ptr(if_nextdqblk)",
    "Q_XGETQUOTA Q_XGETNEXTQUOTA": "id uid, addr out ptr(fs_disk_quota)",
    "Q_XSETQLIM": "id uid, addr ptr(fs_disk_quota)",
    "Q_GETFMT": "id none, addr out ptr(enum(quota_formats))",
    "Q_GETINFO": "id none, addr out ptr(if_dqinfo)",
    "Q_SETINFO": "id none, addr ptr(if_dqinfo)",
    "Q_XGETQSTAT": "id none, addr out ptr(fs_quota_stat)",
    "Q_XGETQSTATV": "id none, addr out ptr(fs_quota_statv)",
    "Q_XQUOTAON Q_XQUOTAOFF": "id none, addr ptr(flags32(xfs_quota_flags))",
    "Q_XQUOTARM": "id none, addr ptr(flags32(xfs_dqblk_flags))",
}


@kind("quotactl_cmd")
def _quotactl_cmd(b: Build) -> Decoder:
    commands = symbols.enum("quotacmds", b.abi)
    types = symbols.enum("quotatypes", b.abi)

    def decode(call: Call, word: int) -> Value:
        n = word & 0xffffffff
        parts: list[Value] = []
        for s in (commands.sym(n >> 8), types.sym(n & 0xff)):
            # their names stand alone, whatever -X says
            parts.append(Text(s.text) if s.text is not None
                         else Comment(Hex(s.n), s.unknown or ""))
        return Either(n, CallValue("QCMD", parts))

    return decode


@kind("quotactl_id", "quotactl_addr")
def _quotactl(b: Build, cmd: Param) -> InOut:
    # the table's keys are commands without the type in their low byte
    return command_argument(b, "quotactl", name_of(cmd), symbols.numbers("quotacmds", b.abi),
                            _QUOTA, "id uid, addr addr", 8)


# -- file handles

_HANDLE_MAX = 128


def _handle(call: Call, addr: int, size: int) -> Value:
    try:
        data = call.mem.read(addr + 8, min(size, _HANDLE_MAX))
    except Fault:
        return Text("???")
    return Str(data, size > _HANDLE_MAX, "x")


class _FileHandle(InOut):
    """name_to_handle_at's handle: its room at entry, the handle at exit."""

    __slots__ = ("sending",)

    def __init__(self, sending: bool) -> None:
        self.sending = sending

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, 8)
        if data is None:
            return Addr(word), DONE
        size = int.from_bytes(data[:4], "little")
        if not self.sending:
            return Struct([("handle_bytes", size)], open=True), OPEN
        kind_ = int.from_bytes(data[4:], "little", signed=True)
        return Struct([("handle_bytes", size), ("handle_type", kind_),
                       ("f_handle", _handle(call, word, size))]), DONE

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        from tracer.decode.values import Change

        if not isinstance(old, Struct):
            return old
        before = old.fields[0][1]
        # a handle that is too big still gets its size written (EOVERFLOW)
        data = None
        if not call.error or call.error == 75:
            try:
                data = call.mem.read(word, 8)
            except Fault:
                data = None
        if data is None:
            return Struct([("handle_bytes", before)])
        size = int.from_bytes(data[:4], "little")
        fields: list[tuple[str, Value]] = [
            ("handle_bytes", before if size == before else Change(before, size))]
        if not call.error:
            fields += [("handle_type", int.from_bytes(data[4:], "little", signed=True)),
                       ("f_handle", _handle(call, word, size))]
        return Struct(fields)


@kind("fhandle")
def _fhandle(b: Build) -> InOut:
    return _FileHandle(b.direction == "in")


@kind("mount_id")
def _mount_id(b: Build, handle: Param) -> Decoder:
    """What name_to_handle_at stores, unless it was given no handle to fill in."""
    name = name_of(handle)
    decode = pointer_to(b.memory(Kind("int")))
    return lambda call, addr: (Addr(addr) if fetch_always(call, call.by_name(name), 8) is None
                               else decode(call, addr))


# -- fanotify, swap

@kind("fanotify_flags")
def _fanotify_flags(b: Build) -> Decoder:
    classes = symbols.enum("fan_classes", b.abi)
    flags = symbols.flags("fan_init_flags", b.abi, 32)

    def decode(call: Call, word: int) -> Value:
        n = word & 0xffffffff
        first = classes.sym(n & 12)
        return Join([first, flags.sym(n & ~12)]) if n & ~12 else first

    return decode


@kind("fanotify_dirfd")
def _fanotify_dirfd(b: Build) -> Decoder:
    none = Sym(-1, "FAN_NOFD", None, "d")
    dirfd = b.decoder(Kind("dirfd"))
    return lambda call, word: none if word == -1 else dirfd(call, word)


@kind("idmap_fd")
def _idmap_fd(b: Build, flags: Param) -> Decoder:
    """A descriptor that means something with MOUNT_ATTR_IDMAP only."""
    name = name_of(flags)
    fd = b.decoder(Kind("fd"), "u64")

    def decode(call: Call, word: int) -> Value | None:
        mapped = (call.by_name(name) | call.by_name("attr_clr")) & 0x100000
        return fd(call, word) if mapped and word < 1 << 31 else word

    return decode


@kind("swap_flags")
def _swap_flags(b: Build) -> Decoder:
    names = symbols.flags("swap_flags", b.abi, 32)

    def decode(call: Call, word: int) -> Value:
        n = word & 0xffffffff
        flags, priority = n & ~0x7fff, n & 0x7fff
        return Join([names.sym(flags), priority]) if flags else priority

    return decode


