from __future__ import annotations

import errno

import pytest

from loader.errors import ElfError
from loader.script import Script, is_script, parse


@pytest.mark.parametrize(("start", "interpreter", "argument"), [
    (b"#!/bin/sh\necho", b"/bin/sh", None),
    (b"#! \t/bin/sh \t\n", b"/bin/sh", None),
    (b"#!/bin/sh -e -x \nfoo", b"/bin/sh", b"-e -x"),
    (b"#!/bin/sh\t\t-e\t\n", b"/bin/sh", b"-e"),
    (b"#!/bin/sh", b"/bin/sh", None),
    (b"#!/bin/sh -e", b"/bin/sh", b"-e"),
    (b"#!/bin/sh ", b"/bin/sh", b""),
    (b"#!/bin/sh \0x\n", b"/bin/sh", b""),
    (b"#!/bin/sh\r\n", b"/bin/sh\r", None),
    (b"#!/bin/sh\0 -e\n", b"/bin/sh", None),
    (b"#!sh\n", b"sh", None),
    # Only an argument may be cut off, and the last of the 256 bytes is lost to the NUL.
    (b"#!/i " + b"a" * 300 + b"\n", b"/i", b"a" * 250),
    (b"#!/" + b"i" * 252 + b"\n", b"/" + b"i" * 252, None),
])
def test_line(start: bytes, interpreter: bytes, argument: bytes | None) -> None:
    assert parse(start, "s") == Script(interpreter, argument)


@pytest.mark.parametrize(("start", "expected"), [
    (b"", errno.ENOEXEC),
    (b"#", errno.ENOEXEC),
    (b"#!\n", errno.ENOEXEC),
    (b"#! \t \n/bin/sh\n", errno.ENOEXEC),
    (b"#!" + b" " * 300, errno.ENOEXEC),
    (b"#!" + b" " * 253, errno.ENOEXEC),
    (b"#!/" + b"i" * 300 + b"\n", errno.ENOEXEC),
    (b"#!", errno.ENOENT),
    (b"#!  \0", errno.ENOENT),
])
def test_errors(start: bytes, expected: int) -> None:
    with pytest.raises(ElfError) as caught:
        parse(start, "s")
    assert caught.value.errno == expected


def test_arguments() -> None:
    assert is_script(b"#!x")
    assert not is_script(b"\x7fELF")
    assert Script(b"/i", b"-a b").arguments(b"./s", [b"zero", b"one"]) == [
        b"/i", b"-a b", b"./s", b"one"]
    assert Script(b"/i", None).arguments(b"./s", []) == [b"/i", b"./s"]
