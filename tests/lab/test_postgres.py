"""A study in a PostgreSQL database: a real server of the test's own, on a Unix socket and nothing else."""

from __future__ import annotations

import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from lab_trials import tiny

from ppodoctor.lab import Lab, LabError
from ppodoctor.lab.owners import owner
from ppodoctor.lab.postgres import without_password
from ppodoctor.lab.store import Store
from ppodoctor.tuning.outcome import outcome_of
from ppodoctor.tuning.space import own_space
from ppodoctor.tuning.spec import Spec
from ppodoctor.tuning.study import Study

FIXED = {"rollout_steps": 32, "epochs": 1}
STUDY = """
import json, sys
from pathlib import Path
from ppodoctor.tuning.spec import Spec
from ppodoctor.tuning.study import Study
spec = Spec.from_dict(json.loads(sys.argv[2]))
study = Study(Path(sys.argv[1]), spec, workers=1, tell=lambda trial, result: print(trial.key, flush=True))
study.run()
"""


class Server:
    """One PostgreSQL server."""

    def __init__(self, folder):
        self.folder = folder
        self.user = {"user": "postgres"} if os.getuid() == 0 else {}
        self.url = f"postgresql://postgres@/postgres?host={folder}"

    def do(self, program, *words):
        programs = [shutil.which(program), *sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{program}"))]
        found = next(filter(None, programs))
        command = [found, "-D", f"{self.folder}/data", *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self.user)

    def start(self):
        # on a Unix socket alone; what a test wrote need not survive the machine
        settings = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self.do("pg_ctl", "start", "-w", "-l", f"{self.folder}/log.txt", "-o", settings)

    def stop(self):
        self.do("pg_ctl", "stop", "-m", "immediate")


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("psycopg")
    if not (shutil.which("initdb") or glob.glob("/usr/lib/postgresql/*/bin/initdb")):
        pytest.skip("PostgreSQL's server is not installed here")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.getuid() == 0:
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL's server does not run as root, and there is no user postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    one = Server(folder)
    one.do("initdb", "-U", "postgres", "-A", "trust", "-N")
    one.start()
    yield one
    one.stop()
    shutil.rmtree(folder, ignore_errors=True)


def spec(server, **changes):
    given = {"fixed": FIXED, "steps": 1024, "fresh_seeds": 2, "method": "grid", "storage": server.url, **changes}
    return Spec(own_space(["learning_rate=1e-4..1e-2:3", "clip_range=0.1,0.3"]), "CartPole-v1", **given)


def start(folder, wanted):
    command = [sys.executable, "-c", STUDY, str(folder), json.dumps(wanted.to_dict())]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_study_in_a_database_is_the_same_as_in_a_file(tmp_path, server):
    far, near = (
        Study(tmp_path / name, spec(server, storage=url), workers=1)
        for name, url in (("far", server.url), ("near", ""))
    )
    for study in (far, near):
        study.run()
    seen, wanted = ([(one.settings, one.scores) for one in study.candidates()] for study in (far, near))
    assert seen == wanted
    assert not (tmp_path / "far" / "study.db").exists()
    again = Study(tmp_path / "far", Spec.load(tmp_path / "far"), workers=1)
    again.run()
    assert again.lab.ran == 0


@pytest.mark.parametrize("method", ["grid", "random"])
def test_two_processes_of_two_folders_share_a_study_and_one_is_killed(tmp_path, server, method):
    wanted = spec(server, steps=16_384, method=method, trials=12)
    folders = [tmp_path / place / f"shared-{method}" for place in ("one", "two")]
    both = [start(folder, wanted) for folder in folders]
    # an empty line: the other process was so quick that this one has come to its end
    seen = [line for line in (both[0].stdout.readline().strip() for _ in range(2)) if line]
    os.kill(both[0].pid, signal.SIGKILL)
    seen += both[0].communicate()[0].split()
    rest = both[1].communicate()[0].split()
    assert both[1].returncode == 0
    # the last line of a killed process may be written without its result, never the other way round
    assert len(set(seen) & set(rest)) <= 1
    assert len(rest) == len(set(rest))
    study = Study(folders[1], wanted, workers=1)
    assert set(seen) | set(rest) == set(study.lab.store.results())
    assert len(study.settings()) == (6 if method == "grid" else 12)
    assert outcome_of(study).gain is not None


def test_a_server_that_goes_away_for_a_moment_costs_nothing(tmp_path, server):
    """It crashes in mid-study and is started again: no trial is lost, none is run twice."""
    wanted = spec(server, steps=65_536)
    process = start(tmp_path / "restarted", wanted)
    seen = [process.stdout.readline().strip() for _ in range(2)]
    server.stop()
    time.sleep(1.0)
    server.start()
    seen += process.communicate(timeout=300)[0].split()
    assert process.returncode == 0
    assert len(set(seen)) == len(seen)
    study = Study(tmp_path / "restarted", wanted, workers=1)
    assert set(seen) == set(study.lab.store.results())
    study.run()
    assert study.lab.ran == 0


def test_a_claim_of_another_machine_is_good_while_it_is_heard_of(tmp_path, server):
    store, trial = Store(tmp_path / "claims", server.url), tiny()
    assert store.claim(trial)
    assert store.claim(trial)  # its own
    beats = "UPDATE worker SET owner = ?, seen = extract(epoch from clock_timestamp()) - ?"
    other = json.dumps(["another-machine", 1, 1])
    store.base.rows("UPDATE trial SET owner = ?", [other])
    store.base.rows(beats, [other, 5])
    assert not store.claim(trial)
    store.base.rows(beats, [other, 120])
    assert store.claim(trial)
    assert store.base.rows("SELECT owner FROM trial") == [(owner(),)]
    store.close()


def test_a_full_disk_is_said_and_loses_nothing(tmp_path, server):
    """The server raises, at a write, what it raises when its disk is full."""
    lab = Lab(tmp_path / "full", workers=1, storage=server.url)
    (kept,) = lab.run([tiny()])
    full = "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'"
    made = f"CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {full}; END $$"
    lab.store.base.rows(made)
    lab.store.base.rows("CREATE TRIGGER fails BEFORE UPDATE ON trial EXECUTE FUNCTION fails()")
    with pytest.raises(LabError, match="free some space"):
        lab.run([tiny(seed=2)])
    lab.store.base.rows("DROP TRIGGER fails ON trial")
    lab.close()
    again = Lab(tmp_path / "full", workers=1, storage=server.url)
    assert again.run([tiny()]) == [kept]
    assert again.ran == 0
    assert again.run([tiny(seed=2)])[0].ok
    again.close()


def test_another_study_of_the_same_name_is_refused(tmp_path, server):
    Study(tmp_path / "name", spec(server), workers=1).close()
    with pytest.raises(LabError, match="another study"):
        Study(tmp_path / "name", spec(server, steps=2048), workers=1)


def test_what_cannot_be_reached_is_said(tmp_path):
    pytest.importorskip("psycopg")
    with pytest.raises(LabError, match="cannot be used"):
        Lab(tmp_path / "nowhere", storage=f"postgresql://me@/base?host={tmp_path}")
    with pytest.raises(LabError, match="is no storage"):
        Lab(tmp_path / "nowhere", storage="mysql://me@somewhere/base")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("postgresql://me:secret@host:5432/base", "postgresql://me@host:5432/base"),
        (
            "postgresql://host/base?user=me&password=secret&sslmode=require",
            "postgresql://host/base?user=me&sslmode=require",
        ),
        ("postgresql:///base", "postgresql:///base"),
        ("", ""),
    ],
)
def test_a_password_is_never_written_down(url, kept):
    assert without_password(url) == kept
    wanted = Spec(own_space(["gamma"]), "CartPole-v1", storage=url)
    assert "secret" not in json.dumps(wanted.to_dict())


def test_ten_thousand_trials_are_listed(tmp_path, server):
    store = Store(tmp_path / "many", server.url)
    result = {"status": "finished", "objective": 1.0, "curve": [[1.0, 2.0]]}
    rows = [(f"{i:016x}", "{}", json.dumps({"key": f"{i:016x}", **result})) for i in range(10_000)]
    ask = "INSERT INTO trial (key, trial, result) VALUES (?, ?, ?)"
    store.base.atomically(lambda run: [run(ask, row) for row in rows])
    assert len(store.results()) == 10_000
    store.close()


def test_threads_share_a_connection(tmp_path, server):
    store, claimed = Store(tmp_path / "threads", server.url), []
    threads = [threading.Thread(target=lambda i=i: claimed.append(store.claim(tiny(seed=i)))) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert claimed == [True] * 8
    store.close()
