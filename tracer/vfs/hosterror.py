"""The host's errors as Linux's: matched by name, since the numbers differ between systems."""
from __future__ import annotations

import errno
import os

from sysnames import errno as E
from tracer.errors import LinuxError

_SAME = os.name == "posix" and os.uname().sysname == "Linux"


def linux_error(error: OSError) -> LinuxError:
    """The Linux error for what the host raised; EIO for what Linux does not know."""
    number = error.errno
    if number is None:
        return LinuxError(E.EIO)
    if _SAME:
        return LinuxError(number)
    return LinuxError(getattr(E, errno.errorcode.get(number, "EIO"), E.EIO))
