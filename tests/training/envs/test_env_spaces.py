"""Actions as each space takes them, observations of each space as arrays, masks, and frames."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from corridor import Corridor
from gymnasium import spaces
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

from ppodoctor.training.envs import EnvironmentFault, EnvOptions, make_envs
from ppodoctor.training.envs.actions import sender
from ppodoctor.training.envs.layers import image_axes, stacked_space

BOX = spaces.Box(np.array([-2.0, 0.0], np.float32), np.array([2.0, 1.0], np.float32))


class Echo(gym.Env):
    """Keeps the actions it was sent; observes what it is told to."""

    def __init__(self, action_space=None, observation_space=None, observations=None):
        self.action_space = action_space or spaces.Discrete(2)
        self.observation_space = observation_space or spaces.Discrete(100)
        self.observations = observations or (lambda steps: steps)
        self.sent = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.observations(0), {}

    def step(self, action):
        assert self.action_space.contains(action), f"{action!r} does not fit {self.action_space}"
        self.sent.append(action)
        self.steps += 1
        return self.observations(self.steps), 1.0, self.steps == 3, False, {}


def sent_for(space, actions, **options):
    made = []

    def make():
        made.append(Echo(space))
        return made[-1]

    envs = make_envs(make, len(actions), options=EnvOptions(**options))
    envs.reset(0)
    envs.step(np.array(actions))
    return [np.asarray(env.sent[0]).tolist() for env in made]


def test_actions_reach_the_environment_as_its_space_takes_them():
    assert sent_for(spaces.Discrete(3, start=-1), [0, 2]) == [-1, 1]
    assert sent_for(spaces.MultiDiscrete([2, 3]), [[0, 2], [1, 1]]) == [[0, 2], [1, 1]]
    assert sent_for(spaces.MultiDiscrete([2, 3], start=[5, 0]), [[0, 2]]) == [[5, 2]]
    assert sent_for(spaces.MultiDiscrete([[2, 3]]), [[0, 2]]) == [[[0, 2]]]
    assert sent_for(spaces.MultiBinary(3), [[0, 1, 1]]) == [[0, 1, 1]]
    assert sent_for(BOX, [[-5.0, 0.25], [1.0, 9.0]]) == [[-2.0, 0.25], [1.0, 1.0]]
    assert sent_for(BOX, [[-1.0, 0.0], [0.5, 1.0]], squash_actions=True) == [[-2.0, 0.5], [1.0, 1.0]]
    assert sent_for(spaces.Box(0, 10, (1,), np.int32), [[3.6], [20.0]]) == [[4], [10]]
    assert sent_for(spaces.Box(0, 10, (2, 1)), [[3.5, 2.0]]) == [[[3.5], [2.0]]]


def test_clipping_leaves_the_policy_s_action_alone():
    actions = np.array([[-5.0, 0.5]], np.float32)
    sender(BOX)(actions)
    assert actions.tolist() == [[-5.0, 0.5]]


def test_squashed_actions_need_bounds():
    with pytest.raises(EnvironmentFault, match="infinite"):
        sender(spaces.Box(-np.inf, np.inf, (1,)), squash=True)


NESTED = spaces.Dict(
    place=spaces.Box(-10.0, 10.0, (2,), np.float64),
    pair=spaces.Tuple([spaces.Discrete(5), spaces.MultiBinary(2)]),
    image=spaces.Box(0, 255, (4, 4, 3), np.uint8),
)


def nested(steps):
    image = np.full((4, 4, 3), steps, np.uint8)
    return {"place": np.full(2, steps / 2), "pair": (steps, np.array([0, 1], np.int8)), "image": image}


def echo_nested():
    return Echo(None, NESTED, nested)


VECTORS = {
    "in process": lambda: make_envs(echo_nested, 2),
    "gymnasium": lambda: make_envs(gym.vector.SyncVectorEnv([echo_nested] * 2)),
    "gymnasium, same step": lambda: make_envs(gym.vector.SyncVectorEnv([echo_nested] * 2, autoreset_mode="SameStep")),
}


@pytest.mark.parametrize("make", VECTORS.values(), ids=VECTORS)
def test_nested_observations_are_arrays_at_every_leaf(make):
    envs = make()
    observation, _ = envs.reset(0)
    assert envs.observation_space["place"].dtype == np.float32
    for _ in range(3):
        step = envs.step(np.zeros(2, np.int64))
    for seen, expected in ((observation, 0), (step.final_observation, 3)):
        assert seen["place"].tolist() == [[expected / 2] * 2] * 2
        assert seen["place"].dtype == np.float32
        assert seen["pair"][0].tolist() == [expected] * 2
        assert seen["pair"][1].tolist() == [[0, 1]] * 2
        assert seen["image"].shape == (2, 4, 4, 3)
        assert seen["image"].dtype == np.uint8
        assert (seen["image"] == expected).all()
    if envs.autoreset == "same_step":
        assert step.observation["pair"][0].tolist() == [0, 0]


class Masked(Corridor):
    """Going forward (action 1) is allowed on even positions only; said in the info."""

    def mask(self):
        return np.array([1, self.position % 2 == 0], np.int8)

    def reset(self, **kwargs):
        return super().reset(**kwargs)[0], {"action_mask": self.mask()}

    def step(self, action):
        *rest, _ = super().step(action)
        return *rest, {"action_mask": self.mask()}


class Asked(Corridor):
    """The same, by a method as sb3-contrib asks for it."""

    def action_masks(self):
        return np.array([True, self.position % 2 == 0])


def makers(kind):
    return [lambda: kind(end=2, limit=100), lambda: kind(end=100, limit=3)]


def first_of(kind):
    """Alternately ends at 2 and is cut after three steps, like `makers`, for what takes one callable."""
    made = iter(makers(kind))
    return lambda: next(made)()


MASKED = {
    "in process, info": lambda: make_envs(first_of(Masked), 2),
    "in process, method": lambda: make_envs(first_of(Asked), 2),
    "gymnasium same step, info": lambda: make_envs(gym.vector.SyncVectorEnv(makers(Masked), autoreset_mode="SameStep")),
    "gymnasium same step, method": lambda: make_envs(
        gym.vector.SyncVectorEnv(makers(Asked), autoreset_mode="SameStep")
    ),
    "gymnasium disabled, info": lambda: make_envs(gym.vector.SyncVectorEnv(makers(Masked), autoreset_mode="Disabled")),
    "gymnasium disabled, method": lambda: make_envs(gym.vector.SyncVectorEnv(makers(Asked), autoreset_mode="Disabled")),
    "stable-baselines3, info": lambda: make_envs(DummyVecEnv(makers(Masked))),
    "stable-baselines3, method": lambda: make_envs(DummyVecEnv(makers(Asked))),
    "stable-baselines3 processes, method": lambda: make_envs(SubprocVecEnv(makers(Asked))),
}


@pytest.mark.parametrize("make", MASKED.values(), ids=MASKED)
def test_masks_belong_to_the_observation_that_the_next_action_is_chosen_from(make):
    envs = make()
    _, mask = envs.reset(0)
    masks = [mask] + [envs.step(np.ones(2, np.int64)).action_mask for _ in range(3)]
    envs.close()
    assert all(one.dtype == np.bool_ and one.shape == (2, 2) for one in masks)
    # positions 0, 0; 1, 1; 0 (reset), 2; 1, 0 (reset)
    assert [one[:, 1].tolist() for one in masks] == [[True, True], [False, False], [True, True], [False, True]]
    assert all(one[:, 0].all() for one in masks)


@pytest.mark.parametrize("kind", [Masked, Asked])
def test_masks_of_next_step_environments_allow_what_is_ignored(kind):
    envs = make_envs(gym.vector.SyncVectorEnv([lambda: kind(end=3)]))
    envs.reset(0)
    masks = [envs.step(np.ones(1, np.int64)).action_mask[0, 1] for _ in range(5)]
    # positions 1, 2, 3 (ended: the next action is ignored), 0 (reset), 1
    assert masks == [False, True, True, True, False]


def test_a_process_each_gives_masks_too():
    envs = make_envs(Asked, 2, how="async", kwargs={"end": 3})
    envs.reset(0)
    masks = [envs.step(np.ones(2, np.int64)).action_mask[:, 1].tolist() for _ in range(3)]
    envs.close()
    assert masks == [[False, False], [True, True], [True, True]]


def masked_by(mask, space=None):
    class It(Echo):
        def action_masks(self):
            return mask

    return make_envs(lambda: It(space or spaces.Discrete(3)), 1)


def test_masks_of_several_dimensions_lie_side_by_side():
    space = spaces.MultiDiscrete([2, 3])
    parts = masked_by(([True, False], [True, False, True]), space).reset(0)[1]
    assert parts.tolist() == [[True, False, True, False, True]]
    assert masked_by(np.array([1, 0, 1, 0, 1]), space).reset(0)[1].tolist() == parts.tolist()


def test_masks_that_cannot_be_are_refused():
    with pytest.raises(EnvironmentFault, match="has 2 entries"):
        masked_by([True, True]).reset(0)
    with pytest.raises(EnvironmentFault, match="allows no action"):
        masked_by([False] * 3).reset(0)
    with pytest.raises(EnvironmentFault, match="allows no action"):
        masked_by([True, True, False, False, False], spaces.MultiDiscrete([2, 3])).reset(0)
    with pytest.raises(EnvironmentFault, match="Only Discrete"):
        masked_by([True], BOX).reset(0)


STACKED = {
    "in process": lambda: make_envs(first_of(Corridor), 2, options=EnvOptions(frame_stack=3)),
    "next step": lambda: make_envs(gym.vector.SyncVectorEnv(makers(Corridor)), options=EnvOptions(frame_stack=3)),
}


@pytest.mark.parametrize("name", STACKED)
def test_stacked_frames_never_cross_an_episode(name):
    envs = STACKED[name]()
    observation, _ = envs.reset(0)
    assert envs.observation_space.shape == (6,)
    assert observation.tolist() == [[0, 0, 0, 0, 0, 0]] * 2
    steps = [envs.step(np.ones(2, np.int64)) for _ in range(4)]
    assert steps[0].observation.tolist() == [[0, 0, 0, 0, 0, 1]] * 2
    assert steps[1].final_observation[0].tolist() == [0, 0, 0, 1, 0, 2]
    assert steps[2].final_observation[1].tolist() == [0, 1, 0, 2, 0, 3]
    begun = (
        1 if name == "in process" else 2
    )  # the step that shows the first observation of environment 0's next episode
    assert steps[begun].observation[0].tolist() == [1, 0, 1, 0, 1, 0]
    assert steps[begun + 1].observation[0].tolist() == [1, 0, 1, 0, 1, 1]


def images(shape):
    space = spaces.Box(0, 255, shape, np.uint8)
    return lambda: Echo(None, space, lambda steps: np.full(shape, steps, np.uint8))


@pytest.mark.parametrize(
    ("shape", "stacked", "axes"),
    [
        ((8, 9), (3, 8, 9), "HW"),
        ((8, 9, 1), (8, 9, 3), "HWC"),
        ((3, 8, 9), (9, 8, 9), "CHW"),
        ((8, 9, 3), (8, 9, 9), "HWC"),
    ],
)
def test_images_are_stacked_in_their_channels(shape, stacked, axes):
    envs = make_envs(images(shape), 2, options=EnvOptions(frame_stack=3))
    envs.reset(0)
    envs.step(np.zeros(2, np.int64))
    seen = envs.step(np.zeros(2, np.int64)).observation
    assert envs.observation_space.shape == seen.shape[1:] == stacked
    assert seen.dtype == np.uint8
    channels = np.moveaxis(seen, 3, 1) if axes == "HWC" else seen
    times = channels[0, :, 0, 0].reshape(3, -1)
    assert [set(one) for one in times.tolist()] == [{0}, {1}, {2}]
    assert image_axes(spaces.Box(0, 255, shape, np.uint8)) == axes


def test_what_cannot_be_stacked_is_refused():
    with pytest.raises(EnvironmentFault, match="recurrent"):
        stacked_space(spaces.Discrete(3), 2)
