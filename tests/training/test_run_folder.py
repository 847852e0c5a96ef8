"""Our own runs under our own checks: healthy as they are, and found out where a fault is planted."""

from __future__ import annotations

import numpy as np
import pytest
from games import LEARNERS

from ppodoctor import diagnose
from ppodoctor.config import PPOConfig
from ppodoctor.findings import CAUSE_FOUND
from ppodoctor.measures.reading import readings
from ppodoctor.run import Run
from ppodoctor.training import loop
from ppodoctor.training.envs import make_envs
from ppodoctor.training.run_writer import RunWriter
from ppodoctor.training.setup import make_trainer
from ppodoctor.training.train import run_to_end, train

SHORT = PPOConfig(total_steps=16 * 1024, entropy_coefficient=0.01)


def test_the_folder_says_what_happened(tmp_path):
    result = train("CartPole-v1", SHORT, out=tmp_path)
    run = result.run
    assert run.damage == ()
    assert run.header["status"] == "finished"
    assert [row.update for row in run.updates] == list(range(1, 17))
    assert [row.step for row in run.updates] == [1024 * i for i in range(1, 17)]
    assert run.setting("gamma") == 0.99
    assert run.settings["gamma"].how == "declared"
    assert sum(row.episodes for row in run.updates) == len(run.episodes)
    assert sum(one.length for one in run.episodes) <= 16 * 1024
    assert all(one.ret == one.length for one in run.episodes)  # CartPole pays 1 a step
    assert all(one.terminated != one.truncated for one in run.episodes)
    assert {one.update for one in run.rollouts} == {1, 2, 3, 16}
    assert result.policy.facts["environment"] == "CartPole-v1"


def test_columns_follow_their_definitions(tmp_path):
    run = train("CartPole-v1", SHORT, out=tmp_path).run
    for row in run.updates:
        assert row.ratio_first == pytest.approx(0, abs=1e-5)
        assert row.approx_kl >= 0
        assert 0 <= row.clip_fraction <= 1
        assert row.entropy_share == pytest.approx(row.entropy / np.log(2))
        assert row.advantage_mean == pytest.approx(0, abs=1e-5)
        assert row.grad_norm_after <= 0.5 + 1e-6
        assert row.optimizer_steps == row.backwards == 40
        assert row.minibatch_size == 256
        assert row.reward_mean <= 1
    # what the columns say of the first minibatch is what was kept of it
    first = {one.update: one for one in readings(run) if one.index == 0}
    for row in run.updates:
        if row.update in first:
            value = first[row.update].value
            assert row.target_mean == pytest.approx(float(np.mean(value.target)), rel=1e-4)
            assert row.value_std == pytest.approx(float(np.std(value.prediction)), rel=1e-4)


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1"])
@pytest.mark.parametrize("by", LEARNERS)
def test_the_loss_is_read_as_it_is(tmp_path, name, by):
    for clip in (0.0, 0.3):
        config = PPOConfig(total_steps=4096, entropy_coefficient=0.01, clip_range_value=clip, clip_range=0.1)
        run = recorded(tmp_path / str(clip), name, config, by=by)
        every = readings(run)
        assert len(every) == 3 * 5  # each of the first epoch, and the last one
        for one in every:
            assert one.unread == ()
            assert [(term.kind, term.coefficient) for term in one.terms] == [
                ("surrogate", -1.0),
                ("entropy", -0.01),
                ("value", 0.5),
            ]
            assert (one.surrogate.clip_low, one.surrogate.clip_high) == (pytest.approx(0.9), pytest.approx(1.1))
            assert (one.surrogate.combine, one.surrogate.sign, one.surrogate.inverted) == ("min", 1, False)
            assert one.value.clipped == bool(clip)
            assert np.allclose(one.surrogate.log_prob_new, one.surrogate.log_prob_old + np.log(one.surrogate.ratio))
            assert one.head.kind == ("categorical" if name == "CartPole-v1" else "gaussian")
            entropy = np.broadcast_to(one.entropy.expected, np.shape(one.entropy.value))
            assert np.allclose(one.entropy.value, entropy, atol=1e-4)


def recorded(folder, name, config, *, by=""):
    envs = make_envs(name, config.num_envs)
    trainer = make_trainer(config, envs, by=by)
    run_to_end(trainer, RunWriter(folder, trainer))
    envs.close()
    return Run.load(folder)


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1", "Acrobot-v1"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_step": 5},
        {"normalise_advantages": "batch"},
        {"gae_lambda": 1.0},
        {"shared_network": True},
        {"recurrent": "lstm", "recurrent_size": 16},
        {"normalise_observations": True, "normalise_rewards": True},
    ],
    ids=lambda changes: "-".join(changes) or "plain",
)
def test_no_fault_is_found_in_ours(tmp_path, name, changes):
    assert_healthy(recorded(tmp_path, name, PPOConfig(total_steps=16 * 1024, epochs=4, **changes)))


def test_no_fault_is_found_in_squashed_actions(tmp_path):
    config = PPOConfig(total_steps=16 * 1024, epochs=4, squash_actions=True, entropy_coefficient=0.01)
    assert_healthy(train("Pendulum-v1", config, out=tmp_path).run)


def assert_healthy(run):
    found = diagnose(run)
    assert not [one.id for one in (*found.causes, *found.notes) if one.basis == "exact"]
    assert len(found.clear) > 90
    assert not [reading.unread for reading in readings(run) if reading.unread]


def planted_time_limit_as_death(trajectory, config, real=loop.advantages):
    dead, cut = trajectory.terminated.copy(), trajectory.truncated.copy()
    trajectory.terminated |= trajectory.truncated
    made = real(trajectory, config)
    trajectory.terminated[...], trajectory.truncated[...] = dead, cut
    return made


def planted_sign(trajectory, config, real=loop.advantages):
    advantage, target = real(trajectory, config)
    return -advantage, target


def planted_target(trajectory, config, real=loop.advantages):
    advantage, _ = real(trajectory, config)
    return advantage, advantage.copy()


@pytest.mark.parametrize(
    ("fault", "named", "environment"),
    [
        (planted_sign, "advantage_sign_flipped", "CartPole-v1"),
        (planted_target, "target_is_not_return", "CartPole-v1"),
        (planted_time_limit_as_death, "time_limit_read_as_death", "Pendulum-v1"),
    ],
)
def test_a_planted_fault_is_found(tmp_path, monkeypatch, fault, named, environment):
    monkeypatch.setattr(loop, "advantages", fault)
    found = diagnose(recorded(tmp_path, environment, PPOConfig(total_steps=16 * 1024)))
    every = {one.id for one in (*found.causes, *found.notes)}
    assert named in every
    assert found.verdict == CAUSE_FOUND or named in {one.id for one in found.notes}
