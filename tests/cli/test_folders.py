"""Names and places of run folders."""

from __future__ import annotations

import datetime
import os

import pytest
from made import made_run, write_run

from ppodoctor.cli.folders import load, new_folder, runs_below, script_stem
from ppodoctor.cli.statuses import UsageError
from ppodoctor.run import RunError


@pytest.mark.parametrize(
    ("command", "stem"),
    [
        (["python", "my_ppo.py"], "my_ppo"),
        (["python", "-u", "-W", "ignore", "src/my ppo.py", "other.py"], "my_ppo"),
        (["python", "-m", "package.train", "--x"], "package.train"),
        (["uv", "run", "train.py"], "train"),
        (["bash", "start.sh"], "bash"),
        (["python", "-c", "print(1)"], "python"),
        (["python", "agent/__main__.py"], "agent"),
        (["./.././"], "run"),
        ([], "run"),
    ],
)
def test_a_folder_is_named_after_the_script(command, stem):
    found = script_stem(command)
    assert found == stem or (stem == "package.train" and found in ("package", "package.train"))
    assert "/" not in found


def test_runs_of_a_day_are_numbered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    day = datetime.date.today().isoformat()
    folders = [new_folder(["python", "my_ppo.py"], None) for _ in range(3)]
    assert [str(folder) for folder, _ in folders] == [f"runs/{day}-my_ppo-{n}" for n in (1, 2, 3)]
    assert [remark for _, remark in folders] == ["", "", ""]


def test_where_one_cannot_write_the_run_goes_elsewhere_and_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("a file where the folder should be")
    folder, remark = new_folder(["python", "my_ppo.py"], None)
    try:
        assert folder.is_dir()
        assert str(folder) in remark
        assert str(tmp_path) in remark
    finally:
        folder.rmdir()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="Choose another"):
        new_folder(["x"], tmp_path / "run")


def test_a_run_is_never_overwritten(tmp_path):
    write_run(made_run(), tmp_path / "mine")
    with pytest.raises(UsageError, match="already holds a run"):
        new_folder(["x"], tmp_path / "mine")


def test_an_empty_or_new_folder_is_taken(tmp_path):
    assert new_folder(["x"], tmp_path / "a" / "b")[0].is_dir()
    assert new_folder(["x"], tmp_path / "a" / "b")[0].is_dir()


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_is_no_folder(tmp_path, below):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        new_folder(["x"], tmp_path / "file" / below)


def test_the_process_that_trained_is_the_run(tmp_path):
    write_run(made_run(count=0), tmp_path / "run")
    write_run(made_run(), tmp_path / "run" / "workers" / "123")
    assert len(load(tmp_path / "run").updates) == 20


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError):
        load(tmp_path)
    with pytest.raises(RunError):
        load(tmp_path / "nowhere")


def test_only_run_folders_are_listed(tmp_path):
    write_run(made_run(), tmp_path / "b")
    write_run(made_run(), tmp_path / "a")
    (tmp_path / "other").mkdir()
    (tmp_path / "file").write_text("")
    assert [folder.name for folder in runs_below(tmp_path)] == ["a", "b"]
