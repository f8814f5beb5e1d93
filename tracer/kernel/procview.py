"""The kernel as /proc shows it (tracer.vfs.procinfo.System and Process)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tracer.errors import LinuxError
from tracer.kernel import task as tasks
from tracer.memory.arena import PAGE, SHIFT
from tracer.memory.vma import PROT_EXEC, PROT_READ, PROT_WRITE, Vma

if TYPE_CHECKING:
    from tracer.kernel.kernel import Kernel
    from tracer.kernel.task import Task
    from tracer.memory.space import AddressSpace
    from tracer.vfs.base import File, Inode
    from tracer.vfs.namespace import Location


def maps_line(vma: Vma, space: AddressSpace) -> bytes:
    """One line of /proc/PID/maps."""
    prot = "".join(c if vma.prot & bit else "-" for c, bit in (
        ("r", PROT_READ), ("w", PROT_WRITE), ("x", PROT_EXEC)))
    name, dev, ino = vma.name.encode(), 0, 0
    if vma.file is not None:
        name = vma.file.name()
        if vma.file.inode is not None:
            attr = vma.file.inode.getattr()
            dev, ino = attr.dev, attr.ino
    elif not name and vma.start < space.brk and vma.end > space.brk_start:
        name = b"[heap]"
    major, minor = dev >> 8 & 0xFFF, dev & 0xFF | dev >> 12 & 0xFFF00
    head = b"%08x-%08x %s%s %08x %02x:%02x %d " % (
        vma.start, vma.end, prot.encode(), b"s" if vma.shared else b"p", vma.offset, major,
        minor, ino)
    return head.ljust(73) + name + b"\n" if name else head + b"\n"


def mapped(vma: Vma, space: AddressSpace) -> dict[str, int]:
    """What is in memory of a mapping, in KiB.  A page counts as shared that several mappings
    have; pages of files are clean until they are written to."""
    rss = anonymous = 0
    pss = pss_dirty = 0.0
    kinds = {"Shared_Clean": 0, "Shared_Dirty": 0, "Private_Clean": 0, "Private_Dirty": 0}
    references = space.arena.shared
    for page in space.pages_in(vma.start, vma.end):
        frame = space.table[page] & -PAGE
        if not frame:
            continue            # the page of zeros belongs to nobody
        count, dirty = references.get(frame, 1), True
        if vma.backing is not None:
            index = (vma.offset + (page << SHIFT) - vma.start) >> SHIFT
            if vma.backing.frames.get(index) == frame:
                count -= 1
                dirty = vma.backing.inode is None or index in vma.backing.dirty
            else:
                anonymous += 4
        else:
            anonymous += 4
        count = max(count, 1)
        rss += 4
        pss += 4 / count
        pss_dirty += 4 / count if dirty else 0
        kinds[("Shared_" if count > 1 else "Private_") + ("Dirty" if dirty else "Clean")] += 4
    return {"Rss": rss, "Pss": int(pss), "Pss_Dirty": int(pss_dirty), **kinds, "Referenced": rss,
            "Anonymous": anonymous, "Locked": int(pss) if vma.locked else 0}


class ProcTask:
    """One task."""

    def __init__(self, task: Task) -> None:
        self._task = task

    @property
    def pid(self) -> int:
        return self._task.pid

    @property
    def tgid(self) -> int:
        return self._task.tgid

    @property
    def ppid(self) -> int:
        parent = self._task.process.parent
        return parent.pid if parent is not None else self._task.process.outside_parent

    @property
    def tracer(self) -> int:
        task, kernel = self._task, self._task.kernel
        if task.ptrace is not None:
            return task.ptrace.tracer.pid
        return kernel.tracer_pid if task.traced and kernel.observer.watching else 0

    @property
    def pgid(self) -> int:
        return self._task.process.pgid

    @property
    def sid(self) -> int:
        return self._task.process.sid

    @property
    def tty(self) -> int:
        return int(getattr(self._task.process.tty, "rdev", 0))

    @property
    def comm(self) -> bytes:
        return self._task.comm

    @comm.setter
    def comm(self, value: bytes) -> None:
        self._task.comm = value[:15]

    @property
    def state(self) -> str:
        if self._task is self._task.kernel.current:
            return "R"
        return "RSTZX"[self._task.state]

    @property
    def umask(self) -> int:
        return self._task.fs.umask

    @property
    def exit_code(self) -> int:
        return self._task.exit_code

    @property
    def no_new_privs(self) -> int:
        return int(self._task.creds.no_new_privs)

    @property
    def oom_score_adj(self) -> int:
        return self._task.process.oom_score_adj

    @oom_score_adj.setter
    def oom_score_adj(self, value: int) -> None:
        self._task.process.oom_score_adj = value

    def uids(self) -> tuple[int, int, int, int]:
        c = self._task.creds
        return c.uid, c.euid, c.suid, c.fsuid

    def gids(self) -> tuple[int, int, int, int]:
        c = self._task.creds
        return c.gid, c.egid, c.sgid, c.fsgid

    def groups(self) -> Sequence[int]:
        return self._task.creds.groups

    def _area(self, start: int, end: int) -> bytes:
        try:
            return self._task.mem.read_prefix(start, max(0, end - start))
        except LinuxError:
            return b""

    def cmdline(self) -> bytes:
        mem = self._task.mem
        return self._area(mem.arg_start, mem.arg_end)

    def environ(self) -> bytes:
        mem = self._task.mem
        return self._area(mem.env_start, mem.env_end)

    def auxv(self) -> bytes:
        return self._task.mem.auxv

    def peek(self, address: int, size: int) -> bytes:
        """The start of a range of its memory, as far as it can be read."""
        return self._task.mem.read_prefix(address, size)

    def poke(self, address: int, data: bytes) -> int:
        """Write to its memory as far as that may be written to; how much was."""
        done = 0
        for view in self._task.mem.views(address, len(data), PROT_WRITE):
            view[:] = data[done:done + len(view)]
            done += len(view)
        return done

    def maps(self) -> bytes:
        space = self._task.mem
        lines = [maps_line(vma, space) for vma in space.vmas]
        gate = self._task.abi.gate()
        if lines and gate is not None:
            address, prot, name = gate
            lines.append(maps_line(Vma(address, address + PAGE, prot, name=name), space))
        return b"".join(lines)

    def mapped(self) -> Sequence[Mapping[str, int]]:
        space = self._task.mem
        found = [mapped(vma, space) for vma in space.vmas]
        if found and self._task.abi.gate() is not None:
            found.append(dict.fromkeys(found[0], 0))
        return found

    def memory(self) -> Mapping[str, int]:
        space = self._task.mem
        if not space.vmas:
            return {}
        pages = [(v.end - v.start) >> SHIFT for v in space.vmas]
        data = sum(n for n, v in zip(pages, space.vmas, strict=True)
                   if v.prot & PROT_WRITE and not v.shared and not v.growsdown)
        stack = sum(n for n, v in zip(pages, space.vmas, strict=True) if v.growsdown)
        engine = self._task.engine
        running = self._task is self._task.kernel.current
        return {
            "size": space.total_pages, "resident": len(space.table), "data": data,
            "stack": stack, "text": (space.code_end - space.code_start >> SHIFT) + 1,
            "library": 0, "locked": sum(n for n, v in zip(pages, space.vmas, strict=True)
                                        if v.locked),
            "peak": space.total_pages, "tables": 1 + len(space.table) // 512,
            "start_code": space.code_start, "end_code": space.code_end,
            "start_stack": space.stack_start,
            "sp": engine.get(engine.SP) if running else space.stack_start,
            "ip": engine.get(engine.PC) if running else 0,
            "start_data": space.code_end, "end_data": space.brk_start,
            "start_brk": space.brk_start, "arg_start": space.arg_start,
            "arg_end": space.arg_end, "env_start": space.env_start, "env_end": space.env_end,
        }

    def exe(self) -> Location | None:
        found: Location | None = self._task.mem.exe
        return found

    def cwd(self) -> Location:
        return self._task.fs.cwd

    def root(self) -> Location:
        return self._task.fs.root

    def fds(self) -> Mapping[int, File]:
        return dict(sorted(self._task.files.files.items()))

    def close_on_exec(self, fd: int) -> bool:
        return fd in self._task.files.cloexec

    def threads(self) -> Sequence[int]:
        return [t.pid for t in self._task.process.tasks]

    def signals(self) -> tuple[int, int, int, int, int]:
        task = self._task
        ignored = caught = 0
        for signo, action in task.handlers.actions.items():
            if action.handler == 1:
                ignored |= 1 << signo - 1
            elif action.handler:
                caught |= 1 << signo - 1
        return task.pending.mask, task.process.pending.mask, task.mask, ignored, caught

    def capabilities(self) -> tuple[int, int, int, int, int]:
        c = self._task.creds
        return c.inheritable, c.permitted, c.caps, c.bounding, c.ambient

    def limits(self) -> Sequence[tuple[int, int]]:
        limits = self._task.process.limits
        return [limits[which] for which in range(16)]

    def namespace(self, name: str) -> Inode | None:
        from tracer.kernel.namespaces import of_process
        return of_process(self._task.process, name)

    def times(self) -> tuple[int, int, int]:
        p = self._task.process
        return p.user_time, p.system_time, p.start_time


class System:
    """The machine."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.hostname = kernel.uts["nodename"]
        self.release = kernel.uts["release"]
        self.version = kernel.uts["version"]

    def current(self) -> tuple[int, int]:
        task = self._kernel.current
        return (task.tgid, task.pid) if task is not None else (0, 0)

    def busy(self) -> bool:
        return bool(self._kernel.run_queue)

    def pids(self) -> Sequence[int]:
        return sorted(self._kernel.processes)

    def process(self, pid: int) -> ProcTask | None:
        task = self._kernel.tasks.get(pid)
        return ProcTask(task) if task is not None and task.state != tasks.DEAD else None

    def uptime(self) -> int:
        return self._kernel.clock.monotonic()

    def boot_time(self) -> int:
        clock = self._kernel.clock
        return clock.realtime() - clock.monotonic()

    def memory_kib(self) -> tuple[int, int]:
        arena = self._kernel.arena
        return arena.limit >> 10, (arena.limit - arena.used) >> 10

    def cpuinfo(self) -> bytes:
        task = self._kernel.current
        rows = task.abi.CPUINFO if task is not None else ()
        return "".join([f"{name}\t: {value}\n" for name, value in rows]).encode() + b"\n"

    def uuid(self, boot: bool) -> bytes:
        if boot:
            return self._kernel.boot_id.encode()
        import uuid
        return str(uuid.UUID(bytes=self._kernel.random(16), version=4)).encode()
