"""Kinds of processes: clone, exec, wait, futex, scheduling, identities."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.abis import TLS_KIND
from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    NULL,
    OPEN,
    QUIET,
    Build,
    InOut,
    fetch,
    length,
    name_of,
    pointer_to,
    read_array,
)
from tracer.decode.call import Call, kind, result_kind
from tracer.decode.kinds.basic import fd_value, pid_value, string_value
from tracer.decode.kinds.signal import signal_text, signal_value
from tracer.decode.values import (
    Addr,
    Array,
    Change,
    Comment,
    Hex,
    Join,
    Named,
    Set,
    Str,
    Struct,
    Sym,
    Text,
)
from tracer.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

CSIGNAL = 0xff
CLONE_PIDFD, CLONE_SETTLS, CLONE_PARENT_SETTID = 0x1000, 0x80000, 0x100000
CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID = 0x200000, 0x1000000
CLONE_INTO_CGROUP = 0x200000000
_CLONE_CHILD = CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID


# -- clone

@kind("clone_stack")
def _clone_stack(b: Build) -> Decoder:
    return lambda call, word: Named("child_stack", Addr(word))


@kind("clone_flags")
def _clone_flags(b: Build) -> Decoder:
    flags = symbols.flags("clone_flags", b.abi, b.bits())

    def decode(call: Call, word: int) -> Value:
        sig = signal_value(word & CSIGNAL)
        rest = word & ~CSIGNAL
        if not rest:
            return Named("flags", sig)
        return Named("flags", Join([flags.sym(rest), sig]) if sig.n else flags.sym(rest))

    return decode


class _CloneRest(InOut):
    """An argument of clone that is printed with one of its flags only, under strace's name."""

    __slots__ = ("decode", "flags", "mask", "name")

    def __init__(self, flags: Param, mask: int, name: str, decode: Decoder) -> None:
        self.flags = name_of(flags)
        self.mask = mask
        self.name = name
        self.decode = decode

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        if call.by_name(self.flags) & (CLONE_PARENT_SETTID | CLONE_PIDFD | CLONE_SETTLS
                                       | _CLONE_CHILD):
            return None, QUIET
        return None, DONE

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not call.by_name(self.flags) & self.mask:
            return None
        return Named(self.name, self.decode(call, word) or NULL)


@kind("clone_parent_tid")
def _clone_parent_tid(b: Build, flags: Param) -> InOut:
    name = name_of(flags)
    pid = b.decoder(Kind("ptr", (Kind("tid"),)))
    fd = b.decoder(Kind("ptr", (Kind("fd"),)))

    def decode(call: Call, word: int) -> Value | None:
        return (pid if call.by_name(name) & CLONE_PARENT_SETTID else fd)(call, word)

    return _CloneRest(flags, CLONE_PARENT_SETTID | CLONE_PIDFD, "parent_tid", decode)


@kind("clone_tls")
def _clone_tls(b: Build, flags: Param) -> InOut:
    decode = b.decoder(Kind(TLS_KIND[b.abi]))
    return _CloneRest(flags, CLONE_SETTLS, "tls", decode)


@kind("clone_child_tid")
def _clone_child_tid(b: Build, flags: Param) -> InOut:
    return _CloneRest(flags, _CLONE_CHILD, "child_tidptr", b.decoder(Kind("addr")))


class _CloneArgs(InOut):
    """clone3's structure at entry, the thread id and descriptor it stored at exit."""

    __slots__ = ("flags", "size", "tid", "tls", "type")

    MIN = 64    # up to tls
    MAX = 88

    def __init__(self, b: Build, size: Param) -> None:
        self.size = length(size)
        self.type = b.struct("clone_args")
        self.flags = symbols.flags("clone3_all_flags", b.abi)
        self.tid = b.memory(Kind("tid"))
        self.tls = b.decoder(Kind(TLS_KIND[b.abi]))

    def fields(self, data: bytes) -> dict[str, int]:
        data = data.ljust(self.type.size, b"\0")
        return {name: unpack(data, at)[0] for name, (at, unpack) in self.type.layout.items()}

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        size = self.size(call)
        n = min(size, self.MAX)
        data = fetch(call, word, n) if n >= self.MIN else None
        if data is None:
            return Addr(word), DONE
        f = self.fields(data)
        flags = f["flags"]
        out: list[tuple[str, Value]] = [("flags", self.flags.sym(flags))]
        if flags & CLONE_PIDFD:
            out.append(("pidfd", Addr(f["pidfd"])))
        if flags & _CLONE_CHILD:
            out.append(("child_tid", Addr(f["child_tid"])))
        if flags & CLONE_PARENT_SETTID:
            out.append(("parent_tid", Addr(f["parent_tid"])))
        sig = f["exit_signal"]
        out.append(("exit_signal", signal_value(sig) if sig < 0x7fffffff else sig))
        out += [("stack", Addr(f["stack"])), ("stack_size", Hex(f["stack_size"]))]
        if flags & CLONE_SETTLS:
            out.append(("tls", self.tls(call, f["tls"]) or NULL))
        tids, count = f["set_tid"], f["set_tid_size"]
        if tids or count:
            if not tids or not 0 < count <= 32:
                out.append(("set_tid", Addr(tids)))
            else:
                out.append(("set_tid", read_array(call, self.tid, tids, count)))
            out.append(("set_tid_size", count))
        if n > 80 and (f["cgroup"] or flags & CLONE_INTO_CGROUP):
            out.append(("cgroup", f["cgroup"]))
        rest = self.tail(call, word, n, size)
        if rest is not None:
            out.append(("", rest))
        changes = flags & (CLONE_PIDFD | CLONE_PARENT_SETTID) or size > n
        return Struct(out), OPEN if changes else DONE

    @staticmethod
    def tail(call: Call, addr: int, start: int, size: int) -> Value | None:
        """Bytes behind the structure that strace knows, if any is not zero."""
        return nonzero_tail(call, addr, start, min(size, 4096))

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if old is None or call.error:
            return old
        size = self.size(call)
        n = min(size, self.MAX)
        data = fetch(call, word, n)
        if data is None:
            return Change(old, Addr(word))
        f = self.fields(data)
        out: list[tuple[str, Value]] = []
        for bit, name in ((CLONE_PIDFD, "pidfd"), (CLONE_PARENT_SETTID, "parent_tid")):
            if f["flags"] & bit:
                raw = fetch(call, f[name], 4)
                if raw is None:
                    out.append((name, Addr(f[name])))
                    continue
                number = int.from_bytes(raw, "little", signed=True)
                out.append((name, Array([fd_value(call, number) if bit == CLONE_PIDFD
                                         else number])))
        rest = self.tail(call, word, n, size)
        if rest is not None:
            out.append(("", rest))
        return Change(old, Struct(out)) if out else old


@kind("clone3_args")
def _clone3_args(b: Build, size: Param) -> InOut:
    return _CloneArgs(b, size)


def nonzero_tail(call: Call, addr: int, start: int, total: int) -> Value | None:
    """``/* bytes 88..95 */ "\\x01…"`` for what lies behind a known structure, when any byte of
    it is not zero; ``???`` when it cannot be read."""
    if start >= total:
        return None
    try:
        data = call.mem.read(addr + start, total - start)
    except Fault:
        return Text("???")
    if not any(data):
        return None
    limit = call.options.string_limit
    value = Str(data[:limit], len(data) > limit, "x")
    return Named(f"/* bytes {start}..{total - 1} */", value, " ")


# -- exec and wait

def _vector(call: Call, addr: int, size: int) -> Value:
    """argv: strings up to a NULL."""
    if not addr or not call.plan.verbose:
        return Addr(addr)
    items: list[Value] = []
    limit = call.options.string_limit if call.plan.abbrev else 1 << 30
    while True:
        try:
            word = int.from_bytes(call.mem.read(addr, size), "little")
        except Fault:
            return Array(items, broken=addr) if items else Addr(addr)
        if not word:
            return Array(items)
        if len(items) >= limit:
            return Array(items, True)
        items.append(string_value(call, word))
        addr += size


@kind("argv")
def _argv(b: Build) -> Decoder:
    size = b.long
    return lambda call, addr: _vector(call, addr, size)


@kind("envp")
def _envp(b: Build) -> Decoder:
    size = b.long
    if not b.abbrev:
        return lambda call, addr: _vector(call, addr, size)

    def decode(call: Call, addr: int) -> Value:
        if not addr or not call.plan.verbose:
            return Addr(addr)
        at = addr
        n = 0
        end = ""
        while True:
            try:
                word = call.mem.read(at, size)
            except Fault:
                if not n:
                    return Addr(addr)
                end = ", unterminated"
                break
            if not any(word):
                break
            n += 1
            at += size
        return Comment(Addr(addr), f"{n} var{'' if n == 1 else 's'}{end}")

    return decode


def wait_status(abi: str, status: int) -> Value:
    """The status that wait4 stores: ``{WIFEXITED(s) && WEXITSTATUS(s) == 7}``."""
    low = status & 0x7f
    sig = status >> 8 & 0xff
    left = status & 0xffffffff
    if status & 0xff == 0x7f:
        text = f"{{WIFSTOPPED(s) && WSTOPSIG(s) == {signal_text(sig & 0x7f) or sig & 0x7f}" \
               f"{' | 0x80' if sig & 0x80 else ''}}}"
        left &= ~(sig << 8 | 0x7f)
    elif low and low != 0x7f:
        text = f"{{WIFSIGNALED(s) && WTERMSIG(s) == {signal_text(low) or low}" \
               f"{' && WCOREDUMP(s)' if status & 0x80 else ''}}}"
        left &= ~(low | 0x80)
    elif low == 0:
        text = f"{{WIFEXITED(s) && WEXITSTATUS(s) == {sig}}}"
        left &= ~(sig << 8)
    elif status == 0xffff:
        text = "{WIFCONTINUED(s)}"
        left = 0
    else:
        return Hex(left)
    if status & 0xffff == 0xffff:
        text = "{WIFCONTINUED(s)}"
        left &= ~0xffff
    parts: list[Value] = [Text(text)]
    event = left >> 16
    if event:
        parts.append(Join([symbols.enum("ptrace_events", abi).sym(event), Text("16")], "<<"))
        left &= 0xffff
    if left:
        parts.append(Hex(left))
    return Join(parts) if len(parts) > 1 else parts[0]


@kind("wait_status")
def _wait_status(b: Build, result: Param) -> Decoder:
    get = length(result)
    abi = b.abi

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, 4) if get(call) else None
        if data is None:
            return Addr(addr)
        return Array([wait_status(abi, int.from_bytes(data, "little"))])

    return decode


@kind("waited")
def _waited(b: Build, result: Param, to: Kind) -> Decoder:
    """What wait4 fills in only when it found a child."""
    get = length(result)
    decode = pointer_to(b.memory(to))
    return lambda call, addr: decode(call, addr) if get(call) > 0 else Addr(addr)


@kind("waitid_id")
def _waitid_id(b: Build, which: Param) -> Decoder:
    name = name_of(which)

    def decode(call: Call, word: int) -> Value | None:
        which = call.by_name(name)
        if which == 3:                      # P_PIDFD
            return fd_value(call, word)
        if call.options.decode_pids and which in (1, 2):        # P_PID, P_PGID
            return pid_value(call, word, "pid" if which == 1 else "pgid")
        return word

    return decode


# -- futex

_WAIT, _WAKE, _FD, _REQUEUE, _CMP_REQUEUE, _WAKE_OP, _LOCK_PI, _UNLOCK_PI, _TRYLOCK_PI, \
    _WAIT_BITSET, _WAKE_BITSET, _WAIT_REQUEUE_PI, _CMP_REQUEUE_PI, _LOCK_PI2 = range(14)


@kind("futex_op")
def _futex_op(b: Build) -> Decoder:
    e = symbols.enum("futexops", b.abi)
    return lambda call, word: e.cache.get(word) or e.sym(word)


def _by_op(op: Param, table: dict[int, Decoder | None],
           default: Decoder) -> Decoder:
    """A decoder that depends on the operation; None: the argument is not printed."""
    name = name_of(op)

    def decode(call: Call, word: int) -> Value | None:
        chosen = table.get(call.by_name(name) & 127, default)
        return None if chosen is None else chosen(call, word)

    return decode


def _uint(call: Call, word: int) -> Value:
    return word & 0xffffffff


def _address(call: Call, word: int) -> Value:
    return Addr(word)


@kind("futex_val")
def _futex_val(b: Build, op: Param) -> Decoder:
    return _by_op(op, dict.fromkeys((_LOCK_PI, _LOCK_PI2, _UNLOCK_PI, _TRYLOCK_PI)), _uint)


@kind("futex_timeout")
def _futex_timeout(b: Build, op: Param, of: Kind) -> Decoder:
    time = pointer_to(b.memory(of))
    table: dict[int, Decoder | None] = dict.fromkeys(
        (_WAIT, _LOCK_PI, _LOCK_PI2, _WAIT_BITSET, _WAIT_REQUEUE_PI), time)
    table.update(dict.fromkeys((_REQUEUE, _CMP_REQUEUE, _CMP_REQUEUE_PI, _WAKE_OP), _uint))
    table.update(dict.fromkeys((_WAKE, _FD, _WAKE_BITSET, _UNLOCK_PI, _TRYLOCK_PI)))
    return _by_op(op, table, _address)


@kind("futex_uaddr2")
def _futex_uaddr2(b: Build, op: Param) -> Decoder:
    return _by_op(op, dict.fromkeys((_WAIT, _WAKE, _FD, _LOCK_PI, _LOCK_PI2, _UNLOCK_PI,
                                     _TRYLOCK_PI, _WAIT_BITSET, _WAKE_BITSET)), _address)


@kind("futex_val3")
def _futex_val3(b: Build, op: Param) -> Decoder:
    bitset = symbols.enum("futexbitset", b.abi)
    ops = symbols.enum("futexwakeops", b.abi)
    compares = symbols.enum("futexwakecmps", b.abi)
    raw = b.options.xlat == "raw"

    def bits(call: Call, word: int) -> Value:
        s = bitset.sym(word)
        return Sym(s.n, s.text)

    def shifted(sym: Sym, unknown: str, shift: int) -> Value:
        v: Value = Join([Sym(sym.n, sym.text), shift], "<<")
        return v if sym.text is not None and not raw else Comment(v, unknown)

    def operation(call: Call, word: int) -> Value:
        parts: list[Value] = []
        if word >> 28 & 8:
            parts.append(Join([Sym(8, "FUTEX_OP_OPARG_SHIFT"), 28], "<<"))
        parts += [shifted(ops.sym(word >> 28 & 7), "FUTEX_OP_???", 28),
                  Join([Hex(word >> 12 & 0xfff), 12], "<<"),
                  shifted(compares.sym(word >> 24 & 0xf), "FUTEX_OP_CMP_???", 24),
                  Hex(word & 0xfff)]
        return Join(parts)

    table: dict[int, Decoder | None] = dict.fromkeys(
        (_WAIT, _WAKE, _FD, _REQUEUE, _LOCK_PI, _LOCK_PI2, _UNLOCK_PI, _TRYLOCK_PI,
         _WAIT_REQUEUE_PI))
    table.update({_CMP_REQUEUE: _uint, _CMP_REQUEUE_PI: _uint, _WAIT_BITSET: bits,
                  _WAKE_BITSET: bits, _WAKE_OP: operation})
    return _by_op(op, table, lambda call, word: Hex(word))


@result_kind("futex_result")
def _futex_result(b: Build, op: Param) -> Callable[[Call], tuple[Value, Value | None]]:
    return lambda call: (call.result, None)


# -- scheduling

@kind("cpuset")
def _cpuset(b: Build, size: Param) -> Decoder:
    get = length(size)
    word = b.long
    most = 128      # bytes of the kernel's own CPU masks, at most

    def decode(call: Call, addr: int) -> Value:
        n = get(call) & 0xffffffff
        if not addr or not call.plan.verbose or (call.exiting and call.error):
            return Addr(addr)
        if not n:
            return Array([])
        take = min(n, most)
        data = fetch(call, addr, take)
        if data is None:
            return Addr(addr)
        mask = int.from_bytes(data, "little")
        cpus: list[Value] = [i for i in range(take * 8) if mask >> i & 1]
        if (take + word - 1) // word * word < n:
            cpus.append(Text("..."))
        return Set(cpus)

    return decode


@kind("sched_policy")
def _sched_policy(b: Build) -> Decoder:
    policies = symbols.enum("schedulers", b.abi)
    return lambda call, word: policy(policies, word)


def policy(policies: symbols.Enum, word: int) -> Value:
    """A scheduling policy with SCHED_RESET_ON_FORK."""
    s = policies.sym(word & ~0x40000000)
    if not word & 0x40000000:
        return s
    return Join([s, Sym(0x40000000, "SCHED_RESET_ON_FORK")])


@result_kind("sched_policy")
def _sched_policy_result(b: Build) -> Callable[[Call], tuple[Value, Value | None]]:
    policies = symbols.enum("schedulers", b.abi)
    reset = 0x40000000

    def decode(call: Call) -> tuple[Value, Value | None]:
        text = policies.names.get(call.result & ~reset)
        if text is None:
            return call.result, None
        if call.result & reset:
            text += "|SCHED_RESET_ON_FORK"
        return call.result, Text(text)

    return decode


@kind("priority_who")
def _priority_who(b: Build, which: Param) -> Decoder:
    name = name_of(which)

    def decode(call: Call, word: int) -> Value:
        if call.options.decode_pids and call.by_name(name) in (0, 1):
            return pid_value(call, word, "pgid" if call.by_name(name) else "pid")
        return word

    return decode




@result_kind("user_desc_result")
def _user_desc_result(b: Build, desc: Param) -> Callable[[Call], tuple[Value, Value | None]]:
    name = name_of(desc)

    def decode(call: Call) -> tuple[Value, Value | None]:
        data = fetch(call, call.by_name(name), 16)
        if data is None:
            return call.result, None
        return call.result, Text(f"entry_number={int.from_bytes(data[:4], 'little')}")

    return decode


# -- identities

_NGROUPS_MAX = 65536


@kind("groups")
def _groups(b: Build, of: Kind, count: Param) -> Decoder:
    t = b.memory(of)
    get = length(count)

    def decode(call: Call, addr: int) -> Value:
        n = get(call)
        return read_array(call, t, addr, n) if 0 <= n <= _NGROUPS_MAX else Addr(addr)

    return decode


__all__ = ["nonzero_tail", "wait_status"]
