"""The script receives a reward that says nothing, although the environment gives one that does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.steps import rewards_with_raw, train_rollouts
from ppodoctor.run import Run


@check(
    title="The reward that the script receives is constant",
    fix="look at what stands between the environment and the script: a wrapper, a clip, a rounding, a wrong "
    "return value",
    faults=(56,),
    needs=("rollouts",),
    explains=(
        "reward_never_met",
        "reward_scale_too_small",
        "rewards_centred",
        "policy_stays_uniform",
        "policy_frozen",
        "entropy_collapsed",
        "value_function_blind",
        "idle_policy_wins",
        "learning_rate_too_low",
    ),
    rivals=("reward_never_met", "action_ignored_by_env"),
    refuted_by="two different rewards in one rollout",
    references=("fault 56: the raw advantage has no spread",),
)
def reward_constant(run: Run, *, least_rows: int = 64) -> Iterator[Evidence]:
    """Every step brings the same number, while the innermost environment's reward tells steps apart.

    What it sees: rewards as received and as given by the innermost environment, over the recorded rollouts. Received:
    one value. Given: several, or one that is not 0 where the received one is 0.

    Why it hurts: advantages have no spread, so nothing pushes the policy anywhere but noise and the entropy bonus.

    Also looks like: a sparse reward that has not been met (`reward_never_met`): there the environment's own reward is
    constant too. A constant reward per step is fine where the length of the episode is what counts.

    Fix: see above.

    References: fault 56.
    """
    seen, raw = rewards_with_raw(run)
    if len(seen) < least_rows or not np.isfinite(seen).all() or np.ptp(seen) > 0:
        return
    if np.ptp(raw) == 0 and (seen[0] != 0 or raw[0] == 0):
        return
    given = f"{raw.min():.4g} to {raw.max():.4g}" if np.ptp(raw) > 0 else f"{raw[0]:.4g}"
    yield Evidence(
        f"the reward received is {seen[0]:.4g} at each of {len(seen)} steps; the innermost environment gave {given}",
        where=made_at(train_env(run)),
        first_update=min(r.update for r in train_rollouts(run)),
        data={"seen": float(seen[0]), "rows": len(seen)},
    )
