"""The one place where file systems reach guest memory: for the arguments of ioctl.

A task is expected to have ``deny_executed(inode)``, which raises ETXTBSY for the file of a
program that runs, and ``task.mem`` with ``read(address, size) -> bytes`` and
``write(address, data) -> None``, which raise ``Fault``.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def get(task: Any, address: int, size: int) -> bytes:
    """copy_from_user; EFAULT."""
    data: bytes = task.mem.read(address, size)
    return data


def put(task: Any, address: int, data: bytes) -> None:
    """copy_to_user; EFAULT."""
    task.mem.write(address, data)


def get_int(task: Any, address: int) -> int:
    """A C int."""
    return int.from_bytes(get(task, address, 4), "little", signed=True)


def put_int(task: Any, address: int, value: int) -> None:
    """A C int."""
    put(task, address, (value & 0xFFFFFFFF).to_bytes(4, "little"))
