"""These families are about the fits themselves, which the other families' tests leave out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scenarios import Scenario

from ppodoctor.checks import all_checks
from ppodoctor.checks.api import Evidence
from ppodoctor.measures import reading


@pytest.fixture
def evidence(monkeypatch: pytest.MonkeyPatch) -> Callable[[Scenario, str], list[Evidence]]:
    """Evidence of one check for a scenario; raises what the check raises."""

    def run(scenario: Scenario, name: str) -> list[Evidence]:
        made = {(r.update, r.index): r for r in scenario.readings}
        reading.readings.cache_clear()
        monkeypatch.setattr(reading, "read_minibatch", lambda m: made[m.update, m.index])
        return list(all_checks()[name].function(scenario.run))

    return run
