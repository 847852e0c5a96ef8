"""Trials on a Ray cluster, in a network of the test's own in which nothing but loopback is up."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ppodoctor.lab import LabError
from ppodoctor.lab.cluster import Cluster
from ppodoctor.lab.single import packed, unpack

HERE = Path(__file__).parent
APART = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]


@functools.cache
def may_unshare():
    try:
        return subprocess.run([*APART, "ip", "link"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def scene(name, folder):
    """What a scene tells, played in a namespace; its processes end with it."""
    pytest.importorskip("ray")
    if not may_unshare():
        pytest.skip("a network namespace cannot be made here (unshare --net --pid, and ip, are needed)")
    home = folder / "home"
    home.mkdir()
    clean = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
    path = os.pathsep.join(map(str, (HERE, HERE.parent, HERE.parent.parent)))
    answer = subprocess.run(
        [*APART, sys.executable, str(HERE / "ray_scenes.py"), name, str(folder)],
        env={**clean, "HOME": str(home), "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout.strip().splitlines()[-1])


@pytest.mark.slow
def test_a_study_survives_a_lost_node_and_strangers_stay_out(tmp_path):
    seen = scene("nodes", tmp_path)
    assert seen["slots"] == 3
    assert seen["ok"] == [True] * 9 + [False]
    assert "Nowhere-v0" in seen["reason"] or "Nowhere" in seen["reason"]
    assert sorted(seen["told"]) == sorted(seen["keys"])  # each once
    assert seen["stored"] == len(seen["keys"])
    far, here = ({**seen[side], "seconds": 0} for side in ("far", "here"))
    assert far == here  # the same trial gives the same result on a cluster
    assert "secrets: []" in seen["output"]  # kept, and a trial is not given the token
    assert "*" in seen["listen"]  # which is what is warned of
    assert seen["node_alive"]
    assert seen["friend"] == [0, "[True, True]"]
    assert seen["mode"] == "0o600"
    assert any("others can reach" in one for one in seen["warnings"])
    for code, out, err in seen["strangers"].values():
        assert (code, out) == (1, ""), err
    assert (seen["token_left"], seen["settings_left"], seen["home"]) == (False, [], [])


@pytest.mark.slow
def test_a_cluster_for_one_machine_listens_on_loopback_alone(tmp_path):
    seen = scene("alone", tmp_path)
    assert seen["ok"]
    assert seen["listen"] == ["127.0.0.1"]
    assert (seen["stopped"], seen["claimed"], seen["early"]) == ([None], [[0]], "stopped")
    assert (seen["address"].rpartition(":")[0], seen["warnings"]) == ("127.0.0.1", [])
    assert seen["ray_address"] == "10.8.8.8:6379"
    assert "no token" in seen["refused"]


@pytest.mark.slow
def test_a_killed_driver_takes_its_cluster_along_and_the_study_goes_on(tmp_path):
    seen = scene("killed", tmp_path)
    assert (seen["code"], seen["candidates"]) == (0, 8)
    assert seen["gain"] is not None
    assert seen["repeated"] == []


def test_joining_without_a_token_is_refused_in_words(monkeypatch):
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(LabError, match="RAY_AUTH_TOKEN_PATH"):
        Cluster.join("10.0.0.1:6379")


def test_what_a_trial_left_travels_and_stays_in_its_folder(tmp_path):
    (tmp_path / "far" / "run").mkdir(parents=True)
    (tmp_path / "far" / "run" / "episodes.jsonl").write_text("{}\n")
    (tmp_path / "far" / "large.bin").write_bytes(b"0" * 5_000_000)
    (tmp_path / "far" / "link").symlink_to("/etc/hostname")
    files = packed(tmp_path / "far")
    assert files == {"run/episodes.jsonl": b"{}\n"}
    unpack({**files, "../../outside": b"x", "/outside": b"x"}, tmp_path / "near" / "trial")
    assert [path.name for path in tmp_path.glob("near/**/*") if path.is_file()] == ["episodes.jsonl"]
    assert not (tmp_path / "outside").exists()
