from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import browser
import pytest


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    reason = browser.missing()
    if reason:
        pytest.skip(reason)
    with browser.browser(tmp_path_factory.mktemp("profile")) as found:
        yield found
