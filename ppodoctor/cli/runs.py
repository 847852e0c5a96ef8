"""`ppodoctor runs [DIR]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def runs(folder: Annotated[Path, Parameter(name="DIR", help="Where to look.")] = Path("runs"), /) -> int:
    """List the runs recorded here: when, how much was seen, and the verdict."""
    from ppodoctor.cli.folders import runs_below
    from ppodoctor.cli.statuses import UsageError
    from ppodoctor.reporting import run_list
    from ppodoctor.reporting.terminal import make_console

    if not folder.is_dir():
        raise UsageError(
            f"There is no folder {folder} here. Runs are recorded by: ppodoctor diagnose -- python my_ppo.py"
        )
    run_list.render([run_list.line_of(one) for one in runs_below(folder)], make_console(), folder)
    return 0
