"""Rewards belong to another step."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.raw_rewards import moved_rewards
from ppodoctor.run import Run


@check(
    title="The reward of a neighbouring step is credited to the action",
    fix="Store the reward that step(action) returned together with the observation the action was chosen on.",
    faults=(33,),
    needs=("minibatches", "rollouts"),
    explains=("value_function_blind",),
    rivals=("observations_shifted",),
    refuted_by="Advantages that the reward of the own step meets to rounding.",
)
def rewards_shifted(run: Run) -> Iterator[Evidence]:
    """Reward and action are misaligned by one step.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner uses the reward of the step before or after. Or the rewards that the script receives are those
    that the innermost environment paid a step before or after.

    Why it hurts: the consequence is credited to the wrong action; with dense, slowly changing rewards it shows
    little, with sparse ones nothing can be learned.

    Also looks like: observations stored one step late; there the action is matched to the wrong observation too.

    Fix: append observation, action and reward of one step in one place.

    References: A. Jones, probe environments 4 and 5
    """
    moved = moved_rewards(run)
    if moved is not None and moved.steps:
        yield Evidence(
            "the rewards that the script receives are the innermost ones of the step "
            f"{'before' if moved.steps > 0 else 'after'} (in {moved.rows} steps whose own reward is another)",
            where=made_at(train_env(run)),
            first_update=moved.update,
            data={"steps": moved.steps, "rows": moved.rows},
        )
        return
    yield from evidence(
        run,
        "rewards_shifted",
        does="the reward of another step is used",
        where="rewards bootstrap recursion",
    )
