"""What the reader makes of PPO losses in many handwritings: of right ones the numbers, of wrong ones the fault."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from watching import losses
from watching.rare_losses import RIGHT_TOO

from ppodoctor.measures.telemetry import policy_columns, value_columns

SEEDS = (0, 1, 2)
BATCH, ACTIONS = losses.BATCH, losses.ACTIONS
RANGES = {"own_arithmetic": 0.1}
VALUE_COEFFICIENTS = {
    "standard": 0.5,
    "negated_pair": 0.25,
    "fused_pair": 1.0,
    "own_arithmetic": 1.0,
    "quotient": 0.5,
    "gaussian": 0.25,
}
ENTROPY_COEFFICIENTS = {
    "standard": 0.01,
    "negated_pair": 0.01,
    "fused_pair": 0.01,
    "gaussian": 0.003,
    "own_gaussian": 0.01,
}
CONTINUOUS = ("gaussian", "own_gaussian", "multivariate")


def read(make, seed=0, *, traced=False):
    batch = losses.data(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of some of the faults itself
        return batch, losses.read(make, batch, traced=traced)


def flat(array):
    return np.asarray(array, np.float64).reshape(-1)


def true_ratio(make, batch):
    with torch.no_grad():
        if make.__name__ in CONTINUOUS:
            return flat((batch.normal().log_prob(batch.box).sum(-1) - batch.old_box).exp())
        return flat((batch.dist().log_prob(batch.index) - batch.old).exp())


def close(found, expected):
    return np.allclose(flat(found), flat(expected), rtol=2e-4, atol=2e-6)


@pytest.fixture(params=losses.ALL_RIGHT, ids=lambda one: one.__name__)
def right(request):
    return request.param


@pytest.mark.parametrize("traced", [False, True], ids=["untraced", "traced"])
@pytest.mark.parametrize("seed", SEEDS)
class TestRight:
    """Every right loss is read as right, and with the numbers it was made of."""

    def test_the_policy_term(self, right, seed, traced):
        batch, reading = read(right, seed, traced=traced)
        found = reading.surrogate
        eps = RANGES.get(right.__name__, 0.2)
        assert found.combine == "min"
        assert found.sign == 1
        assert found.form in ("exp_difference", "quotient")
        assert (found.inverted, found.advantage_has_grad, found.old_has_grad) == (False, False, False)
        assert found.clip_on == "ratio"
        assert (found.clip_low, found.clip_high) == pytest.approx((1 - eps, 1 + eps))
        assert close(found.ratio, true_ratio(right, batch))
        assert close(found.advantage, batch.advantage)
        assert reading.batch == BATCH
        assert not reading.unread

    def test_the_terms(self, right, seed, traced):
        _, reading = read(right, seed, traced=traced)
        terms = {term.kind: term for term in reading.terms}
        expected = {"surrogate": -1.0}
        if right.__name__ in VALUE_COEFFICIENTS:
            expected["value"] = VALUE_COEFFICIENTS[right.__name__]
        if right.__name__ in ENTROPY_COEFFICIENTS:
            expected["entropy"] = -ENTROPY_COEFFICIENTS[right.__name__]
        assert {kind: term.coefficient for kind, term in terms.items()} == pytest.approx(expected)
        assert terms["surrogate"].reduction == "mean"
        assert terms["surrogate"].elements == BATCH
        assert terms["surrogate"].policy_parameters
        if "value" in terms:
            assert (terms["value"].reduction, terms["value"].elements) == ("mean", BATCH)
            assert terms["value"].value_parameters
            assert not terms["value"].policy_parameters

    def test_the_value_term(self, right, seed, traced):
        batch, reading = read(right, seed, traced=traced)
        if right.__name__ not in VALUE_COEFFICIENTS:
            assert reading.value is None
            return
        found = reading.value
        assert found.error == ("smooth_l1" if right.__name__ == "own_arithmetic" else "squared")
        assert close(found.prediction, batch.value().detach())
        assert close(found.target, batch.target)
        assert not found.target_has_grad
        assert found.elements == BATCH
        assert found.clipped == (right.__name__ in ("negated_pair", "fused_pair"))
        if found.clipped:
            assert found.clip_range == pytest.approx(0.2)
            assert close(found.old_prediction, batch.value().detach() + 0.3)

    def test_the_distribution(self, right, seed, traced):
        batch, reading = read(right, seed, traced=traced)
        if right.__name__ == "multivariate":
            return  # a Cholesky factor stands between the scale and the density
        if right.__name__ in CONTINUOUS:
            assert reading.head.kind == "gaussian"
            assert close(reading.head.mean, batch.policy(batch.obs).detach())
            assert close(reading.head.action, batch.box)
            std = np.broadcast_to(np.asarray(reading.head.std), (BATCH, ACTIONS))
            assert close(std, np.broadcast_to(batch.log_std.detach().exp().numpy(), (BATCH, ACTIONS)))
        else:
            assert reading.head.kind == "categorical"
            assert close(reading.head.logits, batch.dist().logits.detach())
            assert close(reading.head.action, batch.index)

    def test_the_entropy(self, right, seed, traced):
        batch, reading = read(right, seed, traced=traced)
        if right.__name__ not in ENTROPY_COEFFICIENTS:
            assert reading.entropy is None
        elif right.__name__ in CONTINUOUS:
            assert reading.entropy.form == "gaussian"
        else:
            assert reading.entropy.form == "categorical"
            assert close(reading.entropy.value, batch.dist().entropy().detach())

    def test_the_columns(self, right, seed, traced):
        batch, reading = read(right, seed, traced=traced)
        ratio, advantage = true_ratio(right, batch), flat(batch.advantage)
        eps = RANGES.get(right.__name__, 0.2)
        found = policy_columns(reading)
        expected = {
            "approx_kl": np.mean(ratio - 1 - np.log(ratio)),
            "clip_fraction": np.mean(np.abs(ratio - 1) > eps),
            "ratio_max": ratio.max(),
            "ratio_min": ratio.min(),
            "ratio_distance": np.mean(np.abs(ratio - 1)),
            "advantage_mean": advantage.mean(),
            "advantage_std": advantage.std(),
            "policy_loss": -np.mean(ratio * advantage),
            "gain_corr": np.corrcoef(advantage, np.log(ratio))[0, 1],
        }
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-6)
        if right.__name__ in VALUE_COEFFICIENTS:
            prediction, target = flat(batch.value().detach()), flat(batch.target)
            columns = value_columns(reading)
            assert columns["value_loss"] == pytest.approx(np.mean((prediction - target) ** 2), rel=1e-3)
            known = 1 - np.var(target - prediction) / np.var(target)
            assert columns["explained_variance"] == pytest.approx(known, rel=1e-3, abs=1e-5)
            assert columns["target_std"] == pytest.approx(target.std(), rel=1e-3)


@pytest.mark.parametrize("make", RIGHT_TOO, ids=lambda one: one.__name__)
def test_rarer_right_losses_are_right(make):
    batch, reading = read(make)
    found = reading.surrogate
    assert (found.sign, found.inverted, found.form) == (1, False, "exp_difference")
    rows = len(flat(found.ratio))
    assert rows == reading.batch
    assert set(np.round(flat(found.ratio), 4)) <= set(np.round(true_ratio(make, batch), 4))


def of_all(value):
    return value is not None and value.elements == BATCH * BATCH


# Wrong loss -> what of its reading shows the fault. A right loss shows none of them (see below).
FAULTS = {
    "sign_flipped": lambda r, b: r.surrogate.combine == "max" and close(r.surrogate.advantage, -b.advantage),
    "max_instead_of_min": lambda r, b: r.surrogate.combine == "max" and close(r.surrogate.advantage, b.advantage),
    "inverted": lambda r, b: r.surrogate.inverted,
    "without_exp": lambda r, b: r.surrogate.form == "log_difference",
    "one_sided": lambda r, b: r.surrogate.clip_low is None and r.surrogate.clip_high == pytest.approx(1.2),
    "clip_around_zero": lambda r, b: r.surrogate.clip_low == pytest.approx(0.2),
    "not_summed": lambda r, b: r.surrogate.ratio_shape == (BATCH, ACTIONS),
    "advantage_broadcast": lambda r, b: any(t.kind == "surrogate" and t.elements == BATCH**2 for t in r.terms),
    "advantage_of_all": lambda r, b: r.surrogate.advantage_shape == (BATCH, BATCH),
    "value_broadcast": lambda r, b: of_all(r.value) and close(r.value.target, b.target),
    "value_broadcast_fused": lambda r, b: of_all(r.value) and close(r.value.target, b.target),
    "advantage_not_detached": lambda r, b: r.surrogate.advantage_has_grad,
    "normalised_advantage_not_detached": lambda r, b: r.surrogate.advantage_has_grad,
    "target_not_detached": lambda r, b: r.value is not None and r.value.target_has_grad,
    "entropy_sign": lambda r, b: any(t.kind == "entropy" and t.coefficient > 0 for t in r.terms),
    "chosen_entropy": lambda r, b: r.entropy is not None and r.entropy.form == "chosen",
    "chosen_entropy_of_components": lambda r, b: r.entropy is not None and r.entropy.form == "chosen",
    "minus_log_prob_entropy": lambda r, b: r.entropy is not None and r.entropy.form == "chosen",
    "summed_value": lambda r, b: any(t.kind == "value" and t.reduction == "sum" for t in r.terms),
    "old_recomputed": lambda r, b: r.surrogate.old_has_grad,
    "unclipped": lambda r, b: r.surrogate.clip_on == "none" and r.surrogate.form != "none",
    "policy_gradient": lambda r, b: r.terms[0].kind == "policy_gradient" and r.surrogate.form == "none",
}
# Faults that another one's reading shows too, since they are of one kind.
SAME = [
    {"advantage_broadcast", "advantage_of_all"},
    {"value_broadcast", "value_broadcast_fused"},
    {"advantage_not_detached", "normalised_advantage_not_detached"},
    {"chosen_entropy", "chosen_entropy_of_components", "minus_log_prob_entropy"},
]


def test_every_wrong_loss_has_its_fault():
    assert {make.__name__ for make in losses.WRONG} == set(FAULTS)


@pytest.mark.parametrize("traced", [False, True], ids=["untraced", "traced"])
@pytest.mark.parametrize("make", losses.WRONG, ids=lambda one: one.__name__)
def test_a_wrong_loss_shows_its_fault_and_no_other(make, traced):
    for seed in SEEDS:
        batch, reading = read(make, seed, traced=traced)
        shown = {name for name, shows in FAULTS.items() if shows(reading, batch)}
        alike = next((group for group in SAME if make.__name__ in group), {make.__name__})
        assert make.__name__ in shown
        assert shown <= alike, f"{make.__name__} (seed {seed}) also shows {shown - alike}"


@pytest.mark.parametrize("traced", [False, True], ids=["untraced", "traced"])
def test_a_right_loss_shows_no_fault(right, traced):
    for seed in SEEDS:
        batch, reading = read(right, seed, traced=traced)
        assert not [name for name, shows in FAULTS.items() if shows(reading, batch)]


def test_wrong_losses_keep_the_numbers_of_the_batch():
    """A fault elsewhere does not spoil what is read of the value term."""
    for make in (losses.sign_flipped, losses.advantage_broadcast, losses.summed_value, losses.policy_gradient):
        batch, reading = read(make)
        assert close(reading.value.prediction, batch.value().detach())
        assert close(reading.value.target, batch.target)


def test_traced_terms_know_their_lines():
    _, reading = read(losses.standard, traced=True)
    lines = {term.kind: term.site for term in reading.terms}
    assert all(site is not None and site.function == "standard" for site in (lines["value"], lines["entropy"]))
    assert reading.surrogate.ratio_site.function == "standard"
    assert reading.surrogate.clip_site.function == "clipped"
