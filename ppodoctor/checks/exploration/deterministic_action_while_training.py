"""The action that is trained on is always the likeliest one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import CAUSE, Evidence, check
from ppodoctor.measures.loss import PolicyHead
from ppodoctor.measures.observed import first_readings
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
    all be is below exp(-25). For continuous ones: every one equals the mean to rounding.

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
        if found is None:
            continue
        if found < 0:
            return
        total, rows = total + found, rows + one.batch
        kind, first = str(one.head.kind) if one.head is not None else "", first or one.update
    if total > surprise and rows >= least:
        yield Evidence(
            f"all {rows} training actions that were read are {_WHAT[kind]}; samples would all be so with a probability "
            f"below exp(-{min(total, 1e6):.0f})",
            severity=CAUSE,
            first_update=first,
            data={"rows": rows},
        )


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
