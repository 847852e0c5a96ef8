"""Tensors and saved scalars as plain data: what is copied out of the script's computation."""

from __future__ import annotations

from typing import Any, Optional, Tuple

MAX_NUMBERS = 4_000_000
"""Tensors above this many numbers are not copied."""
MAX_WIDTH = 512
"""Columns kept of a first layer's input; wider inputs are thinned by a fixed stride."""
_WRAPPED = 2**63


def to_numpy(tensor: Any) -> Optional[Any]:
    """A tensor's values on the host; None when it is too large or has no dense values."""
    if tensor.numel() > MAX_NUMBERS or tensor.layout != tensor.new_empty(0).layout:
        return None
    return as_numpy(tensor).copy()


def as_numpy(tensor: Any) -> Any:
    """A dense tensor's values on the host; they may lie in the tensor's own memory."""
    value = tensor.detach()
    if not value.is_cpu:
        value = value.cpu()
    if value.element_size() < 4 and value.is_floating_point():
        value = value.float()
    return (value.resolve_neg() if value.is_neg() else value).numpy()


def thin(value: Any) -> Tuple[Any, int]:
    """[rows, features] of a layer's input, with at most MAX_WIDTH columns; and the stride that was used."""
    flat = value.detach()
    flat = (
        flat.reshape(1, -1)
        if flat.dim() < 2
        else flat.reshape(flat.shape[0], -1)
        if flat.dim() > 3
        else flat.reshape(-1, flat.shape[-1])
    )
    stride = -(-flat.shape[1] // MAX_WIDTH)
    return to_numpy(flat[:, ::stride]) if stride > 1 else to_numpy(flat), stride


def plain(value: Any) -> Any:
    """A saved scalar as JSON-ready data; unsigned wrap-around of negative dims undone; None when it is not a scalar."""
    if isinstance(value, bool) or value is None or isinstance(value, (float, str)):
        return value
    if isinstance(value, int):
        return value - 2**64 if value >= _WRAPPED else value
    if isinstance(value, (tuple, list)) and all(isinstance(v, (int, float)) for v in value):
        return [plain(v) for v in value]
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
