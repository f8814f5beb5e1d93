"""Kinds of system-wide calls: syslog, reboot, kexec, perf, kcmp, priorities."""
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
    length,
    name_of,
    pointer_to,
)
from tracer.decode.call import Call, kind, memory_kind, result_kind
from tracer.decode.commands import command_argument
from tracer.decode.kinds.basic import bytes_value, fd_value, pid_value
from tracer.decode.kinds.mount import limited_string
from tracer.decode.values import Addr, Change, Comment, Fd, Hex, Join, Struct, Sym, Text

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import MemType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value


# -- the kernel's log

_SYSLOG = {
    "SYSLOG_ACTION_CLOSE SYSLOG_ACTION_OPEN SYSLOG_ACTION_CLEAR SYSLOG_ACTION_CONSOLE_OFF "
    "SYSLOG_ACTION_CONSOLE_ON SYSLOG_ACTION_SIZE_UNREAD SYSLOG_ACTION_SIZE_BUFFER": "",
    "SYSLOG_ACTION_READ SYSLOG_ACTION_READ_ALL SYSLOG_ACTION_READ_CLEAR":
        "buf out buf(ret), len int",
    "SYSLOG_ACTION_CONSOLE_LEVEL": "buf addr, len numbered_enum(syslog_console_levels)",
}


@kind("numbered_enum")
def _numbered_enum(b: Build, name: Param) -> Decoder:
    """A decimal number with its name as a comment."""
    return numbered(b, name_of(name))


def numbered(b: Build, name: str) -> Decoder:
    """A decimal number with its name as a comment, whatever -X says."""
    e = symbols.enum(name, b.abi)

    def decode(call: Call, word: int) -> Value:
        s = e.sym(word)
        comment = s.text or s.unknown
        return word if comment is None else Comment(word, comment)

    return decode


@kind("syslog_type")
def _syslog_type(b: Build) -> Decoder:
    return numbered(b, "syslog_action_type")


@kind("syslog_buf", "syslog_len")
def _syslog(b: Build, kind_: Param, result: Param | None = None) -> InOut:
    from tracer.decode.build import QUIET

    return command_argument(b, "syslog", name_of(kind_),
                            symbols.numbers("syslog_action_type", b.abi), _SYSLOG,
                            "buf addr, len int", state=QUIET)


# -- names, reboot, kexec

_NEW_UTS_LEN = 64


@kind("hostname")
def _hostname(b: Build, size: Param) -> Decoder:
    get = length(size)
    return lambda call, addr: (bytes_value(call, addr, get(call)) if 0 <= get(call) <= _NEW_UTS_LEN
                               else Addr(addr))


@kind("reboot_arg")
def _reboot_arg(b: Build, cmd: Param) -> Decoder:
    name = name_of(cmd)
    # LINUX_REBOOT_CMD_RESTART2
    return lambda call, addr: (limited_string(call, addr, 255)
                               if call.by_name(name) & 0xffffffff == 0xa1b2c3d4 else None)


@kind("kexec_flags")
def _kexec_flags(b: Build) -> Decoder:
    machines = symbols.enum("kexec_arch_values", b.abi, 64)
    flags = symbols.flags("kexec_load_flags", b.abi)

    def decode(call: Call, word: int) -> Value:
        machine = machines.sym(word & 0xffff0000)
        rest = word & ~0xffff0000
        return Join([machine, flags.sym(rest)]) if rest else machine

    return decode


# -- kcmp, priorities, affinity

@kind("kcmp_idx")
def _kcmp_idx(b: Build, kind_: Param, pid: Param) -> Decoder:
    name, who = name_of(kind_), name_of(pid)
    slot = pointer_to(b.struct("kcmp_epoll_slot"))
    second = who == "pid2"

    def descriptor(call: Call, word: int) -> Value:
        n = ((word & 0xffffffff) ^ 0x80000000) - 0x80000000
        return fd_value(call, n) if call.task.outer_id(
            call.by_name(who), "tid") == call.task.pid else n

    def decode(call: Call, word: int) -> Value | None:
        which = call.by_name(name)
        if which == 0:                      # KCMP_FILE
            return descriptor(call, word)
        if which == 7:                      # KCMP_EPOLL_TFD
            return slot(call, word) if second else descriptor(call, word)
        return None if 0 < which < 7 else Hex(word)

    return decode


@kind("pidfd_target")
def _pidfd_target(b: Build, pidfd: Param) -> Decoder:
    name = name_of(pidfd)

    def decode(call: Call, word: int) -> Value:
        """A descriptor of the process that another one refers to."""
        what = call.options.decode_fds
        if not what or word < 0:
            return word
        detail = call.task.fd_detail_of(call.by_name(name), word, what)
        return word if detail is None else Fd(word, detail[0], detail[1])

    return decode


@kind("ioprio_who")
def _ioprio_who(b: Build, which: Param) -> Decoder:
    name = name_of(which)

    def decode(call: Call, word: int) -> Value:
        kind = call.by_name(name)
        if call.options.decode_pids and kind in (1, 2):     # IOPRIO_WHO_PROCESS, _PGRP
            return pid_value(call, word, "pid" if kind == 1 else "pgid")
        return word

    return decode


def ioprio_text(abi: str, n: int, xlat: str = "abbrev") -> str:
    """``IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)``; xlat: -X, for the class in it."""
    s = symbols.enum("ioprio_class", abi).sym(n >> 13)
    name = s.text or ""
    if not name or xlat == "verbose":
        name = f"{hex(s.n) if s.n else '0'} /* {name or s.unknown} */"
    return f"IOPRIO_PRIO_VALUE({name}, {n & 0x1fff})"


@kind("ioprio")
def _ioprio(b: Build) -> Decoder:
    abi, top = b.abi, 1 << 31
    return lambda call, word: Sym(((word & 0xffffffff) ^ top) - top,
                                  ioprio_text(abi, word & 0xffffffff, call.options.xlat), None, "d")


@result_kind("ioprio")
def _ioprio_result(b: Build) -> object:
    def decode(call: Call) -> tuple[Value, Value | None]:
        if call.options.xlat == "raw":
            return call.result, None
        return call.result, Text(ioprio_text(b.abi, call.result & 0xffffffff, call.options.xlat))

    return decode


@kind("membarrier_cpu")
def _membarrier_cpu(b: Build, flags: Param) -> Decoder:
    name = name_of(flags)
    return lambda call, word: word if call.by_name(name) & 1 else None


@result_kind("membarrier_result")
def _membarrier_result(b: Build, cmd: Param) -> object:
    name = name_of(cmd)
    commands = symbols.flags("membarrier_cmds", b.abi, 32)

    def decode(call: Call) -> tuple[Value, Value | None]:
        n = call.result
        if call.by_name(name) or not n:
            return n, None
        return Hex(n), commands.sym(n)

    return decode


@kind("resumed_call")
def _resumed_call(b: Build) -> Decoder:
    """What restart_syscall goes on with: the task knows."""
    def decode(call: Call, word: int) -> Value:
        ask = getattr(call.task, "resumed_call", None)
        name = ask() if ask is not None else None
        return Text(f"<... resuming interrupted {name or 'system call'} ...>")

    return decode


@kind("modify_ldt_ptr")
def _modify_ldt_ptr(b: Build, func: Param, size: Param) -> Decoder:
    from tracer.decode.kinds.memory import user_desc_type

    get = length(size)
    decode = pointer_to(user_desc_type(b))
    return lambda call, addr: decode(call, addr) if get(call) == 16 else Addr(addr)


# -- scheduling attributes

_MIN_ATTR, _MAX_ATTR = 48, 56
_KEEP_POLICY, _KEEP_PARAMS = 8, 16


def sched_attr(b: Build, setting: bool, size: Param | None) -> Decoder:
    """struct sched_attr, as given (its own size counts) or as returned."""
    t = b.struct("sched_attr")
    policies = symbols.enum("schedulers", b.abi)
    flags = symbols.flags("sched_flags", b.abi, 64)
    get = length(size) if size is not None else None

    def decode(call: Call, addr: int) -> Value:
        if get is None:
            head = fetch(call, addr, 4)
            if head is None:
                return Addr(addr)
            given = int.from_bytes(head, "little") or _MIN_ATTR
            used = min(given, _MAX_ATTR)
            data: bytes | None = head
            if used >= _MIN_ATTR:
                data = fetch(call, addr, used)
        else:
            given = get(call) & 0xffffffff
            used = min(given, _MAX_ATTR)
            data = fetch_always(call, addr, used) if not call.error and used else None
        if data is None:
            return Addr(addr)
        data = data.ljust(_MAX_ATTR, b"\0")
        f = {name: unpack(data, at)[0] for name, (at, unpack) in t.layout.items()}
        if get is not None:
            used = f["size"]
        out: list[tuple[str, Value]] = [("size", f["size"])]
        if used < _MIN_ATTR:
            return Struct(out)
        bits = f["sched_flags"]
        keep = setting and bool(bits & _KEEP_PARAMS)
        negative = f["sched_policy"] >> 31
        if not setting or negative or not bits & (_KEEP_POLICY | _KEEP_PARAMS):
            out.append(("sched_policy", policies.sym(f["sched_policy"])))
        out.append(("sched_flags", flags.sym(bits)))
        if not keep:
            out += [(n, f[n]) for n in ("sched_nice", "sched_priority", "sched_runtime",
                                        "sched_deadline", "sched_period")]
        if used >= _MAX_ATTR:
            out += [(n, f[n]) for n in ("sched_util_min", "sched_util_max")]
        return Struct(out, setting and given > _MAX_ATTR)

    return decode


class _SchedAttr(InOut):
    """sched_setattr's structure; the kernel writes the size that it knows on E2BIG."""

    __slots__ = ("decode",)
    _E2BIG = 7

    def __init__(self, decode: Decoder) -> None:
        self.decode = decode

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        v = self.decode(call, word)
        return v, OPEN if isinstance(v, Struct) else DONE

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if call.error != self._E2BIG or not isinstance(old, Struct):
            return old
        data = fetch_always(call, word, 4)
        size = None if data is None else int.from_bytes(data, "little")
        if size is None or size == old.fields[0][1]:
            return old
        return Change(old, Struct([("size", size)]))


@kind("sched_attr_got")
def _sched_attr_got(b: Build, size: Param) -> Decoder:
    return sched_attr(b, False, size)


@kind("odd_uint")
def _odd_uint(b: Build) -> Decoder:
    """An unsigned int in a register whose upper half is shown when the call failed."""
    def decode(call: Call, word: int) -> Value:
        high, low = word >> 32, word & 0xffffffff
        return Join([Text(f"{high:#x}<<32"), low]) if high and call.error else low

    return decode


@kind("sched_attr_arg")
def _sched_attr_arg(b: Build) -> InOut:
    return _SchedAttr(sched_attr(b, True, None))


@memory_kind("ptr_u64")
def _ptr_u64(b: Build, of: Kind) -> MemType:
    from tracer.decode.build import Scalar

    return Scalar(b.packer("u64"), pointer_to(b.memory(of)))


