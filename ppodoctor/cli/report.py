"""`ppodoctor report RUN`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def report(run: Annotated[Path, Parameter(help="A run folder; `ppodoctor runs` lists them.")], /) -> int:
    """Write the page of a recorded run again: RUN/report.html, and the same as data in RUN/report.json.

    Prints the page's path. The exit status is 0 when the page was written, whatever the diagnosis says.
    """
    from ppodoctor.cli.folders import load
    from ppodoctor.cli.statuses import UsageError
    from ppodoctor.cli.telling import write_page
    from ppodoctor.diagnosis import diagnose
    from ppodoctor.reporting.report import build_report

    recorded = load(run)
    page = write_page(build_report(recorded, diagnose(recorded)), run)
    if page is None:
        raise UsageError(f"Cannot write into {run}; copy the folder to a place that you own and name that.")
    print(page)
    return 0
