"""Rewards that a script divides by a running standard deviation on their way into its buffer, made again.

The environment's rewards are recorded as the script received them. Many scripts keep a running variance of the rewards,
or of their discounted sum (Engstrom et al. 2020, "Implementation Matters in Deep RL", section 3), from the first step
on, and store r / std: a number of another scale at every step, which no fit with one scale can meet. Where every step
since the first was recorded, those numbers follow from the rewards alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.configured import GAMMA, named_numbers
from ppodoctor.measures.credit_regress import local_fit
from ppodoctor.measures.credit_table import Steps
from ppodoctor.measures.steps import unbroken_rollouts
from ppodoctor.run import Run
from ppodoctor.specimens import RolloutSpecimen

Array = Any

MET = 1e-5
"""Median residual of neighbouring rows, in standard deviations, below which rewards are those that were received."""
NEAR = 0.01
"""The same, below which scaled rewards are taken for the ones used; they must also do `BETTER` times as well."""
BETTER = 10.0
CLEARER = 0.5
"""Part of the residual of a likelier scaling that a less likely one may leave to be taken instead."""


@dataclass(frozen=True)
class Scaling:
    """A way to scale rewards."""

    gamma: float
    """Of the discounted sum whose spread is taken; 0 for the rewards' own."""
    restarts: bool = True
    """The sum begins anew with each episode."""
    centred: bool = False
    """The running mean is subtracted, too."""
    prior: Tuple[float, float] = (0.0, 0.0)
    """Count and variance that the running variance begins with (1e-4 and 1 in gym's RunningMeanStd)."""
    unbiased: bool = False


def with_scaled_rewards(run: Run, steps: Steps) -> Steps:
    """The table with rewards as a running scale gives them where these, and not the plain ones, lead to what was used.

    Columns whose rewards cannot be made again are left out then. Any other table is returned as it is.
    """
    plain = _apart(steps)
    if plain is None or plain < MET:
        return steps
    best: Optional[Tuple[float, Steps]] = None
    for scaling in _scalings(run):
        table = _scaled(run, steps, scaling)
        apart = None if table is None else _apart(table)
        if table is not None and apart is not None and (best is None or apart < CLEARER * best[0]):
            best = (apart, table)
        if best is not None and best[0] < MET:
            break
    return best[1] if best is not None and best[0] < NEAR and best[0] * BETTER < plain else steps


def _apart(steps: Steps) -> Optional[float]:
    """How far the best recursion between neighbouring rows stays from what was used; None where too little is known."""
    best: Optional[float] = None
    for quantity in (steps.target, steps.advantage):
        found = local_fit(steps, quantity, any_reward=True)
        if found is not None and (best is None or found.apart < best):
            best = found.apart
        if best is not None and best < MET:
            break
    return best


def _scalings(run: Run) -> Iterator[Scaling]:
    """The likely ones first."""
    named = [one.value for one in named_numbers(run, GAMMA) if 0.0 < one.value < 1.0]
    gammas = list(dict.fromkeys([*named[:2], 0.99]))
    for prior in ((0.0, 0.0), (1e-4, 1.0)):
        for gamma in gammas:
            for restarts in (True, False):
                yield Scaling(gamma, restarts, prior=prior)
        yield Scaling(0.0, centred=True, prior=prior)
        yield Scaling(0.0, prior=prior)
    yield Scaling(gammas[0], unbiased=True)
    yield Scaling(0.0, centred=True, unbiased=True)


def _scaled(run: Run, steps: Steps, scaling: Scaling) -> Optional[Steps]:
    """The columns of the table whose rewards follow from those since the first step."""
    made: Dict[Tuple[int, int, int], List[Array]] = {}
    for stream, rollouts in unbroken_rollouts(run).items():
        reward = _running(rollouts, scaling)
        begin = 0
        for rollout in rollouts:
            rows = reward[begin : begin + len(rollout.reward)]
            begin += len(rows)
            for n in range(rows.shape[1]):
                made.setdefault((rollout.update, stream, n), []).append(rows[:, n])
    known = [i for i, column in enumerate(steps.columns) if column in made]
    if not known:
        return None
    table = steps.only(np.array(known))
    reward = table.reward.copy()
    for i, column in enumerate(table.columns):
        rows = np.concatenate(made[column])
        if len(rows) != int(table.valid[:, i].sum()):
            return None
        reward[: len(rows), i] = rows
    return replace(table, reward=reward)


def _running(rollouts: List[RolloutSpecimen], scaling: Scaling) -> Array:
    """[T, N] rewards of one stream, scaled step by step."""
    reward = np.concatenate([np.asarray(one.reward, np.float64) for one in rollouts])
    sums = reward
    if scaling.gamma:
        begins = np.concatenate([_begins(one) for one in rollouts])
        sums, last = np.empty_like(reward), np.zeros(reward.shape[1])
        for t, row in enumerate(reward):
            last = row + scaling.gamma * (np.where(begins[t], 0.0, last) if scaling.restarts else last)
            sums[t] = last
    count, variance = scaling.prior
    size = count + sums.shape[1] * np.arange(1, len(sums) + 1)
    mean = np.cumsum(sums.sum(axis=1)) / size
    power = count * variance + np.cumsum((sums**2).sum(axis=1)) - size * mean**2
    spread = np.sqrt(np.maximum(power, 0.0) / np.maximum(size - scaling.unbiased, 1.0))
    spread = np.where(spread > 1e-6 * np.abs(mean), spread, np.abs(mean))  # of a single number there is none
    return np.asarray((reward - (mean[:, None] if scaling.centred else 0.0)) / (spread[:, None] + 1e-8))


def _begins(rollout: RolloutSpecimen) -> Array:
    shape = np.shape(rollout.reward)
    return np.zeros(shape, bool) if rollout.reset_before is None else np.asarray(rollout.reset_before, bool)
