"""What the diagnosis says of scripts that nobody here wrote.

Usage: python benchmarks/wild.py MANIFEST [--seconds N] [--only GLOB] [--jobs N] [--quick] [--json PATH]

The manifest is a JSON list of {"id", "cwd", "argv", "env", "learns"}: the command of each script, with the interpreter
of the environment it needs. Each is run unmodified under `ppodoctor diagnose`. A cause named for a script that is known
to learn ("learns": true) counts as a false cause; notes are counted beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ppodoctor.measures.trend import wilson


@dataclass(frozen=True)
class Answer:
    """What was said of one script."""

    id: str
    learns: bool
    status: int
    verdict: str
    causes: tuple[str, ...]
    notes: tuple[str, ...]
    learning: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every script of a manifest and print what was said; 1 when a learning script got a cause."""
    options = _parse(arguments)
    scripts = [s for s in json.loads(options.manifest.read_text()) if fnmatch(s["id"], options.only)]
    seconds = 8 if options.quick else options.seconds
    scripts = scripts[:3] if options.quick else scripts
    print(f"{len(scripts)} scripts, {seconds} s each, {options.jobs} at a time, one thread each")
    print(f"Python {platform.python_version()}, ppodoctor {version('ppodoctor')}")
    with ThreadPoolExecutor(options.jobs) as pool:
        answers = list(pool.map(lambda script: _examine(script, seconds), scripts))
    learning = [a for a in answers if a.learns and a.verdict]
    wrong = [a for a in learning if a.causes]
    interval = wilson(len(wrong), len(learning))
    bounds = f"95% interval {interval.low:.1%} to {interval.high:.1%}"
    print(f"\n{len(learning)} scripts that learn: {len(wrong)} with a false cause ({bounds})")
    for verdict in ("healthy", "undecided", "cause_found"):
        print(f"  {verdict:12} {sum(a.verdict == verdict for a in learning)}")
    if options.json:
        options.json.write_text(json.dumps([asdict(a) for a in answers], indent=1))
    return int(bool(wrong))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--seconds", type=int, default=40, help="how long each script is watched")
    parser.add_argument("--only", default="*", metavar="GLOB")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="the first three scripts, 8 s each")
    parser.add_argument("--json", type=Path, metavar="PATH")
    return parser.parse_args(arguments)


def _examine(script: dict[str, Any], seconds: int) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said.json"
        flags = ["--seconds", str(seconds), "--out", f"{folder}/run", "--json", str(said), "--quiet"]
        command = [sys.executable, "-m", "ppodoctor", "diagnose", *flags, "--", *script["argv"]]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **script.get("env", {})}
        # the script runs elsewhere, so the package is found by its path there
        done = subprocess.run(
            command, cwd=script["cwd"], env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False
        )
        found = json.loads(said.read_text()) if said.is_file() else {}
    answer = Answer(
        id=script["id"],
        learns=bool(script.get("learns")),
        status=done.returncode,
        verdict=found.get("verdict", ""),
        causes=tuple(cause["id"] for cause in found.get("causes", ())),
        notes=tuple(note["id"] for note in found.get("notes", ())),
        learning=str(found.get("learning", {}).get("status", "")),
    )
    causes, notes = ", ".join(answer.causes) or "-", ", ".join(answer.notes) or "-"
    verdict = answer.verdict or "no answer"
    print(f"{answer.id:32} {verdict:12} {answer.learning:10} {causes}; notes: {notes}", flush=True)
    return answer


if __name__ == "__main__":
    sys.exit(main())
