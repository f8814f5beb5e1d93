"""One Unicorn engine: a CPU in one mode over the arena, its TLB and its traps.

The design follows from measurements: a virtual TLB filled from the page table of the address
space in use, the arena mapped once as physical memory, callbacks by bare ctypes.  Stores to
executable pages never take Unicorn's fast path, so execution is granted to text only.
"""
from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from tracer.cpu import uclib
from tracer.cpu.uclib import lib
from tracer.errors import LinuxError
from tracer.memory.arena import PAGE, SHIFT, Arena

if TYPE_CHECKING:
    from tracer.memory.space import AddressSpace

_MASK = PAGE - 1
_TLB_START, _TLB_MAX = 256, 8192    # entries; Unicorn doubles its TLB at a flush
_HOOK_MEM_RW = 1 << 10 | 1 << 11
_HOOK_MEM_T = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64,
                               ctypes.c_int, ctypes.c_int64, ctypes.c_void_p)
ENTRY = ctypes.c_char * 12          # uc_tlb_entry: uint64_t paddr, uc_prot perms


class Event:
    """Why the CPU stopped, when it was not asked to: an exception of the program.

    kind: "fault" (address and access are set), "illegal", "halt" or "interrupt" (number).
    """

    __slots__ = ("access", "address", "kind", "number")

    def __init__(self, kind: str, number: int = 0, address: int = 0, access: int = 0) -> None:
        self.kind = kind
        self.number = number
        self.address = address
        self.access = access


class Engine:
    """What the CPUs of all ISAs have in common; see x86.py, arm.py and aarch64.py.

    Subclasses give ``ARCH``, ``MODE``, ``REGISTERS`` (name → Unicorn's number), ``PC`` and
    ``SP`` (names), and install their trap hooks in ``__init__``.
    """

    ARCH = MODE = 0
    REGISTERS: dict[str, int] = {}
    PC = SP = RESULT = ""
    on_call: Callable[[tuple[int, ...]], int | None]
    on_compat: Callable[[tuple[int, ...]], int | None]
    forbids_tsc = False     # reading the time stamp counter is an exception

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        handle = ctypes.c_void_p()
        uclib.check(lib.uc_open(self.ARCH, self.MODE, ctypes.addressof(handle)))
        assert handle.value
        self.handle: int = handle.value
        self.keep: list[object] = []        # callbacks, which ctypes does not keep alive
        self.before_run()
        uclib.check(lib.uc_mem_map_ptr(self.handle, 0, arena.size, uclib.PROT_ALL,
                                       arena.host_address))
        uclib.ctl(self.handle, uclib.CTL_TLB_TYPE, uclib.TLB_VIRTUAL)
        uclib.ctl(self.handle, uclib.CTL_UC_USE_EXITS, 1)   # no "until" address at all
        self.space: AddressSpace | None = None
        self.fixed: dict[int, int] = {}     # page table of the kernel's own pages (GDT)
        self.event: Event | None = None
        self.error: BaseException | None = None     # raised in a callback
        self.clock: Callable[[], int] = lambda: 0   # nanoseconds, for the CPU's own counter
        self._stopped = False
        self.counting = False
        self._value = ctypes.c_uint64()
        self._pvalue = ctypes.addressof(self._value)
        self._flush_ctl = ctypes.c_int(1 << 30 | uclib.CTL_TLB_FLUSH)
        self._chandle = ctypes.c_void_p(self.handle)
        self._install_tlb()

    def complete(self, words: tuple[int, ...], result: int) -> None:
        """Leave a call that was not answered in its trap handler."""
        raise NotImplementedError

    def rewind(self, words: tuple[int, ...], number: int | None = None) -> None:
        """Have the trap instruction executed again, perhaps with another number."""
        raise NotImplementedError

    def trap_pc(self, words: tuple[int, ...]) -> int:
        """The address after the trap instruction."""
        raise NotImplementedError

    # Called after a TLB miss was served, where the CPU needs it.
    settle: Callable[[], None] | None = None

    def before_run(self) -> None:
        """Settings that must precede everything else (page size, CPU model)."""

    # -- registers ------------------------------------------------------------------------
    def get(self, name: str) -> int:
        """A register of up to 64 bits."""
        self._value.value = 0
        lib.uc_reg_read(self.handle, self.REGISTERS[name], self._pvalue)
        return self._value.value

    def set(self, name: str, value: int) -> None:
        """Write a register of up to 64 bits."""
        self._value.value = value
        uclib.check(lib.uc_reg_write(self.handle, self.REGISTERS[name], self._pvalue))

    def get_wide(self, name: str, size: int) -> bytes:
        """A vector or x87 register."""
        buffer = ctypes.create_string_buffer(size)
        lib.uc_reg_read(self.handle, self.REGISTERS[name], ctypes.addressof(buffer))
        return buffer.raw

    def set_wide(self, name: str, data: bytes) -> None:
        """Write a vector or x87 register."""
        buffer = ctypes.create_string_buffer(data, len(data))
        lib.uc_reg_write(self.handle, self.REGISTERS[name], ctypes.addressof(buffer))

    def reader(self, names: tuple[str, ...]) -> Callable[[], tuple[int, ...]]:
        """A fast function that reads these registers together."""
        n = len(names)
        values = (ctypes.c_uint64 * n)()
        ids = (ctypes.c_int * n)(*(self.REGISTERS[name] for name in names))
        pointers = (ctypes.c_void_p * n)(*(ctypes.addressof(values) + 8 * i for i in range(n)))
        batch, handle = lib.uc_reg_read_batch, self.handle
        pids, ppointers = ctypes.addressof(ids), ctypes.addressof(pointers)
        unpack = struct.Struct(f"={n}Q").unpack
        self.keep.append((values, ids, pointers))

        def read() -> tuple[int, ...]:
            batch(handle, pids, ppointers, n)
            return unpack(values)

        return read

    def writer(self, names: tuple[str, ...]) -> Callable[..., None]:
        """A fast function that writes these registers together."""
        n = len(names)
        values = (ctypes.c_uint64 * n)()
        ids = (ctypes.c_int * n)(*(self.REGISTERS[name] for name in names))
        pointers = (ctypes.c_void_p * n)(*(ctypes.addressof(values) + 8 * i for i in range(n)))
        batch, handle = lib.uc_reg_write_batch, self.handle
        pids, ppointers = ctypes.addressof(ids), ctypes.addressof(pointers)
        pack = struct.Struct(f"={n}Q").pack_into
        self.keep.append((values, ids, pointers))

        def write(*words: int) -> None:
            pack(values, 0, *words)
            batch(handle, pids, ppointers, n)

        return write

    # -- contexts ----------------------------------------------------------------------------
    def new_context(self) -> int:
        """Room for all registers of a task; give it back with free_context."""
        context = ctypes.c_void_p()
        uclib.check(lib.uc_context_alloc(self.handle, ctypes.addressof(context)))
        assert context.value
        return context.value

    def save(self, context: int) -> None:
        """Copy the registers to a context."""
        lib.uc_context_save(self.handle, context)

    def load(self, context: int) -> None:
        """Copy a context to the registers."""
        lib.uc_context_restore(self.handle, context)

    @staticmethod
    def free_context(context: int) -> None:
        """Give a context back."""
        lib.uc_context_free(context)

    # -- memory -----------------------------------------------------------------------------
    def use(self, space: AddressSpace) -> None:
        """Translate through the page table of this address space from now on."""
        if self.space is not space:
            if self.space is not None:
                self.space.flush = lambda: None
            self.space = space
            space.flush = self.flush_tlb
            self.flush_tlb()
        self._set_table(space)

    def flush_tlb(self) -> None:
        """Forget all translations."""
        lib.uc_ctl(self._chandle, self._flush_ctl)

    def flush_code(self) -> None:
        """Forget all translated code; only while the CPU is stopped."""
        uclib.ctl(self.handle, uclib.CTL_TB_FLUSH)
        self.flush_tlb()

    def _install_tlb(self) -> None:
        """Answer TLB misses from the page table of the space in use."""
        pack = struct.Struct("=QI").pack_into
        entries: dict[int, ctypes.Array[ctypes.c_char]] = {}
        none: dict[int, int] = {}
        get: Callable[[int], int | None] = none.get
        need = {uclib.MEM_READ: 1, uclib.MEM_WRITE: 2, uclib.MEM_FETCH: 4}
        code = self.arena.code
        shared = self.arena.shared
        flush, handle, command = lib.uc_ctl, self._chandle, self._flush_ctl
        left, size = _TLB_START - 56, _TLB_START
        diagnose: Callable[[int, int, int, int, int], bool] | None = None
        settle = self.settle

        def set_table(space: AddressSpace) -> None:
            nonlocal get
            get = space.table.get

        def set_diagnose(instead: Callable[[int, int, int, int, int], bool] | None) -> None:
            nonlocal diagnose
            diagnose = instead

        def fill(_handle: int, address: int, access: int, entry: int, _data: int) -> bool:
            nonlocal left, size
            if diagnose is not None:
                return diagnose(_handle, address, access, entry, _data)
            left -= 1
            if left < 0 and size < _TLB_MAX:
                size *= 2
                left = 2 * size
                flush(handle, command)
            page = get(address >> SHIFT)
            if page is None or not page & need[access]:
                try:
                    page = self._miss(address, need[access])
                except BaseException as e:
                    self.error = e
                    return False
                if not page:
                    return False
            if access == 18:
                frame = page & -PAGE
                if frame not in code:
                    code.add(frame)
                    if frame in shared:     # it may be writable through another page
                        flush(handle, command)
            elif page & 6 == 2 and page & -PAGE in code:
                # Translated code of this frame would go stale: start over without it.
                self.event = Event("stale")
                return False
            try:
                buffer = entries[entry]
            except KeyError:
                buffer = entries[entry] = ENTRY.from_address(entry)
            pack(buffer, 0, page & -PAGE, page & 7)
            if settle is not None and access != 18:
                settle()
            return True

        callback = uclib.HOOK_TLB_T(fill)
        self.keep.append(callback)
        self._set_table = set_table
        self._set_diagnose = set_diagnose
        uclib.hook_add(self.handle, uclib.HOOK_TLB_FILL, callback)

    def _miss(self, address: int, access: int) -> int:
        """A page that is not in the table, or lacks the permission: 0 is a page fault."""
        entry = self.fixed.get(address >> SHIFT)
        if entry is not None and entry & access:
            return entry
        space = self.space
        if space is not None and address < space.top:
            entry = space.fault(address, access)
            if entry:
                return entry
        elif space is not None:
            space.failure = "MAPERR"
        if self.event is None:
            self.event = Event("fault", address=address, access=access)
        return 0

    def locate(self, fault: Event) -> int:
        """The exact address of a fault, of which the TLB knew only the page.

        The instruction is run once more with the page granted on a scratch frame, and with a
        hook that tells the address; then everything is put back.
        """
        if fault.access == 4:
            return self.get(self.PC)
        try:
            scratch, elsewhere = self.arena.allocate(), self.arena.allocate()
        except LinuxError:
            return fault.address        # no room to find out
        context = self.new_context()
        self.save(context)
        page = fault.address >> SHIFT
        seen: list[int] = []
        pack = struct.Struct("=QI").pack_into
        space = self.space

        def fill(_handle: int, address: int, access: int, entry: int, _data: int) -> bool:
            mapped = space.table.get(address >> SHIFT) if space is not None else None
            if mapped is None:
                mapped = self.fixed.get(address >> SHIFT)
            if access == uclib.MEM_FETCH and mapped is not None:
                target = mapped & -PAGE | 4     # the fault may be in the code's own page
            elif address >> SHIFT == page:
                target = scratch | 3
            elif access == uclib.MEM_WRITE:
                target = elsewhere | 3
            elif mapped is not None:
                target = mapped
            else:
                return False
            pack(ENTRY.from_address(entry), 0, target & -PAGE, target & 7)
            return True

        def accessed(_handle: int, _kind: int, address: int, _size: int, _value: int,
                     _data: int) -> None:
            if address & -PAGE == scratch:
                seen.append(address & _MASK)

        callback = _HOOK_MEM_T(accessed)
        self._set_diagnose(fill)
        hook = uclib.hook_add(self.handle, _HOOK_MEM_RW, callback)
        try:
            self.flush_code()
            lib.uc_emu_start(self.handle, self.get(self.PC) | self.pc_bit(), 0, 0, 1)
        finally:
            self._set_diagnose(None)
            lib.uc_hook_del(self.handle, hook)
            if not self.counting:
                self._remove_counter()
            self.load(context)
            self.free_context(context)
            self.arena.drop(scratch)
            self.arena.drop(elsewhere)
            self.flush_code()
        self.event = None
        return (page << SHIFT) + seen[0] if seen else page << SHIFT

    def pc_bit(self) -> int:
        """1 when execution goes on in Thumb state."""
        return 0

    # -- running -----------------------------------------------------------------------------
    def run(self, count: int = 0) -> Event | None:
        """Run until a trap handler calls ``stop`` (None) or the program faults.

        count: instructions after which to return an event "quantum"; counting makes code
        several times slower, 0 does not count.
        """
        self.event = None
        self._stopped = False
        if bool(count) != self.counting:
            # Blocks translated with the counter still call it, or those without never do.
            self.counting = bool(count)
            if not count:
                self._remove_counter()
            self.flush_code()
        code = lib.uc_emu_start(self.handle, self.get(self.PC) | self.pc_bit(), 0, 0, count)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        event = self.event
        if event is not None:
            return event
        if code == uclib.ERR_OK:
            if self._stopped:
                return None
            return Event("quantum") if count else Event("halt")
        return Event("fault") if code == uclib.ERR_EXCEPTION else Event("illegal")

    def _remove_counter(self) -> None:
        """Let Unicorn remove its counting of instructions, in a run that ends where it begins.

        It does so at the start of a run that does not count, and asks for the translation of
        every page with counted code, of whatever address space that was: a miss must not look
        like a fault of the program.  What the TLB has learned here must go.
        """
        def fill(_handle: int, _address: int, _access: int, entry: int, _data: int) -> bool:
            pack_entry(ENTRY.from_address(entry), 0, 0, 4)
            return True

        pack_entry = struct.Struct("=QI").pack_into
        self.flush_tlb()
        self._set_diagnose(fill)
        uclib.set_exits(self.handle, self.get(self.PC))
        try:
            lib.uc_emu_start(self.handle, self.get(self.PC) | self.pc_bit(), 0, 0, 0)
        finally:
            uclib.set_exits(self.handle)
            self._set_diagnose(None)

    def stop(self) -> None:
        """Leave ``run`` before the next instruction; for use in trap handlers."""
        self._stopped = True
        lib.uc_emu_stop(self.handle)

    def interrupt(self) -> None:
        """Stop the CPU from another thread.  On AArch64 an instruction may be left half done
        (a load may have overwritten its base), so this is for programs that are to end."""
        self._stopped = True
        lib.uc_emu_stop(self.handle)

    def close(self) -> None:
        """Free the engine."""
        lib.uc_close(self.handle)
