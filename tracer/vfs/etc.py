"""The sandbox's own root: the skeleton of directories and a minimal /etc."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.vfs.base import S_IFDIR, S_IFREG
from tracer.vfs.memfs import MemDir, MemFS, MemLink, MemRegular

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# path → permissions; parents first
DIRECTORIES: dict[bytes, int] = {
    b"bin": 0o755, b"dev": 0o755, b"etc": 0o755, b"home": 0o755, b"lib": 0o755, b"mnt": 0o755,
    b"opt": 0o755, b"proc": 0o555, b"root": 0o700, b"run": 0o755, b"sbin": 0o755,
    b"sys": 0o555, b"tmp": 0o1777, b"usr": 0o755, b"usr/bin": 0o755, b"usr/lib": 0o755,
    b"usr/local": 0o755, b"usr/sbin": 0o755, b"usr/share": 0o755, b"var": 0o755,
    b"var/cache": 0o755, b"var/log": 0o755, b"var/tmp": 0o1777, b"work": 0o755,
}
LINKS: dict[bytes, bytes] = {
    b"etc/mtab": b"/proc/self/mounts", b"var/run": b"/run", b"var/lock": b"/run",
    b"etc/localtime": b"/usr/share/zoneinfo/UTC",
}
HOSTNAME = b"pytrace"
# an empty zone file of version 2 whose rule is "UTC0" (tzfile(5))
_ZONE = (b"TZif2" + bytes(15) + b"".join(n.to_bytes(4, "big") for n in (0, 0, 0, 0, 1, 4))
         + bytes(6) + b"UTC\0")
FILES: dict[bytes, bytes] = {
    b"etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n"
                   b"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    b"etc/group": b"root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
    b"etc/shadow": b"root:*:19000:0:99999:7:::\n",
    b"etc/hosts": b"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n127.0.1.1\t"
                  + HOSTNAME + b"\n",
    b"etc/hostname": HOSTNAME + b"\n",
    b"etc/host.conf": b"multi on\n",
    b"etc/nsswitch.conf": b"passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
                          b"services: files\nprotocols: files\n",
    b"etc/resolv.conf": b"nameserver 127.0.0.1\n",
    b"etc/services": b"echo\t7/tcp\necho\t7/udp\ndiscard\t9/tcp\nftp\t21/tcp\nssh\t22/tcp\n"
                     b"telnet\t23/tcp\nsmtp\t25/tcp\ntime\t37/tcp\ndomain\t53/tcp\n"
                     b"domain\t53/udp\nhttp\t80/tcp\nntp\t123/udp\nhttps\t443/tcp\n",
    b"etc/protocols": b"ip\t0\tIP\nicmp\t1\tICMP\ntcp\t6\tTCP\nudp\t17\tUDP\n"
                      b"ipv6\t41\tIPv6\nipv6-icmp\t58\tIPv6-ICMP\n",
    b"etc/shells": b"/bin/sh\n",
    b"etc/os-release": b"NAME=pytrace\nID=pytrace\nPRETTY_NAME=\"pytrace sandbox\"\n",
    b"usr/share/zoneinfo/UTC": _ZONE + _ZONE + b"\nUTC0\n",
}
SYS_FILES: dict[bytes, bytes] = {
    b"devices/system/cpu/online": b"0\n",
    b"devices/system/cpu/possible": b"0\n",
    b"devices/system/cpu/present": b"0\n",
    b"devices/system/cpu/offline": b"\n",
    b"devices/system/cpu/kernel_max": b"0\n",
    b"devices/system/cpu/cpu0/topology/core_id": b"0\n",
    b"devices/system/cpu/cpu0/topology/physical_package_id": b"0\n",
    b"devices/system/cpu/cpu0/topology/thread_siblings": b"1\n",
    b"devices/system/cpu/cpu0/cache/index0/coherency_line_size": b"64\n",
    b"devices/system/node/online": b"0\n",
    b"devices/system/node/possible": b"0\n",
    b"devices/system/node/node0/cpulist": b"0\n",
    b"devices/system/node/node0/cpumap": b"1\n",
    b"kernel/mm/transparent_hugepage/enabled": b"always madvise [never]\n",
    b"kernel/mm/transparent_hugepage/defrag": b"always defer defer+madvise madvise [never]\n",
    b"kernel/mm/transparent_hugepage/hpage_pmd_size": b"2097152\n",
    b"kernel/mm/transparent_hugepage/shmem_enabled": b"always within_size advise [never]\n",
    b"kernel/cgroup/features": b"\n",
}
SYS_DIRECTORIES = (b"block", b"bus", b"class", b"class/net", b"dev", b"firmware", b"fs",
                   b"fs/cgroup", b"kernel", b"module")


def make_directory(fs: MemFS, path: bytes, mode: int = 0o755) -> MemDir:
    """The directory at a path below the root of ``fs``, made with its parents."""
    here = fs.root
    assert isinstance(here, MemDir)
    for name in filter(None, path.split(b"/")):
        inside = here.find(name)
        if inside is None:
            inside = here.fs.make(S_IFDIR | mode, 0, 0, 0)
            here.add(name, inside)
        assert isinstance(inside, MemDir)
        here = inside
    return here


def put_files(fs: MemFS, files: Mapping[bytes, bytes], mode: int = 0o644) -> None:
    """Make regular files with these contents."""
    for path, text in files.items():
        parent, _, name = path.rpartition(b"/")
        inode = MemRegular(fs, S_IFREG | mode)
        inode.content.write([memoryview(text)], 0)
        make_directory(fs, parent).add(name, inode)


def root_fs(dev: int, now: Callable[[], int], limit: int) -> MemFS:
    """The sandbox's / without ``--root``."""
    fs = MemFS(dev, now, name="rootfs", mode=0o755, limit=limit)
    for path, mode in DIRECTORIES.items():
        make_directory(fs, path, mode)
    put_files(fs, FILES)
    for path, target in LINKS.items():
        parent, _, name = path.rpartition(b"/")
        make_directory(fs, parent).add(name, MemLink(fs, target))
    shadow = make_directory(fs, b"etc").find(b"shadow")
    assert shadow is not None
    shadow.setattr(mode=0o640)
    return fs
