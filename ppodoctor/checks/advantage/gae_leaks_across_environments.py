"""The recursion runs from one environment into another."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="Advantages are carried from one environment into another",
    fix="Keep time and environment apart: run the recursion on [T, N] arrays along T, and flatten only afterwards.",
    faults=(32,),
    needs=("minibatches", "rollouts"),
    explains=("value_function_blind",),
    rivals=("gae_along_wrong_axis",),
    refuted_by="Advantages that do not depend on another environment's rewards.",
)
def gae_leaks_across_environments(run: Run) -> Iterator[Evidence]:
    """Rows of several environments are treated as one sequence.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner carries the sum from another environment.

    Why it hurts: steps are credited with what happened in another copy of the environment.

    Also looks like: a recursion along the wrong axis; with one environment neither can happen.

    Fix: transpose before flattening, or do not flatten before the recursion.

    References: A. Jones, the usual suspects: reshapes that mix axes
    """
    yield from evidence(
        run,
        "gae_leaks_across_environments",
        does="the running sum moves between environments",
        where="recursion bootstrap",
    )
