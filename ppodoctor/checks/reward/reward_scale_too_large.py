"""Returns are so large that the critic cannot reach them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.observed import made_at, span_of, train_env
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="The rewards are too large for the critic",
    fix="divide rewards by a running standard deviation of the discounted return (do not subtract its mean), "
    "or by a constant",
    basis=RULE,
    faults=(57, 20),
    needs=("target_abs_max", "explained_variance"),
    explains=("value_function_blind", "gradient_clip_dominates", "value_loss_swamps_policy", "value_clip_too_tight"),
    rivals=("learning_rate_too_high", "observations_unscaled"),
    refuted_by="an explained variance that rises above 0.3 with these targets",
    treatments=("reward_scale*0.01",),
    references=(
        "Jones, Debugging RL Without the Agonizing Pain: targets within +-10, ideally +-3",
        "baselines VecNormalize: clip scaled rewards at 10",
    ),
)
def reward_scale_too_large(
    run: Run, *, large: float = 1000.0, absurd: float = 4000.0, blind: float = 0.3, least: int = 2
) -> Iterator[Evidence]:
    """Value targets are in the thousands and the critic explains little of them.

    What it sees: the largest absolute value target of each update, and the explained variance. Two conditions: a median
    above 1000, and an explained variance under 0.3 in the later half of what was seen. Jones asks for targets within
    +-10; hundreds are common in runs that learn. Above 4000 it is a note where the critic keeps up. Hundreds are enough
    where the critic has not come to a third of its targets' mean in at least eight updates.

    Why it hurts: the network's output starts near 0 and moves by the learning rate; getting to thousands takes most of
    the run, and until then advantages are returns, that is noise. Where actor and critic share layers or one gradient
    clip, the critic's gradient is all that is left.

    Also looks like: a learning rate that is too high (then targets are small and KL is large), unscaled observations
    (then the first layer's input is large).

    Fix: see above. Advantage normalisation hides the scale from the policy, not from the critic.

    References: Jones; baselines VecNormalize; fault 57.
    """
    targets, explained = finite(run.column("target_abs_max")), finite(run.column("explained_variance"))
    if len(targets) < least or not len(explained):
        return
    size, late = float(np.median(targets)), float(np.median(explained[len(explained) // 2 :]))
    keeps_up, behind = late >= blind, _behind(run)
    lowest = absurd if keeps_up else large / 5 if behind else large
    if size <= lowest:
        return
    yield Evidence(
        f"value targets reach {size:.3g} (usual is up to about 10, at most hundreds) and the critic explains "
        f"{max(0.0, late):.0%} of their variance{behind}",
        where=made_at(train_env(run)),
        column="target_abs_max",
        span=span_of(run, "target_abs_max"),
        strength=0.97 if size > absurd else 0.8,
        first_update=least,
        severity=NOTE if keeps_up else None,
        data={"seen": size, "healthy": (0.0, 100.0)},
    )


def _behind(run: Run, *, share: float = 1 / 3, least: int = 8) -> str:
    """Where the critic is far below the level of its targets still, the words for it."""
    predicted, wanted = run.column("value_mean"), run.column("target_mean")
    both = np.isfinite(predicted) & np.isfinite(wanted)
    if both.sum() < least:
        return ""
    late = slice(int(both.sum()) // 2, None)
    said, meant = float(np.median(predicted[both][late])), float(np.median(wanted[both][late]))
    if meant == 0 or not -share < said / meant < share:
        return ""
    return f"; it predicts {said:.3g} on average where they are {meant:.3g}"
