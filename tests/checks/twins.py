"""The tests beside the checks as modules: each holds the sick and the healthy made run of its check."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent


def twins(*families: str) -> dict[str, ModuleType]:
    """Check id -> the module of its own test; tests of a whole family (`..._family.py`) are left out."""
    return {
        path.stem.removeprefix("test_"): _load(path)
        for family in families
        for path in sorted((HERE / family).glob("test_*.py"))
        if not path.stem.endswith(("_family", "_families"))
    }


def _load(path: Path) -> ModuleType:
    """Under a name of its own, so that pytest's import of the same file stays apart."""
    spec = importlib.util.spec_from_file_location(f"twin_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
