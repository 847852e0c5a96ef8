"""report.html: one file that opens without a network, in light and dark, by keyboard and on paper; no script in it."""

from __future__ import annotations

from collections.abc import Sequence

from ppodoctor.findings import HEALTHY, UNDECIDED
from ppodoctor.reporting.html_findings import cause_article, note_article, prose
from ppodoctor.reporting.html_parts import figure_block, page, table
from ppodoctor.reporting.markup import Markup, join, tag
from ppodoctor.reporting.plots import Figure
from ppodoctor.reporting.report import Report, coverage_text
from ppodoctor.reporting.words import contained, number, one_line, sentence

RETURN = "panel-return"


def render(report: Report) -> str:
    """The whole page."""
    script = next((fact.text for fact in report.facts if fact.name == "Command"), "ppodoctor")
    skip = tag("a", "Skip to the findings", href="#findings", cls="skip")
    return page(f"{report.headline}: {script}", skip, *_body(report))


def _body(report: Report) -> Sequence[Markup]:
    in_causes = {name for cause in report.causes for name in cause.panels}
    return (
        _header(report),
        tag(
            "main",
            _first(report),
            _findings(report),
            _list("What to run next", "next", report.next_steps) if report.verdict != UNDECIDED else None,
            _list("Looks worrying, is normal here", "normal", report.reassurance)
            if report.verdict != HEALTHY
            else None,
            _curves([f for f in report.figures if f.id not in in_causes and f.id != RETURN], bool(in_causes)),
            _loss(report),
            _settings(report),
            _coverage(report),
            _unwatched(report),
            _glossary(report),
        ),
        tag(
            "footer",
            tag("p", f"Written by ppodoctor {report.version}. The same as data: ", tag("code", "--json PATH"), "."),
        ),
    )


def _header(report: Report) -> Markup:
    facts = [join(tag("dt", fact.name), tag("dd", fact.text)) for fact in report.facts]
    return tag(
        "header",
        tag("p", "ppodoctor", cls="brand"),
        tag("h1", report.headline, cls=f"verdict {report.verdict}"),
        tag("p", prose(report.summary), cls="summary") if report.summary else None,
        tag("p", prose(report.problem), cls="problem") if report.problem else None,
        tag("p", report.seen_instead) if report.seen_instead else None,
        tag("p", report.learning_text) if not contained(report.learning_text, report.summary) else None,
        tag("dl", *facts, cls="facts"),
    )


def _first(report: Report) -> Markup:
    """What the verdict calls for before anything else, and the return."""
    lead = None
    if report.verdict == HEALTHY:
        lead = _list("Looks worrying, is normal here", "normal", report.reassurance)
    if report.verdict == UNDECIDED:
        lead = _list("What to run next", "next", report.next_steps)
    curve = next((figure for figure in report.figures if figure.id == RETURN), None)
    return join(
        lead,
        tag("section", tag("h2", "The return", id="return"), figure_block(curve, wide=True), aria_labelledby="return")
        if curve
        else None,
    )


def _findings(report: Report) -> Markup:
    by_id = {figure.id: figure for figure in report.figures}
    taken: set[str] = set()
    causes = [cause_article(cause, _own(cause.panels, by_id, taken)) for cause in report.causes]
    notes = [note_article(note) for note in report.notes]
    title = "What is wrong" if causes else "Findings"
    if not causes and not notes:
        return tag("section", tag("h2", title, id="findings"), tag("p", _nothing(report)), aria_labelledby="findings")
    return join(
        tag(
            "section",
            tag("h2", title, id="findings"),
            *causes or [tag("p", _nothing(report))],
            aria_labelledby="findings",
        ),
        tag(
            "section",
            tag("h2", "Notes", id="notes"),
            tag("p", "True of this run, but they do not explain a failure to learn."),
            *notes,
            aria_labelledby="notes",
        )
        if notes
        else None,
    )


def _nothing(report: Report) -> str:
    return "Nothing was found that explains a failure. " + coverage_text(report)


def _own(names: Sequence[str], by_id: dict[str, Figure], taken: set[str]) -> list[Figure]:
    """The figures of a finding that no finding before it has shown."""
    own = [by_id[name] for name in names if name in by_id and name not in taken]
    taken.update(figure.id for figure in own)
    return own


def _list(title: str, name: str, texts: Sequence[str]) -> Markup | None:
    if not texts:
        return None
    items = [tag("li", prose(sentence(text))) for text in texts]
    return tag("section", tag("h2", title, id=name), tag("ul", *items), aria_labelledby=name)


def _curves(figures: Sequence[Figure], others: bool) -> Markup | None:
    if not figures:
        return None
    blocks = [figure_block(figure, heading="h3") for figure in figures]
    title = "Other curves" if others else "Curves"
    return tag("section", tag("h2", title, id="curves"), tag("div", *blocks, cls="grid"), aria_labelledby="curves")


def _loss(report: Report) -> Markup | None:
    if not report.loss_text and not report.fits:
        return None
    loss = join(
        tag("p", "Your loss is, as its graph tells it and as it is minimised:"),
        tag("pre", tag("code", report.loss_text), tabindex=0, cls="loss"),
        tag("p", "r is the probability ratio, A the advantage, V the value prediction, R its target, H the entropy."),
    )
    rows = [[_fit(fit, key) for key in ("what", "variant", "residual", "runner_up")] for fit in report.fits]
    head = ("what", "variant that fits best", "off by", "next best")
    return tag(
        "section",
        tag("h2", "What the script computes", id="computes"),
        loss if report.loss_text else None,
        table("Variants fitted to the recorded tensors", head, rows) if rows else None,
        _invariants(report),
        aria_labelledby="computes",
    )


def _invariants(report: Report) -> Markup | None:
    words = {True: "holds", False: "violated", None: "not seen"}
    rows = [[str(i["id"]), str(i["title"]), words[i["holds"]], str(i["sentence"])] for i in report.invariants]
    return table("The invariants of a correct update", ("", "what should hold", "here", "seen"), rows) if rows else None


def _fit(fit: dict[str, object], key: str) -> str:
    value = fit.get(key)
    text = "" if value is None else number(value)
    second = fit.get("runner_up_residual")
    return f"{text} (off by {number(second)})" if key == "runner_up" and text and second is not None else text


def _settings(report: Report) -> Markup | None:
    rows = []
    for name, given in report.settings.items():
        place = report.places.get(name)
        rows.append(
            [one_line(name), number(given.value), tag("code", place.shown) if place else "", one_line(given.how)]
        )
    if not rows:
        return None
    head = ("setting", "value", "where", "how it is known")
    shown = table("Hyper-parameters as observed, whatever the script calls them", head, rows)
    return tag("section", tag("h2", "Settings", id="settings"), shown, aria_labelledby="settings")


def _coverage(report: Report) -> Markup:
    clear = [tag("li", title, " ", tag("code", name)) for name, title in report.clear]
    skipped = [[tag("code", one.id), one.title, ", ".join(one.missing), one.remedy] for one in report.skipped]
    head = ("check", "looks for", "missing", "what would show it")
    return tag(
        "section",
        tag("h2", "What was looked for", id="looked"),
        tag("p", coverage_text(report)),
        tag("details", tag("summary", f"Ran and found nothing ({len(clear)})"), tag("ul", *clear)) if clear else None,
        tag(
            "details",
            tag("summary", f"Could not run ({len(skipped)})"),
            table("Checks that could not run", head, skipped),
        )
        if skipped
        else None,
        aria_labelledby="looked",
    )


def _unwatched(report: Report) -> Markup | None:
    rows = [[one_line(note.tap), one_line(note.text), one_line(note.remedy)] for note in report.unwatched]
    if not rows and not report.damage:
        return None
    damage = tag("ul", *(tag("li", text) for text in report.damage)) if report.damage else None
    return tag(
        "section",
        tag("h2", "What could not be seen", id="unseen"),
        table("What the watcher could not see or do", ("part", "what happened", "what would show it"), rows)
        if rows
        else None,
        join(tag("p", "Parts of the run folder that could not be read:"), damage) if damage else None,
        aria_labelledby="unseen",
    )


def _glossary(report: Report) -> Markup | None:
    if not report.glossary:
        return None
    rows = [[tag("code", name), meaning] for name, meaning in report.glossary.items()]
    return tag(
        "section",
        tag("h2", "What the curves show", id="glossary"),
        table("Columns shown on this page", ("column", "meaning"), rows),
        aria_labelledby="glossary",
    )
