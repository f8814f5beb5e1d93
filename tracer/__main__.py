"""`python -m tracer` is `pytrace`."""
from __future__ import annotations

import sys

from tracer.cli.main import main

sys.exit(main())
