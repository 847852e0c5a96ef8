"""Do the core and the torch trainer learn alike? Learning curves of many seeds, and permutation tests on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from native.settings import attached, workload

STEPS = 40_000


def learning(seeds: int) -> dict[str, Any]:
    """Mean returns after each quarter of a run on CartPole: the core with its own environments, torch with Python's."""
    from ppodoctor.training.envs import make_envs
    from ppodoctor.training.setup import make_trainer

    curves: dict[str, list[list[float]]] = {"core": [], "torch": []}
    for seed in range(seeds):
        config = workload(8, STEPS, seed=seed, learning_rate=1e-3, threads=1)
        learner = attached(config)
        learner.train(config.updates)
        curves["core"].append(_curve([(one.step, one.ret) for one in learner.episodes()]))
        ends, trainer = [], make_trainer(config, make_envs("CartPole-v1", 8), by="torch")
        trainer.specimens = False
        for update in trainer.run():
            begin = update.step - config.batch_size
            ends += [(begin + 8 * (one.row + 1), one.episode.ret) for one in update.episodes]
        curves["torch"].append(_curve(ends))
    ours, theirs = np.array(curves["core"]), np.array(curves["torch"])
    both, rng = np.concatenate([ours, theirs]), np.random.default_rng(0)
    seen, mixed = np.abs(ours.mean(0) - theirs.mean(0)), np.zeros(ours.shape[1])
    for _ in range(5000):
        order = rng.permutation(len(both))
        mixed += np.abs(both[order[:seeds]].mean(0) - both[order[seeds:]].mean(0)) >= seen
    row = {
        "seeds": seeds,
        "core": ours.mean(0).tolist(),
        "torch": theirs.mean(0).tolist(),
        "p": (mixed / 5000).tolist(),
    }
    curves_and_p = zip(row["core"], row["torch"], row["p"], strict=True)
    quarters = ", ".join(f"{a:.0f} / {b:.0f} (p {p:.2f})" for a, b, p in curves_and_p)
    print(f"returns after each quarter of {STEPS:,} steps, core / torch, {seeds} seeds: {quarters}")
    return row


def _curve(ends: list[tuple[int, float]]) -> list[float]:
    """Mean return of the last 20 episodes before each quarter of the run."""
    return [float(np.mean([r for step, r in ends if step <= STEPS * k / 4][-20:])) for k in (1, 2, 3, 4)]
