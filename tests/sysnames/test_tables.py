"""Call numbers, errors, signals and ioctl names against facts of the kernel and strace."""
from __future__ import annotations

import pytest

import sysnames
from sysnames import errno, ioctls, signals

TABLES = ("x86_64", "i386", "arm", "arm_oabi", "aarch64")


@pytest.mark.parametrize(
    ("table", "number", "name"),
    [
        ("x86_64", 0, "read"),
        ("x86_64", 166, "umount2"),
        ("x86_64", 262, "newfstatat"),
        ("i386", 82, "select"),
        ("i386", 90, "mmap"),
        ("i386", 140, "_llseek"),
        ("i386", 142, "_newselect"),
        ("i386", 192, "mmap2"),
        ("i386", 199, "getuid32"),
        ("i386", 300, "fstatat64"),
        ("i386", 407, "clock_nanosleep_time64"),
        ("arm", 0, "restart_syscall"),
        ("arm", 82, "select"),  # no longer in the EABI header, still named by strace
        ("arm", 191, "ugetrlimit"),
        ("arm", 270, "fadvise64_64"),
        ("arm", 341, "sync_file_range2"),
        ("arm", 0xF0002, "cacheflush"),
        ("arm", 0xF0005, "set_tls"),
        ("arm_oabi", 102, "socketcall"),
        ("arm_oabi", 0xF0006, "get_tls"),
        ("aarch64", 63, "read"),
        ("aarch64", 79, "newfstatat"),
        ("aarch64", 222, "mmap"),
    ],
)
def test_number(table: str, number: int, name: str) -> None:
    assert sysnames.table(table)[number] == name


@pytest.mark.parametrize("table", TABLES)
def test_numbers_are_sane(table: str) -> None:
    numbers = sysnames.table(table)
    assert list(numbers) == sorted(numbers)
    assert len(set(numbers.values())) == len(numbers)
    assert all(name.isidentifier() for name in numbers.values())


def test_x32_numbers_are_left_out() -> None:
    assert max(sysnames.table("x86_64")) < 512


@pytest.mark.parametrize("abi", TABLES)
def test_new_calls_have_one_number(abi: str) -> None:
    # From pidfd_send_signal on, all ABIs share their numbers.
    shared = {n: name for n, name in sysnames.table("aarch64").items() if n >= 424}
    assert shared.items() <= sysnames.table(abi).items()


def test_unknown_table() -> None:
    with pytest.raises(KeyError):
        sysnames.table("sparc")


def test_errors() -> None:
    assert errno.ENOENT == 2
    assert errno.NAMES[11] == "EAGAIN"
    assert errno.EWOULDBLOCK == errno.EAGAIN
    assert errno.NAMES[95] == "EOPNOTSUPP"
    assert errno.MESSAGES[2] == "No such file or directory"
    assert errno.MESSAGES[errno.ERESTARTSYS] == "To be restarted if SA_RESTART is set"
    assert errno.MESSAGES[errno.ERESTART_RESTARTBLOCK] == "Interrupted by signal"
    assert errno.MESSAGES[errno.ENOTSUPP] == "Unknown error 524"
    assert errno.NAMES.keys() == errno.MESSAGES.keys()


def test_error_constants_agree_with_names() -> None:
    for number, name in errno.NAMES.items():
        assert getattr(errno, name) == number


def test_signal_names() -> None:
    assert signals.name(signals.SIGSEGV) == "SIGSEGV"
    assert signals.name(29) == "SIGIO"
    assert signals.name(32) == "SIGRTMIN"
    assert signals.name(33) == "SIGRT_1"
    assert signals.name(64) == "SIGRT_32"
    assert signals.name(65) == "65"
    assert signals.name(0) == "0"


@pytest.mark.parametrize("signo", range(1, 65))
def test_signal_number_is_the_inverse_of_name(signo: int) -> None:
    assert signals.number(signals.name(signo)) == signo
    assert signals.number(signals.name(signo).removeprefix("SIG")) == signo


def test_signal_number_of_other_names() -> None:
    assert signals.number("IOT") == signals.SIGABRT
    assert signals.number("SIGRT_33") is None
    assert signals.number("NOSUCH") is None


def test_signal_codes() -> None:
    assert signals.code_name(signals.SIGSEGV, 1) == "SEGV_MAPERR"
    assert signals.code_name(signals.SIGCHLD, 1) == "CLD_EXITED"
    assert signals.code_name(signals.SIGCHLD, 0) == "SI_USER"
    assert signals.code_name(signals.SIGUSR1, -6) == "SI_TKILL"
    assert signals.code_name(signals.SIGUSR1, 1) is None


def test_ioctls() -> None:
    assert ioctls.names(0x5401, "arm") == ("TCGETS",)
    assert ioctls.names(0x80086601, "x86_64") == ("FS_IOC_GETFLAGS",)
    assert ioctls.names(0x80046601, "i386") == ("FS_IOC32_GETFLAGS",)
    assert ioctls.names(0x4004550D, "i386") == (
        "USBDEVFS_REAPURBNDELAY32",
        "USB_RAW_IOCTL_EP_SET_HALT",
    )
    assert ioctls.names(0xDEADBEEF, "x86_64") == ()
    assert ioctls.code("TIOCGWINSZ", "aarch64") == 0x5413
    with pytest.raises(KeyError):
        ioctls.code("NO_SUCH_REQUEST", "x86_64")


@pytest.mark.parametrize("abi", ("x86_64", "i386", "arm", "aarch64"))
def test_ioctl_names_and_codes_agree(abi: str) -> None:
    for name in ("FIONREAD", "SIOCGIFCONF", "BLKGETSIZE64", "EVIOCGVERSION", "RTC_RD_TIME"):
        assert name in ioctls.names(ioctls.code(name, abi), abi)
