"""A run that was cut off and gone on with is the run that was never cut off: every weight, every row, to the bit."""

from __future__ import annotations

import json
import warnings

import gymnasium as gym
import numpy as np
import pytest
import torch

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training import checkpoint
from ppodoctor.training.checkpoint import CheckpointError, Checkpoints, TrainingWarning, checkpoints_in
from ppodoctor.training.envs import EnvOptions, make_envs
from ppodoctor.training.resume import resume, saved_in
from ppodoctor.training.train import train


class Crash:
    """Fails after some update, as a bug in an observer would."""

    def __init__(self, number):
        self.number = number

    def __call__(self, trainer, update):
        if update.number == self.number:
            raise RuntimeError("crashed on purpose")


class Wobbly(torch.nn.Module):
    """A network of one's own that draws from torch's global generator while it learns."""

    def __init__(self, space, parameters):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(space.shape[0], 16), torch.nn.Tanh(), torch.nn.Dropout(0.2))
        self.actor, self.critic = torch.nn.Linear(16, parameters), torch.nn.Linear(16, 1)

    def forward(self, observation):
        features = self.body(observation)
        return self.actor(features), self.critic(features)[:, 0]


def short(**changes):
    return PPOConfig.from_dict({"total_steps": 12 * 128, "num_envs": 4, "rollout_steps": 32, **changes})


IN_PYTHON = {"options": EnvOptions(max_episode_steps=100)}
"""A time limit of one's own keeps the environments out of the core."""
CASES = {
    "plain in python": ("CartPole-v1", short(), IN_PYTHON),
    "scaled in python": ("Pendulum-v1", short(normalise_observations=True, normalise_rewards=True), IN_PYTHON),
    "plain": ("CartPole-v1", short(), {}),
    "scaled": ("Pendulum-v1", short(normalise_observations=True, normalise_rewards=True), {}),
    "adaptive": ("CartPole-v1", short(learning_rate_schedule="kl_adaptive", target_kl=0.01, learning_rate=1e-2), {}),
    "by torch": ("CartPole-v1", short(shared_network=True), {}),
    "squashed": ("Pendulum-v1", short(squash_actions=True), {}),
    "lstm": ("CartPole-v1", short(recurrent="lstm", recurrent_size=8, minibatches=2), {}),
    "gru": ("CartPole-v1", short(recurrent="gru", recurrent_size=8, minibatches=2), {}),
    "frames": ("CartPole-v1", short(frame_stack=3, num_envs=2), {}),
    "own network": ("CartPole-v1", short(), {"actor_critic": Wobbly}),
    "toy text": ("FrozenLake-v1", short(), {"options": EnvOptions(kwargs={"map_name": "4x4"})}),
}


def rows(folder, name):
    lines = (folder / name).read_text().splitlines() if (folder / name).exists() else []
    return [{key: value for key, value in json.loads(line).items() if key != "wall"} for line in lines]


def assert_same_run(left, right):
    assert left.policy.tensors.keys() == right.policy.tensors.keys()
    for name, value in left.policy.tensors.items():
        assert np.array_equal(value, right.policy.tensors[name]), name
    for name in ("updates.jsonl", "episodes.jsonl"):
        assert rows(left.folder, name) == rows(right.folder, name)


@pytest.mark.parametrize("case", CASES)
def test_a_resumed_run_is_the_uninterrupted_one(case, tmp_path):
    environment, config, more = CASES[case]
    torch.manual_seed(0)
    whole = train(environment, config, out=tmp_path / "whole", **more)
    torch.manual_seed(0)
    with pytest.raises(RuntimeError, match="on purpose"):
        # saved after update 4, crashed after update 5 was written
        train(environment, config, out=tmp_path / "cut", observers=[Crash(5), Checkpoints(0)], **more)
    assert len(rows(tmp_path / "cut", "updates.jsonl")) == 5
    assert saved_in(tmp_path / "cut").number == 4
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002
    with warnings.catch_warnings():
        warnings.simplefilter("error", TrainingWarning)
        again = resume(tmp_path / "cut", actor_critic=more.get("actor_critic"))
    assert_same_run(whole, again)


def test_a_half_written_row_is_written_again(tmp_path):
    environment, config, _ = CASES["plain"]
    whole = train(environment, config, out=tmp_path / "whole")
    with pytest.raises(RuntimeError):
        train(environment, config, out=tmp_path / "cut", observers=[Crash(5), Checkpoints(0)])
    with open(tmp_path / "cut" / "updates.jsonl", "a") as file:
        file.write('{"update": 6, "st')
    assert_same_run(whole, resume(tmp_path / "cut"))


def test_run_json_remembers_when_it_began_and_where_it_was_gone_on_with(tmp_path):
    environment, config, _ = CASES["plain"]
    with pytest.raises(RuntimeError):
        train(environment, config, out=tmp_path, observers=[Crash(5), Checkpoints(0)])
    before = json.loads((tmp_path / "run.json").read_text())
    assert before["status"] == "crashed"
    resume(tmp_path)
    after = json.loads((tmp_path / "run.json").read_text())
    assert (after["status"], after["resumed_at"], after["started"]) == ("finished", [4], before["started"])
    assert "obs_mean" in after["envs"][0]["facts"]


def test_environments_that_cannot_be_saved_begin_anew_and_say_so(tmp_path):
    config = short()
    made = [make_envs("CartPole-v1", config.num_envs, how="async") for _ in range(2)]
    with pytest.raises(RuntimeError):
        train(made[0], config, out=tmp_path, observers=[Crash(5), Checkpoints(0)])
    with pytest.warns(TrainingWarning, match=r"not to the bit.*cannot be continued.*begins a new episode"):
        result = resume(tmp_path, environment=made[1])
    assert len(rows(tmp_path, "updates.jsonl")) == config.updates
    assert result.run.updates[-1].step == config.total_steps


def test_a_finished_run_can_be_trained_longer(tmp_path):
    train("CartPole-v1", short(learning_rate_schedule="constant", total_steps=6 * 128), out=tmp_path / "six")
    whole = train("CartPole-v1", short(learning_rate_schedule="constant"), out=tmp_path / "twelve")
    with pytest.raises(CheckpointError, match=r"is finished.*--total-steps"):
        resume(tmp_path / "six")
    assert_same_run(whole, resume(saved_in(tmp_path / "six", total_steps=12 * 128)))


def test_another_version_is_named(tmp_path):
    class Older(Checkpoints):
        def save(self, trainer):
            self.origin["versions"]["numpy"] = "1.0"
            super().save(trainer)

    with pytest.raises(RuntimeError):
        train("CartPole-v1", short(), out=tmp_path, observers=[Crash(3), Older(0)])
    with pytest.warns(TrainingWarning, match=rf"numpy was 1\.0 and is {np.__version__}"):
        resume(tmp_path)


def test_an_environment_without_a_name_has_to_be_given_again(tmp_path):
    with pytest.raises(RuntimeError):
        train(lambda: gym.make("CartPole-v1"), short(), out=tmp_path, observers=[Crash(3), Checkpoints(0)])
    with pytest.raises(ConfigError, match="give it again"):
        resume(tmp_path)
    assert resume(tmp_path, environment=lambda: gym.make("CartPole-v1")).stopped == ""


def test_a_damaged_checkpoint_is_written_again(tmp_path):
    environment, config, _ = CASES["plain"]
    whole = train(environment, config, out=tmp_path / "whole")
    train(environment, config, out=tmp_path / "cut", observers=[Checkpoints(0)])
    newest = checkpoints_in(tmp_path / "cut")[0]
    newest.write_bytes(newest.read_bytes()[:1000])
    with pytest.warns(TrainingWarning, match="is damaged"):
        again = resume(tmp_path / "cut")
    assert_same_run(whole, again)
    assert checkpoint.read(newest)["trainer"]["number"] == config.updates


def test_rows_of_two_runs_are_not_mixed(tmp_path):
    train("CartPole-v1", short(), out=tmp_path)
    with pytest.raises(ConfigError, match="already holds a run"):
        train("CartPole-v1", short(), out=tmp_path)


def test_only_the_newest_are_kept(tmp_path):
    train("CartPole-v1", short(), out=tmp_path, observers=[Checkpoints(0, keep=3)])
    names = [path.name for path in checkpoints_in(tmp_path)]
    assert names == [f"update-{number:09d}.safetensors" for number in (12, 11, 10)]
