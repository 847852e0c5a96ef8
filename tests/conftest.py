"""What every test stands on: quiet threads, repeatable property tests, a browser where there is one."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# Before anything imports numpy or torch: the suite uses the cores itself, and small networks lose by many threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A suite that is started in the background has them ignored, and what it starts would inherit that.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

# No deadline: a loaded machine must not fail a test. Derandomized: a run on the same commit gives the same answer.
settings.register_profile("ppodoctor", deadline=None, derandomize=True)
settings.load_profile("ppodoctor")

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root folder."""
    return ROOT


@pytest.fixture
def chromium(tmp_path: Path) -> list[str]:
    """The start of a headless Chromium's command line, with a profile of its own and nothing sent to a network."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed (Debian's package is chromium)")
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync", "--disable-component-update"]
    private = ["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"]
    return [found, "--headless", "--no-sandbox", *quiet, *private, f"--user-data-dir={tmp_path / 'browser'}"]
