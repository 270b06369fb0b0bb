"""The layout: imports point one way, files stay readable, templates and lock files hold what they promise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "interagency"
# Each imports only those to its left, and those it stands beside.
ORDER = (
    {"text", "db", "settings", "registry"},
    {"web", "mail", "signatures"},
    {"accounts"},
    {"matrix"},
    {"calendar"},
    {"exports"},
    {"following"},
    {"search", "sample", "operations"},
    {"api"},
    {"__init__"},
    {"cli"},
)
# Within a package each folder imports only those to its left.
ORDERS = {
    "matrix": (
        *("framework", "organisations", "remarks", "activities", "agreement", "overlaps"),
        *("cycles", "desk", "overview", "needs", "messages", "pages"),
    ),
    "calendar": ("events", "feeds", "incoming", "invitations", "pages"),
}
MAX_LINES, MAX_LINES_OF_A_FUNCTION, MAX_MODULES = 400, 60, 20


def place_of(name: str) -> int:
    return next(place for place, packages in enumerate(ORDER) if name in packages)


def statements_of(node: ast.AST) -> Iterator[ast.AST]:
    """Everything below `node` but what is imported for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            children: list[ast.AST] = list(child.orelse)
        else:
            children = [child]
        for one in children:
            yield one
            yield from statements_of(one)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts}


@cache
def imported_by(module: str) -> frozenset[str]:
    """The modules of the package that `module` imports, anywhere in its file."""
    names: set[str] = set()
    for node in statements_of(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            names |= {name if name in MODULES else node.module for name in inner}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return frozenset(names & MODULES.keys() - {module})


def test_what_is_installed_imports_neither_benchmarks_nor_tests() -> None:
    for module, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) (bench|tests)\b", text, re.MULTILINE), module


def package_of(module: str) -> str:
    """The package or module directly under `interagency`."""
    return [*module.split("."), "__init__"][1]


def test_packages_import_only_those_to_their_left() -> None:
    wrong = [
        f"{module} may not know {other}"
        for module in MODULES
        for other in sorted(imported_by(module))
        if place_of(package_of(other)) > place_of(package_of(module))
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ORDERS)
def test_inside_a_package_folders_import_only_those_to_their_left(package: str) -> None:
    order = ORDERS[package]
    inside = {module: module.split(".")[2] for module in MODULES if module.startswith(f"interagency.{package}.")}
    assert set(inside.values()) - {"__init__"} <= set(order), "every module stands in a folder of the order"
    for module, folder in inside.items():
        for name in imported_by(module) & inside.keys():
            assert order.index(inside[name]) <= order.index(folder), f"{module} may not know {name}"


def test_no_files_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter({module: imported_by(module) for module in MODULES}).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_files_functions_and_folders_can_be_read_at_a_sitting() -> None:
    wrong = []
    for module, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > MAX_LINES:
            wrong.append(f"{module}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_LINES_OF_A_FUNCTION:
                    wrong.append(f"{module}.{node.name}: {length} lines")
    for folder in {path.parent for path in MODULES.values()}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        if len(modules) > MAX_MODULES:
            wrong.append(f"{folder.relative_to(ROOT)}: {len(modules)} modules")
    assert wrong == []
    assert len(list(PACKAGE.glob("*.py"))) <= 3


def test_templates_have_no_inline_style_or_script() -> None:
    for path in PACKAGE.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert " style=" not in text, path
        assert " onclick=" not in text, path
        assert "<script>" not in text, path
        assert "http://" not in text.replace("http://www.w3.org", ""), path


def test_lock_files_name_no_index() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "--index" not in text, path
        assert "://" not in text, path
        assert "--hash=sha256:" in text, path
