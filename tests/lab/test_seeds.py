"""Seeding from outside, generator by generator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import ppodoctor

INJECT = Path(ppodoctor.__file__).parent / "lab" / "inject"
DRAW = """
import json, random, sys
import gymnasium as gym, numpy as np, torch

def draw(seed):
    env = gym.make("CartPole-v1")
    return {
        "random": random.random(), "numpy": np.random.rand(), "torch": torch.rand(1).item(),
        "default_rng": np.random.default_rng(seed).random(), "reset": env.reset(seed=seed)[0].tolist(),
        "again": env.reset()[0].tolist(), "space": int(gym.spaces.Discrete(10**6).sample()),
    }

found = {f"{name}, not seeded": drawn for name, drawn in draw(None).items()}
random.seed(7); np.random.seed(7); torch.manual_seed(7)
found.update({f"{name}, seeded": drawn for name, drawn in draw(7).items()})
left = [path for path in sys.path if "inject" in path] + [name for name in sys.modules if name == "sitecustomize"]
print(json.dumps([found, left]))
"""


def draws(seed):
    environment = {**os.environ, "PYTHONPATH": str(INJECT), "PPODOCTOR_SEED": str(seed), "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", DRAW], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    found, left = json.loads(answer.stdout)
    assert left == []
    return found


def test_every_generator_follows_the_seed_from_outside():
    first, again, other = draws(1), draws(1), draws(2)
    assert first == again
    assert [name for name in first if first[name] == other[name]] == []
