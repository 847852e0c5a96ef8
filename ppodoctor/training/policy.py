"""A trained policy: weights, normaliser and spaces from one file, and what to do in a state."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ppodoctor.config import PPOConfig
from ppodoctor.training import policy_file
from ppodoctor.training.dense import DenseShape, Network, Parameters
from ppodoctor.training.dense_heads import FORBIDDEN, head_of
from ppodoctor.training.envs.actions import sender
from ppodoctor.training.normalize import ObservationScale
from ppodoctor.training.rollout import Eyes
from ppodoctor.training.spaces import ActionFacts, action_facts, layout_of
from ppodoctor.training.spaces_json import from_json, to_json
from ppodoctor.training.trajectory import Flags
from ppodoctor.training.tree import leaves, tree_map

if TYPE_CHECKING:
    from gymnasium import Space

    from ppodoctor.training.loop import Trainer

USER = "user"
"""`network` of a policy whose network is the user's own: its class has to be given again to load it."""


class Actor(Protocol):
    """Chooses actions for N environments at once; observations as the network takes them."""

    def act(self, observation: Any, mask: Flags | None, starts: Flags, *, deterministic: bool) -> NDArray[Any]:
        """Actions [N, ...] as a learner draws them; `starts` [N] empties the memory of a recurrent policy."""
        ...


@dataclass
class Policy:
    """What training leaves behind. Frozen: neither the weights nor the normaliser move any more."""

    tensors: dict[str, NDArray[Any]]
    facts: dict[str, Any]
    """config, observation and action space, network, environment; see `policy_file`."""
    actor_critic: Any = None
    """Makes the network, where it is the user's own."""
    seed: int = 0
    _actors: dict[int, Actor] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path, *, actor_critic: Any = None) -> Policy:
        """From policy.safetensors, or from the run folder that holds one. Raises PolicyFileError."""
        path = Path(path)
        tensors, facts = policy_file.load(path / policy_file.NAME if path.is_dir() else path)
        if facts.get("network") == USER and actor_critic is None:
            raise policy_file.PolicyFileError(
                f"the network in {path} is {facts.get('actor_critic') or 'a class of your own'}; "
                "give it again as actor_critic=, or module:Class on the command line"
            )
        return cls(tensors, facts, actor_critic)

    def save(self, path: str | Path) -> None:
        """Write policy.safetensors."""
        policy_file.save(Path(path), self.tensors, self.facts)

    @cached_property
    def config(self) -> PPOConfig:
        """The settings it was trained with."""
        return PPOConfig.from_dict(self.facts["config"])

    @cached_property
    def observation_space(self) -> Space[Any]:
        """Of one environment."""
        return from_json(self.facts["observation_space"])

    @cached_property
    def action_space(self) -> Space[Any]:
        """Of one environment."""
        return from_json(self.facts["action_space"])

    @cached_property
    def action(self) -> ActionFacts:
        """How it acts."""
        return action_facts(self.action_space, squash=self.config.squash_actions)

    @cached_property
    def eyes(self) -> Eyes:
        """From observations to what the network takes, the normaliser standing still."""
        layout = None if self.facts["network"] == USER else layout_of(self.observation_space)
        if "observation.mean" not in self.tensors or layout is None:
            return Eyes(layout, None)
        scale = ObservationScale(layout.vector)
        scale.restore({key: self.tensors[f"observation.{key}"] for key in ("mean", "var", "count")})
        return Eyes(layout, scale)

    def __call__(self, observation: Any, *, deterministic: bool = True) -> Any:
        """The action for one observation, as the environment's `step` takes it. For a policy without memory."""
        batched = tree_map(lambda one: np.asarray(one)[None], observation)
        drawn = self.actions(batched, deterministic=deterministic)
        return sender(self.action_space, squash=self.action.kind == "squashed")(drawn)[0]

    def actions(
        self, observation: Any, *, mask: Flags | None = None, starts: Flags | None = None, deterministic: bool = False
    ) -> NDArray[Any]:
        """Actions [N, ...] for N observations, as `Envs.step` takes them.

        Args:
            observation: [N, ...] of the observation space.
            mask: [N, A] actions that are allowed, all without it.
            starts: [N] True where an episode begins: empties the memory of a recurrent policy.
            deterministic: The most probable action, or the mean, instead of a draw.
        """
        seen = self.eyes(observation)
        count = len(leaves(seen)[0])
        if count not in self._actors:
            self._actors[count] = self._make(count)
        begins = np.ones(count, np.bool_) if starts is None else starts
        drawn = self._actors[count].act(seen, mask, begins, deterministic=deterministic)
        return np.tanh(drawn) if self.action.kind == "squashed" else drawn

    def _make(self, count: int) -> Actor:
        if self.facts["network"] == "dense":
            return DenseActor(self, count)
        from ppodoctor.training.torch_setup import make_torch_actor

        return make_torch_actor(self, count)


class DenseActor:
    """Acts with the actor of two dense networks, without torch."""

    def __init__(self, policy: Policy, count: int) -> None:
        layout = policy.eyes.layout
        assert layout is not None
        shape = DenseShape.of(policy.config, layout.vector, policy.action)
        self.parameters = Parameters(shape)
        self.parameters.fill(policy.tensors)
        self.network = Network(shape, self.parameters, count)
        self.head = head_of(policy.action)
        self.rng = np.random.default_rng(policy.seed)

    def act(self, observation: Any, mask: Flags | None, starts: Flags, *, deterministic: bool) -> NDArray[Any]:
        """Actions [N, ...]."""
        outputs = self.network.act(observation)
        if mask is not None:
            outputs = np.where(mask.T, outputs, FORBIDDEN)
        if deterministic:
            return self.head.mode(outputs)
        return self.head.draw(outputs, self.parameters.log_std, self.head.noise(self.rng, outputs.shape))


def policy_of(trainer: Trainer, actor_critic: Any = None) -> Policy:
    """The policy as it is now, a copy."""
    collector = trainer.collector
    tensors = dict(trainer.learner.tensors())
    if collector.eyes.scale is not None:
        moments = collector.eyes.scale.moments.state()
        tensors.update({f"observation.{key}": np.asarray(value) for key, value in moments.items()})
    if collector.rewards is not None:
        moments = collector.rewards.moments.state()
        tensors.update({f"reward.{key}": np.asarray(moments[key]) for key in ("var", "count")})
    facts = {
        "config": trainer.config.to_dict(),
        "environment": collector.envs.spec_id,
        "observation_space": to_json(collector.envs.observation_space),
        "action_space": to_json(collector.envs.action_space),
        "network": network_kind(trainer),
        "inputs": None if collector.eyes.layout is None else collector.eyes.layout.vector,
        "outputs": collector.action.outputs,
        "hidden_sizes": list(trainer.config.hidden_sizes),
        "activation": trainer.config.activation,
        "distribution": collector.action.kind,
        "actor_critic": _name(actor_critic),
        "steps": trainer.steps,
    }
    return Policy(tensors, facts, actor_critic, seed=trainer.config.seed)


def save_policy(folder: Path, trainer: Trainer, actor_critic: Any = None) -> None:
    """Write the policy of a trainer into a run folder."""
    policy_of(trainer, actor_critic).save(folder / policy_file.NAME)


def network_kind(trainer: Trainer) -> str:
    """dense (two plain towers over a vector), built-in, or the user's own."""
    layout = trainer.collector.eyes.layout
    if layout is None:
        return USER
    plain = layout.flat and trainer.config.recurrent == "none" and not trainer.config.shared_network
    return "dense" if plain and trainer.collector.action.kind != "squashed" else "built-in"


def _name(actor_critic: Any) -> str:
    return f"{actor_critic.__module__}:{actor_critic.__qualname__}" if hasattr(actor_critic, "__qualname__") else ""
