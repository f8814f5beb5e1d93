"""pytrace: runs a Linux program on an emulated CPU and kernel, and traces it as strace does.

`tracer.trace` runs and traces a program from Python, see `tracer.api`; `tracer.read` reads a log,
see `tracer.logs`.
"""
from __future__ import annotations

TYPE_CHECKING = False       # true for type checkers; the module typing is not needed else
if TYPE_CHECKING:
    from tracer.api import File, Result, Run, TraceError, trace
    from tracer.logs.errors import LogError
    from tracer.logs.parse import read

__version__ = "0.1.0"
__all__ = ["File", "LogError", "Result", "Run", "TraceError", "__version__", "read", "trace"]

_HOMES = {"File": "api", "Result": "api", "Run": "api", "TraceError": "api", "trace": "api",
          "LogError": "logs.errors", "read": "logs.parse"}


if not TYPE_CHECKING:
    def __getattr__(name):
        """Import what is asked for: `import tracer` itself stays cheap."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
        return value
