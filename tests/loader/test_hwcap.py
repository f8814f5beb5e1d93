"""AT_HWCAP and AT_HWCAP2 against the CPU: an instruction of every announced feature runs,
and those that the CPU model refuses are not announced."""
from __future__ import annotations

from typing import Any

import pytest
import unicorn
from unicorn import arm64_const, arm_const, x86_const

from loader.auxv import AARCH64_HWCAP, AARCH64_HWCAP2, ARM_HWCAP, ARM_HWCAP2, CPUS

CODE, DATA = 0x10000, 0x20000

# feature: machine code in memory order
AARCH64_PROBES = {
    "fp": "0028611e",               # fadd d0, d0, d1
    "asimd": "0084a14e",            # add v0.4s, v0.4s, v1.4s
    "aes": "2048284e",              # aese v0.16b, v1.16b
    "pmull": "20e0e20e",            # pmull v0.1q, v1.1d, v2.1d
    "sha1": "2008285e",             # sha1h s0, s1
    "sha2": "2040025e",             # sha256h q0, q1, v2.4s
    "crc32": "2048c21a",            # crc32w w0, w1, w2
    "atomics": "400021f8",          # ldadd x1, x0, [x2]
    "fphp": "0028e11e",             # fadd h0, h0, h1
    "asimdhp": "0014414e",          # fadd v0.8h, v0.8h, v1.8h
    "asimdrdm": "2084826e",         # sqrdmlah v0.4s, v1.4s, v2.4s
    "jscvt": "00007e1e",            # fjcvtzs w0, d0
    "fcma": "20e4826e",             # fcadd v0.4s, v1.4s, v2.4s, #90
    "lrcpc": "40c0bff8",            # ldapr x0, [x2]
    "sha3": "200c02ce",             # eor3 v0.16b, v1.16b, v2.16b, v3.16b
    "sm3": "200c42ce",              # sm3ss1 v0.4s, v1.4s, v2.4s, v3.4s
    "sm4": "2084c0ce",              # sm4e v0.4s, v1.4s
    "asimddp": "2094826e",          # udot v0.4s, v1.16b, v2.16b
    "sha512": "208062ce",           # sha512h q0, q1, v2.2d
    "sve": "e0e31825",              # ptrue p0.b
    "asimdfhm": "20ec224e",         # fmlal v0.4s, v1.4h, v2.4h
    "dit": "5f4103d5",              # msr dit, #1
    "ilrcpc": "400040d9",           # ldapur x0, [x2]
    "flagm": "028400ba",            # rmif x0, #1, #2
    "ssbs": "3f4103d5",             # msr ssbs, #1
    "sb": "ff3003d5",               # sb
    "pacg": "2030c29a",             # pacga x0, x1, x2
}
AARCH64_PROBES2 = {
    "flagm2": "3f4000d5",           # xaflag
    "frint": "2040681e",            # frint32z d0, d1
    "i8mm": "209c824e",             # usdot v0.4s, v1.16b, v2.16b
    "bf16": "20fc426e",             # bfdot v0.4s, v1.8h, v2.8h
}
ARM_PROBES = {
    "half": "b000d2e1",             # ldrh r0, [r2]
    "fastmult": "930481e0",         # umull r0, r1, r3, r4
    "vfp": "020b31ee",              # vadd.f64 d0, d1, d2
    "edsp": "814300e1",             # smlabb r0, r1, r3, r4
    "neon": "440822f2",             # vadd.i32 q0, q1, q2
    "vfpv3": "000bb7ee",            # vmov.f64 d0, #1.0
    "tls": "700f1dee",              # mrc p15, 0, r0, c13, c0, 3
    "vfpv4": "020ba1ee",            # vfma.f64 d0, d1, d2
    "idiva": "11f310e7",            # sdiv r0, r1, r3
    "vfpd32": "a64b75ee",           # vadd.f64 d20, d21, d22
    "lpae": "9f0fb2e1",             # ldrexd r0, r1, [r2]
    "fphp": "810930ee",             # vadd.f16 s0, s1, s2
    "asimdhp": "440d12f2",          # vadd.f16 q0, q1, q2
    "asimddp": "540d22fc",          # vudot.u8 q0, q1, q2
    "asimdfhm": "540822fc",         # vfmal.f16 q0, d2, d4
    "asimdbf16": "440d02fc",        # vdot.bf16 q0, q1, q2
    "i8mm": "440da2fc",             # vusdot.s8 q0, q1, q2
}
ARM_PROBES2 = {
    "aes": "0203b0f3",              # aese.8 q0, q1
    "pmull": "040ea2f2",            # vmull.p64 q0, d2, d4
    "sha1": "c202b9f3",             # sha1h.32 q0, q1
    "sha2": "440c02f3",             # sha256h.32 q0, q1, q2
    "crc32": "430041e1",            # crc32w r0, r1, r3
    "sb": "70f07ff5",               # sb
}
THUMB_PROBES = {"thumb": "4018",    # adds r0, r0, r1
                "idivt": "91fbf3f0"}    # sdiv r0, r1, r3


def new_cpu(architecture: int, mode: int) -> Any:
    return unicorn.Uc(architecture, mode)  # type: ignore[attr-defined, no-untyped-call, unused-ignore]


def runs(uc: Any, code: bytes, thumb: int = 0) -> bool:
    """Whether the code runs without an exception."""
    traps: list[int] = []

    def trap(machine: Any, number: int, _: object) -> None:
        traps.append(number)
        machine.emu_stop()

    uc.mem_map(CODE, 0x1000)
    uc.mem_map(DATA, 0x1000)
    uc.mem_write(CODE, code)
    uc.hook_add(unicorn.UC_HOOK_INTR, trap)
    try:
        uc.emu_start(CODE | thumb, CODE + len(code))
    except unicorn.UcError:  # type: ignore[attr-defined, unused-ignore]
        return False
    return not traps


def runs_aarch64(code: str) -> bool:
    uc = new_cpu(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
    uc.ctl_set_cpu_model(arm64_const.UC_CPU_ARM64_MAX)
    uc.reg_write(arm64_const.UC_ARM64_REG_CPACR_EL1, 3 << 20)
    uc.reg_write(arm64_const.UC_ARM64_REG_PSTATE, 0)    # EL0
    uc.reg_write(arm64_const.UC_ARM64_REG_X2, DATA)
    return runs(uc, bytes.fromhex(code))


def runs_arm(code: str, thumb: int = 0) -> bool:
    uc = new_cpu(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM)
    uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_MAX)
    uc.reg_write(arm_const.UC_ARM_REG_C1_C0_2, 0xF << 20)
    uc.reg_write(arm_const.UC_ARM_REG_FPEXC, 1 << 30)
    uc.reg_write(arm_const.UC_ARM_REG_CPSR, 0x10 | thumb << 5)
    uc.reg_write(arm_const.UC_ARM_REG_R2, DATA)
    uc.reg_write(arm_const.UC_ARM_REG_R3, 3)
    return runs(uc, bytes.fromhex(code), thumb)


def names(table: str, value: int) -> set[str]:
    return {name for bit, name in enumerate(table.split()) if value >> bit & 1}


def test_aarch64() -> None:
    cpu = CPUS["aarch64"]
    can = {name for name, code in AARCH64_PROBES.items() if runs_aarch64(code)}
    can2 = {name for name, code in AARCH64_PROBES2.items() if runs_aarch64(code)}
    assert names(AARCH64_HWCAP, cpu.hwcap) == can
    assert names(AARCH64_HWCAP2, cpu.hwcap2) == can2


def test_arm() -> None:
    cpu = CPUS["arm"]
    can = {name for name, code in ARM_PROBES.items()
           if name not in THUMB_PROBES and runs_arm(code)}
    can |= {name for name, code in THUMB_PROBES.items() if runs_arm(code, thumb=1)}
    assert names(ARM_HWCAP, cpu.hwcap) == can
    assert names(ARM_HWCAP2, cpu.hwcap2) == {
        name for name, code in ARM_PROBES2.items() if runs_arm(code)}


@pytest.mark.parametrize(("abi", "mode"), [("x86_64", unicorn.UC_MODE_64),
                                           ("i386", unicorn.UC_MODE_32)])
def test_x86(abi: str, mode: int) -> None:
    uc = new_cpu(unicorn.UC_ARCH_X86, mode)
    uc.reg_write(x86_const.UC_X86_REG_EAX, 1)
    assert runs(uc, b"\x0f\xa2")    # cpuid
    assert uc.reg_read(x86_const.UC_X86_REG_EDX) == CPUS[abi].hwcap


def test_x86_64_fsgsbase() -> None:
    uc = new_cpu(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
    assert runs(uc, bytes.fromhex("f3480faec0"))        # rdfsbase rax
    assert CPUS["x86_64"].hwcap2 == 2
