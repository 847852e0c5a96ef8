"""How fast PPO trains: this trainer and others in one run, steady steps per second, start-up, time to solve.

Usage: python benchmarks/speed.py [--quick] [--repeats N] [--only WORD] [--cleanrl FILE] [--json PATH]

Workload (a): CartPole-v1, N environments x 128 steps, 4 epochs x 4 minibatches, two 64-64 tanh networks, one thread;
the first updates are left out. "wide" is the same numbers on HalfCheetah-v5 (where MuJoCo is installed), "pixels" on a
small game of 84x84 images (peers/pixels.py). "solve" is CartPole from process start until the greedy policy's mean
return over 100 fresh episodes is 475, the judge's own time taken out. Numbers are medians of processes run in
turn, peer after peer, so that a busy machine hurts all alike; ratios are over stable-baselines3. Of this trainer there
are: "ours", the learner that it takes of itself (the compiled core where it fits) with environments and run folder in
Python; the same with the numpy learner (dense) and with torch; and "ours-native", the core that steps CartPole itself,
its records read and not written. CleanRL is no package: --cleanrl names its ppo.py, which is run unmodified.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from study.fingerprint import ROOT, versions

PEERS = Path(__file__).parent / "peers"
GOALS = {
    "ours": {"cartpole-4": 3.0, "cartpole-8": 3.0, "cartpole-64": 2.5, "wide-8": 1.0, "pixels-8": 1.0},
    "ours-native": {"cartpole-4": 40.0, "cartpole-8": 25.0, "cartpole-64": 7.0},
}
"""Times stable-baselines3's steps per second."""
START_GOAL = 2.0


@dataclass(frozen=True)
class Task:
    """One thing that is measured."""

    name: str
    kind: str
    """steady, start or solve"""
    environment: str
    num_envs: int
    seconds: float
    """For which a steady run is measured."""


def tasks(*, quick: bool) -> list[Task]:
    """What is measured."""
    long = 1.0 if quick else 8.0
    found = [Task(f"cartpole-{n}", "steady", "CartPole-v1", n, long) for n in ((8,) if quick else (4, 8, 64))]
    found.append(Task("start", "start", "CartPole-v1", 4, 0))
    if not quick:
        found += [
            Task("wide-8", "steady", "HalfCheetah-v5", 8, long),
            Task("pixels-8", "steady", "pixels", 8, 2 * long),
            Task("solve", "solve", "CartPole-v1", 8, 0),
        ]
    return found


def run_peer(peer: str, task: Task, seed: int, cleanrl: Path | None) -> dict[str, Any] | None:
    """One process of one peer; None where it has no such task, or its library is missing."""
    name, _, learner = peer.partition("-")
    script = PEERS / ("ours_native.py" if learner == "native" else f"{name}.py")
    command = [
        sys.executable,
        str(script),
        task.kind,
        task.environment,
        str(task.num_envs),
        str(task.seconds),
        str(seed),
    ]
    if peer == "cleanrl":
        command.append(str(cleanrl))
    if learner in ("dense", "torch"):
        command.append(learner)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{PEERS}"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=folder, env=environment, timeout=900, check=False
        )
    line = next((row[len("RESULT ") :] for row in done.stdout.splitlines() if row.startswith("RESULT ")), None)
    if line is None:
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return {"missing": last[:200]}
    return json.loads(line)


def measure(task: Task, peers: list[str], repeats: int, cleanrl: Path | None) -> dict[str, list[dict[str, Any]]]:
    """`repeats` processes of every peer, in turn."""
    found: dict[str, list[dict[str, Any]]] = {peer: [] for peer in peers}
    for seed in range(1, repeats + 1):
        for peer in peers:
            if found[peer] and "missing" in found[peer][-1]:
                continue
            answer = run_peer(peer, task, seed, cleanrl)
            if answer is not None:
                found[peer].append(answer)
    return found


def summary(task: Task, found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Medians and ratios of one task; for `start` and `solve` a smaller number is better."""
    unit = {"steady": "steps_per_second", "start": "seconds", "solve": "seconds"}[task.kind]
    rows: dict[str, Any] = {}
    for peer, answers in found.items():
        values = [one[unit] for one in answers if unit in one]
        if values:
            rows[peer] = {"median": statistics.median(values), "all": values}
            steps = [one["steps"] for one in answers if "steps" in one]
            if steps and task.kind == "solve":
                rows[peer]["steps"] = statistics.median(steps)
        else:
            rows[peer] = {"missing": answers[0]["missing"] if answers else "not run"}
    base = rows.get("sb3", {}).get("median")
    for row in rows.values():
        if base and "median" in row:
            row["ratio"] = row["median"] / base if task.kind == "steady" else base / row["median"]
    return {"task": task.name, "unit": unit, "peers": rows}


def show(result: dict[str, Any]) -> None:
    """One task as lines."""
    print(f"\n{result['task']} [{result['unit'].replace('_', ' ')}]")
    for peer, row in result["peers"].items():
        if "median" not in row:
            print(f"  {peer:14} not measured: {row['missing']}")
            continue
        spread = f"{min(row['all']):,.4g} to {max(row['all']):,.4g}"
        ratio = f"{row['ratio']:6.2f}x sb3" if "ratio" in row else ""
        steps = f", {row['steps']:,.0f} steps" if "steps" in row else ""
        print(f"  {peer:14} {row['median']:12,.4g}  {ratio}  ({spread}, {len(row['all'])} runs{steps})")


def goals(results: list[dict[str, Any]]) -> list[str]:
    """What was not reached."""
    missed = []
    for result in results:
        ours = result["peers"]["ours"]
        for peer, wanted in GOALS.items():
            ratio, goal = result["peers"].get(peer, {}).get("ratio"), wanted.get(result["task"])
            if goal is not None and ratio is not None and ratio < goal:
                missed.append(f"{result['task']}: {peer} {ratio:.2f}x sb3, {goal:g}x wanted")
        if result["task"] == "start" and ours.get("median", 0) > START_GOAL:
            missed.append(f"start: {ours['median']:.2f} s, {START_GOAL:g} s wanted")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="under a minute: CartPole and start-up, one run each")
    parser.add_argument("--repeats", type=int, default=0)
    parser.add_argument("--only", default="", help="tasks whose name holds this word")
    parser.add_argument("--cleanrl", type=Path, help="CleanRL's ppo.py")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    names = [task.name for task in tasks(quick=given.quick)]
    if not any(given.only in name for name in names):
        parser.error(f"no task's name holds {given.only!r}; there are {', '.join(names)}")
    repeats = given.repeats or (1 if given.quick else 3)
    peers = [
        "ours-native",
        "ours",
        *([] if given.quick else ["ours-dense"]),
        "ours-torch",
        "sb3",
        *(["cleanrl"] if given.cleanrl else []),
    ]
    known = versions()
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} cores, 1 thread each, load {os.getloadavg()[0]:.1f}")
    print(", ".join(f"{name} {version}" for name, version in sorted(known.items())))
    results = []
    for task in tasks(quick=given.quick):
        if given.only in task.name:
            # how long torch takes to be loaded is seen at sb3 already
            wanted = [peer for peer in peers if task.kind != "start" or peer not in ("ours-dense", "ours-torch")]
            results.append(summary(task, measure(task, wanted, repeats, given.cleanrl)))
            show(results[-1])
    missed = goals(results)
    print("\n" + ("\n".join(missed) if missed else "every goal that was measured is reached"))
    if given.json:
        given.json.write_text(json.dumps({"versions": known, "repeats": repeats, "results": results}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
