"""Compilers of the test programs; what they made is kept in ``build``, by its content."""
from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

BUILD = Path(__file__).parent / "build"
# ABI → prefix of gcc, target of zig, GOARCH with its variant
ABIS = {
    "x86_64": ("x86_64-linux-gnu", "x86_64-linux-musl", {"GOARCH": "amd64"}),
    "i386": ("i686-linux-gnu", "x86-linux-musl", {"GOARCH": "386"}),
    "arm": ("arm-linux-gnueabihf", "arm-linux-musleabihf", {"GOARCH": "arm", "GOARM": "7"}),
    "aarch64": ("aarch64-linux-gnu", "aarch64-linux-musl", {"GOARCH": "arm64"}),
}


def _made(source: Path, abi: str, command: list[str], environment: dict[str, str],
          libraries: tuple[str, ...] = ()) -> Path:
    """Compile to ``build`` unless that was done; workers of one test run may meet here."""
    key = hashlib.sha256(repr((command, source.read_bytes())).encode()).hexdigest()[:16]
    program = BUILD / f"{source.stem}-{abi}-{key}"
    if not program.exists():
        BUILD.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as folder:
            made = Path(folder) / "program"
            done = subprocess.run([*command, "-o", str(made), str(source), *libraries], text=True,
                                  capture_output=True, env={**os.environ, **environment})
            assert not done.returncode, done.stderr
            os.replace(made, program)
    return program


def compile_c(source: Path, abi: str, *flags: str) -> Path:
    """A static program from C or C++, by the gcc for the ABI or by ziglang."""
    gcc, target, _ = ABIS[abi]
    language = source.suffix[1:]
    found = shutil.which(f"{gcc}-{'g++' if language == 'cpp' else 'gcc'}")
    if found is not None:
        command = [found]
    elif language == "cpp" and abi != "x86_64":
        pytest.skip(f"needs {gcc}-g++ (zig would build libc++ for minutes)")
    elif importlib.util.find_spec("ziglang") is not None:
        command = [sys.executable, "-m", "ziglang", "c++" if language == "cpp" else "cc",
                   "-target", target]
    else:
        pytest.skip(f"needs {gcc}-gcc or the PyPI package ziglang")
    return _made(source, abi, [*command, "-static", "-s", "-Os", "-pthread", *flags], {})


def compile_go(source: Path, abi: str) -> Path:
    """A program from Go."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("needs Go (Debian's golang-go)")
    return _made(source, abi, [go, "build", "-ldflags", "-s -w"],
                 {**ABIS[abi][2], "GOOS": "linux", "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod",
                  "GO111MODULE": "off", "GOTOOLCHAIN": "local"})
