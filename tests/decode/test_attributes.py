"""bpf(2), perf_event_open(2) and io_uring_register(2): attributes of many forms."""
from __future__ import annotations

import random
import struct

import pytest
from fakes import Tracee


def test_bpf_map_create() -> None:
    t = Tracee()
    attr = struct.pack("<6I", 2, 4, 8, 1, 0, 3)
    p = t.mem.place(attr)
    assert t.line("bpf", 0, p, 16, result=3) == (
        "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_ARRAY, key_size=4, value_size=8, "
        "max_entries=1}, 16) = 3")
    assert t.line("bpf", 0, p, 24, result=3) == (
        "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_ARRAY, key_size=4, value_size=8, "
        "max_entries=1, map_flags=0, inner_map_fd=3}, 24) = 3")
    assert t.line("bpf", 0, p, 25, error=14) == f"bpf(BPF_MAP_CREATE, {p:#x}, 25) = -1"
    assert t.line("bpf", 0xffff, p, 24, error=22) == (
        f"bpf(0xffff /* BPF_??? */, {p:#x}, 24) = -1")


def test_bpf_extra_data() -> None:
    data = struct.pack("<I4xQ", 3, 7) + b"\1\2"
    t = Tracee()
    p = t.mem.place(data)
    assert t.line("bpf", 3, p, 18, error=7) == (
        "bpf(BPF_MAP_DELETE_ELEM, {map_fd=3, key=0x7, ...}, 18) = -1")
    t = Tracee(abbrev=False)
    p = t.mem.place(data)
    assert t.line("bpf", 3, p, 18, error=7) == (
        'bpf(BPF_MAP_DELETE_ELEM, {map_fd=3, key=0x7, extra_data="\\x01\\x02" '
        "/* bytes 16..17 */}, 18) = -1")


def test_bpf_wide_addresses_of_narrow_programs() -> None:
    t = Tracee("arm")
    path = t.mem.place(b"/a\0")
    p = t.mem.place(struct.pack("<QI", 1 << 32 | path, 5))
    assert t.line("bpf", 6, p, 12, error=2) == (
        f'bpf(BPF_OBJ_PIN, {{pathname={1 << 32 | path:#x} or "/a", bpf_fd=5}}, 12) = -1')


@pytest.mark.parametrize("abi", ["x86_64", "i386", "arm", "aarch64"])
def test_random_attributes(abi: str) -> None:
    rng = random.Random(abi)
    for abbrev in (True, False):
        t = Tracee(abi, abbrev=abbrev)
        for command in range(40):
            size = rng.choice((1, 8, 24, 64, 120, 200))
            p = t.mem.place(rng.randbytes(size))
            for error in (0, 22):
                assert t.line("bpf", command, p, size, error=error).startswith("bpf(BPF_") or \
                    command > 31
        for opcode in range(26):
            size = rng.choice((8, 16, 32, 40, 400))
            p = t.mem.place(rng.randbytes(size))
            for count in (0, 1, 3, 300):
                line = t.line("io_uring_register", 3, opcode, p, count)
                assert line.endswith(f", {count}) = 0")
        for size in (0, 8, 64, 72, 120, 136, 999):
            p = t.mem.place(struct.pack("<II", rng.randrange(7), size) + rng.randbytes(140))
            for error in (0, 7):
                line = t.line("perf_event_open", p, 0, -1, -1, 0, error=error)
                assert line.startswith("perf_event_open(")


def test_perf_event_attr() -> None:
    t = Tracee()
    bits = 1 | 1 << 15
    p = t.mem.place(struct.pack("<IIQQQQQ", 0, 64, 1, 1000, 1, 0, bits).ljust(64, b"\0"))
    assert t.line("perf_event_open", p, 0, -1, -1, 0, result=3) == (
        "perf_event_open({type=PERF_TYPE_HARDWARE, size=PERF_ATTR_SIZE_VER0, "
        "config=PERF_COUNT_HW_INSTRUCTIONS, sample_period=1000, sample_type=PERF_SAMPLE_IP, "
        "read_format=0, disabled=1, precise_ip=1 /* constant skid */, ...}, 0, -1, -1, 0) = 3")


def test_ring_files() -> None:
    t = Tracee()
    fds = t.mem.place(struct.pack("<3i", 3, -1, -2))
    p = t.mem.place(struct.pack("<IIQ", 1, 0, fds))
    assert t.line("io_uring_register", 4, 6, p, 3) == (
        "io_uring_register(4, IORING_REGISTER_FILES_UPDATE, {offset=1, "
        "fds=[3, -1, IORING_REGISTER_FILES_SKIP]}, 3) = 0")
