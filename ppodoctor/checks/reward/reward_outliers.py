"""A few enormous rewards own the critic's loss."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.steps import rewards
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="A few outlying rewards dominate everything else",
    fix="clip scaled rewards at +-10, or soften the one term that explodes (an inverse distance, a crash penalty)",
    basis=RULE,
    tolerable=True,
    faults=(64, 61),
    needs=("rollouts", "explained_variance"),
    explains=("value_function_blind",),
    rivals=("reward_scale_too_large",),
    refuted_by="a critic that explains the returns in spite of them",
    references=("baselines VecNormalize: rewards clipped at 10 after scaling",),
)
def reward_outliers(
    run: Run, *, owned: float = 0.9, few: float = 0.005, beyond: float = 50.0, blind: float = 0.2
) -> Iterator[Evidence]:
    """Half a percent of the rewards make up 90% of the sum of squares, and the critic is lost.

    What it sees: rewards of the recorded rollouts; the largest 0.5% against all; the largest against the median of
    those that are not 0; the explained variance in the later half. All three must speak: a sparse reward alone does
    not.

    Why it hurts: squared errors of the few drown the many; the critic chases them.

    Also looks like: a reward scale that is too large as a whole.

    Fix: see above.

    References: baselines VecNormalize; fault 64.
    """
    seen, explained = rewards(run), finite(run.column("explained_variance"))
    sizes = np.sort(np.abs(seen[np.isfinite(seen) & (seen != 0)]))
    if len(sizes) < 400 or not len(explained):
        return
    top = sizes[-max(1, int(few * len(sizes))) :]
    share = float((top**2).sum() / (sizes**2).sum())
    ratio = float(top[-1] / np.median(sizes))
    late = float(np.median(explained[len(explained) // 2 :]))
    if share > owned and ratio > beyond and late < blind:
        yield Evidence(
            f"{len(top)} of {len(sizes)} rewards make up {share:.0%} of the sum of squares; the largest is "
            f"{ratio:.0f} times "
            f"the usual one; the critic explains {max(0.0, late):.0%}",
            where=made_at(train_env(run)),
            strength=0.8,
            data={"share": share, "ratio": ratio},
        )
