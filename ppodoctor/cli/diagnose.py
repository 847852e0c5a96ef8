"""`ppodoctor diagnose`: a command under watch, or a recorded run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ppodoctor.cli.options import ShowOptions, WatchOptions
from ppodoctor.cli.statuses import UsageError, status_of

USAGE = """Usage: ppodoctor diagnose [OPTIONS] -- COMMAND...
       ppodoctor diagnose [OPTIONS] RUN"""


def diagnose(
    run: Annotated[Path | None, Parameter(help="A recorded run: diagnose it again, without running anything.")] = None,
    /,
    *,
    watch: WatchOptions | None = None,
    show: ShowOptions | None = None,
    command: Annotated[tuple[str, ...] | None, Parameter(parse=False)] = None,
) -> int:
    """Name why a PPO script does not learn: run its command under watch, or read a recorded run again.

    For example: `ppodoctor diagnose -- python my_ppo.py --env CartPole-v1`

    Everything behind -- is your command, word by word. The script runs unmodified and its output stays its own. Where
    it trains for hours, `--seconds 60` or `--until-sure` is enough; Ctrl-C stops it too, and what was seen is
    diagnosed. A page with curves and source lines is written into the run folder as report.html.
    """
    watch, show = watch or WatchOptions(), show or ShowOptions()
    show.refuse_nonsense()
    if command is not None:
        if run is not None:
            raise UsageError(f"Both a recorded run ({run}) and a command were given; one of them was expected.")
        from ppodoctor.cli.watched import diagnose_command

        watch.refuse_nonsense()
        return diagnose_command(command, watch, show)
    if run is None:
        raise UsageError(
            "Neither a command nor a recorded run was given. Put -- before your command: "
            "ppodoctor diagnose -- python my_ppo.py"
        )
    if watch != WatchOptions():
        raise UsageError(
            "--out, --seconds, --updates and --until-sure are for a command that is watched. To watch one, put -- "
            "before it: ppodoctor diagnose --seconds 60 -- python my_ppo.py"
        )
    return _diagnose_run(run, show)


def _diagnose_run(folder: Path, show: ShowOptions) -> int:
    from ppodoctor.cli.folders import load
    from ppodoctor.cli.telling import tell
    from ppodoctor.diagnosis import diagnose as find
    from ppodoctor.reporting.report import build_report

    if folder.suffix == ".py":
        raise UsageError(
            f"{folder} is a script, and a run folder was expected. To watch it: ppodoctor diagnose -- python {folder}"
        )
    recorded = load(folder)
    report = build_report(recorded, find(recorded))
    tell(report, folder, show)
    return status_of(report.verdict)
