"""Names that the uapi headers do not have: hand-written.

Calls: numbers that the kernel's own tables reserve or used to have (arch/arm/tools/syscall.tbl
lists them as comments), which strace still names.  The ARM tables of strace give them to EABI
and OABI alike.  Errors: include/linux/errno.h, which is not exported.
"""
from __future__ import annotations

# Header that has the calls of each table, and what must be defined before it.
CALL_HEADERS: dict[str, tuple[str, str, str]] = {
    "x86_64": ("x86_64", "asm/unistd_64.h", ""),
    "i386": ("i386", "asm/unistd_32.h", ""),
    "arm": ("arm", "asm/unistd-eabi.h", "#define __NR_SYSCALL_BASE 0\n"),
    "arm_oabi": ("arm", "asm/unistd-oabi.h", "#define __NR_SYSCALL_BASE 0\n"),
    "aarch64": ("aarch64", "asm/unistd_64.h", ""),
}

_ARM_OLD = {
    7: "waitpid", 13: "time", 17: "break", 18: "oldstat", 22: "umount", 25: "stime",
    27: "alarm", 28: "oldfstat", 30: "utime", 31: "stty", 32: "gtty", 35: "ftime", 44: "prof",
    48: "signal", 53: "lock", 56: "mpx", 58: "ulimit", 59: "oldolduname", 68: "sgetmask",
    69: "ssetmask", 76: "getrlimit", 82: "select", 84: "oldlstat", 89: "readdir", 90: "mmap",
    98: "profil", 101: "ioperm", 102: "socketcall", 109: "olduname", 110: "iopl", 112: "idle",
    113: "syscall", 117: "ipc", 123: "modify_ldt", 127: "create_module",
    130: "get_kernel_syms", 137: "afs_syscall", 166: "vm86", 167: "query_module",
    188: "getpmsg", 189: "putpmsg", 447: "memfd_secret",
}  # fmt: skip

# The private calls of arch/arm/include/uapi/asm/unistd.h and cmpxchg, removed in Linux 4.4.
_ARM_PRIVATE = {
    0xF0001: "breakpoint", 0xF0002: "cacheflush", 0xF0003: "usr26", 0xF0004: "usr32",
    0xF0005: "set_tls", 0xF0006: "get_tls", 0xFFFF0: "cmpxchg",
}  # fmt: skip

# Calls that only strace's table names, by table.
CALLS: dict[str, dict[int, str]] = {
    "arm": {**_ARM_OLD, **_ARM_PRIVATE},
    "arm_oabi": {**_ARM_OLD, **_ARM_PRIVATE},
}

# Names that strace prints in place of the header's.
RENAMED_CALLS: dict[str, dict[str, str]] = {
    "arm": {"arm_fadvise64_64": "fadvise64_64", "arm_sync_file_range": "sync_file_range2"},
    "arm_oabi": {"arm_fadvise64_64": "fadvise64_64", "arm_sync_file_range": "sync_file_range2"},
}

# Errors inside the kernel, include/linux/errno.h.
KERNEL_ERRORS: dict[int, str] = {
    512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND", 515: "ENOIOCTLCMD",
    516: "ERESTART_RESTARTBLOCK", 517: "EPROBE_DEFER", 518: "EOPENSTALE", 521: "EBADHANDLE",
    522: "ENOTSYNC", 523: "EBADCOOKIE", 524: "ENOTSUPP", 525: "ETOOSMALL",
    526: "ESERVERFAULT", 527: "EBADTYPE", 528: "EJUKEBOX", 529: "EIOCBQUEUED",
    530: "ERECALLCONFLICT",
}  # fmt: skip

# Texts for the restart codes, as strace prints them; the other kernel errors have glibc's
# "Unknown error N".
RESTART_MESSAGES: dict[int, str] = {
    512: "To be restarted if SA_RESTART is set",
    513: "To be restarted",
    514: "To be restarted if no handler",
    516: "Interrupted by signal",
}

# Second names of an error number; the table has the first.
ERROR_ALIASES = ("EWOULDBLOCK", "EDEADLOCK", "ENOTSUP")

# glibc's strerror texts in the C locale, number → text.
ERROR_MESSAGES: dict[int, str] = {
    1: "Operation not permitted",
    2: "No such file or directory",
    3: "No such process",
    4: "Interrupted system call",
    5: "Input/output error",
    6: "No such device or address",
    7: "Argument list too long",
    8: "Exec format error",
    9: "Bad file descriptor",
    10: "No child processes",
    11: "Resource temporarily unavailable",
    12: "Cannot allocate memory",
    13: "Permission denied",
    14: "Bad address",
    15: "Block device required",
    16: "Device or resource busy",
    17: "File exists",
    18: "Invalid cross-device link",
    19: "No such device",
    20: "Not a directory",
    21: "Is a directory",
    22: "Invalid argument",
    23: "Too many open files in system",
    24: "Too many open files",
    25: "Inappropriate ioctl for device",
    26: "Text file busy",
    27: "File too large",
    28: "No space left on device",
    29: "Illegal seek",
    30: "Read-only file system",
    31: "Too many links",
    32: "Broken pipe",
    33: "Numerical argument out of domain",
    34: "Numerical result out of range",
    35: "Resource deadlock avoided",
    36: "File name too long",
    37: "No locks available",
    38: "Function not implemented",
    39: "Directory not empty",
    40: "Too many levels of symbolic links",
    42: "No message of desired type",
    43: "Identifier removed",
    44: "Channel number out of range",
    45: "Level 2 not synchronized",
    46: "Level 3 halted",
    47: "Level 3 reset",
    48: "Link number out of range",
    49: "Protocol driver not attached",
    50: "No CSI structure available",
    51: "Level 2 halted",
    52: "Invalid exchange",
    53: "Invalid request descriptor",
    54: "Exchange full",
    55: "No anode",
    56: "Invalid request code",
    57: "Invalid slot",
    59: "Bad font file format",
    60: "Device not a stream",
    61: "No data available",
    62: "Timer expired",
    63: "Out of streams resources",
    64: "Machine is not on the network",
    65: "Package not installed",
    66: "Object is remote",
    67: "Link has been severed",
    68: "Advertise error",
    69: "Srmount error",
    70: "Communication error on send",
    71: "Protocol error",
    72: "Multihop attempted",
    73: "RFS specific error",
    74: "Bad message",
    75: "Value too large for defined data type",
    76: "Name not unique on network",
    77: "File descriptor in bad state",
    78: "Remote address changed",
    79: "Can not access a needed shared library",
    80: "Accessing a corrupted shared library",
    81: ".lib section in a.out corrupted",
    82: "Attempting to link in too many shared libraries",
    83: "Cannot exec a shared library directly",
    84: "Invalid or incomplete multibyte or wide character",
    85: "Interrupted system call should be restarted",
    86: "Streams pipe error",
    87: "Too many users",
    88: "Socket operation on non-socket",
    89: "Destination address required",
    90: "Message too long",
    91: "Protocol wrong type for socket",
    92: "Protocol not available",
    93: "Protocol not supported",
    94: "Socket type not supported",
    95: "Operation not supported",
    96: "Protocol family not supported",
    97: "Address family not supported by protocol",
    98: "Address already in use",
    99: "Cannot assign requested address",
    100: "Network is down",
    101: "Network is unreachable",
    102: "Network dropped connection on reset",
    103: "Software caused connection abort",
    104: "Connection reset by peer",
    105: "No buffer space available",
    106: "Transport endpoint is already connected",
    107: "Transport endpoint is not connected",
    108: "Cannot send after transport endpoint shutdown",
    109: "Too many references: cannot splice",
    110: "Connection timed out",
    111: "Connection refused",
    112: "Host is down",
    113: "No route to host",
    114: "Operation already in progress",
    115: "Operation now in progress",
    116: "Stale file handle",
    117: "Structure needs cleaning",
    118: "Not a XENIX named type file",
    119: "No XENIX semaphores available",
    120: "Is a named type file",
    121: "Remote I/O error",
    122: "Disk quota exceeded",
    123: "No medium found",
    124: "Wrong medium type",
    125: "Operation canceled",
    126: "Required key not available",
    127: "Key has expired",
    128: "Key has been revoked",
    129: "Key was rejected by service",
    130: "Owner died",
    131: "State not recoverable",
    132: "Operation not possible due to RF-kill",
    133: "Memory page has hardware error",
}

# Second names of a signal number.
SIGNAL_ALIASES = ("SIGIOT", "SIGPOLL", "SIGLOST", "SIGUNUSED")

# Macros of <linux/signal.h> that look like signals and are not (SIGSWI is of old ARM; the
# header's SIGRTMAX needs a name that is not exported).
NOT_SIGNALS = ("SIGSTKSZ", "SIGSWI", "SIGRTMAX")

# si_code names that strace prints, by signal; "" has those of every signal.
SI_CODE_SETS: dict[str, tuple[str, ...]] = {
    "": (
        "SI_USER", "SI_KERNEL", "SI_QUEUE", "SI_TIMER", "SI_MESGQ", "SI_ASYNCIO", "SI_SIGIO",
        "SI_TKILL", "SI_DETHREAD", "SI_ASYNCNL",
    ),
    "SIGILL": (
        "ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG",
        "ILL_COPROC", "ILL_BADSTK",
    ),
    "SIGTRAP": (
        "TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF",
    ),
    "SIGBUS": ("BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"),
    "SIGFPE": (
        "FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES",
        "FPE_FLTINV", "FPE_FLTSUB", "FPE_FLTUNK", "FPE_CONDTRAP",
    ),
    "SIGSEGV": (
        "SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR", "SEGV_ACCADI",
        "SEGV_ADIDERR", "SEGV_ADIPERR", "SEGV_MTEAERR", "SEGV_MTESERR", "SEGV_CPERR",
    ),
    "SIGCHLD": (
        "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED",
    ),
    "SIGIO": ("POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP"),
    "SIGSYS": ("SYS_SECCOMP", "SYS_USER_DISPATCH"),
}  # fmt: skip
