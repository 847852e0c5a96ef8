"""Spaces as plain data and back, for the description inside of a policy file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ppodoctor.core import is_kind

if TYPE_CHECKING:
    from gymnasium import spaces


def to_json(space: Any) -> dict[str, Any]:
    """A space as JSON-ready data; bounds that are all alike are one number."""
    kind = type(space).__name__
    if is_kind(space, "Dict"):
        return {"kind": kind, "parts": {name: to_json(part) for name, part in space.spaces.items()}}
    if is_kind(space, "Tuple"):
        return {"kind": kind, "parts": [to_json(part) for part in space.spaces]}
    if is_kind(space, "Discrete"):
        return {"kind": kind, "n": int(space.n), "start": int(space.start)}
    if is_kind(space, "MultiDiscrete"):
        return {"kind": kind, "nvec": space.nvec.tolist(), "start": np.asarray(space.start).tolist()}
    if is_kind(space, "MultiBinary"):
        return {"kind": kind, "n": space.n if isinstance(space.n, int) else list(space.n)}
    if is_kind(space, "Box"):
        low, high = _bound(space.low), _bound(space.high)
        return {"kind": kind, "shape": list(space.shape), "dtype": str(space.dtype), "low": low, "high": high}
    raise ValueError(f"a policy file cannot describe the space {space}")


def from_json(data: dict[str, Any]) -> spaces.Space[Any]:
    """The space that `to_json` described. Raises ValueError for one that is not known."""
    from gymnasium import spaces

    kind = data.get("kind")
    if kind == "Dict":
        return spaces.Dict({name: from_json(part) for name, part in data["parts"].items()})
    if kind == "Tuple":
        return spaces.Tuple([from_json(part) for part in data["parts"]])
    if kind == "Discrete":
        return spaces.Discrete(data["n"], start=data["start"])
    if kind == "MultiDiscrete":
        return spaces.MultiDiscrete(np.array(data["nvec"]), start=np.array(data["start"]))
    if kind == "MultiBinary":
        return spaces.MultiBinary(data["n"])
    if kind == "Box":
        shape, dtype = tuple(data["shape"]), np.dtype(data["dtype"])
        low, high = (_array(data[name], shape, dtype) for name in ("low", "high"))
        return spaces.Box(low, high, shape, dtype.type)
    raise ValueError(f"the policy file describes a space of kind {kind!r}, which this version does not know")


def _bound(values: np.ndarray[Any, Any]) -> Any:
    """JSON has no infinity: written as strings."""
    flat = [str(v) if isinstance(v, float) and not np.isfinite(v) else v for v in values.reshape(-1).tolist()]
    return flat[0] if flat and all(v == flat[0] for v in flat) else flat


def _array(values: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    flat = [float(v) if isinstance(v, str) else v for v in (values if isinstance(values, list) else [values])]
    array = np.array(flat, dtype)
    return np.full(shape, array[0]) if array.size == 1 else array.reshape(shape)
