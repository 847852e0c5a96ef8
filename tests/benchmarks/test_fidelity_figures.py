"""Intervals, differences and what is called worse; runs that are kept are not made again."""

from __future__ import annotations

import json

import fidelity
import numpy as np
import pytest
from fidelity_page import difference, interval, page, quantile, shown, summary, worlds
from peers.tasks import Task

stats = pytest.importorskip("scipy.stats")
TASK = {"name": "T", "steps": 10, "seeds": 5, "spread": 10.0, "about": ""}


@pytest.mark.parametrize("df", [3, 4, 4.7, 9, 30])
def test_the_quantile_is_student_s(df):
    assert quantile(df) == pytest.approx(stats.t.ppf(0.975, df), rel=0.01)


def test_few_degrees_of_freedom_are_not_underestimated():
    assert quantile(1.0) >= stats.t.ppf(0.975, 1) - 1e-3
    assert quantile(2.5) >= stats.t.ppf(0.975, 2.5)


def test_intervals_are_scipy_s():
    rng = np.random.default_rng(0)
    a, b = list(rng.normal(10, 1, 7)), list(rng.normal(9, 4, 5))
    low, high = stats.t.interval(0.95, 6, np.mean(a), stats.sem(a))
    assert interval(a) == pytest.approx((np.mean(a), low, high), rel=0.01)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert difference(a, b)[1:] == pytest.approx((expected.low, expected.high), rel=0.01)
    assert interval([1.0]) is None
    assert difference([1.0, 1.0], [0.5, 0.5]) == (0.5, 0.5, 0.5)


def rows(**peers):
    return [
        {"task": "T", "peer": peer, "seed": seed, "score": score, "seconds": 1.0, "world": [1.0, 0.0]}
        for peer, scores in peers.items()
        for seed, score in enumerate(scores)
    ]


def test_worse_is_what_lies_below_with_the_whole_interval():
    noisy = summary(TASK, ["ours", "sb3"], rows(ours=[1, 9, 2, 8, 5], sb3=[6, 7, 6, 7, 6]))
    assert noisy["worse"] == []
    clear = summary(TASK, ["ours", "sb3"], rows(ours=[1, 2, 1, 2, 1], sb3=[6, 7, 6, 7, 6]))
    assert clear["worse"] == ["sb3"]
    assert clear["peers"]["sb3"]["ours_higher"] == 0.0
    assert "WORSE" in shown(clear)
    assert "**worse**" in page([clear], {})
    assert "Worse than another on T" in page([clear], {})
    assert "Nowhere" in page([noisy], {})
    other = summary(TASK, ["ours", "sb3"], rows(ours=[6, 7, 6, 7], sb3=[1, 2, 1, 2]))
    assert other["worse"] == []
    unnoticed = summary(TASK, ["ours", "sb3"], rows(ours=[6.99, 7.0, 6.99], sb3=[7.05, 7.06, 7.05]))
    assert unnoticed["peers"]["sb3"]["difference"][2] < 0
    assert unnoticed["worse"] == []
    own = summary(TASK, ["ours-gru", "ours"], [*rows(**{"ours-gru": [1, 2, 1]}), *rows(ours=[6, 7, 6])])
    assert own["worse"] == []


def test_other_worlds_are_noticed():
    found = rows(ours=[1, 2], sb3=[1, 2])
    assert worlds(found)
    found[2]["world"] = [1.5, 0.0]
    assert not worlds(found)
    assert "NOT the same" in shown(summary(TASK, ["ours", "sb3"], found))


def test_who_could_not_be_measured_is_named():
    failed = [{"task": "T", "peer": "sb3", "seed": 1, "missing": "no module"}]
    found = summary(TASK, ["ours", "sb3"], rows(ours=[1, 2]) + failed)
    assert "not measured: no module" in shown(found)
    few = page([found, summary({**TASK, "name": "U"}, ["ours"], rows(ours=[1, 2, 3, 4, 5]))], {})
    assert "left out: T." in few
    assert "## U" in few
    assert "## T" not in few


def test_kept_runs_are_not_made_again(tmp_path, monkeypatch):
    made = []

    def one(self, task, peer, config):
        made.append((peer, config["seed"], config["gamma"]))
        return {"score": float(config["seed"]), "seconds": 1.0, "world": [0.0]} if peer == "ours" else {"missing": "no"}

    monkeypatch.setattr(fidelity.Bench, "_one", one)
    path = tmp_path / "runs.json"
    task = Task("T", 1024, 2, 1.0, {"gamma": 0.9})
    bench = fidelity.Bench(None, 1, path, [])
    assert len(bench.run(task, ["ours", "sb3"], 2)) == 4
    kept = json.loads(path.read_text())["runs"]
    assert len(kept) == 4
    again = fidelity.Bench(None, 1, path, kept)
    made.clear()
    assert len(again.run(task, ["ours", "sb3"], 3)) == 6
    assert made == [("sb3", 1, 0.9), ("sb3", 2, 0.9), ("ours", 3, 0.9), ("sb3", 3, 0.9)]  # what failed is tried again
    made.clear()
    again.run(Task("T", 1024, 2, 1.0, {"gamma": 0.8}), ["ours"], 1)
    assert made == [("ours", 1, 0.8)]


def test_what_is_kept_is_told_for_the_settings_of_now_alone():
    task = Task("T", 1024, 2, 1.0, {"gamma": 0.9})
    other = Task("T", 1024, 2, 1.0, {"gamma": 0.8})
    kept = [
        {"task": "T", "peer": peer, "seed": seed, "settings": which.config(seed), "score": 1.0}
        for which, peer, seed in ((task, "ours", 1), (task, "ours", 9), (other, "ours", 2), (task, "sb3", 1))
    ]
    failed = {name: value for name, value in kept[0].items() if name != "score"} | {"missing": "no memory"}
    bench = fidelity.Bench(None, 1, None, [failed, *kept])
    assert bench.kept(task, ["ours"]) == kept[:2]
