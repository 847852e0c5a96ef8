"""The losses of made runs, as the reader would report them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ppodoctor.measures.loss import LossReading, PolicyHead, Surrogate, Term, ValueLoss
from ppodoctor.records import Site
from ppodoctor.specimens import GraphNode, LossGraph, MinibatchSpecimen, RolloutSpecimen

if TYPE_CHECKING:
    from scenarios import Task

SCRIPT = "my_ppo.py"
UPDATES = 60


def minibatch(update: int, index: int) -> MinibatchSpecimen:
    """Something must be there: what it says is in the reading."""
    version = (update - 1) * 16 + index
    return MinibatchSpecimen(update, index, version, update * 256, LossGraph([GraphNode("Accumulate", param=0)], {}))


def reading(rng: np.random.Generator, task: Task, update: int, index: int, batch: int = 256) -> LossReading:
    away = 0.0 if index == 0 else 0.08
    log_ratio = away * rng.standard_normal(batch)
    ratio, advantage = np.exp(log_ratio), rng.standard_normal(batch)
    target = 20 + 8 * rng.standard_normal(batch)
    prediction = target * 0.1 * update + rng.standard_normal(batch)
    discrete = task.env.action.kind == "Discrete"
    return LossReading(
        update=update,
        index=index,
        version=(update - 1) * 16 + index,
        terms=(
            Term("surrogate", -1.0, "mean", batch, (batch,), site=Site(SCRIPT, 41)),
            Term("value", 0.5, "mean", batch, (batch,), site=Site(SCRIPT, 42)),
            Term("entropy", -0.01, "mean", batch, (batch,), site=Site(SCRIPT, 43)),
        ),
        surrogate=Surrogate(
            sign=1,
            form="exp_difference",
            inverted=False,
            ratio=ratio,
            ratio_shape=(batch,),
            advantage=advantage,
            advantage_shape=(batch,),
            advantage_has_grad=False,
            old_has_grad=False,
            clip_low=0.8,
            clip_high=1.2,
            clip_on="ratio",
            combine="min",
            clip_site=Site(SCRIPT, 40),
        ),
        value=ValueLoss("squared", prediction, (batch,), target, (batch,), batch, False, False, site=Site(SCRIPT, 42)),
        head=_discrete_head(rng, task, update, batch) if discrete else _gaussian_head(rng, update, batch),
        batch=batch,
        policy_inputs=rng.standard_normal((batch, task.env.observation.shape[0])),
        policy_parameters=(0, 1),
        value_parameters=(2, 3),
    )


def _discrete_head(rng: np.random.Generator, task: Task, update: int, batch: int) -> PolicyHead:
    raw = 0.02 * update * rng.standard_normal((batch, task.env.action.n or 2))
    logits = raw - np.log(np.exp(raw).sum(1, keepdims=True))
    drawn = (np.exp(logits).cumsum(1) < rng.random((batch, 1))).sum(1)
    return PolicyHead("categorical", logits=logits, action=drawn)


def _gaussian_head(rng: np.random.Generator, update: int, batch: int) -> PolicyHead:
    mean, std = 0.1 * rng.standard_normal((batch, 1)), np.full((1,), 1.0 - 0.01 * update)
    return PolicyHead("gaussian", mean=mean, std=std, action=mean + std * rng.standard_normal((batch, 1)))


def rollout(rng: np.random.Generator, task: Task, update: int) -> RolloutSpecimen:
    """A damped system pushed by the action; episodes end at random."""
    count, size = task.env.num_envs, task.env.observation.shape[0]
    steps = 1024 // count
    discrete = task.env.action.kind == "Discrete"
    reset = 0.1 * rng.standard_normal((steps + 1, count, size))
    obs, following = np.zeros((steps, count, size)), np.zeros((steps, count, size))
    action = rng.integers(0, task.env.action.n, (steps, count)) if discrete else rng.normal(0, 1, (steps, count, 1))
    push = action - action.mean() if discrete else action[..., 0]
    ended = rng.random((steps, count)) < 0.04
    state = reset[0]
    for t in range(steps):
        obs[t] = state
        following[t] = 0.9 * state + 0.05 * np.roll(state, 1, axis=-1) + 0.02 * rng.standard_normal(state.shape)
        following[t, :, -1] += 0.1 * push[t]
        state = np.where(ended[t][:, None], reset[t + 1], following[t])
    before = np.zeros((steps, count), bool)
    before[1:] = ended[:-1]
    before[0] = update == 1
    reward = -(obs**2).sum(-1) if not discrete else np.full((steps, count), -1.0 if task.length else 1.0)
    return RolloutSpecimen(
        update=update,
        stream=0,
        first_call=(update - 1) * steps,
        obs=obs,
        next_obs=following,
        action=action,
        reward=reward,
        terminated=ended & (not task.truncated),
        truncated=ended & task.truncated,
        done_seen=ended,
        raw_reward=reward.copy(),
        reset_before=before,
        last_obs=state,
        final_known=np.ones((steps, count), bool),
    )
