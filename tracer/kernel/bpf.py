"""Objects of bpf(2): maps, and programs, which are checked and kept but never run."""
from __future__ import annotations

from struct import iter_unpack, pack
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import O_RDONLY, O_RDWR, O_WRONLY, File

if TYPE_CHECKING:
    from tracer.kernel.kernel import Kernel
    from tracer.kernel.task import Task
    from tracer.vfs.eventfd import AnonFS

# linux/bpf.h: enum bpf_map_type
HASH, ARRAY, PERCPU_HASH, PERCPU_ARRAY, LRU_HASH, LRU_PERCPU_HASH = 1, 2, 5, 6, 9, 10
_ARRAYS, _HASHES = (ARRAY, PERCPU_ARRAY), (HASH, PERCPU_HASH, LRU_HASH, LRU_PERCPU_HASH)
_PERCPU = (PERCPU_HASH, PERCPU_ARRAY, LRU_PERCPU_HASH)
_LRU = (LRU_HASH, LRU_PERCPU_HASH)
# BPF_F_*
_NO_PREALLOC, _NO_COMMON_LRU, _NUMA_NODE, _RDONLY, _WRONLY = 1, 2, 4, 8, 16
_ZERO_SEED, _RDONLY_PROG, _WRONLY_PROG, _MMAPABLE, _INNER_MAP = 64, 128, 256, 1024, 4096
_ACCESS = _RDONLY | _WRONLY | _RDONLY_PROG | _WRONLY_PROG
_ARRAY_FLAGS = _NUMA_NODE | _MMAPABLE | _INNER_MAP | _ACCESS
_HASH_FLAGS = _NO_PREALLOC | _NO_COMMON_LRU | _NUMA_NODE | _ZERO_SEED | _ACCESS
ANY, NOEXIST, EXIST, LOCK = 0, 1, 2, 4
_KEY_MAX, _INT_MAX = 512, (1 << 31) - 1

PROG_TYPES = 33                 # how many there are
_R10, _LD_IMM64, _EXIT, _CALL, _JA, _JA32 = 10, 0x18, 0x95, 0x85, 0x05, 0x06
_PSEUDO_MAP_FD = 1


class BpfFile(File):
    """The descriptor of a map or program."""

    __slots__ = ("thing",)

    seekable = False

    def __init__(self, fs: AnonFS, thing: Map | Program, flags: int) -> None:
        super().__init__(fs.root, flags)
        self.thing = thing

    def name(self) -> bytes:
        return b"anon_inode:bpf-map" if isinstance(self.thing, Map) else b"anon_inode:bpf-prog"


class Map:
    """A map of keys to values, both bytes of fixed size."""

    def __init__(self, kind: int, key_size: int, value_size: int, entries: int, flags: int,
                 name: bytes, limit: int) -> None:
        """limit: bytes of memory it may take.  EINVAL, E2BIG, ENOMEM."""
        if kind not in _ARRAYS and kind not in _HASHES:
            raise LinuxError(E.EINVAL)
        if not key_size or not value_size or not entries:
            raise LinuxError(E.EINVAL)
        if kind in _ARRAYS:
            if key_size != 4 or flags & ~_ARRAY_FLAGS or (
                    kind == PERCPU_ARRAY and flags & (_MMAPABLE | _INNER_MAP | _NUMA_NODE)):
                raise LinuxError(E.EINVAL)
            if value_size > _INT_MAX:
                raise LinuxError(E.E2BIG)
        else:
            lru, percpu = kind in _LRU, kind in _PERCPU
            if flags & ~_HASH_FLAGS or (lru and flags & _NO_PREALLOC) or (
                    not lru and flags & _NO_COMMON_LRU) or (percpu and flags & _NUMA_NODE):
                raise LinuxError(E.EINVAL)
            if key_size > _KEY_MAX or value_size > _INT_MAX - _KEY_MAX:
                raise LinuxError(E.E2BIG)
        if (flags & _RDONLY and flags & _WRONLY) or (
                flags & _RDONLY_PROG and flags & _WRONLY_PROG):
            raise LinuxError(E.EINVAL)
        self.kind = kind
        self.key_size, self.value_size, self.entries = key_size, value_size, entries
        # what user space reads and writes: a slot of eight bytes' multiple for each CPU
        self.user_size = value_size + 7 & -8 if kind in _PERCPU else value_size
        if (key_size + self.user_size) * entries > limit:
            raise LinuxError(E.ENOMEM)
        self.flags = flags
        self.map_name = name
        self.number = 0
        self.frozen = False
        self.values: dict[bytes, bytes] = {}

    @property
    def is_array(self) -> bool:
        """Whether keys are indexes, all of which have a value."""
        return self.kind in _ARRAYS

    def open_flags(self) -> int:
        """The access mode of its descriptors."""
        return (O_RDONLY if self.flags & _RDONLY else O_WRONLY if self.flags & _WRONLY
                else O_RDWR)

    def get(self, key: bytes) -> bytes:
        """ENOENT."""
        found = self.values.get(key)
        if found is not None:
            return found
        if not self.is_array or int.from_bytes(key, "little") >= self.entries:
            raise LinuxError(E.ENOENT)
        return bytes(self.user_size)

    def put(self, key: bytes, value: bytes, flags: int) -> None:
        """flags: ANY, NOEXIST, EXIST.  E2BIG, EEXIST, ENOENT."""
        if flags > EXIST:
            raise LinuxError(E.EINVAL)
        if self.is_array:
            if int.from_bytes(key, "little") >= self.entries:
                raise LinuxError(E.E2BIG)
            if flags == NOEXIST:
                raise LinuxError(E.EEXIST)
        elif key in self.values:
            if flags == NOEXIST:
                raise LinuxError(E.EEXIST)
        else:
            if flags == EXIST:
                raise LinuxError(E.ENOENT)
            if len(self.values) >= self.entries:
                if self.kind not in _LRU:
                    raise LinuxError(E.E2BIG)
                del self.values[next(iter(self.values))]
        self.values[key] = value

    def delete(self, key: bytes) -> None:
        """EINVAL for arrays; ENOENT."""
        if self.is_array:
            raise LinuxError(E.EINVAL)
        if self.values.pop(key, None) is None:
            raise LinuxError(E.ENOENT)

    def after(self, key: bytes | None) -> bytes:
        """The next key; the first one after None or a key that is unknown.  ENOENT at the end."""
        if self.is_array:
            index = int.from_bytes(key, "little") if key is not None else self.entries
            index = index + 1 if index < self.entries else 0
            if key is not None and index == self.entries:
                raise LinuxError(E.ENOENT)
            return pack("<I", index)
        keys = list(self.values)
        at = keys.index(key) + 1 if key in self.values else 0
        if at == len(keys):
            raise LinuxError(E.ENOENT)
        return keys[at]


class Program:
    """A program as it was loaded.

    references: the map of each instruction that names one; maps: each of them once.
    """

    def __init__(self, kind: int, code: bytes, references: list[Map], name: bytes,
                 gpl: bool) -> None:
        self.kind = kind
        self.code = code
        self.references = references
        self.maps = list(dict.fromkeys(references))
        self.prog_name = name
        self.gpl = gpl
        self.number = 0
        self.time = self.uid = 0        # of loading, and who did it

    def translated(self) -> bytes:
        """The code as the kernel shows it: maps by their ids."""
        return self._with_maps([m.number for m in self.references])

    def tag(self) -> bytes:
        """The hash that names it, of the code without its maps."""
        from hashlib import sha1
        return sha1(self._with_maps([0] * len(self.references))).digest()[:8]

    def _with_maps(self, numbers: list[int]) -> bytes:
        """The code with these numbers for its maps."""
        left = iter(numbers)
        out = []
        second = False
        for code, registers, offset, value in iter_unpack("<BBhi", self.code):
            if second:
                value, second = 0, False
            elif code == _LD_IMM64 and registers >> 4 == _PSEUDO_MAP_FD:
                value, second = next(left), True
            out.append(pack("<BBhi", code, registers, offset, value))
        return b"".join(out)


def check(task: Task, code: bytes) -> list[Map]:
    """What the verifier refuses at first sight: EINVAL, EBADF.  The map of each reference.

    Register numbers, jump targets, opcodes and the last instruction are checked, not what the
    program does with its data.
    """
    maps: list[Map] = []
    insns = list(iter_unpack("<BBhi", code))
    seconds: set[int] = set()
    targets: list[int] = []
    for i, (op, registers, offset, value) in enumerate(insns):
        if i in seconds:
            if op or registers or offset:
                raise LinuxError(E.EINVAL)
            continue
        to, source = registers & 15, registers >> 4
        if to > _R10 or source > _R10:
            raise LinuxError(E.EINVAL)
        group = op & 7
        if group == 0:                          # BPF_LD
            if op == _LD_IMM64:
                if i + 1 == len(insns):
                    raise LinuxError(E.EINVAL)
                seconds.add(i + 1)
                if source == _PSEUDO_MAP_FD:
                    maps.append(find_map(task, value))
            elif op >> 5 not in (1, 2):         # BPF_ABS, BPF_IND
                raise LinuxError(E.EINVAL)
        elif group in (4, 7):                   # BPF_ALU, BPF_ALU64
            if op >> 4 > 13 or to == _R10:
                raise LinuxError(E.EINVAL)
        elif group in (5, 6):                   # BPF_JMP, BPF_JMP32
            if op >> 4 > 14:
                raise LinuxError(E.EINVAL)
            if op not in (_EXIT, _CALL):
                targets.append(i + 1 + (value if op == _JA32 else offset))
        elif group == 1 and to == _R10:         # BPF_LDX: the frame pointer is not written
            raise LinuxError(E.EACCES)
    if any(not 0 <= t < len(insns) or t in seconds for t in targets):
        raise LinuxError(E.EINVAL)
    if not insns or insns[-1][0] not in (_EXIT, _JA, _JA32):
        raise LinuxError(E.EINVAL)
    return maps


def find_file(task: Task, fd: int) -> BpfFile:
    """The descriptor of a map or program; EBADF, EINVAL."""
    file = task.files.get(fd)
    if not isinstance(file, BpfFile):
        raise LinuxError(E.EINVAL)
    return file


def find_map(task: Task, fd: int) -> Map:
    """The map of a descriptor; EBADF, EINVAL."""
    thing = find_file(task, fd).thing
    if not isinstance(thing, Map):
        raise LinuxError(E.EINVAL)
    return thing


class Objects:
    """All maps and programs of a kernel, by their ids."""

    def __init__(self) -> None:
        self.maps: WeakValueDictionary[int, Map] = WeakValueDictionary()
        self.programs: WeakValueDictionary[int, Program] = WeakValueDictionary()
        self._last = {Map: 0, Program: 0}

    def add(self, thing: Map | Program) -> None:
        """Give it an id."""
        kind = type(thing)
        self._last[kind] += 1
        thing.number = self._last[kind]
        if isinstance(thing, Map):
            self.maps[thing.number] = thing
        else:
            self.programs[thing.number] = thing


def objects(kernel: Kernel) -> Objects:
    """Those of this kernel."""
    found: Objects | None = kernel.bpf
    if found is None:
        found = kernel.bpf = Objects()
    return found
