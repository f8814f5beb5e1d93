"""`pytrace report LOG`."""
from __future__ import annotations

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option("-o", "--output", metavar="FILE",
              help="Write the page to a file (default: standard output).")
def main(logs: tuple[str, ...], output: str | None) -> None:
    """Write one HTML page that shows LOG: a timeline, the calls, the files, the processes.

    LOG may be of pytrace or strace, or JSON lines; plain, gzip or zstd; - is standard input. The
    page is a single file and loads nothing. Times need -t, -r or JSON lines.

    Of the files LOG.PID that -ff writes, LOG is their common prefix, a directory with these
    files, or they are all named.
    """
    from tracer.cli.commands.output import output_file
    from tracer.report.page import source_of, write_report

    with output_file(output) as out:
        write_report(source_of(logs), out)
