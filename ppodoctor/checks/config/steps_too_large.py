"""The policy moves further in an update than the clip is meant to allow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.observed import kl_after_steps, span_of
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="The policy moves too far in each update",
    fix="lower the learning rate or the number of epochs, or stop an update at a target KL of 0.01 to 0.03",
    severity=NOTE,
    basis=RULE,
    faults=(66, 68, 69),
    needs=("approx_kl", "clip_fraction"),
    explains=("entropy_collapsed", "return_peaked_then_fell"),
    rivals=("learning_rate_too_high", "too_many_epochs", "clip_range_too_large"),
    refuted_by="a KL below 0.05 in most updates",
    treatments=("learning_rate*0.3", "target_kl=0.02"),
    references=("37 implementation details of PPO: approx_kl above 0.02", "RLExplorer: KL above 0.1"),
)
def steps_too_large(run: Run, *, kl: float = 0.1, clipped: float = 0.4, least: int = 3) -> Iterator[Evidence]:
    """KL is above 0.1 and more than 40% of the samples are clipped, in the typical update.

    What it sees: KL and clip fraction at the end of each update. A clip range of 0.2 goes with a KL of about 0.02; ten
    times that, together with clipping of every other sample, is beyond what clipping controls.

    Why it hurts: the update is fitted to one batch; the next one is collected by a policy that nobody evaluated.

    Also looks like: this is a symptom. The checks that it names as rivals tell what makes the steps large.

    Fix: see above.

    References: 37 implementation details; RLExplorer.
    """
    kls, clips = kl_after_steps(run), finite(run.column("clip_fraction"))
    if min(len(kls), len(clips)) >= least and np.median(kls) > kl and np.median(clips) > clipped:
        yield Evidence(
            f"the typical update ends with a KL of {np.median(kls):.2g} and {np.median(clips):.0%} of its "
            "samples clipped",
            column="approx_kl",
            span=span_of(run, "approx_kl"),
            strength=0.9,
            first_update=least,
            data={"seen": float(np.median(kls)), "healthy": (1e-3, 2e-2)},
        )
