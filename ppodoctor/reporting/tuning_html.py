"""tune.html: what a study came to, in one file that opens without a network and holds no script."""

from __future__ import annotations

from ppodoctor import __version__
from ppodoctor.lab.flags import as_text
from ppodoctor.reporting.html_findings import prose
from ppodoctor.reporting.html_parts import figure_block, page, table
from ppodoctor.reporting.markup import Markup, join, tag
from ppodoctor.reporting.tuning_figures import draw_heat, heats, panels
from ppodoctor.reporting.tuning_terminal import chosen, next_step
from ppodoctor.reporting.words import count, number, one_line, share
from ppodoctor.tuning.outcome import Outcome, sentences

ROWS = 100
"""Settings in the page's table, from the best on; all of them are in tune.json."""


def render(outcome: Outcome) -> str:
    """The whole page."""
    title = f"Tuning {outcome.spec.environment or one_line(' '.join(outcome.spec.command), 80)}"
    first, *rest = sentences(outcome)
    top = tag("header", tag("p", "ppodoctor", cls="brand"), tag("h1", title), tag("p", prose(first), cls="summary"))
    main = tag("main", _words(rest, outcome), _compared(outcome), _pictures(outcome), _matters(outcome), _all(outcome))
    foot = tag("footer", tag("p", f"Written by ppodoctor {__version__}. The same as data: ", tag("code", "tune.json")))
    return page(title, top, main, foot)


def _words(rest: list[str], outcome: Outcome) -> Markup:
    items = [tag("li", prose(one)) for one in rest]
    return join(tag("ul", *items) if items else None, tag("p", next_step(outcome)))


def _compared(outcome: Outcome) -> Markup | None:
    if not outcome.compared:
        return None
    roles = [one.role for one in outcome.compared]
    rows = [[tag("code", name), *values] for name, values in chosen(outcome)]
    means = [
        f"{number(one.mean.value)} ({number(one.mean.low)} to {number(one.mean.high)})" if one.mean else "-"
        for one in outcome.compared
    ]
    rows.append(["mean return, 95% interval", *means])
    caption = f"Run again on {count(outcome.spec.fresh_seeds, 'seed')} that the search never saw"
    return tag(
        "section",
        tag("h2", "Winner, runner-up and the settings as they are", id="compared"),
        table(caption, ("setting", *roles), rows),
        aria_labelledby="compared",
    )


def _pictures(outcome: Outcome) -> Markup | None:
    blocks = [figure_block(one, heading="h3") for one in panels(outcome)]
    maps = [tag("figure", tag("h3", f"{one.across} and {one.down}"), draw_heat(one)) for one in heats(outcome)]
    if not blocks:
        return None
    return tag(
        "section",
        tag("h2", "Pictures", id="pictures"),
        *maps,
        tag("div", *blocks, cls="grid"),
        aria_labelledby="pictures",
    )


def _matters(outcome: Outcome) -> Markup | None:
    if not outcome.influences:
        return None
    rows = []
    for one in outcome.influences:
        low, high = one.levels[one.safe[0]].low, one.levels[one.safe[1]].high
        safe = as_text(low) if low == high else f"{as_text(low)} to {as_text(high)}"
        rows.append([tag("code", one.name), share(one.share), share(one.rank_share), share(one.fanova), safe])
    head = ("setting", "explains", "by ranks", "fANOVA", "little is lost at")
    pairs = [[tag("code", f"{one.first}, {one.second}"), share(one.share)] for one in outcome.interactions[:6]]
    return tag(
        "section",
        tag("h2", "What matters", id="matters"),
        table("Share of the differences that each setting explains by itself, chance taken off", head, rows),
        table("Two settings together, beyond what each explains alone", ("settings", "explain"), pairs)
        if pairs
        else None,
        aria_labelledby="matters",
    )


def _all(outcome: Outcome) -> Markup:
    names = [axis.name for axis in outcome.spec.space]
    rows = []
    for place, one in enumerate(outcome.candidates[:ROWS], 1):
        values = [as_text(one.settings[name]) for name in names]
        came = one_line(one.reason, 200) if one.failed else number(one.score)
        rows.append([str(place), *values, came, str(len(one.scores)), number(one.seconds)])
    shown = table("Settings tried, the best first", ("place", *names, "return", "seeds", "seconds"), rows)
    title = f"All {count(len(outcome.candidates), 'setting')}"
    more = len(outcome.candidates) - ROWS
    return tag(
        "section",
        tag("h2", title, id="all"),
        shown,
        tag("p", f"{more:,} more are in tune.json.") if more > 0 else None,
        aria_labelledby="all",
    )
