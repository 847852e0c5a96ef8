"""Runs one command under watch and writes what it came to: `python -m ppodoctor.lab.worker FOLDER`."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ppodoctor.lab.early import FROZEN, Watch, ended_early
from ppodoctor.lab.flags import TRAINERS, keywords_of, with_changes
from ppodoctor.lab.score import scored
from ppodoctor.lab.scripts import RESULT, RUN, TRIAL, WATCH
from ppodoctor.lab.trial import Trial, TrialResult, failed
from ppodoctor.run import Run, RunError
from ppodoctor.watching.launch import Limits, Outcome, launch

BEGAN = time.monotonic()
EVERY = 2.0
"""Seconds between two looks at a run, at the least."""
INJECT = Path(__file__).resolve().parent / "inject"
SEED_VARIABLE, KEYWORDS_VARIABLE = "PPODOCTOR_SEED", "PPODOCTOR_KEYWORDS"
TAKEN = "taken.txt"
"""In a trial's folder: the keyword arguments that a trainer was given, one a line."""


def run_script(trial: Trial, folder: Path, watch: Watch) -> TrialResult | None:
    """Run a trial's command under watch, seeded from outside; None where it was interrupted."""
    parent = os.getppid()

    def orphaned() -> str | None:
        return None if os.getppid() == parent else "the lab that ran this trial was ended"

    early = Early(folder / RUN, watch)

    command = with_changes(trial.command, trial.changes)
    _let_seeds_in(trial.seed)
    keywords = keywords_of(trial.command, list(trial.changes))
    if keywords:
        _let_keywords_in({keywords[name]: trial.changes[name] for name in keywords}, folder / TAKEN)
    limits = Limits(seconds=trial.seconds or None, until=lambda: orphaned() or early.reason())
    outcome = launch(command, folder / RUN, limits)
    if outcome.interrupted or orphaned():
        return None
    missed = [] if outcome.problem else sorted(set(keywords.values()) - _lines(folder / TAKEN))
    if missed:
        reason = f"no trainer of the script took {missed[0]} as a keyword argument, and it has no such flag"
        return failed(trial, reason, seconds=outcome.seconds, by="script")
    result = result_of(trial, outcome)
    return ended_early(result, early.said) if early.said else result


class Early:
    """Looks at a script's run now and then, and says once why it is not worth going on with."""

    def __init__(self, folder: Path, watch: Watch) -> None:
        self.folder, self.watch, self.said = folder, watch, ""
        self._next, self._looks = EVERY, 0

    def reason(self) -> str | None:
        """Asked at every tick of the watcher."""
        if self.said or not self.watch.active or time.monotonic() - BEGAN < self._next:
            return self.said or None
        began = time.monotonic()
        with suppress(RunError):  # nothing is written yet
            self.said = self._look(Run.load(self.folder))
        # looking takes a twentieth of the time at the most
        self._next = time.monotonic() - BEGAN + max(EVERY, 20 * (time.monotonic() - began))
        return self.said or None

    def _look(self, run: Run) -> str:
        ends, returns, steps = _episodes(run)
        self._looks += 1
        wanted = len(run.updates) >= FROZEN and self._looks.bit_count() == 1  # a diagnosis is dear: at 1, 2, 4, ...
        return self.watch.behind(steps, ends, returns) or (self.watch.judged(self.folder) if wanted else "")


def result_of(trial: Trial, outcome: Outcome) -> TrialResult:
    """The objective of a watched command, from the environments that it trained in."""
    if outcome.problem:
        return failed(trial, outcome.problem, seconds=outcome.seconds, by="script")
    try:
        run = Run.load(outcome.folder or Path())
    except RunError as error:
        return failed(trial, str(error), seconds=outcome.seconds, by="script")
    ends, returns, steps = _episodes(run)
    return scored(trial, ends, returns, steps=steps, seconds=outcome.seconds, by="script")


def _episodes(run: Run) -> tuple[list[float], list[float], int]:
    """Of the environments that it trains in: where they ended, what they returned, and the steps taken."""
    training = {env.stream for env in run.train_envs}
    episodes = sorted((one.step, one.ret) for one in run.episodes if one.stream in training)
    steps = max((env.steps for env in run.train_envs), default=0) or max((end for end, _ in episodes), default=0)
    return [end for end, _ in episodes], [ret for _, ret in episodes], int(steps)


def _let_seeds_in(seed: int) -> None:
    """Let every Python of the command meet our seeding, and our package only where the watcher brings it."""
    ours = str(Path(__file__).resolve().parents[2])
    given = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != ours]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(INJECT), *given])
    os.environ[SEED_VARIABLE] = str(seed)


def _let_keywords_in(values: dict[str, Any], taken: Path) -> None:
    """Let every Python of the command give these to a trainer that it imports."""
    taken.unlink(missing_ok=True)
    given = {"values": values, "trainers": TRAINERS, "taken": str(taken.absolute())}
    os.environ[KEYWORDS_VARIABLE] = json.dumps(given)


def _lines(path: Path) -> set[str]:
    return set(path.read_text(encoding="utf-8").split()) if path.exists() else set()


def main() -> int:
    """The trial in the folder that was named, written beside it."""
    folder = Path(sys.argv[1])
    trial = Trial.from_dict(json.loads((folder / TRIAL).read_text(encoding="utf-8")))
    watch = json.loads((folder / WATCH).read_text(encoding="utf-8"))
    result = run_script(trial, folder, Watch(**{**watch, "bar": tuple(map(tuple, watch["bar"]))}))
    if result is not None:
        partial = folder / f".{RESULT}"
        partial.write_text(json.dumps(result.to_dict()), encoding="utf-8")
        os.replace(partial, folder / RESULT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
