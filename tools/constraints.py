"""Write constraints.txt: every version that an installation with all extras takes, as pip resolves it today.

Usage: python tools/constraints.py [NAME ...]    each NAME keeps the version it is pinned to now, as torch always does
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "constraints.txt"
# A newer torch is a decision, not a refresh: the loss is read from its graph. colorama is what the others want on
# Windows, which a resolution on another system does not show.
KEPT = ("torch", "colorama")
HEADER = """\
# Every version that an installation of this project takes, for all extras together; made by `make constraints`.
# On Linux a torch with GPU support brings its own nvidia-* and triton packages, which torch pins itself.
"""


def canonical(name: str) -> str:
    """The name as the package index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(text: str) -> dict[str, str]:
    """Name to version from the text of a constraints file."""
    rows = (line.partition("#")[0].strip() for line in text.splitlines())
    return {canonical(name): version for name, _, version in (row.partition("==") for row in rows if row)}


def resolve(kept: dict[str, str]) -> dict[str, str]:
    """What pip would install for the package with every extra and for building it, with `kept` held."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = ",".join(project["project"]["optional-dependencies"])
    wanted = [*project["build-system"]["requires"], *(f"{name}=={version}" for name, version in kept.items())]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    answer = subprocess.run([*command, *wanted, f"{ROOT}[{extras}]"], stdout=subprocess.PIPE, text=True, check=True)
    report = json.loads(answer.stdout[answer.stdout.index("{") :])
    rows = (row["metadata"] for row in report["install"])
    return {canonical(row["name"]): row["version"].partition("+")[0] for row in rows if row["name"] != "ppodoctor"}


def main() -> int:
    now = read_pins(PINS.read_text(encoding="utf-8"))
    kept = {canonical(name): now[canonical(name)] for name in {*KEPT, *sys.argv[1:]}}
    pins = resolve(kept) | {"colorama": kept["colorama"]}
    lines = [f"{name}=={version}\n" for name, version in sorted(pins.items())]
    PINS.write_text(HEADER + "".join(lines), encoding="utf-8")
    moved = [name for name in sorted({*now, *pins}) if now.get(name) != pins.get(name)]
    print("\n".join(f"{name} {now.get(name, '-')} -> {pins.get(name, '-')}" for name in moved) or "nothing changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
