"""Calls that are one call under different names, on different ABIs or in different years.

``neutral`` turns a call into the form in which all of them are compared: the newest one that has
its arguments (``open`` → ``openat(AT_FDCWD, …)``).  What only an ABI needs is dropped.  What
stays different is in the list of README.md.
"""
from __future__ import annotations

import re
from collections.abc import Callable

from tracer.logs.trees import parse_arguments
from tracer.logs.values import Named, Struct, Value

Form = tuple[str, list[str], str]       # name, arguments, result

_CWD = "AT_FDCWD"

# Calls that set up what only an ABI has.
DROPPED = frozenset(("arch_prctl", "set_thread_area", "get_thread_area", "modify_ldt", "set_tls",
                     "get_tls", "cacheflush", "usr26", "usr32", "breakpoint"))

_RENAMED = {
    "mmap2": "mmap", "old_mmap": "mmap", "fcntl64": "fcntl", "sendfile64": "sendfile",
    "truncate64": "truncate", "ftruncate64": "ftruncate", "fstatat64": "newfstatat",
    "getdents": "getdents64", "_newselect": "select", "sigreturn": "rt_sigreturn",
    "fadvise64_64": "fadvise64", "clock_gettime64": "clock_gettime",
    "clock_settime64": "clock_settime", "clock_adjtime64": "clock_adjtime",
    "timer_gettime64": "timer_gettime", "timer_settime64": "timer_settime",
    "timerfd_gettime64": "timerfd_gettime", "timerfd_settime64": "timerfd_settime",
}
# getuid32 and the like are these with 32.
_IDS = frozenset(("getuid", "geteuid", "getgid", "getegid", "setuid", "setgid", "setreuid",
                  "setregid", "setresuid", "setresgid", "getresuid", "getresgid", "setfsuid",
                  "setfsgid", "getgroups", "setgroups", "chown", "fchown", "lchown"))
_UNSEEN_FLAGS = re.compile(r"\b(?:O_LARGEFILE|SA_RESTORER|AT_STATX_SYNC_AS_STAT|AT_NO_AUTOMOUNT)"
                           r"\b\|?|\|(?:O_LARGEFILE|SA_RESTORER|AT_NO_AUTOMOUNT)\b")
_RESTORER = re.compile(r", sa_restorer=(?:0x[0-9a-f]+|NULL)")
_HERE = re.compile(r"\bAT_FDCWD<[^<>]*>")
_LEFT = re.compile(r" \(left \{[^}]*\}\)|, left \{[^}]*\}")
_MACHINE = re.compile(r'\bmachine="[^"]*"')
_DEVICE = re.compile(r"stx_rdev_major=(\w+), stx_rdev_minor=(\w+)")


def neutral(name: str, arguments: str, returned: str | None) -> tuple[str, str, str | None]:
    """A call's name, arguments and result in the form in which they are compared; the name ""
    if the call is not compared at all."""
    if name in DROPPED:
        return "", arguments, returned
    if name.endswith("_time64"):
        name = name[:-7]
    elif name.endswith("32") and name[:-2] in _IDS:
        name = name[:-2]
    name = _RENAMED.get(name, name)
    arguments = _RESTORER.sub("", _UNSEEN_FLAGS.sub("", arguments))
    arguments = _HERE.sub(_CWD, arguments.replace("sa_flags=}", "sa_flags=0}"))
    arguments = arguments.replace("RLIM64_INFINITY", "RLIM_INFINITY")
    form = _FORMS.get(name)
    if form is None:
        return name, arguments, returned
    values = parse_arguments(arguments)
    try:
        changed = form(name, [str(value) for value in values], returned or "")
    except IndexError:                  # an argument is missing: the line is damaged
        changed = None
    if changed is None:
        return name, arguments, returned
    name, parts, result = changed
    return name, ", ".join(parts), result if returned is not None else None


def _at(new: str, *places: int, more: tuple[str, ...] = ()
        ) -> Callable[[str, list[str], str], Form | None]:
    """AT_FDCWD in front of the arguments at some places, and more arguments at the end."""
    def form(name: str, args: list[str], result: str) -> Form | None:
        out = []
        for i, arg in enumerate(args):
            if i in places:
                out.append(_CWD)
            out.append(arg)
        return new, [*out, *more], result
    return form


def _more(new: str, *more: str) -> Callable[[str, list[str], str], Form | None]:
    """The call that has more arguments."""
    return lambda name, args, result: (new, [*args, *more], result)


def _without(*places: int) -> Callable[[str, list[str], str], Form | None]:
    """Arguments that depend on the word's size, or on where things are, are left out."""
    return lambda name, args, result: (
        name, [arg for i, arg in enumerate(args) if i not in places], result)


def _fields(value: Value) -> str:
    """A structure of stat or statx: the fields that both have."""
    if not isinstance(value, Struct):
        return str(value)
    text = _DEVICE.sub(r"st_rdev=makedev(\1, \2)", str(value)).replace("stx_", "st_")
    struct = parse_arguments(text)[0]
    assert isinstance(struct, Struct)
    wanted = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_rdev")
    found = {item.name: str(item) for item in struct.items if isinstance(item, Named)}
    if "S_IFCHR" in text or "S_IFBLK" in text:
        found.pop("st_size", None)
    else:
        found.pop("st_rdev", None)
    return "{" + ", ".join([found[key] for key in wanted if key in found]) + ", ...}"


def _struct(args: list[str], i: int) -> str:
    return _fields(parse_arguments(args[i])[0]) if i < len(args) else ""


def _flags(text: str) -> str:
    return text.strip("|") or "0"


def _stat(flags: str) -> Callable[[str, list[str], str], Form | None]:
    return lambda name, args, result: (
        ("newfstatat", [_CWD, args[0], _struct(args, 1), flags], result)
        if len(args) == 2 else None)


def _fstat(name: str, args: list[str], result: str) -> Form | None:
    if len(args) != 2:
        return None
    return "newfstatat", [args[0], '""', _struct(args, 1), "AT_EMPTY_PATH"], result


def _fstatat(name: str, args: list[str], result: str) -> Form | None:
    if len(args) != 4:
        return None
    return "newfstatat", [args[0], args[1], _struct(args, 2), _flags(args[3])], result


def _statx(name: str, args: list[str], result: str) -> Form | None:
    if len(args) != 5:
        return None
    return "newfstatat", [args[0], args[1], _struct(args, 4), _flags(args[2])], result


def _creat(name: str, args: list[str], result: str) -> Form | None:
    if len(args) != 2:
        return None
    return "openat", [_CWD, args[0], "O_WRONLY|O_CREAT|O_TRUNC", args[1]], result


def _openat(name: str, args: list[str], result: str) -> Form | None:
    return name, [_flags(arg) if i == 2 else arg for i, arg in enumerate(args)], result


def _open(name: str, args: list[str], result: str) -> Form | None:
    return _openat("openat", [_CWD, *args], result)


def _llseek(name: str, args: list[str], result: str) -> Form | None:
    if len(args) != 4:
        return None
    return "lseek", [args[0], args[1], args[3]], args[2].strip("[]") if result == "0" else result


def _rlimit(name: str, args: list[str], result: str) -> Form | None:
    if len(args) != 2:
        return None
    if name == "setrlimit":
        return "prlimit64", ["0", args[0], args[1], "NULL"], result
    return "prlimit64", ["0", args[0], "NULL", args[1]], result


def _seconds(text: str, unit: int) -> int | None:
    """A printed timespec in milliseconds or microseconds, whatever is in it; None for NULL."""
    numbers = [int(n) for n in re.findall(r"=(-?\d+)", text)]
    if len(numbers) != 2:
        return None
    return numbers[0] * unit + numbers[1] * unit // (10**9 if "tv_nsec" in text else 10**6)


def _poll(name: str, args: list[str], result: str) -> Form | None:
    result = _LEFT.sub("", result)
    if name == "poll":
        return name, args, result
    if len(args) < 4 or args[3] != "NULL":
        return None
    if args[0] == "NULL" and args[1] == "0" and args[2] == "NULL":
        return "pause", [], result
    time = _seconds(args[2], 1000)
    return "poll", [args[0], args[1], "-1" if time is None else str(time)], result


def _select(name: str, args: list[str], result: str) -> Form | None:
    if len(args) < 5 or (name == "pselect6" and len(args) == 6 and args[5] not in (
            "NULL", "{sigmask=NULL, sigsetsize=8}")):
        return None
    time = _seconds(args[4], 10**6)
    shown = args[4] if time is None else (
        f"{{tv_sec={time // 10**6}, tv_usec={time % 10**6}}}")
    return "select", [*args[:4], shown], _LEFT.sub("", result)


def _clone(name: str, args: list[str], result: str) -> Form | None:
    m = re.search(r"flags=([\w|]+)", ", ".join(args))
    flags = set(m[1].split("|")) if m is not None else set()
    if "CLONE_VFORK" in flags:
        return "vfork", [], result
    if "CLONE_VM" not in flags:
        return "fork", [], result
    shown = sorted(flag for flag in flags if flag.startswith("CLONE_"))
    return "clone", [f"flags={'|'.join(shown)}"], result


def _faccessat2(name: str, args: list[str], result: str) -> Form | None:
    return ("faccessat", args[:3], result) if args[3:] == ["0"] else None


def _renameat(name: str, args: list[str], result: str) -> Form | None:
    return "renameat2", [*args, "0"] if name == "renameat" else [_CWD, args[0], _CWD, *args[1:],
                                                                "0"], result


def _getrandom(name: str, args: list[str], result: str) -> Form | None:
    """A word's worth of random bytes."""
    if len(args) != 3 or args[1] not in ("4", "8") or result != args[1]:
        return None
    return name, [args[0], "WORD", args[2]], "WORD"


def _alarm(name: str, args: list[str], result: str) -> Form | None:
    value = f"{{it_interval={{tv_sec=0, tv_usec=0}}, it_value={{tv_sec={args[0]}, tv_usec=0}}}}"
    return "setitimer", ["ITIMER_REAL", value, "OLD"], "0"


def _setitimer(name: str, args: list[str], result: str) -> Form | None:
    return (name, [*args[:2], "OLD"], result) if args[:1] == ["ITIMER_REAL"] else None


def _nanosleep(name: str, args: list[str], result: str) -> Form | None:
    return _clock_nanosleep(name, ["CLOCK_REALTIME", "0", *args], result)


def _clock_nanosleep(name: str, args: list[str], result: str) -> Form | None:
    """musl passes a place for the rest where an address takes 32 bits."""
    if len(args) == 4 and not args[3].startswith("{"):
        args[3] = "NULL"
    return "clock_nanosleep", args, result


def _arm_fadvise(name: str, args: list[str], result: str) -> Form | None:
    return ("fadvise64", [args[0], *args[2:], args[1]], result) if len(args) == 4 else None


def _range2(name: str, args: list[str], result: str) -> Form | None:
    return ("sync_file_range", [args[0], *args[2:], args[1]], result) if len(args) == 4 else None


def _fcntl(name: str, args: list[str], result: str) -> Form | None:
    """F_GETFL: the flags have other numbers."""
    m = re.fullmatch(r"0x[0-9a-f]+ \(flags (.*)\)", result)
    return (name, args, f"(flags {_flags(_UNSEEN_FLAGS.sub('', m[1]))})") if m else None


def _machine(name: str, args: list[str], result: str) -> Form | None:
    return name, [_MACHINE.sub('machine=""', arg) for arg in args], result


_FORMS: dict[str, Callable[[str, list[str], str], Form | None]] = {
    "open": _open, "openat": _openat, "creat": _creat,
    "stat": _stat("0"), "stat64": _stat("0"), "oldstat": _stat("0"),
    "lstat": _stat("AT_SYMLINK_NOFOLLOW"), "lstat64": _stat("AT_SYMLINK_NOFOLLOW"),
    "fstat": _fstat, "fstat64": _fstat, "newfstatat": _fstatat, "statx": _statx,
    "access": _at("faccessat", 0), "faccessat2": _faccessat2,
    "unlink": _at("unlinkat", 0, more=("0",)), "rmdir": _at("unlinkat", 0, more=("AT_REMOVEDIR",)),
    "mkdir": _at("mkdirat", 0), "mknod": _at("mknodat", 0), "chmod": _at("fchmodat", 0),
    "chown": _at("fchownat", 0, more=("0",)),
    "lchown": _at("fchownat", 0, more=("AT_SYMLINK_NOFOLLOW",)),
    "readlink": _at("readlinkat", 0), "symlink": _at("symlinkat", 1),
    "link": _at("linkat", 0, 1, more=("0",)), "rename": _renameat, "renameat": _renameat,
    "dup2": _more("dup3", "0"), "pipe": _more("pipe2", "0"), "eventfd": _more("eventfd2", "0"),
    "signalfd": _more("signalfd4", "0"), "accept": _more("accept4", "0"),
    "inotify_init": _more("inotify_init1", "0"), "waitpid": _more("wait4", "NULL"),
    "send": _more("sendto", "NULL", "0"), "recv": _more("recvfrom", "NULL", "NULL"),
    "epoll_create": lambda name, args, result: ("epoll_create1", ["0"], result),
    "epoll_wait": _more("epoll_pwait", "NULL", "8"),
    "getpgrp": lambda name, args, result: ("getpgid", ["0"], result),
    "_llseek": _llseek,
    "statfs64": lambda name, args, result: ("statfs", [args[0], *args[2:]], result),
    "fstatfs64": lambda name, args, result: ("fstatfs", [args[0], *args[2:]], result),
    "getrlimit": _rlimit, "ugetrlimit": _rlimit, "setrlimit": _rlimit,
    "poll": _poll, "ppoll": _poll, "select": _select, "pselect6": _select,
    "clone": _clone, "clone3": _clone, "getrandom": _getrandom,
    "fcntl": _fcntl, "alarm": _alarm, "setitimer": _setitimer, "nanosleep": _nanosleep,
    "clock_nanosleep": _clock_nanosleep,
    "arm_fadvise64_64": _arm_fadvise, "sync_file_range2": _range2,
    "set_robust_list": _without(1), "rseq": _without(1, 3), "mprotect": _without(1),
    "munmap": _without(1), "uname": _machine, "newuname": _machine,
}
