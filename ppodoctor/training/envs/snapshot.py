"""The state of environments as plain data (JSON), read from their attributes and written back into new ones.

Nothing is pickled: a file that was tampered with can set attributes, and make empty objects of classes that are loaded
already, but run nothing. What an attribute cannot tell, such as the inside of a compiled simulator, is refused by name.
"""

from __future__ import annotations

import base64
import enum
import random
import sys
import types
from collections import deque
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec

PLAIN = (type(None), bool, int, float, str)
KEPT = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, np.dtype, np.ufunc)
"""What a new environment has by itself: code, not state."""
SEQUENCES: dict[str, Any] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
OUTSIDE = ("multiprocessing", "threading", "_thread", "_io", "socket", "subprocess", "pygame", "concurrent")
"""Modules whose objects stand for something outside of this process's memory."""


class Uncopyable(Exception):
    """An attribute whose state cannot be read or written back; the message names it."""


def capture(roots: list[Any]) -> Any:
    """The state of objects and all they refer to, as JSON; raises Uncopyable, naming the attribute."""
    writer = _Writer()
    return {
        "objects": [writer.node(root, type(root).__name__) for root in roots],
        # environments that draw from the global generators depend on them, too
        "numpy": writer.node(np.random.get_state(), "numpy.random"),  # noqa: NPY002
        "random": writer.node(random.getstate(), "random"),
    }


def capture_or_note(roots: list[Any], name: str, notes: list[str]) -> Any | None:
    """The state of environments, or None with a sentence among the notes where it cannot be kept."""
    try:
        return capture(roots)
    except Uncopyable as why:
        note = f"{name} cannot be continued in the middle of an episode: {why}. A resumed run starts new ones."
        if note not in notes:
            notes.append(note)
        return None


def reinstate(roots: list[Any], state: Any) -> None:
    """Give objects, made as those captured were, their state; raises Uncopyable where they differ in kind."""
    reader = _Reader()
    for root, node in zip(roots, state["objects"], strict=True):
        reader.value(node, root)
    np.random.set_state(reader.value(state["numpy"], None))  # noqa: NPY002
    random.setstate(reader.value(state["random"], None))


def _special(value: Any) -> tuple[str, Any] | None:
    """Kinds with a state of their own: how to call it, and that state."""
    if isinstance(value, np.random.Generator):
        return "generator", value.bit_generator.state
    if isinstance(value, np.random.RandomState):
        return "random_state", value.get_state(legacy=False)
    if isinstance(value, random.Random):
        return "python_random", value.getstate()
    if type(value).__name__ == "MjData" and "mujoco" in sys.modules:
        return "mujoco", _mujoco(value)
    return None


def _mujoco(data: Any) -> Any:
    """All that MuJoCo's integration depends on (`mjSTATE_INTEGRATION`)."""
    import mujoco  # type: ignore[import-not-found,import-untyped,unused-ignore]

    kind = mujoco.mjtState.mjSTATE_INTEGRATION
    state = np.empty(mujoco.mj_stateSize(data.model, kind), np.float64)
    mujoco.mj_getState(data.model, data, state, kind)
    return state


class _Writer:
    """Walks objects once each; whatever is met again is written as a reference."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.alive: list[Any] = []
        """Holds what was met, so that no id is given out twice."""
        self.spans: list[tuple[int, int, str]] = []

    def node(self, value: Any, path: str) -> Any:
        if isinstance(value, PLAIN) and not isinstance(value, enum.Enum):
            return value
        if id(value) in self.numbers:
            return {"same": self.numbers[id(value)]}
        number = self.numbers[id(value)] = len(self.numbers)
        self.alive.append(value)
        return {"id": number, **self._described(value, path)}

    def _described(self, value: Any, path: str) -> dict[str, Any]:
        if isinstance(value, (np.ndarray, np.generic)):
            return self._array(value, path)
        if isinstance(value, bytes):
            return {"bytes": base64.b64encode(value).decode()}
        if isinstance(value, enum.Enum):
            return {"enum": value.name, "class": _class(value)}
        if type(value).__name__ in SEQUENCES and type(value) is SEQUENCES[type(value).__name__]:
            return {type(value).__name__: [self.node(one, f"{path}[{i}]") for i, one in enumerate(value)]}
        if type(value) is deque:
            return {"deque": [self.node(one, path) for one in value], "maxlen": value.maxlen}
        if isinstance(value, dict):
            return {"dict": [[self.node(k, path), self.node(one, f"{path}[{k!r}]")] for k, one in value.items()]}
        special = _special(value)
        if special is not None:
            return {special[0]: self.node(special[1], path)}
        if isinstance(value, (*KEPT, EnvSpec)):
            return {"kept": type(value).__name__}
        if isinstance(value, gym.Space):
            parts = getattr(value, "spaces", {})
            inside = list(parts.values()) if isinstance(parts, dict) else list(parts)
            return {"space": [self.node(value._np_random, path), [self.node(part, path) for part in inside]]}
        return self._object(value, path)

    def _array(self, value: Any, path: str) -> dict[str, Any]:
        array = np.ascontiguousarray(value)
        if array.dtype.hasobject:
            raise Uncopyable(f"{path} is an array of Python objects")
        if isinstance(value, np.ndarray) and value.size:
            self._overlap(value, path)
        content = base64.b64encode(array.tobytes()).decode()
        return {
            "array": content,
            "dtype": array.dtype.str,
            "shape": list(np.shape(value)),
            "scalar": array is not value and isinstance(value, np.generic),
        }

    def _overlap(self, array: np.ndarray[Any, Any], path: str) -> None:
        """Two arrays that are views of one memory would be written back as two."""
        low, high = getattr(np.lib, "array_utils", np).byte_bounds(array)  # in numpy itself before 2.0
        for start, end, other in self.spans:
            if low < end and start < high:
                raise Uncopyable(f"{path} and {other} are views of the same array")
        self.spans.append((low, high, path))

    def _object(self, value: Any, path: str) -> dict[str, Any]:
        kind = type(value)
        if getattr(kind, "__module__", "").split(".")[0] in OUTSIDE:
            raise Uncopyable(f"{path} is a {kind.__module__}.{kind.__qualname__}, which lives outside of Python")
        if kind.__name__ == "MjModel":
            return {"kept": "MjModel"}
        attributes = _attributes(value)
        if attributes is None:
            raise Uncopyable(
                f"{path} is a {getattr(kind, '__module__', '')}.{kind.__qualname__}, whose inside cannot be read"
            )
        return {
            "class": _class(value),
            "attributes": {name: self.node(one, f"{path}.{name}") for name, one in attributes.items()},
        }


def _attributes(value: Any) -> dict[str, Any] | None:
    """The instance's own attributes, from its dict and its slots; None for what is compiled."""
    slots = [name for base in type(value).__mro__ for name in _slots(base)]
    found = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    if hasattr(value, "__dict__"):
        found.update(vars(value))
    elif not slots:
        return None
    return found


def _slots(base: type) -> list[str]:
    slots = base.__dict__.get("__slots__", ())
    return [name for name in ([slots] if isinstance(slots, str) else slots) if name not in ("__dict__", "__weakref__")]


def _class(value: Any) -> list[str]:
    return [type(value).__module__, type(value).__qualname__]


def _loaded(name: list[str]) -> type:
    """A class by module and qualified name, from modules that are loaded already."""
    found: Any = sys.modules.get(name[0])
    for part in name[1].split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type):
        raise Uncopyable(f"there is no class {'.'.join(name)} now, and there was when the state was saved")
    return found


class _Reader:
    """Builds values from nodes; objects that exist already are filled in place."""

    def __init__(self) -> None:
        self.made: dict[int, Any] = {}

    def value(self, node: Any, old: Any) -> Any:
        if not isinstance(node, dict):
            return node
        if "same" in node:
            return self.made[node["same"]]
        if "class" in node and "attributes" in node:
            return self._object(node, old)
        made = self._container(node, old) if node.keys() & {*SEQUENCES, "dict", "deque"} else self._leaf(node, old)
        self.made[node["id"]] = made
        return made

    def _leaf(self, node: Any, old: Any) -> Any:
        if "array" in node:
            array = np.frombuffer(base64.b64decode(node["array"]), node["dtype"]).reshape(node["shape"]).copy()
            return array[()] if node["scalar"] else array
        if "bytes" in node:
            return base64.b64decode(node["bytes"])
        if "enum" in node:
            return _loaded(node["class"])[node["enum"]]  # type: ignore[index]
        if "kept" in node:
            return old
        if "space" in node:
            return self._space(node, old)
        return self._generator(node, old)

    def _space(self, node: Any, old: Any) -> Any:
        old._np_random = self.value(node["space"][0], old._np_random)
        parts = getattr(old, "spaces", {})
        for part, inside in zip(parts.values() if isinstance(parts, dict) else parts, node["space"][1], strict=True):
            self.value(inside, part)
        return old

    def _generator(self, node: Any, old: Any) -> Any:
        if "generator" in node:
            state = self.value(node["generator"], None)
            kind = getattr(np.random, state["bit_generator"])
            fresh = np.random.Generator(kind())
            fresh.bit_generator.state = state
            return fresh
        if "random_state" in node:
            legacy = np.random.RandomState()
            legacy.set_state(self.value(node["random_state"], None))
            return legacy
        if "python_random" in node:
            plain = random.Random()
            plain.setstate(self.value(node["python_random"], None))
            return plain
        import mujoco  # type: ignore[import-not-found,unused-ignore]

        mujoco.mj_setState(old.model, old, self.value(node["mujoco"], None), mujoco.mjtState.mjSTATE_INTEGRATION)
        return old

    def _container(self, node: Any, old: Any) -> Any:
        if "dict" in node:
            old = old if isinstance(old, dict) else {}
            made: dict[Any, Any] = {}
            self.made[node["id"]] = made
            for key, value in node["dict"]:
                name = self.value(key, None)
                made[name] = self.value(value, old.get(name))
            return made
        kind = "deque" if "deque" in node else next(name for name in SEQUENCES if name in node)
        before = list(old) if isinstance(old, (list, tuple, deque)) else []
        before += [None] * (len(node[kind]) - len(before))
        values = [self.value(one, was) for one, was in zip(node[kind], before, strict=False)]
        return deque(values, node["maxlen"]) if kind == "deque" else SEQUENCES[kind](values)

    def _object(self, node: Any, old: Any) -> Any:
        found = old if old is not None and _class(old) == node["class"] else object.__new__(_loaded(node["class"]))
        self.made[node["id"]] = found
        for name, inside in node["attributes"].items():
            value = self.value(inside, getattr(found, name, None))
            if isinstance(inside, dict) and "kept" in inside:
                continue
            object.__setattr__(found, name, value)
        return found
