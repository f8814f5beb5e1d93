"""Arguments of ioctls: forms of structures, families, and whatever memory holds."""
from __future__ import annotations

import random
import struct

import pytest
from fakes import Tracee

from sysnames.ioctls import code
from sysnames.layout import layout
from tracer.decode.conditions import compile_condition
from tracer.decode.kinds.ioctl_rows import OWN, ROWS

ABIS = ("x86_64", "i386", "arm", "aarch64")
# families whose numbers are older than the macros that encode sizes, or that pass only a part
_UNSIZED = ("BLK", "HDIO", "LOOP", "SG_", "KD", "GIO", "PIO", "KI", "SIO", "FI", "TI", "TC", "RND",
            "WDIOC", "DM_", "EVIOC", "FS_IOC32", "PERF", "TEE_IOC_OPEN", "TEE_IOC_INVOKE",
            "TEE_IOC_SUPPL", "VIDIOC_ENUMSTD", "VIDIOC_ENUMINPUT", "FIONREAD", "MTDFILEMODE",
            "FS_IOC", "BTRFS_IOC_TREE_SEARCH_V2", "KVM", "UBI", "VIDIOC_CREATE")


def requests(abi: str) -> dict[str, int]:
    """Name → number of every request that has a row and a name on this ABI."""
    found = {}
    for name in {**ROWS, **OWN.get(abi, {})}:
        try:
            found[name] = int(name, 16) if name.startswith("0x") else code(name, abi)
        except KeyError:
            continue
    return found


@pytest.mark.parametrize("abi", ABIS)
def test_structures_have_the_size_of_the_request(abi: str) -> None:
    checked = 0
    for name, number in requests(abi).items():
        head, _, rest = ROWS.get(name, "").partition("(")
        kind = head.split()[-1] if head else ""
        structure = rest.split(",")[0].split(")")[0]
        size = number >> 16 & 0x3fff
        if kind not in ("ptr", "grow", "turn", "amend", "shaped") or not size:
            continue
        if name.startswith(_UNSIZED):
            continue
        try:
            known = layout(structure, abi).size
        except KeyError:
            continue
        assert known == size, f"{name}: {structure}"
        checked += 1
    assert checked > 50


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("xlat", ["abbrev", "raw", "verbose"])
def test_every_request_with_random_memory(abi: str, xlat: str) -> None:
    rng = random.Random(f"{abi}{xlat}")
    for name, number in requests(abi).items():
        for verbose in (False, True):
            t = Tracee(abi, xlat=xlat, abbrev=not verbose)
            size = rng.choice((0, 4, 16, 64, 512, 4096))
            where = t.mem.place(rng.randbytes(size)) if rng.random() < .8 else 0
            for error in (0, 9):
                line = t.line("ioctl", 3, number, where, error=error)
                assert line.startswith("ioctl(3, "), name
                assert line.endswith((" = 0", " = -1", ")")), name


def test_conditions() -> None:
    places = {"a": (0, 4), "b": (4, 2)}
    data = struct.pack("<IH", 6, 0)

    def holds(text: str) -> bool:
        return compile_condition(text, places)(None, data, 0)

    assert holds("a") and not holds("b") and holds("!b")
    assert holds("a & 2") and not holds("a & 1") and holds("a !& 1")
    assert holds("a == 6 and b == 0") and holds("a == 1 or b < 1")
    assert holds("a in 5,6") and holds("b not in 5,6")
    with pytest.raises(ValueError):
        compile_condition("a ** 2", places)
    with pytest.raises(KeyError):
        compile_condition("c", places)


def test_printed_in_two_parts() -> None:
    t = Tracee()
    number = code("VIDIOC_ENUMINPUT", "x86_64")
    where = t.mem.place(struct.pack("<I32sI", 7, b"tv", 2).ljust(80, b"\0"))
    assert t.line("ioctl", 3, number, where) == (
        'ioctl(3, VIDIOC_ENUMINPUT, {index=7, name="tv", type=V4L2_INPUT_TYPE_CAMERA}) = 0')
    assert t.line("ioctl", 3, number, where, error=9) == (
        "ioctl(3, VIDIOC_ENUMINPUT, {index=7}) = -1")
    assert t.line("ioctl", 3, number, 0, error=9) == "ioctl(3, VIDIOC_ENUMINPUT, NULL) = -1"


def test_turned_into_another_value() -> None:
    t = Tracee()
    number = code("GPIO_V2_LINE_GET_VALUES_IOCTL", "x86_64")
    where = t.mem.place(struct.pack("<QQ", 3, 0xff))
    assert t.line("ioctl", 3, number, where) == (
        "ioctl(3, GPIO_V2_LINE_GET_VALUES_IOCTL, {mask=0xff} => {bits=0x3}) = 0")
    assert t.line("ioctl", 3, number, where, error=14) == (
        "ioctl(3, GPIO_V2_LINE_GET_VALUES_IOCTL, {mask=0xff}) = -1")


def test_char_arrays_are_printed_whole() -> None:
    t = Tracee(string_limit=4)
    number = code("GPIO_GET_CHIPINFO_IOCTL", "x86_64")
    where = t.mem.place(struct.pack("<32s32sI", b"abcdefgh", b"x" * 32, 5))
    assert t.line("ioctl", 3, number, where) == (
        'ioctl(3, GPIO_GET_CHIPINFO_IOCTL, {name="abcdefgh", '
        f'label="{"x" * 31}"..., lines=5}}) = 0')


def test_input_devices_by_number_and_size() -> None:
    t = Tracee()
    bits = t.mem.place(struct.pack("<Q", 0b1011))
    assert t.line("ioctl", 3, 0x80084520, bits, result=8) == (
        "ioctl(3, EVIOCGBIT(0, 8), [EV_SYN EV_KEY EV_ABS]) = 8")
    axis = t.mem.place(struct.pack("<6I", 1, 2, 3, 4, 5, 6))
    assert t.line("ioctl", 3, 0x80184540, axis) == (
        "ioctl(3, EVIOCGABS(ABS_X), {value=1, minimum=2, ...}) = 0")
    assert t.line("ioctl", 3, 0x80044540, axis) == (
        f"ioctl(3, EVIOCGABS(ABS_X), {axis:#x}) = 0")
    name = t.mem.place(b"pad\0....")
    assert t.line("ioctl", 3, 0x80084506, name, result=4) == (
        'ioctl(3, EVIOCGNAME(8), "pad\\0") = 4')


def test_device_mapper() -> None:
    t = Tracee()
    head = struct.pack("<3I5IIIQ", 4, 1, 2, 312, 0, 0, 0, 1, 0, 0, 0).ljust(312, b"\0")
    where = t.mem.place(head)
    number = code("DM_VERSION", "x86_64")
    assert t.line("ioctl", 3, number, where, error=9) == (
        "ioctl(3, DM_VERSION, [{version=[4, 1, 2], data_size=312, "
        "flags=DM_READONLY_FLAG}]) = -1")
    assert t.line("ioctl", 3, number, 8, error=14) == "ioctl(3, DM_VERSION, 0x8) = -1"


def test_unknown_requests_print_numbers() -> None:
    t = Tracee()
    number = code("VIDIOC_OVERLAY", "x86_64")
    assert t.line("ioctl", 3, number, 0, error=9) == "ioctl(3, VIDIOC_OVERLAY, 0) = -1"
    assert t.line("ioctl", 3, number, 5, error=9) == "ioctl(3, VIDIOC_OVERLAY, 0x5) = -1"
