"""Structure rows, continued: video devices and btrfs."""
from __future__ import annotations

STRUCTS: dict[str, str] = {}
