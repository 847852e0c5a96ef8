"""A folder of its own for every test that runs a script."""

from __future__ import annotations

import pytest
from launching import Desk


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Desk:
    """An empty folder, also the working directory; no PYTHONPATH from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return Desk(tmp_path)
