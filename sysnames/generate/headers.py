"""The kernel's uapi headers and the values of C expressions under each ABI."""
from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple


class Target(NamedTuple):
    """How one ABI is compiled."""

    triple: str
    arch: str  # directory of the architecture's own headers
    flags: tuple[str, ...] = ()


TARGETS = {
    "x86_64": Target("x86_64-linux-gnu", "x86-linux-any"),
    "i386": Target("x86-linux-gnu", "x86-linux-any"),
    "arm": Target("arm-linux-gnueabihf", "arm-linux-any"),
    "aarch64": Target("aarch64-linux-gnu", "aarch64-linux-any"),
}
ABIS = tuple(TARGETS)

# A few headers use size_t without declaring it.
SIZE_T = "typedef __SIZE_TYPE__ size_t;\n"


class HeadersError(RuntimeError):
    """The headers are missing or do not compile."""


def library() -> Path:
    """The `lib` directory of the installed `ziglang`; raises HeadersError without it."""
    spec = importlib.util.find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise HeadersError("the kernel headers come with the PyPI package ziglang: install it")
    return Path(spec.submodule_search_locations[0]) / "lib"


def directories(abi: str) -> list[Path]:
    """Header directories of an ABI, most specific first."""
    base = library() / "libc" / "include"
    return [base / TARGETS[abi].arch, base / "any-linux-any"]


def kernel_version() -> str:
    """Version of the headers, as "7.2"."""
    text = (directories("x86_64")[1] / "linux" / "version.h").read_text()
    parts = dict(re.findall(r"#define LINUX_VERSION_(MAJOR|PATCHLEVEL) (\d+)", text))
    return f"{parts['MAJOR']}.{parts['PATCHLEVEL']}"


def _compile(abi: str, source: str, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[abi].triple]
    command += ["-nostdinc", "-w", "-x", "c", "-std=gnu11", *TARGETS[abi].flags]
    for directory in directories(abi):
        command += ["-isystem", str(directory)]
    command += ["-isystem", str(library() / "include"), *flags, "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=False)


def _includes(headers: Iterable[str]) -> str:
    return "".join(f"#include <{name}>\n" for name in headers)


def macros(abi: str, headers: Iterable[str], before: str = "") -> dict[str, str]:
    """Object-like macros after including `headers`: name → replacement text."""
    done = _compile(abi, before + _includes(headers), "-E", "-dM")
    if done.returncode:
        raise HeadersError(done.stderr)
    pairs = re.findall(r"^#define (\w+) (.+)$", done.stdout, re.MULTILINE)
    return dict(pairs)


def values(
    abi: str, headers: Iterable[str], names: Sequence[str], before: str = ""
) -> dict[str, int]:
    """Values of those of `names` (C expressions) that are integer constants.

    Names that the headers do not define are left out.  Raises HeadersError where the headers
    themselves do not compile.
    """
    prologue = before + _includes(headers)
    wanted = list(names)
    while wanted:
        # The array's initialisers stand in the LLVM text as plain numbers on every target;
        # the first and last elements keep it from being all zero.
        lines = [f"#line {i + 1} \"names\"\n(long long)({name})," for i, name in enumerate(wanted)]
        source = prologue + "const long long result[] = {1,\n" + "\n".join(lines) + "\n1};\n"
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "values.ll"
            done = _compile(
                abi, source, "-S", "-emit-llvm", "-o", str(output), "-ferror-limit=0", "-g0",
                "-fno-caret-diagnostics",
            )
            text = output.read_text() if done.returncode == 0 else ""
        if text:
            found = re.search(r"@result = .*?\[\d+ x i64\] \[(.*?)\]", text)
            if found is None:
                raise HeadersError("no values in the compiler's output")
            numbers = [int(item.split()[1]) for item in found[1].split(", ")][1:-1]
            return dict(zip(wanted, numbers, strict=True))
        errors = re.findall(r"^names:(\d+):\d+: error:", done.stderr, re.MULTILINE)
        bad = {int(line) - 1 for line in errors}
        if not bad:
            raise HeadersError(done.stderr)
        wanted = [name for i, name in enumerate(wanted) if i not in bad]
    return {}


def has(abi: str, header: str) -> bool:
    """Whether an ABI has a header."""
    return any((directory / header).exists() for directory in directories(abi))
