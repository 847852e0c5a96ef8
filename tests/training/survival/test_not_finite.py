"""NaN ends a training with the first bad tensor named; the last good checkpoint and its policy stay."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch

from ppodoctor.config import PPOConfig
from ppodoctor.training import checkpoint
from ppodoctor.training.checkpoint import Checkpoints
from ppodoctor.training.envs import EnvironmentFault
from ppodoctor.training.learner import TrainingError
from ppodoctor.training.policy import Policy
from ppodoctor.training.train import train


class Line(gym.Env):
    """Rewards the first action; something goes wrong with `what` in the 145th step."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (2,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def __init__(self, what="", value=np.nan):
        self.what, self.value, self.steps = what, value, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.steps += 1
        bad = self.steps == 145
        observation = np.array([self.steps % 10, self.value if bad and self.what == "observation" else 0], np.float32)
        reward = self.value if bad and self.what == "reward" else 1.0 - action
        return observation, reward, self.steps % 10 == 0, False, {}


CONFIG = PPOConfig(total_steps=12 * 64, num_envs=2, rollout_steps=32, minibatches=2, epochs=4)


def fails(tmp_path, config, environment=Line, error=TrainingError, **more):
    with pytest.raises(error) as caught:
        train(environment, config, out=tmp_path, observers=[Checkpoints(0)], **more)
    return str(caught.value)


def assert_last_good_is_kept(tmp_path, text):
    last = checkpoint.checkpoints_in(tmp_path)[0]
    assert f"The last good checkpoint is kept: {last}" in text
    tree = checkpoint.read(last)
    assert tree["trainer"]["number"] >= 1
    policy = Policy.load(tmp_path)
    assert all(np.isfinite(one).all() for one in policy.tensors.values())


@pytest.mark.parametrize("what", ["observation", "reward"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_of_the_environment(what, value, tmp_path):
    text = fails(tmp_path, CONFIG, lambda: Line(what, value), EnvironmentFault)
    assert f"returned a {what} of {value}" in text
    assert "at step 145" in text
    assert_last_good_is_kept(tmp_path, text)


class Fragile(torch.nn.Module):
    """From some call on, its `part` is NaN, or the gradient of one parameter is."""

    def __init__(self, space, parameters):
        super().__init__()
        self.first, self.second = torch.nn.Linear(2, 8), torch.nn.Linear(2, 8)
        self.actor, self.critic = torch.nn.Linear(8, parameters), torch.nn.Linear(8, 1)
        self.calls = 0

    def forward(self, x):
        if torch.is_grad_enabled():
            self.calls += 1
        hidden = torch.tanh(self.first(x))
        if self.calls > 30:
            # the root of 0 has a value, but its gradient is 0 / 0
            hidden = hidden + torch.sqrt((self.second(x) * 0.0) ** 2)
        return self.actor(hidden), self.critic(hidden)[:, 0]


def test_of_one_gradient(tmp_path):
    text = fails(tmp_path, CONFIG, actor_critic=Fragile)
    assert "the gradient of second.weight is not finite after 30 optimizer steps" in text
    assert "Nothing is wrong in the rollout itself." in text
    # saved after the third update of 4 epochs x 2 minibatches
    assert checkpoint.read(checkpoint.checkpoints_in(tmp_path)[0])["trainer"]["learner"]["steps"] == 24
    tree = checkpoint.read(checkpoint.checkpoints_in(tmp_path)[0])["trainer"]
    kept = Policy.load(tmp_path, actor_critic=Fragile).tensors
    assert all(np.array_equal(kept[name], value) for name, value in tree["learner"]["network"].items())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("by", ["dense", "torch"])
def test_of_steps_that_are_far_too_large(by, tmp_path):
    from dataclasses import replace

    wild = replace(CONFIG, learning_rate=1e30, max_grad_norm=0.0, shared_network=by == "torch", activation="relu")
    text = fails(tmp_path, wild)
    assert "not finite after" in text
    assert "lower learning_rate" in text
    assert not checkpoint.checkpoints_in(tmp_path) or "last good checkpoint" in text
    if checkpoint.checkpoints_in(tmp_path):
        assert_last_good_is_kept(tmp_path, text)
