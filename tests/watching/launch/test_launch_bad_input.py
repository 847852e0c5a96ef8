"""Commands that cannot be watched: each gets a sentence that says what was seen and what to do."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ppodoctor.watching.commands import prepare, read_call
from ppodoctor.watching.launch import Limits, launch


def problem(*command: str) -> str:
    found = prepare(command).problem
    assert found is not None
    return found


def test_commands_that_cannot_start(desk):
    (desk.folder / "folder").mkdir()
    desk.write("data.csv", "1,2\n")
    assert "No command" in problem()
    assert "No command" in problem(" ")
    assert "no such program on PATH" in problem("python9.9", "my.py")
    assert "does not exist" in problem("./venv/bin/python", "my.py")
    assert "is a folder" in problem("./folder")
    assert "may not be executed" in problem("./data.csv")


def test_scripts_that_cannot_run(desk):
    (desk.folder / "folder").mkdir()
    desk.write("run.sh", "#!/bin/bash\nfor x in 1 2; do echo $x; done\n")
    desk.write("my.ipynb", '{"cells": [], "nbformat": 4}')
    (desk.folder / "model.pt").write_bytes(b"\x80\x02\x00\x00model")
    python = sys.executable
    missing = problem(python, "-u", "missing.py", "--seed", "1")
    assert "missing.py" in missing
    assert str(desk.folder) in missing
    assert "without a __main__.py" in problem(python, "folder")
    assert "binary" in problem(python, "model.pt")
    assert "/bin/bash" in problem(python, "run.sh")
    for command in [(python, "my.ipynb"), ("my.ipynb",)]:
        assert "nbconvert --to script my.ipynb" in problem(*command)
    assert "-m" in problem(python, "-m")
    assert "-c" in problem(python, "-I", "-c")
    assert "runs no script" in problem(python, "--version")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_script_that_may_not_be_read(desk):
    desk.write("my.py", "").chmod(0)
    assert "may not be read" in problem(sys.executable, "my.py")


def test_a_shell_and_python_text_in_one_is_python(desk):
    desk.write("both", "#!/bin/sh\n''':'\nexec python3 \"$0\" \"$@\"\n'''\nprint('ran')\n")
    assert prepare([sys.executable, "both"]).problem is None


def test_a_wrapper_may_change_the_folder_so_its_script_is_not_looked_for(desk):
    assert prepare(["env", "-C", "/", sys.executable, "elsewhere.py"]).problem is None


def test_nothing_is_started_for_a_problem(desk):
    outcome = desk.watch(sys.executable, "missing.py")
    assert outcome.problem is not None
    assert (outcome.exit_status, outcome.signal) == (None, None)
    assert not desk.run.exists()


def test_a_program_that_is_no_python(desk):
    outcome = desk.watch("true")
    assert outcome.exit_status == 0
    assert "No Python process" in outcome.problem


def test_a_file_that_the_system_cannot_start(desk):
    desk.write("odd", "no first line\n").chmod(0o755)
    (desk.folder / "odd").write_bytes(b"\x00\x01\x02")
    assert "cannot be started" in desk.watch("./odd").problem


def test_an_environment_that_is_cleared_on_the_way(desk):
    desk.write("my.py", "")
    assert "clears the environment" in desk.watch("env", "-i", sys.executable, "my.py").problem


def test_a_python_that_is_too_old(desk):
    beside = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(sys.executable))))
    old = [os.path.join(beside, name, "bin", "python") for name in sorted(os.listdir(beside)) if name < "3.9"]
    old = [
        path for path in old if os.access(path, os.X_OK) and path.split(os.sep)[-3][:3] in ("2.7", "3.6", "3.7", "3.8")
    ]
    if not old:
        pytest.skip("no Python before 3.9 on this machine")
    desk.write("lib/sitecustomize.py", "print('site')")
    desk.write("my.py", "import sys; print([path for path in sys.path if 'inject' in path])")
    for python in old:
        environment = {**os.environ, "PYTHONPATH": str(desk.folder / "lib")}
        plain = subprocess.run([python, "my.py"], capture_output=True, text=True, env=environment, check=True)
        os.environ["PYTHONPATH"] = str(desk.folder / "lib")
        try:
            outcome = desk.watch("sh", "-c", f"'{python}' my.py > out 2>&1")
        finally:
            del os.environ["PYTHONPATH"]
        assert (desk.folder / "out").read_text() == plain.stdout
        assert outcome.exit_status == 0
        assert "needs Python 3.9" in outcome.problem


def test_a_run_folder_that_cannot_be_written(desk):
    desk.write("my.py", "print('ran')")
    desk.write("run", "a file, no folder")
    outcome = desk.watch(sys.executable, "my.py")
    assert "Cannot write into the run folder" in outcome.problem
    assert "--out" in outcome.problem


def test_a_run_folder_that_disappears_meanwhile(desk, capfd):
    desk.stand_ins()
    desk.write("my.py", "import shutil; shutil.rmtree('run')\nimport stand_in, torch\nprint('done')\n")
    outcome = desk.watch(sys.executable, "my.py")
    assert outcome.exit_status == 0
    assert capfd.readouterr().out == "done\n"


def test_a_full_disk_does_not_reach_the_script(desk):
    desk.stand_ins()
    script = """
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # from here on a write to a file fails, to a pipe does not
    import stand_in
    stand_in.Session.log = lambda *_: None
    import torch
    print("done")
    1 / 0
    """
    desk.write("my.py", script)
    driven = desk.driven(sys.executable, "my.py")
    outcome = driven.outcome()
    assert driven.out == "done\n"
    assert driven.err.rstrip().endswith("ZeroDivisionError: division by zero")
    assert (outcome["exit_status"], outcome["problem"]) == (1, "The script returned exit status 1.")


@pytest.mark.parametrize(
    ("words", "kind", "target", "arguments", "shut"),
    [
        ("python my.py -I x", "script", "my.py", ["-I", "x"], False),
        ("python3.12 -u -W error -X dev my.py", "script", "my.py", [], False),
        ("/opt/bin/python3 -Werror -OBI my.py", "script", "my.py", [], True),
        ("uv run python -m pkg.train --seed 1", "module", "pkg.train", ["--seed", "1"], False),
        ("python -Empkg -S", "module", "pkg", ["-S"], True),
        ("python -c pass -E", "code", "pass", ["-E"], False),
        ("python -X importtime -S - a", "stdin", "-", ["a"], True),
        ("python --check-hash-based-pycs always -E my.py", "script", "my.py", [], True),
        ("python -xE my.py", "script-x", "my.py", [], True),
        ("python -- my.py", "script", "my.py", [], False),
        ("nice -n 5 python3 -s my.py", "script", "my.py", [], False),
        ("python --version", "nothing", "", [], False),
    ],
)
def test_reading_an_interpreters_command_line(words, kind, target, arguments, shut):
    call = read_call(words.split())
    assert (call.kind, call.target, list(call.arguments), call.shut) == (kind, target, arguments, shut)


def test_a_command_without_python_is_not_read_as_one():
    assert read_call(["bash", "train.sh", "pythonic", "my-python.txt"]) is None


def test_an_open_command_is_left_untouched(desk):
    desk.write("my.py", "")
    for command in [
        (sys.executable, "-uB", "my.py", "-I"),
        ("env", "A=1", "python", "my.py"),
        ("sh", "-c", "python -V"),
    ]:
        assert prepare(command).command == command


def test_limits_know_whether_there_are_any():
    assert not Limits().bounded
    assert all(limits.bounded for limits in (Limits(seconds=1), Limits(updates=1), Limits(until=lambda: None)))


def test_launch_does_not_need_a_main_thread(desk):
    import threading

    desk.write("my.py", "import sys; sys.exit(4)")
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(launch([sys.executable, "my.py"], desk.run, Limits())))
    thread.start()
    thread.join()
    assert outcomes[0].exit_status == 4
