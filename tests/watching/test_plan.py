"""Which backward calls are read: the first updates' first epoch, later the first and the last of each kind."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest

from ppodoctor.watching.plan import ENOUGH, WHOLE, Plan

SAMPLES, BATCH = 128, 16
EPOCH = SAMPLES // BATCH


def update(plan, number, kinds, steps=SAMPLES):
    """One update with these backward calls: the places of those that were read, and of those that were looked at."""
    plan.begin(number, number * steps)
    read, seen, place = [], [], 0
    while place < len(kinds):
        passing = min(plan.passing(), len(kinds) - place)
        plan.passed(passing)
        place += passing
        if place == len(kinds):
            break
        seen.append(place)
        if plan.wants(kinds[place], SAMPLES, glimpse=True)[0]:
            read.append(place)
            plan.saw(kinds[place], BATCH)
        place += 1
    return read, seen


def later(kinds, number=5):
    """A plan that has seen such updates before."""
    plan = Plan()
    for earlier in range(1, number):
        update(plan, earlier, kinds)
    return plan


def test_the_first_epoch_of_the_first_updates_is_read_call_by_call_and_the_third_at_a_few():
    plan, kinds = Plan(), ["loss"] * 10 * EPOCH
    for number in range(1, WHOLE + 1):
        assert update(plan, number, kinds)[0][:EPOCH] == list(range(EPOCH))
    few, _ = update(plan, WHOLE + 1, kinds)
    assert {0, len(kinds) - 1} <= set(few)
    assert len(few) < EPOCH


def rollout(terminated, truncated, steps=32):
    """A rollout that was kept, with so many ends."""
    flags = np.arange(steps)[:, None]
    return SimpleNamespace(terminated=flags < terminated, truncated=flags >= steps - truncated)


def kept(ends, held=(0, 0)):
    """The updates whose rollouts are kept, when so many ends have come by then and each kept rollout holds some."""
    plan, found = Plan(), []
    for number in range(1, 15):
        plan.begin(number, number * ENOUGH, ends(number))
        if plan.specimen:
            found.append(number)
            plan.kept([rollout(*held)])
    return found


def test_a_rollout_is_kept_out_of_turn_when_ends_become_common_that_were_not_seen():
    assert kept(lambda number: (0, 0)) == [1, 2]
    assert kept(lambda number: (10 * (number > 5), 0)) == [1, 2, 7, 8]
    assert kept(lambda number: (10 * (number > 5), 20 * (number > 8))) == [1, 2, 7, 8, 10, 11]


def test_ends_that_were_seen_ask_for_no_more():
    assert kept(lambda number: (10 * number, 10 * number), held=(2, 2)) == [1, 2]
    assert kept(lambda number: (10 * number, number // 3), held=(3, 0)) == [1, 2]


def test_a_loss_that_comes_up_late_is_kept_once():
    plan = later(["critic"] * 40)
    plan.begin(5, 5 * SAMPLES)
    assert plan.wants("actor", SAMPLES, glimpse=False) == (True, True)
    assert plan.wants("actor", SAMPLES, glimpse=False) == (False, False)


@pytest.mark.parametrize(
    ("kinds", "ends"),
    [
        (["loss"] * 40, [0, 39]),
        (["actor", "critic"] * 20, [0, 1, 38, 39]),
        (["actor"] * 20 + ["critic"] * 20, [0, 19, 20, 39]),
        (["loss"], [0]),
    ],
)
def test_later_the_first_and_the_last_of_each_kind_are_looked_at_and_the_others_counted(kinds, ends):
    plan = later(kinds)
    read, seen = update(plan, 5, kinds)
    assert read == seen == ends
    assert plan.calls() == len(kinds)
    assert plan.kinds() == set(kinds)


def test_an_update_that_stops_early_and_one_that_goes_on_longer_are_counted_whole():
    plan = later(["loss"] * 40)
    update(plan, 5, ["loss"] * 13)
    assert plan.calls() == 13
    read, _ = update(plan, 6, ["loss"] * 30)
    assert plan.calls() == 30
    assert read == [0, 12]


def test_an_update_of_which_nothing_may_be_read_is_only_counted():
    plan = later(["loss"] * 40)
    plan.charge(1.0, glimpse=True)
    plan.charge(1.0, glimpse=False)
    read, seen = update(plan, 5, ["loss"] * 40)
    assert (read, seen) == ([], [])
    assert plan.calls() == 40
    _, seen = update(plan, 6, ["loss"] * 42)
    assert seen == [40, 41]  # what goes on longer than the last update is looked at
    plan.lasted = lambda: 1e6
    assert update(plan, 7, ["loss"] * 40)[0] == [0]  # there is time again; the last one's place is not known


def test_the_kind_that_comes_is_expected_only_where_nothing_is_read():
    plan = later(["actor", "critic"])
    update(plan, 5, ["actor", "critic"])
    assert plan.expected() is None
    plan.charge(1.0, glimpse=True)
    plan.charge(1.0, glimpse=False)
    plan.begin(6, 6 * SAMPLES)
    assert plan.expected() == "actor"
    plan.passed(1)
    assert plan.expected() == "critic"
    plan.passed(1)
    assert plan.expected() is None


def test_an_update_that_is_read_in_full_lets_nothing_pass():
    plan = later(["loss"] * 40, number=16)
    plan.lasted = lambda: 1e6  # much time has gone by: readings may take some of it
    _, seen = update(plan, 16, ["loss"] * 40)
    assert plan.specimen
    assert seen == list(range(40))


def test_after_two_long_rollouts_no_third_is_kept_and_the_second_update_is_read_at_a_few_calls():
    plan, kinds = Plan(), ["loss"] * 10 * EPOCH
    assert plan.specimen
    assert update(plan, 1, kinds, ENOUGH // 2)[0][:EPOCH] == list(range(EPOCH))
    assert plan.specimen_next
    few, _ = update(plan, 2, kinds, ENOUGH // 2)
    assert {0, len(kinds) - 1} <= set(few)
    assert len(few) < EPOCH
    assert (plan.specimen, plan.specimen_next) == (True, False)
    update(plan, 3, kinds, ENOUGH // 2)
    assert not plan.specimen


def test_specimens_come_again_later_however_long_the_rollouts_are():
    plan, kept = Plan(), []
    for number in range(1, 70):
        update(plan, number, ["loss"], ENOUGH)
        kept += [number] if plan.specimen else []
    assert kept == [1, 2, 16, 64]


def test_a_script_that_waits_gives_no_time_to_spend():
    plan = Plan()
    time.sleep(0.3)
    assert plan.lasted() < 0.2
