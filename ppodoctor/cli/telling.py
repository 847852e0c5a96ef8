"""Print a diagnosis and write its page and its data; shared by the commands that diagnose."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

from ppodoctor.cli.asked_json import write_json
from ppodoctor.cli.options import ShowOptions
from ppodoctor.reporting.report import Report

PAGE, DATA = "report.html", "report.json"


def tell(report: Report, folder: Path, show: ShowOptions) -> None:
    """Terminal, report.html and report.json in the run folder, and the JSON that was asked for.

    With `--json -` standard output is the JSON alone, and what is for people goes to standard error.
    """
    from ppodoctor.reporting import terminal

    stream: TextIO = sys.stderr if show.json == "-" else sys.stdout
    page = write_page(report, folder)
    terminal.render(report, terminal.make_console(stream), page and _short(page), quiet=show.quiet)
    if page is None:
        print(f"ppodoctor: the report could not be written into {folder}.", file=sys.stderr)
    if show.json is not None:
        from ppodoctor.reporting import json_report

        write_json(json_report.dumps(report), show.json)


def _short(path: Path) -> Path:
    """Relative to where one stands, when it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def write_page(report: Report, folder: Path) -> Path | None:
    """report.html and report.json in a run folder; the page's path, None where the folder cannot be written."""
    from ppodoctor.reporting import html, json_report

    page = folder / PAGE
    try:
        page.write_text(html.render(report), encoding="utf-8")
        (folder / DATA).write_text(json_report.dumps(report), encoding="utf-8")
    except OSError:
        return None
    return page
