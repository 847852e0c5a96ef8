"""A study from its first trial to its winner, with trainings of a moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from ppodoctor.cli import main
from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.lab import Stop
from ppodoctor.reporting import tuning_html
from ppodoctor.tuning.influence import influences
from ppodoctor.tuning.outcome import mean_of, outcome_of, sentences, write_winner
from ppodoctor.tuning.space import own_space
from ppodoctor.tuning.spec import FRESH, Spec
from ppodoctor.tuning.study import Study, best_third
from ppodoctor.tuning.tune import optuna_study, tune

FIXED = {"rollout_steps": 32, "epochs": 1}
GRID = ["learning_rate=1e-4..1e-2:3", "clip_range=0.1,0.3"]


def spec(**changes):
    given = {"fixed": FIXED, "steps": 1024, "fresh_seeds": 2, "method": "grid", **changes}
    return Spec(
        own_space(changes.pop("texts", GRID)), "CartPole-v1", **{k: v for k, v in given.items() if k != "texts"}
    )


def test_a_grid_is_searched_compared_and_told(tmp_path):
    told = []
    study = Study(tmp_path, spec(), workers=1, tell=lambda trial, result: told.append(trial))
    study.run()
    outcome = outcome_of(study)
    assert len(outcome.candidates) == 6
    scores = [one.score for one in outcome.candidates if len(one.scores) == 3]
    assert len(scores) >= 4  # the best have more seeds
    assert outcome.winner.settings == study.ranked()[0].settings
    assert [one.role for one in outcome.compared] == ["winner", "runner-up", "default"]
    assert all(None not in one.scores for one in outcome.compared)
    assert outcome.gain is not None
    assert {trial.seed for trial in told if trial.seed >= FRESH} == {FRESH, FRESH + 1000}
    assert len({trial.key for trial in told}) == len(told) == outcome.trials
    json.dumps(outcome.to_dict(), allow_nan=False)
    assert sentences(outcome)


def test_the_winner_is_a_config(tmp_path):
    study = Study(tmp_path, spec(texts=["hidden_sizes=16,32x32", "normalise_observations=true,false"]), workers=1)
    study.run()
    outcome = outcome_of(study)
    config = PPOConfig.from_file(write_winner(outcome))
    assert config == PPOConfig.from_dict({**FIXED, **outcome.winner.settings, "total_steps": 1024})


def test_a_study_goes_on_where_it_was_left(tmp_path):
    """Stopped after three trials, then run again: the same outcome as in one go, nothing run twice."""
    whole = Study(tmp_path / "whole", spec(), workers=1)
    whole.run()
    stop, ended = Stop(), []

    def tell(trial, result):
        ended.append(trial.key)
        if len(ended) == 3:
            stop.request("enough")

    Study(tmp_path / "parts", spec(), workers=1, tell=tell).run(stop)
    assert len(ended) == 3
    again = Study(tmp_path / "parts", Spec.load(tmp_path / "parts"), workers=1, tell=tell)
    again.run()
    assert len(set(ended)) == len(ended) == whole.lab.ran
    seen, wanted = ([(one.settings, one.scores) for one in study.candidates()] for study in (again, whole))
    assert seen == wanted


STUDY = """
import json, sys
from pathlib import Path
from ppodoctor.tuning.spec import Spec
from ppodoctor.tuning.study import Study, best_third
spec = Spec.from_dict(json.loads(sys.argv[2]))
study = Study(Path(sys.argv[1]), spec, workers=1, tell=lambda trial, result: print(trial.key, flush=True))
study.run()
"""


def start(folder, wanted):
    command = [sys.executable, "-c", STUDY, str(folder), json.dumps(wanted.to_dict())]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_killed_study_goes_on(tmp_path):
    wanted = spec(steps=8192)
    process = start(tmp_path, wanted)
    seen = [process.stdout.readline().strip() for _ in range(3)]
    os.kill(process.pid, signal.SIGKILL)
    seen += process.communicate()[0].split()
    rest = start(tmp_path, wanted)
    after = rest.communicate()[0].split()
    assert rest.returncode == 0
    # the last line of a killed process may be written without its result, never the other way round
    assert len(set(seen) & set(after)) <= 1
    study = Study(tmp_path, wanted, workers=1)
    assert set(seen) | set(after) <= set(study.lab.store.results())
    assert outcome_of(study).gain is not None


@pytest.mark.parametrize("method", ["grid", "random"])
def test_two_processes_share_a_study(tmp_path, method):
    wanted = spec(steps=8192, method=method, trials=6)
    both = [start(tmp_path, wanted) for _ in range(2)]
    first, second = (process.communicate()[0].split() for process in both)
    assert not set(first) & set(second)
    study = Study(tmp_path, wanted, workers=1)
    assert set(first) | set(second) == set(study.lab.store.results())
    assert len(study.settings()) == 6


def test_settings_that_die_are_results(tmp_path):
    study = Study(tmp_path, spec(texts=["learning_rate=1e-3,1e30"], fresh_seeds=2), workers=1)
    study.run()
    outcome = outcome_of(study)
    assert outcome.winner.settings == {"learning_rate": 1e-3}
    assert "1 of 2 settings failed" in " ".join(sentences(outcome))


def test_a_default_that_dies_ends_the_study_in_words(tmp_path):
    with pytest.raises(ConfigError, match="first trial"):
        Study(tmp_path, Spec(own_space(GRID), "NoSuchTask-v0", steps=64), workers=1).run()


def test_what_matters_is_told_from_what_does_not():
    """A made-up score of one setting, with noise: it explains nearly all, the other nothing."""
    rng = np.random.default_rng(0)
    space = own_space(["learning_rate=1e-5..1e-3", "clip_range=0.1..0.5"])
    settings = [{axis.name: axis.value(rng.random()) for axis in space} for _ in range(60)]
    scores = [100 * space[0].place(one["learning_rate"]) + rng.normal(0, 5) for one in settings]
    first, second = influences(space, settings, scores)
    assert (first.name, second.name) == ("learning_rate", "clip_range")
    assert first.share > 0.8 > 0.2 > second.share
    assert first.levels[first.safe[0]].low >= 2e-4  # only the upper end is safe
    assert first.levels[-1].mean_low <= first.levels[-1].mean <= first.levels[-1].mean_high


def test_an_interval_of_few_seeds_is_students():
    """By hand: 1, 2, 6 have mean 3 and deviation sqrt(7); t is 4.303."""
    found = mean_of([1.0, 2.0, 6.0])
    assert found.value == 3.0
    assert found.high - found.value == pytest.approx(4.303 * (7 / 3) ** 0.5)
    assert mean_of([0.0, 1.0]).low < -5  # two seeds prove little


class Page(HTMLParser):
    """Tags checked for balance, and the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.names, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_is_whole_and_loads_nothing(tmp_path):
    study = Study(tmp_path, spec(), workers=1)
    study.run()
    text = tuning_html.render(outcome_of(study))
    page = Page(text)
    assert not {"script", "img", "link", "iframe"} & set(page.names)
    assert "http" not in text.replace("http-equiv", "")
    told = " ".join(page.words)
    for word in ("Best so far", "Again on fresh seeds", "learning_rate and clip_range", "All 6 settings", "runner-up"):
        assert word in told


def test_a_page_of_an_unfinished_study_says_so(tmp_path):
    stop = Stop()
    study = Study(tmp_path, spec(), workers=1, tell=lambda trial, result: stop.request("enough"))
    study.run(stop)
    page = Page(tuning_html.render(outcome_of(study)))
    assert "No setting has been tried yet" in " ".join(page.words)


def test_one_call_tunes_and_goes_on(tmp_path):
    """From Python: plain data, Optuna's study of it, and nothing run twice."""
    call = {"method": "random", "out": tmp_path, "workers": 1, "steps": 512, "trials": 3, "fresh_seeds": 2}
    outcome = tune("CartPole-v1", ["learning_rate", "hidden_sizes=16,32x32"], fixed=FIXED, **call)
    assert outcome == tune("CartPole-v1", ["learning_rate", "hidden_sizes=16,32x32"], fixed=FIXED, **call)
    optuna = pytest.importorskip("optuna")
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    optuna_study(outcome, url)
    stored = optuna.load_study(study_name=None, storage=url)
    assert [trial.value for trial in stored.trials] == [one.score for one in outcome.candidates]


def run(*words):
    return main(["tune", *words])


def test_the_command_from_end_to_end(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "fixed.toml"
    config.write_text("rollout_steps = 32\nepochs = 1\n")
    out = tmp_path / "study"
    options = ("--steps", "1024", "--seeds", "2", "--workers", "1", "--config", str(config), "--out", str(out))
    assert run("CartPole-v1", "--grid", *GRID, *options) == 0
    told = capsys.readouterr()
    assert told.err.count("ppodoctor: trial ") > 6
    for word in ("The best of 6 settings", "Again on 2 fresh seeds", "default"):
        assert word in told.out
    assert "winner.toml" in told.out.replace("\n", "")  # a long path is wrapped
    assert json.loads((out / "tune.json").read_text())["default_place"] >= 1
    assert run("--resume", str(out)) == 0
    assert "ppodoctor: trial " not in capsys.readouterr().err  # everything is known
    train = ("train", "CartPole-v1", "--config", str(out / "winner.toml"), "--out", str(tmp_path / "run"), "--quiet")
    assert main([*train]) in (0, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("CartPole-v1", "--grid", "learning_rat=1..2"), "learning_rate"),
        (("CartPole-v1", "--grid", "minibatches=3"), "does not divide"),
        (("CartPole-v1", "--grid", "gamma", "--set", "gamma"), "Both --grid and --set"),
        (("CartPole-v1", "--minutes", "0"), "--minutes"),
        ((), "Neither"),
        (("--set", "a=1..2", "--", "no_such_program_at_all"), "no such program"),
        (("--", sys.executable, "-c", "1"), "--set"),
        (("--resume", "nowhere"), "no study"),
        (("--set", "a=1..2", "--halving", "--", sys.executable, "-c", "1"), "--halving is for our trainer"),
        (("CartPole-v1", "--storage", "postgresql://a@b/c"), "add --out"),
        (("CartPole-v1", "--trial-cpus", "2"), "add --ray"),
        (("CartPole-v1", "--ray-address", "a:1", "--ray-listen", "b"), "one of them"),
    ],
)
def test_wrong_use_is_a_sentence(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("runs/*"))


def test_halving_trains_the_best_third_of_the_best_third_whole(tmp_path):
    told = []
    wanted = spec(texts=["learning_rate=2e-4..1e-2:9"], halving=True, steps=9216, fresh_seeds=1)
    study = Study(tmp_path, wanted, workers=2, tell=lambda trial, result: told.append((trial.steps, trial.seed)))
    study.run()
    searched = [steps for steps, seed in told if seed == 1]
    assert [searched.count(steps) for steps in (1024, 3072, 9216)] == [9, 3, 1 + 1]  # and the settings as they are
    candidates = study.candidates()
    assert [one.whole for one in candidates] == [True] + [False] * 8
    assert "left behind after 1/3" in candidates[1].reason
    outcome = outcome_of(study)
    assert outcome.winner.settings == candidates[0].settings
    assert "8 of 9 settings were not trained to their end" in " ".join(sentences(outcome))
    ran = study.lab.ran
    again = Study(tmp_path, wanted, workers=1)
    again.run()
    assert (ran, again.lab.ran) == (len(told), 0)


def test_best_third():
    from ppodoctor.lab import TrialResult

    results = [({"a": i}, TrialResult(str(i), "finished" if i else "failed", float(i))) for i in range(7)]
    assert best_third(results) == [{"a": 6}, {"a": 5}, {"a": 4}]
    assert best_third(results[:1]) == []


def test_early_stopping_leaves_the_winner_whole(tmp_path):
    texts = ["learning_rate=1e-7..1e-2"]
    wanted = spec(texts=texts, fixed={}, method="sobol", trials=16, stop_early=True, steps=20_000, fresh_seeds=2)
    study = Study(tmp_path, wanted, workers=1)
    study.run()
    candidates = study.candidates()
    stopped = [one for one in candidates if one.stopped]
    assert stopped
    assert not any(one.failed for one in candidates)
    assert outcome_of(study).winner.settings in [one.settings for one in candidates if one.whole]
    assert all("behind after" in one.reason or "frozen" in one.reason for one in stopped)
