"""Settings that a script has no flags for, given to its library's trainer."""

from __future__ import annotations

import json
import sys

import pytest

from ppodoctor.lab import Lab, Trial
from ppodoctor.lab.flags import keywords_of, unknown_flag, with_changes

SCRIPT = """
import sys
import gymnasium as gym
from stable_baselines3 import PPO

model = PPO("MlpPolicy", gym.make("CartPole-v1"), 1e-6, n_steps=64, policy_kwargs={"ortho_init": False}, device="cpu")
print("made:", model.learning_rate, model.ent_coef, model.n_steps, model.policy.net_arch, model.policy.ortho_init)
model.learn(10_000_000)
print("learned:", model.num_timesteps)
"""
CHANGES = {"learning-rate": 1e-3, "PPO.ent_coef": 0.5, "net_arch": "8x4", "total_timesteps": 256}


@pytest.fixture
def file(tmp_path):
    pytest.importorskip("stable_baselines3")
    found = tmp_path / "their_sb3.py"
    found.write_text(SCRIPT)
    return found


@pytest.mark.slow
def test_a_trainer_is_given_what_the_script_has_no_flags_for(tmp_path, file):
    command = (sys.executable, str(file))
    lab = Lab(tmp_path / "lab", workers=2)
    good, strange = lab.run(
        [Trial(command=command, changes=CHANGES), Trial(command=command, changes={"learning_rat": 1, "n_steps": 8})]
    )
    assert good.ok, good.reason
    output = (tmp_path / "lab" / "trials" / good.key / "output.txt").read_text()
    assert "made: 0.001 0.5 64 [8, 4] False" in output
    assert "learned: 256" in output
    assert "PPO takes no argument learning_rat; did you mean learning_rate?" in strange.reason


def test_what_no_trainer_took_is_missed(tmp_path):
    file = tmp_path / "their_script.py"
    text = "import gymnasium as gym\nenv = gym.make('CartPole-v1')\nfor _ in range(12):\n    env.reset()\n"
    file.write_text(f"# like stable_baselines3\n{text}    while not any(env.step(1)[2:4]):\n        pass\n")
    (result,) = Lab(tmp_path / "lab").run([Trial(command=(sys.executable, str(file)), changes={"gamma": 0.9})])
    assert not result.ok
    assert "no trainer of the script took gamma" in result.reason


def test_a_flag_of_the_script_stays_a_flag(tmp_path):
    file = tmp_path / "their_script.py"
    file.write_text("from stable_baselines3 import PPO\nparser.add_argument('--lr', type=float)\n")
    command = ("python", str(file), "--gamma", "0.9")
    assert keywords_of(command, ["lr", "gamma", "n-steps", "PPO.gamma"]) == {"n-steps": "n_steps", "PPO.gamma": "gamma"}
    assert with_changes(command, {"lr": 1.0, "n-steps": 8, "gamma": 0.8}) == [*command[:3], "0.8", "--lr", "1"]
    assert unknown_flag(command, ["lr", "n-steps"]) == ""
    file.write_text("parser.add_argument('--lr', type=float)\n")
    assert keywords_of(command, ["n_steps"]) == {}
    assert json.dumps(keywords_of(command, ["PPO.n_steps"])) == '{"PPO.n_steps": "n_steps"}'
