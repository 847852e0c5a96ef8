"""Changes modules right after they were loaded, by whoever loads them."""

from __future__ import annotations

import importlib.util
import sys

TYPE_CHECKING = False  # spares the unrelated interpreters of a command the import of typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


class Finder:
    """Finds the modules named, as everybody else would, and changes them right after they were loaded."""

    def __init__(self, changes: dict[str, Callable[[ModuleType], None]]) -> None:
        self.changes = changes
        self._looking = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec that the others find, its loader followed by our change."""
        change = self.changes.get(name)
        if change is None or self._looking:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._looking = False
        load = getattr(getattr(spec, "loader", None), "exec_module", None)
        if spec is None or load is None:
            return None

        def exec_module(module: ModuleType) -> None:
            load(module)
            try:  # noqa: SIM105 - contextlib would be imported for this alone
                change(module)
            except Exception:
                pass  # the library has changed; the script goes on as it is

        spec.loader.exec_module = exec_module  # type: ignore[union-attr, method-assign]
        return spec


def change_when_loaded(changes: dict[str, Callable[[ModuleType], None]]) -> None:
    """Change these modules as they come; those that are here already, now."""
    sys.meta_path.insert(0, Finder(changes))
    for name, change in changes.items():
        if name in sys.modules:
            change(sys.modules[name])
