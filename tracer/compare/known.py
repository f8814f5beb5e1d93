"""What the numbers in a call's text are: facts from sysnames' rows and a few of its own."""
from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sysnames.kinds import CTYPES
from tracer.compare.rules import (
    ADDRESSES,
    DIRECTORIES,
    FDS,
    INODES,
    MACHINE,
    PIDS,
    RANDOM,
    TIMES,
)

if TYPE_CHECKING:
    from sysnames.row import Item, Kind

MAYBE_PID = "maybe-pid"     # a process id if it is known to be one, else a number
IPC_KINDS = ("ipc-shm", "ipc-sem", "ipc-msg")      # ids of one kind of object
POINTER = "pointer"         # an address if it is hexadecimal, else nothing in particular

_PIDS = frozenset(("pid", "tid", "pid_pgid", "pgid", "sid", "waitid_id", "kcmp_idx"))
_ABIS = ("x86_64", "i386", "arm", "aarch64")

# (call, printed argument) → the class of everything in it.
_WHOLE: dict[tuple[str, int], str] = {
    ("gettimeofday", 0): TIMES, ("times", 0): TIMES, ("time", 0): TIMES,
    ("getrusage", 1): TIMES, ("sysinfo", 0): MACHINE, ("getitimer", 1): TIMES,
    ("setitimer", 2): TIMES, ("nanosleep", 1): TIMES, ("clock_nanosleep", 3): TIMES,
    ("clock_nanosleep_time64", 3): TIMES, ("getrandom", 0): RANDOM,
    ("sched_getaffinity", 2): MACHINE, ("getcpu", 0): MACHINE, ("getcpu", 1): MACHINE,
    ("adjtimex", 0): TIMES, ("clock_adjtime", 1): TIMES, ("clock_adjtime64", 1): TIMES,
    **{(f"{name}{suffix}", 1): TIMES for suffix in ("", "64")
       for name in ("clock_gettime", "timer_gettime", "timerfd_gettime")},
    **{(f"{name}{suffix}", 3): TIMES for suffix in ("", "64")
       for name in ("timer_settime", "timerfd_settime")},
}
_RESULTS = {
    "time": TIMES, "times": TIMES, "mmap": ADDRESSES, "mmap2": ADDRESSES, "brk": ADDRESSES,
    "mremap": ADDRESSES, "shmat": ADDRESSES, "rt_sigreturn": MAYBE_PID, "sigreturn": MAYBE_PID,
    "shmget": "ipc-shm", "semget": "ipc-sem", "msgget": "ipc-msg", "sched_getaffinity": MACHINE,
    "getdents": DIRECTORIES, "getdents64": DIRECTORIES, "readdir": DIRECTORIES,
}
_IPC_CALLS = frozenset(("shmat", "shmctl", "semop", "semtimedop", "semtimedop_time64", "semctl",
                        "msgsnd", "msgrcv", "msgctl"))
_FIELDS: dict[str, str] = {
    **dict.fromkeys(
        ("st_atime", "st_mtime", "st_ctime", "st_atime_nsec", "st_mtime_nsec", "st_ctime_nsec",
         "stx_atime", "stx_mtime", "stx_ctime", "stx_btime", "si_utime", "si_stime", "ru_utime",
         "ru_stime", "ru_maxrss", "ru_minflt", "ru_majflt", "ru_inblock", "ru_oublock",
         "ru_nvcsw", "ru_nivcsw", "shm_atime", "shm_dtime", "shm_ctime", "sem_otime",
         "sem_ctime", "msg_stime", "msg_rtime", "msg_ctime"), TIMES),
    **dict.fromkeys(
        ("st_ino", "st_dev", "d_ino", "d_off", "stx_ino", "stx_dev_major", "stx_dev_minor",
         "stx_mnt_id", "f_fsid", "handle_bytes", "f_handle"), INODES),
    **dict.fromkeys(
        ("nodename", "release", "version", "domainname", "machine_id", "st_blocks", "stx_blocks",
         "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_flags", "stx_mask",
         "stx_attributes_mask"),
        MACHINE),
    **dict.fromkeys(("si_pid", "l_pid", "pid", "parent_tid", "child_tid", "msg_lspid",
                     "msg_lrpid", "shm_cpid", "shm_lpid"), PIDS),
    **dict.fromkeys(("child_stack", "tls", "child_tidptr", "sa_handler", "sa_restorer",
                     "sa_sigaction", "si_addr", "si_call_addr", "si_ptr", "sival_ptr", "ss_sp",
                     "base_addr", "stack", "pidfd", "msg_iov", "msg_name", "msg_control",
                     "iov_base", "set_tid", "ptr", "u64", "u32", "next", "robust_list"), POINTER),
    "left": TIMES,
}


class Facts(NamedTuple):
    """Of one call: class by printed argument (inside: of the values in a structure or array that
    have no field's name), by argument's name, and of the result."""

    arguments: tuple[str | None, ...]
    inside: tuple[str | None, ...]
    names: dict[str, str | None]
    result: str | None


def _class(kind: Kind, item: Item) -> str | None:
    if kind.name in _PIDS:
        return PIDS
    if kind.name in ("fd", "dirfd"):
        return FDS
    if kind.name == "futex_val":
        return MAYBE_PID
    if (item.ctype or CTYPES.get(kind.name, "ulong")) == "ptr" or kind.name.endswith("_arg"):
        return POINTER
    return None


def _inner(kind: Kind) -> str | None:
    for param in kind.params:
        if not isinstance(param, (int, str)):
            if param.name in _PIDS:
                return PIDS
            if param.name in ("fd", "dirfd"):
                return FDS
            if param.name == "addr":
                return POINTER
            found = _inner(param)
            if found is not None:
                return found
    return FDS if kind.name in ("fd_pair", "fdset") else None


@cache
def facts(name: str) -> Facts | None:
    """The facts of a call by its printed name; None for an unknown one."""
    from sysnames.lookup import signature

    row = None
    for abi in _ABIS:
        try:
            row = signature(name, abi)
            break
        except KeyError:
            continue
    if row is None:
        return None
    arguments: list[str | None] = []
    inside: list[str | None] = []
    names: dict[str, str | None] = {}
    for item in row.items:
        if item.kind.name == "none":
            continue
        kind = item.kind
        if kind.name == "at" and len(kind.params) > 1 and not isinstance(kind.params[1],
                                                                         (int, str)):
            kind = kind.params[1]
        index = len(arguments)
        whole = _WHOLE.get((name, index))
        names[item.name] = whole or _class(kind, item)
        arguments.append(names[item.name])
        inside.append(whole or _inner(kind))
    if name == "set_tls":
        arguments[0] = names["value"] = POINTER
    if name in _IPC_CALLS:
        arguments[0] = f"ipc-{name[:3]}"
    result = _RESULTS.get(name)
    if result is None and row.result is not None:
        if row.result.name in _PIDS:
            result = PIDS
        elif row.result.name == "fd":
            result = FDS
    return Facts(tuple(arguments), tuple(inside), names, result)


@cache
def field_class(name: str) -> str | None:
    """The class of a structure's field by its name."""
    return _FIELDS.get(name) or _pointer_fields().get(name)


@cache
def _pointer_fields() -> dict[str, str]:
    from sysnames.row import parse
    from sysnames.structs import STRUCTS

    found = {}
    for text in STRUCTS.values():
        for item in parse(text).items:
            kind = _class(item.kind, item)
            if kind in (POINTER, PIDS):
                found[item.name] = kind
    return found


def whole_argument(name: str, index: int) -> str | None:
    """The class of everything in an argument, if it has one."""
    return _WHOLE.get((name, index))
