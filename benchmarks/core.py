"""How fast is the compiled core, and what share of this machine's own matrix-product bound is that?

    python benchmarks/core.py [--quick] [--json PATH] [--isa avx512,avx2,generic]

Workload: CartPole-v1, 128 steps, 4 minibatches x 4 epochs, two separate 64-64 tanh networks, clip 0.2 with value
clipping, gradient norm 0.5, learning rate 2.5e-4 annealed; one thread. The bound is the arithmetic of forward and
backward passes alone (227 kflop per environment step) at the speed at which numpy's and torch's matrix products of the
same shapes run here, whichever is faster, measured in turn with the core. Medians over repeats.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np

from ppodoctor.config import PPOConfig
from ppodoctor.core import TASKS, Learner, _core, train_together

FLOP_FORWARD, FLOP_UPDATE = 17_792, 52_352
"""Per sample, both towers: 4-64-64-2 and 4-64-64-1; the backward pass needs no gradient at the observations."""
FLOP_STEP = FLOP_FORWARD + 4 * FLOP_UPDATE
ENVS = (4, 8, 64)


def workload(envs: int, steps: int, **settings: Any) -> PPOConfig:
    given = {
        "num_envs": envs,
        "rollout_steps": 128,
        "total_steps": steps,
        "epochs": 4,
        "minibatches": 4,
        "gamma": 0.99,
        "gae_lambda": 0.95,
        "hidden_sizes": (64, 64),
        "learning_rate": 2.5e-4,
        "learning_rate_schedule": "linear",
        "clip_range_value": 0.2,
        "entropy_coefficient": 0.01,
        "value_coefficient": 0.25,
        **settings,
    }
    return PPOConfig(**given)


def attached(config: PPOConfig, task: str = "CartPole-v1") -> Learner:
    learner = Learner(config, TASKS[task].spec)
    learner.attach(task)
    return learner


def core_speed(envs: int, steps: int) -> float:
    """Environment steps per second of a whole training run."""
    learner = attached(workload(envs, steps))
    learner.train(2)
    began = time.perf_counter()
    learner.train(learner.config.updates - 2)
    return (learner.config.updates - 2) * learner.config.batch_size / (time.perf_counter() - began)


def gemm_speed(rows: int, seconds: float) -> float:
    """FLOP per second of a [rows, 64] x [64, 64] product: the faster of numpy and torch."""
    left, right = np.random.default_rng(0).standard_normal((2, max(rows, 64), 64)).astype(np.float32)
    left, right = left[:rows].copy(), right[:64].copy()
    out = np.empty((rows, 64), np.float32)
    found = [_rate(lambda: np.matmul(left, right, out=out), seconds)]
    try:
        import torch
    except ImportError:
        pass
    else:
        torch.set_num_threads(1)
        a, b, c = torch.from_numpy(left), torch.from_numpy(right), torch.from_numpy(out)
        found.append(_rate(lambda: torch.mm(a, b, out=c), seconds))
    return max(found) * 2 * rows * 64 * 64


def _rate(call: Any, seconds: float) -> float:
    count, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        for _ in range(50):
            call()
        count += 50
    return count / spent


def against_the_bound(quick: bool) -> list[dict[str, Any]]:
    repeats, steps = (3, 100_000) if quick else (7, 400_000)
    rows = []
    for envs in ENVS:
        batch = envs * 128 // 4
        speeds, bounds = [], []
        for _ in range(repeats):  # in turn, so that whatever else the machine does meets both
            bounds.append(max(gemm_speed(n, 0.1) for n in (batch, 4096)) / FLOP_STEP)
            speeds.append(core_speed(envs, steps))
        shares = [speed / bound for speed, bound in zip(speeds, bounds, strict=True)]
        rows.append(
            {
                "envs": envs,
                "steps_per_second": statistics.median(speeds),
                "bound": statistics.median(bounds),
                "gemm_gflops": statistics.median(bounds) * FLOP_STEP / 1e9,
                "share_of_bound": statistics.median(shares),
            }
        )
        print(
            "{envs:3d} envs: {steps_per_second:9,.0f} steps/s, {share_of_bound:.0%} of {bound:,.0f} ".format(**rows[-1])
        )
    return rows


SOLVE = """
import time; began = time.perf_counter()
import sys
import numpy as np
from ppodoctor.config import PPOConfig
from ppodoctor.core import TASKS, Learner, _core
seed, task, goal = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
config = PPOConfig(num_envs=8, rollout_steps=32, epochs=20, learning_rate=1e-3, minibatches=1,
                   total_steps=1_000_000, seed=seed, learning_rate_schedule="constant", gamma=0.98, gae_lambda=0.8)
learner = Learner(config, TASKS[task].spec); learner.attach(task)
rng, judge = np.random.default_rng(1000 + seed), _core.make_tasks(task, 1)
def play(episodes=100):
    limit = TASKS[task].limit
    games = _core.make_tasks(task, episodes)
    for i in range(episodes): games.reset(i, rng.random(4).tolist())
    alive, total = list(range(episodes)), 0.0
    for _ in range(limit):
        x = np.array([games.observe(i) for i in alive])
        actions = learner.predict(x)
        ended = set()
        for i, action in zip(alive, actions.tolist()):
            reward, dead = games.step(i, action, 0.0); total += reward
            if dead: ended.add(i)
        alive = [i for i in alive if i not in ended]
        if not alive: break
    return total / episodes
judging = 0.0
while learner.core.updates_done < config.updates:
    learner.train(20)
    at = time.perf_counter(); score = play(); judging += time.perf_counter() - at
    if score >= goal: break
print(time.perf_counter() - began - judging, learner.core.steps_taken, score)
"""


def solved(seeds: int) -> dict[str, Any]:
    """Seconds from process start until the greedy policy's mean over 100 fresh episodes is 475; judging not counted."""
    found = []
    for seed in range(seeds):
        began = time.perf_counter()
        answer = subprocess.run(
            [sys.executable, "-c", SOLVE, str(seed), "CartPole-v1", "475"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        inside, steps, score = map(float, answer.stdout.split())
        found.append((inside, steps, score, time.perf_counter() - began))
    seconds, steps = [one[0] for one in found], [one[1] for one in found]
    row = {
        "seeds": seeds,
        "solved": sum(one[2] >= 475 for one in found),
        "seconds_median": statistics.median(seconds),
        "seconds_max": max(seconds),
        "steps_median": statistics.median(steps),
    }
    print("solved {solved} of {seeds} in {seconds_median:.2f} s (median; slowest {seconds_max:.2f})".format(**row))
    return row


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
        ratios.append(
            ((time.perf_counter() - began) / (stepping + updating), steps * 8 / (time.perf_counter() - began))
        )
    row = {
        "over_env_plus_update": statistics.median(r for r, _ in ratios),
        "steps_per_second": statistics.median(s for _, s in ratios),
    }
    text = "gymnasium's CartPole: {steps_per_second:,.0f} steps/s, {over_env_plus_update:.2f} x (environment + update)"
    print(text.format(**row))
    return row


def learning(seeds: int) -> dict[str, Any]:
    """Learning curves of the core and of the trainer in numpy, same settings, on CartPole; permutation tests."""
    from ppodoctor.training.envs import make_envs
    from ppodoctor.training.setup import make_trainer

    curves: dict[str, list[list[float]]] = {"core": [], "trainer": []}
    for seed in range(seeds):
        config = workload(8, 40_000, seed=seed, learning_rate=1e-3)
        learner = attached(config)
        learner.train(config.updates)
        curves["core"].append(_curve([(one.step, one.ret) for one in learner.episodes()], 40_000))
        ends, trainer = [], make_trainer(config, make_envs("CartPole-v1", 8))
        trainer.specimens = False
        for update in trainer.run():
            begin = update.step - config.batch_size
            ends += [(begin + 8 * (one.row + 1), one.episode.ret) for one in update.episodes]
        curves["trainer"].append(_curve(ends, 40_000))
    ours, theirs = np.array(curves["core"]), np.array(curves["trainer"])
    both, rng = np.concatenate([ours, theirs]), np.random.default_rng(0)
    seen, mixed = np.abs(ours.mean(0) - theirs.mean(0)), np.zeros(ours.shape[1])
    for _ in range(5000):
        order = rng.permutation(len(both))
        mixed += np.abs(both[order[:seeds]].mean(0) - both[order[seeds:]].mean(0)) >= seen
    row = {
        "seeds": seeds,
        "core": ours.mean(0).tolist(),
        "trainer": theirs.mean(0).tolist(),
        "p": (mixed / 5000).tolist(),
    }
    curves_and_p = row["core"], row["trainer"], row["p"]
    quarters = ", ".join(f"{a:.0f} / {b:.0f} (p {p:.2f})" for a, b, p in zip(*curves_and_p, strict=True))
    print(f"returns after each quarter of 40,000 steps, core / trainer, {seeds} seeds: {quarters}")
    return row


def _curve(ends: list[tuple[int, float]], steps: int) -> list[float]:
    """Mean return of the last 20 episodes before each quarter of the run."""
    return [float(np.mean([r for step, r in ends if step <= steps * k / 4][-20:])) for k in (1, 2, 3, 4)]


def _finals(observation: Any, info: dict[str, Any]) -> Any:
    final = observation.copy()
    for i in np.flatnonzero(info["_final_obs"]):
        final[i] = info["final_obs"][i]
    return final


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--json", help="write the figures there")
    parser.add_argument("--isa", default="", help="instruction sets to compare at 8 environments, with commas")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    print(
        f"core: {_core.instruction_set()}; numpy {np.__version__}, python {platform.python_version()}; load {load:.1f}"
    )
    figures: dict[str, Any] = {
        "instruction_set": _core.instruction_set(),
        "numpy": np.__version__,
        "cores": os.cpu_count(),
    }
    figures["bound"] = against_the_bound(given.quick)
    for isa in filter(None, given.isa.split(",")):
        _core.use(isa)
        figures[isa] = statistics.median(core_speed(8, 100_000) for _ in range(3))
        print(f"{isa}: {figures[isa]:,.0f} steps/s at 8 environments")
    _core.use(_core.instruction_sets()[0])
    figures["solved"] = solved(3 if given.quick else 20)
    figures["sweep"] = sweep(given.quick)
    figures["gymnasium"] = with_gymnasium(given.quick)
    if not given.quick:
        figures["learning"] = learning(20)
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=1)


if __name__ == "__main__":
    main()
