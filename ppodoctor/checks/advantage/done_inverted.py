"""The done flag is used the wrong way round."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="The done flag is used the wrong way round: the future is kept at ends and dropped everywhere else",
    fix="Multiply the next value and the carried sum with (1 - done), not with done.",
    faults=(
        27,
        28,
    ),
    needs=("minibatches", "rollouts"),
    explains=("value_function_blind", "gamma_too_short"),
    rivals=("done_shifted",),
    refuted_by="Advantages that the recursion with (1 - done) meets to rounding.",
)
def done_inverted(run: Run) -> Iterator[Evidence]:
    """Advantages are one-step rewards except at the ends of episodes.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner multiplies with done.

    Why it hurts: no action gets credit for anything after its own step, and the last step of an episode is
    bootstrapped from the next episode.

    Also looks like: a gamma or lambda of 0 gives the same one-step advantages within episodes; it does not bootstrap
    across their ends.

    Fix: invert the mask where the next value and the carried sum are multiplied.

    References: docs/faults.md
    """
    yield from evidence(
        run,
        "done_inverted",
        does="done is multiplied where 1 - done belongs",
        where="masks bootstrap recursion",
    )
