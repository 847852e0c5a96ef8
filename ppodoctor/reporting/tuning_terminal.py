"""What a study came to, on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ppodoctor.config import PPOConfig
from ppodoctor.lab.flags import as_text
from ppodoctor.reporting.words import number, share
from ppodoctor.tuning.outcome import Compared, Outcome, command_of, sentences

if TYPE_CHECKING:
    from rich.console import Console

ROWS = 5
"""Settings of the search that are shown, from the best on."""
MOST_COLUMNS = 3
"""Settings beside each other in a table of the best ones: more do not fit."""
SHADES = " .:-=+*#%@"
"""From the worst to the best of a heat map."""


def render(outcome: Outcome, console: Console, page: Path, *, quiet: bool = False) -> None:
    """Print it: what is to be known first, then the numbers."""
    first, *rest = sentences(outcome)
    console.print(Text(first, style="bold"))
    if not quiet:
        for sentence in rest:
            console.print(Text(sentence))
        for table in (_settings(outcome), _best(outcome), _compared(outcome), _influences(outcome)):
            if table is not None:
                console.print()
                console.print(table)
        picture = heat(outcome)
        if picture:
            console.print()
            console.print(Text("\n".join(picture)))
    console.print()
    console.print(Text(next_step(outcome)))
    console.print(Text(f"Full report: {page}"))


def next_step(outcome: Outcome) -> str:
    """How to use what was found."""
    winner = outcome.winner
    if winner is None:
        return f"Everything is in {outcome.folder}."
    if outcome.spec.command:
        return f"With the winner: {command_of(outcome.spec, winner.settings)}"
    path = outcome.folder / "winner.toml"
    return f"Train with the winner: ppodoctor train {outcome.spec.environment} --config {path}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", style="")
    return table


def _settings(outcome: Outcome) -> Table | None:
    """What winner, runner-up and default are."""
    if not outcome.good:
        return None
    table = _table("The settings", "", *(one.role for one in outcome.compared))
    for name, values in chosen(outcome):
        table.add_row(name, *values)
    return table


def chosen(outcome: Outcome) -> list[tuple[str, list[str]]]:
    """Each searched setting with its value in those that were compared."""
    default = {} if outcome.spec.command else {**PPOConfig().to_dict(), **outcome.spec.fixed}
    return [
        (axis.name, [as_text({**default, **one.settings}.get(axis.name, "as it is")) for one in outcome.compared])
        for axis in outcome.spec.space
    ]


def _best(outcome: Outcome) -> Table | None:
    good = outcome.good
    if not good or len(outcome.spec.space) > MOST_COLUMNS:
        return None
    names = [axis.name for axis in outcome.spec.space]
    table = _table(f"The best of {len(outcome.candidates)} settings in the search", "place", *names, "return", "seeds")
    for place, one in enumerate(good[:ROWS], 1):
        values = [as_text(one.settings[name]) for name in names]
        table.add_row(str(place), *values, number(one.score), str(len(one.scores)))
    return table


def _compared(outcome: Outcome) -> Table | None:
    if not any(one.mean for one in outcome.compared):
        return None
    table = _table(f"Again on {outcome.spec.fresh_seeds} fresh seeds", "", "mean return", "95% interval", "lowest")
    for one in outcome.compared:
        table.add_row(one.role, *_row(one))
    return table


def _row(one: Compared) -> Sequence[str]:
    if one.mean is None:
        return "-", "-", "-"
    lowest = min(score for score in one.scores if score is not None)
    return number(one.mean.value), f"{number(one.mean.low)} to {number(one.mean.high)}", number(lowest)


def _influences(outcome: Outcome) -> Table | None:
    if not outcome.influences:
        return None
    table = _table("What matters here", "setting", "explains", "by ranks", "fANOVA", "best at")
    for one in outcome.influences:
        best = max(one.levels, key=lambda level: level.mean)
        at = as_text(best.low) if best.low == best.high else f"{as_text(best.low)} to {as_text(best.high)}"
        table.add_row(one.name, share(one.share), share(one.rank_share), share(one.fanova), at)
    return table


def heat(outcome: Outcome) -> list[str]:
    """A grid of two settings as a picture of characters; nothing for another study."""
    axes = outcome.spec.space
    if len(axes) != 2 or outcome.spec.method != "grid":
        return []
    across, down = axes
    scores = {(one.settings[across.name], one.settings[down.name]): one.score for one in outcome.good}
    if not scores:
        return []
    xs, ys = across.points(2), down.points(2)
    low, high = min(scores.values()), max(scores.values())
    width = max(len(as_text(y)) for y in ys)
    rows = [f"Return over {across.name} (to the right) and {down.name}: '{SHADES[1]}' {low:.4g} to '@' {high:.4g}"]
    for y in reversed(ys):
        cells = "".join(f" {_shade(scores.get((x, y)), low, high) * 2}" for x in xs)
        rows.append(f"{as_text(y):>{width}} |{cells}")
    rows.append(f"{'':>{width}}  {as_text(xs[0])} to {as_text(xs[-1])}")
    return rows


def _shade(score: float | None, low: float, high: float) -> str:
    if score is None or not math.isfinite(score):
        return "x"
    at = (score - low) / (high - low) if high > low else 1.0
    return SHADES[1 + round(at * (len(SHADES) - 2))]
