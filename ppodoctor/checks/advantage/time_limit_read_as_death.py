"""A time limit counts as death."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="Episodes cut by a time limit are treated as if they had ended",
    fix="At a truncated step add gamma * V(final observation) and cut only the recursion.",
    faults=(29,),
    needs=("minibatches", "rollouts"),
    tolerable=True,
    rivals=("time_limit_flagged_as_termination", "time_limit_bootstrapped_from_reset"),
    explains=("value_function_blind",),
    refuted_by="Targets at truncated steps that contain gamma * V(final observation).",
)
def time_limit_read_as_death(run: Run) -> Iterator[Evidence]:
    """The future beyond a time limit is set to 0.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner has no value where an episode was cut.

    Why it hurts: states near the limit look worse than they are, and equal observations get different targets; it
    matters when the limit is short against 1 / (1 - gamma), little when most episodes end by themselves.

    Also looks like: an environment that reports its time limit as terminated gives the same numbers; then the script
    cannot know.

    Fix: keep terminated and truncated apart, and ask the critic about the final observation (infos["final_obs"] in
    vector environments).

    References: Pardo et al. 2018, Time Limits in Reinforcement Learning; many scripts that learn do this (21 of 40
    public ones)
    """
    yield from evidence(
        run,
        "time_limit_read_as_death",
        does="truncated steps are not bootstrapped",
        where="masks bootstrap recursion",
    )
