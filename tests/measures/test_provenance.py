"""Samples are traced back to the steps they came from, however the observation reached the network."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic import FIRST, Script, make

from ppodoctor.measures.acting import row_keys
from ppodoctor.measures.provenance import fit_affine, match, match_inputs


def rows_of(run, found):
    """[B, D] the observations that the samples are said to have."""
    return np.array([run.rollouts[i].obs[t, n] for i, t, n in zip(found.rollout, found.t, found.n, strict=True)])


def test_exact_rows_are_found():
    run, readings = make(Script())
    for reading in readings:
        found = match(run, reading)
        assert (found.how, found.share) == ("exact", 1.0)
        assert np.array_equal(rows_of(run, found), reading.policy_inputs)
        assert set(found.rollout) == {reading.update - 1}
        assert not found.ambiguous.any()


def test_transformed_rows_are_found_by_what_the_acting_network_saw():
    run, readings = make(Script(transform="affine"))
    plain, same = make(Script())
    for reading, other in zip(readings, same, strict=True):
        found = match(run, reading)
        assert (found.how, found.share) == ("acting input", 1.0)
        assert np.array_equal(rows_of(run, found), rows_of(plain, match(plain, other)))


def test_without_recorded_calls_an_affine_map_is_fitted():
    run, readings = make(Script(transform="affine", calls=False))
    plain, same = make(Script())
    found = match(run, readings[0])
    assert (found.how, found.share) == ("affine", 1.0)
    assert np.array_equal(rows_of(run, found), rows_of(plain, match(plain, same[0])))
    scale, shift = found.obs_affine
    assert scale == pytest.approx(1 / 1.7, rel=1e-3)
    assert shift == pytest.approx(-0.31 / 1.7, rel=1e-2)


def test_an_affine_map_is_not_seen_where_there_is_none():
    rng = np.random.default_rng(0)
    assert fit_affine(rng.normal(size=(400, 3)), rng.normal(size=(64, 3)))[2] < 0.9


def test_samples_of_an_earlier_rollout_are_told():
    run, readings = make(Script(stale=True, updates=3))
    late = [r for r in readings if r.update == 3]
    found = match(run, late[0])
    assert found.share == 1.0
    assert set(found.rollout) == {1, 2}


def test_sequences_are_matched_row_by_row():
    run, readings = make(Script())
    rows = readings[0].policy_inputs
    found = match_inputs(run, 1, rows.reshape(16, -1, 3))
    assert np.array_equal(rows_of(run, found), rows)


def test_equal_observations_are_told_apart_by_their_action():
    run, _ = make(Script(envs=1, steps=64, updates=1))
    rollout = run.rollouts[0]
    obs, action = rollout.obs.copy(), rollout.action.copy()
    obs[10], action[10], action[20] = obs[20], 0, 1
    run = replace(run, rollouts=(replace(rollout, obs=obs, action=action),))
    inputs = np.concatenate([obs[20], obs[20], obs[5]])
    found = match_inputs(run, 1, inputs, action=np.array([1, 0, rollout.action[5, 0]]), module=FIRST)
    assert found.t.tolist() == [20, 10, 5]
    assert not found.ambiguous.any()
    unknown = match_inputs(run, 1, inputs)
    assert unknown.ambiguous.tolist() == [True, True, False]


def test_foreign_rows_are_not_matched():
    run, _ = make(Script())
    assert match_inputs(run, 1, np.random.default_rng(1).normal(size=(32, 3))) is None
    assert match_inputs(run, 1, np.ones((32, 7))) is None


def test_keys_depend_on_every_number_and_not_on_the_sign_of_zero():
    rows = np.random.default_rng(2).normal(size=(1000, 6)).astype(np.float32)
    assert len(np.unique(row_keys(rows))) == 1000
    assert row_keys(np.array([[0.0, 1.0]])) == row_keys(np.array([[-0.0, 1.0]]))
    assert row_keys(np.array([[0.0, 1.0]])) != row_keys(np.array([[1.0, 0.0]]))


def test_steps_that_look_alike_are_a_group_behind_a_normaliser_too():
    run, _ = make(Script(transform="affine", calls=False))
    rollout = run.rollouts[0]
    twice = np.concatenate([rollout.obs[:64], rollout.obs[:64]])
    both = replace(run, rollouts=(replace(rollout, obs=twice), *run.rollouts[1:]))
    inputs = np.tile((rollout.obs[:64].reshape(-1, 3) - np.float32(0.31)) / np.float32(1.7), (2, 1))
    found = match_inputs(both, 1, inputs)
    assert found.how == "affine"
    assert found.ambiguous.all()
    group, size = found.alike
    assert set(size) == {2}
    assert np.array_equal(group[:256], group[256:])
