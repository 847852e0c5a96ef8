"""Finds the classes that look like environments, when they are made or imported, and puts wrappers on their methods.

Loaded inside the watched process: standard library only, Python 3.9 or later.
"""

from __future__ import annotations

import builtins
import functools
import sys
from types import FunctionType
from typing import Any, Iterator, List, Optional, Set, Tuple

from ppodoctor.watching.env_imports import RootImports, classes_of
from ppodoctor.watching.env_wrappers import NAMES, Door, wrappable, wrapped

_FRAME_READERS = frozenset(("overrides", "zope.interface"))
"""Libraries that read the frame around a class body; with them, `look` finds the script's own classes instead."""
_CHECKS = ("OrderEnforcing", "PassiveEnvChecker")
"""Wrappers that gymnasium.make adds and that change nothing: what they wrap is watched, and a step costs less."""
_PASSING = ("gymnasium.core", "gym.core")
"""Where the base class `Wrapper` is whose step only calls the next one: those that inherit it are watched instead."""
_NOT_OURS = ("torch.", "ppodoctor.")
"""Packages whose classes with a `step` are something else (optimizers, schedulers, profilers)."""


class ClassHook:
    """Wraps the methods of environment classes: those made from now on and those that exist.

    Classes of imported modules are looked at when the import has ended, others by their class statement.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._wrapped: List[Tuple[type, str, Optional[FunctionType], FunctionType]] = []
        """(class, method, its own function or None where it inherits one, ours)"""
        self._rested: List[Tuple[type, str, Optional[FunctionType], FunctionType]] = []
        """Those of them that their classes have back for a while."""
        self.resting = False
        self._refused: Set[FunctionType] = set()
        self._imports = RootImports(self._pause, self._resume)
        self._original = builtins.__build_class__
        self._on = False

        original, consider = self._original, self.consider

        @functools.wraps(original)
        def build_class(*args: Any, **kwargs: Any) -> Any:
            made = original(*args, **kwargs)
            consider(made)
            return made

        self._ours: Any = build_class

    def attach(self) -> None:
        """Look at every class that exists at the top level of a module, and at every one made from now on."""
        self._on = True
        self._imports.install()
        self._resume(list(sys.modules))

    def attach_existing(self, root: type) -> None:
        """Look at every class below `root` that exists already."""
        seen = {root}
        waiting = [root]
        while waiting:
            kind = waiting.pop()
            self.consider(kind)
            below: List[type] = type.__subclasses__(kind)
            fresh = [one for one in below if one not in seen]
            seen.update(fresh)
            waiting.extend(fresh)

    def look(self) -> None:
        """Look at the script's own top-level classes again."""
        for kind in classes_of(["__main__"], _uninteresting):
            self.consider(kind)

    def rest(self, methods: Set[Tuple[type, str]]) -> None:
        """Give classes these methods back until `wake`, or until another class is looked at."""
        self.resting = True
        self._rested = [entry for entry in self._wrapped if entry[:2] in methods]
        for cls, name, fn, wrapper in self._rested:
            _replace(cls, name, wrapper, fn)

    def wake(self) -> None:
        """Put the wrappers back."""
        for cls, name, fn, wrapper in self._rested:
            _replace(cls, name, fn, wrapper)
        self._rested, self.resting = [], False

    def detach(self) -> None:
        """Give every class its own methods back."""
        self.wake()
        self._on = False
        self._imports.remove()
        self._pause()
        for cls, name, fn, wrapper in self._wrapped:
            _replace(cls, name, wrapper, fn)
        self._wrapped.clear()

    def _pause(self) -> None:
        """An import begins: its class statements find Python's own function."""
        if builtins.__build_class__ is self._ours:
            builtins.__build_class__ = self._original

    def _resume(self, names: List[str]) -> None:
        """An import ended and brought these modules."""
        if not self._on:
            return
        for kind in classes_of(names, _uninteresting):
            self.consider(kind)
        alone = not self._imports.running and not _FRAME_READERS.intersection(sys.modules)
        if alone and builtins.__build_class__ is self._original:
            builtins.__build_class__ = self._ours

    def consider(self, cls: Any) -> None:
        """Wrap what this class, and the classes it inherits from, define of an environment's methods."""
        if self.resting:
            self.wake()  # else a function of theirs would be wrapped twice
        try:
            if isinstance(cls, type) and _environment_like(cls):
                for owner, name, fn in list(_methods(cls)):
                    self._wrap(owner, name, fn)
        except Exception:
            return

    def refuse(self, kind: type) -> None:
        """This class is no environment after all (its step returned something else): take the wrappers off again."""
        self.wake()
        for cls, name, fn, wrapper in list(self._wrapped):
            if cls in kind.__mro__ and any(owner is cls for owner in _owners_of(kind, "step")):
                self._refused.add(wrapper.__wrapped__)  # type: ignore[attr-defined]
                _replace(cls, name, wrapper, fn)
                self._wrapped.remove((cls, name, fn, wrapper))

    def _wrap(self, cls: type, name: str, fn: FunctionType) -> None:
        if fn in self._refused:
            return
        wrapper = wrapped(name, fn, self._door)
        own = fn if cls.__dict__.get(name) is fn else None
        if _replace(cls, name, own, wrapper):
            self._wrapped.append((cls, name, own, wrapper))


def _replace(cls: type, name: str, old: Any, new: Any) -> bool:
    """Set a class attribute past any metaclass, if it still is `old`; None stands for none of its own."""
    if cls.__dict__.get(name) is not old:
        return False
    try:
        if new is None:
            type.__delattr__(cls, name)
        else:
            type.__setattr__(cls, name, new)
    except TypeError:  # an immutable type
        return False
    return True


def _owners_of(cls: type, name: str) -> Iterator[type]:
    return (one for one in cls.__mro__ if name in one.__dict__)


def _uninteresting(module: str) -> bool:
    """No environment class of a script's is defined there."""
    return (module + ".").startswith(_NOT_OURS)


def merely_checks(cls: type) -> bool:
    """Is it one of the wrappers that `make` adds? Its own step is not watched, though what it inherits may be."""
    return cls.__name__ in _CHECKS and cls.__module__.startswith(("gymnasium.", "gym."))


def _environment_like(cls: type) -> bool:
    """Has reset and a step that takes an action, and is neither torch's nor an optimizer nor a mere check."""
    if merely_checks(cls):
        return False
    family = [one.__dict__ for one in cls.__mro__]
    if not any("reset" in own for own in family) or not any("step" in own or "step_wait" in own for own in family):
        return False
    modules = [str(getattr(one, "__module__", "")) + "." for one in cls.__mro__]
    return not modules[0].startswith(_NOT_OURS) and not any(name.startswith("torch.optim.") for name in modules)


def _methods(cls: type) -> Iterator[Tuple[type, str, FunctionType]]:
    for owner in cls.__mro__:
        if owner is object or _uninteresting(str(getattr(owner, "__module__", ""))):
            continue
        for name in NAMES:
            fn = owner.__dict__.get(name)
            if type(fn) is not FunctionType or not wrappable(name, fn):
                continue
            if name != "step" or not _passes_on(owner):
                yield owner, name, fn
            elif cls is not owner and next(_owners_of(cls, name)) is owner:
                yield cls, name, fn


def _passes_on(owner: type) -> bool:
    """Is this the base class of wrappers, every one of whose own steps would be seen twice?"""
    return owner.__name__ == "Wrapper" and owner.__module__ in _PASSING
