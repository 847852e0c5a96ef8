"""The script puts a reward of its own where episodes end."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import deviations, evidence
from ppodoctor.checks.api import NOTE, Evidence, check
from ppodoctor.measures.credit import Fit
from ppodoctor.run import Run


@check(
    title="The reward of the last step of an episode is not the environment's",
    fix="Keep it if it is meant as a penalty or a prize, and report the environment's own return beside it.",
    faults=(60, 63),
    needs=("minibatches", "rollouts"),
    severity=NOTE,
    refuted_by="Targets at the ends of episodes that contain the reward as the environment paid it.",
)
def reward_changed_at_ends(run: Run) -> Iterator[Evidence]:
    """What is learned at the ends of episodes differs from what the environment pays there.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted, and so is the constant. The winner replaces the reward of the steps that end an episode by a constant, or
    adds one to it; so at terminations only, or at time limits as well.

    Why it hurts: usually nothing: a penalty for falling is common. It changes the task that is learned, a large
    constant dominates the returns, and at a time limit it punishes an episode that went well.

    Also looks like: a reward wrapper, which the environment itself shows.

    Fix: where time limits are punished too, tell them from terminations.

    References: docs/faults.md
    """
    found = deviations(run, "reward_changed_at_ends")
    if not found:
        return
    place, _, how = found[0][1].detail.partition("_")
    where = "every step that ends an episode" if place == "end" else "every step that terminates"
    constant = _constant([fit for fit, _ in found], replaced=how == "replaced")
    does = f"{constant} replaces the reward of {where}" if how == "replaced" else f"{constant} is added at {where}"
    yield from evidence(run, "reward_changed_at_ends", does=does, where="rewards bootstrap")


def _constant(fits: list[Fit], *, replaced: bool) -> str:
    """The number; where only normalised quantities show it, rewards are known up to a scale and a shift."""
    for fit in fits:
        if not fit.scaling_unknown:
            return f"{fit.outcome.best.bonus + (fit.reward_shift if replaced else 0.0):.4g}"
    return "a constant"
