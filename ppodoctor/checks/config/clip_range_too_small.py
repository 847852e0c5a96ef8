"""The clip range is so narrow that most samples stop to count at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.observed import clip_range, clip_site
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="The clip range is too small",
    fix="use 0.1 to 0.3; a smaller range holds the policy still",
    basis=RULE,
    faults=(69,),
    needs=("minibatches", "approx_kl", "update_size"),
    explains=("policy_frozen", "policy_stays_uniform"),
    rivals=("learning_rate_too_low",),
    refuted_by="no faster progress with a clip range of 0.2",
    treatments=("clip_range=0.2",),
    references=("Schulman et al. 2017, Table 1: 0.1 to 0.3 tried", "ML-Agents: 0.1 to 0.3"),
)
def clip_range_too_small(
    run: Run, *, narrow: float = 0.03, kl: float = 1e-4, moving: float = 1e-4, least: int = 2
) -> Iterator[Evidence]:
    """The ratio may leave 1 by less than 3%, and the policy hardly moves although the steps are of full size.

    What it sees: the bounds of the clamp as the graph holds them; KL at the end of the updates (below 1e-4 in the
    typical one); the size of the optimizer's steps, which must be usual (above 1e-4 of the parameters). A narrow range
    with a policy that moves all the same is a note.

    Why it hurts: samples stop to contribute after a step or two; the policy creeps.

    Also looks like: a learning rate that is too low (then the optimizer's steps are small).

    Fix: see above.

    References: Schulman et al. 2017; fault 69.
    """
    below, above = clip_range(run)
    reach = np.nanmax([below, above, 0.0])
    kls, sizes = finite(run.column("approx_kl")), finite(run.column("update_size"))
    if not 0 < reach < narrow or min(len(kls), len(sizes)) < least:
        return
    site = clip_site(run)
    held = np.median(kls) < kl and np.median(sizes) > moving
    yield Evidence(
        f"the ratio is clamped to [{1 - below:.4g}, {1 + above:.4g}] (usual is 0.8 to 1.2); KL per update is "
        f"{np.median(kls):.1e}",
        where=(site,) if site is not None else (),
        column="approx_kl",
        strength=0.97 if reach < narrow / 3 else 0.8,
        severity=None if held else NOTE,
        first_update=least,
        data={"seen": float(reach), "usual": (0.1, 0.3)},
    )
