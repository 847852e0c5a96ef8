"""The action that is trained on is always the likeliest one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import CAUSE, Evidence, check
from ppodoctor.measures.loss import LossReading, PolicyHead
from ppodoctor.measures.observed import first_readings
from ppodoctor.measures.samples import sample_uses
from ppodoctor.measures.steps import basis, features, residual
from ppodoctor.run import Run

_MEAN = "the mean of its distribution"
_WHAT = {"categorical": "the likeliest one", "gaussian": _MEAN, "beta": _MEAN}


@check(
    title="Training actions are the mode of the policy, not samples from it",
    fix="draw actions with dist.sample() while collecting; take the mode or the mean in evaluation only",
    faults=(82,),
    needs=("minibatches",),
    explains=("entropy_collapsed", "policy_stays_uniform", "policy_frozen", "value_function_blind"),
    rivals=("entropy_collapsed",),
    refuted_by="one training action that is not the likeliest of its distribution",
    references=("fault 82: entropy of the actions 0, of the policy above 0",),
)
def deterministic_action_while_training(run: Run, *, surprise: float = 25.0, least: int = 32) -> Iterator[Evidence]:
    """All training actions are the arg max (or exactly the mean), which sampling would not do.

    What it sees: the policy's distribution and the actions in the first minibatch of each update, where the policy is
    still the one that acted. For discrete actions: every one is the likeliest, and the probability that samples would
    all be is below exp(-25). For continuous ones: every one equals the mean to rounding; or, of another distribution
    than a Gaussian, the actions that the untrained policy sent are a smooth function of what its last layers gave, to a
    hundredth of their spread.

    Why it hurts: without exploration no action is ever compared with another one; the log-probabilities are those of a
    policy that did not act.

    Also looks like: a collapsed entropy (there the distribution itself is nearly certain, so the modes are no
    surprise).

    Fix: see above.

    References: fault 82.
    """
    total, rows, kind, first = 0.0, 0, "", None
    for one in first_readings(run):
        found = None if one.head is None else _modes(one.head)
        if found is None and not rows and one.head is not None and one.head.outputs is not None:
            # later the outputs have spread, and what a fit of them leaves is no longer rounding
            found = _function_of(one.head.outputs, _sent(run, one))
        if found is None:
            continue
        if found < 0:
            return
        total, rows = total + found, rows + one.batch
        kind, first = str(one.head.kind) if one.head is not None else "", first or one.update
    if total > surprise and rows >= least:
        text = f"all {rows} training actions that were read are a smooth function of what the policy's layers gave"
        if kind in _WHAT:
            text = (
                f"all {rows} training actions that were read are {_WHAT[kind]}; samples would all be so with a "
                f"probability below exp(-{min(total, 1e6):.0f})"
            )
        yield Evidence(
            text,
            severity=CAUSE,
            first_update=first,
            data={"rows": rows},
        )


def _sent(run: Run, reading: LossReading) -> np.ndarray | None:
    """[B, d] the actions of the environment steps that a minibatch is made of, NaN where unmatched."""
    use = next((one for one in sample_uses(run) if one.reading is reading), None)
    actions = [np.asarray(rollout.action) for rollout in run.rollouts]
    if use is None or any(action.dtype.kind != "f" or action.ndim < 3 for action in actions):
        return None
    rows = [action.reshape(action.shape[0] * action.shape[1], -1) for action in actions]
    if len({one.shape[1] for one in rows}) != 1:
        return None
    every = np.concatenate(rows)
    return np.where(use.row[:, None] >= 0, every[np.maximum(use.row, 0)], np.nan)


def _function_of(outputs: np.ndarray, action: np.ndarray | None, *, rest: float = 1e-4) -> float | None:
    """As `_modes`: does a fit with squares and cubes leave less than `rest` of each component's variance?"""
    if action is None or len(action) != len(outputs):
        return None
    known = np.isfinite(action).all(1) & np.isfinite(outputs).all(1)
    given = basis(features(outputs[known]))
    if known.sum() < 4 * given.shape[1] + 32:
        return None
    moved = action[known] - action[known].mean(0)
    moved = moved[:, moved.std(0) > 0]
    if not moved.size:
        return None
    return 1e9 if (residual(moved, given).var(0) < rest * moved.var(0)).all() else -1.0


def _modes(head: PolicyHead) -> float | None:
    """Minus the log-probability that samples would all be modes; negative when one is not, None when unknown."""
    if head.kind == "categorical" and head.logits is not None and head.action is not None:
        logits, action = np.asarray(head.logits, float), np.asarray(head.action)
        if logits.ndim < 2 or action.shape != logits.shape[:-1]:
            return None
        logits, action = logits.reshape(-1, logits.shape[-1]), action.ravel()
        chosen = logits[np.arange(len(action)), action.astype(int)]
        top = logits.max(1)
        return float(-top.sum()) if np.all(chosen >= top - 1e-6) else -1.0
    if head.kind in ("gaussian", "beta") and head.mean is not None and head.action is not None and head.std is not None:
        mean, action = np.asarray(head.mean, float), np.asarray(head.action, float)
        if mean.shape != action.shape:
            return None
        same = np.abs(action - mean) <= 1e-5 * np.maximum(np.abs(head.std), 1e-8) + 1e-6 * np.abs(mean)
        return 1e9 if np.all(same) else -1.0
    return None
