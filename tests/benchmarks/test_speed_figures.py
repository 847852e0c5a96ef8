"""What the speed benchmark makes of its measurements: medians, ratios, goals that were missed."""

from __future__ import annotations

from speed import Task, goals, summary, tasks

STEADY = Task("wide-8", "steady", "HalfCheetah-v4", 8, 1.0)
START = Task("start", "start", "CartPole-v1", 4, 0.0)


def steady(**rates):
    return summary(STEADY, {peer: [{"steps_per_second": one} for one in all_] for peer, all_ in rates.items()})


def test_ratios_are_of_medians_over_stable_baselines3():
    found = steady(ours=[10.0, 30.0, 20.0], sb3=[5.0, 10.0, 90.0])
    assert found["peers"]["ours"]["ratio"] == 2.0
    start = summary(START, {"ours": [{"seconds": 1.0}], "sb3": [{"seconds": 3.0}]})
    assert start["peers"]["ours"]["ratio"] == 3.0  # less time is better


def test_goals_that_are_missed_are_said():
    assert goals([steady(ours=[10.0], sb3=[9.0], cleanrl=[8.0])]) == []
    slower = goals([steady(ours=[10.0], sb3=[9.0], cleanrl=[11.0])])
    assert len(slower) == 1
    assert "cleanrl 11" in slower[0]
    late = summary(START, {"ours": [{"seconds": 2.5}], "sb3": [{"seconds": 3.0}]})
    assert goals([late]) == ["start: 2.50 s, 2 s wanted"]
    cartpole = Task("cartpole-8", "steady", "CartPole-v1", 8, 1.0)
    rates = {"ours": [{"steps_per_second": 20.0}], "sb3": [{"steps_per_second": 10.0}]}
    assert goals([summary(cartpole, rates)]) == ["cartpole-8: ours 2.00x sb3, 3x wanted"]


def test_who_could_not_be_measured_is_no_missed_goal():
    found = summary(STEADY, {"ours": [{"missing": "no mujoco"}], "sb3": [{"missing": "no mujoco"}]})
    assert found["peers"]["ours"] == {"missing": "no mujoco"}
    assert goals([found]) == []
    assert goals([summary(STEADY, {"sb3": [{"steps_per_second": 1.0}]})]) == []


def test_a_named_task_is_quick_too():
    assert [task.name for task in tasks("wide", quick=True)] == ["wide-8"]
    assert all(task.seconds <= 2 for task in tasks("", quick=True))
    assert len(tasks("", quick=True)) < len(tasks("", quick=False))
