"""A policy judged on a world whose returns are known."""

from __future__ import annotations

import json

import gymnasium as gym
import numpy as np
import pytest

from ppodoctor.cli import main
from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training.evaluate import evaluate
from ppodoctor.training.play import PlayError, play
from ppodoctor.training.train import train
from ppodoctor.training.trained import Trained


class Ladder(gym.Env):
    """Action 1 pays 1 and ends the episode in one of 20 steps; action 0 pays 2 and ends it at once.

    Whoever counts the first episodes that end sees the short ones.
    """

    observation_space = gym.spaces.Box(-1e6, 1e6, (1,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def __init__(self, render_mode=None):
        self.render_mode, self.drawn = render_mode, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        self.limit = 20 if self.np_random.random() < 0.5 else 1
        return np.array([50.0], np.float32), {}

    def step(self, action):
        self.steps += 1
        return np.array([50.0], np.float32), 1.0, self.steps >= self.limit, False, {}

    def render(self):
        self.drawn += 1  # a GIF leaves away a frame that is the one before
        return np.full((31, 41, 3), 5 * self.drawn % 250, np.uint8)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    config = PPOConfig(total_steps=512, num_envs=4, rollout_steps=64, normalise_observations=True)
    train(Ladder, config, out=folder)
    return folder


@pytest.mark.parametrize("deterministic", [False, True])
def test_short_episodes_are_not_preferred(run, deterministic):
    score = evaluate(run, episodes=400, deterministic=deterministic)
    assert len(score.returns) == 400
    assert set(score.returns) == {1.0, 20.0}
    assert np.array_equal(score.returns, score.lengths)
    # half of the episodes are long; four standard deviations of 400 coins
    assert abs((score.returns == 20).mean() - 0.5) < 0.1
    assert score.mean.low < 10.5 < score.mean.high


@pytest.mark.parametrize("episodes", [1, 3, 16, 37])
def test_as_many_episodes_as_asked_for(run, episodes):
    assert len(evaluate(run, episodes=episodes).returns) == episodes


def test_the_same_seed_gives_the_same_episodes(run):
    first, again, other = (evaluate(run, episodes=50, seed=seed).returns for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_nothing_moves_the_normaliser(run):
    trained = Trained.load(run)
    before = {name: value.copy() for name, value in trained.policy.tensors.items()}
    assert before["observation.count"] > 512
    evaluate(trained, episodes=20)
    assert all(np.array_equal(value, trained.policy.tensors[name]) for name, value in before.items())
    assert np.array_equal(trained.policy.eyes.scale.moments.mean, before["observation.mean"])


def test_the_command_tells_both_ways_of_acting(run, capsys):
    assert main(["evaluate", str(run), "--episodes", "30"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines[1:])
    assert [line.split()[0] for line in lines[-2:]] == ["stochastic", "deterministic"]


def test_the_command_gives_every_return_as_json(run, capsys, tmp_path):
    assert main(["evaluate", str(run), "--episodes", "5", "--seed", "7", "--json", "-"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [one["deterministic"] for one in data["scores"]] == [False, True]
    for one in data["scores"]:
        assert (one["seed"], len(one["returns"])) == (7, 5)
        assert one["mean"]["value"] == pytest.approx(np.mean(one["returns"]))


def test_another_environment_has_to_have_the_same_spaces(run):
    with pytest.raises(ConfigError, match=r"observations of CartPole-v1 are Box\(\(4,\)\).*trained on Box\(\(1,\)\)"):
        evaluate(Trained.load(run, environment="CartPole-v1"))


def test_a_policy_without_its_run_asks_for_its_environment(run, tmp_path, capsys):
    (tmp_path / "policy.safetensors").write_bytes((run / "policy.safetensors").read_bytes())
    assert main(["evaluate", str(tmp_path)]) == 2
    assert "--environment module:Class" in capsys.readouterr().err
    assert len(evaluate(Trained.load(tmp_path, environment=Ladder), episodes=2).returns) == 2


@pytest.mark.parametrize("name", ["out.gif", "out.mp4"])
def test_a_video_holds_a_frame_for_every_step(run, name, tmp_path):
    imageio = pytest.importorskip("imageio.v2")
    if name.endswith("mp4"):
        pytest.importorskip("imageio_ffmpeg")
    found = play(Trained.load(run), episodes=2, seed=1, video=tmp_path / name)
    assert len(found) == 2
    frames = [frame for frame in imageio.get_reader(tmp_path / name)]  # noqa: C416 - the reader is no sequence
    assert abs(len(frames) - (1 + sum(one.length for one in found))) <= 1


def test_what_cannot_be_shown_is_said(run, tmp_path, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(PlayError, match=r"no screen here.*--video"):
        play(Trained.load(run))
    with pytest.raises(PlayError, match=r"ends in \.mp4 or \.gif"):
        play(Trained.load(run), video=tmp_path / "out.avi")
    monkeypatch.setitem(__import__("sys").modules, "imageio.v2", None)
    with pytest.raises(PlayError, match="pip install"):
        play(Trained.load(run), video=tmp_path / "out.mp4")
