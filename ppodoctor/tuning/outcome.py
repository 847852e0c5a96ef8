"""What a study came to, as plain data and in words: read from its folder, nothing is run."""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ppodoctor.config import PPOConfig
from ppodoctor.lab.flags import as_text, keywords_of, with_changes
from ppodoctor.training.scores import Estimate
from ppodoctor.tuning.influence import Influence, Interaction, influences, interactions
from ppodoctor.tuning.space import Axis
from ppodoctor.tuning.spec import Candidate, Spec, fresh_seed, search_seed
from ppodoctor.tuning.study import Study

CLEAR = 0.1
"""A share of the scores' variance from which a setting is said to matter."""


@dataclass(frozen=True)
class Compared:
    """One of the settings that were run again on fresh seeds."""

    role: str
    """winner, runner-up or default."""
    settings: dict[str, Any]
    scores: tuple[float | None, ...]
    """One for each fresh seed, in the same order for all; None where the trial died or was not run."""
    mean: Estimate | None
    """Over the seeds, with Student's 95% interval."""


@dataclass(frozen=True)
class Outcome:
    """Everything that is shown of a study."""

    spec: Spec
    folder: Path
    candidates: tuple[Candidate, ...]
    """The best first, failed ones last."""
    default_score: float | None
    """The settings as they are, with the search's first seed."""
    compared: tuple[Compared, ...]
    gain: Estimate | None
    """Winner less default over fresh seeds, paired."""
    over_second: Estimate | None
    """Winner less runner-up, alike."""
    influences: tuple[Influence, ...]
    interactions: tuple[Interaction, ...]
    progress: tuple[tuple[float, float], ...]
    """(settings tried, best score so far)."""
    planned: int
    """Settings that the plan has, or that were asked for."""
    seconds: float
    """Of training, over all trials."""
    trials: int

    @property
    def good(self) -> list[Candidate]:
        """The candidates that did not fail."""
        return [one for one in self.candidates if not one.failed]

    @property
    def winner(self) -> Compared | None:
        """The best setting; None where every one failed."""
        return next((one for one in self.compared if one.role == "winner"), None)

    @property
    def default_place(self) -> int | None:
        """How many settings of the search are better than the default, plus one."""
        if self.default_score is None:
            return None
        return 1 + sum(one.scores[0] > self.default_score for one in self.good)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        facts = asdict(self) | {"folder": str(self.folder), "spec": self.spec.to_dict(), "schema": 1}
        return {**_finite(facts), "default_place": self.default_place, "sentences": sentences(self)}


def outcome_of(study: Study) -> Outcome:
    """Read what a study came to."""
    spec, store = study.spec, study.lab.store
    candidates = tuple(study.candidates())
    known = store.results()
    default = known.get(spec.trial({}, search_seed(0)).key)
    compared = tuple(_compared(study, role, settings) for role, settings in study.roles().items())
    by_role = {one.role: one for one in compared}
    good = [one for one in candidates if not one.failed]
    tried, scores = [one.settings for one in good], [one.scores[0] for one in good]
    return Outcome(
        spec=spec,
        folder=study.folder,
        candidates=candidates,
        default_score=default.objective if default is not None and default.ok else None,
        compared=compared,
        gain=_difference(by_role.get("winner"), by_role.get("default")),
        over_second=_difference(by_role.get("winner"), by_role.get("runner-up")),
        influences=tuple(influences(spec.space, tried, scores)),
        interactions=tuple(interactions(spec.space, tried, scores)) if len(good) >= 16 else (),
        progress=tuple(_progress(study)),
        planned=len(study.settings()),
        seconds=sum(result.seconds for result in known.values()),
        trials=len(known),
    )


def _compared(study: Study, role: str, settings: dict[str, Any]) -> Compared:
    trials = [study.spec.trial(settings, fresh_seed(i)) for i in range(study.spec.fresh_seeds)]
    known = study.lab.store.results([trial.key for trial in trials])
    results = [known.get(trial.key) for trial in trials]
    scores = tuple(one.objective if one is not None and one.ok else None for one in results)
    seen = [score for score in scores if score is not None]
    return Compared(role, settings, scores, mean_of(seen) if len(seen) > 1 else None)


def _difference(one: Compared | None, other: Compared | None) -> Estimate | None:
    """Paired over the seeds that both have; None for fewer than two."""
    if one is None or other is None:
        return None
    pairs = zip(one.scores, other.scores, strict=True)
    found = [a - b for a, b in pairs if a is not None and b is not None]
    return mean_of(found) if len(found) > 1 else None


T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""The 97.5% quantile of Student's t for 1, 2, ... degrees of freedom."""


def mean_of(values: Sequence[float]) -> Estimate:
    """Mean of at least two numbers with Student's 95% interval: for a handful of seeds a bootstrap is too sure."""
    n = len(values)
    quantile = T[n - 2] if n - 2 < len(T) else 1.96 + 2.8 / (n - 1)
    middle = statistics.fmean(values)
    margin = quantile * statistics.stdev(values) / math.sqrt(n)
    return Estimate(middle, middle - margin, middle + margin)


def _progress(study: Study) -> Iterator[tuple[float, float]]:
    best = -math.inf
    for number, one in enumerate(study.history(), 1):
        if one.score is not None and one.score > best:
            best = one.score
        if math.isfinite(best):
            yield float(number), best


def sentences(outcome: Outcome) -> list[str]:
    """What there is to say, the most important first."""
    return [
        one
        for one in (
            _verdict(outcome),
            _second(outcome),
            _place(outcome),
            *_matters(outcome),
            _deaths(outcome),
            _left(outcome),
        )
        if one
    ]


def _verdict(outcome: Outcome) -> str:
    gain, winner = outcome.gain, outcome.winner
    if winner is None:
        return "No setting could be trained to its end." if outcome.candidates else "No setting has been tried yet."
    if not winner.settings:
        return "Nothing was found that is better than the settings as they are."
    if gain is None and outcome.spec.fresh_seeds < 2:
        return "One fresh seed proves nothing: the winner is a guess. Two or more (--seeds 5) give an interval."
    if gain is None:
        return "The search was not finished: nothing has been compared on fresh seeds yet."
    seeds = f"over {outcome.spec.fresh_seeds} fresh seeds, 95% interval {gain.low:+.4g} to {gain.high:+.4g}"
    if gain.low > 0:
        return f"Tuning helped: the winner returns {gain.value:.4g} more than the settings as they are ({seeds})."
    if gain.high < 0:
        return (
            f"Tuning found nothing: on fresh seeds its winner returns {-gain.value:.4g} less than the settings as they "
            f"are ({seeds})."
        )
    return (
        f"No difference is proven: the winner returns {gain.value:+.4g} against the settings as they are ({seeds}). "
        "These settings were not the problem, or more seeds are needed to see it."
    )


def _second(outcome: Outcome) -> str:
    over = outcome.over_second
    if over is None or over.low > 0:
        return ""
    if over.high < 0:
        return f"On these seeds the runner-up is better than the winner, by {-over.value:.4g}: take it instead."
    span = f"{over.low:+.4g} to {over.high:+.4g}"
    return f"The runner-up is as good as far as these seeds tell (winner less runner-up: {span})."


def _place(outcome: Outcome) -> str:
    place, good = outcome.default_place, outcome.good
    if place is None or not good:
        return ""
    best = max(one.scores[0] for one in good)
    score = f"a score of {outcome.default_score:.4g}; the best of the search has {best:.4g} on the same seed"
    return f"The settings as they are would take place {place} of {len(good) + 1} in the search ({score})."


def _matters(outcome: Outcome) -> Iterator[str]:
    if not outcome.influences:
        return
    clear = [one for one in outcome.influences if one.share >= CLEAR]
    if not clear:
        yield "None of the searched settings explains the differences by itself: seeds, or several together, do."
    axes = {axis.name: axis for axis in outcome.spec.space}
    for one in clear:
        yield f"{one.name} explains {one.share:.0%} of the differences; {_range(one, axes[one.name])}."
    strong = [one for one in outcome.interactions if one.share >= CLEAR]
    for pair in strong[:1]:
        yield f"{pair.first} and {pair.second} together explain {pair.share:.0%} more than each by itself."


def _range(one: Influence, axis: Axis) -> str:
    """Where an axis is safe, and whether it was cut too short."""
    last = len(one.levels) - 1
    if one.safe == (0, last):
        return "any value searched is near the best"
    low, high = one.levels[one.safe[0]].low, one.levels[one.safe[1]].high
    span = f"only {as_text(low)} is good" if low == high else f"little is lost from {as_text(low)} to {as_text(high)}"
    if axis.choices:
        return span
    best = max(range(last + 1), key=lambda i: one.levels[i].mean)
    end = {0: "lower", last: "upper"}.get(best, "")
    return f"{span}, and the best lies at the {end} end: search further" if end else span


def _deaths(outcome: Outcome) -> str:
    dead = [one for one in outcome.candidates if one.failed]
    if not dead:
        return ""
    return f"{len(dead)} of {len(outcome.candidates)} settings failed; the first: {dead[0].reason}"


def _left(outcome: Outcome) -> str:
    left = [one for one in outcome.candidates if one.stopped]
    if not left:
        return ""
    return (
        f"{len(left)} of {len(outcome.candidates)} settings were not trained to their end; the first: {left[0].reason}"
    )


def write_winner(outcome: Outcome) -> Path | None:
    """The winner as a file: winner.toml for `ppodoctor train --config`, winner.txt with a script's command."""
    winner = outcome.winner
    if winner is None:
        return None
    if outcome.spec.command:
        path, text = outcome.folder / "winner.txt", command_of(outcome.spec, winner.settings) + "\n"
    else:
        chosen = {**outcome.spec.fixed, **winner.settings, "total_steps": outcome.spec.steps}
        config = PPOConfig.from_dict(chosen).to_dict()
        path = outcome.folder / "winner.toml"
        text = "".join(f"{name} = {_toml(config[name])}\n" for name in chosen)
    partial = path.with_name(f".{path.name}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
    return path


def command_of(spec: Spec, settings: dict[str, Any]) -> str:
    """A script's command with these settings, as a shell reads it; behind it the arguments that its trainer takes."""
    import shlex

    command, keywords = shlex.join(with_changes(spec.command, settings)), keywords_of(spec.command, list(settings))
    given = ", ".join(f"{keyword}={settings[name]!r}" for name, keyword in keywords.items())
    return f"{command}  # and in the script: ({given})" if given else command


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _finite(value: Any) -> Any:
    """JSON has no NaN: null stands for it."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
