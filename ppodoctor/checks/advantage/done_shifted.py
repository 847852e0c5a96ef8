"""The done flag of the wrong step enters the recursion."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="The done flag is read one step too early or too late",
    fix="Use the flag that step t itself returned: bootstrap with 1 - terminated[t], carry with 1 - "
    "(terminated[t] or truncated[t]).",
    faults=(27,),
    needs=("minibatches", "rollouts"),
    explains=("value_function_blind", "termination_ignored", "gae_leaks_across_episodes"),
    rivals=("termination_ignored", "done_inverted"),
    refuted_by="Advantages that the recursion with the own step's flags meets to rounding.",
)
def done_shifted(run: Run) -> Iterator[Evidence]:
    """Advantages are cut one row beside the true end of an episode.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner takes the done flag of the row before or after.

    Why it hurts: the last step of every episode is bootstrapped from the next episode, and the first (or last but
    one) step loses its future; the error sits at the ends, where most of the signal is.

    Also looks like: a termination that is ignored leaves the same hole at the end, but then no other row is cut;
    explained variance and losses look normal in both.

    Fix: a buffer that stores "the episode starts here" flags needs dones[t + 1] (and the flag after the last step for
    the last row); one that stores what step t returned needs dones[t].

    References: A. Jones, Debugging RL, without the agonizing pain; vwxyzjn/cleanrl ppo.py for the start-flag
    convention
    """
    yield from evidence(
        run,
        "done_shifted",
        does="the done flag of a neighbouring step is used",
        where="masks bootstrap recursion",
    )
