"""pytrace: runs a Linux program on an emulated CPU and kernel, and traces it as strace does."""
from __future__ import annotations

__version__ = "0.1.0"
