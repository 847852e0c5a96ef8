"""Every kind of space and network: trains, leaves a policy, and the policy acts the same when it is loaded."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from games import LEARNERS
from gymnasium import spaces
from worlds_small import Hollow

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training.policy import Policy
from ppodoctor.training.policy_file import PolicyFileError
from ppodoctor.training.spaces import action_facts, layout_of
from ppodoctor.training.spaces_json import from_json, to_json
from ppodoctor.training.train import train

VECTOR, IMAGE = spaces.Box(-1, 1, (3,), np.float32), spaces.Box(0, 255, (84, 84, 4), np.uint8)
BOX, TWO = spaces.Box(-2, 3, (2,), np.float32), spaces.Discrete(2)
EVERY = spaces.Dict(
    a=VECTOR,
    b=spaces.Discrete(3, start=-1),
    c=spaces.MultiDiscrete([2, 3]),
    d=spaces.MultiBinary(2),
    e=spaces.Tuple([spaces.Box(0, 1, (2, 2)), spaces.Discrete(2)]),
)
CASES = {
    "discrete": (VECTOR, spaces.Discrete(3, start=1), "core", {}),
    "multi_discrete": (VECTOR, spaces.MultiDiscrete([2, 3]), "core", {}),
    "multi_binary": (VECTOR, spaces.MultiBinary(3), "dense", {}),
    "box": (VECTOR, BOX, "core", {}),
    "squashed": (VECTOR, BOX, "torch", {"squash_actions": True, "entropy_coefficient": 0.01}),
    "nested": (EVERY, TWO, "core", {}),
    "tuple": (spaces.Tuple([VECTOR, spaces.Discrete(2)]), TWO, "core", {}),
    "discrete_observation": (spaces.Discrete(5, start=2), TWO, "core", {}),
    "image": (IMAGE, TWO, "torch", {"rollout_steps": 4}),
    "image_and_vector": (
        spaces.Dict(image=IMAGE, vector=VECTOR),
        BOX,
        "torch",
        {"rollout_steps": 4, "normalise_observations": True},
    ),
    "shared": (VECTOR, TWO, "torch", {"shared_network": True}),
    "lstm": (VECTOR, TWO, "torch", {"recurrent": "lstm", "recurrent_size": 8}),
    "gru": (VECTOR, BOX, "torch", {"recurrent": "gru", "recurrent_size": 8, "shared_network": True}),
    "normalised": (VECTOR, TWO, "core", {"normalise_observations": True, "normalise_rewards": True}),
    "n_step": (VECTOR, TWO, "core", {"n_step": 3, "advantage_smoothing": 5, "target_kl": 0.01}),
    "adaptive": (VECTOR, TWO, "core", {"learning_rate_schedule": "kl_adaptive", "target_kl": 0.01}),
}


def config(**changes):
    chosen = {"num_envs": 4, "rollout_steps": 16, "hidden_sizes": (8, 8), **changes}
    return PPOConfig(total_steps=3 * chosen["num_envs"] * chosen["rollout_steps"], **chosen)


def observations(space, count=5):
    from ppodoctor.training.tree import tree_map

    space.seed(3)
    ones = [space.sample() for _ in range(count)]
    return tree_map(lambda *same: np.stack([np.asarray(one) for one in same]), ones[0], *ones[1:])


@pytest.mark.parametrize("name", sorted(CASES))
def test_trains_and_its_policy_is_loaded_as_it_was(tmp_path, name):
    observation, action, learner, changes = CASES[name]
    result = train(lambda: Hollow(observation, action), config(**changes), out=tmp_path)
    run = result.run
    assert run.damage == ()
    assert run.header["learner"] == (learner if learner in LEARNERS else "dense")
    assert len(run.updates) == 3
    assert all(np.isfinite(row.policy_loss) and np.isfinite(row.value_loss) for row in run.updates)
    assert all(row.ratio_first == pytest.approx(0, abs=1e-4) for row in run.updates)
    seen = observations(observation)
    before = result.policy.actions(seen, deterministic=True)
    after = Policy.load(tmp_path).actions(seen, deterministic=True)
    assert np.allclose(before, after, atol=1e-6)
    one = Policy.load(tmp_path / "policy.safetensors")(observation.sample())
    assert action.contains(one)


def test_a_dense_policy_file_means_the_same_to_torch(tmp_path):
    from ppodoctor.training.torch_setup import make_torch_actor

    policy = train(lambda: Hollow(VECTOR, BOX), config(), out=tmp_path).policy
    seen = observations(VECTOR)
    starts = np.ones(5, bool)
    theirs = make_torch_actor(policy, 5).act(policy.eyes(seen), None, starts, deterministic=True)
    assert np.allclose(policy.actions(seen, deterministic=True), theirs, atol=1e-6)


@pytest.mark.parametrize(
    "space", [VECTOR, IMAGE, BOX, EVERY, spaces.Box(-np.inf, np.inf, (2,)), spaces.Discrete(4, start=2)]
)
def test_a_space_survives_json(space):
    import json

    assert from_json(json.loads(json.dumps(to_json(space)))) == space


def test_the_layout_packs_what_it_says():
    layout = layout_of(EVERY)
    packed = layout.pack(observations(EVERY, 4))
    assert packed.shape == (4, layout.vector) == (4, 3 + 3 + 5 + 2 + 4 + 2)
    assert packed.dtype == np.float32
    value = {
        "a": np.array([[0.5, 0, 0]], np.float32),
        "b": np.array([1]),
        "c": np.array([[1, 2]]),
        "d": np.array([[0, 1]]),
        "e": (np.zeros((1, 2, 2), np.float32), np.array([0])),
    }
    expected = [0.5, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0]
    assert layout.pack(value)[0].tolist() == expected


def test_images_come_channels_first():
    for space in (IMAGE, spaces.Box(0, 255, (4, 84, 84), np.uint8)):
        layout = layout_of(space)
        assert layout.images == (("image", (4, 84, 84)),)
        assert layout.pack(observations(space))["image"].shape == (5, 4, 84, 84)


@pytest.mark.parametrize(
    ("space", "says"), [(spaces.Text(3), "a part of the observation space"), (spaces.Sequence(TWO), "Dict or Tuple")]
)
def test_a_space_without_a_size_is_refused(space, says):
    with pytest.raises(ConfigError, match=says):
        layout_of(spaces.Dict(x=space))


def test_actions_that_ppo_has_no_distribution_for_are_refused():
    with pytest.raises(ConfigError, match="Flatten a Dict or Tuple"):
        action_facts(spaces.Dict(x=TWO))
    with pytest.raises(ConfigError, match="squash_actions is for Box"):
        action_facts(TWO, squash=True)


class Mine(torch.nn.Module):
    """A network of one's own, for a Dict observation."""

    def __init__(self, observation_space, parameters):
        super().__init__()
        assert isinstance(observation_space, gym.spaces.Dict)
        self.body = torch.nn.Linear(3, 16)
        self.policy = torch.nn.Linear(16, parameters)
        self.value = torch.nn.Linear(16, 1)

    def forward(self, observation):
        h = torch.tanh(self.body(observation["a"]))
        return self.policy(h), self.value(h)[:, 0]


class Wrong(Mine):
    def forward(self, observation):
        parameters, value = super().forward(observation)
        return parameters, value[:, None]


def test_a_network_of_ones_own(tmp_path):
    result = train(lambda: Hollow(EVERY, BOX), config(), out=tmp_path, actor_critic=Mine)
    assert result.run.header["learner"] == "torch"
    seen = observations(EVERY)
    again = Policy.load(tmp_path, actor_critic=Mine)
    assert np.allclose(result.policy.actions(seen, deterministic=True), again.actions(seen, deterministic=True))
    with pytest.raises(PolicyFileError, match="Mine"):
        Policy.load(tmp_path)


def test_a_network_of_the_wrong_shape_is_told_so(tmp_path):
    with pytest.raises(ConfigError, match=r"Wrong gave values of shape \(2, 1\); \(2,\) was expected"):
        train(lambda: Hollow(EVERY, BOX), config(), out=tmp_path, actor_critic=Wrong)


def test_a_missing_and_a_foreign_policy_file_are_told_apart(tmp_path):
    with pytest.raises(PolicyFileError, match="there is no policy at"):
        Policy.load(tmp_path)
    (tmp_path / "policy.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(PolicyFileError, match="cannot be read as a policy"):
        Policy.load(tmp_path)
