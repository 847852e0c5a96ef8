"""How fast PPO trains: this trainer and others in one run, steady steps per second, start-up, time to solve.

Usage: python benchmarks/speed.py [--quick] [--repeats N] [--only WORD] [--peers A,B] [--threads N]
       [--cleanrl FOLDER [--cleanrl-python PYTHON]] [--json PATH]

Workload (a): CartPole-v1, N environments x 128 steps, 4 epochs x 4 minibatches, two 64-64 tanh networks, one thread;
the first updates are left out. "wide" is the same numbers on HalfCheetah-v4 (where MuJoCo is installed) with scaled
observations and rewards, "pixels" on a game of 84x84 images (peers/small_games.py). "solve" is CartPole from process
start until the greedy policy's mean return over 100 fresh episodes is 475, the judge's own time taken out. Numbers are
medians of processes run in turn, peer after peer, so that a busy machine hurts all alike; ratios are over
stable-baselines3. Of this trainer there are: "ours", the learner that it takes of itself (the compiled core where it
fits) with environments and run folder in Python; the same with the numpy learner (dense) and with torch; and
"ours-native", the core that steps CartPole itself, its records read and not written. CleanRL is no package: --cleanrl
names a clone of its repository and --cleanrl-python an interpreter for its scripts, which are run unmodified; see
fidelity.py.
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
    "ours": {"cartpole-4": 3.0, "cartpole-8": 3.0, "cartpole-64": 2.5},
    "ours-native": {"cartpole-4": 40.0, "cartpole-8": 25.0, "cartpole-64": 7.0},
}
"""Times stable-baselines3's steps per second."""
NOT_SLOWER = ("wide-8", "pixels-8")
"""Where the environments or the convolutions take the time, ours is to be at least as fast as each of the others."""
START_GOAL = 2.0
QUICK = ("cartpole-8", "start")


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


def tasks(only: str, *, quick: bool) -> list[Task]:
    """What is measured."""
    long = 1.0 if quick else 8.0
    found = [
        *(Task(f"cartpole-{n}", "steady", "CartPole-v1", n, long) for n in (4, 8, 64)),
        Task("start", "start", "CartPole-v1", 4, 0),
        Task("wide-8", "steady", "HalfCheetah-v4", 8, long),
        Task("pixels-8", "steady", "pixels", 8, 2 * long),
        Task("solve", "solve", "CartPole-v1", 8, 0),
    ]
    named = [task for task in found if only in task.name]
    return [task for task in named if task.name in QUICK] if quick and not only else named


@dataclass(frozen=True)
class Conditions:
    """The same for every process."""

    threads: int
    cleanrl: tuple[str, ...]
    """Folder and interpreter."""

    def environment(self) -> dict[str, str]:
        """Of a process."""
        return {**os.environ, "OMP_NUM_THREADS": str(self.threads), "PYTHONPATH": f"{ROOT}{os.pathsep}{PEERS}"}


def run_peer(peer: str, task: Task, seed: int, conditions: Conditions) -> dict[str, Any]:
    """One process of one peer: what it measured, or why it could not."""
    name, _, learner = peer.partition("-")
    script = PEERS / ("cleanrl_speed.py" if peer == "cleanrl" else f"{name}.py")
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
        command += conditions.cleanrl
    if learner in ("dense", "torch", "native"):
        command.append(learner)
    environment = conditions.environment()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=folder, env=environment, timeout=900, check=False
        )
    line = next((row[len("RESULT ") :] for row in done.stdout.splitlines() if row.startswith("RESULT ")), None)
    if line is None:
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return {"missing": last[:200]}
    found: dict[str, Any] = json.loads(line)
    return found


def measure(task: Task, peers: list[str], repeats: int, conditions: Conditions) -> dict[str, list[dict[str, Any]]]:
    """`repeats` processes of every peer, in turn."""
    found: dict[str, list[dict[str, Any]]] = {peer: [] for peer in peers}
    for seed in range(1, repeats + 1):
        for peer in peers:
            if found[peer] and "missing" in found[peer][-1]:
                continue
            found[peer].append(run_peer(peer, task, seed, conditions))
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
        ours = result["peers"].get("ours", {})
        for peer, wanted in GOALS.items():
            ratio, goal = result["peers"].get(peer, {}).get("ratio"), wanted.get(result["task"])
            if goal is not None and ratio is not None and ratio < goal:
                missed.append(f"{result['task']}: {peer} {ratio:.2f}x sb3, {goal:g}x wanted")
        for peer in ("sb3", "cleanrl") if result["task"] in NOT_SLOWER and "median" in ours else ():
            theirs = result["peers"].get(peer, {}).get("median", 0.0)
            if ours["median"] < theirs:
                missed.append(f"{result['task']}: ours {ours['median']:,.0f} steps per second, {peer} {theirs:,.0f}")
        if result["task"] == "start" and ours.get("median", 0) > START_GOAL:
            missed.append(f"start: {ours['median']:.2f} s, {START_GOAL:g} s wanted")
    return missed


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="under a minute: CartPole and start-up, one short run each"
    )
    parser.add_argument("--repeats", type=int, default=0)
    parser.add_argument("--only", default="", help="tasks whose name holds this word")
    parser.add_argument("--peers", default=PEER_NAMES, help=f"of {PEER_NAMES}")
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--cleanrl", type=Path, metavar="FOLDER", help="a clone of CleanRL's repository")
    parser.add_argument("--cleanrl-python", default=sys.executable, help="the interpreter with what its scripts import")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not tasks(given.only, quick=given.quick):
        known = ", ".join(task.name for task in tasks("", quick=False))
        parser.error(f"no task's name holds {given.only!r}; there are {known}")
    return given


PEER_NAMES = "ours-native,ours,ours-dense,ours-torch,sb3,cleanrl"
LEFT_OUT = {"start": ("ours-dense", "ours-torch"), "pixels-8": ("ours-native", "ours-dense", "ours-torch")}
"""How long torch takes to be loaded is seen at sb3 already; on pixels "ours" is torch, and the others cannot."""


def main() -> int:
    given = parsed()
    repeats = given.repeats or (1 if given.quick else 3)
    peers = [peer for peer in given.peers.split(",") if peer != "cleanrl" or given.cleanrl]
    conditions = Conditions(
        given.threads, (str(given.cleanrl.resolve()), given.cleanrl_python) if given.cleanrl else ()
    )
    known = versions()
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} cores, threads each: {given.threads}, load {os.getloadavg()[0]:.1f}")
    print(", ".join(f"{name} {version}" for name, version in sorted(known.items())))
    results = []
    for task in tasks(given.only, quick=given.quick):
        wanted = [peer for peer in peers if peer not in LEFT_OUT.get(task.name, ())]
        results.append(summary(task, measure(task, wanted, repeats, conditions)))
        show(results[-1])
    missed = goals(results)
    print("\n" + ("\n".join(missed) if missed else "every goal that was measured is reached"))
    if given.json:
        facts = {"versions": known, "threads": given.threads, "repeats": repeats, "results": results}
        given.json.write_text(json.dumps(facts, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
