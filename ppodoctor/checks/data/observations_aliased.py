"""Stored observations are one array that changed later."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, Missing, check
from ppodoctor.measures.samples import distinct_inputs, inputs_collapsed
from ppodoctor.run import Run


@check(
    title="Stored observations are the same array, overwritten by later steps",
    fix="Store a copy: obs.copy(), or torch.as_tensor(obs).clone().",
    faults=(34, 40),
    needs=("minibatches", "rollouts"),
    explains=("ratio_not_one_at_start", "value_function_blind", "observation_constant", "log_prob_of_another_action"),
    rivals=("observation_constant", "observations_shifted"),
    refuted_by="As many different observations in the minibatches as in the rollouts.",
    references=("docs/faults.md: invariant I15",),
)
def observations_aliased(run: Run, *, lost: float = 0.5) -> Iterator[Evidence]:
    """The minibatches hold far fewer different observations than the environment gave.

    What it sees: different rows among the inputs of the policy in each minibatch, against different observations in
    the rollout.

    Why it hurts: most actions and advantages are paired with an observation on which they were never taken.

    Also looks like: an environment that repeats its observations (a constant or a discrete one); there the rollout
    holds as few different ones.

    Fix: copy what the environment returns before storing it; torch.from_numpy and np.asarray share memory.

    References: docs/faults.md, invariant I15.
    """
    found = distinct_inputs(run)
    if not found:
        raise Missing("no policy inputs could be compared with recorded observations")
    if not inputs_collapsed(run, lost=lost):
        return
    bad = [one for one in found if one.collapsed(lost)]
    first = bad[0]
    env = run.train_envs[0] if run.train_envs else None
    reused = " (the environment returns the same array again and again)" if env and env.returned_array_reused else ""
    yield Evidence(
        f"{first.distinct} different observations among {first.samples} samples of a minibatch, where "
        f"{first.expected:.0f} are expected from those of the rollout{reused}; so in {len(bad)} of {len(found)} "
        "minibatches",
        where=tuple(site for site in (env.stepped_at if env else None,) if site is not None),
        first_update=first.update,
    )
