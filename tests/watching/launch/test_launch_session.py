"""The session inside the script: when it is made, what it is told, where each process writes, how crashes are kept."""

from __future__ import annotations

import json
import signal
import sys

import pytest
from launching import interpreters

from ppodoctor.watching.launch import Limits


def test_made_at_the_first_library_and_told_of_each(desk):
    desk.stand_ins()
    desk.write("my.py", "import stand_in, torch, gymnasium, math")
    outcome = desk.watch(sys.executable, "my.py", limits=Limits(updates=3), options={"seed": 5})
    assert desk.calls() == [
        "made False 3 {'seed': 5}",
        "classes",
        "torch torch True",
        "gymnasium gymnasium",
        "finish ended",
    ]
    assert outcome.imported == {"torch", "gymnasium"}
    assert outcome.notes == ()
    assert outcome.folder == desk.run


@pytest.mark.parametrize("flags", [["-I"], ["-E"], ["-S"]], ids=" ".join)
def test_made_behind_closed_doors_too(desk, flags):
    desk.stand_ins()
    desk.write("my.py", f"import sys; sys.path.insert(0, {str(desk.folder)!r}); import stand_in, torch")
    assert desk.watch(sys.executable, *flags, "my.py").problem is None
    assert "torch torch True" in desk.calls()


@pytest.mark.parametrize("python", interpreters())
def test_made_in_other_pythons(desk, python):
    desk.stand_ins()
    desk.write("my.py", "import stand_in, torch")
    assert desk.watch(python, "my.py").notes == ()
    assert desk.calls()[-1] == "finish ended"


def test_a_tap_that_cannot_attach_is_noted_and_the_script_goes_on(desk, capfd):
    desk.stand_ins()
    desk.write("my.py", "import stand_in, torch, gym; print('done')")
    outcome = desk.watch(sys.executable, "my.py")
    assert capfd.readouterr().out == "done\n"
    assert [note for note in outcome.notes if "attach_gym" in note and "this gym is odd" in note]


def test_a_session_that_cannot_be_made_is_noted_and_the_script_goes_on(desk, capfd):
    desk.stand_ins()
    desk.write("my.py", "import stand_in; stand_in.module.Session = None; import torch; print('done')")
    outcome = desk.watch(sys.executable, "my.py")
    assert capfd.readouterr().out == "done\n"
    assert "could not watch this process" in outcome.notes[0]


def test_a_script_that_imports_none_of_them_costs_nothing_more(desk, capfd):
    desk.write("my.py", "import sys; print([name for name in sys.modules if name.startswith('ppodoctor')])")
    desk.watch(sys.executable, "my.py")
    loaded = capfd.readouterr().out
    assert "ppodoctor.watching.bootstrap" in loaded
    assert "session" not in loaded
    assert "recorder" not in loaded
    assert not (desk.run / "watch" / "main.pid").exists()


def test_a_crash_names_the_users_own_line(desk, capfd):
    desk.write("deep.py", "import json\ndef parse(text):\n    return json.loads(text)\n")
    desk.write("my.py", "import deep\n\ndeep.parse('{')\n")
    outcome = desk.watch(sys.executable, "my.py")
    assert outcome.exit_status == 1
    assert outcome.crash["type"] == "JSONDecodeError"
    assert (outcome.crash["file"], outcome.crash["line"]) == (str(desk.folder / "deep.py"), 3)
    assert "JSONDecodeError" in outcome.problem
    assert "deep.py:3" in outcome.problem
    assert json.loads((desk.run / "crash.json").read_text())["traceback"] == capfd.readouterr().err


def test_a_crash_is_kept_though_the_script_has_its_own_hook(desk, capfd):
    desk.write("my.py", "import sys\nsys.excepthook = lambda *error: print('mine', error[0].__name__)\n[].pop()\n")
    outcome = desk.watch(sys.executable, "my.py")
    assert capfd.readouterr().out == "mine IndexError\n"
    assert (outcome.crash["type"], outcome.crash["line"]) == ("IndexError", 3)


def test_a_crash_in_an_isolated_interpreter(desk):
    desk.write("my.py", "import sys\n\n[].pop()\n")
    assert desk.watch(sys.executable, "-I", "my.py").crash["line"] == 3


def test_a_syntax_error_is_a_crash_with_its_line(desk):
    desk.write("my.py", "import sys\nprint(1\n")
    outcome = desk.watch(sys.executable, "my.py")
    assert (outcome.crash["type"], outcome.crash["line"]) == ("SyntaxError", 2)


def test_the_session_hears_of_a_crash(desk):
    desk.stand_ins()
    desk.write("my.py", "import stand_in, torch\nraise ValueError('no')\n")
    desk.watch(sys.executable, "my.py")
    assert desk.calls()[-1] == "finish crashed"


def test_an_exit_status_without_an_exception_is_no_crash(desk):
    desk.write("my.py", "import sys; sys.exit('usage: give --env')")
    outcome = desk.watch(sys.executable, "my.py")
    assert (outcome.exit_status, outcome.crash) == (1, None)
    assert outcome.problem == "The script returned exit status 1."


def test_killed_by_a_signal(desk):
    desk.stand_ins()
    desk.write("my.py", f"import os, stand_in, torch\nos.kill(os.getpid(), {int(signal.SIGKILL)})\n")
    outcome = desk.watch(sys.executable, "my.py")
    assert (outcome.exit_status, outcome.signal) == (None, "SIGKILL")
    assert "SIGKILL" in outcome.problem
    assert desk.calls()[-1] == "torch torch True"  # what was written before stays


def test_ended_by_os_exit(desk):
    desk.stand_ins()
    desk.write("my.py", "import os, stand_in, torch\nos._exit(0)\n")
    outcome = desk.watch(sys.executable, "my.py")
    assert (outcome.exit_status, outcome.problem) == (0, None)
    assert desk.calls()[-1] == "torch torch True"


WORKERS = """
import multiprocessing as mp, os, stand_in, torch

def work(queue):
    import stand_in, torch
    queue.put(os.getpid())

if __name__ == "__main__":
    context = mp.get_context({method!r})
    queue = context.Queue()
    workers = [context.Process(target=work, args=(queue,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    print(sorted(queue.get() for _ in workers))
    for worker in workers:
        worker.join()
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing_write_in_their_own_folders(desk, capfd, method):
    desk.stand_ins()
    desk.write("my.py", WORKERS.format(method=method))
    outcome = desk.watch(sys.executable, "my.py")
    pids = json.loads(capfd.readouterr().out)
    assert outcome.problem is None
    assert outcome.notes == ()
    main = desk.calls()
    assert main[0].startswith("made False")
    assert main[-1] == "finish ended"
    assert len([call for call in main if call.startswith(("made", "finish"))]) == 2
    for pid in pids:
        calls = desk.calls(desk.run / "workers" / str(pid))
        assert calls[0] in ("in_worker", "made True None {}")
        assert calls[-1] == "finish ended"


def test_a_plain_fork_writes_in_its_own_folder(desk):
    desk.stand_ins()
    desk.write("my.py", "import os, stand_in, torch, sys\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nsys.exit(0)\n")
    desk.watch(sys.executable, "my.py")
    (folder,) = (desk.run / "workers").iterdir()
    assert desk.calls(folder) == ["in_worker", "finish ended"]
    assert desk.calls().count("finish ended") == 1


def test_a_script_started_by_a_script_that_has_no_torch_has_the_run_folder(desk):
    desk.stand_ins()
    desk.write("inner.py", "import stand_in, torch")
    desk.write("my.py", "import subprocess, sys\nsubprocess.run([sys.executable, 'inner.py'])\n")
    desk.watch(sys.executable, "my.py")
    assert desk.calls()[-1] == "finish ended"
    assert not (desk.run / "workers").exists()


def test_the_folder_of_the_process_that_trained_is_named(desk):
    desk.stand_ins()
    desk.write(
        "inner.py", "import stand_in, torch; stand_in.Session.made.folder.joinpath('updates.jsonl').write_text('{}')"
    )
    desk.write("my.py", "import subprocess, sys, stand_in, torch\nsubprocess.run([sys.executable, 'inner.py'])\n")
    outcome = desk.watch(sys.executable, "my.py")
    assert outcome.folder.parent == desk.run / "workers"
    assert (outcome.folder / "updates.jsonl").exists()


def test_a_script_that_starts_itself_again_keeps_its_folder(desk):
    desk.stand_ins()
    again = "if len(sys.argv) < 2: os.execv(sys.executable, [sys.executable, *sys.argv, 'x'])"
    desk.write("my.py", f"import os, sys, stand_in, torch\n{again}\n")
    desk.watch(sys.executable, "my.py")
    assert len([call for call in desk.calls() if call.startswith("made False")]) == 2


def test_a_second_run_in_the_same_folder_starts_afresh(desk):
    desk.write("bad.py", "1 / 0")
    desk.write("good.py", "import sys; sys.exit(3)")
    assert desk.watch(sys.executable, "bad.py").crash is not None
    assert desk.watch(sys.executable, "good.py").crash is None
