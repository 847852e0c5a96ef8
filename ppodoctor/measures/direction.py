"""Does the loss push likelier what turned out well? The sign of the advantages that the surrogate uses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.credit import fit_advantages
from ppodoctor.measures.ends import ended
from ppodoctor.measures.provenance import match
from ppodoctor.measures.reading import readings
from ppodoctor.run import Run
from ppodoctor.specimens import RolloutSpecimen

Array = Any
SURE = 6.0
"""Standard errors a correlation has to be away from 0 to count."""


@dataclass(frozen=True)
class Direction:
    """The sign with which true advantages enter the objective that the loss maximises."""

    sign: int
    """+1 right, -1 reversed."""
    exact: bool
    text: str
    first_update: int


@lru_cache(maxsize=8)
def advantage_direction(run: Run) -> Optional[Direction]:
    """From the fitted recursion where it is exact; else from correlations.

    With what was earned afterwards, or with what the critic is taught to think of the same samples. None when none of
    them says anything.
    """
    return _fitted(run) or _correlated(run) or _taught(run)


def _fitted(run: Run) -> Optional[Direction]:
    for fit in fit_advantages(run):
        best, seen = fit.outcome.best, fit.outcome.seen
        if not fit.exact or not fit.updates:
            continue
        if not best.model.affine:
            return Direction(1, True, "the advantages are the recomputed ones, sign and all", fit.updates[0])
        scale = best.scale[np.unique(seen.group)]
        scale = scale[np.isfinite(scale)]
        if scale.size and (np.sign(scale) == np.sign(scale[0])).all():
            sign = int(np.sign(scale[0]))
            word = "the recomputed ones" if sign > 0 else "the negative of the recomputed ones"
            return Direction(
                sign, True, f"the advantages in the objective are {word}, up to their normalisation", fit.updates[0]
            )
    return None


def _correlated(run: Run, gamma: float = 0.97) -> Optional[Direction]:
    """Advantages as used against the discounted reward that followed, both centred per minibatch."""
    used: List[Array] = []
    earned: List[Array] = []
    first: Optional[int] = None
    totals = [reward_to_go(rollout, gamma) for rollout in run.rollouts]
    for reading in readings(run):
        surrogate = reading.surrogate
        if surrogate is None or surrogate.advantage is None or reading.policy_inputs is None or len(used) >= 40:
            continue
        found = match(run, reading)
        advantage = np.asarray(surrogate.advantage, np.float64).reshape(-1)
        if found is None or found.share < 0.9 or found.t.size != advantage.size:
            continue
        ok = found.matched
        after = np.array([totals[r][t, n] for r, t, n in zip(found.rollout[ok], found.t[ok], found.n[ok])])
        if after.size > 3 and after.std() > 1e-9 and advantage[ok].std() > 1e-9:
            first = reading.update if first is None else first
            used.append(_standard(advantage[ok]))
            earned.append(_standard(after))
    return _by_correlation(used, earned, 0.2, "the reward that followed", first)


def _taught(run: Run) -> Optional[Direction]:
    """Advantages as used against target minus prediction of the value loss of the same samples.

    Where rewards cannot be matched this still tells the sign: what raises the critic's opinion is an advantage.
    """
    used: List[Array] = []
    raised: List[Array] = []
    first: Optional[int] = None
    for reading in readings(run):
        surrogate, value = reading.surrogate, reading.value
        if surrogate is None or surrogate.advantage is None or value is None or len(used) >= 40:
            continue
        if value.target is None or value.prediction is None:
            continue
        advantage, error = (
            np.asarray(one, np.float64).reshape(-1)
            for one in (surrogate.advantage, np.asarray(value.target) - np.asarray(value.prediction))
        )
        if error.size == advantage.size > 7 and min(error.std(), advantage.std()) > 1e-9:
            first = reading.update if first is None else first
            used.append(_standard(advantage))
            raised.append(_standard(error))
    return _by_correlation(used, raised, 0.3, "target minus value of the same samples", first)


def _by_correlation(
    used: List[Array], other: List[Array], least: float, name: str, first: Optional[int]
) -> Optional[Direction]:
    """The sign of the correlation of standardised numbers, where it is beyond doubt and beyond `least`."""
    if first is None:
        return None
    a, b = np.concatenate(used), np.concatenate(other)
    r = float(np.mean(a * b))
    if abs(r) * np.sqrt(a.size) < SURE or abs(r) < least:
        return None
    text = f"advantages as used correlate {r:+.2f} with {name} ({a.size} samples)"
    return Direction(int(np.sign(r)), False, text, first)


def _standard(values: Array) -> Array:
    return (values - values.mean()) / values.std()


def reward_to_go(rollout: RolloutSpecimen, gamma: float) -> Array:
    """[T, N] discounted sum of the rewards until the episode or the rollout ends."""
    over = ended(rollout)
    total = np.zeros(rollout.reward.shape[1])
    out = np.zeros(rollout.reward.shape)
    for t in range(rollout.reward.shape[0] - 1, -1, -1):
        total = rollout.reward[t] + gamma * np.where(over[t], 0.0, total)
        out[t] = total
    return out


def sign_conflict(run: Run) -> Tuple[bool, Optional[Direction]]:
    """Is the advantage reversed in the objective?"""
    direction = advantage_direction(run)
    return direction is not None and direction.sign < 0, direction


def reversed_by_the_loss(run: Run) -> bool:
    """Was the whole objective reversed, minimum and all? Then the loss's sign is wrong.

    A pessimistic minimum over reversed advantages means that the advantages were reversed before it.
    """
    found = [r.surrogate for r in readings(run) if r.surrogate is not None]
    return bool(found) and all(s.combine != "min" for s in found)
