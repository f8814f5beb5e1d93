"""The one error of reading logs."""
from __future__ import annotations

from tracer.errors import PytraceError


class LogError(PytraceError):
    """A log that cannot be read: no such file, damaged compression, a missing library."""
