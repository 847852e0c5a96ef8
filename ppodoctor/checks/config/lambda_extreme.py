"""The trace parameter of GAE is near 0."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import RULE, Evidence, Missing, check
from ppodoctor.measures import credit
from ppodoctor.run import Run


@check(
    title="GAE's lambda is far below what is usual",
    fix="use a lambda of 0.9 to 0.97",
    basis=RULE,
    tolerable=True,
    faults=(72,),
    needs=("minibatches", "rollouts"),
    rivals=("gamma_too_short",),
    refuted_by="no faster learning with lambda 0.95",
    treatments=("gae_lambda=0.95",),
    references=("Andrychowicz et al. 2021: 0.9", "ML-Agents: 0.9 to 0.95"),
)
def lambda_extreme(run: Run, *, low: float = 0.4) -> Iterator[Evidence]:
    """The advantage is a sum over a step or two, the rest is left to the critic.

    What it sees: the lambda that the recomputed advantages follow to rounding.

    Why it hurts: credit travels one step per update, through a critic that is wrong at first.

    Also looks like: a discount that is too short.

    Fix: see above.

    References: Andrychowicz et al. 2021; ML-Agents; fault 72.
    """
    fits = [fit for fit in credit.fit_advantages(run) if fit.exact and fit.lam is not None]
    if not fits:
        raise Missing("lambda, which no fit of the advantages has shown")
    for fit in fits:
        if fit.lam is not None and fit.lam < low:
            yield Evidence(
                f"the advantages follow GAE with lambda {fit.lam:.3g} (usual is 0.9 to 0.97)",
                strength=0.7,
                first_update=1,
                data={"seen": fit.lam, "healthy": (0.9, 0.98)},
            )
            return
