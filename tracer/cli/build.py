"""From options on the command line to `RunOptions`: strace's checks, in its order."""
from __future__ import annotations

import os

from tracer.cli import filters, numbers
from tracer.cli.getopt import Given, parse
from tracer.messages import UsageError, invalid_argument, warn
from tracer.options import MESSAGES, PID_COMM, PID_NAMESPACE, STATUSES, RunOptions
from tracer.selection import NO_CALLS

# The prefixes of -e, by the method that takes what follows "=".
QUALIFIERS = {
    "trace": "trace", "t": "trace", "abbrev": "abbrev", "a": "abbrev", "verbose": "verbose",
    "v": "verbose", "raw": "raw", "x": "raw", "signal": "signals", "signals": "signals",
    "s": "signals", "status": "status", "quiet": "quiet", "silent": "quiet",
    "silence": "quiet", "q": "quiet", "read": "read", "reads": "read", "r": "read",
    "write": "write", "writes": "write", "w": "write", "fault": "fault", "inject": "inject",
    "kvm": "kvm", "decode-fd": "decode_fds", "decode-fds": "decode_fds",
    "decode-pid": "decode_pids", "decode-pids": "decode_pids", "secontext": "secontext",
}
_QUIET = {**{word: word for word in MESSAGES}, "exits": "exit", "superseded": "thread-execve"}
_STATUS = {word: word for word in STATUSES}
# Bits as in tracer.decode.call; "all" is what strace 6.1 means by it.
_FD_DETAILS = {"path": 1, "socket": 2, "dev": 4, "pidfd": 8, "signalfd": 16, "eventfd": 32}
_FD_ALL = ("path", "socket", "dev", "pidfd")
_PID_DETAILS = {"comm": PID_COMM, "pidns": PID_NAMESPACE}
_HEX = ("none", "non-ascii-chars", "non-ascii", "all")
_INTERRUPTIBLE = {"anywhere": 1, "always": 1, "waiting": 2, "never": 3, "never_tstp": 4}
_DAEMONS = {"grandchild": 1, "pgroup": 2, "pgrp": 2, "session": 3}
_STRING_LIMIT_MAX = (2**32 - 1) // 4
_PATH_MAX = 4096
_PID_MAX = 12       # what strace reserves for ".PID"

# Every spelling of a summary column; -U and -S show the one on the right.
COLUMNS = {
    "time": "time-percent", "time_percent": "time-percent", "time-percent": "time-percent",
    "time_total": "total-time", "time-total": "total-time", "total_time": "total-time",
    "total-time": "total-time", "min_time": "min-time", "min-time": "min-time",
    "shortest": "min-time", "time_min": "min-time", "time-min": "min-time",
    "longest": "max-time", "max_time": "max-time", "max-time": "max-time",
    "time_max": "max-time", "time-max": "max-time", "avg_time": "avg-time",
    "avg-time": "avg-time", "time_avg": "avg-time", "time-avg": "avg-time", "calls": "calls",
    "count": "calls", "error": "errors", "errors": "errors", "name": "name",
    "syscall": "name", "syscall_name": "name", "syscall-name": "name", "none": "none",
    "nothing": "none",
}


class Builder:
    """Collects options; `finish` checks how they go together.

    A method take_KEY(value, spelling) for each key of `tracer.cli.getopt.OPTIONS`.
    """

    def __init__(self) -> None:
        self.options = RunOptions()
        self.action = ""                # "help", "version" or "list-syscalls" instead of a run
        self.abi: str | None = None     # --abi
        self._counts: dict[str, int] = {}   # of t, x, y, f, q, D, z
        self._long: set[str] = set()    # which of the same were given by their long names
        self._hex = ""
        self._absolute_format: str | None = None
        self._absolute_precision = 0
        self._daemonize = 0
        self._pids: list[int] = []
        self._paths: list[str] = []
        self._old_follow = False
        self._seccomp = False
        self._sort_given = False
        self._columns_given = False
        self._clock_given = False

    def take(self, given: Given) -> bool:
        """Take one option; returns whether the rest is of no interest.  Raises UsageError."""
        getattr(self, f"take_{given.option.key}")(given.value, given.spelling)
        return self.action == "help"

    def _count(self, letter: str) -> None:
        self._counts[letter] = self._counts.get(letter, 0) + 1

    # Output.

    def take_output(self, value: str, spelling: str) -> None:
        self.options.output = value

    def take_append(self, value: None, spelling: str) -> None:
        self.options.output_append = True

    def take_separately(self, value: None, spelling: str) -> None:
        self.options.output_separately = True

    def take_columns(self, value: str, spelling: str) -> None:
        column = numbers.integer(value)
        if column is None:
            invalid_argument(spelling, value)
        self.options.column = column

    def take_color(self, value: str, spelling: str) -> None:
        if value not in ("auto", "always", "never"):
            invalid_argument(spelling, value)
        self.options.color = value

    def take_format(self, value: str, spelling: str) -> None:
        if value not in ("strace", "json", "chrome"):
            invalid_argument(spelling, value)
        self.options.format = value

    def take_record_files(self, value: str | None, spelling: str) -> None:
        limit = numbers.size("64M" if value is None else value, 0)
        if limit is None:
            invalid_argument(spelling, value or "")
        self.options.record_files = limit

    def take_whole_lines(self, value: None, spelling: str) -> None:
        self.options.whole_lines = True

    def take_debug(self, value: None, spelling: str) -> None:
        self.options.debug = True

    # The machine and its world.

    def take_host(self, value: None, spelling: str) -> None:
        self.options.personality = "host"

    def take_root(self, value: str, spelling: str) -> None:
        self.options.root = value

    def take_bind(self, value: str, spelling: str) -> None:
        host, _, rest = value.partition(":")
        guest, _, mode = rest.partition(":")
        mode = mode or "cow"
        if not host or mode not in ("ro", "cow", "rw") or (guest and guest[0] != "/"):
            invalid_argument(spelling, value)
        self.options.binds.append((host, guest or os.path.abspath(host), mode))

    def take_env(self, value: str, spelling: str) -> None:
        # "host" is ours; -E host still removes a variable of that name.
        if spelling == "--env" and value == "host":
            self.options.env_host = True
        else:
            self.options.env_changes.append(value)

    def take_clock(self, value: str, spelling: str) -> None:
        if value not in ("virtual", "host"):
            invalid_argument(spelling, value)
        self.options.clock = value
        self._clock_given = True

    def take_net(self, value: str, spelling: str) -> None:
        if value not in ("none", "host"):
            invalid_argument(spelling, value)
        self.options.network = value

    def take_seed(self, value: str, spelling: str) -> None:
        seed = numbers.unsigned(value)
        if seed is None:
            invalid_argument(spelling, value)
        self.options.seed = seed

    def take_memory(self, value: str, spelling: str) -> None:
        memory = numbers.size(value)
        if memory is None:
            invalid_argument(spelling, value)
        self.options.memory = memory

    def take_user(self, value: str, spelling: str) -> None:
        self.options.user = value

    # Which processes.

    def take_attach(self, value: str, spelling: str) -> None:
        for word in value.replace(",", " ").split():
            pid = numbers.integer(word)
            if not pid:
                raise UsageError(f"Invalid process id: '{word}'")
            self._pids.append(pid)

    def take_follow(self, value: None, spelling: str) -> None:
        self.options.follow_forks = True

    def take_follow_short(self, value: None, spelling: str) -> None:
        self._count("f")

    def take_follow_old(self, value: None, spelling: str) -> None:
        self._old_follow = True

    def take_daemonize_short(self, value: None, spelling: str) -> None:
        self._count("D")

    def take_daemonize(self, value: str | None, spelling: str) -> None:
        daemonize = _DAEMONS.get((value or "grandchild").lower()) if value != "" else None
        if daemonize is None:
            invalid_argument(spelling, value or "")
        self._daemonize = daemonize

    def take_detach_on(self, value: str, spelling: str) -> None:
        if value != "execve":
            raise UsageError(f"Syscall '{value}' for -b isn't supported")
        self.options.detach_on_execve = True

    def take_interruptible(self, value: str, spelling: str) -> None:
        mode = _INTERRUPTIBLE.get(value) or numbers.integer(value, 4)
        if not mode:
            invalid_argument(spelling, value)
        self.options.interruptible = mode

    def take_seccomp_bpf(self, value: None, spelling: str) -> None:
        self._seccomp = True

    # Filters.

    def take_qualify(self, value: str, spelling: str) -> None:
        name, equals, rest = value.partition("=")
        key = QUALIFIERS.get(name) if equals else None
        if key is None:
            self.take_trace(value, spelling)
        else:
            getattr(self, f"take_{key}")(rest, spelling)

    def take_trace(self, value: str, spelling: str) -> None:
        self.options.trace = filters.call_set(value)

    def take_abbrev(self, value: str, spelling: str) -> None:
        self.options.abbrev = filters.call_set(value)

    def take_no_abbrev(self, value: None, spelling: str) -> None:
        self.options.abbrev = NO_CALLS

    def take_verbose(self, value: str, spelling: str) -> None:
        self.options.verbose_set = filters.call_set(value)

    def take_raw(self, value: str, spelling: str) -> None:
        self.options.raw = filters.call_set(value)

    def take_signals(self, value: str, spelling: str) -> None:
        self.options.signals = filters.number_set(value, "signal", filters.signal_number)

    def take_status(self, value: str, spelling: str) -> None:
        self.options.status = filters.word_set(value, "status", _STATUS)

    def take_successful(self, value: None, spelling: str) -> None:
        self.options.status = frozenset(("successful",))
        self._count("z")

    def take_failed(self, value: None, spelling: str) -> None:
        self.options.status = frozenset(("failed",))
        self._count("z")

    def take_trace_path(self, value: str, spelling: str) -> None:
        self._paths.append(value)

    def take_quiet(self, value: str | None, spelling: str) -> None:
        text = "attach,personality" if value is None else value
        self.options.quiet = filters.word_set(text, "quiet", _QUIET)
        self._long.add("q")

    def take_quiet_short(self, value: None, spelling: str) -> None:
        self._count("q")

    def take_read(self, value: str, spelling: str) -> None:
        self.options.read_dump = filters.number_set(value, "descriptor", filters.descriptor)

    def take_write(self, value: str, spelling: str) -> None:
        self.options.write_dump = filters.number_set(value, "descriptor", filters.descriptor)

    def take_inject(self, value: str, spelling: str) -> None:
        self.options.injections.append(filters.injection(value))

    def take_fault(self, value: str, spelling: str) -> None:
        self.options.injections.append(filters.injection(value, fault=True))

    def take_kvm(self, value: str, spelling: str) -> None:
        if value != "vcpu":
            raise UsageError(f"invalid -e kvm= argument: '{value}'")
        self.options.kvm_vcpu = True

    def take_secontext(self, value: str | None, spelling: str) -> None:
        raise UsageError("SELinux context printing (--secontext option)"
                         " is not supported by this build of strace")

    # What stands in a line.

    def take_absolute(self, value: str | None, spelling: str) -> None:
        text = "format:time" if value is None else value
        if not self._timestamps(text):
            invalid_argument(spelling, text)
        self._long.add("t")

    def take_absolute_short(self, value: None, spelling: str) -> None:
        self._count("t")

    def _timestamps(self, text: str) -> bool:
        """Take [[format:]FORMAT][,[precision:]PRECISION]; false for a mistake."""
        style, precision = self._absolute_format or "time", self._absolute_precision
        for word in numbers.words(text):
            kind, colon, rest = word.lower().partition(":")
            if not colon:
                kind, rest = "", kind
            if kind in ("", "format") and rest in ("none", "time", "unix"):
                style = rest
            elif kind in ("", "precision") and rest in numbers.DIGITS:
                precision = numbers.DIGITS[rest]
            else:
                return False
        self._absolute_format, self._absolute_precision = style, precision
        return True

    def take_relative(self, value: str | None, spelling: str) -> None:
        self.options.relative_timestamps = self._precision(value, spelling)

    def take_syscall_times(self, value: str | None, spelling: str) -> None:
        self.options.syscall_times = self._precision(value, spelling)

    def _precision(self, value: str | None, spelling: str) -> int:
        digits = numbers.DIGITS.get("us" if value is None else value.lower())
        if digits is None:
            invalid_argument(spelling, value or "")
        return digits

    def take_instruction_pointer(self, value: None, spelling: str) -> None:
        self.options.instruction_pointer = True

    def take_syscall_number(self, value: None, spelling: str) -> None:
        self.options.syscall_number = True

    def take_arg_names(self, value: None, spelling: str) -> None:
        self.options.arg_names = True

    def take_always_show_pid(self, value: None, spelling: str) -> None:
        self.options.always_show_pid = True

    def take_stack_traces_short(self, value: None, spelling: str) -> None:
        self.options.stack_sources = self.options.stack_traces
        self.options.stack_traces = True

    def take_stack_traces(self, value: str | None, spelling: str) -> None:
        if value not in (None, "symbol", "source"):
            invalid_argument(spelling, value or "")
        self.options.stack_traces = True
        self.options.stack_sources = value == "source"

    def take_string_limit(self, value: str, spelling: str) -> None:
        limit = numbers.integer(value, _STRING_LIMIT_MAX)
        if limit is None:
            invalid_argument(spelling, value)
        self.options.string_limit = limit

    def take_hex_short(self, value: None, spelling: str) -> None:
        self._count("x")

    def take_hex(self, value: str | None, spelling: str) -> None:
        word = "all" if value is None else value.lower()
        if word not in _HEX:
            invalid_argument(spelling, value or "")
        self._hex = word
        self._long.add("x")

    def take_xlat(self, value: str, spelling: str) -> None:
        if value not in ("raw", "abbrev", "verbose"):
            invalid_argument(spelling, value)
        self.options.xlat = value

    def take_decode_fds(self, value: str | None, spelling: str) -> None:
        self.options.decode_fds = self._fd_details("path" if value is None else value)
        self._long.add("y")

    def _fd_details(self, text: str) -> int:
        words = filters.word_set(text, "decode-fds", {word: word for word in _FD_DETAILS})
        if text.lstrip("!") in ("all", "none") or text.startswith("!"):
            words &= frozenset(_FD_ALL)
        return sum(_FD_DETAILS[word] for word in words)

    def take_decode_fds_short(self, value: None, spelling: str) -> None:
        self._count("y")

    def take_decode_pids(self, value: str, spelling: str) -> None:
        words = filters.word_set(value, "decode-pids", {word: word for word in _PID_DETAILS})
        self.options.decode_pids = sum(_PID_DETAILS[word] for word in words)

    def take_decode_pids_short(self, value: None, spelling: str) -> None:
        self.options.decode_pids = PID_COMM

    def take_pid_namespaces(self, value: None, spelling: str) -> None:
        self.options.decode_pids = PID_NAMESPACE

    # Summary.

    def take_summary_only(self, value: None, spelling: str) -> None:
        self._summary("only")

    def take_summary(self, value: None, spelling: str) -> None:
        self._summary("both")

    def _summary(self, kind: str) -> None:
        if self.options.summary not in ("", kind):
            raise UsageError("-c/--summary-only and -C/--summary are mutually exclusive",
                             hint=True)
        self.options.summary = kind

    def take_wall_clock(self, value: None, spelling: str) -> None:
        self.options.summary_wall_clock = True

    def take_sort(self, value: str, spelling: str) -> None:
        if value not in COLUMNS:
            raise UsageError(f"invalid sortby: '{value}'", hint=True)
        self.options.summary_sort = COLUMNS[value]
        self._sort_given = True

    def take_summary_columns(self, value: str, spelling: str) -> None:
        self._columns_given = True
        columns: list[str] = []
        rest = value
        while True:
            word, comma, after = rest.partition(",")
            column = COLUMNS.get(word, "none")
            if column == "none":
                raise UsageError(f"unknown column name: '{word}'", hint=True)
            if column in columns:
                raise UsageError("call summary column has been provided more than once:"
                                 f" '{word}' (-U option residual: '{rest}')", hint=True)
            columns.append(column)
            if not comma:
                break
            rest = after
        if "name" not in columns:
            columns.append("name")
        self.options.summary_columns = tuple(columns)

    def take_overhead(self, value: str, spelling: str) -> None:
        overhead = numbers.duration(value)
        if overhead is None:
            invalid_argument(spelling, value)
        self.options.summary_overhead = overhead

    # Miscellaneous.

    def take_tips(self, value: str | None, spelling: str) -> None:
        tip, style = self.options.tips or (None, "compact")
        for word in numbers.words(value or ""):
            kind, colon, rest = word.lower().partition(":")
            if not colon:
                kind, rest = "", kind
            number = numbers.integer(rest)
            if kind in ("", "id") and (rest == "random" or number is not None):
                tip = number
            elif kind in ("", "format") and rest in ("none", "compact", "full"):
                style = rest
            else:
                invalid_argument(spelling, value or "")
        self.options.tips = (tip, style)

    def take_help(self, value: None, spelling: str) -> None:
        self.action = "help"

    def take_version(self, value: None, spelling: str) -> None:
        self.action = self.action or "version"

    def take_list_syscalls(self, value: None, spelling: str) -> None:
        self.action = self.action or "list-syscalls"

    def take_abi(self, value: str, spelling: str) -> None:
        from sysnames.abis import ABIS

        if value not in ABIS:
            invalid_argument(spelling, value)
        self.abi = value

    # All together.

    def finish(self, command: list[str]) -> RunOptions:
        """Check the options against each other and the command (program and arguments);
        raises UsageError, and warns of options without effect."""
        options = self.options
        if not command and not self._pids:
            raise UsageError("must have PROG [ARGS] or -p PID", hint=True)
        self._check_daemonize(command)
        self._merge_short_options()
        self._check_follow()
        self._check_summary()
        self._warn_without_effect()
        self._resolve_paths()
        self._check_user()
        if options.debug:
            warn(f"ptrace_setoptions = {self._ptrace_options():#x}")
            warn("PTRACE_GET_SYSCALL_INFO works")
        self._check_output()
        self._check_quiet(command)
        if self._pids:
            self._refuse_attach()
        self._check_world()
        if self.abi is not None:
            raise UsageError("--abi belongs to --list-syscalls")
        options.program, options.args = command[0], tuple(command)
        return options

    def _check_daemonize(self, command: list[str]) -> None:
        short = self._counts.get("D", 0)
        if short and self._daemonize:
            raise UsageError("-D and --daemonize cannot be provided simultaneously")
        if not command and (short or self._daemonize):
            raise UsageError("PROG [ARGS] must be specified with -D/--daemonize", hint=True)
        if short > 3:
            raise UsageError(f"Too many -D's ({short}), maximum supported -D count is 3",
                             hint=True)
        self.options.daemonize = bool(short or self._daemonize)

    def _merge_short_options(self) -> None:
        options, counts = self.options, self._counts
        if "t" in counts:
            if "t" in self._long:
                raise UsageError("-t and --absolute-timestamps cannot be provided"
                                 " simultaneously")
            self._timestamps(("time", "time,us", "unix,us")[min(counts["t"], 3) - 1])
        if self._absolute_format != "none":
            options.absolute_timestamps = self._absolute_format
        options.absolute_precision = self._absolute_precision
        if "x" in counts:
            if "x" in self._long:
                raise UsageError("-x and --strings-in-hex cannot be provided simultaneously")
            self._hex = "non-ascii" if counts["x"] == 1 else "all"
        options.strings_in_hex = "" if self._hex == "none" else self._hex
        if "y" in counts:
            if "y" in self._long:
                raise UsageError("-y and --decode-fds cannot be provided simultaneously")
            options.decode_fds = self._fd_details("path" if counts["y"] == 1 else "all")

    def _check_follow(self) -> None:
        options, short = self.options, self._counts.get("f", 0)
        if self._seccomp and options.detach_on_execve:
            warn("--seccomp-bpf is not enabled because it is not compatible with -b")
            self._seccomp = False
        if short:
            if options.follow_forks:
                raise UsageError("-f and --follow-forks cannot be provided simultaneously")
            if short >= 2 and options.output_separately:
                raise UsageError("-ff and --output-separately cannot be provided"
                                 " simultaneously")
            options.follow_forks = True
            options.output_separately = short >= 2
        if self._seccomp and self._pids:
            warn("--seccomp-bpf is not enabled for processes attached with -p")
        if self._seccomp and not options.follow_forks:
            warn("--seccomp-bpf cannot be used without -f/--follow-forks, disabling")
        if self._old_follow:
            if options.follow_forks:
                warn("deprecated option -F ignored")
            else:
                warn("option -F is deprecated, please use -f/--follow-forks instead")
                options.follow_forks = True

    def _check_summary(self) -> None:
        options = self.options
        if options.summary and options.format == "chrome":
            raise UsageError("(-c/--summary-only or -C/--summary) and --format=chrome"
                             " are mutually exclusive", hint=True)
        if options.summary:
            if options.output_separately:
                raise UsageError("(-c/--summary-only or -C/--summary) and"
                                 " -ff/--output-separately are mutually exclusive", hint=True)
            return
        needed = "(-c/--summary-only or -C/--summary)"
        if options.summary_wall_clock:
            raise UsageError(f"-w/--summary-wall-clock must be given with {needed}", hint=True)
        if self._columns_given:
            raise UsageError(f"-U/--summary-columns must be given with {needed}", hint=True)
        if self._sort_given:
            warn(f"-S/--summary-sort-by has no effect without {needed}")

    def _warn_without_effect(self) -> None:
        options = self.options
        if options.summary == "only":
            for given, name in (
                (options.instruction_pointer, "-i/--instruction-pointer"),
                (options.stack_traces, "-k/--stack-traces"),
                (options.syscall_number, "-n/--syscall-number"),
                (options.relative_timestamps is not None, "-r/--relative-timestamps"),
                (options.absolute_timestamps is not None, "-t/--absolute-timestamps"),
                (options.syscall_times is not None, "-T/--syscall-times"),
                (options.decode_fds != 0, "-y/--decode-fds"),
            ):
                if given:
                    warn(f"{name} has no effect with -c/--summary-only")
        if options.output is None:
            if options.output_separately and not options.follow_forks:
                warn("--output-separately has no effect without -o/--output")
            if options.output_append:
                warn("-A/--output-append-mode has no effect without -o/--output")
        if self._counts.get("z", 0) > 1:
            warn("Only the last of -z/--successful-only/-Z/--failed-only options will take"
                 " effect. See status qualifier for more complex filters.")

    def _resolve_paths(self) -> None:
        options = self.options
        for path in self._paths:
            options.trace_paths.append(path)
            # The sandbox has paths of its own, which are resolved when it exists.
            if options.personality != "host" or not os.path.exists(path):
                continue
            real = os.path.realpath(path)
            if real != path:
                options.trace_paths.append(real)
                if "path-resolution" not in options.quiet:
                    from tracer.output.escape import escape

                    asked, found = (escape(os.fsencode(p)) for p in (path, real))
                    warn(f'Requested path "{asked}" resolved into "{found}"')

    def _check_user(self) -> None:
        options = self.options
        # The users of the sandbox stand in its own /etc/passwd.
        if options.user is None or options.personality != "host":
            return
        if os.getuid() != 0 or os.geteuid() != 0:
            raise UsageError("You must be root to use the -u/--username option")
        import pwd

        try:
            pwd.getpwnam(options.user)
        except KeyError:
            raise UsageError(f"Cannot find user '{options.user}'") from None

    def _ptrace_options(self) -> int:
        """The PTRACE_O_* (ptrace(2)) whose events the log shows."""
        sysgood, fork, vfork, clone, execve, exit_ = 1, 2, 4, 8, 16, 64
        follow = fork | vfork | clone if self.options.follow_forks else 0
        return sysgood | execve | exit_ | follow

    def _check_output(self) -> None:
        options = self.options
        if options.output is None:
            options.output_separately = False
        elif options.output_is_pipe:
            if options.output_separately:
                raise UsageError("piping the output and -ff/--output-separately"
                                 " are mutually exclusive", hint=True)
        elif (options.output_separately
              and len(os.fsencode(options.output)) >= _PATH_MAX - _PID_MAX):
            raise UsageError(f"{options.output}: File name too long")

    def _check_quiet(self, command: list[str]) -> None:
        options, short = self.options, self._counts.get("q", 0)
        if options.output is not None and command and not short and "q" not in self._long:
            short = 1
        if short:
            if "q" in self._long:
                raise UsageError("-q and -e quiet/--quiet cannot be provided simultaneously")
            text = ("attach,personality", "attach,personality,exit", "all")[min(short, 3) - 1]
            options.quiet = filters.word_set(text, "quiet", _QUIET)

    def _refuse_attach(self) -> None:
        for pid in self._pids:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                raise UsageError(f"attach: ptrace(PTRACE_SEIZE, {pid}): No such process"
                                 ) from None
            except OSError:
                pass
        raise UsageError("-p/--attach: a process of the host cannot be traced by emulation")

    def _check_world(self) -> None:
        options = self.options
        if options.record_files is not None:
            if options.format != "json" or options.output_separately:
                raise UsageError("--record-files needs --format=json and one log for all")
            if options.personality == "host":
                raise UsageError("--record-files belongs to the sandbox,"
                                 " which --host switches off")
        if options.personality == "host":
            if options.root is not None or options.binds:
                raise UsageError("--root and --bind belong to the sandbox,"
                                 " which --host switches off")
            options.env_host = True
            if not self._clock_given:
                options.clock = "host"


def read(words: list[str]) -> tuple[Builder, list[str]]:
    """Take a command line, up to -h; returns what it says and the command after the options.

    Raises UsageError.
    """
    builder = Builder()
    return builder, parse(words, builder.take)
