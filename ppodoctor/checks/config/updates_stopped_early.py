"""Updates end before they have done anything."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.observed import kl_after_steps, span_of
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="Updates are stopped after the first step or two",
    fix="raise the target KL (0.01 to 0.05, stop at 1.5 times it) and check it after an epoch, not before the "
    "first step",
    basis=RULE,
    faults=(23,),
    needs=("optimizer_steps", "rollout_steps", "minibatch_size", "approx_kl", "optimizers", "parameters"),
    explains=("policy_frozen", "policy_stays_uniform", "learning_rate_too_low"),
    rivals=("learning_rate_too_low",),
    refuted_by="a script that means to take one step per update",
    treatments=("target_kl=0.02",),
    references=("Stable-Baselines3 and Spinning Up stop at 1.5 times the target",),
)
def updates_stopped_early(
    run: Run, *, fraction: float = 0.25, share: float = 0.8, kl: float = 5e-3, least: int = 4
) -> Iterator[Evidence]:
    """Most updates take far fewer optimizer steps than the script's longest one, with hardly any change of the policy.

    What it sees: optimizer steps per update (of the policy's own optimizer, where it has one). In more than 80% of
    the updates they are under a quarter of the largest number seen, or half of the batch at most is trained on; KL
    stays below 0.005, so it was not the policy's movement that asked for a stop;
    where KL cannot be seen, this is a note.

    Why it hurts: data are collected and thrown away.

    Also looks like: a learning rate that is too low (then all steps are taken).

    Fix: see above.

    References: Stable-Baselines3, Spinning Up; fault 23.
    """
    taken, kls = finite(run.column("optimizer_steps")), kl_after_steps(run)
    sizes, rollouts = finite(run.column("minibatch_size")), finite(run.column("rollout_steps"))
    if len(taken) < least or min(len(sizes), len(rollouts)) < 2 or (len(kls) and np.median(kls) > kl):
        return
    steps = _policy_steps(run, taken)
    used = float(np.median(steps) * np.median(sizes) / np.median(rollouts))
    cut_short = (steps <= fraction * taken.max()).mean() if taken.max() >= 4 else 0.0
    if cut_short > share or used <= 0.5:
        # stopped after its first step, an update shows no KL: steps that are too large may have asked for the stop
        moved = f"is {np.median(kls):.1e}" if len(kls) else "could not be seen"
        yield Evidence(
            f"the typical update takes {np.median(steps):.2g} optimizer steps of the policy (the longest "
            f"{taken.max():.0f}) "
            f"and trains on each environment step {used:.2g} times; KL {moved}",
            column="optimizer_steps",
            span=span_of(run, "optimizer_steps"),
            strength=0.96 if np.median(steps) <= 1.5 else 0.8,
            severity=None if len(kls) else NOTE,
            first_update=least,
            data={"seen": float(np.median(steps)), "longest": float(taken.max())},
        )


def _policy_steps(run: Run, taken: np.ndarray) -> np.ndarray:
    """[n] steps per update of the optimizer that holds the policy, where it is another one than the critic's."""
    held = {index for p in run.parameters if p.role in ("policy", "shared") for index in p.optimizers}
    total = sum(o.steps for o in run.optimizers if o.index in held)
    others = [o for o in run.optimizers if o.index not in held and o.steps]
    mean = total / len(taken) if total else float(taken.mean())
    return np.full(len(taken), mean) if others and mean < 0.5 * np.median(taken) else taken
