"""What comes on top of the core: the run folder, Python environments; and what many members cost together."""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from native.settings import ENVS, attached, workload
from ppodoctor.config import PPOConfig
from ppodoctor.core import TASKS, Learner, train_together
from ppodoctor.training.envs import EnvOptions
from ppodoctor.training.run_writer import RunWriter
from ppodoctor.training.setup import make_trainer
from ppodoctor.training.train import envs_for


def telemetry(quick: bool) -> list[dict[str, Any]]:
    """Processor time of training with its rows, and with the whole run folder, over that of the bare core.

    Rows grow with the run. Raw tensors are kept of updates 1, 2, 3, 4, 16, 64, ..., so that their share falls as a run
    gets longer; they are told in seconds as well.
    """
    repeats, steps = (1, 204_800) if quick else (7, 2_048_000)
    rows = []
    for envs in ENVS:
        config = workload(envs, steps)
        arms = [(_bare(config), _recorded(config, raw=False), _recorded(config, raw=True)) for _ in range(repeats)]
        row = {
            "envs": envs,
            "steps": steps,
            "rows_share": statistics.median(rows_too / bare - 1 for bare, rows_too, _ in arms),
            "whole_share": statistics.median(whole / bare - 1 for bare, _, whole in arms),
            "raw_seconds": statistics.median(whole - rows_too for _, rows_too, whole in arms),
        }
        rows.append(row)
        print(
            f"{envs:4d} envs, {steps:,} steps: rows cost {row['rows_share']:.1%} of processor time, the whole run "
            f"folder {row['whole_share']:.1%}, of which raw tensors {row['raw_seconds']:.2f} s"
        )
    return rows


def _bare(config: PPOConfig) -> float:
    learner = attached(config)
    began = time.process_time()
    learner.train(config.updates)
    return time.process_time() - began


def _recorded(config: PPOConfig, *, raw: bool) -> float:
    """As `train` does it, checkpoints and policy file left away."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        trainer = make_trainer(config, envs_for("CartPole-v1", config, EnvOptions()))
        trainer.specimens, trainer.every = raw, False
        writer = RunWriter(Path(folder) / "run", trainer)
        for update in trainer.run():
            writer.write(update)
        return time.process_time() - began


def sweep(quick: bool) -> dict[str, Any]:
    """32 settings x 50,000 steps (10,000 with --quick), on one thread and on all."""
    steps = 10_000 if quick else 50_000
    row: dict[str, Any] = {"settings": 32, "steps": steps, "cores": os.cpu_count()}
    grid = [(rate, clip) for rate in np.geomspace(1e-4, 3e-3, 8) for clip in (0.1, 0.2, 0.3, 0.4)]
    for threads in sorted({1, os.cpu_count() or 1}):
        configs = [workload(4, steps, learning_rate=float(rate), clip_range=clip) for rate, clip in grid]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        learners = [attached(config) for config in configs]
        began = time.perf_counter()
        train_together(learners, configs[0].updates, threads)
        row[f"seconds_{threads}_threads"] = spent = time.perf_counter() - began
        row["megabytes"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(
            f"32 settings x {steps:,} steps on {threads} threads: {spent:.2f} s, {row['megabytes']:.0f} MB more at peak"
        )
    return row


def members(quick: bool) -> list[dict[str, Any]]:
    """Seconds per member for 1 to 64 of them on one thread: linear where it stays the same."""
    steps, rows = 5_000 if quick else 25_000, []
    for count in (1, 4, 16, 64):
        learners = [attached(workload(4, steps, seed=1 + seed)) for seed in range(count)]
        began = time.perf_counter()
        train_together(learners, learners[0].config.updates, 1)
        rows.append({"members": count, "seconds_each": (time.perf_counter() - began) / count})
    told = ", ".join(f"{row['members']}: {1000 * row['seconds_each']:.1f} ms" for row in rows)
    print(f"cost of each of so many members x {steps:,} steps on one thread: {told}")
    return rows


def with_gymnasium(quick: bool) -> dict[str, Any]:
    """A Python environment (gymnasium's CartPole): the whole against environment alone plus update alone."""
    import gymnasium
    from gymnasium.vector import AutoresetMode

    updates, config = (20, workload(8, 1_000_000)) if quick else (60, workload(8, 1_000_000))
    steps = updates * config.rollout_steps
    options = {"autoreset_mode": AutoresetMode.SAME_STEP}
    envs = gymnasium.make_vec("CartPole-v1", 8, vectorization_mode="sync", vector_kwargs=options)
    learner = Learner(config, TASKS["CartPole-v1"].spec)
    ratios = []
    for _ in range(3 if quick else 5):
        learner.start(envs.reset(seed=1)[0])
        updating, stepping, began = 0.0, 0.0, time.perf_counter()
        for _ in range(updates):
            while not learner.core.full:
                action = learner.act()
                at = time.perf_counter()
                observation, reward, dead, cut, info = envs.step(action)
                stepping += time.perf_counter() - at
                final = _finals(observation, info) if cut.any() else None
                learner.observe(observation, reward.astype(np.float32), (dead, cut), final)
            at = time.perf_counter()
            learner.update()
            updating += time.perf_counter() - at
        spent = time.perf_counter() - began
        ratios.append((spent / (stepping + updating), steps * 8 / spent))
    row = {
        "over_env_plus_update": statistics.median(r for r, _ in ratios),
        "steps_per_second": statistics.median(s for _, s in ratios),
    }
    text = "gymnasium's CartPole: {steps_per_second:,.0f} steps/s, {over_env_plus_update:.2f} x (environment + update)"
    print(text.format(**row))
    return row


def _finals(observation: Any, info: dict[str, Any]) -> Any:
    final = observation.copy()
    for i in np.flatnonzero(info["_final_obs"]):
        final[i] = info["final_obs"][i]
    return final
