"""Which package may import which: the arrows of ARCHITECTURE.md."""
from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sysnames.abis import ABIS

ROOT = Path(__file__).parent.parent

# Packages and modules of `tracer`, and what each may import at run time beside itself, `sysnames`
# and the modules of COMMON.
MAY_IMPORT = {
    "cpu": {"memory"},
    "memory": {"vfs"},
    "vfs": set(),
    "abi": {"cpu", "memory", "loader"},
    "kernel": {"abi", "cpu", "memory", "vfs", "loader"},
    "decode": set(),
    "output": {"decode"},
    "tracing": {"abi", "decode", "kernel", "memory", "output", "vfs"},
    "interrupts": {"kernel"},
    "session": {"abi", "interrupts", "kernel", "memory", "output", "tracing", "vfs"},
    "logs": {"output"},
    "pages": set(),
    "compare": {"logs", "output", "pages"},
    "report": {"logs", "pages"},
    "scan": {"loader", "logs"},
    "api": {"logs", "output"},
    "golden": {"api", "cli", "compare", "logs", "session"},
    "pytest_plugin": {"api", "compare", "golden", "logs"},
    "cli": {"compare", "decode", "golden", "kernel", "output", "report", "scan", "session"},
    "__init__": {"api", "logs"},
    "__main__": {"cli"},
}
# How -y shows a descriptor is asked of the kernel, which knows what it refers to.
EXCEPTIONS = {"tracer/kernel/fdnames.py"}
COMMON = {"errors", "messages", "options", "selection", "wait", "__version__"}


def imports(path: Path) -> set[str]:
    """The modules that a file imports when it runs, type annotations aside."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for other in node.orelse:
                visit(other)
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text("utf-8")))
    return found


def part(module: str) -> str:
    """`kernel` for `tracer.kernel.task`; the first word outside of `tracer`."""
    words = module.split(".")
    return words[1] if words[0] == "tracer" and len(words) > 1 else words[0]


@pytest.mark.parametrize("folder", sorted(
    p.stem for p in (ROOT / "tracer").iterdir()
    if p.name != "__pycache__" and (p.is_dir() or p.suffix == ".py")))
def test_imports_go_one_way(folder: str) -> None:
    if folder in COMMON or folder in ("py", "schema"):
        return
    place = ROOT / "tracer" / folder
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    allowed = MAY_IMPORT[folder] | COMMON | {"sysnames", folder}
    wrong = {f"{path.relative_to(ROOT)}: {module}" for path in files for module in imports(path)
             if module.split(".")[0] in ("tracer", "loader") and part(module) not in allowed
             and module != "tracer"}
    assert {entry for entry in wrong if entry.partition(":")[0] not in EXCEPTIONS} == set()


@pytest.mark.parametrize("package", ["sysnames", "loader"])
def test_the_lowest_packages_stand_alone(package: str) -> None:
    wrong = {f"{path.relative_to(ROOT)}: {module}" for path in (ROOT / package).rglob("*.py")
             for module in imports(path) if module.split(".")[0] == "tracer"
             or (package == "sysnames" and module.split(".")[0] == "loader")}
    assert not wrong


def test_only_the_cpu_package_knows_unicorn() -> None:
    wrong = {str(path.relative_to(ROOT)) for package in ("tracer", "loader", "sysnames")
             for path in (ROOT / package).rglob("*.py")
             for module in imports(path) if module.split(".")[0] == "unicorn"
             and path.parent != ROOT / "tracer" / "cpu"}
    assert not wrong


# Where one ABI may be told from another: its own modules, and the places that choose them.
PER_ABI = {"sysnames/abis.py", "sysnames/generate", "loader/elf.py", "loader/stack.py",
           "loader/vdso/build.py", "tracer/abi", "tracer/cpu", "tracer/scan"}


def abi_comparisons(tree: ast.AST) -> list[int]:
    """The lines that compare something with the name of an ABI."""
    def named(node: ast.AST) -> bool:
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            return any(map(named, node.elts))
        return isinstance(node, ast.Constant) and node.value in ABIS

    return [node.lineno for node in ast.walk(tree)
            if (isinstance(node, ast.Compare) and any(map(named, (node.left, *node.comparators))))
            or (isinstance(node, ast.MatchValue) and named(node.value))
            or (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("startswith", "endswith") and any(map(named, node.args)))]


def test_comparisons_are_found() -> None:
    for text in ("abi == 'arm'", "'i386' != x.abi", "abi in ('x86_64', 'aarch64')",
                 "abi.startswith('arm')", "match abi:\n case 'arm': pass"):
        assert abi_comparisons(ast.parse(text)), text
    assert not abi_comparisons(ast.parse("get('arm')['i386']"))


def test_what_differs_between_abis_is_data() -> None:
    """Elsewhere it is asked of `sysnames.abis`, rows, constants, or of the task's Abi."""
    found = [f"{path.relative_to(ROOT)}:{line}" for package in ("tracer", "loader", "sysnames")
             for path in sorted((ROOT / package).rglob("*.py"))
             if not any(path.is_relative_to(ROOT / place) for place in PER_ABI)
             for line in abi_comparisons(ast.parse(path.read_text("utf-8")))]
    assert not found
