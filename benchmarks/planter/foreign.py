"""Faults in scripts that nobody here wrote, and in the libraries they call: planted by the shape of the code alone.

The scripts stay where they are; a manifest names them. Each entry has `id`, `cwd`, `argv` and `env` (the command, with
the interpreter that it needs), and `plant`: `files` in which the algorithm stands, relative to `root` (the folder that
is copied for each case; without it `cwd`), `traits` as in `scripts.Script`, `wraps` (false for environments of the old
interface), `updates` (how long exact faults are watched), and for a library `package`, the folder of an installed
package that is copied beside the script, so that Python finds the planted copy first.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cases import Case
from .fault import faults
from .source import PlantError, Source

SEED = 11
# A fault that is planted by shape, is exact, and needs no more of a script than being PPO and making an environment.
FAMILIES = frozenset({"update", "reward", "env"})
UPDATES = 6


@dataclass(frozen=True)
class ForeignScript:
    """A script of a manifest, in the shape in which cases ask for one."""

    name: str
    style: str
    traits: frozenset[str]
    root: Path
    start: Path
    """The folder that it runs in, below the root."""
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    planted_files: tuple[str, ...]
    wraps: bool
    """Whether the spoiled environments of `wrappers` fit: they speak gymnasium's interface of five values."""
    package: Path | None = None
    exact_updates: int = UPDATES
    heldout: bool = True
    fresh: bool = False
    updates: int = UPDATES
    requires: str = ""

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> ForeignScript:
        """The script of one entry of a manifest."""
        plant, cwd = entry["plant"], Path(entry["cwd"])
        root = Path(plant.get("root", cwd))
        return cls(
            name=entry["id"],
            style="library" if plant.get("package") else "public script",
            traits=frozenset(plant.get("traits", "").split()),
            root=root,
            start=cwd.relative_to(root),
            argv=tuple(entry["argv"]),
            env=tuple(sorted(entry.get("env", {}).items())),
            planted_files=tuple(plant["files"]),
            wraps=plant.get("wraps", True),
            exact_updates=plant.get("updates", UPDATES),
            package=Path(plant["package"]) if plant.get("package") else None,
        )

    def source(self) -> Source:
        """A fresh working copy of the files that faults are planted in."""
        return Source({name: self._original(name).read_text() for name in self.planted_files})

    def _original(self, name: str) -> Path:
        inside = self.package is not None and name.startswith(f"{self.package.name}/")
        return (self.package.parent if inside and self.package is not None else self.root) / name

    def prepare(self, folder: Path) -> Path:
        """Copies the script (and the package) below a folder; where to run it."""
        skipped = shutil.ignore_patterns(".git", "__pycache__", "*.mp4", "*.gif", "*.png", "runs*", "*.pth", "*.so.*")
        shutil.copytree(self.root, folder, ignore=skipped, dirs_exist_ok=True)
        if self.package is not None:
            shutil.copytree(self.package, folder / self.start / self.package.name, ignore=skipped)
        return folder / self.start

    def place_of(self, name: str) -> Path:
        """Where a planted file goes, below the copied root."""
        inside = self.package is not None and name.startswith(f"{self.package.name}/")
        return self.start / name if inside else Path(name)

    def command(self, seed: int) -> list[str]:
        """The command of the manifest; its seed is the script's own."""
        return list(self.argv)

    def identity(self) -> tuple[str, ...]:
        """What decides what it does, beside the planted files."""
        return (str(self.root), *self.argv, *map(str, self.env))


def foreign_cases(manifest: Path) -> Iterator[Case]:
    """Every script of a manifest as it is, then with each fault whose construct it has."""
    entries = [entry for entry in json.loads(manifest.read_text()) if entry.get("plant")]
    scripts = [ForeignScript.from_entry(entry) for entry in entries]
    for script in scripts:
        yield Case(script, (), (), True, SEED)
    for name, fault in faults().items():
        if fault.plant is None or fault.kind != "exact" or fault.family not in FAMILIES:
            continue
        for script in scripts:
            case = Case(script, (fault,), (name,), True, SEED)
            if fault.family != "update" and not script.wraps:
                continue
            if fault.needs <= script.traits and script.name not in fault.unless and _can_be_planted(case):
                yield case


def _can_be_planted(case: Case) -> bool:
    try:
        case.planted()
    except (PlantError, SyntaxError, AttributeError, IndexError, ValueError):
        return False
    return True
