"""The subcommands: ``pytrace NAME …``; see ``tracer.cli.main.SUBCOMMANDS``."""
