"""Tells when an import that the script itself started has ended, and which modules it brought.

While such an import runs, class statements must find Python's own `__build_class__`: libraries read the frames between
a class body and the statement (checks of overridden methods, models that resolve annotations), and a frame of ours
there would break them. Loaded inside the watched process: standard library only, Python 3.9 or later.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, List, Optional

_HIDDEN = "<frozen importlib._bootstrap_external>"
"""Python leaves frames of this name out of tracebacks and of the places that warnings point to."""


class RootImports:
    """A finder in front of the others that finds nothing itself: it gives their loaders an end.

    `begin()` is called before the first line of an imported module runs, unless another one is being imported, and
    `end(names)` after its last with the names of all modules that are new since.
    """

    def __init__(self, begin: Callable[[], None], end: Callable[[List[str]], None]) -> None:
        self.begin = begin
        self.end = end
        self.running = False

    def install(self) -> None:
        """Go in front of the other finders."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Leave the list of finders."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        """The other finders' spec with our loader around its own, when this is an import and not inside of one."""
        if self.running or not sys._getframe(2).f_code.co_name.startswith("_find_and_load"):
            return None  # inside another import, or somebody only asks whether the module is there
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None and finder is not self else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, self)
                return spec  # type: ignore[no-any-return]
        return None

    def run(self, real: Any, module: ModuleType) -> None:
        """Execute a module between `begin` and `end`."""
        if self.running:
            real.exec_module(module)
            return
        before = len(sys.modules)
        self.running = True
        self.begin()
        try:
            real.exec_module(module)
        finally:
            self.running = False
            name = module.__name__
            fresh = list(sys.modules)[before:]
            self.end(fresh if name in fresh else [name, *fresh])

    # The module's own code runs below this frame.
    run.__code__ = run.__code__.replace(co_filename=_HIDDEN)


class _Loader:
    """A module's own loader, which gets its place back before the module's first line runs."""

    def __init__(self, real: Any, imports: RootImports) -> None:
        self._real = real
        self._imports = imports

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_module(self, spec: ModuleSpec) -> Optional[ModuleType]:
        create = getattr(self._real, "create_module", None)
        return create(spec) if create is not None else None

    def exec_module(self, module: ModuleType) -> None:
        spec: Any = module.__spec__
        if spec is not None and spec.loader is self:
            spec.loader = self._real
        if getattr(module, "__loader__", None) is self:
            module.__loader__ = self._real
        self._imports.run(self._real, module)

    exec_module.__code__ = exec_module.__code__.replace(co_filename=_HIDDEN)


def classes_of(names: List[str], skip: Any) -> List[type]:
    """The classes that these modules define at their top level, except modules whose name `skip` accepts."""
    found = []
    for name in names:
        module = sys.modules.get(name)
        if not isinstance(module, ModuleType) or skip(name):
            continue
        for value in list(vars(module).values()):
            if isinstance(value, type) and value.__module__ == name:
                found.append(value)
    return found
