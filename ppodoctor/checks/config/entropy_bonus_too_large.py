"""The entropy bonus outweighs the advantages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.observed import entropy_weight, policy_readings
from ppodoctor.measures.trend import blocks, finite, trend
from ppodoctor.run import Run


@check(
    title="The entropy bonus is too large",
    fix="use an entropy coefficient of 0 to 0.01",
    basis=RULE,
    faults=(70, 78),
    needs=("minibatches", "entropy"),
    explains=(
        "policy_stays_uniform",
        "action_std_drifts",
        "actions_saturated",
        "return_below_random",
        "value_function_blind",
    ),
    rivals=("reward_scale_too_small", "learning_rate_too_low"),
    refuted_by="an entropy that stays as high with a coefficient of 0",
    treatments=("entropy_coefficient*0.05",),
    references=("Stable-Baselines3 issue 2240", "ML-Agents: beta 1e-4 to 1e-2"),
)
def entropy_bonus_too_large(
    run: Run, *, heavy: float = 0.05, crushing: float = 0.5, uniform: float = 0.9, least: int = 3
) -> Iterator[Evidence]:
    """The bonus has a heavy coefficient, and the policy is as random as it was, or more so.

    What it sees: the coefficient of the entropy over that of the surrogate and the spread of the advantages in it
    (usual is 0 to 0.01; heavy is above 0.05), and the entropy. With discrete actions: lately above 90% of the
    logarithm of their number. With continuous ones: rising, with a clear trend. A coefficient of a half or more is
    noted in any case.

    Why it hurts: being random pays more than being right.

    Also looks like: rewards that are too small (then the coefficient is usual and the advantages are tiny), a learning
    rate that is too low (then nothing moves).

    Fix: see above.

    References: Stable-Baselines3 issue 2240; ML-Agents; fault 70.
    """
    weight, site = entropy_weight(run)
    read = policy_readings(run)
    used = [r.surrogate.advantage for r in read if r.surrogate is not None and r.surrogate.advantage is not None]
    scale = max(float(np.median([np.std(a) for a in used])) if used else 1.0, 0.2)
    entropy = finite(run.column("entropy"))
    if not weight > heavy * scale or len(entropy) < least:
        return
    random, seen = _stays_random(read, entropy, uniform)
    if not random and weight < crushing * scale:
        return
    yield Evidence(
        f"the entropy counts {weight:.2g} times as much as the policy term (usual is 0 to 0.01), and entropy is {seen}",
        where=(site,) if site is not None else (),
        column="entropy",
        strength=0.97 if weight >= crushing * scale else 0.8,
        severity=None if random else NOTE,
        first_update=least,
        data={"seen": weight, "usual": (0.0, 0.01)},
    )


def _stays_random(read: list[LossReading], entropy: np.ndarray, uniform: float) -> tuple[bool, str]:
    """Is the policy as random as it was, or more so? And what its entropy is, in words."""
    late = float(np.median(entropy[-max(1, len(entropy) // 4) :]))
    actions = [np.shape(r.head.logits)[-1] for r in read if r.head is not None and r.head.logits is not None]
    if actions:
        share = late / np.log(actions[0])
        return bool(share > uniform), f"lately {share:.0%} of its maximum"
    rise = trend(blocks(entropy, 24))
    rises = rise.tau > 0.5 and rise.p < 0.001 if len(entropy) >= 8 else bool(np.all(np.diff(entropy) > 0))
    return rises, f"{'rising to' if rises else 'at'} {late:.3g} nats"
