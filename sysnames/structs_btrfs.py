"""Structure rows, continued: btrfs."""
from __future__ import annotations

STRUCTS: dict[str, str] = {}
