"""The error of a program file that cannot be run."""

EPERM = 1
ENOENT = 2
EIO = 5
E2BIG = 7
ENOEXEC = 8
ENOMEM = 12
EFAULT = 14
EINVAL = 22
EOVERFLOW = 75
ELIBBAD = 80


class ElfError(Exception):
    """A file that execve(2) refuses.

    errno: what execve fails with on Linux (fs/binfmt_elf.c, fs/binfmt_script.c).
    fatal: true when Linux notices only after it has given up the old image; execve
        then still fails with that error, and the process dies of SIGSEGV.
    message: one line without the name of the file; `str()` puts the name before it.
    """

    def __init__(self, errno: int, message: str, name: str = "", fatal: bool = False) -> None:
        super().__init__(f"{name}: {message}" if name else message)
        self.errno = errno
        self.message = message
        self.name = name
        self.fatal = fatal
