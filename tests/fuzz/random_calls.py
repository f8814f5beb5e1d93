"""Programs of random system calls with random arguments; see harness.py for what must hold.

    python -m tests.fuzz.random_calls --count 1000 --seed 1 [--jobs 2]

Arguments follow the signature rows most of the time (a descriptor for a descriptor, a pointer to
something plausible for a pointer), so that calls get far, and are arbitrary otherwise.
"""
from __future__ import annotations

import sys
from random import Random
from struct import pack

from sysnames import table
from sysnames.constants import get
from sysnames.kinds import CTYPES, DEFAULT
from sysnames.lookup import signature
from sysnames.row import Item, Kind
from tests.fuzz.harness import Maker, Program, command
from tests.fuzz.programs import (
    ABIS,
    DATA,
    DATA_SIZE,
    READ_ONLY,
    READ_ONLY_SIZE,
    TEXT,
    Result,
    calls_of,
    program,
    word_size,
)
from tracer.kernel.calls import load
from tracer.kernel.registry import find_handler

CALLS = 48                      # in one program
NUMBERS = (0, 1, 2, 3, 4, 7, 8, 16, 64, 100, 128, 255, 256, 1000, 4095, 4096, 4097, 8192, 65536,
           1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 40, (1 << 46) - 4096,
           1 << 47, 1 << 62, (1 << 63) - 1, 1 << 63, -1, -2, -100, -4095, -4096, -4097)
FDS = (0, 0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 15, 100, 1023, 1024, -1, -100, (1 << 31) - 1, -(1 << 31))
PATHS = (b"", b".", b"..", b"/", b"file", b"dir", b"dir/inner", b"up", b"loop", b"script", b"new",
         b"dir/new", b"/tmp", b"/tmp/a", b"/tmp/a/b", b"/tmp/../tmp/b", b"/dev/null", b"/dev/zero",
         b"/dev/full", b"/dev/random", b"/dev/tty", b"/dev/ptmx", b"/dev/pts/0", b"/dev/fd/3",
         b"/proc/self/fd/0", b"/proc/self/fd/1", b"/proc/self/fd/3", b"/proc/self/maps",
         b"/proc/self/exe", b"/proc/self/cwd/file", b"/proc/self/root/../file", b"/proc/1000/stat",
         b"/proc/self/mem", b"/proc/meminfo", b"/proc/sys/kernel/pid_max", b"/sys", b"/etc/passwd",
         b"../secret/key", b"../../../../etc/shadow", b"/proc/self/cwd/../secret/key",
         b"x" * 255, b"x" * 256, b"y/" * 2047, b"a" * 4095, b"\xff\xfe\x80", b"user.x",
         b"security.capability", b"system.posix_acl_access", b"proc", b"tmpfs", b"name\nnew\tline")
EXISTING = (b".", b"file", b"dir", b"dir/inner", b"/tmp/a", b"/tmp", b"user.x", b"a")
FOREVER = frozenset((           # they end the program or wait, mostly
    "exit", "exit_group", "pause", "rt_sigsuspend", "sigsuspend", "rt_sigreturn", "sigreturn",
    "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "rt_sigtimedwait",
    "rt_sigtimedwait_time64", "select", "_newselect", "pselect6", "pselect6_time64", "poll",
    "ppoll", "ppoll_time64", "epoll_wait", "epoll_pwait", "epoll_pwait2", "futex", "futex_time64",
    "wait4", "waitid", "waitpid", "munmap", "mprotect", "mremap", "brk", "vfork", "reboot",
    "seccomp", "flock", "futex_wait", "futex_waitv", "set_thread_area", "arch_prctl", "set_tls",
    "execve", "execveat", "madvise", "pkey_mprotect", "modify_ldt", "shmat"))
FORKING = frozenset(("fork", "vfork", "clone", "clone3"))
EXECUTABLE = (b"file", b"script", b"dir", b"none", b"/dev/null", b"/proc/self/fd/0")


class Generator:
    """Makes one program, from one source of random numbers."""

    def __init__(self, rng: Random, abi: str) -> None:
        self.rng = rng
        self.abi = abi
        self.calls = calls_of(abi)
        self.word = word_size(abi)
        self.names = table(self.calls)
        self.descriptors: list[int] = []    # rows whose result may be a descriptor
        self.others: list[int] = []         # rows with another result of use
        self.strings: list[int] = []        # addresses
        self.existing: list[int] = []
        self.executables: list[int] = []
        self.wild = rng.choice((.02, .05, .2))      # how often an argument is arbitrary
        self.data = self._data()

    # -- memory ---------------------------------------------------------------------------
    def _data(self) -> bytes:
        """Two pages of bytes and structures, one of strings, one that is zero."""
        rng = self.rng
        made = bytearray()
        while len(made) < 0x2000:
            made += rng.choice((self._words, self._pointers, self._vectors, self._times,
                                self._addresses, self._noise))().ljust(256, b"\0")[:256]
        strings = bytearray()

        def put(text: bytes) -> int:
            strings.extend(text + b"\0")
            return DATA + 0x2000 + len(strings) - len(text) - 1

        self.executables = [put(text) for text in EXECUTABLE]
        self.existing = [put(text) for text in EXISTING]
        for text in rng.sample(PATHS, len(PATHS)):
            if len(strings) + len(text) < 0x1FF0 - 64:
                self.strings.append(put(text))
        made += strings
        made = made.ljust(DATA_SIZE, b"\0")
        made[-16:] = b"/no/end/of/text!"[:16]
        return bytes(made)

    def _pack(self, *values: int) -> bytes:
        mask = (1 << 8 * self.word) - 1
        return b"".join((value & mask).to_bytes(self.word, "little") for value in values)

    def _words(self) -> bytes:
        return self._pack(*(self.rng.choice(NUMBERS) for _ in range(32)))

    def _pointers(self) -> bytes:
        return self._pack(*(self.pointer() for _ in range(self.rng.randrange(8))), 0)

    def _vectors(self) -> bytes:
        return self._pack(*(x for _ in range(16) for x in (
            self.pointer(), self.rng.choice((0, 1, 10, 100, 4096, 5000, self.number())))))

    def _times(self) -> bytes:
        choice = self.rng.choice
        return self._pack(*(x for _ in range(8) for x in (
            choice((0, 0, 1, 2, 1000, -1, 1 << 40)), choice((0, 1, 1000, 999999999, 10**9, -1)))))

    def _addresses(self) -> bytes:
        rng = self.rng
        return rng.choice((
            pack("<H", 1) + rng.choice((b"/tmp/sock", b"\0abstract", b"sock\0")),
            pack(">xBHBBBB", 2, rng.choice((0, 80, 7777)), 127, 0, 0, 1),
            pack("<H", 10) + pack(">H", 7777) + bytes(19) + b"\1" + bytes(4),
            pack("<HHII", 16, 0, 0, 0), pack("<IIHH", 3, 1, 2, 4)))

    def _noise(self) -> bytes:
        return self.rng.randbytes(256) if self.rng.random() < .5 else bytes(
            self.rng.choice((0, 1, 255)) for _ in range(256))

    # -- arguments ------------------------------------------------------------------------
    def number(self) -> int:
        rng = self.rng
        chance = rng.random()
        if chance < .6:
            return rng.choice(NUMBERS)
        if chance < .8:
            return 1 << rng.randrange(64) | 1 << rng.randrange(64)
        return rng.getrandbits(rng.randrange(1, 65))

    def pointer(self) -> int:
        rng = self.rng
        chance = rng.random()
        if chance < .7:
            return DATA + 256 * rng.randrange(DATA_SIZE // 256)
        if chance < .8:
            return DATA + DATA_SIZE - rng.choice((1, 2, 4, 7, 8, 12, 16, 64, 100))
        if chance < .85:
            return READ_ONLY + READ_ONLY_SIZE - rng.choice((1, 4, 8, 100, 4096))
        if chance < .9:
            return rng.choice((DATA + DATA_SIZE, DATA + DATA_SIZE + 1, READ_ONLY, TEXT, 1, 4096))
        if chance < .95:
            return 0
        return rng.choice((-1, -8, -4096, 1 << 31, (1 << 32) - 8, (1 << 47) - 8, 1 << 47, 1 << 63))

    def argument(self, item: Item) -> int | Result:
        rng = self.rng
        name, params = item.kind.name, item.kind.params
        if rng.random() < self.wild:
            return rng.choice((self.number, self.pointer))()
        if name in ("fd", "dirfd"):
            if self.descriptors and rng.random() < .3:
                return Result(rng.choice(self.descriptors))
            if name == "dirfd" and rng.random() < .7:
                return rng.choice((-100, 3))
            return rng.choice(FDS) if rng.random() < .2 else rng.randrange(3, 20)
        if name in ("path", "str", "xattr_name"):
            return rng.choice(self.strings if rng.random() < .6 else self.existing)
        if name in ("flags", "enum") and params and isinstance(params[0], Kind):
            return self._constant(params[0].name, name == "flags")
        if name in ("size", "socklen", "ulong", "uint", "int", "long", "loff", "off"):
            if rng.random() < .6:
                return rng.choice((0, 1, 2, 3, 4, 8, 16, 28, 64, 100, 128, 256, 4096, 5000))
            return self.number()
        if item.name == "sigsetsize" and rng.random() > self.wild:
            return 8
        if name == "signal":
            return rng.choice((0, 0, 1, 9, 10, 14, 17, 17, 18, 19, 20, 23, 28, 32, 34, 64, 65, -1))
        if name in ("pid", "tid", "pgid"):
            return rng.choice((0, 0, -1, 1000, 1000, 1001, 999, 1, 2, 1 << 22, -1000))
        if name in ("uid", "gid", "uid16", "gid16"):
            return rng.choice((0, 0, -1, 1000, 65534, 65535, 65536))
        if name == "clockid":
            return rng.choice((0, 1, 2, 3, 4, 5, 7, 8, 11, 12, -1, -6, -8001, 1 << 20))
        if name == "mode" or name == "open_mode":
            return rng.choice((0, 0o644, 0o755, 0o777, 0o7777, 0o100644, 0o040000, 0o010666, -1))
        if name == "mmap_flags":
            return rng.choice((0x22, 0x22, 0x21, 1, 2, 3, 0x32, 0x100022, 0x8022, 0x122, 0x40022))
        ctype = item.ctype or CTYPES.get(name, DEFAULT)
        if ctype == "ptr" or name in ("addr", "ptr", "array", "buf", "iov"):
            if self.others and rng.random() < .1:
                return Result(rng.choice(self.others))
            return self.pointer()
        if rng.random() < .3:
            return self.pointer()
        return rng.choice((0, 1, 2, 3, 4, 5, 6, 8, 16)) if rng.random() < .5 else self.number()

    def _constant(self, name: str, several: bool) -> int:
        rng = self.rng
        try:
            names = get(name, self.calls).names
        except KeyError:
            return self.number()
        if not names:
            return rng.randrange(4)
        value = rng.choice(names)[1]
        if several:
            value = 0 if rng.random() < .5 else value
            while rng.random() < .25:
                value |= rng.choice(names)[1]
        return value if rng.random() > self.wild else value | 1 << rng.randrange(32)

    def arguments(self, name: str) -> list[int | Result]:
        """The words of a call; 64-bit values in two of them where the ABI does so."""
        made: list[int | Result] = []
        for item in signature(name, self.calls).items:
            value = self.argument(item)
            ctype = item.ctype or CTYPES.get(item.kind.name, DEFAULT)
            if self.word == 4 and ctype in ("s64", "u64"):
                if self.calls == "arm" and len(made) & 1:
                    made.append(self.number())
                high = value >> 32 if isinstance(value, int) else 0
                made += [value, high]
            else:
                made.append(value)
        while len(made) < 6:
            made.append(self.number())
        return made[:6]

    # -- calls ------------------------------------------------------------------------------
    def pick(self) -> int:
        """A call's number."""
        rng = self.rng
        if rng.random() < .03:
            return rng.choice((*NUMBERS, rng.randrange(1024), 0xF0001 + rng.randrange(6)))
        numbers = list(self.names)
        while True:
            number = rng.choice(numbers)
            name = self.names[number]
            rare = name in FOREVER or find_handler(name, self.calls) is None
            if not rare or rng.random() < .1:
                return number

    def _openers(self) -> list[tuple[str, list[int | Result]]]:
        """Calls that give descriptors of many kinds to work with, from 3 up."""
        rng = self.rng
        here, file, _, _, new, *_ = self.existing
        ptmx = next((a for a in self.strings if self.text(a) == b"/dev/ptmx"), file)
        mask = DATA
        made: list[tuple[str, list[int | Result]]] = [
            ("openat", [-100, file, 2, 0]), ("openat", [-100, new, 0o102, 0o644]),
            ("pipe2", [DATA + 0x100, rng.choice((0, 0o4000))]), ("eventfd2", [1, 0o4000]),
            ("socketpair", [1, rng.choice((1, 2, 5)), 0, DATA + 0x200]),
            ("socket", [rng.choice((1, 2, 10, 16)), rng.choice((1, 2, 3)), 0]),
            ("epoll_create1", [0]), ("timerfd_create", [1, 0o4000]), ("inotify_init1", [0o4000]),
            ("memfd_create", [file, 2]), ("signalfd4", [-1, mask, 8, 0o4000]),
            ("openat", [-100, ptmx, 0o4002, 0]), ("pidfd_open", [1000, 0]),
            ("timer_create", [0, 0, DATA + 0x300]),
            ("mmap" if self.word == 8 else "mmap2", [0, 0x4000, 3, 0x22, -1, 0])]
        rng.shuffle(made)
        return [("openat", [-100, here, 0, 0]), *made[rng.randrange(6):]]

    def text(self, address: int) -> bytes:
        """The string at an address of the data."""
        at = address - DATA
        return self.data[at:self.data.index(0, at)]

    def make(self) -> tuple[bytes, str]:
        """An executable, and its calls' names."""
        rng = self.rng
        calls: list[tuple[int, list[int | Result]]] = []
        forks = 0
        by_name = {name: number for number, name in self.names.items()}
        if rng.random() < .9:
            calls += [(by_name[name], words) for name, words in self._openers()
                      if name in by_name]
        while len(calls) < CALLS:
            number = self.pick()
            name = self.names.get(number, "")
            if name in FORKING:
                forks += 1
                if forks > 2:
                    continue
            self._add(calls, number)
        calls.append((by_name["exit_group"], [0]))
        data = self.data
        return program(self.abi, calls, data, rng.randbytes(READ_ONLY_SIZE)), " ".join(
            self.names.get(number, hex(number)) for number, _ in calls)

    def _add(self, calls: list[tuple[int, list[int | Result]]], number: int) -> None:
        rng = self.rng
        name = self.names.get(number)
        row = len(calls)
        if name is None:
            calls.append((number, [self.pointer() for _ in range(6)]))
            return
        words = self.arguments(name)
        if name in ("execve", "execveat"):      # never the program itself, again and again
            words[0 if name == "execve" else 1] = rng.choice(self.executables)
        if name == "clone" and rng.random() < .8:
            words[:2] = [17, 0]
        if name == "reboot" and rng.random() < .9:
            words[0] = 0
        calls.append((number, words))
        result = signature(name, self.calls).result
        if result is not None and result.name == "fd":
            self.descriptors.append(row)
        elif result is not None and result.name in ("hex", "addr", "pid"):
            self.others.append(row)


def maker(seed: int) -> Maker:
    """Programs of a seed; the index selects the ABI too."""
    load()

    def make(index: int) -> Program:
        abi = ABIS[index % len(ABIS)]
        data, note = Generator(Random(f"{seed}:{index}"), abi).make()
        options = ("-v",) if index % 3 else ("-yy", "-xx")
        return Program(data, options, f"{abi}: {note}", starts=True)

    return make


if __name__ == "__main__":
    sys.exit(command("random_calls", maker))
