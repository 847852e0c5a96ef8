"""The network receives numbers far outside of what its first layer can use."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.observed import policy_readings
from ppodoctor.run import Run


@check(
    title="The network's input is not scaled",
    fix="normalise observations by a running mean and standard deviation, clipped at +-10, for actor and critic alike",
    basis=RULE,
    faults=(43, 55),
    needs=("minibatches",),
    explains=(
        "value_function_blind",
        "units_saturated",
        "entropy_collapsed",
        "policy_frozen",
        "network_ignores_observation",
        "observation_outside_space",
    ),
    rivals=("learning_rate_too_high", "reward_scale_too_large"),
    refuted_by="the same curves after normalising the observations",
    treatments=("normalize_observations=true",),
    references=(
        "Andrychowicz et al. 2021, What Matters in On-Policy RL: observation normalisation is crucial",
        "RLExplorer: observations within [-10, 10]",
    ),
)
def observations_unscaled(
    run: Run, *, large: float = 50.0, absurd: float = 400.0, small: float = 1e-3, least_rows: int = 64
) -> Iterator[Evidence]:
    """The first layer's input is very large, or so small that the network sees its biases only.

    What it sees: the rows that the policy's first layer received during updates (after any normalisation in the
    script): the root mean square of each component. Warns above 50, or when no component varies by more than 0.001.
    RLExplorer and the reference implementations keep observations within +-10.

    Why it hurts: large inputs saturate the first layer, so most units have no gradient; tiny ones are drowned by
    biases. One component a thousand times larger than the others hides them.

    Also looks like: a learning rate that is too high. Told apart: a lower learning rate does not help here.

    Fix: divide by known ranges, or use a running normaliser. Freeze it for evaluation.

    References: Andrychowicz et al. 2021; RLExplorer; the reference implementation clips at +-10.
    """
    inputs = [r.policy_inputs for r in policy_readings(run) if r.policy_inputs is not None]
    rows = [np.asarray(i, np.float64).reshape(-1, np.shape(i)[-1]) for i in inputs[:8]]
    if not rows or len({r.shape[1] for r in rows}) != 1:
        return
    seen = np.concatenate(rows)
    if len(seen) < least_rows or not np.isfinite(seen).all():
        return
    size, varying = np.sqrt((seen**2).mean(0)), seen.std(0)
    worst = int(np.argmax(size))
    if size[worst] > large:
        yield Evidence(
            f"component {worst} of the network's input has a root mean square of {size[worst]:.3g} "
            f"({int((size > large).sum())} of {len(size)} components above {large:g}; usual is about 1, bounded by 10)",
            strength=0.95 if size[worst] > absurd else 0.75,
            first_update=1,
            data={"seen": float(size[worst]), "healthy": (0.1, 10.0)},
        )
    elif 0 < varying.max() < small:
        yield Evidence(
            f"no component of the network's input varies by more than {varying.max():.2g} (usual is about 1): to the "
            "network all observations are nearly the same",
            strength=0.95,
            first_update=1,
            data={"seen": float(varying.max()), "healthy": (0.1, 10.0)},
        )
