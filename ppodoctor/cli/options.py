"""Options of `ppodoctor diagnose`: names, meanings and what is refused, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from ppodoctor.cli.statuses import UsageError

WATCHING = Group("Watching a command", sort_key=1)
SHOWING = Group("Showing the diagnosis", sort_key=2)


@Parameter(name="*")
@dataclass(frozen=True)
class WatchOptions:
    """Where a watched command is recorded, and when it is stopped."""

    out: Annotated[
        Path | None, Parameter(help="Run folder to record into. Without it: runs/DATE-SCRIPT-NUMBER.", group=WATCHING)
    ] = None
    seconds: Annotated[
        float | None,
        Parameter(help="Stop the script after so many seconds, between two of its steps.", group=WATCHING),
    ] = None
    updates: Annotated[int | None, Parameter(help="Stop it after so many policy updates.", group=WATCHING)] = None
    until_sure: Annotated[
        bool,
        Parameter(
            help="Stop it as soon as a cause is as good as certain, or the run is seen to learn.",
            group=WATCHING,
            negative="",
            show_default=False,
        ),
    ] = False

    def refuse_nonsense(self) -> None:
        """Raise UsageError for limits that no run could meet."""
        if self.seconds is not None and not self.seconds > 0:
            raise UsageError(f"--seconds is {self.seconds:g}; a number above 0 was expected.")
        if self.updates is not None and self.updates < 1:
            raise UsageError(f"--updates is {self.updates}; a number from 1 was expected.")


@Parameter(name="*")
@dataclass(frozen=True)
class ShowOptions:
    """How a diagnosis is told."""

    json: Annotated[
        str | None,
        Parameter(
            help="Write everything as JSON to PATH. With - standard output is the JSON alone, and the script's own "
            "output goes to standard error.",
            group=SHOWING,
            metavar="PATH",
            allow_leading_hyphen=True,
        ),
    ] = None
    quiet: Annotated[
        bool,
        Parameter(
            help="Print the verdict, the causes' titles and the page's path, nothing else.",
            group=SHOWING,
            negative="",
            show_default=False,
        ),
    ] = False

    def refuse_nonsense(self) -> None:
        """Raise UsageError where an option stands in the place of the path."""
        if self.json is not None and self.json.startswith("-") and self.json != "-":
            raise UsageError(f"--json is followed by {self.json}; a path was expected, or - for standard output.")
