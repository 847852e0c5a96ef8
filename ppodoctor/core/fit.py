"""Is the core here, and does a run fit it? Answers are reasons in words, so that they can be shown."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from ppodoctor.config import PPOConfig


@dataclass(frozen=True)
class Spec:
    """The sizes of a policy."""

    inputs: int
    """Numbers in an observation."""
    choices: tuple[int, ...]
    """Options of each categorical choice; empty for continuous actions."""
    dimensions: int = 0
    """Continuous actions, each with its own mean and log standard deviation."""
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    """Bounds of the continuous actions."""


@cache
def why_not() -> str:
    """Why the core cannot be used in this installation; empty when it can."""
    try:
        importlib.import_module("ppodoctor.core._core")
    except ModuleNotFoundError:
        return (
            "ppodoctor was installed without its compiled core, because no C++20 compiler worked; "
            "install g++ or clang and install ppodoctor again"
        )
    except ImportError as error:
        return f"the compiled core cannot be loaded: {error}; install ppodoctor again"
    return ""


def available() -> bool:
    """Can the core be used in this installation?"""
    return not why_not()


def misfit(config: PPOConfig, observation_space: Any, action_space: Any) -> str:
    """What keeps a run with these settings and (gymnasium) spaces from the core; empty when nothing does."""
    reasons = {
        "the policy is recurrent": config.recurrent != "none",
        "policy and critic share their layers": config.shared_network,
        "actions are squashed": config.squash_actions,
        f"the device is {config.device}": config.device not in ("cpu", "auto"),
    }
    found = next((reason for reason, holds in reasons.items() if holds), "")
    if found:
        return found
    try:
        spec_of(observation_space, action_space)
    except ValueError as error:
        return str(error)
    return why_not()


def fits(config: PPOConfig, observation_space: Any, action_space: Any) -> bool:
    """Can the core take this run?"""
    return not misfit(config, observation_space, action_space)


def spec_of(observation_space: Any, action_space: Any) -> Spec:
    """The sizes that spaces ask for. Raises ValueError with the reason for spaces that the core has no policy for."""
    inputs = _numbers(observation_space)
    if is_kind(action_space, "Discrete"):
        return Spec(inputs, (int(action_space.n),))
    if is_kind(action_space, "MultiDiscrete"):
        return Spec(inputs, tuple(int(n) for n in action_space.nvec.reshape(-1)))
    if is_kind(action_space, "Box"):
        low, high = (tuple(float(x) for x in bound.reshape(-1)) for bound in (action_space.low, action_space.high))
        return Spec(inputs, (), len(low), low, high)
    raise ValueError(f"actions are {type(action_space).__name__}, not Discrete, MultiDiscrete or Box")


def _numbers(space: Any) -> int:
    """Numbers that an observation adds to the network's input, categories one-hot."""
    if is_kind(space, "Box"):
        if space.dtype.name == "uint8" and len(space.shape) == 3:
            raise ValueError("observations hold images")
        size = 1
        for n in space.shape:
            size *= int(n)
        return size
    if is_kind(space, "Discrete"):
        return int(space.n)
    if is_kind(space, "MultiDiscrete"):
        return int(space.nvec.sum())
    if is_kind(space, "MultiBinary"):
        return int(space.sample().size)
    if is_kind(space, "Dict", "Tuple"):
        parts = space.spaces.values() if is_kind(space, "Dict") else space.spaces
        return sum(_numbers(part) for part in parts)
    raise ValueError(f"observations are {type(space).__name__}")


def is_kind(space: Any, *names: str) -> bool:
    """Is it one of gymnasium's spaces of these names? Asked by name, so that gymnasium need not be loaded."""
    return any(cls.__name__ in names for cls in type(space).__mro__)
