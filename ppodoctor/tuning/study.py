"""A study: a plan carried out in the lab, kept in one folder, gone on with from wherever it was left."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ppodoctor.config import ConfigError
from ppodoctor.lab import Executor, Lab, LabError, Stop, Trial, TrialResult
from ppodoctor.lab.postgres import without_password
from ppodoctor.lab.sqlite import Statements
from ppodoctor.tuning.plans import Plan, Tried
from ppodoctor.tuning.space import Axis, Space, check

FILE = "study.json"
SETTINGS = "SELECT settings FROM setting ORDER BY number"
APART = 1000
"""Between two seeds: environment i of a training is seeded with seed + i."""
FRESH = 1_000_000
"""The first seed of the last comparison: no seed of the search is ever one of it."""
BEST, BEST_SEEDS = 4, 3
"""How many of the best settings get more seeds in the search, and how many seeds they have then."""
SEARCH_SHARE = 0.65
"""Of a study's time, what the search may take; the rest is for more seeds and the comparison on fresh ones."""
TRIALS = 40
"""Settings tried by a search for which neither a number nor a time is given."""


@dataclass(frozen=True)
class Spec:
    """What is searched, and how: everything that decides what a study comes to."""

    space: Space
    environment: str = ""
    command: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Settings that every trial of ours has."""
    method: str = "grid"
    steps: int = 50_000
    """Environment steps of a trial of ours; a script has its own length."""
    trial_seconds: float = 0.0
    """After which a script is stopped; 0 for never."""
    trials: int = 0
    """Settings to try; 0 as many as the method has, the time allows, or TRIALS."""
    fresh_seeds: int = 5
    """Seeds of the last comparison."""
    seed: int = 0
    storage: str = ""
    """URL of a PostgreSQL database in which the folder's name is the study's; empty for a file in the folder. A
    password in it is never written down."""

    def trial(self, settings: Mapping[str, Any], seed: int) -> Trial:
        """The trial of these settings and this seed."""
        if self.command:
            return Trial(command=self.command, changes=settings, seed=seed, seconds=self.trial_seconds)
        return Trial(self.environment, changes={**self.fixed, **settings}, seed=seed, steps=self.steps)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"storage": without_password(self.storage)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Spec:
        """What `to_dict` gave, by way of JSON."""
        axes = [Axis(**{**one, "choices": tuple(map(_hashable, one["choices"]))}) for one in data["space"]]
        return cls(**{**data, "space": tuple(axes), "command": tuple(data["command"])})

    def save(self, folder: Path) -> None:
        """Write study.json, atomically."""
        partial = folder / f".{FILE}"
        partial.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")
        os.replace(partial, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Spec:
        """Read study.json. Raises LabError where there is none."""
        try:
            return cls.from_dict(json.loads((folder / FILE).read_text(encoding="utf-8")))
        except OSError:
            raise LabError(f"{folder} holds no study; --resume takes the folder of an earlier one") from None
        except (ValueError, KeyError, TypeError) as error:
            raise LabError(f"{folder / FILE} cannot be read: {error}") from None


@dataclass(frozen=True)
class Candidate:
    """One setting and what its trials came to."""

    settings: dict[str, Any]
    scores: tuple[float, ...]
    """Objective of each seed of the search."""
    reason: str = ""
    """Why it failed, where it did."""
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """Mean over its seeds."""
        return statistics.fmean(self.scores)

    @property
    def failed(self) -> bool:
        """Did one of its trials die?"""
        return bool(self.reason)


class Study:
    """Carries a plan out.

    Args:
        folder: Of the study; made where missing. What is in it already is taken over.
        spec: What to do. Raises ConfigError where its settings cannot be.
        workers: Trials side by side; 0 takes one for each core.
        tell: Called for each trial that ended, with how many settings have been tried.
        executor: Runs the trials, such as on a cluster; None runs them on this machine.
    """

    def __init__(
        self,
        folder: Path,
        spec: Spec,
        *,
        workers: int = 0,
        tell: Callable[[Trial, TrialResult], None] | None = None,
        executor: Executor | None = None,
    ) -> None:
        if not spec.command:
            check(spec.space, spec.fixed)
        self.folder, self.spec = folder, spec
        self.lab = Lab(folder, workers=workers, tell=tell, executor=executor, storage=spec.storage)
        self._agree()
        self._keys: dict[str, list[str]] = {}
        """The trials of settings, by their text."""
        spec.save(folder)

    def _agree(self) -> None:
        """Refuse a storage that holds another study by this name."""
        mine = json.dumps(self.spec.to_dict() | {"trials": 0, "storage": ""}, sort_keys=True)
        if self.lab.store.agree("study", mine) != mine:
            where = without_password(self.spec.storage) or str(self.folder)
            self.lab.close()
            raise LabError(f"{where} holds another study by the name of {self.folder.name}; choose another with --out")

    def run(self, stop: Stop | None = None) -> None:
        """Search, add seeds where they matter, compare on fresh ones; leaves off wherever `stop` says so.

        Raises:
            ConfigError: the settings as they are by default fail, so that there is nothing to compare with.
        """
        stop = stop or Stop()
        (first,) = self.lab.run([self.spec.trial({}, search_seed(0))], stop)
        if first is not None and not first.ok:
            raise ConfigError(f"the first trial, with the settings as they are, failed: {first.reason}")
        self._search(stop.part(SEARCH_SHARE))
        if stop.reason:
            return
        self._add_seeds(stop.part(0.5))
        self._compare(stop)

    def settings(self) -> list[dict[str, Any]]:
        """Every setting that was asked for, in order."""
        rows = self.lab.store.base.rows(SETTINGS)
        return [_read(text) for (text,) in rows]

    def _search(self, stop: Stop) -> None:
        """Ask for settings and try them; what another process left behind is tried first."""
        limit = self._limit(stop)
        self._try(self.settings(), stop)
        while not stop.reason:
            batch = self._ask(limit)
            if not batch:
                self._try(self.settings(), stop, wait=True)
                return
            self._try(batch, stop)
            if self.spec.method != "grid":
                self._doubt_best(stop)

    def _doubt_best(self, stop: Stop) -> None:
        """One more seed for the best so far: a search on one seed finds what suits that seed."""
        best = next((one for one in self.candidates() if not one.failed), None)
        if best is not None and len(best.scores) < BEST_SEEDS:
            trial = self.spec.trial(best.settings, search_seed(len(best.scores)))
            self.lab.run([trial], stop, wait=False)

    def _limit(self, stop: Stop) -> int | None:
        """How many settings there are to be; None for as many as the time allows."""
        if self.spec.trials or self.spec.method == "grid":
            return self.spec.trials or None
        return None if stop.deadline is not None else TRIALS

    def _ask(self, limit: int | None) -> list[dict[str, Any]]:
        """The next settings, noted as asked for in one transaction: no process asks for the same ones."""
        plan = Plan(self.spec.method, self.spec.space, self.spec.seed, self._usual_seconds())

        def work(run: Statements) -> list[dict[str, Any]]:
            history = self._history([_read(text) for (text,) in run(SETTINGS)])
            count = (plan.length or 0) if plan.method == "grid" else self.lab.workers
            count = count if limit is None else min(count, limit - len(history))
            batch = plan.ask(history, count) if count > 0 else []
            for number, one in enumerate(batch, len(history)):
                run("INSERT INTO setting VALUES (?, ?)", [number, json.dumps(one)])
            return batch

        return self.lab.store.base.atomically(work)

    def _try(self, settings: Sequence[dict[str, Any]], stop: Stop, *, wait: bool = False) -> None:
        self.lab.run([self.spec.trial(one, search_seed(0)) for one in settings], stop, wait=wait)

    def history(self) -> list[Tried]:
        """The search so far, as plans take it: each setting with its mean score over the seeds that it has."""
        return self._history(self.settings())

    def _history(self, settings: Sequence[dict[str, Any]]) -> list[Tried]:
        known, found = self.lab.store.results(), []
        for one in settings:
            results = self._results(one, known)
            scores = [result.objective for result in results if result.ok and result.objective is not None]
            failed = len(scores) < len(results)
            found.append(Tried(one, statistics.fmean(scores) if scores and not failed else None, failed))
        return found

    def _results(self, settings: dict[str, Any], known: Mapping[str, TrialResult]) -> list[TrialResult]:
        """What the search knows of a setting, seed by seed."""
        name = json.dumps(settings)
        keys = self._keys.get(name)
        if keys is None:
            keys = [self.spec.trial(settings, search_seed(i)).key for i in range(BEST_SEEDS)]
            if not self.spec.command:  # a script may be edited meanwhile, which makes its trials others
                self._keys[name] = keys
        return [known[key] for key in keys if key in known]

    def _usual_seconds(self) -> float:
        known = self.lab.store.results()
        return statistics.median(one.seconds for one in known.values()) if known else 0.0

    def candidates(self) -> list[Candidate]:
        """Every setting that was tried, the best first, failed ones last; the same setting once."""
        rows = {json.dumps(one, sort_keys=True): one for one in self.settings()}
        known, found = self.lab.store.results(), []
        for one in rows.values():
            results = self._results(one, known)
            if results:
                dead = next((result.reason for result in results if not result.ok), "")
                scores = tuple(result.objective for result in results if result.objective is not None)
                found.append(Candidate(one, scores, dead, sum(result.seconds for result in results)))
        return sorted(found, key=lambda one: (one.failed, -one.score if one.scores and not one.failed else 0.0))

    def ranked(self) -> list[Candidate]:
        """The candidates that may win: of those with most seeds, the best first."""
        whole = [one for one in self.candidates() if not one.failed]
        most = max((len(one.scores) for one in whole), default=0)
        return sorted(whole, key=lambda one: (len(one.scores) < most, -one.score))

    def _add_seeds(self, stop: Stop) -> None:
        """More seeds for the best: one seed chooses luck as gladly as a good setting."""
        while not stop.reason:
            best = [one for one in self.candidates() if not one.failed][:BEST]
            short = [one.settings for one in best if len(one.scores) < BEST_SEEDS]
            if not short:
                return
            self.lab.run([self.spec.trial(one, search_seed(i)) for one in short for i in range(BEST_SEEDS)], stop)

    def roles(self) -> dict[str, dict[str, Any]]:
        """Whom the last comparison is between: winner, runner-up and default, each setting once."""
        ranked = self.ranked()
        found = {name: one.settings for name, one in zip(("winner", "runner-up"), ranked, strict=False)}
        return found | {"default": {}}

    def _compare(self, stop: Stop) -> None:
        """Winner, runner-up and default on the same fresh seeds, one seed after the other."""
        roles = self.roles()
        for number in range(self.spec.fresh_seeds):
            seed = fresh_seed(number)
            self.lab.run([self.spec.trial(settings, seed) for settings in roles.values()], stop)

    def close(self) -> None:
        """Close the study's file."""
        self.lab.close()


def search_seed(number: int) -> int:
    """The seeds of the search."""
    return 1 + APART * number


def fresh_seed(number: int) -> int:
    """The seeds of the last comparison."""
    return FRESH + APART * number


def _read(text: str) -> dict[str, Any]:
    return {name: _hashable(value) for name, value in json.loads(text).items()}


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
