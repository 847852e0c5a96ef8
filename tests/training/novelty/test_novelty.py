"""Random network distillation on a world whose answer is known, and what it must leave alone."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training.checkpoint import Checkpoints
from ppodoctor.training.envs import make_envs
from ppodoctor.training.evaluate import evaluate
from ppodoctor.training.resume import resume
from ppodoctor.training.setup import make_trainer
from ppodoctor.training.train import train
from ppodoctor.training.trained import Trained

PLACES = 24


class Path(gym.Env):
    """24 places in a row; one of two actions, another one in each place, leads on, the other ends the episode with 0.

    The end pays 1. Random play gets there once in 2^23 episodes: whoever learns from rewards alone learns nothing.
    """

    observation_space = gym.spaces.Discrete(PLACES)
    action_space = gym.spaces.Discrete(2)
    onward = np.random.default_rng(5).integers(2, size=PLACES)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 0
        return 0, {}

    def step(self, action):
        right = action == self.onward[self.place]
        self.place = self.place + 1 if right else 0
        arrived = self.place == PLACES - 1
        return self.place, float(arrived), arrived or not right, False, {}


CONFIG = PPOConfig(total_steps=40_000, rollout_steps=64, entropy_coefficient=0.01, novelty_coefficient=0.5)


def test_what_was_never_seen_leads_to_the_end_of_the_path(tmp_path):
    plain = PPOConfig.from_dict({**CONFIG.to_dict(), "novelty_coefficient": 0.0})
    blind = train(Path, plain, out=tmp_path / "plain")
    assert all(one.ret == 0 for one in blind.run.episodes)
    curious = train(Path, CONFIG, out=tmp_path / "curious")
    assert set(evaluate(Trained.load(tmp_path / "curious"), episodes=10, deterministic=True).returns) == {1.0}
    # episodes are told with the rewards of the environment, not with those that were added
    assert {one.ret for one in curious.run.episodes} == {0.0, 1.0}


class Countdown(gym.Env):
    """Counts to 3 and ends; 3 is only ever seen as a final observation."""

    observation_space = gym.spaces.Discrete(4)
    action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return 0, {}

    def step(self, action):
        self.count += 1
        return self.count, 0.0, False, self.count == 3, {}


def trainer(environment, **changes):
    config = PPOConfig.from_dict({"num_envs": 4, "rollout_steps": 32, "novelty_coefficient": 1.0, **changes})
    return make_trainer(config, make_envs(environment, 4))


def test_a_step_is_judged_by_what_it_led_to_also_at_an_end():
    made = trainer(Countdown)
    trajectory = made.collector.collect()
    seen = trajectory.observation.argmax(axis=-1)
    assert set(seen.ravel()) == {0, 1, 2}
    after = made.extras[0]._after(trajectory).argmax(axis=-1)
    assert np.array_equal(after, seen + 1)


def test_novelty_wears_off_where_one_was_and_not_elsewhere():
    made = trainer(Countdown, learning_rate=1e-5)
    novelty = made.extras[0]
    error, rows = [], torch.eye(4)
    for update in made.run():
        rows = novelty._normalised(rows) if update.number == 1 else rows
        with torch.no_grad():
            error.append((novelty.predictor(rows) - novelty.target(rows)).square().mean(dim=1).numpy())
        if update.number == 300:
            break
    assert (error[-1][1:] < 0.2 * error[0][1:]).all()
    far = torch.full((1, 4), -3.0)
    with torch.no_grad():
        unseen = (novelty.predictor(far) - novelty.target(far)).square().mean()
    assert unseen > 10 * error[-1][1:].max()


def test_only_rewards_change_and_only_of_valid_rows():
    made = trainer("CartPole-v1")
    before = made.collector.collect()
    kept = before.reward.copy()
    before.valid[3, :] = False
    after = made.extras[0].reshape(before)
    assert np.array_equal(before.reward, kept)
    assert np.array_equal(after.reward[3], kept[3])
    rest = np.delete(after.reward - kept, 3, axis=0)
    assert (rest > 0).all()
    for name in ("observation", "action", "value", "terminated"):
        assert getattr(after, name) is getattr(before, name)


def test_it_draws_from_nobody_elses_generator():
    """The first actions are those without it: only what is learned differs."""
    rollouts = [trainer("CartPole-v1", novelty_coefficient=c).collector.collect().action.copy() for c in (0.0, 1.0)]
    assert np.array_equal(*rollouts)


def test_it_is_saved_with_the_run(tmp_path):
    class Crash:
        def __call__(self, trainer, update):
            if update.number == 5:
                raise RuntimeError("crashed on purpose")

    config = PPOConfig(total_steps=8 * 128, num_envs=4, rollout_steps=32, novelty_coefficient=0.5)
    whole = train("CartPole-v1", config, out=tmp_path / "whole")
    with pytest.raises(RuntimeError):
        train("CartPole-v1", config, out=tmp_path / "cut", observers=[Crash(), Checkpoints(0)])
    again = resume(tmp_path / "cut")
    for name, value in whole.policy.tensors.items():
        assert np.array_equal(value, again.policy.tensors[name]), name


def test_a_network_of_ones_own_is_refused_in_words(tmp_path):
    class Own(torch.nn.Module):
        def __init__(self, space, parameters):
            super().__init__()
            self.layer = torch.nn.Linear(4, parameters + 1)

        def forward(self, x):
            out = self.layer(x)
            return out[:, 1:], out[:, 0]

    with pytest.raises(ConfigError, match="not with a network of your own"):
        make_trainer(CONFIG, make_envs("CartPole-v1", CONFIG.num_envs), actor_critic=Own)
