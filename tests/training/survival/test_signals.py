"""A training that is stopped or killed from outside: what it says, what it leaves, and that it can be gone on with."""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ppodoctor.training.policy import Policy

TRAIN = [sys.executable, "-m", "ppodoctor", "train"]
SETTINGS = ["--total-steps", "81920", "--num-envs", "4", "--rollout-steps", "64", "--epochs", "2", "--quiet"]


def updates(folder):
    path = folder / "updates.jsonl"
    return path.read_text().count("\n") if path.exists() else 0


def begun(folder, more=()):
    """A training process that has done a few updates."""
    process = subprocess.Popen(
        [*TRAIN, "CartPole-v1", *SETTINGS, "--out", str(folder), "--checkpoint-seconds", "0", *more],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    while updates(folder) < 20:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


def run(*arguments):
    return subprocess.run([*TRAIN, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that nothing happened to."""
    folder = tmp_path_factory.mktemp("whole")
    done = run("CartPole-v1", *SETTINGS, "--out", folder)
    assert done.returncode in (0, 1), done.stderr
    return folder


def assert_same(left, right):
    one, other = Policy.load(left).tensors, Policy.load(right).tensors
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert np.array_equal(value, other[name]), name


def test_a_killed_run_is_gone_on_with_to_the_bit(whole, tmp_path):
    process = begun(tmp_path)
    process.kill()
    process.communicate()
    assert updates(tmp_path) < updates(whole)
    done = run("--resume", tmp_path, "--quiet")
    assert done.returncode in (0, 1), done.stderr
    assert "not to the bit" not in done.stderr
    assert_same(whole, tmp_path)
    assert updates(tmp_path) == updates(whole)


@pytest.mark.parametrize(
    ("number", "status", "word"), [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")]
)
def test_a_signal_saves_and_leaves_with_one_sentence(number, status, word, whole, tmp_path):
    process = begun(tmp_path)
    process.send_signal(number)
    out, told = process.communicate(timeout=60)
    assert process.returncode == status
    assert out == ""
    assert re.fullmatch(rf"ppodoctor: stopped by {word} after [\d,]+ steps, and everything is saved: .*\n", told)
    header = json.loads((tmp_path / "run.json").read_text())
    assert (header["status"], header["reason"]) == ("stopped", f"stopped by {word}")
    done = run("--resume", tmp_path, "--quiet")
    assert done.returncode in (0, 1), done.stderr
    assert_same(whole, tmp_path)


def limited():
    """As on a full disk: writing fails. No file may grow beyond 16 KiB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))


def test_a_full_disk_is_told_and_training_goes_on(tmp_path):
    settings = ["--total-steps", "20480", *SETTINGS[2:], "--checkpoint-seconds", "0"]
    done = subprocess.run(
        [*TRAIN, "CartPole-v1", *settings, "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited,
    )
    assert "Traceback" not in done.stderr
    assert (
        len(re.findall("The checkpoint could not be written into .*File too large.*Free some space", done.stderr)) == 1
    )
    assert len(re.findall("Recording stopped: File too large.*training goes on", done.stderr)) == 1
    assert not list((tmp_path / "checkpoints").iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resume", "{0}/nowhere"], "there is no run folder"),
        (["--resume", "{0}"], "no checkpoint"),
        ([], "No environment was given"),
        (["--resume", "{0}", "--gamma", "0.9"], "--gamma would change them"),
        (["--resume", "{0}", "--out", "x"], "leave --out away"),
        (["CartPole-v1", "--checkpoint-seconds", "-1"], "0 or more was expected"),
    ],
)
def test_wrong_use_is_a_sentence(arguments, words, tmp_path):
    done = run(*[one.format(tmp_path) for one in arguments])
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_is_not_gone_on_with_on_another_environment(whole):
    done = run("Acrobot-v1", "--resume", whole, "--total-steps", "200000")
    assert done.returncode == 2
    assert "was trained on CartPole-v1, not on Acrobot-v1" in done.stderr
