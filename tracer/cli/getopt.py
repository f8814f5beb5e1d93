"""strace's options, and a parser with getopt_long's rules and messages.

click and argparse cannot be taught these: options end at the program's name, `-eexpr`, `-tt`,
`--trac`, `--decode-fds[=SET]`, and the messages that strace users and its test suite know.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tracer.messages import UsageError

NO, YES, MAYBE = "no", "yes", "maybe"


class Option(NamedTuple):
    """An option: its method in `tracer.cli.build`, its letter, its long names, its argument."""

    key: str
    letter: str
    names: tuple[str, ...]
    argument: str = NO


class Given(NamedTuple):
    """An option on the command line, spelled "-a" or "--columns" in messages."""

    option: Option
    spelling: str
    value: str | None
    separate: bool = False  # whether the value is a word of its own


# In strace's order, which shows where an abbreviation is ambiguous; then those of ours.
OPTIONS = (
    Option("columns", "a", ("columns",), YES),
    Option("append", "A", ("output-append-mode",)),
    Option("detach_on", "b", ("detach-on",), YES),
    Option("summary_only", "c", ("summary-only",)),
    Option("summary", "C", ("summary",)),
    Option("debug", "d", ("debug",)),
    Option("daemonize_short", "D", ()),
    Option("daemonize", "", ("daemonize", "daemonised", "daemonized"), MAYBE),
    Option("qualify", "e", (), YES),
    Option("env", "E", ("env",), YES),
    Option("follow_short", "f", ()),
    Option("follow", "", ("follow-forks",)),
    Option("follow_old", "F", ()),
    Option("separately", "", ("output-separately",)),
    Option("help", "h", ("help",)),
    Option("instruction_pointer", "i", ("instruction-pointer",)),
    Option("interruptible", "I", ("interruptible",), YES),
    Option("stack_traces_short", "k", ()),
    Option("stack_traces", "", ("stack-traces",), MAYBE),
    Option("syscall_number", "n", ("syscall-number",)),
    Option("arg_names", "N", ("arg-names",)),
    Option("output", "o", ("output",), YES),
    Option("overhead", "O", ("summary-syscall-overhead",), YES),
    Option("attach", "p", ("attach",), YES),
    Option("trace_path", "P", ("trace-path",), YES),
    Option("quiet_short", "q", ()),
    Option("relative", "r", ("relative-timestamps",), MAYBE),
    Option("string_limit", "s", ("string-limit",), YES),
    Option("sort", "S", ("summary-sort-by",), YES),
    Option("absolute_short", "t", ()),
    Option("absolute", "", ("absolute-timestamps", "timestamps"), MAYBE),
    Option("syscall_times", "T", ("syscall-times",), MAYBE),
    Option("user", "u", ("user",), YES),
    Option("summary_columns", "U", ("summary-columns",), YES),
    Option("no_abbrev", "v", ("no-abbrev",)),
    Option("version", "V", ("version",)),
    Option("wall_clock", "w", ("summary-wall-clock",)),
    Option("hex_short", "x", ()),
    Option("hex", "", ("strings-in-hex",), MAYBE),
    Option("xlat", "X", ("const-print-style",), YES),
    Option("decode_fds_short", "y", ()),
    Option("decode_pids_short", "Y", ()),
    Option("pid_namespaces", "", ("pidns-translation",)),
    Option("successful", "z", ("successful-only",)),
    Option("failed", "Z", ("failed-only", "failing-only")),
    Option("seccomp_bpf", "", ("seccomp-bpf",)),
    Option("tips", "", ("tips",), MAYBE),
    Option("trace", "", ("trace",), YES),
    Option("abbrev", "", ("abbrev",), YES),
    Option("verbose", "", ("verbose",), YES),
    Option("raw", "", ("raw",), YES),
    Option("signals", "", ("signals",), YES),
    Option("status", "", ("status",), YES),
    Option("read", "", ("read",), YES),
    Option("write", "", ("write",), YES),
    Option("fault", "", ("fault",), YES),
    Option("inject", "", ("inject",), YES),
    Option("kvm", "", ("kvm",), YES),
    Option("quiet", "", ("quiet", "silent", "silence"), MAYBE),
    Option("decode_fds", "", ("decode-fds",), MAYBE),
    Option("decode_pids", "", ("decode-pids",), YES),
    Option("secontext", "", ("secontext",), MAYBE),
    Option("always_show_pid", "", ("always-show-pid",)),

    Option("host", "", ("host",)),
    Option("root", "", ("root",), YES),
    Option("bind", "", ("bind",), YES),
    Option("clock", "", ("clock",), YES),
    Option("net", "", ("net",), YES),
    Option("seed", "", ("seed",), YES),
    Option("memory", "", ("memory",), YES),
    Option("color", "", ("color",), YES),
    Option("format", "", ("format",), YES),
    Option("record_files", "", ("record-files",), MAYBE),
    Option("whole_lines", "", ("whole-lines",)),
    Option("list_syscalls", "", ("list-syscalls",)),
    Option("abi", "", ("abi",), YES),
)
_LETTERS = {option.letter: option for option in OPTIONS if option.letter}


def _long(word: str) -> tuple[Option, str]:
    """The option of `--name` or an unambiguous beginning of it, and its whole name."""
    name = word[2:].partition("=")[0]
    found: list[tuple[Option, str]] = []
    for option in OPTIONS:
        for full in option.names:
            if full == name:
                return option, full
            if full.startswith(name):
                found.append((option, full))
    if not found:
        raise UsageError(f"unrecognized option '{word}'", hint=True)
    if len({option.key for option, _ in found}) > 1:
        choices = " ".join(f"'--{full}'" for _, full in found)
        raise UsageError(f"option '{word}' is ambiguous; possibilities: {choices}", hint=True)
    return found[0]


def parse(words: list[str], take: Callable[[Given], bool]) -> list[str]:
    """Hand each option to take, in order, until it returns true or the options end.

    Returns what follows them: the program with its arguments.  Raises UsageError with
    getopt_long's messages, when it gets to the mistake.
    """
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            return words[at + 1:]
        if word == "-" or not word.startswith("-"):
            break
        following = words[at + 1] if at + 1 < len(words) else None
        found = _long_option(word, following) if word[1] == "-" else _letters(word, following)
        for given in found:
            if take(given):
                return []
            at += given.separate
        at += 1
    return words[at:]


def _long_option(word: str, following: str | None) -> Iterator[Given]:
    option, full = _long(word)
    _, equals, text = word.partition("=")
    if equals and option.argument == NO:
        raise UsageError(f"option '--{full}' doesn't allow an argument", hint=True)
    if option.argument == YES and not equals and following is None:
        raise UsageError(f"option '--{full}' requires an argument", hint=True)
    if option.argument == YES and not equals:
        yield Given(option, f"--{full}", following, separate=True)
    else:
        yield Given(option, f"--{full}", text if equals else None)


def _letters(word: str, following: str | None) -> Iterator[Given]:
    for end, letter in enumerate(word[1:], 2):
        option = _LETTERS.get(letter)
        if option is None:
            raise UsageError(f"invalid option -- '{letter}'", hint=True)
        if option.argument != YES:      # letters have no optional arguments
            yield Given(option, f"-{letter}", None)
            continue
        if end == len(word) and following is None:
            raise UsageError(f"option requires an argument -- '{letter}'", hint=True)
        separate = end == len(word)
        yield Given(option, f"-{letter}", following if separate else word[end:], separate)
        return
