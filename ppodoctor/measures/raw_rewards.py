"""Rewards that wrappers hand on to the wrong environment or a step late: those received against the innermost ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.steps import stepped, train_rollouts
from ppodoctor.run import Run

Array = Any
FEWEST = 64
"""Steps of several environments below which nothing is said."""


@dataclass(frozen=True)
class Moved:
    """Received rewards that are the innermost ones of another place."""

    copies: int
    """Environments between the one that paid and the one that is said to have."""
    steps: int
    """Steps between them."""
    rows: int
    """Steps whose own innermost reward is another."""
    update: int


def moved_rewards(run: Run, *, share: float = 0.99) -> Optional[Moved]:
    """Where the rewards that the script received come from, if not from the step and environment they are given for."""
    pairs = list(_pairs(run))
    if not pairs:
        return None
    copies = max(received.shape[1] for received, _, _ in pairs)
    shifts = [(0, k) for k in range(1, copies)] + [(1, 0), (-1, 0)]
    own = _met(pairs, (0, 0))
    for shift in shifts:
        met = _met(pairs, shift)
        # places where both would be the same tell nothing
        if met.sum() >= share * met.size and (met & ~own).sum() >= FEWEST:
            return Moved(shift[1], shift[0], int((met & ~own).sum()), min(update for _, _, update in pairs))
    return None


def _pairs(run: Run) -> List[Tuple[Array, Array, int]]:
    """[T, N] received and innermost rewards of the rollouts in which all of the latter were seen."""
    found = []
    for rollout in train_rollouts(run):
        if rollout.raw_reward is None or not stepped(rollout).all():
            continue
        received, raw = np.asarray(rollout.reward, np.float64), np.asarray(rollout.raw_reward, np.float64)
        if received.shape == raw.shape and len(raw) > 2 and np.isfinite(raw).all():
            found.append((received, raw, rollout.update))
    return found


def _met(pairs: List[Tuple[Array, Array, int]], shift: Tuple[int, int]) -> Array:
    """bool, flattened: is a received reward the innermost one at a shift of (steps, environments)?"""
    parts = []
    for received, raw, _ in pairs:
        moved = np.roll(raw, shift, axis=(0, 1))
        parts.append(np.isclose(received, moved, rtol=1e-5, atol=1e-7)[1:-1].ravel())
    return np.concatenate(parts)
