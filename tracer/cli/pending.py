"""Options that are understood but not carried out yet: they say so instead of doing less."""
from __future__ import annotations

from collections.abc import Callable

from tracer.cli.messages import UsageError
from tracer.options import RunOptions

# A row goes when the option works.
PENDING: tuple[tuple[str, Callable[[RunOptions], bool]], ...] = (
    ("-b/--detach-on", lambda o: o.detach_on_execve),
    ("-c/--summary-only and -C/--summary", lambda o: bool(o.summary)),
    ("--decode-pids", lambda o: o.decode_pids != 0),
    ("-e inject and -e fault", lambda o: bool(o.injections)),
    ("-e read and -e write", lambda o: bool(o.read_dump or o.write_dump)),
    ("-k/--stack-traces", lambda o: o.stack_traces),
    ("-N/--arg-names", lambda o: o.arg_names),
    ("--tips", lambda o: o.tips is not None and o.tips[1] != "none"),
    ("--color=always", lambda o: o.color == "always"),
)


def refuse_pending(options: RunOptions) -> None:
    """Raise UsageError if the run would leave out something that was asked for."""
    for name, asked in PENDING:
        if asked(options):
            raise UsageError(f"{name}: not available in this version of pytrace")
