"""Does this trainer learn as well as others at equal steps and equal settings? Returns with intervals, seed by seed.

Usage: python benchmarks/fidelity.py [--quick] [--seeds N] [--only WORD] [--peers A,B] [--jobs N] [--json PATH]

For each task every peer is given the same numbers (`TASKS`) and seeds; the score of a run is the mean return of its
last 100 training episodes. Shown are the interquartile mean over seeds with a 95% stratified bootstrap interval
(Agarwal et al. 2021), and the probability that a run of ours scores higher than one of theirs. "not below" means that
the interval of the difference (ours minus theirs) reaches above -5% of the task's range. Tasks whose environment is not
installed (Box2D, MuJoCo) are left out and named.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from study.fingerprint import ROOT, versions

PEERS = Path(__file__).parent / "peers"
MARGIN = 0.05
COMMON = {"learning_rate_schedule": "linear", "epochs": 4, "learning_rate": 3e-4}
# Steps, the range of returns from random to good, and settings under our names; from rl-zoo3 where it has the task.
MUJOCO = {
    "num_envs": 4,
    "rollout_steps": 512,
    "minibatches": 32,
    "epochs": 10,
    "normalise_observations": True,
    "normalise_rewards": True,
}
TASKS: dict[str, tuple[int, float, dict[str, Any]]] = {
    "CartPole-v1": (50_000, 475.0, {"num_envs": 8, "rollout_steps": 128, "learning_rate": 5e-4}),
    "Acrobot-v1": (80_000, 400.0, {"num_envs": 8, "rollout_steps": 128, "learning_rate": 1e-3}),
    "Pendulum-v1": (
        100_000,
        1000.0,
        {"num_envs": 4, "rollout_steps": 1024, "minibatches": 64, "epochs": 10, "gamma": 0.9, "learning_rate": 1e-3},
    ),
    "MountainCarContinuous-v0": (
        60_000,
        100.0,
        {
            "num_envs": 8,
            "rollout_steps": 256,
            "minibatches": 8,
            "epochs": 10,
            "gamma": 0.999,
            "learning_rate": 1e-3,
            "log_std_init": 0.5,
            "normalise_observations": True,
            "normalise_rewards": True,
        },
    ),
    "LunarLander-v3": (
        200_000,
        400.0,
        {
            "num_envs": 16,
            "rollout_steps": 256,
            "minibatches": 64,
            "epochs": 4,
            "gamma": 0.999,
            "gae_lambda": 0.98,
            "entropy_coefficient": 0.01,
            "learning_rate": 7e-4,
        },
    ),
    "HalfCheetah-v5": (100_000, 2000.0, MUJOCO),
    "Hopper-v5": (100_000, 1000.0, MUJOCO),
    "pixels": (16_384, 8.0, {"num_envs": 8, "rollout_steps": 128, "learning_rate": 5e-4, "entropy_coefficient": 0.01}),
}
QUICK = {"CartPole-v1": 16_384}


def one_run(peer: str, task: str, steps: int, seed: int) -> dict[str, Any]:
    """The score of one run in a process of its own."""
    settings = {**COMMON, **TASKS[task][2], "total_steps": steps, "seed": seed}
    script = PEERS / f"{'ours' if peer.startswith('ours') else peer}_learn.py"
    command = [sys.executable, str(script), task, json.dumps(settings), "reference" if peer == "ours-autograd" else ""]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{PEERS}"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    line = next((row[len("RESULT ") :] for row in done.stdout.splitlines() if row.startswith("RESULT ")), None)
    if line is None:
        return {"missing": (done.stderr.strip().splitlines() or ["no answer"])[-1][:200]}
    found: dict[str, Any] = json.loads(line)
    return found


def interquartile_mean(scores: np.ndarray[Any, Any]) -> float:
    """The mean of the middle half; of few scores, weighted at its ends."""
    ordered = np.sort(scores)
    weights = np.clip(
        np.minimum(np.arange(1, len(ordered) + 1), np.arange(len(ordered), 0, -1)) - len(ordered) / 4, 0, 1
    )
    return float((ordered * weights).sum() / weights.sum())


def interval(scores: np.ndarray[Any, Any], rng: np.random.Generator, count: int = 2000) -> tuple[float, float]:
    """95% bootstrap interval of the interquartile mean."""
    drawn = [interquartile_mean(rng.choice(scores, len(scores))) for _ in range(count)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def difference(
    ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any], rng: np.random.Generator
) -> tuple[float, float]:
    """95% bootstrap interval of our interquartile mean minus theirs."""
    drawn = [
        interquartile_mean(rng.choice(ours, len(ours))) - interquartile_mean(rng.choice(theirs, len(theirs)))
        for _ in range(2000)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def measure(task: str, peers: list[str], steps: int, seeds: int, jobs: int) -> dict[str, Any]:
    """Every peer on one task, `jobs` processes at a time."""
    wanted = [(peer, seed) for seed in range(1, seeds + 1) for peer in peers]
    with ThreadPoolExecutor(jobs) as pool:
        answers = list(pool.map(lambda one: one_run(one[0], task, steps, one[1]), wanted))
    found: dict[str, Any] = {"task": task, "steps": steps, "peers": {}}
    rng = np.random.default_rng(0)
    for peer in peers:
        own = [answer for (name, _), answer in zip(wanted, answers, strict=True) if name == peer]
        scores = np.array([one["score"] for one in own if "score" in one])
        if not len(scores):
            found["peers"][peer] = {"missing": own[0].get("missing", "no score")}
            continue
        row = {"scores": scores.tolist(), "mean": interquartile_mean(scores), "interval": interval(scores, rng)}
        row["seconds"] = float(np.median([one["seconds"] for one in own if "seconds" in one]))
        found["peers"][peer] = row
    return found


def show(found: dict[str, Any]) -> bool:
    """One task as lines; is ours not below?"""
    print(f"\n{found['task']}, {found['steps']:,} steps")
    ours = found["peers"].get("ours", {})
    rng, fine = np.random.default_rng(1), True
    for peer, row in found["peers"].items():
        if "missing" in row:
            print(f"  {peer:14} not measured: {row['missing']}")
            continue
        low, high = row["interval"]
        line = f"  {peer:14} {row['mean']:9.1f}  [{low:.1f}, {high:.1f}]  {row['seconds']:6.1f} s a run"
        if peer != "ours" and "scores" in ours:
            a, b = np.array(ours["scores"]), np.array(row["scores"])
            better = float((a[:, None] > b).mean() + 0.5 * (a[:, None] == b).mean())
            gap = difference(a, b, rng)
            row["difference"], row["probability_ours_higher"] = gap, better
            below = gap[1] < -MARGIN * TASKS[found["task"]][1]
            fine &= not below
            line += f"  ours minus it [{gap[0]:+.1f}, {gap[1]:+.1f}], ours higher {better:.0%}" + (
                " BELOW" if below else ""
            )
        print(line, flush=True)
    return fine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="under a minute: CartPole, 16,384 steps, 2 seeds")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--peers", default="ours,sb3")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    known = versions()
    print(", ".join(f"{name} {version}" for name, version in sorted(known.items())))
    chosen = QUICK if given.quick else {task: facts[0] for task, facts in TASKS.items()}
    seeds = given.seeds or (2 if given.quick else 5)
    results, below = [], []
    for task, steps in chosen.items():
        if given.only.lower() in task.lower():
            results.append(measure(task, given.peers.split(","), steps, seeds, given.jobs))
            if not show(results[-1]):
                below.append(task)
    print(f"\nbelow on {', '.join(below)}" if below else "\nnowhere below")
    if given.json:
        given.json.write_text(json.dumps({"versions": known, "seeds": seeds, "results": results}, indent=1))
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
