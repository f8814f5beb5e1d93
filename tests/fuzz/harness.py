"""Runs of pytrace on hostile programs, each in a process of its own, and what they must not do.

A run fails by

- a message "internal error" or a traceback, or exit status 70;
- being killed by a signal that the log does not tell of: pytrace itself crashed;
- a log that does not end as it should;
- asking the host for a change (seen by a Python audit hook), or any change of the files around
  the sandbox;
- more memory than the guest's limit and a fixed overhead;
- a system call that takes longer than the time limit.  A program that computes for ever is a
  legal one: it only must end, with its log complete, when pytrace gets signals.

Needs Linux: workers are forked from a process that has pytrace imported, which makes a run take
some 60 ms.
"""
from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import os
import re
import resource
import select
import shutil
import signal
import stat
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

GUEST_MEMORY = 64 << 20
# What pytrace may take besides the guests' memory: Python, Unicorn's translations, file pages.
OVERHEAD = 160 << 20
HOST_LIMIT = 3 << 30            # RLIMIT_AS; Unicorn reserves much and uses little
FILE_LIMIT = 64 << 20
GRACE = 3.0                     # seconds from a signal to the end
_INTERNAL = re.compile(r"internal error|Traceback \(most recent|Exception ignored")
_END = re.compile(r"\+\+\+ (exited with \d+|killed by (SIG\w+)( \(core dumped\))?) \+\+\+$")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Audit events (PEP 578) that stand for a change of something outside, or a way to one.
_FORBIDDEN = frozenset((
    "os.mkdir", "os.rmdir", "os.remove", "os.rename", "os.link", "os.symlink", "os.chmod",
    "os.chown", "os.truncate", "os.utime", "os.setxattr", "os.removexattr", "os.lockf",
    "os.killpg", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty",
    "subprocess.Popen", "socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg",
    "signal.pthread_kill", "resource.prlimit", "fcntl.fcntl", "fcntl.flock", "fcntl.lockf",
    "os.unshare", "os.setns", "tempfile.mkstemp", "tempfile.mkdtemp"))
_HARMLESS_FCNTL = (0, 1, 2, 3, 1030)    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC


class Program(NamedTuple):
    """What to run: an executable's bytes, words for pytrace's command line before it, a text
    for the reader of a failure, whether it is a program that must start."""

    data: bytes
    options: tuple[str, ...] = ()
    note: str = ""
    starts: bool = False


class Verdict(NamedTuple):
    """How a run ended: "ok", "long" (legal, but stopped) or "FAILED", and why."""

    kind: str
    detail: str
    seconds: float
    memory: int             # bytes, the peak


Maker = Callable[[int], Program]


class World:
    """A directory with a place for the guest and one that it must not reach."""

    def __init__(self) -> None:
        self.top = Path(tempfile.mkdtemp(prefix="fuzz-"))
        work, secret = self.top / "work", self.top / "secret"
        (work / "dir").mkdir(parents=True)
        secret.mkdir()
        (secret / "key").write_bytes(b"secret")
        (work / "file").write_bytes(b"hello\n" * 1000)
        (work / "dir" / "inner").write_bytes(b"inner")
        (work / "script").write_bytes(b"#!/work/nothing -x\n")
        os.chmod(work / "script", 0o755)
        (work / "up").symlink_to("../secret/key")
        (work / "loop").symlink_to("loop")
        self.work = work
        self.log = self.top / "log"
        self.out = self.top / "out"
        self.err = self.top / "err"
        self.prog = work / "prog"
        for path in (self.log, self.out, self.err, self.prog):
            path.write_bytes(b"")
        os.chmod(self.prog, 0o755)
        self.before = self.state()

    def state(self) -> dict[str, tuple[Any, ...]]:
        """Every name with its type, owner, times, links and content."""
        found: dict[str, tuple[Any, ...]] = {}
        for folder, _, names in os.walk(self.top):
            for path in (Path(folder), *(Path(folder, name) for name in names)):
                s = path.lstat()
                key = (s.st_mode, s.st_uid, s.st_gid, s.st_nlink, s.st_ino)
                if path not in (self.log, self.out, self.err, self.prog):
                    key += (s.st_mtime_ns,
                            path.read_bytes() if stat.S_ISREG(s.st_mode) else b"")
                found[str(path)] = key
        return found

    def changes(self) -> str:
        """What is different from the start, as text."""
        after = self.state()
        names = [n for n in {*self.before, *after} if self.before.get(n) != after.get(n)]
        return ", ".join(sorted(names))

    def remove(self) -> None:
        shutil.rmtree(self.top, ignore_errors=True)


def prepare() -> None:
    """Import all that a run imports anyway, so that forked workers need not."""
    for name in ("tracer.cli.main", "tracer.session"):
        import_module(name)
    from tracer.kernel.calls import load

    load()


def _watch(world: World, alarm: int) -> None:
    """Report by the descriptor ``alarm`` whatever asks the host for a change."""
    allowed = {str(world.log), os.devnull}
    own = os.getpid()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            if not isinstance(flags, int) or not flags & _WRITING or flags & os.O_PATH:
                return
            if isinstance(path, int) or os.fsdecode(path) in allowed:
                return
        elif event == "os.kill":
            if args[0] == own:
                return
        elif event not in _FORBIDDEN or (event == "fcntl.fcntl" and args[1] in _HARMLESS_FCNTL):
            return
        elif event == "os.truncate" and args[0] in (0, 1, 2):
            return      # the host's own descriptors, which the guest has been given
        elif event == "resource.prlimit" and (len(args) < 3 or not args[2]):
            return
        os.write(alarm, f"{event}{args!r:.300}\n".encode(errors="replace"))

    sys.addaudithook(hook)


def _child(world: World, program: Program, alarm: int, stacks: int) -> None:
    """The run itself, in a process of its own; never returns."""
    status = 99
    try:
        os.setsid()
        os.chdir(world.work)
        for fd, path, flags in ((0, Path(os.devnull), os.O_RDONLY),
                                (1, world.out, os.O_RDWR | os.O_TRUNC | os.O_APPEND),
                                (2, world.err, os.O_RDWR | os.O_TRUNC | os.O_APPEND)):
            opened = os.open(path, flags)
            if opened != fd:
                os.dup2(opened, fd)
                os.close(opened)
        mapped = _resident(0)
        resource.setrlimit(resource.RLIMIT_AS, (mapped + HOST_LIMIT, mapped + HOST_LIMIT))
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT, FILE_LIMIT))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        faulthandler.disable()      # a crash is the harness's to report
        faulthandler.register(signal.SIGUSR1, file=stacks, all_threads=False)
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
        sys.stdout = os.fdopen(os.dup(1), "w", buffering=1, errors="backslashreplace")
        from tracer.cli.main import main

        sys.argv[0] = "pytrace"
        os.environ["PYTRACE_DEBUG"] = "1"       # tracebacks instead of their last lines
        words = ["-o", str(world.log), "-f", "--memory", str(GUEST_MEMORY), *program.options,
                 "./prog"]
        _watch(world, alarm)
        status = main(words)
        sys.stderr.flush()
    except BaseException:
        import traceback

        os.write(alarm, f"Traceback: {traceback.format_exc()[-1200:]}\n".encode())
    finally:
        os._exit(status & 0xFF)


def _read(path: Path, limit: int = 1 << 20) -> str:
    with open(path, "rb") as f:
        f.seek(max(0, os.fstat(f.fileno()).st_size - limit))
        return f.read().decode(errors="replace")


def _stack(pid: int, stacks: int) -> list[str]:
    """Where the Python code of a run is, the innermost function first."""
    os.kill(pid, signal.SIGUSR1)
    time.sleep(.2)
    lines = []
    with contextlib.suppress(BlockingIOError):
        lines = os.read(stacks, 1 << 16).decode(errors="replace").splitlines()
    return [line.strip() for line in lines if line.startswith("  File")]


def _in_a_call(stack: list[str]) -> str:
    """The handler or decoder in which a run is, or "" when the guest's code runs."""
    at = next((i for i, line in enumerate(stack)
               if re.search(r"in (trap|compat|_advance)$", line)), None)
    return " < ".join(stack[:at]) if at else ""


def run(world: World, program: Program, limit: float) -> Verdict:
    """One program, judged."""
    world.prog.write_bytes(program.data)
    alarms, alarm = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    stacks, dump = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    started = time.monotonic()
    with warnings.catch_warnings():
        # of threads, which pytest-xdist has; the child uses none of their locks
        warnings.simplefilter("ignore", DeprecationWarning)
        inherited = _resident(1)        # what pytest itself takes counts for nothing
        pid = os.fork()
    if not pid:
        _child(world, program, alarm, dump)
    long, stuck = "", ""
    poll = select.poll()
    pidfd = os.pidfd_open(pid)
    poll.register(pidfd, select.POLLIN)
    try:
        if not poll.poll(limit * 1000):
            sizes = world.log.stat().st_size, world.out.stat().st_size
            first = _in_a_call(_stack(pid, stacks))
            poll.poll(500)
            second = _in_a_call(_stack(pid, stacks))
            if first and second and first.split(" < ")[-1] == second.split(" < ")[-1] and sizes == (
                    world.log.stat().st_size, world.out.stat().st_size):
                stuck = f"a call takes too long: {second}"
            long = f"still running after {limit} s"
            # SIGTERM goes to the program, which may ignore it; a second SIGINT ends every run.
            for signo, patience in ((signal.SIGTERM, GRACE), (signal.SIGINT, 1),
                                    (signal.SIGINT, GRACE)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signo)
                if poll.poll(patience * 1000):
                    break
            else:
                stuck = stuck or f"does not end by signals: {_stack(pid, stacks)[:6]}"
                os.kill(pid, signal.SIGKILL)
    finally:
        os.close(pidfd)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - started
    for fd in (alarm, dump, stacks):
        os.close(fd)
    with open(alarms, "rb") as f:
        reported = f.read().decode(errors="replace")
    memory = max(0, (usage.ru_maxrss << 10) - inherited)
    detail = stuck or _judge(world, status, memory, reported, bool(long))
    if not detail and program.starts and b"execve(" not in world.log.read_bytes()[:100]:
        detail = f"did not start: {_read(world.err)[-300:]}"
    kind = "FAILED" if detail else "long" if long else "ok"
    return Verdict(kind, detail or long, seconds, memory)


def _resident(field: int) -> int:
    """Bytes of memory of this process: field 0 mapped, 1 resident (proc(5), statm)."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[field]) * resource.getpagesize()


def _judge(world: World, status: int, memory: int, alarms: str, stopped: bool) -> str:
    """What is wrong with a run that ended, or ""."""
    errors = _read(world.err)
    found = _INTERNAL.search(errors)
    if found:
        line = errors[max(0, errors.rfind("\n", 0, found.start()) + 1):]
        return line[:1500]
    if alarms:
        return alarms[:1500]
    changes = world.changes()
    if changes:
        return f"files changed: {changes}"
    if memory > GUEST_MEMORY + OVERHEAD:
        return f"{memory >> 20} MiB of memory"
    code, killer = os.waitstatus_to_exitcode(status), ""
    if code == 70:
        return f"exit status 70: {errors[-500:]}"
    log = _read(world.log)
    if world.log.stat().st_size >= FILE_LIMIT:
        return ""           # the disk is full, as it were: the run ends there
    if log and not log.endswith("\n"):
        return f"the log's last line is incomplete: {log[-100:]}"
    if code < 0:
        killer = signal.Signals(-code).name if -code < 32 else f"SIGRT_{-code - 32}"
        if stopped and killer in ("SIGTERM", "SIGINT"):
            return ""
        ends = [_END.search(x) for x in log.splitlines()[-50:]]
        if not any(x and x[2] and (x[2] == killer or killer.startswith("SIGRT")) for x in ends):
            return f"pytrace was killed by {killer}; the log ends {log[-200:]!r}"
    elif not stopped and "pytrace: " in errors and code == 1:
        message = errors[errors.rfind("pytrace: "):]    # the guest may have written before it
        return "" if message.count("\n") == 1 else f"more than one line: {message[:500]}"
    elif not stopped and not any(_END.search(x) for x in log.splitlines()[-50:]):
        return f"no end in the log: {log[-200:]!r}; {errors[-300:]!r}"
    return ""


def campaign(make: Maker, indexes: list[int], limit: float = 5.0,
             report: Callable[[int, Verdict], None] | None = None) -> dict[int, Verdict]:
    """Run the programs of these indexes one after another in one world."""
    verdicts = {}
    world = World()
    try:
        for index in indexes:
            verdict = verdicts[index] = run(world, make(index), limit)
            if verdict.kind == "FAILED":
                world.remove()
                world = World()
            if report is not None:
                report(index, verdict)
    finally:
        world.remove()
    return verdicts


def failures(verdicts: dict[int, Verdict]) -> str:
    """The failed runs as text, for assertions."""
    return "\n".join(f"{i}: {v.detail}" for i, v in verdicts.items() if v.kind == "FAILED")


def command(name: str, maker: Callable[[int], Maker], words: list[str] | None = None) -> int:
    """The command line of a fuzzer; maker: seed → Maker.  Returns 1 when a run failed."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.fuzz.{name}")
    parser.add_argument("--count", type=int, default=1000, help="programs to run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="index of the first program")
    parser.add_argument("--limit", type=float, default=5.0, help="seconds for one program")
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time")
    parser.add_argument("--save", help="do not run: write the first program to this file")
    given = parser.parse_args(words)
    make = maker(given.seed)
    if given.save:
        made = make(given.first)
        Path(given.save).write_bytes(made.data)
        os.chmod(given.save, 0o755)
        print(*made.options, made.note)
        return 0
    prepare()
    totals: Counter[str] = Counter()
    slowest, largest, failed = (0.0, 0), (0, 0), []
    reading, writing = os.pipe()
    workers = []
    for worker in range(given.jobs):
        pid = os.fork()
        if not pid:
            os.close(reading)
            indexes = list(range(given.first + worker, given.first + given.count, given.jobs))

            def report(index: int, verdict: Verdict) -> None:
                os.write(writing, (json.dumps([index, *verdict]) + "\n").encode()[:4096])

            campaign(make, indexes, given.limit, report)
            os._exit(0)
        workers.append(pid)
    os.close(writing)
    with open(reading) as lines:
        for line in lines:
            index, kind, detail, seconds, memory = json.loads(line)
            totals[kind] += 1
            slowest, largest = max(slowest, (seconds, index)), max(largest, (memory, index))
            if kind == "FAILED":
                failed.append(index)
                print(f"{index}: {detail}", flush=True)
    for pid in workers:
        os.waitpid(pid, 0)
    print(f"{name}: seed {given.seed}, {sum(totals.values())} of {given.count} programs ran: "
          f"{totals['ok']} ended, {totals['long']} were stopped, {totals['FAILED']} failed; "
          f"slowest {slowest[0]:.1f} s ({slowest[1]}), "
          f"most memory {largest[0] >> 20} MiB ({largest[1]})")
    return int(bool(failed) or sum(totals.values()) != given.count)
