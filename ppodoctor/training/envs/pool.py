"""EnvPool as a source: the step after an end is the reset, and what it returned at the end was the last observation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.envs.api import EnvironmentFault, EnvOptions, Observation, Step
from ppodoctor.training.envs.buffers import Buffers
from ppodoctor.training.envs.rows import to_float32


def is_pool(target: Any) -> bool:
    """Whether an object is an EnvPool, without importing it."""
    return all(hasattr(target, name) for name in ("send", "recv", "spec", "config")) and not hasattr(target, "venv")


def make_pool(name: str, num_envs: int, options: EnvOptions, seed: int) -> Any:
    """An EnvPool of a registered task; raises EnvironmentFault where EnvPool or the task is missing."""
    try:
        import envpool
    except ImportError:
        raise EnvironmentFault(
            "how='envpool' needs EnvPool, which is not installed: pip install envpool (Linux only). "
            "how='sync' and how='async' do without it."
        ) from None
    known = envpool.list_all_envs()
    if name not in known:
        import difflib

        near = ", ".join(difflib.get_close_matches(name, known, 3, 0.4)) or "none"
        raise EnvironmentFault(f"EnvPool has no task {name!r}; nearest: {near}. It says Pong-v5 for ALE/Pong-v5.")
    kwargs: dict[str, Any] = {"stack_num": options.frame_stack} if stacks(name) else {}
    kwargs.update(options.kwargs)
    if options.max_episode_steps is not None:
        kwargs["max_episode_steps"] = options.max_episode_steps
    return envpool.make(name, env_type="gymnasium", num_envs=num_envs, seed=seed, **kwargs)


def stacks(name: str) -> bool:
    """Whether a task stacks frames by itself, as EnvPool's Atari games do."""
    import envpool

    return hasattr(envpool.make_spec(name).config, "stack_num")


class Pool:
    """A source over an EnvPool in its synchronous mode. It is seeded when it is made; seed its maker, not its reset."""

    autoreset = "next_step"

    def __init__(self, pool: Any, remake: Any = None) -> None:
        self.stacks = remake is not None and "stack_num" in pool.config
        self.pool, self._remake = pool, remake
        self.notes: list[str] = []
        config = pool.config
        self.num_envs = int(config["num_envs"])
        if config["batch_size"] not in (0, self.num_envs):
            raise EnvironmentFault(
                f"This EnvPool returns {config['batch_size']} of its {self.num_envs} environments at a time. PPO's "
                "rollouts need every environment at every step: make it with batch_size equal to num_envs."
            )
        self.spec_id: str | None = str(getattr(pool.spec, "id", None) or config.get("task_id") or type(pool).__name__)
        self.name = str(self.spec_id)
        self.raw_observation_space, self.action_space = pool.observation_space, pool.action_space
        self._buffers = Buffers()
        self._resetting = np.zeros(self.num_envs, np.bool_)

    def reset(self, seed: int | None = None) -> tuple[Observation, NDArray[np.bool_] | None]:
        if seed is not None and self._remake is not None:
            self.pool.close()
            self.pool = self._remake(seed)
        elif seed is not None:
            note = f"{self.name} keeps the seed it was made with: EnvPool takes none at reset."
            if note not in self.notes:
                self.notes.append(note)
        self._resetting = np.zeros(self.num_envs, np.bool_)
        result = self.pool.reset()
        observation = result[0] if isinstance(result, tuple) and isinstance(result[-1], dict) else result
        return to_float32(self._buffers.own((observation,))[0]), None

    def step(self, actions: NDArray[Any]) -> Step:
        *results, info = self.pool.step(actions)
        if len(results) == 3:  # env_type="gym": one `done`, told apart by the info
            observation, reward, done = results
            truncated = np.asarray(info["TimeLimit.truncated"], np.bool_) & done
            results = [observation, reward, done & ~truncated, truncated]
        observation, reward, terminated, truncated = self._buffers.own(tuple(results))
        valid = ~self._resetting
        terminated, truncated = terminated.astype(np.bool_), truncated.astype(np.bool_)
        self._resetting = terminated | truncated
        observation = to_float32(observation)
        final = observation if np.count_nonzero(self._resetting) else None
        return Step(observation, reward, terminated, truncated, final, valid)

    def close(self) -> None:
        self.pool.close()

    def state(self) -> Any | None:
        note = f"{self.name} runs inside of EnvPool, whose state cannot be read. A resumed run starts new episodes."
        if note not in self.notes:
            self.notes.append(note)
        return None

    def restore(self, state: Any) -> None:
        raise EnvironmentFault("EnvPool's state cannot be read, so there is none to restore.")
