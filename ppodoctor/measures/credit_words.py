"""Variants of advantage computation in words."""

from __future__ import annotations

from typing import List, Optional

from ppodoctor.measures.credit_variants import NOW, Variant

_TERMINATION = {
    "value_after": "the value of the next episode's first state is added at a true end",
    "value_final": "the value of the terminal state is added at a true end",
    "ignored_after": "true ends are ignored",
    "ignored_final": "true ends are ignored, with the terminal state's own value",
    "leak": "the recursion runs across true ends",
}
_TIME_LIMIT = {
    "death": "a time limit counts as death",
    "reset": "a time limit is bootstrapped from the next episode's first state",
    "own": "wherever it is cut, the row before is bootstrapped from the value of its own state",
    "ignored_after": "time limits are ignored",
    "ignored_final": "the recursion runs across time limits",
    "leak": "the recursion runs across time limits, without a value",
    "both": "the value of the next episode's first state is added at a time limit beside the final one's",
    "ignored_both": "the final value is added at time limits, which are ignored otherwise",
}
_TAIL = {
    "zero": "the last row is not bootstrapped",
    "no_advantage": "the last row's advantage is 0",
    "own": "the last row is bootstrapped from the value of its own state",
    "end_ignored": "the last row is bootstrapped even after an end",
}
_ALONG = {
    "backwards": "the recursion runs from the first row to the last",
    "environments": "the recursion runs along the environments",
    "flat_steps": "the recursion runs through the rows flattened step by step, so from environment to environment",
    "flat_environments": "the recursion runs from one environment's first row into the next one's last",
    "next_environment_up": "the recursion moves to the next environment at every step",
    "next_environment_down": "the recursion moves to the environment before at every step",
}
_REWARD = {
    "previous": "with the reward of the step before",
    "next": "with the reward of the step after",
    "neighbour_up": "with the reward of the environment before",
    "neighbour_down": "with the reward of the next environment",
    "clipped": "rewards clipped to [-1, 1]",
    "sign": "only the sign of the reward",
    "raw": "with the rewards before the wrappers",
    "end_replaced": "the reward of the step that ends an episode replaced by a constant",
    "end_added": "a constant added to the reward of the step that ends an episode",
    "death_replaced": "the reward of the step that terminates replaced by a constant",
    "death_added": "a constant added to the reward of the step that terminates",
}


def describe(variant: Variant, form: str, gamma: Optional[float], lam: Optional[float]) -> str:
    """A variant as a phrase, the estimator first, then whatever is not usual."""
    odd: List[str] = []
    # beside a misplaced flag the other two fields only say which value it lets through
    ends = [(_TERMINATION, variant.termination), (_TIME_LIMIT, variant.time_limit)] if variant.mask == NOW else []
    for table, key in (
        *ends,
        (_TAIL, "" if variant.tail == variant.time_limit else variant.tail),
        (_ALONG, variant.along),
        (_REWARD, variant.reward),
    ):
        if key in table:
            odd.append(table[key])
    if variant.mask != NOW:
        odd.append(mask_words(variant.mask))
    return ": ".join(part for part in (_estimator(form, gamma, lam), "; ".join(odd)) if part)


def _estimator(form: str, gamma: Optional[float], lam: Optional[float]) -> str:
    baseline = {"return": " plus the value", "mc_return": "", "mc_advantage": " minus the value"}.get(form, "")
    if form.startswith("mc"):
        name = "discounted return"
    elif lam is not None and abs(lam - 1) < 1e-4:
        name, baseline = "discounted return", "" if form == "return" else " minus the value"
    elif lam is not None and abs(lam) < 1e-4:
        name, baseline = "one-step return", "" if form == "return" else " minus the value"
    else:
        name = "GAE"
    numbers = [] if gamma is None else [f"gamma {gamma:g}"]
    if lam is not None and name == "GAE":
        numbers.append(f"lambda {lam:g}")
    return f"{name}{baseline}" + (f" ({', '.join(numbers)})" if numbers else "")


def mask_words(mask: str) -> str:
    """What an odd done flag does."""
    where = "the done flag"
    if mask.startswith("bootstrap_"):
        where, mask = "the done flag of the bootstrap", mask[len("bootstrap_") :]
    elif mask.startswith("recursion_"):
        where, mask = "the done flag of the recursion", mask[len("recursion_") :]
    what = {
        "previous": "is that of the row before",
        "rolled": "is that of the row before",
        "next": "is that of the row after",
        "inverted": "is used the wrong way round",
    }[mask.split("_")[0]]
    return f"{where} {what}"
