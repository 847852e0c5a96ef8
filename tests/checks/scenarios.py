"""Made runs with known faults: healthy ones of several tasks, and changes that make one sick.

A scenario is a run with the readings of its losses; both are small, plain and made from a seeded generator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scenario_readings import SCRIPT, UPDATES, minibatch, reading, rollout

from ppodoctor.measures.loss import LossReading
from ppodoctor.records import (
    EnvFacts,
    EpisodeRecord,
    OptimizerFacts,
    ParameterFacts,
    Setting,
    Site,
    SpaceFacts,
    UpdateRecord,
)
from ppodoctor.run import Run

LINE = Site(SCRIPT, 12, "<module>", "envs = make()")

CURVES: Mapping[str, tuple[float, float]] = {
    # column -> value in the first and the last update; straight between them, with a little noise
    "policy_loss": (-0.004, -0.002),
    "value_loss": (8.0, 30.0),
    "entropy": (0.69, 0.4),
    "entropy_share": (1.0, 0.58),
    "approx_kl": (0.008, 0.003),
    "clip_fraction": (0.1, 0.05),
    "ratio_max": (1.4, 1.3),
    "ratio_min": (0.7, 0.8),
    "advantage_std": (1.0, 1.0),
    "gain_corr": (0.3, 0.2),
    "explained_variance": (0.05, 0.8),
    "value_mean": (1.0, 40.0),
    "value_std": (0.5, 10.0),
    "target_mean": (12.0, 50.0),
    "target_std": (6.0, 12.0),
    "target_abs_max": (20.0, 90.0),
    "grad_norm": (4.0, 9.0),
    "update_size": (0.004, 0.002),
    "value_grad_share": (0.7, 0.6),
    "saturated_share": (0.02, 0.1),
    "dead_share": (0.1, 0.15),
    "learning_rate": (1e-3, 2e-4),
}
LEVELS: Mapping[str, float] = {
    "rollout_steps": 1024,
    "minibatch_size": 256,
    "optimizer_steps": 16,
    "backwards": 16,
    "grad_norm_after": 0.5,
    "reward_mean": 1.0,
    "reward_std": 0.0,
    "reward_abs_max": 1.0,
    "reward_zero_share": 0.0,
    "ratio_first": 0.0,
    "advantage_mean": 0.0,
}
WHOLE = frozenset({"rollout_steps", "minibatch_size", "optimizer_steps", "backwards", "episodes"})


@dataclass(frozen=True)
class Scenario:
    """A made run and what reading its losses gives."""

    run: Run
    readings: tuple[LossReading, ...] = ()

    def but(self, **changes: Any) -> Scenario:
        """The same with other tables of the run."""
        return replace(self, run=replace(self.run, **changes))


@dataclass(frozen=True)
class Task:
    """What a made environment is like."""

    env: EnvFacts
    returns: tuple[float, float] = (20.0, 200.0)
    """Typical return at the start and at the end."""
    noise: float = 0.35
    length: int = 0
    """Fixed length of episodes; 0: the return is the length."""
    truncated: bool = False
    curves: Mapping[str, Any] = field(default_factory=dict)


CARTPOLE = Task(
    EnvFacts(
        stream=0,
        cls="gymnasium.vector.SyncVectorEnv",
        layers=("SyncVectorEnv", "TimeLimit", "CartPoleEnv"),
        api="vector",
        num_envs=4,
        spec_id="CartPole-v1",
        max_episode_steps=500,
        observation=SpaceFacts("Box", (4,), low=(-4.8, -1e308, -0.42, -1e308), high=(4.8, 1e308, 0.42, 1e308)),
        action=SpaceFacts("Discrete", (), n=2),
        made_at=LINE,
        steps=UPDATES * 1024,
        resets=1,
        seeds=(1,),
        baseline={"random": [22.0, 15, 31, 18, 24, 12, 40, 20, 17, 26], "zero": [9.0, 10, 9, 8, 10]},
    )
)
PENDULUM = Task(
    EnvFacts(
        stream=0,
        cls="gymnasium.wrappers.TimeLimit",
        layers=("TimeLimit", "PendulumEnv"),
        api="gymnasium",
        spec_id="Pendulum-v1",
        max_episode_steps=200,
        observation=SpaceFacts("Box", (3,), low=(-1.0, -1.0, -8.0), high=(1.0, 1.0, 8.0)),
        action=SpaceFacts("Box", (1,), low=(-2.0,), high=(2.0,)),
        made_at=LINE,
        steps=UPDATES * 1024,
        resets=300,
        seeds=(3, *(None,) * 63),
        baseline={"random": [-1250.0, -1100, -1400, -900, -1300, -1200, -1600, -1050], "zero": [-1200.0, -1500, -900]},
    ),
    returns=(-1250.0, -250.0),
    noise=0.15,
    length=200,
    truncated=True,
    curves={
        "entropy": (1.4, -0.6),
        "entropy_share": None,
        "action_std": (1.0, 0.13),
        "action_bound_share": (0.05, 0.3),
        "target_abs_max": (60.0, 90.0),
        "target_mean": (-50.0, -20.0),
        "explained_variance": (-0.3, 0.7),
        "reward_mean": (-6.0, -1.2),
        "reward_std": (3.0, 2.0),
        "reward_abs_max": (16.0, 16.0),
    },
)
MOUNTAIN_CAR = Task(
    replace(
        CARTPOLE.env,
        spec_id="MountainCar-v0",
        max_episode_steps=200,
        observation=SpaceFacts("Box", (2,), low=(-9.0, -9.0), high=(9.0, 9.0)),
        action=SpaceFacts("Discrete", (), n=3),
        baseline={"random": [-200.0] * 8, "zero": [-200.0] * 3},
    ),
    returns=(-200.0, -200.0),
    noise=0.0,
    length=200,
    truncated=True,
    curves={
        "reward_mean": -1.0,
        "entropy": (1.09, 1.05),
        "entropy_share": (1.0, 0.96),
        "explained_variance": (0.0, 0.9),
    },
)


def steady(task: Task = CARTPOLE, *, updates: int = UPDATES, seed: int = 0, **columns: Any) -> Scenario:
    """A healthy run of a task. Columns are replaced by a level, by (first, last), by an array, or left out by None."""
    rng = np.random.default_rng(seed)
    rows = _rows(rng, updates, {**task.curves, **columns})
    run = Run(
        folder=None,
        header={"schema": 1, "status": "stopped"},
        updates=tuple(rows),
        episodes=tuple(_episodes(rng, task, updates)),
        envs=(task.env,),
        optimizers=(OptimizerFacts(0, "Adam", LINE, [{"lr": 1e-3, "parameters": [0, 1, 2, 3]}], updates * 16),),
        parameters=tuple(_parameters()),
        settings={"gamma": Setting(0.99)},
        rollouts=(rollout(rng, task, 1), rollout(rng, task, 2)),
        minibatches=tuple(minibatch(u, i) for u, i in _READ if u <= updates),
    )
    readings = tuple(reading(rng, task, u, i) for u, i in _READ if u <= updates)
    return Scenario(run, readings)


def with_returns(scenario: Scenario, values: Sequence[float], *, seen: Sequence[float] | None = None) -> Scenario:
    """Other episode returns, evenly spread over the run."""
    last = scenario.run.updates[-1]
    episodes = []
    for k, value in enumerate(values):
        part = (k + 1) / len(values)
        ret_seen = value if seen is None else seen[k]
        steps, update = int(part * last.step), int(part * last.update)
        length = scenario.run.episodes[0].length
        episodes.append(EpisodeRecord(steps, 0, k % 4, float(value), float(ret_seen), length, False, True, update))
    return scenario.but(episodes=tuple(episodes))


def failing(scenario: Scenario, *, seed: int = 5) -> Scenario:
    """The same run without progress: its first returns for ever."""
    rng = np.random.default_rng(seed)
    first = [e.ret for e in scenario.run.episodes[:40]]
    return with_returns(scenario, rng.choice(first, 400))


def with_rollouts(scenario: Scenario, **arrays: Any) -> Scenario:
    """Rollouts with other arrays: a function of the rollout for each name."""
    changed = [replace(r, **{name: make(r) for name, make in arrays.items()}) for r in scenario.run.rollouts]
    return scenario.but(rollouts=tuple(changed))


def with_env(scenario: Scenario, **facts: Any) -> Scenario:
    """Other facts of the training environment."""
    return scenario.but(envs=(replace(scenario.run.envs[0], **facts), *scenario.run.envs[1:]))


def with_readings(scenario: Scenario, change: Any) -> Scenario:
    """Every reading changed by a function."""
    return replace(scenario, readings=tuple(change(r) for r in scenario.readings))


def healthy() -> dict[str, Scenario]:
    """Runs in which no check may find a cause, and no check of a statistical kind anything at all."""
    ceiling = steady(seed=3, approx_kl=(4e-3, 2e-5), entropy_share=(1.0, 0.08), entropy=(0.69, 0.05), clip_fraction=0.0)
    quick = [*np.linspace(20, 500, 80), *[500.0] * 200]
    return {
        "cartpole": steady(),
        "cartpole_other_seed": steady(seed=11),
        "pendulum": steady(PENDULUM),
        "pendulum_other_seed": steady(PENDULUM, seed=4),
        "mountain_car_young": steady(MOUNTAIN_CAR, updates=3),
        "young": steady(updates=6),
        "one_update": steady(updates=1),
        "at_ceiling": with_returns(ceiling, quick),
    }


def moving(start: float, end: float, count: int, rng: np.random.Generator, noise: float = 0.04) -> np.ndarray:
    """[count] a straight way from start to end with a little noise."""
    line = np.linspace(start, end, count)
    return line + noise * (abs(start) + abs(end)) / 2 * rng.standard_normal(count) * (start != end)


def _rows(rng: np.random.Generator, updates: int, changes: Mapping[str, Any]) -> list[UpdateRecord]:
    table: dict[str, Any] = {}
    for name, value in {**CURVES, **LEVELS, **changes}.items():
        if value is None:
            continue
        if isinstance(value, tuple):
            table[name] = moving(*value, UPDATES, rng)[:updates]
            if name in ("entropy_share", "clip_fraction", "saturated_share", "dead_share", "approx_kl"):
                table[name] = np.clip(table[name], 0, 1 if name != "approx_kl" else np.inf)
        else:
            table[name] = np.broadcast_to(np.asarray(value, float), (updates,))
    return [
        UpdateRecord(
            update=k + 1,
            step=1024 * (k + 1),
            wall=0.5 * k,
            **{name: int(col[k]) if name in WHOLE else float(col[k]) for name, col in table.items()},
        )
        for k in range(updates)
    ]


def _episodes(rng: np.random.Generator, task: Task, updates: int) -> list[EpisodeRecord]:
    found, step, total = [], 0, updates * 1024
    while True:
        part = min(1.0, step / (UPDATES * 1024))
        level = task.returns[0] + (task.returns[1] - task.returns[0]) * part
        value = level + task.noise * abs(level) * rng.standard_normal()
        length = task.length or max(8, int(value))
        value = value if task.length else float(length)
        step += length
        if step > total:
            return found
        found.append(
            EpisodeRecord(
                step,
                0,
                len(found) % 4,
                float(value),
                float(value),
                length,
                not task.truncated,
                task.truncated,
                step // 1024,
            )
        )


_READ = tuple((u, i) for u in (1, 2, 3, 4, 8, 16, 32) for i in (0, 1, 15))


def _parameters() -> list[ParameterFacts]:
    names = [("actor.0.weight", (64, 4), "policy"), ("actor.2.weight", (2, 64), "policy")]
    names += [("critic.0.weight", (64, 4), "value"), ("critic.2.weight", (1, 64), "value")]
    return [
        ParameterFacts(k, name, "Linear", shape, True, (0,), role, True, True)
        for k, (name, shape, role) in enumerate(names)
    ]
