"""The policy cannot choose all actions that the environment has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.observed import made_at, policy_readings, train_env
from ppodoctor.run import Run


@check(
    title="The policy has another number of actions than the environment",
    fix="take the size of the policy's last layer from `env.action_space.n`",
    faults=(47, 55),
    needs=("minibatches", "envs"),
    explains=("policy_stays_uniform",),
    refuted_by="a last layer with one output per action",
    references=("fault 55: spaces that lie",),
)
def action_count_mismatched(run: Run) -> Iterator[Evidence]:
    """The policy's distribution has fewer or more entries than the environment has actions.

    What it sees: the width of the policy's logits against `n` of the Discrete action space that is stepped.

    Why it hurts: actions without an output are never tried; outputs without an action do something undefined.

    Also looks like: an environment that ignores the action.

    Fix: `nn.Linear(width, env.action_space.n)`.

    References: fault 55.
    """
    env = train_env(run)
    if env is None or env.action.kind != "Discrete" or not env.action.n:
        return
    for one in policy_readings(run)[:1]:
        head = one.head
        if head is None or head.kind != "categorical" or head.logits is None:
            return
        outputs = int(np.shape(head.logits)[-1])
        if outputs != env.action.n:
            yield Evidence(
                f"the policy chooses among {outputs} actions, the environment has {env.action.n}",
                where=made_at(env),
                first_update=one.update,
                data={"seen": outputs, "expected": env.action.n},
            )
