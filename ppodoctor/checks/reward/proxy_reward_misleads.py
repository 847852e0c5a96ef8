"""The reward that is trained on rises while the environment's own falls."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, Evidence, check
from ppodoctor.measures.returns import task_episodes
from ppodoctor.measures.trend import blocks, compare, trend
from ppodoctor.run import Run


@check(
    title="The shaped reward rises while the environment's own falls",
    fix="shape by a potential (gamma * phi(s') - phi(s)), which leaves the best policy as it is, or weigh the "
    "bonus down",
    basis=MEASURED,
    faults=(62, 63, 80),
    needs=("episodes",),
    explains=("return_below_random", "return_peaked_then_fell"),
    rivals=("reward_sign_flipped",),
    refuted_by="both curves moving together",
    references=("Ng, Harada and Russell 1999, Policy invariance under reward transformations",),
)
def proxy_reward_misleads(run: Run, *, least: int = 60, p: float = 1e-3, apart: float = 0.25) -> Iterator[Evidence]:
    """The sum of received rewards has a rising trend, the sum of the innermost ones a falling one.

    What it sees: both returns of every episode. Trend tests on both, and the last quarter against the first: clearly
    higher in what is received, clearly lower in what the environment gives.

    Why it hurts: the optimizer does its work, on another task than the one that is judged.

    Also looks like: a flipped sign (then the two are exact opposites at each step); a normalised reward, which changes
    its scale but does not turn a fall into a rise for long.

    Fix: see above.

    References: Ng et al. 1999; faults 62, 63.
    """
    found = task_episodes(run)
    if len(found) < least:
        return
    raw, seen = np.array([e.ret for e in found]), np.array([e.ret_seen for e in found])
    if not np.isfinite(seen).all():
        return
    quarter = len(found) // 4
    up, down = compare(seen[-quarter:], seen[:quarter]), compare(raw[-quarter:], raw[:quarter])
    rising, falling = trend(blocks(seen, 24)), trend(blocks(raw, 24))
    opposed = rising.tau > 0 > falling.tau and max(rising.p, falling.p, up.p, down.p) < p
    if opposed and up.superiority > 1 - apart and down.superiority < apart:
        yield Evidence(
            f"the return received rises from {np.median(seen[:quarter]):.4g} to {np.median(seen[-quarter:]):.4g}, the "
            f"environment's own falls from {np.median(raw[:quarter]):.4g} to {np.median(raw[-quarter:]):.4g}",
            strength=0.97,
            data={"episodes": len(found)},
        )
