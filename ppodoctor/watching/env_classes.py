"""Thin wrappers on step, reset and seed of every class that looks like an environment, put on when the class is made.

Loaded inside the watched process: standard library only, Python 3.9 or later.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import sys
import threading
from types import CodeType, FunctionType
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

from ppodoctor.watching.env_imports import RootImports, classes_of

NAMES = ("step", "reset", "seed", "step_async", "step_wait", "__init__")
_FRAME_READERS = frozenset(("overrides", "zope.interface"))
"""Libraries that read the frame around a class body; with them, `look` finds the script's own classes instead."""
_CHECKS = ("OrderEnforcing", "PassiveEnvChecker")
"""Wrappers that gymnasium.make adds and that change nothing: what they wrap is watched, and a step costs less."""
_NOT_OURS = ("torch.", "ppodoctor.")
"""Packages whose classes with a `step` are something else (optimizers, schedulers, profilers)."""


class Door(threading.local):
    """What every wrapped method calls. `trace` is None outside an environment call, else the calls below it so far.

    An entry of `trace` is (entries before the call began, object, arguments or None for a reset, what it returned),
    written when the call returns. Steps that only pass on a running episode's step from further inside leave no
    entry: there are many of them. The attributes are per thread: environments may be stepped in several.
    """

    trace: Optional[List[Any]] = None
    resets = False
    """A reset happened below the call that is running."""

    def __init__(self, tap: Any) -> None:
        self.tap = tap
        self.step = tap.outer_step
        self.reset = tap.outer_reset
        self.seed = tap.outer_seed
        self.step_async = tap.outer_step_async
        self.step_wait = tap.outer_step_wait
        self.made = tap.made

    def __reduce__(self) -> Tuple[Any, ...]:
        # A class sent to another process by value takes its wrappers along; there they just call the script's method.
        return type(None), ()


# In the templates every name is the function's own or a closure's: they run with the globals of the script's module, so
# that a wrapper can be pickled by value wherever the script's own function could. `size` is len, `several` is tuple.
def _step(fn: Any, door: Any, size: Any, several: Any) -> Any:
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        if door is None:
            return fn(self, *args, **kwargs)
        trace = door.trace
        if trace is None:
            return door.step(door, fn, self, args, kwargs)
        start = size(trace)
        out = fn(self, *args, **kwargs)
        if (
            size(trace) == start
            or trace[-1][1] is self
            or out.__class__ is not several
            or size(out) < 4
            or out[2] is not False
            or out[-2] is not False
        ):
            trace.append((start, self, args, out))
        return out

    return step


def _step_of_one(fn: Any, door: Any, size: Any, several: Any) -> Any:
    """The same for a function of self and one action without defaults: Python packs no arguments."""

    def step(self: Any, action: Any) -> Any:
        if door is None:
            return fn(self, action)
        trace = door.trace
        if trace is None:
            return door.step(door, fn, self, (action,), {})
        start = size(trace)
        out = fn(self, action)
        if (
            size(trace) == start
            or trace[-1][1] is self
            or out.__class__ is not several
            or size(out) < 4
            or out[2] is not False
            or out[-2] is not False
        ):
            trace.append((start, self, (action,), out))
        return out

    return step


def _reset(fn: Any, door: Any, size: Any, several: Any) -> Any:
    def reset(self: Any, *args: Any, **kwargs: Any) -> Any:
        if door is None:
            return fn(self, *args, **kwargs)
        trace = door.trace
        if trace is None:
            return door.reset(door, fn, self, args, kwargs)
        start = size(trace)
        out = fn(self, *args, **kwargs)
        del trace[start:]  # steps taken by a reset (no-op starts) belong to no step of the script
        trace.append((start, self, None, out))
        door.resets = True
        return out

    return reset


def _seed(fn: Any, door: Any, size: Any, several: Any) -> Any:
    def seed(self: Any, *args: Any, **kwargs: Any) -> Any:
        if door is None or door.trace is not None:
            return fn(self, *args, **kwargs)
        door.seed(self, args, kwargs)
        door.trace = []  # what it resets below is no reset of the script's
        try:
            return fn(self, *args, **kwargs)
        finally:
            door.trace = None
            door.resets = False

    return seed


def _step_async(fn: Any, door: Any, size: Any, several: Any) -> Any:
    def step_async(self: Any, *args: Any, **kwargs: Any) -> Any:
        if door is not None and door.trace is None:
            door.step_async(self, args, kwargs)
        return fn(self, *args, **kwargs)

    return step_async


def _step_wait(fn: Any, door: Any, size: Any, several: Any) -> Any:
    def step_wait(self: Any, *args: Any, **kwargs: Any) -> Any:
        if door is None:
            return fn(self, *args, **kwargs)
        trace = door.trace
        if trace is None:
            return door.step_wait(door, fn, self, args, kwargs)
        start = size(trace)
        out = fn(self, *args, **kwargs)
        trace.append((start, self, args, out))
        return out

    return step_wait


def _init(fn: Any, door: Any, size: Any, several: Any) -> Any:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        fn(self, *args, **kwargs)
        if door is not None:  # after it: the line that made the object wins over the super().__init__() in its class
            door.made(self)

    return __init__


_TEMPLATES: Dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "step": _step,
    "reset": _reset,
    "seed": _seed,
    "step_async": _step_async,
    "step_wait": _step_wait,
    "__init__": _init,
}
_HERE = _seed.__code__.co_filename
_OWN_NAMES = ("trace", "start", "out")


class ClassHook:
    """Wraps the methods of environment classes: those made from now on and those that exist.

    Classes of imported modules are looked at when the import has ended, others by their class statement.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._wrapped: List[Tuple[type, str, FunctionType, FunctionType]] = []
        self._refused: Set[CodeType] = set()
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

    def detach(self) -> None:
        """Give every class its own methods back."""
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
        try:
            if isinstance(cls, type) and _environment_like(cls):
                for owner, name, fn in list(_methods(cls)):
                    self._wrap(owner, name, fn)
        except Exception:
            return

    def refuse(self, kind: type) -> None:
        """This class is no environment after all (its step returned something else): take the wrappers off again."""
        for cls, name, fn, wrapper in list(self._wrapped):
            if cls in kind.__mro__ and any(owner is cls for owner in _owners_of(kind, "step")):
                self._refused.add(fn.__code__)
                _replace(cls, name, wrapper, fn)
                self._wrapped.remove((cls, name, fn, wrapper))

    def _wrap(self, cls: type, name: str, fn: FunctionType) -> None:
        if fn.__code__ in self._refused:
            return
        made = (_step_of_one if name == "step" and _of_one(fn) else _TEMPLATES[name])(fn, self._door, len, tuple)
        names = made.__code__.co_varnames
        if made.__code__.co_argcount == 2:
            names = (*fn.__code__.co_varnames[:2], *names[2:])
        # A code object of its own: Python specialises calls per code object, and each wrapper calls one function.
        code = made.__code__.replace(co_varnames=names)
        wrapper = FunctionType(code, fn.__globals__, fn.__name__, None, made.__closure__)
        functools.update_wrapper(wrapper, fn)
        if _replace(cls, name, fn, wrapper):
            self._wrapped.append((cls, name, fn, wrapper))


def _replace(cls: type, name: str, old: Any, new: Any) -> bool:
    """Set a class attribute past any metaclass, if it still is `old`."""
    if cls.__dict__.get(name) is not old:
        return False
    try:
        type.__setattr__(cls, name, new)
    except TypeError:  # an immutable type
        return False
    return True


def _owners_of(cls: type, name: str) -> Iterator[type]:
    return (one for one in cls.__mro__ if name in one.__dict__)


def _uninteresting(module: str) -> bool:
    """No environment class of a script's is defined there."""
    return (module + ".").startswith(_NOT_OURS)


def _environment_like(cls: type) -> bool:
    """Has reset and a step that takes an action, and is neither torch's nor an optimizer nor a mere check."""
    if cls.__name__ in _CHECKS and cls.__module__.startswith(("gymnasium.", "gym.")):
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
            if type(fn) is FunctionType and _wrappable(name, fn):
                yield owner, name, fn


def _of_one(fn: FunctionType) -> bool:
    """Is this a function of self and one more argument, nothing else?"""
    code = fn.__code__
    exact = code.co_argcount == 2 and not code.co_kwonlyargcount and not fn.__defaults__
    varying = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    return exact and not varying and not set(code.co_varnames[:2]) & set(_OWN_NAMES) and code.co_posonlyargcount == 0


def _wrappable(name: str, fn: FunctionType) -> bool:
    if fn.__code__.co_filename == _HERE or getattr(fn, "__isabstractmethod__", False):
        return False
    code = fn.__code__
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE):
        return False
    takes_any = bool(code.co_flags & inspect.CO_VARARGS)
    return name != "step" or takes_any or code.co_argcount + code.co_kwonlyargcount >= 2
