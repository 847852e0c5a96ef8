"""The value loss is regressed on something that is no return."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import sites
from ppodoctor.checks.api import Evidence, Missing, check
from ppodoctor.measures.credit import fit_targets
from ppodoctor.measures.minibatches import site_over, value_minibatches
from ppodoctor.run import Run


@check(
    title="The critic is trained on the advantage, not on the return",
    fix="Regress the value on advantages + values (the values stored when acting, advantages before normalisation).",
    faults=(11,),
    needs=("minibatches", "rollouts"),
    tolerable=True,
    explains=("value_function_blind",),
    rivals=("value_function_blind",),
    refuted_by="Targets that equal advantage plus value, or a discounted return.",
    references=("docs/faults.md: invariant I4",),
)
def target_is_not_return(run: Run) -> Iterator[Evidence]:
    """The target of the value loss is the advantage itself.

    What it sees: the targets of the recorded value losses, recomputed from rewards and the script's own values. What
    meets them lacks the value that a return contains.

    Why it hurts: the critic learns how much better than itself it did, which tends to 0: its values sink towards 0
    and stop being a baseline. With lambda near 1 the advantage still holds the return minus an old value, so that some
    scripts learn all the same.

    Also looks like: a critic that cannot fit (explained variance near 0 with right targets).

    Fix: returns = advantages + values.

    References: docs/faults.md, invariant I4.
    """
    found = fit_targets(run)
    if not found:
        raise Missing("no value target could be matched to recorded environment steps")
    fit = found[0]
    if not fit.exact or fit.form not in ("advantage", "mc_advantage"):
        return
    seen = site_over(tuple(value for _, value, _ in value_minibatches(run)), "site")
    yield Evidence(
        f"{fit.explained:.1%} of {fit.rows} value targets equal {fit.winner}, to rounding; "
        "a return would have the value added",
        where=sites(run, "targets") or ((seen,) if seen is not None else ()),
        first_update=fit.updates[0],
        data={"residual": fit.residual, "runner_up_residual": fit.runner_up_residual},
    )
