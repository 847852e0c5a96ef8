"""The wrappers that stand for an environment class's own methods, and the door through which they report.

Loaded inside the watched process: standard library only, Python 3.9 or later.
"""

from __future__ import annotations

import functools
import inspect
import threading
from types import FunctionType
from typing import Any, Callable, Dict, Tuple

UNTRACED = ()
"""In the place of a trace; the templates know it by its class."""
NAMES = ("step", "reset", "seed", "step_async", "step_wait", "__init__")


class Door(threading.local):
    """What every wrapped method calls. `trace` is None outside an environment call, else the calls below it so far.

    It is `UNTRACED` while an environment is called whose calls below need not be known: then they pass.

    An entry of `trace` is (entries before the call began, object, arguments or None for a reset, what it returned),
    written when the call returns. Steps that only pass on a running episode's step from further inside leave no
    entry: there are many of them. The attributes are per thread: environments may be stepped in several.
    """

    trace: Any = None
    resets = False
    """A reset happened below the call that is running."""

    def __init__(self, tap: Any) -> None:
        self.tap = tap
        self.step = tap.outer_step
        self.reset = tap.outer_reset
        self.seed = tap.outer_seed
        self.step_async = tap.halves.step_async
        self.step_wait = tap.halves.step_wait
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
        if trace.__class__ is several:
            return fn(self, *args, **kwargs)
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


def _step_of_one(fn: Any, door: Any, size: Any, several: Any, streams: Any, key: Any) -> Any:
    """The same for a function of self and one action without defaults: Python packs no arguments.

    `streams` finds the stream of an object by its `key`, its id.
    """

    def step(self: Any, action: Any) -> Any:
        if door is None:
            return fn(self, action)
        trace = door.trace
        if trace is None:
            stream = streams.get(key(self))
            if stream is None or stream.quick is None:
                return door.step(door, fn, self, (action,), {})
            return stream.quick(door, fn, self, action)
        if trace.__class__ is several:
            return fn(self, action)
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
        if trace.__class__ is several:
            return fn(self, *args, **kwargs)
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
        if trace.__class__ is several:
            return fn(self, *args, **kwargs)
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
_OWN_NAMES = ("trace", "stream", "start", "out")


def wrapped(name: str, fn: FunctionType, door: Door) -> FunctionType:
    """A wrapper for `fn`, a class's own method `name`: the same signature, globals, name and documentation."""
    if name == "step" and _of_one(fn):
        made = _step_of_one(fn, door, len, tuple, door.tap.streams.by_id, id)
    else:
        made = _TEMPLATES[name](fn, door, len, tuple)
    names = made.__code__.co_varnames
    if made.__code__.co_argcount == 2:
        names = (*fn.__code__.co_varnames[:2], *names[2:])
    # A code object of its own: Python specialises calls per code object, and each wrapper calls one function.
    code = made.__code__.replace(co_varnames=names)
    wrapper = FunctionType(code, fn.__globals__, fn.__name__, None, made.__closure__)
    functools.update_wrapper(wrapper, fn)
    return wrapper


def wrappable(name: str, fn: FunctionType) -> bool:
    """Can this method be an environment's? A step takes an action; abstract methods and coroutines are left alone."""
    code = fn.__code__
    if code.co_filename == _HERE or getattr(fn, "__isabstractmethod__", False):
        return False
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE):
        return False
    takes_any = bool(code.co_flags & inspect.CO_VARARGS)
    return name != "step" or takes_any or code.co_argcount + code.co_kwonlyargcount >= 2


def _of_one(fn: FunctionType) -> bool:
    """Is this a function of self and one more argument, nothing else?"""
    code = fn.__code__
    exact = code.co_argcount == 2 and not code.co_kwonlyargcount and not fn.__defaults__
    varying = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    return exact and not varying and not set(code.co_varnames[:2]) & set(_OWN_NAMES) and code.co_posonlyargcount == 0
