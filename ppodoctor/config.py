"""PPOConfig: every setting of the trainer, once. Flags, help, search ranges and the docs page are read from here.

Standard library only, so that the command line, the compiled core and the tuner can read it without loading a trainer.
"""
# ruff: noqa: RUF009 - `setting` returns a dataclass field, which is what these calls are for

from __future__ import annotations

import difflib
import functools
import json
import math
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

LearningRateSchedule = Literal["constant", "linear", "kl_adaptive"]
Schedule = Literal["constant", "linear"]
Normalise = Literal["minibatch", "batch", "off"]
Activation = Literal["tanh", "relu"]
Recurrent = Literal["none", "lstm", "gru"]
Backend = Literal["auto", "core", "torch"]


class ConfigError(ValueError):
    """A setting that cannot be, or two that contradict each other; says what was seen and what to give instead."""


@dataclass(frozen=True)
class Range:
    """Where a search looks: numbers from `low` to `high`, evenly in the logarithm where `log`."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Choices:
    """Where a search looks: one of these."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class SettingFacts:
    """What is known of one setting besides its name: read by the command line, the tuner and the docs."""

    help: str
    group: str
    unit: str = ""
    search: Range | Choices | None = None
    at_least: float = -math.inf
    above: float = -math.inf
    at_most: float = math.inf


def setting(default: Any, help: str, group: str, **facts: Any) -> Any:  # noqa: A002 - the field's usual word
    """A field of PPOConfig; `facts` are those of SettingFacts: unit, search, at_least, above, at_most."""
    return field(default=default, metadata={"facts": SettingFacts(help, group, **facts)})


RUN, DATA, UPDATE, NETWORK, SCALE, MACHINE = "Length", "Data", "Update", "Network", "Normalisation", "Machine"


@dataclass(frozen=True)
class PPOConfig:
    """The settings of one training run. Immutable; a copy with changes: `dataclasses.replace`.

    Raises:
        ConfigError: a value is out of its range, or two settings contradict each other.
    """

    total_steps: int = setting(
        100_000, "Environment steps to train for, over all environments; whole updates.", RUN, unit="steps", at_least=1
    )
    seed: int = setting(1, "Seed of weights, actions, minibatches and environments.", RUN, at_least=0)

    num_envs: int = setting(
        8, "Environments stepped side by side.", DATA, at_least=1, search=Choices((1, 4, 8, 16, 32, 64))
    )
    rollout_steps: int = setting(
        128,
        "Steps taken in each environment between two updates.",
        DATA,
        unit="steps",
        at_least=1,
        search=Choices((32, 64, 128, 256, 512, 1024, 2048)),
    )
    gamma: float = setting(
        0.99, "Discount per step: how far ahead rewards count.", DATA, at_least=0, at_most=1, search=Range(0.9, 0.9999)
    )
    gae_lambda: float = setting(
        0.95,
        "Lambda of GAE: 0 trusts the critic after a step, 1 waits for the return.",
        DATA,
        at_least=0,
        at_most=1,
        search=Range(0.8, 1.0),
    )
    n_step: int = setting(
        0, "Advantages from so many steps and then the critic; 0 uses GAE.", DATA, unit="steps", at_least=0
    )
    advantage_smoothing: int = setting(
        1,
        "Moving average over so many advantages of one episode; 1 is off. It smooths, it does not bootstrap.",
        DATA,
        unit="steps",
        at_least=1,
    )
    novelty_coefficient: float = setting(
        0.0,
        "Weight of a reward for what was not seen yet (random network distillation), for sparse rewards; 0 is off.",
        DATA,
        at_least=0,
    )
    novelty_learning_rate: float = setting(1e-4, "Step size of Adam of its predictor.", DATA, above=0)
    frame_stack: int = setting(1, "Observations given to the network at once, newest last; 1 is off.", DATA, at_least=1)
    learning_rate: float = setting(1e-3, "Step size of Adam.", UPDATE, above=0, search=Range(1e-5, 1e-2, log=True))
    learning_rate_schedule: LearningRateSchedule = setting(
        "linear", "constant; linear to 0 at the end; or kl_adaptive: keeps the KL divergence near target_kl.", UPDATE
    )
    adam_epsilon: float = setting(1e-5, "Epsilon of Adam.", UPDATE, above=0)
    epochs: int = setting(
        10, "Passes over a rollout's samples per update.", UPDATE, at_least=1, search=Choices((1, 3, 4, 5, 10, 20))
    )
    minibatches: int = setting(4, "Minibatches per pass.", UPDATE, at_least=1, search=Choices((1, 2, 4, 8, 16, 32)))
    clip_range: float = setting(
        0.2, "How far the probability ratio may pay off around 1.", UPDATE, above=0, search=Range(0.05, 0.4)
    )
    clip_range_schedule: Schedule = setting("constant", "constant, or linear to 0 at the end.", UPDATE)
    clip_range_value: float = setting(
        0.0, "How far a value may pay off around the old one; 0 is off.", UPDATE, unit="reward", at_least=0
    )
    entropy_coefficient: float = setting(
        0.0, "Weight of the entropy bonus.", UPDATE, at_least=0, search=Range(1e-8, 0.1, log=True)
    )
    entropy_schedule: Schedule = setting("constant", "constant, or linear to 0 at the end.", UPDATE)
    value_coefficient: float = setting(
        0.5, "Weight of the value loss (a mean squared error).", UPDATE, at_least=0, search=Range(0.1, 1.0)
    )
    max_grad_norm: float = setting(
        0.5, "Largest norm of the gradient of all parameters; 0 is off.", UPDATE, at_least=0, search=Range(0.3, 5.0)
    )
    normalise_advantages: Normalise = setting(
        "minibatch", "Advantages to mean 0 and deviation 1 per minibatch, per batch, or off.", UPDATE
    )
    target_kl: float = setting(
        0.0,
        "KL divergence at which an update stops early; 0 never does. With kl_adaptive: the divergence aimed at.",
        UPDATE,
        unit="nats",
        at_least=0,
        search=Range(0.003, 0.1, log=True),
    )

    hidden_sizes: tuple[int, ...] = setting(
        (64, 64), "Units of each hidden layer.", NETWORK, search=Choices(((64,), (64, 64), (128, 128), (256, 256)))
    )
    activation: Activation = setting("tanh", "tanh or relu.", NETWORK, search=Choices(("tanh", "relu")))
    shared_network: bool = setting(False, "Policy and critic share their hidden layers.", NETWORK)
    orthogonal_init: bool = setting(
        True, "Orthogonal weights with gains sqrt(2), 0.01 (policy) and 1 (critic).", NETWORK
    )
    log_std_init: float = setting(
        0.0, "Logarithm of a Gaussian policy's first standard deviation.", NETWORK, search=Range(-2.0, 0.5)
    )
    squash_actions: bool = setting(
        False, "Squash Gaussian actions into the bounds by tanh, with its correction of the log-probability.", NETWORK
    )
    recurrent: Recurrent = setting("none", "A memory behind the encoder: none, lstm or gru.", NETWORK)
    recurrent_size: int = setting(128, "Units of that memory.", NETWORK, at_least=1)

    normalise_observations: bool = setting(
        False, "Observations by their running mean and deviation.", SCALE, search=Choices((False, True))
    )
    normalise_rewards: bool = setting(
        False, "Rewards by the running deviation of the discounted return.", SCALE, search=Choices((False, True))
    )

    device: str = setting("cpu", "cpu, cuda, cuda:1, ... or auto.", MACHINE)
    threads: int = setting(
        1, "Threads of torch; 1 is fastest for small networks, 0 leaves torch's own choice.", MACHINE, at_least=0
    )
    backend: Backend = setting(
        "auto", "core: the compiled core; torch: the torch trainer; auto: the core where it can.", MACHINE
    )
    compile: bool = setting(False, "Compile the torch update with torch.compile.", MACHINE)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden_sizes", tuple(self.hidden_sizes))
        for name, facts in settings():
            _check_type(name, getattr(self, name))
            _check_range(name, getattr(self, name), facts)
        _check_together(self)

    @property
    def batch_size(self) -> int:
        """Samples of one rollout, over all environments."""
        return self.num_envs * self.rollout_steps

    @property
    def updates(self) -> int:
        """Policy updates of the whole run: at least total_steps are taken."""
        return -(-self.total_steps // self.batch_size)

    def to_dict(self) -> dict[str, Any]:
        """Every setting as JSON-ready data."""
        return {name: list(v) if isinstance(v := getattr(self, name), tuple) else v for name, _ in settings()}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> PPOConfig:
        """The settings given, defaults for the rest.

        Raises:
            ConfigError: a name is unknown (the nearest known ones are named), or a value cannot be.
        """
        known = [name for name, _ in settings()]
        for name in given:
            if name not in known:
                near = difflib.get_close_matches(str(name).replace("-", "_"), known, n=2, cutoff=0.5)
                hint = f"; did you mean {' or '.join(near)}?" if near else f"; there are {', '.join(known)}"
                raise ConfigError(f"there is no setting {name}{hint}")
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
        return cls(**values)

    @classmethod
    def from_file(cls, path: str | Path) -> PPOConfig:
        """Settings from a .toml or .json file, at its top level. Raises ConfigError with the file's name."""
        return cls.from_dict(read_settings(path))


def settings() -> Iterator[tuple[str, SettingFacts]]:
    """Name and facts of every setting, in order."""
    for one in fields(PPOConfig):
        yield one.name, one.metadata["facts"]


def search_space() -> dict[str, Range | Choices]:
    """The settings that are worth searching, and where."""
    return {name: facts.search for name, facts in settings() if facts.search is not None}


def choices_of(name: str) -> tuple[str, ...]:
    """The words a setting may be, nothing for numbers and switches."""
    kind = _types()[name]
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else ()


def read_settings(path: str | Path) -> dict[str, Any]:
    """The table of settings in a .toml or .json file, unchecked. Raises ConfigError."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"the settings in {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path} is no {'JSON' if path.suffix == '.json' else 'TOML'}: {error}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path} holds a {type(data).__name__}; a table of settings was expected")
    return data


@functools.cache
def _types() -> dict[str, Any]:
    return typing.get_type_hints(PPOConfig)


def _check_type(name: str, value: Any) -> None:
    kind = _types()[name]
    choices = choices_of(name)
    if choices:
        if value not in choices:
            raise ConfigError(f"{name} is {value!r}; one of {', '.join(choices)} was expected")
        return
    if isinstance(kind, types.GenericAlias):  # hidden_sizes, the one tuple
        if not value or len(value) > 8 or not all(type(one) is int and one > 0 for one in value):
            raise ConfigError(f"{name} is {value!r}; 1 to 8 whole numbers above 0 were expected, such as 64 64")
        return
    right = isinstance(value, (int, float) if kind is float else kind) and (kind is bool or type(value) is not bool)
    if not right:
        raise ConfigError(f"{name} is {value!r} ({type(value).__name__}); a {kind.__name__} was expected")


def _check_range(name: str, value: Any, facts: SettingFacts) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    for wrong, expected in (
        (not math.isfinite(value), "a finite number"),
        (value < facts.at_least, f"at least {facts.at_least:g}"),
        (value <= facts.above, f"a number above {facts.above:g}"),
        (value > facts.at_most, f"at most {facts.at_most:g}"),
    ):
        if wrong:
            raise ConfigError(f"{name} is {value:g}; {expected} was expected")


def _check_together(config: PPOConfig) -> None:
    batch, count = config.batch_size, config.minibatches
    if batch % count:
        raise ConfigError(
            f"minibatches={count} does not divide the {batch} samples of an update (num_envs={config.num_envs} x "
            f"rollout_steps={config.rollout_steps}); try one of {divisors_near(batch, count)}"
        )
    if batch == count and config.normalise_advantages == "minibatch":
        raise ConfigError(
            f"minibatches={count} leaves one sample in each, and normalise_advantages=minibatch needs two; take fewer"
        )
    if config.recurrent != "none" and config.num_envs % count:
        raise ConfigError(
            f"a recurrent policy trains on whole sequences, and minibatches={count} does not divide "
            f"num_envs={config.num_envs}; try one of {divisors_near(config.num_envs, count)}"
        )
    if config.advantage_smoothing % 2 == 0:
        raise ConfigError(f"advantage_smoothing is {config.advantage_smoothing}; an odd number was expected, such as 5")
    if config.learning_rate_schedule == "kl_adaptive" and not config.target_kl:
        raise ConfigError("learning_rate_schedule=kl_adaptive aims at target_kl, which is 0; try target_kl=0.01")


def divisors_near(whole: int, wanted: int) -> str:
    """The three divisors of `whole` nearest to `wanted`, in order, for a sentence."""
    small = [n for n in range(1, math.isqrt(whole) + 1) if whole % n == 0]
    near = sorted({*small, *(whole // n for n in small)}, key=lambda n: (abs(n - wanted), n))[:3]
    return ", ".join(str(n) for n in sorted(near))
