"""A disk that is really full: a small one of the test's own, mounted where nobody else sees it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

SCENE = """
set -u
mount -t tmpfs -o size=200k none "$1" || exit 77
"$2" -m ppodoctor tune CartPole-v1 --grid learning_rate=1e-5..1e-3:64 clip_range=0.1,0.3 --steps 1100 --seeds 2 \
    --workers 1 --out "$1/study" 2>"$3/first.txt" >"$3/out.txt"
echo "first: $?"
mount -o remount,size=40m "$1"
"$2" -m ppodoctor tune --resume "$1/study" 2>"$3/second.txt" >"$3/out.txt"
echo "second: $?"
"""


def trials(path):
    """What was told of each trial but its number and times."""
    found = re.findall(r"trial \d+: (.*?): (?:return|failed)", path.read_text())
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.slow
def test_a_study_on_a_full_disk_goes_on_when_there_is_space(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["unshare", "--mount", "bash", "-c", SCENE, "scene", str(disk), sys.executable, str(tmp_path)]
    try:
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("a disk cannot be mounted here (unshare is needed)")
    if "first" not in answer.stdout:
        pytest.skip("a disk cannot be mounted here")
    assert answer.stdout.split("\n")[:2] == ["first: 2", "second: 0"]
    assert "free some space" in (tmp_path / "first.txt").read_text()
    first, second = trials(tmp_path / "first.txt"), trials(tmp_path / "second.txt")
    assert first
    assert not first & second  # what was told is stored, and is not run again
    assert len({one for one in first | second if "seed" not in one}) == 128 + 1  # each setting, and the default
