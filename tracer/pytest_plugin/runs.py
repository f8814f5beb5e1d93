"""What the fixture `pytrace` gives to a test."""
from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracer.api import Result, Run, trace
from tracer.compare.compare import compare
from tracer.compare.config import Config, find_config, read_config, replacement
from tracer.compare.printers import PrintOptions, printer
from tracer.compare.rules import settings
from tracer.golden import Head, read_head, write
from tracer.pytest_plugin import UPDATED

if TYPE_CHECKING:
    import pytest

    from tracer.logs.model import Call, Event

_LABEL = "this run"


class _Text(io.BytesIO):
    """A log in memory, which messages call by a name."""

    name = _LABEL


class TracedRun:
    """A run and its golden logs.

    abi, calls, log, result and iteration are those of `tracer.Run`, which is ``run``.
    """

    def __init__(self, run: Run, request: pytest.FixtureRequest) -> None:
        self.run = run
        self._request = request

    def __iter__(self) -> Iterator[Event]:
        return iter(self.run)

    def calls(self, *names: str) -> Iterator[Call]:
        """The system calls of these names, or all."""
        return self.run.calls(*names)

    @property
    def abi(self) -> str:
        """The ABI of the program."""
        return self.run.abi

    @property
    def log(self) -> str:
        """All events as strace's lines."""
        return self.run.log

    @property
    def result(self) -> Result:
        """Exit status, output, files written; waits for the end."""
        return self.run.result

    def assert_matches(self, name: str, *, rules: Iterable[str] = (),
                       no_rules: Iterable[str] = (), ignore_calls: Iterable[str] = (),
                       ignore_paths: Iterable[str] = (), replace: Iterable[str] = (),
                       abi_neutral: bool = False) -> None:
        """Assert that the log says the same as a golden log.

        name: a path, relative to the folder of the test's module.  The other arguments are the
        options of ``pytrace diff``, and add to what setup.cfg or pytrace.toml says.  With
        --pytrace-update a golden log that differs or is missing is written instead.
        """
        __tracebackhide__ = True
        path = self._request.path.parent / name
        update = self._request.config.getoption("--pytrace-update")
        found = find_config(path.parent if path.parent.is_dir() else self._request.path.parent)
        config = read_config(found) if found is not None else Config()
        own = tuple(replacement(text, i) for i, text in enumerate(replace, 1))
        chosen = settings((*config.enable, *rules), (*config.disable, *no_rules),
                          config.replace + own, config.ignore_calls + tuple(ignore_calls),
                          config.ignore_paths + tuple(ignore_paths), abi_neutral)
        log = self.run.log.encode("utf-8", "surrogateescape")
        head = Head()
        if path.exists():
            head = read_head(path)
            with compare(path, _Text(log), chosen) as diff:
                if diff.same:
                    return
                text = io.StringIO()
                printer("text")(diff, text, PrintOptions())
                message = text.getvalue()
        else:
            message = f"There is no golden log {path}\n"
        if not update:
            self._output()
            raise AssertionError(f"the log of this run is not as in {name}\n{message}"
                                 "If it is right, run pytest with --pytrace-update")
        write(path, head.words, head.comments, log)
        self._request.node.user_properties.append((UPDATED, self._shown(path)))

    def _shown(self, path: Path) -> str:
        try:
            return str(path.relative_to(self._request.config.rootpath))
        except ValueError:
            return str(path)

    def _output(self) -> None:
        """Let a failure's report show what the program wrote."""
        result = self.run.result
        for name, data in (("output", result.stdout), ("errors", result.stderr)):
            if data:
                self._request.node.add_report_section(
                    "call", f"traced program's {name}", data.decode("utf-8", "backslashreplace"))


class Pytrace:
    """The fixture: called with the arguments of `tracer.trace`."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request
        self._runs: list[Run] = []

    def __call__(self, *args: Any, **options: Any) -> TracedRun:
        __tracebackhide__ = True
        run = trace(*args, **options)
        self._runs.append(run)
        return TracedRun(run, self._request)

    def close(self) -> None:
        """The test is over: no program may go on."""
        for run in self._runs:
            run.close()


