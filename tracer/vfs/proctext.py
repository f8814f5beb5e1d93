"""The texts of /proc: one function per file, from what the kernel tells (see ``procfs``).

Formats: proc(5) and the files' functions under fs/proc.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.vfs.base import (
    ST_NOATIME,
    ST_NODEV,
    ST_NOEXEC,
    ST_NOSUID,
    ST_RDONLY,
    ST_RELATIME,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.vfs.namespace import Location, Mount, Namespace
    from tracer.vfs.procinfo import Process, System

HZ = 100        # USER_HZ
_INFINITY = (1 << 64) - 1
_STATES = {"R": "running", "S": "sleeping", "D": "disk sleep", "T": "stopped",
           "t": "tracing stop", "Z": "zombie", "X": "dead"}
_LIMITS = (("Max cpu time", "seconds"), ("Max file size", "bytes"), ("Max data size", "bytes"),
           ("Max stack size", "bytes"), ("Max core file size", "bytes"),
           ("Max resident set", "bytes"), ("Max processes", "processes"),
           ("Max open files", "files"), ("Max locked memory", "bytes"),
           ("Max address space", "bytes"), ("Max file locks", "locks"),
           ("Max pending signals", "signals"), ("Max msgqueue size", "bytes"),
           ("Max nice priority", ""), ("Max realtime priority", ""),
           ("Max realtime timeout", "us"))


def _kib(pages: int) -> str:
    return f"{pages * 4:8d} kB"


def status(p: Process, system: System) -> bytes:
    """/proc/PID/status."""
    memory = p.memory()
    pending, shared, blocked, ignored, caught = p.signals()
    inheritable, permitted, effective, bounding, ambient = p.capabilities()
    lines = [
        f"Name:\t{p.comm.decode('utf-8', 'backslashreplace')}",
        f"Umask:\t{p.umask:04o}",
        f"State:\t{p.state} ({_STATES.get(p.state, 'sleeping')})",
        f"Tgid:\t{p.tgid}", "Ngid:\t0", f"Pid:\t{p.pid}", f"PPid:\t{p.ppid}",
        f"TracerPid:\t{p.tracer}",
        "Uid:\t" + "\t".join(map(str, p.uids())),
        "Gid:\t" + "\t".join(map(str, p.gids())),
        f"FDSize:\t{max(64, 1 << max(len(p.fds()) - 1, 0).bit_length())}",
        "Groups:\t" + "".join(f"{g} " for g in p.groups()),
        f"NStgid:\t{p.tgid}", f"NSpid:\t{p.pid}", f"NSpgid:\t{p.pgid}", f"NSsid:\t{p.sid}",
    ]
    if memory:
        size, resident, data, stack, text, library = (memory.get(k, 0) for k in (
            "size", "resident", "data", "stack", "text", "library"))
        lines += [
            f"VmPeak:\t{_kib(memory.get('peak', size))}", f"VmSize:\t{_kib(size)}",
            f"VmLck:\t{_kib(memory.get('locked', 0))}", f"VmPin:\t{_kib(0)}",
            f"VmHWM:\t{_kib(memory.get('resident_peak', resident))}",
            f"VmRSS:\t{_kib(resident)}", f"RssAnon:\t{_kib(resident)}",
            f"RssFile:\t{_kib(0)}", f"RssShmem:\t{_kib(0)}", f"VmData:\t{_kib(data)}",
            f"VmStk:\t{_kib(stack)}", f"VmExe:\t{_kib(text)}", f"VmLib:\t{_kib(library)}",
            f"VmPTE:\t{_kib(memory.get('tables', 0))}", f"VmSwap:\t{_kib(0)}",
            "CoreDumping:\t0",
        ]
    lines += [
        f"Threads:\t{len(p.threads())}", f"SigQ:\t0/{p.limits()[11][0] & 0xFFFFFFFF}",
        f"SigPnd:\t{pending:016x}", f"ShdPnd:\t{shared:016x}", f"SigBlk:\t{blocked:016x}",
        f"SigIgn:\t{ignored:016x}", f"SigCgt:\t{caught:016x}",
        f"CapInh:\t{inheritable:016x}", f"CapPrm:\t{permitted:016x}",
        f"CapEff:\t{effective:016x}", f"CapBnd:\t{bounding:016x}", f"CapAmb:\t{ambient:016x}",
        f"NoNewPrivs:\t{p.no_new_privs}", "Seccomp:\t0", "Seccomp_filters:\t0",
        "Speculation_Store_Bypass:\tnot vulnerable",
        "SpeculationIndirectBranch:\tunknown", "Cpus_allowed:\t1", "Cpus_allowed_list:\t0",
        "Mems_allowed:\t1", "Mems_allowed_list:\t0", "voluntary_ctxt_switches:\t0",
        "nonvoluntary_ctxt_switches:\t0", "",
    ]
    return "\n".join(lines).encode()


def stat(p: Process, system: System) -> bytes:
    """/proc/PID/stat: the 52 fields of proc(5)."""
    memory = p.memory()
    utime, stime, start = (t // (10**9 // HZ) for t in p.times())
    pending, _, blocked, ignored, caught = p.signals()
    limit = p.limits()[5][0]
    where = [memory.get(k, 0) for k in (
        "start_code", "end_code", "start_stack", "sp", "ip")]
    late = [memory.get(k, 0) for k in ("start_data", "end_data", "start_brk", "arg_start",
                                       "arg_end", "env_start", "env_end")]
    mask = 0x7FFFFFFF
    fields: list[object] = [
        p.state, p.ppid, p.pgid, p.sid, p.tty, p.pgid if p.tty else -1, 0x400000,
        0, 0, 0, 0, utime, stime, 0, 0, 20, 0, len(p.threads()), 0, start,
        memory.get("size", 0) * 4096, memory.get("resident", 0), limit, *where,
        pending & mask, blocked & mask, ignored & mask, caught & mask,
        0, 0, 0, 17, 0, 0, 0, 0, 0, 0, *late, p.exit_code,
    ]
    return b"%d (%s) %s\n" % (p.pid, p.comm, " ".join(map(str, fields)).encode())


def statm(p: Process, system: System) -> bytes:
    """/proc/PID/statm, in pages."""
    memory = p.memory()
    return b"%d %d 0 %d 0 %d 0\n" % (
        memory.get("size", 0), memory.get("resident", 0), memory.get("text", 0),
        memory.get("data", 0) + memory.get("stack", 0))


def limits(p: Process, system: System) -> bytes:
    """/proc/PID/limits."""
    def show(value: int) -> str:
        return "unlimited" if value >= _INFINITY else str(value)
    lines = [f"{'Limit':<25} {'Soft Limit':<20} {'Hard Limit':<20} {'Units':<10}"]
    for (name, unit), (soft, hard) in zip(_LIMITS, p.limits(), strict=True):
        line = f"{name:<25} {show(soft):<20} {show(hard):<20} "
        lines.append(line + (f"{unit:<10}" if unit else ""))
    return ("\n".join(lines) + "\n").encode()


# The rows of a mapping that are always 0 here, behind those that `Process.mapped` gives.
_NEVER = ("LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb",
          "Private_Hugetlb", "Swap", "SwapPss")


def smaps(p: Process, system: System) -> bytes:
    """/proc/PID/smaps: each line of maps with the sizes of what is in memory."""
    parts: list[str] = []
    for line, sizes in zip(p.maps().decode("utf-8", "surrogateescape").splitlines(), p.mapped(),
                           strict=True):
        start, _, end = line.split(" ", 1)[0].partition("-")
        rows = {"Size": (int(end, 16) - int(start, 16)) >> 10, "KernelPageSize": 4,
                "MMUPageSize": 4, **sizes, **dict.fromkeys(_NEVER, 0)}
        locked = rows.pop("Locked")
        parts.append(line)
        parts += [f"{name + ':':<16}{size:8} kB" for name, size in rows.items()]
        parts += [f"Locked:         {locked:8} kB", "THPeligible:           0"]
    return "".join([part + "\n" for part in parts]).encode("utf-8", "surrogateescape")


# of the first user namespace: all ids are themselves
ID_MAP = b"%10d %10d %10d\n" % (0, 0, 0xFFFFFFFF)


def io(p: Process, system: System) -> bytes:
    """/proc/PID/io."""
    return (b"rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n"
            b"cancelled_write_bytes: 0\n")


# name → (permissions, text)
PROCESS_FILES: dict[bytes, tuple[int, Callable[[Process, System], bytes]]] = {
    b"auxv": (0o400, lambda p, s: p.auxv()),
    b"cgroup": (0o444, lambda p, s: b"0::/\n"),
    b"cmdline": (0o444, lambda p, s: p.cmdline()),
    b"environ": (0o400, lambda p, s: p.environ()),
    b"io": (0o400, io),
    b"limits": (0o444, limits),
    b"loginuid": (0o644, lambda p, s: b"4294967295"),
    b"maps": (0o444, lambda p, s: p.maps()),
    b"oom_score": (0o444, lambda p, s: b"0\n"),
    b"personality": (0o400, lambda p, s: b"00000000\n"),
    b"sessionid": (0o444, lambda p, s: b"4294967295"),
    b"smaps": (0o444, smaps),
    b"stat": (0o444, stat),
    b"statm": (0o444, statm),
    b"status": (0o444, status),
    b"wchan": (0o444, lambda p, s: b"0"),
    b"coredump_filter": (0o644, lambda p, s: b"00000033\n"),
    b"cpuset": (0o444, lambda p, s: b"/\n"),
    b"gid_map": (0o644, lambda p, s: ID_MAP),
    b"projid_map": (0o644, lambda p, s: ID_MAP),
    b"schedstat": (0o444, lambda p, s: b"%d 0 0\n" % sum(p.times()[:2])),
    b"setgroups": (0o644, lambda p, s: b"allow\n"),
    b"stack": (0o400, lambda p, s: b""),
    b"syscall": (0o400, lambda p, s: b"running\n"),
    b"timens_offsets": (0o644, lambda p, s: b"monotonic           0         0\n"
                                            b"boottime            0         0\n"),
    b"timers": (0o444, lambda p, s: b""),
    b"timerslack_ns": (0o666, lambda p, s: b"50000\n"),
    b"uid_map": (0o644, lambda p, s: ID_MAP),
}


# -- mounts ----------------------------------------------------------------------------
_OPTIONS = ((ST_NOSUID, "nosuid"), (ST_NODEV, "nodev"), (ST_NOEXEC, "noexec"),
            (ST_NOATIME, "noatime"), (ST_RELATIME, "relatime"))


def _octal(text: bytes) -> str:
    for char in b"\\ \t\n#":
        text = text.replace(bytes((char,)), b"\\%03o" % char)
    return text.decode("utf-8", "surrogateescape")


def _options(mount: Mount) -> str:
    flags = mount.flags | mount.fs.flags
    return ",".join(["ro" if flags & ST_RDONLY else "rw"] + [n for f, n in _OPTIONS if flags & f])


def _visible(namespace: Namespace, root: Location) -> list[tuple[Mount, str]]:
    found = []
    for mount in namespace.mounts:
        path = mount.root.path(root)
        if not path.startswith(b"(unreachable)"):
            found.append((mount, _octal(path)))
    return found


def mounts(namespace: Namespace, root: Location) -> bytes:
    """/proc/PID/mounts."""
    lines = [f"{_octal(m.source)} {path} {m.fs.name} {_options(m)} 0 0\n"
             for m, path in _visible(namespace, root)]
    return "".join(lines).encode("utf-8", "surrogateescape")


def mountinfo(namespace: Namespace, root: Location) -> bytes:
    """/proc/PID/mountinfo."""
    lines = []
    for m, path in _visible(namespace, root):
        above = m.at.mount.id if m.at is not None and m.at.mount is not None else m.id
        dev = m.fs.dev
        major, minor = dev >> 8 & 0xFFF, dev & 0xFF | dev >> 12 & ~0xFF
        lines.append(f"{m.id} {above} {major}:{minor} / {path} {_options(m)} - {m.fs.name} "
                     f"{_octal(m.source)} {'ro' if m.fs.flags & ST_RDONLY else 'rw'}\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


# -- the whole system ----------------------------------------------------------------------
def meminfo(system: System) -> bytes:
    """/proc/meminfo."""
    total, free = system.memory_kib()
    values = (("MemTotal", total), ("MemFree", free), ("MemAvailable", free), ("Buffers", 0),
              ("Cached", 0), ("SwapCached", 0), ("Active", 0), ("Inactive", 0), ("Mlocked", 0),
              ("SwapTotal", 0), ("SwapFree", 0), ("Dirty", 0), ("Writeback", 0),
              ("AnonPages", total - free), ("Mapped", 0), ("Shmem", 0), ("Slab", 0),
              ("CommitLimit", total), ("Committed_AS", total - free))
    lines = [f"{name + ':':<16}{value:8d} kB\n" for name, value in values]
    return ("".join(lines) + "HugePages_Total:       0\nHugePages_Free:        0\n"
            "Hugepagesize:       2048 kB\n").encode()


def uptime(system: System) -> bytes:
    """/proc/uptime."""
    ns = system.uptime()
    return b"%d.%02d %d.%02d\n" % (ns // 10**9, ns // 10**7 % 100, 0, 0)


def system_stat(system: System) -> bytes:
    """/proc/stat."""
    ticks = system.uptime() // (10**9 // HZ)
    line = b" %d 0 0 0 0 0 0 0 0 0\n" % ticks
    return (b"cpu " + line + b"cpu0" + line + b"intr 0\nctxt 0\nbtime %d\nprocesses %d\n"
            b"procs_running 1\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n" % (
                system.boot_time() // 10**9, len(system.pids())))


def loadavg(system: System) -> bytes:
    """/proc/loadavg."""
    pids = system.pids()
    return b"0.00 0.00 0.00 1/%d %d\n" % (len(pids), max(pids, default=1))


FILESYSTEMS = b"".join(b"nodev\t%s\n" % name for name in (
    b"sysfs", b"tmpfs", b"proc", b"devtmpfs", b"sockfs", b"pipefs", b"devpts", b"overlay"))

SYSTEM_FILES: dict[bytes, Callable[[System], bytes]] = {
    b"cgroups": lambda s: b"#subsys_name\thierarchy\tnum_cgroups\tenabled\n",
    b"cmdline": lambda s: b"\n",
    b"cpuinfo": lambda s: s.cpuinfo(),
    b"devices": lambda s: (b"Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n"
                           b"  5 /dev/ptmx\n136 pts\n\nBlock devices:\n"),
    b"filesystems": lambda s: FILESYSTEMS,
    b"diskstats": lambda s: b"",
    b"interrupts": lambda s: b"           CPU0       \n",
    b"loadavg": loadavg,
    b"misc": lambda s: b"",
    b"modules": lambda s: b"",
    b"meminfo": meminfo,
    b"partitions": lambda s: b"major minor  #blocks  name\n\n",
    b"stat": system_stat,
    b"swaps": lambda s: b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
    b"uptime": uptime,
    b"version": lambda s: b"Linux version %s (pytrace) %s\n" % (s.release, s.version),
}

# sysctl: path below /proc/sys → text, or a function; those in WRITABLE keep what is written
SYSCTL: dict[bytes, bytes | Callable[[System], bytes]] = {
    b"fs/file-max": b"9223372036854775807\n",
    b"fs/file-nr": b"64\t0\t9223372036854775807\n",
    b"fs/nr_open": b"1048576\n",
    b"fs/overflowgid": b"65534\n",
    b"fs/overflowuid": b"65534\n",
    b"fs/dir-notify-enable": b"1\n",
    b"fs/leases-enable": b"1\n",
    b"fs/inotify/max_queued_events": b"16384\n",
    b"fs/mqueue/queues_max": b"256\n",
    b"fs/epoll/max_user_watches": b"214748\n",
    b"fs/protected_hardlinks": b"0\n",
    b"fs/protected_symlinks": b"0\n",
    b"fs/suid_dumpable": b"0\n",
    b"fs/pipe-max-size": b"1048576\n",
    b"fs/lease-break-time": b"45\n",
    b"fs/inotify/max_user_watches": b"65536\n",
    b"fs/inotify/max_user_instances": b"128\n",
    b"fs/mqueue/msg_max": b"10\n",
    b"fs/mqueue/msgsize_max": b"8192\n",
    b"kernel/cap_last_cap": b"40\n",
    b"kernel/core_pattern": b"core\n",
    b"kernel/domainname": b"(none)\n",
    b"kernel/hostname": lambda s: s.hostname + b"\n",
    b"kernel/msgmax": b"8192\n",
    b"kernel/msgmnb": b"16384\n",
    b"kernel/msgmni": b"32000\n",
    b"kernel/ngroups_max": b"65536\n",
    b"kernel/osrelease": lambda s: s.release + b"\n",
    b"kernel/ostype": b"Linux\n",
    b"kernel/overflowgid": b"65534\n",
    b"kernel/overflowuid": b"65534\n",
    b"kernel/pid_max": b"4194304\n",
    b"kernel/random/boot_id": lambda s: s.uuid(True) + b"\n",
    b"kernel/random/entropy_avail": b"256\n",
    b"kernel/random/poolsize": b"256\n",
    b"kernel/random/uuid": lambda s: s.uuid(False) + b"\n",
    b"kernel/randomize_va_space": b"0\n",
    b"kernel/rtsig-max": b"1024\n",
    b"kernel/sem": b"32000\t1024000000\t500\t32000\n",
    b"kernel/shmall": b"18446744073692774399\n",
    b"kernel/shmmax": b"18446744073692774399\n",
    b"kernel/shmmni": b"4096\n",
    b"kernel/threads-max": b"8192\n",
    b"kernel/version": lambda s: s.version + b"\n",
    b"kernel/yama/ptrace_scope": b"0\n",
    b"net/core/somaxconn": b"4096\n",
    b"net/ipv4/ip_local_port_range": b"32768\t60999\n",
    b"vm/max_map_count": b"65530\n",
    b"vm/mmap_min_addr": b"65536\n",
    b"vm/nr_hugepages": b"0\n",
    b"vm/overcommit_memory": b"0\n",
    b"vm/overcommit_ratio": b"50\n",
    b"vm/swappiness": b"60\n",
}
_TCP = (b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        b"timeout inode")
NET: dict[bytes, bytes] = {
    b"dev": (b"Inter-|   Receive                                                |  Transmit\n"
             b" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets"
             b" errs drop fifo colls carrier compressed\n"
             b"    lo:       0       0    0    0    0     0          0         0        0       0"
             b"    0    0    0     0       0          0\n"),
    b"if_inet6": b"00000000000000000000000000000001 01 80 10 80       lo\n",
    b"route": b"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\t"
              b"IRTT\n",
    b"tcp": _TCP + b"\n",
    b"tcp6": _TCP + b"\n",
    b"udp": _TCP + b" ref pointer drops\n",
    b"udp6": _TCP + b" ref pointer drops\n",
    b"raw": _TCP + b" ref pointer drops\n",
    b"raw6": _TCP + b" ref pointer drops\n",
    b"arp": b"IP address       HW type     Flags       HW address            Mask     Device\n",
    b"igmp": b"Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n",
    b"ipv6_route": b"00000000000000000000000000000001 80 00000000000000000000000000000000 00 "
                   b"00000000000000000000000000000000 00000000 00000002 00000000 80200001 "
                   b"      lo\n",
    b"netlink": b"sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops"
                b"    Inode\n",
    b"packet": b"sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n",
    b"sockstat": b"sockets: used 0\nTCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\n"
                 b"UDP: inuse 0 mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n",
    b"sockstat6": b"TCP6: inuse 0\nUDP6: inuse 0\nUDPLITE6: inuse 0\nRAW6: inuse 0\n"
                  b"FRAG6: inuse 0 memory 0\n",
    b"unix": b"Num       RefCount Protocol Flags    Type St Inode Path\n",
}
