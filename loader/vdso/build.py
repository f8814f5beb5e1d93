"""Builds the vDSOs and kernel pages from `src/` into the Python modules beside it.

Run as `python -m loader.vdso.build`; needs the PyPI packages ziglang (the assembler and
linker; the committed files were made with the version in ZIG) and pyelftools.
"""
from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

HERE = Path(__file__).parent
SOURCES = HERE / "src"
ZIG = "0.17.0"

# ABI: target, DT_SONAME
TARGETS = {
    "x86_64": ("x86_64-linux-musl", "linux-vdso.so.1"),
    "i386": ("x86-linux-musl", "linux-gate.so.1"),
    "arm": ("arm-linux-musleabihf", "linux-vdso.so.1"),
    "aarch64": ("aarch64-linux-musl", "linux-vdso.so.1"),
}
# Pieces of code without a container: name, ABI to assemble for.
PAGES = {"VSYSCALL": ("vsyscall", "x86_64"), "KUSER": ("kuser", "arm"),
         "SIGRETURN": ("sigpage", "arm")}


def _zig(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "ziglang", "cc", "-nostdlib", "-g0", *arguments],
                   check=True)


def _assemble(name: str, abi: str, folder: Path) -> Path:
    output = folder / f"{name}.o"
    _zig("-target", TARGETS[abi][0], "-c", str(SOURCES / f"{name}.S"), "-o", str(output))
    return output


def _section(elf: ELFFile, name: str) -> Any:
    section = elf.get_section_by_name(name)
    if section is None:
        raise LookupError(f"no section {name}")
    return section


def _literal(name: str, data: bytes) -> str:
    lines = [data[i:i + 44].hex() for i in range(0, len(data), 44)]
    body = "\n".join(f'    "{line}"' for line in lines)
    return f"{name} = bytes.fromhex(\n{body}\n)\n"


def shared_object(abi: str, folder: Path) -> tuple[bytes, dict[str, int]]:
    """The ELF image of an ABI's vDSO and the offsets of its functions and labels."""
    target, soname = TARGETS[abi]
    objects = [_assemble(abi, abi, folder), _assemble("note", abi, folder)]
    output = folder / f"{abi}.so"
    script = folder / f"{abi}.lds"
    lines = (SOURCES / "vdso.lds").read_text().splitlines(keepends=True)
    # Without unwind tables (arm) there is no program header for them either.
    script.write_text("".join(line for line in lines
                              if abi != "arm" or not line.strip().startswith(("frames", ".eh_"))))
    unwinding = ["-Wl,--eh-frame-hdr"] if abi != "arm" else []
    _zig("-target", target, "-shared", "-s", *map(str, objects), "-o", str(output),
         f"-Wl,-T,{script}", f"-Wl,--version-script,{SOURCES / abi}.map",
         f"-Wl,-soname,{soname}", "-Wl,--hash-style=both", *unwinding,
         "-Wl,-z,max-page-size=4096", "-Wl,--build-id=none")
    data = output.read_bytes()
    with output.open("rb") as stream:
        elf = ELFFile(stream)
        base = _section(elf, ".text")["sh_addr"]
        end = max(s["p_offset"] + s["p_filesz"] for s in elf.iter_segments()
                  if s["p_type"] == "PT_LOAD")
    with objects[0].open("rb") as stream:
        symbols = {s.name: base + s["st_value"]
                   for s in _section(ELFFile(stream), ".symtab").iter_symbols()
                   if s["st_info"]["bind"] in ("STB_GLOBAL", "STB_WEAK") and s.name}
    return _with_sections(data[:end], data), symbols


def _with_sections(image: bytes, file: bytes) -> bytes:
    """The loaded bytes with the headers of the loaded sections behind them, since some C
    libraries (dietlibc) look functions up by section.  Names are left out."""
    wide = image[4] == 2
    place, table = (40, 58) if wide else (32, 46)
    word = 8 if wide else 4
    start = int.from_bytes(file[place:place + word], "little")
    size, count = (int.from_bytes(file[table + i:table + i + 2], "little") for i in (0, 2))
    headers = [file[start + i * size:start + (i + 1) * size] for i in range(count)]
    loaded = max(i for i, h in enumerate(headers) if h[8] & 2) + 1      # SHF_ALLOC
    result = bytearray(image.ljust(-(-len(image) // word) * word, b"\0"))
    result[place:place + word] = len(result).to_bytes(word, "little")
    result[table + 2:table + 4] = loaded.to_bytes(2, "little")
    result[table + 4:table + 6] = bytes(2)                              # e_shstrndx
    for header in headers[:loaded]:
        result += bytes(4) + header[4:]
    if len(result) > 4096:
        raise ValueError("the image must fit one page")
    return bytes(result)


def code(name: str, abi: str, folder: Path) -> bytes:
    with _assemble(name, abi, folder).open("rb") as stream:
        data: bytes = _section(ELFFile(stream), ".text").data()
    return data


def modules() -> dict[str, str]:
    """File name to text of every generated module."""
    head = '"""Made by `python -m loader.vdso.build` from {}; do not edit."""\n\n'
    made = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for abi in TARGETS:
            image, symbols = shared_object(abi, folder)
            table = "".join(f'    "{symbol}": {offset:#x},\n'
                            for symbol, offset in sorted(symbols.items()))
            made[f"{abi}.py"] = (head.format(f"src/{abi}.S") + _literal("IMAGE", image)
                                 + f"\nSYMBOLS = {{\n{table}}}\n")
        texts = [_literal(variable, code(source, abi, folder))
                 for variable, (source, abi) in PAGES.items()]
        made["pages.py"] = head.format("src") + "\n".join(texts)
    return made


def main() -> None:
    for name, text in modules().items():
        (HERE / name).write_text(text)


if __name__ == "__main__":
    main()
