"""The clip range is so wide that clipping hardly happens."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.observed import clip_range, clip_site, kl_after_steps
from ppodoctor.run import Run


@check(
    title="The clip range is too large",
    fix="use 0.1 to 0.3; a larger range allows larger steps",
    basis=RULE,
    faults=(69,),
    needs=("minibatches", "approx_kl"),
    explains=("steps_too_large", "entropy_collapsed", "return_peaked_then_fell"),
    rivals=("learning_rate_too_high", "too_many_epochs"),
    refuted_by="the same KL with a clip range of 0.2",
    treatments=("clip_range=0.2",),
    references=("Schulman et al. 2017, Table 1: 0.2 best, without clipping -0.39", "ML-Agents: 0.1 to 0.3"),
)
def clip_range_too_large(
    run: Run, *, wide: float = 0.5, open_end: float = 0.95, kl: float = 0.03, least: int = 2
) -> Iterator[Evidence]:
    """The ratio may leave 1 by more than a half, and KL shows that it does.

    What it sees: the bounds of the clamp on the ratio, as the graph holds them, and KL at the end of the updates (above
    0.03 in the typical one; below that it is a note). A range of 0.95 or more leaves the ratio free to fall to nothing.

    Why it hurts: nothing limits how far one batch may push the policy. Without clipping the paper's score is -0.39
    against 0.82 at a range of 0.2.

    Also looks like: a learning rate that is too high, too many epochs.

    Fix: see above. (The reverse is often written; a larger range does not restrict the policy.)

    References: Schulman et al. 2017, Table 1; fault 69.
    """
    below, above = clip_range(run)
    reach = np.nanmax([below, above, 0.0])
    kls = kl_after_steps(run)
    if reach <= wide or len(kls) < least:
        return
    site = clip_site(run)
    yield Evidence(
        f"the ratio is clamped to [{1 - below:.3g}, {1 + above:.3g}] (usual is 0.8 to 1.2) and updates end with "
        "a KL of "
        f"{np.median(kls):.2g}",
        where=(site,) if site is not None else (),
        column="approx_kl",
        strength=0.97 if reach >= open_end else 0.8,
        severity=None if np.median(kls) > kl else NOTE,
        first_update=least,
        data={"seen": float(reach), "usual": (0.1, 0.3)},
    )
