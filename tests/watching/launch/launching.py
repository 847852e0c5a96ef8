"""What the tests of launching share: scripts in a folder, a stand-in session, a driver to send signals to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

from ppodoctor.watching.launch import Limits, Outcome, launch

ROOT = Path(__file__).resolve().parents[3]

# Takes the place of the real session: says what it was called with, in the folder that it was given.
SESSION = """
import os, sys, types
from ppodoctor.watching import stops

class Session:
    def __init__(self, settings):
        self.folder = settings.folder
        self.log("made", settings.worker, settings.wishes.updates, settings.wishes.options)
        Session.made = self

    def log(self, *words):
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(str(self.folder), "calls.txt"), "a") as file:
            file.write(" ".join(str(word) for word in words) + "\\n")

    def attach_torch(self, module): self.log("torch", module.__name__, module.ready)
    def attach_gymnasium(self, module): self.log("gymnasium", module.__name__)
    def attach_gym(self, module): raise ValueError("this gym is odd")
    def attach_classes(self): self.log("classes")
    def in_worker(self, folder):
        self.folder = folder
        self.log("in_worker")
    def detach(self): self.log("detach")
    def finish(self, reason): self.log("finish", reason)

module = types.ModuleType("ppodoctor.watching.session")
module.Session = Session
sys.modules[module.__name__] = module
"""

# A training loop as the taps will see it: a check at every step.
TRAINING = """
import time, stand_in, torch
from ppodoctor.watching import stops

def train(steps, at=stops.ENV_STEP, pause=0.01):
    for step in range(steps):
        time.sleep(pause)
        stops.check(at)
"""

DRIVER = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from ppodoctor.watching.launch import Limits, launch

facts = json.loads(Path(sys.argv[1]).read_text())
outcome = asdict(launch(facts["command"], Path(facts["folder"]), Limits(**facts["limits"])))
outcome["imported"] = sorted(outcome["imported"])
Path(sys.argv[2]).write_text(json.dumps(outcome, default=str))
"""


@dataclass
class Desk:
    """A folder with scripts, and what is needed to run them with and without the watch."""

    folder: Path

    @property
    def run(self) -> Path:
        return self.folder / "run"

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def stand_ins(self) -> None:
        """A torch, a gymnasium and a gym of one line, the stand-in session and a training loop."""
        self.write("stand_in.py", SESSION)
        self.write("training.py", TRAINING)
        self.write("torch.py", "ready = False\nimport math\nready = True\n")
        self.write("gymnasium.py", "")
        self.write("gym.py", "")

    def watch(self, *command: str, limits: Limits | None = None, **more) -> Outcome:
        """Run in this very process."""
        return launch(command, self.run, limits or Limits(), **more)

    def driven(self, *command: str, **limits) -> Driven:
        """Run by a process of its own, which can be sent signals."""
        facts = {"command": command, "folder": str(self.run), "limits": limits}
        question, answer = self.folder / "question.json", self.folder / "answer.json"
        question.write_text(json.dumps(facts))
        words = [sys.executable, "-c", DRIVER, str(question), str(answer)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            words,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return Driven(process, answer)

    def calls(self, folder: Path | None = None) -> list[str]:
        """What the stand-in session was called with."""
        return ((folder or self.run) / "calls.txt").read_text().splitlines()


@dataclass
class Driven:
    """A launch in another process."""

    process: subprocess.Popen
    answer: Path

    def outcome(self, text: str = "") -> dict:
        self.out, self.err = self.process.communicate(text, timeout=60)
        assert self.process.returncode == 0, self.err
        return json.loads(self.answer.read_text())

    def wait_for(self, path: Path) -> str:
        """Wait for the script to write a file."""
        return wait_for(path)


def wait_for(path: Path) -> str:
    """The text of a file, as soon as somebody has written it."""
    for _ in range(3000):
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.01)
    raise AssertionError(f"{path} was never written")


def gone(pid: int) -> bool:
    """Whether a process has ended, soon."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.01)
    return False


def interpreters() -> list[str]:
    """Other Pythons of this machine, from 3.9 on: on PATH, beside this one, under pyenv."""
    found: dict[str, str] = {}
    names = [f"python3.{minor}" for minor in range(9, 15)]
    beside = Path(os.path.realpath(sys.executable)).parents[2]
    places = [*(shutil.which(name) for name in names), *map(str, sorted(beside.glob("3.*/bin/python")))]
    for place in places:
        if place is None:
            continue
        text = "import sys; print(sys.version_info[:2] >= (3, 9), sys.version_info[:2])"
        answer = subprocess.run([place, "-c", text], capture_output=True, text=True, check=False).stdout.strip()
        if answer.startswith("True "):
            found.setdefault(answer, place)
    return sorted(found.values())
