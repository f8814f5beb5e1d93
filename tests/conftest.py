"""For all tests: how long an example takes says nothing on a loaded machine."""
from __future__ import annotations

from hypothesis import settings

settings.register_profile("pytrace", deadline=None)
settings.load_profile("pytrace")
