"""Somebody's script is tuned unmodified, and Ctrl-C leaves a study whole: from the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from ppodoctor.cli import main

SCRIPT = """
import argparse
import gymnasium as gym
import numpy as np
parser = argparse.ArgumentParser()
parser.add_argument("--follow", type=float, default=0.0)
args = parser.parse_args()
env = gym.make("CartPole-v1")
for episode in range(20):
    obs, done = env.reset()[0], False
    while not done:
        action = int(obs[2] > 0) if np.random.rand() < args.follow else np.random.randint(2)
        obs, _, terminated, truncated, _ = env.step(action)
        done = terminated or truncated
"""


@pytest.mark.slow
def test_a_script_ends_better_than_its_bad_start(tmp_path, capsys):
    file, out = tmp_path / "their_script.py", tmp_path / "study"
    file.write_text(SCRIPT)
    options = ("--method", "grid", "--seeds", "3", "--out", str(out))
    assert main(["tune", "--set", "follow=0.5,0.95", *options, "--", sys.executable, str(file)]) == 0
    told = capsys.readouterr().out
    assert "Tuning helped" in told
    assert "--follow 0.95" in (out / "winner.txt").read_text()
    found = json.loads((out / "tune.json").read_text())
    assert found["gain"]["low"] > 0
    assert found["compared"][-1]["settings"] == {}


def test_a_wrong_flag_is_named_with_the_nearest_right_one(tmp_path, capsys):
    file = tmp_path / "their_script.py"
    file.write_text(SCRIPT.replace("args = parser", 'raise ValueError("no")\nargs = parser'))
    out = tmp_path / "study"
    assert main(["tune", "--set", "folow=0..1", "--out", str(out), "--", sys.executable, str(file)]) == 2
    told = capsys.readouterr().err
    assert "first trial" in told
    assert "did you mean follow?" in told


def test_ctrl_c_leaves_a_study_to_be_resumed(tmp_path):
    out = tmp_path / "study"
    command = [sys.executable, "-m", "ppodoctor", "tune", "CartPole-v1", "--grid", "learning_rate=1e-4,1e-3"]
    given = ["--steps", "300000", "--seeds", "2", "--workers", "1", "--out", str(out)]
    process = subprocess.Popen([*command, *given], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    while "trial 1:" not in process.stderr.readline():
        assert process.poll() is None
    os.kill(process.pid, signal.SIGINT)
    told = process.communicate()[1]
    assert process.returncode == 130
    assert f"--resume {out}" in told
    found = json.loads((out / "tune.json").read_text())
    assert 1 <= found["trials"] < 4
