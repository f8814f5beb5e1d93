"""The emulated kernel: its tasks, how they trap into it, and who runs next."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from sysnames.abis import SIGNED_NUMBERS
from tracer.errors import LinuxError, PytraceError
from tracer.kernel.clock import Clock
from tracer.kernel.cputime import charge
from tracer.kernel.dispatch import (
    PRIVATE,
    RESTARTS,
    Entry,
    Observer,
    Silent,
    multiplexed,
    six,
    skipped,
    unknown,
)
from tracer.kernel.registry import Done
from tracer.kernel.signals import Signals
from tracer.kernel.task import (
    BLOCKED,
    DEAD,
    PR_SET_TSC,
    RUNNABLE,
    STOPPED,
    ZOMBIE,
    InFlight,
    Process,
    Task,
)
from tracer.memory.arena import PAGE, SHIFT, Arena
from tracer.memory.vma import Backing
from tracer.wait import OUTSIDE, Wait, WaitQueue

if TYPE_CHECKING:
    from tracer.abi.base import Abi
    from tracer.cpu.engine import Engine, Event
    from tracer.kernel.clock import Timer
    from tracer.kernel.jobcontrol import JobControl
    from tracer.vfs.base import Inode
    from tracer.vfs.namespace import Namespace

QUANTUM = 100_000               # instructions a task runs while others wait
# How often a task may come back into the kernel before its quantum is over and others get a turn:
# signal handlers and faults end the count of instructions each time.
_TURNS = 1000


class Parking:
    """A task that waits.  Called with a reason, it lets the task run again."""

    __slots__ = ("kernel", "task", "timer", "wait")

    def __init__(self, kernel: Kernel, task: Task, wait: Wait) -> None:
        self.kernel = kernel
        self.task = task
        self.wait = wait
        self.timer: Timer | None = None
        for queue in wait.queues:
            queue.waiters[self] = None
            if queue.fd >= 0:
                kernel.host_parked[self] = None

    def __call__(self, reason: int = Wait.WOKEN) -> None:
        task = self.task
        if task.parking is self:
            self.undo()
            task.woken = reason
            task.state = RUNNABLE
            self.kernel.run_queue.append(task)

    def undo(self) -> None:
        """Nothing wakes the task any more."""
        self.task.parking = None
        for queue in self.wait.queues:
            queue.waiters.pop(self, None)
        if self.kernel.host_parked:
            self.kernel.host_parked.pop(self, None)
        if self.timer is not None:
            self.timer.cancel()


class Kernel:
    """One emulated machine.

    processes: pid → Process; tasks: tid → Task; current: the task whose registers are in the
    CPU.  attention: the CPU must be left after this call (signals, scheduling, an end).
    """

    def __init__(self, memory: int, clock: Clock, observer: Observer | None = None,
                 seed: int = 0, first_pid: int = 1000) -> None:
        from tracer.kernel.exits import Exits
        self.arena = Arena(memory)
        self.arena.on_stale = self._look_up
        self.clock = clock
        clock.on_timer = self._look_up      # code that spins must be counted from now on
        self.observer: Observer = observer or Silent()
        self.signals = Signals(self)
        self.exits = Exits(self)
        self.processes: dict[int, Process] = {}
        self.tasks: dict[int, Task] = {}
        self.current: Task | None = None
        self.attention = False
        self.first_pid = self._next_pid = first_pid
        self.first_parent = first_pid - 1       # what the first process sees as its parent
        self.tracer_pid = first_pid - 1         # who it says that traces it: its parent
        self.parent_comm, self.pid_max = b"pytrace", 4194304    # the parent's name
        self.run_queue: deque[Task] = deque()
        self.engines: dict[str, Engine] = {}
        self.inner_entries: dict[tuple[str, str], Entry] = {}
        self.loaded: dict[str, Task] = {}       # whose registers an engine holds
        self.namespace: Namespace = None  # type: ignore[assignment]  # set by the session
        self.shared_files: dict[Inode, Backing] = {}
        self.seed = seed
        self._random: Any = None
        self.host_random = False
        self.cpus = 1
        self.keys: Any = None       # keyrings, made on first use
        self.compared: dict[int, tuple[int, object]] = {}   # id → order and object (kcmp)
        self.charged = clock.now        # up to when CPU time is booked to tasks
        self.memory_total = memory
        self.uts = {"sysname": b"Linux", "nodename": b"localhost", "release": b"6.12.0",
                    "version": b"#1 SMP PREEMPT_DYNAMIC pytrace", "domainname": b"(none)"}
        self.init: Process | None = None
        self.futexes: dict[Any, Any] = {}      # see calls.futex
        self.eventfds: dict[Any, int] = {}     # id of each that was asked for
        self.guarded = False        # some task is traced by ptrace(2)
        self.oabi = False           # a kernel with CONFIG_OABI_COMPAT
        self.debug = False          # mistakes of ours end the run with a traceback
        self.message: Callable[[str], None] = lambda text: None
        self.host_parked: dict[Parking, None] = {}      # who waits for descriptors of the host
        self.waits_for_host = False
        # Signals to pytrace: whether there are any, and what delivers them.
        self.signalled = False
        self.host_signals: Callable[[], None] = lambda: None
        self._resched = False
        self.entries: list[Entry] = []      # all calls that were made
        self.translates_pids = False        # there are PID namespaces; see namespaces
        self.namespaces_made, self.nsfs = 0, None  # type: tuple[int, Any]
        self.ipc: Any = None        # System V objects, made on first use
        self.bpf: Any = None        # maps and programs, made on first use
        self.terminal: Any = None   # the host's, if it is among descriptors 0-2
        self._jobs: JobControl | None = None
        self.pseudo: Any = None     # pipefs and its kin, made on first use
        self.net: Any = None        # the network, made on first use
        self.host_network = False   # sockets may connect out
        self.outside: dict[Any, None] = {}      # those that did; see net.outside
        self.boot_id = "6f3a2c1e-0000-4000-8000-000000000000"

    # -- small services -------------------------------------------------------------------
    def random(self, count: int) -> bytes:
        """Random bytes: of the seed, or of the host with --host."""
        if self.host_random:
            import os
            return os.urandom(count)
        if self._random is None:
            from random import Random
            self._random = Random(self.seed)
        data: bytes = self._random.randbytes(count)
        return data

    def jobs(self) -> JobControl:
        """The controlling terminals, made on first use."""
        if self._jobs is None:
            from tracer.kernel.jobcontrol import JobControl
            self._jobs = JobControl(self)
        return self._jobs

    def engine(self, abi: Abi) -> Engine:
        """The CPU of an ABI, made on first use."""
        engine = self.engines.get(abi.name)
        if engine is None:
            engine = abi.engine()(self.arena)
            connect(self, abi, engine)
            self.engines[abi.name] = engine
            if self.guarded:
                from tracer.kernel.ptrace import guard_engine
                guard_engine(self, engine)
        return engine

    def new_pid(self) -> int:
        """The next free pid; EAGAIN when there is none."""
        pid = self._next_pid
        while pid in self.tasks or pid in self.processes:
            pid = pid + 1 if pid < self.pid_max - 1 else 300
        self._next_pid = pid + 1 if pid < self.pid_max - 1 else 300
        return pid

    def number(self, name: str, abi: str) -> int:
        """The number of a call on an ABI."""
        from sysnames import table
        return next(n for n, called in table(abi).items() if called == name)

    def send_signal(self, task: Task, info: dict[str, Any]) -> None:
        """To one thread."""
        self.signals.send(task, info)

    def set_temporary_mask(self, task: Task, mask: int) -> None:
        """A signal mask for the time of one call (sigsuspend, ppoll); the old one comes back
        when the call is over and its signals are delivered."""
        if task.saved_mask is None:
            task.saved_mask = task.mask
        from tracer.kernel.signals import UNBLOCKABLE
        task.mask = mask & ~UNBLOCKABLE
        task.wants_signal_check = True
        self.attention = True

    def file_written(self, inode: Inode | None, start: int, end: int) -> None:
        """A file's bytes changed: mappings of it must show them."""
        if inode is None:
            return
        backing = self.shared_files.get(inode)
        if backing is not None:
            backing.file_written(start, end)

    def file_cut(self, inode: Inode | None, start: int, end: int | None = None) -> None:
        """Bytes of a file are gone, to its new end or for a hole up to ``end``: whole pages of
        them vanish from mappings; beyond the end they raise SIGBUS."""
        backing = self.shared_files.get(inode) if inode is not None else None
        if backing is not None:
            self.drop_shared(backing, start + PAGE - 1 >> SHIFT,
                             1 << 62 if end is None else end >> SHIFT, end is None)

    def drop_shared(self, backing: Backing, first: int, last: int, copies: bool) -> None:
        """Forget pages that address spaces share; see `AddressSpace.drop_backing`."""
        for space in {id(task.mem): task.mem for task in self.tasks.values()}.values():
            space.drop_backing(backing, first, last, copies)
        backing.punch(first, last)

    def file_read(self, inode: Inode | None) -> None:
        """A file is about to be read: what shared mappings changed must be in it."""
        if inode is None:
            return
        backing = self.shared_files.get(inode)
        if backing is not None:
            backing.write_back()

    def backing(self, inode: Inode) -> Backing:
        """The pages of a file that mappings share."""
        backing = self.shared_files.get(inode)
        if backing is None:
            def forget() -> None:
                self.shared_files.pop(inode, None)

            backing = self.shared_files[inode] = Backing(self.arena, inode, forget)
        return backing

    # -- traps ----------------------------------------------------------------------------
    def trap_handler(self, abi: str, engine: Engine) -> Callable[[tuple[int, ...]], int | None]:
        """The function an engine calls at each system call of an ABI.

        It returns the word for the result register, or None when the registers shall stay as
        they are, after having stopped the CPU.
        """
        entries: dict[int, Entry] = {}
        find = entries.get
        clock = self.clock
        virtual = not clock.host
        cost = clock.CALL
        stop = engine.stop

        def trap(words: tuple[int, ...]) -> int | None:
            entry = find(words[0])
            if entry is None:
                entry = entries[words[0]] = self.resolve(abi, words[0])
            task = self.current
            if entry.multiplexed:
                entry, words = self._demultiplex(entry, words, task)  # type: ignore[arg-type]
            args = entry.convert(words[1:])
            token = None
            if entry.observed and task.traced:  # type: ignore[union-attr]
                token = self.observer.enter(task, entry, args, words)  # type: ignore[arg-type]
            if virtual:
                clock.now += cost
            try:
                result = entry.handle(task, *args)
            except LinuxError as e:
                result = -e.errno
            except PytraceError:
                raise
            except Exception as e:
                result = self._internal_error(entry, e)
            if type(result) is int and result not in RESTARTS:
                if token is not None:
                    self.observer.exit(token, result)
                if self.attention:
                    stop()
                return result
            return self._not_done(task, entry, words, token, result)  # type: ignore[arg-type]

        return trap

    def resolve(self, abi: str, number: int) -> Entry:
        """The entry of a call number; the table is that of the ABI."""
        shown, number = number, number & 0xFFFFFFFF
        if number >= PRIVATE:
            from loader.vdso import PRIVATE_CALLS
            if number - PRIVATE < len(PRIVATE_CALLS):
                return Entry(PRIVATE_CALLS[number - PRIVATE], abi, number)
        from sysnames import table
        name = table(abi).get(number)
        if abi in SIGNED_NUMBERS:
            shown = number | 0xFFFFFFFF00000000 if number >> 31 else number
        entry = Entry(name or f"syscall_{shown:#x}", abi, number)
        if name is None:
            from tracer import abi as abis
            entry.convert = six
            # (in the OABI's range of numbers there is no -1)
            if number == 0xFFFFFFFF and abis.get(abi).skips_minus_one:
                entry.handle = skipped
            else:
                entry.handle = partial(unknown, number)
        entry.observed = self.observer.observes(entry)
        self._keep(entry)
        return entry

    def _keep(self, entry: Entry) -> None:
        self.entries.append(entry)
        if self.translates_pids:
            from tracer.kernel.namespaces import translate
            translate(entry)

    def _demultiplex(self, entry: Entry, words: tuple[int, ...],
                     task: Task) -> tuple[Entry, tuple[int, ...]]:
        """The call that socketcall or ipc stands for, with its arguments as registers; the call
        itself when they cannot be read."""
        from tracer.abi.multiplex import inner
        found = inner(entry.name, words[1:], task.mem)
        if found is None:
            return entry, words
        name, arguments = found
        key = entry.abi, name
        call = self.inner_entries.get(key)
        if call is None:
            call = self.inner_entries[key] = Entry(name, entry.abi, entry.number)
            call.handle = partial(multiplexed, entry)
            call.observed = self.observer.observes(call)
            self._keep(call)
        task.trap_words = words
        return call, (words[0], *arguments, *[0] * (9 - len(arguments)))

    def _not_done(self, task: Task, entry: Entry, words: tuple[int, ...], token: Any,
                  result: Any) -> int | None:
        """A call whose handler did not just return a number: it must wait, has replaced the
        registers, has ended its task, or is to be restarted."""
        task.engine.stop()
        self.attention = True
        if result is None:          # the task is gone
            return None
        task.trap_words = words
        if type(result) is int:
            self._restarting(task, token, result)
        elif isinstance(result, Done):
            if token is not None:
                self.observer.exit(token, result.result)
        else:
            task.call = InFlight(entry, words, token, result)
            return self._advance(task, None)
        return None

    def _internal_error(self, entry: Entry, error: Exception) -> int:
        """A mistake of ours in a handler: the call fails, the run goes on, the user is told."""
        if self.debug:
            raise error
        text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        self.message(f"internal error in {entry.name}: {text}")
        return -E.ENOSYS

    def _restarting(self, task: Task, token: Any, result: int) -> None:
        task.engine_result = -result
        task.wants_signal_check = True
        if token is not None:
            self.observer.exit(token, result)

    def _advance(self, task: Task, reason: int | None) -> int | None:
        """Run the generator of a call until it blocks or ends.

        Returns the result when it ended with one and the registers still wait for it.
        """
        call = task.call
        assert call is not None
        try:
            wait = call.generator.send(reason)  # type: ignore[arg-type]
            while True:
                if wait is OUTSIDE:
                    task.woken = Wait.WOKEN
                    return None
                if not self._park(task, wait):
                    return None
                wait = call.generator.send(Wait.SIGNAL)
        except StopIteration as e:
            result = e.value
        except LinuxError as e:
            result = -e.errno
        except PytraceError:
            raise
        except Exception as e:
            result = self._internal_error(call.entry, e)
        task.call = None
        if result is None:
            return None
        if isinstance(result, Done):
            if call.token is not None:
                self.observer.exit(call.token, result.result)
            return None
        if result in RESTARTS:
            task.trap_words = call.words
            self._restarting(task, call.token, result)
            return None
        if call.token is not None:
            self.observer.exit(call.token, result)
        if task.saved_mask is not None:
            task.wants_signal_check = True
        return int(result)

    def _park(self, task: Task, wait: Wait) -> bool:
        """Block a task; returns True when a signal is pending that forbids it."""
        if not wait.uninterruptible and (
                self.signals.deliverable(task) or task.stop_pending):
            return True
        if task.wrote:              # it writes, then waits: perhaps a dialogue
            task.wrote = False
            task.dialogue += 1
        task.state = BLOCKED
        task.woken = Wait.WOKEN
        parking = task.parking = Parking(self, task, wait)
        if wait.deadline is not None:
            parking.timer = self.clock.at(wait.deadline, partial(parking, Wait.TIMEOUT))
        return False

    def interrupt(self, task: Task) -> None:
        """A signal arrived: a task that waits interruptibly stops waiting."""
        parking = task.parking
        if task.state == BLOCKED and parking is not None and not parking.wait.uninterruptible:
            parking(Wait.SIGNAL)
        elif task is self.current:
            self.attention = True

    def forget(self, task: Task) -> None:
        """Undo a task's waiting for good: it is being killed."""
        if task.parking is not None:
            task.parking.undo()
        if task.call is not None:
            call, task.call = task.call, None
            if call.token is not None:
                self.observer.unfinished(call.token)
            call.generator.close()

    def resume_stopped(self, task: Task) -> None:
        """SIGCONT or SIGKILL for a stopped task."""
        if task.state == STOPPED:
            task.state = RUNNABLE
            self.run_queue.append(task)
        task.wants_signal_check = True

    # -- scheduling -----------------------------------------------------------------------
    def add(self, task: Task) -> None:
        """A new task that may run."""
        self.tasks[task.pid] = task
        self.run_queue.append(task)

    def yield_now(self) -> None:
        """Let others run after this call (sched_yield, dialogues)."""
        if self.run_queue:
            self._resched = True
            self.attention = True

    def _look_up(self) -> None:
        self.attention = True

    def run(self) -> None:
        """Run until every task has ended.  Raises PytraceError when all wait for ever."""
        while True:
            task = self._pick()
            if task is None:
                return
            self.charged = self.clock.monotonic()
            self._run_task(task)
            charge(self, task)

    def _pick(self) -> Task | None:
        """The next task, after letting time pass if all sleep."""
        queue = self.run_queue
        clock = self.clock
        while True:
            if self.signalled:
                self.host_signals()
            if clock.next_due() is not None:
                clock.run_due()
            if queue and self.outside:
                self.look_outside(0)
            while queue:
                task = queue.popleft()
                if task.state == RUNNABLE:
                    return task
            due = clock.next_due()
            if not any(t.state < ZOMBIE for t in self.tasks.values()):
                return None
            if self.wait_for_host(due):
                continue
            if due is None:
                self._deadlock()
            else:
                clock.sleep_until(due)

    def wait_for_host(self, due: int | None) -> bool:
        """Wait for the host's descriptors that tasks block on, but not longer than until
        something is due; whether one is ready.

        Time passes as on the host meanwhile, but the virtual clock only shows it when nothing
        came: what the program sees does not depend on how long an answer took.
        """
        queues = [q for p in self.host_parked for q in p.wait.queues if q.fd >= 0]
        if not queues and not self.outside and not self.clock.host:     # (a signal may come)
            return False
        timeout = None if due is None else max(0, due - self.clock.monotonic()) / 1e9
        return self.look_outside(timeout, queues)

    def look_outside(self, timeout: float | None, queues: Sequence[WaitQueue] = ()) -> bool:
        """Wait for sockets and other descriptors of the host; whether one is ready.

        timeout: seconds, None for ever.
        """
        from tracer.vfs import hostpoll
        fds = [q.fd for q in queues]
        reading = [host for sock in self.outside for host in sock.reading()]
        writing = [host for sock in self.outside for host in sock.writing()]
        if timeout is None and not (fds or reading or writing or self.clock.host):
            return False
        if timeout != 0:
            self.observer.waits()
        try:
            self.waits_for_host = True
            ready = hostpoll.ready([*fds, *reading], writing, fds, timeout) \
                if not self.signalled else set()
        except InterruptedError:
            return True
        except (OSError, ValueError):
            ready = {*fds, *map(hostpoll.number, reading), *map(hostpoll.number, writing)}
        finally:
            self.waits_for_host = False
        for queue in queues:
            if queue.fd in ready:
                queue.wake()
        if ready:
            for sock in tuple(self.outside):
                if not ready.isdisjoint(map(hostpoll.number, (*sock.reading(), *sock.writing()))):
                    sock.ready()
        return bool(ready) or self.signalled

    def _deadlock(self) -> None:
        waiting = ", ".join(
            f"{t.pid} in {t.call.entry.name}" if t.call else f"{t.pid} stopped"
            for t in self.tasks.values() if t.state in (BLOCKED, STOPPED))
        raise PytraceError(f"every process waits and nothing is due ({waiting})")

    def _load(self, task: Task) -> None:
        """Put a task's registers and address space into its engine."""
        engine = task.engine
        name = task.abi.name
        holder = self.loaded.get(name)
        if holder is not task:
            if holder is not None and holder.state < ZOMBIE and holder.abi is task.abi:
                if not holder.context:
                    holder.context = engine.new_context()
                engine.save(holder.context)
                holder.tls_state = holder.abi.save_tls(engine)
            if task.context:
                engine.load(task.context)
            self.loaded[name] = task
            task.abi.load_tls(engine, task.tls_state)
            engine.forbids_tsc = task.settings.get(PR_SET_TSC) == 2
        if engine.space is not task.mem:
            engine.use(task.mem)
        self.current = task

    def load_new(self, task: Task) -> None:
        """A task that has just got another image: its registers are about to be set."""
        engine = task.engine
        holder = self.loaded.get(task.abi.name)
        if holder is not None and holder is not task and holder.state < ZOMBIE:
            if not holder.context:
                holder.context = engine.new_context()
            engine.save(holder.context)
            holder.tls_state = holder.abi.save_tls(engine)
        self.loaded[task.abi.name] = task
        engine.use(task.mem)
        self.current = task

    def _run_task(self, task: Task) -> None:
        """Run one task until it blocks, ends, or others get their turn."""
        self._load(task)
        engine = task.engine
        clock = self.clock
        alone = False               # a whole quantum passed with nobody else to run
        turns = _TURNS
        while task.state == RUNNABLE:
            while task.call is not None:
                words = task.call.words
                result = self._advance(task, task.woken)
                if task.state != RUNNABLE:
                    return
                engine = task.engine        # another ABI's after execve
                if result is not None:
                    engine.complete(words, result)
            if self.signalled:
                self.host_signals()
            if clock.next_due() is not None:
                clock.run_due()
            if task.wants_signal_check or task.engine_result is not None:
                self.signals.deliver(task)
                engine = task.engine
                if task.state != RUNNABLE:
                    return
            turns -= 1
            if not turns:
                turns = _TURNS
                self._resched = True
                if self.host_parked or self.outside:
                    self.wait_for_host(0)
            if self._resched:
                self._resched = False
                if self.run_queue:
                    self.run_queue.append(task)
                    return
            if self.arena.code_stale:
                self._throw_code_away()
            self.attention = False
            busy = bool(self.run_queue or self.host_parked or self.outside) or (
                clock.next_due() is not None)
            # Going back to uncounted code costs a new translation: only after a whole quantum.
            counted = busy or (engine.counting and not alone)
            alone = False
            stepping = task.ptrace is not None and task.ptrace.mode == "step"
            event = engine.run(1 if stepping else QUANTUM if counted else 0)
            if stepping and (event is None or event.kind == "quantum"):
                from tracer.kernel.ptrace import stepped
                stepped(task)
                engine = task.engine
                continue
            if event is not None:
                if event.kind == "quantum":
                    alone = not busy
                    if not clock.host:
                        clock.now += QUANTUM
                        charge(self, task, QUANTUM)
                    if self.host_parked or self.outside:
                        self.wait_for_host(0)
                    if self.run_queue:
                        self.run_queue.append(task)
                        return
                else:
                    self._exception(task, event)
            engine = task.engine
        if task.state == DEAD:
            self.current = None

    def _throw_code_away(self) -> None:
        self.arena.code_stale = False
        self.arena.code.clear()
        for engine in self.engines.values():
            engine.flush_code()

    def _exception(self, task: Task, event: Event) -> None:
        """A CPU exception becomes a signal, unless it is the machine's own business."""
        if event.kind == "stale":
            self._throw_code_away()
            return
        if event.kind == "fault" and task.mem.failure == "NOMEM":
            self.exits.kill_group(task, 9, False)   # as the OOM killer would
            return
        if event.kind == "fault" and task.mem.failure == "USERFAULT":
            from tracer.kernel.userfaultfd import page_fault
            wait = page_fault(task, event.address, event.access)
            if wait is not None:
                self._park(task, wait)
            return
        info = task.abi.event_signal(event, task.engine, task.mem)
        if info is not None:
            self.signals.force(task, dict(info))


def connect(kernel: Kernel, abi: Abi, engine: Engine) -> None:
    """Lead the traps of a new engine into the kernel."""
    engine.on_call = kernel.trap_handler(abi.name, engine)
    if abi.compat == abi.name:
        engine.on_compat = engine.on_call
    elif abi.compat:
        engine.on_compat = _compat_handler(kernel, abi.compat, engine)
    for address, content in abi.kernel_pages():
        frame = kernel.arena.allocate()
        kernel.arena.view[frame:frame + len(content)] = content
        engine.fixed[address >> SHIFT] = frame | 5      # read and execute
    abi.prepare(engine, kernel.clock.monotonic)


def _compat_handler(kernel: Kernel, abi: str,
                    engine: Engine) -> Callable[[tuple[int, ...]], int | None]:
    """Calls of another ABI than the program's: int 0x80 in 64-bit code."""
    from tracer import abi as abis
    other = abis.get(abi)
    trap = kernel.trap_handler(abi, engine)

    def compat(words: tuple[int, ...]) -> int | None:
        task = kernel.current
        assert task is not None
        own, task.call_abi = task.call_abi, other
        try:
            return trap(words)
        finally:
            task.call_abi = own

    return compat
