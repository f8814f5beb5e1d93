"""Where execve puts things, as Linux 6.12 does without address randomization.

The addresses are those of `setarch -R`, with 4 KiB pages: x86_64 with four-level page
tables, i386 under a 64-bit kernel, arm with the 3 GiB split, aarch64 with 48-bit
addresses.  plan() turns parsed images into the list of mappings to make, in the kernel's
order and with the kernel's errors.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from loader.elf import ET_DYN, ET_EXEC, PAGE_SIZE, PF_R, PF_W, PF_X
from loader.errors import EFAULT, EINVAL, ENOMEM, EOVERFLOW, EPERM, ElfError

if TYPE_CHECKING:
    from loader.elf import ElfImage, Segment

PROT_READ, PROT_WRITE, PROT_EXEC = 1, 2, 4
FILE_MAX = (1 << 63) - 1            # MAX_LFS_FILESIZE

MIN_GAP = 128 << 20                 # between mmap_base and the top of the stack
STACK_GUARD = 256 * PAGE_SIZE
STACK_MAPPED = 128 << 10            # setup_arg_pages() maps this much below the strings

PROGRAM, INTERPRETER = 0, 1


class Space(NamedTuple):
    """The shape of an ABI's address space: bounds and sizes in bytes.

    word, kernel_word: bytes of a pointer of the program, of the kernel.
    dyn_base: ELF_ET_DYN_BASE; unmapped_base: TASK_UNMAPPED_BASE.
    legacy_if_unlimited: an unlimited stack makes mmap go upwards from unmapped_base.
    sigpage, vvar, vdso: sizes of the kernel's own mappings, one behind the other.
    """

    word: int
    kernel_word: int
    task_size: int
    stack_top: int
    dyn_base: int
    unmapped_base: int
    legacy_if_unlimited: bool
    sigpage: int
    vvar: int
    vdso: int


def _pages_up(value: int) -> int:
    return -(-value // PAGE_SIZE) * PAGE_SIZE


_LOW47 = (1 << 47) - PAGE_SIZE
_IA32 = (1 << 32) - 2 * PAGE_SIZE
_ARM = 0xBF000000

SPACES = {
    "x86_64": Space(8, 8, _LOW47, _LOW47, _LOW47 // 3 * 2, _pages_up(_LOW47 // 3), False,
                    0, 6 * PAGE_SIZE, 2 * PAGE_SIZE),
    "i386": Space(4, 8, _IA32, _IA32, _pages_up(_IA32 // 3) + 0x1000000, _pages_up(_IA32 // 3),
                  False, 0, 6 * PAGE_SIZE, 2 * PAGE_SIZE),
    "arm": Space(4, 4, _ARM, _ARM, 0x400000, -(-(_ARM // 3) // (16 << 20)) * (16 << 20), True,
                 PAGE_SIZE, PAGE_SIZE, PAGE_SIZE),
    "aarch64": Space(8, 8, 1 << 48, 1 << 48, (2 << 48) // 3, _pages_up((1 << 48) // 4), True,
                     0, 2 * PAGE_SIZE, PAGE_SIZE),
}

VECTORS_BASE = 0xFFFF0000           # arm: the page with the kuser helpers
VSYSCALL_BASE = 0xFFFFFFFFFF600000  # x86_64


class Mapping(NamedTuple):
    """One mmap to make.  start and length are whole pages; prot of PROT_*.

    source: PROGRAM or INTERPRETER with `offset` the place in that file, or None for
        zero pages (offset 0).
    zero: address and number of bytes to clear after mapping (the part of the last page
        that follows p_filesz), or None.
    noreplace: fails with EEXIST where something is mapped (MAP_FIXED_NOREPLACE); the
        others replace what they meet (MAP_FIXED).
    """

    start: int
    length: int
    prot: int
    source: int | None
    offset: int
    zero: tuple[int, int] | None
    noreplace: bool


class Area(NamedTuple):
    start: int
    length: int


class Layout(NamedTuple):
    """The plan of a new memory image; all addresses are final.

    start: where the CPU begins (the interpreter's entry, if there is one); entry, phdr,
    interp_base: for AT_ENTRY, AT_PHDR, AT_BASE; code, data: (start, end) as
    /proc/PID/stat has them; brk: start and end of the empty heap; mmap_base: where mmap
    searches, downwards if topdown, else upwards; an Area of length 0 is not mapped.
    """

    abi: str
    mappings: list[Mapping]
    load_bias: int
    interp_base: int
    start: int
    entry: int
    phdr: int
    code: tuple[int, int]
    data: tuple[int, int]
    brk: int
    stack_top: int
    stack_executable: bool
    read_implies_exec: bool
    mmap_base: int
    topdown: bool
    sigpage: Area
    vvar: Area
    vdso: Area


def mmap_base(abi: str, stack_limit: int | None) -> tuple[int, bool]:
    """Where mmap searches, and whether downwards; stack_limit is RLIMIT_STACK's current
    value in bytes, None for RLIM_INFINITY."""
    space = SPACES[abi]
    if stack_limit is None and space.legacy_if_unlimited:
        return space.unmapped_base, False
    gap_max = space.stack_top // 6 * 5
    gap = gap_max if stack_limit is None else stack_limit + STACK_GUARD
    gap = min(max(gap, MIN_GAP), gap_max)
    return _pages_up(space.stack_top - gap), True


def plan(program: ElfImage, interpreter: ElfImage | None = None,
         stack_limit: int | None = 8 << 20) -> Layout:
    """Places a program, its interpreter and the kernel's pages in an empty address space.

    interpreter must be given exactly when program.interp is not None.  Raises ElfError
    with fatal set, since Linux finds these faults after giving up the old image.
    """
    placer = _Placer(program.abi, stack_limit)
    space = placer.space
    bias, end = placer.program(program, interpreter is not None)
    loads = program.segments
    entry = start = (program.entry + bias) & placer.mask
    interp_base = 0
    if interpreter is not None:
        interp_base = placer.interpreter(interpreter, bias)
        start = (interp_base + interpreter.entry) & placer.mask
    if start >= space.task_size:
        raise ElfError(EINVAL, f"entry point {start:#x} outside the address space",
                       program.name, fatal=True)
    extra = placer.find(space.sigpage + space.vvar + space.vdso, program.name)
    static_pie = program.is_dyn and interpreter is None
    code = [s for s in loads if s.flags & PF_X]
    return Layout(
        program.abi, placer.mappings, bias, interp_base, start, entry,
        (program.phdr_vaddr + bias) & placer.mask,
        (min((s.vaddr for s in code), default=-1 & placer.mask) + bias & placer.mask,
         max((s.vaddr + s.filesz for s in code), default=0) + bias),
        (max((s.vaddr for s in loads), default=0) + bias,
         max((s.vaddr + s.filesz for s in loads), default=0) + bias),
        _pages_up(space.dyn_base if static_pie else end), space.stack_top,
        program.stack_executable, program.read_implies_exec, placer.base, placer.topdown,
        Area(extra, space.sigpage), Area(extra + space.sigpage, space.vvar),
        Area(extra + space.sigpage + space.vvar, space.vdso))


class _Placer:
    """Collects mappings; knows what is taken, to find free places as mmap does."""

    def __init__(self, abi: str, stack_limit: int | None) -> None:
        self.space = SPACES[abi]
        self.mask = (1 << 8 * self.space.kernel_word) - 1
        self.base, self.topdown = mmap_base(abi, stack_limit)
        self.mappings: list[Mapping] = []
        top = self.space.stack_top
        self.taken = [(top - STACK_MAPPED - PAGE_SIZE, top)]

    def find(self, length: int, name: str) -> int:
        """A free place: the highest below mmap_base, else the lowest above
        TASK_UNMAPPED_BASE.  Raises ElfError(ENOMEM)."""
        if self.topdown:
            top = self.base
            for start, end in sorted(self.taken, key=lambda area: -area[1]):
                if end <= top - length:
                    break
                top = min(top, start)
            if top - length >= PAGE_SIZE:
                return top - length
        bottom = self.space.unmapped_base
        for start, end in sorted(self.taken):
            if bottom + length <= start:
                break
            bottom = max(bottom, end)
        if bottom + length > self.space.task_size:
            raise ElfError(ENOMEM, f"no room for {length:#x} bytes", name, fatal=True)
        return bottom

    def free(self, start: int, length: int) -> bool:
        return start >= 16 * PAGE_SIZE and start + length <= self.space.task_size \
            and all(end <= start or start + length <= begin for begin, end in self.taken)

    def program(self, image: ElfImage, has_interpreter: bool) -> tuple[int, int]:
        """Maps the program; returns load bias and the end of its highest segment."""
        limit = self.space.task_size
        bias = 0
        if image.is_dyn:
            bias = self._dyn_bias(image, has_interpreter)
        end = 0
        for number, segment in enumerate(image.segments):
            self._load(image, PROGRAM, segment, bias, noreplace=number == 0)
            if segment.vaddr >= limit or segment.filesz > segment.memsz \
                    or segment.memsz > limit or limit - segment.memsz < segment.vaddr:
                raise _bad_segment(EINVAL, segment, image)
            end = max(end, segment.vaddr + segment.memsz)
        return bias, (end + bias) & self.mask

    def _dyn_bias(self, image: ElfImage, has_interpreter: bool) -> int:
        """The load bias of a position-independent program, 0 without any segment."""
        if not image.segments:
            return 0
        first = image.segments[0]
        total = self._total(image)
        align = max(image.alignment, 1)
        if has_interpreter:
            bias = self.space.dyn_base & ~(align - 1)
            bias = bias - first.vaddr & -PAGE_SIZE & self.mask
        else:
            # Above the page size, alignment can only lower the place that was found.
            place = self.find(_pages_up(total), image.name)
            if align > PAGE_SIZE:
                place &= ~(align - 1)
            bias = place - (first.vaddr & -PAGE_SIZE) & self.mask
        self._check_range(bias + first.vaddr, total, first, image)
        return bias

    def interpreter(self, image: ElfImage, program_bias: int) -> int:
        """Maps the program interpreter; returns its load bias."""
        if image.e_type not in (ET_EXEC, ET_DYN):
            raise ElfError(EPERM, "no executable", image.name, fatal=True)
        limit = self.space.task_size
        total = self._total(image)
        bias = 0
        first = image.segments[0]
        if image.is_dyn:
            # An ET_EXEC program leaves the interpreter's own address as a hint.
            hint = 0 if program_bias else first.vaddr & -PAGE_SIZE
            length = _pages_up(total)
            if length > limit:
                raise _bad_segment(ENOMEM, first, image)
            if not hint or not self.free(hint, length):
                hint = self.find(length, image.name)
            bias = hint - (first.vaddr & -PAGE_SIZE) & self.mask
        for segment in image.segments:
            self._load(image, INTERPRETER, segment, bias, noreplace=False)
            start = (bias + segment.vaddr) & self.mask
            if start >= limit or segment.filesz > segment.memsz \
                    or segment.memsz > limit or limit - segment.memsz < start:
                raise _bad_segment(ENOMEM, segment, image)
        return bias

    def _total(self, image: ElfImage) -> int:
        """Bytes from the lowest to the highest address, in words of the file's class."""
        if image.segments:
            mask = (1 << 8 * self.space.word) - 1
            low = min(s.vaddr & -PAGE_SIZE for s in image.segments)
            high = max(s.vaddr + s.memsz & mask for s in image.segments)
            total = high - low & mask
            if total:
                return total
        raise ElfError(EINVAL, "nothing to load", image.name, fatal=True)

    def _check_range(self, start: int, length: int, segment: Segment, image: ElfImage) -> None:
        """The limits of mmap at a fixed address."""
        start &= self.mask & -PAGE_SIZE
        length = _pages_up(length)
        limit = self.space.task_size
        if length > limit or start > limit - length:
            raise _bad_segment(ENOMEM, segment, image)

    def _load(self, image: ElfImage, source: int, segment: Segment, bias: int,
              noreplace: bool) -> None:
        """Maps one segment: pages of the file, then zero pages."""
        mask = self.mask
        prot = _prot(segment.flags, image.read_implies_exec)
        in_page = segment.vaddr % PAGE_SIZE
        start = (bias + segment.vaddr) & mask & -PAGE_SIZE
        zero_start = start
        length = _pages_up(segment.filesz + in_page) & mask
        if segment.filesz and length:
            offset = segment.offset - in_page & mask
            if offset % PAGE_SIZE:
                raise ElfError(EINVAL, f"segment at {segment.vaddr:#x} and its file offset "
                               f"{segment.offset:#x} differ within the page", image.name, True)
            if offset + length > FILE_MAX:
                raise _bad_segment(EOVERFLOW, segment, image)
            self._check_range(start, length, segment, image)
            zero = None
            zero_start = (start + in_page + segment.filesz) & mask
            tail = -zero_start % PAGE_SIZE
            if segment.memsz > segment.filesz and tail and prot & PROT_WRITE:
                if segment.offset + segment.filesz - 1 & -PAGE_SIZE >= image.file_size:
                    raise ElfError(EFAULT, "truncated: the data segment ends past the end of "
                                   "the file", image.name, fatal=True)
                zero = (zero_start, tail)
            self._add(Mapping(start, length, prot, source, offset, zero, noreplace))
        elif start >= self.space.task_size:
            raise _bad_segment(EINVAL, segment, image)
        if segment.memsz > segment.filesz:
            zero_start = _pages_up(zero_start) & mask
            zero_end = _pages_up(start + in_page + segment.memsz) & mask
            if zero_end != zero_start:
                self._check_range(zero_start, zero_end - zero_start & mask, segment, image)
                prot = _prot(PF_R | PF_W | segment.flags & PF_X, image.read_implies_exec)
                self._add(Mapping(zero_start, zero_end - zero_start, prot, None, 0, None, False))

    def _add(self, mapping: Mapping) -> None:
        self.mappings.append(mapping)
        self.taken.append((mapping.start, mapping.start + mapping.length))


def _prot(flags: int, read_implies_exec: bool) -> int:
    prot = (flags & PF_R and PROT_READ) | (flags & PF_W and PROT_WRITE) \
        | (flags & PF_X and PROT_EXEC)
    return prot | PROT_EXEC if read_implies_exec and prot & PROT_READ else prot


def _bad_segment(errno: int, segment: Segment, image: ElfImage) -> ElfError:
    return ElfError(errno, f"segment of {segment.memsz:#x} bytes ({segment.filesz:#x} in the "
                    f"file) at {segment.vaddr:#x} outside the address space", image.name, True)
