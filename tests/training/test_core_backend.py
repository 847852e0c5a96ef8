"""The compiled core behind the trainer's door: equal updates, chosen where it fits, gone on with, found healthy."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from drawn_configs import configs
from games import Spaces, assert_one_update_alike, batch_for, load, pair, rates, same
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds_small import Hollow

from ppodoctor import core, diagnose
from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training import setup
from ppodoctor.training.envs import make_envs
from ppodoctor.training.learner import TrainingError
from ppodoctor.training.resume import resume
from ppodoctor.training.run_writer import RunWriter
from ppodoctor.training.session import run_to_end, with_checkpoints
from ppodoctor.training.setup import Parts, choose, make_learner, make_trainer, parts_of
from ppodoctor.training.spaces import action_facts, layout_of
from ppodoctor.training.train import train

pytestmark = pytest.mark.skipif(not core.available(), reason=core.why_not() or "the core is here")
ACTIONS = {
    "discrete": spaces.Discrete(3),
    "multi": spaces.MultiDiscrete([2, 3, 4]),
    "box": spaces.Box(-1, 1, (2,), np.float32),
}
TOLD_APART = {"policy_grad_norm", "update_size", "dead_share", "saturated_share"}
SMALL = PPOConfig(total_steps=6 * 128, num_envs=4, rollout_steps=32)


ONE_MINIBATCH = configs(most_epochs=2, minibatches=(1,))
"""Learners shuffle by generators of their own; tests/core holds several minibatches against autograd."""


def three(config, action):
    """The core, numpy and torch with equal weights."""
    dense, slow = pair(config, action)
    envs = Spaces(action)
    parts = Parts(action_facts(action), layout_of(envs.observation_space))
    fast = make_learner(config, envs, parts, actor_critic=None, by="core")
    assert fast.name == "core"
    load(fast, dense.tensors())
    return fast, dense, slow


@settings(max_examples=100, deadline=None)
# one minibatch, since learners shuffle by generators of their own; tests/core holds several against autograd
@given(
    configs(most_epochs=2, minibatches=(1,)), st.sampled_from(sorted(ACTIONS)), st.booleans(), st.sampled_from([48, 45])
)
def test_one_update_is_torch_s(config, name, masks, rows):
    fast, dense, slow = three(config, ACTIONS[name])
    before = fast.tensors()
    rng = np.random.default_rng(config.seed)
    batch = batch_for(dense, ACTIONS[name], rows, rng, masks=masks and name != "box")
    ours, theirs = (one.update(same(batch), rates(config), keep=True) for one in (fast, slow))
    assert_one_update_alike((fast, slow), (ours, theirs), before, config.learning_rate, apart=TOLD_APART)
    if fast.version:
        assert_same_minibatch(ours.minibatches[0], theirs.minibatches[0])


def assert_same_minibatch(ours, theirs):
    assert (ours.index, ours.version) == (theirs.index, theirs.version)
    assert ours.facts["grad_norm"] == pytest.approx(theirs.facts["grad_norm"], rel=1e-3, abs=1e-5)
    left, right = (np.argsort(one.arrays["rows"]) for one in (ours, theirs))
    names = set(theirs.arrays) - {"log_std", "outputs"}
    assert names <= set(ours.arrays)
    for name in names:
        assert np.allclose(ours.arrays[name][left], theirs.arrays[name][right], rtol=1e-3, atol=1e-4), name


def test_a_batch_is_taken_as_it_is_given():
    """Rows that are left out are not trained on, whatever the last rollout left there."""
    config = replace(SMALL, epochs=1, minibatches=1)
    fast, dense, _ = three(config, ACTIONS["discrete"])
    batch = batch_for(dense, ACTIONS["discrete"], config.batch_size, np.random.default_rng(0))
    start = fast.state()
    part = {
        name: getattr(batch, name)[::2]
        for name in ("observation", "action", "log_prob", "value", "advantage", "target", "rows")
    }
    half = replace(batch, **part)
    fast.update(same(half), rates(config))
    alone = fast.tensors()
    fast.restore(start)
    wild = same(batch)
    wild.advantage[1::2], wild.observation[1::2] = 1e3, 1e3
    fast.update(wild, rates(config))
    fast.restore(start)
    fast.update(same(half), rates(config))
    assert all(np.array_equal(alone[name], value) for name, value in fast.tensors().items())


@pytest.mark.parametrize(
    ("changes", "observation", "action", "name", "why"),
    [
        ({}, None, None, "core", "the policy fits"),
        ({"backend": "core"}, None, None, "core", "the policy fits"),
        ({"backend": "torch"}, None, None, "torch", "since backend is torch"),
        ({"shared_network": True}, None, None, "torch", "policy and critic share their layers"),
        ({"recurrent": "gru"}, None, None, "torch", "the policy is recurrent"),
        ({"compile": True}, None, None, "torch", "compile is on"),
        ({"squash_actions": True}, None, ACTIONS["box"], "torch", "actions are squashed"),
        ({"device": "cuda"}, None, None, "torch", "the device is cuda"),
        ({}, spaces.Box(0, 255, (84, 84, 4), np.uint8), None, "torch", "observations hold images"),
        ({}, None, spaces.MultiBinary(3), "dense", "MultiBinary"),
    ],
)
def test_who_learns_and_why(changes, observation, action, name, why):
    config = replace(SMALL, **changes)
    envs = Hollow(observation or spaces.Box(-1, 1, (3,), np.float32), action or ACTIONS["discrete"])
    parts = parts_of(config, envs, None)
    choice = choose(config, envs, parts)
    assert choice.name == name
    assert why in choice.why
    if name != "core" and config.backend == "auto":
        with pytest.raises(ConfigError, match=why):
            choose(replace(config, backend="core"), envs, parts)
        with pytest.raises(ConfigError, match=why):
            choose(config, envs, parts, by="core")


def test_a_network_of_one_s_own_is_not_for_the_core():
    envs = Hollow(spaces.Box(-1, 1, (3,), np.float32), ACTIONS["discrete"])
    choice = choose(SMALL, envs, parts_of(SMALL, envs, object), own=True)
    assert (choice.name, "your own" in choice.why) == ("torch", True)


def test_without_the_core_numpy_learns_and_says_what_is_lost(monkeypatch, tmp_path):
    lost = "ppodoctor was installed without its compiled core"
    monkeypatch.setattr(setup, "misfit", lambda *given: lost)
    run = train("CartPole-v1", SMALL, out=tmp_path).run
    assert run.header["learner"] == "dense"
    assert lost in run.header["backend"]
    with pytest.raises(ConfigError, match=lost):
        train("CartPole-v1", replace(SMALL, backend="core"), out=tmp_path / "core")


def test_the_command_says_who_learns(tmp_path):
    short = ["--total-steps", "2048", "--out", str(tmp_path / "run")]
    found = ppodoctor("train", "CartPole-v1", *short)
    assert "ppodoctor: the compiled core learns: the policy fits it" in found.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["learner"] == "core"
    found = ppodoctor("train", "CartPole-v1", "--backend", "core", "--shared-network", "--out", str(tmp_path / "no"))
    assert found.returncode == 2
    assert "backend is core, but the compiled core cannot take this: policy and critic share" in found.stderr


def ppodoctor(*words):
    return subprocess.run([sys.executable, "-m", "ppodoctor", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1"])
@pytest.mark.parametrize("changes", [{}, {"normalise_advantages": "batch", "target_kl": 0.01}])
@pytest.mark.parametrize("stepped", ["core", "python"])
def test_a_run_of_the_core_is_found_healthy(tmp_path, name, changes, stepped):
    config = PPOConfig(total_steps=16 * 1024, epochs=4, **changes)
    environment = name if stepped == "core" else make_envs(name, config.num_envs)
    run = train(environment, config, out=tmp_path).run
    assert run.header["origin"]["stepped"] == stepped
    assert (run.header["learner"], run.damage) == ("core", ())
    found = diagnose(run)
    assert not [one.id for one in (*found.causes, *found.notes) if one.basis == "exact"]
    assert len(found.clear) > 90


@pytest.mark.parametrize("by", ["dense", "torch"])
def test_what_another_learner_began_it_goes_on_with(by, tmp_path):
    """As a run that was begun where the core was not installed."""
    from ppodoctor.training.envs import EnvOptions
    from ppodoctor.training.origin import origin_of

    def begin(folder, *observers):
        trainer = make_trainer(SMALL, make_envs("CartPole-v1", SMALL.num_envs), by=by)
        origin = origin_of("CartPole-v1", SMALL, EnvOptions(), None)
        run_to_end(trainer, RunWriter(folder, trainer), with_checkpoints(observers, origin))
        return trainer

    whole = begin(tmp_path / "whole")
    begin(tmp_path / "cut", lambda trainer, update: trainer.stop("enough") if update.number == 3 else None)
    again = resume(tmp_path / "cut")
    assert again.run.header["learner"] == by
    for key, value in whole.learner.tensors().items():
        assert np.array_equal(again.policy.tensors[key], value), key


class Masked(gym.Env):
    """One action of three is allowed, another one each time; a forbidden one raises."""

    observation_space = spaces.Box(0, 1, (2,), np.float32)
    action_space = spaces.Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self._see()

    def step(self, action):
        assert action == self.open
        self.t += 1
        observation, info = self._see()
        return observation, 1.0, self.t == 7, False, info

    def _see(self):
        self.open = int(self.np_random.integers(3))
        return np.zeros(2, np.float32), {"action_mask": np.eye(3, dtype=np.int8)[self.open]}


def test_masks_reach_the_core(tmp_path):
    run = train(Masked, SMALL, out=tmp_path).run
    assert run.header["learner"] == "core"
    assert all(row.entropy == pytest.approx(0, abs=1e-6) for row in run.updates)
    assert {episode.ret for episode in run.episodes} == {7.0}


def test_steps_that_are_far_too_large_are_named_as_by_the_others():
    config = replace(SMALL, learning_rate=1e30, max_grad_norm=0.0, activation="relu", total_steps=100_000)
    trainer = make_trainer(config, make_envs("CartPole-v1", config.num_envs), by="core")
    with pytest.raises(TrainingError, match=r"not finite after \d+ optimizer steps.*lower learning_rate"):
        for _ in trainer.run():
            pass
