"""Runs made of numpy alone: what `synthetic_world` plays, as rollouts, layer calls and readings of minibatches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from synthetic_world import F, Game, Script, World, advantages, critic, seen_by_network, targets

from ppodoctor.measures.loss import LossReading, PolicyHead, Surrogate, Term, ValueLoss
from ppodoctor.records import EnvFacts, Site, UpdateRecord
from ppodoctor.run import Run
from ppodoctor.specimens import ModuleCalls, RolloutSpecimen

__all__ = ["ACTOR", "CRITIC", "FIRST", "SCRIPT", "Script", "critic", "make", "seen_by_network"]

SCRIPT = "my_ppo.py"
FIRST, CRITIC, ACTOR = 1, 2, 3


def make(script: Script) -> tuple[Run, tuple[LossReading, ...]]:
    """A run with rollouts and layer calls, and the readings of its minibatches."""
    game, rng = Game(script), np.random.default_rng(script.seed + 1)
    rollouts, calls, readings, rows, worlds = [], {}, [], [], []
    for update in range(1, script.updates + 1):
        world = game.play()
        worlds.append(world)
        first_call = (update - 1) * script.steps
        version = (update - 1) * script.minibatches * script.epochs
        rollout = specimen(world, update, first_call)
        if script.one_flag:
            alike = world.terminated | world.truncated
            rollout = replace(rollout, terminated=alike, done_seen=alike, truncated=np.zeros_like(alike))
        rollouts.append(rollout)
        if script.calls:
            calls[update] = layer_calls(world, script, first_call, version)
        readings += minibatches(worlds, script, (update, version), rng)
        rows.append(UpdateRecord(update=update, step=first_call + script.steps, wall=float(update)))
    run = Run(
        folder=None,
        updates=tuple(rows),
        envs=(EnvFacts(stream=0, num_envs=script.envs, max_episode_steps=script.limit),),
        rollouts=tuple(rollouts),
        calls=calls,
        source=dict(script.source),
    )
    return run, tuple(readings)


def specimen(world: World, update: int, first_call: int) -> RolloutSpecimen:
    return RolloutSpecimen(
        update=update,
        stream=0,
        first_call=first_call,
        obs=world.obs,
        next_obs=world.next_obs,
        action=world.action,
        reward=world.reward,
        terminated=world.terminated,
        truncated=world.truncated,
        done_seen=world.terminated,
        reset_before=world.starts,
        filler=world.filler,
        last_obs=world.last_obs,
        final_known=np.ones_like(world.terminated),
        obs_shape=(3,),
    )


class Log:
    """Calls in the order in which they were made."""

    def __init__(self, version: int) -> None:
        self.version, self.rows = version, []

    def ask(self, step: int, seen: Any) -> None:
        self.rows.append((step, np.atleast_2d(seen)))

    def modules(self) -> list[ModuleCalls]:
        count = len(self.rows)
        steps = np.array([step for step, _ in self.rows])
        sizes = np.array([len(seen) for _, seen in self.rows])
        inputs = np.concatenate([seen for _, seen in self.rows])
        logits = np.column_stack([inputs[:, 0], -inputs[:, 1]]).astype(F)
        common = {"step": steps, "stream": np.zeros(count, np.int64), "version": np.full(count, self.version)}
        common |= {"grad": np.zeros(count, bool), "training": np.ones(count, bool), "rows": sizes}
        order = 3 * np.arange(count)
        return [
            ModuleCalls(FIRST, "Linear", role="first", order=order, inputs=inputs, **common),
            ModuleCalls(ACTOR, "Linear", role="head", order=order + 1, outputs=logits, **common),
            ModuleCalls(CRITIC, "Linear", role="head", order=order + 2, outputs=critic(inputs)[:, None], **common),
        ]


def layer_calls(world: World, script: Script, first_call: int, version: int) -> list[ModuleCalls]:
    log = Log(version)
    steps = len(world.obs)
    for t in range(steps):
        log.ask(first_call + t, seen_by_network(world.obs[t], script))
        if script.finals:
            asked = world.truncated[t] | (world.terminated[t] & script.every_final)
            for n in np.flatnonzero(asked):
                log.ask(first_call + t + 1, seen_by_network(world.next_obs[t, n], script))
    if script.tail_value:
        log.ask(first_call + steps, seen_by_network(world.last_obs, script))
    return log.modules()


def minibatches(
    worlds: list[World], script: Script, numbers: tuple[int, int], rng: np.random.Generator
) -> list[LossReading]:
    """The readings of one update, the last of the worlds being its own rollout."""
    used = worlds[-2:] if script.stale else worlds[-1:]
    columns = [np.concatenate(column) for column in zip(*(samples(world, script) for world in used), strict=True)]
    seen, action, target, flat = columns
    if script.normalise == "batch":
        flat = (flat - flat.mean()) / (flat.std() + F(1e-8))
    readings = []
    for epoch in range(script.epochs):
        order = rng.permutation(flat.size)
        if script.order == "drawn":
            order = rng.integers(flat.size, size=flat.size)
        elif script.order == "half":
            order = np.arange(flat.size)[::2]
        for number, chosen in enumerate(np.array_split(order, script.minibatches)):
            index = epoch * script.minibatches + number
            if script.recorded is not None and index >= script.recorded:
                continue
            x, advantage = seen[chosen], normalised(flat[chosen], script)
            rest = (critic(x), target[chosen], action[chosen], np.exp(0.05 * bool(index) * rng.normal(size=len(x))))
            readings.append(reading((numbers[0], index, numbers[1] + index), x, advantage, rest))
    return readings


def samples(world: World, script: Script) -> tuple[Any, Any, Any, Any]:
    """Inputs, actions, targets and advantages of one rollout, row by row."""
    advantage = advantages(world, script)
    stored = {"next": world.next_obs, "alias": np.broadcast_to(world.last_obs, world.obs.shape)}
    seen = seen_by_network(stored.get(script.stored, world.obs), script).reshape(-1, 3)
    action = world.action.ravel()
    if script.actions == "random":
        action = np.random.default_rng(len(action)).integers(0, 2, size=action.size)
    flat = advantage.ravel()
    if script.smooth:
        flat = np.convolve(flat, np.ones(script.smooth, F) / script.smooth, mode="same").astype(F)
    if not script.baseline:
        flat = flat + critic(seen_by_network(world.obs, script)).ravel()
    return seen, action, targets(world, script, advantage).ravel(), -flat if script.flipped else flat


def normalised(advantage: Any, script: Script) -> Any:
    if script.normalise == "minibatch":
        with np.errstate(all="ignore"):
            return (advantage - advantage.mean()) / (advantage.std(ddof=min(1, advantage.size - 1)) + F(1e-8))
    return advantage - advantage.mean() if script.normalise == "centre" else advantage


def reading(numbers: tuple[int, int, int], x: Any, advantage: Any, rest: tuple[Any, Any, Any, Any]) -> LossReading:
    value, target, action, ratio = rest
    size = len(x)
    new = np.full(size, -0.7)
    return LossReading(
        update=numbers[0],
        index=numbers[1],
        version=numbers[2],
        terms=(
            Term("surrogate", -1.0, "mean", size, (size,), site=Site(SCRIPT, 41)),
            Term("value", 0.5, "mean", size, (size,), site=Site(SCRIPT, 42)),
        ),
        surrogate=Surrogate(
            sign=1,
            form="exp_difference",
            inverted=False,
            ratio=ratio,
            ratio_shape=(size,),
            advantage=advantage,
            advantage_shape=(size,),
            advantage_has_grad=False,
            old_has_grad=False,
            clip_low=0.8,
            clip_high=1.2,
            clip_on="ratio",
            combine="min",
            log_prob_new=new,
            log_prob_old=new - np.log(ratio),
        ),
        value=ValueLoss(
            error="squared",
            prediction=value + F(0.05) * numbers[1],  # the critic moves with every step
            prediction_shape=(size,),
            target=target,
            target_shape=(size,),
            elements=size,
            target_has_grad=False,
            clipped=False,
        ),
        head=PolicyHead(kind="categorical", action=action),
        batch=size,
        inputs={FIRST: x},
        policy_inputs=x,
        value_inputs=x,
    )
