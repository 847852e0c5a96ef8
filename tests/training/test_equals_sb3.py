"""One update against stable-baselines3's own `PPO.train`: equal weights, equal batch, equal order of minibatches."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from games import batch_for, load, pair, rates, same
from gymnasium import spaces

from ppodoctor.config import PPOConfig

sb3 = pytest.importorskip("stable_baselines3")
ROWS, SIZE = 96, 3


class Still(gym.Env):
    """Spaces for SB3; never stepped."""

    def __init__(self, action):
        self.observation_space = spaces.Box(-np.inf, np.inf, (SIZE,), np.float32)
        self.action_space = action

    def reset(self, *, seed=None, options=None):
        return np.zeros(SIZE, np.float32), {}

    def step(self, action):
        return np.zeros(SIZE, np.float32), 0.0, False, False, {}


class GlobalOrder:
    """Permutations from numpy's global generator, which is where SB3 takes its own."""

    def permutation(self, count):
        return np.random.permutation(count)  # noqa: NPY002


def theirs(config: PPOConfig, action, batch):
    """SB3's PPO with this batch in its buffer."""
    model = sb3.PPO(
        "MlpPolicy",
        Still(action),
        learning_rate=config.learning_rate,
        n_steps=ROWS,
        batch_size=ROWS // config.minibatches,
        n_epochs=config.epochs,
        clip_range=config.clip_range,
        ent_coef=config.entropy_coefficient,
        vf_coef=config.value_coefficient,
        max_grad_norm=config.max_grad_norm,
        normalize_advantage=config.normalise_advantages == "minibatch",
        target_kl=config.target_kl or None,
        policy_kwargs={"net_arch": list(config.hidden_sizes)},
        device="cpu",
        seed=1,
    )
    model._logger = sb3.common.logger.Logger(None, [])
    model._setup_learn(1)
    buffer = model.rollout_buffer
    buffer.observations[:, 0], buffer.log_probs[:, 0] = batch.observation, batch.log_prob
    buffer.actions[:, 0] = batch.action.reshape(ROWS, -1)
    buffer.values[:, 0], buffer.advantages[:, 0], buffer.returns[:, 0] = batch.value, batch.advantage, batch.target
    buffer.full = True
    return model


def names(layers: int):
    """Our name of each tensor, and SB3's."""
    found = {"log_std": "log_std"}
    for part in ("weight", "bias"):
        for layer in range(layers):
            found[f"actor.{layer}.{part}"] = f"mlp_extractor.policy_net.{2 * layer}.{part}"
            found[f"critic.{layer}.{part}"] = f"mlp_extractor.value_net.{2 * layer}.{part}"
        found[f"actor.{layers}.{part}"] = f"action_net.{part}"
        found[f"critic.{layers}.{part}"] = f"value_net.{part}"
    return found


@pytest.mark.parametrize("which", ["dense", "torch"])
@pytest.mark.parametrize(
    "action", [spaces.Discrete(3), spaces.Box(-1, 1, (2,), np.float32), spaces.MultiDiscrete([2, 3])]
)
@pytest.mark.parametrize(
    "changes", [{}, {"entropy_coefficient": 0.02, "normalise_advantages": "off"}, {"target_kl": 0.002}]
)
def test_one_update_is_sb3_s(which, action, changes):
    config = PPOConfig(
        num_envs=1, rollout_steps=ROWS, epochs=3, minibatches=3, learning_rate=3e-3, hidden_sizes=(16, 16), **changes
    )
    fast, slow = pair(config, action, size=SIZE)
    ours = fast if which == "dense" else slow
    batch = batch_for(fast, action, ROWS, np.random.default_rng(5), size=SIZE)
    if config.target_kl:  # near enough to stop in the middle, not at once
        judged = fast.head.judge(
            fast._network(ROWS).forward(batch.observation)[0], fast.parameters.log_std, batch.action
        )
        batch.log_prob = judged.log_prob.copy()
    model = theirs(config, action, batch)
    same_names = {a: b for a, b in names(2).items() if a in ours.tensors()}
    state = {b: torch.from_numpy(ours.tensors()[a]) for a, b in same_names.items()}
    model.policy.load_state_dict(state, strict=True)
    load(ours, ours.tensors())

    np.random.seed(11)  # noqa: NPY002
    model.train()
    np.random.seed(11)  # noqa: NPY002
    ours.rng = GlobalOrder()
    learned = ours.update(same(batch), rates(config))

    steps = learned.columns["optimizer_steps"]
    assert steps == (9 if not config.target_kl else steps)
    assert not config.target_kl or 0 < steps < 9
    after = model.policy.state_dict()
    for a, b in same_names.items():
        assert np.abs(ours.tensors()[a] - after[b].numpy()).max() < 2e-5, a
    told = model.logger.name_to_value
    assert learned.columns["explained_variance"] is not None
    assert told["train/n_updates"] >= 1
