"""Which names form a set of constants: hand-written, read by the generator only.

One module per topic.  `HEADERS` has groups of uapi headers, parted by empty lines, each compiled
on its own (headers of different groups do not get on); `header@abi` is for that ABI only.
`SETS` is text:

    open_mode_flags flags O_???
        O_CREAT O_EXCL …

The head line is the set's name (that of strace's table), `flags` or `enum`, and the text that
strace prints as a comment after a value without a name (`-`: none).  In between may stand `dec`
or `udec`: how such a value is printed (default: hex), and `u64` or `int`: the width of the
values (default: unsigned, 32 bits).  The names follow in the order strace tries them.  A name
is a C expression, printed as it stands (`1<<CAP_KILL`).  `NAME=value` is for names that the uapi
headers do not have, `NAME@abi` and `NAME=value@abi` for names of some ABIs only.
"""
from __future__ import annotations

TOPICS = (
    "bpf",
    "btrfs",
    "console",
    "device",
    "evdev",
    "file",
    "fs",
    "ipc",
    "keys",
    "kvm",
    "memory",
    "mount",
    "netlink",
    "perf",
    "poll",
    "prctl",
    "process",
    "ptrace",
    "quota",
    "rtnetlink",
    "sched",
    "signal",
    "socket",
    "system",
    "termios",
    "time",
    "uffd",
    "uring",
    "v4l2",
)
