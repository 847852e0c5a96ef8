"""Checks in the terminal: the list of all, and one check's page."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping

from rich.console import Console, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from ppodoctor.checks.api import Check
from ppodoctor.reporting.page import page_of
from ppodoctor.reporting.report import BASIS_TEXT
from ppodoctor.reporting.terminal import print_plain


def render_list(known: Mapping[str, Check], console: Console) -> None:
    """Every check by family, with its title."""
    parts: list[Text | Table] = []
    for family, members in itertools.groupby(known.values(), key=lambda check: check.family):
        grid = Table.grid(padding=(0, 2), expand=True)
        longest = 2 + max(map(len, known))
        # A name is there to be copied: it is broken only where the terminal is very narrow.
        grid.add_column(overflow="fold", width=longest if longest < 0.6 * console.width else None)
        grid.add_column(ratio=1, overflow="fold")
        for check in members:
            grid.add_row(Text("  " + check.id), Text(check.title))
        parts += [Text(family, style="bold"), grid, Text()]
    print_plain(console, [*parts, Text(f"{len(known)} checks; `ppodoctor checks ID` prints the page of one.")])


def render_page(check: Check, console: Console) -> None:
    """One check's page: its facts, then its docstring."""
    facts = {
        "family": check.family,
        "severity": check.severity,
        "rests on": BASIS_TEXT.get(check.basis, check.basis),
        "needs": ", ".join(check.needs),
        "fix": check.fix,
        "wrong if": check.refuted_by,
        "explains": ", ".join(check.explains),
        "told from": ", ".join(check.rivals),
        "faults": ", ".join(f"#{number}" for number in check.faults),
    }
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for name, text in facts.items():
        if text:
            grid.add_row(Text(name, style="cyan"), Text(text))
    page = page_of(check)
    parts: list[RenderableType] = [Text.assemble((check.title, "bold"), f"  {check.id}"), Text(), grid, Text()]
    parts.append(Markdown(page.lead, hyperlinks=False))
    sections = dict(page.sections)
    if check.references:
        sections.setdefault("References", "\n".join(f"- {one}" for one in check.references))
    for name, text in sections.items():
        parts += [Text(), Text(name, style="bold"), Markdown(text[:1].upper() + text[1:], hyperlinks=False)]
    print_plain(console, parts)


def unknown(name: str, known: Mapping[str, Check]) -> str:
    """What to say of a name that is no check."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or [one for one in known if name in one][:3]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"There is no check called {name}.{hint} `ppodoctor checks` lists all {len(known)}."
