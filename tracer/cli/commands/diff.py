"""``pytrace diff OLD NEW``."""
from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any, TextIO

import click

from tracer.compare.printers import PRINTERS, PrintOptions, printer
from tracer.errors import PytraceError
from tracer.messages import report

DIFFERENT, TROUBLE = 1, 2               # exit statuses, as of diff(1)


def comparing(command: Any) -> Any:
    """The options that say how logs are compared, for every command that compares."""
    for option in (
        click.option("--abi-neutral", is_flag=True,
                     help="Compare what programs do, not the variants of calls that ABIs have."),
        click.option("--rule", "--ignore", "rules", multiple=True, metavar="RULE",
                     help="Switch a rule on (see --list-rules)."),
        click.option("--no-rule", "no_rules", multiple=True, metavar="RULE",
                     help="Switch a rule off; 'all' names every rule."),
        click.option("--ignore-call", "ignore_calls", multiple=True, metavar="NAME",
                     help="Leave calls out; * and ? match any letters."),
        click.option("--ignore-path", "ignore_paths", multiple=True, metavar="GLOB",
                     help="Leave calls out that have to do with a path."),
        click.option("--replace", multiple=True, metavar="'REGEX => TEXT'",
                     help="Replace text in both logs before they are compared."),
        click.option("--config", metavar="FILE",
                     help="A pytrace.toml or setup.cfg (default: that of this directory or the "
                          "nearest above); 'none' for none."),
    ):
        command = option(command)
    return command


def read_settings(abi_neutral: bool, rules: tuple[str, ...], no_rules: tuple[str, ...],
                  ignore_calls: tuple[str, ...], ignore_paths: tuple[str, ...],
                  replace: tuple[str, ...], config: str | None) -> Any:
    """``tracer.compare.rules.Settings`` from these options and the user's file.  Raises
    PytraceError."""
    from tracer.compare.config import Config, find_config, read_config, replacement
    from tracer.compare.rules import settings

    path = (find_config(Path.cwd()) if config is None else
            None if config == "none" else Path(config))
    file = read_config(path) if path is not None else Config()
    own = tuple(replacement(text, i) for i, text in enumerate(replace, len(file.replace) + 1))
    # What the command line says goes over what the file says.
    on = [name for name in file.enable if name not in no_rules] + list(rules)
    off = [name for name in file.disable if name not in rules] + list(no_rules)
    return settings(on, off, file.replace + own, file.ignore_calls + ignore_calls,
                    file.ignore_paths + ignore_paths, abi_neutral)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--format", "format_", type=click.Choice(sorted(PRINTERS)), default="text",
              help="What to print (default: text).")
@click.option("-y", "--side-by-side", is_flag=True, help="Print two columns.")
@click.option("-o", "--output", metavar="FILE", help="Write to a file.")
@click.option("-U", "--context", "lines", type=click.IntRange(0), default=3, metavar="N",
              help="Equal lines around a difference (default: 3).")
@click.option("-q", "--brief", is_flag=True, help="Print one line if the logs differ.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto",
              help="Colours; auto: on a terminal, unless NO_COLOR is set.")
@click.option("-W", "--width", type=click.IntRange(30), metavar="N",
              help="Columns of --side-by-side (default: those of the terminal).")
@click.option("--list-rules", is_flag=True,
              help="Print what is not compared, and whether it is in force (*).")
@comparing
@click.pass_context
def main(context: click.Context, /, old: str | None, new: str | None, format_: str,
         side_by_side: bool, output: str | None, brief: bool, color: str, width: int | None,
         list_rules: bool, lines: int, **options: Any) -> None:
    """Compare two logs: of pytrace or strace, or JSON lines; plain, gzip or zstd; - is standard
    input. The files PREFIX.PID that -ff writes are named by PREFIX, or by their directory.

    The exit status is 0 if they say the same, 1 if they do not, 2 if there was trouble.
    """
    try:
        chosen = read_settings(**options)
        if list_rules:
            from tracer.compare.rules import list_rules as table

            click.echo(table(chosen), nl=False)
            return
        if old is None or new is None:
            raise click.UsageError("two logs are needed: OLD and NEW")
        if old == new == "-":
            raise click.UsageError("only one of the logs can be standard input")
        if side_by_side:
            format_ = "side-by-side"
        status = _compare(old, new, chosen, None if brief else format_, output,
                          lambda out: PrintOptions(lines, colored(color, out),
                                                   width or shutil.get_terminal_size().columns))
    except PytraceError as error:
        report(error)
        status = TROUBLE
    context.exit(status)


def _compare(old: str, new: str, chosen: Any, format_: str | None, output: str | None,
             options: Any) -> int:
    from tracer.compare.compare import compare

    with compare(old, new, chosen) as diff:
        for log in (diff.old, diff.new):
            if log.unknown and log.unknown == log.lines:
                raise PytraceError(f"{log.name}: no line of it is understood; is it a log?")
        if format_ is None:
            if not diff.same:
                click.echo(f"Logs {old} and {new} differ")
        elif output is None:
            printer(format_)(diff, sys.stdout, options(sys.stdout))
        else:
            try:
                with open(output, "w", encoding="utf-8", errors="replace") as out:
                    printer(format_)(diff, out, options(out))
            except OSError as error:
                raise PytraceError(f"{output}: {error.strerror or error}") from None
        return DIFFERENT if not diff.same else 0


def colored(choice: str, out: TextIO) -> bool:
    """Whether to write colours to a stream; choice: of --color."""
    from tracer.output.color import wanted

    try:
        return wanted(choice, out.fileno())
    except (OSError, ValueError):
        return choice == "always"
