"""Hashes that say whether a recorded run, or a diagnosis of it, is still what the code would give."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "ppodoctor"
LIBRARIES = ("torch", "gymnasium", "numpy", "stable-baselines3")


def digest(parts: Iterable[str]) -> str:
    """A short hash of texts; the same texts in the same order give the same hash."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.encode())
        total.update(b"\0")
    return total.hexdigest()[:20]


@cache
def versions() -> dict[str, str]:
    """The interpreter's version and those of the libraries that the scripts run with, where installed."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


@cache
def watching_code() -> str:
    """Hash of what decides how a run is recorded: the watching room and all that it imports from the package."""
    return digest(path.read_text() for path in sorted(_closure(PACKAGE / "watching")))


@cache
def package_code() -> str:
    """Hash of the whole package: what decides how a recorded run is diagnosed."""
    return digest(path.read_text() for path in sorted(PACKAGE.rglob("*.py")))


def _closure(room: Path) -> set[Path]:
    todo = sorted(room.rglob("*.py"))
    seen: set[Path] = set()
    while todo:
        path = todo.pop()
        if path not in seen and path.is_file():
            seen.add(path)
            todo += [found for name in _imported(path) for found in _files_of(name)]
    return seen


def _imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names += [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.ImportFrom):
            here = path.relative_to(ROOT).parts[: -node.level]
            base = ".".join([*here, *([node.module] if node.module else [])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.split(".")[0] == PACKAGE.name]


def _files_of(name: str) -> list[Path]:
    path = ROOT.joinpath(*name.split("."))
    return [path.with_suffix(".py"), path / "__init__.py"]
