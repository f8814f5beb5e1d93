"""Classic BPF programs (socket filters, seccomp), and seccomp's arguments."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames.abis import WORD
from tracer.decode import symbols
from tracer.decode.build import Build, Coded, fetch, name_of, read_array
from tracer.decode.call import Call, kind
from tracer.decode.commands import command_argument
from tracer.decode.values import NO_MORE, Addr, CallValue, Comment, Hex, Join, Struct, Sym

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.row import Param
    from tracer.decode.build import InOut
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

BPF_MAXINSNS = 4096
_LD, _LDX, _ST, _STX, _ALU, _JMP, _RET, _MISC = range(8)
_BPF_ABS = 0x20
_SKF_AD_OFF, _SKF_NET_OFF, _SKF_LL_OFF = 0xfffff000, 0xfff00000, 0xffe00000


def _rest(bits: int) -> list[Value]:
    return [Comment(Hex(bits), "BPF_???")] if bits else []


def _either(abi: str, n: int, *names: str) -> Value:
    """A number by the first set that names it."""
    first = symbols.enum(names[0], abi).sym(n)
    if first.text is None:
        for name in names[1:]:
            s = symbols.enum(name, abi).sym(n)
            if s.text is not None:
                return s
    return first


def code_value(abi: str, code: int, extended: bool = False) -> Value:
    """An instruction's code: ``BPF_LD|BPF_W|BPF_ABS``."""
    prefix = "ebpf" if extended else "bpf"
    cls = code & 7
    left = code & ~7
    parts: list[Value] = [symbols.enum(f"{prefix}_class", abi).sym(cls)]
    sizes = ("bpf_size", "ebpf_size") if extended else ("bpf_size",)
    if cls in (_LD, _LDX) or (extended and cls in (_ST, _STX)):
        parts += [_either(abi, code & 0x18, *sizes),
                  symbols.enum(f"{prefix}_mode", abi).sym(code & 0xe0)]
    elif cls in (_ST, _STX):
        parts += _rest(left)
    elif cls == _ALU or (extended and cls == _MISC):
        ops = ("bpf_op_alu", "ebpf_op_alu") if extended else ("bpf_op_alu",)
        parts += [symbols.enum("bpf_src", abi).sym(code & 8), _either(abi, code & 0xf0, *ops)]
    elif cls == _JMP:
        ops = ("bpf_op_jmp", "ebpf_op_jmp") if extended else ("bpf_op_jmp",)
        parts += [symbols.enum("bpf_src", abi).sym(code & 8), _either(abi, code & 0xf0, *ops)]
    elif cls == _MISC:
        parts += [symbols.enum("bpf_miscop", abi).sym(code & 0xf8)]
    elif cls == _RET:
        if not extended:
            parts.append(symbols.enum("bpf_rval", abi).sym(code & 0x18))
            left &= ~0x18
        parts += _rest(left)
    return Join(parts)


def _socket_constant(call: Call, code: int, k: int) -> Value | None:
    if code & 7 != _LD or code & 0xe0 != _BPF_ABS:
        return None
    if k >= _SKF_AD_OFF:
        return Join([Sym(_SKF_AD_OFF, "SKF_AD_OFF"),
                     symbols.enum("skf_ad", call.abi).sym(k - _SKF_AD_OFF)], "+")
    if k >= _SKF_NET_OFF:
        return Join([Sym(_SKF_NET_OFF, "SKF_NET_OFF"), k - _SKF_NET_OFF], "+")
    if k >= _SKF_LL_OFF:
        return Join([Sym(_SKF_LL_OFF, "SKF_LL_OFF"), k - _SKF_LL_OFF], "+")
    return None


def seccomp_constant(call: Call, code: int, k: int) -> Value | None:
    if code & 7 != _RET:
        return None
    action = symbols.enum("seccomp_ret_action", call.abi).sym(k & 0xffff0000)
    data = k & 0xffff
    return Join([action, Hex(data)]) if data else action


def classic_filters(call: Call, addr: int, count: int,
                    constant: Callable[[Call, int, int], Value | None] = _socket_constant
                    ) -> Value:
    """The instructions of a program; an address when abbreviated."""
    if call.plan.abbrev:
        return Addr(addr)
    seen = 0

    def read(call: Call, data: bytes, at: int, _addr: int) -> Value:
        nonlocal seen
        seen += 1
        if seen > BPF_MAXINSNS:
            return NO_MORE
        code, jt, jf, k = struct.unpack_from("<HBBI", data, at)
        what = code_value(call.abi, code)
        if jt or jf:
            return CallValue("BPF_JUMP", [what, Hex(k), Hex(jt), Hex(jf)])
        return CallValue("BPF_STMT", [what, constant(call, code, k) or Hex(k)])

    return read_array(call, Coded(8, read), addr, count)


def fprog_at(call: Call, addr: int, constant: Callable[[Call, int, int], Value | None]
             = _socket_constant) -> Value:
    """struct sock_fprog"""
    wide = WORD[call.abi] == 8
    data = fetch(call, addr, 16 if wide else 8)
    if data is None:
        return Addr(addr)
    count, program = struct.unpack_from("<H6xQ" if wide else "<H2xI", data)
    return Struct([("len", count), ("filter", classic_filters(call, program, count, constant))])


@kind("seccomp_fprog")
def _seccomp_fprog(b: Build) -> Decoder:
    return lambda call, addr: fprog_at(call, addr, seccomp_constant)


# Rows for flags and args, by operation.
_OPERATIONS = {
    "SECCOMP_SET_MODE_STRICT": "flags hex, args addr",
    "SECCOMP_SET_MODE_FILTER": "flags flags(seccomp_filter_flags):uint, args seccomp_fprog",
    "SECCOMP_GET_ACTION_AVAIL": "flags hex, args ptr(enum(seccomp_ret_action))",
    "SECCOMP_GET_NOTIF_SIZES": "flags hex, args out ptr(seccomp_notif_sizes)",
}


@kind("seccomp_flags", "seccomp_args")
def _seccomp(b: Build, op: Param) -> InOut:
    return command_argument(b, "seccomp", name_of(op), symbols.numbers("seccomp_ops", b.abi),
                            _OPERATIONS, "flags hex, args addr")
