"""What is packaged."""
from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("package", ["loader", "sysnames", "tracer"])
def test_no_folder_of_modules_is_left_out(package: str) -> None:
    """setuptools leaves out a folder without __init__.py."""
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    assert folders
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]
    assert (ROOT / package / "py.typed").exists()
