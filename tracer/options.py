"""Everything a run needs to know, as the command line (or a test) says it."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.selection import ALL_CALLS, NO_CALLS, Injection, NumberSet

if TYPE_CHECKING:
    from collections.abc import Callable

STATUSES = frozenset(("successful", "failed", "unfinished", "unavailable", "detached"))
MESSAGES = frozenset(("attach", "exit", "path-resolution", "personality", "thread-execve"))
DEFAULT_MEMORY = 1 << 30
SUMMARY_COLUMNS = ("time-percent", "total-time", "avg-time", "calls", "errors", "name")

# Bits of RunOptions.decode_pids.
PID_COMM, PID_NAMESPACE = 1, 2


class RunOptions:
    """The options of one run; made with strace's defaults, then changed by assignment.

    It is the `Options` of `tracer.decode.call`.  Precisions are numbers of digits after the
    seconds (0, 3, 6 or 9).
    """

    __slots__ = (
        "abbrev", "abi", "absolute_precision", "absolute_timestamps", "always_show_pid",
        "arg_names", "args", "binds", "clock", "color", "column", "daemonize", "debug",
        "decode_fds", "decode_pids", "detach_on_execve", "env_changes", "env_host", "follow_forks",
        "format", "injections", "instruction_pointer", "interruptible", "kvm_vcpu", "memory",
        "network", "output", "output_append", "output_separately", "personality", "program",
        "quiet", "raw", "read_dump", "record_files", "relative_timestamps", "root", "seed",
        "signals", "stack_sources", "stack_traces", "status", "string_limit", "strings_in_hex",
        "summary", "summary_columns", "summary_overhead", "summary_sort", "summary_wall_clock",
        "syscall_number", "syscall_times", "tips", "trace", "trace_paths", "tracer_abi", "user",
        "verbose_set", "whole_lines", "write_dump", "xlat",
    )

    def __init__(self, program: str = "", args: tuple[str, ...] = ()) -> None:
        self.program = program                  # as given: a path, or a name for PATH
        self.args = args or (program,)          # argv of the program, its name included
        self.abi = ""                           # of the program; the session sets it
        self.tracer_abi = ""                    # strace's own, which makes the first execve

        # The machine and its world.
        self.personality = "sandbox"            # or "host"
        self.root: str | None = None            # --root: host directory that is the guest's /
        self.binds: list[tuple[str, str, str]] = []  # host path, guest path, "ro" "cow" "rw"
        self.env_changes: list[str] = []        # -E, in order: "VAR=VAL" sets, "VAR" removes
        self.env_host = False                   # --env=host: start from the host's environment
        self.clock = "virtual"                  # or "host"
        self.network: str | None = None         # --net: "none", "host"; None: the personality's
        self.seed = 0
        self.user: str | None = None            # -u
        self.memory = DEFAULT_MEMORY            # bytes that guests may commit

        # Where the log goes.
        self.output: str | None = None          # -o; "|cmd" or "!cmd" is a command
        self.format = "strace"                  # or "json", "chrome"
        self.record_files: int | None = None    # most bytes of all files' contents in the log
        self.output_append = False
        self.output_separately = False          # one file per process
        self.column = 40                        # -a
        self.color = "auto"                     # or "always", "never"
        self.whole_lines = False                # no line is cut, each is written at its end
        self.debug = False                      # -d

        # Which lines.
        self.follow_forks = False
        self.trace = ALL_CALLS
        self.trace_paths: list[str] = []        # -P, as given and resolved
        self.signals = NumberSet(inverted=True)
        self.status = STATUSES
        self.quiet: frozenset[str] = frozenset()
        self.injections: list[Injection] = []

        # What stands in a line.
        self.absolute_timestamps: str | None = None     # "time" or "unix"
        self.absolute_precision = 0
        self.relative_timestamps: int | None = None     # -r: precision
        self.syscall_times: int | None = None           # -T: precision
        self.instruction_pointer = False                # -i
        self.syscall_number = False                     # -n
        self.arg_names = False                          # -N
        self.always_show_pid = False
        self.stack_traces = False                       # -k
        self.stack_sources = False                      # -kk: with lines of source
        self.string_limit = 32                          # -s
        self.strings_in_hex = ""   # "non-ascii-chars", "non-ascii" (-x), "all" (-xx)
        self.xlat = "abbrev"            # -X: "abbrev", "raw", "verbose"
        self.decode_fds = 0             # FD_* bits of tracer.decode.call
        self.decode_pids = 0            # PID_* bits
        self.abbrev = ALL_CALLS
        self.verbose_set = ALL_CALLS
        self.raw = NO_CALLS
        self.read_dump = NumberSet()
        self.write_dump = NumberSet()
        self.kvm_vcpu = False

        # Summary.
        self.summary = ""                       # "only" (-c), "both" (-C)
        self.summary_wall_clock = False         # -w
        self.summary_sort = "time-percent"      # -S: a column's name, or "none"
        self.summary_columns: tuple[str, ...] = SUMMARY_COLUMNS     # -U
        self.summary_overhead = 0               # -O, nanoseconds

        # Taken for strace's sake.
        self.interruptible = 0                  # -I: 1–4, 0: by default
        self.detach_on_execve = False           # -b execve
        self.daemonize = False                  # -D
        self.tips: tuple[int | None, str] | None = None  # id or None: any; "compact", "full"

    @property
    def output_is_pipe(self) -> bool:
        """Whether -o names a command that reads the log."""
        return self.output is not None and self.output[:1] in ("|", "!")

    def abbreviated(self, name: str, abi: str | None = None) -> bool:
        """Whether structures of this call are shortened (-e abbrev)."""
        return self.abbrev.has(name, self.abi if abi is None else abi)

    def verbose(self, name: str, abi: str | None = None) -> bool:
        """Whether structures of this call are read at all (-e verbose)."""
        return self.verbose_set.has(name, self.abi if abi is None else abi)

    def is_raw(self, name: str, abi: str) -> bool:
        """Whether arguments of this call are printed undecoded (-e raw)."""
        return self.raw.has(name, abi)

    def selected(self, name: str, abi: str, classes: frozenset[str] | None = None) -> bool:
        """Whether this call is traced (-e trace); classes as for `CallSet.has`."""
        return self.trace.has(name, abi, classes)

    def injection(self, name: str, abi: str) -> Injection | None:
        """What is injected into this call: the last that was asked for counts."""
        for injection in reversed(self.injections):
            if injection.calls.has(name, abi):
                return injection
        return None

    def environment(self, base: Callable[[], dict[str, str]]) -> dict[str, str]:
        """The program's environment, in order: base's variables with -E's changes."""
        result = base()
        for change in self.env_changes:
            name, equals, value = change.partition("=")
            if equals:
                result[name] = value
            else:
                result.pop(name, None)
        return result

