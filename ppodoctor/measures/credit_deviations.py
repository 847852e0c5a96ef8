"""What a fitted variant does wrong, and the rows that prove it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.credit_fit import Outcome, predictions
from ppodoctor.measures.credit_grid import grid_of
from ppodoctor.measures.credit_table import Steps
from ppodoctor.measures.credit_variants import NOW, Variant, time_schemes

Array = Any


@dataclass(frozen=True)
class Deviation:
    """One way in which the winner differs from the right computation."""

    kind: str
    """The fault: done_shifted, termination_ignored, time_limit_read_as_death, ..."""
    detail: str
    """The winner's choice: the value of the variant's field."""
    what: str
    """advantages or targets."""
    rows: int
    """Samples whose number is another than it would be without it."""
    met: int
    """How many of those the winner meets to rounding."""
    total: int
    """Samples seen."""
    error: float
    """Root mean square difference it makes on those rows, in standard deviations of the quantity."""
    first_update: int

    @property
    def share(self) -> float:
        """Share of the samples that it changes."""
        return self.rows / max(self.total, 1)


_KINDS: Dict[str, Dict[str, str]] = {
    "termination": {
        "value_after": "termination_ignored",
        "value_final": "termination_ignored",
        "ignored_after": "termination_ignored",
        "ignored_final": "termination_ignored",
        "leak": "gae_leaks_across_episodes",
    },
    "time_limit": {
        "death": "time_limit_read_as_death",
        "reset": "time_limit_bootstrapped_from_reset",
        "own": "tail_bootstrapped_from_own_state",
        "ignored_after": "time_limit_ignored",
        "ignored_final": "time_limit_ignored",
        "leak": "gae_leaks_across_episodes",
        "both": "time_limit_bootstrapped_from_reset",
        "ignored_both": "time_limit_ignored",
    },
    "tail": {
        "zero": "tail_not_bootstrapped",
        "no_advantage": "tail_not_bootstrapped",
        "own": "tail_bootstrapped_from_own_state",
        "end_ignored": "tail_bootstrapped_past_end",
    },
    "along": {
        "backwards": "gae_along_wrong_axis",
        "environments": "gae_along_wrong_axis",
        "flat_steps": "gae_along_wrong_axis",
        "flat_environments": "gae_leaks_across_environments",
        "next_environment_up": "gae_leaks_across_environments",
        "next_environment_down": "gae_leaks_across_environments",
    },
    "reward": {
        "previous": "rewards_shifted",
        "next": "rewards_shifted",
        "neighbour_up": "rewards_of_other_environment",
        "neighbour_down": "rewards_of_other_environment",
        "clipped": "rewards_clipped",
        "sign": "rewards_clipped",
        "end_replaced": "reward_changed_at_ends",
        "end_added": "reward_changed_at_ends",
        "death_replaced": "reward_changed_at_ends",
        "death_added": "reward_changed_at_ends",
    },
}
_MOVED = ("previous", "next", "neighbour_up", "neighbour_down")


def deviations_of(what: str, outcome: Outcome, steps: Steps) -> Tuple[Deviation, ...]:
    """Every field of the winner that is not right, with the rows that show it."""
    best = outcome.best
    found: List[Optional[Deviation]] = [
        _proven(outcome, steps, (kind, value, what), right) for kind, value, right in _wrong(best.variant, steps)
    ]
    if best.model.affine and float(np.median(best.scale[np.unique(outcome.seen.group)])) < 0:
        total, first = len(outcome.seen.y), int(steps.update_of_column.min())
        kind = "advantage_sign_flipped"
        found.append(Deviation(kind, "negative", what, total, int(best.explained.sum()), total, 2.0, first))
    found.append(_centred(outcome, steps, what))
    return tuple(one for one in found if one is not None)


def _wrong(variant: Variant, steps: Steps) -> Iterator[Tuple[str, str, Variant]]:
    """Kind, value and the right variant beside it, for every field that is not right."""
    if variant.mask != NOW and variant.along == "time":
        yield "done_inverted" if "inverted" in variant.mask else "done_shifted", variant.mask, Variant()
    inverted = _ends_inverted(variant, steps)
    if inverted:
        yield "done_inverted", "at ends", replace(variant, termination="cut", time_limit="final", tail="bootstrapped")
    for name, kinds in _KINDS.items():
        if inverted and name in ("termination", "time_limit", "tail"):
            continue  # one question asked the wrong way round is all three
        value = getattr(variant, name)
        if value not in kinds or _says_nothing(name, kinds[value], variant):
            continue
        right = replace(variant, **{name: getattr(Variant(), name)})
        kind = kinds[value]
        if value == "ignored_final" and not steps.terminated.any():
            kind = "gae_leaks_across_episodes"  # every end is a time limit, and only the recursion runs on
        if name == "termination" and _runs_on(variant):
            right = replace(right, time_limit=Variant().time_limit)
        if name == "along":
            right = Variant(time_limit=variant.time_limit)
        yield kind, value, right


def _ends_inverted(variant: Variant, steps: Steps) -> bool:
    """Is just what should be bootstrapped not, and what should not, where a path stops? Recursions are cut there."""
    died, cut = bool((steps.terminated & ~steps.tail).any()), bool((steps.cut & ~steps.tail).any())
    if not died or variant.mask != NOW or variant.along != "time":
        return False
    wrong = variant.termination in ("value_after", "value_final") and variant.tail == "zero"
    return wrong and (variant.time_limit == "death" or not cut)


def _says_nothing(name: str, kind: str, variant: Variant) -> bool:
    """Whether a field that is not right comes from another one that is not."""
    if name == "termination":
        return variant.along != "time" or variant.mask != NOW
    if name == "time_limit":
        if variant.mask != NOW or _runs_on(variant):
            return True  # it only says which value a shifted flag lets through; one recursion that no end stops
        # the final value may have been added to the reward, and been moved with it
        return kind == "time_limit_read_as_death" and variant.reward in _MOVED
    if name == "tail":
        return variant.along != "time"  # the end of a wrong axis is no end
    return False


def _runs_on(variant: Variant) -> bool:
    """The recursion runs across true ends and time limits alike, while their bootstraps are right."""
    return variant.termination == "leak" and variant.time_limit == "ignored_final"


def _proven(outcome: Outcome, steps: Steps, names: Tuple[str, str, str], right: Variant) -> Optional[Deviation]:
    """The deviation, when the rows that it changes are met by the winner."""
    best, seen = outcome.best, outcome.seen
    other = _given(outcome, steps, right)
    if other is None:
        return None
    known = np.isfinite(best.raw)
    apart = np.abs(np.nan_to_num(other, nan=np.inf) - np.where(known, best.raw, 0.0))
    changed = known & (apart > 3 * best.tolerance)
    met = int((changed & best.explained).sum())
    if not changed.any() or met < 0.9 * changed.sum():
        return None
    spread = max(best.spread, 1e-12)
    sure = changed & np.isfinite(apart)
    error = float(np.sqrt(np.mean(apart[sure] ** 2))) / spread if sure.any() else np.nan
    update = steps.update_of_column[seen.cell[changed] % steps.valid.shape[1]]
    return Deviation(*names, int(changed.sum()), met, len(seen.y), error, int(update.min()))


def _given(outcome: Outcome, steps: Steps, right: Variant) -> Optional[Array]:
    """[M] what the right variant gives with the winner's numbers."""
    for (_, variant, _), given in zip(outcome.candidates, outcome.given):
        if variant == right:
            return given
    for scheme in time_schemes(grid_of(steps)):
        for variant, names in scheme.variants:
            if variant == replace(right, mask=NOW, along="time", reward="own", neighbour=False):
                return predictions(outcome.best, [(scheme, variant, names)], outcome.seen)[0]
    return None


def _centred(outcome: Outcome, steps: Steps, what: str) -> Optional[Deviation]:
    """Rewards whose mean was taken away: the shift undoes most of the scaled mean in every update."""
    best, seen = outcome.best, outcome.seen
    columns = steps.update_of_column
    updates = np.unique(columns)
    undone = []
    for number, update in enumerate(updates):
        own = steps.reward[:, columns == update][steps.valid[:, columns == update]]
        at = min(number, len(best.reward_scale) - 1)
        scale, shift = float(best.reward_scale[at]), float(best.reward_shift[at])
        if not own.any():
            return None  # nothing was there to be taken away
        if own.std() < 1e-6 * max(abs(own.mean()), 1e-12):
            undone.append(1.0 if abs(scale * own.mean() + shift) < 1e-4 else 0.0)  # a constant reward that vanishes
        elif abs(own.mean()) > 0.05 * own.std():
            undone.append(-shift / (scale * float(own.mean())))
    if not undone or max(abs(one - 1.0) for one in undone) > 0.02:
        return None
    kept = replace(
        best,
        reward_scale=np.where(np.abs(best.reward_scale) < 1e-6, 1.0, best.reward_scale),
        reward_shift=np.zeros_like(best.reward_shift),
    )
    candidate = next(one for one in outcome.candidates if one[1] == best.variant and one[0] is best.scheme)
    other = predictions(kept, [candidate], seen)[0]
    known = np.isfinite(other) & np.isfinite(best.raw)
    error = float(np.sqrt(np.mean((other - best.raw)[known] ** 2))) / max(best.spread, 1e-12)
    met, first = int(best.explained.sum()), int(updates[0])
    return Deviation("rewards_centred", "mean", what, len(seen.y), met, len(seen.y), error, first)
