"""Copies and arrays of what environments take and return: scalars, lists, arrays, tensors, dictionaries of those.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later. Torch's tensors are known by
their methods, so torch is never imported.
"""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

Array = Any

PLAIN = frozenset(
    (bool, int, float, str, type(None), np.bool_, np.float64, np.float32, np.int64, np.int32, np.uint8, np.int8)
)
"""Types whose values cannot change, so a reference is as good as a copy."""

MAX_WIDTH = 512
"""Numbers kept per observation; wider ones are thinned by a fixed stride."""


def kept(value: Any) -> Any:
    """A copy that the script's later writes cannot reach; what is not understood is returned as it is."""
    kind = type(value)
    if kind is np.ndarray:
        return value.copy()
    if kind in PLAIN:
        return value
    if hasattr(value, "detach"):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: kept(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return kind([kept(item) for item in value])
    if hasattr(value, "__array__"):
        return np.array(value)
    return value


def as_array(value: Any) -> Array:
    """A numpy array of the value; a tensor is brought to the host."""
    if hasattr(value, "detach"):
        value = value.detach()
        return (value.cpu() if hasattr(value, "cpu") else value).numpy()
    if isinstance(value, (list, tuple)) and value and hasattr(value[0], "detach"):
        return np.stack([as_array(item) for item in value])
    return np.asarray(value)


def column(values: Sequence[Any]) -> Array:
    """[T, ...] one array of the same thing at T steps; raises ValueError or TypeError when the shapes differ."""
    first = values[0]
    if type(first) in PLAIN or type(first) is np.ndarray:
        found = np.asarray(values)
    else:
        found = np.stack([as_array(value) for value in values])
    if found.dtype == object:
        raise ValueError(f"the values of {len(values)} steps have no common shape")
    return found


def flat(value: Any, rows: int) -> Array:
    """[rows, D] the numbers of an observation of `rows` environments, parts joined in their own order."""
    if isinstance(value, dict):
        parts = [flat(item, rows) for item in value.values()]
        return np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0))
    if isinstance(value, (list, tuple)):
        return _flat_sequence(value, rows)
    if not hasattr(value, "shape") and hasattr(value, "items"):  # a TensorDict or another mapping of one's own
        return np.concatenate([flat(item, rows) for _, item in value.items()], axis=1)
    found = as_array(value)
    if found.dtype == object:
        raise ValueError(f"an observation of type {type(value).__name__} holds objects, not numbers")
    return found.reshape(rows, -1)


def _flat_sequence(value: Any, rows: int) -> Array:
    try:
        found = as_array(value)
    except ValueError:
        found = None
    whole = found is not None and found.dtype != object and found.ndim > 0
    batched = rows == 1 or (found is not None and found.shape[:1] == (rows,))
    if whole and batched:
        return found.reshape(rows, -1)
    if len(value) == rows and rows > 1:
        return np.concatenate([flat(item, 1) for item in value], axis=0)
    return np.concatenate([flat(item, rows) for item in value], axis=1)


class Layout:
    """How one stream's observations are kept: their count, width, stride and dtype, settled at the first step."""

    def __init__(self, observation: Any, rows: int) -> None:
        sample = flat(observation, rows)
        self.rows = rows
        self.full_width = sample.shape[1]
        self.stride = max(1, -(-sample.shape[1] // MAX_WIDTH))
        self.simple = type(observation) is np.ndarray and self.stride == 1
        self.source_dtype = str(sample.dtype)
        wide = sample.dtype.kind in "iu" and sample.dtype.itemsize > 4
        self.dtype = np.float64 if sample.dtype == np.float64 or wide else np.float32
        self.width = len(range(0, self.full_width, self.stride))

    def take(self, observation: Any) -> Any:
        """A copy for later: a small array as it is, else flattened and thinned; a tensor stays on its device."""
        if self.simple and type(observation) is np.ndarray:
            return observation.copy()
        if hasattr(observation, "detach"):
            return observation.detach().reshape(self.rows, -1)[:, :: self.stride].clone()
        return np.array(flat(observation, self.rows)[:, :: self.stride])

    def take_one(self, observation: Any) -> Array:
        """[D] the observation of a single one of the environments."""
        return np.array(flat(observation, 1)[0, :: self.stride], dtype=self.dtype)

    def matrix(self, taken: Any) -> Array:
        """[N, D] of one taken observation."""
        return as_array(taken).reshape(self.rows, -1).astype(self.dtype)

    def stack(self, taken: List[Any]) -> Array:
        """[T, N, D] of T taken observations."""
        return column(taken).reshape(len(taken), self.rows, -1).astype(self.dtype, copy=False)


def steps_like(out: Any) -> bool:
    """Does this look like what a step returns: (obs, reward, done, ...) with a number or numbers as reward?"""
    if not isinstance(out, (tuple, list)) or not 3 <= len(out) <= 5:
        return False
    reward, done = out[1], out[2]
    return _numeric(reward) and _numeric(done)


def observation_of(out: Any) -> Any:
    """The observation in what a reset returned: alone, or with info (a dictionary, or one per environment)."""
    if isinstance(out, tuple) and len(out) == 2:
        info = out[1]
        if isinstance(info, dict) or (isinstance(info, (list, np.ndarray)) and len(info) and isinstance(info[0], dict)):
            return out[0]
    return out


def chosen_environments(kwargs: Any) -> Any:
    """Which environments a reset is for: a mask (gymnasium), indices (EnvPool, Tianshou), or None for all."""
    options = kwargs.get("options")
    if isinstance(options, dict) and options.get("reset_mask") is not None:
        return np.array(options["reset_mask"], dtype=bool).reshape(-1)
    ids = kwargs.get("env_id", kwargs.get("id"))
    return None if ids is None else np.array(ids, dtype=np.int64).reshape(-1)


def _numeric(value: Any) -> bool:
    if isinstance(value, (bool, int, float, np.generic)):
        return not isinstance(value, (str, bytes))
    if isinstance(value, (list, tuple)):
        return bool(value) and all(isinstance(item, (bool, int, float, np.generic)) for item in value)
    return hasattr(value, "shape") and hasattr(value, "dtype")


def action_array(values: Sequence[Any], envs: int, vector: bool) -> Optional[Array]:
    """[T, N, ...] the actions of T steps, or None when they have no common shape."""
    try:
        return action_shaped(column(values), envs, vector)
    except (ValueError, TypeError):
        return None


def action_shaped(found: Array, envs: int, vector: bool) -> Optional[Array]:
    """[T, N, ...] of [T, ...] actions, or None when they are not for so many environments."""
    if vector and found.ndim > 1 and found.shape[1] == envs:
        return found
    if vector and found.size % (len(found) * envs) == 0:
        return found.reshape(len(found), envs, -1)
    return found.reshape((found.shape[0], 1, *found.shape[1:])) if envs == 1 else None


def with_rows(whole: Any, rows: Any, chosen: Any, envs: int) -> Any:
    """A copy of the observations of so many environments with those of the chosen ones put in their place."""
    found = flat(whole, envs).copy()
    found[chosen] = flat(rows, len(chosen))
    return found.reshape(np.shape(whole)) if type(whole) is np.ndarray else found


def told(out: Any) -> str:
    """What a step returned, in words."""
    name = type(out).__name__
    return f"a {name} of {len(out)}" if isinstance(out, (tuple, list)) else f"a {name}"


def same(first: Any, second: Any) -> bool:
    """Equal observations, NaN equal to NaN."""
    try:
        one, other = flat(first, 1), flat(second, 1)
        return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    except (ValueError, TypeError):
        return False


def address(value: Any) -> Tuple[int, ...]:
    """Where an array's memory begins, or nothing for other things."""
    if type(value) is np.ndarray:
        return (int(value.__array_interface__["data"][0]), value.size)
    if hasattr(value, "data_ptr"):
        return (int(value.data_ptr()), int(value.numel()))
    return ()
