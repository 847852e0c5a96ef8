"""The same seed gives the same first rollout in every arm, whatever library a script is written with."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ppodoctor.lab import Lab, Trial
from ppodoctor.run import Run

SB3 = """
import argparse, gymnasium as gym, torch
from stable_baselines3 import PPO
parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, default=3e-4)
args = parser.parse_args()
PPO("MlpPolicy", "CartPole-v1", n_steps=128, learning_rate=args.learning_rate, device="cpu").learn(256)
"""
CONTRIB = """
import argparse, gymnasium as gym
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.env_util import make_vec_env
parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, default=3e-4)
args = parser.parse_args()
envs = make_vec_env("Pendulum-v1", n_envs=2)
RecurrentPPO("MlpLstmPolicy", envs, n_steps=64, learning_rate=args.learning_rate, device="cpu").learn(256)
"""
VECTOR = """
import argparse
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, default=3e-4)
args = parser.parse_args()
envs = make_vec_env("Pendulum-v1", n_envs=2, seed=3)
PPO("MlpPolicy", envs, n_steps=64, learning_rate=args.learning_rate, seed=3, device="cpu").learn(256)
"""
GYMNASIUM = """
import argparse, gymnasium as gym, numpy as np, torch
parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, default=3e-4)
args = parser.parse_args()
torch.manual_seed(1)
envs = gym.make_vec("CartPole-v1", num_envs=2)
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=args.learning_rate)
obs, _ = envs.reset(seed=1)
for update in range(2):
    log_probs = []
    for step in range(64):
        chosen = torch.distributions.Categorical(logits=net(torch.as_tensor(obs)))
        action = chosen.sample()
        log_probs.append(chosen.log_prob(action))
        obs, reward, terminated, truncated, info = envs.step(action.numpy())
    optimizer.zero_grad()
    torch.stack(log_probs).mean().backward()
    optimizer.step()
"""


IDS = ["sb3, seeding nothing", "sb3, two environments seeded", "sb3-contrib, recurrent", "gymnasium and torch"]
ARMS = ((1e-2, 1), (1e-5, 1), (1e-2, 2))
"""(learning rate, seed)"""


@pytest.mark.slow
@pytest.mark.parametrize("text", [SB3, VECTOR, CONTRIB, GYMNASIUM], ids=IDS)
def test_arms_of_one_seed_begin_alike(tmp_path, text):
    for library in ("stable_baselines3", "sb3_contrib"):
        if library in text:
            pytest.importorskip(library)
    file = tmp_path / "their_ppo.py"
    file.write_text(text)
    command = (sys.executable, str(file))
    trials = [Trial(command=command, changes={"learning-rate": rate}, seed=seed) for rate, seed in ARMS]
    lab = Lab(tmp_path / "lab", workers=1)
    lab.run(trials)
    first, same, other = (first_observations(tmp_path / "lab", trial) for trial in trials)
    assert len(first) >= 64
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def first_observations(folder, trial):
    run = Run.load(folder / "trials" / trial.key / "run")
    assert run.rollouts, run.header.get("notes")
    return np.asarray(run.rollouts[0].obs)
