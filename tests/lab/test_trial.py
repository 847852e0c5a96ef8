"""A trial's key is its content; an objective is the last part's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ppodoctor.config import ConfigError
from ppodoctor.lab import Trial, TrialResult
from ppodoctor.lab.flags import unknown_flag, with_changes
from ppodoctor.lab.score import scored

ONE = Trial("CartPole-v1", changes={"learning_rate": 1e-3}, seed=3, steps=2000)


def test_the_key_is_made_of_the_content():
    assert ONE.key == Trial("CartPole-v1", changes={"learning_rate": 0.001}, seed=3, steps=2000).key
    others = (
        replace(ONE, seed=4),
        replace(ONE, steps=3000),
        replace(ONE, environment="Acrobot-v1"),
        replace(ONE, changes={"learning_rate": 1e-4}),
    )
    assert len({ONE.key, *(other.key for other in others)}) == 5


def test_a_default_said_aloud_is_the_same_trial():
    assert ONE.key == replace(ONE, changes={"clip_range": 0.2, "learning_rate": 1e-3}).key


def test_the_key_knows_all_settings():
    """Made without a PPOConfig, for speed, it holds what one holds."""
    trial = replace(ONE, changes={"hidden_sizes": [32, 32], "learning_rate": 1e-4})
    assert trial._all_settings() == trial.config.to_dict()


def test_an_edited_script_is_another_trial(tmp_path):
    file = tmp_path / "ppo.py"
    file.write_text("print(1)")
    trial = Trial(command=("python", str(file)))
    before = trial.key
    assert trial.key == before
    file.write_text("print(2)")
    assert trial.key != before


def test_a_wrong_setting_is_refused_with_the_nearest_right_one():
    with pytest.raises(ConfigError, match="learning_rate"):
        _ = replace(ONE, changes={"learning-rat": 1e-3}).key


def test_trials_and_results_survive_json():
    trial = replace(ONE, changes={"hidden_sizes": (32, 32)}, command=())
    again = Trial.from_dict(json.loads(json.dumps(trial.to_dict())))
    assert again.key == trial.key
    result = TrialResult("k", "finished", 1.5, ((10.0, 1.0), (20.0, 2.0)), 3, 20, 0.1, "core")
    assert TrialResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_the_objective_is_the_last_fifth():
    ends, returns = list(range(10, 1001, 10)), [0.0] * 80 + [7.0] * 20
    assert scored(ONE, ends, returns, steps=1000, seconds=0.0, by="").objective == 7.0


def test_few_long_episodes_are_judged_by_the_last_ten():
    ends, returns = list(range(50, 801, 50)), [float(i) for i in range(16)]
    result = scored(ONE, ends, returns, steps=5000, seconds=0.0, by="")
    assert result.objective == sum(range(6, 16)) / 10
    assert result.curve[-1] == (800.0, 13.5)  # a point each 200 steps; the last that hold an episode are 601 to 800


def test_no_episode_is_a_failure_that_says_so():
    result = scored(ONE, [], [], steps=5000, seconds=0.0, by="")
    assert (result.status, result.objective, result.ok) == ("failed", None, False)
    assert "5,000 steps" in result.reason


@pytest.mark.parametrize(
    ("command", "changed"),
    [
        (["python", "a.py"], ["python", "a.py", "--learning-rate", "0.003"]),
        (["python", "a.py", "--learning-rate", "1", "x"], ["python", "a.py", "--learning-rate", "0.003", "x"]),
        (["python", "a.py", "--learning_rate=1"], ["python", "a.py", "--learning_rate=0.003"]),
        (["python", "a.py", "learning_rate=1"], ["python", "a.py", "learning_rate=0.003"]),
        (["python", "a.py", "-c", "lr: {learning-rate}"], ["python", "a.py", "-c", "lr: 0.003"]),
    ],
)
def test_flags_are_set_as_the_command_writes_them(command, changed):
    assert with_changes(command, {"learning-rate": 0.003}) == changed


def test_a_flag_that_the_script_does_not_know_is_named(tmp_path):
    file = tmp_path / "ppo.py"
    file.write_text('parser.add_argument("--learning-rate", type=float)\nclass Args:\n    clip_coef: float = 0.2\n')
    command = ("python", str(file))
    assert unknown_flag(command, ["learning_rate", "clip-coef"]) == ""
    assert "did you mean learning-rate?" in unknown_flag(command, ["learn-rate"])
