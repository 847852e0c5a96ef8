"""Several seeds of one training on the terminal."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ppodoctor.cli.asked_json import write_json
from ppodoctor.cli.options import ShowOptions
from ppodoctor.cli.statuses import CAUSE_STATUS

if TYPE_CHECKING:
    from ppodoctor.training.seeds import Seeds


def folder_of_seeds(environment: str, out: Path | None) -> Path:
    """Where the seeds go; one that holds seeds already is gone on with. Raises UsageError."""
    from ppodoctor.cli.folders import new_folder
    from ppodoctor.training.train import name_of

    if out is not None and any(out.glob("seed-*/run.json")):
        return out
    folder, remark = new_folder([f"{name_of(environment)}-seeds"], out)
    if remark:
        print(f"ppodoctor: {remark}", file=sys.stderr)
    return folder


def tell_seeds(seeds: Seeds, environment: str, wanted: int, show: ShowOptions) -> int:
    """A line for each seed with its verdict, then what they say together; the exit status."""
    verdicts = [_verdict(one.folder) for one in seeds.scores]
    stream = sys.stderr if show.json == "-" else sys.stdout
    if seeds.scores:
        print(f"{environment}, {len(seeds.scores)} seeds; mean return of the last 100 episodes of each:", file=stream)
    for one, verdict in zip(seeds.scores, verdicts, strict=True):
        few = f" (only {one.episodes} episodes)" if one.episodes < 100 else ""
        print(f"  seed {one.seed:<6} {one.score:10.4g}{few}  {verdict}  {one.folder}", file=stream)
    if len(seeds.values) > 1:
        middle, low, high = seeds.iqm, min(seeds.values), max(seeds.values)
        print(
            f"Interquartile mean {middle.value:.4g}, 95% interval {middle.low:.4g} to {middle.high:.4g} "
            f"(bootstrap over {len(seeds.values)} seeds).\nMean {seeds.mean.value:.4g}, "
            f"lowest {low:.4g}, highest {high:.4g}.",
            file=stream,
        )
    if show.json is not None:
        write_json(json.dumps(seeds.to_dict(), indent=1) + "\n", show.json)
    if seeds.signal:
        name = "Ctrl-C" if seeds.signal == signal.SIGINT else "SIGTERM"
        print(
            f"ppodoctor: stopped by {name} with {len(seeds.scores)} of {wanted} seeds trained, and everything is "
            f"saved: the same command with --out {seeds.folder} goes on.",
            file=sys.stderr,
        )
        return 128 + seeds.signal
    return CAUSE_STATUS if "cause found" in verdicts else 0


def _verdict(folder: Path) -> str:
    """The verdict of one run; its page is written into its folder."""
    from ppodoctor.cli.telling import write_page
    from ppodoctor.diagnosis import diagnose
    from ppodoctor.reporting.report import build_report
    from ppodoctor.run import Run

    run = Run.load(folder)
    report = build_report(run, diagnose(run))
    write_page(report, folder)
    return str(report.verdict).replace("_", " ")
