"""A finished run as something to use: its policy, and environments like those that it was trained in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ppodoctor.config import ConfigError
from ppodoctor.training.envs import EnvOptions, Envs, make_envs
from ppodoctor.training.origin import find_named
from ppodoctor.training.policy import Policy
from ppodoctor.training.policy_file import NAME, PolicyFileError
from ppodoctor.training.setup import ActorCritic


@dataclass(frozen=True)
class Trained:
    """A policy and where it belongs."""

    policy: Policy
    environment: Any
    options: EnvOptions

    @classmethod
    def load(cls, path: str | Path, *, environment: Any = None, actor_critic: ActorCritic | None = None) -> Trained:
        """From a run folder or a policy file.

        Args:
            path: Of either.
            environment: In place of the one it was trained in.
            actor_critic: Makes the network, where it is one's own and cannot be found by its name.

        Raises:
            PolicyFileError: there is no policy.
            ConfigError: the environment has to be given again.
        """
        path = Path(path)
        origin = _origin(path if path.is_dir() else path.parent)
        policy = load_policy(path, actor_critic)
        target = environment or origin.get("environment") or policy.facts.get("environment")
        if not target:
            raise ConfigError(
                f"the environment that {path} was trained in has no name to find it by; give one like it: "
                "--environment module:Class"
            )
        config = policy.config
        options = EnvOptions(**(origin.get("options") or {}))
        return cls(
            policy, target, replace(options, squash_actions=config.squash_actions, frame_stack=config.frame_stack)
        )

    def make(self, num_envs: int, *, how: str = "auto", kwargs: Mapping[str, Any] | None = None) -> Envs:
        """New environments for it. Raises ConfigError where their spaces are others than those of the policy."""
        envs = make_envs(self.environment, num_envs, how=how, kwargs=kwargs, options=self.options)
        policy = self.policy
        for what, seen, wanted in (
            ("observations", envs.observation_space, policy.observation_space),
            ("actions", envs.action_space, policy.action_space),
        ):
            if _brief(seen) != _brief(wanted):
                envs.close()
                raise ConfigError(
                    f"the {what} of {self.environment} are {_brief(seen)}; the policy was trained on {_brief(wanted)}"
                )
        return envs


def load_policy(path: Path, actor_critic: ActorCritic | None = None) -> Policy:
    """The policy of a run folder or file; a network of one's own is found by its name. Raises PolicyFileError."""
    seeds = sorted(one.parent.name for one in path.glob(f"seed-*/{NAME}")) if path.is_dir() else []
    if seeds and not (path / NAME).exists():
        raise PolicyFileError(f"{path} holds {len(seeds)} seeds; give one of them, such as {path / seeds[0]}")
    name = _origin(path if path.is_dir() else path.parent).get("network")
    if actor_critic is None and name:
        actor_critic = find_named(name)
    return Policy.load(path, actor_critic=actor_critic)


def _origin(folder: Path) -> dict[str, Any]:
    """What the run was started with; nothing where only the policy file is left."""
    try:
        found = json.loads((folder / "run.json").read_text(encoding="utf-8")).get("origin")
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _brief(space: Any) -> str:
    """Kind and size of a space, in few words."""
    size = getattr(space, "n", None)
    size = getattr(space, "nvec", size)
    parts = getattr(space, "spaces", None)
    if parts is not None:
        inner = parts.items() if isinstance(parts, dict) else enumerate(parts)
        return f"{type(space).__name__}({', '.join(f'{key}: {_brief(part)}' for key, part in inner)})"
    return f"{type(space).__name__}({size if size is not None else tuple(space.shape or ())})"
