"""`pytrace report LOG`."""
from __future__ import annotations

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("log")
@click.option("-o", "--output", metavar="FILE",
              help="Write the page to a file (default: standard output).")
def main(log: str, output: str | None) -> None:
    """Write one HTML page that shows LOG: a timeline, the calls, the files, the processes.

    LOG may be of pytrace or strace, or JSON lines; plain, gzip or zstd; - is standard input. The
    page is a single file and loads nothing. Times need -t, -r or JSON lines.
    """
    from tracer.cli.commands.output import output_file
    from tracer.report.page import write_report

    with output_file(output) as out:
        write_report(log, out)
