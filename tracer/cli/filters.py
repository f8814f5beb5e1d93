"""strace's qualifying expressions: sets of calls, of numbers, of names, and injections.

The rules are those of strace 6.1: an expression replaces an earlier one of its kind; each
leading "!" inverts it; "all" and "none" stand alone; the rest is a list between commas.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sysnames import table
from sysnames.abis import ABIS, WORD
from tracer.cli.numbers import duration, integer, leading_integer, unsigned, words
from tracer.messages import UsageError, warn
from tracer.selection import CallSet, Injection, NumberSet

if TYPE_CHECKING:
    from tracer.selection import Test

# What may stand behind "@": strace's names for the ABIs of one kernel, and our own.  There is
# no x32 program here, but a filter for x32 is no mistake.
DESIGNATORS: dict[str, tuple[str, ...]] = {
    "64": tuple(abi for abi in ABIS if WORD[abi] == 8),
    "32": tuple(abi for abi in ABIS if WORD[abi] == 4), "x32": (),
    **{abi: (abi,) for abi in ABIS},
}

_ERRNO_MAX = 4095
_SIGNAL_MAX = 64
_POKE_MAX = 2048        # hexadecimal digits
_COUNT_MAX = 0xffff     # of "when"


def _in_some_table(accepts: Callable[[dict[int, str]], bool], abis: tuple[str, ...]) -> bool:
    """Whether a table of one of these ABIs (of none: of x86_64) passes the test."""
    return any(accepts(table(abi)) for abi in abis or ("x86_64",))


def _token(text: str, abis: tuple[str, ...]) -> tuple[Test, bool]:
    """The test of one item of a set of calls, and whether there is such a call."""
    if text[:1].isascii() and text[:1].isdigit():
        number = integer(text)

        def numbered(name: str, abi: str, classes: Callable[[], frozenset[str]]) -> bool:
            return number is not None and table(abi).get(number) == name

        return numbered, _in_some_table(lambda names: number in names, abis)
    if text.startswith("/"):
        from tracer.cli.ere import RegexError, compile_ere

        try:
            search = compile_ere(text[1:]).search
        except RegexError as error:
            raise UsageError(f"regcomp: {text[1:]}: {error}") from None
        return (lambda name, abi, classes: search(name) is not None,
                _in_some_table(lambda names: any(map(search, names.values())), abis))
    if text == "all":
        return (lambda name, abi, classes: True), True
    from sysnames.classes import ALIASES

    if text in ALIASES:
        wanted = ALIASES[text]
        return (lambda name, abi, classes: wanted in classes()), True
    return (lambda name, abi, classes: name == text,
            _in_some_table(lambda names: text in names.values(), abis))


def call_set(expression: str) -> CallSet:
    """Parse a set of calls; raises UsageError with strace's message."""
    text = expression.lstrip("!")
    inverted = (len(expression) - len(text)) % 2 == 1
    if text == "none":
        return CallSet((), inverted)
    if text == "all":
        return CallSet((), not inverted)
    tests: list[Test] = []
    for item in words(text):
        bare = item.lstrip("?")
        name, at, designator = bare.rpartition("@")
        if not at:
            test, known = _token(bare, ABIS)
        elif designator not in DESIGNATORS:
            raise UsageError(f"incorrect personality designator '{designator}'"
                             f" in qualification '{bare}'", hint=True)
        else:
            abis = DESIGNATORS[designator]
            inner, known = _token(name, abis)
            test = _only_in(inner, abis)
        if not known and bare == item:
            raise UsageError(f"invalid system call '{item}'")
        tests.append(test)
    if not tests:
        raise UsageError(f"invalid system call '{expression}'")
    return CallSet(tests, inverted)


def _only_in(test: Test, abis: tuple[str, ...]) -> Test:
    return lambda name, abi, classes: abi in abis and test(name, abi, classes)


def number_set(expression: str, what: str, parse: Callable[[str], int | None]) -> NumberSet:
    """Parse a set of numbers; parse: one item → number, or None for a mistake.

    what: its name in the message of the UsageError for a mistake.
    """
    text = expression.lstrip("!")
    inverted = (len(expression) - len(text)) % 2 == 1
    if text == "none":
        return NumberSet((), inverted)
    if text == "all":
        return NumberSet((), not inverted)
    numbers: list[int] = []
    for item in words(text):
        number = parse(item)
        if number is None:
            raise UsageError(f"invalid {what} '{item}'")
        numbers.append(number)
    if not numbers:
        raise UsageError(f"invalid {what} '{expression}'")
    return NumberSet(numbers, inverted)


def word_set(expression: str, what: str, known: dict[str, str]) -> frozenset[str]:
    """Parse a set of words; known: each spelling (any case) → the word meant."""
    names = sorted(set(known.values()))

    def index(item: str) -> int | None:
        word = known.get(item.lower())
        return None if word is None else names.index(word)

    chosen = number_set(expression, what, index)
    return frozenset(name for i, name in enumerate(names) if i in chosen)


def signal_number(text: str) -> int | None:
    """The signal of a number up to 255 or a name in any case, with or without SIG."""
    if text[:1].isascii() and text[:1].isdigit():
        return integer(text, 255)
    from sysnames.signals import name

    wanted = "SIG" + text.upper().removeprefix("SIG")
    return next((n for n in range(1, _SIGNAL_MAX + 1) if name(n) == wanted), None)


def descriptor(text: str) -> int | None:
    """A file descriptor."""
    return integer(text)


def _errno(text: str) -> int | None:
    value = integer(text, _ERRNO_MAX)
    if value is None:
        from sysnames.errno import NAMES

        value = next((n for n, name in NAMES.items() if name == text.upper()), None)
    return value or None


def _pokes(text: str) -> tuple[tuple[int, bytes], ...] | None:
    """Parse "@arg1=hex,@arg2=hex"."""
    pokes: dict[int, bytes] = {}
    for item in words(text):
        name, _, digits = item.partition("=")
        if not (len(name) == 5 and name.startswith("@arg") and name[4] in "1234567"):
            return None
        if not digits or len(digits) % 2 or len(digits) > _POKE_MAX or int(name[4]) in pokes:
            return None
        if digits.strip("0123456789abcdefABCDEF"):
            return None
        pokes[int(name[4])] = bytes.fromhex(digits)
    return tuple(pokes.items()) or None


def _when(injection: Injection, text: str) -> bool:
    """Parse FIRST[..LAST][+[STEP]]."""
    first, rest = leading_integer(text)
    if first is None or not 1 <= first <= _COUNT_MAX:
        return False
    last = None
    if rest.startswith(".."):
        last, rest = leading_integer(rest[2:])
        if last is None or not first <= last < _COUNT_MAX:
            return False
    if not rest:
        step: int | None = 0 if last is None else 1
    elif rest == "+":
        step = 1
    elif rest[0] == "+":
        step = integer(rest[1:], _COUNT_MAX)
    else:
        return False
    if not step and rest:
        return False
    injection.first, injection.last, injection.step = first, last, step or 0
    return True


def _pure(name: str) -> bool:
    """Whether a call only asks, in every ABI that has it (%pure)."""
    from sysnames.classes import classes

    having = [abi for abi in ABIS if name in table(abi).values()]
    return bool(having) and all("%pure" in classes(name, abi) for abi in having)


def _warn_of_retval(value: int) -> None:
    """Say where a result would look like an error, or lose its upper half."""
    if value >= 2**64 - _ERRNO_MAX:
        warn(f"Inadvertent injection of error {2**64 - value} is possible for retval={value}")
    elif (value & 0xffffffff) >= 2**32 - _ERRNO_MAX:
        warn(f"Inadvertent injection of error {2**32 - (value & 0xffffffff)} is possible"
             f" in compat personality for retval={value}")
    elif value >> 32:
        warn(f"Injected return value {value} will be clipped to {value & 0xffffffff}"
             " in compat personality")


def _inject(injection: Injection, key: str, text: str) -> bool:
    """Take one part of an injection; false for a mistake."""
    if key in ("error", "retval"):
        if injection.error is not None or injection.retval is not None:
            return False
        if key == "error":
            injection.error = _errno(text)
            return injection.error is not None
        injection.retval = unsigned(text)
        if injection.retval is None:
            return False
        _warn_of_retval(injection.retval)
        return True
    if key == "signal":
        if injection.signal:
            return False
        injection.signal = signal_number(text) or 0
        return 1 <= injection.signal <= _SIGNAL_MAX
    if key == "syscall":
        if injection.syscall or not _pure(text):
            return False
        injection.syscall = text
        return True
    if key in ("delay_enter", "delay_exit"):
        if getattr(injection, key) is not None:
            return False
        delay = duration(text)
        setattr(injection, key, delay)
        return delay is not None
    if key in ("poke_enter", "poke_exit"):
        if getattr(injection, key):
            return False
        pokes = _pokes(text)
        setattr(injection, key, pokes or ())
        return pokes is not None
    return False


def injection(expression: str, fault: bool = False) -> Injection:
    """Parse the argument of inject=, or of fault=, which takes error and when only."""
    mistake = UsageError(f"invalid {'fault' if fault else 'inject'} argument '{expression}'")
    parts = [part for part in expression.split(":") if part]
    name = "" if expression[:1] in ("", ":") else parts.pop(0)
    result = Injection(CallSet())
    acts = False
    if name:
        for part in parts:
            key, equals, text = part.partition("=")
            if key == "when" and equals:
                if not _when(result, text):
                    raise mistake
                continue
            if not equals or (fault and key not in ("error", "syscall")):
                raise mistake
            if not _inject(result, key, text):
                raise mistake
            acts = acts or key != "syscall"
    result.calls = call_set(name)
    if not acts:
        if not fault:
            raise mistake
        from sysnames.errno import ENOSYS

        result.error = ENOSYS
    return result
