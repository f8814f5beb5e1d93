"""Options that are understood but not carried out yet: they say so instead of doing less."""
from __future__ import annotations

from collections.abc import Callable

from tracer.cli.messages import UsageError
from tracer.options import RunOptions

# A row goes when the option works.
PENDING: tuple[tuple[str, Callable[[RunOptions], bool]], ...] = (
    ("-k/--stack-traces", lambda o: o.stack_traces),
)


def refuse_pending(options: RunOptions) -> None:
    """Raise UsageError if the run would leave out something that was asked for."""
    for name, asked in PENDING:
        if asked(options):
            raise UsageError(f"{name}: not available in this version of pytrace")
