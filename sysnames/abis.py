"""The ABIs, and what sets their interfaces apart where numbers, rows and constants do not.

``arm_oabi`` is a table of numbers only: no program is of that ABI, programs for ``arm`` may make
its calls.
"""
from __future__ import annotations

ABIS = ("x86_64", "i386", "arm", "arm_oabi", "aarch64")
# Those that programs are of.
PROGRAM_ABIS = tuple(abi for abi in ABIS if abi != "arm_oabi")

# Bytes of a long and of a pointer.
WORD = {"x86_64": 8, "i386": 4, "arm": 4, "arm_oabi": 4, "aarch64": 8}
# Whose kernel headers hold: those of the program's ABI.
HEADERS = {**{abi: abi for abi in PROGRAM_ABIS}, "arm_oabi": "arm"}
# Bytes to which 8-byte types are aligned (System V ABI, Intel386 supplement).
ALIGN8 = {**dict.fromkeys(ABIS, 8), "i386": 4}
# Those where a plain char has no sign (AAPCS).
UNSIGNED_CHAR = frozenset(("arm", "arm_oabi", "aarch64"))
# Those whose 64-bit arguments start at an even register (AAPCS).
EVEN_PAIRS = frozenset(("arm",))
# Those whose call numbers a 64-bit kernel keeps as signed 32-bit numbers.
SIGNED_NUMBERS = frozenset(("i386", "aarch64"))
# Whose calls a kernel and a strace for an ABI know.
KNOWN_CALLS = {**{abi: (abi,) for abi in ABIS}, "x86_64": ("x86_64", "i386"),
               "aarch64": ("aarch64", "arm")}
# AUDIT_ARCH_* of linux/audit.h.
AUDIT_ARCHES = {0xC000003E: "x86_64", 0x40000003: "i386", 0x40000028: "arm",
                0xC00000B7: "aarch64"}
# The kind of what clone sets as the thread pointer.
TLS_KIND = {**dict.fromkeys(ABIS, "addr"), "i386": "user_desc_ptr"}
