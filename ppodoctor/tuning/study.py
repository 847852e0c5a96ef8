"""A study: a plan carried out in the lab, kept in one folder, gone on with from wherever it was left."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ppodoctor.config import ConfigError
from ppodoctor.lab import Executor, Lab, LabError, Stop, Trial, TrialResult
from ppodoctor.lab.early import Watch, bar_of, ended_early, unwatched
from ppodoctor.lab.postgres import without_password
from ppodoctor.lab.sqlite import Statements
from ppodoctor.lab.trial import FAILED
from ppodoctor.tuning.plans import Plan, Tried
from ppodoctor.tuning.space import check
from ppodoctor.tuning.spec import Candidate, Spec, fresh_seed, hashable, search_seed

SETTINGS = "SELECT settings FROM setting ORDER BY number"
BEST, BEST_SEEDS = 4, 3
"""How many of the best settings get more seeds in the search, and how many seeds they have then."""
PARTS = (9, 3, 1)
"""Of halving: a ninth of a trial's steps for all, a third for the best third, all for the best of those."""
ROUND = 9
"""Settings that are compared in one round of halving."""
SEARCH_SHARE = 0.65
"""Of a study's time, what the search may take; the rest is for more seeds and the comparison on fresh ones."""
TRIALS = 40
"""Settings tried by a search for which neither a number nor a time is given."""


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
        best = next((one for one in self.candidates() if one.whole), None)
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
            usual = ROUND if self.spec.halving else self.lab.workers
            count = (plan.length or 0) if plan.method == "grid" else usual
            count = count if limit is None else min(count, limit - len(history))
            batch = plan.ask(history, count) if count > 0 else []
            for number, one in enumerate(batch, len(history)):
                run("INSERT INTO setting VALUES (?, ?)", [number, json.dumps(one)])
            return batch

        return self.lab.store.base.atomically(work)

    def _try(self, settings: Sequence[dict[str, Any]], stop: Stop, *, wait: bool = False) -> None:
        """One trial for each; with halving, those that fall behind are left at a part of it."""
        left = [one for at in range(0, len(settings), ROUND) for one in self._best(settings[at : at + ROUND], stop)]
        watcher = self._watch if self.spec.stop_early else unwatched
        self.lab.run([self.spec.trial(one, search_seed(0)) for one in left], stop, wait=wait, watcher=watcher)

    def _best(self, settings: Sequence[dict[str, Any]], stop: Stop) -> Sequence[dict[str, Any]]:
        """Those of a round of halving that are trained whole; all of them without it."""
        left = settings
        for part in self.parts[:-1]:
            results = self.lab.run([self.spec.trial(one, search_seed(0), part) for one in left], stop)
            left = best_third([(one, result) for one, result in zip(left, results, strict=True) if result is not None])
        return left

    @property
    def parts(self) -> tuple[int, ...]:
        """By what the length of a trial is divided, in rounds of which each takes the best third of the one before."""
        return PARTS if self.spec.halving else (1,)

    def _watch(self, trial: Trial) -> Watch:
        """What ends a trial of the search early: the median of those of its seed that came to their end."""
        known = self.lab.store.results()
        keys = [self._key(one) for one in self.settings()]
        bar = bar_of([known[key] for key in keys if key in known and key != trial.key])
        return Watch(bar, "ppodoctor.tuning.judge:beyond_repair" if trial.command else "", frozen=True)

    def _key(self, settings: dict[str, Any]) -> str:
        return self.spec.trial(settings, search_seed(0)).key

    def history(self) -> list[Tried]:
        """The search so far, as plans take it: each setting with its mean score over the seeds that it has."""
        return self._history(self.settings())

    def _history(self, settings: Sequence[dict[str, Any]]) -> list[Tried]:
        known, found = self.lab.store.results(), []
        for one in settings:
            results = self._results(one, known)
            # one that was stopped counts by what it had: worse than most, and no worse than that
            scores = [one.objective for one in results if one.status != FAILED and one.objective is not None]
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
        found = [known[key] for key in keys if key in known]
        return found or [*self._shorter(settings, known)]

    def _shorter(self, settings: dict[str, Any], known: Mapping[str, TrialResult]) -> Iterator[TrialResult]:
        """What is known of a setting that halving left behind: its longest part."""
        for part in reversed(self.parts[:-1]):
            result = known.get(self.spec.trial(settings, search_seed(0), part).key)
            if result is not None:
                reason = f"left behind after 1/{part} of its steps, where others were better"
                yield ended_early(result, reason) if result.ok else result
                return

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
                stopped = dead != "" and all(result.status != FAILED for result in results)
                scores = tuple(result.objective for result in results if result.objective is not None)
                seconds = sum(result.seconds for result in results)
                found.append(Candidate(one, scores, dead, seconds, stopped and bool(scores)))
        return sorted(
            found, key=lambda one: (one.failed, one.stopped, -one.score if one.scores and not one.failed else 0.0)
        )

    def ranked(self) -> list[Candidate]:
        """The candidates that may win: of those with most seeds, the best first."""
        whole = [one for one in self.candidates() if one.whole]
        most = max((len(one.scores) for one in whole), default=0)
        return sorted(whole, key=lambda one: (len(one.scores) < most, -one.score))

    def _add_seeds(self, stop: Stop) -> None:
        """More seeds for the best: one seed chooses luck as gladly as a good setting."""
        while not stop.reason:
            best = [one for one in self.candidates() if one.whole][:BEST]
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


def best_third(tried: Sequence[tuple[dict[str, Any], TrialResult]]) -> list[dict[str, Any]]:
    """The settings that go on to a longer training (successive halving by thirds, Jamieson and Talwalkar 2016)."""
    good = [(one, result.objective) for one, result in tried if result.ok and result.objective is not None]
    ranked = sorted(good, key=lambda pair: -pair[1])
    return [one for one, _ in ranked[: max(-(-len(tried) // 3), 1)]]


def _read(text: str) -> dict[str, Any]:
    return {name: hashable(value) for name, value in json.loads(text).items()}
