"""Runs somebody's command as it is, with the watch let in through the environment, and says how it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from ppodoctor.watching.commands import INJECT, Prepared, prepare
from ppodoctor.watching.processes import Household
from ppodoctor.watching.settings import FOLDER_VARIABLE, Wishes, forget_earlier
from ppodoctor.watching.signals import Received, Signals
from ppodoctor.watching.stopping import Stopping

FORWARD_AFTER = 0.5
"""Seconds until a signal is passed on that may have been sent to the command as well: to one that has ended by it,
nothing is passed."""
OLDEST_PYTHON = (3, 9)


@dataclass(frozen=True)
class Limits:
    """When the watch ends the command.

    Attributes:
        seconds: After so many seconds of wall time.
        updates: After so many policy updates; the session in the script counts them.
        until: Asked at every tick, in the parent; a sentence ends the command, None lets it go on.
        grace: Seconds that the script gets to come to a step, and again to clean up, before it is signalled.
    """

    seconds: float | None = None
    updates: int | None = None
    until: Callable[[], str | None] | None = None
    grace: float = 20.0

    @property
    def bounded(self) -> bool:
        """Whether there is any limit."""
        return self.seconds is not None or self.updates is not None or self.until is not None


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Attributes:
        exit_status: What the command returned; None when a signal ended it or it never started.
        signal: Name of the signal that ended it.
        seconds: Wall time.
        stopped: Why the watch ended it; None when it ended by itself.
        interrupted: Name of the signal by which somebody ended ppodoctor, or the whole job, meanwhile.
        problem: A sentence when there is nothing to be expected from the run, or the script failed.
        crash: The exception that ended the script: `type`, `message`, `file`, `line`, `traceback`.
        folder: Where the process that trained has written: the run folder, or `workers/PID` below it.
        imported: Libraries of interest that some process of the command imported.
        notes: What the watch could not do.
    """

    exit_status: int | None = None
    signal: str | None = None
    seconds: float = 0.0
    stopped: str | None = None
    interrupted: str | None = None
    problem: str | None = None
    crash: Mapping[str, Any] | None = None
    folder: Path | None = None
    imported: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass
class _Course:
    """What happens while the command runs."""

    process: subprocess.Popen[bytes]
    stopping: Stopping
    interrupted: str | None = None
    interrupts: int = 0
    to_forward: list[tuple[float, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def launch(
    command: Sequence[str],
    folder: Path,
    limits: Limits,
    *,
    on_tick: Callable[[], None] | None = None,
    tick_seconds: float = 0.5,
    options: Mapping[str, Any] | None = None,
) -> Outcome:
    """Run a command under watch, its standard streams, working directory and exit status untouched.

    Args:
        command: The user's words, as typed.
        folder: The run folder; made where missing.
        limits: When to end it.
        on_tick: Called in this process about every `tick_seconds` while the command runs.
        tick_seconds: See `on_tick`; also how often `limits.until` is asked.
        options: What the session in the script is to know besides (`settings.wishes.options`); JSON values.

    Returns:
        How it ended. A command that cannot be started is a `problem` in there, not an exception.
    """
    folder = folder.absolute()
    prepared = prepare(command)
    if prepared.problem is not None:
        return Outcome(problem=prepared.problem)
    wishes = Wishes(tuple(command), limits.updates, limits.seconds, limits.bounded, os.getpid(), dict(options or {}))
    try:
        forget_earlier(folder)
        wishes.save(folder)
    except OSError as error:
        return Outcome(
            problem=f"Cannot write into the run folder {folder} ({error.strerror}). Choose another with --out."
        )
    began = time.monotonic()
    with Household(f"{FOLDER_VARIABLE}={folder}") as household:
        try:
            process = _start(prepared, folder)
        except OSError as error:
            return Outcome(problem=_start_problem(prepared.command[0], error))
        course = _Course(process, Stopping(folder, process, household, limits.grace))
        while course.process.returncode is None:
            try:
                _accompany(course, limits, on_tick, tick_seconds)
            except KeyboardInterrupt:  # in the moment before or after signals are held back
                course.interrupted = "SIGINT"
        course.stopping.notice_end()
        if course.stopping.reason is not None:
            ended = household.end(min(2.0, limits.grace))
            if ended:
                course.notes.append(f"ended {ended} processes of the script that outlived its main process")
        household.bury()
    return _outcome(course, folder, time.monotonic() - began)


def environment(folder: Path, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment that lets the watch in: our folder first on PYTHONPATH, the run folder by name."""
    given = base.get("PYTHONPATH", "")
    # A nested watch must not enter twice; an empty entry would mean the working directory.
    others = [entry for entry in given.split(os.pathsep) if entry != str(INJECT)] if given else []
    return {**base, "PYTHONPATH": os.pathsep.join([str(INJECT), *others]), FOLDER_VARIABLE: str(folder)}


def _start(prepared: Prepared, folder: Path) -> subprocess.Popen[bytes]:
    sys.stdout.flush()
    sys.stderr.flush()
    # Files that the shell opened for the command (`<(...)`) go through, as they would without us.
    return subprocess.Popen(prepared.command, env=environment(folder), close_fds=False)


def _accompany(course: _Course, limits: Limits, on_tick: Callable[[], None] | None, tick_seconds: float) -> None:
    """Stay beside the command until it has ended."""
    began = next_tick = time.monotonic()
    deadline = began + limits.seconds if limits.seconds is not None else None
    with Signals() as signals:
        while course.process.poll() is None:
            now = time.monotonic()
            if now >= next_tick:
                _tick(course, limits, on_tick)
                next_tick = time.monotonic() + tick_seconds
            if deadline is not None and now >= deadline:
                course.stopping.request(f"{limits.seconds:g} seconds are over")
            course.stopping.advance()
            _forward(course)
            wake = min([next_tick, *([deadline] if deadline and deadline > now else []), now + 0.25])
            for received in signals.wait(wake - time.monotonic()):
                _take(course, received)


def _tick(course: _Course, limits: Limits, on_tick: Callable[[], None] | None) -> None:
    try:
        if on_tick is not None:
            on_tick()
        sure = limits.until() if limits.until is not None else None
    except Exception as error:
        note = f"the look at the running command failed: {type(error).__name__}: {error}"
        if note not in course.notes:
            course.notes.append(note)
        return
    if sure is not None:
        course.stopping.request(sure)


def _take(course: _Course, received: Received) -> None:
    course.interrupted = signal.Signals(received.signum).name
    course.interrupts += received.signum == signal.SIGINT
    if not received.shared:
        course.to_forward.append((time.monotonic() + FORWARD_AFTER, received.signum))
    if course.interrupts >= 3:
        course.stopping.insist()  # whoever presses Ctrl-C three times wants an end


def _forward(course: _Course) -> None:
    now = time.monotonic()
    for when, signum in list(course.to_forward):
        if now >= when:
            course.to_forward.remove((when, signum))
            if course.process.poll() is None:
                course.process.send_signal(signum)


def _start_problem(program: str, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"{program} may not be executed by this user: {error.strerror}."
    return f"{program} cannot be started: {error.strerror}. A script needs a first line `#!`, or its interpreter named."


def _outcome(course: _Course, folder: Path, seconds: float) -> Outcome:
    status = course.process.returncode
    events = _events(folder)
    notes = [str(event["note"]) for event in events if "note" in event]
    outcome = Outcome(
        exit_status=status if status >= 0 else None,
        signal=signal.Signals(-status).name if status < 0 else None,
        seconds=seconds,
        stopped=course.stopping.reason,
        interrupted=course.interrupted,
        folder=trained_in(folder),
        imported=frozenset(str(event["imported"]) for event in events if "imported" in event),
        notes=tuple(dict.fromkeys([*course.stopping.notes, *course.notes, *notes])),
    )
    crash = _read_json(folder / "crash.json") or _read_json(trained_in(folder) / "crash.json")
    outcome = replace(outcome, crash=crash if status != 0 else None)
    return replace(outcome, problem=_problem(outcome, events))


def _problem(outcome: Outcome, events: list[dict[str, Any]]) -> str | None:
    """The first thing about how it ended that a person must know."""
    versions = [str(event["python"]) for event in events if "python" in event]
    if not versions:
        return (
            "No Python process of this command could be watched, so nothing was recorded. Either it runs no Python, "
            "or something in between (sudo, a container, another machine) clears the environment."
        )
    if all(_version(version) < OLDEST_PYTHON for version in versions):
        return f"The command runs Python {versions[0]}; watching needs Python 3.9 or later."
    if outcome.stopped is not None or outcome.interrupted is not None:
        return None
    if outcome.crash is not None:
        where = f" ({outcome.crash['file']}:{outcome.crash['line']})" if outcome.crash["file"] else ""
        return f"The script failed with {outcome.crash['type']}: {outcome.crash['message']}{where}"
    if outcome.signal is not None:
        cause = " (kill -9, or the system ran out of memory)" if outcome.signal == "SIGKILL" else ""
        return f"The script was ended by {outcome.signal}{cause}."
    return f"The script returned exit status {outcome.exit_status}." if outcome.exit_status else None


def trained_in(folder: Path) -> Path:
    """The folder of the process that trained: whichever of the run folder and its workers' has most updates."""
    candidates = [folder, *sorted((folder / "workers").glob("*"))]
    return max(candidates, key=lambda one: _size(one / "updates.jsonl"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _events(folder: Path) -> list[dict[str, Any]]:
    try:
        lines = (folder / "watch" / "events.jsonl").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [event for line in lines if isinstance(event := _parse(line), dict)]


def _parse(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        facts = _parse(path.read_text(encoding="utf-8"))
    except OSError:
        return None
    return facts if isinstance(facts, dict) else None
