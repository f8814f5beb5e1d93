"""Trees and a kernel to try the file systems with."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from vfs_tree import Clock, FakeSystem, Tree

from tracer.vfs import hostdir
from tracer.vfs.base import Creds
from tracer.vfs.memfs import MemFS
from tracer.vfs.namespace import Namespace
from tracer.vfs.personality import sandbox


@pytest.fixture(params=[True, False], ids=["descriptors", "paths"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """With and without the host's openat and its kin (Windows lacks them)."""
    if not request.param:
        monkeypatch.setattr(hostdir, "BY_DESCRIPTOR", False)
    return bool(request.param)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tree(clock: Clock) -> Tree:
    """An empty tmpfs as root."""
    return Tree(Namespace(MemFS(0x15, clock, mode=0o755)))


@pytest.fixture
def user() -> Creds:
    return Creds(1000, 1000, (), 0)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A host tree: ``work`` is shown to the guest, ``secret`` is not and must stay as it is."""
    work, secret = tmp_path / "work", tmp_path / "secret"
    work.mkdir()
    secret.mkdir()
    (secret / "key").write_bytes(b"top secret")
    (work / "file").write_bytes(b"hello\n")
    (work / "dir").mkdir()
    (work / "dir" / "inner").write_bytes(b"inner\n")
    before = snapshot(tmp_path)
    yield SimpleNamespace(top=tmp_path, work=work, secret=secret)
    after = snapshot(tmp_path)
    assert {k: v for k, v in after.items() if k.startswith("secret")} == {
        k: v for k, v in before.items() if k.startswith("secret")}


def snapshot(top: Path) -> dict[str, bytes]:
    """The files' contents (of the huge sparse ones a fuzzer makes, the size)."""
    return {str(p.relative_to(top)):
            p.read_bytes() if p.stat().st_size < 1 << 20 else str(p.stat().st_size).encode()
            for p in sorted(top.rglob("*")) if not p.is_symlink() and p.is_file()}


@pytest.fixture
def guest(outside: SimpleNamespace, clock: Clock) -> Tree:
    """The sandbox over ``outside.work``."""
    system = FakeSystem()
    made = sandbox(bytes(outside.work), None, now=clock, random=lambda n: bytes(n),
                   kernel=system)
    tree = Tree(made.namespace, made.cwd)
    system.become(tree, made)
    return tree
