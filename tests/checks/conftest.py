"""What the tests of checks share: a scenario's readings take the place of reading its (made) graphs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scenarios import Scenario

from ppodoctor.checks import all_checks
from ppodoctor.checks.api import Evidence
from ppodoctor.diagnosis import diagnose
from ppodoctor.findings import Diagnosis
from ppodoctor.measures import credit, reading

ABOUT_FITS = ("advantage", "data")
"""Families whose checks rest on the fits themselves, which the other families' tests leave out."""


def play(monkeypatch: pytest.MonkeyPatch, scenario: Scenario, *, fits: bool = False) -> None:
    """Let reading a minibatch of the scenario give the scenario's own reading."""
    made = {(r.update, r.index): r for r in scenario.readings}
    reading.readings.cache_clear()
    monkeypatch.setattr(reading, "read_minibatch", lambda m: made[m.update, m.index])
    if not fits:  # the made advantages follow no recursion: looking for one takes long and finds nothing
        monkeypatch.setattr(credit, "_fits", lambda run: ())


@pytest.fixture
def evidence(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[[Scenario, str], list[Evidence]]:
    """Evidence of one check for a scenario; raises what the check raises."""

    def run(scenario: Scenario, name: str) -> list[Evidence]:
        play(monkeypatch, scenario, fits=request.path.parent.name in ABOUT_FITS)
        return list(all_checks()[name].function(scenario.run))

    return run


@pytest.fixture
def diagnosed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Scenario], Diagnosis]:
    """The diagnosis of a scenario."""

    def run(scenario: Scenario) -> Diagnosis:
        play(monkeypatch, scenario)
        return diagnose(scenario.run)

    return run
