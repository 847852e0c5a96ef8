"""Advantages are so small that the entropy bonus outweighs them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.observed import entropy_weight, made_at, policy_readings, train_env
from ppodoctor.run import Run


@check(
    title="The rewards are too small against the entropy bonus",
    fix="scale the rewards up, or normalise the advantages, or lower the entropy coefficient by the same factor",
    basis=RULE,
    faults=(58,),
    needs=("minibatches",),
    explains=("policy_stays_uniform", "action_std_drifts"),
    rivals=("entropy_bonus_too_large", "learning_rate_too_low"),
    refuted_by="an entropy that falls once the advantages are normalised",
    treatments=("reward_scale*100", "normalize_advantages=true"),
    references=("Stable-Baselines3 issue 2240", "fault 58"),
)
def reward_scale_too_small(
    run: Run, *, tiny: float = 0.02, outweighed: float = 2.0, usual_bonus: float = 0.05
) -> Iterator[Evidence]:
    """The advantages in the policy loss spread by a few hundredths at most, and the bonus weighs more than they do.

    What it sees: the spread of the advantages as the surrogate uses them, against the coefficient of the entropy (times
    the coefficient of the surrogate). Two conditions: a spread below 0.02, and a bonus above half of it. Normalised
    advantages spread by 1, so this speaks only where they are not normalised.

    Why it hurts: the gradient is that of the bonus: the policy stays, or becomes, uniform.

    Also looks like: a bonus that is too large by itself (`entropy_bonus_too_large`), a learning rate that is too low.

    Fix: see above.

    References: Stable-Baselines3 issue 2240; fault 58.
    """
    weight, _ = entropy_weight(run)
    used = [r.surrogate.advantage for r in policy_readings(run) if r.surrogate is not None]
    spreads = [float(np.std(a)) for a in used if a is not None and np.size(a) > 4]
    if not spreads or not 0 < weight <= usual_bonus:
        return
    size = float(np.median(spreads))
    if size < tiny and weight * outweighed > size:
        yield Evidence(
            f"advantages spread by {size:.2g} in the policy loss, against an entropy coefficient of {weight:.2g}",
            where=made_at(train_env(run)),
            strength=0.9 if weight > size else 0.7,
            first_update=1,
            data={"seen": size, "healthy": (0.1, 10.0)},
        )
