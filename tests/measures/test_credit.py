"""For every way to compute advantages that is planted, the fit names it; for the right one it names nothing."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic import Script, make

from ppodoctor.measures.credit import Fit, fit_readings

PLANTED = {
    "done_previous": {"done_shifted"},
    "done_previous_final": {"done_shifted"},
    "done_previous_cuts": {"done_shifted"},
    "done_next": {"done_shifted"},
    "done_inverted": {"done_inverted"},
    "ends_inverted_final": {"done_inverted"},
    "done_ignored": {"termination_ignored", "time_limit_ignored"},
    "done_value_ignored": {"termination_ignored", "time_limit_bootstrapped_from_reset"},
    "leak": {"gae_leaks_across_episodes"},
    "death": {"time_limit_read_as_death"},
    "reset": {"time_limit_bootstrapped_from_reset"},
    "truncation_ignored": {"time_limit_ignored"},
    "truncation_carries": {"time_limit_ignored"},
    "no_tail": {"tail_not_bootstrapped"},
    "last_is_zero": {"tail_not_bootstrapped"},
    "own_state": {"tail_bootstrapped_from_own_state"},
    "environments": {"gae_along_wrong_axis", "time_limit_read_as_death"},
    "environments_flags": {"gae_along_wrong_axis"},
    "environments_own": {"gae_along_wrong_axis", "time_limit_read_as_death"},
    "across_environments": {"gae_leaks_across_environments", "time_limit_read_as_death"},
    "rolling": {"gae_leaks_across_environments", "time_limit_read_as_death"},
}


def fits(**script: Any) -> dict[str, Fit]:
    found = {fit.what: fit for fit in fit_readings(*make(Script(**script)))}
    assert set(found) == {"advantages", "targets"}
    return found


def kinds(fit: Fit) -> set[str]:
    return {deviation.kind for deviation in fit.deviations}


@pytest.mark.parametrize("variant", PLANTED)
def test_a_planted_recursion_is_named(variant):
    for fit in fits(variant=variant, every_final=variant.endswith(("_final", "_carries"))).values():
        assert fit.exact
        assert kinds(fit) == PLANTED[variant]
        assert fit.gamma == pytest.approx(0.99, abs=1e-4)
        assert fit.lam == pytest.approx(0.95, abs=1e-4)
        assert all(deviation.met >= 0.9 * deviation.rows > 0 for deviation in fit.deviations)


def test_where_nothing_terminates_a_recursion_that_runs_on_leaks_across_all_episodes():
    for fit in fits(variant="truncation_carries", every_final=True, death=0.0).values():
        assert fit.exact
        assert kinds(fit) == {"gae_leaks_across_episodes"}


@pytest.mark.parametrize("envs", [1, 4])
@pytest.mark.parametrize("normalise", ["none", "batch", "minibatch", "centre"])
def test_the_right_recursion_is_right_however_advantages_are_normalised(envs, normalise):
    found = fits(envs=envs, steps=512 // envs, normalise=normalise)
    kind = {"centre": "centred", "batch": "batch"}.get(normalise, normalise)
    assert found["advantages"].scaling.kind == kind
    for fit in found.values():
        assert fit.exact
        assert not fit.deviations
        assert fit.residual < 1e-5
        assert fit.runner_up_residual > 1e-3


@settings(max_examples=12)
@given(gamma=st.floats(0.8, 1.0), lam=st.floats(0.0, 1.0), seed=st.integers(0, 99))
def test_gamma_and_lambda_come_out_of_the_numbers(gamma, lam, seed):
    for fit in fits(gamma=gamma, lam=lam, seed=seed, steps=64).values():
        assert fit.exact
        assert not fit.deviations
        assert fit.gamma == pytest.approx(gamma, abs=1e-4)
        assert fit.lam == pytest.approx(lam, abs=1e-3)


@pytest.mark.parametrize(
    ("reward", "kind"),
    [
        ("scaled", set()),
        ("centred", {"rewards_centred"}),
        ("standardised", {"rewards_centred"}),
        ("clipped", {"rewards_clipped"}),
        ("previous", {"rewards_shifted"}),
        ("next", {"rewards_shifted"}),
        ("neighbour", {"rewards_of_other_environment"}),
        ("end_replaced", {"reward_changed_at_ends"}),
        ("death_replaced", {"reward_changed_at_ends"}),
        ("end_added", {"reward_changed_at_ends"}),
    ],
)
def test_what_is_done_to_rewards_is_named(reward, kind):
    for fit in fits(reward=reward).values():
        assert fit.exact
        assert kinds(fit) == kind
        assert fit.gamma == pytest.approx(0.99, abs=1e-4)


def test_values_that_the_script_adds_at_limits_it_alone_knows_may_be_standardised_with_the_rewards():
    found = fits(reward="standardised_with_value", variant="death", one_flag=True, limit=60, death=0.02, steps=256)
    for fit in found.values():
        assert fit.exact
        assert kinds(fit) == {"rewards_centred"}
        assert fit.gamma == pytest.approx(0.99, abs=1e-4)


def test_a_value_in_the_reward_does_not_hide_that_ends_are_ignored():
    for fit in fits(reward="with_value", variant="done_value_ignored").values():
        assert fit.exact
        assert kinds(fit) == {"termination_ignored", "time_limit_bootstrapped_from_reset"}


def test_a_constant_reward_that_is_centred_vanishes():
    for fit in fits(reward="centred", constant_reward=True).values():
        assert kinds(fit) == {"rewards_centred"}
    for fit in fits(constant_reward=True).values():
        assert fit.exact
        assert not fit.deviations


@pytest.mark.parametrize(
    ("target", "form", "lam"),
    [("advantage", "advantage", 0.95), ("monte_carlo", "return", 1.0), ("one_step", "return", 0.0)],
)
def test_targets_are_told_apart(target, form, lam):
    fit = fits(target=target)["targets"]
    assert fit.exact
    assert (fit.form, fit.lam) == (form, pytest.approx(lam, abs=1e-4))


@pytest.mark.parametrize("normalise", ["none", "batch", "minibatch"])
def test_an_advantage_of_the_wrong_sign_is_named(normalise):
    found = fits(flipped=True, normalise=normalise)
    assert kinds(found["advantages"]) == {"advantage_sign_flipped"}
    assert not found["targets"].deviations


def test_a_few_minibatches_are_enough():
    found = fits(steps=512, minibatches=16, recorded=2, variant="death")
    assert all(kinds(fit) == {"time_limit_read_as_death"} for fit in found.values())


def test_what_no_recorded_row_shows_is_not_said():
    for variant in ("death", "reset", "truncation_ignored"):
        for fit in fits(variant=variant, limit=10**6).values():
            assert fit.exact
            assert not fit.deviations


def test_values_that_the_script_never_asked_for_rule_a_variant_out():
    for fit in fits(variant="death", finals=False).values():
        assert kinds(fit) == {"time_limit_read_as_death"}
    for fit in fits(variant="no_tail", tail_value=False).values():
        assert kinds(fit) == {"tail_not_bootstrapped"}


def test_observations_that_the_script_transforms_are_found():
    for fit in fits(transform="affine").values():
        assert fit.exact
        assert not fit.deviations


def test_numbers_without_a_recursion_are_not_explained():
    run, readings = make(Script())
    rng = np.random.default_rng(0)
    noise = tuple(
        replace(
            r,
            surrogate=replace(r.surrogate, advantage=rng.normal(size=r.batch)),
            value=replace(r.value, target=rng.normal(size=r.batch)),
        )
        for r in readings
    )
    for fit in fit_readings(run, noise):
        assert not fit.exact
        assert not fit.deviations


def test_a_value_that_is_added_to_rewards_may_have_another_discount():
    for fit in fits(reward="with_other_value", variant="death").values():
        assert fit.exact
        assert fit.gamma == pytest.approx(0.99, abs=1e-3)
