"""The default personality's log of a program is the same whatever the host is like.

    python -m tests.determinism.runs [--runs 20] [--all]

Every run differs in hash seed, time zone, locale, environment, user, limits, umask, the place of
the working directory, the order in which its files were made, their times and owners, and in how
busy the machine is.
"""
from __future__ import annotations

import argparse
import ctypes
import difflib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.fuzz import random_calls

TOP = Path(__file__).parents[2]
SAMPLES = TOP / "samples"
ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", ":/no/such", "XYZ-13:30",
         None)
LOCALES = ("C", "C.UTF-8", "en_US.UTF-8", "tr_TR.UTF-8", "de_DE@euro", "xx_YY", None)
OPTIONS = ("-f", "-v", "-yy", "-ttt", "-T", "-i")
ARGUMENTS = {"copy": ("text.txt", "copy.txt"), "list": ("data",)}
CHOSEN = ("x86_64/list", "x86_64/signals", "x86_64/threads", "i386/copy", "i386/segv", "arm/pipe",
          "arm/tutorial", "aarch64/sleep", "aarch64/list")
RANDOM = (("random-x86_64", 10), ("random-arm", 3), ("random-i386", 2))
OTHER_USER = 12345
_CLONE_NEWUSER = 0x10000000
_SECONDS = 60


class Run(NamedTuple):
    """What must be the same: the log, standard output and error, and the status."""

    log: bytes
    output: bytes
    errors: bytes
    status: int


def programs(every: bool) -> dict[str, tuple[str, ...]]:
    """Name of a program → words of its command line.  Ten of them, or all there are."""
    names: list[str] = list(CHOSEN)
    if every:
        names = [str(p.relative_to(SAMPLES)) for abi in ("x86_64", "i386", "arm", "aarch64")
                 for p in sorted((SAMPLES / abi).iterdir()) if not p.suffix]
    made = {name: (f"./{name}", *ARGUMENTS.get(name.rpartition("/")[2], ())) for name in names}
    return {**made, **{name: (f"./{name}",) for name, _ in RANDOM}}


def files() -> dict[str, bytes]:
    """Paths and contents of what the programs find in their working directory."""
    found = {name: random_calls.maker(99)(index).data for name, index in RANDOM}
    found["file"] = b"content\n" * 100
    found["dir/inner"] = b"inner\n"
    for path in sorted(SAMPLES.rglob("*")):
        name = str(path.relative_to(SAMPLES))
        if path.is_file() and path.suffix in ("", ".txt") and not name.startswith((".", "src/")):
            found[name] = path.read_bytes()
    return found


class Host:
    """One way a host may be, chosen by a number."""

    def __init__(self, number: int) -> None:
        self.rng = rng = Random(number)
        self.top = Path(tempfile.mkdtemp())
        os.chmod(self.top, 0o755)
        self.user = ("", "setuid", "namespace")[number % 3]
        if self.user and not can_be(self.user):
            self.user = ""
        depth = "/".join(rng.choice(("a", "with space", "long" * 30, "ü"))
                         for _ in range(rng.randrange(4)))
        self.work = self.top / depth / "work"
        self._fill()
        self.environment = {
            "PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(TOP),
            "PYTHONHASHSEED": str(number), "PYTHONDONTWRITEBYTECODE": "1",
            **{f"VARIABLE_{i}": "x" * rng.randrange(2000) for i in range(rng.randrange(20))},
            "HOME": rng.choice(("/root", "/nonexistent", str(self.top))),
            "TERM": rng.choice(("dumb", "xterm-256color")), "COLUMNS": str(rng.randrange(20, 300)),
        }
        for name, value in (("TZ", rng.choice(ZONES)), ("LANG", rng.choice(LOCALES)),
                            ("LC_ALL", rng.choice(LOCALES))):
            if value is not None:
                self.environment[name] = value
        self.umask = rng.choice((0, 0o022, 0o027, 0o077))
        self.limits = {resource.RLIMIT_STACK: rng.choice((4 << 20, 8 << 20, 16 << 20)),
                       resource.RLIMIT_NOFILE: rng.choice((256, 512, 1024)),
                       resource.RLIMIT_CORE: 0}
        self.nice = rng.choice((0, 0, 5))

    def _fill(self) -> None:
        """The working directory, its files made in an order of its own."""
        content = sorted(files().items())
        self.rng.shuffle(content)
        owner = self.rng.choice((0, 1000, OTHER_USER)) if os.geteuid() == 0 else None
        for name, data in content:
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        for folder, folders, names in os.walk(self.work, topdown=False):
            for name in (*folders, *names, "."):
                path = Path(folder, name)
                path.chmod(0o755 if path.is_dir() or "/data/" not in str(path) else 0o644)
                if owner is not None:
                    os.chown(path, owner, owner)
                moment = self.rng.randrange(2 * 10**9)
                os.utime(path, (moment, moment - self.rng.randrange(10**6)))
        for path in (self.work, *self.work.relative_to(self.top).parents):
            (self.top / path).chmod(0o755)

    def _before(self) -> None:
        """In the child: become somebody else under other limits."""
        os.umask(self.umask)
        os.nice(self.nice)
        for which, value in self.limits.items():
            hard = resource.getrlimit(which)[1]
            if hard == resource.RLIM_INFINITY or value <= hard:
                resource.setrlimit(which, (value, hard))
        if self.user:
            become(self.user)

    def run(self, words: tuple[str, ...]) -> Run:
        """Trace one program.  Raises subprocess.TimeoutExpired."""
        folder = self.top / "log"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
        log = folder / "log"
        log.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "tracer", *OPTIONS, "-o", str(log), *words], cwd=self.work,
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            preexec_fn=self._before, timeout=_SECONDS)
        if not log.exists() or b"execve(" not in log.read_bytes():
            raise AssertionError(f"{words}: {done.stderr.decode(errors='replace')[-2000:]}")
        return Run(log.read_bytes(), done.stdout, done.stderr, done.returncode)

    def remove(self) -> None:
        shutil.rmtree(self.top, ignore_errors=True)


def become(how: str) -> None:
    """Be another user: really, or as a user namespace without a map shows it.  OSError."""
    if how == "setuid":
        os.setgroups([])
        os.setgid(OTHER_USER)
        os.setuid(OTHER_USER)
    elif ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")


def can_be(how: str) -> bool:
    """Whether a child may become that user, and still can start Python and pytrace."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        done = subprocess.run([sys.executable, "-c", "import tracer.session, unicorn"], cwd="/",
                              env={"PYTHONPATH": str(TOP)}, capture_output=True,
                              preexec_fn=lambda: become(how), timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


@contextmanager
def one_core_busy(busy: bool) -> Iterator[None]:
    """Another process computes meanwhile."""
    if not busy:
        yield
        return
    burner = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
    try:
        yield
    finally:
        burner.kill()
        burner.wait()


def difference(first: Run, other: Run) -> str:
    """What differs, or ""."""
    if first == other:
        return ""
    lines = difflib.unified_diff(first.log.decode(errors="replace").splitlines(),
                                 other.log.decode(errors="replace").splitlines(), lineterm="", n=0)
    text = "\n".join(line[:300] for line in list(lines)[2:12])
    for what in ("output", "errors", "status"):
        one, two = getattr(first, what), getattr(other, what)
        if one != two:
            text += f"\n{what}: {str(one)[:300]} and {str(two)[:300]}"
    return text


def compare(count: int, every: bool = False) -> tuple[list[str], dict[str, int]]:
    """Run all programs on ``count`` hosts: the differences, and how often each kind of user."""
    firsts: dict[str, Run] = {}
    wrong: list[str] = []
    users: dict[str, int] = {}
    for number in range(count):
        host = Host(number)
        users[host.user or "same"] = users.get(host.user or "same", 0) + 1
        try:
            with one_core_busy(number % 2 == 1):
                for name, words in programs(every).items():
                    made = host.run(words)
                    text = difference(firsts.setdefault(name, made), made)
                    if text:
                        wrong.append(f"{name}, run {number} ({host.user or 'same'} user):\n{text}")
        finally:
            host.remove()
    return wrong, users


def main() -> int:
    """1 if something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.determinism.runs")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--all", action="store_true", help="all samples instead of ten programs")
    given = parser.parse_args()
    wrong, users = compare(given.runs, given.all)
    print(*wrong, sep="\n")
    print(f"{len(programs(given.all))} programs, {given.runs} runs of each, users: "
          f"{', '.join(f'{n} {u}' for u, n in users.items())}; {len(wrong)} differences")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
