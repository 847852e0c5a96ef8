"""PPOConfig: what it refuses, in which words, and that it survives a file."""

from __future__ import annotations

import dataclasses
import json

import pytest

from ppodoctor.config import (
    Choices,
    ConfigError,
    PPOConfig,
    Range,
    choices_of,
    divisors_near,
    search_space,
    settings,
)


def test_every_setting_says_what_it_means():
    names = [name for name, _ in settings()]
    assert names == [one.name for one in dataclasses.fields(PPOConfig)]
    for name, facts in settings():
        assert facts.help.endswith("."), name
        assert facts.group, name


def test_every_default_lies_where_a_search_looks():
    default = PPOConfig()
    for name, where in search_space().items():
        value = getattr(default, name)
        if isinstance(where, Choices):
            assert value in where.values, name
        elif value:  # 0 stands for off
            assert where.low <= value <= where.high, name


@pytest.mark.parametrize("name", list(search_space()))
def test_every_searched_value_can_be(name):
    where = search_space()[name]
    values = where.values if isinstance(where, Choices) else (where.low, where.high)
    if isinstance(where, Range):
        assert where.low < where.high
        assert not where.log or where.low > 0
    for value in values:
        dataclasses.replace(PPOConfig(num_envs=32), **{name: value})


def test_numbers_of_a_run():
    config = PPOConfig(num_envs=4, rollout_steps=128, total_steps=1025)
    assert config.batch_size == 512
    assert config.updates == 3


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"gamma": 1.5}, "gamma is 1.5; at most 1"),
        ({"learning_rate": 0.0}, "learning_rate is 0; a number above 0"),
        ({"learning_rate": float("nan")}, "finite"),
        ({"epochs": 0}, "epochs is 0; at least 1"),
        ({"epochs": 2.5}, "epochs is 2.5 (float); a int"),
        ({"num_envs": True}, "num_envs is True (bool)"),
        ({"compile": 1}, "compile is 1 (int); a bool"),
        ({"activation": "gelu"}, "one of tanh, relu"),
        ({"hidden_sizes": ()}, "hidden_sizes is ()"),
        ({"hidden_sizes": (64, 0)}, "hidden_sizes is (64, 0)"),
        ({"minibatches": 3}, "does not divide the 1024 samples"),
        ({"num_envs": 1, "rollout_steps": 1, "minibatches": 1}, "one sample in each"),
        ({"num_envs": 2, "rollout_steps": 2, "minibatches": 4}, "one sample in each"),
        ({"recurrent": "lstm", "num_envs": 2, "minibatches": 4}, "num_envs=2; try one of 1, 2"),
        ({"advantage_smoothing": 4}, "an odd number"),
        ({"learning_rate_schedule": "kl_adaptive"}, "target_kl=0.01"),
    ],
)
def test_what_cannot_be_is_refused_in_words(given, says):
    with pytest.raises(ConfigError) as refusal:
        PPOConfig(**given)
    assert says in str(refusal.value)


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(ConfigError, match="no setting learning-rat; did you mean learning_rate"):
        PPOConfig.from_dict({"learning-rat": 1e-3})
    with pytest.raises(ConfigError, match="there are total_steps"):
        PPOConfig.from_dict({"xyzzy": 1})


def test_it_survives_json_and_toml(tmp_path):
    config = PPOConfig(hidden_sizes=(32,), gamma=0.9, recurrent="gru", compile=True)
    (tmp_path / "one.json").write_text(json.dumps(config.to_dict()))
    assert PPOConfig.from_file(tmp_path / "one.json") == config
    (tmp_path / "two.toml").write_text('gamma = 0.9\nhidden_sizes = [32]\nrecurrent = "gru"\ncompile = true\n')
    assert PPOConfig.from_file(tmp_path / "two.toml") == config


def test_a_bad_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.toml cannot be read"):
        PPOConfig.from_file(tmp_path / "gone.toml")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ConfigError, match=r"bad\.json is no JSON"):
        PPOConfig.from_file(tmp_path / "bad.json")
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(ConfigError, match="a table of settings"):
        PPOConfig.from_file(tmp_path / "list.json")


def test_words_of_a_setting():
    assert choices_of("learning_rate_schedule") == ("constant", "linear", "kl_adaptive")
    assert choices_of("gamma") == ()


def test_nearest_divisors():
    assert divisors_near(512, 3) == "1, 2, 4"
    assert divisors_near(8, 100) == "2, 4, 8"
