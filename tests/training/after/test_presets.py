"""Presets: each can be, each is told, and what was given wins."""

from __future__ import annotations

import json

import gymnasium as gym
import pytest

from ppodoctor.cli import main
from ppodoctor.config import PPOConfig
from ppodoctor.training.presets import PRESETS, config_for, preset_for
from ppodoctor.training.train import train


@pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.name)
def test_a_preset_can_be_and_says_where_it_comes_from(preset):
    config = PPOConfig.from_dict(dict(preset.settings))
    default = PPOConfig()
    assert all(getattr(config, name) != getattr(default, name) for name in preset.settings), "these are the defaults"
    assert preset.source
    assert preset.measured


def test_no_environment_of_gymnasium_has_two():
    from fnmatch import fnmatchcase

    for name in gym.registry:
        assert len([one for one in PRESETS if any(fnmatchcase(name, pattern) for pattern in one.ids)]) <= 1, name


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ("CartPole-v1", "CartPole"),
        ("MountainCar-v0", "MountainCar"),
        ("MountainCarContinuous-v0", "MountainCarContinuous"),
        ("ALE/Pong-v5", "Atari"),
        ("my_envs:CartPole-v1", "CartPole"),
    ],
)
def test_an_environment_is_known_by_its_id(environment, name):
    assert preset_for(environment).name == name


@pytest.mark.parametrize("environment", ["MyCartPole-v1", "envs.py:Pendulum", "CliffWalking-v1", object, None])
def test_what_is_not_known_begins_from_the_defaults(environment):
    assert preset_for(environment) is None
    assert config_for(environment, gamma=0.5) == PPOConfig(gamma=0.5)


def test_training_begins_from_it_and_what_was_given_wins(tmp_path, capsys):
    flags = ["--total-steps", "4096", "--gamma", "0.95"]
    main(["train", "Pendulum-v1", *flags, "--out", str(tmp_path / "run")])
    told = capsys.readouterr().err
    config = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
    assert (config["gamma"], config["num_envs"], config["total_steps"]) == (0.95, 4, 4096)
    assert "preset for Pendulum: num_envs=4, rollout_steps=1024, minibatches=64 (--preset off" in told
    main(["train", "Pendulum-v1", *flags, "--preset", "off", "--out", str(tmp_path / "off")])
    assert "preset" not in capsys.readouterr().err
    assert json.loads((tmp_path / "off" / "run.json").read_text())["config"]["num_envs"] == PPOConfig().num_envs


def test_a_conflict_with_it_is_told(tmp_path, capsys):
    assert main(["train", "Pendulum-v1", "--rollout-steps", "9", "--out", str(tmp_path / "run")]) == 2
    assert "minibatches=64 does not divide" in (told := capsys.readouterr().err)
    assert "--preset off leaves it away" in told
    assert not (tmp_path / "run").exists()


def test_the_library_begins_from_it_where_no_settings_are_given(tmp_path):
    def enough(trainer, update):
        trainer.stop("enough")

    result = train("CartPole-v1", out=tmp_path, observers=[enough])
    assert result.policy.config == config_for("CartPole-v1") != PPOConfig()
