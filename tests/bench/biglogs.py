"""Two logs of a million lines, their comparison, its time and memory.

    python tests/bench/biglogs.py [LINES] [EDITS]
    python tests/bench/biglogs.py unlike [LINES]

The logs are those of a server with some processes: files are opened, read and mapped at
addresses that change, sockets are polled, clocks are read.  Every line is printed with pid and
time; the second log has other pids, addresses and times, and EDITS seeded differences.

With ``unlike``, pairs of logs (of 100,000 lines each) that have little in common, or in another
order: where aligning is most work.
"""
from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

_WORKERS = 8


def write_log(out: TextIO, lines: int, run: int, edits: int, work: int = 5) -> None:
    """A log; run: 0 or 1, which pids, addresses and times it has; work: seed of what the program
    does, the same for both logs of a pair that is alike."""
    rng = random.Random(work)
    wild = random.Random(run)           # of what it does not decide
    changes = set(random.Random(9).sample(range(1000, lines - 1000), edits)) if run else set()
    base = 0x7F0000000000 + wild.randrange(1 << 20) * 4096
    pids = [1000 + run * 3333 + i * (1 + run) for i in range(_WORKERS)]
    clock = 1_700_000_000 + run * 86_400
    out.write(f'{pids[0]} 10:00:00.000000 execve("./server", ["./server"], 0x7ffc{run}0000f0'
              " /* 12 vars */) = 0\n")
    for pid in pids[1:]:
        out.write(f"{pids[0]} 10:00:00.000001 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID"
                  f"|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x{base + 0x10:x}) = {pid}\n")
    done = _WORKERS
    maps: list[list[int]] = [[] for _ in pids]
    while done < lines - _WORKERS:
        worker = rng.randrange(_WORKERS)
        pid = f"{pids[worker]} {10 + done // 360000 % 10}:{done // 6000 % 60:02}:"
        pid += f"{done // 100 % 60:02}.{wild.randrange(1000000):06} "
        name = f"/srv/data/{rng.randrange(40)}/file-{rng.randrange(5000)}.txt"
        fd, size = rng.randrange(3, 60), rng.randrange(1, 1 << 16)
        block = [
            f'openat(AT_FDCWD, "{name}", O_RDONLY|O_CLOEXEC) = {fd}',
            f"newfstatat({fd}, \"\", {{st_mode=S_IFREG|0644, st_size={size}, ...}}, "
            "AT_EMPTY_PATH) = 0",
        ]
        kind = rng.randrange(4)
        if kind == 0:
            address = base + worker * 0x40000000 + len(maps[worker]) * 0x20000
            maps[worker].append(address)
            block.append(f"mmap(NULL, {size}, PROT_READ, MAP_PRIVATE, {fd}, 0) = {address:#x}")
            if len(maps[worker]) > 50:
                old = maps[worker].pop()
                block.append(f"munmap({old:#x}, {size})           = 0")
        elif kind == 1:
            block.append(f'read({fd}, "{name[5:25]}"..., 65536) = {size}')
            block.append(f"clock_gettime(CLOCK_REALTIME, {{tv_sec={clock + done}, "
                         f"tv_nsec={wild.randrange(10**9)}}}) = 0")
        elif kind == 2:
            block.append(f"epoll_wait(7, [{{events=EPOLLIN, data={{u32={fd}, u64={fd}}}}}], 64, "
                         f"{rng.randrange(1000)}) = 1")
            block.append(f'sendto({fd}, "HTTP/1.1 200 OK\\r\\nContent-Length: {size}"..., {size}, '
                         "MSG_NOSIGNAL, NULL, 0) = " + str(size))
        else:
            block.append(f"futex({base + worker * 64:#x}, FUTEX_WAKE_PRIVATE, 1) = "
                         f"{rng.randrange(2)}")
        block.append(f"close({fd})                                = 0")
        for text in block:
            if done in changes:
                if done % 2:
                    text = text.replace("= ", "= -1 EIO (Input/output error) #"[:32], 1) \
                        if text.startswith("close") else text.replace("(", "(9", 1)
                else:
                    out.write(f"{pid}sched_yield() = 0\n")
            out.write(f"{pid}{text}\n")
            done += 1
    for pid_ in pids[::-1]:
        out.write(f"{pid_} 23:00:00.000000 +++ exited with 0 +++\n")


def other_work(out: TextIO, lines: int, run: int) -> None:
    """The same server, which does other things."""
    write_log(out, lines, run, 0, 6 + run)


def other_calls(out: TextIO, lines: int, run: int) -> None:
    """Nothing is alike."""
    name = ("read", "write")[run]
    for i in range(lines):
        out.write(f'{name}({i % 50}, "{i * 7919 % 100003}", {i}) = {i % 13}\n')


def few_calls(out: TextIO, lines: int, run: int) -> None:
    """Two dozen different lines, in a random order."""
    rng = random.Random(run)
    for _ in range(lines):
        out.write(f'{rng.choice(("read", "write"))}({rng.randrange(12)}, "x", 1) = 1\n')


def shuffled(out: TextIO, lines: int, run: int) -> None:
    """The same lines, each once, in another order."""
    numbers = list(range(lines))
    if run:
        random.Random(1).shuffle(numbers)
    for i in numbers:
        out.write(f'read({i}, "x", {i}) = 1\n')


def far_addresses(out: TextIO, lines: int, run: int) -> None:
    """Addresses all over the address space, in mappings that the log does not show."""
    rng = random.Random(run)
    for _ in range(lines):
        out.write(f"{rng.choice(('madvise', 'mprotect', 'munmap'))}"
                  f"({rng.randrange(1, 1 << 35) << 12:#x}, {rng.randrange(5) << 12}) = 0\n")


def many_processes(out: TextIO, lines: int, run: int) -> None:
    """A shell that starts some ten thousand programs."""
    rng = random.Random(run)
    shell = child = 1000 + run
    for _ in range(lines // 9):
        child += 1
        out.write(f"{shell} pipe([3, {rng.choice((4, 5))}]) = 0\n{shell} fork() = {child}\n"
                  f'{child} execve("/bin/{rng.choice("abcdef")}", ["x"], 0x{child:x}000 '
                  "/* 3 vars */) = 0\n")
        for _ in range(rng.randrange(1, 4)):
            out.write(f'{child} write(1, "{rng.randrange(100)}", 1) = 1\n')
        out.write(f"{child} exit_group(0) = ?\n{child} +++ exited with 0 +++\n"
                  f"{shell} --- SIGCHLD {{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid={child}, "
                  f"si_uid=0, si_status=0, si_utime=0, si_stime=0}} ---\n"
                  f"{shell} wait4(-1, NULL, 0, NULL) = {child}\n")


UNLIKE = (other_work, other_calls, few_calls, shuffled, far_addresses, many_processes)


def measure(name: str, write: Callable[[TextIO, int], None]) -> None:
    """Make two logs, compare them, print figures."""
    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for run in (0, 1):
            path = Path(directory) / f"log{run}"
            with path.open("w") as out:
                write(out, run)
            paths.append(str(path))
        sizes = ", ".join(f"{Path(path).stat().st_size >> 20} MB" for path in paths)
        begin = time.monotonic()
        with (Path(directory) / "out").open("w+") as found:
            process = subprocess.Popen(
                [sys.executable, "-m", "tracer", "diff", "--config", "none", *paths], stdout=found)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - begin
            found.seek(0)
            last = deque(found, 1)
    print(f"{name} ({sizes}): status {os.waitstatus_to_exitcode(status)}, "
          f"{last[0].rstrip() if last else 'no output'}\n"
          f"  {wall:.1f} s, processor {usage.ru_utime + usage.ru_stime:.1f} s, "
          f"memory {usage.ru_maxrss / 1024:.0f} MB", flush=True)


def main() -> None:
    """Measure what is asked for."""
    if sys.argv[1:2] == ["unlike"]:
        lines = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
        for kind in UNLIKE:
            measure(f"{kind.__name__.replace('_', ' ')}, {lines} x {lines} lines",
                    lambda out, run, kind=kind: kind(out, lines, run))  # type: ignore[misc]
        return
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    edits = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    measure(f"{lines} x {lines} lines, {edits} edits",
            lambda out, run: write_log(out, lines, run, edits))


if __name__ == "__main__":
    main()
