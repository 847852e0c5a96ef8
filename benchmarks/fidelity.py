"""Does this trainer learn as well as others at equal steps and equal settings? Returns with intervals, seed by seed.

Usage: python benchmarks/fidelity.py [--quick] [--seeds N] [--only WORD] [--peers A,B] [--cleanrl FOLDER
       [--cleanrl-python PYTHON]] [--jobs N] [--json PATH [--resume | --kept]] [--write]

Every peer is given the same settings, steps and seeds (`peers/tasks.py`), one thread, and is judged by the same wrapper
around each environment (`peers/judged.py`): the score of a run is the mean return of the episodes that ended in the
last fifth of its steps. Shown are means over seeds and differences of means, with Student's and Welch's 95% intervals.
"worse" is what lies below another trainer by more than 1% of the task's range with its whole interval. That the
environments of all peers are the same task is checked by playing the same actions in each.

stable-baselines3 and sb3-contrib come from this environment. CleanRL is no package: --cleanrl names a clone of its
repository, --cleanrl-python an interpreter with gymnasium 0.29.1, torch, tyro, tensorboard, mujoco, Box2D and OpenCV,
in which its scripts run unmodified. Every run is written to --json as it ends, --resume goes on behind those, and
--kept makes none. --write makes docs/fidelity.md of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fidelity_page import page, shown, summary
from peers.cleanrl import CleanRL, arguments
from peers.tasks import QUICK, TASKS, Task
from study.fingerprint import ROOT, versions

PEERS = Path(__file__).parent / "peers"
PAGE = ROOT / "docs" / "fidelity.md"
Row = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """How runs are made, and where they are kept."""

    cleanrl: CleanRL | None
    jobs: int
    path: Path | None
    rows: list[Row]

    def kept(self, task: Task, peers: list[str]) -> list[Row]:
        """The latest tries of these peers with the task's settings as they are now, whatever the seeds."""
        found = {
            _key(row): row
            for row in self.rows
            if row["peer"] in peers and _key(row) == _key(_row(task, row["peer"], task.config(row["seed"])))
        }
        return list(found.values())

    def run(self, task: Task, peers: list[str], seeds: int) -> list[Row]:
        """Every peer with every seed, those left out that are kept already."""
        wanted = [(peer, task.config(seed)) for seed in range(1, seeds + 1) for peer in peers]
        kept = {_key(row): row for row in self.rows if "score" in row}
        todo = [one for one in wanted if _key(_row(task, *one)) not in kept]
        with ThreadPoolExecutor(self.jobs) as pool:
            for (peer, config), answer in zip(todo, pool.map(lambda one: self._one(task, *one), todo), strict=True):
                self.rows.append(_row(task, peer, config) | answer)
                self.save()
                print(f"  {peer} seed {config['seed']}: {answer.get('score', answer.get('missing'))}", flush=True)
        names = {_key(_row(task, *one)) for one in wanted}
        return [row for row in {_key(row): row for row in self.rows}.values() if _key(row) in names]

    def save(self) -> None:
        """All rows, whole or not at all."""
        if self.path is not None:
            new = self.path.with_suffix(".new")
            new.write_text(json.dumps({"benchmark": "fidelity", "versions": versions(), "runs": self.rows}, indent=1))
            new.replace(self.path)

    def _one(self, task: Task, peer: str, config: Row) -> Row:
        """The score of one run in a process of its own."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(PEERS)}
        if peer == "cleanrl":
            assert self.cleanrl is not None
            facts = {"task": task.name, "num_envs": config["num_envs"], "total_steps": config["total_steps"]}
            command = self.cleanrl.command(facts, arguments(config))
        else:
            script = PEERS / f"{peer.partition('-')[0]}_learn.py"
            command = [sys.executable, str(script), task.name, json.dumps(config), peer]
            environment["PYTHONPATH"] = f"{ROOT}{os.pathsep}{PEERS}"
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
        line = next((row[len("RESULT ") :] for row in done.stdout.splitlines() if row.startswith("RESULT ")), None)
        if line is None:
            return {"missing": (done.stderr.strip().splitlines() or ["no answer"])[-1][:200]}
        found: Row = json.loads(line)
        return found


def _row(task: Task, peer: str, config: Row) -> Row:
    return {"task": task.name, "peer": peer, "seed": config["seed"], "settings": config}


def _key(row: Row) -> str:
    """Runs with other settings are other runs."""
    return json.dumps([row["task"], row["peer"], row["settings"]], sort_keys=True)


def chosen(options: argparse.Namespace) -> list[tuple[Task, list[str]]]:
    """Tasks, and who is asked."""
    wanted = options.peers.split(",") if options.peers else None
    found = []
    for task in QUICK if options.quick else TASKS:
        peers = [
            peer
            for peer in task.peers
            if (wanted is None or peer in wanted) and (peer != "cleanrl" or options.cleanrl or options.kept)
        ]
        if peers and options.only.lower() in task.name.lower():
            found.append((task, peers))
    return found


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="under a minute: two tasks, few steps, two seeds")
    parser.add_argument("--seeds", type=int, default=0, help="in place of each task's own number")
    parser.add_argument("--only", default="", help="tasks whose name holds this word")
    parser.add_argument("--peers", default="", help="only these")
    parser.add_argument("--cleanrl", type=Path, metavar="FOLDER", help="a clone of CleanRL's repository")
    parser.add_argument("--cleanrl-python", default=sys.executable, help="the interpreter with what its scripts import")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--json", type=Path, help="where every run is kept")
    parser.add_argument("--resume", action="store_true", help="go on behind the runs in --json")
    parser.add_argument("--kept", action="store_true", help="make no run; only say what those in --json say")
    parser.add_argument("--write", action="store_true", help="write docs/fidelity.md of what was found")
    options = parser.parse_args()
    if not chosen(options):
        known = ", ".join(f"{task.name} ({', '.join(task.peers)})" for task in TASKS)
        parser.error(f"nothing to do: --only and --peers leave none of {known}; cleanrl also needs --cleanrl")
    if (options.resume or options.kept) and options.json is None:
        parser.error("--resume and --kept need --json")
    return options


def main() -> int:
    options = parsed()
    cleanrl = CleanRL(options.cleanrl, options.cleanrl_python) if options.cleanrl else None
    rows: list[Row] = []
    if (options.resume or options.kept) and options.json.exists():
        rows = json.loads(options.json.read_text())["runs"]
    bench = Bench(cleanrl, options.jobs, options.json, rows)
    print(", ".join(f"{name} {version}" for name, version in sorted(versions().items())))
    results = []
    for task, peers in chosen(options):
        print(f"\n{task.name}, {task.steps:,} steps", flush=True)
        found = bench.kept(task, peers) if options.kept else bench.run(task, peers, options.seeds or task.seeds)
        results.append(summary(asdict(task), peers, found))
        print(shown(results[-1]), flush=True)
    worse = [f"{one['task']['name']} ({peer})" for one in results for peer in one["worse"]]
    print(f"\nworse on {', '.join(worse)}" if worse else "\nnowhere worse")
    if options.write:
        PAGE.write_text(page(results, versions()))
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
