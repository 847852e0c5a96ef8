"""Which of several environments train: told by minibatches, by the steps beside them, and by what follows them."""

from __future__ import annotations

import numpy as np

from ppodoctor.specimens import RolloutSpecimen
from ppodoctor.watching.train_streams import TrainStreams

ROWS, WIDTH = 64, 3


def rollout(stream: int, seed: int, update: int = 1) -> RolloutSpecimen:
    obs = np.random.default_rng(seed).normal(size=(ROWS, 1, WIDTH))
    flags, zeros = np.zeros((ROWS, 1), bool), np.zeros((ROWS, 1))
    return RolloutSpecimen(
        update=update,
        stream=stream,
        first_call=0,
        obs=obs,
        next_obs=obs,
        action=zeros,
        reward=zeros,
        terminated=flags,
        truncated=flags,
        done_seen=flags,
    )


def inputs(*rollouts: RolloutSpecimen) -> np.ndarray:
    return np.concatenate([one.obs.reshape(-1, WIDTH) for one in rollouts]).astype(np.float32)


def met(streams: TrainStreams, found: list[RolloutSpecimen], minibatch: np.ndarray) -> TrainStreams:
    streams.cut({one.stream: ROWS for one in found})
    streams.rollouts(found)
    streams.minibatch(minibatch)
    return streams


def test_a_stream_that_is_in_no_minibatch_evaluates():
    train, other = rollout(0, 1), rollout(1, 2)
    assert met(TrainStreams(), [train, other], inputs(train)).evaluating([0, 1]) == {1}


def test_both_in_the_minibatches_train():
    train, other = rollout(0, 1), rollout(1, 2)
    assert met(TrainStreams(), [train, other], inputs(train, other)).evaluating([0, 1]) == set()


def test_half_of_the_trained_rows_prove_nothing_about_the_rest():
    train, other = rollout(0, 1), rollout(1, 2)
    assert met(TrainStreams(), [train, other], inputs(train)[::2]).evaluating([0, 1]) == set()


def test_inputs_that_are_no_observations_prove_nothing():
    train, other = rollout(0, 1), rollout(1, 2)
    assert met(TrainStreams(), [train, other], inputs(train) * 2 + 1).evaluating([0, 1]) == set()


def test_observations_that_both_have_tell_neither_from_the_other():
    train, twin = rollout(0, 1), rollout(1, 1)
    assert met(TrainStreams(), [train, twin], inputs(train)).evaluating([0, 1]) == set()


def test_being_trained_on_once_is_enough():
    streams = TrainStreams()
    for both in (False, True):
        train, other = rollout(0, 1), rollout(1, 2)
        met(streams, [train, other], inputs(train, other) if both else inputs(train))
    assert streams.evaluating([0, 1]) == set()


def trained_first(streams: TrainStreams) -> TrainStreams:
    train, second = rollout(0, 1), rollout(1, 2)
    return met(streams, [train, second], inputs(train, second))


def test_steps_on_top_of_the_usual_ones_are_an_evaluation():
    streams = trained_first(TrainStreams())
    for update in range(12):
        streams.cut({0: 50, 1: 50, **({2: 500} if update % 3 == 0 else {})})
    assert streams.evaluating([0, 1, 2]) == {2}


def test_steps_in_place_of_the_usual_ones_are_training():
    streams = trained_first(TrainStreams())
    for update in range(12):
        streams.cut({2: 100} if update % 3 == 0 else {0: 50, 1: 50})
    assert streams.evaluating([0, 1, 2]) == set()


def test_what_is_stepped_after_the_last_update_trains_nobody():
    streams = trained_first(TrainStreams())
    assert streams.evaluating([0, 1, 2]) == set()
    assert streams.ended([0, 1, 2]) == {2}


def test_without_any_update_nobody_knows():
    assert TrainStreams().ended([0, 1]) == set()
