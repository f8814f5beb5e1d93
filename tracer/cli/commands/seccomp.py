"""`pytrace seccomp LOG...`."""
from __future__ import annotations

import click

from sysnames.abis import PROGRAM_ABIS


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option("--abi", "abis", multiple=True,
              type=click.Choice(PROGRAM_ABIS),
              help="The ABI of logs that do not tell. May be given several times.")
@click.option("--allow", multiple=True, metavar="NAME",
              help="Allow a call that no log has. May be given several times.")
@click.option("--merge", "profiles", multiple=True, metavar="FILE",
              help="Also allow what another profile of this command allows.")
@click.option("-o", "--output", metavar="FILE", help="Write to a file.")
def main(logs: tuple[str, ...], abis: tuple[str, ...], allow: tuple[str, ...],
         profiles: tuple[str, ...], output: str | None) -> None:
    """Write a seccomp profile, as OCI runtimes take it, that allows the calls seen in LOGs.

    All others fail with EPERM. A log shows one run: calls that the program makes at other times
    must be in other logs, or be named with --allow. A container runtime's own calls before the
    program starts may be needed, too.
    """
    from tracer.cli.commands.output import output_file
    from tracer.messages import warn
    from tracer.report.seccomp import Profile

    profile = Profile()
    for path in profiles:
        profile.merge(path)
    for log in logs:
        profile.take(log, abis)
    for name in allow:
        profile.allow(name)
    for warning in profile.warnings:
        warn(warning)
    with output_file(output) as out:
        profile.write(out)
