"""From what the environment gives to what the network sees, by the acting calls of one rollout."""

from __future__ import annotations

from typing import Any, Callable, Optional, Tuple

import numpy as np

from ppodoctor.measures.acting import CallRows
from ppodoctor.specimens import RolloutSpecimen

Array = Any


def carried(
    rollout: RolloutSpecimen, first: CallRows, index: Array
) -> Optional[Tuple[Callable[[Array], Array], Array]]:
    """Observation -> what the network would see, and how far off per component that may be ([D])."""
    obs = np.asarray(rollout.obs, np.float64)
    if obs.ndim != 3 or (index < 0).all():
        return None
    x, y = obs[index >= 0], np.asarray(first.data, np.float64)[index[index >= 0]]
    centre, middle = x.mean(0), y.mean(0)
    if x.shape[1] != y.shape[1]:
        return _rearranged(x - centre, y - middle, (centre, middle))
    power = ((x - centre) ** 2).sum(0)
    slope = np.where(power > 0, ((x - centre) * (y - middle)).sum(0) / np.maximum(power, 1e-300), 0.0)
    rest = np.abs(y - middle - slope * (x - centre)).max(0)
    return lambda row: slope * (row - centre) + middle, 2 * rest + 1e-4 * np.maximum(y.std(0), 1e-6)


def _rearranged(x: Array, y: Array, centres: Tuple[Array, Array]) -> Optional[Tuple[Callable[[Array], Array], Array]]:
    """The same where the network sees some of the observation's parts, in another order: [M, D] and [M, E], centred."""
    if len(x) < 2 * x.shape[1] + 8 or not np.isfinite(x).all():
        return None
    weight = np.linalg.lstsq(x, y, rcond=1e-8)[0]
    rest, spread = np.abs(y - x @ weight).max(0), np.maximum(y.std(0), 1e-6)
    if (rest > 0.02 * spread).any():
        return None
    centre, middle = centres
    return lambda row: (row - centre) @ weight + middle, 2 * rest + 1e-4 * spread
