"""Short runs of the fuzzers, always the same; the modules' command lines make long ones."""
from __future__ import annotations

import sys

import pytest

from tests.fuzz import elf_mutations, harness, random_calls

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks and pidfds")


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    harness.prepare()


def test_mutated_elf_files() -> None:
    verdicts = harness.campaign(elf_mutations.maker(1), list(range(60)), limit=3)
    assert not harness.failures(verdicts)
    assert sum(v.kind == "ok" for v in verdicts.values()) > 50


def test_random_calls() -> None:
    verdicts = harness.campaign(random_calls.maker(1), list(range(60)), limit=5)
    assert not harness.failures(verdicts)
    assert sum(v.kind == "ok" for v in verdicts.values()) > 55


def test_programs_are_the_same_each_time() -> None:
    for fuzzer in (elf_mutations, random_calls):
        first, second = fuzzer.maker(7), fuzzer.maker(7)
        assert [first(i) for i in range(12)] == [second(i) for i in range(12)]
        assert first(0) != fuzzer.maker(8)(0)
