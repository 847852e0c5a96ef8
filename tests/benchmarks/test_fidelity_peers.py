"""The judge, the games and the settings that the fidelity benchmark gives to every trainer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from cleanrl import HOST, CleanRL, arguments
from judged import Ledger, fingerprint
from small_games import Catch, CatchInColour, Doors, MaskedDoors, Recall
from tasks import QUICK, TASKS

from ppodoctor.config import PPOConfig


def played(env, seed, choose):
    """Returns of 400 episodes."""
    rng, returns = np.random.default_rng(seed), []
    for episode in range(400):
        observation, _ = env.reset(seed=seed + episode)
        total, over = 0.0, False
        while not over:
            observation, reward, terminated, truncated, _ = env.step(choose(env, observation, rng))
            total, over = total + reward, terminated or truncated
        returns.append(total)
    return np.mean(returns)


def test_only_the_last_fifth_counts_and_steps_of_all_environments_do():
    ledger = Ledger(num_envs=4, total_steps=400)
    env = ledger.judged(gym.make("CartPole-v1"))
    env.reset(seed=0)
    expected = []
    for step in range(1, 101):
        _, _, terminated, truncated, _ = env.step(step % 2)
        if terminated or truncated:
            expected.append((4 * step, float(step - sum(int(ret) for _, ret in expected))))
            env.reset()
    assert len(expected) > 1
    assert ledger.rows == expected  # CartPole pays 1 a step
    late = [ret for at, ret in expected if at > 320]
    assert ledger.score()["score"] == np.mean(late)


def test_a_training_without_late_episodes_has_no_score():
    ledger = Ledger(num_envs=1, total_steps=1000)
    ledger.rows.append((800, 1.0))
    assert "missing" in ledger.score()
    ledger.rows.append((801, 3.0))
    assert ledger.score()["score"] == 3.0


def test_the_fingerprint_tells_worlds_apart():
    assert fingerprint(gym.make("CartPole-v1")) == fingerprint(gym.make("CartPole-v1"))
    assert fingerprint(gym.make("Acrobot-v1")) != fingerprint(gym.make("CartPole-v1"))
    assert fingerprint(gym.make("Pendulum-v1", g=9.81)) != fingerprint(gym.make("Pendulum-v1", g=9.0))


def test_both_ways_to_see_catch_are_one_game():
    stacked, coloured = Catch(), CatchInColour()
    frames, frame = stacked.reset(seed=5)[0], coloured.reset(seed=5)[0]
    assert (frames == frame[..., 0]).all()  # before the first frame is what the first shows
    seen = [frame[..., 0]] * 4
    for action in np.random.default_rng(0).integers(3, size=60):
        frames, reward, over, _, _ = stacked.step(action)
        frame, other, ended, _, _ = coloured.step(action)
        seen = [*seen[1:], frame[..., 0]]
        assert (frames == np.stack(seen)).all()
        assert (frame == frame[..., :1]).all()
        assert (reward, over) == (other, ended)
        if over:
            stacked.reset()
            frame = coloured.reset()[0]
            seen = [frame[..., 0]] * 4


def test_what_the_abilities_are_worth_is_as_said():
    assert played(Recall(), 0, lambda env, *_: env.cue) == 1.0
    assert played(Recall(), 0, lambda *_: 1) == pytest.approx(0.5, abs=0.08)
    assert played(MaskedDoors(), 0, lambda env, *_: int(np.argmax(env.action_masks()))) == pytest.approx(6.1, abs=0.2)
    assert played(Doors(), 0, lambda *_: 3) == pytest.approx(0.8, abs=0.15)
    assert not hasattr(Doors(), "action_masks")


@pytest.mark.parametrize("task", [*TASKS, *QUICK], ids=lambda task: f"{task.name}-{task.steps}")
def test_tasks_are_whole_rollouts_of_settings_that_there_are(task):
    config = PPOConfig.from_dict(task.config(seed=3))
    assert config.total_steps % config.batch_size == 0
    assert config.batch_size % config.minibatches == 0
    assert task.seeds >= 5 or task in QUICK


def test_cleanrl_is_given_the_same_settings():
    config = PPOConfig.from_dict(TASKS[0].config(seed=3))
    said = dict(zip(*[iter(arguments(config.to_dict())[:-2])] * 2, strict=True))
    assert said["--num-steps"] == str(config.rollout_steps)
    assert said["--seed"] == "3"
    # CleanRL: 0.5 * mean squared error * vf_coef; here: mean squared error * value_coefficient
    assert float(said["--vf-coef"]) == 2 * config.value_coefficient
    assert arguments(config.to_dict())[-2:] == ["--anneal-lr", "--no-clip-vloss"]
    with pytest.raises(ValueError, match="log_std_init"):
        arguments({**config.to_dict(), "log_std_init": 0.5})


SCRIPT = """
import argparse, numpy as np, gymnasium as gym
from cleanrl_utils.atari_wrappers import NoopResetEnv, MaxAndSkipEnv
parser = argparse.ArgumentParser()
parser.add_argument("--env-id")
parser.add_argument("--no-cuda", action="store_true")
parser.add_argument("--steps", type=int)
given = parser.parse_args()
env = MaxAndSkipEnv(NoopResetEnv(gym.make(given.env_id), noop_max=30), skip=4)
assert __name__ == "__main__" and env.observation_space.shape[-1] == 3
env.reset(seed=1)
for step in range(given.steps):
    _, _, terminated, truncated, _ = env.step(step % 3)
    if terminated or truncated:
        env.reset()
"""


def test_a_script_runs_as_it_is_and_its_episodes_are_judged(tmp_path):
    (tmp_path / "cleanrl").mkdir()
    (tmp_path / "cleanrl" / "ppo_atari.py").write_text(SCRIPT)
    peer = CleanRL(tmp_path, sys.executable)
    command = peer.command({"task": "pixels", "num_envs": 2, "total_steps": 300}, ["--steps", "150"])
    assert str(HOST) in command
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.partition("RESULT ")[2])
    assert found["steps_taken"] == 300  # five balls of six steps, ten times, for each of two
    assert found["episodes"] == 1
    assert found["world"] == fingerprint(CatchInColour())


def test_a_folder_without_the_script_is_said():
    with pytest.raises(FileNotFoundError, match="clone of CleanRL"):
        CleanRL(Path("nowhere"), "python").script("CartPole-v1")
