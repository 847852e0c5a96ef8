"""Environments inside of the compiled core: the run is as any other, and it is the run that the lab's member makes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from ppodoctor import core, diagnose
from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.core import TASKS, Learner
from ppodoctor.records import to_dict
from ppodoctor.training.checkpoint import latest
from ppodoctor.training.envs import EnvOptions, make_envs
from ppodoctor.training.learner import TrainingError
from ppodoctor.training.native import NativeEnvs
from ppodoctor.training.resume import resume
from ppodoctor.training.setup import make_trainer, why_not_inside
from ppodoctor.training.train import envs_for, train

pytestmark = pytest.mark.skipif(not core.available(), reason=core.why_not() or "the core is here")
SMALL = PPOConfig(total_steps=40 * 128, num_envs=4, rollout_steps=32, epochs=2)
WANTED = {"normalise_observations": True, "normalise_rewards": True, "normalise_advantages": "batch"}
ADAPTIVE = {"learning_rate_schedule": "kl_adaptive", "target_kl": 0.01}


def rows(folder, name="updates.jsonl", without=("wall",)):
    lines = (folder / name).read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key not in without} for line in lines]


def same_tensors(left, right):
    assert left.keys() == right.keys()
    return all(np.array_equal(value, right[name]) for name, value in left.items())


def stop_after(number):
    return lambda trainer, update: trainer.stop("enough") if update.number == number else None


@pytest.mark.parametrize("task", sorted(TASKS))
@pytest.mark.parametrize("changes", [{}, {**WANTED, **ADAPTIVE}], ids=["plain", "scaled"])
def test_a_resumed_run_is_the_uninterrupted_one(task, changes, tmp_path):
    config = replace(SMALL, total_steps=12 * 128, **changes)
    whole = train(task, config, out=tmp_path / "whole")
    train(task, config, out=tmp_path / "cut", observers=[stop_after(5)])
    again = resume(tmp_path / "cut")
    assert again.run.header["origin"]["stepped"] == "core"
    assert same_tensors(whole.policy.tensors, again.policy.tensors)
    assert rows(again.folder) == rows(whole.folder)
    assert rows(again.folder, "episodes.jsonl") == rows(whole.folder, "episodes.jsonl")
    for path in (whole.folder / "specimens").glob("*.npz"):
        with np.load(path) as one, np.load(again.folder / "specimens" / path.name) as other:
            assert all(np.array_equal(one[name], other[name]) for name in one.files), path.name


@pytest.mark.parametrize("task", ["CartPole-v1", "MountainCarContinuous-v0"])
def test_it_does_not_matter_whether_every_update_is_shown(task, tmp_path):
    seen = {"all": [], "some": []}
    all_of_them = train(task, SMALL, out=tmp_path / "all", observers=[lambda _, update: seen["all"].append(update)])
    few = lambda _, update: seen["some"].append(update)  # noqa: E731 - it gets an attribute
    few.skips = True
    some = train(task, SMALL, out=tmp_path / "some", observers=[few])
    assert [one.number for one in seen["all"]] == list(range(1, 41))
    assert [one.number for one in seen["some"]][:3] == [1, 2, 3]
    assert len(seen["some"]) < 40
    assert seen["some"][-1].number == 40
    assert same_tensors(all_of_them.policy.tensors, some.policy.tensors)
    assert rows(all_of_them.folder) == rows(some.folder)
    assert rows(all_of_them.folder, "episodes.jsonl") == rows(some.folder, "episodes.jsonl")
    episodes = [[each.episode for update in updates for each in update.episodes] for updates in seen.values()]
    assert episodes[0] == episodes[1]


def test_rows_are_those_that_the_records_would_give(tmp_path):
    result = train("CartPole-v1", SMALL, out=tmp_path)
    learner = Learner(SMALL, TASKS["CartPole-v1"].spec)
    learner.train_native("CartPole-v1", SMALL.updates)
    wanted = [{k: v for k, v in to_dict(one).items() if k != "wall"} for one in learner.records()]
    found = rows(tmp_path)
    for one, other in zip(found, wanted, strict=True):
        assert one == other | {"learning_rate": pytest.approx(other["learning_rate"], rel=1e-6)}
    assert [to_dict(one) for one in learner.episodes()] == rows(tmp_path, "episodes.jsonl")
    assert same_tensors(result.policy.tensors, learner.tensors())
    walls = [one.wall for one in result.run.updates]
    assert walls == sorted(walls)
    assert walls[0] > 0


@pytest.mark.parametrize("task", ["CartPole-v1", "Pendulum-v1"])
def test_a_member_of_the_lab_is_the_same_run(task, tmp_path):
    from ppodoctor.lab.members import run_member
    from ppodoctor.lab.stop import Stop
    from ppodoctor.lab.trainer import run_training
    from ppodoctor.lab.trial import Trial

    trial = Trial(task, changes={"num_envs": 4, "learning_rate": 1e-3}, seed=7, steps=20_000)
    member, training = run_member(trial, Stop()), run_training(trial, tmp_path, Stop())
    assert member is not None
    assert member.objective is not None
    assert replace(member, seconds=0.0) == replace(training, seconds=0.0)


def test_what_a_rollout_says_fits_together():
    """Endings, starts and successors are those that a rollout outside would have."""
    config = PPOConfig(num_envs=4, total_steps=4 * 256 * 4, rollout_steps=256, normalise_observations=True)
    trainer = make_trainer(config, NativeEnvs("CartPole-v1", 4))
    last = None
    for update in trainer.run():
        one = update.trajectory
        ended = one.terminated | one.truncated
        assert ended.any()
        assert np.array_equal(one.starts[1:], ended[:-1])
        assert np.array_equal(one.starts[0], np.ones(4, bool) if last is None else last)
        last = ended[-1].copy()
        going = ~ended[:-1]
        assert np.allclose(one.next_value[:-1][going], one.value[1:][going])
        assert sorted((each.row, each.episode.env) for each in update.episodes) == [
            tuple(i) for i in np.argwhere(ended)
        ]
        assert np.allclose(update.batch.target, update.batch.advantage + update.batch.value, atol=1e-5)
        if one.raw is not None:
            assert (np.abs(one.raw.observation[:, :, 2]) < 0.21).all()
            assert one.outputs.shape == (256, 4, 2)


@pytest.mark.parametrize("task", ["Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0"])
def test_such_a_run_is_found_without_a_fault_in_its_computation(task, tmp_path):
    run = train(task, PPOConfig(total_steps=16 * 1024, epochs=4, **WANTED), out=tmp_path).run
    assert run.damage == ()
    assert run.header["origin"]["stepped"] == "core"
    found = diagnose(run)
    assert not [one.id for one in (*found.causes, *found.notes) if one.basis == "exact"]


@pytest.mark.parametrize(
    ("environment", "changes", "options", "why"),
    [
        ("CartPole-v1", {}, EnvOptions(), ""),
        ("CartPole-v1", {"backend": "core"}, EnvOptions(), ""),
        ("CartPole-v1", {"backend": "torch"}, EnvOptions(), "backend is torch"),
        ("CartPole-v1", {"frame_stack": 2}, EnvOptions(frame_stack=2), "frames are stacked"),
        ("CartPole-v1", {"novelty_coefficient": 0.1}, EnvOptions(), "novelty_coefficient"),
        ("CartPole-v1", {"recurrent": "gru"}, EnvOptions(), "recurrent"),
        ("CartPole-v1", {"shared_network": True}, EnvOptions(), "share their layers"),
        ("Pendulum-v1", {"squash_actions": True}, EnvOptions(), "squashed"),
        ("Pendulum-v1", {"device": "cuda"}, EnvOptions(), "the device is cuda"),
        ("CartPole-v1", {}, EnvOptions(max_episode_steps=100), "options of their own"),
        ("CartPole-v0", {}, EnvOptions(), "no other environment"),
        (object, {}, EnvOptions(), "no other environment"),
    ],
)
def test_where_environments_stand(environment, changes, options, why):
    found = why_not_inside(environment, replace(SMALL, **changes), options)
    assert why in found
    assert bool(found) == bool(why)


def test_a_network_of_one_s_own_keeps_environments_outside():
    assert why_not_inside("CartPole-v1", SMALL, EnvOptions(), own=True) == "the network is your own"


def test_another_environment_of_the_same_name_is_not_taken_for_it(monkeypatch):
    import gymnasium

    spec = gymnasium.spec("Pendulum-v1")
    monkeypatch.setitem(gymnasium.envs.registry, "CartPole-v1", replace(spec, id="CartPole-v1"))
    assert "another environment is registered" in why_not_inside("CartPole-v1", SMALL, EnvOptions())


def test_a_run_goes_on_by_the_door_that_it_began_with(tmp_path, monkeypatch):
    train("CartPole-v1", SMALL, out=tmp_path / "inside", observers=[stop_after(3)])
    outside = make_envs("CartPole-v1", SMALL.num_envs)
    train(outside, SMALL, out=tmp_path / "outside", observers=[stop_after(3)])
    again = resume(tmp_path / "outside", environment="CartPole-v1")
    assert again.run.header["origin"]["stepped"] == "python"
    with pytest.raises(ConfigError, match="the compiled core stepped this run's environments"):
        resume(tmp_path / "inside", environment=make_envs("CartPole-v1", SMALL.num_envs))
    monkeypatch.setattr("ppodoctor.training.setup.misfit", lambda *given: "it is not installed")
    with pytest.raises(ConfigError, match="cannot go on with them: it is not installed"):
        resume(tmp_path / "inside")
    monkeypatch.undo()
    assert resume(tmp_path / "inside").run.header["origin"]["stepped"] == "core"


def test_environments_inside_are_not_stepped_from_python():
    envs = envs_for("CartPole-v1", SMALL, EnvOptions())
    with pytest.raises(ConfigError, match="inside of the compiled core"):
        envs.reset(1)
    with pytest.raises(ConfigError, match="inside of the compiled core"):
        envs.step(np.zeros(4, np.int64))


@pytest.mark.parametrize(
    ("task", "what"),
    [
        ("CartPole-v1", r"the critic's values are not finite|the gradient of \S+ is not finite"),
        ("Pendulum-v1", "not finite"),
    ],
)
def test_steps_that_are_far_too_large_are_named(task, what, tmp_path):
    config = replace(SMALL, learning_rate=1e30, max_grad_norm=0.0, activation="relu", total_steps=100_000)
    with pytest.raises(TrainingError, match=rf"({what}).* after \d+ optimizer steps.*lower learning_rate"):
        train(task, config, out=tmp_path)
    header = json.loads((tmp_path / "run.json").read_text())
    assert header["status"] == "crashed"
    assert "optimizer steps" in header["reason"]


def test_what_was_done_before_a_failure_is_written(tmp_path):
    """Several updates in one call, of which a later one fails: the rows of those before are there."""

    class Spoil:
        skips = True

        def __call__(self, trainer, update):
            if update.number == 20:
                trainer.learner.core.fill("second", {k: -np.ones_like(v) for k, v in trainer.learner.tensors().items()})

    config = replace(SMALL, total_steps=10_000 * 128)
    with pytest.raises(TrainingError, match="not finite after"):
        train("CartPole-v1", config, out=tmp_path, observers=[Spoil(), stop_after(10**9)])
    assert [row["update"] for row in rows(tmp_path)] == list(range(1, len(rows(tmp_path)) + 1))
    assert len(rows(tmp_path)) >= 20


def test_ctrl_c_ends_a_call_that_would_take_minutes(tmp_path):
    """Thousands of epochs: the first update never ends by itself, and the signal finds the core in the middle of it."""
    huge = ["--num-envs", "64", "--rollout-steps", "1024", "--epochs", "5000", "--total-steps", "1000000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ppodoctor", "train", "CartPole-v1", *huge, "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while "itself" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=120)[1]
    finally:
        process.kill()
    assert (process.returncode, "--resume" in told) == (130, True)
    number = latest(tmp_path)[1]["trainer"]["number"]
    assert number == 0
    assert not (tmp_path / "updates.jsonl").exists() or len(rows(tmp_path)) == number
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "stopped"


def test_a_stop_between_two_calls_ends_the_run():
    trainer = make_trainer(replace(SMALL, total_steps=10**9), NativeEnvs("CartPole-v1", 4))
    trainer.every = False
    last = 0
    for update in trainer.run():
        last = update.number
        if last > 100:
            trainer.stop("enough")
    assert (trainer.number, trainer.stopping) == (last, "enough")


def test_neither_torch_nor_gymnasium_is_loaded(tmp_path):
    code = (
        "import sys; from ppodoctor.cli import main\n"
        f"status = main(['train', 'CartPole-v1', '--total-steps', '2048', '--out', {str(tmp_path / 'run')!r}])\n"
        "print('loaded', sorted({'torch', 'gymnasium', 'scipy'} & set(sys.modules)), status)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "loaded [] 0" in answer.stdout, answer.stderr
    assert "the compiled core steps CartPole-v1 itself" in answer.stderr
