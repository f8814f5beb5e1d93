"""The generator: committed files are what it writes."""
from __future__ import annotations

import importlib.util

import pytest

from sysnames.generate import constants, ioctls, writer
from sysnames.generate.__main__ import GROUPS, generate

needs_headers = pytest.mark.skipif(
    importlib.util.find_spec("ziglang") is None,
    reason="the kernel headers come with the PyPI package ziglang, which is not installed",
)


@needs_headers
@pytest.mark.parametrize("group", GROUPS)
def test_regenerating_gives_the_same_bytes(group: str) -> None:
    for path, text in generate(group).items():
        assert (writer.ROOT / path).read_bytes() == text.encode(), path


def test_set_rows() -> None:
    rows = constants.parse("a flags A_???\n    X Y=0x2@arm\n    1<<Z\nb enum dec int -\n    W\n")
    assert [row.name for row in rows] == ["a", "b"]
    assert rows[0].items == ("X", "Y=0x2@arm", "1<<Z")
    assert (rows[0].flags, rows[0].fmt, rows[0].bits, rows[0].unknown) == (True, "hex", 32, "A_???")
    assert (rows[1].flags, rows[1].fmt, rows[1].bits, rows[1].unknown) == (False, "dec", -32, "")


def test_bad_set_row() -> None:
    with pytest.raises(ValueError, match="flags or enum"):
        constants.parse("a hex A_???\n    X\n")


def test_request_lists() -> None:
    text = "linux/a.h\n    A B=0x1@arm\n    C\nother\n    D=0x2\n"
    assert ioctls.parse(text) == {"linux/a.h": ["A", "B=0x1@arm", "C"], "other": ["D=0x2"]}
