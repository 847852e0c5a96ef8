"""The policy holds a batch normalisation layer."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="The policy or the critic uses batch normalisation",
    fix="use LayerNorm, or normalise the observations outside of the network",
    tolerable=True,
    faults=(89,),
    needs=("parameters",),
    explains=("policy_frozen",),
    refuted_by="a network without such a layer",
    references=("fault 89: rollout and update normalise with different statistics",),
)
def batch_norm_in_policy(run: Run) -> Iterator[Evidence]:
    """A BatchNorm layer that the loss reaches.

    What it sees: the classes of the modules that hold the trained parameters.

    Why it hurts: while acting, statistics come from one observation or a running average; while updating, from the
    minibatch. The ratio is not 1 before the first step, and changes with who shares the batch.

    Also looks like: stale data, dropout while acting.

    Fix: see above.

    References: fault 89.
    """
    found = sorted({p.module for p in run.parameters if "BatchNorm" in p.module and p.grad_seen})
    if found:
        yield Evidence(f"the trained network holds {', '.join(found)}", strength=0.6, first_update=1)
