"""Worlds small enough to solve by hand, and runs that must repeat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from games import LEARNERS
from worlds_small import CutForEver, Doors, OneStepLater, Recall

from ppodoctor.config import PPOConfig
from ppodoctor.training.envs import make_envs
from ppodoctor.training.setup import make_trainer
from ppodoctor.training.train import train

SMALL = PPOConfig(
    total_steps=30_000,
    num_envs=8,
    rollout_steps=32,
    minibatches=4,
    epochs=8,
    learning_rate=3e-3,
    hidden_sizes=(16,),
    gamma=0.9,
)

SCALED = {"normalise_observations": True, "normalise_rewards": True}


def trained(environment, config, *, by=""):
    envs = make_envs(environment, config.num_envs)
    trainer = make_trainer(config, envs, by=by)
    trainer.specimens = False
    returns = []
    for update in trainer.run():
        returns += [one.episode.ret for one in update.episodes]
    envs.close()
    return trainer, returns


@pytest.mark.parametrize("by", LEARNERS)
def test_the_value_learns_the_discount(by):
    trainer, _ = trained(OneStepLater, replace(SMALL, total_steps=12_000), by=by)
    rows = np.zeros((8, 1), np.float32)
    rows[4:] = 1
    values = trainer.learner.values(rows, np.arange(8))
    assert values[0] == pytest.approx(0.9, abs=0.05)
    assert values[-1] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("by", LEARNERS)
@pytest.mark.parametrize("changes", [{}, {"n_step": 3}])
def test_a_time_limit_is_no_death(by, changes):
    """Paid 1 a step, cut off after 5: worth 1 / (1 - 0.5) = 2 to who bootstraps, less than 1.94 to who does not."""
    config = replace(SMALL, gamma=0.5, total_steps=12_000, **changes)
    trainer, _ = trained(CutForEver, config, by=by)
    assert trainer.learner.values(np.ones((8, 1), np.float32), np.arange(8))[0] == pytest.approx(2.0, abs=0.02)


def test_masked_actions_are_never_taken_and_the_rest_is_learned():
    config = replace(SMALL, total_steps=20_000)
    for by in LEARNERS:
        _, returns = trained(Doors, config, by=by)  # the environment raises on a closed door
        # two open doors of 20: chance is 4 of 8, always the better one 6.1
        assert np.mean(returns[-200:]) > 5.5


@pytest.mark.parametrize("memory", ["lstm", "gru"])
def test_only_a_memory_recalls(memory):
    config = replace(SMALL, total_steps=25_000, minibatches=2, learning_rate=1e-2, gamma=0.99, recurrent_size=16)
    _, blind = trained(Recall, config)
    _, returns = trained(Recall, replace(config, recurrent=memory))
    assert np.mean(blind[-300:]) < 0.65
    assert np.mean(returns[-300:]) > 0.9


@pytest.mark.parametrize("changes", [{}, SCALED])
@pytest.mark.parametrize("by", LEARNERS)
def test_a_run_repeats(changes, by):
    config = PPOConfig(total_steps=4096, **changes)
    one, _ = trained("CartPole-v1", config, by=by)
    two, _ = trained("CartPole-v1", config, by=by)
    other, _ = trained("CartPole-v1", replace(config, seed=2), by=by)
    for name, value in one.learner.tensors().items():
        assert np.array_equal(value, two.learner.tensors()[name])
    assert any(not np.array_equal(v, other.learner.tensors()[k]) for k, v in one.learner.tensors().items())


@pytest.mark.parametrize(
    ("by", "changes"),
    [
        *((by, changes) for by in LEARNERS for changes in ({}, SCALED)),
        ("torch", {"recurrent": "gru"}),
    ],
)
def test_a_state_goes_on_bit_for_bit(by, changes):
    """state and restore in the middle of a run: the rest is what it would have been."""
    config = PPOConfig(total_steps=6 * 1024, **changes)
    whole, _ = trained("CartPole-v1", config, by=by)
    envs = make_envs("CartPole-v1", config.num_envs)
    first = make_trainer(config, envs, by=by)
    updates = first.run()
    for _ in range(3):
        next(updates)
    state, environments = first.state(), envs.state()
    later = make_envs("CartPole-v1", config.num_envs)
    second = make_trainer(config, later, by=by)
    later.restore(environments)
    second.restore(state)
    for _ in second.run():
        pass
    for name, value in whole.learner.tensors().items():
        assert np.array_equal(value, second.learner.tensors()[name]), name


def test_the_library_in_three_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from ppodoctor import PPOConfig, train

    result = train("CartPole-v1", PPOConfig(total_steps=4096))
    assert result.run.folder.parent.name == "runs"
    assert result.policy(np.zeros(4, np.float32)) in (0, 1)


def test_an_observer_may_stop_a_run(tmp_path):
    def enough(trainer, update):
        if update.number == 3:
            trainer.stop("three are enough")

    result = train("CartPole-v1", PPOConfig(total_steps=100_000), out=tmp_path, observers=[enough])
    assert len(result.run.updates) == 3
    assert result.stopped == "three are enough"
    assert result.run.header["status"] == "stopped"
