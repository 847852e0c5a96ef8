"""The list of recorded runs, read cheaply: headers and row counts, never tensors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ppodoctor.reporting.terminal import print_plain
from ppodoctor.reporting.words import number, one_line

OTHER_COLUMNS = 42
"""Columns of a terminal that date, updates and verdict need beside the name."""


@dataclass(frozen=True)
class RunLine:
    """One recorded run in the list."""

    folder: Path
    started: str
    updates: int
    verdict: str
    """Of the last diagnosis; empty when there was none."""
    command: str


def line_of(folder: Path) -> RunLine:
    """What the list says of a run folder; a damaged one is listed with what can be read."""
    header, told = _json(folder / "run.json"), _json(folder / "report.json")
    command = header.get("command")
    updates = max((_lines(path) for path in (folder, *folder.glob("workers/*"))), default=0)
    causes = told.get("causes")
    ids = ", ".join(str(one.get("id")) for one in causes if isinstance(one, dict)) if isinstance(causes, list) else ""
    words = " ".join(map(str, command)) if isinstance(command, list | tuple) else ""
    started = str(header.get("started", "")).replace("T", " ")[:16]
    return RunLine(folder, one_line(started), updates, one_line(ids or told.get("verdict", "")), one_line(words))


def _lines(folder: Path) -> int:
    try:
        with (folder / "updates.jsonl").open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        return 0


def _json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def render(lines: Sequence[RunLine], console: Console, home: Path) -> None:
    """The list as a table, the newest last."""
    if not lines:
        print_plain(console, [Text(f"No runs in {one_line(home)}. Record one: ppodoctor diagnose -- python my_ppo.py")])
        return
    grid = Table.grid(padding=(0, 2))
    longest = max(len(one_line(line.folder)) for line in lines)
    # A name that is broken over two lines cannot be copied; the verdict gives way, as far as it can.
    grid.add_column(overflow="fold", min_width=longest if longest + OTHER_COLUMNS < console.width else None)
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(*(Text(name, style="bold") for name in ("run", "started", "updates", "last diagnosis")))
    for line in sorted(lines, key=lambda one: (one.started, str(one.folder))):
        verdict = line.verdict or "not diagnosed"
        grid.add_row(*map(Text, (one_line(line.folder), line.started or "-", number(line.updates), verdict)))
    print_plain(console, [grid])
