"""prctl(2): one function per option, called with the four arguments."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.ids import commit
from tracer.kernel.registry import syscall
from tracer.kernel.task import PR_SET_TSC

if TYPE_CHECKING:
    from tracer.kernel.task import Task

Option = Callable[["Task", int, int, int, int], int]
OPTIONS: dict[int, Option] = {}

CAP_SETPCAP, CAP_SYS_RESOURCE = 8, 24
LAST_CAP = 40
TASK_COMM_LEN = 16
_KEEP_CAPS, _KEEP_CAPS_LOCKED, _NO_AMBIENT_RAISE = 1 << 4, 1 << 5, 1 << 6
_ALL_BITS, _ALL_LOCKS = 0x55, 0xAA


def option(number: int) -> Callable[[Option], Option]:
    """Register the function of an option."""
    def register(function: Option) -> Option:
        OPTIONS[number] = function
        return function
    return register


@syscall("prctl", note="options that change what the emulated machine lacks are refused")
def prctl(task: Task, number: int, a: int, b: int, c: int, d: int) -> int:
    function = OPTIONS.get(number)
    if function is None:
        raise LinuxError(E.EINVAL)
    return function(task, a, b, c, d)


def _zero(*rest: int) -> None:
    """Arguments that must be 0."""
    if any(rest):
        raise LinuxError(E.EINVAL)


@option(1)      # PR_SET_PDEATHSIG
def set_pdeathsig(task: Task, a: int, b: int, c: int, d: int) -> int:
    if a > 64:
        raise LinuxError(E.EINVAL)
    task.pdeath_signal = a
    return 0


@option(2)      # PR_GET_PDEATHSIG
def get_pdeathsig(task: Task, a: int, b: int, c: int, d: int) -> int:
    task.mem.write_int(a, task.pdeath_signal, 4)
    return 0


@option(3)      # PR_GET_DUMPABLE
def get_dumpable(task: Task, a: int, b: int, c: int, d: int) -> int:
    return task.mem.dumpable


@option(4)      # PR_SET_DUMPABLE
def set_dumpable(task: Task, a: int, b: int, c: int, d: int) -> int:
    if a > 1:
        raise LinuxError(E.EINVAL)
    task.mem.dumpable = a
    return 0


@option(7)      # PR_GET_KEEPCAPS
def get_keepcaps(task: Task, a: int, b: int, c: int, d: int) -> int:
    return int(bool(task.creds.securebits & _KEEP_CAPS))


@option(8)      # PR_SET_KEEPCAPS
def set_keepcaps(task: Task, a: int, b: int, c: int, d: int) -> int:
    if a > 1:
        raise LinuxError(E.EINVAL)
    if task.creds.securebits & _KEEP_CAPS_LOCKED:
        raise LinuxError(E.EPERM)
    new = task.creds.copy()
    new.securebits = new.securebits & ~_KEEP_CAPS | _KEEP_CAPS * a
    return commit(task, new)


@option(13)     # PR_GET_TIMING: PR_TIMING_STATISTICAL is the only kind
def get_timing(task: Task, a: int, b: int, c: int, d: int) -> int:
    return 0


@option(14)     # PR_SET_TIMING
def set_timing(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(a)
    return 0


@option(15)     # PR_SET_NAME
def set_name(task: Task, a: int, b: int, c: int, d: int) -> int:
    task.comm = task.mem.read_string(a, TASK_COMM_LEN - 1)[0]
    task.name_set = True
    return 0


@option(16)     # PR_GET_NAME
def get_name(task: Task, a: int, b: int, c: int, d: int) -> int:
    task.mem.write(a, task.comm[:TASK_COMM_LEN - 1].ljust(TASK_COMM_LEN, b"\0"))
    return 0


@option(21)     # PR_GET_SECCOMP
def get_seccomp(task: Task, a: int, b: int, c: int, d: int) -> int:
    return task.seccomp


@option(22)     # PR_SET_SECCOMP
def set_seccomp(task: Task, a: int, b: int, c: int, d: int) -> int:
    from tracer.kernel import seccomp
    from tracer.kernel.calls.seccomp import set_filter
    if a == seccomp.MODE_STRICT:
        seccomp.set_strict(task)
        return 0
    if a == seccomp.MODE_FILTER:
        return set_filter(task, 0, b)
    raise LinuxError(E.EINVAL)


@option(23)     # PR_CAPBSET_READ
def capbset_read(task: Task, a: int, b: int, c: int, d: int) -> int:
    if a > LAST_CAP:
        raise LinuxError(E.EINVAL)
    return task.creds.bounding >> a & 1


@option(24)     # PR_CAPBSET_DROP
def capbset_drop(task: Task, a: int, b: int, c: int, d: int) -> int:
    if not task.creds.capable(CAP_SETPCAP):
        raise LinuxError(E.EPERM)
    if a > LAST_CAP:
        raise LinuxError(E.EINVAL)
    new = task.creds.copy()
    new.bounding &= ~(1 << a)
    return commit(task, new)


_TSC_ENABLE, _TSC_SIGSEGV = 1, 2


@option(25)     # PR_GET_TSC
def get_tsc(task: Task, a: int, b: int, c: int, d: int) -> int:
    if not task.abi.has_tsc:
        raise LinuxError(E.EINVAL)
    task.mem.write_int(a, task.settings.get(PR_SET_TSC, _TSC_ENABLE), 4)
    return 0


@option(PR_SET_TSC)
def set_tsc(task: Task, a: int, b: int, c: int, d: int) -> int:
    value = a & 0xFFFFFFFF
    if not task.abi.has_tsc or value not in (_TSC_ENABLE, _TSC_SIGSEGV):
        raise LinuxError(E.EINVAL)
    task.settings[PR_SET_TSC] = value
    task.engine.forbids_tsc = value == _TSC_SIGSEGV
    return 0


@option(27)     # PR_GET_SECUREBITS
def get_securebits(task: Task, a: int, b: int, c: int, d: int) -> int:
    return task.creds.securebits


@option(28)     # PR_SET_SECUREBITS
def set_securebits(task: Task, a: int, b: int, c: int, d: int) -> int:
    old = task.creds.securebits
    if ((old & _ALL_LOCKS) >> 1 & (old ^ a) or old & _ALL_LOCKS & ~a
            or a & ~(_ALL_LOCKS | _ALL_BITS) or not task.creds.capable(CAP_SETPCAP)):
        raise LinuxError(E.EPERM)
    new = task.creds.copy()
    new.securebits = a
    return commit(task, new)


@option(29)     # PR_SET_TIMERSLACK
def set_timerslack(task: Task, a: int, b: int, c: int, d: int) -> int:
    if task.policy[0] not in (1, 2, 6):         # real-time threads have none
        task.timer_slack = a or 50000
    return 0


@option(30)     # PR_GET_TIMERSLACK
def get_timerslack(task: Task, a: int, b: int, c: int, d: int) -> int:
    return task.timer_slack


@option(31)     # PR_TASK_PERF_EVENTS_DISABLE
@option(32)     # PR_TASK_PERF_EVENTS_ENABLE
def perf_events(task: Task, a: int, b: int, c: int, d: int) -> int:
    return 0


_MCE_KILL, _MCE_LATE, _MCE_DEFAULT = 33, 0, 2


@option(33)     # PR_MCE_KILL
def mce_kill(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(c, d)
    if a == 0:                                  # PR_MCE_KILL_CLEAR
        _zero(b)
        task.settings.pop(_MCE_KILL, None)
    elif a == 1 and b <= _MCE_DEFAULT:
        task.settings[_MCE_KILL] = b
    else:
        raise LinuxError(E.EINVAL)
    return 0


@option(34)     # PR_MCE_KILL_GET
def mce_kill_get(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(a, b, c, d)
    return task.settings.get(_MCE_KILL, _MCE_DEFAULT)


_MM_FIELDS = {1: "code_start", 2: "code_end", 5: "stack_start", 6: "brk_start", 7: "brk",
              8: "arg_start", 9: "arg_end", 10: "env_start", 11: "env_end"}
_MM_AUXV, _MM_EXE_FILE, _MM_MAP, _MM_MAP_SIZE = 12, 13, 14, 15
_MM_DATA = (3, 4)
_PRCTL_MM_MAP_SIZE = 104


@option(35)     # PR_SET_MM
def set_mm(task: Task, a: int, b: int, c: int, d: int) -> int:
    if d or (c and a not in (_MM_AUXV, _MM_MAP, _MM_MAP_SIZE)):
        raise LinuxError(E.EINVAL)
    if a == _MM_MAP_SIZE:
        task.mem.write_int(b, _PRCTL_MM_MAP_SIZE, 4)
        return 0
    if a == _MM_MAP:
        raise LinuxError(E.EINVAL)
    if not task.creds.capable(CAP_SYS_RESOURCE):
        raise LinuxError(E.EPERM)
    mem = task.mem
    if a == _MM_EXE_FILE:
        task.files.get(b & 0xFFFFFFFF)
        raise LinuxError(E.EBUSY)               # the program in place is still mapped
    if a == _MM_AUXV:
        if not b or c > 52 * 8:
            raise LinuxError(E.EINVAL)
        mem.auxv = mem.read(b, c)
        return 0
    if b >= mem.top or b < mem.mmap_min:
        raise LinuxError(E.EINVAL)
    if a in _MM_DATA:
        return 0
    field = _MM_FIELDS.get(a)
    if field is None or (mem.find(b) is None and field not in ("brk", "brk_start")):
        raise LinuxError(E.EINVAL)
    setattr(mem, field, b)
    return 0


@option(40)     # PR_GET_TID_ADDRESS
def get_tid_address(task: Task, a: int, b: int, c: int, d: int) -> int:
    task.mem.write_int(a, task.clear_child_tid, task.abi.word)
    return 0


@option(36)     # PR_SET_CHILD_SUBREAPER
def set_child_subreaper(task: Task, a: int, b: int, c: int, d: int) -> int:
    task.process.subreaper = bool(a)
    return 0


@option(37)     # PR_GET_CHILD_SUBREAPER
def get_child_subreaper(task: Task, a: int, b: int, c: int, d: int) -> int:
    task.mem.write_int(a, task.process.subreaper, 4)
    return 0


@option(38)     # PR_SET_NO_NEW_PRIVS
def set_no_new_privs(task: Task, a: int, b: int, c: int, d: int) -> int:
    if a != 1 or b or c or d:
        raise LinuxError(E.EINVAL)
    task.no_new_privs = task.creds.no_new_privs = True
    return 0


@option(39)     # PR_GET_NO_NEW_PRIVS
def get_no_new_privs(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(a, b, c, d)
    return int(task.no_new_privs)


_THP, _MDWE, _MERGE, _IO_FLUSHER = 41, 65, 67, 57


@option(41)     # PR_SET_THP_DISABLE
def set_thp_disable(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(b, c, d)
    task.settings[_THP] = int(bool(a))
    return 0


@option(42)     # PR_GET_THP_DISABLE
def get_thp_disable(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(a, b, c, d)
    return task.settings.get(_THP, 0)


@option(47)     # PR_CAP_AMBIENT
def cap_ambient(task: Task, a: int, b: int, c: int, d: int) -> int:
    is_set, up, down, clear_all = 1, 2, 3, 4
    if a == clear_all:
        _zero(b, c, d)
        new = task.creds.copy()
        new.ambient = 0
        return commit(task, new)
    if b > LAST_CAP or c or d:
        raise LinuxError(E.EINVAL)
    creds = task.creds
    if a == is_set:
        return creds.ambient >> b & 1
    if a not in (up, down):
        raise LinuxError(E.EINVAL)
    if a == up and (not creds.permitted & creds.inheritable & 1 << b
                    or creds.securebits & _NO_AMBIENT_RAISE):
        raise LinuxError(E.EPERM)
    new = creds.copy()
    new.ambient = creds.ambient | 1 << b if a == up else creds.ambient & ~(1 << b)
    return commit(task, new)


@option(52)     # PR_GET_SPECULATION_CTRL: no CPU model here is said to speculate wrongly
def get_speculation_ctrl(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(b, c, d)
    if a > 2:
        raise LinuxError(E.ENODEV)
    return 0                                    # PR_SPEC_NOT_AFFECTED


@option(53)     # PR_SET_SPECULATION_CTRL
def set_speculation_ctrl(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(c, d)
    if a > 2:
        raise LinuxError(E.ENODEV)
    raise LinuxError(E.ENXIO)


@option(57)     # PR_SET_IO_FLUSHER
def set_io_flusher(task: Task, a: int, b: int, c: int, d: int) -> int:
    if not task.creds.capable(CAP_SYS_RESOURCE):
        raise LinuxError(E.EPERM)
    if a > 1 or b or c or d:
        raise LinuxError(E.EINVAL)
    task.settings[_IO_FLUSHER] = a
    return 0


@option(58)     # PR_GET_IO_FLUSHER
def get_io_flusher(task: Task, a: int, b: int, c: int, d: int) -> int:
    if not task.creds.capable(CAP_SYS_RESOURCE):
        raise LinuxError(E.EPERM)
    _zero(a, b, c, d)
    return task.settings.get(_IO_FLUSHER, 0)


@option(65)     # PR_SET_MDWE
def set_mdwe(task: Task, a: int, b: int, c: int, d: int) -> int:
    refuse_exec_gain, no_inherit = 1, 2
    _zero(b, c, d)
    if a & ~3 or (a & no_inherit and not a & refuse_exec_gain):
        raise LinuxError(E.EINVAL)
    old = task.settings.get(_MDWE, 0)
    if old and old != a:
        raise LinuxError(E.EPERM)
    task.settings[_MDWE] = a
    return 0


@option(66)     # PR_GET_MDWE
def get_mdwe(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(a, b, c, d)
    return task.settings.get(_MDWE, 0)


@option(0x41555856)     # PR_GET_AUXV
def get_auxv(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(c, d)
    size = 52 * task.abi.word       # AT_VECTOR_SIZE of x86
    auxv = task.mem.auxv.ljust(size, b"\0")
    task.mem.write(a, auxv[:b])
    return len(auxv)


@option(67)     # PR_SET_MEMORY_MERGE
def set_memory_merge(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(b, c, d)
    task.settings[_MERGE] = int(bool(a))
    return 0


@option(68)     # PR_GET_MEMORY_MERGE
def get_memory_merge(task: Task, a: int, b: int, c: int, d: int) -> int:
    _zero(a, b, c, d)
    return task.settings.get(_MERGE, 0)


_VMA_NAME_MAX = 80
_VMA_FORBIDDEN = frozenset(b"\\`$[]")


@option(0x53564D41)     # PR_SET_VMA
def set_vma(task: Task, a: int, b: int, c: int, d: int) -> int:
    """Names for anonymous mappings, seen in /proc/PID/maps as [anon:NAME]."""
    if a != 0:                                  # PR_SET_VMA_ANON_NAME
        raise LinuxError(E.EINVAL)
    mem = task.mem
    name = ""
    if d:
        raw, ended = mem.read_string(d, _VMA_NAME_MAX)
        if not ended or any(not 0x20 <= ch < 0x7F or ch in _VMA_FORBIDDEN for ch in raw):
            raise LinuxError(E.EINVAL)
        name = f"[anon:{raw.decode('ascii')}]"
    if b & 4095:
        raise LinuxError(E.EINVAL)
    end = b + (c + 4095 & -4096)
    if end >> 64 or (c and end == b):
        raise LinuxError(E.EINVAL)
    if end == b:
        return 0
    for vma in mem.overlapping(b, end):
        if vma.file is not None:
            raise LinuxError(E.EBADF)
    mem.change(b, end, lambda vma: setattr(vma, "name", name))
    if not mem.covered(b, end):
        raise LinuxError(E.ENOMEM)
    return 0
