"""The script maximises the negative of the environment's reward."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.credit import fit_targets
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.steps import rewards_with_raw, train_rollouts
from ppodoctor.run import Run


@check(
    title="The reward that the script receives has the wrong sign",
    fix="remove the minus sign between the environment and the script (or confirm that the environment returns a cost)",
    faults=(59,),
    needs=("rollouts",),
    explains=(
        "return_below_random",
        "entropy_collapsed",
        "idle_policy_wins",
        "proxy_reward_misleads",
        "rewards_centred",
    ),
    rivals=("policy_loss_sign_flipped",),
    refuted_by="an environment whose reward is documented as a cost",
    references=("fault 59: the optimizer works well in the wrong direction",),
)
def reward_sign_flipped(
    run: Run, *, least_rows: int = 64, correlation: float = -0.99, scaled: float = -0.8
) -> Iterator[Evidence]:
    """Where the innermost environment gives more, the script receives less.

    What it sees: received and innermost rewards of the same steps. They are exact opposites (correlation below -0.99;
    or below -0.8 with opposite signs at all steps, as behind a running scale), or constants of opposite sign. And the
    script's own arithmetic: value targets that are met, to rounding, by rewards of the opposite sign.

    Why it hurts: the agent learns, well, to do the worst.

    Also looks like: a policy loss with the wrong sign. Told apart: there the rewards agree, and the log-probability
    falls where the advantage is positive.

    Fix: see above.

    References: fault 59.
    """
    seen, raw = rewards_with_raw(run)
    if len(seen) < least_rows or not (np.isfinite(seen).all() and np.isfinite(raw).all()):
        return
    if np.ptp(seen) > 0 and np.ptp(raw) > 0:
        together = float(np.corrcoef(seen, raw)[0, 1])
        text = f"received and environment's rewards are opposites (correlation {together:.3f} over {len(seen)} steps)"
        # a running scale between the two loosens the correlation, not the opposite signs
        products = seen * raw
        turned = float((products[products != 0] < 0).mean()) if np.any(products != 0) else 0.0
        opposite = together < correlation or (together < scaled and turned > 0.99)
    else:
        opposite = bool(np.ptp(seen) == 0 and np.ptp(raw) == 0 and seen[0] * raw[0] < 0)
        text = f"the environment gives {raw[0]:.4g} at each of {len(seen)} steps, the script receives {seen[0]:.4g}"
    in_script = next((fit for fit in fit_targets(run) if fit.exact and not fit.scaling_unknown), None)
    if not opposite and in_script is not None and in_script.reward_scale < 0:
        opposite = True
        text = (
            f"the script turns the sign of the rewards that it receives: its value targets are {in_script.winner} of "
            f"{in_script.reward_scale:.4g} times the reward ({in_script.explained:.1%} of {in_script.rows} met to "
            "rounding)"
        )
    if opposite:
        first = min(r.update for r in train_rollouts(run))
        yield Evidence(text, where=made_at(train_env(run)), first_update=first)
