"""`python -m tracer` is `pytrace`."""
from __future__ import annotations

from tracer.cli.main import command

command()
