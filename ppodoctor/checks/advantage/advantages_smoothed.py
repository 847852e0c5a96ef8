"""Advantages are averaged over neighbouring steps."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import sites
from ppodoctor.checks.api import Evidence, Missing, check
from ppodoctor.measures.credit import fit_targets
from ppodoctor.measures.credit_smooth import smoothing_of
from ppodoctor.run import Run


@check(
    title="Advantages are a moving average over neighbouring steps",
    fix="Use the advantage of the step itself; to reduce its variance lower lambda or enlarge the batch.",
    faults=(32,),
    needs=("minibatches", "rollouts"),
    tolerable=True,
    rivals=("gae_leaks_across_episodes",),
    refuted_by="Advantages that the recursion behind the targets meets to rounding without an average.",
)
def advantages_smoothed(run: Run) -> Iterator[Evidence]:
    """What enters the surrogate is an average of the advantages of several steps, not a bootstrap.

    What it sees: the advantages that the recursion behind the value targets gives, and the weights with which those of
    neighbouring rows make up the surrogate's.

    Why it hurts: credit is spread over actions before and after the one that earned it, also across the ends of
    episodes.

    Also looks like: a large lambda, which also correlates neighbouring advantages, but only with later rewards of the
    same episode.

    Fix: leave the average out.

    References: docs/faults.md, folklore: a moving average of advantages is smoothing, not bootstrapping.
    """
    targets = fit_targets(run)
    if not targets or not targets[0].exact:
        raise Missing("the value targets could not be fitted, so that the advantages behind them are not known")
    found = smoothing_of(run)
    if found is None:
        return
    span = f"{found.lags[0]:+d} to {found.lags[-1]:+d}"
    yield Evidence(
        f"{found.share:.1%} of {found.rows} advantages are averages over rows {span} along {found.along}, with weights "
        f"{', '.join(f'{w:.2g}' for w in found.weights[:6])}{' ...' if len(found.weights) > 6 else ''}",
        where=sites(run, "normalisation recursion"),
        first_update=targets[0].updates[0],
        data={"lags": list(found.lags), "weights": list(found.weights)},
    )
