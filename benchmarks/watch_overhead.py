"""What watching costs: time, memory and disk of scripts that run with and without it, side by side.

Usage: python benchmarks/watch_overhead.py [--quick] [--repeats N] [--only GLOB] [--scripts PATH] [--json PATH]

Each ratio is watched over bare. The two runs of a pair take turns of half a second, so that what drifts in a shared
machine's speed (5 to 10% in a minute) is met by both; wall time is that of a run's own turns. What the watch allows
itself goes by the clock on the wall, which is twice as fast then: its cost comes out rather too high. Processor time
(user and system, of the command with all its processes and of the watch beside it) is given beside wall time. The start
is measured by a script that only imports its libraries; "steady" is what remains of a script without it. --scripts
names a JSON file, a list of {"id", "cwd", "argv", "env"}, whose scripts are measured after those of examples/.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from study.fingerprint import ROOT, versions
from study.turns import Ended, Turns, run_in_turns

TARGET_MEDIAN, TARGET_WORST = 1.05, 1.10
START = "start"
# About a minute each, as long as a script of hours is watched for: what the first updates cost (they are read whatever
# they cost) must not stand for all of it.
STEPS = {
    "cartpole_vector": 920_000,
    "broken_cartpole": 280_000,
    "class_agent": 370_000,
    "own_softmax": 640_000,
    "own_gaussian": 690_000,
    "pendulum_notebook": 640_000,
    "reach_functional": 920_000,
    "recurrent_gru": 110_000,
    "two_optimizers": 300_000,
    "vector_continuous": 510_000,
    "drone_multidiscrete": 180_000,
    "sb3_cartpole": 600_000,
}
QUICK = {"cartpole_vector": 20_000, "two_optimizers": 16_000}
WATCH = """
import sys
from pathlib import Path
from ppodoctor.watching.launch import Limits, launch
outcome = launch(sys.argv[2:], Path(sys.argv[1]), Limits())
sys.exit(1 if outcome.exit_status is None else outcome.exit_status)
"""


@dataclass(frozen=True)
class Script:
    """A command, the folder it runs in and what it finds in its environment besides."""

    id: str
    argv: tuple[str, ...]
    cwd: str = ""
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Spent:
    """What one run took: seconds, and the largest resident memory of any of its processes."""

    wall: float
    cpu: float
    memory_mib: float
    folder_mib: float = 0.0
    updates: int = 0


@dataclass(frozen=True)
class Measured:
    """Bare and watched runs of a script, in pairs."""

    script: Script
    bare: list[Spent]
    watched: list[Spent]

    def ratio(self, name: str, *, less: float = 0.0, less_watched: float = 0.0) -> float:
        """Median over the pairs of watched over bare, after taking something off either."""
        pairs = zip(self.bare, self.watched, strict=True)
        return statistics.median((getattr(w, name) - less_watched) / (getattr(b, name) - less) for b, w in pairs)

    def median(self, name: str, *, watched: bool) -> float:
        """Median of one of the numbers."""
        return statistics.median(getattr(one, name) for one in (self.watched if watched else self.bare))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; exit status 1 when a script failed."""
    options = _parse(arguments)
    scripts = [script for script in _scripts(options) if fnmatch(script.id, options.only)]
    settings = {"repeats": options.repeats, "threads": options.threads, "quick": options.quick}
    print(_machine(settings))
    with tempfile.TemporaryDirectory() as place:
        try:
            start = _measure(_starting_script(), options, Path(place), repeats=max(options.repeats, 3))
            measured = []
            print(f"\n{'':24s} bare s (cpu)   wall    cpu   steady cpu   memory        folder   updates")
            for script in scripts:
                measured.append(_measure(script, options, Path(place), repeats=options.repeats))
                print(_row(measured[-1], start), flush=True)
        except _Failed as error:
            print(error, file=sys.stderr)
            return 1
    found = _summary(measured, start)
    _tell(found)
    if options.json:
        facts = {"benchmark": "watch_overhead", "machine": _facts(), "settings": settings, "summary": found}
        facts["scripts"] = [_as_data(one, start) for one in [start, *measured]]
        Path(options.json).write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two short scripts, one pair each, in under a minute")
    parser.add_argument("--repeats", type=int, help="pairs per script (default 3, with --quick 1)")
    parser.add_argument("--threads", type=int, default=1, help="OMP_NUM_THREADS of the scripts")
    parser.add_argument("--only", default="*", metavar="GLOB", help="scripts by their id")
    parser.add_argument("--scripts", metavar="PATH", help="JSON list of further scripts: id, cwd, argv, env")
    parser.add_argument("--json", metavar="PATH", help="write everything as JSON")
    options = parser.parse_args(arguments)
    options.repeats = options.repeats or (1 if options.quick else 3)
    return options


def _scripts(options: argparse.Namespace) -> list[Script]:
    chosen = QUICK if options.quick else STEPS
    found = [
        Script(name, (sys.executable, str(ROOT / "examples" / f"{name}.py"), "--total-steps", str(steps)))
        for name, steps in chosen.items()
    ]
    if options.scripts:
        rows = json.loads(Path(options.scripts).read_text(encoding="utf-8"))
        found += [Script(row["id"], tuple(row["argv"]), row.get("cwd", ""), row.get("env", {})) for row in rows]
    return found


def _starting_script() -> Script:
    return Script(START, (sys.executable, "-c", "import torch, gymnasium"))


def _measure(script: Script, options: argparse.Namespace, place: Path, *, repeats: int) -> Measured:
    """Pairs of runs; which of the two goes first alternates."""
    measured = Measured(script, [], [])
    if script.id == START:
        _run(script, options.threads, place, [place / "warm"])  # bytecode and the disk's cache
    for number in range(repeats):
        folders = [None, place / f"{script.id}-{number}"][:: 1 if number % 2 == 0 else -1]
        for folder, spent in zip(folders, _run(script, options.threads, place, folders), strict=True):
            (measured.watched if folder else measured.bare).append(spent)
    return measured


class _Failed(Exception):
    """A script did not end as it should; there is nothing to measure."""


def _run(script: Script, threads: int, place: Path, folders: Sequence[Path | None]) -> list[Spent]:
    """Run a script once for each folder, in turns, watched into the folder where there is one."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONHASHSEED": "0", **script.env}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else every watched run compiles the watch again
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), environment.get("PYTHONPATH", "")]))
    logs = [place / f"output-{number}.txt" for number in range(len(folders))]
    commands = []
    for folder, log in zip(folders, logs, strict=True):
        before = () if folder is None else (sys.executable, "-c", WATCH, str(folder))
        commands.append(Turns((*before, *script.argv), Path(script.cwd or place), environment, log))
    found = run_in_turns(commands)
    for ended, folder, log in zip(found, folders, logs, strict=True):
        if ended.status != 0:
            told = log.read_text(errors="replace")[-800:]
            raise _Failed(f"{script.id}{' (watched)' if folder else ''} ended with status {ended.status}:\n{told}")
    return [_spent(ended, folder) for ended, folder in zip(found, folders, strict=True)]


def _spent(ended: Ended, folder: Path | None) -> Spent:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder is not None else 0
    rows = folder / "updates.jsonl" if folder is not None else None
    updates = len(rows.read_text(encoding="utf-8").splitlines()) if rows is not None and rows.exists() else 0
    return Spent(ended.wall, ended.cpu, ended.memory_mib, size / 2**20, updates)


def _steady(one: Measured, start: Measured) -> float:
    """Ratio of processor times without those of the start."""
    less, watched = start.median("cpu", watched=False), start.median("cpu", watched=True)
    return one.ratio("cpu", less=less, less_watched=watched)


def _row(one: Measured, start: Measured) -> str:
    memory = f"{one.median('memory_mib', watched=False):.0f} -> {one.median('memory_mib', watched=True):.0f} MiB"
    seconds = f"{one.median('wall', watched=False):.1f} ({one.median('cpu', watched=False):.1f})"
    ratios = f"{one.ratio('wall'):5.3f}  {one.ratio('cpu'):5.3f}  {_steady(one, start):10.3f}"
    folder, updates = (one.median(name, watched=True) for name in ("folder_mib", "updates"))
    return f"{one.script.id:24s} {seconds:>12s}  {ratios}   {memory:>14s}  {folder:5.1f} MiB  {updates:5.0f}"


def _summary(measured: list[Measured], start: Measured) -> dict[str, Any]:
    found: dict[str, Any] = {"scripts": len(measured)}
    ratios = {
        "wall": [one.ratio("wall") for one in measured],
        "cpu": [one.ratio("cpu") for one in measured],
        "steady_cpu": [_steady(one, start) for one in measured],
    }
    for name, values in ratios.items():
        if values:
            found[name] = {"median": statistics.median(values), "worst": max(values)}
    found["start_seconds"] = {
        name: {"bare": start.median(name, watched=False), "watched": start.median(name, watched=True)}
        for name in ("wall", "cpu")
    }
    more = [one.median("memory_mib", watched=True) - one.median("memory_mib", watched=False) for one in measured]
    found["memory_mib_more"] = max(more, default=0.0)
    found["folder_mib"] = max((one.median("folder_mib", watched=True) for one in measured), default=0.0)
    found["target"] = {"median": TARGET_MEDIAN, "worst": TARGET_WORST}
    return found


def _tell(found: dict[str, Any]) -> None:
    print()
    for name, said in (("wall", "wall time"), ("cpu", "processor time"), ("steady_cpu", "processor time, steady")):
        if name in found:
            median, worst = found[name]["median"], found[name]["worst"]
            met = "met" if median <= TARGET_MEDIAN and worst <= TARGET_WORST else "missed"
            print(f"{said:24s} median {median:.3f}, worst {worst:.3f} of {found['scripts']} scripts: target {met}")
    start = found["start_seconds"]["cpu"]
    print(f"{'start':24s} {start['bare']:.2f} -> {start['watched']:.2f} s of processor time")
    print(f"{'target':24s} median {TARGET_MEDIAN:g}, worst {TARGET_WORST:g}")
    print(f"{'at most':24s} {found['memory_mib_more']:.0f} MiB more memory, {found['folder_mib']:.1f} MiB run folder")


def _facts() -> dict[str, Any]:
    return {
        "versions": versions(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def _machine(settings: dict[str, Any]) -> str:
    facts = _facts()
    named = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    said = ", ".join(f"{name} {value}" for name, value in settings.items())
    return f"{named}\n{facts['system']}, {facts['processors']} processors, load {facts['load']:.1f}\n{said}"


def _as_data(one: Measured, start: Measured) -> dict[str, Any]:
    facts: dict[str, Any] = {"id": one.script.id, "argv": list(one.script.argv[1:])}
    facts["bare"], facts["watched"] = [asdict(s) for s in one.bare], [asdict(s) for s in one.watched]
    facts["ratio"] = {"wall": one.ratio("wall"), "cpu": one.ratio("cpu")}
    if one is not start:
        facts["ratio"]["steady_cpu"] = _steady(one, start)
    return facts


if __name__ == "__main__":
    sys.exit(main())
