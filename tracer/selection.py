"""Sets of calls and of numbers, as strace's qualifying expressions describe them.

The expressions are parsed by `tracer.cli.filters`; here is what remains of them for a run.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable


class NumberSet:
    """A set of numbers ≥ 0, or the complement of one."""

    __slots__ = ("inverted", "numbers")

    def __init__(self, numbers: Iterable[int] = (), inverted: bool = False) -> None:
        self.numbers = frozenset(numbers)
        self.inverted = inverted

    def __contains__(self, number: int) -> bool:
        return (number in self.numbers) != self.inverted

    def __bool__(self) -> bool:
        return self.inverted or bool(self.numbers)

    def __repr__(self) -> str:
        return f"NumberSet({sorted(self.numbers)}, inverted={self.inverted})"


# Whether a token takes a call: (its name, ABI, its classes on demand).
Test = Callable[[str, str, Callable[[], "frozenset[str]"]], bool]


class CallSet:
    """A set of calls, asked by name and ABI; nothing is computed for calls never asked for.

    tests: a call that one of them takes is in the set, or, of an inverted set, is not.
    """

    __slots__ = ("_known", "inverted", "tests")

    def __init__(self, tests: Iterable[Test] = (), inverted: bool = False) -> None:
        self.tests = tuple(tests)
        self.inverted = inverted
        self._known: dict[tuple[str, str], bool] = {}

    @property
    def all(self) -> bool:
        """Whether every call is in the set, whatever its name."""
        return self.inverted and not self.tests

    @property
    def none(self) -> bool:
        """Whether no call is in the set."""
        return not self.inverted and not self.tests

    def has(self, name: str, abi: str, classes: frozenset[str] | None = None) -> bool:
        """Whether the call is in the set.

        classes: those of the call if they are known, else `sysnames.classes` has them.  Calls
        without a name (`syscall_0x3e7`) are in no set but an inverted one.
        """
        if not self.tests:
            return self.inverted
        key = (name, abi)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._test(name, abi, classes) != self.inverted
        return found

    def _test(self, name: str, abi: str, classes: frozenset[str] | None) -> bool:
        if name.startswith("syscall_0x"):
            return False

        def classes_of() -> frozenset[str]:
            if classes is not None:
                return classes
            from sysnames.classes import classes as look_up

            return look_up(name, abi)

        return any(test(name, abi, classes_of) for test in self.tests)


ALL_CALLS = CallSet(inverted=True)
NO_CALLS = CallSet()


class Injection:
    """What `-e inject=` (and `-e fault=`) does to the calls of a set.

    error: errno, or None; retval: unsigned 64-bit result, or None; signal: number, or 0;
    syscall: name of the call made instead, or ""; delays in nanoseconds, or None; pokes: pairs
    of argument number (1–7) and the bytes written where that argument points.  Applies to the
    invocations first, first + step, … up to last of each call in each process (step 0: to the
    first one only; last None: without end).
    """

    __slots__ = ("calls", "delay_enter", "delay_exit", "error", "first", "last", "poke_enter",
                 "poke_exit", "retval", "signal", "step", "syscall")

    def __init__(self, calls: CallSet) -> None:
        self.calls = calls
        self.error: int | None = None
        self.retval: int | None = None
        self.signal = 0
        self.syscall = ""
        self.delay_enter: int | None = None
        self.delay_exit: int | None = None
        self.poke_enter: tuple[tuple[int, bytes], ...] = ()
        self.poke_exit: tuple[tuple[int, bytes], ...] = ()
        self.first = 1
        self.last: int | None = None
        self.step = 1

    def applies(self, invocation: int) -> bool:
        """Whether it applies to the call's n-th invocation, counted from 1."""
        past = invocation - self.first
        if past < 0 or (self.last is not None and invocation > self.last):
            return False
        return past % self.step == 0 if self.step else past == 0
