"""Where a search looks: PPOConfig's ranges, a user's, and what is refused before anything runs."""

from __future__ import annotations

import itertools

import pytest

from ppodoctor.config import ConfigError, PPOConfig, search_space
from ppodoctor.tuning.space import Axis, check, flag_space, grid, own_space


def test_ranges_come_from_the_settings_themselves():
    own = search_space()["learning_rate"]
    (axis,) = own_space(["learning_rate"])
    assert (axis.low, axis.high, axis.log) == (own.low, own.high, True)
    (epochs,) = own_space(["epochs"])
    assert epochs.choices == search_space()["epochs"].values


def test_a_users_range_wins_and_keeps_the_settings_kind():
    learning_rate, clip, epochs = own_space(["learning-rate=1e-5..1e-3", "clip_range=0.1..0.5", "epochs=2..8"])
    assert (learning_rate.low, learning_rate.high, learning_rate.log) == (1e-5, 1e-3, True)
    assert not clip.log
    assert epochs.whole
    assert {type(value) for value in epochs.points(1)} == {int}


def test_the_grid_of_the_readme_has_32_settings_with_both_ends():
    rows = grid(own_space(["learning_rate=1e-5..1e-3", "clip_range=0.1..0.5"]))
    assert len(rows) == 32
    assert rows[0] == {"learning_rate": 1e-5, "clip_range": 0.1}
    assert rows[-1] == {"learning_rate": 1e-3, "clip_range": 0.5}
    rates = sorted({row["learning_rate"] for row in rows})
    ratios = [b / a for a, b in itertools.pairwise(rates)]
    assert max(ratios) == pytest.approx(min(ratios), rel=1e-4)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("learning_rate=1e-4..1e-2:3", [1e-4, 1e-3, 1e-2]),
        ("learning_rate=0.1..0.3:linear:3", [0.1, 0.2, 0.3]),
        ("gamma=0.9,0.99", [0.9, 0.99]),
        ("hidden_sizes=64x64,32", [(64, 64), (32,)]),
        ("normalise_observations=false,true", [False, True]),
        ("activation=tanh,relu", ["tanh", "relu"]),
    ],
)
def test_what_can_be_written(text, points):
    assert own_space([text])[0].points(1) == points


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("learning_rat=1..2", "did you mean learning_rate"),
        ("learning_rate=2..1", "lower end"),
        ("learning_rate=a..1", "'a'"),
        ("learning_rate=1..2:logarithm", "'logarithm'"),
        ("learning_rate=0..1:log", "above 0"),
        ("activation=1..2", "one by one"),
        ("epochs=2.5,3", "2.5"),
        ("seed=1,2", "not searched"),
        ("adam_epsilon", "no range of its own"),
    ],
)
def test_what_is_refused_in_words(text, said):
    with pytest.raises(ConfigError, match=said):
        own_space([text])


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["minibatches=3,4"], "minibatches=3 does not divide"),
        (["gamma=0.9..1.5"], "at most 1"),
        (["num_envs=2,4", "rollout_steps=1", "minibatches=2"], "one sample in each"),
        (["gamma", "gamma=0.9..0.95"], "given twice"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_runs(texts, said):
    with pytest.raises(ConfigError, match=said):
        check(own_space(texts), {})


def test_the_usual_space_has_no_conflict():
    space = own_space([])
    check(space, {})
    assert {axis.name for axis in space} <= set(PPOConfig().to_dict())


def test_a_grid_that_is_too_large_is_refused():
    with pytest.raises(ConfigError, match="settings"):
        grid(own_space([f"{name}=0.1..0.9:40" for name in ("gamma", "gae_lambda", "clip_range")]))


def test_flags_of_a_script():
    rate, layers, kind = flag_space(["--learning-rate=1e-5..1e-3:log", "layers=1..3", "kind=a,b"])
    assert (rate.name, rate.log, rate.whole) == ("learning-rate", True, False)
    assert (layers.whole, layers.points(1)) == (True, [1, 2, 3])
    assert kind.choices == ("a", "b")
    with pytest.raises(ConfigError, match="no values"):
        flag_space(["learning-rate"])


@pytest.mark.parametrize(
    "axis",
    [Axis("a", 1e-5, 1.0, log=True), Axis("a", -2, 3), Axis("a", 1, 9, whole=True), Axis("a", choices=("x", "y", "z"))],
)
def test_a_place_and_its_value_agree(axis):
    for at in (0.0, 0.3, 0.5, 1.0):
        value = axis.value(at)
        assert axis.value(axis.place(value)) == value
