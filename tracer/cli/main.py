"""The command `pytrace`."""
from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from tracer.errors import PytraceError
from tracer.messages import program_name, report

# The first word of a command line → module and name of a click command that takes the rest.
# A program of such a name is traced as `pytrace -- NAME` or `pytrace ./NAME`.
SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "check": ("tracer.cli.commands.check", "main"),
    "diff": ("tracer.cli.commands.diff", "main"),
    "report": ("tracer.cli.commands.report", "main"),
    "scan": ("tracer.cli.commands.scan", "main"),
    "seccomp": ("tracer.cli.commands.seccomp", "main"),
}

# Objects made before a collection.  What start-up makes stays, and a run makes few cycles.
_GC_THRESHOLD = 50_000

INTERNAL_ERROR = 70     # EX_SOFTWARE of sysexits.h


def command() -> None:
    """The process `pytrace`: main(), and an end without Python's own clean-up, which would free
    modules and machine object by object and takes a tenth of a short run."""
    status = main()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:                      # closed by who started us
            with suppress(OSError, ValueError):     # its reader has gone
                stream.flush()
    os._exit(status & 0xFF)


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
    except OSError as error:            # writing what was asked for
        report(PytraceError(f"{error.filename or 'standard output'}: {error.strerror}"))
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
    gc.set_threshold(_GC_THRESHOLD)
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

