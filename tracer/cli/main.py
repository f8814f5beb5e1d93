"""The command `pytrace`."""
from __future__ import annotations

import os
import sys

from tracer.cli.messages import program_name, report
from tracer.errors import PytraceError

# The first word of a command line → module and name of a click command that takes the rest.
# A program of such a name is traced as `pytrace -- NAME` or `pytrace ./NAME`.
SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "diff": ("tracer.cli.commands.diff", "main"),
}

INTERNAL_ERROR = 70     # EX_SOFTWARE of sysexits.h


def main(words: list[str] | None = None) -> int:
    """Run a command line (by default the process's own); returns the exit status.

    Whatever happens, the user sees one clear line and no traceback, unless PYTRACE_DEBUG is
    set in the environment.
    """
    words = sys.argv[1:] if words is None else words
    try:
        return _dispatch(words)
    except PytraceError as error:
        report(error)
        return 1
    except BrokenPipeError:
        # The reader of standard output has gone; Python must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("PYTRACE_DEBUG"):
            raise
        text = " ".join(str(error).split()) or "no details"
        sys.stderr.write(f"pytrace: internal error: {type(error).__name__}: {text[:200]}\n")
        return INTERNAL_ERROR


def _dispatch(words: list[str]) -> int:
    if words and words[0] in SUBCOMMANDS:
        return _subcommand(words[0], words[1:])
    from tracer.cli.build import read

    builder, command = read(words)
    if builder.action == "help":
        from tracer.cli.help import help_text

        sys.stdout.write(help_text(program_name()))
        return 0
    if builder.action == "version":
        from tracer.cli.help import version_text

        sys.stdout.write(version_text())
        return 0
    if builder.action == "list-syscalls":
        from tracer.cli.listing import print_listing

        print_listing(builder.abi, sys.stdout)
        return 0
    options = builder.finish(command)
    from tracer.session import run

    return run(options)


def _subcommand(name: str, words: list[str]) -> int:
    """Run a click command; its mistakes are reported as click does, its status returned."""
    from importlib import import_module

    module, attribute = SUBCOMMANDS[name]
    command = getattr(import_module(module), attribute)
    try:
        result = command.main(args=words, prog_name=f"{program_name()} {name}")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return result if isinstance(result, int) else 0

