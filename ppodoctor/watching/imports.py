"""Calls back when the script has imported a module, without importing it ourselves.

Loaded by every interpreter of a watched command, most of which never see torch: only `sys` is needed here.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # spares the unrelated interpreters of a command the import of typing
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, Callable

    Callback = Callable[[ModuleType], None]

_waiting: dict[str, list[Callback]] = {}
_report: Callable[[str], None] | None = None


def when_imported(name: str, callback: Callback) -> None:
    """Call `callback(module)` once, right after the module `name` is fully imported; at once if it already is.

    An exception in `callback` is reported as a sentence (see `report_to`) and never reaches the script.
    """
    _waiting.setdefault(name, []).append(callback)
    if not any(finder is _Finder for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder)
    _fire_if_there(name)


def forget(callback: Callback) -> None:
    """Take back what `when_imported` promised to this callback."""
    for name, callbacks in list(_waiting.items()):
        callbacks[:] = [one for one in callbacks if one != callback]
        if not callbacks:
            _waiting.pop(name, None)


def report_to(report: Callable[[str], None]) -> None:
    """Send what goes wrong in callbacks, as sentences, to `report`."""
    global _report
    _report = report


def _fire(name: str, module: ModuleType) -> None:
    for callback in _waiting.pop(name, ()):
        try:
            callback(module)
        except Exception as error:
            if _report is not None:
                _report(f"could not attach to {name}: {type(error).__name__}: {error}")


def _fire_if_there(name: str) -> None:
    module = sys.modules.get(name)
    if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
        _fire(name, module)


class _Finder:
    """Asks the other finders for the modules waited for, and hands out their loader with a callback at its end."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The real spec with our loader around its own, for a module waited for; None for any other."""
        if name not in _waiting:
            # Another hook may have answered before us; every import is an occasion to notice.
            for other in list(_waiting):
                if other in sys.modules:
                    _fire_if_there(other)
            return None
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None and finder is not _Finder else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader)
                return spec  # type: ignore[no-any-return]
        return None


class _Loader:
    """A module's own loader, which gets its place back before the module's first line runs."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        create = getattr(self._real, "create_module", None)
        return create(spec) if create is not None else None

    def exec_module(self, module: ModuleType) -> None:
        spec: Any = module.__spec__
        if spec is not None and spec.loader is self:
            spec.loader = self._real
        if getattr(module, "__loader__", None) is self:
            module.__loader__ = self._real
        self._real.exec_module(module)
        if spec is not None:
            # A module may put another object in its own place.
            _fire(spec.name, sys.modules.get(spec.name, module))
