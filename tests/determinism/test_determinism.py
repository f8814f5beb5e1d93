"""Three of the runs that `python -m tests.determinism.runs` makes twenty of."""
from __future__ import annotations

import sys

import pytest

from tests.determinism.runs import SAMPLES, compare, one_core_busy, programs
from tests.determinism.threads import logs

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="changes users")


def test_logs_do_not_depend_on_the_host() -> None:
    wrong, _ = compare(3)
    assert not wrong, "\n".join(wrong)


def test_there_are_ten_programs() -> None:
    assert len(programs(False)) >= 10


def test_a_threaded_program_has_one_log() -> None:
    with one_core_busy(True):
        for abi in ("x86_64", "aarch64"):
            assert len(logs(SAMPLES / abi / "threads", 3)) == 1
