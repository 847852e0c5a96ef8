"""Scenarios whose minibatches belong to played steps: the twins of the advantage and data families."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scenarios import Scenario, steady

from ppodoctor.measures.loss import LossReading, PolicyHead
from ppodoctor.specimens import LossGraph, MinibatchSpecimen, ModuleCalls

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic import SCRIPT, Script, make

SOURCE = """import torch

gamma = 0.99
lam = 0.95


def gae(rewards, values, next_value, terminated, ended):
    adv, last = torch.zeros_like(rewards), 0.0
    for t in reversed(range(len(rewards))):
        mask = 1.0 - terminated[t]
        delta = rewards[t] + gamma * next_value * mask - values[t]
        last = delta + gamma * lam * (1.0 - ended[t]) * last
        adv[t] = last
        next_value = values[t]
    returns = adv + values
    return (adv - adv.mean()) / (adv.std() + 1e-8), returns


def scale(reward):
    reward = (reward - reward.mean()) / reward.std()
    return reward
"""


@cache
def _made(script: str, changes: tuple[tuple[str, Any], ...]) -> Scenario:
    run, readings = make(Script(**dict(changes)))
    minibatches = tuple(
        MinibatchSpecimen(r.update, r.index, r.version, 512 * r.update, LossGraph([], {}), facts={"update_size": 0.01})
        for r in readings
    )
    base = steady().run
    env = replace(base.envs[0], stepped_at=base.envs[0].made_at)
    whole = replace(
        base,
        rollouts=run.rollouts,
        calls=run.calls,
        minibatches=minibatches,
        source={script: SOURCE},
        envs=(env,),
        settings={},
    )
    return Scenario(whole, readings)


def played(**script: Any) -> Scenario:
    """A run whose rollouts, layer calls and minibatches are those of an imaginary script."""
    return _made(SCRIPT, tuple(sorted({"steps": 128, "updates": 2, **script}.items())))


def on_a_grid(scenario: Scenario, width: float = 0.5) -> Scenario:
    """The same in a world of cells, where many steps have the same observation."""

    def cells(rows: Any) -> Any:
        return (np.round(np.asarray(rows) / width) * width).astype(np.float32)

    rollouts = tuple(replace(r, obs=cells(r.obs), next_obs=cells(r.next_obs)) for r in scenario.run.rollouts)
    readings = tuple(replace(r, policy_inputs=cells(r.policy_inputs)) for r in scenario.readings)
    rows = tuple(replace(row, rollout_steps=rollouts[0].reward.size) for row in scenario.run.updates)
    return Scenario(replace(scenario.run, rollouts=rollouts, calls={}, updates=rows), readings)


def gaussian(scenario: Scenario, clip: float | None) -> Scenario:
    """The same with a Gaussian policy, whose actions are stored clipped or as they were sent."""
    rng = np.random.default_rng(3)
    rollouts = tuple(
        replace(r, action=rng.normal(size=(*np.asarray(r.reward).shape, 1))) for r in scenario.run.rollouts
    )
    sent = {}
    for rollout in rollouts:
        keys = [row.tobytes() for row in np.asarray(rollout.obs).reshape(-1, 3)]
        sent.update(zip(keys, np.asarray(rollout.action).reshape(-1, 1), strict=True))

    def change(reading: LossReading) -> LossReading:
        action = np.array([sent[row.tobytes()] for row in reading.policy_inputs])
        action = action if clip is None else np.clip(action, -clip, clip)
        head = PolicyHead("gaussian", mean=np.zeros_like(action), std=np.ones(1), action=action)
        return replace(reading, head=head)

    return Scenario(replace(scenario.run, rollouts=rollouts), tuple(change(r) for r in scenario.readings))


def recurrent(scenario: Scenario, *, off: bool) -> Scenario:
    """The same with a recurrent first layer; with `off`, ratios differ from 1 behind the first end of an episode."""
    started = {}
    for rollout in scenario.run.rollouts:
        starts = np.asarray(rollout.reset_before).copy()
        starts[0] = False
        keys = [row.tobytes() for row in np.asarray(rollout.obs).reshape(-1, 3)]
        started.update(zip(keys, (np.cumsum(starts, axis=0) > 0).ravel(), strict=True))

    def change(reading: LossReading) -> LossReading:
        behind = np.array([started[row.tobytes()] for row in reading.policy_inputs])
        assert reading.surrogate is not None
        ratio = np.where(behind & off, 1.1, 1.0) if reading.index == 0 else reading.surrogate.ratio
        surrogate = replace(reading.surrogate, ratio=ratio, log_prob_old=reading.surrogate.log_prob_new - np.log(ratio))
        return replace(reading, surrogate=surrogate)

    def layer(calls: ModuleCalls) -> ModuleCalls:
        return replace(calls, cls="GRU") if calls.role == "first" else calls

    calls = {update: [layer(one) for one in own] for update, own in scenario.run.calls.items()}
    return Scenario(replace(scenario.run, calls=calls), tuple(change(r) for r in scenario.readings))


def ragged(scenario: Scenario) -> Scenario:
    """The same with one more minibatch of a single sample, normalised over itself."""
    last = scenario.readings[-1]
    assert last.surrogate is not None
    small = replace(
        last,
        index=last.index + 1,
        version=last.version + 1,
        batch=1,
        policy_inputs=last.policy_inputs[:1],
        value_inputs=last.value_inputs[:1],
        value=None,
        head=None,
        surrogate=replace(last.surrogate, advantage=np.array([np.nan]), ratio=np.ones(1)),
    )
    kept = scenario.run.minibatches[-1]
    more = replace(kept, index=small.index, version=small.version)
    return Scenario(replace(scenario.run, minibatches=(*scenario.run.minibatches, more)), (*scenario.readings, small))


def argued(scenario: Scenario, *words: str) -> Scenario:
    """The same, started with command line arguments."""
    return Scenario(replace(scenario.run, header={**scenario.run.header, "argv": [SCRIPT, *words]}), scenario.readings)
