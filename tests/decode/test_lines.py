"""Lines of real strace logs (golden logs), decoded from registers and memory."""
from __future__ import annotations

import struct

import pytest
from fakes import Tracee

from sysnames.layout import layout


def timespec(sec: int, nsec: int) -> bytes:
    return struct.pack("<qq", sec, nsec)


def test_open_and_read() -> None:
    t = Tracee()
    path = t.mem.place(b"/etc/passwd\0")
    assert t.line("openat", -100, path, 0x80000, result=3) == \
        'openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3'
    assert t.line("openat", -100, path, 0o102 | 0o1000, 0o644, result=3) == \
        'openat(AT_FDCWD, "/etc/passwd", O_RDWR|O_CREAT|O_TRUNC, 0644) = 3'
    assert t.line("openat", -100, 8, 0, error=14) == "openat(AT_FDCWD, 0x8, O_RDONLY) = -1"
    data = t.mem.place(b"a\0b\1\0012\x1b[" + bytes(40))
    assert t.line("read", 3, data, 8, result=8) == r'read(3, "a\0b\1\0012\33[", 8) = 8'
    assert t.line("read", 3, data, 40, result=40) == \
        'read(3, "a\\0b\\1\\0012\\33[' + "\\0" * 24 + '"..., 40) = 40'
    assert t.line("read", 3, data, 40, result=0) == 'read(3, "", 40) = 0'
    assert t.line("read", 3, data, 40, error=9) == f"read(3, {data:#x}, 40) = -1"
    assert t.line("write", 1, data, 0xffffffff, error=14) == \
        'write(1, "a\\0b\\1\\0012\\33[' + "\\0" * 24 + '"..., 4294967295) = -1'


def test_string_at_the_edge_of_memory() -> None:
    t = Tracee()
    exact = t.mem.place(b"x" * 32)
    assert t.line("write", 1, exact, 32, result=32) == f'write(1, "{"x" * 32}", 32) = 32'
    # the byte behind the limit is read as well
    assert t.line("write", 1, exact, 33, error=14) == f"write(1, {exact:#x}, 33) = -1"


def test_flags_by_abi() -> None:
    for abi, flags, text in (("x86_64", 0o200000, "O_RDONLY|O_DIRECTORY"),
                             ("arm", 0o40000, "O_RDONLY|O_DIRECTORY"),
                             ("arm", 0o400000, "O_RDONLY|O_LARGEFILE"),
                             ("i386", 0o100000, "O_RDONLY|O_LARGEFILE"),
                             ("aarch64", 0o200000, "O_RDONLY|O_DIRECT")):
        t = Tracee(abi)
        p = t.mem.place(b".\0")
        assert t.line("openat", -100, p, flags, result=3) == f'openat(AT_FDCWD, ".", {text}) = 3'


def test_junk_in_upper_halves() -> None:
    t = Tracee()
    junk = 0xdefaced00000000
    assert t.line("close", junk | 5) == "close(5) = 0"
    assert t.line("dup2", junk | 0xffffffff, junk | 2, error=9) == "dup2(-1, 2) = -1"


def test_xlat_modes() -> None:
    raw = Tracee(xlat="raw")
    p = raw.mem.place(b"sm.c\0")
    assert raw.line("openat", -100, p, 0x80000, result=3) == 'openat(-100, "sm.c", 0x80000) = 3'
    verbose = Tracee(xlat="verbose")
    p = verbose.mem.place(b"sm.c\0")
    assert verbose.line("openat", -100, p, 0x80000, result=3) == \
        'openat(-100 /* AT_FDCWD */, "sm.c", 0x80000 /* O_RDONLY|O_CLOEXEC */) = 3'


def test_mask_of_a_frame() -> None:
    """sigreturn's mask is an address when it is not to be read, or cannot be."""
    for frame, read, text in (((0x1234, 1 << 9), True, "[USR1]"),
                              ((0x1234, 1 << 9), False, "0x1234"),
                              ((0x1234, None), True, "0x1234")):
        t = Tracee(read_structs=read)
        t.task.sigframe_mask = lambda rt, frame=frame: frame
        assert t.line("rt_sigreturn") == f"rt_sigreturn({{mask={text}}}) = 0"
    t = Tracee("i386", read_structs=False)
    t.task.sigframe_mask = lambda rt: (0x1234, 0)
    assert t.line("sigreturn") == "sigreturn(0x1234) = 0"


def test_memory_calls() -> None:
    t = Tracee()
    assert t.line("mmap", 0, 4096, 3, 0x22, -1, 0, result=0x7fb500000000) == \
        "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7fb500000000"
    assert t.line("mprotect", 0x4c1000, 16384, 1) == "mprotect(0x4c1000, 16384, PROT_READ) = 0"
    assert t.line("brk", 0, result=0x1000) == "brk(NULL) = 0x1000"
    arm = Tracee("arm")
    assert arm.line("mmap2", 0, 4096, 1, 2, 3, 2, result=0x1000) == \
        "mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x2000) = 0x1000"


def test_stat() -> None:
    t = Tracee()
    fields = {"st_mode": 0o100644, "st_size": 88, "st_nlink": 1, "st_dev": 0x801, "st_ino": 7,
              "st_atime": 1700000000, "st_atime_nsec": 5}
    path = t.mem.place(b"\0")
    buf = t.mem.place(layout("stat", "x86_64").pack_dict(fields))
    assert t.line("newfstatat", 1, path, buf, 0x1000) == \
        'newfstatat(1, "", {st_mode=S_IFREG|0644, st_size=88, ...}, AT_EMPTY_PATH) = 0'
    assert t.line("fstat", 1, buf, error=9) == f"fstat(1, {buf:#x}) = -1"
    full = Tracee(abbrev=False)
    buf = full.mem.place(layout("stat", "x86_64").pack_dict(fields))
    assert full.line("fstat", 1, buf) == (
        "fstat(1, {st_dev=makedev(0x8, 0x1), st_ino=7, st_mode=S_IFREG|0644, st_nlink=1, "
        "st_uid=0, st_gid=0, st_blksize=0, st_blocks=0, st_size=88, "
        "st_atime=1700000000 /* 2023-11-14T22:13:20.000000005+0000 */, st_atime_nsec=5, "
        "st_mtime=0, st_mtime_nsec=0, st_ctime=0, st_ctime_nsec=0}) = 0")
    device = {"st_mode": 0o20666, "st_rdev": 0x103}
    for abi, name, struct_name in (("i386", "stat64", "stat64"), ("aarch64", "fstat", "stat")):
        m = Tracee(abi)
        buf = m.mem.place(layout(struct_name, abi).pack_dict(device))
        first = m.mem.place(b"/dev/null\0") if name == "stat64" else 0
        shown = '"/dev/null"' if name == "stat64" else "0"
        assert m.line(name, first, buf) == (
            f"{name}({shown}, {{st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}}) = 0")


def test_statx() -> None:
    t = Tracee("arm")
    path = t.mem.place(b"f\0")
    buf = t.mem.place(layout("statx", "arm").pack_dict(
        {"stx_mask": 0x17ff, "stx_mode": 0o100644, "stx_size": 1221}))
    assert t.line("statx", -100, path, 0x800, 0x17ff, buf) == (
        'statx(AT_FDCWD, "f", AT_STATX_SYNC_AS_STAT|AT_NO_AUTOMOUNT, '
        "STATX_BASIC_STATS|STATX_MNT_ID, "
        "{stx_mask=STATX_BASIC_STATS|STATX_MNT_ID, stx_attributes=0, stx_mode=S_IFREG|0644, "
        "stx_size=1221, ...}) = 0")


def test_times() -> None:
    t = Tracee()
    req = t.mem.place(timespec(0, 100000000))
    rem = t.mem.place(timespec(0, 5))
    assert t.line("clock_nanosleep", 0, 0, req, rem) == (
        "clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=100000000}, " f"{rem:#x}) = 0")
    assert t.line("clock_nanosleep", 0, 0, req, rem, error=516) == (
        "clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=100000000}, "
        "{tv_sec=0, tv_nsec=5}) = -1")
    both = t.mem.place(timespec(1000000000, 123456789) + timespec(0, (1 << 30) - 2))
    path = t.mem.place(b"f\0")
    assert t.line("utimensat", -100, path, both, 0) == (
        'utimensat(AT_FDCWD, "f", [{tv_sec=1000000000, tv_nsec=123456789} '
        "/* 2001-09-09T01:46:40.123456789+0000 */, UTIME_OMIT], 0) = 0")
    raw = Tracee(xlat="raw")
    both = raw.mem.place(timespec(1000000000, 123456789) + timespec(0, (1 << 30) - 2))
    path = raw.mem.place(b"f\0")
    assert raw.line("utimensat", -100, path, both, 0x100) == (
        'utimensat(-100, "f", [{tv_sec=1000000000, tv_nsec=123456789} '
        "/* 2001-09-09T01:46:40.123456789+0000 */, {tv_sec=0, tv_nsec=1073741822}], 0x100) = 0")
    tms = t.mem.place(struct.pack("<4q", 7, 143, 0, 0))
    assert t.line("times", tms, result=1717958189) == (
        "times({tms_utime=7 /* 0.07 s */, tms_stime=143 /* 1.43 s */, tms_cutime=0, "
        "tms_cstime=0}) = 1717958189")
    assert t.line("time", 0, result=1795217943) == \
        "time(NULL) = 1795217943 (2026-11-20T23:39:03+0000)"
    timer = t.mem.place(struct.pack("<4q", 0, 0, 1000, 0))
    assert t.line("setitimer", 9, 0, 0, error=22) == \
        "setitimer(0x9 /* ITIMER_??? */, NULL, NULL) = -1"
    assert t.line("setitimer", 0, timer, 0) == (
        "setitimer(ITIMER_REAL, {it_interval={tv_sec=0, tv_usec=0}, "
        "it_value={tv_sec=1000, tv_usec=0}}, NULL) = 0")


def test_resources() -> None:
    t = Tracee()
    lim = t.mem.place(struct.pack("<QQ", 8192 * 1024, (1 << 64) - 1))
    assert t.line("prlimit64", 0, 3, 0, lim) == (
        "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0")
    arm = Tracee("arm")
    lim = arm.mem.place(struct.pack("<II", 8192 * 1024, 0xffffffff))
    assert arm.line("ugetrlimit", 3, lim) == (
        "ugetrlimit(RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=RLIM_INFINITY}) = 0")
    usage = t.mem.place(struct.pack("<4q", 0, 70918, 0, 395211) + bytes(112))
    assert t.line("getrusage", -1, usage) == (
        "getrusage(RUSAGE_CHILDREN, {ru_utime={tv_sec=0, tv_usec=70918}, "
        "ru_stime={tv_sec=0, tv_usec=395211}, ...}) = 0")
    cpus = t.mem.place(b"\3" + bytes(7))
    assert t.line("sched_getaffinity", 0, 8192, cpus, result=8) == \
        "sched_getaffinity(0, 8192, [0 1]) = 8"


def test_signals() -> None:
    t = Tracee()
    act = t.mem.place(struct.pack("<QQQQ56x", 0x401615, 0x14000000, 0x409880, 1 << 1 | 1 << 9))
    assert t.line("rt_sigaction", 10, act, 0, 8) == (
        "rt_sigaction(SIGUSR1, {sa_handler=0x401615, sa_mask=[INT USR1], "
        "sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x409880}, NULL, 8) = 0")
    old = t.mem.place(bytes(88))
    assert t.line("rt_sigaction", 2, 0, old, 8) == (
        "rt_sigaction(SIGINT, NULL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, 8) = 0")
    empty = t.mem.place(bytes(8))
    assert t.line("rt_sigprocmask", 2, empty, 0, 8) == \
        "rt_sigprocmask(SIG_SETMASK, [], NULL, 8) = 0"
    many = t.mem.place(struct.pack("<Q", (1 << 64) - 1 & ~(3 << 31)))
    assert t.line("rt_sigprocmask", 0, many, 0, 8) == \
        "rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], NULL, 8) = 0"
    ss = t.mem.place(struct.pack("<QIxxxxQ", 0, 2, 0))
    assert t.line("sigaltstack", 0, ss) == \
        "sigaltstack(NULL, {ss_sp=NULL, ss_flags=SS_DISABLE, ss_size=0}) = 0"
    assert t.line("kill", 462, 10) == "kill(462, SIGUSR1) = 0"
    assert t.line("tgkill", 1, 2, 0) == "tgkill(1, 2, 0) = 0"
    info = t.mem.place(struct.pack("<iiixxxxiIQ", 35, 0, -1, 470, 0, 1234) + bytes(96))
    assert t.line("rt_sigqueueinfo", 470, 35, info) == (
        "rt_sigqueueinfo(470, SIGRT_3, {si_signo=SIGRT_3, si_code=SI_QUEUE, si_pid=470, "
        "si_uid=0, si_int=1234, si_ptr=0x4d2}) = 0")
    usr1 = t.mem.place(struct.pack("<Q", 1 << 9))
    wait = t.mem.place(timespec(0, 1000000))
    assert t.line("rt_sigtimedwait", usr1, info, wait, 8, error=11) == (
        f"rt_sigtimedwait([USR1], {info:#x}, {{tv_sec=0, tv_nsec=1000000}}, 8) = -1")
    assert t.line("rt_sigtimedwait", usr1, 0, 0, 8, result=10) == \
        "rt_sigtimedwait([USR1], NULL, NULL, 8) = 10 (SIGUSR1)"
    event = t.mem.place(struct.pack("<Qii", 0, 10, 0) + bytes(48))
    timer = t.mem.place(bytes(4))
    assert t.line("timer_create", 0, event, timer) == (
        "timer_create(CLOCK_REALTIME, {sigev_signo=SIGUSR1, sigev_notify=SIGEV_SIGNAL}, [0]) = 0")


def test_processes() -> None:
    t = Tracee()
    status = t.mem.place(struct.pack("<i", 7 << 8))
    assert t.line("wait4", -1, status, 0, 0, result=77) == \
        "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 7}], 0, NULL) = 77"
    assert t.line("wait4", -1, status, 1, 0, result=0) == \
        f"wait4(-1, {status:#x}, WNOHANG, NULL) = 0"
    for word, text in ((9, "{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}"),
                       (0x8b, "{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}"),
                       (0x137f, "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}"),
                       (0xffff, "{WIFCONTINUED(s)}")):
        at = t.mem.place(struct.pack("<i", word))
        assert t.line("wait4", -1, at, 2, 0, result=5) == \
            f"wait4(-1, [{text}], WSTOPPED, NULL) = 5"
    assert t.line("clone", 0x1200011, 0, 0, 0x80f23e8, 0, result=3397) == (
        "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, "
        "child_tidptr=0x80f23e8) = 3397")
    assert t.line("clone", 17, 0, 0, 0, 0, result=5) == \
        "clone(child_stack=NULL, flags=SIGCHLD) = 5"
    tid = t.mem.place(struct.pack("<i", 31709))
    args = t.mem.place(struct.pack("<11Q", 0x3d0f00, 0, tid, tid, 0, 0x7ffff77f6000, 0x800300,
                                   0x7ffff7ff66c0, 0, 0, 0))
    _, _, values = t.begin("clone3", args, 88)
    before = t.style.arguments(values)
    assert before.endswith("tls=0x7ffff7ff66c0}")
    assert t.line("clone3", args, 88, result=31709) == (
        "clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|"
        f"CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, child_tid={tid:#x}, "
        f"parent_tid={tid:#x}, exit_signal=0, stack=0x7ffff77f6000, stack_size=0x800300, "
        "tls=0x7ffff7ff66c0} => {parent_tid=[31709]}, 88) = 31709")
    path, arg = t.mem.place(b"./h\0"), t.mem.place(b"./h\0")
    argv = t.mem.place(struct.pack("<QQ", arg, 0))
    envp = t.mem.place(struct.pack("<3Q", arg, arg, 0))
    assert t.line("execve", path, argv, envp) == \
        f'execve("./h", ["./h"], {envp:#x} /* 2 vars */) = 0'
    assert t.line("futex", 0x10, 0, 1, 0, error=14) == "futex(0x10, FUTEX_WAIT, 1, NULL) = -1"
    assert t.line("futex", 0x143a58, 129, 1) == "futex(0x143a58, FUTEX_WAKE_PRIVATE, 1) = 0"
    abs_time = t.mem.place(timespec(5, 0))
    assert t.line("futex", 0x10, 137 | 256, 1, abs_time, 0, 0xffffffff) == (
        "futex(0x10, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 1, {tv_sec=5, tv_nsec=0}, "
        "FUTEX_BITSET_MATCH_ANY) = 0")
    name = t.mem.place(b"busybox\0" + bytes(8))
    assert t.line("prctl", 16, name) == 'prctl(PR_GET_NAME, "busybox") = 0'
    assert t.line("prctl", 15, name) == 'prctl(PR_SET_NAME, "busybox") = 0'
    assert t.line("prctl", 9999, 1, 2, 3, 4, error=22) == \
        "prctl(0x270f /* PR_??? */, 0x1, 0x2, 0x3, 0x4) = -1"
    assert t.line("arch_prctl", 0x1002, 0x5ec3c0) == "arch_prctl(ARCH_SET_FS, 0x5ec3c0) = 0"


def test_thread_area() -> None:
    t = Tracee("i386")
    desc = t.mem.place(struct.pack("<4I", 0xffffffff, 0x80f1380, 0xfffff, 0x51))

    def kernel() -> None:
        t.mem.pages[desc][:4] = struct.pack("<I", 12)

    assert t.line("set_thread_area", desc, after=kernel) == (
        "set_thread_area({entry_number=-1, base_addr=0x80f1380, limit=0x0fffff, seg_32bit=1, "
        "contents=0, read_exec_only=0, limit_in_pages=1, seg_not_present=0, useable=1}) = 0 "
        "(entry_number=12)")


def test_waiting() -> None:
    t = Tracee()
    fds = t.mem.place(struct.pack("<ihhihhihh", 3, 1, 1, 4, 12, 4, 99, 1, 32))
    assert t.line("poll", fds, 3, 1000, result=3) == (
        "poll([{fd=3, events=POLLIN}, {fd=4, events=POLLOUT|POLLERR}, {fd=99, events=POLLIN}], "
        "3, 1000) = 3 ([{fd=3, revents=POLLIN}, {fd=4, revents=POLLOUT}, "
        "{fd=99, revents=POLLNVAL}])")
    assert t.line("poll", 0, 0, 10) == "poll(NULL, 0, 10) = 0 (Timeout)"
    one = t.mem.place(struct.pack("<ihh", 8, 1, 1))
    left = t.mem.place(timespec(0, 999830432))
    assert t.line("ppoll", one, 1, left, 0, 0, result=1) == (
        "ppoll([{fd=8, events=POLLIN}], 1, {tv_sec=0, tv_nsec=999830432}, NULL, 0) = 1 "
        "([{fd=8, revents=POLLIN}], left {tv_sec=0, tv_nsec=999830432})")
    sets = t.mem.place(struct.pack("<Q", 8))
    out = t.mem.place(struct.pack("<Q", 16))
    wait = t.mem.place(timespec(5, 0))
    assert t.line("pselect6", 5, sets, out, 0, wait, 0, result=2) == (
        "pselect6(5, [3], [4], NULL, {tv_sec=5, tv_nsec=0}, NULL) = 2 "
        "(in [3], out [4], left {tv_sec=5, tv_nsec=0})")
    mask = t.mem.place(struct.pack("<Q", 1 << 11))
    pack = t.mem.place(struct.pack("<QQ", mask, 8))
    assert t.line("pselect6", 4, sets, 0, 0, 0, pack, result=1) == (
        "pselect6(4, [3], NULL, NULL, NULL, {sigmask=[USR2], sigsetsize=8}) = 1 (in [3])")
    event = t.mem.place(struct.pack("<IQ", 0x80000001, 4386))
    assert t.line("epoll_ctl", 5, 1, 3, event) == (
        "epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLET, data={u32=4386, u64=4386}}) = 0")
    assert t.line("epoll_wait", 5, event, 4, 10) == "epoll_wait(5, [], 4, 10) = 0"
    assert t.line("epoll_pwait", 5, event, 4, -1, mask, 8, result=1) == (
        "epoll_pwait(5, [{events=EPOLLIN|EPOLLET, data={u32=4386, u64=4386}}], 4, -1, [USR2], 8) "
        "= 1")
    assert t.line("epoll_ctl", 1, 77, 2, 0, error=14) == \
        "epoll_ctl(1, 0x4d /* EPOLL_CTL_??? */, 2, NULL) = -1"


def test_vectors() -> None:
    t = Tracee()
    a, b = t.mem.place(b"first,"), t.mem.place(b"second,")
    vec = t.mem.place(struct.pack("<4Q", a, 6, b, 7))
    assert t.line("writev", 3, vec, 2, result=13) == (
        'writev(3, [{iov_base="first,", iov_len=6}, {iov_base="second,", iov_len=7}], 2) = 13')
    assert t.line("readv", 3, vec, 2, result=9) == (
        'readv(3, [{iov_base="first,", iov_len=6}, {iov_base="sec", iov_len=7}], 2) = 9')
    assert t.line("preadv", 3, vec, 2, -7, -1, error=22) == (
        f"preadv(3, [{{iov_base={a:#x}, iov_len=6}}, {{iov_base={b:#x}, iov_len=7}}], 2, -7) = -1")
    assert t.line("writev", 3, vec, 3, error=14) == (
        'writev(3, [{iov_base="first,", iov_len=6}, {iov_base="second,", iov_len=7}, '
        f"... /* {vec + 32:#x} */], 3) = -1")
    off = t.mem.place(struct.pack("<q", 6))

    def kernel() -> None:
        t.mem.pages[off][:] = struct.pack("<q", 16)

    assert t.line("sendfile", 4, 3, off, 10, result=10, after=kernel) == \
        "sendfile(4, 3, [6] => [16], 10) = 10"
    arm = Tracee("arm")
    pos = arm.mem.place(struct.pack("<q", 366))
    assert arm.line("_llseek", 4, 0, 0, pos, 2) == "_llseek(4, 0, [366], SEEK_END) = 0"
    assert arm.line("ftruncate64", 3, 0xbad, 5, 1) == "ftruncate64(3, 4294967301) = 0"
    i386 = Tracee("i386")
    assert i386.line("ftruncate64", 3, 5, 1) == "ftruncate64(3, 4294967301) = 0"


def test_sockets() -> None:
    t = Tracee()
    assert t.line("socket", 2, 0x80001, 6, result=3) == \
        "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3"
    assert t.line("socket", 1, 1, 0, result=3) == "socket(AF_UNIX, SOCK_STREAM, 0) = 3"
    addr = t.mem.place(bytes.fromhex("0200b8147f000001") + bytes(8))
    assert t.line("connect", 8, addr, 16) == (
        'connect(8, {sa_family=AF_INET, sin_port=htons(47124), '
        'sin_addr=inet_addr("127.0.0.1")}, 16) = 0')
    size = t.mem.place(struct.pack("<i", 16))
    assert t.line("getsockname", 8, addr, size) == (
        'getsockname(8, {sa_family=AF_INET, sin_port=htons(47124), '
        'sin_addr=inet_addr("127.0.0.1")}, [16]) = 0')
    assert t.line("getpeername", 0, addr, size, error=88) == \
        f"getpeername(0, {addr:#x}, [16]) = -1"
    assert t.line("accept", 6, 0, 0, result=8) == "accept(6, NULL, NULL) = 8"
    room = t.mem.place(struct.pack("<i", 128))

    def kernel() -> None:
        t.mem.pages[room][:] = struct.pack("<i", 16)

    assert t.line("accept", 6, addr, room, result=8, after=kernel) == (
        'accept(6, {sa_family=AF_INET, sin_port=htons(47124), '
        'sin_addr=inet_addr("127.0.0.1")}, [128 => 16]) = 8')
    un = t.mem.place(b"\1\0/tmp/sock\0")
    assert t.line("bind", 3, un, 12) == 'bind(3, {sa_family=AF_UNIX, sun_path="/tmp/sock"}, 12) = 0'
    abstract = t.mem.place(b"\1\0\0abs")
    assert t.line("bind", 3, abstract, 6) == 'bind(3, {sa_family=AF_UNIX, sun_path=@"abs"}, 6) = 0'
    six = t.mem.place(struct.pack("<HHI", 10, 0x3500, 0) + bytes(15) + b"\1" + bytes(4))
    assert t.line("connect", 3, six, 28) == (
        'connect(3, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), '
        'inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0')
    one = t.mem.place(struct.pack("<i", 1))
    four = t.mem.place(struct.pack("<i", 4))
    assert t.line("setsockopt", 7, 6, 1, one, 4) == \
        "setsockopt(7, SOL_TCP, TCP_NODELAY, [1], 4) = 0"
    assert t.line("getsockopt", 3, 1, 3, one, four) == \
        "getsockopt(3, SOL_SOCKET, SO_TYPE, [1], [4]) = 0"
    linger = t.mem.place(struct.pack("<ii", 1, 5))
    assert t.line("setsockopt", 3, 1, 13, linger, 8) == \
        "setsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=5}, 8) = 0"
    pair = t.mem.place(struct.pack("<ii", 3, 4))
    assert t.line("socketpair", 1, 1, 0, pair) == \
        "socketpair(AF_UNIX, SOCK_STREAM, 0, [3, 4]) = 0"
    text = t.mem.place(b"with fd")
    vec = t.mem.place(struct.pack("<QQ", text, 7))
    cmsg = t.mem.place(struct.pack("<Qiii", 20, 1, 1, 3) + bytes(4))
    head = t.mem.place(struct.pack("<QixxxxQQQQI4x", 0, 0, vec, 1, cmsg, 24, 0))
    assert t.line("sendmsg", 3, head, 0, result=7) == (
        'sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="with fd", iov_len=7}], '
        "msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, "
        "cmsg_data=[3]}], msg_controllen=24, msg_flags=0}, 0) = 7")
    assert t.line("recvmsg", 3, head, 0, error=11) == "recvmsg(3, {msg_namelen=0}, 0) = -1"
    data = t.mem.place(b"tcp data")
    assert t.line("recvfrom", 8, data, 64, 256, 0, 0, result=8) == \
        'recvfrom(8, "tcp data", 64, MSG_WAITALL, NULL, NULL) = 8'


def test_ipc() -> None:
    t = Tracee()
    assert t.line("shmget", 0, 8192, 0o1600, result=5) == \
        "shmget(IPC_PRIVATE, 8192, IPC_CREAT|0600) = 5"
    assert t.line("shmctl", 5, 0, 0) == "shmctl(5, IPC_RMID, NULL) = 0"
    assert t.line("shmctl", 5, 0x100, 0) == "shmctl(5, IPC_64|IPC_RMID, NULL) = 0"
    assert t.line("semctl", 5, 1, 16, 3) == "semctl(5, 1, SETVAL, 0x3) = 0"
    ops = t.mem.place(struct.pack("<HhhHhh", 1, -2, 0, 0, 1, 0x1800))
    assert t.line("semtimedop", 5, ops, 2, 0) == (
        "semtimedop(5, [{sem_num=1, sem_op=-2, sem_flg=0}, "
        "{sem_num=0, sem_op=1, sem_flg=SEM_UNDO|IPC_NOWAIT}], 2, NULL) = 0")
    msg = t.mem.place(struct.pack("<q", 5) + b"queue text" + bytes(22))
    assert t.line("msgsnd", 0, msg, 11, 0) == \
        'msgsnd(0, {mtype=5, mtext="queue text\\0"}, 11, 0) = 0'
    assert t.line("msgrcv", 0, msg, 32, 5, 0o4000, result=11) == (
        'msgrcv(0, {mtype=5, mtext="queue text' + "\\0" * 22 + '"}, 32, 5, IPC_NOWAIT) = 11')
    i386 = Tracee("i386")
    three = i386.mem.place(struct.pack("<I", 3))
    assert i386.line("semctl@ipc", 5, 1, 0x110, three) == \
        "semctl@ipc(5, 1, IPC_64|SETVAL, [0x3]) = 0"
    assert i386.line("msgrcv@ipc", 5, 0xffffdce4, 32, 0xffffdce4, 0o4000, error=42) == \
        "msgrcv@ipc(5, 0xffffdce4, 32, IPC_NOWAIT) = -1"


def test_files() -> None:
    t = Tracee()
    assert t.line("fcntl", 10, 1, result=1) == "fcntl(10, F_GETFD) = 0x1 (flags FD_CLOEXEC)"
    assert t.line("fcntl", 10, 1) == "fcntl(10, F_GETFD) = 0"
    assert t.line("fcntl", 10, 2, 1) == "fcntl(10, F_SETFD, FD_CLOEXEC) = 0"
    assert t.line("fcntl", 1, 0, 10, result=10) == "fcntl(1, F_DUPFD, 10) = 10"
    assert t.line("fcntl", 1, 3, result=0x8002) == \
        "fcntl(1, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)"
    assert t.line("fcntl", 1, 999, 7, error=22) == "fcntl(1, 0x3e7 /* F_??? */, 0x7) = -1"
    lock = t.mem.place(struct.pack("<hhxxxxqqi4x", 2, 0, 0, 10, 0))
    assert t.line("fcntl", 6, 6, lock) == (
        "fcntl(6, F_SETLK, {l_type=F_UNLCK, l_whence=SEEK_SET, l_start=0, l_len=10}) = 0")
    assert t.line("fcntl", 6, 5, lock) == (
        "fcntl(6, F_GETLK, {l_type=F_UNLCK, l_whence=SEEK_SET, l_start=0, l_len=10, l_pid=0}) = 0")
    path = t.mem.place(b"fifo\0")
    assert t.line("mknodat", -100, path, 0o10644, 0) == \
        'mknodat(AT_FDCWD, "fifo", S_IFIFO|0644) = 0'
    assert t.line("mknodat", -100, path, 0o20600, 0x103) == \
        'mknodat(AT_FDCWD, "fifo", S_IFCHR|0600, makedev(0x1, 0x3)) = 0'
    assert t.line("access", path, 0) == 'access("fifo", F_OK) = 0'
    assert t.line("access", path, 9) == 'access("fifo", X_OK|0x8) = 0'
    assert t.line("umask", 0o22, result=0o77) == "umask(022) = 077"
    assert t.line("chown", path, -1, 0) == 'chown("fifo", -1, 0) = 0'
    pair = t.mem.place(struct.pack("<ii", 6, 7))
    assert t.line("pipe2", pair, 0x80000) == "pipe2([6, 7], O_CLOEXEC) = 0"
    entries = t.mem.place(struct.pack("<QqHB", 5, 1, 24, 8) + b"x\0\0\0\0"
                          + struct.pack("<QqHB", 6, 2, 24, 4) + b"..\0\0\0")
    assert t.line("getdents64", 3, entries, 1000, result=48) == \
        f"getdents64(3, {entries:#x} /* 2 entries */, 1000) = 48"
    full = Tracee(abbrev=False)
    entries = full.mem.place(struct.pack("<QqHB", 5, 1, 24, 8) + b"x\0\0\0\0")
    assert full.line("getdents64", 3, entries, 1000, result=24) == (
        'getdents64(3, [{d_ino=5, d_off=1, d_reclen=24, d_type=DT_REG, d_name="x"}], 1000) = 24')
    cwd = t.mem.place(b"/tmp\0")
    assert t.line("getcwd", cwd, 4096, result=5) == 'getcwd("/tmp", 4096) = 5'
    noise = t.mem.place(b"\1\2a")
    assert t.line("getrandom", noise, 3, 1, result=3) == \
        r'getrandom("\x01\x02\x61", 3, GRND_NONBLOCK) = 3'
    name = t.mem.place(layout("new_utsname", "x86_64").pack_dict(
        {"sysname": b"Linux", "nodename": b"vm"}))
    assert t.line("uname", name) == 'uname({sysname="Linux", nodename="vm", ...}) = 0'
    arm = Tracee("arm")
    proc = arm.mem.place(b"/proc\0")
    buf = arm.mem.place(layout("statfs64", "arm").pack_dict(
        {"f_type": 0x9fa0, "f_bsize": 4096, "f_namelen": 255, "f_frsize": 4096,
         "f_flags": 0x1020, "f_fsid.val[0]": 0x15}))
    assert arm.line("statfs64", proc, 88, buf) == f'statfs64("/proc", 88, {buf:#x}) = 0'
    assert arm.line("statfs64", proc, 84, buf) == (
        'statfs64("/proc", 84, {f_type=PROC_SUPER_MAGIC, f_bsize=4096, f_blocks=0, f_bfree=0, '
        "f_bavail=0, f_files=0, f_ffree=0, f_fsid={val=[0x15, 0]}, f_namelen=255, f_frsize=4096, "
        "f_flags=ST_VALID|ST_RELATIME}) = 0")


def test_ioctl() -> None:
    t = Tracee()
    assert t.line("ioctl", 1, 0x5401, 0x10, error=25) == "ioctl(1, TCGETS, 0x10) = -1"
    n = t.mem.place(struct.pack("<i", 5))
    assert t.line("ioctl", 3, 0x541b, n) == "ioctl(3, FIONREAD, [5]) = 0"
    assert t.line("ioctl", 3, 0x5451, 0) == "ioctl(3, FIOCLEX) = 0"
    assert t.line("ioctl", 3, 0x12345678, 0, error=25) == \
        "ioctl(3, _IOC(_IOC_NONE, 0x56, 0x78, 0x1234), 0) = -1"
    size = t.mem.place(struct.pack("<4H", 24, 80, 0, 0))
    assert t.line("ioctl", 1, 0x5413, size) == (
        "ioctl(1, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0")


def test_descriptors_with_paths() -> None:
    t = Tracee(decode_fds=1)
    t.task.fds = {-100: (b"/home/u", False), 3: (b"/home/u/a<b>", False), 4: (b"/tmp/x", True)}
    p = t.mem.place(b"f\0")
    assert t.line("openat", -100, p, 0, result=4) == \
        'openat(AT_FDCWD</home/u>, "f", O_RDONLY) = 4</tmp/x>(deleted)'
    assert t.line("close", 3) == r"close(3</home/u/a\74b\76>) = 0"
    assert t.line("close", 9) == "close(9) = 0"


def test_text_at_entry() -> None:
    t = Tracee()
    for name, registers, text in (
            ("read", (3, 0x10, 5), "3, "), ("close", (3,), "3"),
            ("wait4", (-1, 0x10, 0, 0), "-1, "), ("poll", (0, 0, 10), "NULL, 0, 10"),
            ("fcntl", (3, 1, 0), "3, F_GETFD"), ("fcntl", (3, 5, 0x10), "3, F_GETLK"),
            ("clone", (0x1200011, 0, 0, 0, 0),
             "child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD"),
            ("rt_sigprocmask", (2, 0, 0, 8), "SIG_SETMASK, NULL, "),
            ("pipe2", (0x10, 0), ""), ("ioctl", (1, 0x5401, 0x10), "1, TCGETS")):
        _, _, values = t.begin(name, *registers)
        assert t.style.arguments(values) == text, name


def test_ptrace_registers() -> None:
    t = Tracee()
    regs = t.mem.place(struct.pack("<27Q", *range(27)))
    assert t.line("ptrace", 12, 5, 0, regs).startswith(
        "ptrace(PTRACE_GETREGS, 5, {r15=0, r14=0x1, r13=0x2, r12=0x3, rbp=0x4, ")
    assert t.line("ptrace", 12, 5, 0, regs, error=3) == f"ptrace(PTRACE_GETREGS, 5, {regs:#x}) = -1"
    vector = t.mem.place(struct.pack("<QQ", regs, 16))
    assert t.line("ptrace", 0x4205, 5, 1, vector) == (
        "ptrace(PTRACE_SETREGSET, 5, NT_PRSTATUS, {iov_base={r15=0, r14=0x1}, iov_len=16}) = 0")
    assert t.line("ptrace", 0x4204, 5, 9, vector).endswith(
        f"{{iov_base={regs:#x}, iov_len=16}}) = 0")
    assert t.line("ptrace", 3, 5, 8 * 15 + 4, 0) == (
        "ptrace(PTRACE_PEEKUSER, 5, 8*ORIG_RAX+4, NULL) = 0")
    assert t.line("ptrace", 0) == "ptrace(PTRACE_TRACEME) = 0"
    info = t.mem.place(struct.pack("<B3xIQQQ6Q", 1, 0xc000003e, 16, 32, 1, *range(6)))
    assert t.line("ptrace", 0x420e, 5, 80, info, result=80) == (
        "ptrace(PTRACE_GET_SYSCALL_INFO, 5, 80, {op=PTRACE_SYSCALL_INFO_ENTRY, "
        "arch=AUDIT_ARCH_X86_64, instruction_pointer=0x10, stack_pointer=0x20, "
        "entry={nr=__NR_write, args=[0, 0x1, 0x2, 0x3, 0x4, 0x5]}}) = 80")


@pytest.mark.parametrize("abi", ["x86_64", "i386", "arm", "aarch64"])
@pytest.mark.parametrize("kind", [1, 2])
def test_parts_of_register_sets(abi: str, kind: int) -> None:
    t = Tracee(abi)
    word = 8 if abi in ("x86_64", "aarch64") else 4
    regs = t.mem.place(bytes(700))
    for size in range(0, 700, word):
        vector = t.mem.place(regs.to_bytes(word, "little") + size.to_bytes(word, "little"))
        line = t.line("ptrace", 0x4204, 5, kind, vector)
        known = size and (kind == 1 or abi in ("x86_64", "i386"))
        assert line.endswith(f"}}, iov_len={size}}}) = 0" if known
                             else f"{{iov_base={regs:#x}, iov_len={size}}}) = 0"), line


def test_ptrace_of_32_bit_programs_on_aarch64() -> None:
    t = Tracee("aarch64")
    assert t.line("ptrace", 12, 5, 1, 2) == (
        "ptrace(0xc /* COMPAT_PTRACE_GETREGS */, 5, 0x1, 0x2) = 0")


def test_directory_entries_that_do_not_add_up() -> None:
    t = Tracee()
    entry = struct.pack("<QqHB", 1, 2, 40, 8) + b"name\0"
    at = t.mem.place(entry)
    assert t.line("getdents64", 3, at, 24, result=24) == (
        f"getdents64(3, {at:#x} /* d_reclen 16 bytes overflow */ /* 1 entries */, 24) = 24")
    assert t.line("getdents64", 3, 0, 24, result=0) == "getdents64(3, NULL /* 0 entries */, 24) = 0"
    whole = Tracee(abbrev=False)
    at = whole.mem.place(entry)
    assert whole.line("getdents64", 3, at, 24, result=24) == (
        "getdents64(3, [{d_ino=1, d_off=2, d_reclen=40 /* 16 bytes overflow */, "
        'd_type=DT_REG, d_name="name"}], 24) = 24')


def test_select_closes_the_last_list_twice() -> None:
    t = Tracee()
    none, some = t.mem.place(bytes(8)), t.mem.place(struct.pack("<Q", 8))
    assert t.line("select", 8, some, none, none, 0, result=2) == (
        "select(8, [3], [], [], NULL) = 2 (in [3]]])")
