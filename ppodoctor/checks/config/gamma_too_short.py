"""The discount looks only a few steps ahead."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, Missing, check
from ppodoctor.measures.observed import gamma, horizon
from ppodoctor.measures.returns import task_episodes
from ppodoctor.run import Run


@check(
    title="The discount is too short for the task",
    fix="choose gamma so that 1 / (1 - gamma) reaches from an action to its reward: 0.99 looks 100 steps ahead",
    basis=RULE,
    faults=(71,),
    needs=("minibatches", "rollouts", "episodes"),
    explains=("policy_stays_uniform",),
    rivals=("hidden_state", "idle_policy_wins"),
    refuted_by="a reward that follows its action within a few steps",
    treatments=("gamma=0.99",),
    references=("Andrychowicz et al. 2021: gamma is among the most important choices", "ML-Agents: 0.8 to 0.995"),
)
def gamma_too_short(
    run: Run, *, shortest: float = 5.0, episode: float = 4.0, absurd: float = 2.6
) -> Iterator[Evidence]:
    """The horizon 1 / (1 - gamma) is under 5 steps while episodes last several times that.

    What it sees: the discount that the recomputed advantages or targets follow, and the length of episodes.

    Why it hurts: what happens later than the horizon does not reach the advantage; the policy is greedy.

    Also looks like: any plateau.

    Fix: see above.

    References: Andrychowicz et al. 2021; ML-Agents; fault 71.
    """
    discount, site = gamma(run)
    if not np.isfinite(discount):
        raise Missing("the discount, which no fit of the advantages has shown")
    lengths = [e.length for e in task_episodes(run)]
    ahead = horizon(discount)
    if len(lengths) >= 5 and 0 <= discount < 1 and ahead < shortest and np.median(lengths) > episode * ahead:
        yield Evidence(
            f"gamma is {discount:.3g}: advantages look {ahead:.1f} steps ahead, episodes last {np.median(lengths):.0f}",
            where=(site,) if site is not None else (),
            strength=0.97 if ahead <= absurd else 0.75,
            first_update=1,
            data={"seen": discount, "healthy": (0.9, 0.999)},
        )
