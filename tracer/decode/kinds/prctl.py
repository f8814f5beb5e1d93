"""prctl, arch_prctl and personality."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import Build, name_of
from tracer.decode.call import Call, kind, result_kind
from tracer.decode.commands import command_argument, command_result
from tracer.decode.values import Hex, Join, Sym, Text

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import InOut
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

_REST3 = "arg3 hex, arg4 hex, arg5 hex"
_REST2 = "arg4 hex, arg5 hex"

# option → arguments 2 to 5; -> the result
OPTIONS = {
    "PR_GET_KEEPCAPS PR_GET_SECCOMP PR_GET_TIMERSLACK PR_GET_TIMING "
    "PR_TASK_PERF_EVENTS_DISABLE PR_TASK_PERF_EVENTS_ENABLE": "",
    "PR_GET_CHILD_SUBREAPER PR_GET_ENDIAN PR_GET_FPEMU PR_GET_FPEXC": "arg2 out ptr(uint)",
    "PR_GET_DUMPABLE": "-> enum(pr_dumpable)",
    "PR_GET_NAME": "arg2 out task_name(16)",
    "PR_GET_PDEATHSIG": "arg2 out ptr(signal)",
    "PR_GET_SECUREBITS": "-> flags(secbits)",
    "PR_GET_TID_ADDRESS": "arg2 out ptr(addr)",
    "PR_GET_TSC": "arg2 out ptr(enum(pr_tsc))",
    "PR_GET_UNALIGN": "arg2 out ptr(flags32(pr_unalign_flags))",
    "PR_GET_FP_MODE": "-> flags(pr_fp_mode)",
    "PR_SVE_SET_VL": "arg2 vector_length(pr_sve_vl_flags) -> vector_length(pr_sve_vl_flags)",
    "PR_SVE_GET_VL": "-> vector_length(pr_sve_vl_flags)",
    "PR_SME_SET_VL": "arg2 vector_length(pr_sme_vl_flags) -> vector_length(pr_sme_vl_flags)",
    "PR_SME_GET_VL": "-> vector_length(pr_sme_vl_flags)",
    "PR_GET_SPECULATION_CTRL": "arg2 enum(pr_spec_cmds) -> speculation(arg2)",
    "PR_SET_SPECULATION_CTRL": "arg2 enum(pr_spec_cmds), arg3 speculation_set(arg2)",
    "PR_SET_TAGGED_ADDR_CTRL": "arg2 tagged_addr, " + _REST3,
    "PR_GET_TAGGED_ADDR_CTRL": "arg2 hex, " + _REST3 + " -> tagged_addr",
    "PR_SET_CHILD_SUBREAPER PR_SET_ENDIAN PR_SET_FPEMU PR_SET_FPEXC PR_SET_KEEPCAPS "
    "PR_SET_TIMING": "arg2 ulong",
    "PR_SET_DUMPABLE": "arg2 enum(pr_dumpable)",
    "PR_CAPBSET_DROP PR_CAPBSET_READ": "arg2 enum(cap)",
    "PR_CAP_AMBIENT": "arg2 enum(pr_cap_ambient), arg3 ambient_cap(arg2), " + _REST2,
    "PR_MCE_KILL": "arg2 enum(pr_mce_kill), arg3 mce_policy(arg2), " + _REST2,
    "PR_MCE_KILL_GET": "arg2 hex, " + _REST3 + " -> enum(pr_mce_kill_policy)",
    "PR_SET_NAME": "arg2 task_name(15)",
    "PR_SET_VMA": "arg2 enum(pr_set_vma), arg3 vma_arg(arg2, addr), arg4 vma_arg(arg2, ulong), "
                  "arg5 vma_arg(arg2, str)",
    "PR_SET_MM": "arg2 enum(pr_set_mm):uint, " + _REST3,
    "PR_SET_PDEATHSIG": "arg2 death_signal",
    "PR_SET_PTRACER": "arg2 ptracer",
    "PR_SET_SECCOMP": "arg2 enum(seccomp_mode), arg3 seccomp_mode_arg(arg2, 1), "
                      "arg4 seccomp_mode_arg(arg2, 0), arg5 seccomp_mode_arg(arg2, 0)",
    "PR_SET_SECUREBITS": "arg2 flags(secbits)",
    "PR_SET_TIMERSLACK": "arg2 long:ulong",
    "PR_SET_TSC": "arg2 enum(pr_tsc):uint",
    "PR_SET_UNALIGN": "arg2 flags(pr_unalign_flags):uint",
    "PR_SET_NO_NEW_PRIVS PR_SET_THP_DISABLE PR_SET_IO_FLUSHER": "arg2 ulong, " + _REST3,
    "PR_SET_FP_MODE": "arg2 flags(pr_fp_mode):uint",
    "PR_PAC_RESET_KEYS": "arg2 flags(pr_pac_reset_keys), " + _REST3,
    "PR_PAC_SET_ENABLED_KEYS": "arg2 flags(pr_pac_enabled_keys), "
                               "arg3 flags(pr_pac_enabled_keys), " + _REST2,
    "PR_PAC_GET_ENABLED_KEYS": "arg2 hex, " + _REST3 + " -> flags(pr_pac_enabled_keys)",
    "PR_SET_SYSCALL_USER_DISPATCH": "arg2 enum(pr_sud_cmds), arg3 hex, arg4 hex, arg5 addr",
    "PR_SCHED_CORE": "arg2 enum(pr_sched_core_cmds):uint, arg3 core_target(arg4):ulong, "
                     "arg4 shown_enum(pr_sched_core_pidtypes):uint, arg5 inout core_cookie(arg2)",
}
_DEFAULT = "arg2 hex, " + _REST3


@kind("prctl_arg")
def _prctl_arg(b: Build, option: Param) -> InOut:
    return command_argument(b, "prctl", name_of(option),
                            symbols.numbers("prctl_options", b.abi), OPTIONS, _DEFAULT)


@result_kind("prctl_result")
def _prctl_result(b: Build, option: Param) -> object:
    return command_result(b, "prctl", name_of(option))


@kind("task_name")
def _task_name(b: Build, size: int) -> Decoder:
    from tracer.decode.build import NULL
    from tracer.decode.values import Addr, Str
    from tracer.errors import Fault

    def decode(call: Call, addr: int) -> Value:
        if not addr:
            return NULL
        if call.exiting and call.error:
            return Addr(addr)
        limit = min(size, call.options.string_limit + 1)
        try:
            data, whole = call.mem.read_string(addr, limit)
        except Fault:
            return Addr(addr)
        if whole:
            return Str(data)
        return Str(data[:min(size, call.options.string_limit)], True)

    return decode


@kind("core_target")
def _core_target(b: Build, scope: Param) -> Decoder:
    """A thread, process or process group, as another argument says."""
    from tracer.decode.kinds.basic import as_int, number, pid_value
    name = name_of(scope)
    plain = as_int(b) or number
    roles = ("tid", "pid", "pgid", "sid")

    def decode(call: Call, word: int) -> Value | None:
        n = plain(call, word)
        which = call.by_name(name) & 0xffffffff
        return pid_value(call, n, roles[which]) if isinstance(n, int) and which < 4 else n

    return decode


@kind("flags32")
def _flags32(b: Build, name: Param) -> Decoder:
    f = symbols.flags(name_of(name), b.abi, 32)
    return lambda call, word: f.sym(word & 0xffffffff)


@kind("shown_enum")
def _shown_enum(b: Build, name: Param) -> Decoder:
    """Names that no public header has: the number stands before them."""
    e = symbols.enum(name_of(name), b.abi, b.bits())
    raw = b.options.xlat == "raw"

    def decode(call: Call, word: int) -> Value:
        s = e.sym(word)
        number = hex(s.n) if s.n else "0"
        return Text(number if raw else f"{number} /* {s.text or s.unknown} */")

    return decode


def _vector_text(flags: symbols.Flags, n: int) -> str:
    high = n & ~0xffff
    text = flags.sym(high).text if high else None
    if high and text is None:
        text = hex(high)
    low = n & 0xffff
    number = hex(low) if low else "0"
    return f"{text}|{number}" if text else number


@kind("vector_length")
def _vector_length(b: Build, name: Param) -> Decoder:
    flags = symbols.flags(name_of(name), b.abi)
    return lambda call, word: Sym(word, _vector_text(flags, word)) if word & ~0xffff else Hex(word)


@result_kind("vector_length")
def _vector_length_result(b: Build, name: Param) -> object:
    flags = symbols.flags(name_of(name), b.abi)

    def decode(call: Call) -> tuple[Value, Value | None]:
        n = call.result
        if not n:
            return n, None
        if not n & ~0xffff or call.options.xlat == "raw":
            return Hex(n), None
        return Hex(n), Text(_vector_text(flags, n))

    return decode


_SPECULATION = (0, 1, 2)    # STORE_BYPASS, INDIRECT_BRANCH, L1D_FLUSH


@result_kind("speculation")
def _speculation(b: Build, which: Param) -> object:
    name = name_of(which)
    flags = symbols.flags("pr_spec_get_store_bypass_flags", b.abi)

    def decode(call: Call) -> tuple[Value, Value | None]:
        if call.by_name(name) in _SPECULATION:
            return Hex(call.result), Text(flags.sym(call.result).text or hex(call.result))
        return call.result, None

    return decode


@kind("speculation_set")
def _speculation_set(b: Build, which: Param) -> Decoder:
    name = name_of(which)
    e = symbols.enum("pr_spec_set_store_bypass_flags", b.abi, b.bits())
    return lambda call, word: e.sym(word) if call.by_name(name) in _SPECULATION else Hex(word)


def _tagged_text(b: Build, n: int) -> str:
    enabled = symbols.flags("pr_tagged_addr_enable", b.abi).sym(n & 1).text or str(n & 1)
    tcf = symbols.enum("pr_tagged_addr_mte_tcf", b.abi, 64).sym(n & 6)
    parts = [enabled, tcf.text or hex(n & 6)]
    tags = n >> 3 & 0xffff
    if tags:
        parts.append(f"{tags:#x}<<PR_MTE_TAG_SHIFT")
    rest = n & ~0x7ffff
    if rest:
        parts.append(hex(rest))
    return "|".join(parts)


@kind("tagged_addr")
def _tagged_addr(b: Build) -> Decoder:
    return lambda call, word: Sym(word, _tagged_text(b, word))


@result_kind("tagged_addr")
def _tagged_addr_result(b: Build) -> object:
    def decode(call: Call) -> tuple[Value, Value | None]:
        return Hex(call.result), Text(_tagged_text(b, call.result))

    return decode


@kind("ambient_cap")
def _ambient_cap(b: Build, which: Param) -> Decoder:
    name = name_of(which)
    caps = symbols.enum("cap", b.abi, b.bits())
    # IS_SET, RAISE, LOWER
    return lambda call, word: caps.sym(word) if call.by_name(name) in (1, 2, 3) else Hex(word)


@kind("mce_policy")
def _mce_policy(b: Build, which: Param) -> Decoder:
    name = name_of(which)
    policies = symbols.enum("pr_mce_kill_policy", b.abi, b.bits())
    return lambda call, word: policies.sym(word) if call.by_name(name) == 1 else Hex(word)


@kind("vma_arg")
def _vma_arg(b: Build, which: Param, of: Kind) -> Decoder:
    name = name_of(which)
    decode = b.decoder(of)
    # PR_SET_VMA_ANON_NAME
    return lambda call, word: decode(call, word) if call.by_name(name) == 0 else Hex(word)


@kind("death_signal")
def _death_signal(b: Build) -> Decoder:
    from tracer.decode.kinds.signal import signal_value

    return lambda call, word: word if word > 128 else signal_value(word)


@kind("ptracer")
def _ptracer(b: Build) -> Decoder:
    from tracer.decode.kinds.basic import pid_value

    def decode(call: Call, word: int) -> Value:
        n = ((word & 0xffffffff) ^ 0x80000000) - 0x80000000
        return Sym(-1, "PR_SET_PTRACER_ANY", None, "d") if n == -1 else pid_value(call, n)

    return decode


@kind("seccomp_mode_arg")
def _seccomp_mode_arg(b: Build, mode: Param, program: int) -> Decoder:
    name = name_of(mode)
    decode = b.decoder(Kind("seccomp_fprog"))

    def read(call: Call, word: int) -> Value | None:
        which = call.by_name(name)
        if which == 2:      # SECCOMP_MODE_FILTER
            return decode(call, word) if program else None
        return None if which == 1 else Hex(word)

    return read


@kind("core_cookie")
def _core_cookie(b: Build, which: Param) -> InOut:
    from tracer.decode.build import DONE, LATER, InOut
    from tracer.decode.values import Addr

    name = name_of(which)
    pointer = b.decoder(_ptr("hex64"))

    class Cookie(InOut):
        """PR_SCHED_CORE_GET's result; an address for the other commands."""

        __slots__ = ()

        def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
            return (None, LATER) if call.by_name(name) & 0xffffffff == 0 else (Addr(word), DONE)

        def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
            return pointer(call, word)

    return Cookie()


def _ptr(name: str) -> Kind:
    return Kind("ptr", (Kind(name),))


# -- arch_prctl

ARCH_OPTIONS = {
    "ARCH_GET_GS ARCH_GET_FS": "arg2 out ptr(addr)",
    "ARCH_GET_CPUID": "",
    "ARCH_GET_XCOMP_SUPP ARCH_GET_XCOMP_PERM ARCH_GET_XCOMP_GUEST_PERM":
        "arg2 out ptr(xfeatures)",
    "ARCH_REQ_XCOMP_PERM ARCH_REQ_XCOMP_GUEST_PERM":
        "arg2 shown_enum(x86_xfeature_bits) -> flags(x86_xfeatures)",
}


@kind("arch_prctl_arg")
def _arch_prctl_arg(b: Build, option: Param) -> InOut:
    return command_argument(b, "arch_prctl", name_of(option),
                            symbols.numbers("archvals", b.abi), ARCH_OPTIONS, "arg2 hex")


@result_kind("arch_prctl_result")
def _arch_prctl_result(b: Build, option: Param) -> object:
    return command_result(b, "arch_prctl", name_of(option))


@kind("xfeatures")
def _xfeatures(b: Build) -> Decoder:
    flags = symbols.flags("x86_xfeatures", b.abi)

    def decode(call: Call, word: int) -> Value:
        s = flags.sym(word)
        number = hex(word) if word else "0"
        comment = s.text or s.unknown
        raw = call.options.xlat == "raw" or comment is None
        return Text(number if raw else f"{number} /* {comment} */")

    return decode


# -- personality

@kind("personality")
def _personality(b: Build) -> Decoder:
    types = symbols.enum("personality_types", b.abi)
    flags = symbols.flags("personality_flags", b.abi, 32)

    def decode(call: Call, word: int) -> Value:
        n = word & 0xffffffff
        if n == 0xffffffff:
            return Hex(n)
        base = types.sym(n & 0xff)
        rest = n & ~0xff
        return Join([base, flags.sym(rest)]) if rest else base

    return decode


@result_kind("personality")
def _personality_result(b: Build) -> object:
    types = symbols.enum("personality_types", b.abi)
    flags = symbols.flags("personality_flags", b.abi, 32)

    def decode(call: Call) -> tuple[Value, Value | None]:
        n = call.result & 0xffffffff
        base = types.sym(n & 0xff)
        parts: list[Value] = [base]
        if n & ~0xff:
            parts.append(flags.sym(n & ~0xff))
        return Hex(n), Join(parts) if len(parts) > 1 else base

    return decode
