"""/sys as far as C libraries, Go and busybox look.  It is mounted read-only."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.vfs.etc import SYS_DIRECTORIES, SYS_FILES, make_directory, put_files
from tracer.vfs.memfs import MemFS

if TYPE_CHECKING:
    from collections.abc import Callable

SYSFS_MAGIC = 0x62656572


def sys_fs(dev: int, now: Callable[[], int]) -> MemFS:
    """The file system for /sys."""
    fs = MemFS(dev, now, name="sysfs", mode=0o555, limit=1 << 10, magic=SYSFS_MAGIC)
    for path in SYS_DIRECTORIES:
        make_directory(fs, path)
    put_files(fs, SYS_FILES, 0o444)
    return fs
