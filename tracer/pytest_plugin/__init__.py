"""A pytest plugin: the fixture `pytrace` and the option --pytrace-update.

    def test_copy(pytrace):
        run = pytrace("./copy", ["text.txt", "new.txt"])
        assert run.result.status == 0
        run.assert_matches("copy.strace")

`pytrace` takes the arguments of `tracer.trace`; what it returns also has `assert_matches`.  All
that is not needed to tell pytest about these two is imported when the fixture is used.
"""
from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tracer.pytest_plugin.runs import Pytrace

UPDATED = "pytrace_updated"     # the property of a test that wrote a golden log


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --pytrace-update."""
    parser.getgroup("pytrace").addoption(
        "--pytrace-update", action="store_true",
        help="write the golden logs of pytrace that are missing or differ")


@pytest.fixture
def pytrace(request: pytest.FixtureRequest) -> Iterator[Pytrace]:
    """Trace a program, with the arguments of tracer.trace: events, result, assert_matches."""
    from tracer.pytest_plugin.runs import Pytrace

    made = Pytrace(request)
    yield made
    made.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List the golden logs that were written, by whatever process."""
    paths = {value for reports in terminalreporter.stats.values() for report in reports
             for key, value in getattr(report, "user_properties", ()) if key == UPDATED}
    if paths:
        terminalreporter.section("pytrace: golden logs written")
        for path in sorted(paths):
            terminalreporter.line(path)
