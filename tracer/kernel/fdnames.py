"""What descriptors refer to, as -y and /proc show it."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.kernel.task import AT_FDCWD

if TYPE_CHECKING:
    from tracer.kernel.task import Task

_DELETED = b" (deleted)"


def fd_detail(task: Task, fd: int, what: int) -> tuple[bytes, bool] | None:
    """Text between < and > and whether the file is deleted; None when it is not open."""
    if fd == AT_FDCWD:
        name = task.fs.cwd.path(task.fs.root)
    else:
        file = task.files.files.get(fd)
        if file is None:
            return None
        name = file.name()
    if name.endswith(_DELETED):
        return name[:-len(_DELETED)], True
    return name, False
