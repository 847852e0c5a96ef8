"""Updates leave the policy exactly as it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.observed import policy_readings
from ppodoctor.run import Run


@check(
    title="The policy does not change",
    fix="look in this order: gradient of the policy, spread of the raw advantages, shapes, old log-prob, "
    "optimizer, learning rate",
    severity=NOTE,
    basis=RULE,
    faults=(1, 2, 17, 23, 67),
    needs=("minibatches",),
    rivals=("learning_rate_too_low", "reward_constant", "parameters_not_in_optimizer"),
    refuted_by="a ratio that leaves 1 within an update",
    references=("rl-debug-bench: KL below 1e-6 and no clipping",),
)
def policy_frozen(run: Run, *, still: float = 1e-6, least: int = 3) -> Iterator[Evidence]:
    """After optimizer steps of an update, all ratios are still 1 to rounding.

    What it sees: the ratios of the minibatches that were read after the first optimizer step of their update, in the
    first half of the run: none differs from 1 by more than a millionth.

    Why it hurts: it is the mark of an actor that gets no gradient, or of a ratio that cannot differ from 1.

    Also looks like: this is a symptom of many faults; the first minibatch of an update has a ratio of 1 by right.

    Fix: see above.

    References: rl-debug-bench.
    """
    began: dict[int, int] = {}
    moved: dict[int, float] = {}
    for one in policy_readings(run):
        start = began.setdefault(one.update, one.version)
        ratio = None if one.surrogate is None else one.surrogate.ratio
        if one.version > start and ratio is not None and np.isfinite(ratio).all():
            moved[one.update] = max(moved.get(one.update, 0.0), float(np.abs(np.asarray(ratio) - 1).max()))
    early = [moved[update] for update in sorted(moved)[: max(least, len(moved) // 2)]]
    if len(early) >= least and max(early) < still:
        yield Evidence(
            f"after optimizer steps the ratio still is 1 to within {max(early):.1e} in {len(early)} updates",
            column="ratio_max",
            strength=0.9,
            first_update=least,
            data={"seen": max(early)},
        )
