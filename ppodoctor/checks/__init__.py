"""The checks: one fault a file, in families. `all_checks()` imports them all; nothing is listed by hand."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import walk_packages

from ppodoctor.checks import api
from ppodoctor.checks.api import Check, Evidence, Missing, check

__all__ = ["Check", "Evidence", "Missing", "all_checks", "check"]


@cache
def all_checks() -> dict[str, Check]:
    """Every check by id, in family order."""
    for module in walk_packages(__path__, prefix=__name__ + "."):
        import_module(module.name)
    return dict(sorted(api._REGISTRY.items(), key=lambda item: (item[1].family, item[0])))
