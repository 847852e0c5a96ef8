"""Training on the native tasks: it learns, does not depend on threads, goes on where it was, stops when told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from ppodoctor.config import PPOConfig
from ppodoctor.core import TASKS, Learner, cancellations, train_together

_core = pytest.importorskip("ppodoctor.core._core")


def fresh(task="CartPole-v1", **settings):
    given = {"num_envs": 8, "rollout_steps": 32, "total_steps": 25_600, "hidden_sizes": (32, 32), "epochs": 4}
    given.update({"minibatches": 4, "learning_rate": 5e-4, **settings})
    learner = Learner(PPOConfig(**given), TASKS[task].spec)
    learner.attach(task)
    return learner


def equal(left, right):
    return all(np.array_equal(left[name], right[name]) for name in left)


def test_cart_pole_is_learned():
    learner = fresh(epochs=10, learning_rate=1e-3, total_steps=40_000)
    learner.train(learner.config.updates)
    episodes = learner.episodes()
    assert np.mean([one.ret for one in episodes[-10:]]) > 150
    assert max(one.length for one in episodes) <= 500
    assert all(one.terminated or one.truncated for one in episodes)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_trains(task):
    learner = fresh(task, entropy_coefficient=0.01, normalise_observations=True, normalise_rewards=True)
    learner.train(12)
    rows = learner.records()
    assert [row.update for row in rows] == list(range(1, 13))
    assert [row.step for row in rows] == [256 * k for k in range(1, 13)]
    for row in rows:
        assert row.ratio_first == pytest.approx(0, abs=1e-5)
        assert row.approx_kl >= -1e-6
        assert row.grad_norm_after <= 0.5 + 1e-5
        assert row.optimizer_steps == 16
        assert (row.action_mode_share is None) != (TASKS[task].choices > 0)


def test_results_do_not_depend_on_threads_or_neighbours():
    alone = [fresh(seed=seed) for seed in range(5)]
    for learner in alone:
        train_together([learner], 6)
    together = [fresh(seed=seed) for seed in range(5)]
    train_together(together, 6, threads=3)
    for one, other in zip(alone, together, strict=True):
        assert equal(one.tensors(), other.tensors())
    assert not equal(alone[0].tensors(), alone[1].tensors())


@pytest.mark.parametrize("task", ["CartPole-v1", "Pendulum-v1"])
def test_going_on_is_as_if_never_stopped(task):
    settings = {"normalise_observations": True, "normalise_rewards": True, "entropy_schedule": "linear"}
    whole = fresh(task, **settings)
    whole.train(10)
    first = fresh(task, **settings)
    first.train(4)
    kept = first.state()
    second = fresh(task, **settings)
    second.restore(kept)
    second.train(6)
    assert equal(whole.tensors(), second.tensors())
    last, again = whole.records()[-1], second.records()[-1]
    assert (last.update, last.step, last.learning_rate) == (again.update, again.step, again.learning_rate)


def test_instruction_sets_agree(instruction_set):
    """Not bit for bit, sums are taken in another order; but the first updates are the same to rounding."""
    learner = fresh(seed=3)
    learner.train(1)
    wanted = fresh(seed=3)
    _core.use(_core.instruction_sets()[0])
    wanted.train(1)
    for name, value in wanted.tensors().items():
        np.testing.assert_allclose(learner.tensors()[name], value, atol=2e-3)


def test_schedules_reach_the_end():
    config = {"learning_rate_schedule": "linear", "total_steps": 2560, "learning_rate": 1e-3}
    learner = fresh(**config)
    learner.train(10)
    rates = [row.learning_rate for row in learner.records()]
    assert rates == pytest.approx([1e-3 * (1 - k / 10) for k in range(10)], rel=1e-5)


def test_an_update_stops_early_at_the_divergence():
    learner = fresh(epochs=20, learning_rate=1e-2, learning_rate_schedule="constant", target_kl=0.01)
    learner.train(5)
    assert any(row.optimizer_steps < 80 for row in learner.records())


def test_the_rate_follows_the_divergence():
    learner = fresh(learning_rate=1e-5, learning_rate_schedule="kl_adaptive", target_kl=0.01)
    learner.train(8)
    rates = [row.learning_rate for row in learner.records()]
    assert rates[1] == pytest.approx(1.5e-5, rel=1e-5)
    assert rates[-1] > 5 * rates[0]


def test_minibatches_can_be_kept():
    learner = fresh(epochs=2)
    learner.core.keep = True
    learner.train(1)
    kept = learner.core.kept()
    assert [one[0] for one in kept] == [0, 1, 2, 3, 7]
    rows = np.sort(np.concatenate([one[3] for one in kept[:4]]))
    assert rows.tolist() == list(range(256))
    _, version, norm, rows, outputs, values, _ = kept[0]
    assert (version, outputs.shape, values.shape) == (0, (64, 2), (64,))
    np.testing.assert_allclose(values, learner.core.views()["value"].reshape(-1)[rows], rtol=1e-6)
    assert norm > 0


def test_ctrl_c_leaves_the_last_whole_update():
    learner = fresh(num_envs=64, rollout_steps=512, hidden_sizes=(256, 256), total_steps=10**9)
    learner.train(1)
    before = learner.tensors()
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        learner.train(1)
    assert equal(before, learner.tensors())
    assert learner.core.updates_done == 1
    learner.train(1)  # it can go on
    assert not equal(before, learner.tensors())


def test_other_threads_run_meanwhile():
    learner, counted, done = fresh(total_steps=10**9), [0], threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    learner.train(200)
    done.set()
    thread.join()
    assert counted[0] > 3


def test_training_loads_neither_torch_nor_gymnasium():
    code = (
        "from ppodoctor.config import PPOConfig; from ppodoctor.core import Learner, TASKS; import sys\n"
        "learner = Learner(PPOConfig(), TASKS['CartPole-v1'].spec); learner.train_native('CartPole-v1', 2)\n"
        "print(sorted({'torch', 'gymnasium'} & set(sys.modules)), len(learner.records()))"
    )
    answer = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert answer.stdout.split() == ["[]", "2"]


def test_orthogonal_weights():
    learner = fresh(hidden_sizes=(48, 20))
    tensors = learner.tensors()
    for name, gain in (("actor.1.weight", 2**0.5), ("critic.2.weight", 1.0), ("actor.2.weight", 0.01)):
        weight = tensors[name] / gain
        product = weight @ weight.T if weight.shape[0] <= weight.shape[1] else weight.T @ weight
        np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-5)
    assert not any(value.any() for name, value in tensors.items() if name.endswith("bias"))
    plain = fresh(hidden_sizes=(48, 20), orthogonal_init=False).tensors()
    assert np.abs(plain["actor.1.bias"]).max() <= 48**-0.5
    assert np.abs(plain["actor.1.weight"]).max() == pytest.approx(48**-0.5, rel=0.01)


def test_the_wrong_task_is_refused():
    learner = Learner(PPOConfig(), TASKS["Pendulum-v1"].spec)
    with pytest.raises(ValueError, match="was not made for CartPole"):
        learner.attach("CartPole-v1")
    with pytest.raises(ValueError, match="steps CartPole-v1, Acrobot-v1"):
        learner.attach("LunarLander-v3")
    with pytest.raises(ValueError, match="attach"):
        learner.train(1)


def test_a_cancel_just_before_a_call_is_not_lost():
    """A signal may come when one has looked for it already and has not called yet."""
    learner, since = fresh(), cancellations()
    _core.cancel()
    learner.train(2, since=since)
    assert learner.core.updates_done == 0
    learner.train(2, since=cancellations())
    learner.train(1)
    assert learner.core.updates_done == 3


def test_a_cancelled_call_can_be_made_again():
    """A signal handler that only cancels: no exception, and what follows is as if nothing had happened."""
    whole, other = (fresh(num_envs=32, rollout_steps=128, hidden_sizes=(128, 128)) for _ in range(2))
    whole.train(4)
    before = signal.signal(signal.SIGINT, lambda *_: _core.cancel())
    try:
        for _ in range(3):  # wherever it meets the call, or none
            threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
            other.train(4 - other.core.updates_done)
            time.sleep(0.05)
    finally:
        signal.signal(signal.SIGINT, before)
    other.train(4 - other.core.updates_done)
    assert other.core.updates_done == 4
    assert equal(whole.tensors(), other.tensors())
