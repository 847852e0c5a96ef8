"""Every way in which a newcomer's environment is wrong gets a sentence: what was seen, expected, and what to change."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from ppodoctor.training.envs import EnvironmentFault, make_envs
from ppodoctor.training.envs.inspection import FIRST_STEPS, Inspector

BOX = gym.spaces.Box(-10.0, 10.0, (2,), np.float32)


class Good(gym.Env):
    """Right in everything; each test spoils one thing."""

    observation_space = BOX
    action_space = gym.spaces.Discrete(2)
    length = 10

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.seen(), {}

    def step(self, action):
        self.steps += 1
        return self.seen(), self.reward(), self.steps >= self.length, False, {}

    def seen(self):
        return np.full(2, self.steps % 10, np.float32)

    def reward(self):
        return 1.0


def spoiled(**changes):
    return type("Spoiled", (Good,), changes)


def fault_of(env, steps=3, num_envs=2, **kwargs):
    """The sentence that an environment gets, when made, reset or stepped."""

    def run():
        envs = make_envs(env, num_envs, **kwargs)
        envs.reset(0)
        for _ in range(steps):
            envs.step(np.ones(num_envs, np.int64))

    with pytest.raises(EnvironmentFault) as caught:
        run()
    return str(caught.value)


def notes_of(env, steps=3, num_envs=2):
    """The notes that a usable environment gets; the observations that arrive with them."""
    envs = make_envs(env, num_envs)
    envs.reset(0)
    for _ in range(steps):
        step = envs.step(np.ones(num_envs, np.int64))
    return " ".join(envs.notes), step.observation


def test_a_good_environment_gets_no_note():
    notes, observation = notes_of(Good, 200)
    assert notes == ""
    assert observation.dtype == np.float32


def at(moment, value, usual):
    """A method that returns `value` at one step and `usual` before."""
    return lambda self: value if self.steps == moment else usual


def f32(*values):
    return np.array(values, np.float32)


FAULTS = {
    "wrong shape": ({"seen": lambda self: np.zeros(3, np.float32)}, ["shape (3,)", "Expected (2,)"]),
    "wrong shape later": ({"seen": at(2, np.zeros((2, 2)), f32(0, 0))}, ["shape (2, 2)", "step()"]),
    "not numbers": ({"seen": lambda self: "here"}, ["'here' (str)", "numpy.array"]),
    "fractions in an integer space": (
        {"observation_space": gym.spaces.Box(0, 255, (2,), np.uint8), "seen": lambda self: np.array([0.5, 0.5])},
        ["float64", "uint8", "cut off"],
    ),
    "outside of a discrete space": (
        {"observation_space": gym.spaces.Discrete(3), "seen": at(2, 3, 0)},
        ["3 in the observation", "Expected 0 to 2", "`n`"],
    ),
    "missing key": (
        {"observation_space": gym.spaces.Dict(a=BOX, b=BOX), "seen": lambda self: {"a": f32(0, 0)}},
        ["['a']", "['a', 'b']"],
    ),
    "reset returns the observation only": (
        {"reset": lambda self, *, seed=None, options=None: np.zeros(2, np.float32)},
        ["reset()", "array of shape (2,)", "return observation, {}"],
    ),
    "reset without a seed": ({"reset": lambda self: (f32(0, 0), {})}, ["does not take a seed", "seed=None"]),
    "reset missing": ({"reset": gym.Env.reset}, ["does not define reset()", "first observation"]),
    "step returns four": (
        {"step": lambda self, action: (f32(0, 0), 1.0, False, {})},
        ["4 values", "terminated, truncated"],
    ),
    "step returns nothing": ({"step": lambda self, action: None}, ["None (NoneType)", "five values"]),
    "NaN reward": ({"reward": at(2, float("nan"), 1.0)}, ["reward of nan", "finite"]),
    "reward array": ({"reward": lambda self: np.ones(1)}, ["array of shape (1,)", "float(reward)"]),
    "reward missing": ({"reward": lambda self: None}, ["None (NoneType)", "float(reward)"]),
    "NaN observation": ({"seen": at(2, f32(0, np.nan), f32(0, 0))}, ["observation of nan", "element [1]", "step 2"]),
    "NaN at reset": ({"seen": lambda self: f32(np.inf, 0)}, ["reset()", "inf", "element [0]"]),
    "flag is not a flag": (
        {"step": lambda self, action: (f32(0, 0), 1.0, None, False, {})},
        ["None (NoneType)", "`terminated`", "bool"],
    ),
    "info is not a dict": ({"step": lambda self, action: (f32(0, 0), 1.0, False, False, None)}, ["info", "{}"]),
    "no action space": ({"action_space": None}, ["no action_space", "Discrete(2)"]),
    "space of another kind": ({"observation_space": (2,)}, ["observation_space of type tuple", "Box"]),
    "dict actions": ({"action_space": gym.spaces.Dict(a=gym.spaces.Discrete(2))}, ["Dict", "MultiDiscrete"]),
    "text observations": (
        {"observation_space": gym.spaces.Text(5), "seen": lambda self: "here"},
        ["Text", "fixed shape"],
    ),
}


@pytest.mark.parametrize(("changes", "words"), FAULTS.values(), ids=FAULTS)
def test_each_fault_gets_its_sentence(changes, words):
    text = fault_of(spoiled(**changes))
    assert not [word for word in words if word not in text], text


LATE = FIRST_STEPS + 5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reward": at(LATE, float("nan"), 1.0)}, ["reward of nan", f"step {LATE}", "finite action 1"]),
        ({"seen": at(LATE, f32(np.nan, 0), f32(0, 0))}, ["observation of nan", f"step {LATE}"]),
        ({"seen": at(LATE, np.zeros(3), f32(0, 0))}, ["shape (3,)"]),
        ({"reward": at(LATE, np.ones(2), 1.0)}, ["array of shape (2,)"]),
    ],
)
def test_faults_that_come_late_are_seen_too(changes, words):
    text = fault_of(spoiled(length=1000, **changes), LATE + 1)
    assert not [word for word in words if word not in text], text


def test_a_cut_episode_must_not_end_in_nan():
    def step(self, action):
        self.steps += 1
        return f32(np.nan, 0), 1.0, False, True, {}

    assert "last observation" in fault_of(spoiled(step=step))


def test_a_policy_that_diverged_is_not_blamed_on_the_environment():
    inspector = Inspector("it", BOX, 2, [])
    with pytest.raises(EnvironmentFault, match="policy diverged"):
        inspector.step(np.full((2, 2), np.nan, np.float32), np.zeros(2), np.array([[np.nan], [0.0]]))


def test_large_finite_numbers_are_not_taken_for_infinite():
    inspector = Inspector("it", gym.spaces.Box(-np.inf, np.inf, (2,), np.float32), 2, [])
    inspector.step(np.full((2, 2), 3e38, np.float32), np.full(2, 1e200), np.zeros(2))


def test_what_can_be_lived_with_becomes_a_note():
    notes, observation = notes_of(spoiled(seen=lambda self: np.zeros(2)))
    assert "float64" in notes
    assert observation.dtype == np.float32
    notes, _ = notes_of(spoiled(seen=lambda self: np.array([2.0**25, 0.0])))
    assert "33554432" in notes
    notes, _ = notes_of(spoiled(seen=lambda self: f32(11, 0)))
    assert "11 in the observation, element [0], outside of the -10 to 10" in notes


def test_an_environment_without_an_end_gets_a_note(monkeypatch):
    monkeypatch.setattr(Inspector, "endless", 50)
    assert "No episode of" in notes_of(spoiled(length=10**9), 60)[0]
    assert notes_of(spoiled(length=40), 200)[0] == ""


def test_a_reset_that_does_not_start_anew_gets_a_note():
    def reset(self, *, seed=None, options=None):
        self.steps = getattr(self, "steps", 0)
        return self.seen(), {}

    assert "bring back everything" in notes_of(spoiled(reset=reset), 100)[0]


def test_a_class_that_inherits_from_nothing_is_stepped():
    kind = type("Free", (), {name: value for name, value in vars(Good).items() if name != "reset"})
    kind.reset = lambda self, seed=None, options=None: (setattr(self, "steps", 0), (self.seen(), {}))[1]
    envs = make_envs(kind, 2)
    envs.reset(0)
    assert envs.step(np.ones(2, np.int64)).observation.tolist() == [[1, 1], [1, 1]]
    assert "no reset and step" in fault_of(type("Nothing", (), {}))
    assert "no observation_space" in fault_of(type("Bare", (), {"reset": 0, "step": 0}))


def test_one_object_made_twice():
    env = Good()
    assert "same object" in fault_of(lambda: env)


def test_an_error_of_the_environment_itself_says_where_it_was():
    def step(self, action):
        raise KeyError("mine")

    envs = make_envs(spoiled(step=step), 2)
    envs.reset(0)
    with pytest.raises(KeyError) as caught:
        envs.step(np.ones(2, np.int64))
    assert "environment 0 of Spoiled, step 1, action 1" in caught.value.__notes__[0]


def test_processes_are_looked_at_before_they_start():
    assert "4 values" in fault_of(spoiled(step=lambda self, action: (f32(0, 0), 1.0, False, {})), how="async")
