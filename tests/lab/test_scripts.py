"""Somebody's script as a trial: its own flags, seeds from outside, its output kept."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from ppodoctor.lab import Lab, Stop, Trial


def returns_of(folder, result):
    path = Path(folder) / "trials" / result.key / "run" / "episodes.jsonl"
    return [json.loads(line)["ret"] for line in path.read_text().splitlines()]


def test_a_script_is_run_with_its_own_flags_and_scored_by_its_environment(tmp_path, script):
    low, high = Lab(tmp_path / "lab", workers=2).run(
        [Trial(command=script, changes={"learning-rate": value}) for value in (0.0, 1.0)]
    )
    assert low.ok
    assert high.ok
    assert low.by == "script"
    assert low.episodes == 12
    assert high.objective > low.objective + 10  # following the pole balances longer than chance does
    output = (tmp_path / "lab" / "trials" / low.key / "output.txt").read_text()
    assert "learning rate 0.0" in output


def test_seeds_come_from_outside(tmp_path, script):
    """The script seeds nothing: the same seed repeats it, another does not, a changed budget goes on alike."""
    lab = Lab(tmp_path / "lab", workers=1)
    trials = [
        Trial(command=script, seed=1),
        Trial(command=script, seed=1, changes={"episodes": 6}),
        Trial(command=script, seed=2),
    ]
    first, shorter, other = (returns_of(tmp_path / "lab", result) for result in lab.run(trials))
    assert first[:6] == shorter
    assert first[:6] != other[:6]


def test_a_script_that_dies_is_a_result(tmp_path, script):
    (result,) = Lab(tmp_path / "lab", workers=1).run([Trial(command=(*script, "--die"))])
    assert result.status == "failed"
    assert "told to die" in result.reason


def test_a_killed_worker_is_a_result(tmp_path, script):
    """The process that ran a trial is killed: that trial failed, the next one runs."""
    endless = Trial(command=(*script, "--episodes", "100000000"))
    lab = Lab(tmp_path / "lab", workers=1)
    folder = tmp_path / "lab" / "trials" / endless.key

    def kill():
        while not (folder / "run" / "watch" / "settings.json").exists():
            time.sleep(0.05)
        pid = json.loads((folder / "run" / "watch" / "settings.json").read_text())["keeper"]
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    killed, good = lab.run([endless, Trial(command=script)])
    killer.join()
    assert killed.status == "failed"
    assert "SIGKILL" in killed.reason
    assert good.ok


def test_a_stopped_script_is_no_result(tmp_path, script):
    command = (*script, "--episodes", "100000000")
    lab = Lab(tmp_path / "lab", workers=1)
    assert lab.run([Trial(command=command)], Stop(seconds=3.0)) == [None]
    assert lab.store.results() == {}


@pytest.mark.slow
def test_a_script_with_a_time_limit_is_scored_by_what_it_did(tmp_path, script):
    command = (*script, "--episodes", "100000000")
    (result,) = Lab(tmp_path / "lab", workers=1).run([Trial(command=command, seconds=15.0)])
    assert result.ok
    assert result.episodes > 12
