"""Kinds of keyrings, Landlock, security modules and capabilities."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import Build, Coded, fetch, length, name_of, pointer_to, read_array
from tracer.decode.call import Call, kind, memory_kind, result_kind
from tracer.decode.commands import command_argument, command_result
from tracer.decode.kinds.basic import bytes_value, fd_value
from tracer.decode.kinds.process import nonzero_tail
from tracer.decode.values import Addr, Hex, Join, Str, Struct, Sym

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import InOut, MemType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value


# -- keys

@kind("key_serial")
def _key_serial(b: Build) -> Decoder:
    names = symbols.enum("key_spec", b.abi, 32, "d")
    top = 1 << 31

    def decode(call: Call, word: int) -> Value:
        n = ((word & 0xffffffff) ^ top) - top
        return Sym(n, names.names.get(n & 0xffffffff), None, "d")

    return decode


_PKEY = ("arg2 ptr(keyctl_pkey_params), arg3 str, arg4 pkey_in(arg2, 0), "
         "arg5 out pkey_out(arg2)")

_KEYCTL = {
    "KEYCTL_GET_KEYRING_ID": "arg2 key_serial, arg3 low_int",
    "KEYCTL_JOIN_SESSION_KEYRING": "arg2 str",
    "KEYCTL_UPDATE": "arg2 key_serial, arg3 buf(arg4), arg4 ulong",
    "KEYCTL_REVOKE KEYCTL_CLEAR KEYCTL_INVALIDATE KEYCTL_ASSUME_AUTHORITY": "arg2 key_serial",
    "KEYCTL_LINK KEYCTL_UNLINK": "arg2 key_serial, arg3 key_serial",
    "KEYCTL_DESCRIBE KEYCTL_GET_SECURITY": "arg2 key_serial, arg3 out key_text(arg4), arg4 ulong",
    "KEYCTL_READ": "arg2 key_serial, arg3 out key_bytes(arg4), arg4 ulong",
    "KEYCTL_SEARCH": "arg2 key_serial, arg3 str, arg4 str, arg5 key_serial",
    "KEYCTL_CHOWN": "arg2 key_serial, arg3 uid, arg4 gid",
    "KEYCTL_SETPERM": "arg2 key_serial, arg3 flags32(key_perms)",
    "KEYCTL_INSTANTIATE": "arg2 key_serial, arg3 buf(arg4), arg4 ulong, arg5 key_serial",
    "KEYCTL_INSTANTIATE_IOV": "arg2 key_serial, arg3 iov(arg4), arg4 ulong, arg5 key_serial",
    "KEYCTL_NEGATE": "arg2 key_serial, arg3 low_uint, arg4 key_serial",
    "KEYCTL_SET_REQKEY_KEYRING": "arg2 key_destination",
    "KEYCTL_SET_TIMEOUT": "arg2 key_serial, arg3 low_uint",
    "KEYCTL_SESSION_TO_PARENT": "",
    "KEYCTL_REJECT": "arg2 key_serial, arg3 low_uint, arg4 errno_name, arg5 key_serial",
    "KEYCTL_GET_PERSISTENT": "arg2 uid, arg3 key_serial",
    "KEYCTL_DH_COMPUTE": "arg2 ptr(keyctl_dh_params), arg3 out key_bytes(arg4), arg4 ulong, "
                         "arg5 early(ptr(keyctl_kdf_params))",
    "KEYCTL_PKEY_QUERY": "arg2 key_serial, arg3 hex, arg4 str, arg5 out ptr(keyctl_pkey_query)",
    "KEYCTL_PKEY_ENCRYPT KEYCTL_PKEY_DECRYPT KEYCTL_PKEY_SIGN": _PKEY,
    "KEYCTL_PKEY_VERIFY": "arg2 ptr(keyctl_pkey_verify), arg3 str, arg4 pkey_in(arg2, 0), "
                          "arg5 pkey_in(arg2, 1)",
    "KEYCTL_RESTRICT_KEYRING": "arg2 key_serial, arg3 str, arg4 str",
    "KEYCTL_MOVE": "arg2 key_serial, arg3 key_serial, arg4 key_serial, "
                   "arg5 flags32(keyctl_move_flags)",
    "KEYCTL_CAPABILITIES": "arg2 out key_capabilities(arg3), arg3 ulong",
}


@kind("keyctl_arg")
def _keyctl_arg(b: Build, option: Param) -> InOut:
    return command_argument(b, "keyctl", name_of(option),
                            symbols.numbers("keyctl_commands", b.abi), _KEYCTL,
                            "arg2 hex, arg3 hex, arg4 hex, arg5 hex")


@result_kind("keyctl_result")
def _keyctl_result(b: Build, option: Param) -> object:
    return command_result(b, "keyctl", name_of(option))


@kind("low_uint")
def _low_uint(b: Build) -> Decoder:
    return lambda call, word: word & 0xffffffff


@kind("errno_name")
def _errno_name(b: Build) -> Decoder:
    from sysnames.errno import NAMES

    return lambda call, word: Sym(word & 0xffffffff, NAMES.get(word & 0xffffffff), None, "d")


@kind("key_destination")
def _key_destination(b: Build) -> Decoder:
    names = symbols.enum("key_reqkeys", b.abi, 32, "d")
    top = 1 << 31

    def decode(call: Call, word: int) -> Value:
        n = ((word & 0xffffffff) ^ top) - top
        return Sym(n, names.names.get(n & 0xffffffff), "KEY_REQKEY_DEFL_???", "d")

    return decode


@kind("key_bytes")
def _key_bytes(b: Build, room: Param) -> Decoder:
    get = length(room)

    def decode(call: Call, addr: int) -> Value:
        if call.error:
            return Addr(addr)
        return bytes_value(call, addr, min(call.result, get(call)))

    return decode


@kind("key_text")
def _key_text(b: Build, room: Param) -> Decoder:
    """A string whose NUL is not printed."""
    get = length(room)

    def decode(call: Call, addr: int) -> Value:
        if call.error:
            return Addr(addr)
        v = bytes_value(call, addr, min(call.result, get(call)))
        if isinstance(v, Str) and v.data.endswith(b"\0") and not v.more:
            return Str(v.data[:-1])
        return v

    return decode


@kind("kdf_info")
def _kdf_info(b: Build, size: Param) -> Decoder:
    get = length(size)
    return lambda call, addr: bytes_value(call, addr, get(call)) if get(call) else Addr(addr)


_PKEY_PARAMS = 40       # bytes of struct keyctl_pkey_params


def _pkey_length(call: Call, params: str, at: int) -> int | None:
    data = fetch(call, call.by_name(params), _PKEY_PARAMS)
    return None if data is None else int.from_bytes(data[at:at + 4], "little")


@memory_kind("keyctl_pkey_verify")
def _keyctl_pkey_verify(b: Build) -> MemType:
    return b.struct("keyctl_pkey_params", "keyctl_pkey_verify")


@kind("pkey_in")
def _pkey_in(b: Build, params: Param, second: int) -> Decoder:
    name = name_of(params)

    def decode(call: Call, addr: int) -> Value:
        size = _pkey_length(call, name, 8 if second else 4)
        return Addr(addr) if size is None else bytes_value(call, addr, size)

    return decode


@kind("pkey_out")
def _pkey_out(b: Build, params: Param) -> Decoder:
    name = name_of(params)

    def decode(call: Call, addr: int) -> Value:
        size = None if call.error else _pkey_length(call, name, 8)
        return Addr(addr) if size is None else bytes_value(call, addr, size)

    return decode


@kind("key_capabilities")
def _key_capabilities(b: Build, room: Param) -> Decoder:
    get = length(room)
    sets = [symbols.flags(name, b.abi, 8) for name in ("keyctl_caps0", "keyctl_caps1")]

    def decode(call: Call, addr: int) -> Value:
        def read(call: Call, data: bytes, at: int, where: int) -> Value:
            i = where - addr
            return sets[i].sym(data[at]) if i < len(sets) else Hex(data[at])

        if call.error:
            return Addr(addr)
        return read_array(call, Coded(1, read), addr, min(get(call), call.result))

    return decode


# -- Landlock and the security modules

@kind("landlock_rule")
def _landlock_rule(b: Build, rule: Param) -> Decoder:
    name = name_of(rule)
    rules = {1: pointer_to(b.struct("landlock_path_beneath_attr")),
             2: pointer_to(b.struct("landlock_net_port_attr"))}

    def decode(call: Call, addr: int) -> Value:
        found = rules.get(call.by_name(name))
        return Addr(addr) if found is None else found(call, addr) or Addr(addr)

    return decode


@result_kind("landlock_result")
def _landlock_result(b: Build, flags: Param) -> object:
    name = name_of(flags)

    def decode(call: Call) -> tuple[Value, Value | None]:
        # the version or the errata are numbers, anything else is a descriptor
        if call.by_name(name) & 3:
            return call.result, None
        return fd_value(call, call.result), None

    return decode


def _lsm_context(b: Build) -> Decoder:
    t = b.struct("lsm_ctx")

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, t.size)
        if data is None:
            return Addr(addr)
        v = t.read(call, data, 0, addr)
        size = t.layout["ctx_len"][1](data, t.layout["ctx_len"][0])[0]
        v.fields = [(n, bytes_value(call, addr + t.size, size) if n == "ctx" else f)
                    for n, f in v.fields]
        return v

    return decode


@kind("lsm_contexts")
def _lsm_contexts(b: Build, size: Param) -> Decoder:
    return _lsm_context(b)


@kind("lsm_id")
def _lsm_id(b: Build) -> Decoder:
    ids = symbols.enum("lsm_ids", b.abi, 64)
    return lambda call, word: ids.sym(word)


# -- capabilities

@kind("cap_data")
def _cap_data(b: Build, header: Param) -> Decoder:
    name = name_of(header)
    low = symbols.flags("cap_mask0", b.abi, 32)
    high = symbols.flags("cap_mask1", b.abi, 32)

    def bits(lo: int, hi: int) -> Value:
        parts: list[Value] = []
        if lo or not hi:
            parts.append(low.sym(lo))
        if hi:
            parts.append(high.sym(hi))
        return Join(parts) if len(parts) > 1 else parts[0]

    def decode(call: Call, addr: int) -> Value:
        head = fetch(call, call.by_name(name), 8)
        if head is None:
            return Addr(addr)
        version = int.from_bytes(head[:4], "little")
        # versions 2 and 3 have 64 bits, the high ones in a second structure
        wide = version in (0x20071026, 0x20080522)
        data = fetch(call, addr, 24 if wide else 12)
        if data is None:
            return Addr(addr)
        words = [int.from_bytes(data[i:i + 4], "little") for i in range(0, len(data), 4)]
        words += [0] * (6 - len(words))
        return Struct([(field, bits(words[i], words[i + 3]))
                       for i, field in enumerate(("effective", "permitted", "inheritable"))])

    return decode


# -- extensible structures

# sizes below which strace does not read the structure at all (the first version's)
_LEAST = {"open_how": 24, "mount_attr": 32, "landlock_ruleset_attr": 8}


@kind("sized")
def _sized(b: Build, of: Kind, size: Param) -> Decoder:
    """A structure of which the program passes the size: fields that end within it."""
    t = b.struct(of.name)
    get = length(size)
    # an abbreviated structure is read as far as it is shown
    whole = max(o + k.size for _, o, k in t.fields) if t.more else t.size
    least = _LEAST.get(of.name) or t.fields[0][1] + t.fields[0][2].size

    def decode(call: Call, addr: int) -> Value:
        n = get(call)
        known = min(n, whole)
        data = fetch(call, addr, known) if n >= least else None
        if data is None and n > least:
            # what programs of today pass at least
            known = least
            data = fetch(call, addr, known)
        if data is None:
            return Addr(addr)
        inner = t.frame(call, data.ljust(t.size, b"\0"), addr)
        fields: list[tuple[str, Value]] = []
        for name, offset, kind_ in t.fields:
            if offset + kind_.size > known:
                break
            v = kind_.read(inner, data, offset, addr + offset)
            if v is not None:
                fields.append((name, v))
        rest = None if t.more else nonzero_tail(call, addr, t.size, min(n, 4096))
        if rest is not None:
            fields.append(("", rest))
        # a size between two versions, or one that cannot be read to its end
        end = max((o + k.size for _, o, k in t.fields if o + k.size <= known), default=0)
        return Struct(fields, end < (n if t.more else min(n, t.size)))

    return decode


