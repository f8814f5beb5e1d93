"""What differs and what does not: rules, processes, details, blocks."""
from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tracer.compare.compare import compare
from tracer.compare.model import ADDED, BLOCK, CHANGED, MOVED, REMOVED, SAME, Diff
from tracer.compare.rules import RULES, RuleError, Settings, settings
from tracer.compare.space import Regions, Space

TESTS = Path(__file__).parent.parent


@contextmanager
def diff(old: str, new: str, chosen: Settings | None = None) -> Iterator[Diff]:
    with compare(io.BytesIO(old.encode()), io.BytesIO(new.encode()), chosen) as found:
        yield found


def kinds(old: str, new: str, chosen: Settings | None = None) -> list[str]:
    with diff(old, new, chosen) as found:
        return [d.kind for d in found.differences]


def details(old: str, new: str, chosen: Settings | None = None) -> list[tuple[str, str, str]]:
    with diff(old, new, chosen) as found:
        return [(d.path, d.old, d.new) for each in found.differences for d in each.details]


LINES = [f'write({n}, "text {n}", 6) = 6\n' for n in range(1, 30)]
TEXT = "".join(LINES)

# Pairs of lines that are the same only by a rule.
BY_RULE = [
    ("times", "clock_gettime(CLOCK_REALTIME, {tv_sec=1, tv_nsec=2}) = 0\n",
     "clock_gettime(CLOCK_REALTIME, {tv_sec=3, tv_nsec=4}) = 0\n"),
    ("times", "12:00:00 close(3) = 0 <0.1>\n", "13:00:00 close(3)      = 0 <0.2>\n"),
    ("times", 'fstat(3, {st_size=1, st_mtime=5 /* 1970-01-01T00:00:05+0000 */}) = 0\n',
     'fstat(3, {st_size=1, st_mtime=6 /* 1970-01-01T00:00:06+0000 */}) = 0\n'),
    ("times", "wait4(-1, 0x0, 0, {ru_utime={tv_sec=0, tv_usec=1}}) = -1 ECHILD (No child)\n",
     "wait4(-1, 0x0, 0, {ru_utime={tv_sec=0, tv_usec=2}}) = -1 ECHILD (No child)\n"),
    ("times", "select(4, [3], NULL, NULL, {tv_sec=5, tv_usec=0}) = 1 (in [3], left {tv_sec=4, "
     "tv_usec=1})\n", "select(4, [3], NULL, NULL, {tv_sec=5, tv_usec=0}) = 1 (in [3], left "
     "{tv_sec=4, tv_usec=77})\n"),
    ("times", "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=1, si_utime=0} ---\n",
     "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=1, si_utime=3 /* 0.03 s */} "
     "---\n"),
    ("inodes", "fstat(3, {st_dev=makedev(0x1, 0x2), st_ino=7, st_size=1}) = 0\n",
     "fstat(3, {st_dev=makedev(0x3, 0x4), st_ino=8, st_size=1}) = 0\n"),
    ("inodes", "read(3<pipe:[77]>, \"\", 1) = 0\n", "read(3<pipe:[99]>, \"\", 1) = 0\n"),
    ("random", 'getrandom("\\x01", 1, 0) = 1\n', 'getrandom("\\x02", 1, 0) = 1\n'),
    ("machine", "sysinfo({uptime=1, procs=2}) = 0\n", "sysinfo({uptime=3, procs=4}) = 0\n"),
    ("machine", 'uname({sysname="Linux", nodename="a", ...}) = 0\n',
     'uname({sysname="Linux", nodename="b", ...}) = 0\n'),
    ("machine", 'statfs("/", {f_type=EXT2_SUPER_MAGIC, f_flags=ST_VALID|ST_RELATIME}) = 0\n',
     'statfs("/", {f_type=EXT2_SUPER_MAGIC, f_flags=ST_VALID|ST_NODEV|0x5}) = 0\n'),
    ("machine", 'statx(3, "", 0, STATX_ALL, {stx_mask=STATX_BASIC_STATS|STATX_MNT_ID, stx_size=1}) '
     "= 0\n", 'statx(3, "", 0, STATX_ALL, {stx_mask=STATX_TYPE, stx_size=1}) = 0\n'),
    ("machine", "prlimit64(0, RLIMIT_NPROC, NULL, {rlim_cur=1, rlim_max=7}) = 0\n",
     "prlimit64(0, RLIMIT_NPROC, NULL, {rlim_cur=5, rlim_max=9}) = 0\n"),
    ("machine", "ugetrlimit(RLIMIT_SIGPENDING, {rlim_cur=1, rlim_max=7}) = 0\n",
     "ugetrlimit(RLIMIT_SIGPENDING, {rlim_cur=5, rlim_max=9}) = 0\n"),
    ("addresses", "set_tls(0xbefffc50) = 0\nread(3, 0xbefffc00, 1) = -1 EIO (Input/output error)\n",
     "set_tls(0xbefffc40) = 0\nread(3, 0xbefffbf0, 1) = -1 EIO (Input/output error)\n"),
    ("addresses", 'brk(NULL) = 0x150000\nexecve("a", ["a"], 0x150aa4 /* 3 vars */) = 0\n',
     'brk(NULL) = 0x150000\nexecve("a", ["a"], 0x150a9c /* 3 vars */) = 0\n'),
    ("addresses", "syscall_0xfff(0x5000, 0, 0x7) = -1 ENOSYS (Function not implemented)\n",
     "syscall_0xfff(0x4ad620, 0, 0x7) = -1 ENOSYS (Function not implemented)\n"),
    ("machine", "sched_getaffinity(0, 128, [0]) = 8\n", "sched_getaffinity(0, 128, [0 1]) = 8\n"),
    ("directories", "getdents64(3, 0x5000 /* 5 entries */, 9) = 144\n",
     "getdents64(3, 0x5000 /* 6 entries */, 9) = 168\n"),
    ("directories", "stat(\"a\", {st_mode=S_IFDIR|0755, st_size=40, ...}) = 0\n",
     "stat(\"a\", {st_mode=S_IFDIR|0755, st_size=4096, ...}) = 0\n"),
    ("directories", 'getdents64(3, [{d_ino=1, d_name="a"}, {d_ino=2, d_name="b"}], 9) = 48\n',
     'getdents64(3, [{d_ino=2, d_name="b"}, {d_ino=1, d_name="a"}], 9) = 48\n'),
    ("addresses", "brk(NULL) = 0x5000\nbrk(0x6000) = 0x6000\n",
     "brk(NULL) = 0x75000\nbrk(0x76000) = 0x76000\n"),
    ("pids", "getpid() = 1000\nkill(1000, SIGUSR1) = 0\n",
     "getpid() = 31000\nkill(31000, SIGUSR1) = 0\n"),
    ("ipc-ids", "shmget(0, 1, 0) = 7\nshmat(7, NULL, 0) = 0x5000\nsemget(0, 1, 0) = 7\n",
     "shmget(0, 1, 0) = 9\nshmat(9, NULL, 0) = 0x5000\nsemget(0, 1, 0) = 0\n"),
    ("messages", "strace: Process 7 attached\nclose(3) = 0\n", "# a comment\nclose(3) = 0\n"),
]


@pytest.mark.parametrize(("rule", "old", "new"), BY_RULE)
def test_rules_one_by_one(rule: str, old: str, new: str) -> None:
    assert kinds(old, new) == []
    assert kinds(old, new, settings(switch_off=[rule]))
    assert kinds(old, new, settings(switch_off=["all"]))
    assert kinds(old, old, settings(switch_off=["all"])) == []


def test_every_rule_is_tested() -> None:
    tested = {rule for rule, _, _ in BY_RULE}
    assert {rule.name for rule in RULES} - tested == {"sigchld", "processes", "fds"}


def test_descriptors_on_request() -> None:
    old, new = "dup(3) = 4\nclose(4) = 0\n", "dup(3) = 7\nclose(7) = 0\n"
    assert kinds(old, new) == [CHANGED, CHANGED]
    assert kinds(old, new, settings(["fds"])) == []
    failed = "dup(3) = -1 EBADF (Bad file descriptor)\nclose(4) = 0\n"
    assert kinds(old, failed, settings(["fds"])) == [CHANGED]


MAPPED = ("mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x{0:x}\n"
          "madvise(0x{1:x}, 4096, MADV_DONTNEED) = 0\n"
          "mprotect(0x{2:x}, 4096, PROT_NONE) = 0\n"
          "munmap(0x{3:x}, 8192) = 0\n")


def test_where_an_environment_is_does_not_count() -> None:
    old = 'brk(NULL) = 0x150000\nexecve(0x150aa0, 0x150aa8, 0x150ab0) = -1 EFAULT (Bad address)\n'
    assert kinds(old, old.replace("0x150ab0", "0x150ac0")) == []
    assert kinds(old, old.replace("0x150aa0", "0x150ac0")) == [CHANGED]


def test_an_offset_into_a_mapping_stays_visible() -> None:
    base, other = 0x7F0000000000, 0x7F5555550000
    old = MAPPED.format(base, base + 4096, base, base)
    assert kinds(old, MAPPED.format(other, other + 4096, other, other)) == []
    changed = MAPPED.format(other, other + 4096, other + 4096, other)
    assert details(old, changed) == [("start", hex(base), hex(other + 4096))]


def test_mappings_move_each_on_its_own() -> None:
    def log(a: int, b: int) -> str:
        return MAPPED.format(a, a + 4096, a, a) + MAPPED.format(b, b + 4096, b + 0, b)
    assert kinds(log(0x7F0000000000, 0x7F0000100000), log(0x7F1110000000, 0x7F0000000000)) == []


def test_pids_by_creation() -> None:
    log = ("{0}  clone(child_stack=NULL, flags=SIGCHLD) = {1}\n"
           "{1}  getppid() = {0}\n{1}  +++ exited with 0 +++\n"
           "{0}  wait4({2}, NULL, 0, NULL) = {1}\n{0}  +++ exited with 0 +++\n")
    assert kinds(log.format(10, 11, 11), log.format(200, 305, 305)) == []
    assert kinds(log.format(10, 11, 11), log.format(200, 305, 777)) == [CHANGED]


FORKS = ("1  fork() = 2\n1  fork() = 3\n"
         '2  write(1, "two", 3) = 3\n2  close(5) = 0\n2  +++ exited with 0 +++\n'
         '3  write(1, "three", 5) = 5\n3  dup(1) = 4\n3  +++ exited with 0 +++\n'
         "1  +++ exited with 0 +++\n")


def test_the_order_of_processes() -> None:
    lines = FORKS.splitlines(True)
    woven = "".join([*lines[:2], lines[5], lines[2], lines[6], lines[3], lines[8], lines[7],
                     lines[4]])
    assert kinds(FORKS, woven) == []
    assert kinds(FORKS, woven, settings(switch_off=["processes"]))
    # the other child came first: by what they do, it is the same
    swapped = FORKS.replace("2  ", "X  ").replace("3  ", "2  ").replace("X  ", "3  ")
    assert kinds(FORKS, swapped) == []
    # a process is missing
    fewer = "".join(line for line in lines if not line.startswith("3 "))
    with diff(FORKS, fewer) as found:
        assert [d.kind for d in found.differences] == [BLOCK]
        missing = [p for p in found.processes if not p.has_new]
        assert [p.old_pid for p in missing] == [3] and len(list(missing[0].rows())) == 3


def test_interrupted_calls_are_joined() -> None:
    cut = ("1  fork() = 2\n1  wait4(-1,  <unfinished ...>\n2  +++ exited with 0 +++\n"
           "1  <... wait4 resumed>NULL, 0, NULL) = 2\n")
    whole = "7  fork() = 8\n8  +++ exited with 0 +++\n7  wait4(-1, NULL, 0, NULL) = 8\n"
    assert kinds(cut, whole) == []
    changed = cut.replace("wait4(-1", "wait4(0")
    with diff(whole, changed) as found:
        (d,) = found.differences
        assert (d.new[0].line, d.new[0].resumed) == (2, 4)
        assert d.details[0].path == "upid"
        assert d.new[0].text[slice(*d.details[0].new_span)] == "0"


def test_sigchld_stands_at_its_wait() -> None:
    signal = ("--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=2, si_uid=0, "
              "si_status=0} ---\n")
    parts = ["fork() = 2\n", "close(3) = 0\n", "close(4) = 0\n",
             "wait4(2, NULL, 0, NULL) = 2\n", "close(5) = 0\n"]
    texts = ["".join([*parts[:at], signal, *parts[at:]]) for at in range(1, 6)]
    for text in texts[1:]:
        assert kinds(texts[0], text) == []
        assert kinds(texts[0], text, settings(switch_off=["sigchld"])) == [MOVED]
    assert kinds(texts[0], texts[1].replace("si_status=0", "si_status=1")) == [CHANGED]


def test_the_frame_of_a_signal_may_have_another_size() -> None:
    text = ("read(3, {0:#x}, 8) = -1 EIO (Input/output error)\n"
            "read(4, {0:#x}, 9) = -1 EIO (Input/output error)\n"
            "--- SIGUSR1 {{si_signo=SIGUSR1, si_code=SI_KERNEL, si_addr={0:#x}}} ---\n"
            "read(5, {1:#x}, 8) = -1 EIO (Input/output error)\n"
            "read(6, {2:#x}, 8) = -1 EIO (Input/output error)\n"
            "rt_sigreturn({{mask=[]}}) = 0\n"
            "read(7, {3:#x}, 8) = -1 EIO (Input/output error)\n")
    top = 0x7FFFFFFFE000
    old = text.format(top, top - 0x900, top - 0x908, top)
    assert kinds(old, text.format(top, top - 0x1040, top - 0x1048, top)) == []
    assert kinds(old, text.format(top - 16, top - 0x1040, top - 0x1048, top - 16)) == []
    assert kinds(old, text.format(top, top - 0x900, top - 0x908, top - 0x40)) == [CHANGED]
    # without a handler there is no frame
    old, new = [each.replace("rt_sigreturn({mask=[]})", "getpid()") for each in (
        old, text.format(top, top - 0x1040, top - 0x908, top))]
    assert kinds(old, new) == [CHANGED]


def test_calls_do_not_move_over_a_sigchld() -> None:
    # Without its wait, the signal stands where it came: before the sigreturn.
    old = ["fork() = 2\n", "close(3) = 0\n",
           "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=2, si_uid=0, "
           "si_status=0} ---\n", "rt_sigreturn({mask=[]}) = 0\n",
           "wait4(-1, NULL, 0, NULL) = 2\n", "exit_group(0) = ?\n"]
    with diff("".join(old), "".join(old[:4] + old[5:])) as found:
        assert [(d.kind, d.line) for d in found.differences] == [(REMOVED, 5)]
    with diff("".join(old[:4] + old[5:]), "".join(old)) as found:
        assert [(d.kind, d.line) for d in found.differences] == [(ADDED, 5)]


def test_many_children() -> None:
    """More siblings than are compared each with each, none of them as it was."""
    def log(run: int, programs: Sequence[int]) -> str:
        parent, text = 10 + run, ""
        for child, n in enumerate(programs, 100 * (1 + run)):
            text += (f'{parent} fork() = {child}\n{child} execve("/bin/{n}", ["x"], 0) = 0\n'
                     f'{child} write(1, "{run}", 1) = 1\n{child} +++ exited with 0 +++\n')
        return text + f"{parent} +++ exited with 0 +++\n"
    programs = list(range(80))
    with diff(log(0, programs), log(1, [99, *programs])) as found:
        kinds_found = Counter(d.kind for d in found.differences)
        assert kinds_found == {CHANGED: 80, ADDED: 1, BLOCK: 1}
        assert all([each.path for each in d.details] == ["buf"]
                   for d in found.differences if d.kind == CHANGED)


def test_addresses_outside_of_mappings() -> None:
    regions = Regions()
    space = Space(regions)
    spread = [0x10000000 * i for i in (5, 2, 9, 1)]
    numbers = [space.find(address) for address in spread]
    assert len(set(numbers)) == 4
    for address, number in zip(spread, numbers):
        assert space.find(address + 0x100000) == space.find(address - 0x100000) == number
        assert space.find(address) == number
    copy = space.copy()
    assert copy.find(0x70000000) not in numbers and space.find(0x90000000) == numbers[2]
    # near to two clusters: it belongs to the older one, unless it is within the other
    low = space.find(0x3000_0000)
    high = space.find(0x3030_0000)
    assert low != high and space.find(0x3018_0000) == low


def test_kinds_of_differences() -> None:
    assert kinds(TEXT, TEXT) == []
    assert kinds(TEXT, "".join(LINES[:7] + LINES[8:])) == [REMOVED]
    assert kinds(TEXT, "".join([*LINES[:7], "sync() = 0\n", *LINES[7:]])) == [ADDED]
    assert kinds(TEXT, "".join(LINES[:7] + LINES[10:])) == [BLOCK]
    assert kinds(TEXT, "".join([*LINES[:7], *LINES[8:20], LINES[7], *LINES[20:]])) == [MOVED]
    assert kinds("", "") == [] and kinds("", TEXT) == [BLOCK]


def test_a_loop_of_retries_is_one_block() -> None:
    loop = ('connect(3, {sa_family=AF_INET}, 16) = -1 ECONNREFUSED (Connection refused)\n'
            "nanosleep({tv_sec=1, tv_nsec=0}, NULL) = 0\n") * 4
    good = "connect(3, {sa_family=AF_INET}, 16) = 0\n"
    with diff(TEXT + good + TEXT, TEXT + loop + good + TEXT) as found:
        (d,) = found.differences
        assert (d.kind, len(d.new), len(d.old)) == (BLOCK, 8, 0)
        assert "4 × (connect, nanosleep)" in d.title


@pytest.mark.parametrize(("old", "new", "expected"), [
    ('openat(AT_FDCWD, "a", O_RDONLY) = 3\n', 'openat(AT_FDCWD, "a", O_RDWR) = 3\n',
     [("flags", "O_RDONLY", "O_RDWR")]),
    ('open("a", O_RDONLY) = 3\n', 'open("a", O_RDONLY) = -1 ENOENT (No such file)\n',
     [("result", "3", "-1 ENOENT (No such file)")]),
    ('open("a", O_RDONLY) = -1 EPERM (x)\n', 'open("a", O_RDONLY) = -1 ENOENT (No such file)\n',
     [("errno", "EPERM", "ENOENT")]),
    ("fstat(3, {st_mode=S_IFREG|0644, st_size=5, ...}) = 0\n",
     "fstat(3, {st_mode=S_IFREG|0600, st_size=5, ...}) = 0\n",
     [("statbuf.st_mode", "S_IFREG|0644", "S_IFREG|0600")]),
    ('writev(1, [{iov_base="a", iov_len=1}, {iov_base="b", iov_len=1}], 2) = 2\n',
     'writev(1, [{iov_base="a", iov_len=1}, {iov_base="c", iov_len=1}], 2) = 2\n',
     [("vec[1].iov_base", '"b"', '"c"')]),
    ("clone(child_stack=NULL, flags=CLONE_VM|SIGCHLD) = 7\n",
     "clone(child_stack=NULL, flags=SIGCHLD) = 7\n", [("flags", "CLONE_VM|SIGCHLD", "SIGCHLD")]),
    ("stat(\"a\", 0x5000) = 0\n", "lstat(\"a\", 0x5000) = 0\n", [("name", "stat", "lstat")]),
    ("+++ exited with 0 +++\n", "+++ killed by SIGSEGV +++\n",
     [("line", "+++ exited with 0 +++", "+++ killed by SIGSEGV +++")]),
    ("--- SIGINT {si_signo=SIGINT, si_code=SI_USER, si_pid=1, si_uid=0} ---\n",
     "--- SIGINT {si_signo=SIGINT, si_code=SI_KERNEL} ---\n",
     [("siginfo.si_code", "SI_USER", "SI_KERNEL"), ("siginfo.si_pid", "1", ""),
      ("siginfo.si_uid", "0", "")]),
    ("open(\"a\", O_CREAT, 0600) = 3\n", "open(\"a\", O_CREAT) = 3\n", [("mode", "0600", "")]),
    ('getdents64(3, [{d_ino=1, d_type=DT_DIR, d_name="."}, {d_ino=2, d_type=DT_REG, d_name="b"}], '
     '9) = 48\n', 'getdents64(3, [{d_ino=2, d_type=DT_REG, d_name="b"}, {d_ino=1, d_type=DT_DIR, '
     'd_name="x"}], 9) = 48\n', [("dirent[0].d_name", '"."', '"x"')]),
    ('getdents64(3, [{d_ino=1, d_name="a"}], 9) = 48\n',
     'getdents64(3, [{d_ino=2, d_name="0"}, {d_ino=1, d_name="a"}], 9) = 48\n',
     [("dirent[0]", "", '{d_ino=2, d_name="0"}')]),
    ("odd_call(1, 2) = 0\n", "odd_call(1, 3) = 0\n", [("argument 2", "2", "3")]),
])
def test_details(old: str, new: str, expected: list[tuple[str, str, str]]) -> None:
    assert details(TEXT + old + TEXT, TEXT + new + TEXT) == expected
    with diff(f"1000  {old}", f"1000  {new}") as found:
        for detail in found.differences[0].details:
            assert detail.old == found.differences[0].old[0].text[slice(*detail.old_span)]
            assert detail.new == found.differences[0].new[0].text[slice(*detail.new_span)]


def test_rows_and_hunks() -> None:
    new = "".join([*LINES[:7], *LINES[8:20], "sync() = 0\n", *LINES[20:]])
    with diff(TEXT, new) as found:
        (process,) = found.processes
        rows = list(process.rows())
        assert [row.old.line for row in rows if row.old] == list(range(1, 30))
        assert [row.new.line for row in rows if row.new] == list(range(1, 30))
        assert sum(row.kind == SAME for row in rows) == found.summary.same == 28
        hunks = list(process.hunks(2))
        assert [len(h.rows) for h in hunks] == [5, 5] and [h.skipped for h in hunks] == [5, 8]
        (whole,) = process.hunks(10)
        assert len(whole.rows) == 7 + 1 + 12 + 1 + 9
        assert [len(h.rows) for h in process.hunks(0)] == [1, 1]


def test_the_users_rules() -> None:
    old, new = 'open("/tmp/b-1/x", 0) = 3\nsync() = 0\n', 'open("/tmp/b-2/x", 0) = 3\n'
    replace = [("build", r"/tmp/b-\d", "BUILD")]
    assert kinds(old, new, settings(replace=replace)) == [REMOVED]
    assert kinds(old, new, settings(replace=replace, ignore_calls=["s?nc"])) == []
    assert kinds(old, new, settings(ignore_paths=["/tmp/*"], ignore_calls=["sync"])) == []
    assert len(kinds(old, new, settings(replace=replace, switch_off=["build"]))) == 2
    for wrong in ({"switch_on": ["no"]}, {"replace": [("a", "(", "")]},
                  {"replace": [("a", "x", "\\1")]}):
        arguments: dict[str, Any] = wrong
        with pytest.raises(RuleError):
            settings(**arguments)


def test_unknown_lines_are_counted_and_compared() -> None:
    with diff("close(3) = 0\nnoise\n", "close(3) = 0\nother noise\n") as found:
        assert (found.old.unknown, found.old.unknown_lines) == (1, (2,))
        assert found.summary.total == 2
    assert kinds("noise\n", "noise\n") == []


def test_tables_compare_counts() -> None:
    table = (TESTS / "logs/strace/columns.strace").read_text()
    assert kinds(table, table.replace("0.0", "1.0")) == []
    changed = kinds(table, table.replace("        1           ", "        9           ", 1))
    assert len(changed) == 2            # of the table's rows, one is missing and one is new


@pytest.mark.parametrize("program", ["hello", "copy", "list"])
@pytest.mark.parametrize("abi", ["i386", "arm", "aarch64"])
def test_samples_across_abis(program: str, abi: str) -> None:
    samples = TESTS.parent / "samples"
    # argv[0] and the directory of the program have the ABI's name
    chosen = settings(replace=[("argv", r"\b(?:x86_64|i386|arm|aarch64)/", "ABI/")],
                      abi_neutral=True)
    with compare(samples / "x86_64" / f"{program}.strace", samples / abi / f"{program}.strace",
                 chosen) as found:
        # hello says which ABI it is of
        assert [d.title.split(":")[0] for d in found.differences] == ["write"] * (
            program == "hello")


# musl's sleep on 32-bit ABIs: strace 6.1 shows no nanoseconds.
SLEEPS = ("musl-forkpipe",)


@pytest.mark.parametrize("path", sorted(TESTS.glob("golden/logs/x86_64/musl-*.strace")),
                         ids=lambda path: path.stem)
@pytest.mark.parametrize("abi", ["i386", "arm", "aarch64"])
def test_golden_logs_across_abis(path: Path, abi: str) -> None:
    other = TESTS / "golden/logs" / abi / path.name
    with compare(path, other, settings(abi_neutral=True)) as found:
        titles = [d.title for d in found.differences]
        if path.stem in SLEEPS and abi != "aarch64":
            titles = [t for t in titles if not t.startswith("nanosleep: rqtp.tv_nsec")]
        assert titles == []


@pytest.mark.parametrize(("one", "other"), [
    ('stat("a", {st_mode=S_IFREG|0644, st_size=5, ...}) = 0',
     'statx(AT_FDCWD, "a", AT_STATX_SYNC_AS_STAT|AT_NO_AUTOMOUNT, STATX_BASIC_STATS, {stx_mask=1,'
     ' stx_attributes=0, stx_mode=S_IFREG|0644, stx_size=5, ...}) = 0'),
    ('lstat("a", 0x5000) = -1 ENOENT (x)',
     'fstatat64(AT_FDCWD, "a", 0x6000, AT_SYMLINK_NOFOLLOW) = -1 ENOENT (x)'),
    ("fstat(1, {st_mode=S_IFCHR|0620, st_rdev=makedev(0x88, 0), ...}) = 0",
     'statx(1, "", AT_STATX_SYNC_AS_STAT|AT_EMPTY_PATH, 0x7ff, {stx_mask=1, '
     "stx_mode=S_IFCHR|0620, stx_size=0, stx_rdev_major=0x88, stx_rdev_minor=0, ...}) = 0"),
    ("lseek(3, 5, SEEK_CUR) = 9", "_llseek(3, 5, [9], SEEK_CUR) = 0"),
    ("getrlimit(RLIMIT_STACK, {rlim_cur=1, rlim_max=RLIM_INFINITY}) = 0",
     "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=1, rlim_max=RLIM64_INFINITY}) = 0"),
    ("poll([{fd=3, events=POLLIN}], 1, 1500) = 0 (Timeout)",
     "ppoll_time64([{fd=3, events=POLLIN}], 1, {tv_sec=1, tv_nsec=500000000}, NULL, 0)"
     " = 0 (Timeout)"),
    ("pause() = ? ERESTARTNOHAND (x)", "ppoll(NULL, 0, NULL, NULL, 9) = ? ERESTARTNOHAND (x)"),
    ("_newselect(1, [0], NULL, NULL, {tv_sec=1, tv_usec=5}) = 0 (Timeout)",
     "pselect6(1, [0], NULL, NULL, {tv_sec=1, tv_nsec=5000}, NULL) = 0 (Timeout)"),
    ("fork() = 7", "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, "
     "child_tidptr=0x5000) = 7"),
    ("rename(\"a\", \"b\") = 0", 'renameat2(AT_FDCWD, "a", AT_FDCWD, "b", 0) = 0'),
    ("dup2(3, 4) = 4", "dup3(3, 4, 0) = 4"), ("pipe([3, 4]) = 0", "pipe2([3, 4], 0) = 0"),
    ("unlink(\"a\") = 0", 'unlinkat(AT_FDCWD, "a", 0) = 0'),
    ("rmdir(\"a\") = 0", 'unlinkat(AT_FDCWD, "a", AT_REMOVEDIR) = 0'),
    ("getuid32() = 0", "getuid() = 0"), ("fcntl64(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)",
                                        "fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)"),
    ("mmap2(NULL, 9, PROT_READ, MAP_PRIVATE, 3, 0) = 0x5000",
     "mmap(NULL, 9, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f000000"),
    ("waitpid(7, NULL, 0) = 7", "wait4(7, NULL, 0, NULL) = 7"),
    ("nanosleep({tv_sec=1, tv_nsec=0}, NULL) = 0",
     "clock_nanosleep_time64(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=0}, NULL) = 0"),
    ("rt_sigaction(SIGINT, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=SA_RESTORER, "
     "sa_restorer=0x5000}, NULL, 8) = 0",
     "rt_sigaction(SIGINT, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, NULL, 8) = 0"),
    ("set_tls(0x5000) = 0\nclose(1) = 0", "close(1) = 0"),
    ("arm_fadvise64_64(3, POSIX_FADV_NORMAL, 1, 2) = 0",
     "fadvise64(3, 1, 2, POSIX_FADV_NORMAL) = 0"),
    ("statfs64(\"/\", 88, {f_type=1}) = 0", "statfs(\"/\", {f_type=1}) = 0"),
    ("creat(\"a\", 0600) = 3", 'openat(AT_FDCWD, "a", O_WRONLY|O_CREAT|O_TRUNC|O_LARGEFILE, 0600)'
     " = 3"),
])
def test_one_form_for_variants(one: str, other: str) -> None:
    chosen = settings(abi_neutral=True)
    assert kinds(f"{one}\n", f"{other}\n", chosen) == []
    assert kinds(f"{one}\n", f"{other}\n") != []
    name = other.split("(")[0]
    assert kinds(f"{one}\n", other.replace(name, "sync") + "\n", chosen) != []
