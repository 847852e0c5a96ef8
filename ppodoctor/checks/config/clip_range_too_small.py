"""The clip range is so narrow that most samples stop to count at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.observed import clip_range, clip_site
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="The clip range is too small",
    fix="use 0.1 to 0.3; a smaller range holds the policy still",
    basis=RULE,
    faults=(69,),
    needs=("minibatches", "clip_fraction"),
    explains=("policy_frozen", "policy_stays_uniform"),
    rivals=("learning_rate_too_low",),
    refuted_by="no faster progress with a clip range of 0.2",
    treatments=("clip_range=0.2",),
    references=("Schulman et al. 2017, Table 1: 0.1 to 0.3 tried", "ML-Agents: 0.1 to 0.3"),
)
def clip_range_too_small(run: Run, *, narrow: float = 0.03, clipped: float = 0.4, least: int = 3) -> Iterator[Evidence]:
    """The ratio may leave 1 by less than 3%, and every other sample is beyond that.

    What it sees: the bounds of the clamp, and the share of clipped samples at the end of the updates (above 40%). A
    narrow range without clipping is a schedule at its end, or a careful choice.

    Why it hurts: samples stop to contribute after a step or two; the policy creeps.

    Also looks like: a learning rate that is too low (then little is clipped).

    Fix: see above.

    References: Schulman et al. 2017; fault 69.
    """
    below, above = clip_range(run)
    reach = np.nanmax([below, above, 0.0])
    clips = finite(run.column("clip_fraction"))
    if 0 < reach < narrow and len(clips) >= least and np.median(clips) > clipped:
        site = clip_site(run)
        yield Evidence(
            f"the ratio is clamped to [{1 - below:.4g}, {1 + above:.4g}] (usual is 0.8 to 1.2) and "
            f"{np.median(clips):.0%} of "
            "the samples are beyond it at the end of an update",
            where=(site,) if site is not None else (),
            column="clip_fraction",
            strength=0.97 if reach < narrow / 3 else 0.8,
            first_update=least,
            data={"seen": float(reach), "healthy": (0.1, 0.3)},
        )
