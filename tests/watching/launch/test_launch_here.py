"""Stopping and watching inside one process: the check itself, and the watch for the length of a with block."""

from __future__ import annotations

import json
import os
import sys

import pytest

from ppodoctor.watching import stops
from ppodoctor.watching.bootstrap import watch_here


class TestCheck:
    """The check itself, in this process."""

    @pytest.fixture(autouse=True)
    def _nowhere_afterwards(self, tmp_path, monkeypatch):
        (tmp_path / "watch").mkdir()
        self.root = tmp_path
        monkeypatch.setattr(stops, "POLL_SECONDS", 0.0)
        yield
        stops.look_nowhere()

    def test_does_nothing_when_nobody_watches(self):
        stops.look_nowhere()
        stops.request_stop("now")
        stops.check()
        assert stops.requested() is None

    def test_raises_once(self):
        stops.look_in(str(self.root))
        stops.check()
        stops.request_stop("enough")
        with pytest.raises(stops.StopWatching) as caught:
            stops.check()
        stops.check()
        assert (caught.value.code, caught.value.reason) == (0, "enough")
        assert not isinstance(caught.value, Exception)
        answer = json.loads((self.root / "watch" / "stopped.json").read_text())
        assert (answer["reason"], answer["at"], answer["pid"]) == ("enough", stops.ENV_STEP, os.getpid())

    def test_sees_the_request_of_another_process(self):
        stops.look_in(str(self.root))
        (self.root / "watch" / "stop").write_text("from outside")
        with pytest.raises(stops.StopWatching):
            stops.check(stops.OPTIMIZER_STEP)
        assert stops.requested() == "from outside"

    def test_an_environment_worker_goes_on_until_it_trains(self):
        stops.look_in(str(self.root), worker=True)
        stops.request_stop("enough")
        stops.check(stops.ENV_STEP)
        with pytest.raises(stops.StopWatching):
            stops.check(stops.OPTIMIZER_STEP)

    def test_a_run_folder_that_is_gone_stops_nothing(self):
        stops.look_in(str(self.root / "nowhere"))
        stops.check()
        stops.request_stop("enough")
        with pytest.raises(stops.StopWatching):
            stops.check()


class TestHere:
    """Watching for the length of a with block."""

    @pytest.fixture(autouse=True)
    def _session(self, desk, monkeypatch):
        desk.stand_ins()
        monkeypatch.syspath_prepend(str(desk.folder))
        names = ("stand_in", "torch", "gymnasium", "ppodoctor.watching.session")
        before = {name: sys.modules.pop(name, None) for name in names}
        import stand_in  # noqa: F401

        self.folder = desk.folder / "here"
        self.calls = lambda: desk.calls(self.folder)
        yield
        stops.look_nowhere()
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module

    def test_attaches_what_is_there_and_what_comes_and_detaches(self):
        import torch  # noqa: F401

        with watch_here(self.folder) as session:
            assert str(session.folder) == str(self.folder)
            import gymnasium  # noqa: F401
        assert self.calls() == [
            "made False None {}",
            "classes",
            "torch torch True",
            "gymnasium gymnasium",
            "detach",
            "finish ended",
        ]

    def test_a_stop_ends_the_block_alone(self):
        with watch_here(self.folder):
            stops.request_stop("enough")
            stops.check()
            raise AssertionError("the block went on")
        assert self.calls()[-1] == "finish stopped: enough"
        stops.check()

    def test_an_exception_is_recorded_and_passes(self):
        with pytest.raises(KeyError), watch_here(self.folder):
            raise KeyError("lost")
        assert json.loads((self.folder / "crash.json").read_text())["type"] == "KeyError"
        assert self.calls()[-1] == "finish crashed"

    def test_one_after_another_and_one_inside_another(self):
        for name in ("one", "two"):
            with watch_here(self.folder / name) as outer, watch_here(self.folder / "inner") as inner:
                assert inner is outer
        assert sorted(path.name for path in self.folder.iterdir()) == ["one", "two"]
