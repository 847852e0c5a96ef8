"""The shape of the package: imports point down only, torch stays in two rooms, watched interpreters may be old."""

from __future__ import annotations

import ast
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "ppodoctor"
# From the ground up. A room imports from lines below its own; rooms on one line leave each other alone.
LINES = (
    ("records", "config"),
    ("specimens",),
    ("run",),
    ("measures", "recorder", "core"),
    ("checks", "training", "watching", "importing", "survey", "probes"),
    ("findings", "classes"),
    ("diagnosis", "lab"),
    ("treatment", "tuning"),
    ("reporting",),
    ("docs",),
    ("cli",),
    ("__main__",),
)
LEVEL = {room: level for level, rooms in enumerate(LINES) for room in rooms}
TORCH_ROOMS = {"training", "watching"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    """The first name below the package: a module or a folder."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every absolute module name that a file imports, at any depth of nesting."""
    package = (path.parent / "x").relative_to(ROOT).parts[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            origin = ".".join(part for part in (base, node.module or "") if part)
            # `from ppodoctor import run` names a module by its last part, `from ppodoctor.run import Run` does not
            names |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return names


def rooms_imported(path: Path) -> set[str]:
    """The rooms of this package that a file imports."""
    parts = (name.split(".") for name in imports(path))
    return {part[1] for part in parts if part[0] == "ppodoctor" and len(part) > 1 and part[1] in LEVEL}


def files_of(module: str) -> list[Path]:
    """The file of a module of this package, with the packages above it; nothing for another name."""
    base = ROOT.joinpath(*module.split("."))
    if not (base.is_dir() or base.with_suffix(".py").is_file()):
        return []
    above = [folder / "__init__.py" for folder in base.parents if folder == PACKAGE or PACKAGE in folder.parents]
    return [one for one in (base.with_suffix(".py"), base / "__init__.py", *above) if one.is_file()]


def test_every_room_has_a_line():
    lost = {room_of(path) for path in MODULES} - set(LEVEL)
    assert not lost, f"these rooms stand on no line; place them in LINES: {sorted(lost)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down_only(path):
    room = room_of(path)
    wrong = {other for other in rooms_imported(path) - {room} if LEVEL[other] >= LEVEL[room]}
    assert not wrong, f"{room} may import only from below its line, not {sorted(wrong)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_torch_stays_in_its_rooms(path):
    if room_of(path) not in TORCH_ROOMS:
        assert not [name for name in imports(path) if name.partition(".")[0] == "torch"]


def watched_modules() -> set[Path]:
    """Every file that the interpreter of a watched script may load: the watching room and all that it imports."""
    found: set[Path] = set()
    waiting = [*(PACKAGE / "watching").rglob("*.py"), PACKAGE / "recorder.py"]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            below = () if path == PACKAGE / "__init__.py" else imports(path)
            waiting += [file for name in below if name.startswith("ppodoctor") for file in files_of(name)]
    return found


def test_what_watching_loads_is_written_for_python_3_9():
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    old = [pattern for pattern, version in ruff["per-file-target-version"].items() if version == "py39"]
    for path in sorted(watched_modules()):
        name = str(path.relative_to(ROOT))
        text = path.read_text(encoding="utf-8")
        nodes = ast.walk(ast.parse(text, filename=name, feature_version=(3, 9)))
        annotated = any(getattr(node, "annotation", None) or getattr(node, "returns", None) for node in nodes)
        postponed = "from __future__ import annotations" in text
        assert postponed or not annotated, f"{name} evaluates its annotations: add `from __future__ import annotations`"
        assert any(fnmatch(name, pattern) for pattern in old), (
            f"{name} is loaded by watching: list it in pyproject.toml"
        )


def test_what_watching_loads_needs_only_numpy():
    allowed = {"ppodoctor", "numpy", "torch", "gym", "gymnasium"}
    for path in sorted(watched_modules()):
        # inject/ stands on the path by itself, so its files import each other by their bare names
        neighbours = {file.stem for file in path.parent.glob("*.py")}
        outside = {name.partition(".")[0] for name in imports(path)} - allowed - neighbours
        assert not outside - set(sys.stdlib_module_names), (
            f"{path.name} imports {sorted(outside - set(sys.stdlib_module_names))}"
        )
