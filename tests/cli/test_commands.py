"""The commands on recorded runs: what they print, where, and their exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from made import healthy, made_run, sick, undecided, write_run

from ppodoctor import __version__
from ppodoctor.checks import all_checks
from ppodoctor.cli import COMMANDS, main


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return write_run(made_run(), tmp_path / "runs" / "2026-01-02-my_ppo-1")


@pytest.fixture
def told(monkeypatch):
    """Let the diagnosis say what the test wants; what is shown is under test, not what is found."""

    def tell(diagnosis):
        monkeypatch.setattr("ppodoctor.diagnosis.diagnose", lambda run: diagnosis)

    tell(sick())
    return tell


@pytest.mark.parametrize(("diagnosis", "status"), [(healthy(), 0), (sick(), 1), (undecided(), 3)])
def test_the_status_of_a_recorded_run_is_its_verdict(run, told, capsys, diagnosis, status):
    told(diagnosis)
    assert main(["diagnose", str(run)]) == status
    assert capsys.readouterr().out.split()[0] in ("Healthy", "Cause", "Undecided")


def test_diagnosing_writes_the_page_and_the_data_into_the_run(run, told, capsys):
    main(["diagnose", str(run)])
    assert "Full report: " in capsys.readouterr().out
    assert (run / "report.html").read_text().startswith("<!doctype html>")
    assert json.loads((run / "report.json").read_text())["verdict"] == "cause_found"


def test_json_to_standard_output_is_the_json_alone(run, told, capsys):
    assert main(["diagnose", str(run), "--json", "-"]) == 1
    streams = capsys.readouterr()
    assert json.loads(streams.out)["causes"][0]["id"] == "entropy_sign_flipped"
    assert streams.err.startswith("Cause found")


def test_json_to_a_file(run, told, capsys, tmp_path):
    assert main(["diagnose", "--json", "out.json", str(run)]) == 1
    assert json.loads((tmp_path / "out.json").read_text())["schema"] == 1
    assert main(["diagnose", "--json", "no/such/folder/out.json", str(run)]) == 2
    assert "Choose another path" in capsys.readouterr().err


def test_quiet_is_short(run, told, capsys):
    main(["diagnose", "--quiet", str(run)])
    assert len(capsys.readouterr().out.splitlines()) <= 4


def test_a_real_diagnosis_of_the_made_run_does_not_fail(run, capsys):
    assert main(["diagnose", str(run)]) in (0, 1, 3)
    assert capsys.readouterr().err == ""


def test_report_writes_the_page_again(run, told, capsys):
    assert main(["report", str(run)]) == 0
    page = capsys.readouterr().out.strip()
    assert page == str(run / "report.html")
    assert (run / "report.html").exists()


def test_runs_lists_runs_with_their_last_diagnosis(run, told, capsys):
    main(["runs"])
    before = capsys.readouterr().out
    assert "not diagnosed" in before
    assert str(run.relative_to(os.getcwd())) in before
    main(["report", str(run)])
    capsys.readouterr()
    assert main(["runs"]) == 0
    assert "entropy_sign_flipped" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "{", "[]", "\0\0", '{"causes": 3, "run": 5}'])
def test_damaged_runs_are_listed_too(run, capsys, text):
    (run / "run.json").write_text(text)
    (run / "report.json").write_text(text)
    assert main(["runs", "runs"]) == 0
    assert "2026-01-02-my_ppo-1" in capsys.readouterr().out


def test_an_empty_folder_has_no_runs(tmp_path, capsys):
    assert main(["runs", str(tmp_path)]) == 0
    assert "No runs in" in capsys.readouterr().out


def test_checks_lists_every_check(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["checks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {name for name in all_checks() if not any(name in line for line in lines)} == set()
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", all_checks())
def test_every_check_has_a_page(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["checks", name]) == 0
    text = capsys.readouterr().out
    assert name in text
    assert "What it sees" in text
    assert max(map(len, text.splitlines())) <= 80


def test_version(capsys):
    assert main(["version"]) == 0
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.count(__version__) == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"ppodoctor {command}" in text
    judges = command in ("diagnose", "train")
    assert ("Exit status: 0 healthy" in text) is judges
    assert ("Exit status: 0 done" in text) is not judges


def test_no_arguments_print_the_help_with_every_command(capsys):
    assert main([]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)
    assert text.index("diagnose") < text.index("version")


WRONG = {
    ("diagnose",): "Put -- before your command",
    ("diagnose", "nowhere"): "no run folder at nowhere",
    ("diagnose", "my_ppo.py"): "ppodoctor diagnose -- python my_ppo.py",
    ("diagnose", "python", "my_ppo.py"): "put -- before it",
    ("diagnose", "--seconds", "5", "x"): "put -- before it",
    ("diagnose", "--secnds", "5", "--", "true"): "Did you mean --seconds?",
    ("diagnose", "--seconds", "many", "--", "true"): "--seconds",
    ("diagnose", "--seconds", "0", "--", "true"): "above 0",
    ("diagnose", "--seconds", "nan", "--", "true"): "above 0",
    ("diagnose", "--updates", "0", "--", "true"): "from 1",
    ("diagnose", "--json", "--quiet", "x"): "a path was expected",
    ("diagnose", "x", "--", "true"): "one of them was expected",
    ("diagnose", "--"): "No command was given",
    ("diagnose", "--", "python", "nowhere.py"): "nowhere.py does not exist",
    ("diagnose", "--", "no-such-program"): "no such program",
    ("report", "nowhere"): "no run folder at nowhere",
    ("report",): "report --help",
    ("runs", "nowhere"): "There is no folder nowhere",
    ("runs", "--", "python"): "Only `diagnose` and `tune` take a command",
    ("checks", "entropy_flipped"): "Did you mean",
    ("checks", "zzz"): "lists all",
    ("diagnos",): "diagnose",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_use_is_answered_with_a_sentence(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(list(arguments)) == 2
    streams = capsys.readouterr()
    assert WRONG[arguments] in streams.err
    assert streams.err.startswith("ppodoctor: ")
    assert "Traceback" not in streams.err
    assert streams.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_defect_of_ours_is_a_sentence_too(run, capsys, monkeypatch):
    def broken(run):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("ppodoctor.diagnosis.diagnose", broken)
    assert main(["diagnose", str(run)]) == 2
    assert "ppodoctor itself failed, with ZeroDivisionError: oh" in capsys.readouterr().err
    monkeypatch.setenv("PPODOCTOR_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["diagnose", str(run)])


def test_a_reader_that_leaves_early_gets_no_traceback(run, root):
    code = "import sys; from ppodoctor.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "diagnose", str(run)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        complaint = process.stderr.read()
        process.wait(60)
    assert complaint == b""


def test_the_module_runs_like_the_command(root):
    answer = subprocess.run([sys.executable, "-m", "ppodoctor", "version"], cwd=root, capture_output=True, text=True)
    assert answer.returncode == 0
    assert answer.stdout.startswith(f"ppodoctor {__version__}")
