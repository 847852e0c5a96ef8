"""How long does a grid of 32 settings of PPO take, and what does a search find in a part of its budget?

    python benchmarks/sweep.py [--quick] [--only WORD] [--jax-python PYTHON] [--json PATH]

Workload: CartPole-v1, learning rate (8 values, 1e-5 to 1e-3) x clip range (4 values, 0.1 to 0.5), one seed each,
50,000 steps (--quick: 6 settings of 4,000 steps). Peers train the same settings with the same numbers otherwise, 8
environments x 128 steps, 10 epochs x 4 minibatches, two 64-64 tanh networks:

    ours       `ppodoctor tune` as a process of its own, two workers, its page included; fresh seeds left to one
    sb3        stable-baselines3, one setting after the other in one process
    sb3-two    the same in two processes
    sb3-optuna the same grid by Optuna's GridSampler, two workers on one SQLite file
    rejax      vmapped over all settings, compilation included; --jax-python names an interpreter that has it

Every peer is a process, timed from its start to its end, in turn. Seconds, medians over repeats.
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
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from study.fingerprint import ROOT, versions

HERE = Path(__file__).parent
PEERS = ("ours", "sb3", "sb3-two", "sb3-optuna", "rejax")
GOAL = 6.0
"""Seconds for the whole grid with its page, on two cores."""


def size(*, quick: bool) -> tuple[str, str, int]:
    """(learning rates, clip ranges, steps) as `ppodoctor tune` takes them."""
    if quick:
        return "learning_rate=1e-4..1e-3:3", "clip_range=0.1..0.3:2", 4_000
    return "learning_rate=1e-5..1e-3:8", "clip_range=0.1..0.5:4", 50_000


def command_of(peer: str, folder: Path, jax_python: str, *, quick: bool) -> list[str] | None:
    """What to run, None where it cannot be run here."""
    rates, clips, steps = size(quick=quick)
    if peer == "ours":
        own = [sys.executable, "-m", "ppodoctor", "tune", "CartPole-v1", "--grid", rates, clips, "--workers", "2"]
        return [*own, "--steps", str(steps), "--seeds", "1", "--out", str(folder / "study"), "--quiet"]
    needs = {"rejax": "rejax", "sb3-optuna": "optuna"}.get(peer, "stable_baselines3")
    other = jax_python if peer == "rejax" else ""
    if not other and find_spec(needs) is None:
        return None
    return [other or sys.executable, str(HERE / "peers" / "sweep.py"), peer, rates, clips, str(steps), str(folder)]


def run_once(peer: str, jax_python: str, *, quick: bool) -> float | None:
    """Seconds of one process."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}
    with tempfile.TemporaryDirectory() as name:
        command = command_of(peer, Path(name), jax_python, quick=quick)
        if command is None:
            return None
        began = time.perf_counter()
        subprocess.run(command, cwd=name, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=3600)
        return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="under a minute: 6 settings of 4,000 steps, once")
    parser.add_argument("--only", default="", help="peers whose name holds this word, and ours")
    parser.add_argument("--jax-python", default="", help="an interpreter that has rejax")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores; {versions()}; {size(quick=given.quick)}")
    chosen = [peer for peer in PEERS if peer == "ours" or given.only in peer]
    found: dict[str, list[float]] = {peer: [] for peer in chosen}
    for _ in range(1 if given.quick else given.repeats):
        for peer in chosen:
            seconds = run_once(peer, given.jax_python, quick=given.quick)
            if seconds is not None:
                found[peer].append(seconds)
                print(f"  {peer}: {seconds:.2f} s", flush=True)  # a peer may take minutes
    result: dict[str, Any] = {"quick": given.quick, "peers": {}}
    ours = statistics.median(found["ours"])
    for peer, all_of_it in found.items():
        if not all_of_it:
            print(f"  {peer:12} is not installed here")
            continue
        middle = statistics.median(all_of_it)
        result["peers"][peer] = {"median": middle, "all": all_of_it, "ratio": middle / ours}
        print(f"  {peer:12} {middle:9.2f} s  {middle / ours:7.1f}x ours  ({len(all_of_it)} runs)")
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if not given.quick and ours > GOAL:
        print(f"missed: {ours:.1f} s, {GOAL:g} s wanted")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
