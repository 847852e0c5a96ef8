"""Bad single environments: what `reset` and `step` return, held against what gymnasium's interface says.

Used in full on the first steps of each environment, and to explain an error afterwards.
"""

from __future__ import annotations

import inspect
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from ppodoctor.training.envs.api import EnvironmentFault
from ppodoctor.training.envs.rows import as_float32, readable

EXACT = 2**24
"""Above this, float32 no longer holds every whole number."""


def name_of(env: Any) -> str:
    """The id of an environment, or its class."""
    spec = getattr(env, "spec", None)
    return str(getattr(spec, "id", None) or type(getattr(env, "unwrapped", env)).__name__)


def check_object(env: Any) -> None:
    """Hold a new environment against what it must have; it need not inherit from anything."""
    name = name_of(env)
    if not (hasattr(env, "reset") and hasattr(env, "step")):
        lacks = " and ".join(what for what in ("reset", "step") if not hasattr(env, what))
        raise EnvironmentFault(
            f"{name} has no {lacks}. Expected an environment with `reset(self, *, seed=None, options=None)` and "
            "`step(self, action)`. Is this the environment's class? Inheriting from gymnasium.Env shows what to write."
        )
    for which in ("observation_space", "action_space"):
        space = getattr(env, which, None)
        if not isinstance(space, spaces.Space):
            seen = f"a {which} of type {_kind(space)}" if space is not None else f"no {which}"
            raise EnvironmentFault(
                f"{name} has {seen}. Expected a gymnasium.spaces.Space, set in __init__: for example "
                + (
                    "self.observation_space = gymnasium.spaces.Box(-numpy.inf, numpy.inf, shape=(4,))."
                    if which == "observation_space"
                    else "self.action_space = gymnasium.spaces.Discrete(2)."
                )
            )
    _check_signature(env, name)


def _check_signature(env: Any, name: str) -> None:
    inner = getattr(env, "unwrapped", env)
    if type(inner).__module__.startswith("gymnasium."):
        return
    if getattr(type(inner), "reset", None) is gym.Env.reset:
        raise EnvironmentFault(
            f"{name} does not define reset(). Write `def reset(self, *, seed=None, options=None)`: start a new episode "
            "and return its first observation and an info dict."
        )
    try:
        inspect.signature(inner.reset).bind(seed=0)
    except TypeError:
        raise EnvironmentFault(
            f"reset{inspect.signature(inner.reset)} of {name} does not take a seed. Expected "
            "`def reset(self, *, seed=None, options=None)`; call `super().reset(seed=seed)` in it and draw from "
            "self.np_random, so that a run can be repeated."
        ) from None
    except ValueError:  # written in C: it will be seen when it is called
        return


def try_out(env: Any, steps: int = 32) -> None:
    """Reset an environment and take random steps in it, each held against its interface and spaces."""
    check_object(env)
    env, _ = readable(env)
    as_float32(env.observation_space)
    check_reset(env, env.reset(seed=0), [])
    env.action_space.seed(0)
    for _ in range(steps):
        result = env.step(env.action_space.sample())
        check_step(env, result, [])
        if result[2] or result[3]:
            check_reset(env, env.reset(), [])


def check_reset(env: Any, result: Any, notes: list[str]) -> None:
    """Hold what reset returned against `(observation, info)`."""
    name = name_of(env)
    if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict)):
        raise EnvironmentFault(
            f"reset() of {name} returned {_shown(result)}. Expected the pair (observation, info) with a dict as "
            "info: write `return observation, {}`."
        )
    _check_value(env.observation_space, result[0], "observation", (name, "reset()"), notes)


def check_step(env: Any, result: Any, notes: list[str]) -> None:
    """Hold what step returned against `(observation, reward, terminated, truncated, info)`."""
    name = name_of(env)
    if isinstance(result, tuple) and len(result) == 4:
        raise EnvironmentFault(
            f"step() of {name} returned 4 values, as gym did before 0.26. Expected 5: return observation, reward, "
            "terminated, truncated, info. `terminated` is a true end (the future is worth nothing), `truncated` a time "
            "limit; one `done` cannot say which."
        )
    if not (isinstance(result, tuple) and len(result) == 5):
        raise EnvironmentFault(
            f"step() of {name} returned {_shown(result)}. Expected the five values "
            "(observation, reward, terminated, truncated, info)."
        )
    observation, reward, terminated, truncated, info = result
    _check_value(env.observation_space, observation, "observation", (name, "step()"), notes)
    _check_reward(name, reward)
    for which, flag in (("terminated", terminated), ("truncated", truncated)):
        if not (isinstance(flag, (bool, np.bool_)) or (np.ndim(flag) == 0 and flag is not None and flag in (0, 1))):
            raise EnvironmentFault(
                f"step() of {name} returned {_shown(flag)} as `{which}`. Expected True or False: write `bool(...)`."
            )
    if not isinstance(info, dict):
        raise EnvironmentFault(f"step() of {name} returned {_shown(info)} as info. Expected a dict: write `{{}}`.")


def _check_reward(name: str, reward: Any) -> None:
    if np.ndim(reward) != 0 or isinstance(reward, (str, bytes)) or reward is None:
        raise EnvironmentFault(
            f"step() of {name} returned {_shown(reward)} as the reward. Expected one number: write `float(reward)`"
            + (", or sum the parts of it." if np.size(reward) > 1 else ".")
        )
    if not np.isfinite(float(reward)):
        raise EnvironmentFault(
            f"step() of {name} returned a reward of {reward}. Expected a finite number. Look in step() for a division "
            "by zero, the log or root of a negative number, or a simulation that blew up."
        )


def _check_value(space: gym.Space[Any], value: Any, path: str, where: tuple[str, str], notes: list[str]) -> None:
    """Hold one observation against its space, naming the part of it that does not fit."""
    if isinstance(space, spaces.Dict):
        parts = space.spaces
        if not isinstance(value, dict) or set(value) != set(parts):
            seen = f"the keys {sorted(map(str, value))}" if isinstance(value, dict) else _shown(value)
            raise EnvironmentFault(
                f"{where[1]} of {where[0]} returned {seen} as the {path}. Expected a dict with the keys "
                f"{sorted(parts)} of the observation space; make the two agree."
            )
        for key, part in parts.items():
            _check_value(part, value[key], f"{path}[{key!r}]", where, notes)
    elif isinstance(space, spaces.Tuple):
        if not isinstance(value, (tuple, list)) or len(value) != len(space.spaces):
            raise EnvironmentFault(
                f"{where[1]} of {where[0]} returned {_shown(value)} as the {path}. Expected a tuple of "
                f"{len(space.spaces)} parts, as the observation space says."
            )
        for i, part in enumerate(space.spaces):
            _check_value(part, value[i], f"{path}[{i}]", where, notes)
    else:
        _check_leaf(space, value, path, where, notes)


def _check_leaf(space: gym.Space[Any], value: Any, path: str, where: tuple[str, str], notes: list[str]) -> None:
    try:
        array = np.asarray(value)
    except ValueError:  # a list of lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise EnvironmentFault(
            f"{where[1]} of {where[0]} returned {_shown(value)} as the {path}. Expected numbers of shape {space.shape} "
            f"and dtype {space.dtype}: write `numpy.array(..., dtype=numpy.{space.dtype})`."
        )
    if array.shape != (space.shape or ()):
        raise EnvironmentFault(
            f"{where[1]} of {where[0]} returned a {path} of shape {array.shape}. Expected {space.shape}, as the "
            f"observation space says. Write shape={array.shape} in the space if the observation is right, or return "
            f"`numpy.reshape(..., {space.shape})` if the space is."
        )
    declared = np.dtype(space.dtype)
    if array.dtype.kind == "f" and declared.kind != "f":
        raise EnvironmentFault(
            f"{where[1]} of {where[0]} returned a {path} of dtype {array.dtype}. Expected {declared}, as the space "
            "says: its fractions would be cut off. Declare the space with dtype=numpy.float32, or return whole numbers."
        )
    _note_precision(array, declared, path, where, notes)


def _note_precision(
    array: np.ndarray[Any, Any], declared: np.dtype[Any], path: str, where: tuple[str, str], notes: list[str]
) -> None:
    """Say where values arrive as float32 that were more than that."""
    text = ""
    if declared.kind == "f" and array.dtype.kind in "fi" and np.abs(array, dtype=np.float64).max(initial=0.0) > EXACT:
        text = (
            f"{where[0]} returned a value of {array.flat[np.abs(array).argmax()]:.10g} in the {path}; networks compute "
            f"in float32, which cannot tell whole numbers apart above {EXACT:,}. Return a difference or a fraction."
        )
    elif array.dtype == np.float64 and declared == np.float32 and isinstance(array, np.ndarray):
        text = (
            f"{where[0]} returned a {path} of float64 while its space says float32. It is converted here; other "
            "libraries may not. Write `.astype(numpy.float32)` before returning it."
        )
    if text and not any(note[:40] == text[:40] for note in notes):
        notes.append(text)


def _kind(value: Any) -> str:
    return type(value).__name__


def _shown(value: Any) -> str:
    """A value in few words."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, (tuple, list)):
        return f"a {_kind(value)} of {len(value)} ({', '.join(map(_kind, value[:6]))})"
    text = repr(value)
    return f"{text if len(text) <= 40 else text[:37] + '...'} ({_kind(value)})"
