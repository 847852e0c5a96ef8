"""What is measured around optimizer steps, where actor and critic take steps of their own."""

from __future__ import annotations

import pytest
from watching import losses

from ppodoctor.watching.update_builder import UpdateBuilder


def built(*measured):
    """The row of an update: after each reading, how far the step behind it went."""
    builder = UpdateBuilder(1, 0, 0.0)
    batch = losses.data(0)
    for make, size in measured:
        builder.add(losses.read(make, batch))
        builder.measure_step("update_size", size)
    return builder.finish(len(measured))


def critic_alone(b):
    return ((b.value() - b.target) ** 2).mean()


def test_a_critics_own_steps_do_not_stand_for_the_policys():
    row = built((critic_alone, 0.5), (losses.standard, 0.01), (critic_alone, 0.7), (losses.standard, 0.03))
    assert row.update_size == pytest.approx(0.02)


def test_they_count_where_no_other_were_measured():
    assert built((critic_alone, 0.5), (critic_alone, 0.7)).update_size == pytest.approx(0.6)
