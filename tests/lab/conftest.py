"""A script small enough to be run many times."""

from __future__ import annotations

import sys
import textwrap

import pytest

# Random actions are enough for what the lab does with a script: its environment is watched whoever acts.
SCRIPT = """
    import argparse
    import gymnasium as gym
    import numpy as np

    parser = argparse.ArgumentParser()
    parser.add_argument("--learning-rate", type=float, default=0.5)
    parser.add_argument("--episodes", type=int, default=12)
    parser.add_argument("--die", action="store_true")
    args = parser.parse_args()
    print("learning rate", args.learning_rate)
    if args.die:
        raise ValueError("told to die")
    env = gym.make("CartPole-v1")
    for episode in range(args.episodes):
        obs, done = env.reset()[0], False
        while not done:
            # a "setting" that matters: how often the pole is pushed the way it falls
            follow = np.random.rand() < args.learning_rate
            action = int(obs[2] > 0) if follow else np.random.randint(2)
            obs, reward, terminated, truncated, info = env.step(action)
            done = terminated or truncated
"""


@pytest.fixture
def script(tmp_path):
    """A script's command, its file in a folder of its own."""
    file = tmp_path / "their_script.py"
    file.write_text(textwrap.dedent(SCRIPT), encoding="utf-8")
    return (sys.executable, str(file))
