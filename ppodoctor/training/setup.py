"""From settings and environments to a Trainer: which learner, which normalisers, one generator per purpose."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.core import TASKS, misfit, why_not_stepped
from ppodoctor.training.dense import DenseShape, initial_tensors
from ppodoctor.training.dense_learner import DenseLearner
from ppodoctor.training.envs.api import EnvOptions, Envs
from ppodoctor.training.learner import Learner
from ppodoctor.training.loop import Extra, Trainer
from ppodoctor.training.normalize import ObservationScale, RewardScale
from ppodoctor.training.rollout import Collector, Eyes
from ppodoctor.training.schedule import Schedule
from ppodoctor.training.spaces import ActionFacts, Layout, action_facts, layout_of

ActorCritic = Callable[..., Any]
"""Makes a network of the user's own; see `ppodoctor.training.networks.UserNetwork`."""


@dataclass(frozen=True)
class Parts:
    """What the spaces decide."""

    action: ActionFacts
    layout: Layout | None
    """None for a network of the user's own, which takes observations as they are."""


def parts_of(config: PPOConfig, envs: Envs, actor_critic: ActorCritic | None) -> Parts:
    """Read the spaces. Raises ConfigError for what cannot be trained on."""
    action = action_facts(envs.action_space, squash=config.squash_actions)
    return Parts(action, None if actor_critic is not None else layout_of(envs.observation_space))


def why_not_dense(config: PPOConfig, parts: Parts) -> str:
    """Why the hand-written learner cannot take this, or nothing when it can."""
    reasons = {
        "the network is your own": parts.layout is None,
        "observations hold images": parts.layout is not None and not parts.layout.flat,
        "the policy is recurrent": config.recurrent != "none",
        "policy and critic share their layers": config.shared_network,
        "actions are squashed": parts.action.kind == "squashed",
        "compile is on": config.compile,
        f"the device is {config.device}": config.device not in ("cpu", "auto"),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


@dataclass(frozen=True)
class Choice:
    """Who acts and learns."""

    name: str
    """core, dense or torch."""
    why: str
    """One sentence, for the terminal and run.json."""


def choose(config: PPOConfig, envs: Envs, parts: Parts, *, own: bool = False, by: str = "") -> Choice:
    """The fastest learner that can take this policy, or the one that was asked for.

    Args:
        config: Its `backend` says what is wished for.
        envs: Their spaces decide, too.
        parts: What the spaces decide.
        own: The network is the user's own.
        by: The learner that has to be taken whatever the settings say, such as that of the run that is gone on with.

    Raises:
        ConfigError: the learner asked for cannot take this policy; says why.
    """
    no_core = "the network is your own" if own else why_not_core(config, envs, parts)
    no_dense = why_not_dense(config, parts)
    reason = {"core": no_core, "dense": no_dense}.get(by, "")
    if reason:
        raise ConfigError(f"{NAMES[by]} has to learn here, and cannot: {reason}")
    if no_core and config.backend == "core" and not by:
        raise ConfigError(f"backend is core, but the compiled core cannot take this: {no_core}. auto takes what can")
    if by:
        return Choice(by, f"{NAMES[by]} learns, as was decided before")
    if config.backend == "torch":
        return Choice("torch", f"{NAMES['torch']} learns, since backend is torch")
    if not no_core:
        return Choice("core", f"{NAMES['core']} learns: the policy fits it, and the device is the CPU")
    name = "torch" if no_dense else "dense"
    return Choice(name, f"{NAMES[name]} learns in place of the compiled core: {no_core}")


NAMES = {"core": "the compiled core", "dense": "numpy", "torch": "torch"}


def why_not_core(config: PPOConfig, envs: Envs, parts: Parts) -> str:
    """Why the compiled core cannot take this, or nothing when it can."""
    if parts.layout is not None and not parts.layout.flat:
        return "observations hold images"
    return "compile is on" if config.compile else misfit(config, envs.observation_space, envs.action_space)


def why_not_inside(environment: Any, config: PPOConfig, options: EnvOptions, *, own: bool = False) -> str:
    """Why the core cannot step this environment by itself, or nothing when it can. `own`: so is the network."""
    reason = why_not_stepped(environment, config)
    if reason or own:
        return reason or "the network is your own"
    if replace(options, squash_actions=False, frame_stack=1) != EnvOptions():
        return "the environments are made with options of their own"
    gymnasium = sys.modules.get("gymnasium")
    if gymnasium is not None:
        from ppodoctor.training.envs.classic import world_of

        if world_of(gymnasium.envs.registry.get(environment)) is None:
            return f"another environment is registered as {environment}"
    return misfit(config, TASKS[environment].observation_space, TASKS[environment].action_space)


def make_trainer(config: PPOConfig, envs: Envs, *, actor_critic: ActorCritic | None = None, by: str = "") -> Trainer:
    """Everything for a run, seeded; the environments are reset.

    Args:
        config: The settings; `num_envs` is that of `envs`.
        envs: Stepped by this run alone.
        actor_critic: Makes the network in place of the built-in ones.
        by: The learner that has to be taken; see `choose`.

    Raises:
        ConfigError: the settings do not fit these environments.
    """
    if envs.num_envs != config.num_envs:
        raise ConfigError(f"num_envs is {config.num_envs}, but {envs.num_envs} environments were given")
    if envs.how == "core":
        from ppodoctor.training.native import NativeEnvs, native_trainer

        assert isinstance(envs, NativeEnvs)
        return native_trainer(config, envs, choose(config, envs, parts_of(config, envs, None)).why)
    parts = parts_of(config, envs, actor_critic)
    choice = choose(config, envs, parts, own=actor_critic is not None, by=by)
    learner = make_learner(config, envs, parts, actor_critic=actor_critic, by=choice.name)
    scale = _observation_scale(config, parts)
    rewards = RewardScale(config.num_envs, config.gamma) if config.normalise_rewards else None
    collector = Collector(envs, learner, config, parts.action, Eyes(parts.layout, scale), rewards)
    collector.reset(config.seed)
    extras = _extras(config, parts, collector)
    return Trainer(config, collector, learner, Schedule(config), extras=extras, backend=choice.why)


def _extras(config: PPOConfig, parts: Parts, collector: Collector) -> tuple[Extra, ...]:
    if not config.novelty_coefficient:
        return ()
    if parts.layout is None:
        raise ConfigError("novelty_coefficient works on the built-in networks' input, not with a network of your own")
    from ppodoctor.training.novelty import Novelty

    return (Novelty(config, parts.layout, collector),)


def make_learner(config: PPOConfig, envs: Envs, parts: Parts, *, actor_critic: ActorCritic | None, by: str) -> Learner:
    """The learner that was chosen: core, dense or torch."""
    weights, acting = np.random.default_rng([config.seed, 1]), np.random.default_rng([config.seed, 2])
    tensors = None
    if parts.layout is not None and parts.layout.flat:
        shape = DenseShape.of(config, parts.layout.vector, parts.action)
        tensors = initial_tensors(shape, config, weights)
        if by == "core":
            from ppodoctor.training.core_learner import learner_outside

            return learner_outside(config, parts.layout.vector, parts.action, tensors)
        if by == "dense":
            return DenseLearner(config, parts.layout.vector, parts.action, tensors, acting)
    from ppodoctor.training.torch_setup import make_torch_learner

    return make_torch_learner(config, (envs.observation_space, parts.action, parts.layout), tensors, actor_critic)


def _observation_scale(config: PPOConfig, parts: Parts) -> ObservationScale | None:
    if not config.normalise_observations:
        return None
    if parts.layout is None:
        raise ConfigError(
            "normalise_observations works on the built-in networks' input; with a network of your own, normalise "
            "inside of it or in a wrapper of the environment"
        )
    if not parts.layout.vector:
        raise ConfigError(
            "normalise_observations is for numbers; these observations are images, which are scaled anyway"
        )
    return ObservationScale(parts.layout.vector)
