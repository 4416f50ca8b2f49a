"""The layer table of the design, held: imports point down only, leaves do not know each other."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "src" / "magistrate"

LEAVES = {"rulebook", "evidence", "ledger", "hosts", "models"}
JUDGING = {"recent", "review", "verdicts", "standing", "docket", "tightening", "gate", "law", "lookback", "monitor"}
MEASURING = {"audit", "report"}
SURFACES = {
    "__main__",
    "planting",
    "demo_report",
    "model_labeller",
    "bench",
    "cli",
    "server",
    "sdk",
    "mcp",
    "demo",
    "testing",
}
ALONE = {"hook"}
MAY: dict[str, set[str]] = {
    "core": set(),
    **{leaf: {"core"} for leaf in LEAVES},
    **{part: {"core"} | LEAVES | JUDGING for part in JUDGING},
    **{part: {"core", "ledger"} | MEASURING for part in MEASURING},
    **{part: {"core"} | LEAVES | JUDGING | MEASURING | SURFACES | ALONE for part in SURFACES},
    **{part: set() for part in ALONE},
}
CORE_LIBRARIES = {"msgspec"}
HEAVY = {"openai", "xllamacpp", "sqlglot", "tldextract", "pyarrow", "scipy", "numpy", "rich", "jinja2", "agentdojo"}
"""Libraries that cost tenths of a second: imported inside the function that needs them."""

FILES = sorted(ROOT.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, int, bool]]:
    """Every imported module: its dotted name, line, and whether it stands inside a function, or is for type checking only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside: set[int] = set()
    for node in ast.walk(tree):
        typing_only = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        if typing_only or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside |= {id(child) for child in ast.walk(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno, id(node) in inside) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            # `from magistrate import gate` names a part too.
            if node.module == "magistrate":
                found += [(f"magistrate.{alias.name}", node.lineno, id(node) in inside) for alias in node.names]
            else:
                found.append((node.module or "", node.lineno, id(node) in inside))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    part = part_of(path)
    if part == "__init__":
        return
    assert part in MAY, f"{part} has no place in the layer table"
    for name, line, _ in imports(path):
        if not name.startswith("magistrate."):
            continue
        other = name.split(".")[1]
        allowed = other == part or other in MAY[part] or other.startswith("__")
        assert allowed, f"{path}:{line}: {part} may not import {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_own_imports_stand_at_the_top(path: Path) -> None:
    if part_of(path) in SURFACES:
        return  # commands import what they need, so that `magistrate --help` stays quick
    for name, line, inside in imports(path):
        assert not (inside and name.startswith("magistrate")), f"{path}:{line}: import of our own inside a function"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_load_lazily(path: Path) -> None:
    for name, line, inside in imports(path):
        top = name.split(".")[0]
        assert inside or top not in HEAVY, f"{path}:{line}: {top} has to be imported where it is needed"


def test_core_needs_only_the_standard_library_and_msgspec() -> None:
    for path in (ROOT / "core").glob("*.py"):
        for name, line, _ in imports(path):
            top = name.split(".")[0]
            assert top in sys.stdlib_module_names | CORE_LIBRARIES | {"magistrate"}, f"{path}:{line}: {top}"


def test_hook_client_is_standard_library_only() -> None:
    hook = ROOT / "hook.py"
    if not hook.exists():
        pytest.skip("no live host yet")
    for name, line, _ in imports(hook):
        assert name.split(".")[0] in sys.stdlib_module_names, f"{hook}:{line}: {name}"
