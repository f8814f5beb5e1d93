"""``pytrace check GOLDEN [-- [OPTION]... PROGRAM [ARGUMENT]...]``."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TextIO

import click

from tracer.cli.commands.diff import DIFFERENT, TROUBLE, colored, comparing, read_settings
from tracer.cli.commands.output import output_file
from tracer.compare.printers import PRINTERS, PrintOptions, printer
from tracer.errors import PytraceError
from tracer.golden import GoldenError, Head, command_of, compared, read_head, traced, write
from tracer.messages import report, warn

# Formats of which several may follow each other on one stream.
_MANY = ("text", "side-by-side", "github", "markdown")
_ENDINGS = {"junit": "xml", "gitlab": "json", "json": "json", "html": "html", "markdown": "md"}
# Parameters that say what is compared, kept in the header: parameter → its option.
_KEPT = {"rules": "--rule", "no_rules": "--no-rule", "ignore_calls": "--ignore-call",
         "ignore_paths": "--ignore-path", "replace": "--replace"}
_COMPARING = ("abi_neutral", *_KEPT, "config")


class _Command(click.Command):
    """Keeps what stands behind ``--``: the run."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.obj = None
        if "--" in args:
            at = args.index("--")
            ctx.obj = args[at + 1:]
            args = args[:at]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- [OPTION]... PROGRAM [ARGUMENT]...]"]


@click.command(cls=_Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("golden", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--update", is_flag=True, help="Write the new log to GOLDEN, if it says something "
                                             "else or there is none.")
@click.option("--stdin", type=click.Path(path_type=Path), metavar="FILE",
              help="What the program reads from standard input (default: nothing).")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS",
              help="Give up after this time.")
@click.option("--format", "format_", type=click.Choice(sorted(PRINTERS)), default="text",
              help="How to print differences (default: text).")
@click.option("-o", "--output", metavar="FILE", help="Print to a file; to a file for each log in a "
                                                     "folder, if it is one or ends in /.")
@click.option("-U", "--context", "lines", type=click.IntRange(0), default=3, metavar="N",
              help="Equal lines around a difference (default: 3).")
@click.option("-q", "--brief", is_flag=True, help="Print one line for a log that differs.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto",
              help="Colours; auto: on a terminal, unless NO_COLOR is set.")
@comparing
@click.pass_context
def main(context: click.Context, /, golden: tuple[Path, ...], format_: str, output: str | None,
         **parameters: Any) -> None:
    """Run a program and compare its log with the one in GOLDEN.

    What follows -- is a command line of pytrace; GOLDEN's first line keeps it, with the options
    that say what is compared, so that it need not be repeated. Several logs can be checked, each
    by its own first line; of a folder, all files *.strace and *.strace.gz that have one.

    The exit status is 0 if the logs say the same, 1 if they do not, 2 if there was trouble.
    """
    status = 0
    try:
        paths = _logs(golden)
        folder = Path(output) if output is not None and (
            output.endswith(("/", os.sep)) or os.path.isdir(output)) else None
        if context.obj is not None and (len(golden) > 1 or paths != list(golden)):
            raise click.UsageError("one GOLDEN at a time can be given a program to run")
        if len(paths) > 1 and format_ not in _MANY and folder is None:
            raise click.UsageError(f"several logs with --format={format_} need a folder: -o DIR/")
        with output_file(output if folder is None else None) as out:
            for path in paths:
                try:
                    found = _check(path, context.obj, None if parameters["brief"] else format_,
                                   folder or out, parameters)
                except PytraceError as error:
                    report(error)
                    found = TROUBLE
                status = max(status, found)
    except PytraceError as error:
        report(error)
        status = TROUBLE
    context.exit(status)


def _logs(golden: tuple[Path, ...]) -> list[Path]:
    """The logs that were named: those in a folder that say how they are made, sorted.  Names
    that start with a dot are left out.  Raises GoldenError for a folder without any."""
    found: list[Path] = []
    for path in golden:
        if not path.is_dir():
            found.append(path)
            continue
        inside = []
        for base, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if name[0] != ".")
            inside += [Path(base, name) for name in sorted(files)
                       if name[0] != "." and name.endswith((".strace", ".strace.gz"))]
        inside = [each for each in inside if read_head(each).words is not None]
        if not inside:
            raise GoldenError(f"{path}: there is no golden log in this folder")
        found += inside
    return found


def _check(path: Path, run: list[str] | None, format_: str | None, out: TextIO | Path,
           parameters: dict[str, Any]) -> int:
    """Check one log; the exit status.  out: a stream or a folder for a file."""
    update = parameters["update"]
    exists = path.exists()
    if not exists and not update:
        raise GoldenError(f"{path}: No such file or directory (--update makes it)")
    head = read_head(path) if exists else Head()
    if run is None:
        if head.words is None:
            raise GoldenError(f"{path}: no line '# pytrace check: …' in it says what to run; "
                              "give the program behind --")
        run, parameters = _recorded(path, head.words, parameters)
    words = [*_words(parameters), "--", *run]
    settings = read_settings(**{name: parameters[name] for name in _COMPARING})
    with traced(run, parameters["stdin"], parameters["timeout"]) as log:
        if not exists:
            write(path, words, head.comments, log.read_bytes())
            click.echo(f"{path}: written", err=True)
            return 0
        with compared(path, log, command_of(run), settings) as diff:
            if diff.old.unknown and diff.old.unknown == diff.old.lines:
                warn(f"{path}: no line of it is understood; is it a log?")
            same, count = diff.same, diff.summary.total
            if not update:
                _print(path, diff, format_, out, parameters)
        if not update:
            return 0 if same else DIFFERENT
        if not same or head.words != words:
            write(path, words, head.comments, log.read_bytes())
    changed = (f"updated, {count} difference{'s' * (count != 1)}" if not same else
               "unchanged" if head.words == words else "header updated")
    click.echo(f"{path}: {changed}", err=True)
    return 0


def _print(path: Path, diff: Any, format_: str | None, out: TextIO | Path,
           parameters: dict[str, Any]) -> None:
    if isinstance(out, Path):
        name = "-".join(part for part in path.parts if part not in ("..", path.anchor))
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PytraceError(f"{out}: {error.strerror}") from None
        with output_file(str(out / f"{name}.{_ENDINGS.get(format_ or '', 'txt')}")) as file:
            _print(path, diff, format_, file, parameters)
        return
    if format_ is None:
        if not diff.same:
            click.echo(f"{path} differs from what the program does now", file=out)
        return
    if diff.same and format_ in ("text", "side-by-side"):
        return
    printer(format_)(diff, out, PrintOptions(parameters["lines"],
                                             colored(parameters["color"], out)))
    if not diff.same:
        out.flush()
        click.echo(f"{path}: if this is right, run the check again with --update", err=True)


def _words(parameters: dict[str, Any]) -> list[str]:
    """The options to be kept in the header."""
    words = ["--abi-neutral"] if parameters["abi_neutral"] else []
    for name, option in _KEPT.items():
        words += [f"{option}={value}" for value in parameters[name]]
    if parameters["stdin"] is not None:
        words.append(f"--stdin={parameters['stdin']}")
    return words


def _recorded(path: Path, words: list[str],
              given: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The run and the parameters of a header, to which those of the command line are added."""
    try:
        context = main.make_context("check", [*words[:words.index("--")], str(path), "--",
                                              *words[words.index("--") + 1:]])
    except (click.ClickException, click.exceptions.Exit, ValueError) as error:
        reason = error.format_message() if isinstance(error, click.ClickException) else \
            "-- and a program are missing"
        raise GoldenError(f"{path}: its header cannot be followed: {reason}") from None
    kept = context.params
    merged = dict(given)
    for name in _KEPT:
        merged[name] = kept[name] + tuple(v for v in given[name] if v not in kept[name])
    merged["abi_neutral"] = kept["abi_neutral"] or given["abi_neutral"]
    merged["stdin"] = given["stdin"] or kept["stdin"]
    run: list[str] = context.obj
    return run, merged
