"""Runs one case under the tool, as a person would, and keeps what was recorded and what was said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from planter.cases import Case

from .fingerprint import ROOT, digest, package_code, versions, watching_code

STORE = ROOT / "runs" / "quality"
# How long a planted fault is watched: exact ones show in the first update, the others need a curve, so they are watched
# until the correct script has learned. Counted in updates, since seconds are worth less on a busy machine.
PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class Limits:
    """How long a script is watched: for so many updates, so many seconds, or whichever ends first."""

    updates: int | None = None
    seconds: int | None = None

    @property
    def flags(self) -> tuple[str, ...]:
        """The command line for it."""
        updates = () if self.updates is None else ("--updates", str(self.updates))
        seconds = () if self.seconds is None else ("--seconds", str(self.seconds))
        return updates + seconds


@dataclass(frozen=True)
class Outcome:
    """What the tool said about one case; `error` when it said nothing that can be read."""

    label: str
    verdict: str
    causes: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    seconds: float
    error: str = ""
    learning: dict[str, Any] = field(default_factory=dict)
    """How the return went, as the tool measured it: `initial` and `late` means among others."""


def limits_of(case: Case, *, quick: bool) -> Limits:
    """A few updates for a case whose faults are all exact, else time enough for a curve."""
    if case.faults and all(fault.kind == "exact" for fault in case.faults):
        return Limits(updates=2, seconds=30) if quick else Limits(case.script.exact_updates, PATIENCE_SECONDS)
    if quick:
        return Limits(seconds=8)
    longest = max((fault.seconds or 0 for fault in case.faults), default=0)
    return Limits(seconds=longest) if longest else Limits(case.script.updates, PATIENCE_SECONDS)


def examine(case: Case, limits: Limits) -> Outcome:
    """The tool's answer for a case: from the store where code and script are unchanged, else from a new run."""
    files = case.planted().files
    inputs = [*files.items(), *case.script.identity(), case.seed, limits, versions()]
    recorded = digest([*map(str, inputs), watching_code()])
    answer = STORE / "answers" / f"{recorded}-{package_code()}.json"
    if answer.is_file():
        return Outcome(**json.loads(answer.read_text()))
    run = STORE / "records" / recorded
    # beside the run, since a run that was cut short is readable too
    complete = run.with_suffix(".complete")
    outcome = _diagnose_again(case, run) if complete.is_file() else _watch(case, files, run, limits)
    if not outcome.error:
        complete.touch()
        answer.parent.mkdir(parents=True, exist_ok=True)
        answer.write_text(json.dumps(asdict(outcome)))
    return outcome


def _watch(case: Case, files: dict[str, str], run: Path, limits: Limits) -> Outcome:
    run.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(run, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        place = case.script.prepare(Path(folder))
        for name, text in files.items():
            path = Path(folder) / case.script.place_of(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = ["diagnose", "--out", str(run), *limits.flags, "--json", f"{place}/answer.json", "--"]
        return _ask(case, [*command, *case.script.command(case.seed)], place, timeout=(limits.seconds or 60) + 180)


def _diagnose_again(case: Case, run: Path) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        return _ask(case, ["diagnose", str(run), "--json", f"{folder}/answer.json"], Path(folder), timeout=120)


def _ask(case: Case, arguments: list[str], folder: Path, timeout: float) -> Outcome:
    start = time.monotonic()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **dict(case.script.env)}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), environment.get("PYTHONPATH")]))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ppodoctor", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(case.label, "", [], [], time.monotonic() - start, f"no answer after {timeout:.0f} s")
    seconds = time.monotonic() - start
    answer = folder / "answer.json"
    # a planted fault may make the script itself fail (2): what is said of it counts all the same
    if done.returncode not in ((0, 1, 2, 3) if case.faults else (0, 1, 3)) or not answer.is_file():
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        return Outcome(case.label, "", [], [], seconds, f"exit status {done.returncode}: {' / '.join(last)}")
    said = json.loads(answer.read_text())
    return Outcome(
        case.label, said["verdict"], said["causes"], said["notes"], seconds, learning=said.get("learning") or {}
    )
