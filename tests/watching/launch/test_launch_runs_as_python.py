"""A script under watch sees what it would see without: paths, arguments, flags, names, streams, exit status."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from launching import interpreters

# Everything about an interpreter that a script could come to depend on.
PROBE = """
import json, os, sys
import __main__
named = lambda one: getattr(one, "__name__", None) or type(one).__name__
print(json.dumps({
    "path": sys.path,
    "argv": sys.argv,
    "flags": repr(sys.flags),
    "orig_argv": getattr(sys, "orig_argv", None),
    "warnoptions": sys.warnoptions,
    "xoptions": sys._xoptions,
    "executable": sys.executable,
    "prefix": sys.prefix,
    "cwd": os.getcwd(),
    "main": {key: value if isinstance(value, (str, dict, list)) or value is None else named(value)
             for key, value in sorted(vars(__main__).items()) if key.startswith("__")},
    "main is main": __main__ is sys.modules["__main__"] and __main__.__dict__ is globals(),
    "spec": getattr(__spec__, "name", None),
    "sitecustomize": getattr(sys.modules.get("sitecustomize"), "__file__", None),
    "stdlib": [name for name in ("json", "numpy", "dataclasses", "pathlib") if name in sys.modules],
    "tty": [stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)],
    "numbers": [stream.fileno() for stream in (sys.stdin, sys.stdout, sys.stderr)],
    "buffering": [stream.line_buffering for stream in (sys.stdout, sys.stderr)],
    "excepthook": sys.excepthook.__name__ is not None,
}, sort_keys=True))
"""


FLAGS = [[], ["-B", "-u"], ["-O"], ["-W", "error", "-X", "dev"], ["-E"], ["-I"], ["-S"], ["-sE", "-Xutf8"], ["-SBI"]]
FEW_FLAGS = [[], ["-E"], ["-I"], ["-S"]]


def same_with_watch(desk, capfd, *command: str, **more) -> str:
    """Run the command with and without the watch; the output of both, which must be one."""
    plain = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL, **more)
    capfd.readouterr()
    outcome = desk.watch(*command)
    out, err = capfd.readouterr()
    assert out == plain.stdout.decode()
    assert err == plain.stderr.decode()
    status = outcome.exit_status if outcome.signal is None else None
    assert status == (plain.returncode if plain.returncode >= 0 else None)
    assert (desk.run / "watch" / "events.jsonl").read_text()  # it was watched
    return out


@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
@pytest.mark.parametrize("what", ["script", "module", "package", "code", "folder", "archive"])
def test_nothing_differs(desk, capfd, flags, what):
    compare(desk, capfd, sys.executable, flags, what)


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("what", ["script", "module", "archive"])
def test_nothing_differs_for_another_python(desk, capfd, python, what):
    for flags in FEW_FLAGS[: 2 if what == "module" else None]:
        compare(desk, capfd, python, flags, what)


def compare(desk, capfd, python, flags, what):
    """Run the probe as a script, a module, a string of code ... and see nothing that would tell of the watch."""
    desk.write("sub/probe.py", PROBE)
    desk.write("sub/there/__init__.py", "")
    desk.write("sub/there/__main__.py", PROBE)
    subprocess.run([sys.executable, "-m", "zipapp", "sub/there", "-o", "there.pyz"], check=True)
    words = {
        "script": ["./sub/../sub/probe.py", "--seed", "1", "-m", "x y"],
        "module": ["-m", "sub.probe", "--seed", "1"],
        "package": ["-msub.there", "-c"],
        "code": ["-c", PROBE, "-I", "two"],
        "folder": ["sub/there", "-x"],
        "archive": ["there.pyz"],
    }[what]
    if what in ("module", "package") and any("I" in flag for flag in flags if len(flag) < 6):
        pytest.skip("an isolated interpreter does not look into the working directory")
    assert "argv" in same_with_watch(desk, capfd, python, *flags, *words)


def test_a_linked_script_finds_its_real_neighbours(desk, capfd):
    desk.write("real/neighbour.py", "NAME = 'real'")
    desk.write("real/main.py", "import neighbour, sys; print(neighbour.NAME, sys.path[0], __file__)")
    (desk.folder / "link.py").symlink_to("real/main.py")
    for flags in ([], ["-E"]):
        assert "real" in same_with_watch(desk, capfd, sys.executable, *flags, "link.py")


def test_skipping_the_first_line(desk, capfd):
    desk.write("odd.py", "this is no Python\nimport sys; print('ran', sys.flags.ignore_environment)\n1 / 0")
    for flags in (["-x"], ["-xE"]):
        assert "ran" in same_with_watch(desk, capfd, sys.executable, *flags, "odd.py")


@pytest.mark.parametrize("flags", [[], ["-E"], ["-I"]], ids=" ".join)
def test_tracebacks_are_the_scripts_own(desk, capfd, flags):
    desk.write("bad.py", "def deep():\n    raise KeyError('lost')\ntry:\n    1 / 0\nfinally:\n    deep()\n")
    same_with_watch(desk, capfd, sys.executable, *flags, "bad.py")
    desk.write("worse.py", "print(1\n")
    same_with_watch(desk, capfd, sys.executable, *flags, "worse.py")


@pytest.mark.parametrize("flags", [[], ["-I"]], ids=" ".join)
@pytest.mark.parametrize(
    "ending",
    [
        "sys.exit(7)",
        "sys.exit()",
        "sys.exit('a sentence on standard error')",
        "os._exit(9)",
        "raise SystemExit(256 + 3)",
        "raise KeyboardInterrupt",
        "os.kill(os.getpid(), 9)",
        "os.abort()",
        "atexit.register(lambda: os._exit(4))",
        "sys.stdout.close()",
    ],
)
def test_exit_status(desk, capfd, ending, flags):
    desk.write("end.py", f"import atexit, os, sys\nprint('before', flush=True)\n{ending}\n")
    same_with_watch(desk, capfd, sys.executable, *flags, "end.py")


def test_the_users_pythonpath_stays(desk, capfd, monkeypatch):
    desk.write("lib/helper.py", "NAME = 'mine'")
    desk.write("probe.py", PROBE.replace("import json", "import helper, json"))
    monkeypatch.setenv("PYTHONPATH", f"{desk.folder / 'lib'}{os.pathsep}nowhere")
    assert "lib" in same_with_watch(desk, capfd, sys.executable, "probe.py")


def test_the_users_sitecustomize_still_runs_once(desk, capfd, monkeypatch):
    path = desk.write("lib/sitecustomize.py", "import sys; print('site', __name__, __file__, len(sys.path))")
    desk.write("probe.py", PROBE)
    monkeypatch.setenv("PYTHONPATH", str(path.parent))
    assert same_with_watch(desk, capfd, sys.executable, "probe.py").count("site sitecustomize") == 1


def test_an_error_in_the_users_sitecustomize_shows_as_before(desk, capfd, monkeypatch):
    path = desk.write("lib/sitecustomize.py", "1 / 0")
    desk.write("probe.py", PROBE)
    monkeypatch.setenv("PYTHONPATH", str(path.parent))
    same_with_watch(desk, capfd, sys.executable, "probe.py")


def test_an_environment_without_ppodoctor(desk, capfd):
    venv.create(desk.folder / "other", with_pip=False)
    python = desk.folder / "other" / "bin" / "python"
    desk.write("probe.py", PROBE)
    assert str(desk.folder / "other") in same_with_watch(desk, capfd, str(python), "probe.py")


def test_an_installed_ppodoctor_is_not_the_one_that_watches(desk):
    desk.stand_ins()
    desk.write("ppodoctor/__init__.py", "raise RuntimeError('another version')")
    desk.write("my.py", "import stand_in, torch, ppodoctor; print(ppodoctor.__file__)")
    outcome = desk.watch(sys.executable, "my.py")
    assert (outcome.exit_status, outcome.notes) == (0, ())
    assert "classes" in desk.calls()


def test_our_neighbours_do_not_come_along(desk, capfd):
    desk.write("my.py", "import importlib.util as u; print([u.find_spec(n) for n in ('cyclopts', 'hypothesis')])")
    venv.create(desk.folder / "other", with_pip=False)
    out = same_with_watch(desk, capfd, str(desk.folder / "other" / "bin" / "python"), "my.py")
    assert out.strip() == "[None, None]"


def test_a_shell_script_and_an_executable_script(desk, capfd):
    desk.write("probe.py", PROBE)
    shell = desk.write("train.sh", f'#!/bin/sh\ncd "$(dirname "$0")"\n"{sys.executable}" probe.py "$@"\nexit 5\n')
    own = desk.write("own", f"#!{sys.executable}\n{PROBE}")
    shut = desk.write("shut", f"#!{sys.executable} -E\n{PROBE}")
    for path in (shell, own, shut):
        path.chmod(0o755)
    same_with_watch(desk, capfd, "./train.sh", "--seed", "1")
    same_with_watch(desk, capfd, "./own", "--seed", "1")
    same_with_watch(desk, capfd, "./shut", "--seed", "1")


def test_a_bare_script_runs_with_this_interpreter(desk, capfd):
    desk.write("my_ppo.py", "import sys; print(sys.executable, sys.argv)")
    outcome = desk.watch("my_ppo.py", "--fast")
    assert outcome.exit_status == 0
    assert capfd.readouterr().out.strip() == f"{sys.executable} ['my_ppo.py', '--fast']"


def test_standard_input_arrives(desk):
    desk.write("ask.py", "import sys\nprint(input().upper(), sys.stdin.read().count('line'))\n")
    driven = desk.driven(sys.executable, "ask.py")
    driven.outcome("hello\n" + "line\n" * 50_000)
    assert driven.out == "HELLO 50000\n"


@pytest.mark.parametrize("flags", [["-"], ["-E", "-", "x"], []])
def test_a_script_on_standard_input(desk, flags):
    driven = desk.driven(sys.executable, *flags)
    assert driven.outcome("import sys; print(__name__, sys.argv, sys.path[0] == '')")["exit_status"] == 0
    plain = subprocess.run(
        [sys.executable, *flags],
        input="import sys; print(__name__, sys.argv, sys.path[0] == '')",
        capture_output=True,
        text=True,
        check=False,
    )
    assert driven.out == plain.stdout


def test_megabytes_of_output(desk):
    desk.write(
        "loud.py", "import sys\nfor i in range(60_000):\n    print(i, 'x' * 80)\n    print(i, file=sys.stderr)\n"
    )
    plain = subprocess.run([sys.executable, "loud.py"], capture_output=True, text=True, check=True)
    driven = desk.driven(sys.executable, "loud.py")
    driven.outcome()
    digest = [hashlib.sha256(text.encode()).hexdigest() for text in (plain.stdout, driven.out)]
    assert digest[0] == digest[1]
    assert driven.err == plain.stderr


def test_files_opened_by_the_shell_go_through(desk):
    read, write = os.pipe()
    os.write(write, b"from a pipe")
    os.close(write)
    os.set_inheritable(read, True)
    desk.write("my.py", "import os, sys, pathlib\npathlib.Path('got').write_bytes(os.read(int(sys.argv[1]), 100))\n")
    assert desk.watch(sys.executable, "my.py", str(read)).exit_status == 0
    os.close(read)
    assert Path("got").read_text() == "from a pipe"
