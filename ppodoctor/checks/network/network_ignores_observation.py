"""A network's output is the same for every observation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import CAUSE, Evidence, check
from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.observed import policy_readings
from ppodoctor.run import Run


@check(
    title="A network's output does not depend on the observation",
    fix="look between input and output: weights that are all 0 or all equal, units that are all dead, an input that is "
    "multiplied by 0, features that are overwritten",
    faults=(84, 85, 88),
    needs=("minibatches",),
    explains=("policy_stays_uniform", "value_function_blind"),
    rivals=("observation_constant", "units_dead", "parameters_never_move"),
    refuted_by="two observations with different outputs",
    references=("TheDeepChecker: zero and symmetric initialisation",),
)
def network_ignores_observation(run: Run, *, least: int = 3, still: float = 1e-7) -> Iterator[Evidence]:
    """After training has begun, all samples of a minibatch get one policy, or one value, although they differ.

    What it sees: the inputs of the network (which must vary) and its outputs in the minibatches from the second update
    on. A last layer that starts at 0 gives a constant output before the first step only, and is fine.

    Why it hurts: the agent is blind; it can learn one distribution, or one mean.

    Also looks like: a constant observation (then the input does not vary), a collapsed entropy (then the output still
    varies a little).

    Fix: see above.

    References: TheDeepChecker; faults 84, 85.
    """
    later = [r for r in policy_readings(run) if r.update >= 2 and r.batch > 1]
    for name, inputs, outputs in (
        ("policy", [r.policy_inputs for r in later], [_policy(r) for r in later]),
        ("value", [r.value_inputs for r in later], [None if r.value is None else r.value.prediction for r in later]),
    ):
        known = [(i, o) for i, o in zip(inputs, outputs, strict=True) if _varies(i, 1e-6) and o is not None]
        if len(known) >= least and not any(_varies(o, still) for _, o in known):
            yield Evidence(
                f"the {name} network gives the same output for all samples in each of {len(known)} minibatches, whose "
                "inputs differ",
                severity=CAUSE,
                first_update=later[0].update,
                data={"network": name, "minibatches": len(known)},
            )


def _policy(reading: LossReading, certain: float = -0.01) -> object:
    head = reading.head
    if head is None:
        return None
    if head.logits is None:
        return head.mean
    # a policy that is certain gives the same rounded numbers everywhere, whatever the network does
    return head.logits if float(np.max(head.logits, axis=-1).mean()) < certain else None


def _varies(values: object, relative: float) -> bool:
    """Does any column differ between rows, beyond rounding? Scalars and single rows are taken to vary."""
    array = np.asarray(values, float) if values is not None else np.zeros(0)
    if array.ndim == 0 or len(array) < 2:
        return values is not None and array.size > 0
    return bool(np.max(np.ptp(array, axis=0)) > relative * max(1e-12, float(np.abs(array).max())))
