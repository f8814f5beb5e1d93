"""The rules: what is not meaning, each small, with a name, switched one by one."""
from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tracer.errors import PytraceError


class RuleError(PytraceError):
    """A rule that does not exist or cannot be used."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name, what it does, whether it is in force unless switched off."""

    name: str
    text: str
    default: bool = True


ADDRESSES, PIDS, IPC, TIMES = "addresses", "pids", "ipc-ids", "times"
INODES, RANDOM, MACHINE, DIRECTORIES = "inodes", "random", "machine", "directories"
FDS, SIGCHLD, PROCESSES, MESSAGES = "fds", "sigchld", "processes", "messages"

RULES = (
    Rule(ADDRESSES, "addresses compare by mapping and offset, wherever the mapping is"),
    Rule(PIDS, "process ids compare by the process they mean"),
    Rule(IPC, "System V ids compare by the object they mean"),
    Rule(TIMES, "clocks, times of files, CPU times, timestamps and durations"),
    Rule(INODES, "numbers of inodes and devices, of pipes and sockets; offsets in directories"),
    Rule(RANDOM, "random bytes (getrandom)"),
    Rule(MACHINE, "figures of the machine: memory, load, processors, kernel version, free blocks"),
    Rule(DIRECTORIES, "order and number of a directory's entries; size and links of directories"),
    Rule(SIGCHLD, "the moment of a SIGCHLD: it stands behind the wait for its child"),
    Rule(PROCESSES, "the order of processes that do not wait for each other"),
    Rule(MESSAGES, "the tracer's own messages and comments; tables of -c but their counts"),
    Rule(FDS, "numbers of file descriptors", False),
)
_NAMES = {rule.name: rule for rule in RULES}


@dataclass(frozen=True)
class Settings:
    """Which rules are in force, and the user's own.

    replace: (name, regex, text), applied to every line's text without its prefix.
    ignore_calls: names or patterns (``*``, ``?``); ignore_paths: patterns that are matched
    against the strings among the arguments and the paths of descriptors.
    """

    rules: frozenset[str] = frozenset(rule.name for rule in RULES if rule.default)
    replace: tuple[tuple[str, re.Pattern[str], str], ...] = ()
    ignore_calls: tuple[str, ...] = ()
    ignore_paths: tuple[str, ...] = ()
    abi_neutral: bool = False
    calls_pattern: re.Pattern[str] | None = field(default=None, compare=False)
    paths_pattern: re.Pattern[str] | None = field(default=None, compare=False)

    def names(self) -> tuple[str, ...]:
        """The rules in force, those of the user last."""
        own = [name for name, _, _ in self.replace]
        return tuple([rule.name for rule in RULES if rule.name in self.rules] + own)


def settings(switch_on: Iterable[str] = (), switch_off: Iterable[str] = (),
             replace: Iterable[tuple[str, str, str]] = (), ignore_calls: Iterable[str] = (),
             ignore_paths: Iterable[str] = (), abi_neutral: bool = False) -> Settings:
    """Settings from names and patterns; ``all`` names every rule.  Raises RuleError."""
    rules = {rule.name for rule in RULES if rule.default}
    own: dict[str, tuple[re.Pattern[str], str]] = {}
    for name, pattern, text in replace:
        try:
            compiled = re.compile(pattern)
            compiled.sub(text, "")
            re.sub(f"(?:{pattern})|", text, "")     # a group the text names must exist
        except (re.error, IndexError) as error:
            raise RuleError(f"rule {name}: {error}") from None
        own[name] = compiled, text
    # What is switched off wins.
    for names, on in ((switch_on, True), (switch_off, False)):
        for name in names:
            if name == "all":
                if on:
                    rules = set(_NAMES)
                else:
                    rules.clear()
                    own.clear()
            elif name in _NAMES:
                if on:
                    rules.add(name)
                else:
                    rules.discard(name)
            elif name in own:
                if not on:
                    del own[name]
            else:
                raise RuleError(f"unknown rule '{name}' (see --list-rules)")
    calls, paths = tuple(ignore_calls), tuple(ignore_paths)
    return Settings(frozenset(rules), tuple((n, p, t) for n, (p, t) in own.items()), calls, paths,
                    abi_neutral, _patterns(calls), _patterns(paths))


def _patterns(globs: tuple[str, ...]) -> re.Pattern[str] | None:
    if not globs:
        return None
    return re.compile("|".join(fnmatch.translate(glob) for glob in globs))


def list_rules(chosen: Settings) -> str:
    """A table of all rules for --list-rules, with a mark at those in force."""
    lines = [f"{'*' if rule.name in chosen.rules else ' '} {rule.name:<12} {rule.text}"
             for rule in RULES]
    lines += [f"* {name:<12} {pattern.pattern} => {text}"
              for name, pattern, text in chosen.replace]
    lines += [f"* {'ignore-calls':<12} {', '.join(chosen.ignore_calls)}"] * bool(
        chosen.ignore_calls)
    lines += [f"* {'ignore-paths':<12} {', '.join(chosen.ignore_paths)}"] * bool(
        chosen.ignore_paths)
    return "\n".join(lines) + "\n"
