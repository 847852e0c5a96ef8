"""From the name of an environment to N of them behind the door."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec, load_env_creator
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, VectorEnv
from gymnasium.wrappers import AtariPreprocessing

from ppodoctor.training.envs.api import EnvironmentFault, EnvOptions, Envs
from ppodoctor.training.envs.classic import FROM_ENVS, Classic, world_of
from ppodoctor.training.envs.door import Door, Source
from ppodoctor.training.envs.inprocess import InProcess
from ppodoctor.training.envs.layers import Stacked
from ppodoctor.training.envs.masks import method_of
from ppodoctor.training.envs.pool import Pool, is_pool, make_pool
from ppodoctor.training.envs.rows import readable
from ppodoctor.training.envs.sb3 import VecEnvSource, is_vec_env
from ppodoctor.training.envs.single import try_out
from ppodoctor.training.envs.target import Maker, as_env, describe, find, missing
from ppodoctor.training.envs.vector import Vectored
from ppodoctor.training.envs.worlds import World

HOWS = ("auto", "native", "sync", "async", "envpool")


def make_envs(
    target: Any,
    num_envs: int = 1,
    *,
    how: str = "auto",
    kwargs: Mapping[str, Any] | None = None,
    options: EnvOptions | None = None,
) -> Envs:
    """N environments, stepped together.

    `target` is a gymnasium id, `module:Class`, `path/to/file.py:Class`, a class or function that makes one environment,
    or a vector environment that exists already (gymnasium's, Stable-Baselines3's or EnvPool's; `num_envs` is then its
    own). `how`: "native" (a vector environment that the id registers, all in one numpy call), "sync" (in turn, in this
    process), "async" (a process each, by gymnasium), "envpool", or "auto": native where there is one, else sync.
    `kwargs` go to the environment's constructor. Raises EnvironmentFault where the environment cannot be used.
    """
    options = options or EnvOptions()
    if kwargs:
        options = replace(options, kwargs={**options.kwargs, **kwargs})
    if how not in HOWS:
        raise EnvironmentFault(f"how={how!r} is none of the ways to step environments: {', '.join(HOWS)}.")
    if num_envs < 1:
        raise EnvironmentFault(f"num_envs={num_envs}: at least one environment is needed.")
    source, how, why = _given(target, options) or _made(target, num_envs, how, options)
    door = Door(source, how=how, why=why, squash=options.squash_actions)
    return door if options.frame_stack == 1 or source.stacks else Stacked(door, options.frame_stack)


def _given(target: Any, options: EnvOptions) -> tuple[Source, str, str] | None:
    """A vector environment that the caller made, as it is: what changes single environments comes too late."""
    if not (is_pool(target) or isinstance(target, VectorEnv) or is_vec_env(target)):
        return None
    if options.kwargs or options.max_episode_steps or options.atari:
        raise EnvironmentFault(
            f"A {type(target).__name__} that exists already was given together with options for making environments "
            "(kwargs, max_episode_steps or atari). Apply them where it is made, or give the id or the class instead."
        )
    if is_pool(target):
        return Pool(target), "given", "an EnvPool was given"
    if isinstance(target, VectorEnv):
        return Vectored(target), "given", f"a gymnasium vector environment was given ({type(target).__name__})"
    return VecEnvSource(target), "given", f"a Stable-Baselines3 VecEnv was given ({type(target).__name__})"


def _made(target: Any, num_envs: int, how: str, options: EnvOptions) -> tuple[Source, str, str]:
    if how == "envpool":
        remake = partial(make_pool, target, num_envs, options)
        return Pool(remake(0), remake), "envpool", "asked for: EnvPool steps them in its own threads"
    found = find(target)
    name = describe(target)
    world = None if options.kwargs or options.atari else world_of(found)
    if world is not None and (how == "native" or (how == "auto" and num_envs >= FROM_ENVS)):
        why = f"{name} is stepped in numpy by gymnasium's equations, and reset in the step of the end"
        return _classic(world(), found, num_envs, options), "native", why
    hindrance = _not_native(found, name, options)
    if world is not None and how == "auto":
        hindrance = f"{num_envs} of {name} are faster in turn than in one numpy call"
    if how == "native" and hindrance:
        raise EnvironmentFault(f"how='native' is not possible: {hindrance}. Use how='sync' or how='auto'.")
    if how == "native" or (how == "auto" and not hindrance):
        try:
            source = _native(found, num_envs, options)
        except (ImportError, gym.error.DependencyNotInstalled) as error:
            raise missing(name, error) from error
        return source, "native", f"{name} registers a vector environment of its own"
    maker = _maker(target, found, options)
    if how == "async":
        return _processes(maker, num_envs), "async", "asked for: a process for each environment"
    return InProcess([maker] * num_envs, name), "sync", "asked for" if how == "sync" else hindrance


def _not_native(found: Any, name: str, options: EnvOptions) -> str:
    """Why an id's own vector environment cannot be used; empty where it can."""
    if not isinstance(found, EnvSpec) or found.vector_entry_point is None:
        return f"{name} has no vector environment of its own"
    if found.additional_wrappers:
        return f"{name} is registered with wrappers, which a vector environment does not take"
    if is_atari(found) and options.atari is False:
        return f"the vector environment of {name} always preprocesses, and atari=False"
    if options.atari and not is_atari(found):
        return f"{name} is preprocessed one by one"
    return ""


def _native(found: EnvSpec, num_envs: int, options: EnvOptions) -> Source:
    """The id's own vector environment; where it can, it resets in the step of the end, so that no row is lost."""
    kwargs: dict[str, Any] = {}
    point = found.vector_entry_point
    make = load_env_creator(point) if isinstance(point, str) else point
    if "autoreset_mode" in inspect.signature(make).parameters:  # type: ignore[arg-type]
        kwargs["autoreset_mode"] = AutoresetMode.SAME_STEP
    if is_atari(found):
        # rewards as the game gives them: whoever clips them still knows the score
        kwargs.update(reward_clipping=False, stack_num=options.frame_stack)
    if options.max_episode_steps is not None:
        frames = found.kwargs.get("frameskip", 4) if is_atari(found) else 1
        kwargs["max_num_frames_per_episode" if is_atari(found) else "max_episode_steps"] = (
            options.max_episode_steps * frames
        )
    kwargs.update(options.kwargs)
    envs = gym.make_vec(found, num_envs, vectorization_mode="vector_entry_point", **kwargs)
    return Vectored(envs, stacks=is_atari(found))


def _classic(world: World, found: EnvSpec, num_envs: int, options: EnvOptions) -> Source:
    limit = options.max_episode_steps or found.max_episode_steps or sys.maxsize
    return Classic(world, num_envs, gym.make(found, disable_env_checker=True), limit)


def is_atari(found: Any) -> bool:
    """Whether a spec is one of ale-py's games."""
    return isinstance(found, EnvSpec) and isinstance(found.entry_point, str) and found.entry_point.startswith("ale_py")


def _maker(target: Any, found: Any, options: EnvOptions) -> Maker:
    """Makes one environment, Atari games preprocessed: their frames are skipped by us, who pool over the last two."""
    kwargs = dict(options.kwargs)
    if not (is_atari(found) if options.atari is None else options.atari):
        return Maker(target, kwargs, (), options.max_episode_steps)
    skip = kwargs.pop("frameskip", 4)
    if is_atari(found):
        kwargs["frameskip"] = 1
    return Maker(target, kwargs, (partial(_atari, skip=skip),), options.max_episode_steps)


def _atari(env: gym.Env[Any, Any], skip: int) -> gym.Env[Any, Any]:
    try:
        return AtariPreprocessing(env, frame_skip=skip)
    except gym.error.DependencyNotInstalled as error:
        raise EnvironmentFault(
            "Atari preprocessing resizes frames with OpenCV, which is not installed: pip install opencv-python-headless"
        ) from error


def _processes(maker: Maker, num_envs: int) -> Source:
    """A process each. One environment is tried out here first, where what is wrong with it can still be told."""
    example = maker()
    try_out(example)
    masked = method_of(example) is not None
    if hasattr(example, "close"):
        example.close()
    makers = [partial(_as_env, maker)] * num_envs
    return Vectored(AsyncVectorEnv(makers, autoreset_mode=AutoresetMode.SAME_STEP), mask_method=masked)


def _as_env(maker: Maker) -> gym.Env[Any, Any]:
    env: gym.Env[Any, Any] = readable(as_env(maker()))[0]
    return env
