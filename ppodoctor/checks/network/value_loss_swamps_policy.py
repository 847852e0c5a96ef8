"""The critic's gradient is all that the shared layers feel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.observed import span_of
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="The value loss swamps the layers it shares with the policy",
    fix="use separate networks, or divide the value coefficient by 10, or scale the rewards",
    basis=RULE,
    tolerable=True,
    faults=(21, 90, 75),
    needs=("value_grad_share",),
    explains=("policy_stays_uniform", "policy_frozen", "entropy_collapsed", "gradient_clip_dominates"),
    rivals=("reward_scale_too_large",),
    refuted_by="no faster policy with a tenth of the value coefficient",
    treatments=("value_coefficient*0.1",),
    references=("Andrychowicz et al. 2021: separate networks are better", "RLlib: scaled vf_loss above 100"),
)
def value_loss_swamps_policy(run: Run, *, share: float = 0.9995, least: int = 3) -> Iterator[Evidence]:
    """More than 99.95% of the gradient on the shared layers comes from the value loss, in the typical update.

    What it sees: the share of the value loss in the gradient of the parameters that both terms reach. In runs that
    learn it is above 99% in the first updates, while the critic is far off, and falls from there.

    Why it hurts: the layers are shaped for the critic alone, and after clipping nothing of the policy's gradient is
    left.

    Also looks like: rewards that are too large, of which this is a consequence.

    Fix: see above.

    References: Andrychowicz et al. 2021; RLlib; fault 21.
    """
    seen = finite(run.column("value_grad_share"))
    if len(seen) >= least and np.median(seen) > share and seen[-1] > share:
        yield Evidence(
            f"{np.median(seen):.3%} of the gradient on the shared layers is the value loss's",
            column="value_grad_share",
            span=span_of(run, "value_grad_share"),
            strength=0.7,
            first_update=least,
            data={"seen": float(np.median(seen)), "healthy": (0.1, 0.9)},
        )
