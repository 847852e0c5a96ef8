"""The optimizer holds parameters that it never changes."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import CAUSE, EXACT, Evidence, check
from ppodoctor.run import Run


@check(
    title="The optimizer steps, but the network does not change",
    fix="look for detach(), no_grad() or .data on the way from the loss to these parameters, and for a "
    "learning rate of 0",
    basis=EXACT,
    faults=(17, 18),
    needs=("parameters", "optimizers"),
    explains=("policy_frozen", "value_function_blind", "policy_stays_uniform"),
    rivals=("parameters_not_in_optimizer", "learning_rate_zero"),
    refuted_by="a parameter that differs after a step",
    references=("I7: every trainable parameter is in an optimizer and moved after one step",),
)
def parameters_never_move(run: Run, *, least_steps: int = 4) -> Iterator[Evidence]:
    """All parameters of one role stay as they were over the first optimizer steps.

    What it sees: copies of the parameters from before and after the first steps, role by role (policy, value, shared,
    none). One parameter that moves clears its role: biases before a dead unit may rest.

    Why it hurts: what does not move does not learn.

    Also looks like: parameters outside of the optimizer; gradients that are exactly 0.

    Fix: see above.

    References: fault list, invariant I7.
    """
    if not any(o.steps >= least_steps for o in run.optimizers):
        return
    held = [p for p in run.parameters if p.requires_grad and p.optimizers and p.moved is not None and p.role]
    for role in ("policy", "value", "shared"):
        own = [p for p in held if p.role == role]
        if own and not any(p.moved for p in own):
            yield Evidence(
                f"none of the {len(own)} {role} parameters changed over the optimizer's first steps "
                f"({', '.join(p.name for p in own[:3])}{', ...' if len(own) > 3 else ''})",
                where=tuple(o.made_at for o in run.optimizers if o.made_at is not None),
                severity=CAUSE,
                first_update=1,
                data={"role": role},
            )
