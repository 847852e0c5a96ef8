"""Plans are functions of the history: nothing is run here, every score is made up."""

from __future__ import annotations

import math

import pytest

from ppodoctor.tuning.plans import METHODS, STARTS, Plan, Tried
from ppodoctor.tuning.space import grid, own_space

SPACE = own_space(["learning_rate=1e-5..1e-2", "clip_range=0.05..0.4", "epochs=1,2,5,10", "activation=tanh,relu"])


def hill(settings):
    """Best at a learning rate of 1e-3 and a clip range of 0.2."""
    return -abs(math.log10(settings["learning_rate"]) + 3) - 3 * abs(settings["clip_range"] - 0.2)


def searched(method, trials, space=SPACE, seed=1):
    history = []
    while len(history) < trials:
        batch = Plan(method, space, seed).ask(history, 1)
        history += [Tried(one, hill(one)) for one in batch]
    return history


def test_a_grid_goes_through_all_settings_once():
    space = SPACE[:2]
    plan = Plan("grid", space)
    first = plan.ask([], 5)
    rest = plan.ask([Tried(one) for one in first], 1000)
    assert first + rest == grid(space)
    assert plan.ask([Tried(one) for one in first + rest], 5) == []


@pytest.mark.parametrize("method", [name for name in METHODS if name not in ("grid", "gp")])
def test_the_same_history_gives_the_same_next_trials(method):
    history = searched(method, STARTS + 3)
    assert Plan(method, SPACE, 1).ask(history, 2) == Plan(method, SPACE, 1).ask(history, 2)
    assert Plan(method, SPACE, 1).ask(history, 1) != Plan(method, SPACE, 2).ask(history, 1)


@pytest.mark.parametrize("method", [name for name in METHODS if name not in ("grid", "gp")])
def test_suggestions_stay_inside_and_are_settings(method):
    for one in searched(method, STARTS + 4):
        assert list(one.settings) == [axis.name for axis in SPACE]
        assert 1e-5 <= one.settings["learning_rate"] <= 1e-2
        assert 0.05 <= one.settings["clip_range"] <= 0.4
        assert one.settings["epochs"] in (1, 2, 5, 10)
        assert one.settings["activation"] in ("tanh", "relu")


def test_a_model_goes_where_it_is_good():
    """Of a hill, the last ten suggestions of TPE are nearer to the top than ten quasi-random ones."""
    tpe, chance = (searched(name, 40)[-10:] for name in ("tpe", "sobol"))
    assert sum(one.score for one in tpe) > sum(one.score for one in chance)


@pytest.mark.slow
def test_a_gaussian_process_goes_where_it_is_good():
    space = SPACE[:2]
    model = searched("gp", STARTS + 4, space)
    assert max(one.score for one in model[STARTS:]) > max(one.score for one in model[:STARTS])


@pytest.mark.parametrize("method", ["tpe", "cmaes"])
def test_failed_and_running_settings_are_taken_in(method):
    history = searched(method, STARTS + 2)
    history[3] = Tried(history[3].settings, None, failed=True)
    history[-1] = Tried(history[-1].settings, None)
    (one,) = Plan(method, SPACE, 1).ask(history, 1)
    assert one != history[-1].settings


def test_several_at_once_are_different():
    batch = Plan("tpe", SPACE, 1).ask(searched("tpe", STARTS + 2), 4)
    assert len({str(one) for one in batch}) == 4
