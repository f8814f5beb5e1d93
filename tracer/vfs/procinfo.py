"""What /proc asks the kernel: the two protocols that `tracer.kernel.procview` fulfils."""
from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracer.vfs.base import File, Inode
    from tracer.vfs.namespace import Location


class Process(Protocol):
    """A task as /proc shows it (a thread group leader, or a thread below task/)."""

    comm: bytes         # at most 15 bytes; assigned by a write to comm
    oom_score_adj: int  # assigned by a write

    @property
    def pid(self) -> int:
        """Thread id."""

    @property
    def tgid(self) -> int:
        """Process id."""

    @property
    def tracer(self) -> int:
        """The pid of who traces it; 0 for nobody."""

    @property
    def ppid(self) -> int:
        """Of the parent."""

    @property
    def pgid(self) -> int:
        """Process group."""

    @property
    def sid(self) -> int:
        """Session."""

    @property
    def tty(self) -> int:
        """Device number of the controlling terminal, 0 without one."""

    @property
    def state(self) -> str:
        """One of R S D T Z X."""

    @property
    def umask(self) -> int:
        """The file mode creation mask."""

    @property
    def exit_code(self) -> int:
        """The wait status of a zombie."""

    @property
    def no_new_privs(self) -> int:
        """0 or 1."""

    def uids(self) -> tuple[int, int, int, int]:
        """Real, effective, saved, file system."""

    def gids(self) -> tuple[int, int, int, int]:
        """Real, effective, saved, file system."""

    def groups(self) -> Sequence[int]:
        """Supplementary groups."""

    def cmdline(self) -> bytes:
        """Arguments, each with its NUL; empty for a zombie."""

    def environ(self) -> bytes:
        """Environment, each with its NUL."""

    def auxv(self) -> bytes:
        """The auxiliary vector as the process got it."""

    def mapped(self) -> Sequence[Mapping[str, int]]:
        """For each line of ``maps``: what is in memory of it, in KiB (proc(5), smaps)."""
        raise NotImplementedError

    def maps(self) -> bytes:
        """The text of /proc/PID/maps."""

    def memory(self) -> Mapping[str, int]:
        """Pages: size resident data stack text library (locked, peak, tables);
        addresses: start_code end_code start_stack sp ip start_data end_data start_brk
        arg_start arg_end env_start env_end.  Empty for a zombie."""

    def exe(self) -> Location | None:
        """The program."""

    def cwd(self) -> Location:
        """The working directory."""

    def root(self) -> Location:
        """The root directory."""

    def fds(self) -> Mapping[int, File]:
        """The open descriptors, in ascending order."""

    def close_on_exec(self, fd: int) -> bool:
        """FD_CLOEXEC."""

    def threads(self) -> Sequence[int]:
        """Thread ids of the group, the leader first."""

    def limits(self) -> Sequence[tuple[int, int]]:
        """(soft, hard) of RLIMIT_CPU (0) to RLIMIT_RTTIME (15); 2**64-1 is no limit."""

    def times(self) -> tuple[int, int, int]:
        """User time, system time, start since boot; nanoseconds."""

    def signals(self) -> tuple[int, int, int, int, int]:
        """Bit sets: pending, pending for the group, blocked, ignored, caught."""

    def namespace(self, name: str) -> Inode | None:
        """What ns/NAME refers to."""

    def peek(self, address: int, size: int) -> bytes:
        """The start of a range of its memory, as far as it can be read."""

    def poke(self, address: int, data: bytes) -> int:
        """Write to its memory as far as that may be written to; how much was."""

    def capabilities(self) -> tuple[int, int, int, int, int]:
        """Bit sets: inheritable, permitted, effective, bounding, ambient."""


class System(Protocol):
    """The kernel as /proc shows it."""

    hostname: bytes
    release: bytes      # 6.1.0
    version: bytes      # #1 SMP ...

    def current(self) -> tuple[int, int]:
        """(tgid, tid) of the task whose call is running."""

    def busy(self) -> bool:
        """Whether other tasks than the current one can run."""

    def pids(self) -> Sequence[int]:
        """Thread group ids, ascending."""

    def process(self, pid: int) -> Process | None:
        """The task of that thread id, also of a thread."""

    def uptime(self) -> int:
        """Nanoseconds since the virtual boot."""

    def boot_time(self) -> int:
        """Nanoseconds since the epoch at the virtual boot."""

    def memory_kib(self) -> tuple[int, int]:
        """Total and free memory."""

    def cpuinfo(self) -> bytes:
        """The text of /proc/cpuinfo for the emulated CPU."""

    def uuid(self, boot: bool) -> bytes:
        """A new random UUID as text, or the boot's."""
