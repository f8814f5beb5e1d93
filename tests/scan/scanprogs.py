"""Builds the programs of the scanner's tests with the compiler of the PyPI package ziglang."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGETS = {"x86_64": "x86_64-linux-musl", "i386": "x86-linux-musl",
           "arm": "arm-linux-musleabihf", "aarch64": "aarch64-linux-musl"}


def build(folder: Path, abi: str, *flags: str, name: str = "") -> Path:
    """Assemble and link src/ABI.S.  CalledProcessError if that fails."""
    output = folder / (name or abi)
    subprocess.run([sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[abi], "-static",
                    "-nostdlib", "-Wl,--build-id=none", "-o", str(output), f"{abi}.S", *flags],
                   cwd=HERE / "src", check=True)
    return output
