from __future__ import annotations

import pytest
from planter.patterns import clamps, entropy_term, negated_surrogate, normalisation, ratio, surrogate
from planter.settings import set_value
from planter.source import PlantError, Source
from planter.wrappers import Spoiled, spoil

UPDATE = """
adv = (adv - adv.mean()) / (adv.std() + 1e-8)
ratio = torch.exp(new - old)
loss = -torch.min(ratio * adv, ratio.clamp(1 - eps, 1 + eps) * adv).mean() - ent_coef * entropy.mean()
"""


def script(text: str) -> Source:
    return Source({"script.py": text})


def test_constructs_are_found_by_their_shape():
    source = script(UPDATE)
    assert ratio(source)[1:] == ("new", "old")
    assert source.text(surrogate(source)).startswith("torch.min(ratio * adv")
    assert source.text(negated_surrogate(source)).startswith("-torch.min(")
    assert [source.text(spot) for spot in clamps(source)] == ["ratio.clamp(1 - eps, 1 + eps)"]
    assert normalisation(source)[1] == "adv"
    assert source.text(entropy_term(source)).endswith("ent_coef * entropy.mean()")


def test_a_minus_sign_is_found_through_the_name_of_the_objective():
    source = script("gain = torch.minimum(a, b).mean()\nloss = -gain + value_loss\n")
    assert source.text(negated_surrogate(source)) == "-gain"


def test_a_missing_construct_is_an_error():
    with pytest.raises(PlantError, match=r"expected one exponential of a difference in script\.py, found 0"):
        ratio(script("x = torch.exp(y)\n"))


def test_an_ambiguous_construct_is_an_error():
    with pytest.raises(PlantError, match="found 2"):
        surrogate(script("a = torch.min(b, c)\nd = torch.min(e, f)\n"))


def test_a_text_must_stand_once():
    source = script("a = 1\nb = 1\n")
    with pytest.raises(PlantError, match="found it 2 times"):
        source.replace("= 1", "= 2")
    source.replace("b = 1", "b = 2")
    assert source.files["script.py"] == "a = 1\nb = 2\n"


def test_a_change_that_breaks_the_syntax_is_refused():
    with pytest.raises(SyntaxError):
        script("a = 1\n").replace("= 1", "= (")


def test_swapping_counts_bytes_as_the_parser_does():
    source = script("s = 'größe'; a = torch.min(b, c)\n")
    source.swap(surrogate(source), "d")
    assert source.files["script.py"] == "s = 'größe'; a = d\n"


def test_layout_alone_is_no_change():
    assert script("a = 1  # one\n").same_code_as(script("a = 1\n"))
    assert not script("a = 1\n").same_code_as(script("a = 2\n"))


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("lr = 0.001\n", "lr = 0.5\n"),
        ("LEARNING_RATE = 1e-3\n", "LEARNING_RATE = 0.5\n"),
        ("def train(env, lr=1e-3, k=2): ...\n", "def train(env, lr=0.5, k=2): ...\n"),
        ("class C:\n    lr: float = 1e-3\n", "class C:\n    lr: float = 0.5\n"),
        ("p.add_argument('--learning-rate', default=1e-3)\n", "p.add_argument('--learning-rate', default=0.5)\n"),
        ("PPO(env, learning_rate=1e-3)\n", "PPO(env, learning_rate=0.5)\n"),
        ("config = {'lr': 1e-3}\n", "config = {'lr': 0.5}\n"),
    ],
)
def test_a_setting_is_changed_wherever_it_is_kept(text, after):
    source = script(text)
    set_value(source, "learning_rate", 0.5)
    assert source.files["script.py"] == after


def test_a_setting_keeps_its_type_and_may_be_scaled():
    source = script("epochs = 4\n")
    set_value(source, "epochs", 10, relative=True)
    assert source.files["script.py"] == "epochs = 40\n"


def test_a_setting_that_is_nowhere_is_an_error():
    with pytest.raises(PlantError, match="no constant called gamma or discount"):
        set_value(script("x = 1\n"), "gamma", 0.5)


def test_a_made_environment_is_wrapped():
    source = script("import gymnasium as gym\n\nenv = gym.make('E')\n")
    spoil(source, Spoiled(reward="-reward"))
    text = source.files["script.py"]
    assert "env = SiteEnv(gym.make('E'))" in text
    assert text.index("class SiteEnv(gym.Wrapper)") < text.index("env =")


def test_an_own_class_is_subclassed_under_its_name():
    source = script(
        "class E:\n    def reset(self):\n        return 1\n\n    def step(self, a):\n        return 1, 2, 3, {}\n"
    )
    spoil(source, Spoiled(observation="obs + 10", reward="reward * 5"))
    space: dict = {}
    exec(source.files["script.py"], space)
    env = space["E"]()
    assert env.reset() == 11
    assert env.step(0) == (11, 10, 3, {})
