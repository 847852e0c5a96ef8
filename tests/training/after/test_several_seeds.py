"""Several seeds: apart from each other, gone on with, and told together."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ppodoctor.cli import main
from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training.checkpoint import Checkpoints
from ppodoctor.training.policy import Policy
from ppodoctor.training.scores import iqm
from ppodoctor.training.seeds import seeds_of, train_seeds
from ppodoctor.training.train import train

CONFIG = PPOConfig(total_steps=1024, num_envs=4, rollout_steps=64)


def test_no_two_seeds_share_an_environment():
    config = PPOConfig(num_envs=1500, rollout_steps=8)
    taken = [seed + env for seed in seeds_of(config, 5) for env in range(config.num_envs)]
    assert len(set(taken)) == len(taken)


def test_each_seed_is_the_run_it_would_be_alone(tmp_path):
    found = train_seeds("CartPole-v1", CONFIG, 3, tmp_path / "all")
    assert [one.seed for one in found.scores] == seeds_of(CONFIG, 3)
    alone = train("CartPole-v1", PPOConfig.from_dict({**CONFIG.to_dict(), "seed": 1001}), out=tmp_path / "alone")
    for name, value in Policy.load(tmp_path / "all" / "seed-1001").tensors.items():
        assert np.array_equal(value, alone.policy.tensors[name])
    assert found.scores[1].score == pytest.approx(np.mean([one.ret for one in alone.run.episodes[-100:]]))
    assert found.iqm.value == iqm(found.values)
    assert found.iqm.low <= found.iqm.value <= found.iqm.high
    summary = json.loads((tmp_path / "all" / "seeds.json").read_text())
    assert [row["score"] for row in summary["seeds"]] == found.values


def test_what_was_cut_off_is_gone_on_with(tmp_path):
    whole = train_seeds("CartPole-v1", CONFIG, 2, tmp_path / "whole")

    class Crash(Checkpoints):
        def __call__(self, trainer, update):
            super().__call__(trainer, update)
            if trainer.config.seed == 1001 and update.number == 2:
                raise RuntimeError("crashed on purpose")

    with pytest.raises(RuntimeError):
        train_seeds("CartPole-v1", CONFIG, 2, tmp_path / "cut", watch=lambda *_: [Crash(0)])
    before = (tmp_path / "cut" / "seed-1" / "run.json").stat().st_mtime_ns
    again = train_seeds("CartPole-v1", CONFIG, 2, tmp_path / "cut")
    assert again.values == whole.values
    assert (tmp_path / "cut" / "seed-1" / "run.json").stat().st_mtime_ns == before
    assert json.loads((tmp_path / "cut" / "seed-1001" / "run.json").read_text())["resumed_at"] == [2]


def test_other_settings_are_not_mixed_in(tmp_path):
    train_seeds("CartPole-v1", CONFIG, 1, tmp_path)
    other = PPOConfig.from_dict({**CONFIG.to_dict(), "gamma": 0.9})
    with pytest.raises(ConfigError, match=r"trained with another gamma.*take another folder"):
        train_seeds("CartPole-v1", other, 1, tmp_path)


def test_the_command_tells_each_seed_and_what_they_say_together(tmp_path, capsys):
    flags = ["--total-steps", "1024", "--num-envs", "4", "--rollout-steps", "64", "--quiet"]
    main(["train", "CartPole-v1", *flags, "--seeds", "3", "--out", str(tmp_path), "--json", str(tmp_path / "out.json")])
    out = capsys.readouterr().out
    assert [line.split()[1] for line in out.splitlines() if line.startswith("  seed")] == ["1", "1001", "2001"]
    data = json.loads((tmp_path / "out.json").read_text())
    assert f"Interquartile mean {data['iqm']['value']:.4g}" in out


def test_several_seeds_are_not_taken_for_one_run(tmp_path, capsys):
    train_seeds("CartPole-v1", CONFIG, 2, tmp_path)
    assert main(["evaluate", str(tmp_path)]) == 2
    assert f"holds 2 seeds; give one of them, such as {tmp_path / 'seed-1'}" in capsys.readouterr().err
    assert main(["train", "--resume", str(tmp_path)]) == 2
    assert f"again, with --out {tmp_path}" in capsys.readouterr().err


def test_one_seed_is_said_to_prove_little(tmp_path, capsys):
    main(["train", "CartPole-v1", "--total-steps", "1024", "--out", str(tmp_path)])
    assert "One seed proves little: --seeds 5" in capsys.readouterr().err
