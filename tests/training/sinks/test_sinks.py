"""Sinks: what arrives under which name, and that a broken one stops nobody."""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np
import pytest

from ppodoctor.cli import main
from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training.checkpoint import Checkpoints, TrainingWarning
from ppodoctor.training.resume import resume
from ppodoctor.training.sinks import Sink
from ppodoctor.training.sinks.tensorboard import TensorBoard
from ppodoctor.training.sinks.wandb import WeightsAndBiases
from ppodoctor.training.train import train

CONFIG = PPOConfig(total_steps=6 * 256, num_envs=4, rollout_steps=64)


class Kept:
    """A place that keeps what it is given, and may fail."""

    name = "a list"

    def __init__(self, fails_at=0):
        self.rows, self.status, self.fails_at = [], "", fails_at

    def open(self, trainer, folder):
        if self.fails_at < 0:
            raise PermissionError("not allowed in")

    def write(self, numbers, step):
        if len(self.rows) + 1 == self.fails_at:
            raise ConnectionError("the cable was pulled")
        self.rows.append((step, numbers))

    def close(self, status):
        self.status = status


def columns(folder):
    return [json.loads(line) for line in (folder / "updates.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("style", "names"),
    [
        (
            "cleanrl",
            {
                "charts/episodic_return": ("episode_return", 1),
                "charts/episodic_length": ("episode_length", 1),
                "losses/value_loss": ("value_loss", 0.5),  # CleanRL's holds the factor 1/2
                "losses/entropy": ("entropy", 1),
                "losses/clipfrac": ("clip_fraction", 1),
                "charts/learning_rate": ("learning_rate", 1),
                "ppodoctor/grad_norm": ("grad_norm", 1),
            },
        ),
        (
            "sb3",
            {
                "rollout/ep_rew_mean": ("episode_return", 1),
                "train/value_loss": ("value_loss", 1),
                "train/entropy_loss": ("entropy", -1),  # SB3's is minus the entropy
                "train/policy_gradient_loss": ("policy_loss", 1),
                "train/approx_kl": ("approx_kl", 1),
            },
        ),
    ],
)
def test_a_name_means_what_it_means_there(style, names, tmp_path):
    place = Kept()
    train("CartPole-v1", CONFIG, out=tmp_path, observers=[Sink(place, style)])
    recorded = columns(tmp_path)
    assert [step for step, _ in place.rows] == [row["step"] for row in recorded]
    assert place.status == "finished"
    for (_, numbers), row in zip(place.rows, recorded, strict=True):
        for name, (column, factor) in names.items():
            assert numbers[name] == pytest.approx(factor * row[column]), name


def test_a_place_that_fails_is_told_once_and_training_goes_on(tmp_path):
    place = Kept(fails_at=3)
    with pytest.warns(TrainingWarning, match=r"a list failed.*cable was pulled.*goes on without") as told:
        result = train("CartPole-v1", CONFIG, out=tmp_path, observers=[Sink(place)])
    assert len(told) == 1
    assert (len(place.rows), place.status, len(result.run.updates)) == (2, "", 6)


def test_a_place_that_does_not_open_ends_it_at_once(tmp_path):
    with pytest.raises(ConfigError, match=r"a list cannot be opened.*not allowed in"):
        train("CartPole-v1", CONFIG, out=tmp_path, observers=[Sink(Kept(fails_at=-1))])
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "crashed"


def events(folder):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = accumulator.EventAccumulator(str(folder / "tensorboard"))
    found.Reload()
    return found


def test_tensorboard_reads_what_was_written(tmp_path):
    train("CartPole-v1", CONFIG, out=tmp_path, observers=[Sink(TensorBoard())])
    found, recorded = events(tmp_path), columns(tmp_path)
    scalars = [(one.step, one.value) for one in found.Scalars("losses/approx_kl")]
    assert scalars == [(row["step"], pytest.approx(row["approx_kl"], rel=1e-6)) for row in recorded]
    text = found.Tensors("hyperparameters/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "|gamma|0.99|" in text


def test_tensorboard_forgets_what_is_done_again(tmp_path):
    class Crash:
        def __call__(self, trainer, update):
            if update.number == 4:
                raise RuntimeError("crashed on purpose")

    with pytest.raises(RuntimeError):
        # the sink sees update 4, the checkpoint is of update 3
        train("CartPole-v1", CONFIG, out=tmp_path, observers=[Sink(TensorBoard()), Crash(), Checkpoints(0)])
    assert len(events(tmp_path).Scalars("charts/SPS")) == 4
    resume(tmp_path, observers=[Sink(TensorBoard())])
    assert [one.step for one in events(tmp_path).Scalars("charts/SPS")] == [256 * n for n in range(1, 7)]


def test_weights_and_biases_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    train("CartPole-v1", CONFIG, out=tmp_path, observers=[Sink(WeightsAndBiases("test"))])
    files = list(tmp_path.glob("wandb/offline-run-*/*.wandb"))
    assert len(files) == 1
    data = files[0].read_bytes()
    for name in (b"charts/episodic_return", b"losses/value_loss", b"global_step"):
        assert data.count(name) >= CONFIG.updates, name


@pytest.mark.parametrize(("flags", "package"), [(["--tensorboard"], "tensorboard"), (["--wandb", "x"], "wandb")])
def test_what_is_not_installed_is_said_with_the_command(flags, package, tmp_path, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    status = main(["train", "CartPole-v1", "--total-steps", "1024", "--out", str(tmp_path / "run"), *flags])
    told = capsys.readouterr().err
    assert status == 2
    assert f"{flags[0]} needs the package {package}, which is not installed: pip install {package}" in told
    assert not (tmp_path / "run").exists()


def test_looking_changes_nothing(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = train("CartPole-v1", CONFIG, out=tmp_path / "plain")
        seen = train("CartPole-v1", CONFIG, out=tmp_path / "seen", observers=[Sink(Kept())])
    for name, value in plain.policy.tensors.items():
        assert np.array_equal(value, seen.policy.tensors[name])
