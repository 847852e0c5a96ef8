"""The watch inside the script's process: joins the taps, decides what to read, writes the Run."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Set

from ppodoctor.recorder import Recorder
from ppodoctor.watching import stops
from ppodoctor.watching.settings import Settings
from ppodoctor.watching.sites import is_script_file
from ppodoctor.watching.tap_env import EnvTap

DESCRIBE_SECONDS = 5.0
"""run.json is written again after an update when this much time has passed."""

_NO_ENVIRONMENT = (
    "no environment was seen that takes steps: updates are told by the calls of the network between them, and what "
    "needs rewards, ends or observations was not looked at"
)
_AN_ENVIRONMENT = (
    "an object with reset() and step(action) that returns (observation, reward, terminated, truncated, info) is seen: "
    "a class around your own functions will do"
)


class Session:
    """One watched process. Attached piece by piece as the script imports its libraries."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.muted = settings.worker
        self.recorder = Recorder(Path(settings.folder), producer="watch") if not self.muted else None
        self.env = EnvTap(self.recorder, on_step=stops.check)
        if settings.worker:
            self.env.become_worker(Path(settings.folder))
        self.learner: Any = None
        self.began = time.perf_counter()
        self._described = 0.0
        self._own_modules = OwnModules()
        self._facts: Dict[str, Any] = {
            "command": list(settings.wishes.command),
            "started": time.strftime("%Y-%m-%dT%H:%M:%S"),
            "python": platform.python_version(),
            "argv": list(sys.argv),
            "executable": sys.executable,
        }

    def attach_classes(self) -> None:
        """Watch the environment classes that are made from now on."""
        self.env.attach_classes()

    def attach_gymnasium(self, module: Any) -> None:
        """Watch gymnasium's own classes."""
        self._facts["gymnasium"] = getattr(module, "__version__", "")
        self.env.attach_gymnasium(module)

    def attach_gym(self, module: Any) -> None:
        """Watch gym's own classes."""
        self._facts["gym"] = getattr(module, "__version__", "")
        self.env.attach_gymnasium(module)

    def attach_torch(self, module: Any) -> None:
        """Watch backward calls, optimizers and layers."""
        self._facts["torch"] = str(getattr(module, "__version__", ""))
        if self.muted or self.learner is not None:
            return
        from ppodoctor.watching.learner import Learner

        self._facts["threads"] = int(module.get_num_threads())
        self.learner = Learner(module, self)
        self.learner.attach()
        self.env.keep_rows = True
        self.env.on_step = self.learner.on_env_step

    def attach_jax(self, module: Any) -> None:
        """JAX traces its computation away from Python: nothing of it can be read here."""
        if self.recorder is not None:
            self.recorder.note(
                "jax",
                "the script uses JAX, whose gradients cannot be read by this program",
                "environment and episodes are still recorded",
            )

    def detach(self) -> None:
        """Take every tap off again."""
        self.env.detach()
        if self.learner is not None:
            self.learner.detach()

    def in_worker(self, folder: Path) -> None:
        """This process is a forked child now: leave the parent's files alone."""
        self.muted = True
        self.recorder = None
        if self.learner is not None:
            self.learner.mute()

    def finish(self, reason: str) -> None:
        """Write what is open and close the files; the last thing that happens in the process."""
        if self.recorder is None:
            return
        if self.learner is not None:
            self.learner.finish()
            if self.learner.update and self.learner.env_steps.unseen:
                self.recorder.note("environments", _NO_ENVIRONMENT, _AN_ENVIRONMENT)
        else:
            self._rollout_without_learner()
        status = "crashed" if reason == "crashed" else "stopped" if reason.startswith("stopped") else "finished"
        self.recorder.close(status, **self.header(), reason=reason, seconds=time.perf_counter() - self.began)

    def _rollout_without_learner(self) -> None:
        """A script without torch still shows its environment."""
        self.env.cut(0)

    def updated(self, updates: int) -> None:
        """An update was written: refresh run.json now and then, and obey the limit on updates."""
        now = time.perf_counter()
        if self.recorder is not None and (updates <= 2 or now - self._described > DESCRIBE_SECONDS):
            self._described = now
            self.recorder.describe(**self.header())
        limit = self.settings.wishes.updates
        if limit is not None and updates >= limit:
            stops.request_stop(f"{updates} updates were asked for")

    def header(self) -> Dict[str, Any]:
        """Everything run.json says besides its status."""
        facts = dict(self._facts)
        facts["envs"] = [_jsonable(env) for env in self.env.facts()]
        if self.learner is not None:
            facts.update(self.learner.facts())
        facts["source"] = self._keep_source(facts)
        return facts

    def _keep_source(self, facts: Dict[str, Any]) -> Dict[str, str]:
        """Copy the script's own files, once each; run.json maps the copy's name to the file."""
        kept: Dict[str, str] = dict(self._facts.get("source", {}))
        known = set(kept.values())
        for file in dict.fromkeys([*self._own_modules.files(), *_sites_in(facts)]):
            if file in known or self.recorder is None or len(kept) >= 60:
                continue
            try:
                text = Path(file).read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            name = f"{len(kept):02d}-{Path(file).name}"
            self.recorder.source(name, text[:400_000])
            kept[name] = file
            known.add(file)
        self._facts["source"] = kept
        return kept


def _jsonable(record: Any) -> Any:
    from ppodoctor.records import to_dict

    return to_dict(record)


class OwnModules:
    """The main script and the modules of its own beside it, as they are imported."""

    def __init__(self) -> None:
        self._seen: Set[str] = set()
        self._files: List[str] = []

    def files(self) -> List[str]:
        """Their files, the main script's first."""
        main = getattr(sys.modules.get("__main__"), "__file__", None)
        folder = str(Path(main).resolve().parent) if main else str(Path.cwd())
        for name in [name for name in list(sys.modules) if name not in self._seen]:
            self._seen.add(name)
            file = getattr(sys.modules.get(name), "__file__", None)
            if isinstance(file, str) and file.endswith(".py") and _inside(file, folder):
                self._files.append(file)
        return [main, *self._files] if main else list(self._files)


def _inside(file: str, folder: str) -> bool:
    whole = file if os.path.isabs(file) else os.path.abspath(file)  # there are thousands, and a Path is slow to make
    return whole.startswith(folder + os.sep) and is_script_file(file)


def _sites_in(value: Any) -> List[str]:
    """Files of every Site in a nest of plain data."""
    if isinstance(value, dict):
        own = [value["file"]] if isinstance(value.get("file"), str) and "line" in value else []
        return own + [f for item in value.values() for f in _sites_in(item)]
    if isinstance(value, (list, tuple)):
        return [f for item in value for f in _sites_in(item)]
    return []
