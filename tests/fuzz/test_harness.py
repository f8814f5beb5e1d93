"""The harness sees what it is there to see."""
from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sysnames import table
from tests.fuzz import harness
from tests.fuzz.harness import Program, World, run
from tests.fuzz.programs import ABIS, DATA, RX, TEXT, calls_of, elf, program

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks and pidfds")

LOOP = {"x86_64": "ebfe", "i386": "ebfe", "arm": "feffffea", "aarch64": "00000014"}


@pytest.fixture
def world() -> Iterator[World]:
    harness.prepare()
    made = World()
    yield made
    made.remove()


def numbers(abi: str) -> dict[str, int]:
    return {name: number for number, name in table(calls_of(abi)).items()}


def getpid() -> Program:
    n = numbers("x86_64")
    return Program(program("x86_64", [(n["getpid"], []), (n["exit_group"], [0])]))


@pytest.mark.parametrize("abi", ABIS)
def test_the_interpreter_makes_the_calls(world: World, abi: str) -> None:
    n = numbers(abi)
    data = program(abi, [(n["write"], [1, DATA, 5]), (n["getppid"], []), (n["exit_group"], [7])],
                   b"hello")
    assert run(world, Program(data, starts=True), 5).kind == "ok"
    assert world.out.read_bytes() == b"hello"
    lines = world.log.read_text().splitlines()
    assert [line.split("(")[0].split()[-1] for line in lines[1:-1]] == [
        "write", "getppid", "exit_group"]
    assert lines[-1].endswith("+++ exited with 7 +++")


@pytest.mark.parametrize("abi", LOOP)
def test_sigterm_ends_a_loop(world: World, abi: str) -> None:
    """A program that computes for ever ends at once, and what it did before is in the log."""
    data = elf(abi, [(TEXT, 4096, RX, bytes.fromhex(LOOP[abi]))], TEXT)
    verdict = run(world, Program(data), .5)
    assert verdict.kind == "long", verdict
    assert verdict.seconds < 4
    assert "execve(" in world.log.read_text()


def disaster(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """Has getpid do something that no call may do."""
    from tracer.kernel import registry

    real = registry.find_handler

    def find(name: str, abi: str) -> Any:
        found = real(name, abi)
        if name != "getpid" or found is None:
            return found

        class Bad:
            structs: dict[str, str] = {}

            @staticmethod
            def function(task: Any, *_args: int) -> int:
                act()
                return 1

        return Bad

    monkeypatch.setattr("tracer.kernel.dispatch.find_handler", find)


def _allocate() -> None:
    assert len(b"x" * (400 << 20)) > 0


def _endless() -> None:
    while True:
        pass


@pytest.mark.parametrize(("act", "text"), [
    (lambda: {}["x"], "KeyError"),
    (lambda: os.mkdir("new"), "os.mkdir"),
    (lambda: os.open("/tmp/made-by-a-fuzzer", os.O_RDWR), "open"),
    (lambda: os.chmod("file", 0o600), "os.chmod"),
    (lambda: os.mkfifo("fifo"), "files changed"),
    (lambda: os.kill(os.getpid(), 11), "killed by SIGSEGV"),
    (lambda: os.abort(), "SIGABRT"),
    (lambda: os._exit(0), "no end in the log"),
    (_allocate, "MiB of memory"),
    (_endless, "takes too long"),
])
def test_disasters_are_seen(world: World, monkeypatch: pytest.MonkeyPatch,
                            act: Callable[[], Any], text: str) -> None:
    assert run(world, getpid(), 1).kind == "ok"
    disaster(monkeypatch, act)
    verdict = run(world, getpid(), 1)
    assert verdict.kind == "FAILED"
    assert text in verdict.detail
