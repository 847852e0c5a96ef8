"""The action that the policy sends has no effect on anything."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, Evidence, Missing, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.steps import (
    WIDEST,
    Transitions,
    basis,
    effect_p,
    effect_p_uneven,
    features,
    residual,
    standardised,
    train_rollouts,
    transitions,
    widest,
)
from ppodoctor.run import Run

_WHOLE = 128
"""Of wide observations (pictures) each number is looked at, up to so many: an action may move any of them."""


@check(
    title="The environment ignores the agent's action",
    fix="follow one action from the policy to the simulator: is it the variable that is used, has it the type "
    "and index expected?",
    basis=MEASURED,
    faults=(47,),
    needs=("rollouts",),
    explains=(
        "policy_stays_uniform",
        "entropy_collapsed",
        "one_action_dominates",
        "return_below_random",
        "idle_policy_wins",
        "hidden_state",
        "value_function_blind",
    ),
    rivals=("observation_constant", "reward_constant", "reward_never_met"),
    refuted_by="two different actions from one state that lead to different states or rewards",
    references=("fault 47: no mutual information between the action and what follows",),
)
def action_ignored_by_env(
    run: Run, *, least_steps: int = 1000, most: int = 2500, p: float = 1e-4, lags: int = 4
) -> Iterator[Evidence]:
    """Neither the next observation nor the reward nor an end depends on the action.

    What it sees: the first recorded steps. What the observation and its last change predict of the next change, of
    the reward and of the end (a fit with squares and products) is taken away, likewise what they predict of the
    action; what is left of both must be related if actions matter. F tests for the action now, up to four steps
    earlier, and for its products with the observation. It speaks only when none of them, corrected for their number,
    is below 0.0001 in at least 1000 steps in which actions varied.

    Why it hurts: there is nothing to learn; every policy scores like random play.

    Also looks like: a constant observation or reward (both are looked at first), a task in which actions matter rarely
    (record more steps).

    Fix: see above. Common: the action is sampled again inside of a wrapper, an index is off by one, a clipped or
    normalised copy is computed and the other one is sent.

    References: fault 47; Schulman, nuts and bolts of deep RL.
    """
    # the first steps: later the action follows the observation, and what a fit misses of both looks like an effect
    data = transitions(run, most=most)
    if data is None:
        raise Missing("numeric actions in the recorded rollouts")
    if len(data) < least_steps:
        raise Missing(f"{least_steps} recorded steps ({len(data)} are there)")
    if not np.isfinite(data.obs).all() or not _varied(data.action) or np.all(np.ptp(data.obs, axis=0) == 0):
        return
    if _leaves_nothing(data):
        raise Missing("actions that differ where the observation is the same")
    tests: list[float] = []
    for lag in range(lags + 1):
        tests += _tests(data, lag)
        if not tests or min(tests) < 1e-9:
            return
    lowest = min(1.0, min(tests) * len(tests))
    if lowest > p:
        yield Evidence(
            f"over {len(data)} steps nothing that follows depends on the action: the next observation, the "
            "reward and the "
            f"end of the episode are what the observation alone predicts (smallest corrected p = {lowest:.2f} of "
            f"{len(tests)} tests)",
            where=made_at(train_env(run)),
            strength=1.0 if len(data) >= 2 * least_steps else 0.9,
            first_update=min(r.update for r in train_rollouts(run)),
            data={"p": lowest, "steps": len(data)},
        )


def _varied(action: np.ndarray, least_share: float = 0.05) -> bool:
    """Were at least two actions used often enough (one-hot), or do the components spread?"""
    if np.isin(action, (0.0, 1.0)).all() and action.shape[1] > 1:
        return bool((action.mean(0) >= least_share).sum() >= 2)
    return bool(np.ptp(action, axis=0).max() > 0)


def _tests(data: Transitions, lag: int) -> list[float]:
    """p-values of the action `lag` steps back for every outcome that varies."""
    rows = np.arange(len(data))
    origin = rows.copy()
    for _ in range(lag):
        origin = np.where(origin >= 0, data.before[np.maximum(origin, 0)], -1)
    moved = np.isfinite(data.change).all(1)
    follows = (data.before >= 0) & moved[np.maximum(data.before, 0)]
    known = (origin >= 0) & moved
    # where most steps follow another one, the last change stands for what the observation hides, such as a velocity
    remembered = bool((known & follows).sum() > 0.7 * known.sum())
    known &= follows | (not remembered)
    if known.sum() < 200:
        return []
    obs, past = features(data.obs[known]), data.action[origin[known]]
    whole = standardised(widest(data.obs[known], most=_WHOLE))
    wide = data.obs.shape[1] > WIDEST
    if wide and known.sum() < 6 * past.shape[1] * whole.shape[1]:
        raise Missing(f"steps enough for {whole.shape[1]} numbers of each observation ({int(known.sum())} are there)")
    history = standardised(widest(data.change[data.before[known]])) if remembered else obs[:, :0]
    given = basis(np.concatenate([obs, history, whole] if wide else [obs, history], axis=1))
    causes = residual(_with_products(past, whole if wide else obs[:, 1:5]), given)
    causes = causes[:, causes.std(0) > 1e-9]
    changes = standardised(widest(data.change[known], most=_WHOLE if wide else WIDEST))
    together = np.concatenate([changes, standardised(data.reward[known, None]), data.ended[known, None]], axis=1)
    left = residual(together, given)
    # what the observation predicts fully leaves rounding, which is no evidence about the action
    left = left[:, left.std(0) > 1e-6 * np.maximum(together.std(0), 1e-12)]
    found = effect_p(left, causes, given.shape[1])
    seems = found < 1e-3  # the slower test can only take such a one back
    found[seems] = np.maximum(found[seems], effect_p_uneven(left[:, seems], causes))
    return [float(p) for p in found]


def _with_products(action: np.ndarray, obs: np.ndarray) -> np.ndarray:
    """The action, its square where it is a quantity, and its products with the columns of the observation."""
    return np.concatenate([action, action**2, *(action * obs[:, k : k + 1] for k in range(obs.shape[1]))], axis=1)


def _leaves_nothing(data: Transitions, *, least: float = 0.05) -> bool:
    """Is the action all but a function of the observation? Then nothing can tell what either of them does."""
    left = residual(data.action - data.action.mean(0), basis(features(data.obs)))
    return bool((left.var(0) < least * np.maximum(data.action.var(0), 1e-12)).all())
