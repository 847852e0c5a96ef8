"""The return itself is used as the advantage."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import sites
from ppodoctor.checks.api import NOTE, Evidence, Missing, check
from ppodoctor.measures.credit import fit_advantages
from ppodoctor.run import Run


@check(
    title="The advantage is the return: no value is subtracted",
    fix="Subtract the critic's value: advantage = return - value.",
    faults=(74,),
    needs=("minibatches", "rollouts"),
    severity=NOTE,
    refuted_by="Advantages that contain the negative of the value.",
)
def advantage_without_baseline(run: Run) -> Iterator[Evidence]:
    """The surrogate is weighted with returns.

    What it sees: the advantages of the recorded surrogates, recomputed from rewards; what meets them has no value
    subtracted.

    Why it hurts: the gradient is right on average but much noisier, and the critic is trained for nothing.

    Also looks like: an advantage that was not normalised; both have a mean far from 0.

    Fix: subtract the value, then normalise.

    References: Sutton and Barto, Reinforcement Learning, section 13.4: REINFORCE with baseline.
    """
    found = fit_advantages(run)
    if not found:
        raise Missing("no advantage could be matched to recorded environment steps")
    fit = found[0]
    if fit.exact and fit.form in ("return", "mc_return"):
        yield Evidence(
            f"{fit.explained:.1%} of {fit.rows} advantages equal {fit.winner}, to rounding",
            where=sites(run, "targets recursion"),
            first_update=fit.updates[0],
        )
