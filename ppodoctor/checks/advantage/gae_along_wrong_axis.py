"""The recursion runs along the wrong axis."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="The advantage recursion does not run backwards in time",
    fix="Run it over the time axis, from the last step to the first: for t in reversed(range(T)).",
    faults=(32,),
    needs=("minibatches", "rollouts"),
    tolerable=True,
    explains=("value_function_blind",),
    rivals=("gae_leaks_across_environments",),
    refuted_by="Advantages that a recursion backwards in time meets to rounding.",
)
def gae_along_wrong_axis(run: Run) -> Iterator[Evidence]:
    """The sum is carried along the environments, or forwards in time.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner runs along the environments, through the flattened rows, or from the first row to the last.

    Why it hurts: an action gets credit for other environments or for the past; only its own one-step error is right.
    Scripts with lambda well below 1 can still learn slowly.

    Also looks like: lambda 0, which has no recursion at all.

    Fix: check the shape at the loop: the first axis must be time.

    References: docs/faults.md
    """
    yield from evidence(
        run,
        "gae_along_wrong_axis",
        does="the recursion does not run backwards in time",
        where="recursion bootstrap",
    )
