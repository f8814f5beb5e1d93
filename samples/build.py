#!/usr/bin/env python3
"""Builds the sample programs with the C compiler of the PyPI package ziglang.

    python samples/build.py [FOLDER]     (default: the folder of this script)

The same version of ziglang writes the same bytes on every machine.
"""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSION = "0.17.0"

# ABI → target of the compiler.
TARGETS = {
    "x86_64": "x86_64-linux-musl",
    "i386": "x86-linux-musl",
    "arm": "arm-linux-musleabihf",
    "aarch64": "aarch64-linux-musl",
}
ALL = tuple(TARGETS)
# Program in C, linked with musl → ABIs.
PROGRAMS_C = dict.fromkeys(
    ("copy", "list", "pipe", "signals", "sleep", "threads", "tutorial"), ALL)
# Program in assembly → ABIs.
PROGRAMS_S = {"hello": ALL, "thumb": ("arm",), "oabi": ("arm",), "int80": ("x86_64",),
              "sysenter": ("i386",)}
# Part of fault.S → ABIs.
FAULTS = {"segv": ALL, "accerr": ALL, "illegal": ALL, "breakpoint": ALL,
          "divide": ("x86_64", "i386")}

_FLAGS = ("-static", "-s", "-Wall", "-Wextra", "-Wl,--build-id=none", "-Wl,-z,norelro")
_FLAGS_C = (*_FLAGS, "-Os", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections",
            "-fno-unwind-tables", "-fno-asynchronous-unwind-tables")
_FLAGS_S = (*_FLAGS, "-nostdlib", "-Wl,-z,noexecstack")
_E_FLAGS = 0x24             # of an ELF32 header


def commands() -> list[tuple[str, str, list[str]]]:
    """ABI, program, compiler arguments (without the output), in a fixed order."""
    rows = []
    for name, abis in PROGRAMS_C.items():
        rows += [(abi, name, [*_FLAGS_C, f"{name}.c"]) for abi in abis]
    for name, abis in PROGRAMS_S.items():
        rows += [(abi, name, [*_FLAGS_S, f"{name}_{abi}.S"]) for abi in abis]
    for name, abis in FAULTS.items():
        rows += [(abi, name, [*_FLAGS_S, f"-D{name.upper()}", "fault.S"]) for abi in abis]
    return sorted(rows)


def build(folder: Path) -> None:
    """Write FOLDER/ABI/PROGRAM for all programs.  CalledProcessError if one does not compile."""
    for abi, name, arguments in commands():
        output = folder / abi / name
        output.parent.mkdir(parents=True, exist_ok=True)
        # In src, with relative names: __FILE__ is the same everywhere.
        subprocess.run([sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[abi],
                        "-o", str(output.resolve()), *arguments], cwd=HERE / "src", check=True)
        if name == "oabi":          # lld always writes EABI version 5
            data = bytearray(output.read_bytes())
            data[_E_FLAGS:_E_FLAGS + 4] = bytes(4)
            output.write_bytes(data)


def main() -> int:
    """Check the compiler's version, then build."""
    try:
        found = subprocess.run([sys.executable, "-m", "ziglang", "version"], check=True,
                               capture_output=True, text=True).stdout.strip()
    except subprocess.CalledProcessError:
        found = "none"
    if found != VERSION:
        print(f"build.py: needs ziglang {VERSION} from PyPI, found {found}", file=sys.stderr)
        return 1
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
