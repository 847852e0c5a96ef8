"""Commands that run in turns: each to its own end, none left behind, and a wait for the other is not counted."""

from __future__ import annotations

import os
import sys
import time

import pytest
from study.turns import Turns, run_in_turns

BUSY = """
import sys, time
end = time.process_time() + float(sys.argv[1])
while time.process_time() < end:
    pass
print("done", flush=True)
sys.exit(int(sys.argv[2]))
"""


def turns(folder, name, code, *arguments):
    return Turns((sys.executable, "-c", code, *arguments), folder, os.environ, folder / name)


def test_each_runs_to_its_own_end_and_its_own_time_is_counted(tmp_path):
    commands = [turns(tmp_path, "short", BUSY, "0.8", "0"), turns(tmp_path, "long", BUSY, "1.6", "3")]
    began = time.perf_counter()
    short, long = run_in_turns(commands)
    whole = time.perf_counter() - began
    assert (short.status, long.status) == (0, 3)
    assert (tmp_path / "short").read_text() == (tmp_path / "long").read_text() == "done\n"
    assert short.cpu >= 0.8
    assert long.cpu >= 1.6
    assert short.wall + long.wall == pytest.approx(whole, rel=0.2)


def test_nothing_is_left_behind_when_it_is_interrupted(tmp_path, monkeypatch):
    def interrupted(self, seconds):
        self.go_on(seconds)
        if self is commands[1]:
            raise KeyboardInterrupt

    monkeypatch.setattr(Turns, "go_on", Turns.take, raising=False)
    monkeypatch.setattr(Turns, "take", interrupted)
    told = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)"
    commands = [turns(tmp_path, name, told) for name in ("first", "second")]
    with pytest.raises(KeyboardInterrupt):
        run_in_turns(commands)
    for name in ("first", "second"):
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / name).read_text()), 0)
