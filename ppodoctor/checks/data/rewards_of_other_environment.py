"""Rewards belong to another environment."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.raw_rewards import moved_rewards
from ppodoctor.run import Run


@check(
    title="The reward of a neighbouring environment is credited to the action",
    fix="Keep the order of the environments: reward[i] belongs to action[i] and observation[i].",
    faults=(52,),
    needs=("minibatches", "rollouts"),
    explains=("value_function_blind",),
    rivals=("rewards_shifted",),
    refuted_by="Advantages that the reward of the own environment meets to rounding.",
)
def rewards_of_other_environment(run: Run) -> Iterator[Evidence]:
    """Rewards of a vector environment are permuted.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner uses the reward of the environment beside. Or the rewards that the script receives are those that
    the innermost environments paid, in another order.

    Why it hurts: an action is credited with what another copy of the environment paid: pure noise.

    Also looks like: rewards shifted by a step.

    Fix: do not roll, sort or reshape rewards apart from observations and actions.

    References: docs/faults.md
    """
    moved = moved_rewards(run)
    if moved is not None and moved.copies:
        yield Evidence(
            f"the rewards that the script receives are the innermost ones of other environments ({moved.copies} places "
            f"on, in {moved.rows} steps whose own reward is another)",
            where=made_at(train_env(run)),
            first_update=moved.update,
            data={"places": moved.copies, "rows": moved.rows},
        )
        return
    yield from evidence(
        run,
        "rewards_of_other_environment",
        does="the reward of another environment is used",
        where="rewards bootstrap",
    )
