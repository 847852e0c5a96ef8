"""Observations leave the bounds that the environment declares."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, Evidence, check
from ppodoctor.measures.observed import made_at
from ppodoctor.measures.steps import train_rollouts
from ppodoctor.run import Run


@check(
    title="Observations lie outside of the declared observation space",
    fix="declare the true bounds, or repair the observation; whoever scales by the bounds gets wrong numbers",
    severity=NOTE,
    faults=(55,),
    needs=("rollouts", "envs"),
    refuted_by="observations within the bounds",
    references=("gymnasium.utils.env_checker.check_env",),
)
def observation_outside_space(run: Run, *, share: float = 0.01, slack: float = 1e-3) -> Iterator[Evidence]:
    """More than 1% of the observations are beyond the bounds of the Box space.

    What it sees: recorded observations against `low` and `high` of the space, where all of both are known. Environments
    with a normalising wrapper are left out: many of those hand the inner bounds on.

    Why it hurts: code that divides by the bounds, or an image network that expects 0 to 255, gets other numbers than
    it was written for.

    Also looks like: unscaled observations.

    Fix: run gymnasium's `check_env` on the environment.

    References: Gymnasium, check_env; fault 55.
    """
    envs = {env.stream: env for env in run.envs if env.observation.kind == "Box"}
    for rollout in train_rollouts(run)[:4]:
        env = envs.get(rollout.stream)
        obs = np.asarray(rollout.obs, np.float64)
        if env is None or _rescaled(env.layers) or rollout.obs_stride != 1 or len(env.observation.low) != obs.shape[-1]:
            continue
        low, high = np.asarray(env.observation.low), np.asarray(env.observation.high)
        with np.errstate(over="ignore", invalid="ignore"):
            reach = slack * np.where(np.abs(high - low) < 1e30, high - low, 0.0)
            out = ((obs < low - reach) | (obs > high + reach)).mean()
        if out > share:
            yield Evidence(
                f"{out:.0%} of the observed numbers are outside of the declared bounds",
                where=made_at(env),
                first_update=rollout.update,
                data={"seen": float(out)},
            )
            return


def _rescaled(layers: tuple[str, ...]) -> bool:
    return any("Normalize" in layer or "TransformObservation" in layer for layer in layers)
