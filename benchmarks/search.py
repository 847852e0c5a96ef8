"""Does Bayesian search reach the best of a grid in a part of the grid's budget, and does random search as well?

    python benchmarks/search.py [--quick] [--only TASK] [--methods tpe gp] [--repetitions 20] [--json PATH]

Four tasks, three settings each, a grid of 36. A repetition is one seed of training: the grid is run on it whole, then
each method searches the same ranges on the same seed with as many trials. Of each search is told

    reached    in how many repetitions it found a setting as good as the grid's best, on that seed
    budget     the part of the grid's budget at which it did, 1 where it did not
    less       the same, less random search's in the same repetition; below 0 is better
    fresh      what its winner returns on three seeds that no search saw, less what random search's winner does

with 95% bootstrap intervals over the repetitions. A method helps where the interval of `less` lies below 0; the table
says so where it does not. Trainings are short (12,000 to 16,000 steps), so that some thousands take minutes; a Gaussian
process (--methods tpe gp) takes longer for its suggestions than they do, and about an hour for the whole table.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from study.fingerprint import versions

from ppodoctor.lab import Stop, Trial
from ppodoctor.lab.members import run_member
from ppodoctor.training.scores import interval, mean
from ppodoctor.tuning.plans import Plan, Tried
from ppodoctor.tuning.space import grid, own_space

TASKS: dict[str, tuple[int, tuple[str, ...]]] = {
    "CartPole-v1": (12_000, ("learning_rate=1e-5..1e-2", "clip_range=0.05..0.5", "epochs=2,8,20")),
    "Acrobot-v1": (16_000, ("learning_rate=1e-5..1e-2", "clip_range=0.05..0.5", "gae_lambda=0.8..0.99")),
    "MountainCarContinuous-v0": (16_000, ("learning_rate=1e-4..1e-1", "epochs=2,8,20", "log_std_init=-2..1")),
    "Pendulum-v1": (16_000, ("learning_rate=1e-5..1e-2", "gamma=0.8..0.99", "epochs=2,8,20")),
}
"""Environment steps of a trial, and the ranges."""
FIRST, APART, FRESH = 1, 1000, 1_000_000
WORST = -1e9
"""Of a training that dies."""


@functools.cache
def score(task: str, settings: str, seed: int) -> float:
    """What a setting returns."""
    found = run_member(Trial(task, changes=json.loads(settings), seed=seed, steps=TASKS[task][0]), Stop())
    return found.objective if found is not None and found.objective is not None else WORST


def run(task: str, settings: dict[str, Any], seed: int) -> float:
    return score(task, json.dumps(settings), seed)


def search(task: str, method: str, seed: int, budget: int) -> list[Tried]:
    """One search on one seed."""
    plan, history = Plan(method, own_space(TASKS[task][1]), seed), list[Tried]()
    while len(history) < budget:
        for one in plan.ask(history, 1):
            history.append(Tried(one, run(task, one, seed)))
    return history


def repetition(task: str, number: int, methods: tuple[str, ...], fresh: int) -> dict[str, Any]:
    """The grid and every method on one seed."""
    seed = FIRST + APART * number
    best = max(run(task, one, seed) for one in grid(own_space(TASKS[task][1])))
    budget = len(grid(own_space(TASKS[task][1])))
    row: dict[str, Any] = {"task": task, "seed": seed, "grid": best, "budget": budget, "methods": {}}
    for method in methods:
        history = search(task, method, seed, budget)
        scores = [one.score or 0.0 for one in history]
        at = next((i + 1 for i, one in enumerate(scores) if one >= best), None)
        winner = history[int(np.argmax(scores))].settings
        again = [run(task, winner, FRESH + APART * (number * fresh + i)) for i in range(fresh)]
        row["methods"][method] = {"at": at, "best": max(scores), "fresh": float(np.mean(again)), "winner": winner}
    return row


def spread(values: list[float], digits: int = 2) -> str:
    known = interval(np.array(values), mean)
    return f"{known.value:+.{digits}f} ({known.low:+.{digits}f} to {known.high:+.{digits}f})"


def told(task: str, method: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One line of the table."""

    def parts(name: str) -> list[float]:
        return [(row["methods"][name]["at"] or row["budget"]) / row["budget"] for row in rows]

    mine, random = parts(method), parts("random")
    less = [a - b for a, b in zip(mine, random, strict=True)]
    fresh = [row["methods"][method]["fresh"] - row["methods"]["random"]["fresh"] for row in rows]
    reached = sum(row["methods"][method]["at"] is not None for row in rows)
    high = interval(np.array(less), mean).high
    verdict = "" if method == "random" else "helps" if high < 0 else "no help shown"
    numbers = f"{spread(mine)}   {spread(less)}   {spread(fresh, 1)}"
    print(f"  {task:26}{method:8}{reached:3}/{len(rows)}   {numbers}  {verdict}", flush=True)
    return {
        "task": task,
        "method": method,
        "reached": reached,
        "of": len(rows),
        "budget": mine,
        "less": less,
        "fresh": fresh,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="under a minute: two repetitions of two tasks")
    parser.add_argument("--only", default="", help="tasks whose name holds this word")
    parser.add_argument("--methods", nargs="+", default=["tpe"], help="beside random: tpe, gp, sobol, cmaes")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    count = 2 if given.quick else given.repetitions
    tasks = [task for task in TASKS if given.only in task][: 2 if given.quick else None]
    methods = ("random", *(one for one in given.methods if one != "random"))
    print(f"{platform.machine()}, {os.cpu_count()} cores; {versions()}; {count} repetitions, {given.workers} processes")
    print(f"  {'task':26}{'method':8}reached  budget (of the grid's)    less than random's        fresh, less random's")
    began, lines, raw = time.perf_counter(), [], []
    with ProcessPoolExecutor(given.workers, get_context("spawn")) as pool:
        asked = {task: [pool.submit(repetition, task, n, methods, 3) for n in range(count)] for task in tasks}
        for task, futures in asked.items():
            rows = [future.result() for future in futures]
            raw += rows
            lines += [told(task, method, rows) for method in methods]
    print(f"{time.perf_counter() - began:.0f} s")
    if given.json:
        given.json.write_text(json.dumps({"lines": lines, "repetitions": raw}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
