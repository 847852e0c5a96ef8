"""A JAX trainer on CartPole: `jax_classic.py rejax|purejaxrl SETTINGS FOLDER`, by an interpreter that has JAX.

The program is compiled before the clock starts. rejax: its own `train_iteration`, without its evaluations; it clips
gradients element by element and anneals no learning rate, and is judged by 128 sampled episodes at the end. PureJaxRL:
its own `make_train`, in FOLDER; its wrappers import brax and navix, which CartPole needs nothing of.
"""

from __future__ import annotations

import json
import sys
import time
import types
from typing import Any

import jax
import numpy as np
from judging import answer


def rejax(given: dict[str, Any]) -> tuple[Any, Any]:
    """(program of a key, mean return of what it gave)."""
    from rejax import PPO

    batch = given["num_envs"] * given["rollout_steps"]
    algorithm = PPO.create(
        env="CartPole-v1",
        num_envs=given["num_envs"],
        num_steps=given["rollout_steps"],
        num_epochs=given["epochs"],
        num_minibatches=given["minibatches"],
        learning_rate=given["learning_rate"],
        max_grad_norm=given["max_grad_norm"],
        clip_eps=given["clip_range"],
        ent_coef=given["entropy_coefficient"],
        gae_lambda=given["gae_lambda"],
        gamma=given["gamma"],
        total_timesteps=given["total_steps"],
        agent_kwargs={"activation": "tanh", "hidden_layer_sizes": tuple(given["hidden_sizes"])},
    )
    updates = -(-given["total_steps"] // batch)

    def program(key: Any) -> Any:
        state = algorithm.init_state(key)
        return jax.lax.fori_loop(0, updates, lambda _, state: algorithm.train_iteration(state), state)

    def judge(state: Any) -> float:
        return float(algorithm.eval_callback(algorithm, state, jax.random.PRNGKey(9))[1].mean())

    return program, judge


def purejaxrl(given: dict[str, Any], folder: str) -> tuple[Any, Any]:
    """(program of a key, mean return of what it gave)."""
    for name in ("brax", "brax.envs", "brax.envs.wrappers", "brax.envs.wrappers.training", "navix"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["brax"].envs = sys.modules["brax.envs"]  # type: ignore[attr-defined]
    training: Any = sys.modules["brax.envs.wrappers.training"]
    training.EpisodeWrapper = training.AutoResetWrapper = object
    sys.path.insert(0, f"{folder}/purejaxrl")
    from ppo import make_train  # type: ignore[import-not-found]

    batch = given["num_envs"] * given["rollout_steps"]
    program = make_train(
        {
            "LR": given["learning_rate"],
            "NUM_ENVS": given["num_envs"],
            "NUM_STEPS": given["rollout_steps"],
            "TOTAL_TIMESTEPS": -(-given["total_steps"] // batch) * batch,
            "UPDATE_EPOCHS": given["epochs"],
            "NUM_MINIBATCHES": given["minibatches"],
            "GAMMA": given["gamma"],
            "GAE_LAMBDA": given["gae_lambda"],
            "CLIP_EPS": given["clip_range"],
            "ENT_COEF": given["entropy_coefficient"],
            "VF_COEF": 0.5,
            "MAX_GRAD_NORM": given["max_grad_norm"],
            "ACTIVATION": "tanh",
            "ENV_NAME": "CartPole-v1",
            "ANNEAL_LR": True,
        }
    )

    def judge(out: Any) -> float:
        info = out["metrics"]
        ended = np.asarray(info["returned_episode"])
        return float(np.asarray(info["returned_episode_returns"])[ended][-100:].mean())

    return program, judge


def main() -> None:
    name, settings, folder = sys.argv[1:]
    given = json.loads(settings)
    program, judge = rejax(given) if name == "rejax" else purejaxrl(given, folder)
    key = jax.random.PRNGKey(given["seed"])
    began = time.perf_counter()
    compiled = jax.jit(program).lower(key).compile()
    ready = time.perf_counter()
    out = jax.block_until_ready(compiled(key))
    seconds = time.perf_counter() - ready
    versions = f"(jax {jax.__version__})"
    answer(score=judge(out), seconds=seconds, compile=ready - began, told=versions)


if __name__ == "__main__":
    main()
