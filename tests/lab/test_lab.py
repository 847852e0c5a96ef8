"""Cached by content, resumable, shared by processes; what dies is a result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from lab_trials import tiny

from ppodoctor.lab import Lab, LabError, Stop, Trial
from ppodoctor.lab.members import fits_core
from ppodoctor.lab.owners import alive, owner
from ppodoctor.lab.store import Store


def test_a_known_trial_is_not_run_again(tmp_path):
    told = []
    trials = [tiny(), tiny(seed=2), tiny()]
    first = Lab(tmp_path, workers=1, tell=lambda trial, result: told.append(result.key))
    results = first.run(trials)
    assert first.ran == len(told) == 2
    assert results[0] == results[2] != results[1]
    assert all(result.ok and result.by == "core" and result.steps == 1024 for result in results)
    first.close()
    second = Lab(tmp_path, workers=1)
    assert second.run(trials) == results
    assert second.ran == 0


def test_the_number_of_workers_changes_nothing(tmp_path):
    trials = [tiny(seed=seed) for seed in (1, 2, 3)]
    one, two = (Lab(tmp_path / name, workers=n).run(trials) for name, n in (("a", 1), ("b", 2)))
    assert [result.curve for result in one] == [result.curve for result in two]


def test_the_core_takes_what_it_can():
    assert fits_core(tiny())
    assert not fits_core(tiny(recurrent="gru", minibatches=1))
    assert not fits_core(tiny(backend="torch"))
    assert not fits_core(tiny(novelty_coefficient=0.1))
    assert not fits_core(tiny(compile=True))
    assert not fits_core(replace(tiny(), environment="module:Own"))


def test_a_trial_that_the_core_cannot_take_is_trained_in_a_folder(tmp_path):
    (result,) = Lab(tmp_path).run([tiny(backend="torch", steps=512)])
    assert result.ok
    assert result.by in ("dense", "torch")
    assert (tmp_path / "trials" / result.key / "policy.safetensors").exists()


def test_a_trial_that_dies_is_a_result(tmp_path):
    lab = Lab(tmp_path, workers=1)
    bad, good = lab.run([Trial("NoSuchTask-v0", steps=64), tiny()])
    assert (bad.status, bad.objective) == ("failed", None)
    assert "NoSuchTask-v0" in bad.reason
    assert good.ok
    diverged = lab.run([tiny(learning_rate=1e30, epochs=4)])[0]
    assert diverged.status == "failed"
    assert "diverged" in diverged.reason


def test_a_stop_leaves_the_rest_for_later(tmp_path):
    trials = [tiny(seed=seed) for seed in range(1, 5)]
    stop = Stop()
    lab = Lab(tmp_path, workers=1, tell=lambda trial, result: stop.request("enough"))
    results = lab.run(trials, stop)
    done = [result for result in results if result is not None]
    assert 1 <= len(done) < 4
    again = Lab(tmp_path, workers=1)
    assert None not in again.run(trials)
    assert again.ran == 4 - len(done)


def test_no_time_runs_nothing(tmp_path):
    lab = Lab(tmp_path, workers=1)
    assert lab.run([tiny()], Stop(seconds=0.0)) == [None]
    assert lab.ran == 0


def test_what_a_killed_process_had_claimed_is_run(tmp_path):
    """Another process claims a trial and is killed: its claim is void, that of a living one is not."""
    text = (
        "import sys, time\nfrom pathlib import Path\nfrom ppodoctor.lab import Trial\n"
        "from ppodoctor.lab.store import Store\nimport json\n"
        "store = Store(Path(sys.argv[1]))\nassert store.claim(Trial.from_dict(json.loads(sys.argv[2])))\n"
        "print('claimed', flush=True)\ntime.sleep(600)\n"
    )
    trial = tiny()
    command = [sys.executable, "-c", text, str(tmp_path), json.dumps(trial.to_dict())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"claimed\n"
        store = Store(tmp_path)
        assert not store.claim(trial)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert store.claim(trial)
        store.release(trial.key)
    finally:
        process.kill()
    assert Lab(tmp_path).run([trial])[0].ok


def test_two_processes_share_the_work(tmp_path):
    """Both want the same trials: each is run once, both get all results."""
    trials = [tiny(seed=seed, steps=4096) for seed in range(1, 9)]
    text = (
        "import json, sys\nfrom ppodoctor.lab import Lab, Trial\n"
        "lab = Lab(sys.argv[1], workers=1)\n"
        "trials = [Trial.from_dict(one) for one in json.loads(sys.argv[2])]\n"
        "results = lab.run(trials)\nprint(json.dumps([lab.ran, [one.objective for one in results]]))\n"
    )
    command = [sys.executable, "-c", text, str(tmp_path), json.dumps([trial.to_dict() for trial in trials])]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    (first, seen), (second, too) = (json.loads(one.communicate()[0]) for one in both)
    assert first + second == 8
    assert seen == too


def test_owners_are_told_apart():
    assert alive(owner())
    host, pid, started = json.loads(owner())
    assert not alive(json.dumps([host, pid, started + 1]))  # the number was given to a later process
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not alive(json.dumps([host, ended.pid, 1]))


def test_a_file_that_is_no_study_is_said_to_be_none(tmp_path):
    (tmp_path / "study.db").write_text("not a database, but longer than nothing" * 40)
    with pytest.raises(LabError, match="no study"):
        Lab(tmp_path)


def test_a_full_disk_is_said_and_loses_nothing(tmp_path):
    """SQLite's own limit on pages stands in for a disk: what was written stays, the next trial is refused in words."""
    lab = Lab(tmp_path, workers=1)
    (kept,) = lab.run([tiny()])
    ((pages,),) = lab.store.base.rows("PRAGMA page_count")
    lab.store.base.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LabError, match="free some space"):
        lab.run([tiny(seed=seed, steps=2048) for seed in range(2, 40)])
    lab.close()
    again = Lab(tmp_path, workers=1)
    assert again.run([tiny()]) == [kept]
    assert again.ran == 0
    assert again.run([tiny(seed=39)])[0].ok


def test_ten_thousand_trials_are_listed(tmp_path):
    store = Store(tmp_path)
    rows = [(f"{i:016x}", "{}", None, 0.0, json.dumps(_row(f"{i:016x}")), 0.0) for i in range(10_000)]
    store.base.atomically(lambda run: [run("INSERT INTO trial VALUES (?, ?, ?, ?, ?, ?)", row) for row in rows])
    assert len(store.results()) == 10_000
    assert store.results([rows[5][0]])[rows[5][0]].objective == 1.0


def _row(key):
    return {"key": key, "status": "finished", "objective": 1.0, "curve": [[1.0, 2.0]]}


def test_ctrl_c_ends_a_study_whole(tmp_path):
    """A signal in the middle of long trainings: the process ends soon, nothing is claimed by it any more."""
    text = (
        "import sys\nfrom ppodoctor.lab import Lab, Stop, Trial\nstop = Stop()\n"
        "trials = [Trial('CartPole-v1', changes={'rollout_steps': 32}, seed=seed, steps=s) "
        "for seed, s in ((1, 512), (2, 10**9))]\n"
        "lab = Lab(sys.argv[1], workers=1, tell=lambda *_: print('one', flush=True))\n"
        "with stop.on_signals():\n    results = lab.run(trials, stop)\n"
        "print([one is not None for one in results], stop.signal)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", text, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "one\n"
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60)[0].strip() == "[True, False] 2"
    rows = Store(tmp_path).base.rows("SELECT owner FROM trial WHERE result IS NULL")
    assert rows == [(None,)]
