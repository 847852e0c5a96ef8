"""`ppodoctor diagnose -- COMMAND`, with real commands."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PLAIN = "import sys; print('out'); print('err', file=sys.stderr); print(sys.argv[1:])"


@pytest.fixture
def ppodoctor(tmp_path, root):
    """Run the command line in an empty folder; returns exit status, standard output and standard error."""

    def run(*arguments, stdin="", script=None):
        if script is not None:
            (tmp_path / "script.py").write_text(script)
        code = f"import sys; sys.path.insert(0, {str(root)!r}); from ppodoctor.cli import main; sys.exit(main())"
        command = [sys.executable, "-P", "-c", code, *arguments]
        done = subprocess.run(command, cwd=tmp_path, input=stdin, capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout, done.stderr

    return run


def test_a_script_that_never_trains_is_undecided_and_keeps_its_streams(ppodoctor, tmp_path):
    status, out, err = ppodoctor("diagnose", "--", sys.executable, "script.py", "--json", "-", "--", "x", script=PLAIN)
    assert status == 3
    assert out.startswith("out\n['--json', '-', '--', 'x']\n")
    assert "err\n" in err
    assert "No policy update was seen" in out
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.endswith("-script-1")
    assert (folder / "report.html").exists()


def test_a_script_that_fails_gives_status_2_and_its_own_words(ppodoctor):
    script = "raise ValueError('no such environment')"
    status, out, err = ppodoctor("diagnose", "--", sys.executable, "script.py", script=script)
    assert status == 2
    assert "ValueError: no such environment" in err
    assert "script.py" in err
    assert "Traceback" not in out


def test_a_script_that_fails_after_an_import_is_still_diagnosed(ppodoctor, tmp_path):
    script = (
        "import gymnasium\nenv = gymnasium.make('CartPole-v1')\nenv.reset(seed=1)\nenv.step(0)\nraise OSError('disk')"
    )
    status, out, _ = ppodoctor("diagnose", "--out", "mine", "--", sys.executable, "script.py", script=script)
    assert status == 2
    assert "OSError: disk" in " ".join(out.split())
    assert "No policy update was seen" in out
    assert "disk" in json.loads((tmp_path / "mine" / "report.json").read_text())["run"]["problem"]


def test_json_to_standard_output_moves_the_script_out_of_the_way(ppodoctor):
    status, out, err = ppodoctor("diagnose", "--json", "-", "--", sys.executable, "script.py", script=PLAIN)
    assert status == 3
    assert json.loads(out)["verdict"] == "undecided"
    assert "out\n" in err


def test_standard_input_reaches_the_script(ppodoctor):
    script = "print(input() + '!')"
    assert "hello!" in ppodoctor("diagnose", "--", sys.executable, "script.py", stdin="hello\n", script=script)[1]


def test_the_same_folder_is_not_used_twice(ppodoctor):
    arguments = ("diagnose", "--quiet", "--out", "mine", "--", sys.executable, "script.py")
    assert ppodoctor(*arguments, script=PLAIN)[0] == 3
    status, _, err = ppodoctor(*arguments, script=PLAIN)
    assert status == 2
    assert "already holds a run" in err


def test_a_command_without_python_leaves_no_folder_behind(ppodoctor, tmp_path):
    status, _, err = ppodoctor("diagnose", "--", "true")
    assert status == 2
    assert "runs no Python" in err
    assert list(tmp_path.iterdir()) == []


def test_a_broken_ppo_script_is_diagnosed_to_its_line(ppodoctor, root, tmp_path):
    script = str(root / "examples" / "broken_cartpole.py")
    arguments = ("diagnose", "--updates", "2", "--out", "mine", "--json", "mine.json", "--", sys.executable, script)
    status, out, err = ppodoctor(*arguments)
    assert status == 1, out + err
    document = json.loads((tmp_path / "mine.json").read_text())
    assert document["verdict"] == "cause_found"
    assert document["causes"][0]["where"][0]["file"] == script
    assert 2 <= document["run"]["updates"] <= 4
    assert out.count("causes found") == 1
    again, out_again, _ = ppodoctor("diagnose", "mine")
    assert again == 1
    assert "causes found" in out_again
