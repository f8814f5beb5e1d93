"""execve: from a file to a new memory image (fs/exec.c, fs/binfmt_*.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.signals import SIG_IGN
from tracer.kernel.task import RLIM_INFINITY, RLIMIT_STACK, AltStack, SigAction, Task
from tracer.memory.arena import PAGE
from tracer.memory.space import AddressSpace
from tracer.memory.vma import PROT_EXEC, PROT_READ, PROT_WRITE, Backing, Vma
from tracer.vfs.base import MAY_EXEC, O_RDONLY, S_IFMT, S_IFREG, File, Inode
from tracer.vfs.namespace import Location

if TYPE_CHECKING:
    from loader.elf import ElfImage
    from loader.layout import Layout

_RECURSION = 5              # BINPRM: how deep #! interpreters may nest


class ExecError(LinuxError):
    """execve fails with errno; message says why, for the first program of a run.

    fatal: the old image is gone already, the process dies of SIGSEGV.
    """

    __slots__ = ("fatal", "message")

    def __init__(self, errno: int, message: str, fatal: bool = False) -> None:
        super().__init__(errno)
        self.message = message
        self.fatal = fatal


class Program(NamedTuple):
    """A checked program file, ready to be mapped."""

    image: ElfImage
    interpreter: ElfImage | None
    file: File
    interpreter_file: File | None
    layout: Layout
    argv: list[bytes]
    location: Location
    path: bytes                 # as execve got it: a script's own


def _reader(inode: Inode) -> object:
    """read(offset, n) over the pages of a file, as the loader wants it."""

    def read(offset: int, count: int) -> bytes:
        parts = []
        while count > 0:
            page = inode.page(offset // PAGE)
            if page is None:
                break
            part = bytes(page[offset % PAGE:offset % PAGE + count])
            if not part:
                break
            parts.append(part)
            offset += len(part)
            count -= len(part)
        return b"".join(parts)

    return read


def open_program(task: Task, location: Location) -> File:
    """Open a file for execution: EACCES for what is no regular executable file."""
    inode = location.inode
    if inode.mode & S_IFMT != S_IFREG:
        raise LinuxError(E.EACCES)
    inode.permission(MAY_EXEC, task.creds)
    if not inode.mode & 0o111:
        raise LinuxError(E.EACCES)
    file = inode.open(O_RDONLY, task)
    file.location = location
    return file


def stack_limit(task: Task) -> int | None:
    """RLIMIT_STACK in bytes; None when it is unlimited."""
    limit = task.process.limit(RLIMIT_STACK)
    return None if limit >= RLIM_INFINITY else limit


def prepare(task: Task, location: Location, path: bytes, argv: list[bytes],
            envp: list[bytes]) -> Program:
    """Check a program up to the point of no return.

    Raises LinuxError, or ExecError with a message.
    """
    from loader import elf, layout, script, stack
    from loader.errors import ElfError
    namespace = task.kernel.namespace
    asked = path
    for _ in range(_RECURSION):
        file = open_program(task, location)
        inode = location.inode
        size = inode.getattr().size
        name = path.decode(errors="backslashreplace")
        read = _reader(inode)
        start = read(0, script.BUFFER_SIZE)  # type: ignore[operator]
        try:
            if script.is_script(start):
                found = script.parse(start, name)
                argv = found.arguments(path, argv)
                path = found.interpreter
                file.release()
                location = namespace.walk(task.fs.root, task.fs.cwd, path, creds=task.creds,
                                          task=task)
                continue
            image = elf.parse(read, size, name)  # type: ignore[arg-type]
            if not stack.arguments_fit(image.abi, argv, envp, path, stack_limit(task)):
                raise LinuxError(E.E2BIG)
            interpreter = interpreter_file = None
            if image.interp is not None:
                try:
                    where = namespace.walk(task.fs.root, task.fs.cwd, image.interp,
                                           creds=task.creds, task=task)
                    interpreter_file = open_program(task, where)
                except LinuxError as e:
                    raise ExecError(e.errno, f"{name}: the program interpreter "
                                    f"{image.interp.decode(errors='backslashreplace')} "
                                    "is missing (give its sysroot with --root)") from None
                inode = where.inode
                interpreter = elf.parse_interpreter(
                    _reader(inode), inode.getattr().size,  # type: ignore[arg-type]
                    image.interp.decode(errors="backslashreplace"), image)
            plan = layout.plan(image, interpreter, stack_limit(task))
        except ElfError as e:
            raise ExecError(e.errno, str(e), e.fatal) from None
        return Program(image, interpreter, file, interpreter_file, plan, argv, location,
                       asked)
    raise LinuxError(E.ELOOP)


def new_space(task: Task, program: Program, envp: list[bytes], execfn: bytes) -> AddressSpace:
    """Map a program and build its stack.  Raises ExecError with fatal set."""
    from loader import vdso
    from loader.stack import build_stack
    kernel = task.kernel
    plan = program.layout
    image = program.image
    from tracer import abi as abis
    abi = abis.get(image.abi)
    space = AddressSpace(kernel.arena, abi.top, plan.mmap_base)
    space.topdown = plan.topdown
    space.exec_all = plan.read_implies_exec
    process = task.process
    space.stack_limit = lambda: process.limit(RLIMIT_STACK)
    files = (program.file, program.interpreter_file)
    for m in plan.mappings:
        if m.noreplace and space.overlapping(m.start, m.start + m.length):
            raise ExecError(E.EEXIST, f"{program.image.name}: segments overlap", True)
        space.unmap(m.start, m.start + m.length)
        if m.source is None:
            vma = Vma(m.start, m.start + m.length, m.prot)
        else:
            file = files[m.source]
            assert file is not None and file.inode is not None
            vma = Vma(m.start, m.start + m.length, m.prot, False, kernel.backing(file.inode),
                      file, m.offset)
        space.insert(vma)
        if m.zero is not None:
            space.write(m.zero[0], bytes(m.zero[1]))
    creds = task.creds
    secure = creds.uid != creds.euid or creds.gid != creds.egid
    symbols = vdso.symbols(image.abi)
    stack = build_stack(
        image, plan, program.argv, envp, execfn, kernel.random(16), uid=creds.uid,
        euid=creds.euid, gid=creds.gid, egid=creds.egid, secure=secure,
        sysinfo=symbols.get("__kernel_vsyscall", 0), stack_limit=stack_limit(task))
    prot = PROT_READ | PROT_WRITE | (PROT_EXEC if plan.stack_executable else 0)
    space.insert(Vma(stack.base & -PAGE, plan.stack_top, prot, name="[stack]", growsdown=True))
    for area, content, name in (
            (plan.sigpage, vdso.sigpage() if plan.sigpage.length else b"", "[sigpage]"),
            (plan.vvar, b"", "[vvar]"),
            (plan.vdso, vdso.image(image.abi), "[vdso]")):
        if area.length:
            executable = PROT_EXEC if content else 0
            vma = Vma(area.start, area.start + area.length, PROT_READ | executable, False,
                      Backing(kernel.arena, None), name=name)
            space.insert(vma)
            if content:
                assert vma.backing is not None
                for i in range(0, len(content), PAGE):
                    frame = vma.backing.frame(i // PAGE)
                    assert frame is not None
                    page = content[i:i + PAGE]
                    kernel.arena.view[frame:frame + len(page)] = page
    try:
        space.write(stack.sp, stack.data)
    except LinuxError as e:
        raise ExecError(e.errno, f"{image.name}: no room for the stack", True) from None
    space.brk_start = space.brk = plan.brk
    space.stack_start = stack.sp
    space.arg_start, space.arg_end = stack.arg_start, stack.arg_end
    space.env_start, space.env_end = stack.env_start, stack.env_end
    space.code_start, space.code_end = plan.code
    word = f"<{2 * len(stack.auxv) + 2}{'Q' if abi.word == 8 else 'I'}"
    from struct import pack
    mask = (1 << 8 * abi.word) - 1
    space.auxv = pack(word, *(w & mask for pair in stack.auxv for w in pair), 0, 0)
    space.vdso = plan.vdso.start
    space.sigpage = plan.sigpage.start
    space.exe = program.location
    return space


def commit(task: Task, program: Program, space: AddressSpace) -> None:
    """Give the task its new image: the point of no return lies behind.

    Other threads are gone already.
    """
    from tracer import abi as abis
    kernel = task.kernel
    old = task.mem
    abi = abis.get(program.image.abi)
    task.mem = space
    old.users -= 1
    if not old.users:
        old.destroy()
    if task.context:
        task.engine.free_context(task.context)
        task.context = 0
    if kernel.loaded.get(task.abi.name) is task:
        del kernel.loaded[task.abi.name]
    task.abi = task.call_abi = abi
    task.engine = kernel.engine(abi)
    kernel.load_new(task)
    task.oabi = program.image.oabi
    if task.oabi:
        from tracer.kernel import oabi
        oabi.accept(kernel, task.engine)
    task.comm = program_name(program)
    process = task.process
    if process.handlers.users > 1 or task.handlers is not process.handlers:
        task.handlers = task.handlers.copy()
        process.handlers = task.handlers
    actions = task.handlers.actions
    for signo, action in list(actions.items()):     # flush_signal_handlers
        actions[signo] = SigAction(SIG_IGN if action.handler == SIG_IGN else 0)
    task.altstack = AltStack()
    task.clear_child_tid = 0
    task.robust_list = (0, 0)
    task.rseq = (0, 0, 0)
    task.tls_state = b""
    files = task.files
    if files.users > 1:
        files.users -= 1
        task.files = files = files.copy()
    for fd in sorted(files.cloexec):
        if fd in files.files:
            files.close(fd)
    process.did_exec = True
    if process.posix_timers:
        from tracer.kernel.calls.timers import release
        release(process, True)
    sp = space.stack_start
    abi.reset(task.engine)
    abi.start(task.engine, program.layout.start, sp)
    task.pdeath_signal = 0


def program_name(program: Program) -> bytes:
    """TASK_COMM: the last component of the path, at most 15 bytes."""
    return program.path.rpartition(b"/")[2][:15]
