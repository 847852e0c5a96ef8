"""Twin of `lambda_extreme`: what the fit says decides, so the fit is made up here."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ppodoctor.checks import all_checks
from ppodoctor.checks.api import Missing
from ppodoctor.measures import credit
from ppodoctor.run import Run


@pytest.fixture
def fitted(monkeypatch):
    """Evidence for advantages that follow GAE with this lambda."""

    def run(lam, *, exact=True):
        fit = SimpleNamespace(exact=exact, lam=lam)
        monkeypatch.setattr(credit, "fit_advantages", lambda _: (fit,))
        return list(all_checks()["lambda_extreme"].function(Run(None)))

    return run


@pytest.mark.parametrize(("lam", "count"), [(0.0, 1), (0.3, 1), (0.5, 0), (0.95, 0), (1.0, 0)])
def test_only_a_small_lambda_is_named(fitted, lam, count):
    assert len(fitted(lam)) == count


def test_without_an_exact_fit_it_is_skipped(fitted):
    with pytest.raises(Missing, match="lambda"):
        fitted(0.1, exact=False)
