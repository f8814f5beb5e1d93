"""Sizes that a program may ask for, and that must not become memory or time of the host.

Each call is made with a gigabyte of readable zero pages, which cost the guest nothing, or on a
sparse file of the largest size.
"""
from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from sysnames import table
from tests.fuzz import harness
from tests.fuzz.harness import Program, World, run
from tests.fuzz.programs import DATA, Result, program, word_size

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks and pidfds")

HUGE = 0x3FFFF000
TOP = (1 << 63) - 1
ZEROS, RESERVED, FILE, NULL, ZERO, INPUT, OUTPUT = (Result(i) for i in range(7))
PIPE, READING, LEFT, RIGHT = 7, 7, 9, 10        # descriptors: pipe 7 8, socketpair 9 10
EVENT, WRITING = 11, 8
PATH, NAME, WORD, VECTOR = DATA, DATA + 16, DATA + 32, DATA + 0x100
MEMORY = -1                     # a descriptor that is none


def opened(word: int) -> list[tuple[str, list[Any]]]:
    mmap = "mmap" if word == 8 else "mmap2"
    return [
        (mmap, [0, HUGE, 1, 0x4022, -1, 0]), (mmap, [0, HUGE, 0, 0x4022, -1, 0]),
        ("openat", [-100, PATH, 0o102, 0o644]), ("openat", [-100, DATA + 0x40, 1]),
        ("openat", [-100, DATA + 0x50, 0]), ("openat", [-100, DATA + 0x60, 0]),
        ("memfd_create", [NAME, 0]), ("pipe2", [WORD, 0o4000]),
        ("socketpair", [1, 0o4001, 0, WORD]), ("eventfd2", [0, 0o4000]),
        ("ftruncate", [FILE, TOP]) if word == 8 else ("ftruncate64", [FILE, -1, 0x7FFFFFFF]),
        ("fcntl" if word == 8 else "fcntl64", [PIPE, 1031, 1 << 20]),
    ]


CALLS: list[tuple[str, list[Any]]] = [
    *(("write", [fd, ZEROS, HUGE]) for fd in (FILE, NULL, OUTPUT, WRITING, LEFT, EVENT, 1)),
    *(("writev", [fd, VECTOR, 1024]) for fd in (FILE, NULL, WRITING, LEFT)),
    *(("read", [fd, ZEROS, HUGE]) for fd in (FILE, ZERO, INPUT, READING, LEFT, 0)),
    *(("pwrite64", [FILE, ZEROS, HUGE, 0, at, at]) for at in (0, 1 << 30)),
    ("process_vm_readv", [1000, VECTOR, 1024, VECTOR, 1024, 0]),
    ("process_vm_writev", [1000, VECTOR, 1024, VECTOR, 1024, 0]),
    ("vmsplice", [WRITING, VECTOR, 1024, 2]), ("getrandom", [ZEROS, HUGE, 0]),
    ("mincore", [ZEROS, HUGE, ZEROS]), ("mincore", [ZEROS, HUGE, DATA]),
    ("mincore", [RESERVED, HUGE, DATA]), ("msync", [ZEROS, HUGE, 4]), ("mlock", [ZEROS, HUGE]),
    ("mlock2", [ZEROS, HUGE, 1]), ("munlock", [ZEROS, HUGE]), ("mlockall", [3]),
    ("mprotect", [ZEROS, HUGE, 3]), ("munmap", [ZEROS, HUGE]),
    ("mremap", [ZEROS, HUGE, HUGE + 0x1000000, 1, 0]), ("mremap", [ZEROS, HUGE, 4096, 1, 0]),
    ("remap_file_pages", [ZEROS, HUGE, 0, 0, 0]),
    *(("madvise", [where, HUGE, advice]) for where in (ZEROS, RESERVED)
      for advice in (0, 3, 4, 8, 9, 14, 16, 20, 21, 22, 23, 25)),
    ("getdents64", [FILE, ZEROS, HUGE]), ("recvfrom", [LEFT, ZEROS, HUGE, 0x40, 0, 0]),
    ("sendto", [LEFT, ZEROS, HUGE, 0x40, 0, 0]), ("sendto", [LEFT, VECTOR, 16, 0x40, ZEROS, HUGE]),
    ("sendmsg", [LEFT, ZEROS, 0x40]), ("sendmmsg", [LEFT, ZEROS, HUGE >> 6, 0x40]),
    ("recvmmsg", [LEFT, ZEROS, HUGE >> 6, 0x40, 0]),
    ("setsockopt", [LEFT, 1, 26, ZEROS, HUGE]), ("setsockopt", [LEFT, 1, 7, ZEROS, HUGE]),
    ("poll", [ZEROS, HUGE >> 3, 0]), ("ppoll", [ZEROS, 4096, WORD, 0, 8]),
    ("pselect6", [HUGE, ZEROS, ZEROS, ZEROS, WORD, 0]),
    ("sched_getaffinity", [0, HUGE, ZEROS]), ("sched_setaffinity", [0, HUGE, ZEROS]),
    ("getgroups", [HUGE >> 2, ZEROS]), ("setgroups", [HUGE >> 2, ZEROS]),
    ("setgroups", [65536, ZEROS]), ("sethostname", [ZEROS, HUGE]), ("getcwd", [ZEROS, HUGE]),
    ("readlinkat", [-100, DATA + 0x70, ZEROS, HUGE]), ("syslog", [3, ZEROS, HUGE]),
    ("setxattr", [PATH, NAME, ZEROS, HUGE, 0]), ("getxattr", [PATH, NAME, ZEROS, HUGE]),
    ("listxattr", [PATH, ZEROS, HUGE]), ("add_key", [NAME, NAME, ZEROS, HUGE, -3]),
    ("init_module", [ZEROS, HUGE, NAME]), ("mbind", [ZEROS, HUGE, 2, ZEROS, HUGE, 0]),
    ("get_mempolicy", [WORD, ZEROS, HUGE, 0, 0]), ("set_mempolicy", [2, ZEROS, HUGE]),
    ("migrate_pages", [0, HUGE, ZEROS, ZEROS]), ("move_pages", [0, HUGE, ZEROS, 0, ZEROS, 0]),
    ("semop", [0, ZEROS, HUGE]), ("semget", [0, HUGE, 0o1600]), ("shmget", [0, HUGE, 0o1600]),
    ("msgsnd", [0, ZEROS, HUGE, 0]), ("mq_timedsend", [0, ZEROS, HUGE, 0, 0]),
    ("futex_waitv", [ZEROS, HUGE, 0, 0, 0]), ("set_robust_list", [ZEROS, HUGE]),
    ("rt_sigprocmask", [0, ZEROS, 0, HUGE]), ("capget", [ZEROS, ZEROS]),
    ("clone3", [ZEROS, HUGE]), ("openat2", [-100, PATH, ZEROS, HUGE]),
    ("sched_setattr", [0, ZEROS, 0]), ("bpf", [0, ZEROS, HUGE]),
    ("perf_event_open", [ZEROS, 0, 0, 0, 0]), ("seccomp", [1, 0, ZEROS]),
    ("execve", [DATA + 0x80, ZEROS, ZEROS]), ("mount", [ZEROS, PATH, NAME, 0, ZEROS]),
    ("sendfile", [NULL, FILE, 0, HUGE]), ("sendfile", [WRITING, FILE, 0, HUGE]),
    ("sendfile", [OUTPUT, FILE, 0, HUGE]), ("sendfile", [LEFT, FILE, 0, HUGE]),
    ("sendfile", [OUTPUT, INPUT, 0, HUGE]), ("splice", [FILE, 0, WRITING, 0, HUGE, 2]),
    ("splice", [READING, 0, NULL, 0, HUGE, 2]), ("tee", [READING, WRITING, HUGE, 2]),
    ("copy_file_range", [FILE, 0, OUTPUT, 0, HUGE, 0]),
    ("ppoll", [ZEROS, HUGE >> 3, WORD, 0, 8]), ("epoll_wait", [EVENT, ZEROS, HUGE, 0]),
    ("io_submit", [0, HUGE, ZEROS]), ("name_to_handle_at", [-100, PATH, ZEROS, WORD, 0]),
    ("modify_ldt", [1, ZEROS, HUGE]), ("ustat", [0, ZEROS]), ("close_range", [0, -1, 4]),
    ("brk", [HUGE]), ("setrlimit", [7, DATA + 0x90]), ("dup2", [NULL, 1 << 20]),
    ("timer_create", [0, ZEROS, WORD]), ("inotify_add_watch", [EVENT, ZEROS, -1]),
    ("kexec_load", [0, 16, ZEROS, 0]), ("lookup_dcookie", [0, ZEROS, HUGE]),
]
# Calls with 64-bit arguments, as words of 64 bits.
LARGE: list[tuple[str, list[Any]]] = [
    *(("fallocate", [fd, mode, at, size]) for fd in (FILE, OUTPUT)
      for mode in (0, 1, 3, 8, 16, 17, 32) for at, size in ((0, 1 << 50), (4096, TOP - 8192))),
    *(("lseek", [FILE, at, whence]) for at in (0, 1 << 50, TOP) for whence in (0, 1, 2, 3, 4)),
    ("sendfile", [NULL, FILE, 0, 1 << 50]), ("copy_file_range", [FILE, 0, OUTPUT, 0, 1 << 50, 0]),
    ("read", [FILE, ZEROS, 1 << 50]), ("sync_file_range", [FILE, 0, TOP, 7]),
    ("readahead", [FILE, 0, 1 << 50]), ("fadvise64", [FILE, 0, TOP, 3]),
    ("pwrite64", [FILE, NAME, 5, TOP - 4096]), ("pread64", [FILE, ZEROS, HUGE, TOP - 4096]),
    *(("mmap", [0, size, 0, 0x4022, -1, 0]) for size in (1 << 40, 1 << 46)),
    *(("mmap", [0, 1 << 40, prot, flags, FILE, 0]) for prot in (1, 3) for flags in (1, 2, 0x8001)),
    ("mmap", [0, HUGE, 3, 0xC022, -1, 0]), ("mmap", [0, HUGE, 1, 0xC022, -1, 0]),
    ("mmap", [0, HUGE, 3, 0x8001, FILE, 0]),
]
# After mmap(NULL, 1 << 40, PROT_READ, …NORESERVE) as row 12.
SPACE = Result(12)
SPACES: list[tuple[str, list[Any]]] = [
    *((name, [SPACE, 1 << 40, *rest]) for name, *rest in (
        ("mincore", DATA), ("mlock",), ("munlock",), ("msync", 4), ("munmap",), ("mprotect", 3),
        ("madvise", 3), ("madvise", 4), ("madvise", 8), ("madvise", 14), ("madvise", 22),
        ("madvise", 23), ("mremap", 1 << 41, 1, 0), ("mlock2", 1), ("mbind", 0, 0, 0, 0))),
    ("write", [NULL, SPACE, 1 << 40]), ("write", [WRITING, SPACE, 1 << 40]),
    ("mlockall", [1]), ("fork", []),
]


def test_arguments_of_execve(world: World) -> None:
    """Many pointers to one long string."""
    names = {name: number for number, name in table("x86_64").items()}
    data = bytearray(b"/proc/self/exe\0".ljust(0x100, b"\0"))
    data += (DATA + 0x1100).to_bytes(8, "little") * 0x1F0 + bytes(0x80)
    data = data.ljust(0x1100, b"\0") + b"x" * 0x2E00
    calls = [(names["execve"], [DATA, DATA + 0x100, 0]), (names["execve"], [DATA, 0, DATA + 0x100])]
    many = program("x86_64", [*calls, (names["exit_group"], [0])], bytes(data).ljust(0x3F00, b"\0"))
    verdict = run(world, Program(many, starts=True), 4)
    assert verdict.kind == "ok", verdict


def _program(abi: str, before: list[tuple[str, list[Any]]], call: tuple[str, list[Any]]) -> bytes:
    word = word_size(abi)
    names = {name: number for number, name in table(abi).items()}
    data = bytearray(b"/tmp/huge\0".ljust(16, b"\0") + b"user.name\0".ljust(16, b"\0"))
    data = data.ljust(0x40, b"\0") + b"/dev/null\0".ljust(16, b"\0") + b"/dev/zero\0".ljust(
        16, b"\0") + b"/dev/urandom\0".ljust(16, b"\0") + b"/proc/self/exe\0".ljust(
        16, b"\0") + b"file\0".ljust(16, b"\0") + b"\xff" * 16
    data = data.ljust(0x100, b"\0")
    # The first map of a process is where the kernel puts it: the rows cannot hold an address
    # that is not known, so the vectors are of the zero page at the end of the data.
    data += b"".join((DATA + 0x3000).to_bytes(word, "little") + (0x1000).to_bytes(word, "little")
                     for _ in range(1024))[:0x2E00]
    rows = [(names[name], arguments) for name, arguments in [*before, call]]
    return program(abi, [*rows, (names["exit_group"], [0])], bytes(data))


def _identity(call: tuple[str, list[Any]]) -> str:
    words = (f"{a.row}r" if isinstance(a, Result) else f"{a:x}" for a in call[1])
    return "-".join((call[0], *words))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    harness.prepare()
    made = World()
    yield made
    made.remove()


def check(world: World, data: bytes, name: str) -> None:
    verdict = run(world, Program(data, starts=True), 4)
    assert verdict.kind != "FAILED", verdict.detail
    assert verdict.kind == "ok", verdict
    assert f"{name}(" in world.log.read_text(), "it did not come to the call"


@pytest.mark.parametrize("call", CALLS, ids=_identity)
@pytest.mark.parametrize("abi", ["x86_64", "i386"])
def test_gigabytes(world: World, abi: str, call: tuple[str, list[Any]]) -> None:
    if call[0] not in table(abi).values():
        pytest.skip("not on this ABI")
    check(world, _program(abi, opened(word_size(abi)), call), call[0])


@pytest.mark.parametrize("call", LARGE, ids=_identity)
def test_largest_files(world: World, call: tuple[str, list[Any]]) -> None:
    check(world, _program("x86_64", opened(8), call), call[0])


@pytest.mark.parametrize("call", SPACES, ids=_identity)
def test_terabytes_of_nothing(world: World, call: tuple[str, list[Any]]) -> None:
    space = ("mmap", [0, 1 << 40, 1, 0x4022, -1, 0])
    check(world, _program("x86_64", [*opened(8), space], call), call[0])


@pytest.mark.parametrize("abi", ["x86_64", "arm"])
def test_fork_bomb(world: World, abi: str) -> None:
    """The machine has room for so many tasks only, also for root."""
    names = {name: number for number, name in table(abi).items()}
    fork = (names["fork"], [])
    bomb = program(abi, [*[fork] * 200, (names["exit_group"], [0])])
    verdict = run(world, Program(bomb, starts=True), 20)
    assert verdict.kind != "FAILED", verdict
