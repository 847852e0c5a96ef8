"""Parameters that the loss reaches belong to no optimizer."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import CAUSE, Evidence, check
from ppodoctor.records import ParameterFacts
from ppodoctor.run import Run


@check(
    title="Some parameters get a gradient but are in no optimizer",
    fix="hand all of them to the optimizer: Adam(list(actor.parameters()) + list(critic.parameters()) + [log_std])",
    faults=(17,),
    needs=("parameters", "optimizers"),
    explains=(
        "policy_frozen",
        "value_function_blind",
        "policy_stays_uniform",
        "parameters_never_move",
        "gradients_not_zeroed",
    ),
    rivals=("learning_rate_zero", "parameters_never_move"),
    refuted_by="an optimizer that holds these parameters",
    references=("fault 17; TheDeepChecker: untrained parameters",),
)
def parameters_not_in_optimizer(run: Run) -> Iterator[Evidence]:
    """A parameter of the policy or the critic receives gradients and no optimizer ever moves it.

    What it sees: every parameter that the loss's graph reaches, and the parameters of all optimizers.

    Why it hurts: that part of the network keeps its initial values for ever. Where it is the log standard deviation,
    exploration never adapts; where it is the critic, advantages stay noise.

    Also looks like: a learning rate of 0 for that group; a network that is frozen on purpose (then requires_grad should
    be off).

    Fix: see above. Common: the list was made before a layer was added or replaced, or `self.x = [Linear...]` hides
    layers from `parameters()`.

    References: fault 17.
    """
    lost = [p for p in run.parameters if p.requires_grad and p.grad_seen and not p.optimizers and p.role]
    if not lost or len(lost) == len([p for p in run.parameters if p.grad_seen]):
        return
    roles = sorted({p.role for p in lost})
    yield Evidence(
        f"{len(lost)} parameters ({_numbers(lost)} numbers, {', '.join(roles)}) get gradients but are in no optimizer: "
        f"{_names(lost)}",
        where=tuple(o.made_at for o in run.optimizers if o.made_at is not None),
        severity=CAUSE,
        first_update=1,
        data={"parameters": [p.name for p in lost]},
    )


def _numbers(found: list[ParameterFacts]) -> int:
    total = 0
    for one in found:
        size = 1
        for side in one.shape:
            size *= side
        total += size
    return total


def _names(found: list[ParameterFacts], most: int = 4) -> str:
    shown = ", ".join(f"{p.name} {list(p.shape)}" for p in found[:most])
    return shown + (f" and {len(found) - most} more" if len(found) > most else "")
