"""An environment tap as a session makes it, and the recorder it writes to."""

from __future__ import annotations

import pytest

from ppodoctor.recorder import Recorder
from ppodoctor.watching.tap_env import EnvTap


@pytest.fixture
def recorder(tmp_path):
    return Recorder(tmp_path, producer="test")


@pytest.fixture
def tap(recorder):
    """Attached; keeps no rows until it is told to."""
    tap = EnvTap(recorder, None)
    tap.attach_classes()
    yield tap
    tap.detach()
