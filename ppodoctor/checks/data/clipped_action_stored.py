"""Clipped actions are stored and trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ppodoctor.checks.api import NOTE, Evidence, Missing, check
from ppodoctor.measures.minibatches import PolicyMinibatch, policy_minibatches, site_over
from ppodoctor.measures.telemetry import log_ratio
from ppodoctor.run import Run


@check(
    title="The log-probability is taken of the clipped action, not of the sampled one",
    fix="Store the sampled action, and clip only the copy that is sent to the environment.",
    faults=(9,),
    needs=("minibatches",),
    mild=True,
    explains=("ratio_not_one_at_start",),
    rivals=("actions_saturated",),
    refuted_by="Stored actions of a Gaussian policy that do not pile up at two values.",
    references=("Huang et al. 2022, The 37 implementation details of PPO: action clipping and storage",),
)
def clipped_action_stored(run: Run, *, share: float = 0.01) -> Iterator[Evidence]:
    """A Gaussian never gives the same number twice, yet many stored actions are exactly at a bound.

    What it sees: the actions whose Gaussian log-density is in the loss, and how many of them equal the largest or the
    smallest one exactly.

    Why it hurts: the density at the bound is not the probability of having been clipped; the gradient pulls the mean
    to the bound, or the ratio is wrong from the start.

    Also looks like: actions that saturate at the bounds of the environment while the sampled ones are stored: that is
    a matter of range, and the stored ones do not pile up.

    Fix: env.step(action.clip(low, high)), but log_prob(action).

    References: Huang et al. 2022, The 37 implementation details of PPO: action clipping and storage.
    """
    found = [m for m in policy_minibatches(run) if m.reading.head is not None and m.reading.head.kind == "gaussian"]
    stored = [_flat(m.reading.head.action) for m in found if m.reading.head and m.reading.head.action is not None]
    if not stored:
        raise Missing("no Gaussian policy whose actions could be read")
    actions = np.concatenate(stored)
    # an action is read as mean plus deviation, so that equal ones may differ in their last digit
    piled = [_piled(np.unique(np.round(actions[:, d], 5), return_counts=True)) for d in range(actions.shape[1])]
    worst = int(np.argmax([count for count, _, _ in piled]))
    count, low, high = piled[worst]
    if count < max(4, share * len(actions)):
        return
    shown = _off_at(found, worst, (low, high))
    yield Evidence(
        f"{count} of {len(actions)} stored actions (component {worst}) are exactly {low:.4g} or {high:.4g}, the "
        "smallest and the largest of all; a Gaussian sample repeats no number",
        where=tuple(s for s in (site_over(tuple(m.surrogate for m in found), "ratio_site"),) if s is not None),
        first_update=found[0].reading.update,
        data={"seen": count / len(actions)},
        severity=None if shown else NOTE,
    )


def _off_at(found: Sequence[PolicyMinibatch], component: int, bounds: tuple[float, float]) -> bool:
    """Is the ratio of clipped actions off before any step, and that of the others not?

    Where the clipped action's density is used on both sides the ratio is 1: a biased habit that learning survives.
    """
    at: list[np.ndarray] = []
    inside: list[np.ndarray] = []
    for one in found:
        logs, head = log_ratio(one.reading), one.reading.head
        if not one.in_order or logs is None or head is None or head.action is None:
            continue
        action = _flat(head.action)[:, component]
        if action.size == logs.size:
            clipped = np.isclose(action, bounds[0], atol=1e-5) | np.isclose(action, bounds[1], atol=1e-5)
            at.append(np.abs(logs[clipped]))
            inside.append(np.abs(logs[~clipped]))
    if not at or not np.concatenate(at).size:
        return False
    others = np.concatenate(inside)
    return bool(np.concatenate(at).mean() > 5 * (others.mean() if others.size else 0.0) + 1e-4)


def _flat(action: np.ndarray) -> np.ndarray:
    whole = np.asarray(action, np.float64)
    return whole.reshape(-1, whole.shape[-1]) if whole.ndim > 1 else whole.reshape(-1, 1)


def _piled(counts: tuple[np.ndarray, np.ndarray]) -> tuple[int, float, float]:
    """How many values equal an extreme that comes more than once in every few hundred, and the extremes.

    Epochs repeat every sample, so a count is compared with that of the commonest value inside.
    """
    values, times = counts
    if len(values) < 8:
        return 0, float(values[0]), float(values[-1])
    inside = int(times[1:-1].max())
    ends = sum(int(number) for number in (times[0], times[-1]) if number > 3 * inside)
    return ends, float(values[0]), float(values[-1])
