"""CleanRL's scripts, unmodified, as a peer of speed.py: `... KIND TASK NUM_ENVS SECONDS SEED FOLDER PYTHON`.

Read from outside: the scripts print a line of "SPS: ..." at the end of each update.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from cleanrl import CleanRL, arguments
from judging import answer
from workload import WARM, workload


def updates(process: subprocess.Popen[str]) -> Any:
    """The moment at which each update ended."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("SPS: "):
            yield time.perf_counter()


def steady(process: subprocess.Popen[str], task: str, batch: int, seconds: float) -> float | None:
    """Steps per second behind the first updates; None where the script ended before."""
    warm, began = WARM.get(task, WARM[""]), 0.0
    for number, now in enumerate(updates(process), 1):
        if number == warm:
            began = now
        elif began and now - began > seconds:
            return (number - warm) * batch / (now - began)
    return None


def main() -> None:
    kind, task, num_envs, seconds, seed, folder, python = sys.argv[1:]
    if kind == "solve":
        answer(missing="CleanRL's ppo.py does not let its policy be judged while it trains")
        return
    config = workload(kind, int(num_envs), int(seed), task)
    command = CleanRL(Path(folder), python).command({"task": task}, arguments(config.to_dict()))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    began = time.perf_counter()
    with open("stderr", "w", encoding="utf-8") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
    try:
        if kind == "start":
            first = next(updates(process), None)
            found = {"seconds": first - began} if first is not None else {}
        else:
            rate = steady(process, task, config.batch_size, float(seconds))
            found = {"steps_per_second": rate} if rate is not None else {}
    finally:
        process.kill()
        process.wait()
    last = (Path("stderr").read_text(encoding="utf-8").strip().splitlines() or ["no output"])[-1]
    answer(**(found or {"missing": f"the script ended before anything could be measured: {last}"}))


if __name__ == "__main__":
    main()
