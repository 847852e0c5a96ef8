"""Calls that choose the actions of several single environments at once."""

from __future__ import annotations

import numpy as np

from ppodoctor.measures.acting import CallRows, Together, of_each_stream


def calls(stream, step, rows):
    """Calls of a first layer, one after the other, recorded with the stream stepped last and its steps so far."""
    place = np.concatenate([np.arange(count) for count in rows])
    many = [np.repeat(column, rows) for column in (np.arange(len(rows)), step, stream)]
    return CallRows(0, *many, np.zeros(len(place), int), np.repeat(rows, rows), place, place[:, None])


def test_each_row_belongs_to_the_environment_of_its_place():
    told = of_each_stream(calls(stream=[5, 5], step=[7, 8], rows=[3, 3]), Together((2, 4, 5)))
    assert told.stream.tolist() == [2, 4, 5, 2, 4, 5]
    assert told.step.tolist() == [7, 7, 7, 8, 8, 8]
    assert set(told.rows) == {1}
    assert set(told.place) == {0}


def test_environments_behind_the_one_stepped_last_have_a_step_less():
    told = of_each_stream(calls(stream=[4], step=[8], rows=[3]), Together((2, 4, 5)))
    assert told.step.tolist() == [8, 8, 7]


def test_calls_of_other_sizes_stay_as_they_are():
    plain = calls(stream=[4, 4], step=[8, 8], rows=[1, 64])
    told = of_each_stream(plain, Together((2, 4, 5)))
    assert (told.stream == plain.stream).all()
    assert (told.rows == plain.rows).all()
    assert of_each_stream(plain, Together((4,))) is plain


def test_environments_with_several_rows_each_have_theirs_together():
    """Three teams of two agents, of which the second was stepped last."""
    told = of_each_stream(calls(stream=[4], step=[8], rows=[6]), Together((2, 4, 5), rows=2))
    assert told.stream.tolist() == [2, 2, 4, 4, 5, 5]
    assert told.step.tolist() == [8, 8, 8, 8, 7, 7]
    assert told.place.tolist() == [0, 1, 0, 1, 0, 1]
    assert set(told.rows) == {2}
