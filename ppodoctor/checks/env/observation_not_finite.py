"""NaN or infinity comes out of the environment as an observation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.steps import train_rollouts
from ppodoctor.run import Run


@check(
    title="The environment returns observations that are not finite",
    fix="find the step that makes the first NaN or infinity (a division by 0, a logarithm of 0, a simulator "
    "that blew up)",
    faults=(
        44,
        91,
    ),
    needs=("rollouts",),
    explains=("update_not_finite", "steps_too_large", "value_function_blind", "observations_unscaled"),
    rivals=("update_not_finite",),
    refuted_by="finite numbers in every recorded rollout",
    references=("RLExplorer: unstable environment",),
)
def observation_not_finite(run: Run) -> Iterator[Evidence]:
    """NaN or an infinity reaches the script with a observation.

    What it sees: the observations of the recorded rollouts, as the script received them.

    Why it hurts: one NaN in a batch makes its loss NaN, and after one optimizer step every parameter.

    Also looks like: a loss that becomes NaN by itself (`update_not_finite`): there the environment's numbers are finite
    up to the update that breaks.

    Fix: raise an error in the environment where the first one appears; do not replace it by 0 in the script.

    References: RLExplorer (unstable environment); fault 91.
    """
    bad = [(one.update, int((~np.isfinite(np.asarray(one.obs, np.float64))).sum())) for one in train_rollouts(run)]
    hits = [(update, count) for update, count in bad if count]
    if hits:
        update, count = hits[0]
        yield Evidence(
            f"{sum(c for _, c in hits)} numbers of the recorded observations are NaN or infinite, the first "
            f"before update {update}",
            where=made_at(train_env(run)),
            first_update=update,
            data={"count": count},
        )
