"""What the policy samples at first does not fit the range of the action space."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import EXACT, RULE, Evidence, Missing, check
from ppodoctor.measures.observed import made_at
from ppodoctor.measures.steps import stepped, train_rollouts
from ppodoctor.records import EnvFacts
from ppodoctor.run import Run
from ppodoctor.specimens import RolloutSpecimen

_UNBOUNDED = 1e30


@check(
    title="The policy's actions do not fit the action space's range",
    fix="let the policy act in [-1, 1] and rescale to the space: low + (a + 1) / 2 * (high - low)",
    basis=RULE,
    faults=(45,),
    needs=("rollouts", "envs"),
    explains=("actions_saturated", "action_std_drifts", "policy_stays_uniform"),
    rivals=("actions_saturated",),
    refuted_by="first actions that spread over a good part of the range, most of them inside of it",
    treatments=("rescale_actions=true",),
    references=("Stable-Baselines3, RL tips: normalise the action space to [-1, 1], symmetric",),
)
def action_range_mismatched(
    run: Run, *, narrow: float = 0.1, outside: float = 0.5, early: int = 3, least_rows: int = 64
) -> Iterator[Evidence]:
    """The first actions cover a sliver of the allowed range, or most of them lie at or beyond a bound.

    What it sees: the actions as sent in the first recorded rollout, component by component, against the bounds of the
    Box space. Warns when the middle 95% of them cover less than a tenth of the range, or when more than 70% are at or
    beyond a bound. A component with equal bounds is exact: only one action exists.

    Why it hurts: a Gaussian of spread 1 in a range of +-100 hardly acts; in a range of +-0.01, or of 5 to 35, nearly
    everything is clipped to one bound and all actions do the same.

    Also looks like: saturation that grew during training (`actions_saturated`): there the first actions fit.

    Fix: see above; for asymmetric ranges shift as well as scale.

    References: Stable-Baselines3, RL tips and tricks; fault 45.
    """
    envs = {env.stream: env for env in run.envs if env.action.kind == "Box"}
    first = [r for r in train_rollouts(run) if r.update <= early and r.stream in envs]
    if not first:
        if envs:
            raise Missing("a rollout from the first updates")
        return
    rollout = min(first, key=lambda r: r.update)
    yield from _judge(rollout, envs[rollout.stream], (narrow, outside, least_rows))


def _judge(rollout: RolloutSpecimen, env: EnvFacts, limits: tuple[float, float, int]) -> Iterator[Evidence]:
    narrow, outside, least_rows = limits
    low, high = np.asarray(env.action.low, float), np.asarray(env.action.high, float)
    sent = np.asarray(rollout.action, np.float64)[stepped(rollout)]
    sent = sent.reshape(len(sent), -1)
    if sent.shape[1] != len(low) or len(low) != len(high) or len(sent) < least_rows:
        return
    place = made_at(env)
    if np.any(low == high):
        text = f"{int((low == high).sum())} of {len(low)} action components have equal bounds: only one action exists"
        yield Evidence(text, where=place, basis=EXACT, first_update=rollout.update)
        return
    bounded = (np.abs(low) < _UNBOUNDED) & (np.abs(high) < _UNBOUNDED)
    if not bounded.any():
        return
    sent, low, high = sent[:, bounded], low[bounded], high[bounded]
    span = high - low
    covered = (np.quantile(sent, 0.975, axis=0) - np.quantile(sent, 0.025, axis=0)) / span
    at_bound = ((sent <= low + 1e-4 * span) | (sent >= high - 1e-4 * span)).mean(0)
    if at_bound.mean() > outside:
        yield Evidence(
            f"{at_bound.mean():.0%} of the first actions lie at or beyond a bound of the space "
            f"({low.min():g} to {high.max():g}); they all act alike",
            where=place,
            strength=0.9 if at_bound.mean() > 0.8 else 0.7,
            first_update=rollout.update,
            data={"seen": float(at_bound.mean()), "healthy": (0.0, 0.3)},
        )
    elif covered.mean() < narrow:
        yield Evidence(
            f"the middle 95% of the first actions cover {covered.mean():.1%} of the range {low.min():g} to "
            f"{high.max():g}",
            where=place,
            strength=0.9 if covered.mean() < narrow / 4 else 0.7,
            first_update=rollout.update,
            data={"seen": float(covered.mean()), "healthy": (0.2, 1.0)},
        )
