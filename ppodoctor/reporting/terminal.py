"""The diagnosis in a terminal: verdict first, then the causes; readable at 80 columns and without colour."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ppodoctor.findings import CAUSE_FOUND, HEALTHY
from ppodoctor.reporting.excerpts import Place
from ppodoctor.reporting.report import Cause, Report, Rival, SeenEvidence, coverage_text
from ppodoctor.reporting.words import clean, contained, sentence, share

WIDEST = 100
"""Columns that are used at most: longer lines of prose are hard to read."""
COLOURS = {CAUSE_FOUND: "bold red", HEALTHY: "bold green"}
LABEL = 10
MOST_PLACES, MOST_EVIDENCE, MOST_RIVALS, MOST_NOTES = 4, 6, 4, 8


def make_console(stream: TextIO | None = None) -> Console:
    """A console that never writes an escape sequence where colour is unwanted (NO_COLOR, a pipe, TERM=dumb)."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    console = Console(file=stream or sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if plain:
        console = Console(file=console.file, color_system=None, highlight=False, markup=False, emoji=False)
    return console


def render(report: Report, console: Console, page: Path | None = None, *, quiet: bool = False) -> None:
    """Print the report; `page` is the path of its HTML page. `quiet` keeps the verdict and the titles."""
    last = [] if page is None else [Text.assemble(("Full report: ", "bold"), clean(page))]
    print_plain(console, [*(_brief(report) if quiet else _parts(report)), *last])


def print_plain(console: Console, parts: Iterable[RenderableType]) -> None:
    """Print parts within the terminal's width and without blanks at the ends of lines."""
    with console.capture() as capture:
        for part in parts:
            console.print(part, width=min(console.width, WIDEST), overflow="fold")
    # Tables fill their last column with blanks, which only get in the way of whoever copies a line.
    lines = [line.rstrip(" ") for line in capture.get().split("\n")]
    console.file.write("\n".join(lines))
    console.file.flush()


def _parts(report: Report) -> Iterable[RenderableType]:
    yield from _verdict(report)
    for index, cause in enumerate(report.causes, 1):
        yield Text()
        yield _cause(cause, index if len(report.causes) > 1 else None)
    if report.notes:
        yield _heading("Notes", "true of this run, but they do not explain a failure to learn")
        for note in report.notes[:MOST_NOTES]:
            yield _note(note)
        if len(report.notes) > MOST_NOTES:
            yield Text(f"  and {len(report.notes) - MOST_NOTES} more, in the full report")
    yield from _list("Looks worrying, is normal here", report.reassurance)
    yield from _list("What to run next", report.next_steps)
    yield from _list("Not watched", [_with_remedy(note.text, note.remedy) for note in report.unwatched])
    yield from _list("Damaged", report.damage)
    if report.loss_text:
        yield _heading("Your loss, as its graph tells it")
        yield _row(Text(), Text(report.loss_text), 2, indent=0)
    yield Text()
    told = [*report.causes, *report.notes]
    hint = f" `ppodoctor checks {told[0].id}` tells more about that one." if told else ""
    yield Text(coverage_text(report) + hint, style="dim")


def _brief(report: Report) -> Iterable[RenderableType]:
    yield Text(report.headline, style=_style(report))
    for cause in report.causes:
        yield _row(Text("-"), Text(f"{cause.title} ({cause.id}){_first_place(cause)}"), 2)


def _style(report: Report) -> str:
    return COLOURS.get(report.verdict, "bold yellow")


def _verdict(report: Report) -> Iterable[RenderableType]:
    yield Rule(Text(report.headline, style=_style(report)), align="left", style=_style(report))
    if report.summary and not _repeated(report):
        yield Text(report.summary)
    for text in (report.problem, report.seen_instead):
        if text:
            yield Text(text, style="bold")
    if report.learning_text and (_repeated(report) or not contained(report.learning_text, report.summary)):
        yield Text(sentence(report.learning_text))
    watched = next((fact.text for fact in report.facts if fact.name == "Watched"), "")
    if watched:
        yield Text(f"Watched {watched}.", style="dim")


def _repeated(report: Report) -> bool:
    """Does the summary say no more than the cause's title, which follows at once, and how the return went?"""
    first = report.causes[0].title if len(report.causes) == 1 else None
    return first is not None and contained(first, report.summary) and contained(report.learning_text, report.summary)


def _heading(title: str, gloss: str = "") -> RenderableType:
    text = Text.assemble((title, "bold"), f" ({gloss})" if gloss else "")
    return Padding(text, (1, 0, 0, 0))


def _list(title: str, texts: Sequence[str]) -> Iterable[RenderableType]:
    if texts:
        yield _heading(title)
        for text in texts:
            yield _row(Text("-"), _prose(sentence(text)), 2, indent=2)


def _row(label: Text, body: RenderableType | None, width: int = LABEL, indent: int = 0) -> RenderableType:
    """A label and a body that wraps beside it."""
    grid = Table.grid(padding=0, expand=True)
    if indent:
        grid.add_column(width=indent)
    grid.add_column(width=width, no_wrap=True, overflow="crop")
    grid.add_column(ratio=1, overflow="fold")
    grid.add_row(*([""] if indent else []), label, body)
    return grid


def _cause(cause: Cause, index: int | None) -> RenderableType:
    title = Text.assemble((f"{index}. {cause.title}" if index else cause.title, "bold"), (f"  {cause.id}", "dim"))
    rows = [
        ("where", _places(cause.where)),
        ("seen", _evidence(cause.evidence)),
        ("fix", _prose(cause.fix)),
        ("sure", Text(_confidence(cause))),
        ("wrong if", _prose(cause.refuted_by)),
        ("is not", _rivals(cause.rivals, "clear")),
        ("or else", _rivals(cause.rivals, "skipped")),
        *(("leads to", _consequence(one)) for one in cause.consequences),
    ]
    return Group(title, *(_row(Text(label, style="cyan"), body, indent=2) for label, body in rows if body is not None))


def _confidence(cause: Cause) -> str:
    source = f" ({cause.references[0]})" if cause.basis.startswith("rule") and cause.references else ""
    seen = f"; seen from update {cause.first_update}" if cause.first_update is not None else ""
    return f"{share(cause.confidence)}, {cause.basis_text}{source}{seen}"


def _places(places: Sequence[Place]) -> RenderableType | None:
    lines: list[RenderableType] = []
    for place in places[:MOST_PLACES]:
        lines.append(Text(place.shown + (f" in {place.function}" if place.function else ""), style="bold"))
        if place.code:
            lines.append(Padding(Text(place.code), (0, 0, 0, 2)))
    if len(places) > MOST_PLACES:
        lines.append(Text(f"and {len(places) - MOST_PLACES} more places"))
    return Group(*lines) if lines else None


def _evidence(evidence: Sequence[SeenEvidence]) -> RenderableType | None:
    if len(evidence) == 1:
        return _prose(evidence[0].text)
    rows = [_row(Text("-"), _prose(item.text), 2) for item in evidence[:MOST_EVIDENCE]]
    if len(evidence) > MOST_EVIDENCE:
        rows.append(Text(f"and {len(evidence) - MOST_EVIDENCE} more, in the full report"))
    return Group(*rows) if rows else None


def _rivals(rivals: Sequence[Rival], state: str) -> RenderableType | None:
    kept = [rival for rival in rivals if rival.state == state][:MOST_RIVALS]
    rows = [_row(Text("-"), Text(f"{rival.title}: {rival.text}"), 2) for rival in kept]
    return Group(*rows) if rows else None


def _consequence(cause: Cause) -> RenderableType:
    first = f" {sentence(cause.evidence[0].text)}" if cause.evidence else ""
    title = Text.assemble((cause.title, "bold"), f" ({cause.id}, {share(cause.confidence)}).{first}")
    lines: list[RenderableType] = [title]
    lines += [_row(Text("then"), _consequence(one), 6) for one in cause.consequences]
    return Group(*lines)


def _note(note: Cause) -> RenderableType:
    seen = f" {sentence(note.evidence[0].text)}" if note.evidence else ""
    body = Text.assemble((note.title, "bold"), f" ({note.id}, {share(note.confidence)}){_first_place(note)}.{seen}")
    if note.fix:
        body.append(f" Fix: {sentence(note.fix)}")
    return _row(Text("-"), body, 2, indent=2)


def _first_place(cause: Cause) -> str:
    return f" at {cause.where[0].shown}" if cause.where else ""


def _prose(text: str) -> Text | None:
    """Text with `code` set off."""
    if not text:
        return None
    parts = text.split("`")
    if len(parts) % 2 == 0:  # an odd backtick is no quotation
        return Text(text)
    return Text.assemble(*((f"`{part}`", "bold") if i % 2 else part for i, part in enumerate(parts)))


def _with_remedy(text: str, remedy: str) -> str:
    return f"{sentence(text)} {sentence(remedy)}" if remedy else sentence(text)
