"""ptrace(2)."""
from __future__ import annotations

from collections.abc import Callable
from struct import pack, unpack
from typing import TYPE_CHECKING

from sysnames import errno as E
from sysnames import signals as S
from tracer.abi import userregs
from tracer.abi.userregs import NT_ARM_VFP, NT_FPREGSET, NT_PRSTATUS, NT_PRXFPREG
from tracer.errors import Fault, LinuxError
from tracer.kernel import ptrace as tracing
from tracer.kernel import signals as sig
from tracer.kernel.calls.sessions import find_task
from tracer.kernel.registry import syscall
from tracer.memory.space import WRITE
from tracer.wait import OUTSIDE

if TYPE_CHECKING:
    from tracer.kernel.ptrace import Trace
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task

TRACEME, PEEKTEXT, PEEKDATA, PEEKUSER, POKETEXT, POKEDATA, POKEUSER, CONT, KILL, STEP = range(10)
GETREGS, SETREGS, GETFPREGS, SETFPREGS, ATTACH, DETACH, GETFPXREGS, SETFPXREGS = (
    12, 13, 14, 15, 16, 17, 18, 19)
OLDSETOPTIONS, SYSCALL, GETVFPREGS, SETVFPREGS, SET_SYSCALL = 21, 24, 27, 28, 23
SYSEMU, SYSEMU_STEP = 31, 32
SETOPTIONS, GETEVENTMSG, GETSIGINFO, SETSIGINFO, GETREGSET, SETREGSET, SEIZE, INTERRUPT = range(
    0x4200, 0x4208)
LISTEN, PEEKSIGINFO, GETSIGMASK, SETSIGMASK, GET_FILTER, GET_METADATA, GET_SYSCALL_INFO = range(
    0x4208, 0x420F)
GET_RSEQ = 0x420F
_SIGINFO_SIZE = 128
_CAP_SYS_ADMIN, _CAP_SYS_PTRACE = 21, 19
_MODES = {CONT: "cont", SYSCALL: "syscall", STEP: "step", SYSEMU: "sysemu",
          SYSEMU_STEP: "sysemu"}


@syscall("ptrace", note="no hardware breakpoints; filters of seccomp are not shown")
def ptrace(task: Task, request: int, pid: int, address: int, data: int) -> Result:
    if request == TRACEME:
        return _traceme(task)
    pid = ((pid & 0xFFFFFFFF) ^ 1 << 31) - (1 << 31)
    other = find_task(task, pid) if pid > 0 else None
    if other is None:
        raise LinuxError(E.ESRCH)
    if request in (ATTACH, SEIZE):
        return _attach(task, other, request, address, data)
    trace = other.ptrace
    if trace is None or trace.tracer is not task.process or (
            trace.stop is None and request not in (KILL, INTERRUPT)):
        raise LinuxError(E.ESRCH)
    if request in _WITH_REGISTERS:
        return _outside(task, other, request, address, data)
    act = _REQUESTS.get(request)
    if act is not None:
        return act(task, other, trace, address, data)
    if request in _MODES:
        return _resume(other, request, data)
    raise LinuxError(E.EIO)


def _traceme(task: Task) -> int:
    process = task.process
    if (task.traced and task.kernel.observer.watching) or task.ptrace is not None \
            or process.parent is None:
        raise LinuxError(E.EPERM)
    tracing.attach(task, process.parent)
    return 0


def _attach(task: Task, other: Task, request: int, address: int, data: int) -> int:
    if request == SEIZE and (address or data & ~tracing.O_MASK):
        raise LinuxError(E.EIO)
    creds, theirs = task.creds, other.creds
    if other.process is task.process or other.ptrace is not None or other.state >= 3 or (
            other.traced and task.kernel.observer.watching):
        raise LinuxError(E.EPERM)
    if not creds.capable(_CAP_SYS_PTRACE) and not (
            creds.uid == theirs.uid == theirs.euid == theirs.suid and other.mem.dumpable):
        raise LinuxError(E.EPERM)
    tracing.attach(other, task.process, request == SEIZE, data if request == SEIZE else 0)
    if request == ATTACH:
        task.kernel.signals.send(other, {"signo": S.SIGSTOP, "code": sig.SI_USER,
                                         "pid": task.tgid, "uid": creds.uid})
    return 0


def _resume(other: Task, request: int, signo: int) -> int:
    if signo > 64:
        raise LinuxError(E.EIO)
    tracing.resume(other, _MODES[request], signo)
    return 0


def _detach(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    if data > 64:
        raise LinuxError(E.EIO)
    tracing.detach(other, data)
    return 0


def _kill(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    task.kernel.signals.send(other, {"signo": S.SIGKILL, "code": sig.SI_KERNEL, "pid": 0,
                                     "uid": 0})
    return 0


def _interrupt(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    if not trace.seized:
        raise LinuxError(E.EIO)
    if trace.stop is None:
        trace.trap_next = other.wants_signal_check = True
        task.kernel.interrupt(other)
    return 0


def _listen(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    if not trace.seized or trace.stop is None or trace.stop.kind != "group":
        raise LinuxError(E.EIO)
    return 0


# -- options, messages, signals --------------------------------------------------------------
def _set_options(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    if data & ~tracing.O_MASK:
        raise LinuxError(E.EINVAL)
    if data & tracing.O_SUSPEND_SECCOMP and not task.creds.capable(_CAP_SYS_ADMIN):
        raise LinuxError(E.EPERM)
    trace.options = data
    return 0


def _event_message(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    task.mem.write_int(data, trace.message, task.call_word)
    return 0


def _get_siginfo(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    if trace.stop is None or trace.stop.info is None:
        raise LinuxError(E.EINVAL)
    task.mem.write(data, task.abi.pack_siginfo(trace.stop.info).ljust(_SIGINFO_SIZE, b"\0"))
    return 0


def _set_siginfo(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    info = task.abi.unpack_siginfo(task.mem.read(data, _SIGINFO_SIZE))
    if trace.stop is None or trace.stop.info is None:
        raise LinuxError(E.EINVAL)
    trace.stop.info = dict(info)
    return 0


def _peek_siginfo(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    offset, flags, count = unpack("<QIi", task.mem.read(address, 16))
    if flags & ~1 or count < 0:
        raise LinuxError(E.EINVAL)
    pending = other.process.pending if flags & 1 else other.pending
    queue = pending.queue[offset:offset + count]
    for i, info in enumerate(queue):
        try:
            task.mem.write(data + _SIGINFO_SIZE * i,
                           task.abi.pack_siginfo(info).ljust(_SIGINFO_SIZE, b"\0"))
        except Fault:
            if not i:
                raise
            return i
    return len(queue)


def _get_mask(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    if address != 8:
        raise LinuxError(E.EINVAL)
    mask = other.mask if other.saved_mask is None else other.saved_mask
    task.mem.write_int(data, mask, 8)
    return 0


def _set_mask(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    if address != 8:
        raise LinuxError(E.EINVAL)
    other.mask = task.mem.read_int(data, 8) & ~sig.UNBLOCKABLE
    other.wants_signal_check = True
    return 0


def _filter(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    """There are no filters."""
    if not task.creds.capable(_CAP_SYS_ADMIN):
        raise LinuxError(E.EACCES)
    raise LinuxError(E.EINVAL)


def _rseq(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    where, size, signature = other.rseq
    record = pack("<QIIII", where, size, signature, 0, 0)[:address]
    task.mem.write(data, record)
    return 24


# -- memory ------------------------------------------------------------------------------------
def _peek(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    word = task.call_word
    try:
        value = other.mem.read_int(address, word)
    except Fault:
        raise LinuxError(E.EIO) from None
    task.mem.write_int(data, value, word)
    return 0


def _poke(task: Task, other: Task, trace: Trace, address: int, data: int) -> int:
    word, space = task.call_word, other.mem
    vma = space.find(address)
    if vma is None:
        raise LinuxError(E.EIO)
    prot = vma.prot
    try:
        if not prot & WRITE and not vma.shared:     # a private page is copied all the same
            vma.prot |= WRITE | 1
        space.write_int(address, data, word)
    except Fault:
        raise LinuxError(E.EIO) from None
    finally:
        if vma.prot != prot:
            vma.prot = prot
            for page in space.pages_in(address & -4096, address + word + 4095 & -4096):
                space.table[page] &= ~7
            space.flush()
    return 0


# -- registers, read and written while the CPU is stopped ----------------------------------------
def _outside(task: Task, other: Task, request: int, address: int, data: int) -> Blocking:
    yield OUTSIDE
    return _WITH_REGISTERS[request](task, other, address, data)


def _user(task: Task, other: Task, address: int, word: int) -> bytes:
    """The general registers, if the address is a word in struct user; EIO."""
    size = other.abi.USER_SIZE
    if not size or address % word or address >= size:
        raise LinuxError(E.EIO)
    with tracing.registers(other) as engine:
        return userregs.general(other.abi, engine, tracing.original(other))


def _peek_user(task: Task, other: Task, address: int, data: int) -> int:
    word = other.abi.word
    general = _user(task, other, address, word)
    task.mem.write(data, general[address:address + word].ljust(word, b"\0"))
    return 0


def _poke_user(task: Task, other: Task, address: int, data: int) -> int:
    word = other.abi.word
    general = _user(task, other, address, word)
    if address < len(general):
        _take(other, general[:address] + (data & other.abi.mask).to_bytes(word, "little"))
    return 0


def _take(other: Task, data: bytes) -> None:
    """Set general registers, from the first on."""
    trace = other.ptrace
    with tracing.registers(other) as engine:
        original = userregs.set_general(other.abi, engine, data)
    if original is not None and trace is not None and other.abi.CALL_NUMBER == "orig":
        trace.original = original


def _get_regs(task: Task, other: Task, address: int, data: int) -> int:
    if not other.abi.HAS_GETREGS:
        raise LinuxError(E.EIO)
    with tracing.registers(other) as engine:
        general = userregs.general(other.abi, engine, tracing.original(other))
    task.mem.write(data, general)
    return 0


def _set_regs(task: Task, other: Task, address: int, data: int) -> int:
    if not other.abi.HAS_GETREGS:
        raise LinuxError(E.EIO)
    _take(other, task.mem.read(data, len(other.abi.USER_REGS) * other.abi.word))
    return 0


def _get_float(kind: int) -> Callable[[Task, Task, int, int], int]:
    def get(task: Task, other: Task, address: int, data: int) -> int:
        with tracing.registers(other) as engine:
            found = other.abi.get_float_regs(engine, kind)
        if found is None or not other.abi.HAS_GETREGS:
            raise LinuxError(E.EIO)
        task.mem.write(data, found)
        return 0

    return get


def _set_float(kind: int) -> Callable[[Task, Task, int, int], int]:
    def put(task: Task, other: Task, address: int, data: int) -> int:
        with tracing.registers(other) as engine:
            now = other.abi.get_float_regs(engine, kind)
            if now is None or not other.abi.HAS_GETREGS:
                raise LinuxError(E.EIO)
            other.abi.set_float_regs(engine, kind, task.mem.read(data, len(now)))
        return 0

    return put


def _regset(task: Task, other: Task, kind: int, data: int) -> tuple[int, int, bytes, int]:
    """base and length of the iovec, the set, and the size of its pieces; EFAULT, EINVAL."""
    word = task.call_word
    vector = task.mem.read(data, 2 * word)
    base, length = (int.from_bytes(vector[i:i + word], "little") for i in (0, word))
    abi, unit = other.abi, other.abi.word
    with tracing.registers(other) as engine:
        if kind == NT_PRSTATUS:
            found: bytes | None = userregs.general(abi, engine, tracing.original(other))
        else:
            found, unit = abi.get_float_regs(engine, kind), abi.FLOAT_UNIT
    if found is None or length % unit:
        raise LinuxError(E.EINVAL)
    return base, min(length, len(found)), found, word


def _get_regset(task: Task, other: Task, kind: int, data: int) -> int:
    base, length, found, word = _regset(task, other, kind & 0xFFFFFFFF, data)
    task.mem.write(base, found[:length])
    task.mem.write_int(data + word, length, word)
    return 0


def _set_regset(task: Task, other: Task, kind: int, data: int) -> int:
    base, length, _, word = _regset(task, other, kind & 0xFFFFFFFF, data)
    content = task.mem.read(base, length)
    if kind & 0xFFFFFFFF == NT_PRSTATUS:
        _take(other, content)
    else:
        with tracing.registers(other) as engine:
            if not other.abi.set_float_regs(engine, kind & 0xFFFFFFFF, content):
                raise LinuxError(E.EINVAL)
    task.mem.write_int(data + word, length, word)
    return 0


def _set_syscall(task: Task, other: Task, address: int, data: int) -> int:
    if not other.abi.HAS_SET_SYSCALL or other.ptrace is None:
        raise LinuxError(E.EIO)
    other.ptrace.original = data
    return 0


def _syscall_info(task: Task, other: Task, size: int, data: int) -> int:
    """struct ptrace_syscall_info, as much of it as there is room for; its whole size."""
    trace, abi = other.ptrace, other.call_abi
    assert trace is not None and trace.stop is not None
    with tracing.registers(other) as engine:
        pc, sp = engine.get(engine.PC), engine.get(engine.SP)
        result = engine.get(engine.RESULT)
    kind = {"entry": 1, "exit": 2}.get(trace.stop.kind, 0)
    record = pack("<B3xIQQ", kind, abi.AUDIT_ARCH, pc, sp)
    if kind == 1:
        number = trace.words[0] if trace.original is None else trace.original
        record += pack("<7Q", number & 0xFFFFFFFF, *trace.words[1:7])
    elif kind == 2:
        signed = (result ^ abi.mask // 2 + 1) - (abi.mask // 2 + 1)
        record += pack("<qB", signed, -4096 < signed < 0)
    task.mem.write(data, record[:size])
    return len(record)


_REQUESTS: dict[int, Callable[[Task, Task, Trace, int, int], int]] = {
    PEEKTEXT: _peek, PEEKDATA: _peek, POKETEXT: _poke, POKEDATA: _poke, KILL: _kill,
    DETACH: _detach, INTERRUPT: _interrupt, LISTEN: _listen, SETOPTIONS: _set_options,
    OLDSETOPTIONS: _set_options, GETEVENTMSG: _event_message, GETSIGINFO: _get_siginfo,
    SETSIGINFO: _set_siginfo, PEEKSIGINFO: _peek_siginfo, GETSIGMASK: _get_mask,
    SETSIGMASK: _set_mask, GET_FILTER: _filter, GET_METADATA: _filter, GET_RSEQ: _rseq,
}
_WITH_REGISTERS: dict[int, Callable[[Task, Task, int, int], int]] = {
    PEEKUSER: _peek_user, POKEUSER: _poke_user, GETREGS: _get_regs, SETREGS: _set_regs,
    GETFPREGS: _get_float(NT_FPREGSET), SETFPREGS: _set_float(NT_FPREGSET),
    GETFPXREGS: _get_float(NT_PRXFPREG), SETFPXREGS: _set_float(NT_PRXFPREG),
    GETVFPREGS: _get_float(NT_ARM_VFP), SETVFPREGS: _set_float(NT_ARM_VFP),
    GETREGSET: _get_regset, SETREGSET: _set_regset, GET_SYSCALL_INFO: _syscall_info,
    SET_SYSCALL: _set_syscall,
}
