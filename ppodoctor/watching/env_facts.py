"""What an environment object says of itself: classes, spaces, specification, who resets it. Attribute reads only.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ppodoctor.records import EnvFacts, SpaceFacts

_INNER = ("env", "venv", "_env", "envs", "environment", "workers")
_WORKERS = ("processes", "remotes", "parent_pipes", "workers", "pipes")
_BOUNDS = 64
_DEPTH = 32
_HUGE = 1e308
_MODES = {
    "next_step": "next_step",
    "nextstep": "next_step",
    "same_step": "same_step",
    "samestep": "same_step",
    "disabled": "disabled",
}


def attribute(owner: Any, name: str) -> Any:
    """An attribute the object or its class really has, else None.

    `__getattr__` is never asked: wrappers use it to pass names on, with a warning or with a message to other processes.
    Nor is `__dict__`: an object whose dictionary was once asked for is slower for good (Python 3.11 and 3.12).
    """
    try:
        return object.__getattribute__(owner, name)
    except Exception:
        return None


def layers(outer: Any) -> List[Any]:
    """The object and what it wraps, outermost first; of several environments below, the first."""
    found = [outer]
    while len(found) < _DEPTH:
        inside = next((one for one in (attribute(found[-1], name) for name in _INNER) if _object(one)), None)
        if isinstance(inside, (list, tuple)):
            inside = inside[0] if len(inside) and _object(inside[0]) else None
        if inside is None or any(inside is one for one in found):
            break
        found.append(inside)
    return found


def _object(value: Any) -> bool:
    """Something that could be an environment, or a list of them."""
    if isinstance(value, (list, tuple)):
        return True
    return any(hasattr(type(value), name) for name in ("step", "step_wait")) or attribute(value, "env") is not None


def num_envs(outer: Any) -> Optional[int]:
    """How many environments a vector environment says it holds, None for a single one."""
    said = next((one for one in (attribute(outer, name) for name in ("num_envs", "env_num")) if one is not None), None)
    return int(said) if isinstance(said, (int, np.integer)) and not isinstance(said, bool) and said > 0 else None


def hides_workers(chain: List[Any]) -> bool:
    """Do its environments run in other processes?"""
    return any(isinstance(attribute(one, name), (list, tuple)) for one in chain for name in _WORKERS)


def describe(outer: Any, chain: Optional[List[Any]] = None) -> EnvFacts:
    """Everything the object shows without being called; steps, resets and sites are filled in by the tap.

    `chain` is what it wraps, outermost first, where that is known better than from attributes.
    """
    chain = chain or layers(outer)
    innermost = chain[-1]
    spec = next((one for one in (attribute(layer, "spec") for layer in reversed(chain)) if one is not None), None)
    limits = [attribute(layer, "_max_episode_steps") for layer in chain]
    limits.append(attribute(spec, "max_episode_steps"))
    limit = next((int(one) for one in limits if isinstance(one, (int, np.integer))), None)
    observed, action = _space_of(chain, "observation_space"), _space_of(chain, "action_space")
    facts: Dict[str, Any] = {"innermost": f"{type(innermost).__module__}:{type(innermost).__qualname__}"}
    raw_action = attribute(innermost, "action_space")
    if raw_action is not None and space(raw_action) != space(action):
        facts["inner_action"] = vars(space(raw_action))
    start = attribute(action, "start")
    if isinstance(start, (int, np.integer)) and start:  # MultiDiscrete has an array of them
        facts["action_start"] = int(start)
    name = attribute(spec, "id")
    return EnvFacts(
        stream=0,
        cls=_name(outer),
        layers=tuple(_name(layer) for layer in chain),
        api=_api(outer),
        num_envs=num_envs(outer) or 1,
        spec_id=name if isinstance(name, str) else None,
        spec_kwargs=_plain_kwargs(attribute(spec, "kwargs") or attribute(spec, "_kwargs")),
        max_episode_steps=limit,
        observation=space(observed),
        action=space(action),
        facts=facts,
    )


def autoreset(outer: Any) -> Optional[str]:
    """Who resets at an end, as the object declares it; None when it says nothing."""
    for layer in layers(outer):
        if num_envs(layer) is None:
            break  # a single environment's metadata says nothing of the vector's, and may be shared by all classes
        metadata = attribute(layer, "metadata")
        mode = metadata.get("autoreset_mode") if isinstance(metadata, dict) else None
        if mode is not None:
            said = str(getattr(mode, "name", mode)).lower().replace("-", "_")
            return _MODES.get(said, _MODES.get(said.replace("_", ""), "unknown"))
    api = _api(outer)
    if api == "envpool":
        return "next_step"
    if api == "sb3":
        return "same_step"
    if api == "vector":
        package = next(m for m in _modules(outer) if m.startswith(("gymnasium.", "gym."))).split(".")[0]
        version = str(getattr(sys.modules.get(package), "__version__", "0"))
        return "same_step" if package == "gym" or version.startswith("0.") else "next_step"
    return None


def space(given: Any) -> SpaceFacts:
    """A space of gymnasium or gym, or of anything with the same attributes."""
    kind = type(given).__name__
    if kind not in ("Box", "Discrete", "MultiDiscrete", "MultiBinary", "Dict", "Tuple"):
        bases = [one.__name__ for one in type(given).__mro__]
        kind = next((name for name in ("Box", "Discrete", "MultiDiscrete", "MultiBinary") if name in bases), "unknown")
    shape = attribute(given, "shape") or attribute(given, "_shape") or ()
    dtype = attribute(given, "dtype")
    found = SpaceFacts(kind=kind, shape=_shape(shape), dtype="" if dtype is None else str(np.dtype(dtype)))
    count = attribute(given, "n")
    if kind in ("Discrete", "MultiBinary") and isinstance(count, (int, np.integer)):
        found.n = int(count)
    if kind == "MultiDiscrete":
        found.nvec = tuple(int(n) for n in np.asarray(attribute(given, "nvec")).reshape(-1))
    if kind == "Box":
        found.low, found.high = _bounds(attribute(given, "low"), shape), _bounds(attribute(given, "high"), shape)
    return found


def _space_of(chain: List[Any], name: str) -> Any:
    """The space of one environment, as the outermost object that has one says."""
    found = (attribute(layer, one) for layer in chain for one in (f"single_{name}", name))
    return next((one for one in found if one is not None), None)


def _shape(shape: Any) -> Tuple[int, ...]:
    return tuple(int(n) for n in shape) if isinstance(shape, (tuple, list)) else ()


def _bounds(values: Any, shape: Any) -> Tuple[float, ...]:
    try:
        found = np.broadcast_to(np.asarray(values, np.float64), _shape(shape)).reshape(-1)[:_BOUNDS]
    except (ValueError, TypeError):
        return ()
    return tuple(float(v) for v in np.clip(np.nan_to_num(found, nan=0.0, posinf=_HUGE, neginf=-_HUGE), -_HUGE, _HUGE))


def _name(owner: Any) -> str:
    return f"{type(owner).__module__}.{type(owner).__qualname__}"


def _modules(owner: Any) -> List[str]:
    return [str(getattr(kind, "__module__", "")) + "." for kind in type(owner).__mro__]


def _api(outer: Any) -> str:
    modules = _modules(outer)
    for prefix, name in (
        ("envpool.", "envpool"),
        ("stable_baselines3.", "sb3"),
        ("sb3_contrib.", "sb3"),
        ("gymnasium.vector.", "vector"),
        ("gym.vector.", "vector"),
        ("gymnasium.", "gymnasium"),
        ("gym.", "gym"),
    ):
        if any(module.startswith(prefix) for module in modules):
            return name
    return "own"


def _plain_kwargs(kwargs: Any) -> Dict[str, Any]:
    """Arguments that survive JSON; the others cannot be given to a fresh copy anyway."""
    if not isinstance(kwargs, dict):
        return {}
    return {str(key): value for key, value in kwargs.items() if _plain(value)}


def _plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_plain(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _plain(item) for key, item in value.items())
    return value is None or isinstance(value, (bool, int, float, str))
