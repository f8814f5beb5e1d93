"""ptrace, by request."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import Build, length, name_of, read_array
from tracer.decode.call import Call, kind, result_kind
from tracer.decode.commands import command_argument, command_result
from tracer.decode.kinds.filter import classic_filters, seccomp_constant
from tracer.decode.values import Addr

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import InOut
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

# request → addr and data
_REQUESTS = {
    "PTRACE_TRACEME PTRACE_ATTACH PTRACE_INTERRUPT PTRACE_KILL PTRACE_LISTEN": "",
    "PTRACE_PEEKDATA PTRACE_PEEKTEXT PTRACE_PEEKUSER": "addr addr, data out ptr(addr)",
    "PTRACE_GETREGSET": "addr enum(nt_descriptor_types):uint, data out ptr(iovec)",
    "PTRACE_SETREGSET": "addr enum(nt_descriptor_types):uint, data ptr(iovec)",
    "PTRACE_GETSIGMASK": "addr ulong, data out ptr(sigset(addr))",
    "PTRACE_SETSIGMASK": "addr ulong, data ptr(sigset(addr))",
    "PTRACE_SECCOMP_GET_FILTER": "addr ulong, data out filters(ret)",
    "PTRACE_SECCOMP_GET_METADATA": "addr ulong, data addr",
    "PTRACE_GET_SYSCALL_INFO": "addr ulong, data addr",
    "PTRACE_PEEKSIGINFO": "addr ptr(ptrace_peeksiginfo_args), data out siginfos(ret)",
    "PTRACE_CONT PTRACE_DETACH PTRACE_SYSCALL PTRACE_SINGLESTEP PTRACE_SINGLEBLOCK "
    "PTRACE_SYSEMU PTRACE_SYSEMU_SINGLESTEP": "addr addr, data signal:ulong",
    "PTRACE_SEIZE PTRACE_SETOPTIONS PTRACE_OLDSETOPTIONS":
        "addr addr, data flags(ptrace_setoptions_flags)",
    "PTRACE_SETSIGINFO": "addr addr, data ptr(siginfo)",
    "PTRACE_GETSIGINFO": "addr addr, data out ptr(siginfo)",
    "PTRACE_GETEVENTMSG": "addr addr, data out ptr(ulong)",
}


@kind("ptrace_addr")
def _ptrace_addr(b: Build, request: Param) -> InOut:
    return _argument(b, request)


@kind("ptrace_data")
def _ptrace_data(b: Build, request: Param, addr: Param | None = None) -> InOut:
    return _argument(b, request)


def _argument(b: Build, request: Param) -> InOut:
    return command_argument(b, "ptrace", name_of(request),
                            symbols.numbers("ptrace_cmds", b.abi), _REQUESTS,
                            "addr addr, data addr")


@result_kind("ptrace_result")
def _ptrace_result(b: Build, request: Param) -> object:
    return command_result(b, "ptrace", name_of(request))


@kind("filters")
def _filters(b: Build, count: Param) -> Decoder:
    get = length(count)

    def decode(call: Call, addr: int) -> Value:
        if call.error:
            return Addr(addr)
        return classic_filters(call, addr, get(call) & 0xffff, seccomp_constant)

    return decode


@kind("siginfos")
def _siginfos(b: Build, count: Param) -> Decoder:
    from sysnames.row import Kind

    get = length(count)
    t = b.memory(Kind("siginfo"))

    def decode(call: Call, addr: int) -> Value:
        if call.error:
            return Addr(addr)
        return read_array(call, t, addr, get(call))

    return decode


