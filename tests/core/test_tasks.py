"""The native tasks equal gymnasium's, step by step from equal states."""

import gymnasium
import numpy as np
import pytest

from ppodoctor.core import TASKS, spec_of

_core = pytest.importorskip("ppodoctor.core._core")
STEPS = 4000


def state_of(environment):
    """The state as the core keeps it: five numbers, the third of MountainCarContinuous says `float64 after a reset`."""
    state = np.asarray(environment.unwrapped.state)
    found = [float(x) for x in state]
    if environment.spec.id.startswith("MountainCarContinuous"):
        found.append(float(state.dtype == np.float64))
    return found + [0.0] * (5 - len(found))


@pytest.mark.parametrize("name", TASKS)
def test_every_step_is_gymnasiums(name):
    rng = np.random.default_rng(3)
    environment, native = gymnasium.make(name), _core.make_tasks(name, 1)
    observation, _ = environment.reset(seed=5)
    native.states = state_of(environment)
    for _ in range(STEPS):
        if TASKS[name].choices:
            action = int(rng.integers(TASKS[name].choices))
            sent, choice, force = action, action, 0.0
        else:
            force = float(np.float32(rng.normal() * 2 * TASKS[name].reach))
            force = float(np.clip(np.float32(force), -TASKS[name].reach, TASKS[name].reach))
            sent, choice = np.array([force], np.float32), 0
        observation, reward, terminated, truncated, _ = environment.step(sent)
        got, dead = native.step(0, choice, force)
        assert dead == terminated
        # numpy takes one term of Pendulum's reward by powf in float32, whose last bit may differ from a product
        assert got == pytest.approx(float(reward), rel=1e-12, abs=5e-10)
        np.testing.assert_allclose(native.observe(0), observation, rtol=2e-7, atol=1e-7)
        np.testing.assert_allclose(
            native.states[: len(observation)][:4], state_of(environment)[: len(observation)][:4], rtol=1e-12, atol=1e-13
        )
        if terminated or truncated:
            environment.reset()
        native.states = state_of(environment)  # differences of one rounding would grow otherwise


@pytest.mark.parametrize("name", TASKS)
def test_a_whole_episode_is_gymnasiums(name):
    """States are never handed over again; Acrobot is chaotic, so it is followed for a hundred steps."""
    rng = np.random.default_rng(4)
    environment, native = gymnasium.make(name), _core.make_tasks(name, 1)
    environment.reset(seed=6)
    native.states = state_of(environment)
    for _ in range(100):
        action = environment.action_space.sample() if TASKS[name].choices else rng.uniform(-1, 1, 1).astype(np.float32)
        observation, _, terminated, _, _ = environment.step(action)
        choice, force = (int(action), 0.0) if TASKS[name].choices else (0, float(action[0]))
        native.step(0, choice, force)
        np.testing.assert_allclose(native.observe(0), observation, rtol=1e-5, atol=1e-5)
        if terminated:
            break


@pytest.mark.parametrize("name", TASKS)
def test_first_states_are_spread_as_gymnasiums(name):
    """Each coordinate between the same bounds, uniformly: quantiles of 2,000 resets against gymnasium's."""
    environment, native = gymnasium.make(name), _core.make_tasks(name, 1)
    rng = np.random.default_rng(7)
    theirs, ours = [], []
    environment.reset(seed=8)
    for _ in range(2000):
        theirs.append(environment.reset()[0])
        native.reset(0, rng.random(4).tolist())
        ours.append(native.observe(0))
    spread = np.ptp(theirs, axis=0) + 1e-9
    for q in (0, 0.1, 0.5, 0.9, 1):
        assert np.all(np.abs(np.quantile(theirs, q, axis=0) - np.quantile(ours, q, axis=0)) < 0.08 * spread + 1e-6)


@pytest.mark.parametrize("name", TASKS)
def test_spaces_and_limits_are_gymnasiums(name):
    spaces_json = pytest.importorskip("ppodoctor.training.spaces_json")
    environment, task = gymnasium.make(name), TASKS[name]
    assert task.limit == environment.spec.max_episode_steps
    assert task.spaces() == tuple(
        spaces_json.to_json(s) for s in (environment.observation_space, environment.action_space)
    )
    assert task.spec == spec_of(environment.observation_space, environment.action_space)
    assert _core.tasks()[name] == (task.spec.inputs, task.choices, -task.reach, task.reach, task.limit)
