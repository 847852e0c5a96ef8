"""Ending a run on request: between two steps, with the script's own clean-up, by force only when nothing else helps."""

from __future__ import annotations

import json
import os
import sys
import threading

import pytest
from launching import gone, wait_for

from ppodoctor.watching.launch import Limits, launch


def test_seconds_end_a_script_cleanly(desk, capfd):
    desk.stand_ins()
    script = """
    import atexit
    from training import *
    atexit.register(print, "at exit", flush=True)
    try:
        train(100_000)
    except Exception:
        print("swallowed")
    except KeyboardInterrupt:
        print("interrupted")
    finally:
        print("saved")
    print("went on")
    """
    desk.write("my.py", script)
    outcome = desk.watch(sys.executable, "my.py", limits=Limits(seconds=1.0))
    out, err = capfd.readouterr()
    assert out.splitlines() == ["saved", "at exit"]
    assert err == ""
    assert outcome.stopped == "1 seconds are over"
    assert (outcome.exit_status, outcome.problem, outcome.notes) == (0, None, ())
    assert desk.calls()[-1] == "finish stopped: 1 seconds are over"


def test_a_script_that_ends_before_its_limit_was_not_stopped(desk):
    desk.stand_ins()
    desk.write("my.py", "from training import *\ntrain(2)\n")
    outcome = desk.watch(sys.executable, "my.py", limits=Limits(seconds=60, updates=1000))
    assert outcome.stopped is None
    assert outcome.seconds < 60


def test_the_session_counts_updates_and_stops_by_itself(desk):
    desk.stand_ins()
    script = """
    from training import *
    for update in range(100_000):
        train(3, stops.OPTIMIZER_STEP, 0)
        if update == 5:
            stops.request_stop("5 updates were seen")
    """
    desk.write("my.py", script)
    outcome = desk.watch(sys.executable, "my.py", limits=Limits(updates=5))
    assert outcome.stopped == "5 updates were seen"
    assert outcome.exit_status == 0


def test_the_parent_stops_when_it_is_sure(desk):
    desk.stand_ins()
    desk.write("my.py", "from training import *\ntrain(100_000)\n")
    asked, ticks = [], []

    def sure():
        asked.append(True)
        return "the cause is sure" if len(asked) > 3 and (desk.run / "calls.txt").exists() else None

    outcome = desk.watch(
        sys.executable, "my.py", limits=Limits(until=sure), on_tick=lambda: ticks.append(1), tick_seconds=0.05
    )
    assert outcome.stopped == "the cause is sure"
    assert len(ticks) == len(asked) > 3


def test_a_tick_that_fails_is_noted_and_nothing_else(desk):
    desk.write("my.py", "import time; time.sleep(0.5)")
    outcome = desk.watch(sys.executable, "my.py", on_tick=lambda: 1 / 0, tick_seconds=0.05)
    assert outcome.exit_status == 0
    assert len(outcome.notes) == 1
    assert "ZeroDivisionError" in outcome.notes[0]


def test_a_script_without_steps_is_interrupted(desk, capfd):
    desk.stand_ins()
    script = """
    import stand_in, torch, time
    try:
        time.sleep(100)
    except KeyboardInterrupt:
        print("saved")
    """
    desk.write("my.py", script)
    outcome = desk.watch(sys.executable, "my.py", limits=Limits(seconds=0.5, grace=0.5))
    assert capfd.readouterr().out == "saved\n"
    assert outcome.stopped == "0.5 seconds are over"
    assert any("SIGINT" in note for note in outcome.notes)
    assert not any("SIGTERM" in note for note in outcome.notes)


def test_a_script_that_swallows_everything_is_ended_by_force(desk):
    desk.stand_ins()
    script = """
    import signal
    signal.signal(signal.SIGTERM, lambda *_: None)
    from training import *
    while True:
        try:
            train(100_000)
        except BaseException:
            pass
    """
    desk.write("my.py", script)
    outcome = desk.watch(sys.executable, "my.py", limits=Limits(seconds=0.5, grace=0.4))
    assert outcome.signal == "SIGKILL"
    assert outcome.stopped == "0.5 seconds are over"
    assert outcome.problem is None
    assert [signal for signal in ("SIGINT", "SIGTERM", "SIGKILL") if any(signal in note for note in outcome.notes)] == [
        "SIGINT",
        "SIGTERM",
        "SIGKILL",
    ]


ENV_WORKERS = """
import multiprocessing as mp
from training import *

def work(pipe):
    while True:
        pipe.recv()
        stops.check(stops.ENV_STEP)
        pipe.send(1)

if __name__ == "__main__":
    ours, theirs = mp.Pipe()
    worker = mp.get_context("fork").Process(target=work, args=(theirs,), daemon={daemon})
    worker.start()
    open("worker.pid", "w").write(str(worker.pid))
    while True:
        ours.send(0)
        ours.recv()
        stops.check(stops.OPTIMIZER_STEP)
"""


@pytest.mark.parametrize("daemon", [True, False])
def test_environment_workers_do_not_stop_by_themselves_and_do_not_stay(desk, capfd, daemon):
    desk.stand_ins()
    desk.write("my.py", ENV_WORKERS.format(daemon=daemon))
    outcome = desk.watch(sys.executable, "my.py", limits=Limits(seconds=1.0, grace=2.0))
    assert capfd.readouterr().err == ""
    assert outcome.stopped is not None
    assert outcome.exit_status in (0, None)
    assert gone(int((desk.folder / "worker.pid").read_text()))


def test_processes_that_outlive_the_script_by_our_stop_are_ended(desk):
    desk.stand_ins()
    script = """
    import os, subprocess, sys
    from training import *
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
    open("left.pid", "w").write(str(child.pid))
    train(100_000)
    """
    desk.write("my.py", script)
    outcome = desk.watch(sys.executable, "my.py", limits=Limits(seconds=1.0, grace=0.5))
    assert gone(int((desk.folder / "left.pid").read_text()))
    assert any("outlived" in note for note in outcome.notes)


def test_processes_that_a_script_leaves_behind_by_itself_stay(desk):
    script = """
    import subprocess, sys
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], stdout=-3, stderr=-3)
    open("left.pid", "w").write(str(child.pid))
    """
    desk.write("my.py", script)
    assert desk.watch(sys.executable, "my.py", limits=Limits(seconds=50)).stopped is None
    pid = int((desk.folder / "left.pid").read_text())
    os.kill(pid, 9)  # it is still there to be killed
    os.waitpid(pid, 0)


def test_a_training_process_of_multiprocessing_stops_at_an_optimizer_step(desk, capfd):
    desk.stand_ins()
    script = """
    import multiprocessing as mp
    from training import *
    if __name__ == "__main__":
        trainer = mp.get_context("spawn").Process(target=train, args=(100_000, stops.OPTIMIZER_STEP))
        trainer.start()
        trainer.join()
        print("trainer returned", trainer.exitcode)
    """
    desk.write("my.py", script)
    outcome = desk.watch(sys.executable, "my.py", limits=Limits(seconds=3.0))
    assert capfd.readouterr().out == "trainer returned 0\n"
    assert (outcome.exit_status, outcome.notes) == (0, ())


def test_training_in_a_thread_stops_at_an_optimizer_step(desk, capfd):
    desk.stand_ins()
    script = """
    import threading
    from training import *
    thread = threading.Thread(target=train, args=(100_000, stops.OPTIMIZER_STEP))
    thread.start()
    thread.join()
    print("joined")
    """
    desk.write("my.py", script)
    outcome = desk.watch(sys.executable, "my.py", limits=Limits(seconds=1.0))
    assert capfd.readouterr().out == "joined\n"
    assert (outcome.exit_status, outcome.notes) == (0, ())


def test_every_training_of_a_shell_script_is_stopped(desk):
    desk.stand_ins()
    desk.write("my.py", "from training import *\ntrain(100_000)\n")
    desk.write("all.sh", f'for seed in 1 2 3; do "{sys.executable}" my.py $seed; done\n')
    outcome = desk.watch("sh", "all.sh", limits=Limits(seconds=1.0))
    assert (outcome.exit_status, outcome.notes) == (0, ())
    assert len(list((desk.run / "workers").iterdir())) == 2


def test_a_limit_is_kept_when_the_parent_was_killed(desk):
    desk.stand_ins()
    script = """
    import os
    from training import *
    open("script.pid", "w").write(str(os.getpid()))
    try:
        train(100_000)
    finally:
        open("saved", "w").write("yes")
    """
    desk.write("my.py", script)
    driven = desk.driven(sys.executable, "my.py", seconds=1000)
    pid = int(wait_for(desk.folder / "script.pid"))
    driven.process.kill()
    assert wait_for(desk.folder / "saved") == "yes"
    driven.process.communicate()
    assert gone(pid)
    assert "ppodoctor was ended" in json.loads((desk.run / "watch" / "stopped.json").read_text())["reason"]


def test_two_launches_at_once_leave_each_others_processes_alone(desk):
    desk.stand_ins()
    desk.write("short.py", "from training import *\ntrain(100_000)\n")
    desk.write("long.py", "from training import *\ntrain(300)\nopen('whole', 'w').write('yes')\n")
    outcomes = {}

    def run(name, folder, limits):
        outcomes[name] = launch([sys.executable, f"{name}.py"], folder, limits)

    long = threading.Thread(target=run, args=("long", desk.folder / "long", Limits()))
    long.start()
    run("short", desk.folder / "short", Limits(seconds=1.0, grace=1.0))
    long.join()
    assert outcomes["short"].stopped is not None
    assert (outcomes["long"].exit_status, outcomes["long"].notes) == (0, ())
    assert (desk.folder / "whole").exists()
