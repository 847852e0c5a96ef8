"""The grid of `benchmarks/sweep.py` by somebody else's trainer: PEER RATES CLIPS STEPS FOLDER."""

from __future__ import annotations

import itertools
import multiprocessing
import sys
from pathlib import Path
from typing import Any

from ppodoctor.tuning.space import own_space

Setting = tuple[float, float]
ENVS, ROLLOUT, EPOCHS, MINIBATCHES = 8, 128, 10, 4


def settings(rates: str, clips: str) -> list[Setting]:
    """The pairs of the grid."""
    return list(itertools.product(*(axis.points(2) for axis in own_space([rates, clips]))))


def train_sb3(setting: Setting, steps: int) -> float:
    """One training; the mean return of its last episodes."""
    import numpy as np
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    torch.set_num_threads(1)
    rate, clip = setting
    model = PPO(
        "MlpPolicy",
        make_vec_env("CartPole-v1", ENVS, seed=1),
        learning_rate=rate,
        clip_range=clip,
        n_steps=ROLLOUT,
        batch_size=ENVS * ROLLOUT // MINIBATCHES,
        n_epochs=EPOCHS,
        seed=1,
        device="cpu",
    )
    model.learn(steps)
    return float(np.mean([one["r"] for one in model.ep_info_buffer]))


def optuna_worker(given: tuple[str, dict[str, list[float]], int]) -> None:
    """One of two processes that take settings from the same study."""
    import optuna

    url, grid, steps = given
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name="grid", storage=url, sampler=optuna.samplers.GridSampler(grid))

    def objective(trial: Any) -> float:
        pair = [trial.suggest_float(name, min(values), max(values)) for name, values in grid.items()]
        return train_sb3((pair[0], pair[1]), steps)

    study.optimize(objective)


def by_optuna(pairs: list[Setting], steps: int, folder: Path) -> None:
    """Two workers on one SQLite file."""
    import optuna

    grid = {"rate": sorted({rate for rate, _ in pairs}), "clip": sorted({clip for _, clip in pairs})}
    url = f"sqlite:///{folder / 'optuna.db'}"
    optuna.create_study(study_name="grid", storage=url, direction="maximize")
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(optuna_worker, [(url, grid, steps)] * 2)


def by_rejax(pairs: list[Setting], steps: int) -> None:
    """All settings in one program, vmapped, with its compilation."""
    import jax
    import jax.numpy as jnp
    from rejax import PPO

    fixed = {"num_envs": ENVS, "num_steps": ROLLOUT, "num_epochs": EPOCHS, "num_minibatches": MINIBATCHES}
    base = PPO.create(env="CartPole-v1", total_timesteps=steps, eval_freq=steps, **fixed)

    def one(rate: Any, clip: Any, key: Any) -> Any:
        return base.replace(learning_rate=rate, clip_eps=clip).train(key)

    rates, clips = (jnp.array(column) for column in zip(*pairs, strict=True))
    keys = jax.random.split(jax.random.PRNGKey(1), len(pairs))
    jax.block_until_ready(jax.jit(jax.vmap(one))(rates, clips, keys))


def main() -> None:
    peer, rates, clips, steps, folder = sys.argv[1:]
    pairs = settings(rates, clips)
    if peer == "sb3":
        for pair in pairs:
            train_sb3(pair, int(steps))
    elif peer == "sb3-two":
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            pool.starmap(train_sb3, [(pair, int(steps)) for pair in pairs], chunksize=1)
    elif peer == "sb3-optuna":
        by_optuna(pairs, int(steps), Path(folder))
    else:
        by_rejax(pairs, int(steps))


if __name__ == "__main__":
    main()
