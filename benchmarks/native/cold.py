"""What somebody sees who types `ppodoctor train CartPole-v1`: how soon it is solved, how soon Ctrl-C ends it."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from native.settings import ONE_THREAD, asked, median
from ppodoctor.training.checkpoint import checkpoints_in

ENDLESS = ("--total-steps", "1000000000")
LONG_UPDATES = ("--num-envs", "64", "--rollout-steps", "1024", "--epochs", "5000")


def solved(seeds: int) -> dict[str, Any]:
    """Seconds from process start until the greedy policy's mean return over 100 fresh episodes is 475."""
    asked("ours_cli.py", "start")  # fills the machine's file cache, as a second start finds it
    starts = [asked("ours_cli.py", "start") for _ in range(5)]
    answers = [asked("ours_cli.py", "solve", str(seed)) for seed in range(1, seeds + 1)]
    for found in answers:
        if "missing" in found:
            print(f"     {found['missing']}")
    done = [one for one in answers if "missing" not in one]
    row = {"seeds": seeds, "solved": len(done), "seconds_to_first_update": median(starts, "seconds")}
    if done:
        row |= {"seconds_median": median(done, "seconds"), "seconds_max": max(one["seconds"] for one in done)}
        row["steps_median"] = median(done, "steps")
        text = (
            "ppodoctor train CartPole-v1, from process start: first update after {seconds_to_first_update:.2f} s, "
            "{solved} of {seeds} seeds solved, median {seconds_median:.2f} s and {steps_median:,.0f} steps "
            "(slowest {seconds_max:.2f} s); the judge's own time is not counted"
        )
        print(text.format(**row))
    return row


def interrupted(repeats: int) -> dict[str, Any]:
    """Seconds from Ctrl-C to the end of the process with its checkpoint written: usual updates, and endless ones."""
    row: dict[str, Any] = {}
    for name, more in (("usual updates", ()), ("an update of minutes", LONG_UPDATES)):
        waits = [_one_interrupt(more, 0.6 + 0.13 * number) for number in range(repeats)]
        row[name] = {"median": statistics.median(waits), "max": max(waits), "repeats": repeats}
        print(
            f"Ctrl-C during {name}: the process has ended, its checkpoint written, after "
            f"{row[name]['median']:.2f} s (slowest of {repeats}: {max(waits):.2f} s)"
        )
    return row


def _one_interrupt(more: tuple[str, ...], after: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        words = ["train", "CartPole-v1", *ENDLESS, *more, "--out", str(run)]
        process = subprocess.Popen(
            [sys.executable, "-m", "ppodoctor", *words],
            env={**os.environ, **ONE_THREAD},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        while "itself" not in process.stderr.readline():
            assert process.poll() is None, "ppodoctor train ended before it began"
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        began = time.perf_counter()
        process.communicate()
        spent = time.perf_counter() - began
        assert process.returncode == 130, f"ended with status {process.returncode}"
        assert checkpoints_in(run), "no checkpoint was written"
        return spent
