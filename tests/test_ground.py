"""The ground of the repository: light import, one version, every dependency pinned, nothing tied to one machine."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import ppodoctor

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGE = ROOT / "ppodoctor"
HEAVY = {"torch", "gymnasium", "gym", "rich", "cyclopts", "scipy", "optuna"}
# Written in pieces, so that this file does not contain what it looks for.
FORBIDDEN = re.compile(
    r"(?<![\w.])/(?:wor[k]|far[m]|roo[t]|tm[p])/"
    r"|py[p]i\.org|pythonhoste[d]|npmj[s]\.org|debia[n]\.org|download\.pytorc[h]"
)
LONGEST_FILE = 330


def tracked() -> list[Path]:
    """Every file that git would hand to a stranger."""
    answer = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return [path for name in answer.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def pins() -> dict[str, str]:
    """Name to version from constraints.txt, which holds exact versions only."""
    rows = (line.partition("#")[0].strip() for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines())
    requirements = [Requirement(row) for row in rows if row]
    inexact = [str(one) for one in requirements if [spec.operator for spec in one.specifier] != ["=="]]
    assert not inexact, f"constraints.txt pins exact versions; these are not: {inexact}"
    return {canonicalize_name(one.name): next(iter(one.specifier)).version for one in requirements}


def named() -> list[Requirement]:
    """Every requirement that pyproject.toml names, for building, running and all extras."""
    project = PROJECT["project"]
    groups = [PROJECT["build-system"]["requires"], project["dependencies"], *project["optional-dependencies"].values()]
    found = [Requirement(row) for group in groups for row in group]
    return [one for one in found if one.name != "ppodoctor"]


def loaded_by(*modules: str) -> set[str]:
    """The top-level names in sys.modules after importing these in a fresh interpreter."""
    lines = [*(f"import {module}" for module in modules), "import sys", "print(*sys.modules)"]
    command = [sys.executable, "-c", "\n".join(lines)]
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return {name.partition(".")[0] for name in answer.stdout.split()}


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_by("ppodoctor") & (HEAVY | {"numpy"})


def test_diagnosing_loads_no_trainer():
    assert not loaded_by("ppodoctor.run", "ppodoctor.diagnosis", "ppodoctor.checks") & (HEAVY - {"rich", "cyclopts"})


def test_the_command_loads_no_trainer():
    assert not loaded_by("ppodoctor.cli") & (HEAVY - {"rich", "cyclopts"})


def test_the_public_names_exist():
    for name in ppodoctor.__all__:
        assert getattr(ppodoctor, name) is not None


def test_the_version_is_written_once():
    assert "version" not in PROJECT["project"]
    assert "version" in PROJECT["project"]["dynamic"]
    writes = re.compile(r"^__version__\b.*=", re.MULTILINE)
    written = [path for path in PACKAGE.rglob("*.py") if writes.search(path.read_text(encoding="utf-8"))]
    assert written == [PACKAGE / "__init__.py"]


def test_the_installed_version_is_the_one_in_the_package():
    try:
        installed = importlib.metadata.version("ppodoctor")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("ppodoctor is not installed in this environment, only importable; `make test` installs it")
    assert installed == ppodoctor.__version__


def test_every_named_dependency_is_pinned_within_its_range():
    pinned = pins()
    assert not [one.name for one in named() if canonicalize_name(one.name) not in pinned]
    outside = [str(one) for one in named() if not one.specifier.contains(pinned[canonicalize_name(one.name)])]
    assert not outside, f"pinned outside of what pyproject.toml asks for: {outside}"


def test_every_dependency_of_a_dependency_is_pinned():
    """Walks what is installed here, so it sees the whole closure where `make test` made the environment."""
    pinned = pins()
    waiting, seen, missing = [(one.name, frozenset(one.extras)) for one in named()], set(), []
    while waiting:
        name, extras = waiting.pop()
        key = (canonicalize_name(name), extras)
        # A torch built for GPUs brings these at versions that it pins itself.
        if key in seen or key[0].startswith(("nvidia-", "cuda-", "triton")):
            continue
        seen.add(key)
        if key[0] not in pinned:
            missing.append(key[0])
        try:
            requires = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # an extra that this environment leaves out
        for one in map(Requirement, requires):
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
                waiting.append((one.name, frozenset(one.extras)))
    assert not missing, f"run `make constraints`; not pinned: {sorted(set(missing))}"


def test_no_tracked_file_names_a_machine_or_a_registry():
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in FORBIDDEN.finditer(text)]
    assert not found


def test_no_python_file_is_long():
    lengths = {path: len(path.read_bytes().splitlines()) for path in tracked() if path.suffix == ".py"}
    long = {str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > LONGEST_FILE}
    assert not long, f"split what has more than {LONGEST_FILE} lines: {long}"


def test_the_wheel_holds_the_whole_package_and_needs_no_compiler(tmp_path, monkeypatch):
    for name in ("CC", "CXX"):
        monkeypatch.setenv(name, "/no/compiler/here")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    try:
        importlib.metadata.version("scikit-build-core")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("scikit-build-core is not installed here; `make test` installs it")
    subprocess.run([*pip, "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("ppodoctor-*-py3-none-any.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    below = {str(path.relative_to(ROOT)) for path in tracked() if PACKAGE in path.parents}
    assert below
    assert not below - inside
