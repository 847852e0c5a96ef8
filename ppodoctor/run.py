"""Run: one recorded training run as immutable tables, whoever produced it."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple, TypeVar

import numpy as np

from ppodoctor.records import (
    SCHEMA,
    EnvFacts,
    EpisodeRecord,
    Note,
    OptimizerFacts,
    ParameterFacts,
    Setting,
    UpdateRecord,
    from_dict,
    from_flat_dicts,
)
from ppodoctor.specimens import (
    MinibatchSpecimen,
    ModuleCalls,
    RolloutSpecimen,
    load_calls,
    load_minibatch,
    load_rollout,
)

T = TypeVar("T")


class RunError(Exception):
    """A folder that cannot be read as a run; the message says what was seen and what to do."""


@dataclass(frozen=True)
class Run:
    """A recorded run. Columns are float64 arrays with NaN where a row lacks the value; everything else is records."""

    folder: Optional[Path]
    header: Dict[str, Any] = field(default_factory=dict)
    updates: Tuple[UpdateRecord, ...] = ()
    episodes: Tuple[EpisodeRecord, ...] = ()
    envs: Tuple[EnvFacts, ...] = ()
    optimizers: Tuple[OptimizerFacts, ...] = ()
    parameters: Tuple[ParameterFacts, ...] = ()
    settings: Dict[str, Setting] = field(default_factory=dict)
    notes: Tuple[Note, ...] = ()
    rollouts: Tuple[RolloutSpecimen, ...] = ()
    calls: Dict[int, List[ModuleCalls]] = field(default_factory=dict)
    """Recorded layer calls by update."""
    minibatches: Tuple[MinibatchSpecimen, ...] = ()
    source: Dict[str, str] = field(default_factory=dict)
    """File name as Python named it -> text."""
    damage: Tuple[str, ...] = ()
    """Sentences about rows or specimens that could not be read."""

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def column(self, name: str) -> np.ndarray:
        """[updates] float64 of one UpdateRecord column, NaN where it was not observed."""
        values = [getattr(row, name) for row in self.updates]
        return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)

    def has(self, name: str) -> bool:
        """Was this column observed at least once?"""
        return any(getattr(row, name) is not None for row in self.updates)

    @cached_property
    def returns(self) -> np.ndarray:
        """[episodes] raw return of the training streams' episodes, in order of their end."""
        train = {env.stream for env in self.envs if env.role != "evaluate"}
        return np.array([e.ret for e in self.episodes if not train or e.stream in train], dtype=np.float64)

    @property
    def train_envs(self) -> Tuple[EnvFacts, ...]:
        """The streams whose steps reached a policy update."""
        return tuple(env for env in self.envs if env.role != "evaluate")

    def setting(self, name: str, default: Any = None) -> Any:
        """The observed value of a hyper-parameter, or `default`."""
        found = self.settings.get(name)
        return default if found is None else found.value

    def of_update(self, update: int) -> Tuple[MinibatchSpecimen, ...]:
        """The recorded minibatches of one update, in order."""
        return tuple(m for m in self.minibatches if m.update == update)

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read a run folder, damaged or still being written ones up to their last whole row.

        Raises RunError when the folder is missing or holds no run.
        """
        path = Path(folder)
        if not path.is_dir():
            raise RunError(f"no run folder at {path}; `ppodoctor runs` lists the runs recorded here")
        if not (path / "run.json").exists() and not (path / "updates.jsonl").exists():
            raise RunError(f"{path} is not a run folder: it holds neither run.json nor updates.jsonl")
        damage: List[str] = []
        header = _header(path / "run.json", damage)
        if int(header.get("schema", SCHEMA)) > SCHEMA:
            raise RunError(
                f"{path} was written by a newer ppodoctor (format {header['schema']}, this one reads {SCHEMA})"
            )
        return cls(
            folder=path,
            header=header,
            updates=tuple(_rows(path / "updates.jsonl", UpdateRecord, damage)),
            episodes=tuple(_rows(path / "episodes.jsonl", EpisodeRecord, damage)),
            envs=_facts(header, "envs", EnvFacts, damage),
            optimizers=_facts(header, "optimizers", OptimizerFacts, damage),
            parameters=_facts(header, "parameters", ParameterFacts, damage),
            settings={k: from_dict(Setting, v) for k, v in header.get("settings", {}).items()},
            notes=_facts(header, "notes", Note, damage),
            rollouts=tuple(_specimens(path, "rollout", load_rollout, damage)),
            calls=dict(_numbered_calls(path, damage)),
            minibatches=tuple(_specimens(path, "minibatch", load_minibatch, damage)),
            source=_source(path, header),
            damage=tuple(damage),
        )


def _header(path: Path, damage: List[str]) -> Dict[str, Any]:
    if not path.exists():
        damage.append("run.json is missing; settings and facts are unknown")
        return {}
    try:
        data = _numbers(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        damage.append(f"run.json cannot be read ({error}); settings and facts are unknown")
        return {}
    return data if isinstance(data, dict) else {}


def _rows(path: Path, kind: Callable[..., T], damage: List[str]) -> List[T]:
    """Whole rows of a JSONL file; a torn last line is normal in a run that was killed, other bad lines are damage."""
    if not path.exists():
        return []
    rows: List[T] = []
    text = path.read_bytes()
    if text.endswith(b"\n") and not any(spelling in text for spelling in (b'"nan"', b'"inf"', b'"-inf"', b"[")):
        with suppress(ValueError, TypeError):  # a damaged file is read line by line below
            return from_flat_dicts(kind, json.loads(b"[" + b",".join(text.split(b"\n")[:-1]) + b"]"))
    lines = text.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(from_dict(kind, _numbers(json.loads(line))))
        except (ValueError, TypeError, AttributeError):
            where = "last line, torn" if number == len(lines) else f"line {number}"
            damage.append(f"{path.name}: {where}: not readable, left out")
    return rows


def _facts(header: Dict[str, Any], name: str, kind: Any, damage: List[str]) -> Tuple[Any, ...]:
    found = []
    for entry in header.get(name, ()):
        try:
            found.append(from_dict(kind, entry))
        except (ValueError, TypeError) as error:
            damage.append(f"run.json: an entry of {name} was left out: {error}")
    return tuple(found)


def _specimens(folder: Path, prefix: str, load: Callable[[Path], T], damage: List[str]) -> List[T]:
    found = []
    for path in sorted((folder / "specimens").glob(f"{prefix}-*.npz")):
        try:
            found.append(load(path))
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            damage.append(f"specimens/{path.name}: not readable ({type(error).__name__}), left out")
    return found


def _numbered_calls(folder: Path, damage: List[str]) -> List[Tuple[int, List[ModuleCalls]]]:
    return _specimens(folder, "calls", lambda path: (int(path.stem.split("-")[1]), load_calls(path)), damage)


def _source(folder: Path, header: Dict[str, Any]) -> Dict[str, str]:
    """Source texts under the names Python gave their files (run.json maps stored name -> file)."""
    texts = {}
    for stored, file in header.get("source", {}).items():
        path = folder / "source" / stored
        if path.is_file() and folder.resolve() in path.resolve().parents:
            texts[file] = path.read_text(encoding="utf-8", errors="replace")
    return texts


def _numbers(value: Any) -> Any:
    """Undo the recorder's spelling of NaN and infinities."""
    if isinstance(value, str) and value in ("nan", "inf", "-inf"):
        return float(value)
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return value
