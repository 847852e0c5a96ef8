"""A state number goes into the network as one real number."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.observed import made_at, policy_readings, train_env
from ppodoctor.run import Run


@check(
    title="A state's number is fed to the network as if it were a quantity",
    fix="one-hot encode the observation (or use an embedding): state 7 is not seven times state 1",
    basis=RULE,
    tolerable=True,
    faults=(55,),
    needs=("minibatches", "envs"),
    explains=("observations_unscaled", "value_function_blind"),
    refuted_by="an input with one component per state",
    references=("Stable-Baselines3 one-hot encodes Discrete observations in its preprocessing",),
)
def observation_index_fed_as_number(run: Run, *, least_states: int = 4) -> Iterator[Evidence]:
    """The observation is the index of a state, and the network gets that index as a single number.

    What it sees: a Discrete observation space of at least 4 states, and a first layer with one input.

    Why it hurts: neighbouring indices get similar outputs whether or not the states have anything in common.

    Also looks like: unscaled observations, a blind critic.

    Fix: `torch.nn.functional.one_hot(obs, n)` or `nn.Embedding(n, width)`.

    References: Stable-Baselines3, preprocessing; fault 55.
    """
    env = train_env(run)
    if env is None or env.observation.kind != "Discrete" or (env.observation.n or 0) < least_states:
        return
    for one in policy_readings(run)[:3]:
        inputs = one.policy_inputs
        if inputs is not None and np.ndim(inputs) == 2 and np.shape(inputs)[1] == 1 and np.max(np.abs(inputs)) > 1.5:
            yield Evidence(
                f"the environment has {env.observation.n} numbered states; the first layer receives one number between "
                f"{np.min(inputs):g} and {np.max(inputs):g}",
                where=made_at(env),
                strength=0.9,
                first_update=one.update,
            )
            return
