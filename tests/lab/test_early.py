"""What is not trained to its end, and why."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import pytest
from lab_trials import tiny

from ppodoctor.lab import Lab, Stop, Trial, TrialResult
from ppodoctor.lab.early import ENOUGH, Watch, bar_of
from ppodoctor.lab.members import run_member
from ppodoctor.tuning.judge import beyond_repair


def finished(level, status="finished"):
    curve = tuple((float(at), level * at / 1000) for at in range(40, 1001, 40))
    return TrialResult(str(level), status, level, curve)


def test_the_bar_is_the_median_of_what_came_to_its_end():
    bar = bar_of([finished(level) for level in (1.0, 2.0, 3.0, 4.0, 5.0)] + [finished(1e9, "stopped")] * 9)
    assert bar[0][0] == pytest.approx(300.0)
    assert bar[-1] == (1000.0, pytest.approx(3.0 * 0.92))  # the mean of the last fifth of a rising line, at its points
    assert bar_of([finished(1.0)] * (ENOUGH - 1)) == ()


def test_behind_is_below_the_bar_that_was_passed():
    watch = Watch(((100.0, 5.0), (200.0, 50.0)))
    ends = list(range(5, 200, 5))
    assert watch.behind(99, ends, [0.0] * len(ends)) == ""
    assert "5" in watch.behind(150, ends, [4.0] * len(ends))
    assert watch.behind(150, ends, [6.0] * len(ends)) == ""
    assert watch.behind(250, ends, [6.0] * len(ends)) != ""
    assert watch.behind(250, ends[:3], [0.0] * 3) == ""  # too few episodes to judge by


def test_a_member_behind_is_stopped_and_one_that_is_not_is_left_alone():
    trial, stop = tiny(steps=20_000), Stop()
    whole = run_member(trial, stop)
    behind = run_member(trial, stop, Watch(((8000.0, 1e6),)))
    ahead = run_member(trial, stop, Watch(((8000.0, -1e6),)))
    assert behind.status == "stopped"
    assert not behind.ok
    assert behind.objective is not None
    assert 8000 <= behind.steps < 10_000
    assert "behind after" in behind.reason
    assert {**ahead.to_dict(), "seconds": 0} == {**whole.to_dict(), "seconds": 0}  # looking changes nothing


def test_a_policy_that_does_not_move_is_stopped():
    still = run_member(tiny(steps=20_000, learning_rate=1e-14), Stop(), Watch(frozen=True))
    assert still.status == "stopped"
    assert "frozen" in still.reason
    assert run_member(tiny(steps=20_000), Stop(), Watch(frozen=True)).ok


def test_a_training_by_torch_is_stopped_alike(tmp_path):
    trial = tiny(steps=4096, backend="torch")
    lab = Lab(tmp_path, workers=1)
    (result,) = lab.run([trial], watcher=lambda _: Watch(((1500.0, 1e6),)))
    assert result.status == "stopped"
    assert 1500 <= result.steps < 4096
    assert result.objective is not None


SB3 = """
import gymnasium as gym
from stable_baselines3 import PPO
model = PPO("MlpPolicy", gym.make("CartPole-v1"), n_steps=64, n_epochs=2, learning_rate=LR, device="cpu")
model.learn(100_000_000)
"""
JUDGED = ("parameters_never_move", "policy_frozen", "learning_rate_zero")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "watch", "reasons"),
    [
        ("3e-4", Watch(((1000.0, 1e6),)), ("behind after",)),
        ("0.0", Watch(judge="ppodoctor.tuning.judge:beyond_repair"), JUDGED),
    ],
)
def test_a_script_is_stopped_with_what_it_had(tmp_path, rate, watch, reasons):
    pytest.importorskip("stable_baselines3")
    file = tmp_path / "their_sb3.py"
    file.write_text(SB3.replace("LR", rate))
    trial = Trial(command=(sys.executable, str(file)), seconds=120.0)  # which ends a test that fails
    (result,) = Lab(tmp_path / "lab", workers=1).run([trial], watcher=lambda _: watch)
    assert result.status == "stopped"
    assert result.reason.startswith(reasons)
    assert result.objective is not None


def test_a_folder_without_a_run_is_judged_by_nothing(tmp_path):
    assert beyond_repair(tmp_path) == ""


def test_a_watch_travels_as_json():
    watch = Watch(((1.0, 2.0),), "a:b", frozen=True)
    data = json.loads(json.dumps(asdict(watch)))
    assert Watch(tuple(map(tuple, data["bar"])), data["judge"], data["frozen"]) == watch
