"""Structure layouts: against a table of sizes, and against a C compiler with Linux's headers."""
from __future__ import annotations

import importlib.util
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from sysnames.layout import Layout, LayoutError, layout
from sysnames.lookup import is_structure
from sysnames.structs import STRUCTS

ABIS = ("x86_64", "i386", "arm", "aarch64")

# Sizes in bytes on x86_64, i386, arm, aarch64; 0: no such structure.
SIZES = {
    "timespec": (16, 8, 8, 16),
    "timespec64": (16, 16, 16, 16),
    "timeval": (16, 8, 8, 16),
    "itimerspec": (32, 16, 16, 32),
    "itimerval": (32, 16, 16, 32),
    "stat": (144, 64, 64, 128),
    "stat64": (0, 96, 104, 0),
    "oldstat": (0, 32, 32, 0),
    "statx": (256, 256, 256, 256),
    "statfs": (120, 64, 64, 120),
    "statfs64": (120, 84, 84, 120),
    "flock": (32, 16, 16, 32),
    "flock64": (32, 24, 32, 32),
    "rusage": (144, 72, 72, 144),
    "rlimit": (16, 8, 8, 16),
    "sysinfo": (112, 64, 64, 112),
    "new_utsname": (390, 390, 390, 390),
    "sigaction": (32, 20, 20, 32),
    "old_sigaction": (0, 16, 16, 0),
    "stack_t": (24, 12, 12, 24),
    "sigevent": (64, 64, 64, 64),
    "siginfo": (128, 128, 128, 128),
    "iovec": (16, 8, 8, 16),
    "msghdr": (56, 28, 28, 56),
    "mmsghdr": (64, 32, 32, 64),
    "cmsghdr": (16, 12, 12, 16),
    "pollfd": (8, 8, 8, 8),
    "epoll_event": (12, 12, 16, 16),
    "user_desc": (16, 16, 16, 16),
    "clone_args": (88, 88, 88, 88),
    "open_how": (24, 24, 24, 24),
    "robust_list_head": (24, 12, 12, 24),
    "timex": (208, 128, 128, 208),
    "timex64": (208, 208, 208, 208),
    "tms": (32, 16, 16, 32),
    "termios": (36, 36, 36, 36),
    "termios2": (44, 44, 44, 44),
    "winsize": (8, 8, 8, 8),
    "ifreq": (40, 32, 32, 40),
    "msqid64_ds": (120, 88, 88, 120),
    "semid64_ds": (104, 64, 64, 88),
    "shmid64_ds": (112, 84, 84, 112),
    "mq_attr": (64, 32, 32, 64),
    "signalfd_siginfo": (128, 128, 128, 128),
    "linux_dirent": (18, 10, 10, 18),  # the head, without the name
    "linux_dirent64": (19, 19, 19, 19),
    "iocb": (64, 64, 64, 64),
    "rseq": (32, 32, 32, 32),
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes(name: str) -> None:
    found = tuple(layout(name, abi).size if is_structure(name, abi) else 0 for abi in ABIS)
    assert found == SIZES[name]


@pytest.mark.parametrize("abi", (*ABIS, "arm_oabi"))
def test_every_structure_has_a_layout(abi: str) -> None:
    for name in sorted({key.partition("@")[0] for key in STRUCTS}):
        if not is_structure(name, abi):
            continue
        this = layout(name, abi)
        data = bytes(range(256)) * (this.size // 256 + 1)
        values = this.unpack(data[: this.size])
        assert len(values) == len(this.values) == len(set(this.values))
        packed = this.pack(*values)
        assert len(packed) == this.size
        assert this.unpack(packed) == values


def test_pack_and_unpack() -> None:
    assert layout("timespec", "arm").pack(5, -1) == struct.pack("<ii", 5, -1)
    assert layout("timespec", "aarch64").pack(5, 7) == struct.pack("<qq", 5, 7)
    assert layout("timespec", "arm") is layout("timespec", "arm")
    spec = layout("itimerspec", "i386")
    assert spec.values == (
        "it_interval.tv_sec", "it_interval.tv_nsec", "it_value.tv_sec", "it_value.tv_nsec",
    )  # fmt: skip
    data = spec.pack_dict({"it_value.tv_sec": 9})
    assert data == struct.pack("<iiii", 0, 0, 9, 0)
    assert spec.unpack_dict(data)["it_value.tv_sec"] == 9
    assert spec.offset("it_value.tv_nsec") == 12
    info = layout("sysinfo", "x86_64")
    assert "loads[2]" in info.values
    assert info.offset("totalram") == 32
    stat = layout("stat", "x86_64")
    assert stat.unpack_dict(stat.pack_dict({"st_mode": 0o100644}))["st_mode"] == 0o100644
    assert stat.offset("st_mode") == 24
    # a longer buffer will do, a shorter one not
    assert layout("pollfd", "arm").unpack(bytes(100)) == (0, 0, 0)
    with pytest.raises(struct.error):
        layout("pollfd", "arm").unpack(bytes(7))
    with pytest.raises(KeyError):
        spec.pack_dict({"nothing": 1})
    with pytest.raises(KeyError):
        spec.offset("it_value.nothing")
    with pytest.raises(KeyError):
        layout("nothing", "arm")


def test_rows_without_a_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STRUCTS, "bad_kind", "a nonsense")
    monkeypatch.setitem(STRUCTS, "bad_ctype", "a int:word")
    monkeypatch.setitem(STRUCTS, "bad_count", "a chars(n)")
    for name in ("bad_kind", "bad_ctype", "bad_count"):
        with pytest.raises(LayoutError):
            layout(name, "arm")


# Structure → (headers, C type, {our field: theirs}).  None for a field leaves it out: bit
# fields, and names that macros or anonymous types hide.
Renames = dict[str, "str | None"]
C_STRUCTURES: dict[str, tuple[str, str, Renames]] = {
    "timespec": ("linux/time_types.h", "struct __kernel_old_timespec", {}),
    "timespec64": ("linux/time_types.h", "struct __kernel_timespec", {}),
    "timeval": ("linux/time_types.h", "struct __kernel_old_timeval", {}),
    "itimerval": ("linux/time_types.h", "struct __kernel_old_itimerval", {}),
    "itimerspec64": ("linux/time_types.h", "struct __kernel_itimerspec", {}),
    "timezone": ("linux/time.h", "struct timezone", {}),
    "utimbuf": ("linux/utime.h", "struct utimbuf", {}),
    "tms": ("linux/times.h", "struct tms", {}),
    "timex": ("linux/time.h linux/timex.h", "struct timex", {}),
    "timex64": ("linux/time.h linux/timex.h", "struct __kernel_timex", {}),
    "timex_timeval64": ("linux/time.h linux/timex.h", "struct __kernel_timex_timeval", {}),
    "stat": ("asm/stat.h", "struct stat", {}),
    "stat64": ("asm/stat.h", "struct stat64", {}),
    "oldstat": ("asm/stat.h", "struct __old_kernel_stat", {}),
    "statx": ("linux/stat.h", "struct statx", {}),
    "statx_timestamp": ("linux/stat.h", "struct statx_timestamp", {}),
    "statfs": ("linux/types.h asm/statfs.h", "struct statfs", {}),
    "statfs64": ("linux/types.h asm/statfs.h", "struct statfs64", {}),
    "open_how": ("linux/openat2.h", "struct open_how", {}),
    "flock": ("linux/fcntl.h", "struct flock", {}),
    "flock64": ("linux/fcntl.h", "struct flock64", {}),
    "f_owner_ex": ("linux/fcntl.h", "struct f_owner_ex", {}),
    "iovec": ("linux/uio.h", "struct iovec", {}),
    "xattr_args": ("linux/xattr.h", "struct xattr_args", {}),
    "file_attr": ("linux/fs.h", "struct file_attr", {}),
    "fsxattr": ("linux/fs.h", "struct fsxattr", {}),
    "file_clone_range": ("linux/fs.h", "struct file_clone_range", {}),
    "mount_attr": ("linux/mount.h", "struct mount_attr", {}),
    "mnt_id_req": ("linux/mount.h", "struct mnt_id_req", {}),
    "statmount": ("linux/mount.h", "struct statmount", {}),
    "ns_id_req": ("linux/nsfs.h", "struct ns_id_req", {}),
    "cachestat_range": ("linux/mman.h", "struct cachestat_range", {}),
    "cachestat": ("linux/mman.h", "struct cachestat", {}),
    "inotify_event": ("linux/inotify.h", "struct inotify_event", {}),
    "signalfd_siginfo": ("linux/signalfd.h", "struct signalfd_siginfo", {}),
    "pollfd": ("linux/poll.h", "struct pollfd", {}),
    "epoll_event": ("linux/eventpoll.h", "struct epoll_event", {}),
    "io_event": ("linux/aio_abi.h", "struct io_event", {}),
    "iocb": ("linux/aio_abi.h", "struct iocb", {}),
    "clone_args": ("linux/types.h linux/sched.h", "struct clone_args", {}),
    "rusage": ("linux/time.h linux/resource.h", "struct rusage", {}),
    "rlimit": ("linux/time.h linux/resource.h", "struct rlimit", {}),
    "rlimit64": ("linux/time.h linux/resource.h", "struct rlimit64", {}),
    "sched_attr": ("linux/sched/types.h", "struct sched_attr", {}),
    "robust_list_head": ("linux/futex.h", "struct robust_list_head", {}),
    "futex_waitv": ("linux/futex.h", "struct futex_waitv", {}),
    "rseq_cs": ("linux/rseq.h", "struct rseq_cs", {}),
    "cap_user_header": ("linux/capability.h", "struct __user_cap_header_struct", {}),
    "cap_user_data": ("linux/capability.h", "struct __user_cap_data_struct", {}),
    "sock_fprog": ("linux/filter.h", "struct sock_fprog", {}),
    "sock_filter": ("linux/filter.h", "struct sock_filter", {}),
    "seccomp_notif_sizes": ("linux/seccomp.h", "struct seccomp_notif_sizes", {}),
    "seccomp_data": ("linux/seccomp.h", "struct seccomp_data", {}),
    "landlock_ruleset_attr": ("linux/landlock.h", "struct landlock_ruleset_attr", {}),
    "landlock_path_beneath_attr": ("linux/landlock.h", "struct landlock_path_beneath_attr", {}),
    "landlock_net_port_attr": ("linux/landlock.h", "struct landlock_net_port_attr", {}),
    "lsm_ctx": ("linux/lsm.h", "struct lsm_ctx", {}),
    "stack_t": ("asm/signal.h", "stack_t", {}),
    "sigevent": ("asm/siginfo.h", "sigevent_t", {"sigev_un": "_sigev_un"}),
    "siginfo": ("asm/siginfo.h", "siginfo_t", {}),
    "siginfo_kill": ("asm/siginfo.h", "siginfo_t:_kill", {"si_pid": "_pid", "si_uid": "_uid"}),
    "siginfo_timer": ("asm/siginfo.h", "siginfo_t:_timer",
                      {"si_timerid": "_tid", "si_overrun": "_overrun", "si_value": "_sigval"}),
    "siginfo_rt": ("asm/siginfo.h", "siginfo_t:_rt",
                   {"si_pid": "_pid", "si_uid": "_uid", "si_value": "_sigval"}),
    "siginfo_chld": ("asm/siginfo.h", "siginfo_t:_sigchld",
                     {"si_pid": "_pid", "si_uid": "_uid", "si_status": "_status",
                      "si_utime": "_utime", "si_stime": "_stime"}),
    "siginfo_fault": ("asm/siginfo.h", "siginfo_t:_sigfault",
                      {"si_addr": "_addr", "si_addr_lsb": "_addr_lsb"}),
    "siginfo_bnderr": ("asm/siginfo.h", "siginfo_t:_sigfault",
                       {"si_addr": "_addr", "si_lower": "_addr_bnd._lower",
                        "si_upper": "_addr_bnd._upper"}),
    "siginfo_pkuerr": ("asm/siginfo.h", "siginfo_t:_sigfault",
                       {"si_addr": "_addr", "si_pkey": "_addr_pkey._pkey"}),
    "siginfo_poll": ("asm/siginfo.h", "siginfo_t:_sigpoll",
                     {"si_band": "_band", "si_fd": "_fd"}),
    "siginfo_sys": ("asm/siginfo.h", "siginfo_t:_sigsys",
                    {"si_call_addr": "_call_addr", "si_syscall": "_syscall",
                     "si_arch": "_arch"}),
    "sockaddr_un": ("linux/un.h", "struct sockaddr_un", {"sa_family": "sun_family"}),
    "sockaddr_in": ("linux/in.h", "struct sockaddr_in", {"sa_family": "sin_family"}),
    "sockaddr_in6": ("linux/in6.h", "struct sockaddr_in6", {"sa_family": "sin6_family"}),
    "sockaddr_nl": ("linux/netlink.h", "struct sockaddr_nl", {"sa_family": "nl_family"}),
    "sockaddr_ll": ("linux/if_packet.h", "struct sockaddr_ll", {"sa_family": "sll_family"}),
    "ip_mreq": ("linux/in.h", "struct ip_mreq", {}),
    "ip_mreqn": ("linux/in.h", "struct ip_mreqn", {}),
    "ipv6_mreq": ("linux/in6.h", "struct ipv6_mreq", {"ipv6mr_interface": "ipv6mr_ifindex"}),
    "nlmsghdr": ("linux/netlink.h", "struct nlmsghdr", {}),
    "ifreq": ("linux/socket.h linux/if.h", "struct ifreq",
              {"ifr_name": "ifr_ifrn", "ifr_ifru": "ifr_ifru"}),
    "ifconf": ("linux/socket.h linux/if.h", "struct ifconf", {"ifc_buf": "ifc_ifcu"}),
    "ipc64_perm": ("linux/ipc.h linux/posix_types.h asm/ipcbuf.h", "struct ipc64_perm",
                   {"mode": None}),
    "msqid64_ds": ("linux/msg.h", "struct msqid64_ds", {}),
    "semid64_ds": ("linux/sem.h", "struct semid64_ds", {}),
    "shmid64_ds": ("linux/shm.h", "struct shmid64_ds", {}),
    "msginfo": ("linux/msg.h", "struct msginfo", {}),
    "seminfo": ("linux/sem.h", "struct seminfo", {}),
    "shminfo64": ("linux/shm.h", "struct shminfo64", {}),
    "shm_info": ("linux/shm.h", "struct shm_info", {}),
    "sembuf": ("linux/sem.h", "struct sembuf", {}),
    "ipc_kludge": ("linux/ipc.h", "struct ipc_kludge", {}),
    "mq_attr": ("linux/mqueue.h", "struct mq_attr", {}),
    "winsize": ("asm/termios.h", "struct winsize", {}),
    "termio": ("asm/termios.h", "struct termio", {}),
    "termios": ("asm/termbits.h", "struct termios", {}),
    "termios2": ("asm/termbits.h", "struct termios2", {}),
    "new_utsname": ("linux/utsname.h", "struct new_utsname", {}),
    "old_utsname": ("linux/utsname.h", "struct old_utsname", {}),
    "oldold_utsname": ("linux/utsname.h", "struct oldold_utsname", {}),
    "sysinfo": ("linux/types.h linux/sysinfo.h", "struct sysinfo", {}),
    "kexec_segment": ("linux/kexec.h", "struct kexec_segment", {}),
    "user_desc": ("asm/ldt.h", "struct user_desc", {"flags": None}),
}
# The structure's end in C is not ours: tails of fixed size, and forms of a larger union.
NO_SIZE = {"siginfo_kill", "siginfo_timer", "siginfo_rt", "siginfo_chld", "siginfo_fault",
           "siginfo_bnderr", "siginfo_pkuerr", "siginfo_poll", "siginfo_sys"}  # fmt: skip
X86_ONLY = {"user_desc"}
TARGETS = {
    "x86_64": ("x86_64-linux-musl", "x86-linux-any"),
    "i386": ("i386-linux-musl", "x86-linux-any"),
    "arm": ("arm-linux-musleabihf", "arm-linux-any"),
    "aarch64": ("aarch64-linux-musl", "aarch64-linux-any"),
}


def assertions(this: Layout, ctype: str, renames: Renames) -> list[str]:
    """C static assertions of a layout's size, offsets and field sizes."""
    ctype, _, member = ctype.partition(":")
    lines = []
    if this.name not in NO_SIZE:
        lines.append(f"_Static_assert(sizeof({ctype}) == {this.size}, \"size of {this.name}\");")
    for field in this.fields:
        name = renames.get(field.name, field.name)
        if name is None or field.name.startswith("_"):
            continue
        if member and field.name in renames:
            name = f"_sifields.{member}.{name}"
        lines.append(
            f"_Static_assert(__builtin_offsetof({ctype}, {name}) == {field.offset}, "
            f'"offset of {this.name}.{field.name}");'
        )
        if field.size and "bytes" not in str(field.kind) and name != "_sigev_un":
            lines.append(
                f"_Static_assert(sizeof((({ctype} *)0)->{name}) == {field.size}, "
                f'"size of {this.name}.{field.name}");'
            )
    return lines


@pytest.mark.parametrize("abi", ABIS)
def test_against_a_compiler(abi: str, tmp_path: Path) -> None:
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        pytest.skip("the PyPI package ziglang, which brings a compiler and headers, is missing")
    include = Path(spec.origin).parent / "lib" / "libc" / "include"
    target, arch = TARGETS[abi]
    sources = []
    for name, (headers, ctype, renames) in C_STRUCTURES.items():
        if not is_structure(name, abi) or (name in X86_ONLY and "86" not in abi):
            continue
        # one file each: the headers of different topics contradict each other
        source = tmp_path / f"{name}.c"
        lines = [f"#include <{header}>" for header in headers.split()]
        source.write_text("\n".join([*lines, *assertions(layout(name, abi), ctype, renames), ""]))
        sources.append(source)
    assert len(sources) > 90
    # linux/if.h wants the C library's struct sockaddr
    (tmp_path / "sys").mkdir()
    (tmp_path / "sys/socket.h").write_text(
        "struct sockaddr { unsigned short sa_family; char sa_data[14]; };\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", "clang", "-target", target, "-fsyntax-only", "-w",
         "-nostdinc", f"-I{tmp_path}", f"-I{include / arch}", f"-I{include / 'any-linux-any'}",
         *map(str, sources)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]


def test_integers_are_cut_to_their_types() -> None:
    spec = layout("timespec", "arm")
    assert spec.pack(1 << 40 | 5, -1) == struct.pack("<ii", 5, -1)
    assert spec.pack(1 << 31, (1 << 32) - 2) == struct.pack("<ii", -(1 << 31), -2)
    for values in ((1 << 40, 0), (1 << 31, 0)):
        with pytest.raises(struct.error):
            spec.pack_exact(*values)
    for few in ((), (1 << 40,), (1, 2, 1 << 40)):
        with pytest.raises(struct.error):
            spec.pack(*few)
    handle = layout("file_handle", "arm")
    assert handle.pack(1 << 32 | 8, -1, b"") == struct.pack("<Ii", 8, -1)
