"""The critic's output cannot reach its targets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, Evidence, check
from ppodoctor.measures.observed import policy_readings
from ppodoctor.run import Run


@check(
    title="The critic's last activation keeps it from its targets",
    fix="end the value network in a plain linear layer, without tanh, sigmoid or ReLU",
    basis=MEASURED,
    faults=(83, 88),
    needs=("minibatches",),
    explains=("value_function_blind",),
    rivals=("reward_scale_too_large", "value_clip_too_tight"),
    refuted_by="a prediction outside of the bound",
    references=("case reports: value heads that end in tanh, heads built with the default rectifier",),
)
def value_head_bounded(run: Run, *, edge: float = 0.9, at_edge: float = 0.6, least: int = 3) -> Iterator[Evidence]:
    """All predictions stay within [-1, 1], or at or above 0, pressed against the limit by targets beyond it.

    What it sees: value predictions and targets of the minibatches, the later half. A squashed head: no prediction
    beyond 1 in size, most of them above 0.9, typical targets beyond 2. A rectified head: no prediction below 0, a
    part of them exactly 0, typical targets negative.

    Why it hurts: the advantage keeps a bias that no training removes.

    Also looks like: rewards that are too large (then predictions grow, slowly).

    Fix: see above.

    References: faults 83, 88.
    """
    pairs = [
        (np.ravel(r.value.prediction), np.ravel(r.value.target))
        for r in policy_readings(run)
        if r.value is not None and r.value.prediction is not None and r.value.target is not None
    ]
    late = pairs[len(pairs) // 2 :]
    if len(late) < least:
        return
    predicted, wanted = (np.concatenate([pair[k] for pair in late]).astype(float) for k in (0, 1))
    typical = float(np.median(wanted))
    size = np.abs(predicted)
    if size.max() <= 1.0 + 1e-6 and (size > edge).mean() > at_edge and np.median(np.abs(wanted)) > 2:
        pressed = f"{(size > edge).mean():.0%} of them at its edge"
        text = f"predictions stay within [-1, 1] ({pressed}), targets are about {typical:.3g}"
    elif predicted.min() >= 0 and (predicted == 0).mean() > 0.2 and typical < 0:
        text = (
            f"no prediction is below 0 ({(predicted == 0).mean():.0%} are exactly 0), targets are about {typical:.3g}"
        )
    else:
        return
    site = next((r.value.site for r in policy_readings(run) if r.value is not None and r.value.site is not None), None)
    yield Evidence(text, where=(site,) if site is not None else (), strength=1.0, first_update=least)
