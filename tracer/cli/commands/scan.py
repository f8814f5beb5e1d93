"""`pytrace scan`."""
from __future__ import annotations

import sys

import click

from tracer.messages import warn


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("program")
@click.option("--log", "logs", multiple=True, metavar="LOG",
              help="A log of the program, made with -i or -k: shows how often each site was "
                   "reached. May be given several times.")
@click.option("--unreached", is_flag=True, help="Only sites that no log reached.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="The output's format.")
@click.option("-o", "--output", metavar="FILE", help="Write to a file.")
def main(program: str, logs: tuple[str, ...], unreached: bool, form: str,
         output: str | None) -> None:
    """List the trap instructions of PROGRAM, an ELF file for x86-64, i386, ARM or AArch64.

    The program is disassembled, not run. For each place where it can enter the kernel: address,
    instruction, the call if a backward look finds its number ("?" after it: there may be
    others), function, and file and line where the program has debug information.
    """
    if unreached and not logs:
        raise click.UsageError("--unreached needs --log.")
    from tracer.cli.commands.output import output_file
    from tracer.scan.listing import print_json, print_text
    from tracer.scan.program import Program
    from tracer.scan.sites import find

    file = Program.load(program)
    sites = find(file)
    reach = None
    if logs:
        from tracer.scan.reached import reach as count
        reach = count(file, sites, logs)
    for warning in file.warnings:
        warn(f"{program}: {warning}")
    shown = [s for s in sites if not (unreached and reach and reach.counts[s.trap.address])]
    with output_file(output) as out:
        (print_json if form == "json" else print_text)(file, sites, reach, shown, out)
    sys.stdout.flush()
